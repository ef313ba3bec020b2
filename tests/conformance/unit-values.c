// SPDX-License-Identifier: MIT
/* For the conformance tests: what the model says about units of this host, one line for each with
 * tabs between: NAME, id, state, unit file, drop-ins, then LIMIT=SOFT:HARD for what some line says,
 * and User= and PAMName=.
 *     unit-values UNIT... */
#include "catalog.h"
#include "conf-systemd.h"
#include "error.h"
#include "host.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_limits(const struct unit *unit)
{
	size_t count;
	const struct limit_row *rows = catalog_limits(&count);

	for (size_t i = 0; i < count; i++) {
		struct unit_limit limit;
		unit_limit(unit, &rows[i], &limit);
		if (limit.source != UNIT_LIMIT_DEFAULT)
			printf("\t%s=%" PRIu64 ":%" PRIu64, systemd_limit_name(rows[i].resource),
			       limit.soft, limit.hard);
	}
}

static void print_unit(struct host *host, const char *name)
{
	struct unit unit;

	unit_load(host, name, &unit);
	printf("%s\t%s\t%s\t%s\t", name, unit.id, unit_state_name(unit.state),
	       unit.fragment ? unit.fragment : "");
	for (size_t i = 0; i < unit.dropin_count; i++)
		printf("%s%s", i ? " " : "", unit.dropins[i]);
	if (unit.state == UNIT_LOADED && unit.section)
		print_limits(&unit);
	const char *const keys[] = { "User", "PAMName" };
	for (size_t i = 0; i < 2; i++) {
		const struct unit_line *line = unit_setting(&unit, keys[i]);
		if (line)
			printf("\t%s=%s", keys[i], line->value);
	}
	puts(unit.why ? "\t" : "");
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct host *host;

	if (host_open(NULL, &host, &err)) {
		fprintf(stderr, "unit-values: %s\n", err.message);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		print_unit(host, argv[i]);
	host_close(host);
	return 0;
}
