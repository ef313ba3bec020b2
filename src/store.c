// SPDX-License-Identifier: MIT
/* Everything that writes, see store.h. Each function does one thing to one place, fsyncs it, and
 * says whether that worked; what to do then is apply.c's business. Names and images come from the
 * plan and the journal, allocated and checked before. */
#include "store.h"

#include "cleanup.h"
#include "host.h"
#include "store-work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>

int store_write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		if (!written)
			return -EIO; /* unreached: no file system does so; it would be for ever */
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
	struct stat st;

	if (!host_is_live(host))
		return -EROFS;
	if (size >= sizeof line)
		return -E2BIG;
	memcpy(line, bytes, size);
	memset(line + size, '\n', sizeof line - size);
	size++;

	autofd int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	/* A plain file that stands for a kernel value (in containers and tests) has a size. No
	 * truncation first, which would leave it empty for a moment: the line covers all that is
	 * there, in one write. */
	size_t room = (size_t)st.st_size < sizeof line ? (size_t)st.st_size : sizeof line;
	size_t count = size < room ? room : size;
	ssize_t written;
	do
		written = write(fd, line, count);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	if (count > size && ftruncate(fd, (off_t)size))
		return -errno;
	return (size_t)written == count ? 0 : -EINVAL;
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

/* What has no fsync (a read-only file system such as squashfs: EINVAL) has nothing to lose either.
 */
int store_sync(int fd)
{
	int rc;

	do
		rc = fsync(fd);
	while (rc && errno == EINTR);
	return rc && errno != EINVAL ? -errno : 0;
}

int store_write_temporary(int directory, const char *name, const struct image *image)
{
	autofd int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	int rc = store_write_all(fd, image->bytes, image->size);
	if (!rc)
		rc = set_attributes(fd, image);
	if (!rc)
		rc = store_sync(fd);
	int closing = fd;
	fd = -1;
	if (close(closing) && !rc)
		rc = -errno;
	return rc;
}

int store_put_private(int directory, const char *name, const char *bytes, size_t size)
{
	autofd int fd =
		openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : store_write_all(fd, bytes, size);
}

/* The temporary name is fixed, so that what a crash left is found and removed by the next try; it
 * does not end in ".conf", because a dangling or half-written *.conf in limits.d ends every login.
 */
static int temporary_name(const char *name, char temporary[NAME_MAX + 1])
{
	int size = snprintf(temporary, NAME_MAX + 1, ".%s.keeltune-new", name);

	return size < 0 || size > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* A read-only file system refuses to remove also what is not there. */
static int remove_temporary(int directory, const char *temporary)
{
	struct stat st;

	if (!unlinkat(directory, temporary, 0) || errno == ENOENT)
		return 0;
	int rc = -errno;
	if (rc == -EROFS && fstatat(directory, temporary, &st, AT_SYMLINK_NOFOLLOW) &&
	    errno == ENOENT)
		return 0;
	return rc;
}

/* A temporary file that stands there already is of a crash: the lock keeps everybody else away. */
static int stage(int directory, const char *name, const struct image *image)
{
	char temporary[NAME_MAX + 1];
	int rc = temporary_name(name, temporary);

	if (rc)
		return image->exists ? rc : 0;
	rc = remove_temporary(directory, temporary);
	if (rc || !image->exists)
		return rc;
	rc = store_write_temporary(directory, temporary, image);
	if (rc)
		unlinkat(directory, temporary, 0);
	return rc;
}

static int commit(int directory, const char *name, const struct image *image)
{
	char temporary[NAME_MAX + 1];
	int rc = temporary_name(name, temporary);

	if (rc)
		return rc;
	if (image->exists)
		return renameat(directory, temporary, directory, name) ? -errno : 0;
	return unlinkat(directory, name, 0) && errno != ENOENT ? -errno : 0;
}

/* Does FD give the SIZE BYTES? */
static int compare_content(int fd, const char *bytes, size_t size)
{
	char found[4096];
	ssize_t got;

	while ((got = read(fd, found, sizeof found)) > 0) {
		if ((size_t)got > size || memcmp(found, bytes, (size_t)got) != 0)
			return -ESTALE;
		bytes += got;
		size -= (size_t)got;
	}
	return got < 0 ? -errno : size ? -ESTALE : 0;
}

static int compare(int directory, const char *name, const struct image *image)
{
	struct stat st;
	autofd int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT && errno != ELOOP)
		return -errno;
	if (fd < 0)
		return image->exists ? -ESTALE : 0;
	if (fstat(fd, &st))
		return -errno; /* unreached: of what is open, only a network loses it */
	if (!image->exists || !S_ISREG(st.st_mode) || (st.st_mode & 07777) != image->mode ||
	    st.st_uid != image->uid || st.st_gid != image->gid)
		return -ESTALE;
	return compare_content(fd, image->bytes, image->size);
}

