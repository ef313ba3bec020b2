// SPDX-License-Identifier: MIT
/* The report of `keeltune sockets` as JSON, see render-json.h. */
#include "render-json.h"
#include "socket-report.h"

#include <arpa/inet.h>

#define SOCKETS_MAX 10000 /* of a process, with -v */

static json_t *seconds(uint32_t milliseconds)
{
	return milliseconds == AGE_UNKNOWN ? json_null()
					   : json_of_count((milliseconds + 999ULL) / 1000);
}

static json_t *address(const uint8_t *bytes, bool is_ipv6)
{
	char text[INET6_ADDRSTRLEN];

	return inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, bytes, text, sizeof text) ? json_string(text)
										 : json_null();
}

static json_t *fds(struct pool *pool, const struct listed_process *process, bool has_limits)
{
	return json_pack("{s:o, s:o, s:o}", "used",
			 process->used == FDS_UNKNOWN ? json_null() : json_of_count(process->used),
			 "soft", has_limits ? json_of_limit(pool, process->soft) : json_null(),
			 "hard", has_limits ? json_of_limit(pool, process->hard) : json_null());
}

static json_t *advices(struct pool *pool, const struct advice *items, size_t size)
{
	json_t *array = json_array();

	for (size_t i = 0; i < size; i++)
		json_array_append_new(array, json_pack("{s:s, s:o, s:o}", "id", items[i].id, "text",
						       json_of_text(pool, items[i].text), "command",
						       json_of_text(pool, items[i].command)));
	return array;
}

static json_t *ports(const struct tally *tally)
{
	json_t *array = json_array();

	for (size_t i = 0; i < TALLY_SIZE && tally->items[i].count; i++)
		json_array_append_new(array,
				      json_pack("{s:i, s:o}", "port", tally->items[i].port, "count",
						json_of_count(tally->items[i].count)));
	return array;
}

static json_t *peers(const struct tally *tally)
{
	json_t *array = json_array();

	for (size_t i = 0; i < TALLY_SIZE && tally->items[i].count; i++)
		json_array_append_new(
			array, json_pack("{s:o, s:o}", "address",
					 address(tally->items[i].bytes, tally->items[i].is_ipv6),
					 "count", json_of_count(tally->items[i].count)));
	return array;
}

static json_t *keepalive_of(const struct tcp_socket *socket)
{
	return socket->timer == TCP_TIMER_KEEPALIVE ? json_true()
	       : socket->timer == TCP_TIMER_NONE    ? json_false()
						    : json_null();
}

static json_t *sockets(const struct socket_report *report, size_t leak)
{
	json_t *array = json_array();
	size_t first = report->socket_first[leak], end = report->socket_first[leak + 1];

	if (end - first > SOCKETS_MAX)
		end = first + SOCKETS_MAX;
	for (size_t i = first; i < end; i++) {
		const struct tcp_socket *socket = report->sockets[i];
		bool is_closing = socket->state == TCP_STATE_CLOSE_WAIT;
		uint32_t unread = socket->receive_queue;
		if (is_closing && unread)
			unread--; /* the end of the stream */
		json_array_append_new(
			array,
			json_pack(
				"{s:s, s:o, s:i, s:o, s:i, s:o, s:o, s:b, s:o, s:o, s:o}", "state",
				tcp_state_name(socket->state), "local",
				address(socket->local, socket->is_ipv6), "local_port",
				socket->local_port, "peer", address(socket->peer, socket->is_ipv6),
				"peer_port", socket->peer_port, "age_s",
				is_closing ? seconds(socket->age_max) : json_null(), "unread_bytes",
				json_of_count(unread), "read_to_eof",
				is_closing && !socket->receive_queue, "keepalive",
				keepalive_of(socket), "inode", json_of_count(socket->inode),
				"holders",
				json_of_count(report->owners.holders[socket - report->set.items])));
	}
	return array;
}

static json_t *states(const uint64_t *numbers, const bool *wanted)
{
	json_t *object = json_object();

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (wanted[state])
			json_object_set_new(object, tcp_state_name(state),
					    json_of_count(numbers[state]));
	return object;
}

