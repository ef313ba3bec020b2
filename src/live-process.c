// SPDX-License-Identifier: MIT
/* Holding on to a process, see live-process.h. */
#include "live-process.h"

#include "cleanup.h"
#include "pidfd.h"
#include "process.h"
#include "procfs.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define PIDFD_THREAD ((unsigned)O_EXCL) /* since 6.9 */

/* ---- the process ---------------------------------------------------------------------------- */

bool live_process_has_ended(const struct live_process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

	return poll(&end, 1, 0) != 0;
}

/* Is PID, as /proc counts, the process of PIDFD? With a /proc of another pid namespace it is not.
 */
static bool is_shown_as(int pidfd, pid_t pid)
{
	char path[48], text[512];
	const char *line;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	if (procfs_read(AT_FDCWD, path, text, sizeof text) <= 0 ||
	    !(line = strstr(text, "\nPid:\t")))
		return false;
	line += strlen("\nPid:\t");
	snprintf(path, sizeof path, "%d\n", pid);
	return !strncmp(line, path, strlen(path));
}

/* The pid was nobody else's between the two opens if the first one is still alive after them. */
int live_process_open(pid_t pid, uint64_t ticks, struct live_process *ret)
{
	char path[32];

	*ret = (struct live_process){ .place.pid = pid, .pidfd = -1, .directory = -1 };
	ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	if (ret->pidfd < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* since 6.9 of a thread */
	if (live_process_has_ended(ret))
		return -ESRCH;
	bool is_shown = is_shown_as(ret->pidfd, pid);
	snprintf(path, sizeof path, "/proc/%d", pid);
	ret->directory = is_shown ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (is_shown && ret->directory < 0 && errno != ENOENT)
		return -errno;
	if (ret->directory >= 0)
		ret->place.ticks = process_ticks(ret->directory);
	if (live_process_has_ended(ret))
		return -ESRCH;
	if (!ret->place.ticks)
		return -EXDEV;
	return ticks && ret->place.ticks != ticks ? -ESRCH : 0;
}

void live_process_close(struct live_process *process)
{
	if (process->pidfd >= 0)
		close(process->pidfd);
	if (process->directory >= 0)
		close(process->directory);
	process->pidfd = process->directory = -1;
}

int live_process_nofile(const struct live_process *process, struct nofile *ret)
{
	struct rlimit limit;

	if (prlimit(process->place.pid, RLIMIT_NOFILE, NULL, &limit))
		return -errno;
	if (live_process_has_ended(process))
		return -ESRCH;
	ret->soft = limit.rlim_cur == RLIM_INFINITY ? LIMIT_UNLIMITED : limit.rlim_cur;
	ret->hard = limit.rlim_max == RLIM_INFINITY ? LIMIT_UNLIMITED : limit.rlim_max;
	return 0;
}

/* ---- its sockets ---------------------------------------------------------------------------- */

struct walk {
	const struct live_process *process;
	live_socket_function *each;
	void *data;
	int pidfd;  /* of the process, or of one of its threads */
	pid_t last; /* the last thread with a table of its own; 0: none yet */
	size_t unreached;
	int rc;
};

static bool get_number(int fd, int level, int option, uint32_t *ret)
{
	int number = 0;
	socklen_t size = sizeof number;

	if (getsockopt(fd, level, option, &number, &size) || number < 0)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* An MPTCP socket may have the cookie of its listener: the kernel copies it on accept(). */
static bool read_identity(int fd, bool is_mptcp, const struct stat *st, uint64_t *ret)
{
	socklen_t size = sizeof *ret;

	if (is_mptcp)
		*ret = SOCKET_BY_INODE | (uint64_t)st->st_ino;
	else if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, ret, &size))
		return false;
	return *ret != 0;
}

