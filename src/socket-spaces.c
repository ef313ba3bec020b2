// SPDX-License-Identifier: MIT
/* Where sockets are counted and whose they are, see socket-work.h: network namespaces, --pid and
 * --user. */
#include "cleanup.h"
#include "error.h"
#include "pool.h"
#include "proc-net.h"
#include "processes.h"
#include "procfs.h"
#include "socket-work.h"
#include "text.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- whose sockets: --pid and --user ------------------------------------------------------- */

static int find_user(const char *name, uid_t *ret, struct error *err)
{
	uint64_t number;
	const struct passwd *entry;

	if (parse_decimal(name, UINT32_MAX - 1, &number)) {
		*ret = (uid_t)number;
		return 0;
	}
	errno = 0;
	entry = getpwnam(name);
	if (!entry)
		return error_set(err, -ENOENT, "--user %s: there is no such user", name);
	*ret = entry->pw_uid;
	return 0;
}

int socket_work_find_processes(struct work *work, struct error *err)
{
	const struct socket_request *request = work->request;
	pid_t *pids = NULL;
	size_t count = 0;
	uint64_t pid = 0;
	uid_t uid = 0;

	if (request->pid && (!parse_decimal(request->pid, INT32_MAX, &pid) || !pid))
		return error_set(err, -EINVAL, "--pid %s: the number of a process", request->pid);
	if (request->user) {
		int rc = find_user(request->user, &uid, err);
		if (!rc && (rc = processes_of_user(work->pool, uid, &pids, &count)) < 0)
			error_set(err, rc, "--user needs the library of procps (libproc2)");
		if (rc < 0)
			return rc;
		work->only = pool_alloc(work->pool, (count + 1) * sizeof *work->only);
		for (size_t i = 0; i < count; i++)
			if (!pid || pids[i] == (pid_t)pid)
				work->only[work->only_count++] = pids[i];
		if (work->only_count)
			qsort(work->only, work->only_count, sizeof *work->only, pid_by_number);
	} else if (pid) {
		char name[24];
		struct stat st;
		snprintf(name, sizeof name, "%d", (int)pid);
		if (fstatat(work->proc, name, &st, 0))
			return error_set(err, -ESRCH, "there is no process %d", (int)pid);
		work->only = pool_alloc(work->pool, sizeof *work->only);
		work->only[work->only_count++] = (pid_t)pid;
	}
	return 0;
}

/* ---- network namespaces ------------------------------------------------------------------- */

