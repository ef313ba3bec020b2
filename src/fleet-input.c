// SPDX-License-Identifier: MIT
/* Finding the reports of a fleet, see fleet-input.h. */
#include "fleet-input.h"

#include "cleanup.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LEVELS_MAX 32

static void add(struct fleet_inputs *inputs, struct fleet_input input)
{
	inputs->items =
		pool_extend(inputs->pool, inputs->items, inputs->count, sizeof *inputs->items);
	inputs->items[inputs->count++] = input;
	inputs->size += input.size;
}

static void add_file(struct fleet_inputs *inputs, const char *path, const struct stat *st,
		     bool listed)
{
	add(inputs, (struct fleet_input){ .path = path,
					  .size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
					  .listed = listed,
					  .device = st->st_dev,
					  .inode = st->st_ino });
}

static void add_other(struct fleet_inputs *inputs, const char *path)
{
	if (!inputs->others++)
		inputs->other = path;
}

/* By its name, or because it begins as JSON does. */
static bool looks_like_report(int fd, const char *name)
{
	char head[64];

	if (ends_with(name, ".json") || ends_with(name, ".jsonl") || ends_with(name, ".ndjson"))
		return true;
	ssize_t size = pread(fd, head, sizeof head, 0);
	for (ssize_t i = 0; i < size; i++)
		if (!strchr(" \t\r\n\xef\xbb\xbf", head[i]) || !head[i])
			return head[i] == '{';
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **list_names(struct pool *pool, DIR *dir, size_t *ret_count)
{
	const char **names = NULL;
	const struct dirent *entry;

	*ret_count = 0;
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue; /* half written, or none of ours */
		names = pool_extend(pool, names, *ret_count, sizeof *names);
		names[(*ret_count)++] = pool_strdup(pool, entry->d_name);
	}
	if (*ret_count)
		qsort(names, *ret_count, sizeof *names, compare_names);
	return names;
}

static void add_directory(struct fleet_inputs *inputs, int fd, const char *path, unsigned level);

static void add_entry(struct fleet_inputs *inputs, int dirfd, const char *name, const char *path,
		      unsigned level)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		add(inputs, (struct fleet_input){ .path = path, .listed = true, .error = -errno });
		return;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		add_other(inputs, path);
		return;
	}
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		add(inputs, (struct fleet_input){ .path = path, .listed = true, .error = -errno });
	} else if (S_ISDIR(st.st_mode)) {
		add_directory(inputs, fd, path, level); /* takes it */
	} else {
		if (looks_like_report(fd, name))
			add_file(inputs, path, &st, true);
		else
			add_other(inputs, path);
		close(fd);
	}
}

/* Takes FD. */
static void add_directory(struct fleet_inputs *inputs, int fd, const char *path, unsigned level)
{
	struct pool *pool = inputs->pool;
	size_t count;
	DIR *dir = level < LEVELS_MAX ? fdopendir(fd) : NULL;

	if (!dir) {
		add(inputs, (struct fleet_input){ .path = path,
						  .error = level < LEVELS_MAX ? -errno : -ELOOP });
		close(fd);
		return;
	}
	const char **names = list_names(pool, dir, &count);
	const char *slash = ends_with(path, "/") ? "" : "/";
	for (size_t i = 0; i < count; i++)
		add_entry(inputs, dirfd(dir), names[i],
			  pool_printf(pool, "%s%s%s", path, slash, names[i]), level + 1);
	closedir(dir);
}

void fleet_inputs_add(struct fleet_inputs *inputs, const char *argument)
{
	struct stat st;

	bool is_stdin = !strcmp(argument, "-");
	if (is_stdin ? fstat(STDIN_FILENO, &st) : stat(argument, &st)) {
		add(inputs, (struct fleet_input){ .path = argument, .error = -errno });
		return;
	}
	if (is_stdin || !S_ISDIR(st.st_mode)) {
		add_file(inputs, argument, &st, false);
		inputs->endless = inputs->endless || !S_ISREG(st.st_mode);
		return;
	}
	int fd = open(argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		add(inputs, (struct fleet_input){ .path = argument, .error = -errno });
	else
		add_directory(inputs, fd, argument, 0);
}

int fleet_input_open(const struct fleet_input *input)
{
	struct stat st;

	if (input->error)
		return input->error;
	if (!strcmp(input->path, "-")) {
		int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return copy < 0 ? -errno : copy;
	}
	int fd = input->listed ? open(input->path,
				      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
			       : open(input->path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (input->listed && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}
