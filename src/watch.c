// SPDX-License-Identifier: MIT
/* Samples over time, see watch.h. To look through the descriptors of the host costs 4 us for each
 * and leaves up to 1.7 KiB in the kernel's cache of directory entries, so that this is not done for
 * every sample: st_size of /proc/PID/fd says how many there are for 2 us a process. */
#include "watch.h"

#include "cleanup.h"
#include "clock.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "proc-net.h"
#include "process.h"
#include "procfs.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET                                                                            \
	400 /* an attribution is made again after so many times the CPU time that it took \
	     */

static double seconds(struct timespec time)
{
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_time(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) ? 0 : seconds(now);
}

/* ---- series -------------------------------------------------------------------------------- */

void watch_series_add(struct watch_series *series, uint64_t number)
{
	if (series->count == WATCH_HISTORY)
		memmove(series->numbers, series->numbers + 1,
			--series->count * sizeof *series->numbers);
	series->numbers[series->count++] = number;
}

double watch_slope(const struct watch_series *series, const double *times)
{
	unsigned count = series->count < WATCH_PRESENT ? series->count : WATCH_PRESENT;
	const uint64_t *numbers = series->numbers + series->count - count;
	double mean_time = 0, mean = 0, above = 0, below = 0;

	times += WATCH_HISTORY - count;
	for (unsigned i = 0; i < count; i++) {
		mean_time += times[i] / count;
		mean += (double)numbers[i] / count;
	}
	for (unsigned i = 0; i < count; i++) {
		double distance = times[i] - mean_time;
		above += distance * ((double)numbers[i] - mean);
		below += distance * distance;
	}
	return below > 0 ? above / below : 0;
}

double watch_time_left(uint64_t used, uint64_t limit, double growth)
{
	if (limit == LIMIT_UNLIMITED)
		return -1;
	if (used >= limit)
		return 0;
	return growth > 1e-6 ? (double)(limit - used) / growth : -1;
}

/* ---- who holds the sockets ------------------------------------------------------------------ */

static int by_pid(const void *a, const void *b)
{
	const struct watched_process *first = a, *second = b;

	return (first->now.pid > second->now.pid) - (first->now.pid < second->now.pid);
}

static void take_holders(struct watch *watch, const struct socket_report *report)
{
	pool_free(watch->pool);
	watch->pool = pool_new();
	watch->holders = pool_alloc(watch->pool, (report->leak_count + 1) * sizeof *watch->holders);
	watch->holder_count = report->leak_count;
	for (size_t i = 0; i < report->leak_count; i++) {
		const struct leak *leak = &report->leaks[i];
		watch->holders[i] = (struct watched_process){
			.now = leak->fds,
			.ticks = leak->ticks,
			.close_wait = leak->states[TCP_STATE_CLOSE_WAIT] + leak->never_accepted,
			.dead = leak->dead,
			.unit = leak->unit ? pool_strdup(watch->pool, leak->unit) : NULL,
		};
		watch->holders[i].now.pid = leak->pid;
	}
	if (watch->holder_count)
		qsort(watch->holders, watch->holder_count, sizeof *watch->holders, by_pid);
	watch->netns = report->namespace_count
			       ? pool_strdup(watch->pool, report->namespaces[0].name)
			       : NULL;
	watch->not_permitted = report->unattributed.not_permitted;
}

/* The whole report, as without --watch. */
static int attribute(struct watch *watch, struct error *err)
{
	struct socket_report report;
	struct host *host;
	double before = cpu_time();
	int rc = host_open(NULL, &host, err);

	if (rc < 0)
		return rc;
	struct notes notes = { .pool = host_pool(host) };
	rc = socket_report_collect(host, &watch->request, &notes, &report, err);
	if (!rc) {
		take_holders(watch, &report);
		watch->has_attribution = true;
		watch->attributed = watch->time.tv_sec;
		watch->attributed_at = clock_now();
		watch->attribution = cpu_time() - before;
		watch->holder_ended = false;
	}
	socket_report_free(&report);
	host_close(host);
	return rc;
}

/* A tenth more or less CLOSE_WAIT than when it was looked at, or a holder is gone: somebody else
 * has them now, or they are others. */
static bool is_outdated(const struct watch *watch)
{
	uint64_t now = watch->states[TCP_STATE_CLOSE_WAIT], then = watch->attributed_sockets;
	uint64_t change = now > then ? now - then : then - now;

	if (!watch->has_attribution)
		return true;
	return (watch->holder_ended || (change && change >= then / 10)) &&
	       clock_now() - watch->attributed_at >= BUDGET * watch->attribution;
}

/* ---- processes ----------------------------------------------------------------------------- */

