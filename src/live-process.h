/* SPDX-License-Identifier: MIT
 *
 * A process that lives, held so that nobody else is ever taken for it, and its sockets through
 * pidfd_getfd(2). While a copy of a descriptor is held, the program's close() of it sends nothing:
 * copies are taken one at a time and closed at once.
 */
#ifndef KEELTUNE_LIVE_PROCESS_H
#define KEELTUNE_LIVE_PROCESS_H

#include "process-change.h"

struct error;

struct live_process {
	struct process_identity place;
	int pidfd;
	int directory; /* /proc/PID */
};

/* TICKS 0: whoever has the pid now; else -ESRCH when it is not the one that began then. Close with
 * live_process_close(), in any case. 0 or -errno: -ESRCH; -EINVAL: PID is a thread; -ENOSYS;
 * -EXDEV: /proc does not show the process, or is of another pid namespace. */
int live_process_open(pid_t pid, uint64_t ticks, struct live_process *ret);
bool live_process_has_ended(const struct live_process *process);
void live_process_close(struct live_process *process);

struct live_socket {
	uint64_t cookie;
	bool is_listener;
	uint32_t waiting; /* of a listener: connections that nobody has accepted yet */
	struct keepalive keepalive;
};

/* Calls EACH with a copy of every descriptor that is a TCP or MPTCP socket and not closed or
 * unconnected, and closes it behind it, until EACH returns an error. One that is closed meanwhile
 * is left out. UNREACHED counts threads whose tables of descriptors are not to be had: they have
 * one of their own, and the kernel (before 6.9) knows no pidfd of a thread. Allocates nothing. 0 or
 * -errno, -EPERM when this process may not take descriptors. */
typedef int live_socket_function(int fd, const struct live_socket *socket, void *data);
int live_process_sockets(const struct live_process *process, live_socket_function *each, void *data,
			 size_t *ret_unreached);

/* The limit of descriptors: 0 or -errno. */
int live_process_nofile(const struct live_process *process, struct nofile *ret);

#endif
