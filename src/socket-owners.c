// SPDX-License-Identifier: MIT
/* The order in which processes are looked at, see socket-owners.h. A second thread helps where
 * there is much to look at: most of the time is the kernel's, for one descriptor after the other.
 */
#include "socket-owners.h"

#include "array.h"
#include "cleanup.h"
#include "process.h"
#include "procfs.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PID_LIMIT (1 << 22) /* PID_MAX_LIMIT of the kernel */
#define SINGLE_HANDED 4000  /* descriptors; 15 ms */
#define STACK_SIZE (256u << 10)

struct search {
	int proc;
	const struct socket_set *set;
	const uint8_t *wanted;
	struct owners *owners;
	struct cgroup_tree tree;
	uint64_t *cgroups; /* those that were looked at, sorted */
	size_t cgroup_count, cgroup_room;
	uint8_t *seen;         /* pids that were looked at, a bit each, */
	size_t seen_size;      /* as far as there were any */
	atomic_uchar *held;    /* of each socket: some process holds it */
	atomic_size_t missing; /* wanted sockets that none holds */
};

/* Processes FIRST to END of the owners, shared by two threads. */
struct batch {
	struct search *search;
	size_t end;
	bool in_threads, until_found;
	atomic_size_t next;
	atomic_size_t descriptors;
};

struct worker {
	struct batch *batch;
	struct fd_hits hits;
};

/* ---- scanning ----------------------------------------------------------------------------- */

static void scan_owner(struct worker *worker, size_t index)
{
	struct search *search = worker->batch->search;
	struct owner *owner = &search->owners->items[index];
	size_t before = worker->hits.count;

	if (owner->scan.denied)
		return;
	struct fd_scan scan = fd_scan_process(search->proc, owner->pid, worker->batch->in_threads,
					      search->set, (uint32_t)index, &worker->hits);

	atomic_fetch_add(&worker->batch->descriptors, scan.hits + scan.strangers + 1);
	if (worker->batch->in_threads) {
		if (!owner->scan.process) {
			owner->scan.process = scan.process;
			owner->scan.ticks = scan.ticks;
		} else if (scan.process) {
			close(scan.process);
		}
		owner->scan.hits += scan.hits;
	} else {
		owner->scan = scan;
	}
	for (size_t i = before; i < worker->hits.count; i++) {
		uint32_t socket = worker->hits.items[i].socket;
		if (!atomic_exchange(&search->held[socket], 1) && search->wanted[socket])
			atomic_fetch_sub(&search->missing, 1);
	}
}

static bool is_over(const struct batch *batch)
{
	return batch->until_found && !atomic_load(&batch->search->missing);
}

static bool scan_next(struct worker *worker)
{
	size_t index;

	if (is_over(worker->batch) ||
	    (index = atomic_fetch_add(&worker->batch->next, 1)) >= worker->batch->end)
		return false;
	scan_owner(worker, index);
	return true;
}

static void *work(void *data)
{
	while (scan_next(data))
		;
	return NULL;
}

/* Each process adds its hits in one go, so that a socket that it holds twice is seen by the number
 * of the process that was the last to hold it. */
static int merge_hits(struct search *search, struct fd_hits *from, bool in_threads, uint32_t *last)
{
	struct owners *owners = search->owners;

	for (size_t i = 0; i < from->count; i++) {
		struct fd_hit hit = from->items[i];
		bool is_known = last[hit.socket] == hit.process + 1 ||
				(in_threads && owners->holders[hit.socket]);
		last[hit.socket] = hit.process + 1;
		if (is_known)
			continue;
		fd_hits_add(&owners->hits, hit);
		if (owners->holders[hit.socket] < UINT8_MAX)
			owners->holders[hit.socket]++;
	}
	return from->error ? from->error : owners->hits.error;
}

/* Scans the owners from FIRST on. */
static int scan_owners(struct search *search, size_t first, bool in_threads, bool until_found)
{
	struct owners *owners = search->owners;
	struct batch batch = { .search = search,
			       .end = owners->count,
			       .in_threads = in_threads,
			       .until_found = until_found,
			       .next = first };
	struct worker self = { .batch = &batch }, other = { .batch = &batch };
	bool is_helped = false, has_tried = false;
	pthread_attr_t attributes;
	pthread_t helper;

	while (scan_next(&self)) {
		if (has_tried || atomic_load(&batch.descriptors) < SINGLE_HANDED)
			continue;
		has_tried = true;
		if (pthread_attr_init(&attributes))
			continue;
		pthread_attr_setstacksize(&attributes, STACK_SIZE);
		is_helped = !pthread_create(&helper, &attributes, work, &other);
		pthread_attr_destroy(&attributes);
	}
	if (is_helped)
		pthread_join(helper, NULL);
	/* What nobody took, because all was found, was not looked at. */
	size_t taken = atomic_load(&batch.next);
	for (; !in_threads && taken < owners->count; owners->count--) {
		pid_t pid = owners->items[owners->count - 1].pid;
		search->seen[pid / 8] &= (uint8_t) ~(1 << pid % 8);
	}
	for (size_t i = first; i < owners->count && !in_threads; i++)
		owners->hidden += owners->items[i].scan.denied;

	autofree uint32_t *last = calloc(search->set->count + 1, sizeof *last);
	int rc = last ? merge_hits(search, &self.hits, in_threads, last) : -ENOMEM;
	if (!rc)
		rc = merge_hits(search, &other.hits, in_threads, last);
	free(self.hits.items);
	free(other.hits.items);
	return rc;
}

