// SPDX-License-Identifier: MIT
/* Processes and their use of descriptors, see process-list.h. */
#include "process-list.h"

#include "array.h"
#include "cleanup.h"
#include "process.h"
#include "procfs.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Without these capabilities the mode of /proc/PID/fd, 0500, decides. */
static bool is_bound_by_modes(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, data) &&
	       !(data[0].effective & (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH));
}

/* Does the kernel count descriptors? This process has at least one. */
static void learn(int proc, struct process_list *list)
{
	struct statfs fs;
	struct stat st;
	char self[16] = "";
	ssize_t size = readlinkat(proc, "self", self, sizeof self - 1);

	list->is_kernel = !fstatfs(proc, &fs) && fs.f_type == PROC_SUPER_MAGIC && size > 0 &&
			  procfs_number(self) == getpid();
	list->euid = geteuid();
	list->is_bound = list->is_kernel && is_bound_by_modes();
	/* The first process is always there; hidepid= shows only those that may be traced. */
	list->hides = list->is_kernel && fstatat(proc, "1", &st, 0) && errno == ENOENT;
	list->has_counts = list->is_kernel && !fstatat(proc, "self/fd", &st, 0) && st.st_size > 0;
}

static bool count_one(int fd, const char *name, long number, void *data)
{
	uint32_t *count = data;

	(void)fd, (void)name, (void)number;
	++*count;
	return true;
}

static uint32_t count_descriptors(int proc, const char *path, bool has_counts, bool *gone,
				  uid_t *owner)
{
	struct stat st;
	uint32_t count = 0;

	if (has_counts) {
		if (fstatat(proc, path, &st, 0)) {
			*gone = errno == ENOENT || errno == ESRCH;
			return FDS_UNKNOWN;
		}
		*owner = st.st_uid;
		return (uint32_t)st.st_size;
	}
	autofd int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : procfs_each_number(fd, count_one, &count);
	*gone = rc == -ENOENT || rc == -ESRCH;
	return rc ? FDS_UNKNOWN : count;
}

struct most {
	const struct process_list *list;
	uint32_t used;
};

static bool take_most(int fd, const char *name, long number, void *data)
{
	struct most *most = data;
	char path[24];
	bool gone;
	uid_t owner;

	(void)number;
	snprintf(path, sizeof path, "%.15s/fd", name);
	uint32_t used = count_descriptors(fd, path, most->list->has_counts, &gone, &owner);
	if (used != FDS_UNKNOWN && used > most->used)
		most->used = used;
	return true;
}

/* A process whose first thread has ended shows no descriptors; its other threads have them. */
static uint32_t count_by_threads(int proc, const char *name, const struct process_list *list)
{
	struct most most = { .list = list };
	char path[24];

	snprintf(path, sizeof path, "%.15s/task", name);
	autofd int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		procfs_each_number(fd, take_most, &most);
	return most.used;
}

static bool add_process(int proc, const char *name, long number, void *data)
{
	struct process_list *list = data;
	char path[24];
	bool gone = false;
	uid_t owner = list->euid;

	snprintf(path, sizeof path, "%.15s/fd", name);
	uint32_t used = count_descriptors(proc, path, list->has_counts, &gone, &owner);
	if (gone)
		return true;
	if (!used && list->is_few)
		used = count_by_threads(proc, name, list);
	struct listed_process *items =
		array_extend(list->items, list->count, &list->room, sizeof *list->items);
	list->failed = !items;
	if (!items)
		return false;
	list->items = items;
	list->items[list->count++] = (struct listed_process){
		.pid = (pid_t)number,
		.used = used,
		.is_closed = list->is_bound && owner != list->euid,
	};
	return true;
}

int process_list_read(int proc, const pid_t *only, size_t only_count, struct process_list *ret)
{
	*ret = (struct process_list){ 0 };
	learn(proc, ret);
	if (!only) {
		autofd int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int rc = fd < 0 ? -errno : procfs_each_number(fd, add_process, ret);
		return rc ? rc : ret->failed ? -ENOMEM : 0;
	}
	ret->is_few = true;
	for (size_t i = 0; i < only_count; i++) {
		char name[16];
		snprintf(name, sizeof name, "%d", only[i]);
		add_process(proc, name, only[i], ret);
	}
	return ret->failed ? -ENOMEM : 0;
}

size_t process_list_unknown(const struct process_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i].used == FDS_UNKNOWN;
	return count;
}

/* One read has it all: the kernel makes the text in one piece, and it is shorter than a page. */
static void read_limits(int proc, struct listed_process *process)
{
	static const char label[] = "Max open files";
	char path[32], text[2048];
	struct rlimit limits[RLIM_NLIMITS] = { 0 };

	snprintf(path, sizeof path, "%d/limits", process->pid);
	autofd int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (size <= 0)
		return;
	text[size] = '\0';
	const char *line = strstr(text, label);
	if (!line)
		return;
	process_parse_limits(line, strcspn(line, "\n"), limits);
	process->soft = limits[RLIMIT_NOFILE].rlim_cur;
	process->hard = limits[RLIMIT_NOFILE].rlim_max;
}

/* prlimit(2) takes a twentieth of the time to read /proc/PID/limits, but answers only for processes
 * of the same user, or with CAP_SYS_RESOURCE. */
void process_list_read_limits(int proc, struct process_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct listed_process *process = &list->items[i];
		struct rlimit limit;
		if (!process->used)
			continue; /* the kernel's own, or a zombie */
		if (list->is_kernel && !process->is_closed &&
		    !prlimit(process->pid, RLIMIT_NOFILE, NULL, &limit)) {
			process->soft = limit.rlim_cur;
			process->hard = limit.rlim_max;
		} else {
			read_limits(proc, process);
		}
	}
}

void process_list_read_names(int proc, struct process_list *list, size_t count)
{
	for (size_t i = 0; i < count && i < list->count; i++) {
		struct listed_process *process = &list->items[i];
		char path[24], text[32];
		snprintf(path, sizeof path, "%d/comm", process->pid);
		ssize_t size = procfs_read(proc, path, text, sizeof text);
		if (size > 0 && text[size - 1] == '\n')
			size--;
		if (size > 0 && (size_t)size < sizeof process->comm)
			memcpy(process->comm, text, (size_t)size);
	}
}

int pid_by_number(const void *a, const void *b)
{
	const pid_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

void process_list_free(struct process_list *list)
{
	free(list->items);
	*list = (struct process_list){ 0 };
}

double process_list_share(const struct listed_process *process)
{
	if (process->used == FDS_UNKNOWN || process->soft == LIMIT_UNLIMITED ||
	    (!process->soft && !process->hard))
		return -1;
	return process->soft ? (double)process->used / (double)process->soft : 1;
}

int process_list_by_share(const void *a, const void *b)
{
	double first = process_list_share(a), second = process_list_share(b);

	return (first < second) - (first > second);
}
