/* SPDX-License-Identifier: MIT
 *
 * Names of processes and their users, from the library of procps: libproc2, or libprocps where a
 * distribution still has that. It is loaded when it is first used.
 */
#ifndef KEELTUNE_PROCESSES_H
#define KEELTUNE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pool;

struct process_name {
	pid_t pid;
	uint64_t ticks;   /* start time: with the pid it tells processes apart */
	const char *comm; /* as the process calls itself: any byte */
	const char *user; /* effective; a number where it has no name */
	uid_t euid;
};

/* The processes with these pids that exist, in no order. 0; -ENOENT: no such library here, the list
 * is empty; or -errno. */
int processes_select(struct pool *pool, const pid_t *pids, size_t count,
		     struct process_name **ret_items, size_t *ret_count);

/* All processes whose effective user is EUID, as processes_select(). */
int processes_of_user(struct pool *pool, uid_t euid, struct process_name **ret_items,
		      size_t *ret_count);

#endif
