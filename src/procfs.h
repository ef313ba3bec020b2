/* SPDX-License-Identifier: MIT
 *
 * Small reads from /proc that must be quick and fresh: no cache, no allocation.
 */
#ifndef KEELTUNE_PROCFS_H
#define KEELTUNE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads at most SIZE - 1 bytes of the file NAME relative to DIRECTORY, and ends them with a NUL.
 * The number of bytes, or -errno. */
ssize_t procfs_read(int directory, const char *name, char *buffer, size_t size);

/* Decimal digits only, as the names of processes and descriptors are; -1: something else. */
long procfs_number(const char *name);

/* Calls EACH for every entry of the directory at descriptor FD that is a number, until it returns
 * false. 0 or -errno. FD stays open. */
int procfs_each_number(int fd, bool (*each)(int fd, const char *name, long number, void *data),
		       void *data);

#endif
