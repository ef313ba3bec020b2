/* SPDX-License-Identifier: MIT
 *
 * Everything that `keeltune sockets` knows: from tables, descriptors and processes to one report.
 */
#ifndef KEELTUNE_SOCKET_REPORT_H
#define KEELTUNE_SOCKET_REPORT_H

#include "diagnosis.h"
#include "netns.h"
#include "socket-census.h"
#include "socket-filter.h"
#include "socket-owners.h"

struct error;
struct host;
struct notes;
struct pool;

#define LEAKS_MAX 4096        /* processes in a report */
#define DESCRIPTORS_SHOWN 5   /* without -v */
#define DESCRIPTORS_NAMED 12  /* without -v: that have their names */
#define DESCRIPTORS_MAX 10000 /* the same of the list of descriptors */

struct socket_request {
	struct socket_filter filter;
	const char *netns; /* a name, a pid, "all"; NULL: the one we are in */
	const char *pid, *user;
	const struct threshold *thresholds;
	size_t threshold_count;
	bool summary;  /* the states, and nothing about processes */
	bool verbose;  /* the sockets themselves, too */
	bool use_only; /* nothing but checks of descriptors is asked: no socket is looked at */
};

struct socket_namespace {
	const char *name;
	ino_t id;
	struct netns netns; /* to go there again */
	struct census census;
	struct keepalive_settings keepalive;
};

struct offender {
	const struct leak *leak;
	uint64_t value; /* in the unit of the threshold */
};

struct threshold_result {
	const struct threshold *threshold;
	struct offender *offenders;
	size_t count;
	uint64_t worst;      /* of all processes that could be looked at, in the same unit */
	const char *unknown; /* why it could not be judged, or NULL */
};

/* The sockets that nobody can be named for. */
struct unattributed {
	uint64_t gone;           /* closed meanwhile */
	uint64_t in_flight;      /* in no table of descriptors: passed on and not taken yet */
	uint64_t thread_table;   /* found in a table that a thread has for itself: the process has
				    them, too */
	uint64_t not_permitted;  /* of a process that this user may not look into, most likely */
	uint64_t never_accepted; /* in an accept queue: the listener's owner has them, too */
};

struct socket_report {
	const struct socket_request *request;
	uint64_t states[TCP_STATE_COUNT];
	bool has_states[TCP_STATE_COUNT]; /* asked for */
	bool has_ages;
	struct socket_namespace *namespaces;
	size_t namespace_count;
	struct leak *leaks; /* the worst first */
	size_t leak_count;
	size_t leaks_left_out;
	struct unattributed unattributed;
	size_t hidden_processes; /* that had to be looked into and could not */
	bool has_descriptors;
	struct listed_process *descriptors; /* nearest to the soft limit first */
	size_t descriptor_count;
	size_t descriptors_left_out;
	size_t near_limit; /* how many use 80 % or more */
	struct system_state system;
	struct advice *advice;
	size_t advice_count;
	struct threshold_result *checks;

	/* Of -v: the sockets of leak i are sockets[socket_first[i]] to sockets[socket_first[i + 1]
	 * - 1], the oldest first; else NULL. */
	const struct tcp_socket **sockets;
	size_t *socket_first;

	struct socket_set set;
	uint32_t *queued; /* of each listener in the set: CLOSE_WAIT in its accept queue */
	struct owners owners;
	struct process_list list;
};

/* 0 or -errno. What is in RET stays until socket_report_free(); text is in HOST's pool. */
int socket_report_collect(struct host *host, const struct socket_request *request,
			  struct notes *notes, struct socket_report *ret, struct error *err);
void socket_report_free(struct socket_report *report);

#endif
