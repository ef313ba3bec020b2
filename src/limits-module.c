// SPDX-License-Identifier: MIT
/* Features of a pam_limits.so, see limits-module.h. Pure: looks for the strings that came or went
 * with a change of modules/pam_limits/pam_limits.c (Linux-PAM 1.3.1 to 1.7.2) or of Debian's
 * patches to it (008_modules_pam_limits_chroot, 027_pam_limits_better_init_allow_explicit_root,
 * 032_pam_limits_EPERM_NOT_FATAL). Runs nothing. */
#include "limits-module.h"

#include "pool.h"

#include <string.h>

struct image {
	const char *bytes;
	size_t size;
};

/* TEXT as a string of its own or as the end of one: linkers merge strings with a common end. */
static bool has_string(struct image image, const char *text)
{
	return memmem(image.bytes, image.size, text, strlen(text) + 1) != NULL;
}

static bool has_text(struct image image, const char *text)
{
	return memmem(image.bytes, image.size, text, strlen(text)) != NULL;
}

/* The next string that ends with TEXT, from *AT on. */
static const char *next_ending(struct pool *pool, struct image image, const char *text, size_t *at)
{
	size_t length = strlen(text);
	const char *found = memmem(image.bytes + *at, image.size - *at, text, length + 1);

	if (!found)
		return NULL;
	const char *start = found;
	while (start > image.bytes && start[-1] > ' ' && start[-1] <= '~')
		start--;
	*at = (size_t)(found - image.bytes) + length;
	return pool_copy(pool, start, (size_t)(found - start) + length);
}

static const char *sibling(struct pool *pool, const char *conf)
{
	return conf ? pool_printf(pool, "%.*s.d", (int)(strlen(conf) - strlen(".conf")), conf)
		    : NULL;
}

static void find_paths(struct pool *pool, struct image image, struct limits_module *module)
{
	const char *path;
	size_t at = 0;

	while ((path = next_ending(pool, image, "/security/limits.conf", &at))) {
		bool is_admins = !strncmp(path, "/etc/", 5);
		if (*path != '/')
			continue;
		if (!module->conf) {
			module->conf = path;
		} else if (is_admins && strncmp(module->conf, "/etc/", 5) != 0) {
			module->vendor_conf = module->conf;
			module->conf = path;
		} else if (strcmp(module->conf, path) != 0 && !module->vendor_conf) {
			module->vendor_conf = path;
		}
	}
	if (!module->conf)
		module->conf = "/etc/security/limits.conf";
	module->directory = sibling(pool, module->conf);
	module->vendor_directory = sibling(pool, module->vendor_conf);
}

bool limits_module_detect(struct pool *pool, const char *bytes, size_t size,
			  struct limits_module *ret)
{
	struct image image = { bytes, size };
	struct limits_module module = {
		.debian = has_string(image, "chroot"),
		.ignores_eperm = has_text(image, " to soft=%d"),
		.whole_lines = has_string(image, "strtok_r"), /* sscanf() before */
		.trims_value = has_text(image, "invalid line %llu"),
		.caps_nofile = has_string(image, "/proc/sys/fs/nr_open"),
		.nonewprivs = has_string(image, "nonewprivs"),
		.rttime = has_string(image, "rttime"),
		.logind = has_text(image, "Maxlogin limit needs"),
	};

	if (!has_text(image, "limits.conf"))
		return false;
	/* 1.5.3 prints strerror() where %m stood. */
	module.missing_ok =
		module.whole_lines || has_string(image, "cannot read settings from %s: %s");
	module.resets = module.debian && !module.trims_value;
	find_paths(pool, image, &module);
	*ret = module;
	return true;
}

void limits_module_assume(bool debian, struct limits_module *ret)
{
	*ret = (struct limits_module){
		.conf = "/etc/security/limits.conf",
		.directory = "/etc/security/limits.d",
		.debian = debian,
		.ignores_eperm = debian,
		.missing_ok = true,
		.whole_lines = true,
		.trims_value = true,
		.caps_nofile = true,
		.nonewprivs = true,
		.rttime = !debian, /* Debian 13 has 1.7.0 */
		.logind = true,
	};
}