static const struct watched_process *find(const struct watched_process *items, size_t count,
					  pid_t pid)
{
	struct watched_process key = { .now.pid = pid };

	return count ? bsearch(&key, items, count, sizeof key, by_pid) : NULL;
}

static uint64_t read_ticks(int proc, pid_t pid)
{
	char name[16];

	snprintf(name, sizeof name, "%d", pid);
	autofd int process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return process < 0 ? 0 : process_ticks(process);
}

static struct watched_process follow(const struct watch *watch, int proc,
				     const struct listed_process *now)
{
	const struct watched_process *known = find(watch->processes, watch->count, now->pid);
	struct watched_process next = { .now = *now, .full = -1 };

	if (known)
		next.descriptors = known->descriptors;
	next.ticks = known ? known->ticks : read_ticks(proc, now->pid);
	return next;
}

/* What the attribution says of it, unless it is another process by now. */
static void add_holding(struct watch *watch, struct watched_process *process)
{
	const struct watched_process *holder =
		find(watch->holders, watch->holder_count, process->now.pid);

	if (!holder || (holder->ticks && holder->ticks != process->ticks))
		return;
	process->close_wait = holder->close_wait;
	process->dead = holder->dead;
	process->unit = holder->unit;
}

static bool grows(const struct watched_process *process)
{
	const struct watch_series *series = &process->descriptors;

	return process->growth > 0 && series->count > 2 &&
	       series->numbers[series->count - 1] >= series->numbers[0] + 2;
}

static bool matters(const struct watch *watch, const struct watched_process *process)
{
	return watch->request.pid || process->close_wait || process->dead || grows(process) ||
	       process_list_share(&process->now) >= NEAR_LIMIT;
}

static int worst_first(const void *a, const void *b)
{
	const struct watched_process *first = *(const struct watched_process *const *)a;
	const struct watched_process *second = *(const struct watched_process *const *)b;
	double one = first->full < 0 ? 1e18 : first->full;
	double two = second->full < 0 ? 1e18 : second->full;
	uint64_t held = first->close_wait + first->dead, other = second->close_wait + second->dead;

	if (one != two)
		return one < two ? -1 : 1;
	if (held != other)
		return held > other ? -1 : 1;
	int order = process_list_by_share(&first->now, &second->now);
	return order ? order : by_pid(first, second);
}

/* Those that matter. Only they are asked whether they are still who they were. */
static int choose(struct watch *watch, int proc)
{
	autofree const struct watched_process **all =
		calloc(watch->count + 1, sizeof(struct watched_process *));
	size_t count = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < watch->count; i++) {
		struct watched_process *process = &watch->processes[i];
		bool is_holder = find(watch->holders, watch->holder_count, process->now.pid);
		if (!is_holder && !matters(watch, process))
			continue;
		uint64_t ticks = read_ticks(proc, process->now.pid);
		if (ticks != process->ticks) {
			process->descriptors = (struct watch_series){ 0 };
			watch_series_add(&process->descriptors, process->now.used);
			process->growth = 0;
			process->full = watch_time_left(process->now.used, process->now.soft, 0);
		}
		process->ticks = ticks;
		add_holding(watch, process);
		if (ticks && matters(watch, process))
			all[count++] = process;
	}
	if (count)
		qsort((void *)all, count, sizeof(struct watched_process *), worst_first);
	watch->shown_count = count < WATCH_SHOWN ? count : WATCH_SHOWN;
	watch->left_out = count - watch->shown_count;
	memcpy((void *)watch->shown, (void *)all, watch->shown_count * sizeof *watch->shown);
	return 0;
}

static void note_ended(struct watch *watch)
{
	for (size_t i = 0; i < watch->holder_count; i++) {
		const struct watched_process *now =
			find(watch->processes, watch->count, watch->holders[i].now.pid);
		watch->holder_ended |= watch->holders[i].close_wait &&
				       (!now || (watch->holders[i].ticks &&
						 now->ticks != watch->holders[i].ticks));
	}
}

static int take_processes(struct watch *watch, int proc, struct process_list *list)
{
	struct watched_process *next = calloc(list->count + 1, sizeof *next);
	size_t count = 0;

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		struct watched_process *process = &next[count];
		if (!list->items[i].used || list->items[i].used == FDS_UNKNOWN)
			continue; /* the kernel's own, a zombie; or hidden */
		*process = follow(watch, proc, &list->items[i]);
		watch_series_add(&process->descriptors, process->now.used);
		process->growth = watch_slope(&process->descriptors, watch->times);
		process->full =
			watch_time_left(process->now.used, process->now.soft, process->growth);
		count++;
	}
	free(watch->processes);
	watch->processes = next;
	watch->count = count;
	if (count)
		qsort(next, count, sizeof *next, by_pid);
	int rc = choose(watch, proc);
	note_ended(watch);
	return rc;
}

