/* SPDX-License-Identifier: MIT
 *
 * Why a process cannot be helped: kernel, Yama, a missing capability, a filter of system calls, a
 * container.
 */
#ifndef KEELTUNE_RELIEF_WHY_H
#define KEELTUNE_RELIEF_WHY_H

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* RC of live_process_open(), of live_process_sockets(): set ERR and return it. */
int relief_refuse_process(pid_t pid, int rc, struct error *err);
int relief_refuse_sockets(pid_t pid, int rc, struct error *err);
/* prlimit(2) of another process is not permitted. */
const char *relief_why_no_limit(void);

/* Has this program what a higher hard limit needs? Inside a user namespace the kernel says no all
 * the same. */
bool relief_may_raise(void);
long relief_nr_open(void); /* fs.nr_open, -1: not known */

#endif
