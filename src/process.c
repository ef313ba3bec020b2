// SPDX-License-Identifier: MIT
/* One process, see process.h; proc(5). Reads /proc/PID only. A process may end at any time: reads
 * through the descriptor of its directory then fail with ESRCH, and never show its successor. */
#include "process.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "procfs.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* ---- what process 1 may do ---------------------------------------------------------------- */

/* "CapBnd:	000001ffffffffff", bit 24 is CAP_SYS_RESOURCE (linux/capability.h). */
static bool lacks_sys_resource(struct host *host)
{
	const struct file *file = host_kernel(host, "/proc/1/status");
	const char *line = file->state == FILE_PRESENT ? strstr(file->bytes, "\nCapBnd:") : NULL;

	uint64_t set = 0;

	if (!line)
		return false;
	line += strlen("\nCapBnd:");
	while (isblank((unsigned char)*line))
		line++;
	for (; isxdigit((unsigned char)*line); line++) {
		int digit = isdigit((unsigned char)*line)
				    ? *line - '0'
				    : tolower((unsigned char)*line) - 'a' + 10;
		set = set << 4 | (uint64_t)digit;
	}
	return !(set & UINT64_C(1) << 24);
}

/* The capability counts in the first user namespace only, which maps all ids to themselves:
 * sys_prlimit64() of the kernel. */
static bool is_of_namespace(struct host *host)
{
	static const char first[] = "0 0 4294967295";
	const struct file *file = host_kernel(host, "/proc/1/uid_map");

	return file->state == FILE_PRESENT && file->size &&
	       !tokens_equal(file->bytes, file->size, first, strlen(first));
}

bool process_first_is_bounded(struct host *host)
{
	return lacks_sys_resource(host) || is_of_namespace(host);
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
	if (read_at(pool, directory, "loginuid", &bytes, &size) < 0 ||
	    !parse_decimal(bytes, UINT32_MAX, &uid) || uid == (uid_t)-1)
		return;
	ret->has_login = true;
	ret->login_uid = (uid_t)uid;
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
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret->limits[i] = (struct rlimit){ LIMIT_UNLIMITED, RLIM_INFINITY };
	if (!rc)
		process_parse_limits(bytes, size, ret->limits);
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

uint64_t process_ticks(int process)
{
	char text[1024];
	struct process parsed = { 0 };

	if (procfs_read(process, "stat", text, sizeof text) < 0 ||
	    !process_parse_stat(text, &parsed))
		return 0;
	return parsed.ticks;
}
