// SPDX-License-Identifier: MIT
/* One process, see process.h; proc(5). Reads /proc/PID only. A process may end at any time: reads
 * through the descriptor of its directory then fail with ESRCH, and never show its successor. */
#include "process.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* ---- parsing ------------------------------------------------------------------------------ */

/* The next number behind blanks and tabs. */
static bool next_number(const char **at, uint64_t *ret)
{
	uint64_t number = 0;
	const char *p = *at + strspn(*at, " \t");

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	*at = p;
	*ret = number;
	return true;
}

#define PF_KTHREAD 0x00200000 /* of the kernel's include/linux/sched.h */

/* "1 (a name) S 0 1 ...": the name may contain anything, so the last ')' ends it. Field 3 is the
 * state, field 4 the parent, field 9 the flags, field 22 the start time. */
bool process_parse_stat(const char *text, struct process *ret)
{
	const char *at = strrchr(text, ')');
	uint64_t parent, flags;

	if (!at)
		return false;
	at++;
	for (int field = 3; field < 22; field++) {
		at += strspn(at, " ");
		const char *start = at;
		if (field == 3)
			ret->ended = *at == 'Z' || *at == 'X';
		if (field == 4) {
			if (!next_number(&start, &parent) || parent > INT_MAX)
				return false;
			ret->parent = (pid_t)parent;
		}
		if (field == 9)
			ret->of_kernel = next_number(&start, &flags) && (flags & PF_KTHREAD);
		at += strcspn(at, " ");
	}
	return next_number(&at, &ret->ticks);
}

/* What stands behind NAME at the beginning of a line. */
static const char *status_line(const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)); at++)
		if (at == text || at[-1] == '\n')
			return at + strlen(name);
	return NULL;
}

bool process_parse_status(const char *text, struct process *ret)
{
	const char *ids = status_line(text, "Uid:"), *pids = status_line(text, "NSpid:");
	uint64_t real, effective, pid;

	if (!ids || !next_number(&ids, &real) || !next_number(&ids, &effective))
		return false;
	ret->uid = (uid_t)real;
	ret->euid = (uid_t)effective;
	ret->nested = pids && next_number(&pids, &pid) && next_number(&pids, &pid);
	return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int read_at(struct pool *pool, int directory, const char *name, const char **ret_bytes,
		   size_t *ret_size)
{
	autofd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	*ret_bytes = "";
	*ret_size = 0;
	if (fd < 0)
		return -errno;
	return host_read_all(pool, fd, 0, true, ret_bytes, ret_size);
}

/* On the clock of now: how long ago it began. What the clock was set to since does not count. */
static time_t wall_time(uint64_t ticks)
{
	struct timespec now, up;
	long per_second = sysconf(_SC_CLK_TCK);

	if (clock_gettime(CLOCK_REALTIME, &now) || clock_gettime(CLOCK_BOOTTIME, &up) ||
	    per_second <= 0)
		return 0;
	double age =
		(double)up.tv_sec + (double)up.tv_nsec / 1e9 - (double)ticks / (double)per_second;
	return (time_t)((double)now.tv_sec + (double)now.tv_nsec / 1e9 - age);
}

static void read_login(struct pool *pool, int directory, struct process *ret)
{
	const char *bytes;
	size_t size;
	uint64_t uid;

	/* Absent in kernels without auditing. */
	if (read_at(pool, directory, "loginuid", &bytes, &size) < 0 || !next_number(&bytes, &uid) ||
	    uid == (uid_t)-1)
		return;
	ret->has_login = true;
	ret->login_uid = (uid_t)uid;
}

static void read_limits(struct process *process, const char *bytes, size_t size)
{
	struct login_inherited limits[RLIM_NLIMITS];

	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		limits[i] = (struct login_inherited){ .soft = LIMIT_UNLIMITED,
						      .hard = LIMIT_UNLIMITED };
	login_parse_proc_limits(bytes, size, limits);
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		process->limits[i] = (struct rlimit){ limits[i].soft, limits[i].hard };
}

static int read_name(struct pool *pool, int directory, const char *path, const char **ret_comm)
{
	const char *bytes;
	size_t size;
	int rc = read_at(pool, directory, path, &bytes, &size);

	if (rc < 0)
		return rc;
	if (size && bytes[size - 1] == '\n')
		size--;
	*ret_comm = pool_copy(pool, bytes, size);
	return 0;
}

static int read_all(struct pool *pool, int directory, struct process *ret)
{
	const char *bytes;
	size_t size;
	int rc = read_name(pool, directory, "comm", &ret->comm);

	if (rc < 0)
		return rc;
	rc = read_at(pool, directory, "stat", &bytes, &size);
	if (rc < 0)
		return rc;
	if (!process_parse_stat(bytes, ret))
		return -EBADMSG;
	ret->started = wall_time(ret->ticks);
	rc = read_at(pool, directory, "status", &bytes, &size);
	if (rc < 0)
		return rc;
	if (!process_parse_status(bytes, ret))
		return -EBADMSG;
	if (read_at(pool, directory, "cgroup", &bytes, &size) == 0)
		cgroup_parse(pool, bytes, size, &ret->cgroup);
	read_login(pool, directory, ret);
	rc = read_at(pool, directory, "limits", &bytes, &size);
	if (!rc)
		read_limits(ret, bytes, size);
	return rc;
}

int process_read(struct host *host, pid_t pid, struct process *ret, struct error *err)
{
	struct pool *pool = host_pool(host);

	*ret = (struct process){ .pid = pid };
	if (!host_is_live(host))
		return error_set(err, -EOPNOTSUPP, "process %d: a tree has no processes", pid);
	autofd int directory = host_open_directory(host, pool_printf(pool, "/proc/%d", pid));
	int rc = directory < 0 ? directory : read_all(pool, directory, ret);
	if (rc == -ENOENT || rc == -ESRCH)
		return error_set(err, -ESRCH,
				 "there is no process %d (or /proc hides it from this user)", pid);
	if (rc < 0)
		return error_set(err, rc, "/proc/%d: %s", pid, strerror(-rc));
	return 0;
}

int process_read_name(struct host *host, pid_t pid, const char **ret_comm)
{
	struct pool *pool = host_pool(host);

	if (!host_is_live(host))
		return -EOPNOTSUPP;
	return read_name(pool, AT_FDCWD, pool_printf(pool, "/proc/%d/comm", pid), ret_comm);
}
