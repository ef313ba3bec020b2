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
	const char *section; /* "Manager" */
	const char *key;     /* "DefaultLimitNOFILE" */
	const char *value;   /* "1024:524288" */
	unsigned line;
};

struct systemd_conf {
	struct systemd_assignment *items;
	size_t count;
};

void systemd_conf_parse(struct pool *pool, const char *bytes, size_t size,
			struct systemd_conf *ret);

#endif
