// SPDX-License-Identifier: MIT
/* The host handle, see host.h. Reads only; the one place that knows whether the root is "/" or a
 * tree. In a tree every path goes through openat2(2) with RESOLVE_IN_ROOT, so that absolute links
 * and ".." stay inside; on the live host paths are opened as they are. */
#include "host.h"

#include "cleanup.h"
#include "error.h"
#include "host-known.h"
#include "pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdalign.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#ifndef SYS_openat2
#define SYS_openat2 437 /* glibc before 2.32 */
#endif

/* A tree may be anybody's: a directory with more names, or what is more than so many bytes in all,
 * is not read. Far above what hosts have, and what is made of it still fits into memory. */
#define TREE_NAMES_MAX 32768
#define TREE_BYTES_MAX ((size_t)2 * HOST_FILE_MAX)

struct host {
	struct pool *pool;
	const char *root;      /* "" when live */
	const char *real_root; /* of a tree: canonical path, for host_resolve() */
	int fd;
	struct host_known known; /* of paths, and by the keys of host_recall() */
	size_t bytes_read;
	struct file *overlay; /* FILE_PRESENT or FILE_ABSENT */
	size_t overlay_count;
	unsigned age; /* 1..: other with each change of the overlay */
};

/* ---- opening ----------------------------------------------------------------------------- */

static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC),
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	while (*path == '/')
		path++;
	/* EAGAIN: somebody renamed something, anywhere, while ".." was being followed. */
	for (int tries = 0; tries < 1000; tries++) {
		int fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			return fd;
	}
	return -1;
}

