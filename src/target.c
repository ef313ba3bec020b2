// SPDX-License-Identifier: MIT
/* The table of places, see target.h. A new kind of setting that writes files has its row here. */
#include "target.h"

#include "pool.h"
#include "text.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* A '*' stands for one name, or a part of it. */
struct place {
	const char *directory, *file;
	const char *vendors[5]; /* whose files one of the same name in `directory` hides */
};

static const struct place places[] = {
	{ "/etc", "sysctl.conf", { NULL } },
	{ "/etc/sysctl.d",
	  "*",
	  { "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d" } },
	/* libeconf's directories of vendors have a prefix that is chosen when it is built. */
	{ "/etc/security",
	  "limits.conf",
	  { "/usr/*/security", "/usr/*/*/security", "/usr/security" } },
	{ "/etc/security/limits.d",
	  "*",
	  { "/usr/*/security/limits.d", "/usr/*/*/security/limits.d", "/usr/security/limits.d" } },
	{ "/etc/pam.d", "*", { NULL } },
	{ "/etc/systemd/system/*.d",
	  "*.conf",
	  { "/run/systemd/system/*.d", "/usr/local/lib/systemd/system/*.d",
	    "/usr/lib/systemd/system/*.d", "/lib/systemd/system/*.d" } },
	{ "/etc/systemd/system.conf.d",
	  "*.conf",
	  { "/run/systemd/system.conf.d", "/usr/local/lib/systemd/system.conf.d",
	    "/usr/lib/systemd/system.conf.d", "/lib/systemd/system.conf.d" } },
};

#define PLACES (sizeof places / sizeof *places)
#define LONGEST 128 /* of a row's directory and file */

static bool matches(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, FNM_PATHNAME | FNM_NOESCAPE);
}

/* Is PATH the FILE of a row in DIRECTORY? */
static bool lies_in(const char *path, const char *directory, const char *file)
{
	char pattern[LONGEST];

	snprintf(pattern, sizeof pattern, "%s/%s", directory, file);
	return matches(pattern, path);
}

bool target_is_file(const char *path)
{
	for (size_t i = 0; i < PLACES; i++)
		if (lies_in(path, places[i].directory, places[i].file))
			return true;
	return false;
}

/* Every directory of the table, and those that they stand in. */
bool target_is_directory(const char *path)
{
	char above[LONGEST];

	for (size_t i = 0; i < PLACES; i++) {
		snprintf(above, sizeof above, "%s", places[i].directory);
		for (char *slash = above + strlen(above); slash != above;
		     slash = strrchr(above, '/')) {
			*slash = '\0';
			if (matches(above, path))
				return true;
		}
	}
	return false;
}

/* "/usr/lib/systemd/system/x.service.d" in the place of "/etc/systemd/system/<star>.d". */
static const char *put_name(struct pool *pool, const struct place *place, const char *path)
{
	const char *name = base_name(path);
	const char *star = strchr(place->directory, '*');

	if (!star)
		return pool_printf(pool, "%s/%s", place->directory, name);
	const char *parent = pool_copy(pool, path, (size_t)(name - path - 1));
	return pool_printf(pool, "%.*s%s/%s", (int)(star - place->directory), place->directory,
			   base_name(parent), name);
}

const char *target_that_hides(struct pool *pool, const char *path)
{
	for (size_t i = 0; i < PLACES; i++)
		for (const char *const *vendor = places[i].vendors; *vendor; vendor++)
			if (lies_in(path, *vendor, places[i].file))
				return put_name(pool, &places[i], path);
	return NULL;
}
