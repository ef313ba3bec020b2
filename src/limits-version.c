// SPDX-License-Identifier: MIT
/* Releases of pam_limits.so, see limits-module.h: what each does, and which one an installed module
 * behaves like. From modules/pam_limits/pam_limits.c and NEWS of Linux-PAM 1.3.1 to 1.7.2, and the
 * changelog of Debian's package. Pure. */
#include "limits-module.h"

#include "error.h"
#include "pool.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const struct release {
	const char *name;
	bool compared; /* Debian's package of it: Debian 11, 12, 13 (tests/slow/limits.sh) */
} releases[] = {
	{ "1.3.1", false }, { "1.4.0", true },  { "1.5.0", false }, { "1.5.1", false },
	{ "1.5.2", true },  { "1.5.3", false }, { "1.6.0", false }, { "1.6.1", false },
	{ "1.7.0", true },  { "1.7.1", false }, { "1.7.2", false },
};

#define RELEASES (sizeof releases / sizeof *releases)

/* The names sort as the releases do. */
static bool since(size_t release, const char *name)
{
	return strcmp(releases[release].name, name) >= 0;
}

static struct limits_module features_of(size_t release, bool debian)
{
	return (struct limits_module){
		.conf = "/etc/security/limits.conf",
		.directory = "/etc/security/limits.d",
		.debian = debian,
		.resets = debian && !since(release, "1.7.0"),
		.ignores_eperm = debian,
		.missing_ok = since(release, "1.5.3"),
		.whole_lines = since(release, "1.6.0"),
		.trims_value = since(release, "1.6.1"),
		.caps_nofile = since(release, "1.5.2"),
		.nonewprivs = since(release, "1.5.0"),
		.rttime = since(release, "1.7.1"),
		.logind = since(release, "1.7.0"),
	};
}

/* `logind` is a matter of how it was built, and of how logins are counted only. */
static bool behave_alike(const struct limits_module *a, const struct limits_module *b)
{
	return a->debian == b->debian && a->resets == b->resets &&
	       a->ignores_eperm == b->ignores_eperm && a->missing_ok == b->missing_ok &&
	       a->whole_lines == b->whole_lines && a->trims_value == b->trims_value &&
	       a->caps_nofile == b->caps_nofile && a->nonewprivs == b->nonewprivs &&
	       a->rttime == b->rttime;
}

/* "-6+deb12u2", "-5ubuntu5.1", "-5" are of Debian and Ubuntu; "-19.el9" (a letter behind the dot)
 * and "-r1" are of others, who do not patch the module. False: neither. */
static bool parse_revision(const char *text, bool *ret_debian)
{
	size_t digits = strspn(text + 1, "0123456789");
	const char *rest = text + 1 + digits;

	if (!text[1] || strlen(text) > 40)
		return false;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-.+~_", *p))
			return false;
	*ret_debian = digits > 0 && !(*rest == '.' && isalpha((unsigned char)rest[1]));
	return true;
}

int limits_module_of_version(const char *version, struct limits_module *ret, struct error *err)
{
	for (size_t i = 0; i < RELEASES; i++) {
		size_t size = strlen(releases[i].name);
		bool debian = false;
		if (strncmp(version, releases[i].name, size) != 0 ||
		    (version[size] && version[size] != '-') ||
		    (version[size] && !parse_revision(version + size, &debian)))
			continue;
		*ret = features_of(i, debian);
		return 0;
	}
	return error_set(
		err, -EINVAL,
		"version %.40s: allowed are 1.3.1, 1.4.0, 1.5.0 to 1.5.3, 1.6.0, 1.6.1, 1.7.0 "
		"to 1.7.2, and versions of packages of Debian and Ubuntu, which patch "
		"pam_limits.so (1.5.2-6+deb12u2)",
		version);
}

const char *limits_module_describe(struct pool *pool, const struct limits_module *module,
				   bool *ret_compared)
{
	const char *names = NULL, *last = NULL;
	size_t count = 0;

	*ret_compared = false;
	for (size_t i = 0; i < RELEASES; i++) {
		struct limits_module features = features_of(i, module->debian);
		if (!behave_alike(&features, module))
			continue;
		*ret_compared |= module->debian && releases[i].compared;
		last = count++ ? releases[i].name : NULL;
		names = names ? names : releases[i].name;
	}
	if (!names)
		return module->debian ? "none of the known releases, Debian's patches"
				      : "none of the known releases";
	return pool_printf(pool, "Linux-PAM %s%s%s%s", names,
			   count > 2 ? " to "
			   : last    ? " or "
				     : "",
			   last ? last : "", module->debian ? " with Debian's patches" : "");
}
