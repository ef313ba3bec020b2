// SPDX-License-Identifier: MIT
/* Owners of files, see package.h. dpkg: /var/lib/dpkg/info/PACKAGE.list has one path a line. rpm:
 * its database has several formats, so rpm itself is asked, without a shell. */
#include "package.h"

#include "cleanup.h"
#include "host.h"
#include "pool.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#define DPKG_INFO "/var/lib/dpkg/info"

static bool lists(const struct file *file, const char *path)
{
	size_t size = strlen(path);
	const char *at = file->bytes, *end = file->bytes + file->size;

	while ((at = memmem(at, (size_t)(end - at), path, size))) {
		if ((at == file->bytes || at[-1] == '\n') && (at + size == end || at[size] == '\n'))
			return true;
		at += size;
	}
	return false;
}

static const char *dpkg_owner(struct host *host, const char *path)
{
	const struct directory *info = host_directory(host, DPKG_INFO);
	struct pool *pool = host_pool(host);
	/* With a merged /usr the database may say either name. */
	const char *other = !strncmp(path, "/usr/lib/", 9) ? path + 4
			    : !strncmp(path, "/lib/", 5)   ? pool_printf(pool, "/usr%s", path)
							   : path;

	for (size_t i = 0; i < info->count; i++) {
		size_t size = strlen(info->names[i]);
		if (size < 6 || strcmp(info->names[i] + size - 5, ".list") != 0)
			continue;
		const struct file *list =
			host_file(host, pool_printf(pool, "%s/%s", DPKG_INFO, info->names[i]));
		if (list->state == FILE_PRESENT && (lists(list, path) || lists(list, other)))
			return pool_copy(pool, info->names[i],
					 strcspn(pool_copy(pool, info->names[i], size - 5), ":"));
	}
	return NULL;
}

/* The first line that PROGRAM prints, if it exits with 0. */
static const char *first_output(struct pool *pool, const char *program, char *const arguments[])
{
	char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, (char[]){ "LC_ALL=C" },
				      NULL };
	posix_spawn_file_actions_t actions;
	char line[256];
	size_t size = 0;
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_RDONLY, 0);
	int rc = posix_spawn(&pid, program, &actions, NULL, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	for (ssize_t got = 1; !rc && got > 0 && size<sizeof line; size += got> 0 ? (size_t)got : 0)
		got = read(ends[0], line + size, sizeof line - size);
	close(ends[0]);
	if (rc || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) ||
	    !size)
		return NULL;
	const char *newline = memchr(line, '\n', size);
	return pool_copy(pool, line, newline ? (size_t)(newline - line) : size);
}

static const char *rpm_owner(struct host *host, const char *path)
{
	struct pool *pool = host_pool(host);
	char *const arguments[] = { (char[]){ "rpm" },       (char[]){ "-qf" },
				    (char[]){ "--qf" },      (char[]){ "%{NAME}\n" },
				    pool_strdup(pool, path), NULL };

	if (!host_is_live(host) || !host_exists(host, "/usr/bin/rpm"))
		return NULL;
	return first_output(pool, "/usr/bin/rpm", arguments);
}

const char *package_owner(struct host *host, const char *path)
{
	if (host_directory(host, DPKG_INFO)->count)
		return dpkg_owner(host, path);
	return rpm_owner(host, path);
}
