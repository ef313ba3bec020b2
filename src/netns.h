/* SPDX-License-Identifier: MIT
 *
 * Network namespaces: net.* keys are per namespace, and a new one starts from the kernel's
 * defaults, not from the host's values.
 */
#ifndef KEELTUNE_NETNS_H
#define KEELTUNE_NETNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct host;
struct pool;

struct netns {
	uint64_t cookie;  /* never used again (SO_NETNS_COOKIE, Linux 5.14); 0: not known */
	const char *name; /* "web" of `ip netns`, else the unit or container of its first process */
	const char *path; /* to open: /run/netns/web, /proc/PID/ns/net */
	ino_t id;
	pid_t pid; /* a process in it, or 0 */
};

/* Every distinct network namespace that can be seen, the caller's first. RET_HIDDEN counts
 * processes whose namespace this user may not look at. */
void netns_list(struct host *host, struct netns **ret_items, size_t *ret_count, size_t *ret_hidden);

/* Finds the namespace called NAME (as `ip netns` does), or of the process with this pid. */
int netns_find(struct host *host, const char *name, struct netns *ret, struct error *err);

/* Finds the namespace with this inode, if it still lives. */
int netns_find_id(struct host *host, ino_t id, struct netns *ret, struct error *err);

/* Makes this process one of NETNS and sets its cookie: from now on /proc/sys/net is its. A host
 * that was opened before keeps what it has read. Needs CAP_SYS_ADMIN. */
int netns_enter(struct netns *netns, struct error *err);

/* The namespace this process is in now, to come back to: a descriptor for netns_return(), or
 * -errno. */
int netns_save(void);
int netns_return(int saved); /* closes SAVED */

#endif
