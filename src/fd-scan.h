/* SPDX-License-Identifier: MIT
 *
 * Which sockets of a set a process holds: its descriptors, compared by inode.
 */
#ifndef KEELTUNE_FD_SCAN_H
#define KEELTUNE_FD_SCAN_H

#include "socket-set.h"

#include <sys/types.h>

struct fd_hit {
	uint32_t socket;  /* index into the items of the set */
	uint32_t process; /* as the caller numbers them */
};

struct fd_hits {
	struct fd_hit *items;
	size_t count;
	size_t room;
	int error; /* -ENOMEM, -EMFILE or -ENFILE: not all is known */
};

void fd_hits_add(struct fd_hits *hits, struct fd_hit hit); /* or sets its error */

/* What a scan of one process found. */
struct fd_scan {
	int process;        /* descriptor of /proc/PID, the caller's to close(); 0: not kept */
	uint64_t ticks;     /* start time: with the pid it tells processes apart; 0: no hits */
	uint32_t hits;      /* descriptors of sockets that are in the set */
	uint32_t strangers; /* descriptors of sockets that are not in the set */
	bool denied;        /* this user may not look into it */
};

/* Adds a hit for each socket of SET that process PID below the directory PROC holds. Everything
 * goes through one descriptor of the process, so that a pid that is used again cannot mislead. A
 * process that is gone has no hits. One with hits is kept, while there are few: what is read
 * through it fails once the process has ended. IN_THREADS looks at the tables that threads have for
 * themselves only (unshare(CLONE_FILES)), not at the common one. */
struct fd_scan fd_scan_process(int proc, pid_t pid, bool in_threads, const struct socket_set *set,
			       uint32_t process, struct fd_hits *hits);

#endif
