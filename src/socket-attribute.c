// SPDX-License-Identifier: MIT
/* From sockets and who holds them to processes and their evidence; see socket-work.h. No I/O. */
#include "cleanup.h"
#include "pool.h"
#include "socket-work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- which sockets matter ----------------------------------------------------------------- */

struct listener {
	const struct tcp_socket *socket;
	uint32_t room; /* of its accept queue that is not explained yet */
};

static int by_port(const void *a, const void *b)
{
	const struct listener *first = a, *second = b;

	return first->socket->local_port - second->socket->local_port;
}

/* A connection that was not accepted has no descriptor: it is in the accept queue of a listener on
 * its address. With SO_REUSEPORT there may be several; each takes as many as wait there. */
static void assign_to_listener(struct socket_report *report, struct listener *listeners,
			       size_t count, const struct tcp_socket *socket)
{
	struct listener *best = NULL;
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (listeners[middle].socket->local_port < socket->local_port)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && listeners[low].socket->local_port == socket->local_port; low++)
		if (socket_is_of_listener(socket, listeners[low].socket) &&
		    (!best || listeners[low].room > best->room))
			best = &listeners[low];
	if (!best)
		return;
	best->room -= best->room > 0;
	report->queued[best->socket - report->set.items]++;
}

static int assign_queued(struct socket_report *report)
{
	const struct socket_set *set = &report->set;
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += set->items[i].state == TCP_STATE_LISTEN;
	autofree struct listener *listeners = calloc(count + 1, sizeof *listeners);
	if (!listeners)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i].state == TCP_STATE_LISTEN)
			listeners[count++] =
				(struct listener){ &set->items[i], set->items[i].receive_queue };
	if (count)
		qsort(listeners, count, sizeof *listeners, by_port);
	for (size_t i = 0; i < set->count; i++) {
		const struct tcp_socket *socket = &set->items[i];
		if (socket->state != TCP_STATE_CLOSE_WAIT || socket->inode ||
		    !socket_filter_matches(&report->request->filter, socket))
			continue;
		report->unattributed.never_accepted++;
		assign_to_listener(report, listeners, count, socket);
	}
	return 0;
}

static const struct keepalive_settings *settings_of(const struct socket_report *report,
						    const struct tcp_socket *socket)
{
	return &report->namespaces[socket->netns].keepalive;
}

/* Is it a reason to name the process? */
static bool is_of_interest(const struct socket_report *report, const struct tcp_socket *socket)
{
	const struct socket_filter *filter = &report->request->filter;

	return socket_filter_matches(filter, socket) &&
	       (filter->has_states || report->request->pid || report->request->user ||
		socket->state == TCP_STATE_CLOSE_WAIT ||
		socket_is_half_open(socket, settings_of(report, socket)));
}

bool socket_work_is_full_queue(const struct socket_report *report, const struct tcp_socket *socket)
{
	return socket_is_full(socket) && socket_filter_matches(&report->request->filter, socket);
}

uint8_t *socket_work_wanted(struct socket_report *report)
{
	const struct socket_set *set = &report->set;
	uint8_t *wanted = calloc(set->count + 1, 1);

	report->queued = calloc(set->count + 1, sizeof *report->queued);
	if (!wanted || !report->queued || assign_queued(report) < 0) {
		free(wanted);
		return NULL;
	}
	for (size_t i = 0; i < set->count; i++) {
		const struct tcp_socket *socket = &set->items[i];
		bool is_queue = report->queued[i] || socket_work_is_full_queue(report, socket);
		wanted[i] = socket->inode && (is_queue || is_of_interest(report, socket));
	}
	return wanted;
}

/* ---- processes ---------------------------------------------------------------------------- */

static bool is_listed(const struct socket_report *report, const struct leak *leak)
{
	uint64_t sockets = 0;

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		sockets += leak->states[state];
	return leak->states[TCP_STATE_CLOSE_WAIT] || leak->never_accepted || leak->listen_full ||
	       leak->half_open || (report->request->filter.has_states && sockets);
}

