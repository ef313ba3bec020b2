// SPDX-License-Identifier: MIT
/* For the conformance tests: what the model says that ENGINE leaves in the keys of TREE, one
 * KEY=VALUE a line ("-" when no file sets it and the default depends on the machine).
 *     boot-values TREE ENGINE KEY... */
#include "boot.h"
#include "error.h"
#include "host.h"
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct error err = { 0 };
	struct host *host;
	enum engine engine;

	if (argc < 4 || !engine_by_name(argv[2], &engine)) {
		fprintf(stderr, "usage: boot-values TREE ENGINE KEY...\n");
		return 2;
	}
	if (host_open(argv[1], &host, &err)) {
		fprintf(stderr, "boot-values: %s\n", err.message);
		return 2;
	}

	size_t count = (size_t)argc - 3;
	struct pool *pool = host_pool(host);
	struct boot_value *values = pool_alloc(pool, count * sizeof *values);
	struct notes notes = { .pool = pool };
	boot_evaluate(host, engine, (const char *const *)argv + 3, count, values, &notes);
	for (size_t i = 0; i < count; i++) {
		const struct reading *boot = &values[i].boot;
		printf("%s=%s\n", values[i].key,
		       boot->state == READING_PRESENT  ? value_format(pool, boot->value)
		       : boot->state == READING_ABSENT ? "-"
						       : boot->why);
		if (!getenv("VERBOSE"))
			continue;
		printf("  decided by %s:%u %s\n", boot->origin.file ? boot->origin.file : "-",
		       boot->origin.line, boot->why ? boot->why : "");
		for (size_t j = 0; j < values[i].shadowed_count; j++)
			printf("  loses: %s:%u %s (%s)\n", values[i].shadowed[j].origin.file,
			       values[i].shadowed[j].origin.line,
			       value_format(pool, values[i].shadowed[j].value),
			       values[i].shadowed[j].why);
	}
	for (size_t i = 0; getenv("VERBOSE") && i < notes.count; i++)
		printf("note: %s:%u: %s\n", notes.items[i].origin.file, notes.items[i].origin.line,
		       notes.items[i].text);
	host_close(host);
	return 0;
}
