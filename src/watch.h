/* SPDX-License-Identifier: MIT
 *
 * `keeltune sockets --watch`: one sample after the other, cheap enough to be left running. The
 * states are counted and the kernel is asked how many descriptors each process has; who holds the
 * sockets is looked up at first and again only when the numbers have changed and it is not dear.
 */
#ifndef KEELTUNE_WATCH_H
#define KEELTUNE_WATCH_H

#include "process-list.h"
#include "socket-report.h"
#include "sockets.h"

#include <time.h>

struct error;
struct pool;

#define WATCH_HISTORY 16 /* samples that are remembered */
#define WATCH_PRESENT 8  /* of them: what "at the present rate" is about */
#define WATCH_SHOWN 100  /* processes in a sample */

/* The last numbers of something, the newest last. */
struct watch_series {
	uint64_t numbers[WATCH_HISTORY];
	unsigned count;
};

struct watched_process {
	struct listed_process now; /* its limits, its descriptors */
	uint64_t ticks;            /* start time: with the pid it tells processes apart */
	struct watch_series descriptors;
	double growth; /* descriptors for each second, at the present rate */
	double full;   /* seconds until its soft limit at that rate, -1: never */
	/* As of the last attribution. */
	uint64_t close_wait, dead;
	const char *unit; /* or NULL */
};

struct watch {
	struct socket_request request;
	unsigned sample; /* number of the last one, from 1 */
	struct timespec time;
	double times[WATCH_HISTORY]; /* of the samples, as in a series; seconds */
	uint64_t states[TCP_STATE_COUNT];
	struct watch_series history[TCP_STATE_COUNT];
	double growth[TCP_STATE_COUNT]; /* for each second */
	uint64_t file_nr, file_max;     /* fs.file-nr; 0: not known */
	const char *netns;              /* that the states are of */

	struct watched_process *processes; /* all of them, by pid */
	size_t count;
	const struct watched_process *shown[WATCH_SHOWN]; /* what matters, the worst first */
	size_t shown_count, left_out;

	bool has_attribution;   /* of this or an earlier sample */
	bool is_counted;        /* the kernel counts descriptors; else they are as old as the
				   attribution */
	time_t attributed;      /* when */
	uint64_t not_permitted; /* sockets of processes that this user may not look into */
	double attribution;     /* seconds of CPU time that it took */
	double cpu;             /* that this sample took, with the attribution if it had one */

	/* Of watch.c. */
	struct pool *pool;
	struct watched_process *holders; /* by pid */
	size_t holder_count;
	uint64_t attributed_sockets; /* CLOSE_WAIT then */
	double attributed_at;        /* seconds, monotonic */
	bool holder_ended;
};

/* Takes a sample. 0; -ESRCH: the process of --pid has ended; or -errno. */
int watch_sample(struct watch *watch, struct error *err);
void watch_free(struct watch *watch);

/* ---- pure ---------------------------------------------------------------------------------- */

void watch_series_add(struct watch_series *series, uint64_t number);
/* The slope of the line through the last numbers, least squares. TIMES are of as many samples as
 * the longest series, the newest last. 0 while there is one number. */
double watch_slope(const struct watch_series *series, const double *times);
/* Seconds until USED is LIMIT: 0 when it is; -1: never, or not known. */
double watch_time_left(uint64_t used, uint64_t limit, double growth);

#endif
