// SPDX-License-Identifier: MIT
/* Dead sockets, see dead-sockets.h. The only trace they leave outside the process is that the
 * kernel has allocated more TCP sockets than its tables hold. */
#include "dead-sockets.h"

#include "cleanup.h"
#include "host.h"
#include "netns.h"
#include "pidfd.h"
#include "proc-net.h"
#include "procfs.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WORTH 1000          /* descriptors that may be looked at for each suspected socket */
#define WORTH_BLINDLY 10000 /* in all, where the suspects may be those of others; 35 ms */
#define INITIAL_PID_NAMESPACE "pid:[4026531836]" /* PROC_PID_INIT_INO of the kernel */

static bool read_counters(const char *directory, struct sockstat *ret)
{
	char path[64], text[2048];

	*ret = (struct sockstat){ 0 };
	snprintf(path, sizeof path, "%s/sockstat", directory);
	if (procfs_read(AT_FDCWD, path, text, sizeof text) < 0 ||
	    !proc_net_parse_sockstat(text, ret))
		return false;
	snprintf(path, sizeof path, "%s/sockstat6", directory);
	if (procfs_read(AT_FDCWD, path, text, sizeof text) >= 0)
		proc_net_parse_sockstat6(text, ret);
	return true;
}

/* The kernel counts the sockets of all containers; from inside one only its own tables are seen. */
static bool sees_all_processes(void)
{
	char target[32] = "";

	return readlink("/proc/self/ns/pid", target, sizeof target - 1) > 0 &&
	       !strcmp(target, INITIAL_PID_NAMESPACE);
}

uint64_t dead_sockets_estimate(struct host *host, uint64_t descriptors, uint64_t orphans,
			       bool *ret_worthwhile)
{
	struct sockstat own, other;
	struct netns *items;
	size_t count, hidden;

	*ret_worthwhile = false;
	if (!read_counters("/proc/net", &own) || own.allocated <= own.inuse + own.inuse6)
		return 0;
	uint64_t estimate = own.allocated - own.inuse - own.inuse6;
	uint64_t elsewhere = own.orphans > orphans ? own.orphans - orphans : 0;
	estimate -= elsewhere < estimate ? elsewhere : estimate;
	if (estimate * WORTH < descriptors ||
	    (descriptors > WORTH_BLINDLY && !sees_all_processes()))
		return 0; /* sockets of other namespaces may be among them */
	netns_list(host, &items, &count, &hidden);
	if (hidden)
		return 0;
	for (size_t i = 1; i < count; i++) { /* the first is our own */
		char directory[48];
		snprintf(directory, sizeof directory, "/proc/%d/net", items[i].pid);
		if (!items[i].pid || !read_counters(directory, &other))
			continue;
		uint64_t inuse = other.inuse + other.inuse6;
		estimate -= inuse < estimate ? inuse : estimate;
	}
	*ret_worthwhile = estimate * WORTH >= descriptors && estimate > 0;
	return estimate;
}

/* ---- one process -------------------------------------------------------------------------- */

struct look {
	const struct socket_set *set;
	int pidfd;
	uint32_t dead;
};

static bool is_tcp(int directory, const char *name)
{
	char path[64], protocol[16] = "";

	snprintf(path, sizeof path, "/proc/self/fd/%d/%.15s", directory, name);
	ssize_t size = getxattr(path, "system.sockprotoname", protocol, sizeof protocol - 1);
	return size >= 3 && (!strcmp(protocol, "TCP") || !strcmp(protocol, "TCPv6"));
}

/* It was connected once, for something came in, and is not any more. The copy of the descriptor is
 * closed at once: as long as it is there, a close() of the program would send nothing. */
static bool is_dead(int pidfd, long number, ino_t inode)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof info;
	struct stat st;
	autofd int fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)number, 0U);

	return fd >= 0 && !fstat(fd, &st) && st.st_ino == inode &&
	       !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) &&
	       size >= offsetof(struct tcp_info, tcpi_segs_in) + sizeof info.tcpi_segs_in &&
	       info.tcpi_state == TCP_STATE_CLOSE && info.tcpi_segs_in > 0;
}

static bool look_at(int fd, const char *name, long number, void *data)
{
	struct look *look = data;
	uint64_t inode;

	if (procfs_is_socket(fd, name, &inode, NULL) > 0 &&
	    !socket_set_find(look->set, (uint32_t)inode) && is_tcp(fd, name))
		look->dead += is_dead(look->pidfd, number, inode);
	return true;
}

uint32_t dead_sockets_of(int proc, pid_t pid, const struct socket_set *set)
{
	char path[24];

	snprintf(path, sizeof path, "%d/fd", pid);
	autofd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	autofd int table = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct look look = { .set = set, .pidfd = pidfd };

	if (pidfd >= 0 && table >= 0)
		procfs_each_number(table, look_at, &look);
	return look.dead;
}