static struct leak *add_leak(struct pool *pool, struct socket_report *report, pid_t pid)
{
	report->leaks = pool_extend(pool, report->leaks, report->leak_count, sizeof *report->leaks);
	report->leaks[report->leak_count] = (struct leak){ .pid = pid, .oldest = AGE_UNKNOWN };
	return &report->leaks[report->leak_count++];
}

static void add_hit(struct socket_report *report, const struct fd_hit *hit, struct leak *leak)
{
	const struct tcp_socket *socket = &report->set.items[hit->socket];

	if (!leak->netns) {
		leak->space = socket->netns;
		leak->netns = report->namespaces[socket->netns].name;
	}
	if (report->queued[hit->socket] || socket_work_is_full_queue(report, socket))
		leak_add_queue(leak, socket, report->queued[hit->socket]);
	if (socket_filter_matches(&report->request->filter, socket))
		leak_add_socket(leak, socket, report->owners.holders[hit->socket],
				settings_of(report, socket));
}

static int by_close_wait(const void *a, const void *b)
{
	uint64_t first = ((const struct leak *)a)->states[TCP_STATE_CLOSE_WAIT];
	uint64_t second = ((const struct leak *)b)->states[TCP_STATE_CLOSE_WAIT];

	return (first < second) - (first > second);
}

static void keep_listed(struct socket_report *report, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->leak_count; i++)
		if (all || is_listed(report, &report->leaks[i]))
			report->leaks[kept++] = report->leaks[i];
	if (kept > LEAKS_MAX) {
		qsort(report->leaks, kept, sizeof *report->leaks, by_close_wait);
		report->leaks_left_out = kept - LEAKS_MAX;
		kept = LEAKS_MAX;
	}
	report->leak_count = kept;
}

int socket_work_attribute(const struct work *work)
{
	struct socket_report *report = work->report;
	const struct socket_filter *filter = &report->request->filter;
	const pid_t *only = work->only;
	const struct owners *owners = &report->owners;
	autofree uint32_t *number = calloc(owners->count + 1, sizeof *number); /* of the leak + 1 */
	autofree uint8_t *counted = calloc(report->set.count + 1, 1);

	if (!number || !counted)
		return -ENOMEM;
	if (only)
		memset(report->states, 0, sizeof report->states);
	for (size_t i = 0; only && i < work->only_count; i++)
		add_leak(work->pool, report, only[i]);
	for (size_t i = 0; i < owners->hits.count; i++) {
		const struct fd_hit *hit = &owners->hits.items[i];
		const struct owner *owner = &owners->items[hit->process];
		const struct tcp_socket *socket = &report->set.items[hit->socket];
		if (only) {
			const pid_t *place = bsearch(&owner->pid, only, work->only_count,
						     sizeof *only, pid_by_number);
			if (!place)
				continue;
			number[hit->process] = (uint32_t)(place - only) + 1;
			if (!counted[hit->socket] &&
			    socket_filter_matches(&report->request->filter, socket))
				report->states[socket->state]++;
			counted[hit->socket] = 1;
		} else if (!number[hit->process]) {
			add_leak(work->pool, report, owner->pid);
			number[hit->process] = (uint32_t)report->leak_count;
		}
		struct leak *leak = &report->leaks[number[hit->process] - 1];
		leak->ticks = owner->scan.ticks;
		leak->process = owner->scan.process;
		add_hit(report, hit, leak);
	}
	if (only)
		report->unattributed = (struct unattributed){ 0 };
	else if (filter->has_port || filter->has_age) {
		memset(report->states, 0, sizeof report->states);
		for (size_t i = 0; i < report->set.count; i++)
			if (socket_filter_matches(&report->request->filter, &report->set.items[i]))
				report->states[report->set.items[i].state]++;
	}
	keep_listed(report, report->request->pid != NULL);
	return 0;
}

/* ---- details ------------------------------------------------------------------------------ */

/* The number + 1 of the leak that each owner has, 0: none. */
static uint32_t *leaks_of_owners(const struct socket_report *report)
{
	uint32_t *number = calloc(report->owners.count + 1, sizeof *number);
	autofree uint32_t *by_pid = calloc(1 << 22, sizeof *by_pid); /* PID_MAX_LIMIT, untouched */

	if (!number || !by_pid) {
		free(number);
		return NULL;
	}
	for (size_t i = 0; i < report->leak_count; i++)
		if (report->leaks[i].pid > 0 && report->leaks[i].pid < 1 << 22)
			by_pid[report->leaks[i].pid] = (uint32_t)i + 1;
	for (size_t i = 0; i < report->owners.count; i++)
		number[i] = by_pid[report->owners.items[i].pid];
	return number;
}

