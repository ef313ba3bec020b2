// SPDX-License-Identifier: MIT
/* What a session starts from, see login.h: the table of /proc/PID/limits, and DefaultLimit*= of
 * systemd. */
#include "login.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "unit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- what process 1 may do ---------------------------------------------------------------- */

/* "CapBnd:	000001ffffffffff", bit 24 is CAP_SYS_RESOURCE (linux/capability.h). */
static bool lacks_sys_resource(struct host *host)
{
	const struct file *file = host_kernel(host, "/proc/1/status");
	const char *line = file->state == FILE_PRESENT ? strstr(file->bytes, "\nCapBnd:") : NULL;

	uint64_t set = 0;

	if (!line)
		return false;
	line += strlen("\nCapBnd:");
	while (isblank((unsigned char)*line))
		line++;
	for (; isxdigit((unsigned char)*line); line++) {
		int digit = isdigit((unsigned char)*line)
				    ? *line - '0'
				    : tolower((unsigned char)*line) - 'a' + 10;
		set = set << 4 | (uint64_t)digit;
	}
	return !(set & UINT64_C(1) << 24);
}

/* The capability counts in the first user namespace only, which maps all ids to themselves:
 * sys_prlimit64() of the kernel. */
static bool is_of_namespace(struct host *host)
{
	static const char first[] = "0 0 4294967295";
	const struct file *file = host_kernel(host, "/proc/1/uid_map");

	return file->state == FILE_PRESENT && file->size &&
	       !tokens_equal(file->bytes, file->size, first, strlen(first));
}

bool login_first_is_bounded(struct host *host)
{
	return lacks_sys_resource(host) || is_of_namespace(host);
}

/* ---- /proc/PID/limits --------------------------------------------------------------------- */

/* "Max open files            1024                 524288               files     " */
static bool next_limit(const char **at, const char *end, uint64_t *ret)
{
	static const char unlimited[] = "unlimited";
	const char *p = *at;
	uint64_t number = 0;

	while (p < end && *p == ' ')
		p++;
	const char *start = p;
	if ((size_t)(end - p) >= sizeof unlimited - 1 &&
	    !memcmp(p, unlimited, sizeof unlimited - 1)) {
		*at = p + sizeof unlimited - 1;
		*ret = LIMIT_UNLIMITED;
		return true;
	}
	for (; p < end && isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	*at = p;
	*ret = number;
	return p > start;
}

void login_parse_proc_limits(const char *bytes, size_t size, struct login_inherited *ret)
{
	const char *end = bytes + size;
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;
		for (size_t i = 0; i < rows; i++) {
			size_t label = strlen(row[i].proc_label);
			const char *at = bytes + label;
			uint64_t soft, hard;
			if ((size_t)(stop - bytes) <= label || *at != ' ' ||
			    memcmp(bytes, row[i].proc_label, label) != 0 ||
			    !next_limit(&at, stop, &soft) || !next_limit(&at, stop, &hard))
				continue;
			ret[row[i].resource].soft = soft;
			ret[row[i].resource].hard = hard;
		}
		bytes = newline ? newline + 1 : end;
	}
}

/* FD_SETSIZE: Debian's patch pam-limits-nofile-fd-setsize-cap. */
void login_cap_reset(const struct limits_module *module, struct login_inherited *reset)
{
	struct login_inherited *nofile = &reset[RLIMIT_NOFILE];

	if (!module->debian || nofile->soft <= 1024)
		return;
	nofile->soft = 1024;
	nofile->why = "inherited from pid 1, soft at most 1024";
}

void login_inherit_from_pid1(const struct limits_module *module, const char *bytes, size_t size,
			     struct login_inherited *ret)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret[i] = (struct login_inherited){ LIMIT_UNLIMITED, LIMIT_UNLIMITED,
						   .why = "inherited from pid 1" };
	login_parse_proc_limits(bytes, size, ret);
	login_cap_reset(module, ret);
}

/* ---- systemd ------------------------------------------------------------------------------ */

void login_inherit_from_systemd(struct host *host, struct login_inherited *ret)
{
	struct unit_limit limits[RLIM_NLIMITS];
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	unit_default_limits(host, limits);
	for (size_t i = 0; i < rows; i++) {
		const struct unit_limit *limit = &limits[row[i].resource];
		ret[row[i].resource] = (struct login_inherited){
			.soft = limit->soft,
			.hard = limit->hard,
			.origin = limit->origin,
			.why = limit->source == UNIT_LIMIT_DEFAULT
				       ? "inherited, the default of systemd"
				       : pool_printf(host_pool(host), "inherited, DefaultLimit%s=",
						     systemd_limit_name(row[i].resource)),
		};
	}
}
