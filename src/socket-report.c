// SPDX-License-Identifier: MIT
/* The order of work of `keeltune sockets`, see socket-report.h: what is cheap first, and what is
 * dear only as far as the cheap says that there is something to find. */
#include "cleanup.h"
#include "dead-sockets.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "proc-net.h"
#include "procfs.h"
#include "socket-work.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* ---- sockets without an owner -------------------------------------------------------------- */

struct again {
	struct socket_set *set;
	uint8_t *alive; /* of each socket of the set */
	uint16_t space;
	int error;
};

static void mark_alive(const struct tcp_socket *socket, void *data)
{
	struct again *again = data;
	const struct tcp_socket *known = socket_set_find(again->set, socket->inode);

	if (known)
		again->alive[known - again->set->items] = 1;
}

static void keep_socket(const struct tcp_socket *socket, void *data)
{
	struct again *again = data;
	struct tcp_socket copy = *socket;

	copy.netns = again->space;
	if (socket->inode && !again->error)
		again->error = socket_set_add(again->set, &copy);
}

/* Which of the missing still exist? They have another owner by now, or none that can be seen. */
static int look_again(struct work *work, const uint8_t *missing, uint8_t *alive)
{
	struct socket_report *report = work->report;
	struct again again = { .set = &report->set, .alive = alive };
	int rc = 0;

	for (size_t i = 0; i < report->namespace_count && !rc; i++) {
		uint32_t states = 0;
		for (size_t j = 0; j < report->set.count; j++)
			if (missing[j] && report->set.items[j].netns == i)
				states |= TCP_STATE_BIT(report->set.items[j].state) |
					  TCP_STATE_BIT(TCP_STATE_CLOSE_WAIT) |
					  TCP_STATE_BIT(TCP_STATE_LAST_ACK);
		if (states)
			rc = socket_work_dump_again(work, i, states, mark_alive, &again);
	}
	return rc;
}

static int settle_missing(struct work *work, uint8_t *wanted)
{
	struct socket_report *report = work->report;
	struct unattributed *left = &report->unattributed;
	size_t missing = 0;

	for (size_t i = 0; i < report->set.count; i++) {
		wanted[i] = wanted[i] && !report->owners.holders[i];
		missing += wanted[i];
	}
	if (!missing)
		return 0;
	autofree uint8_t *alive = calloc(report->set.count + 1, 1);
	if (!alive)
		return -ENOMEM;
	/* Without inet_diag nothing is known to be gone. */
	int rc = look_again(work, wanted, alive);
	bool is_known = rc != -EOPNOTSUPP;
	rc = is_known ? rc : 0;
	for (size_t i = 0; i < report->set.count && !rc; i++) {
		if (!wanted[i] || !is_known || alive[i])
			continue;
		left->gone += report->set.items[i].state != TCP_STATE_LISTEN;
		wanted[i] = 0;
	}
	if (!rc)
		rc = owners_find_rest(work->proc, &report->set, wanted, work->only,
				      &report->owners);
	left->thread_table = report->owners.thread_tables;
	for (size_t i = 0; i < report->set.count && !rc; i++) {
		if (!wanted[i] || report->owners.holders[i] ||
		    report->set.items[i].state == TCP_STATE_LISTEN)
			continue;
		if (report->owners.hidden || report->list.hides)
			left->not_permitted++;
		else
			left->in_flight++;
	}
	return rc;
}

