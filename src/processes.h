/* SPDX-License-Identifier: MIT
 *
 * The process table of the library of procps: libproc2, or libprocps where a distribution still has
 * that. It is loaded when it is first used, which takes a millisecond.
 */
#ifndef KEELTUNE_PROCESSES_H
#define KEELTUNE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pool;

/* All processes whose effective user is EUID, in no order. 0; -ENOENT: no such library here; or
 * -errno. */
int processes_of_user(struct pool *pool, uid_t euid, pid_t **ret_pids, size_t *ret_count);

#endif
