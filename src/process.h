/* SPDX-License-Identifier: MIT
 *
 * One process of the live host, by its pid: what /proc/PID says to anybody.
 */
#ifndef KEELTUNE_PROCESS_H
#define KEELTUNE_PROCESS_H

#include "cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

struct error;
struct host;

struct process {
	pid_t pid, parent;
	const char *comm; /* as it is: any byte but NUL */
	uid_t uid, euid;
	uint64_t ticks; /* start time of the kernel: with the pid it tells processes apart */
	time_t started; /* the same on the wall clock of now */
	bool ended;     /* a zombie */
	bool of_kernel; /* a thread of the kernel */
	bool nested;    /* in a pid namespace below ours: a container */
	bool has_login; /* an audited login stands at its beginning, of login_uid */
	uid_t login_uid;
	struct cgroup cgroup;
	struct rlimit limits[RLIM_NLIMITS]; /* in the kernel's unit, RLIM_INFINITY */
};

/* Reads everything through one descriptor of /proc/PID, so that all of it is about one process.
 * -ESRCH: there is none, or /proc hides it; -EOPNOTSUPP: HOST is a tree. */
int process_read(struct host *host, pid_t pid, struct process *ret, struct error *err);

/* The name alone, for those who look through many. 0 or -errno. */
int process_read_name(struct host *host, pid_t pid, const char **ret_comm);

/* Field 22 of the stat file in the directory PROCESS, a descriptor of /proc/PID; 0: not readable.
 */
uint64_t process_ticks(int process);

/* Can process 1 not raise a hard limit, as in most containers? False where that cannot be told. */
bool process_first_is_bounded(struct host *host);

/* ---- pure, process-parse.c ------------------------------------------------------------- */

/* /proc/PID/stat: parent, ticks, ended, of_kernel. */
bool process_parse_stat(const char *text, struct process *ret);
/* /proc/PID/status: uid, euid, nested. */
bool process_parse_status(const char *text, struct process *ret);
/* The table that /proc/PID/limits prints, into RET[resource]; what it does not name stays. */
void process_parse_limits(const char *bytes, size_t size, struct rlimit *ret);

#endif
