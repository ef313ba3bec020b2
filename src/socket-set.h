/* SPDX-License-Identifier: MIT
 *
 * Many sockets: an array that is searched by inode. 500,000 of them take 48 MiB.
 */
#ifndef KEELTUNE_SOCKET_SET_H
#define KEELTUNE_SOCKET_SET_H

#include "sockets.h"

#include <sys/types.h>

struct socket_set {
	struct tcp_socket *items;
	size_t count;
	size_t room;
	uint32_t *slots; /* index + 1 into items, by hash of the inode */
	size_t slot_count;
	dev_t device; /* that the kernel keeps sockets on; 0: not known */
};

/* 0 or -ENOMEM. What is added after socket_set_index() is found after the next one. */
int socket_set_add(struct socket_set *set, const struct tcp_socket *socket);
int socket_set_index(struct socket_set *set);
/* The item with this inode, or NULL. Any number of threads at once. */
const struct tcp_socket *socket_set_find(const struct socket_set *set, uint32_t inode);
void socket_set_free(struct socket_set *set);

#endif