static int rename_if(int directory, const char *from, const char *to, unsigned flags)
{
	return renameat2(directory, from, directory, to, flags) ? -errno : 0;
}

/* Compare and swap. Somebody could write between a look and a rename; so what stands at NAME comes
 * out in the same step, is looked at then, and goes back unless it is BEFORE. */
static int swap(int directory, const char *name, const struct image *before,
		const struct image *after)
{
	char temporary[NAME_MAX + 1];
	const char *from = after->exists ? temporary : name, *to = after->exists ? name : temporary;
	unsigned flags = after->exists && before->exists ? RENAME_EXCHANGE : RENAME_NOREPLACE;
	int rc = temporary_name(name, temporary);

	if (!rc)
		rc = rename_if(directory, from, to, flags);
	if (!rc && after->exists && flags == RENAME_NOREPLACE)
		return 0;                     /* nothing was there */
	if (rc == -EEXIST && after->exists) { /* perhaps a link, which is no file */
		flags = RENAME_EXCHANGE;
		rc = rename_if(directory, from, to, flags);
	}
	if (rc == -EINVAL || rc == -ENOSYS)
		return commit(directory, name, after); /* a file system that cannot */
	if (rc == -ENOENT)
		return before->exists || after->exists ? -ESTALE : 0; /* gone */
	if (rc)
		return rc;
	rc = compare(directory, temporary, before);
	if (!rc)
		return unlinkat(directory, temporary, 0) ? -errno : 0;
	int back = rename_if(directory, to, from, flags);
	return back ? back : rc;
}

/* Where there is no directory there is no file. */
static bool is_missing(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR;
}

int store_stage_file(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !image->exists && is_missing(directory) ? 0 : directory;
	return stage(directory, name, image);
}

int store_commit_file(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !image->exists && is_missing(directory) ? 0 : directory;
	return commit(directory, name, image);
}

int store_swap_file(const struct host *host, const char *path, const struct image *before,
		    const struct image *after)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !after->exists && is_missing(directory) ? 0 : directory;
	return swap(directory, name, before, after);
}

int store_sync_parent(const struct host *host, const char *path)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return is_missing(directory) ? 0 : directory;
	return store_sync(directory);
}

int store_put_file(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !image->exists && is_missing(directory) ? 0 : directory;
	int rc = stage(directory, name, image);
	if (!rc)
		rc = commit(directory, name, image);
	if (rc) {
		static const struct image absent = { .exists = false };
		(void)stage(directory, name, &absent);
		return rc;
	}
	return store_sync(directory);
}

int store_compare_file(const struct host *host, const char *path, const struct image *image)
{
	const char *name;
	autofd int directory = open_parent(host, path, &name);

	if (directory < 0)
		return !is_missing(directory) ? directory : image->exists ? -ESTALE : 0;
	return compare(directory, name, image);
}

/* ---- directories ------------------------------------------------------------------------- */

