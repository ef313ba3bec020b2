// SPDX-License-Identifier: MIT
/* The report of `keeltune sockets` for people: first who leaks and what to do, then the figures.
 * See render-text.h. */
#include "diagnosis.h"
#include "pool.h"
#include "render-text.h"
#include "socket-report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#define SOCKETS_MAX 10000 /* of a process, with -v */
#define PEERS_SHOWN 3

/* ---- the answer --------------------------------------------------------------------------- */

static const char *processes(struct pool *pool, size_t count)
{
	return pool_printf(pool, "%zu process%s", count, count == 1 ? "" : "es");
}

static const char *append(struct pool *pool, const char *text, const char *clause)
{
	return *text ? pool_printf(pool, "%s; %s", text, clause) : clause;
}

const char *text_sockets_summary(struct pool *pool, const struct socket_report *report)
{
	uint64_t sockets = report->states[TCP_STATE_CLOSE_WAIT], dead = 0;
	size_t holding = 0, dying = 0;
	const char *text = "";

	for (size_t i = 0; i < report->leak_count; i++) {
		holding += report->leaks[i].states[TCP_STATE_CLOSE_WAIT] > 0;
		dying += report->leaks[i].dead > 0;
		dead += report->leaks[i].dead;
	}
	if (report->has_states[TCP_STATE_CLOSE_WAIT])
		text = sockets ? pool_printf(pool, "%" PRIu64 " socket%s in CLOSE_WAIT", sockets,
					     text_plural(sockets))
			       : "no socket is in CLOSE_WAIT";
	if (sockets && holding)
		text = pool_printf(pool, "%s, held by %s", text, processes(pool, holding));
	if (dead)
		text = append(pool, text,
			      pool_printf(pool, "%" PRIu64 " dead socket%s still held by %s", dead,
					  text_plural(dead), processes(pool, dying)));
	if (report->near_limit)
		text = append(pool, text,
			      pool_printf(pool, "%s at 80%% or more of the descriptor limit",
					  processes(pool, report->near_limit)));
	else if (report->has_descriptors)
		text = append(pool, text,
			      report->list.hides || process_list_unknown(&report->list)
				      ? "no process that this user can see is near its descriptor "
					"limit"
				      : "no process is near its descriptor limit");
	return text;
}

bool text_sockets_are_bad(const struct socket_report *report)
{
	bool is_bad = report->states[TCP_STATE_CLOSE_WAIT] || report->near_limit;

	for (size_t i = 0; i < report->leak_count; i++)
		is_bad = is_bad || report->leaks[i].dead;
	return is_bad;
}

static void print_verdict(FILE *out, const struct report *whole, const struct style *style)
{
	const char *text = text_sockets_summary(whole->pool, whole->sockets);

	if (!*text || whole->sockets->request->summary)
		return;
	text_lines(out, whole->pool, "", 0,
		   text_in_color(whole->pool, style,
				 text_sockets_are_bad(whole->sockets) ? YELLOW : GREEN,
				 pool_printf(whole->pool, "%s.", text)));
}

/* ---- a process ---------------------------------------------------------------------------- */

static const char *format_address(struct pool *pool, const uint8_t *bytes, bool is_ipv6)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, bytes, text, sizeof text))
		return "?";
	return pool_strdup(pool, text);
}

static const char *endpoint(struct pool *pool, const uint8_t *bytes, bool is_ipv6, uint16_t port)
{
	return pool_printf(pool, is_ipv6 ? "[%s]:%u" : "%s:%u",
			   format_address(pool, bytes, is_ipv6), port);
}

static const char *format_ports(struct pool *pool, const struct tally *tally, uint64_t all)
{
	const char *text = "";
	uint64_t named = 0;

	for (size_t i = 0; i < PEERS_SHOWN && tally->items[i].count; i++) {
		text = pool_printf(pool, "%s%s%u", text, *text ? ", " : " on port ",
				   tally->items[i].port);
		named += tally->items[i].count;
	}
	return named < all ? pool_printf(pool, *text ? "%s and others" : "%s on many ports", text)
			   : text;
}

static const char *format_peers(struct pool *pool, const struct tally *tally)
{
	const char *text = "";

	for (size_t i = 0; i < PEERS_SHOWN && tally->items[i].count; i++)
		text = pool_printf(
			pool, "%s%s%s (%" PRIu32 ")", text, *text ? ", " : "",
			format_address(pool, tally->items[i].bytes, tally->items[i].is_ipv6),
			tally->items[i].count);
	return *text ? text : "many different ones";
}

