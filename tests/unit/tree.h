/* SPDX-License-Identifier: MIT
 *
 * Temporary trees for tests: a directory below $TMPDIR that stands for the root of a host.
 */
#ifndef KEELTUNE_TESTS_TREE_H
#define KEELTUNE_TESTS_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* A new empty directory, which is removed when the test process ends. */
const char *tree_new(void);

/* PATHs begin with a slash and are below ROOT; parents are made. Failures end the test. */
void tree_put(const char *root, const char *path, const char *text);
void tree_put_bytes(const char *root, const char *path, const void *bytes, size_t size);
void tree_link(const char *root, const char *path, const char *target);
void tree_directory(const char *root, const char *path);
void tree_remove(const char *root, const char *path); /* a file or an empty directory */
void tree_chmod(const char *root, const char *path, mode_t mode);

const char *tree_path(const char *root, const char *path); /* of this host */
/* The content, or NULL when it cannot be opened. */
const char *tree_get(const char *root, const char *path);

/* One line for everything below PATH: name, type, mode, owner, extended attributes, link target,
 * content; sorted. SKIP: what is below this path is left out, or NULL. */
const char *tree_list(const char *root, const char *path, const char *skip);

/* Makes the test process an ordinary user's when it is root's. ROOT and all below is then his. */
void tree_become_ordinary(const char *root);

#endif
