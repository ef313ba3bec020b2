/* SPDX-License-Identifier: MIT
 *
 * The only file of the program that opens anything for writing, creates, renames or removes.
 * Two primitives change a host: put a kernel value, put a file. Nothing here allocates.
 * All functions return 0 (or a descriptor) or -errno. Paths are absolute inside HOST's root.
 */
#ifndef KEELTUNE_STORE_H
#define KEELTUNE_STORE_H

#include "model.h"

struct host;

/* One write(2) of BYTES and a newline, which must be taken whole (a short count means that the
 * kernel stopped at a character it did not understand). Live hosts only: else -EROFS. */
int store_put_sysctl(const struct host *host, const char *path, const char *bytes, size_t size);

/* Makes the file at PATH be exactly IMAGE (content, mode, owner, xattrs), or not be: a temporary
 * file beside it whose name never ends in ".conf", fsync, rename, fsync of the directory. */
int store_put_file(const struct host *host, const char *path, const struct image *image);

/* Does the file at PATH have the content of IMAGE (or not exist, if IMAGE does not)? A link is no
 * file. */
bool store_holds(const struct host *host, const char *path, const struct image *image);

/* Creates one directory, fsyncs its parent; 0 when it exists already. */
int store_make_directory(const struct host *host, const char *path, mode_t mode);
/* Removes it if it is empty; -ENOTEMPTY or -ENOENT otherwise. */
int store_remove_directory(const struct host *host, const char *path);

/* Waits up to SECONDS for the lock of HOST. Returns a descriptor that holds it until it is closed;
 * -ETIMEDOUT when somebody else holds it. */
int store_lock(const struct host *host, unsigned seconds);

/* Could store_put_output() do it, as far as can be told without trying? */
bool store_output_possible(const char *path);
/* Writes SIZE bytes to the file PATH of the caller (not inside the root), all or nothing. */
int store_put_output(const char *path, const char *bytes, size_t size);

#endif