/* Workers that hold the same sockets look the same in everything. */
static bool looks_the_same(const struct leak *a, const struct leak *b)
{
	return a->shared && a->shared == a->states[TCP_STATE_CLOSE_WAIT] &&
	       !memcmp(a->states, b->states, sizeof a->states) && a->shared == b->shared &&
	       a->never_read == b->never_read && a->fds.used == b->fds.used &&
	       a->fds.soft == b->fds.soft && a->dead == b->dead && !strcmp(a->comm, b->comm) &&
	       !strcmp(a->user, b->user) && !a->unit == !b->unit &&
	       (!a->unit || !strcmp(a->unit, b->unit));
}

size_t text_leaks_alike(const struct socket_report *report, size_t first)
{
	size_t count = 1;

	while (first + count < report->leak_count &&
	       looks_the_same(&report->leaks[first], &report->leaks[first + count]))
		count++;
	return count;
}

/* COUNT processes that look the same, from LEAK on. */
static void print_heading(FILE *out, struct pool *pool, const struct leak *leak, size_t count,
			  const struct style *style)
{
	const char *text = pool_printf(
		pool, "%s  pid%s", text_in_color(pool, style, BOLD, text_safe(pool, leak->comm)),
		text_plural(count));

	for (size_t i = 0; i < count; i++)
		text = pool_printf(pool, "%s %d", text, leak[i].pid);
	if (leak->unit)
		text = pool_printf(pool, "%s  %s", text, text_safe(pool, leak->unit));
	if (leak->container)
		text = pool_printf(pool, "%s  %s", text, text_safe(pool, leak->container));
	text = pool_printf(pool, "%s  user %s", text, text_safe(pool, leak->user));
	if (leak->netns && strncmp(leak->netns, "net:[", 5) != 0)
		text = pool_printf(pool, "%s  netns %s", text, text_safe(pool, leak->netns));
	text_lines(out, pool, "", 4, text);
}

static void print_line(FILE *out, struct pool *pool, const char *text)
{
	text_wrapped(out, pool, "  ", 4, text);
}

void text_leak_evidence(struct pool *pool, const struct leak *leak, const char *ret[3])
{
	uint64_t count = leak->states[TCP_STATE_CLOSE_WAIT];
	const char *text = pool_printf(pool, "%" PRIu64 " CLOSE_WAIT%s", count,
				       format_ports(pool, leak->ports, count));

	if (leak->oldest != AGE_UNKNOWN)
		text = pool_printf(pool, "%s, the oldest for at most %s", text,
				   duration_format(pool, leak->oldest));
	ret[0] = text;
	text = "";
	if (leak->never_read)
		text = pool_printf(
			pool, "%" PRIu64 " never read to the end (%" PRIu64 " byte%s unread)",
			leak->never_read, leak->unread_bytes, text_plural(leak->unread_bytes));
	if (leak->not_closed)
		text = pool_printf(pool, "%s%s%" PRIu64 " read to the end and not closed", text,
				   *text ? ", " : "", leak->not_closed);
	if (leak->shared)
		text = pool_printf(pool, "%s, %" PRIu64 " held by other processes, too", text,
				   leak->shared);
	ret[1] = text;
	text = pool_printf(pool, "keepalive on %" PRIu64 ", off %" PRIu64, leak->keepalive_on,
			   leak->keepalive_off);
	if (leak->keepalive_hidden)
		text = pool_printf(pool, "%s, not knowable now %" PRIu64, text,
				   leak->keepalive_hidden);
	ret[2] = pool_printf(pool, "%s; peers: %s", text, format_peers(pool, leak->peers));
}

static void print_close_wait(FILE *out, struct pool *pool, const struct leak *leak)
{
	const char *lines[3];

	text_leak_evidence(pool, leak, lines);
	for (size_t i = 0; i < 3; i++)
		print_line(out, pool, lines[i]);
}

const char *text_descriptors(struct pool *pool, const struct listed_process *fds)
{
	double share = process_list_share(fds);
	const char *percent =
		share < 0 ? "" : pool_printf(pool, ", %.0f%%", share < 99 ? share * 100 : 9900);

	return pool_printf(pool, "%" PRIu32 " of %s (hard %s%s)", fds->used,
			   limit_format(pool, fds->soft), limit_format(pool, fds->hard), percent);
}

/* Commands as they can be copied, each on its own line. */
static void print_command(FILE *out, struct pool *pool, const char *command)
{
	while (*command) {
		size_t size = strcspn(command, "\n");
		wrap_command(out, 8, text_safe(pool, pool_copy(pool, command, size)));
		command += size + (command[size] == '\n');
	}
}

