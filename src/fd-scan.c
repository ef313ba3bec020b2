// SPDX-License-Identifier: MIT
/* The descriptors of one process, see fd-scan.h. statx() through the directory says the inode
 * without a text to be parsed, in 3.5 us; the rest of the time is getdents64(). */
#include "fd-scan.h"

#include "array.h"
#include "cleanup.h"
#include "process.h"
#include "procfs.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define KEPT_MOST 512 /* descriptors of processes */

void fd_hits_add(struct fd_hits *hits, struct fd_hit hit)
{
	struct fd_hit *items =
		array_extend(hits->items, hits->count, &hits->room, sizeof *hits->items);

	if (!items) {
		hits->error = -ENOMEM;
		return;
	}
	hits->items = items;
	hits->items[hits->count++] = hit;
}

/* The inode of the socket behind a descriptor, or 0. A file of type socket, which O_PATH opens, may
 * have any inode number, but is on another device. Where /proc is not the kernel's (a recorded
 * tree) the link leads nowhere and its text says it. */
static uint32_t socket_inode(int fd, const char *name, dev_t sockets)
{
	char target[64];
	uint64_t found;
	dev_t device;
	int rc = procfs_is_socket(fd, name, &found, &device);

	if (rc >= 0)
		return rc && (!sockets || device == sockets) ? (uint32_t)found : 0;
	ssize_t size = rc == -ENOENT ? readlinkat(fd, name, target, sizeof target - 1) : -1;
	if (size < (ssize_t)sizeof "socket:[]" || strncmp(target, "socket:[", 8) != 0 ||
	    target[size - 1] != ']')
		return 0;
	target[size - 1] = '\0';
	long inode = procfs_number(target + 8);
	return inode > 0 ? (uint32_t)inode : 0;
}

struct scan {
	const struct socket_set *set;
	struct fd_hits *hits;
	uint32_t process;
	struct fd_scan found;
	pid_t pid;
};

static bool look_at_descriptor(int fd, const char *name, long number, void *data)
{
	struct scan *scan = data;
	uint32_t inode = socket_inode(fd, name, scan->set->device);

	(void)number;
	if (!inode)
		return true;
	const struct tcp_socket *socket = socket_set_find(scan->set, inode);
	if (!socket) {
		scan->found.strangers++;
		return true;
	}
	fd_hits_add(scan->hits, (struct fd_hit){ .socket = (uint32_t)(socket - scan->set->items),
						 .process = scan->process });
	scan->found.hits++;
	return true;
}

/* What fails because a process has ended, or never had descriptors, is none. But one that we have
 * no descriptor left for was not looked at. */
static void note_error(struct scan *scan, int rc)
{
	if (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM)
		scan->hits->error = rc;
}

/* Half of what this process may have: the rest is for the work. */
static bool is_room_to_keep(int fd)
{
	struct rlimit limit;

	return fd > 0 && fd < KEPT_MOST && !getrlimit(RLIMIT_NOFILE, &limit) &&
	       (rlim_t)fd < limit.rlim_cur / 2;
}

static void look_at_table(int directory, const char *name, struct scan *scan)
{
	autofd int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : procfs_each_number(fd, look_at_descriptor, scan);

	if (rc == -EACCES || rc == -EPERM)
		scan->found.denied = true;
	else
		note_error(scan, rc);
}

static bool look_at_thread(int fd, const char *name, long number, void *data)
{
	struct scan *scan = data;
	char path[32];

	if (syscall(SYS_kcmp, scan->pid, (pid_t)number, KCMP_FILES, 0UL, 0UL) == 0)
		return true; /* the common table */
	snprintf(path, sizeof path, "%.15s/fd", name);
	look_at_table(fd, path, scan);
	return true;
}

struct fd_scan fd_scan_process(int proc, pid_t pid, bool in_threads, const struct socket_set *set,
			       uint32_t process, struct fd_hits *hits)
{
	struct scan scan = { .set = set, .hits = hits, .process = process, .pid = pid };
	char name[16];

	snprintf(name, sizeof name, "%d", pid);
	autofd int directory = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		note_error(&scan, -errno);
		return scan.found;
	}
	if (in_threads) {
		autofd int threads = openat(directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		note_error(&scan, threads < 0 ? -errno
					      : procfs_each_number(threads, look_at_thread, &scan));
	} else {
		look_at_table(directory, "fd", &scan);
	}
	if (scan.found.hits) {
		scan.found.ticks = process_ticks(directory);
		if (is_room_to_keep(directory)) {
			scan.found.process = directory;
			directory = -1;
		}
	}
	return scan.found;
}
