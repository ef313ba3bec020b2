// SPDX-License-Identifier: MIT
/* Sockets to evidence, see leak.h. */
#include "leak.h"

#include <stdlib.h>
#include <string.h>

/* ---- sockets ------------------------------------------------------------------------------ */

bool socket_is_half_open(const struct tcp_socket *socket, const struct keepalive_settings *settings)
{
	return socket->state == TCP_STATE_ESTABLISHED && socket->timer == TCP_TIMER_NONE &&
	       socket->inode && socket->silent != AGE_UNKNOWN && settings->time &&
	       socket->silent / 1000 >= settings->time;
}

bool socket_is_full(const struct tcp_socket *listener)
{
	return listener->state == TCP_STATE_LISTEN &&
	       listener->receive_queue > listener->send_queue;
}

/* While no probe is on its way, the timer fires when the socket was silent for its keepalive time.
 * The kernel's timer wheel is late by up to a sixteenth. */
bool socket_waits_longer(const struct tcp_socket *socket, uint64_t seconds)
{
	if (socket->timer != TCP_TIMER_KEEPALIVE || socket->retransmits ||
	    socket->silent == AGE_UNKNOWN)
		return false;
	uint64_t waits = (uint64_t)socket->silent + socket->expires, wanted = seconds * 1000;
	return waits > wanted + wanted / 8 + 1000;
}

static void add_close_wait(struct leak *leak, const struct tcp_socket *socket, unsigned holders)
{
	leak->shared += holders > 1;
	if (socket->receive_queue) { /* the end of the stream counts as one byte */
		leak->never_read++;
		leak->unread_bytes += socket->receive_queue - 1;
	} else {
		leak->not_closed++;
	}
	if (socket->age_max != AGE_UNKNOWN &&
	    (leak->oldest == AGE_UNKNOWN || socket->age_max > leak->oldest))
		leak->oldest = socket->age_max;
	leak->keepalive_on += socket->timer == TCP_TIMER_KEEPALIVE;
	leak->keepalive_off += socket->timer == TCP_TIMER_NONE;
	leak->keepalive_hidden +=
		socket->timer != TCP_TIMER_KEEPALIVE && socket->timer != TCP_TIMER_NONE;
}

void leak_add_socket(struct leak *leak, const struct tcp_socket *socket, unsigned holders,
		     const struct keepalive_settings *settings)
{
	leak->states[socket->state]++;
	if (socket->state == TCP_STATE_CLOSE_WAIT)
		add_close_wait(leak, socket, holders);
	if (socket->state == TCP_STATE_ESTABLISHED)
		leak->established_off += socket->timer == TCP_TIMER_NONE;
	leak->half_open += socket_is_half_open(socket, settings);
	if (settings->time && socket_waits_longer(socket, settings->time)) {
		leak->slow++;
		if (socket->expires > leak->slow_expires)
			leak->slow_expires = socket->expires;
	}
}

void leak_add_queue(struct leak *leak, const struct tcp_socket *listener, uint64_t never_accepted)
{
	bool full = socket_is_full(listener);

	if (!full && !never_accepted)
		return;
	leak->listen_full += full;
	leak->never_accepted += never_accepted;
	if (listener->receive_queue >= leak->queue) {
		leak->queue = listener->receive_queue;
		leak->queue_max = listener->send_queue;
	}
}

/* ---- the commonest ------------------------------------------------------------------------ */

static bool is_same(const struct tally_item *a, const struct tally_item *b)
{
	return a->port == b->port && a->is_ipv6 == b->is_ipv6 &&
	       !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Misra and Gries: what is not among the candidates takes one from each of them, so that only what
 * is rarer than 1 in TALLY_SIZE + 1 can be crowded out. */
void tally_add(struct tally *tally, const struct tally_item *item)
{
	struct tally_item *free_place = NULL;

	for (size_t i = 0; i < TALLY_SIZE; i++) {
		struct tally_item *place = &tally->items[i];
		if (place->count && is_same(place, item)) {
			place->count++;
			return;
		}
		if (!place->count)
			free_place = place;
	}
	if (free_place) {
		*free_place = *item;
		free_place->count = 1;
		return;
	}
	for (size_t i = 0; i < TALLY_SIZE; i++)
		tally->items[i].count--;
}

void tally_reset_counts(struct tally *tally)
{
	for (size_t i = 0; i < TALLY_SIZE; i++)
		if (tally->items[i].count)
			tally->items[i].count = 1; /* it is in use; tally_sort() takes that away */
}

void tally_count(struct tally *tally, const struct tally_item *item)
{
	for (size_t i = 0; i < TALLY_SIZE; i++) {
		if (tally->items[i].count && is_same(&tally->items[i], item)) {
			tally->items[i].count++;
			return;
		}
	}
}

static int by_count(const void *a, const void *b)
{
	const struct tally_item *first = a, *second = b;

	return (first->count < second->count) - (first->count > second->count);
}

void tally_sort(struct tally *tally)
{
	for (size_t i = 0; i < TALLY_SIZE; i++)
		tally->items[i].count -= tally->items[i].count > 0;
	qsort(tally->items, TALLY_SIZE, sizeof *tally->items, by_count);
}

struct tally_item tally_peer(const struct tcp_socket *socket)
{
	struct tally_item item = { .is_ipv6 = socket->is_ipv6 };

	memcpy(item.bytes, socket->peer, sizeof item.bytes);
	return item;
}

struct tally_item tally_port(const struct tcp_socket *socket)
{
	return (struct tally_item){ .port = socket->local_port };
}