static void print_advice(FILE *out, struct pool *pool, const struct advice *advice)
{
	text_wrapped(out, pool, "  * ", 4, pool_printf(pool, "%s [%s]", advice->text, advice->id));
	if (advice->command)
		print_command(out, pool, advice->command);
}

/* Of CLOSE_WAIT the end of the stream counts as a byte in the queue. */
static void print_socket(FILE *out, struct pool *pool, const struct tcp_socket *socket)
{
	bool is_closing = socket->state == TCP_STATE_CLOSE_WAIT;
	const char *text = pool_printf(
		pool, "%s %s", endpoint(pool, socket->local, socket->is_ipv6, socket->local_port),
		endpoint(pool, socket->peer, socket->is_ipv6, socket->peer_port));
	const char *read = !is_closing ? pool_printf(pool, "queue %" PRIu32, socket->receive_queue)
			   : socket->receive_queue
				   ? pool_printf(pool, "unread %" PRIu32, socket->receive_queue - 1)
				   : "read to the end";
	uint32_t age = is_closing ? socket->age_max : socket->silent;

	text_wrapped(out, pool, "    ", 16,
		     pool_printf(pool, "%-11s %s  %s%s  %s  keepalive %s",
				 tcp_state_name(socket->state), text,
				 is_closing ? "<= " : "silent ",
				 age == AGE_UNKNOWN ? "?" : duration_format(pool, age), read,
				 socket->timer == TCP_TIMER_KEEPALIVE ? "on"
				 : socket->timer == TCP_TIMER_NONE    ? "off"
								      : "?"));
}

static void print_sockets(FILE *out, struct pool *pool, const struct socket_report *report,
			  size_t leak)
{
	size_t first = report->socket_first[leak], end = report->socket_first[leak + 1];

	for (size_t i = first; i < end && i - first < SOCKETS_MAX; i++)
		print_socket(out, pool, report->sockets[i]);
	if (end - first > SOCKETS_MAX)
		fprintf(out, "    and %zu more\n", end - first - SOCKETS_MAX);
}

static void print_states_of(FILE *out, struct pool *pool, const struct leak *leak)
{
	const char *text = "";

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (leak->states[state] && state != TCP_STATE_CLOSE_WAIT)
			text = pool_printf(pool, "%s%s%" PRIu64 " %s", text, *text ? ", " : "",
					   leak->states[state], tcp_state_name(state));
	if (*text)
		print_line(out, pool, text);
}

static void print_process(FILE *out, const struct report *whole, size_t number, size_t count,
			  const struct style *style)
{
	const struct socket_report *report = whole->sockets;
	const struct leak *leak = &report->leaks[number];
	const struct socket_request *request = report->request;
	struct pool *pool = whole->pool;

	fputc('\n', out);
	print_heading(out, pool, leak, count, style);
	if (leak->states[TCP_STATE_CLOSE_WAIT])
		print_close_wait(out, pool, leak);
	if (style->verbose || request->filter.has_states || request->pid || request->user)
		print_states_of(out, pool, leak);
	if (leak->fds.used != FDS_UNKNOWN)
		print_line(out, pool,
			   pool_printf(pool, "descriptors %s", text_descriptors(pool, &leak->fds)));
	for (size_t i = 0; i < leak->advice_count; i++)
		print_advice(out, pool, &leak->advice[i]);
	if (report->sockets)
		print_sockets(out, pool, report, number);
}

/* ---- figures ------------------------------------------------------------------------------ */

static void print_states(FILE *out, const struct report *whole)
{
	const struct socket_report *report = whole->sockets;
	struct pool *pool = whole->pool;
	const char *where =
		report->namespace_count > 1
			? pool_printf(pool, "%zu network namespaces", report->namespace_count)
			: pool_printf(pool, "network namespace %s", report->namespaces[0].name);

	text_wrapped(out, pool, report->request->summary ? "" : "\n", 4,
		     pool_printf(pool, "TCP sockets, IPv4 and IPv6, %s:", where));
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		if (report->has_states[state] &&
		    (report->states[state] || state == TCP_STATE_CLOSE_WAIT))
			fprintf(out, "  %-12s %9" PRIu64 "\n", tcp_state_name(state),
				report->states[state]);
}

static void print_unattributed(FILE *out, const struct report *whole)
{
	const struct unattributed *left = &whole->sockets->unattributed;
	struct unattributed_row rows[UNATTRIBUTED_ROWS];

	diagnose_unattributed(left, rows);
	for (size_t i = 0; i < UNATTRIBUTED_ROWS; i++)
		if (rows[i].count)
			text_wrapped(out, whole->pool,
				     pool_printf(whole->pool, "  %12" PRIu64 " ", rows[i].count),
				     15, rows[i].what);
}

