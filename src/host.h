/* SPDX-License-Identifier: MIT
 *
 * A host as it is read: the live one, or a directory tree (--root). Every path is absolute and seen
 * from inside the root; links resolve inside it. Reads only. What was read stays cached and
 * unchanged until host_close(), so one command sees one state; the overlay shows the host as it
 * would be after planned changes.
 */
#ifndef KEELTUNE_HOST_H
#define KEELTUNE_HOST_H

#include "model.h"

#include <sys/types.h>
#include <time.h>

struct error;
struct host;

#define HOST_FILE_MAX (16u << 20) /* bytes; a larger file is FILE_UNREADABLE with -EFBIG */

/* ROOT NULL: the live host. Fails when ROOT is not a directory, or the kernel lacks openat2(2). */
int host_open(const char *root, struct host **ret_host, struct error *err);
void host_close(struct host *host); /* accepts NULL */

bool host_is_live(const struct host *host);
const char *host_root(const struct host *host); /* "" when live, else as given */
struct pool *host_pool(struct host *host);      /* lives as long as the host */

/* A descriptor of the directory at PATH (links followed), or -errno. For store.c. No allocation. */
int host_open_directory(const struct host *host, const char *path);

struct stat;

/* ---- files ------------------------------------------------------------------------------- */

/* Opens for reading without side effects: in a tree what is not a file or directory is not even
 * opened. A descriptor, or -errno. */
int host_open_file(const struct host *host, const char *path, struct stat *ret_stat);

/* Reads to the end. HINT: the size that fstat(2) says, 0 for /proc. A short read is taken for the
 * end, as regular files and the files of /proc that are asked for here (single_open() of the
 * kernel) give it; CAREFUL: only read(2) returning 0 is. 0, -EFBIG or -errno. */
int host_read_all(struct pool *pool, int fd, size_t hint, bool careful, const char **ret_bytes,
		  size_t *ret_size);

enum file_state {
	FILE_PRESENT,  /* a regular file: bytes, size */
	FILE_NULL,     /* /dev/null, or a link to it: reads as empty */
	FILE_ABSENT,   /* ENOENT, nothing there */
	FILE_DANGLING, /* a link whose target does not exist */
	FILE_DIRECTORY,
	FILE_UNREADABLE, /* error says why: -EACCES, -ELOOP, -EFBIG, -EINVAL (fifo, device, socket)
			  */
};

struct file {
	const char *path;
	enum file_state state;
	int error;         /* of FILE_ABSENT and FILE_DANGLING -ENOENT or -ENOTDIR */
	const char *bytes; /* NUL behind the end; "" unless FILE_PRESENT */
	size_t size;
	mode_t mode; /* st_mode of what it resolves to */
	uid_t uid;
	gid_t gid;
	time_t mtime;
	dev_t device; /* with the inode: which file it is */
	ino_t inode;
};

bool file_contains(const struct file *file, const char *text);

/* Never NULL; owned by HOST. PATH is copied. */
const struct file *host_file(struct host *host, const char *path);
/* The same without the overlay: as it was when this command first read it. */
const struct file *host_file_before(struct host *host, const char *path);

/* Is the file with that inode one that host_file() has read? */
bool host_has_read(const struct host *host, dev_t device, ino_t inode);

/* As host_file(), for what the running kernel says (/proc/...), without mode, owner and time: never
 * through the root of an offline tree, where the answer is FILE_ABSENT. */
const struct file *host_kernel(struct host *host, const char *path);

struct directory {
	enum file_state state; /* FILE_DIRECTORY, or FILE_ABSENT, FILE_UNREADABLE */
	int error;
	const char **names; /* sorted by strcmp, without . and .. */
	size_t count;
};
const struct directory *host_directory(struct host *host, const char *path);

/* As stat(2) says it: follows links. Not cached, no overlay. 0 or -errno. */
int host_stat(const struct host *host, const char *path, struct stat *ret_stat);

/* Where PATH leads when its links are followed, as a path inside the root; NULL when nowhere. */
const char *host_resolve(struct host *host, const char *path);

/* Does PATH lead to something at all, readable or not? Not cached, no overlay. */
bool host_exists(struct host *host, const char *path);

/* The target text of the link at PATH, or NULL when it is not a link. */
const char *host_link(struct host *host, const char *path);

/* PATH as it is on the disk at this moment (no cache, no overlay), links followed, with mode, owner
 * and extended attributes; what cannot be opened for want of existence has `exists` false. Kernel
 * values (/proc/sys/...) come without the final newline and attributes. -errno when unreadable. */
int host_image(struct host *host, const char *path, struct image *ret_image);

struct host_identity {
	const char *name;
	const char *os;     /* PRETTY_NAME of os-release, or NULL */
	const char *kernel; /* release of the running kernel; NULL for a tree */
};
void host_identify(struct host *host, struct host_identity *ret_identity);
const char *host_machine_id(struct host *host); /* NULL: none */
/* NULL for a tree, and where BOOT_ID cannot be read. */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
const char *host_boot_id(struct host *host);

/* What was derived from what the host shows now, for whoever asks next: forgotten when the overlay
 * changes. KEY names the question ("pam-stack login"); both live as long as the host. */
const void *host_recall(struct host *host, const char *key); /* NULL: not asked yet */
void host_remember(struct host *host, const char *key, const void *answer);

/* The overlay. BYTES NULL: as if PATH did not exist. Both are copied. */
void host_overlay(struct host *host, const char *path, const char *bytes, size_t size);
void host_overlay_drop(struct host *host, const char *path); /* as it really is again */

#endif