static int open_path(const struct host *host, const char *path, int flags)
{
	int fd = *host->root ? open_in_root(host->fd, path, flags)
			     : openat(AT_FDCWD, path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_for_reading(const struct host *host, const char *path, struct stat *ret_stat)
{
	int fd = open_path(host, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return fd;
	if (fstat(fd, ret_stat)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* What PLACE was opened as, with O_PATH, is opened for reading: the same inode, whatever stands at
 * its path by now. -ENOENT: there is no /proc. */
static int open_again(int place)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", place);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Opens for reading without side effects: in a tree that somebody else made, a device must not even
 * be opened (a watchdog would start), so what it is gets looked up first, and then it is that which
 * is opened. */
int host_open_file(const struct host *host, const char *path, struct stat *ret_stat)
{
	if (host_is_live(host))
		return open_for_reading(host, path, ret_stat);
	autofd int place = open_path(host, path, O_PATH);
	if (place < 0)
		return place;
	if (fstat(place, ret_stat))
		return -errno;
	if (!S_ISREG(ret_stat->st_mode) && !S_ISDIR(ret_stat->st_mode))
		return -EINVAL;
	int fd = open_again(place);
	return fd == -ENOENT ? open_for_reading(host, path, ret_stat) : fd;
}

/* A regular file, and no link to one? */
static bool is_plain_file(const struct host *host, const char *path)
{
	autofd int place = open_path(host, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	return place >= 0 && !fstat(place, &st) && S_ISREG(st.st_mode);
}

int host_open(const char *root, struct host **ret_host, struct error *err)
{
	autofd int fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, -errno, "%s: %s", root, strerror(errno));
	if (root) {
		autofd int probe = open_in_root(fd, ".", O_PATH);
		if (probe < 0 && errno == ENOSYS)
			return error_set(err, -ENOSYS,
					 "--root needs openat2(2): Linux 5.6 or later");
	}

	struct pool *pool = pool_new();
	struct host *host = pool_alloc(pool, sizeof *host);
	host->pool = pool;
	host->root = root ? pool_strdup(pool, root) : "";
	if (root) {
		char *real = realpath(root, NULL);
		host->real_root = real ? pool_strdup(pool, strcmp(real, "/") ? real : "") : root;
		free(real);
	}
	host_known_start(&host->known, pool);
	host->age = 1;
	host->fd = fd;
	fd = -1;
	*ret_host = host;
	return 0;
}

void host_close(struct host *host)
{
	if (!host)
		return;
	close(host->fd);
	host_known_free(&host->known);
	pool_free(host->pool);
}

bool host_is_live(const struct host *host)
{
	return !*host->root;
}

const char *host_root(const struct host *host)
{
	return host->root;
}

struct pool *host_pool(struct host *host)
{
	return host->pool;
}

int host_open_directory(const struct host *host, const char *path)
{
	return open_path(host, path, O_RDONLY | O_DIRECTORY);
}

/* ---- links ------------------------------------------------------------------------------- */

static const char *parent_of(struct pool *pool, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	if (!slash || slash == path)
		return "/";
	return pool_copy(pool, path, (size_t)(slash - path));
}

static const char *read_link(struct host *host, const char *path)
{
	char target[4096];
	ssize_t size;

	if (host_is_live(host)) {
		size = readlink(path, target, sizeof target);
	} else {
		const char *name;
		autofd int parent =
			open_path(host, parent_of(host->pool, path, &name), O_PATH | O_DIRECTORY);
		if (parent < 0)
			return NULL;
		size = readlinkat(parent, name, target, sizeof target);
	}
	return size < 0 ? NULL : pool_copy(host->pool, target, (size_t)size);
}

static const char *resolve(struct host *host, const char *path)
{
	char link[64], target[4096];
	autofd int place = open_path(host, path, O_PATH);

	if (place < 0)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", place);
	ssize_t size = readlink(link, target, sizeof target - 1);
	if (size <= 0 || target[0] != '/')
		return NULL;
	target[size] = '\0';
	if (host_is_live(host))
		return pool_strdup(host->pool, target);
	size_t skip = strlen(host->real_root);
	if (strncmp(target, host->real_root, skip) || (target[skip] && target[skip] != '/'))
		return NULL;
	return pool_strdup(host->pool, target[skip] ? target + skip : "/");
}

const char *host_link(struct host *host, const char *path)
{
	if (host_known_at(&host->known, path)->link.asked)
		return host_known_at(&host->known, path)->link.text;
	struct answer answer = { read_link(host, path), true };
	host_known_at(&host->known, path)->link = answer;
	return answer.text;
}

const char *host_resolve(struct host *host, const char *path)
{
	if (host_known_at(&host->known, path)->target.asked)
		return host_known_at(&host->known, path)->target.text;
	struct answer answer = { resolve(host, path), true };
	host_known_at(&host->known, path)->target = answer;
	return answer.text;
}

/* ---- files ------------------------------------------------------------------------------- */

bool file_contains(const struct file *file, const char *text)
{
	return memmem(file->bytes, file->size, text, strlen(text)) != NULL;
}

int host_read_all(struct pool *pool, int fd, size_t hint, bool careful, const char **ret_bytes,
		  size_t *ret_size)
{
	size_t room = hint ? hint + 1 : 4095, size = 0;
	char *bytes = pool_buffer(pool, room + 1);

	for (;;) {
		if (size == room) {
			if (room > HOST_FILE_MAX)
				return -EFBIG;
			char *larger = pool_buffer(pool, 2 * room + 1);
			memcpy(larger, bytes, size);
			bytes = larger;
			room *= 2;
		}
		ssize_t got = read(fd, bytes + size, room - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		size += (size_t)got;
		if (!got || (!careful && size < room))
			break;
	}
	bytes[size] = '\0';
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}

/* In a tree /dev/null is the null device, whatever stands there: links to it mask files. */
static bool leads_to_null(struct host *host, const char *path)
{
	for (int depth = 0; depth < 40; depth++) {
		const char *name, *target = host_link(host, path);
		if (!target)
			return false;
		if (!strcmp(target, "/dev/null"))
			return true;
		path = *target == '/' ? target
				      : pool_printf(host->pool, "%s/%s",
						    parent_of(host->pool, path, &name), target);
	}
	return false;
}

static bool is_spent(const struct host *host, size_t more)
{
	return !host_is_live(host) && host->bytes_read + more > TREE_BYTES_MAX;
}

static void read_file(struct host *host, struct file *file)
{
	struct stat st = { 0 };

	file->bytes = "";
	if (!host_is_live(host) && !is_plain_file(host, file->path) &&
	    leads_to_null(host, file->path)) {
		file->state = FILE_NULL;
		return;
	}

	autofd int fd = host_open_file(host, file->path, &st);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		file->error = fd;
		file->state = host_link(host, file->path) ? FILE_DANGLING : FILE_ABSENT;
		return;
	}
	file->mode = st.st_mode;
	file->uid = st.st_uid;
	file->gid = st.st_gid;
	file->mtime = st.st_mtime;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->state = FILE_UNREADABLE;
	if (fd < 0) {
		file->error = fd;
	} else if (S_ISDIR(st.st_mode)) {
		file->state = FILE_DIRECTORY;
	} else if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
		file->state = FILE_NULL;
	} else if (!S_ISREG(st.st_mode)) {
		file->error = -EINVAL;
	} else if (st.st_size > HOST_FILE_MAX || is_spent(host, (size_t)st.st_size)) {
		file->error = -EFBIG;
	} else {
		file->error = host_read_all(host->pool, fd, (size_t)st.st_size, st.st_size > 0,
					    &file->bytes, &file->size);
		host->bytes_read += file->size;
		if (!file->error)
			file->state = FILE_PRESENT;
		else
			file->bytes = "";
	}
}

static const struct file *overlaid(const struct host *host, const char *path)
{
	for (size_t i = 0; i < host->overlay_count; i++)
		if (!strcmp(host->overlay[i].path, path))
			return &host->overlay[i];
	return NULL;
}

/* A link to a file with a planned content shows that content, too. */
static const struct file *overlaid_target(struct host *host, const char *path)
{
	const struct file *file = overlaid(host, path);

	if (file || !host->overlay_count)
		return file;
	const char *target = host_resolve(host, path);
	return target ? overlaid(host, target) : NULL;
}

static struct file *new_file(struct host *host, const char *path)
{
	struct file *file = pool_alloc(host->pool, sizeof *file);

	file->path = pool_strdup(host->pool, path);
	file->bytes = "";
	host_known_at(&host->known, path)->file = file;
	return file;
}

const struct file *host_file_before(struct host *host, const char *path)
{
	const struct file *known = host_known_at(&host->known, path)->file;

	if (known)
		return known;
	struct file *file = new_file(host, path);
	read_file(host, file);
	return file;
}

const struct file *host_file(struct host *host, const char *path)
{
	const struct file *planned = overlaid_target(host, path);

	return planned ? planned : host_file_before(host, path);
}

bool host_has_read(const struct host *host, dev_t device, ino_t inode)
{
	for (size_t i = 0; i < host->known.count; i++) {
		const struct file *file = host->known.items[i].file;
		if (file && file->inode == inode && file->device == device)
			return true;
	}
	return false;
}

/* Without fstat(2): what lies under /proc is what it is. */
static void read_kernel(struct host *host, struct file *file)
{
	autofd int fd = open_path(host, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd == -ENOENT || fd == -ENOTDIR) {
		file->state = FILE_ABSENT;
		return;
	}
	file->error =
		fd < 0 ? fd : host_read_all(host->pool, fd, 0, false, &file->bytes, &file->size);
	file->state = file->error == -EISDIR ? FILE_DIRECTORY
		      : file->error          ? FILE_UNREADABLE
					     : FILE_PRESENT;
}

const struct file *host_kernel(struct host *host, const char *path)
{
	const struct file *known = overlaid(host, path);

	if (!known)
		known = host_known_at(&host->known, path)->file;
	if (known)
		return known;
	struct file *file = new_file(host, path);
	file->state = FILE_ABSENT;
	if (host_is_live(host))
		read_kernel(host, file);
	return file;
}

int host_stat(const struct host *host, const char *path, struct stat *ret_stat)
{
	if (host_is_live(host))
		return stat(path, ret_stat) ? -errno : 0;
	autofd int place = open_path(host, path, O_PATH);
	if (place < 0)
		return place;
	return fstat(place, ret_stat) ? -errno : 0;
}

bool host_exists(struct host *host, const char *path)
{
	if (host_is_live(host))
		return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
	autofd int place = open_path(host, path, O_PATH);
	return place >= 0;
}

/* ---- directories ------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct host *host, struct directory *directory, const char *name)
{
	directory->names = pool_extend(host->pool, (void *)directory->names, directory->count,
				       sizeof *directory->names);
	directory->names[directory->count++] = name;
}

static void read_directory(struct host *host, const char *path, struct directory *directory)
{
	alignas(struct dirent64) char entries[16384];
	autofd int fd = open_path(host, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	ssize_t size = fd;

	directory->state = fd == -ENOENT || fd == -ENOTDIR ? FILE_ABSENT : FILE_UNREADABLE;
	/* getdents64(2): readdir(3) costs four system calls more. */
	while (fd >= 0 && (size = getdents64(fd, entries, sizeof entries)) > 0) {
		for (const char *at = entries; at < entries + size;) {
			const struct dirent64 *entry = (const void *)at;
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				add_name(host, directory, pool_strdup(host->pool, entry->d_name));
			at += entry->d_reclen;
		}
		if (directory->count > TREE_NAMES_MAX && !host_is_live(host)) {
			*directory = (struct directory){ FILE_UNREADABLE, -EFBIG, NULL, 0 };
			return;
		}
	}
	if (size < 0) {
		directory->error = fd < 0 ? fd : -errno;
		return;
	}
	directory->state = FILE_DIRECTORY;
	if (directory->count)
		qsort((void *)directory->names, directory->count, sizeof *directory->names,
		      by_name);
}

static const struct directory *cached_directory(struct host *host, const char *path)
{
	const struct directory *known = host_known_at(&host->known, path)->directory;

	if (known)
		return known;
	struct directory *directory = pool_alloc(host->pool, sizeof *directory);
	read_directory(host, path, directory);
	host_known_at(&host->known, path)->directory = directory;
	return directory;
}

/* The name of PATH when it lies directly in DIRECTORY, else NULL. */
static const char *name_in(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	if (strncmp(path, directory, size) || path[size] != '/' || strchr(path + size + 1, '/'))
		return NULL;
	return path + size + 1;
}

const struct directory *host_directory(struct host *host, const char *path)
{
	const struct directory *base = cached_directory(host, path);
	struct directory *shown = NULL;

	for (size_t i = 0; i < host->overlay_count && !shown; i++)
		if (name_in(host->overlay[i].path, path))
			shown = pool_alloc(host->pool, sizeof *shown);
	if (!shown)
		return base;

	shown->state = base->state;
	shown->error = base->error;
	for (size_t i = 0; i < base->count; i++) {
		const char *full = pool_printf(host->pool, "%s/%s", path, base->names[i]);
		if (!overlaid(host, full))
			add_name(host, shown, base->names[i]);
	}
	for (size_t i = 0; i < host->overlay_count; i++) {
		const char *name = name_in(host->overlay[i].path, path);
		if (name && host->overlay[i].state == FILE_PRESENT) {
			add_name(host, shown, name);
			shown->state = FILE_DIRECTORY;
		}
	}
	if (shown->count)
		qsort((void *)shown->names, shown->count, sizeof *shown->names, by_name);
	return shown;
}

const void *host_recall(struct host *host, const char *key)
{
	const struct known *known = host_known_at(&host->known, key);

	return known->age == host->age ? known->answer : NULL;
}

void host_remember(struct host *host, const char *key, const void *answer)
{
	struct known *known = host_known_at(&host->known, key);

	known->answer = answer;
	known->age = host->age;
}

void host_overlay_drop(struct host *host, const char *path)
{
	host->age++;
	for (size_t i = 0; i < host->overlay_count; i++)
		if (!strcmp(host->overlay[i].path, path))
			host->overlay[i--] = host->overlay[--host->overlay_count];
}

void host_overlay(struct host *host, const char *path, const char *bytes, size_t size)
{
	struct file file = { .path = pool_strdup(host->pool, path),
			     .state = bytes ? FILE_PRESENT : FILE_ABSENT,
			     .bytes = bytes ? pool_copy(host->pool, bytes, size) : "",
			     .size = size,
			     .mode = S_IFREG | 0644,
			     .mtime = time(NULL) };

	host->age++;
	for (size_t i = 0; i < host->overlay_count; i++) {
		if (!strcmp(host->overlay[i].path, path)) {
			host->overlay[i] = file;
			return;
		}
	}
	host->overlay =
		pool_extend(host->pool, host->overlay, host->overlay_count, sizeof *host->overlay);
	host->overlay[host->overlay_count++] = file;
}