static int find_owners(struct work *work)
{
	struct socket_report *report = work->report;
	autofree uint8_t *wanted = socket_work_wanted(report);
	int rc = wanted ? socket_set_index(&report->set) : -ENOMEM;

	if (!rc)
		rc = owners_find(work->proc, &report->set, wanted, work->search_dead, work->only,
				 work->only_count, &report->list, &report->owners);
	if (!rc && !work->only)
		rc = settle_missing(work, wanted);
	report->hidden_processes = report->owners.hidden;
	return rc;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void read_system(struct work *work)
{
	struct system_state *system = &work->report->system;
	char text[16384];

	if (procfs_read(AT_FDCWD, "/proc/sys/fs/file-nr", text, sizeof text) > 0)
		proc_parse_file_nr(text, &system->file_nr, &system->file_max);
	if (procfs_read(AT_FDCWD, "/proc/net/netstat", text, sizeof text) > 0) {
		proc_net_parse_counter(text, "TcpExt", "ListenOverflows",
				       &system->listen_overflows);
		proc_net_parse_counter(text, "TcpExt", "ListenDrops", &system->listen_drops);
	}
}

/* All processes and their use of descriptors, unless something narrower was asked. */
static int read_processes(struct work *work)
{
	struct socket_report *report = work->report;
	bool checks = false;

	for (size_t i = 0; i < work->request->threshold_count; i++)
		checks |= work->request->thresholds[i].field == THRESHOLD_FDS;
	if (!checks && !socket_filter_is_all(&work->request->filter))
		return 0;
	int rc = process_list_read(work->proc, work->only, work->only_count, &report->list);
	if (rc < 0)
		return rc;
	process_list_read_limits(work->proc, &report->list);
	report->has_descriptors = true;
	return 0;
}

/* Are there more sockets than the tables hold? Then all descriptors are looked at, and all sockets
 * have to be known. */
static int suspect_dead(struct work *work)
{
	struct socket_report *report = work->report;
	uint64_t descriptors = 0, orphans = 0;
	int rc = 0;

	if (!report->has_descriptors || work->only || !socket_filter_is_all(&work->request->filter))
		return 0;
	for (size_t i = 0; i < report->list.count; i++)
		if (report->list.items[i].used != FDS_UNKNOWN)
			descriptors += report->list.items[i].used;
	for (size_t i = 0; i < report->namespace_count; i++)
		orphans += report->namespaces[i].census.orphans;
	report->system.in_no_table =
		dead_sockets_estimate(work->host, descriptors, orphans, &work->search_dead);
	report->system.is_searched = work->search_dead;
	for (size_t i = 0; i < report->namespace_count && work->search_dead && !rc; i++) {
		struct again again = { .set = &report->set, .space = (uint16_t)i };
		if (!report->namespaces[i].census.has_established)
			rc = socket_work_dump_again(work, i, TCP_STATE_BIT(TCP_STATE_ESTABLISHED),
						    keep_socket, &again);
		if (again.error)
			rc = again.error;
	}
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int worst_first(const void *a, const void *b)
{
	const struct leak *first = a, *second = b;
	uint64_t one = first->states[TCP_STATE_CLOSE_WAIT] + first->dead + first->never_accepted;
	uint64_t two = second->states[TCP_STATE_CLOSE_WAIT] + second->dead + second->never_accepted;

	if (one != two)
		return one < two ? 1 : -1;
	int order = process_list_by_share(&first->fds, &second->fds);
	return order ? order : (first->pid > second->pid) - (first->pid < second->pid);
}

static uint64_t full_queues_of_others(const struct socket_report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->set.count; i++)
		count += !report->owners.holders[i] &&
			 socket_work_is_full_queue(report, &report->set.items[i]);
	return count;
}

/* How much of it may there be with processes that this user cannot look into? */
static uint64_t hidden_part(const struct socket_report *report, enum threshold_field field)
{
	const struct unattributed *left = &report->unattributed;

	if (field == THRESHOLD_FDS)
		return report->list.hides || process_list_unknown(&report->list) ? UINT64_MAX : 0;
	if (!report->owners.hidden && !report->list.hides)
		return 0;
	switch (field) {
	case THRESHOLD_NEVER_ACCEPTED:
		return left->never_accepted;
	case THRESHOLD_LISTEN_FULL:
		return full_queues_of_others(report);
	case THRESHOLD_DEAD:
		return report->system.in_no_table;
	case THRESHOLD_OLDEST: /* these count no sockets */
	case THRESHOLD_UNREAD:
		return left->not_permitted ? UINT64_MAX : 0;
	case THRESHOLD_CLOSE_WAIT:
	case THRESHOLD_NEVER_READ:
	case THRESHOLD_NOT_CLOSED:
	case THRESHOLD_HALF_OPEN:
	case THRESHOLD_SHARED:
	case THRESHOLD_FDS:
	case THRESHOLD_COUNT:
		break;
	}
	return left->not_permitted;
}

static void check_threshold(struct work *work, struct threshold_result *result)
{
	struct socket_report *report = work->report;
	const struct threshold *threshold = result->threshold;
	uint64_t value;

	/* Those that are far from their limit are no leaks, and yet one of them is the nearest. */
	for (size_t i = 0; i < report->list.count && threshold->field == THRESHOLD_FDS; i++) {
		struct leak leak = { .fds = report->list.items[i], .has_limits = true };
		threshold_is_exceeded(threshold, &leak, &value);
		result->worst = value > result->worst ? value : result->worst;
	}
	for (size_t i = 0; i < report->leak_count; i++) {
		bool is_exceeded = threshold_is_exceeded(threshold, &report->leaks[i], &value);
		result->worst = value > result->worst ? value : result->worst;
		if (!is_exceeded)
			continue;
		result->offenders = pool_extend(work->pool, result->offenders, result->count,
						sizeof *result->offenders);
		result->offenders[result->count++] =
			(struct offender){ .leak = &report->leaks[i], .value = value };
	}
	uint64_t hidden = hidden_part(report, threshold->field);
	if (!result->count &&
	    (hidden > threshold->limit || (threshold->or_equal && hidden == threshold->limit)))
		result->unknown = "processes that this user may not look into may exceed it";
}

static void check_thresholds(struct work *work)
{
	struct socket_report *report = work->report;

	report->checks = pool_alloc(work->pool,
				    (work->request->threshold_count + 1) * sizeof *report->checks);
	for (size_t i = 0; i < work->request->threshold_count; i++) {
		report->checks[i].threshold = &work->request->thresholds[i];
		check_threshold(work, &report->checks[i]);
	}
}

static int look_at_sockets(struct work *work, struct error *err)
{
	struct socket_report *report = work->report;
	int rc = socket_work_count(work, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < report->namespace_count; i++) {
		for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
			report->states[state] += report->namespaces[i].census.states[state];
		report->has_ages |= report->namespaces[i].census.has_ages;
	}
	read_system(work);
	rc = suspect_dead(work);
	if (!rc && !work->request->summary)
		rc = find_owners(work);
	if (!rc)
		rc = socket_work_attribute(work);
	if (rc < 0)
		return error_set(err, rc, "cannot find who holds the sockets: %s", strerror(-rc));
	socket_work_add_dead(work);
	return rc;
}

static int collect(struct work *work, struct error *err)
{
	struct socket_report *report = work->report;
	int rc = socket_work_find_processes(work, err);

	if (rc < 0)
		return rc;
	rc = work->request->summary ? 0 : read_processes(work);
	if (rc < 0)
		return error_set(err, rc, "/proc: %s", strerror(-rc));
	if (!work->request->use_only)
		rc = look_at_sockets(work, err);
	if (rc < 0)
		return rc;
	if (report->list.hides)
		notes_add(work->notes, NULL, (struct origin){ 0 },
			  "/proc hides the processes of other users (hidepid): root sees more");
	if (report->has_descriptors)
		socket_work_add_near_limit(work);
	socket_work_describe(work);
	if (report->leak_count)
		qsort(report->leaks, report->leak_count, sizeof *report->leaks, worst_first);
	rc = socket_work_detail(work);
	if (rc < 0)
		return error_set(err, rc, "%s", strerror(-rc));
	for (size_t i = 0; i < report->leak_count && !work->request->use_only; i++)
		diagnose(work->pool, &report->leaks[i],
			 &report->namespaces[report->leaks[i].space].keepalive);
	diagnose_system(work->pool, &report->system, &report->advice, &report->advice_count);
	check_thresholds(work);
	return 0;
}

int socket_report_collect(struct host *host, const struct socket_request *request,
			  struct notes *notes, struct socket_report *ret, struct error *err)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct work work = { .host = host,
			     .pool = host_pool(host),
			     .request = request,
			     .notes = notes,
			     .report = ret,
			     .proc = proc };

	*ret = (struct socket_report){ .request = request };
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		ret->has_states[state] = request->filter.states & TCP_STATE_BIT(state);
	if (proc < 0)
		return error_set(err, -errno, "/proc: %s", strerror(errno));
	return collect(&work, err);
}

void socket_report_free(struct socket_report *report)
{
	socket_set_free(&report->set);
	owners_free(&report->owners);
	process_list_free(&report->list);
	free(report->queued);
}
