/* SPDX-License-Identifier: MIT
 *
 * The processes in a cgroup (v2) and below it.
 */
#ifndef KEELTUNE_CGROUP_MEMBERS_H
#define KEELTUNE_CGROUP_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pid_list {
	pid_t *items;
	size_t count;
	size_t room;
};

int pid_list_add(struct pid_list *list, pid_t pid); /* 0 or -ENOMEM */
void pid_list_free(struct pid_list *list);

struct cgroup_tree {
	int mount;     /* of cgroup v2, or -1: none here */
	uint64_t root; /* its id: everything is in it */
};

void cgroup_tree_open(struct cgroup_tree *ret);
void cgroup_tree_close(struct cgroup_tree *tree);

/* Adds the processes of the cgroup with this id (the inode of its directory). 0; -ESTALE: it is
 * gone; -EPERM: needs CAP_DAC_READ_SEARCH; or another -errno. */
int cgroup_members(const struct cgroup_tree *tree, uint64_t id, struct pid_list *list);

/* The id of the cgroup that the process behind the descriptor (/proc/PID) is in now, or 0. */
uint64_t cgroup_id_of(const struct cgroup_tree *tree, int process);

#endif