static bool is_seen(const struct search *search, pid_t pid)
{
	size_t byte = (size_t)pid / 8;

	return byte < search->seen_size && (search->seen[byte] >> pid % 8 & 1);
}

static int see(struct search *search, pid_t pid)
{
	size_t byte = (size_t)pid / 8;

	if (byte >= search->seen_size) {
		size_t size = 2 * byte + 512;
		uint8_t *seen = realloc(search->seen, size);
		if (!seen)
			return -ENOMEM;
		memset(seen + search->seen_size, 0, size - search->seen_size);
		search->seen = seen;
		search->seen_size = size;
	}
	search->seen[byte] |= (uint8_t)(1 << pid % 8);
	return 0;
}

/* Puts a process on the list, unless it was there. */
static int add_owner(struct search *search, pid_t pid)
{
	struct owners *owners = search->owners;

	if (pid <= 0 || pid >= PID_LIMIT || is_seen(search, pid))
		return 0;
	int rc = see(search, pid);
	if (rc < 0)
		return rc;
	struct owner *items =
		array_extend(owners->items, owners->count, &owners->room, sizeof *owners->items);
	if (!items)
		return -ENOMEM;
	owners->items = items;
	struct owner *place = &owners->items[owners->count++];
	*place = (struct owner){ .pid = pid };
	return 0;
}

/* ---- where to look first ------------------------------------------------------------------ */

/* Adds the processes of a cgroup. The root of the tree is everything, and no hint. */
static int add_cgroup(struct search *search, uint64_t id)
{
	struct pid_list pids = { 0 };
	size_t low = 0, high = search->cgroup_count;

	if (!id || id == search->tree.root || search->tree.mount < 0)
		return 0;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (search->cgroups[middle] == id)
			return 0;
		if (search->cgroups[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	uint64_t *items = array_extend(search->cgroups, search->cgroup_count, &search->cgroup_room,
				       sizeof *search->cgroups);
	if (!items)
		return -ENOMEM;
	search->cgroups = items;
	memmove(&search->cgroups[low + 1], &search->cgroups[low],
		(search->cgroup_count++ - low) * sizeof id);
	search->cgroups[low] = id;

	int rc = cgroup_members(&search->tree, id, &pids) == -ENOMEM ? -ENOMEM : 0;
	for (size_t i = 0; !rc && i < pids.count; i++)
		rc = add_owner(search, pids.items[i]);
	pid_list_free(&pids);
	return rc;
}

static bool add_children_of_thread(int fd, const char *name, long number, void *data)
{
	struct search *search = data;
	char path[40], text[16384], *at = text, *word;

	(void)number;
	snprintf(path, sizeof path, "%.15s/children", name);
	if (procfs_read(fd, path, text, sizeof text) <= 0)
		return true;
	while ((word = strsep(&at, " ")) && *word)
		add_owner(search, (pid_t)procfs_number(word));
	return true;
}

/* A socket that was passed on by fork(2) is held by a parent and its children; one that was passed
 * otherwise stays in a cgroup as a rule. */
static int add_relatives(struct search *search, pid_t pid)
{
	char text[1024];
	struct process parsed = { 0 };
	char name[16];

	snprintf(name, sizeof name, "%d", pid);
	autofd int process = openat(search->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return 0;
	int rc = add_cgroup(search, cgroup_id_of(&search->tree, process));
	if (!rc && procfs_read(process, "stat", text, sizeof text) > 0 &&
	    process_parse_stat(text, &parsed) && parsed.parent > 1)
		rc = add_owner(search, parsed.parent);
	autofd int threads = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (threads >= 0)
		procfs_each_number(threads, add_children_of_thread, search);
	return rc;
}

/* Scans the relatives of the owners from FIRST on that hold something, until none is new. */
static int scan_relatives(struct search *search, size_t first)
{
	struct owners *owners = search->owners;
	int rc = 0;

	while (!rc && first < owners->count) {
		size_t end = owners->count;
		for (; !rc && first < end; first++)
			if (owners->items[first].scan.hits)
				rc = add_relatives(search, owners->items[first].pid);
		if (!rc && owners->count > end)
			rc = scan_owners(search, end, false, false);
	}
	return rc;
}

static int scan_families(struct search *search, size_t first, bool until_found)
{
	int rc = scan_owners(search, first, false, until_found);

	return rc ? rc : scan_relatives(search, first);
}

/* Few processes, so that tables of threads are looked at, too; and then their relatives, for whom
 * they share sockets with. */
static int scan_only(struct search *search, const pid_t *pids, size_t count)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++)
		rc = add_owner(search, pids[i]);
	if (!rc)
		rc = scan_owners(search, 0, false, false);
	if (!rc)
		rc = scan_owners(search, 0, true, false);
	return rc ? rc : scan_relatives(search, 0);
}

static int scan_cgroups(struct search *search)
{
	uint64_t last = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < search->set->count; i++) {
		uint64_t id = search->set->items[i].cgroup;
		if (!search->wanted[i] || id == last)
			continue;
		rc = add_cgroup(search, id);
		last = id;
	}
	return rc ? rc : scan_families(search, 0, false);
}

