// SPDX-License-Identifier: MIT
/* Names of units, see unit-name.h and systemd.unit(5). */
#include "unit-name.h"

#include "pool.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_SIZE 255 /* UNIT_NAME_MAX, without the NUL */

const char *unit_name_suffix(const char *name)
{
	static const char *const suffixes[] = { ".service", ".socket", ".target",   ".device",
						".mount",   ".swap",   ".timer",    ".path",
						".slice",   ".scope",  ".automount" };
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++)
		if (!strcmp(dot, suffixes[i]))
			return dot;
	return NULL;
}

enum unit_name_form unit_name_form(const char *name)
{
	const char *suffix = unit_name_suffix(name), *at = NULL;

	if (!suffix || suffix == name || strlen(name) > NAME_MAX_SIZE)
		return UNIT_NAME_INVALID;
	for (const char *p = name; p < suffix; p++) {
		if (*p == '@' && !at)
			at = p;
		if (!isascii((unsigned char)*p) ||
		    (!isalnum((unsigned char)*p) && !strchr(":-_.\\@", *p)))
			return UNIT_NAME_INVALID;
	}
	if (at == name)
		return UNIT_NAME_INVALID;
	if (!at)
		return UNIT_NAME_PLAIN;
	return at + 1 == suffix ? UNIT_NAME_TEMPLATE : UNIT_NAME_INSTANCE;
}

const char *unit_name_prefix(struct pool *pool, const char *name)
{
	const char *at = strchr(name, '@');
	const char *end = at ? at : strrchr(name, '.');

	return end ? pool_copy(pool, name, (size_t)(end - name)) : name;
}

const char *unit_name_instance(struct pool *pool, const char *name)
{
	const char *at = strchr(name, '@');
	const char *dot = at ? strrchr(at, '.') : NULL;

	return dot ? pool_copy(pool, at + 1, (size_t)(dot - at - 1)) : NULL;
}

const char *unit_name_template(struct pool *pool, const char *name)
{
	if (unit_name_form(name) != UNIT_NAME_INSTANCE)
		return NULL;
	return pool_printf(pool, "%.*s%s", (int)(strchr(name, '@') + 1 - name), name,
			   strrchr(name, '.'));
}

const char *unit_instances(struct pool *pool, const char *name)
{
	if (unit_name_form(name) != UNIT_NAME_TEMPLATE)
		return name;
	return pool_printf(pool, "%.*s*%s", (int)(strchr(name, '@') + 1 - name), name,
			   unit_name_suffix(name));
}

const char *unit_for_shell(struct pool *pool, const char *name)
{
	return strpbrk(name, "\\*") ? pool_printf(pool, "'%s'", name) : name;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const char *unit_name_unescape(struct pool *pool, const char *text, bool paths)
{
	char *plain = pool_strdup(pool, text), *to = plain;

	for (; *text; text++) {
		if (*text == '-' && paths) {
			*to++ = '/';
		} else if (*text == '\\') {
			int high = text[1] == 'x' ? hex_digit(text[2]) : -1;
			int low = high >= 0 ? hex_digit(text[3]) : -1;
			if (low < 0)
				return NULL;
			*to++ = (char)(high * 16 + low);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return plain;
}
