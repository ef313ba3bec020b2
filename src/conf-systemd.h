/* SPDX-License-Identifier: MIT
 *
 * Configuration files of systemd (system.conf, units): bytes to assignments. No I/O.
 */
#ifndef KEELTUNE_CONF_SYSTEMD_H
#define KEELTUNE_CONF_SYSTEMD_H

#include <stddef.h>
#include <stdint.h>

struct pool;

struct systemd_assignment {
	const char *section; /* "Manager"; "" before the first header, where systemd
				ignores it */
	const char *key;     /* "DefaultLimitNOFILE" */
	const char *value;   /* "1024:524288"; "" resets */
	unsigned line;       /* where it begins */
};

struct systemd_conf {
	struct systemd_assignment *items;
	size_t count;
	unsigned stop_line; /* where systemd gives up on the file; 0: it reads to the end */
	const char *stop_why;
};

void systemd_conf_parse(struct pool *pool, const char *bytes, size_t size,
			struct systemd_conf *ret);

/* LimitNOFILE= and its like: "4096", "1024:524288", "infinity", of RLIMIT_x RESOURCE, in the
 * kernel's unit (~0 is infinity). 0; -EINVAL: systemd ignores the line; -EILSEQ: likewise, because
 * the soft value is above the hard one. */
int systemd_limit_parse(int resource, const char *text, uint64_t *ret_soft, uint64_t *ret_hard);

/* "NOFILE" as in LimitNOFILE= to RLIMIT_NOFILE; -1: there is none. */
int systemd_limit_resource(const char *name);
const char *systemd_limit_name(int resource); /* "NOFILE" */

#endif
