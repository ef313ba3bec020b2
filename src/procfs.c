// SPDX-License-Identifier: MIT
/* Small reads from /proc, see procfs.h. */
#include "procfs.h"

#include "cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define ENTRIES_SIZE (32u << 10)

struct entry { /* struct linux_dirent64 */
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

ssize_t procfs_read(int directory, const char *name, char *buffer, size_t size)
{
	autofd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return -errno;
	while (length + 1 < size) {
		ssize_t got = read(fd, buffer + length, size - 1 - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		length += (size_t)got;
	}
	buffer[length] = '\0';
	return (ssize_t)length;
}

long procfs_number(const char *name)
{
	long number = 0;

	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || number > (INT_MAX - 9) / 10)
			return -1;
		number = 10 * number + (*name - '0');
	}
	return number;
}

int procfs_each_number(int fd, bool (*each)(int fd, const char *name, long number, void *data),
		       void *data)
{
	_Alignas(struct entry) char buffer[ENTRIES_SIZE];

	for (;;) {
		long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
		if (size <= 0)
			return size < 0 ? -errno : 0;
		for (long at = 0; at < size;) {
			const struct entry *entry =
				(const struct entry *)(const void *)(buffer + at);
			long number = procfs_number(entry->name);
			if (number >= 0 && !each(fd, entry->name, number, data))
				return 0;
			at += entry->size;
		}
	}
}

/* stat(2) would ask the server of an NFS or FUSE file for its attributes, and wait for the answer:
 * whoever has one open that is dead, or wants nobody to look, would stop us for ever. */
int procfs_is_socket(int directory, const char *name, uint64_t *ret_inode, dev_t *ret_device)
{
	struct statx found;

	if (statx(directory, name, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &found))
		return -errno;
	*ret_inode = found.stx_ino;
	if (ret_device)
		*ret_device = makedev(found.stx_dev_major, found.stx_dev_minor);
	return S_ISSOCK(found.stx_mode);
}
