/* SPDX-License-Identifier: MIT
 *
 * What is known about sysctl keys and limit items: one row each. A new bound, a new key, a new
 * limit item is a row in catalog.c and nothing else.
 */
#ifndef KEELTUNE_CATALOG_H
#define KEELTUNE_CATALOG_H

#include "model.h"

/* How the kernel's handler parses and stores a write. */
enum sysctl_type {
	SYSCTL_INT,     /* proc_dointvec(_minmax), also _jiffies: signed */
	SYSCTL_JIFFIES, /* proc_dointvec_jiffies: seconds, at most INT_MAX / HZ either way */
	SYSCTL_UINT,    /* proc_douintvec_minmax, proc_dou8vec_minmax: a '-' is refused */
	SYSCTL_ULONG,   /* proc_doulongvec_minmax */
	SYSCTL_PORTS,   /* two integers, low <= high */
};

struct sysctl_row {
	const char *key; /* dotted */
	enum sysctl_type type;
	struct value kernel_min, kernel_max; /* what a write accepts */
	struct value safe_min, safe_max;     /* what keeltune accepts */
	struct value initial; /* before any file; VALUE_NONE: depends on the machine */
	const char *unit;     /* "s", "count", ... or "" */
	const char *help;     /* one line */
};

/* NULL: not in the catalogue. */
const struct sysctl_row *catalog_sysctl(const char *key);
const struct sysctl_row *catalog_sysctls(size_t *ret_count);

/* Why a key that old guides set does nothing on current kernels ("removed in Linux 4.12"), or NULL.
 */
const char *catalog_removed_sysctl(const char *key);

/* What the kernel would hold after SIZE bytes at TEXT were written to the key of ROW while it held
 * CURRENT. HZ bounds SYSCTL_JIFFIES. Returns 0, or -EINVAL when the kernel refuses the write.
 * ROW NULL (not in the catalogue): accepted, the text normalised. */
int catalog_kernel_parse(struct pool *pool, const struct sysctl_row *row, const char *text,
			 size_t size, unsigned hz, struct value current, struct value *ret_value);

/* One item of limits.conf that is a resource limit. */
struct limit_row {
	const char *item; /* "nofile" */
	int resource;     /* RLIMIT_NOFILE */
	uint64_t scale;   /* one unit of limits.conf in units of the kernel: 1024 for KiB, 60 for
			     minutes */
	const char *unit; /* of limits.conf: "files", "KiB", "minutes" */
	const char *kernel_unit; /* "files", "bytes", "seconds", "us" */
	const char *proc_label;  /* of /proc/PID/limits: "Max open files" */
	uint64_t least;          /* in units of limits.conf: with less, logins break */
	struct value default_soft,
		default_hard; /* handed down by systemd when nobody says otherwise */
};

const struct limit_row *catalog_limit(const char *item); /* NULL: not a resource limit */
const struct limit_row *catalog_limits(size_t *ret_count);

#endif