static bool read_socket(int fd, const struct stat *st, struct live_socket *ret)
{
	uint32_t protocol, domain, on;
	struct tcp_info info = { 0 };
	socklen_t size = sizeof info;

	*ret = (struct live_socket){ 0 };
	if (!get_number(fd, SOL_SOCKET, SO_PROTOCOL, &protocol) ||
	    (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP) ||
	    !get_number(fd, SOL_SOCKET, SO_DOMAIN, &domain) ||
	    (domain != AF_INET && domain != AF_INET6) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) || info.tcpi_state == TCP_CLOSE)
		return false;
	ret->is_listener = info.tcpi_state == TCP_LISTEN;
	if (ret->is_listener)
		ret->waiting = info.tcpi_unacked;
	if (!read_identity(fd, protocol == IPPROTO_MPTCP, st, &ret->cookie) ||
	    !get_number(fd, SOL_SOCKET, SO_KEEPALIVE, &on))
		return false;
	ret->keepalive.on = on != 0;
	return get_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, &ret->keepalive.time) &&
	       get_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, &ret->keepalive.intvl) &&
	       get_number(fd, IPPROTO_TCP, TCP_KEEPCNT, &ret->keepalive.probes);
}

static bool look_at(int directory, const char *name, long number, void *data)
{
	struct walk *walk = data;
	struct live_socket found;
	struct stat copied;
	uint64_t inode;
	int is_socket = procfs_is_socket(directory, name, &inode, NULL);

	if (is_socket < 0)
		walk->rc = is_socket == -EACCES || is_socket == -EPERM ? -EPERM : 0;
	if (is_socket <= 0)
		return !walk->rc;
	autofd int fd = (int)syscall(SYS_pidfd_getfd, walk->pidfd, (int)number, 0U);
	if (fd < 0) {
		/* Closed meanwhile; anything else will not be better with the next one. */
		walk->rc = errno == EBADF ? 0 : -errno;
		return !walk->rc;
	}
	/* The number may be another socket's by now: what is read is read of the copy. */
	if (!fstat(fd, &copied) && S_ISSOCK(copied.st_mode) && read_socket(fd, &copied, &found))
		walk->rc = walk->each(fd, &found, walk->data);
	return !walk->rc;
}

static int look_at_table(struct walk *walk, int pidfd, const char *path)
{
	autofd int table =
		openat(walk->process->directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (table < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	walk->pidfd = pidfd;
	int rc = procfs_each_number(table, look_at, walk);
	if (rc)
		return rc == -ENOENT ? -ESRCH : rc;
	return walk->rc;
}

static bool have_same_table(pid_t first, pid_t second)
{
	/* What the kernel cannot tell apart is taken for the common one. */
	return syscall(SYS_kcmp, first, second, KCMP_FILES, 0UL, 0UL) <= 0;
}

/* A table that a thread has for itself: unshare(CLONE_FILES), or the thread that began the process
 * has ended, and its table with it. While the pidfd lives the number is that thread's; if it was
 * not one of the process then, its path was not there behind it. */
static bool look_at_thread(int fd, const char *name, long number, void *data)
{
	struct walk *walk = data;
	pid_t pid = walk->process->place.pid, thread = (pid_t)number;
	char path[40];

	(void)fd;
	if (thread == pid || have_same_table(pid, thread) ||
	    (walk->last && have_same_table(walk->last, thread)))
		return true;
	walk->last = thread;
	autofd int pidfd = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD);
	if (pidfd < 0) {
		walk->unreached += errno == EINVAL;
		return true;
	}
	snprintf(path, sizeof path, "task/%.15s/fd", name);
	int rc = look_at_table(walk, pidfd, path);
	walk->rc = rc == -ESRCH ? 0 : rc; /* the thread has ended */
	return !walk->rc;
}

int live_process_sockets(const struct live_process *process, live_socket_function *each, void *data,
			 size_t *ret_unreached)
{
	struct walk walk = { .process = process, .each = each, .data = data };
	int rc = look_at_table(&walk, process->pidfd, "fd");

	if (!rc) {
		autofd int threads =
			openat(process->directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = threads < 0 ? -errno : procfs_each_number(threads, look_at_thread, &walk);
		if (rc == -ENOENT)
			rc = -ESRCH;
	}
	*ret_unreached = walk.unreached;
	return rc ? rc : walk.rc;
}
