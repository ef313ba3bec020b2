/* SPDX-License-Identifier: MIT
 *
 * What /proc/PID/cgroup says about a process: the systemd unit, session and slice that it belongs
 * to, and the container it runs in. Pure: bytes in, names out. Names are as the kernel shows them
 * (systemd's escapes of unit names stay); they come from whoever may make cgroups, so escape them
 * before they are shown.
 */
#ifndef KEELTUNE_CGROUP_H
#define KEELTUNE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pool;

struct cgroup {
	const char *path; /* in systemd's hierarchy, else v2's, else the first; NULL: no line */

	const char *unit;    /* of the system manager: "nginx.service", "getty@tty1.service",
				"user@1000.service", "session-3.scope", "docker-ID.scope"; or NULL */
	const char *slice;   /* the innermost that holds it, "-.slice" at the top; NULL: no unit */
	const char *session; /* of logind: "3"; NULL: none */
	const char *user_unit; /* of the user manager that `unit` is: "pipewire.service"; or NULL */
	const char *user_slice; /* of user_unit: "app.slice"; or NULL */
	bool has_owner;
	uid_t owner; /* of the user slice or user manager, if has_owner */

	const char *runtime;   /* "docker", "podman", "containerd", "cri-o", "kubernetes", "lxc",
				  "systemd-nspawn", "libvirt", "ecs"; NULL: in no container */
	const char *container; /* its id (64 hex digits) or name; with `runtime` only */
	const char *pod;       /* uid of the Kubernetes pod, with dashes; or NULL */
};

/* Is it part of a unit of a user manager? The manager itself is not, although it has a unit of its
 * own there. */
bool cgroup_is_of_user_unit(const struct cgroup *cgroup);

/* BYTES of /proc/PID/cgroup: cgroup v1, v2 or both. */
void cgroup_parse(struct pool *pool, const char *bytes, size_t size, struct cgroup *ret);

#endif