static void read_names(struct watch *watch, int proc)
{
	for (size_t i = 0; i < watch->shown_count; i++) {
		struct listed_process copy = watch->shown[i]->now;
		struct process_list one = { .items = &copy, .count = 1 };
		struct watched_process *process =
			&watch->processes[watch->shown[i] - watch->processes];
		process_list_read_names(proc, &one, 1);
		memcpy(process->now.comm, copy.comm, sizeof copy.comm);
	}
}

/* Does the kernel count descriptors? To count them here is as dear as an attribution. */
static bool is_counting(int proc)
{
	pid_t self = getpid();
	struct process_list list;
	bool counts = !process_list_read(proc, &self, 1, &list) && list.has_counts;

	process_list_free(&list);
	return counts;
}

static int list_holders(const struct watch *watch, struct process_list *ret)
{
	*ret = (struct process_list){ .items = calloc(watch->holder_count + 1, sizeof *ret->items),
				      .count = watch->holder_count };
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < ret->count; i++)
		ret->items[i] = watch->holders[i].now;
	return 0;
}

static int watch_processes(struct watch *watch, int proc, struct error *err)
{
	struct process_list list = { 0 };
	uint64_t pid = 0;
	pid_t only = 0;

	if (watch->request.pid && parse_decimal(watch->request.pid, INT32_MAX, &pid))
		only = (pid_t)pid;
	watch->is_counted = is_counting(proc);
	int rc = watch->is_counted ? process_list_read(proc, only ? &only : NULL, 1, &list)
				   : list_holders(watch, &list);
	if (!rc) {
		process_list_read_limits(proc, &list);
		rc = take_processes(watch, proc, &list);
	}
	process_list_free(&list);
	if (!rc && only && !watch->shown_count)
		return error_set(err, -ESRCH, "process %d has ended", only);
	if (!rc)
		read_names(watch, proc);
	return rc ? error_set(err, rc, "/proc: %s", strerror(-rc)) : 0;
}

/* ---- a sample ------------------------------------------------------------------------------ */

static int count_states(struct watch *watch, struct error *err)
{
	const uint64_t *last = watch->states;
	struct census_request request = { .count = TCP_STATES_ALL,
					  .count_only = true,
					  .many_close_wait = last[TCP_STATE_CLOSE_WAIT] >
							     last[TCP_STATE_ESTABLISHED] };
	struct socket_set nothing = { 0 };
	struct census census = { 0 };
	int rc = socket_census(&request, &nothing, &census, err);

	socket_set_free(&nothing);
	if (rc < 0)
		return rc;
	memcpy(watch->states, census.states, sizeof watch->states);
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++) {
		watch_series_add(&watch->history[state], watch->states[state]);
		watch->growth[state] = watch_slope(&watch->history[state], watch->times);
	}
	return 0;
}

static void read_file_nr(struct watch *watch)
{
	char text[128];

	if (procfs_read(AT_FDCWD, "/proc/sys/fs/file-nr", text, sizeof text) > 0)
		proc_parse_file_nr(text, &watch->file_nr, &watch->file_max);
}

int watch_sample(struct watch *watch, struct error *err)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	double before = cpu_time(), start = clock_now();
	int rc = 0;

	if (proc < 0)
		return error_set(err, -errno, "/proc: %s", strerror(errno));
	clock_gettime(CLOCK_REALTIME, &watch->time);
	/* At first, for it goes to the network namespace that was asked for. */
	if (!watch->has_attribution)
		rc = attribute(watch, err);
	memmove(watch->times, watch->times + 1, (WATCH_HISTORY - 1) * sizeof *watch->times);
	watch->times[WATCH_HISTORY - 1] = clock_now();
	if (!rc)
		rc = count_states(watch, err);
	if (!rc && !watch->request.summary && is_outdated(watch))
		rc = attribute(watch, err);
	if (rc == -ESRCH && watch->sample)
		error_set(err, rc, "process %s has ended", watch->request.pid);
	if (watch->attributed_at >= start)
		watch->attributed_sockets = watch->states[TCP_STATE_CLOSE_WAIT];
	if (!rc && !watch->request.summary)
		rc = watch_processes(watch, proc, err);
	read_file_nr(watch);
	watch->sample++;
	watch->cpu = cpu_time() - before;
	return rc;
}

void watch_free(struct watch *watch)
{
	pool_free(watch->pool);
	free(watch->processes);
	*watch = (struct watch){ 0 };
}
