/* SPDX-License-Identifier: MIT
 *
 * What `keeltune sockets --watch --format json` has written, line by line, as curves: bounded in
 * memory however long it is, and trusting nothing in it.
 */
#ifndef KEELTUNE_RECORDING_H
#define KEELTUNE_RECORDING_H

#include "sockets.h"

#include <sys/types.h>
#include <time.h>

struct error;
struct notes;

#define RECORDING_POINTS 512          /* of a curve; even */
#define RECORDING_PROCESSES 256       /* those that matter most are kept */
#define RECORDING_LINE_MAX (4u << 20) /* bytes */
#define RECORDING_MISSING UINT64_MAX  /* not told at that time */

/* Of each point the highest of its samples. */
typedef uint64_t recording_curve[RECORDING_POINTS];

struct recorded_process {
	pid_t pid;
	char comm[64], unit[128]; /* any byte; cut; unit "": none */
	uint64_t soft;            /* of descriptors, the last; 0: none */
	uint64_t used_most, close_wait_most;
	uint64_t used, close_wait; /* the last, or RECORDING_MISSING */
	size_t seen;               /* number of the last sample that has it */
	recording_curve used_curve, close_wait_curve;
};

struct recording {
	char host[256];
	size_t samples;   /* all of them */
	size_t count;     /* points */
	size_t for_point; /* samples in each point but the last */
	size_t in_last;   /* in the last one */
	time_t first, last;
	time_t times[RECORDING_POINTS]; /* of the first sample of each point */
	uint64_t states[TCP_STATE_COUNT];
	recording_curve state_curves[TCP_STATE_COUNT];
	struct recorded_process *processes; /* room for RECORDING_PROCESSES */
	size_t process_count;
	bool has_left_out; /* there were more */
};

/* 0 or -ENOMEM. */
int recording_open(struct recording *ret);
void recording_close(struct recording *recording); /* one that is all zero, too */

/* Adds the sample in LINE. -EINVAL: it is none, or does not fit the ones before; ERR says why and
 * nothing was added. Pure. */
int recording_add(struct recording *recording, const char *line, size_t size, struct error *err);

/* Adds all samples of the file at PATH. Lines that are none are skipped and counted; NOTES, which
 * borrow PATH, name them. -errno: it could not be read, ERR says why. */
int recording_read(struct recording *recording, const char *path, struct notes *notes,
		   size_t *ret_broken, struct error *err);

#endif