typedef void detail_function(struct socket_report *report, size_t leak,
			     const struct tcp_socket *socket);

static void for_each_detail(struct socket_report *report, const uint32_t *number,
			    detail_function *each)
{
	for (size_t i = 0; i < report->owners.hits.count; i++) {
		const struct fd_hit *hit = &report->owners.hits.items[i];
		const struct tcp_socket *socket = &report->set.items[hit->socket];
		if (number[hit->process] && is_of_interest(report, socket))
			each(report, number[hit->process] - 1, socket);
	}
}

static void add_to_tallies(struct socket_report *report, size_t leak,
			   const struct tcp_socket *socket)
{
	struct tally_item port = tally_port(socket), peer = tally_peer(socket);

	if (socket->state == TCP_STATE_LISTEN)
		return;
	tally_add(report->leaks[leak].ports, &port);
	tally_add(report->leaks[leak].peers, &peer);
}

static void count_in_tallies(struct socket_report *report, size_t leak,
			     const struct tcp_socket *socket)
{
	struct tally_item port = tally_port(socket), peer = tally_peer(socket);

	tally_count(report->leaks[leak].ports, &port);
	tally_count(report->leaks[leak].peers, &peer);
}

static void count_socket(struct socket_report *report, size_t leak, const struct tcp_socket *socket)
{
	(void)socket;
	report->socket_first[leak + 1]++;
}

/* socket_first[leak] counts up to the first of the next. */
static void place_socket(struct socket_report *report, size_t leak, const struct tcp_socket *socket)
{
	report->sockets[report->socket_first[leak]++] = socket;
}

static int by_age(const void *a, const void *b)
{
	const struct tcp_socket *first = *(const struct tcp_socket *const *)a;
	const struct tcp_socket *second = *(const struct tcp_socket *const *)b;

	if (first->state != second->state)
		return second->state - first->state;
	return (first->silent < second->silent) - (first->silent > second->silent);
}

static void list_sockets(struct pool *pool, struct socket_report *report, const uint32_t *number)
{
	size_t count = report->leak_count;

	report->socket_first = pool_alloc(pool, (count + 2) * sizeof *report->socket_first);
	for_each_detail(report, number, count_socket);
	for (size_t i = 0; i < count; i++)
		report->socket_first[i + 1] += report->socket_first[i];
	report->sockets =
		pool_alloc(pool, (report->socket_first[count] + 1) * sizeof *report->sockets);
	for_each_detail(report, number, place_socket);
	memmove(report->socket_first + 1, report->socket_first,
		count * sizeof *report->socket_first);
	report->socket_first[0] = 0;
	for (size_t i = 0; i < count; i++) {
		size_t first = report->socket_first[i], size = report->socket_first[i + 1] - first;
		if (size)
			qsort(report->sockets + first, size, sizeof *report->sockets, by_age);
	}
}

int socket_work_detail(const struct work *work)
{
	struct socket_report *report = work->report;
	autofree uint32_t *number = leaks_of_owners(report);

	if (!number)
		return -ENOMEM;
	for (size_t i = 0; i < report->leak_count; i++) {
		report->leaks[i].ports = pool_alloc(work->pool, sizeof(struct tally));
		report->leaks[i].peers = pool_alloc(work->pool, sizeof(struct tally));
	}
	for_each_detail(report, number, add_to_tallies);
	for (size_t i = 0; i < report->leak_count; i++) {
		tally_reset_counts(report->leaks[i].ports);
		tally_reset_counts(report->leaks[i].peers);
	}
	for_each_detail(report, number, count_in_tallies);
	for (size_t i = 0; i < report->leak_count; i++) {
		tally_sort(report->leaks[i].ports);
		tally_sort(report->leaks[i].peers);
	}
	if (report->request->verbose)
		list_sockets(work->pool, report, number);
	return 0;
}
