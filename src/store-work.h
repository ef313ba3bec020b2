/* SPDX-License-Identifier: MIT
 *
 * What store.c and store-output.c share, and nobody else.
 */
#ifndef KEELTUNE_STORE_WORK_H
#define KEELTUNE_STORE_WORK_H

#include "model.h"

/* All of it, or -errno. */
int store_write_all(int fd, const char *bytes, size_t size);
/* fsync(2) that forgives what has none. */
int store_sync(int fd);
/* A new file NAME in DIRECTORY that is exactly IMAGE, on the disk. It may be there, incomplete,
 * after a failure; -EEXIST: somebody else's is. */
int store_write_temporary(int directory, const char *name, const struct image *image);

#endif
