/* SPDX-License-Identifier: MIT
 *
 * Many audits as one picture. A host is a name and a machine id, and its newest report counts. What
 * hosts have in common is kept once: a *state* is a setting with a verdict and values, a *pattern*
 * all states of a host, so that a host costs a few hundred bytes however long its report was. Pure.
 */
#ifndef KEELTUNE_FLEET_H
#define KEELTUNE_FLEET_H

#include "audit-file.h"
#include "intern.h"

#define FLEET_BROKEN_MAX 100000u /* that are named; all are counted */
#define FLEET_VALUES_MAX 10u     /* of a setting that are listed */

/* Numbers of strings; INTERN_NONE: JSON's null. */
struct fleet_state {
	uint32_t setting; /* of fleet.settings */
	uint32_t verdict;
	uint32_t want, at_least, at_most;
	uint32_t layer[LAYER_COUNT]; /* live only where it differs */
	uint32_t deviations;
	uint32_t reason; /* only of what could not be judged */
};

struct fleet_host {
	uint32_t name, machine_id;
	uint32_t pattern; /* of fleet.patterns */
	uint32_t profiles, version, interrupted;
	uint32_t file, line; /* of its report */
	time_t time;
};

struct fleet_place {
	uint32_t host; /* of fleet.hosts */
	uint32_t file, line;
	time_t time;
};

struct fleet_broken {
	uint32_t file, line; /* 0: the file as a whole */
	const char *error;
};

struct fleet {
	struct pool *pool;
	time_t now; /* when the reports are merged */
	struct intern *texts, *settings, *states, *patterns, *keys;
	struct fleet_host *hosts; /* each with the number of its key */
	size_t host_room;
	struct fleet_place *dropped; /* reports of hosts that have a newer one */
	size_t dropped_count, dropped_room;
	struct fleet_broken *broken;
	size_t broken_count; /* FLEET_BROKEN_MAX of them are there */
	size_t broken_room;
	size_t reports; /* good ones */
	uint32_t *scratch;
	size_t scratch_room;
};

struct fleet *fleet_new(struct pool *pool, time_t now);
void fleet_free(struct fleet *fleet); /* before its pool */

/* Is TIME later than clocks differ? */
bool fleet_is_future(const struct fleet *fleet, time_t time);

/* Takes AUDIT, which stood in LINE of FILE (a text of FLEET). Of two reports of a host the newer
 * counts, of equally old ones the later; one from the future only if there is no other. */
void fleet_add(struct fleet *fleet, const struct audit_file *audit, uint32_t file, size_t line);
void fleet_add_broken(struct fleet *fleet, uint32_t file, size_t line, const char *error);

uint32_t fleet_text(struct fleet *fleet, const char *text);
const char *fleet_text_of(const struct fleet *fleet, uint32_t number); /* or NULL */
size_t fleet_host_count(const struct fleet *fleet);

/* A pattern is a verdict, the number of an error (or INTERN_NONE), and states. */
struct fleet_pattern {
	enum verdict verdict; /* of the host: ok, differs, unknown */
	uint32_t error;
	const uint32_t *states;
	size_t count;
};
struct fleet_pattern fleet_pattern(const struct fleet *fleet, uint32_t number);
const struct fleet_state *fleet_state(const struct fleet *fleet, uint32_t number);

#endif
