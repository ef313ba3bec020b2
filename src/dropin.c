// SPDX-License-Identifier: MIT
/* Header and comments of drop-ins, see dropin.h. */
#include "dropin.h"

#include "pool.h"
#include "text.h"

#include <string.h>

#define LONGEST 200

const char dropin_header[] = "# Written by keeltune; the next `keeltune apply` writes it anew.\n"
			     "# To undo: keeltune rollback. Without keeltune: remove this file.\n";

static const char *profile_name(struct pool *pool, const char *file)
{
	const char *name = base_name(file);
	size_t size = strlen(name);

	return pool_copy(pool, name, is_conf_name(name) ? size - strlen(".conf") : size);
}

const char *dropin_comment(struct pool *pool, const struct setting *setting)
{
	const char *profile = profile_name(pool, setting->origin.file);
	char *text = setting->reason ? pool_printf(pool, "%s: %s", profile, setting->reason)
				     : pool_strdup(pool, profile);
	size_t size = strlen(text);

	if (size > LONGEST) {
		size = LONGEST;
		while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
			size--;
		text[size] = '\0';
	}
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	/* BusyBox joins a line that ends in a backslash with the next. */
	while (size && (text[size - 1] == '\\' || text[size - 1] == ' '))
		text[--size] = '\0';
	return text;
}