static json_t *process(struct pool *pool, const struct socket_report *report, size_t number)
{
	static const bool all[TCP_STATE_COUNT] = { false, true, true, true, true, true,
						   true,  true, true, true, true, true };
	const struct leak *leak = &report->leaks[number];
	json_t *object = json_pack(
		"{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o}",
		"pid", leak->pid, "comm", json_of_text(pool, leak->comm), "user",
		json_of_text(pool, leak->user), "unit", json_of_text(pool, leak->unit), "container",
		json_of_text(pool, leak->container), "netns", json_of_text(pool, leak->netns),
		"close_wait", json_of_count(leak->states[TCP_STATE_CLOSE_WAIT]), "oldest_s",
		seconds(leak->oldest), "unread_bytes", json_of_count(leak->unread_bytes),
		"keepalive", "on", json_of_count(leak->keepalive_on), "off",
		json_of_count(leak->keepalive_off), "not_known",
		json_of_count(leak->keepalive_hidden), "fds",
		fds(pool, &leak->fds, leak->has_limits), "listen_full",
		json_of_count(leak->listen_full), "shared", json_of_count(leak->shared));

	json_object_set_new(object, "never_read", json_of_count(leak->never_read));
	json_object_set_new(object, "not_closed", json_of_count(leak->not_closed));
	json_object_set_new(object, "never_accepted", json_of_count(leak->never_accepted));
	json_object_set_new(object, "half_open", json_of_count(leak->half_open));
	json_object_set_new(object, "dead", json_of_count(leak->dead));
	json_object_set_new(object, "states", states(leak->states, all));
	json_object_set_new(object, "ports", ports(leak->ports));
	json_object_set_new(object, "peers", peers(leak->peers));
	json_object_set_new(object, "advice", advices(pool, leak->advice, leak->advice_count));
	if (report->sockets)
		json_object_set_new(object, "sockets", sockets(report, number));
	return object;
}

static json_t *descriptors(struct pool *pool, const struct socket_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->descriptor_count; i++) {
		const struct listed_process *item = &report->descriptors[i];
		json_t *object = fds(pool, item, item->soft || item->hard);
		json_object_set_new(object, "pid", json_integer(item->pid));
		json_object_set_new(object, "comm",
				    *item->comm ? json_of_text(pool, item->comm) : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *namespaces(struct pool *pool, const struct socket_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->namespace_count; i++) {
		const struct socket_namespace *space = &report->namespaces[i];
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "name",
				  json_of_text(pool, space->name), "id", json_of_count(space->id),
				  "states", states(space->census.states, report->has_states),
				  "keepalive", "time", json_of_count(space->keepalive.time),
				  "intvl", json_of_count(space->keepalive.intvl), "probes",
				  json_of_count(space->keepalive.probes)));
	}
	return array;
}

static json_t *checks(struct pool *pool, const struct socket_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; report->checks && i < report->request->threshold_count; i++) {
		const struct threshold_result *result = &report->checks[i];
		json_t *offenders = json_array();
		for (size_t j = 0; j < result->count; j++)
			json_array_append_new(
				offenders,
				json_pack("{s:i, s:o, s:o}", "pid", result->offenders[j].leak->pid,
					  "comm",
					  json_of_text(pool, result->offenders[j].leak->comm),
					  "value",
					  result->threshold->field == THRESHOLD_OLDEST
						  ? seconds((uint32_t)result->offenders[j].value)
						  : json_of_count(result->offenders[j].value)));
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o}", "check",
				  json_of_text(pool, result->threshold->text), "exceeded",
				  result->unknown ? json_null() : json_boolean(result->count > 0),
				  "offenders", offenders));
	}
	return array;
}

void json_sockets(FILE *out, const struct report *whole, const struct style *style)
{
	static const struct socket_request no_request;
	static const struct socket_report nothing = { .request = &no_request };
	const struct socket_report *report = whole->sockets ? whole->sockets : &nothing;
	struct pool *pool = whole->pool;
	json_t *object = json_of_report(whole), *processes = json_array();

	(void)style;
	for (size_t i = 0; i < report->leak_count; i++)
		json_array_append_new(processes, process(pool, report, i));
	json_object_set_new(object, "states", states(report->states, report->has_states));
	json_object_set_new(object, "processes", processes);
	json_object_set_new(object, "processes_left_out", json_of_count(report->leaks_left_out));
	json_object_set_new(
		object, "unattributed",
		json_pack("{s:o, s:o, s:o, s:o, s:o}", "gone",
			  json_of_count(report->unattributed.gone), "in_flight",
			  json_of_count(report->unattributed.in_flight), "thread_table",
			  json_of_count(report->unattributed.thread_table), "not_permitted",
			  json_of_count(report->unattributed.not_permitted), "never_accepted",
			  json_of_count(report->unattributed.never_accepted)));
	json_object_set_new(object, "processes_not_permitted",
			    json_of_count(report->hidden_processes));
	json_object_set_new(object, "namespaces", namespaces(pool, report));
	json_object_set_new(object, "descriptors", descriptors(pool, report));
	json_object_set_new(object, "descriptors_left_out",
			    json_of_count(report->descriptors_left_out));
	json_object_set_new(object, "system",
			    json_pack("{s:o, s:o, s:o, s:o, s:o}", "file_nr",
				      json_of_count(report->system.file_nr), "file_max",
				      json_of_count(report->system.file_max), "listen_overflows",
				      json_of_count(report->system.listen_overflows),
				      "listen_drops", json_of_count(report->system.listen_drops),
				      "sockets_in_no_table",
				      json_of_count(report->system.in_no_table)));
	json_object_set_new(object, "advice", advices(pool, report->advice, report->advice_count));
	json_object_set_new(object, "checks", checks(pool, report));
	json_write(out, object);
}
