/* SPDX-License-Identifier: MIT
 *
 * How an installed pam_limits.so behaves, told from its bytes: versions and distributions differ.
 */
#ifndef KEELTUNE_LIMITS_MODULE_H
#define KEELTUNE_LIMITS_MODULE_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct pool;

struct limits_module {
	const char *conf;        /* "/etc/security/limits.conf" */
	const char *directory;   /* "/etc/security/limits.d" */
	const char *vendor_conf; /* read when CONF does not exist; NULL: built without */
	const char *vendor_directory;

	bool debian;        /* `*`, @group and %group do not reach uid 0; item chroot */
	bool resets;        /* always starts from /proc/1/limits (Debian before 1.7.0-1) */
	bool ignores_eperm; /* a limit that the kernel refuses is left alone, the login goes on */
	bool missing_ok;    /* a file that does not exist is no error (1.5.3) */
	bool whole_lines;   /* lines of any length, the value is the rest of the line (1.6.0) */
	bool trims_value;   /* of blanks and tabs (1.6.1) */
	bool caps_nofile;   /* nofile unlimited means fs.nr_open (1.5.2) */
	bool nonewprivs;    /* knows the item (1.5.0) */
	bool rttime;        /* knows the item (1.7.1) */
	bool logind;        /* maxlogins counts sessions of logind */
};

/* ---- limits-version.c --------------------------------------------------------------------- */

/* What VERSION does: a release ("1.5.1"), or the version of a package of Debian or Ubuntu
 * ("1.5.2-6+deb12u2"), which has their patches. Of paths those of a build without a vendor
 * directory. -EINVAL: not one that is known. */
int limits_module_of_version(const char *version, struct limits_module *ret, struct error *err);

/* The releases that behave like MODULE, for a person. COMPARED: the model was compared with a build
 * that behaves so. */
const char *limits_module_describe(struct pool *pool, const struct limits_module *module,
				   bool *ret_compared);

/* ---- limits-module.c ---------------------------------------------------------------------- */

/* BYTES are those of the module file. False, RET unchanged: they are no pam_limits.so at all. */
bool limits_module_detect(struct pool *pool, const char *bytes, size_t size,
			  struct limits_module *ret);

/* For a tree without modules (a captured /etc): the newest of the family. */
void limits_module_assume(bool debian, struct limits_module *ret);

#endif
