/* SPDX-License-Identifier: MIT
 *
 * What there is to say about a fleet, counted and sorted, for the renderers. Pure.
 */
#ifndef KEELTUNE_FLEET_PICTURE_H
#define KEELTUNE_FLEET_PICTURE_H

#include "fleet.h"

/* What hosts have in a setting: at boot (login) and now. */
struct fleet_value {
	const char *boot, *running; /* NULL: nothing */
	size_t hosts;
};

struct fleet_setting {
	const char *id;
	size_t hosts;                 /* whose report names it */
	size_t counts[VERDICT_COUNT]; /* of them; with several network namespaces the worst counts
				       */
	const char *want, *at_least, *at_most; /* as most of them want it */
	bool wants_differ;
	const struct fleet_value *values; /* the commonest FLEET_VALUES_MAX */
	size_t value_count, distinct;     /* of all */
};

/* Hosts with the same differences; or that could not be judged for the same reasons. */
struct fleet_group {
	const char *error; /* of the audit as a whole, or NULL */
	const struct fleet_state *const *states;
	size_t state_count;
	const uint32_t *hosts; /* of fleet.hosts, by name */
	size_t host_count;
};

/* A value that few have, in a setting where most have another. */
struct fleet_outlier {
	const struct fleet_setting *setting;
	struct fleet_value value, common;
	const uint32_t *hosts; /* value.hosts of them, by name */
};

struct fleet_tally {
	const char *name; /* NULL: not said */
	size_t hosts;
};

struct fleet_picture {
	const struct fleet *fleet;
	size_t verdicts[VERDICT_COUNT]; /* hosts; never skipped */
	struct fleet_setting *settings; /* in the order of appearance */
	size_t setting_count;
	struct fleet_group *groups, *unjudged; /* the largest first */
	size_t group_count, unjudged_count;
	struct fleet_outlier *outliers;
	size_t outlier_count;
	const uint32_t *stale; /* hosts, the oldest report first */
	size_t stale_count;
	const struct fleet_place *duplicates; /* reports that do not count, by host */
	size_t duplicate_count;
	struct fleet_tally *profiles, *versions; /* the most used first */
	size_t profile_count, version_count;
	time_t newest;          /* report; 0: there is none */
	const uint32_t *future; /* hosts with a report from the future */
	size_t future_count;
	const uint32_t *interrupted; /* hosts with an interrupted apply */
	size_t interrupted_count;
	size_t shared_ids, shared_hosts; /* machine ids that several names have */
	bool *ambiguous;                 /* by number of a text: the name of several hosts */
};

/* Stale is what is more than STALE_AFTER seconds older than the newest report that is not from the
 * future. FLEET lives on and is not added to any more. */
struct fleet_picture *fleet_picture(struct fleet *fleet, uint64_t stale_after);

/* The name of a host; with the machine id where another host has it, too. */
const char *fleet_label(struct pool *pool, const struct fleet_picture *picture, uint32_t host);

#endif
