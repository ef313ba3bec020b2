// SPDX-License-Identifier: MIT
/* May a file be replaced where it stands? A regular file of root, in directories that only root can
 * write, on a file system that takes writes, not nailed down by attributes or mounts. */
#include "guard.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000
#endif

static int refuse(struct error *err, int code, const char *path, const char *why)
{
	return error_set(err, code, "%.600s %s: not replaced", path, why);
}

/* What chattr(1) and mount(8) make of FD. */
static int check_attributes(int fd, const char *path, bool is_file, struct error *err)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st))
		return 0; /* a kernel without: the executor will see */
	if (st.stx_attributes & STATX_ATTR_IMMUTABLE)
		return refuse(err, -EPERM, path, "is immutable (chattr -i)");
	if (st.stx_attributes & STATX_ATTR_APPEND)
		return refuse(err, -EPERM, path, "can only be appended to (chattr -a)");
	if (is_file && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return refuse(err, -EBUSY, path, "is a mount point");
	return 0;
}

static int check_directory(struct host *host, const char *path, struct error *err)
{
	struct statvfs fs;
	struct stat st;
	autofd int fd = host_open_directory(host, path);

	if (fd < 0)
		return error_set(err, fd, "%s: %s", path, strerror(-fd));
	if (!fstatvfs(fd, &fs) && (fs.f_flag & ST_RDONLY))
		return error_set(err, -EROFS, "%s is on a read-only file system", path);
	/* Who can write there could put a link in the place of what root writes. */
	if (host_is_live(host) && !fstat(fd, &st) &&
	    (st.st_uid != 0 || (st.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH))
		return error_set(err, -EPERM, "others than root can write in %s: nothing put there",
				 path);
	return check_attributes(fd, path, false, err);
}

/* Every directory on the way exists as one, or not at all: then it will be made in the last that
 * does. */
static int check_parents(struct host *host, const char *path, struct error *err)
{
	struct pool *pool = host_pool(host);
	const char *last = "/";

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *directory = pool_copy(pool, path, (size_t)(slash - path));
		const struct file *file = host_file(host, directory);
		if (file->state == FILE_ABSENT)
			break;
		if (file->state != FILE_DIRECTORY)
			return error_set(err, -ENOTDIR, "%s is %s, not a directory", directory,
					 file->state == FILE_DANGLING  ? "a link to nothing"
					 : file->state == FILE_PRESENT ? "a file"
					 : file->error                 ? strerror(-file->error)
								       : "something else");
		last = directory;
	}
	return check_directory(host, last, err);
}

static int check_file(struct host *host, const char *path, struct error *err)
{
	struct stat st;
	const char *target = host_link(host, path);

	if (target)
		return error_set(err, -ELOOP,
				 "%s is a symbolic link to %s: not replaced; remove the link first",
				 path, target);
	int rc = check_parents(host, path, err);
	if (rc < 0)
		return rc;
	rc = host_stat(host, path, &st);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc < 0)
		return error_set(err, rc, "%s: %s", path, strerror(-rc));
	if (S_ISDIR(st.st_mode))
		return refuse(err, -EISDIR, path, "is a directory");
	if (!S_ISREG(st.st_mode))
		return refuse(err, -EINVAL, path,
			      S_ISFIFO(st.st_mode)   ? "is a pipe"
			      : S_ISSOCK(st.st_mode) ? "is a socket"
						     : "is a device");
	if (host_is_live(host) && st.st_uid != 0)
		return error_set(err, -EPERM, "%s belongs to uid %u, not to root: not replaced",
				 path, st.st_uid);
	autofd int fd = host_open_file(host, path, &st);
	return fd < 0 ? 0 : check_attributes(fd, path, true, err);
}

int guard_target(struct host *host, const struct change *change, struct error *err)
{
	struct image now;
	int rc = change->kind == CHANGE_FILE ? check_file(host, change->path, err) : 0;

	if (rc < 0)
		return rc;
	rc = host_image(host, change->path, &now); /* can it be read, so that it can be restored? */
	return rc < 0 ? error_set(err, rc, "%s: %s", change->path, strerror(-rc)) : 0;
}