static void print_descriptors(FILE *out, const struct report *whole, const struct style *style)
{
	const struct socket_report *report = whole->sockets;
	struct pool *pool = whole->pool;
	size_t count = style->verbose || report->descriptor_count < DESCRIPTORS_SHOWN
			       ? report->descriptor_count
			       : DESCRIPTORS_SHOWN;

	if (count)
		fprintf(out, "\nDescriptors, nearest to the limit first:\n");
	for (size_t i = 0; i < count; i++) {
		const struct listed_process *item = &report->descriptors[i];
		if (item->used == FDS_UNKNOWN)
			continue;
		text_wrapped(out, pool, "  ", 19,
			     pool_printf(pool, "%-16s pid %-8d %s",
					 *item->comm ? text_safe(pool, item->comm) : "?", item->pid,
					 text_descriptors(pool, item)));
	}
	if (report->descriptors_left_out && style->verbose)
		fprintf(out, "  and %zu more processes\n", report->descriptors_left_out);
}

static void print_system(FILE *out, const struct report *whole)
{
	const struct socket_report *report = whole->sockets;
	const struct system_state *system = &report->system;
	struct pool *pool = whole->pool;

	if (system->file_max)
		fprintf(out, "  %-16s %" PRIu64 " of %s (fs.file-nr)\n", "whole system",
			system->file_nr,
			system->file_max > INT64_MAX / 2 ? "unlimited"
							 : limit_format(pool, system->file_max));
	if (system->listen_overflows || system->listen_drops)
		text_wrapped(out, pool, "  ", 4,
			     pool_printf(pool,
					 "accept queues were full %" PRIu64 " times, %" PRIu64
					 " connections dropped",
					 system->listen_overflows, system->listen_drops));
}

static void print_checks(FILE *out, const struct report *whole, const struct style *style)
{
	const struct socket_report *report = whole->sockets;
	struct pool *pool = whole->pool;

	for (size_t i = 0; i < report->request->threshold_count; i++) {
		const struct threshold_result *result = &report->checks[i];
		const char *name = text_safe(pool, result->threshold->text);
		bool is_bad = result->count || result->unknown;
		text_lines(out, pool, "", 4,
			   pool_printf(pool, "%s  %s%s%s",
				       text_in_color(pool, style, is_bad ? RED : GREEN,
						     result->unknown ? "unknown"
						     : is_bad        ? "exceeded"
								     : "ok"),
				       name, result->unknown ? ": " : "",
				       result->unknown ? text_safe(pool, result->unknown) : ""));
		for (size_t j = 0; j < result->count; j++) {
			const struct offender *offender = &result->offenders[j];
			bool is_age = result->threshold->field == THRESHOLD_OLDEST;
			text_wrapped(
				out, pool, "  ", 4,
				pool_printf(pool, "%s (pid %d%s%s): %s%s", offender->leak->comm,
					    offender->leak->pid, offender->leak->unit ? ", " : "",
					    offender->leak->unit ? offender->leak->unit : "",
					    is_age ? duration_format(pool, offender->value)
						   : pool_printf(pool, "%" PRIu64, offender->value),
					    result->threshold->is_share ? "%" : ""));
		}
	}
}

void text_sockets(FILE *out, const struct report *report, const struct style *style)
{
	const struct socket_report *sockets = report->sockets;

	if (!sockets)
		return;
	print_checks(out, report, style);
	if (!sockets->request->threshold_count || style->verbose) {
		print_verdict(out, report, style);
		for (size_t i = 0, count; i < sockets->leak_count; i += count) {
			count = text_leaks_alike(sockets, i);
			print_process(out, report, i, count, style);
		}
		if (sockets->leaks_left_out)
			fprintf(out, "\nand %zu more processes\n", sockets->leaks_left_out);
		print_states(out, report);
		print_unattributed(out, report);
		print_descriptors(out, report, style);
		print_system(out, report);
		for (size_t i = 0; i < sockets->advice_count; i++)
			print_advice(out, report->pool, &sockets->advice[i]);
	}
	if (sockets->hidden_processes)
		text_wrapped(out, report->pool, "note: ", 6,
			     pool_printf(report->pool,
					 "%zu process%s could not be looked into; root sees more",
					 sockets->hidden_processes,
					 sockets->hidden_processes == 1 ? "" : "es"));
	text_notes(out, report, &report->notes);
}
