// SPDX-License-Identifier: MIT
/* In words what forbids relief, see relief-why.h. The kernel says EPERM for most of it; what is
 * read here is what may be behind that. */
#include "relief-why.h"

#include "error.h"
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &header, data) ||
	       (data[capability / 32].effective & (1u << capability % 32));
}

/* A number in a file of /proc, -1: none. */
static long read_number(const char *path)
{
	char text[64];
	ssize_t size = procfs_read(AT_FDCWD, path, text, sizeof text);

	if (size <= 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	return procfs_number(text);
}

/* This process is under a filter of system calls. */
static bool is_filtered(void)
{
	char text[4096];
	const char *line;

	return procfs_read(AT_FDCWD, "/proc/self/status", text, sizeof text) > 0 &&
	       (line = strstr(text, "\nSeccomp:")) && strchr(line + 1, '\t')[1] == '2';
}

int relief_refuse_sockets(pid_t pid, int rc, struct error *err)
{
	long yama = read_number("/proc/sys/kernel/yama/ptrace_scope");

	if (rc == -ENOSYS)
		return error_set(err, rc,
				 "the sockets of process %d cannot be reached: %s has no "
				 "pidfd_getfd(2)",
				 pid,
				 is_filtered() ? "the filter of system calls (seccomp) that this "
						 "program runs under, or the kernel (before 5.6),"
					       : "this kernel (before 5.6)");
	if (rc != -EPERM && rc != -EACCES)
		return error_set(err, rc, "the sockets of process %d cannot be reached: %s", pid,
				 strerror(-rc));
	if (yama == 3)
		return error_set(err, rc,
				 "the sockets of process %d cannot be reached: "
				 "kernel.yama.ptrace_scope is 3, which forbids it to everybody",
				 pid);
	if (!has_capability(CAP_SYS_PTRACE))
		return error_set(
			err, rc, "the sockets of process %d cannot be reached: %s", pid,
			geteuid() == 0 ? "root has no CAP_SYS_PTRACE here (a container?): run "
					 "this outside, or give it to the container"
			: yama > 0     ? "kernel.yama.ptrace_scope (Yama) wants CAP_SYS_PTRACE: "
					 "run this as root"
				       : "it is another user's, or protected as set-user-ID "
					 "programs are: run this as root");
	return error_set(err, rc, "the sockets of process %d cannot be reached: %s", pid,
			 is_filtered() ? "a filter of system calls (seccomp) forbids "
					 "pidfd_getfd(2) to this program"
				       : "a security module forbids it, or the process is of "
					 "another user namespace");
}

int relief_refuse_process(pid_t pid, int rc, struct error *err)
{
	if (rc == -EINVAL)
		return error_set(err, rc, "%d is a thread, not a process", pid);
	if (rc == -EXDEV)
		return error_set(err, rc,
				 "process %d is not in /proc as this program sees it: /proc is "
				 "not mounted, hides it (hidepid), or is of another pid namespace",
				 pid);
	if (rc == -EPERM && is_filtered())
		return error_set(err, rc,
				 "process %d cannot be held: a filter of system calls (seccomp) "
				 "forbids pidfd_open(2) to this program",
				 pid);
	if (rc == -ESRCH)
		return error_set(err, rc, "there is no process %d", pid);
	if (rc == -ENOSYS)
		return error_set(err, rc, "process %d cannot be held: %s has no pidfd_open(2)", pid,
				 is_filtered()
					 ? "a filter of system calls (seccomp), or the kernel "
					   "(before 5.3),"
					 : "this kernel (before 5.3)");
	return error_set(err, rc, "process %d: %s", pid, strerror(-rc));
}

/* prlimit(2) says EPERM and not more. */
const char *relief_why_no_limit(void)
{
	if (!has_capability(CAP_SYS_RESOURCE))
		return geteuid() == 0 ? "it is another user's, and root has no CAP_SYS_RESOURCE "
					"here (a container?): run this outside, or give it to the "
					"container"
				      : "it is another user's: run this as root";
	return is_filtered()
		       ? "a filter of system calls (seccomp) forbids prlimit(2) to this program"
		       : "a security module forbids it, or the process is of another user "
			 "namespace";
}

bool relief_may_raise(void)
{
	return has_capability(CAP_SYS_RESOURCE);
}

long relief_nr_open(void)
{
	return read_number("/proc/sys/fs/nr_open");
}