/* ---- all the others ----------------------------------------------------------------------- */

/* Is a socket missing for which no cgroup speaks? Then its holders may be anywhere. */
static bool is_anywhere(const struct search *search)
{
	for (size_t i = 0; i < search->set->count; i++)
		if (search->wanted[i] && !atomic_load(&search->held[i]) &&
		    (search->tree.mount < 0 || search->set->items[i].cgroup == search->tree.root ||
		     !search->set->items[i].cgroup))
			return true;
	return false;
}

static int by_descriptors(const void *a, const void *b)
{
	const struct listed_process *first = a, *second = b;

	return (first->used < second->used) - (first->used > second->used);
}

/* THREADS_TOO: also those that have no descriptors, for their threads may have. */
static int scan_others(struct search *search, bool all, bool threads_too, struct process_list *list)
{
	struct owners *owners = search->owners;
	size_t first = owners->count;
	bool complete = all || is_anywhere(search);
	int rc = list->count ? 0 : process_list_read(search->proc, NULL, 0, list);

	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	qsort(list->items, list->count, sizeof *list->items, by_descriptors);
	for (size_t i = 0; !rc && i < list->count; i++) {
		size_t count = owners->count;
		if (list->items[i].used || threads_too)
			rc = add_owner(search, list->items[i].pid);
		if (owners->count > count)
			owners->items[count].scan.denied = list->items[i].is_closed;
	}
	if (rc)
		return rc;
	return complete ? scan_owners(search, first, false, false)
			: scan_families(search, first, true);
}

/* ---- beginning and end -------------------------------------------------------------------- */

static int begin(struct search *search)
{
	size_t count = search->set->count;

	search->held = calloc(count + 1, sizeof *search->held);
	if (!search->owners->holders)
		search->owners->holders = calloc(count + 1, 1);
	if (!search->held || !search->owners->holders)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		search->held[i] = search->owners->holders[i] > 0;
		if (search->wanted[i] && !search->held[i])
			search->missing++;
	}
	int rc = 0;
	for (size_t i = 0; i < search->owners->count && !rc; i++)
		rc = see(search, search->owners->items[i].pid);
	return rc;
}

static void end(struct search *search)
{
	cgroup_tree_close(&search->tree);
	free(search->cgroups);
	free(search->seen);
	free((void *)(uintptr_t)search->held); /* the qualifier _Atomic must go */
}

int owners_find(int proc, const struct socket_set *set, const uint8_t *wanted, bool all,
		const pid_t *only, size_t only_count, struct process_list *list, struct owners *ret)
{
	struct search search = {
		.proc = proc, .set = set, .wanted = wanted, .owners = ret, .tree.mount = -1
	};

	*ret = (struct owners){ 0 };
	cgroup_tree_open(&search.tree);
	int rc = begin(&search);
	if (!rc && only) {
		rc = scan_only(&search, only, only_count);
	} else if (!rc) {
		if (!all && search.missing)
			rc = scan_cgroups(&search);
		if (!rc && (all || search.missing))
			rc = scan_others(&search, all, false, list);
	}
	end(&search);
	return rc;
}

int owners_find_rest(int proc, const struct socket_set *set, const uint8_t *wanted,
		     const pid_t *only, struct owners *owners)
{
	struct search search = {
		.proc = proc, .set = set, .wanted = wanted, .owners = owners, .tree.mount = -1
	};
	struct process_list list = { 0 };
	int rc = begin(&search);

	if (!rc && !only)
		rc = scan_others(&search, false, true, &list);
	size_t missing = search.missing;
	if (!rc && missing)
		rc = scan_owners(&search, 0, true, true);
	owners->thread_tables = missing - search.missing;
	process_list_free(&list);
	end(&search);
	return rc;
}

void owners_free(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++)
		if (owners->items[i].scan.process)
			close(owners->items[i].scan.process);
	free(owners->items);
	free(owners->hits.items);
	free(owners->holders);
	*owners = (struct owners){ 0 };
}
