// SPDX-License-Identifier: MIT
/* Everything that writes, see store.h. Each function does one thing to one place, fsyncs it, and
 * says whether that worked; what to do then is apply.c's business. Names and images come from the
 * plan and the journal, allocated and checked before. */
#include "store.h"

#include "cleanup.h"
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (!written)
			return -EIO;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

/* Splits PATH; the directory part goes to DIRECTORY. */
static int split(const char *path, char directory[PATH_MAX], const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	if (!slash || !slash[1] || size >= PATH_MAX)
		return -EINVAL;
	memcpy(directory, size ? path : "/", size ? size : 1);
	directory[size ? size : 1] = '\0';
	*ret_name = slash + 1;
	return 0;
}

static int open_parent(const struct host *host, const char *path, const char **ret_name)
{
	char directory[PATH_MAX];
	int rc = split(path, directory, ret_name);

	return rc < 0 ? rc : host_open_directory(host, directory);
}

int store_put_sysctl(const struct host *host, const char *path, const char *bytes, size_t size)
{
	char line[4096];

	if (!host_is_live(host))
		return -EROFS;
	if (size >= sizeof line)
		return -E2BIG;
	memcpy(line, bytes, size);
	line[size] = '\n';

	/* O_TRUNC does nothing to a kernel value, and makes a plain file that stands for one (in
	 * tests and containers) hold the new value only. */
	autofd int fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t written = write(fd, line, size + 1);
	if (written < 0)
		return -errno;
	return (size_t)written == size + 1 ? 0 : -EINVAL;
}

static int set_attributes(int fd, const struct image *image)
{
	if (fchown(fd, image->uid, image->gid)) {
		struct stat st;
		/* In a tree that an ordinary user owns: fine when nothing had to change. */
		if (fstat(fd, &st) || st.st_uid != image->uid || st.st_gid != image->gid)
			return -EPERM;
	}
	/* A default ACL of the directory has given the new file one of its own. */
	if (fremovexattr(fd, "system.posix_acl_access") && errno != ENODATA && errno != ENOTSUP)
		return -errno;
	if (fchmod(fd, image->mode))
		return -errno;
	for (size_t i = 0; i < image->xattr_count; i++) {
		const struct xattr *xattr = &image->xattrs[i];
		if (fsetxattr(fd, xattr->name, xattr->bytes, xattr->size, 0))
			return -errno;
	}
	return 0;
}

static int write_temporary(int directory, const char *name, const struct image *image)
{
	autofd int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	int rc = write_all(fd, image->bytes, image->size);
	if (!rc)
		rc = set_attributes(fd, image);
	if (!rc && fsync(fd))
		rc = -errno;
	int closing = fd;
	fd = -1;
	if (close(closing) && !rc)
		rc = -errno;
	return rc;
}

/* The temporary name is fixed, so that what a crash left is found and removed by the next try; it
 * does not end in ".conf", because a dangling or half-written *.conf in limits.d ends every login.
 */
static int temporary_name(const char *name, char temporary[NAME_MAX + 1])
{
	int size = snprintf(temporary, NAME_MAX + 1, ".%s.keeltune-new", name);

	return size < 0 || size > NAME_MAX ? -ENAMETOOLONG : 0;
}

static int replace(int directory, const char *temporary, const char *name,
		   const struct image *image)
{
	int rc = write_temporary(directory, temporary, image);

	if (rc == -EEXIST)
		return rc; /* somebody else's */
	if (!rc && renameat(directory, temporary, directory, name))
		rc = -errno;
	if (rc)
		unlinkat(directory, temporary, 0);
	return rc;
}

/* A temporary file that stands there already is of a crash: the lock keeps everybody else away. */
static int replace_target(int directory, const char *name, const struct image *image)
{
	char temporary[NAME_MAX + 1];
	int rc = temporary_name(name, temporary);

	if (rc)
		return rc;
	rc = replace(directory, temporary, name, image);
	if (rc == -EEXIST && !unlinkat(directory, temporary, 0))
		rc = replace(directory, temporary, name, image);
	return rc;
}

