// SPDX-License-Identifier: MIT
/* The tree of a made-up host, see limits-ask.h. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits-ask.h"
#include "limits-session.h"

static void write_file(const char *path, const char *bytes, size_t size)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd)) {
		fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
		exit(2);
	}
}

static void make_directory(const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
	if (mkdir(full, 0755) && errno != EEXIST) {
		fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
		exit(2);
	}
}

static void put_entry(const struct test_file *file)
{
	char full[512];

	switch (file->kind) {
	case TEST_FILE:
		write_file(file->path, file->bytes, file->size);
		return;
	case TEST_DIRECTORY:
		make_directory(file->path);
		return;
	case TEST_LINK:
		snprintf(full, sizeof full, "%s%s", limits_session.tree, file->path);
		if (symlink(file->bytes, full)) {
			fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
			exit(2);
		}
		return;
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

void limits_empty(const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
	nftw(full, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void limits_build(const struct limits_case *test, const char *module)
{
	char line[4096];

	limits_empty("/etc/security");
	limits_empty("/usr/share/pam/security");
	for (size_t i = 0; i < test->file_count; i++)
		put_entry(&test->files[i]);
	write_file("/etc/passwd", test->passwd, strlen(test->passwd));
	write_file("/etc/group", test->group, strlen(test->group));
	write_file("/proc/1/limits", test->pid1, strlen(test->pid1));
	int size = snprintf(line, sizeof line, "%" PRIu64 "\n", test->nr_open);
	write_file("/proc/sys/fs/nr_open", line, (size_t)size);
	size = snprintf(line, sizeof line, "session required pam_limits.so %s\n", test->arguments);
	write_file("/etc/pam.d/login", line, (size_t)size);
	size = snprintf(line, sizeof line, "session required %s %s\n", module, test->arguments);
	write_file("/real.d/login", line, (size_t)size);
}

void limits_copy_module(const char *module)
{
	static const char *const directories[] = {
		"/dev",
		"/etc",
		"/etc/pam.d",
		"/etc/security",
		"/proc",
		"/proc/1",
		"/proc/sys",
		"/proc/sys/fs",
		"/real.d",
		"/usr",
		"/usr/lib",
		"/usr/lib/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu/security",
		"/jail",
		"/usr/share",
		"/usr/share/pam",
		"/usr/share/pam/security",
		"/usr/share/pam/security/limits.d",
	};
	static char bytes[1 << 20];

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		make_directory(directories[i]);
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (size <= 0 || size == sizeof bytes) {
		fprintf(stderr, "limits: %s: cannot be read\n", module);
		exit(2);
	}
	close(fd);
	write_file("/usr/lib/x86_64-linux-gnu/security/pam_limits.so", bytes, (size_t)size);
	write_file("/dev/null", "", 0); /* for a link to a link to it */
}