static uint64_t read_setting(const char *name)
{
	char path[64], text[32];
	uint64_t value;

	snprintf(path, sizeof path, "/proc/sys/net/ipv4/tcp_keepalive_%s", name);
	ssize_t size = procfs_read(AT_FDCWD, path, text, sizeof text);
	if (size <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return parse_decimal(text, INT32_MAX, &value) ? value : 0;
}

/* The namespace that we are in now. */
static int count_namespace(struct work *work, const struct netns *netns, bool quick,
			   struct error *err)
{
	struct socket_report *report = work->report;
	const struct socket_filter *filter = &work->request->filter;
	bool one_by_one = filter->has_port || filter->has_age || work->only;
	struct census_request request = { .count = filter->states,
					  .netns = (uint16_t)report->namespace_count,
					  .count_only = work->request->summary && !filter->has_age,
					  .quick = quick };

	if (one_by_one || (filter->has_states && !work->request->summary))
		request.keep = filter->states;
	if (work->only)
		request.count = TCP_STATES_ALL;
	report->namespaces = pool_extend(work->pool, report->namespaces, report->namespace_count,
					 sizeof *report->namespaces);
	struct socket_namespace *space = &report->namespaces[report->namespace_count++];
	space->netns = *netns;
	space->id = netns->id;
	space->name = netns->name ? netns->name
				  : pool_printf(work->pool, "net:[%ju]", (uintmax_t)netns->id);
	space->keepalive = (struct keepalive_settings){ .time = read_setting("time"),
							.intvl = read_setting("intvl"),
							.probes = read_setting("probes") };
	return socket_census(&request, &report->set, &space->census, err);
}

static bool is_idle(pid_t pid)
{
	struct sockstat counters = { 0 };
	char path[48], text[2048];

	snprintf(path, sizeof path, "/proc/%d/net/sockstat", pid);
	if (!pid || procfs_read(AT_FDCWD, path, text, sizeof text) < 0 ||
	    !proc_net_parse_sockstat(text, &counters))
		return false;
	snprintf(path, sizeof path, "/proc/%d/net/sockstat6", pid);
	if (procfs_read(AT_FDCWD, path, text, sizeof text) >= 0)
		proc_net_parse_sockstat6(text, &counters);
	return !counters.inuse && !counters.inuse6 && !counters.time_wait;
}

/* The walk of the kernel's table is over the sockets of all namespaces each time: those that have
 * none are not worth it. */
static int count_all_namespaces(struct work *work, struct error *err)
{
	struct netns *items;
	size_t count, hidden, closed = 0;
	int rc = 0;

	netns_list(work->host, &items, &count, &hidden);
	if (hidden)
		notes_add(work->notes, NULL, (struct origin){ 0 },
			  "the network namespaces of %zu processes cannot be seen by this user",
			  hidden);
	for (size_t i = 0; i < count && i < UINT16_MAX && !rc; i++) {
		struct error why;
		if (i == 0) {
			rc = count_namespace(
				work, &(struct netns){ .id = items[0].id, .path = items[0].path },
				false, err);
			continue;
		}
		if (is_idle(items[i].pid))
			continue;
		int saved = netns_save();
		if (saved < 0)
			return error_set(err, saved, "/proc/self/ns/net: %s", strerror(-saved));
		int entered = netns_enter(&items[i], &why);
		if (entered < 0) {
			close(saved);
			if (entered == -EPERM || entered == -EACCES)
				closed++;
			else
				notes_add(work->notes, NULL, (struct origin){ 0 }, "%s",
					  why.message);
			continue;
		}
		rc = count_namespace(work, &items[i], true, err);
		int back = netns_return(saved);
		if (back < 0)
			return error_set(err, back, "cannot return to the network namespace: %s",
					 strerror(-back));
	}
	if (closed)
		notes_add(work->notes, NULL, (struct origin){ 0 },
			  "%zu network namespace%s with sockets, or without a process, cannot be "
			  "entered by this user",
			  closed, closed == 1 ? "" : "s");
	return rc;
}

/* With --pid alone, where that process lives. */
int socket_work_count(struct work *work, struct error *err)
{
	const char *name = work->request->netns;
	struct netns netns = { .path = "/proc/self/ns/net" };
	struct error ignored;
	struct stat st;

	if (!name)
		name = work->request->pid;
	if (name && !strcmp(name, "all"))
		return count_all_namespaces(work, err);
	if (!stat(netns.path, &st))
		netns.id = st.st_ino;
	if (name) {
		struct netns other;
		int rc =
			netns_find(work->host, name, &other, work->request->netns ? err : &ignored);
		if (!rc && other.id != netns.id)
			rc = netns_enter(&other, err);
		if (rc < 0 && work->request->netns)
			return rc;
		if (!rc && (other.id != netns.id || work->request->netns))
			netns = other;
	}
	return count_namespace(work, &netns, false, err);
}

int socket_work_dump_again(const struct work *work, size_t space, uint32_t states,
			   socket_function *each, void *data)
{
	struct socket_report *report = work->report;
	int saved = report->namespace_count > 1 ? netns_save() : -1;
	struct error why;

	if (saved >= 0 && netns_enter(&report->namespaces[space].netns, &why) < 0) {
		close(saved);
		return 0; /* it is gone, and so are its sockets */
	}
	int rc = sockets_dump(states, false, each, data);
	if (saved >= 0 && netns_return(saved) < 0)
		return -EIO;
	return rc == -EINTR ? 0 : rc;
}
