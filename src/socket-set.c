// SPDX-License-Identifier: MIT
/* Many sockets, see socket-set.h. Not in a pool: an array this large must grow in place. */
#include "socket-set.h"

#include "array.h"
#include "cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

int socket_set_add(struct socket_set *set, const struct tcp_socket *socket)
{
	struct tcp_socket *items =
		set->count < UINT32_MAX - 1
			? array_extend(set->items, set->count, &set->room, sizeof *set->items)
			: NULL;

	if (!items)
		return -ENOMEM;
	set->items = items;
	set->items[set->count++] = *socket;
	return 0;
}

/* Inodes of sockets are handed out one after the other: a multiplication spreads them. */
static size_t slot_of(const struct socket_set *set, uint32_t inode)
{
	return ((inode * 2654435761u) ^ (inode >> 15)) & (set->slot_count - 1);
}

/* Any socket tells. */
static dev_t socket_device(void)
{
	autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat st = { 0 };

	return fd >= 0 && !fstat(fd, &st) ? st.st_dev : 0;
}

int socket_set_index(struct socket_set *set)
{
	size_t slots = 64;

	while (slots < 2 * set->count)
		slots *= 2;
	set->device = socket_device();
	free(set->slots);
	set->slots = calloc(slots, sizeof *set->slots);
	set->slot_count = set->slots ? slots : 0;
	if (!set->slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->count; i++) {
		if (!set->items[i].inode)
			continue;
		size_t slot = slot_of(set, set->items[i].inode);
		while (set->slots[slot])
			slot = (slot + 1) & (slots - 1);
		set->slots[slot] = (uint32_t)i + 1;
	}
	return 0;
}

const struct tcp_socket *socket_set_find(const struct socket_set *set, uint32_t inode)
{
	if (!inode || !set->slot_count)
		return NULL;
	for (size_t slot = slot_of(set, inode); set->slots[slot];
	     slot = (slot + 1) & (set->slot_count - 1)) {
		const struct tcp_socket *item = &set->items[set->slots[slot] - 1];
		if (item->inode == inode)
			return item;
	}
	return NULL;
}

void socket_set_free(struct socket_set *set)
{
	free(set->items);
	free(set->slots);
	*set = (struct socket_set){ 0 };
}
