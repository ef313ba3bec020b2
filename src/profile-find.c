// SPDX-License-Identifier: MIT
/* The files of profiles, see profile-find.h. Reads only. */
#include "profile-find.h"

#include "cleanup.h"
#include "escape.h"
#include "host.h"
#include "pool.h"
#include "profile-scan.h"
#include "suggest.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

static const char suffix[] = ".conf";

/* FILE as a path inside the tree when it stands in the directory that is of the tree, else NULL. */
static const char *inside(const struct profile_path *path, const char *file)
{
	const char *directory = path->directory[1];
	size_t size = path->tree && directory ? strlen(directory) : 0;

	if (!size || strncmp(file, directory, size) != 0 || (file[size] && file[size] != '/'))
		return NULL;
	return file + strlen(host_root(path->tree));
}

static void add_name(struct pool *pool, const char *entry, const char ***names, size_t *count)
{
	if (!is_conf_name(entry))
		return;
	const char *name = pool_copy(pool, entry, strlen(entry) - strlen(suffix));
	if (!profile_name_is_valid(name))
		return;
	*names = pool_extend(pool, *names, *count, sizeof **names);
	(*names)[(*count)++] = name;
}

void profile_list_directory(struct pool *pool, const struct profile_path *path, size_t index,
			    const char ***names, size_t *count)
{
	const char *directory = path->directory[index], *in_tree = inside(path, directory);
	autodir DIR *dir = in_tree ? NULL : opendir(directory);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		add_name(pool, entry->d_name, names, count);
	const struct directory *listed = in_tree ? host_directory(path->tree, in_tree) : NULL;
	for (size_t i = 0; listed && i < listed->count; i++)
		add_name(pool, listed->names[i], names, count);
}

static int complain(struct notes *problems, int r, struct origin origin, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Always R. */
static int complain(struct notes *problems, int r, struct origin origin, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	notes_add(problems, NULL, origin, "%s", message);
	return r;
}

/* Is what FD leads to a profile at all, and may we believe it? */
static int check_file(int fd, const char *file, uid_t trusted_uid, size_t *ret_size,
		      struct notes *problems)
{
	struct origin origin = { .file = file };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return complain(problems, -errno, origin, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return complain(problems, -EINVAL, origin, "is a directory; a profile is a file");
	if (!S_ISREG(st.st_mode))
		return complain(problems, -EINVAL, origin, "is not a regular file");
	if (st.st_size > PROFILE_BYTES_MAX)
		return complain(problems, -EINVAL, origin, "is larger than 1 MiB: not a profile");
	*ret_size = (size_t)st.st_size;
	if (trusted_uid == (uid_t)-1)
		return 0;
	if (st.st_uid != 0 && st.st_uid != trusted_uid)
		return complain(problems, -EPERM, origin,
				"not trusted: it belongs to uid %u; a profile that root uses "
				"must belong to root or to the user behind sudo",
				(unsigned)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return complain(problems, -EPERM, origin,
				"not trusted: group or others can write it (mode %04o); "
				"chmod go-w makes it acceptable",
				(unsigned)st.st_mode & 07777u);
	return 0;
}

/* O_NONBLOCK: a fifo must not make us wait for a writer. A descriptor, or -errno. */
static int open_profile(const struct profile_path *path, const char *file)
{
	const char *in_tree = inside(path, file);
	struct stat st;

	if (in_tree)
		return host_open_file(path->tree, in_tree, &st);
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int profile_read(const struct profile_path *path, const char *file, uid_t trusted_uid,
		 const char **ret_bytes, size_t *ret_size, struct notes *problems)
{
	autofd int fd = open_profile(path, file);
	struct origin origin = { .file = file };

	if (fd < 0)
		return complain(problems, fd, origin, "cannot be opened: %s", strerror(-fd));
	size_t size = 0, used = 0;
	int r = check_file(fd, file, trusted_uid, &size, problems);
	if (r)
		return r;

	char *bytes = pool_alloc(problems->pool, size + 1);
	while (used < size) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return complain(problems, -errno, origin, "cannot be read: %s",
					strerror(errno));
		if (!got)
			break;
		used += (size_t)got;
	}
	*ret_bytes = bytes;
	*ret_size = used;
	return 0;
}

static int say_missing(const struct profile_path *path, const char *name, struct origin origin,
		       struct notes *problems)
{
	struct pool *pool = problems->pool;
	const char *where = "", *nearest, *hint = "";
	const char **names = NULL;
	size_t count = 0;

	for (size_t i = 0; i < PROFILE_DIRECTORIES; i++) {
		const char *directory = path->directory[i];

		if (!directory)
			continue;
		profile_list_directory(pool, path, i, &names, &count);
		where = pool_printf(pool, "%s%s%s", where, *where ? ", " : "",
				    escape_control(pool, directory, ""));
	}
	nearest = suggest_nearest(name, names, count);
	if (nearest)
		hint = pool_printf(pool, "; did you mean \"%s\"?", nearest);
	else if (ends_with(name, suffix))
		hint = "; the path of a file needs a \"/\", as in ./my.conf";
	return complain(problems, -ENOENT, origin, "no profile %s in %s%s",
			profile_quote(pool, name), *where ? where : "any directory", hint);
}

/* Not access(2): a dangling link or a forbidden directory must not let a profile of a later
 * directory take its place silently. */
static bool is_there(const struct profile_path *path, const char *file)
{
	const char *in_tree = inside(path, file);
	struct stat st;

	if (in_tree)
		return host_exists(path->tree, in_tree) || host_link(path->tree, in_tree);
	return lstat(file, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int profile_find(const struct profile_path *path, const char *name, struct origin origin,
		 const char **ret_file, struct notes *problems)
{
	if (!profile_name_is_valid(name))
		return complain(problems, -EINVAL, origin,
				"%s is not the name of a profile (A-Z a-z 0-9 . _ -); the path "
				"of a file needs a \"/\"",
				profile_quote(problems->pool, name));
	for (size_t i = 0; i < PROFILE_DIRECTORIES; i++) {
		const char *directory = path->directory[i];

		if (!directory)
			continue;
		const char *file = pool_printf(problems->pool, "%s/%s%s", directory, name, suffix);
		if (!is_there(path, file))
			continue;
		*ret_file = file;
		return 0;
	}
	return say_missing(path, name, origin, problems);
}
