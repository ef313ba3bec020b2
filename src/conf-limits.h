/* SPDX-License-Identifier: MIT
 *
 * limits.conf as a given pam_limits.so reads it: bytes to entries. No I/O.
 */
#ifndef KEELTUNE_CONF_LIMITS_H
#define KEELTUNE_CONF_LIMITS_H

#include "limits-module.h"
#include "model.h"

#include <stdint.h>
#include <sys/resource.h>

struct pool;

enum limits_form {
	LIMITS_RULE,      /* domain type item value */
	LIMITS_NO_LIMIT,  /* "alice -": for whom it names, nothing at all is set */
	LIMITS_INVALID,   /* another number of fields: skipped */
	LIMITS_BAD_RANGE, /* a domain with a ':' that is no range: skipped */
	LIMITS_BROKEN,    /* not a line: the file cannot be opened, which ends the login */
	LIMITS_UNREAD,    /* not a line: the file could not be read here, whatever the login sees */
};

/* Resource numbers (RLIMIT_NOFILE, ...), then: */
enum limits_item {
	LIMITS_MAXLOGINS = RLIM_NLIMITS,
	LIMITS_MAXSYSLOGINS,
	LIMITS_PRIORITY,
	LIMITS_NONEWPRIVS,
	LIMITS_CHROOT,
	LIMITS_UNKNOWN,
};

enum limits_range {
	LIMITS_NO_RANGE,
	LIMITS_EXACTLY, /* ":max" */
	LIMITS_FROM,    /* "min:" */
	LIMITS_BETWEEN, /* "min:max" */
};

enum limits_sides { LIMITS_SOFT = 1, LIMITS_HARD = 2, LIMITS_BOTH = 3 };

/* Why a rule is dropped without a word. */
enum limits_drop { LIMITS_KEPT, LIMITS_DROP_ITEM, LIMITS_DROP_TYPE, LIMITS_DROP_VALUE };

struct limits_entry {
	const char *file;
	unsigned line;
	bool tail; /* of a line too long for the module, which takes it for a line of its own */
	enum limits_form form;
	unsigned fields;
	const char *domain;
	enum limits_range range;
	uint32_t min, max;
	/* "" where the line has fewer fields; type, item and value in lower case, as compared. */
	const char *type, *item, *value;
	const char *rest; /* behind the fourth field, where the module does not look; or "" */
	/* Of a rule: */
	enum limits_drop drop;
	unsigned code;   /* a resource or enum limits_item */
	unsigned sides;  /* enum limits_sides; 0: neither, where the item does not mind */
	uint64_t number; /* of a resource, in the kernel's unit; LIMIT_UNLIMITED */
	int count;       /* of maxlogins, maxsyslogins, priority, nonewprivs */
	const char *why; /* BROKEN, UNREAD: a clause */
};

struct limits_entries {
	struct limits_entry *items;
	size_t count;
};

#define LIMITS_ENTRIES_MAX 250000 /* of all files; far above what hosts have */

/* Appends what FILE's BYTES say to ENTRIES. FILE is borrowed, the bytes are not. False: there would
 * be more than LIMITS_ENTRIES_MAX; those are there. */
bool limits_parse(struct pool *pool, const struct limits_module *module, const char *file,
		  const char *bytes, size_t size, struct limits_entries *entries);

/* The resource that NAME means, an enum limits_item, or LIMITS_UNKNOWN; whatever the module knows.
 */
unsigned limits_item_code(const char *name);

struct origin limits_origin(const struct limits_entry *entry);

/* "-", "-1", "unlimited", "infinity". */
bool limits_is_infinity(const char *value);

/* The item whose name is nearest to NAME, or NULL when none is near. */
const char *limits_nearest_item(const char *name);

#endif
