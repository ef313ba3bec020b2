/* SPDX-License-Identifier: MIT
 *
 * Small reads from /proc that must be quick and fresh: no cache, no allocation.
 */
#ifndef KEELTUNE_PROCFS_H
#define KEELTUNE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads at most SIZE - 1 bytes of the file NAME relative to DIRECTORY, and ends them with a NUL.
 * The number of bytes, or -errno. */
ssize_t procfs_read(int directory, const char *name, char *buffer, size_t size);

/* Decimal digits only, as the names of processes and descriptors are; -1: something else. */
long procfs_number(const char *name);

/* Is descriptor NAME of the table DIRECTORY (/proc/PID/fd) a socket? Said from what the kernel
 * knows: no server of a file system is asked, which may be dead. 1 with its inode, and its device
 * unless that is NULL; 0: something else; or -errno. */
int procfs_is_socket(int directory, const char *name, uint64_t *ret_inode, dev_t *ret_device);

/* Calls EACH for every entry of the directory at descriptor FD that is a number, until it returns
 * false. 0 or -errno. FD stays open. */
int procfs_each_number(int fd, bool (*each)(int fd, const char *name, long number, void *data),
		       void *data);

#endif
