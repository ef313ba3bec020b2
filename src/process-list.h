/* SPDX-License-Identifier: MIT
 *
 * All processes with the number of their descriptors, and their limits: 3 us for each where the
 * kernel counts (Linux 6.2), without any privilege.
 */
#ifndef KEELTUNE_PROCESS_LIST_H
#define KEELTUNE_PROCESS_LIST_H

#include "model.h"

#define FDS_UNKNOWN UINT32_MAX

struct listed_process {
	uint64_t soft, hard; /* of descriptors; LIMIT_UNLIMITED; 0 and 0: not known */
	pid_t pid;
	uint32_t used;  /* descriptors, or FDS_UNKNOWN: not permitted */
	bool is_closed; /* this user may certainly not list them */
	char comm[16];  /* any byte; "": not read */
};

struct process_list {
	struct listed_process *items; /* by pid */
	size_t count;
	size_t room;
	bool is_kernel;  /* /proc is the kernel's, and of our own pid namespace */
	uid_t euid;      /* of this process */
	bool is_bound;   /* this user may list descriptors of own processes only */
	bool is_few;     /* chosen processes: their threads are looked at where that says more */
	bool hides;      /* processes of others are not even listed (hidepid) */
	bool failed;     /* out of memory */
	bool has_counts; /* st_size of /proc/PID/fd is the number of descriptors */
};

/* PROC: a descriptor of /proc. ONLY, unless NULL, are the pids that matter. 0 or -errno. */
int process_list_read(int proc, const pid_t *only, size_t only_count, struct process_list *ret);
/* Those whose descriptors this user may not count. */
size_t process_list_unknown(const struct process_list *list);
/* Fills in the limits. */
void process_list_read_limits(int proc, struct process_list *list);
/* Reads the names of the first COUNT. */
void process_list_read_names(int proc, struct process_list *list, size_t count);
void process_list_free(struct process_list *list);

/* For qsort(3) and bsearch(3): numbers of processes. */
int pid_by_number(const void *a, const void *b);

/* 0..1 and above; -1: not known or unlimited. */
double process_list_share(const struct listed_process *process);
/* For qsort(3): the nearest to its limit first. */
int process_list_by_share(const void *a, const void *b);

#endif