int store_make_directory(const struct host *host, const char *path, mode_t mode)
{
	const char *name;
	autofd int parent = open_parent(host, path, &name);
	int rc = 0;

	if (parent < 0)
		return parent;
	if (!mkdirat(parent, name, mode)) {
		/* Whatever the umask took away; not through a link that somebody put in its place.
		 */
		autofd int made =
			openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (made < 0 || fchmod(made, mode))
			rc = -errno;
		if (!rc)
			rc = store_sync(made);
		if (rc)
			unlinkat(parent, name, AT_REMOVEDIR);
	} else if (errno != EEXIST) {
		rc = -errno;
	}
	/* One that exists may be of a run that was killed before it came to this. */
	return rc ? rc : store_sync(parent);
}

int store_remove_directory(const struct host *host, const char *path)
{
	const char *name;
	autofd int parent = open_parent(host, path, &name);

	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, AT_REMOVEDIR))
		return -errno;
	return store_sync(parent);
}

int store_rename_directory(const struct host *host, const char *from, const char *to)
{
	const char *old, *new;
	autofd int parent = open_parent(host, from, &old);
	autofd int same = open_parent(host, to, &new);

	if (parent < 0 || same < 0)
		return parent < 0 ? parent : same;
	if (renameat(parent, old, same, new))
		return -errno;
	return store_sync(same);
}

/* Empties the directory NAME and removes it; links are removed, not followed. */
static int remove_tree(int parent, const char *name, unsigned depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int rc = 0;

	if (!directory) {
		rc = -errno;
		if (fd >= 0)
			close(fd); /* unreached: no memory for the list */
		return rc;
	}
	for (const struct dirent *entry; !rc && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !unlinkat(fd, entry->d_name, 0))
			continue;
		rc = errno == EISDIR && depth ? remove_tree(fd, entry->d_name, depth - 1) : -errno;
	}
	return rc ? rc : unlinkat(parent, name, AT_REMOVEDIR) ? -errno : 0;
}

int store_remove_tree(const struct host *host, const char *path)
{
	const char *name;
	autofd int parent = open_parent(host, path, &name);
	int rc = parent < 0 ? parent : remove_tree(parent, name, 8);

	return rc ? rc : store_sync(parent);
}

/* ---- lock and outputs -------------------------------------------------------------------- */
/* Also `--root /` and the like are about the files of the live host. */
static bool is_of_live_host(const struct host *host)
{
	autofd int root = host_open_directory(host, "/");
	struct stat st, live;

	return host_is_live(host) || (root >= 0 && !fstat(root, &st) && !stat("/", &live) &&
				      st.st_dev == live.st_dev && st.st_ino == live.st_ino);
}

/* The lock of the live host is a file; a tree is locked by its own directory: nothing is written.
 */
static int open_lock(const struct host *host, int flags)
{
	if (!is_of_live_host(host))
		return host_open_directory(host, "/");
	/* Of a tree, too, the real one: a bind mount of "/" has no /run of its own. */
	int directory = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	int fd = openat(directory, "keeltune.lock", flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			0600);
	int rc = fd < 0 ? -errno : fd;
	close(directory);
	return rc;
}

/* The file is opened anew for each try: should somebody remove it, all that wait meet at the next.
 */
static int try_lock(const struct host *host)
{
	int fd = open_lock(host, O_RDWR | O_CREAT);

	if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

int store_lock(const struct host *host, unsigned seconds)
{
	static const struct timespec pause = { .tv_nsec = 50000000 };
	int lock;

	/* Twice at least: a reader that asks whether somebody is at work holds it for a moment. */
	for (unsigned tries = 0; (lock = try_lock(host)) < 0; tries++) {
		if (lock != -EINTR && (lock != -EWOULDBLOCK || tries >= seconds * 20 + 1))
			return lock == -EWOULDBLOCK ? -ETIMEDOUT : lock;
		nanosleep(&pause, NULL);
	}
	return lock;
}

int store_share_lock(const struct host *host)
{
	int fd = open_lock(host, O_RDONLY);

	if (fd < 0 || !flock(fd, LOCK_SH | LOCK_NB))
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}