static int remove_file(int directory, const char *name)
{
	char temporary[NAME_MAX + 1];

	if (!temporary_name(name, temporary))
		unlinkat(directory, temporary, 0);
	return unlinkat(directory, name, 0) && errno != ENOENT ? -errno : 0;
}

int store_put_file(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !image->exists && directory == -ENOENT ? 0 : directory;
	int rc = image->exists ? replace_target(directory, name, image)
			       : remove_file(directory, name);
	return !rc && fsync(directory) ? -errno : rc;
}

bool store_holds(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	char bytes[4096];
	size_t done = 0;
	ssize_t size;
	autofd int directory = open_parent(host, path, &name);
	autofd int fd = directory < 0 ? directory
				      : openat(directory, name,
					       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return !image->exists &&
		       (directory == -ENOENT || errno == ENOENT || errno == ELOOP);
	if (!image->exists)
		return false;
	while ((size = read(fd, bytes, sizeof bytes)) > 0) {
		if ((size_t)size > image->size - done ||
		    memcmp(bytes, image->bytes + done, (size_t)size) != 0)
			return false;
		done += (size_t)size;
	}
	return size == 0 && done == image->size;
}

int store_make_directory(const struct host *host, const char *path, mode_t mode)
{
	const char *name;
	autofd int parent = open_parent(host, path, &name);

	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, mode))
		return errno == EEXIST ? 0 : -errno;
	/* Whatever the umask took away; not through a link that somebody put in its place. */
	autofd int made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0 || fchmod(made, mode))
		return -errno;
	return fsync(parent) ? -errno : 0;
}

int store_remove_directory(const struct host *host, const char *path)
{
	const char *name;
	autofd int parent = open_parent(host, path, &name);

	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, AT_REMOVEDIR))
		return -errno;
	return fsync(parent) ? -errno : 0;
}

int store_lock(const struct host *host, unsigned seconds)
{
	static const struct timespec pause = { .tv_nsec = 50000000 };
	autofd int directory = host_open_directory(host, host_is_live(host) ? "/run" : "/");
	int fd;

	if (directory < 0)
		return directory;
	if (host_is_live(host)) {
		fd = openat(directory, "keeltune.lock",
			    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
	} else {
		fd = directory; /* a tree is locked by its own directory: nothing is written */
		directory = -1;
	}
	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB); tries++) {
		int rc = -errno;
		if (rc != -EINTR && (rc != -EWOULDBLOCK || tries >= seconds * 20)) {
			close(fd);
			return rc == -EWOULDBLOCK ? -ETIMEDOUT : rc;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

bool store_output_possible(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return !S_ISDIR(st.st_mode) && !access(path, W_OK);
	int length = snprintf(directory, sizeof directory, "%.*s",
			      slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return length > 0 && (size_t)length < sizeof directory && !access(directory, W_OK | X_OK);
}

int store_put_output(const char *path, const char *bytes, size_t size)
{
	char real[PATH_MAX], directory_name[PATH_MAX];
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	struct image image = { .exists = true,
			       .bytes = bytes,
			       .size = size,
			       .mode = 0666 & ~mask,
			       .uid = geteuid(),
			       .gid = getegid() };

	if (!stat(path, &st)) {
		/* A pipe, a terminal or /dev/null is written to; a file is replaced, a link stays.
		 */
		if (!S_ISREG(st.st_mode)) {
			autofd int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
			return fd < 0 ? -errno : write_all(fd, bytes, size);
		}
		if (!realpath(path, real))
			return -errno;
		path = real;
		image.mode = st.st_mode & 0777;
		image.uid = st.st_uid;
		image.gid = st.st_gid;
	} else if (!lstat(path, &st)) {
		return -ENOENT; /* a link to nothing */
	}
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int length = snprintf(directory_name, sizeof directory_name, "%.*s",
			      slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (length < 0 || (size_t)length >= sizeof directory_name || !*name)
		return -EINVAL;
	autofd int directory = open(directory_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	/* Outputs have no lock: a name of its own for each process. */
	char temporary[NAME_MAX + 1];
	length = snprintf(temporary, sizeof temporary, ".%.200s.%d.keeltune-new", name, getpid());
	int rc = length < 0 ? -EINVAL : replace(directory, temporary, name, &image);
	return !rc && fsync(directory) ? -errno : rc;
}
