// SPDX-License-Identifier: MIT
/* What is told about a process besides its sockets, see socket-work.h: name, user, unit, limits,
 * dead sockets. */
#include "dead-sockets.h"
#include "error.h"
#include "pool.h"
#include "process.h"
#include "socket-work.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- processes ---------------------------------------------------------------------------- */

static struct leak *find_leak(struct socket_report *report, pid_t pid)
{
	for (size_t i = 0; i < report->leak_count; i++)
		if (report->leaks[i].pid == pid)
			return &report->leaks[i];
	return NULL;
}

static bool is_wanted_for_check(const struct work *work, const struct listed_process *process)
{
	struct leak leak = { .has_limits = true, .fds = *process, .oldest = AGE_UNKNOWN };
	uint64_t value;

	for (size_t i = 0; i < work->request->threshold_count; i++)
		if (work->request->thresholds[i].field == THRESHOLD_FDS &&
		    threshold_is_exceeded(&work->request->thresholds[i], &leak, &value))
			return true;
	return false;
}

/* Processes near their limit are leaks even without a socket. */
void socket_work_add_near_limit(struct work *work)
{
	struct socket_report *report = work->report;
	struct process_list *list = &report->list;

	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].used) /* kernel threads and zombies have none */
			list->items[count++] = list->items[i];
	list->count = count;
	if (count)
		qsort(list->items, count, sizeof *list->items, process_list_by_share);
	for (size_t i = 0; i < list->count; i++) {
		const struct listed_process *process = &list->items[i];
		double share = process_list_share(process);
		report->near_limit += share >= NEAR_LIMIT;
		if ((share < NEAR_LIMIT && !is_wanted_for_check(work, process)) ||
		    find_leak(report, process->pid))
			continue;
		if (report->leak_count >= LEAKS_MAX) {
			report->leaks_left_out++;
			continue;
		}
		report->leaks = pool_extend(work->pool, report->leaks, report->leak_count,
					    sizeof *report->leaks);
		report->leaks[report->leak_count++] =
			(struct leak){ .pid = process->pid, .oldest = AGE_UNKNOWN };
	}
	report->descriptors = list->items;
	report->descriptor_count = list->count < DESCRIPTORS_MAX ? list->count : DESCRIPTORS_MAX;
	report->descriptors_left_out = list->count - report->descriptor_count;
	process_list_read_names(work->proc, list,
				work->request->verbose ? report->descriptor_count
						       : DESCRIPTORS_NAMED);
}

/* Asked once for many processes of one user: the answer may come from another host. */
static const char *user_name(struct work *work, uid_t uid)
{
	if (!work->user || work->uid != uid) {
		const struct passwd *entry = getpwuid(uid);
		work->uid = uid;
		work->user = entry ? pool_strdup(work->pool, entry->pw_name)
				   : pool_printf(work->pool, "%u", uid);
	}
	return work->user;
}

static void read_cgroup(struct pool *pool, const struct cgroup *cgroup, struct leak *leak)
{
	leak->is_user_unit = cgroup->user_unit;
	leak->unit = cgroup->user_unit ? cgroup->user_unit : cgroup->unit;
	if (cgroup->runtime)
		leak->container = pool_printf(pool, "%s %.12s", cgroup->runtime,
					      cgroup->container ? cgroup->container : "?");
}

static void name_namespace(struct work *work, struct leak *leak)
{
	const struct socket_report *report = work->report;
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "%d/ns/net", leak->pid);
	if (leak->netns || fstatat(work->proc, path, &st, 0))
		return;
	for (size_t i = 0; i < report->namespace_count; i++)
		if (report->namespaces[i].id == st.st_ino)
			leak->netns = report->namespaces[i].name;
	if (!leak->netns)
		leak->netns = pool_printf(work->pool, "net:[%ju]", (uintmax_t)st.st_ino);
}

/* False: it is gone, and perhaps another process has its number now. */
static bool describe(struct work *work, struct leak *leak)
{
	struct process process;
	struct error ignored;
	char path[24];
	struct stat st;

	name_namespace(work, leak);
	if (process_read(work->host, leak->pid, &process, &ignored) < 0) {
		/* Perhaps a recorded tree: what there is. */
		snprintf(path, sizeof path, "%d", leak->pid);
		leak->comm = leak->user = "?";
		return !fstatat(work->proc, path, &st, 0);
	}
	if (leak->ticks && leak->ticks != process.ticks)
		return false;
	leak->ticks = process.ticks;
	leak->comm = process.comm;
	leak->user = user_name(work, process.euid);
	read_cgroup(work->pool, &process.cgroup, leak);
	leak->fds.soft = process.limits[RLIMIT_NOFILE].rlim_cur;
	leak->fds.hard = process.limits[RLIMIT_NOFILE].rlim_max;
	leak->has_limits = true;
	return true;
}

/* A pid may be used again within a tick of the clock. While the process is still there, nobody else
 * had its number since. */
static bool has_ended(const struct leak *leak)
{
	return leak->process && !process_ticks(leak->process);
}

/* Names, limits and namespace of the processes of the report. One that has ended meanwhile takes
 * its sockets along. */
void socket_work_describe(struct work *work)
{
	struct socket_report *report = work->report;
	size_t kept = 0;
	struct process_list list;

	for (size_t i = 0; i < report->leak_count; i++) {
		struct leak *leak = &report->leaks[i];
		bool is_there = describe(work, leak);
		if (!process_list_read(work->proc, &leak->pid, 1, &list) && list.count)
			leak->fds.used = list.items[0].used;
		else
			leak->fds.used = FDS_UNKNOWN;
		leak->fds.pid = leak->pid;
		process_list_free(&list);
		if (!is_there || has_ended(leak)) {
			report->unattributed.gone += leak->states[TCP_STATE_CLOSE_WAIT];
			continue;
		}
		report->leaks[kept++] = *leak;
	}
	report->leak_count = kept;
}

/* ---- dead sockets ------------------------------------------------------------------------- */

void socket_work_add_dead(struct work *work)
{
	struct socket_report *report = work->report;

	for (size_t i = 0; i < report->owners.count; i++) {
		const struct owner *owner = &report->owners.items[i];
		if (!owner->scan.strangers || !(work->search_dead || work->only))
			continue;
		uint32_t dead = dead_sockets_of(work->proc, owner->pid, &report->set);
		if (!dead)
			continue;
		struct leak *leak = find_leak(report, owner->pid);
		if (!leak && report->leak_count < LEAKS_MAX) {
			report->leaks = pool_extend(work->pool, report->leaks, report->leak_count,
						    sizeof *report->leaks);
			leak = &report->leaks[report->leak_count++];
			*leak = (struct leak){ .pid = owner->pid, .oldest = AGE_UNKNOWN };
		}
		if (leak)
			leak->dead = dead;
	}
}
