// SPDX-License-Identifier: MIT
/* Temporary trees, see tree.h. Everything lives in one pool of the test process. */
#include "tree.h"

#include "pool.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ORDINARY 65534

static struct pool *strings(void)
{
	static struct pool *pool;

	if (!pool)
		pool = pool_new();
	return pool;
}

static char trees[8][64];
static size_t tree_count;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

static int open_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static void remove_trees(void)
{
	while (tree_count-- > 0) {
		nftw(trees[tree_count], open_one, 16, FTW_PHYS);
		nftw(trees[tree_count], remove_one, 16, FTW_PHYS | FTW_DEPTH);
	}
	pool_free(strings());
}

const char *tree_new(void)
{
	const char *base = getenv("TMPDIR");
	char *root = trees[tree_count];

	ck_assert_uint_lt(tree_count, sizeof trees / sizeof *trees);
	if (!tree_count)
		atexit(remove_trees);
	snprintf(root, sizeof trees[0], "%.40s/tree.XXXXXX", base ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(root));
	tree_count++;
	ck_assert_int_eq(chmod(root, 0755), 0);
	return root;
}

const char *tree_path(const char *root, const char *path)
{
	return pool_printf(strings(), "%s%s", root, path);
}

static void make_parents(const char *root, const char *full)
{
	char *path = pool_strdup(strings(), full);

	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755))
			ck_assert_int_eq(errno, EEXIST);
		else
			ck_assert_int_eq(chmod(path, 0755), 0);
		*slash = '/';
	}
}

void tree_put_bytes(const char *root, const char *path, const void *bytes, size_t size)
{
	const char *full = tree_path(root, path);

	make_parents(root, full);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_msg(fd >= 0, "%s: %s", full, strerror(errno));
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

void tree_put(const char *root, const char *path, const char *text)
{
	tree_put_bytes(root, path, text, strlen(text));
}

void tree_link(const char *root, const char *path, const char *target)
{
	const char *full = tree_path(root, path);

	make_parents(root, full);
	ck_assert_msg(!symlink(target, full), "%s: %s", full, strerror(errno));
}

void tree_directory(const char *root, const char *path)
{
	make_parents(root, tree_path(root, pool_printf(strings(), "%s/", path)));
}

void tree_remove(const char *root, const char *path)
{
	ck_assert_int_eq(remove(tree_path(root, path)), 0);
}

void tree_chmod(const char *root, const char *path, mode_t mode)
{
	ck_assert_int_eq(chmod(tree_path(root, path), mode), 0);
}

static const char *read_file(const char *full, size_t *ret_size)
{
	int fd = open(full, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	char *bytes = NULL;

	if (fd < 0)
		return NULL;
	for (ssize_t got = 1; got > 0; size += got > 0 ? (size_t)got : 0) {
		bytes = realloc(bytes, size + 65536);
		ck_assert_ptr_nonnull(bytes);
		got = read(fd, bytes + size, 65536);
	}
	close(fd);
	const char *copy = pool_copy(strings(), bytes, size);
	free(bytes);
	*ret_size = size;
	return copy;
}

const char *tree_get(const char *root, const char *path)
{
	size_t size;

	return read_file(tree_path(root, path), &size);
}

/* ---- listings ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *list_xattrs(const char *full)
{
	char names[4096], bytes[4096];
	ssize_t size = llistxattr(full, names, sizeof names);
	const char *text = "";

	for (const char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		ssize_t length = lgetxattr(full, name, bytes, sizeof bytes);
		text = pool_printf(strings(), "%s %s=", text, name);
		for (ssize_t i = 0; i < length; i++)
			text = pool_printf(strings(), "%s%02x", text, (unsigned char)bytes[i]);
	}
	return text;
}

static const char *list_content(const char *full, const struct stat *st)
{
	char target[4096];
	size_t size = 0;

	if (S_ISLNK(st->st_mode)) {
		ssize_t length = readlink(full, target, sizeof target);
		return length < 0 ? "?" : pool_copy(strings(), target, (size_t)length);
	}
	if (!S_ISREG(st->st_mode))
		return "";
	const char *bytes = read_file(full, &size);
	if (!bytes)
		return "(unreadable)";
	const char *text = "";
	for (size_t i = 0; i < size; i++)
		text = bytes[i] >= ' ' && bytes[i] < 0x7f
			       ? pool_printf(strings(), "%s%c", text, bytes[i])
			       : pool_printf(strings(), "%s\\x%02x", text, (unsigned char)bytes[i]);
	return text;
}

static const char *list_below(const char *root, const char *path, const char *skip,
			      const char *text)
{
	struct dirent **entries = NULL;
	char *names[256];
	size_t count = 0;
	int found = scandir(tree_path(root, path), &entries, NULL, NULL);

	for (int i = 0; i < found; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
			ck_assert_uint_lt(count, 256);
			names[count++] = pool_printf(strings(), "%s/%s", path, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free((void *)entries);
	qsort((void *)names, count, sizeof *names, by_name);
	for (size_t i = 0; i < count; i++) {
		const char *full = tree_path(root, names[i]);
		struct stat st;
		ck_assert_int_eq(lstat(full, &st), 0);
		text = pool_printf(strings(), "%s%s %06o %u:%u%s [%s]\n", text, names[i],
				   st.st_mode, st.st_uid, st.st_gid, list_xattrs(full),
				   list_content(full, &st));
		if (S_ISDIR(st.st_mode) && !(skip && !strcmp(skip, names[i])))
			text = list_below(root, names[i], skip, text);
	}
	return text;
}

const char *tree_list(const char *root, const char *path, const char *skip)
{
	return list_below(root, path, skip, "");
}

/* ---- users ------------------------------------------------------------------------------- */

static int give_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return lchown(path, ORDINARY, ORDINARY);
}

void tree_become_ordinary(const char *root)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(nftw(root, give_away, 16, FTW_PHYS), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setgid(ORDINARY), 0);
	ck_assert_int_eq(setuid(ORDINARY), 0);
}
