/* SPDX-License-Identifier: MIT
 *
 * Names of systemd's units, as src/basic/unit-name.c of systemd takes them apart. Pure.
 */
#ifndef KEELTUNE_UNIT_NAME_H
#define KEELTUNE_UNIT_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

enum unit_name_form {
	UNIT_NAME_INVALID,
	UNIT_NAME_PLAIN,    /* "nginx.service" */
	UNIT_NAME_TEMPLATE, /* "getty@.service" */
	UNIT_NAME_INSTANCE, /* "getty@tty1.service" */
};
enum unit_name_form unit_name_form(const char *name);

const char *unit_name_suffix(const char *name); /* ".service", behind the last dot; NULL: none */
/* "getty" of "getty@tty1.service", "nginx" of "nginx.service". */
const char *unit_name_prefix(struct pool *pool, const char *name);
/* "tty1"; "" of a template; NULL of a plain name. */
const char *unit_name_instance(struct pool *pool, const char *name);
/* "getty@.service" of an instance, else NULL. */
const char *unit_name_template(struct pool *pool, const char *name);

/* For systemctl: "getty@*.service" of a template, any other name as it is. */
const char *unit_instances(struct pool *pool, const char *name);
/* A name, or a path made of names, as one word for a shell: it may have '\\' and '*'. */
const char *unit_for_shell(struct pool *pool, const char *name);

/* "a-b" of "a\x2db"; with PATHS "-" is "/" as well. NULL when TEXT is not escaped text. */
const char *unit_name_unescape(struct pool *pool, const char *text, bool paths);

#endif
