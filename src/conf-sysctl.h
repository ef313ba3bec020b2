/* SPDX-License-Identifier: MIT
 *
 * Reads the lines of one sysctl.d file as an engine reads them: systemd-sysctl 252, procps 4.0.2
 * and 3.3.17, BusyBox 1.37. Pure; the bytes may be anything.
 */
#ifndef KEELTUNE_CONF_SYSCTL_H
#define KEELTUNE_CONF_SYSCTL_H

#include "engine.h"

#include <stddef.h>

struct pool;

enum sysctl_line_kind {
	SYSCTL_LINE_SET,      /* name = value */
	SYSCTL_LINE_EXCLUDE,  /* "-name": patterns shall leave it alone */
	SYSCTL_LINE_IGNORED,  /* neither; NAME is the whole line */
	SYSCTL_LINE_TOO_LONG, /* systemd reads no further; NAME is the begin of the line */
};

/* Slices of the bytes given to conf_sysctl_start(), without a NUL behind them. */
struct sysctl_line {
	enum sysctl_line_kind kind;
	unsigned line;    /* 1.. */
	const char *name; /* without leading '-' and blanks, separators as written */
	size_t name_size;
	const char *value; /* SET only */
	size_t value_size;
};

struct sysctl_reader {
	struct pool *pool; /* for lines that BusyBox joins */
	enum engine engine;
	const char *start, *at, *end; /* of the line returned last, of the next */
	const char *counted;          /* up to here newlines are in LINE */
	unsigned line;
	char *joined; /* the line as joined */
};

void conf_sysctl_start(struct sysctl_reader *reader, struct pool *pool, enum engine engine,
		       const char *bytes, size_t size);
/* The next line that is neither blank nor a comment; false at the end. */
bool conf_sysctl_next(struct sysctl_reader *reader, struct sysctl_line *ret_line);

#endif
