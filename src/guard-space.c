// SPDX-License-Identifier: MIT
/* Is there room for a whole transaction before its first byte is written? Counted in blocks and
 * inodes for each file system: before-copies, manifests, and every new file beside the old one.
 * Quotas are not asked: what they refuse is put back. */
#include "guard.h"

#include "cleanup.h"
#include "error.h"
#include "host.h"
#include "journal.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_SYSTEMS 8 /* sysctl.d, limits.d, pam.d, the two files, the rollback directory */

struct file_system {
	dev_t device;
	const char *path;       /* a directory on it */
	uint64_t block;         /* bytes */
	uint64_t blocks, files; /* needed */
	uint64_t free_blocks, free_files;
	bool counts_blocks, counts_files; /* some have no such limit */
};

struct room {
	struct host *host;
	struct file_system systems[FILE_SYSTEMS];
	size_t count;
};

/* The directory that PATH is, or will be made in. A descriptor or -errno. */
static int open_existing(struct host *host, const char *path, const char **ret_directory)
{
	char *directory = pool_strdup(host_pool(host), path), *slash;
	int fd;

	while ((fd = host_open_directory(host, *directory ? directory : "/")) < 0 && *directory &&
	       (fd == -ENOENT || fd == -ENOTDIR) && (slash = strrchr(directory, '/')))
		*slash = '\0';
	*ret_directory = *directory ? directory : "/";
	return fd;
}

/* NULL: it cannot be looked at, or there are too many; the executor will see. */
static struct file_system *find_system(struct room *room, const char *path)
{
	bool root = geteuid() == 0; /* what is reserved is for root */
	const char *directory;
	struct statvfs fs;
	struct stat st;
	autofd int fd = open_existing(room->host, path, &directory);

	if (fd < 0 || fstat(fd, &st) || fstatvfs(fd, &fs))
		return NULL;
	for (size_t i = 0; i < room->count; i++)
		if (room->systems[i].device == st.st_dev)
			return &room->systems[i];
	if (room->count == FILE_SYSTEMS)
		return NULL;
	struct file_system *system = &room->systems[room->count++];
	*system = (struct file_system){ .device = st.st_dev,
					.path = directory,
					.block = fs.f_frsize ? fs.f_frsize : 4096,
					.free_blocks = root ? fs.f_bfree : fs.f_bavail,
					.free_files = root ? fs.f_ffree : fs.f_favail,
					.counts_blocks = fs.f_blocks != 0,
					.counts_files = fs.f_files != 0 };
	return system;
}

static void need(struct room *room, const char *path, size_t size, size_t files)
{
	struct file_system *system = find_system(room, path);

	if (!system)
		return;
	system->blocks += files * ((size + system->block - 1) / system->block);
	system->files += files;
}

static int check(const struct file_system *system, struct error *err)
{
	if (system->counts_blocks && system->blocks > system->free_blocks)
		return error_set(err, -ENOSPC,
				 "too little space on the file system of %s: %llu KiB are needed, "
				 "%llu KiB free",
				 system->path,
				 (unsigned long long)(system->blocks * system->block / 1024),
				 (unsigned long long)(system->free_blocks * system->block / 1024));
	if (system->counts_files && system->files > system->free_files)
		return error_set(err, -ENOSPC,
				 "too few inodes on the file system of %s: %llu are needed, %llu "
				 "free",
				 system->path, (unsigned long long)system->files,
				 (unsigned long long)system->free_files);
	return 0;
}

int guard_space(struct host *host, const struct transaction *transaction,
		const struct journal_entry *entry, struct error *err)
{
	struct room room = { .host = host };
	int rc = 0;

	/* Its directory and files/; the manifest, and the next one beside it. */
	need(&room, JOURNAL_DIR, 1, 2);
	need(&room, JOURNAL_DIR, entry->manifest[TRANSACTION_PREPARED].size, 2);
	for (size_t i = 0; i < transaction->count; i++) {
		const struct change *change = &transaction->changes[i];
		if (change->kind != CHANGE_FILE)
			continue;
		if (change->before.exists) {
			need(&room, JOURNAL_DIR, change->before.size, 1);
			need(&room, JOURNAL_DIR, 1, 3); /* etc/security/limits.d, at the most */
		}
		if (change->after.exists)
			need(&room, change->path, change->after.size, 1);
	}
	for (size_t i = 0; i < room.count && !rc; i++)
		rc = check(&room.systems[i], err);
	return rc;
}
