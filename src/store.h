/* SPDX-License-Identifier: MIT
 *
 * store.c is the only file of the program (outputs: store-output.c) that opens anything for
 * writing, creates, renames or removes. The primitives that change a host: put a kernel value, put
 * a file; and of a running process (store-process.c) its descriptor limit and the keepalive of its
 * sockets. Nothing on the way of a change allocates. All functions return 0 (or a descriptor) or
 * -errno. Paths are absolute inside HOST's root.
 */
#ifndef KEELTUNE_STORE_H
#define KEELTUNE_STORE_H

#include "model.h"
#include "process-change.h"

struct error;
struct host;

/* One write(2) of BYTES and a newline, which must be taken whole (a short count means that the
 * kernel stopped at a character it did not understand). Live hosts only: else -EROFS. */
int store_put_sysctl(const struct host *host, const char *path, const char *bytes, size_t size);

/* Three steps make the file at PATH exactly IMAGE (content, mode, owner, xattrs), or not be:
 * stage writes a temporary file beside it, whose name never ends in ".conf", and fsyncs it (an
 * IMAGE that does not exist: only removes what such a file is left); commit renames it to its
 * place, or unlinks PATH: nobody ever sees half a file; and the directory is fsynced. */
int store_stage_file(const struct host *host, const char *path, const struct image *image);
int store_commit_file(const struct host *host, const char *path, const struct image *image);
int store_sync_parent(const struct host *host, const char *path);
/* In the place of commit: only if what stands at PATH is BEFORE (see store_compare_file), else
 * -ESTALE, and it stands there still. What somebody writes between a look and this is not lost. */
int store_swap_file(const struct host *host, const char *path, const struct image *before,
		    const struct image *after);
/* All three. On failure no temporary file is left, if that can be helped. */
int store_put_file(const struct host *host, const char *path, const struct image *image);

/* Is the file at PATH what IMAGE says in content, mode and owner (or not there, if IMAGE is not)? A
 * link is no file. 0; -ESTALE: it is not; or it could not be read. */
int store_compare_file(const struct host *host, const char *path, const struct image *image);

/* Both limits at once. -ESRCH: that process has ended; -ESTALE: they were not BEFORE, and are as
 * they were again. */
int store_put_nofile(struct process_identity place, struct nofile before, struct nofile limit);
/* Sets what of VALUES still lives and is as it was to the wanted keepalive; BACK: what is still as
 * it was set to what it had before. Says in VALUES what became of them. -ESRCH as above. */
int store_put_keepalive(struct process_identity place, struct socket_values *values, bool back);

/* A new file NAME in DIRECTORY, for a file system that only this process sees: not synced. */
int store_put_private(int directory, const char *name, const char *bytes, size_t size);

/* Creates one directory, fsyncs it and its parent; 0 when it exists already. */
int store_make_directory(const struct host *host, const char *path, mode_t mode);
/* Removes it if it is empty; -ENOTEMPTY or -ENOENT otherwise. */
int store_remove_directory(const struct host *host, const char *path);
/* Renames it inside its parent, which is fsynced. */
int store_rename_directory(const struct host *host, const char *from, const char *to);
/* Removes the directory and what is in it, links as links: -ENOENT when there is none. For rollback
 * files, which are a few levels deep. The one function here that allocates. */
int store_remove_tree(const struct host *host, const char *path);

/* Waits up to SECONDS for the lock of HOST. Returns a descriptor that holds it until it is closed;
 * -ETIMEDOUT when somebody else holds it. */
int store_lock(const struct host *host, unsigned seconds);

/* Is somebody at work? -EWOULDBLOCK: somebody holds the lock. Else a descriptor that keeps him out
 * until it is closed, or -ENOENT: there has never been a lock. */
int store_share_lock(const struct host *host);

/* Could store_put_output() do it, as far as can be told without trying? 0 or -errno. */
int store_output_possible(const char *path, struct error *err);
/* Is PATH the name of a descriptor (/dev/fd/3) that is not open for writing? */
bool store_output_is_closed(const char *path);
/* Writes SIZE bytes to the file PATH of the caller (not inside the root), all or nothing: a regular
 * file is replaced, a link to one stays; a pipe or a device is written to, and so is what PATH
 * names as a descriptor (/dev/stdout, /dev/fd/3). Never goes through a link that is neither root's
 * nor the caller's, nor takes a file of somebody else in a directory where everybody makes files.
 * 0 or -errno. */
int store_put_output(const char *path, const char *bytes, size_t size, struct error *err);
/* Sends TEXT to the datagram socket PATH: a datagram for each paragraph, with its last newline and
 * without the empty line. Waits five seconds for a receiver that is behind. 0 or -errno. */
int store_send(const char *path, const char *text, size_t size);

#endif
