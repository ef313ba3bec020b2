// SPDX-License-Identifier: MIT
/* Holding on to a process, see live-process.h. */
#include "live-process.h"

#include "cleanup.h"
#include "fd-scan.h"
#include "sockets.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* ---- the process ---------------------------------------------------------------------------- */

bool live_process_has_ended(const struct live_process *process)
{
	struct pollfd end = { .fd = process->pidfd, .events = POLLIN };

	return poll(&end, 1, 0) != 0;
}

/* The pid was nobody else's between the two opens if the first one is still alive after them. */
int live_process_open(pid_t pid, uint64_t ticks, struct live_process *ret)
{
	char path[32];

	*ret = (struct live_process){ .place.pid = pid, .pidfd = -1, .directory = -1 };
	ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	if (ret->pidfd < 0)
		return errno == ENOENT ? -EINVAL : -errno; /* since 6.9 of a thread */
	snprintf(path, sizeof path, "/proc/%d", pid);
	ret->directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->directory < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ret->place.ticks = fd_scan_ticks(ret->directory);
	if (!ret->place.ticks || live_process_has_ended(ret) ||
	    (ticks && ret->place.ticks != ticks))
		return -ESRCH;
	return 0;
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
	ret->soft = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	ret->hard = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : limit.rlim_max;
	return 0;
}

/* ---- its sockets ---------------------------------------------------------------------------- */

struct walk {
	const struct live_process *process;
	live_socket_function *each;
	void *data;
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

static bool read_socket(int fd, struct live_socket *ret)
{
	uint32_t protocol, domain, on;
	struct tcp_info info = { 0 };
	socklen_t size = offsetof(struct tcp_info, tcpi_ca_state), length = sizeof ret->cookie;

	if (!get_number(fd, SOL_SOCKET, SO_PROTOCOL, &protocol) || protocol != IPPROTO_TCP ||
	    !get_number(fd, SOL_SOCKET, SO_DOMAIN, &domain) ||
	    (domain != AF_INET && domain != AF_INET6) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ||
	    info.tcpi_state == TCP_STATE_CLOSE)
		return false;
	ret->is_listener = info.tcpi_state == TCP_STATE_LISTEN;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &ret->cookie, &length) || !ret->cookie ||
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
	struct stat st, copied;

	if (fstatat(directory, name, &st, 0)) {
		walk->rc = errno == EACCES || errno == EPERM ? -EPERM : 0;
		return !walk->rc;
	}
	if (!S_ISSOCK(st.st_mode))
		return true;
	autofd int fd = (int)syscall(SYS_pidfd_getfd, walk->process->pidfd, (int)number, 0U);
	if (fd < 0) {
		/* Closed meanwhile; anything else will not be better with the next one. */
		walk->rc = errno == EBADF ? 0 : -errno;
		return !walk->rc;
	}
	/* The number may be another socket's by now: what is read is read of the copy. */
	if (!fstat(fd, &copied) && S_ISSOCK(copied.st_mode) && read_socket(fd, &found))
		walk->rc = walk->each(fd, &found, walk->data);
	return !walk->rc;
}

int live_process_sockets(const struct live_process *process, live_socket_function *each, void *data)
{
	struct walk walk = { .process = process, .each = each, .data = data };
	autofd int table = openat(process->directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = table < 0 ? (errno == ENOENT ? -ESRCH : -errno)
			   : fd_scan_numbers(table, look_at, &walk);

	if (rc == -ENOENT)
		rc = -ESRCH;
	return rc ? rc : walk.rc;
}
