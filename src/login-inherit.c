// SPDX-License-Identifier: MIT
/* What a session starts from, see login.h: the limits of pid 1, or DefaultLimit*= of systemd. */
#include "login.h"

#include "catalog.h"
#include "conf-systemd.h"
#include "host.h"
#include "pool.h"
#include "process.h"
#include "unit.h"

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
	struct rlimit limits[RLIM_NLIMITS];

	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		limits[i] = (struct rlimit){ LIMIT_UNLIMITED, RLIM_INFINITY };
	process_parse_limits(bytes, size, limits);
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret[i] = (struct login_inherited){ limits[i].rlim_cur, limits[i].rlim_max,
						   .why = "inherited from pid 1" };
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
