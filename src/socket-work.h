/* SPDX-License-Identifier: MIT
 *
 * What the files that make a socket report share; see socket-report.h. No one else needs it.
 */
#ifndef KEELTUNE_SOCKET_WORK_H
#define KEELTUNE_SOCKET_WORK_H

#include "socket-report.h"

struct work {
	struct host *host;
	struct pool *pool;
	const struct socket_request *request;
	struct notes *notes;
	struct socket_report *report;
	int proc;
	pid_t *only; /* the processes that matter, or NULL: all */
	size_t only_count;
	bool search_dead;
	uid_t uid;        /* the user whose name was asked for last, */
	const char *user; /* and the name; NULL: none yet */
};

/* socket-spaces.c: the processes of --pid and --user; the sockets of the network namespaces asked
 * for. 0 or -errno. */
int socket_work_find_processes(struct work *work, struct error *err);
int socket_work_count(struct work *work, struct error *err);
/* Calls EACH for the sockets in STATES of namespace number SPACE as they are now. 0 or -errno. */
int socket_work_dump_again(const struct work *work, size_t space, uint32_t states,
			   socket_function *each, void *data);

/* socket-attribute.c: the sockets whose owners are wanted, as many as the set has; to be freed.
 * NULL: no memory. */
uint8_t *socket_work_wanted(struct socket_report *report);
/* Fills in the leaks of the processes that matter, and the states of their sockets. 0 or -ENOMEM.
 */
int socket_work_attribute(const struct work *work);
/* A listener of those asked for, whose accept queue is full. */
bool socket_work_is_full_queue(const struct socket_report *report, const struct tcp_socket *socket);
/* Ports, peers and (-v) sockets of the leaks, which keep their places from now on. 0 or -ENOMEM. */
int socket_work_detail(const struct work *work);

/* socket-describe.c: adds processes with dead sockets and those near their limit; then names,
 * limits and namespaces of all. */
void socket_work_add_dead(struct work *work);
void socket_work_add_near_limit(struct work *work);
void socket_work_describe(struct work *work);

#endif
