/* SPDX-License-Identifier: MIT
 *
 * Who holds which socket. The kernel does not tell; descriptors have to be compared. Where to look
 * first is told by the cgroup of a socket: usually everything is found there and nothing else needs
 * a look.
 */
#ifndef KEELTUNE_SOCKET_OWNERS_H
#define KEELTUNE_SOCKET_OWNERS_H

#include "cgroup-members.h"
#include "fd-scan.h"
#include "process-list.h"

struct owner {
	pid_t pid;
	struct fd_scan scan;
};

struct owners {
	struct owner *items; /* the processes that were looked at; hits number them */
	size_t count;
	size_t room;
	struct fd_hits hits;  /* each socket once for every process that holds it */
	uint8_t *holders;     /* of each socket of the set; 255: that many or more */
	size_t hidden;        /* processes that this user may not look into */
	size_t thread_tables; /* wanted sockets found only in a table that a thread has for itself
			       */
};

/* Finds the processes that hold the sockets of SET for which WANTED (as many) is not 0. All
 * processes of their cgroups, of the cgroups that holders are in now, and the holders' parents and
 * children are looked at; then, while wanted sockets are without an owner, all others, those with
 * the most descriptors first. ALL: every process (then WANTED does not matter). ONLY, unless NULL:
 * these processes and no other. LIST: all processes, or empty and read when needed. 0 or -ENOMEM.
 */
int owners_find(int proc, const struct socket_set *set, const uint8_t *wanted, bool all,
		const pid_t *only, size_t only_count, struct process_list *list,
		struct owners *ret);

/* A second look for wanted sockets that have no owner and still exist: at processes that were not
 * there before (with ONLY at none), and at the tables that threads have for themselves. */
int owners_find_rest(int proc, const struct socket_set *set, const uint8_t *wanted,
		     const pid_t *only, struct owners *owners);

void owners_free(struct owners *owners);

#endif
