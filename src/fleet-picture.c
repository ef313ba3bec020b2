// SPDX-License-Identifier: MIT
/* Counting a fleet, see fleet-picture.h. Everything is counted by pattern, of which there are few,
 * and only then handed to hosts: the time is that of sorting the hosts by name. */
#include "fleet-picture.h"

#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define OUTLIER_FLEET 5u  /* hosts: fewer have no outliers */
#define OUTLIER_SHARE 20u /* one in so many, or one alone, is few */

/* A value of a setting, and who has it. */
struct common_value {
	uint32_t setting, boot, running;
};

struct counting {
	struct pool *pool;
	struct fleet *fleet;
	struct fleet_picture *picture;
	uint32_t *order;          /* hosts by name */
	size_t *pattern_hosts;    /* by pattern */
	struct intern *values;    /* common_value */
	uint32_t *value_of;       /* by state: of values; INTERN_NONE: says nothing of it */
	size_t *value_hosts;      /* by value */
	struct intern *groups;    /* what hosts differ in: the form of a pattern */
	uint32_t *group_of;       /* by pattern; INTERN_NONE: all is well */
	struct fleet_group *sets; /* by group */
};

static void *zeroed(struct pool *pool, size_t count, size_t size)
{
	return pool_alloc(pool, (count + 1) * size);
}

static const char *text(const struct counting *c, uint32_t number)
{
	return fleet_text_of(c->fleet, number);
}

/* ---- sorting ----------------------------------------------------------------------------- */

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_name(const void *a, const void *b, void *context)
{
	const struct counting *c = context;
	const struct fleet_host *x = &c->fleet->hosts[*(const uint32_t *)a],
				*y = &c->fleet->hosts[*(const uint32_t *)b];
	int order = compare_texts(text(c, x->name), text(c, y->name));

	return order ? order : compare_texts(text(c, x->machine_id), text(c, y->machine_id));
}

static int by_age(const void *a, const void *b, void *context)
{
	const struct counting *c = context;
	time_t x = c->fleet->hosts[*(const uint32_t *)a].time,
	       y = c->fleet->hosts[*(const uint32_t *)b].time;

	return x != y ? (x > y) - (x < y) : by_name(a, b, context);
}

static int by_host(const void *a, const void *b, void *context)
{
	const struct fleet_place *x = a, *y = b;

	if (x->host != y->host)
		return by_name(&x->host, &y->host, context);
	return x->time != y->time ? (x->time < y->time) - (x->time > y->time)
				  : (x->line > y->line) - (x->line < y->line);
}

static int by_hosts(const void *a, const void *b, void *context)
{
	const struct fleet_group *x = a, *y = b;

	if (x->host_count != y->host_count)
		return (x->host_count < y->host_count) - (x->host_count > y->host_count);
	return by_name(x->hosts, y->hosts, context);
}

static int by_count(const void *a, const void *b)
{
	const struct fleet_tally *x = a, *y = b;

	if (x->hosts != y->hosts)
		return (x->hosts < y->hosts) - (x->hosts > y->hosts);
	return compare_texts(x->name, y->name);
}

/* ---- settings and their values ------------------------------------------------------------ */

/* What a state says that a host has; states without a verdict of their own say nothing. */
static void find_values(struct counting *c)
{
	size_t count = intern_count(c->fleet->states);

	c->value_of = zeroed(c->pool, count, sizeof *c->value_of);
	for (uint32_t i = 0; i < count; i++) {
		const struct fleet_state *state = fleet_state(c->fleet, i);
		struct common_value value = { state->setting, state->layer[LAYER_BOOT],
					      state->layer[LAYER_RUNNING] };
		bool judged = state->verdict == VERDICT_OK || state->verdict == VERDICT_DIFFERS;
		c->value_of[i] = judged ? intern_add(c->values, &value, sizeof value) : INTERN_NONE;
	}
	c->value_hosts = zeroed(c->pool, intern_count(c->values), sizeof *c->value_hosts);
}

static unsigned rank(uint32_t verdict)
{
	static const unsigned ranks[VERDICT_COUNT] = { [VERDICT_SKIPPED] = 0,
						       [VERDICT_OK] = 1,
						       [VERDICT_DIFFERS] = 2,
						       [VERDICT_UNKNOWN] = 3 };

	return ranks[verdict];
}

/* Each host once for a setting and once for a value, in however many namespaces it has it. LAST has
 * the pattern, plus 1, that was the last with this setting or value; WORST its worst verdict. */
static void count_pattern(struct counting *c, uint32_t number, uint32_t *last_setting,
			  uint32_t *last_value, uint32_t *worst)
{
	struct fleet_pattern pattern = fleet_pattern(c->fleet, number);
	size_t hosts = c->pattern_hosts[number];

	for (size_t i = 0; i < pattern.count; i++) {
		const struct fleet_state *state = fleet_state(c->fleet, pattern.states[i]);
		uint32_t value = c->value_of[pattern.states[i]];
		struct fleet_setting *setting = &c->picture->settings[state->setting];
		if (last_setting[state->setting] != number + 1) {
			last_setting[state->setting] = number + 1;
			worst[state->setting] = state->verdict;
			setting->hosts += hosts;
			setting->counts[state->verdict] += hosts;
		} else if (rank(state->verdict) > rank(worst[state->setting])) {
			setting->counts[worst[state->setting]] -= hosts;
			setting->counts[state->verdict] += hosts;
			worst[state->setting] = state->verdict;
		}
		if (value != INTERN_NONE && last_value[value] != number + 1) {
			last_value[value] = number + 1;
			c->value_hosts[value] += hosts;
		}
	}
	c->picture->verdicts[pattern.verdict] += hosts;
}

static void count_patterns(struct counting *c)
{
	size_t patterns = intern_count(c->fleet->patterns);
	size_t settings = intern_count(c->fleet->settings);
	uint32_t *last_setting = zeroed(c->pool, settings, sizeof *last_setting);
	uint32_t *worst = zeroed(c->pool, settings, sizeof *worst);
	uint32_t *last_value = zeroed(c->pool, intern_count(c->values), sizeof *last_value);

	c->picture->settings = zeroed(c->pool, settings, sizeof *c->picture->settings);
	for (uint32_t i = 0; i < patterns; i++)
		if (c->pattern_hosts[i])
			count_pattern(c, i, last_setting, last_value, worst);
}

/* ---- what is wanted ------------------------------------------------------------------------ */

/* As the state says it that most hosts have; profiles may want different things. */
static void find_wanted(struct counting *c)
{
	size_t count = intern_count(c->fleet->states);
	size_t *state_hosts = zeroed(c->pool, count, sizeof *state_hosts);
	uint32_t *best = zeroed(c->pool, intern_count(c->fleet->settings), sizeof *best);

	for (uint32_t i = 0; i < intern_count(c->fleet->patterns); i++) {
		struct fleet_pattern pattern = fleet_pattern(c->fleet, i);
		for (size_t j = 0; j < pattern.count; j++)
			state_hosts[pattern.states[j]] += c->pattern_hosts[i];
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct fleet_state *state = fleet_state(c->fleet, i);
		struct fleet_setting *setting = &c->picture->settings[state->setting];
		const char *want = text(c, state->want), *least = text(c, state->at_least),
			   *most = text(c, state->at_most);
		if (!state_hosts[i])
			continue;
		if (best[state->setting] && (want != setting->want || least != setting->at_least ||
					     most != setting->at_most))
			setting->wants_differ = true;
		if (best[state->setting] && state_hosts[i] <= state_hosts[best[state->setting] - 1])
			continue;
		best[state->setting] = i + 1;
		setting->want = want;
		setting->at_least = least;
		setting->at_most = most;
	}
}

/* ---- values of a setting, outliers --------------------------------------------------------- */

struct ranked_value {
	uint32_t setting, number;
	size_t hosts;
};

static int by_setting(const void *a, const void *b)
{
	const struct ranked_value *x = a, *y = b;

	if (x->setting != y->setting)
		return (x->setting > y->setting) - (x->setting < y->setting);
	if (x->hosts != y->hosts)
		return (x->hosts < y->hosts) - (x->hosts > y->hosts);
	return (x->number > y->number) - (x->number < y->number);
}

static struct fleet_value value_at(const struct counting *c, const struct ranked_value *ranked)
{
	const struct common_value *value = intern_bytes(c->values, ranked->number);

	return (struct fleet_value){ text(c, value->boot), text(c, value->running), ranked->hosts };
}

/* RANKED are the COUNT values of one setting, the commonest first; OUTLIER_OF gets, by value, the
 * number of its outlier plus 1. */
static void list_values(struct counting *c, const struct ranked_value *ranked, size_t count,
			uint32_t *outlier_of)
{
	struct fleet_picture *picture = c->picture;
	struct fleet_setting *setting = &picture->settings[ranked->setting];
	size_t listed = count < FLEET_VALUES_MAX ? count : FLEET_VALUES_MAX, hosts = 0;
	struct fleet_value *values = zeroed(c->pool, listed, sizeof *values);

	for (size_t i = 0; i < count; i++)
		hosts += ranked[i].hosts;
	for (size_t i = 0; i < listed; i++)
		values[i] = value_at(c, &ranked[i]);
	setting->values = values;
	setting->value_count = listed;
	setting->distinct = count;
	if (hosts < OUTLIER_FLEET || 2 * ranked[0].hosts <= hosts)
		return;
	for (size_t i = 1; i < count; i++) {
		if (ranked[i].hosts > 1 && ranked[i].hosts > hosts / OUTLIER_SHARE)
			continue;
		picture->outliers = pool_extend(c->pool, picture->outliers, picture->outlier_count,
						sizeof *picture->outliers);
		picture->outliers[picture->outlier_count++] = (struct fleet_outlier){
			.setting = setting,
			.value = value_at(c, &ranked[i]),
			.common = values[0],
			.hosts = zeroed(c->pool, ranked[i].hosts, sizeof(uint32_t)),
		};
		outlier_of[ranked[i].number] = (uint32_t)picture->outlier_count;
	}
}

/* The hosts of each outlier, by name. */
static void find_outlier_hosts(struct counting *c, const uint32_t *outlier_of)
{
	struct fleet_picture *picture = c->picture;
	size_t *filled = zeroed(c->pool, picture->outlier_count, sizeof *filled);
	uint32_t *last = zeroed(c->pool, picture->outlier_count, sizeof *last);

	for (uint32_t i = 0; picture->outlier_count && i < fleet_host_count(c->fleet); i++) {
		uint32_t host = c->order[i];
		struct fleet_pattern pattern =
			fleet_pattern(c->fleet, c->fleet->hosts[host].pattern);
		for (size_t j = 0; j < pattern.count; j++) {
			uint32_t value = c->value_of[pattern.states[j]];
			uint32_t outlier = value == INTERN_NONE ? 0 : outlier_of[value];
			if (!outlier || last[outlier - 1] == i + 1)
				continue;
			last[outlier - 1] = i + 1;
			uint32_t *hosts =
				(uint32_t *)(uintptr_t)picture->outliers[outlier - 1].hosts;
			hosts[filled[outlier - 1]++] = host;
		}
	}
}

static void rank_values(struct counting *c)
{
	size_t all = intern_count(c->values), count = 0;
	struct ranked_value *ranked = zeroed(c->pool, all, sizeof *ranked);
	uint32_t *outlier_of = zeroed(c->pool, all, sizeof *outlier_of);

	for (uint32_t i = 0; i < all; i++) {
		const struct common_value *value = intern_bytes(c->values, i);
		if (c->value_hosts[i])
			ranked[count++] =
				(struct ranked_value){ value->setting, i, c->value_hosts[i] };
	}
	qsort(ranked, count, sizeof *ranked, by_setting);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && ranked[end].setting == ranked[i].setting; end++)
			;
		list_values(c, &ranked[i], end - i, outlier_of);
	}
	find_outlier_hosts(c, outlier_of);
}

/* ---- groups ------------------------------------------------------------------------------ */

/* What keeps a host from being ok, in the form of a pattern. */
static uint32_t add_group(struct counting *c, uint32_t number)
{
	struct fleet_pattern pattern = fleet_pattern(c->fleet, number);
	uint32_t *key = pool_malloc((pattern.count + 2) * sizeof *key);
	size_t count = 2;

	key[0] = (uint32_t)pattern.verdict;
	key[1] = pattern.error;
	for (size_t i = 0; i < pattern.count; i++) {
		uint32_t verdict = fleet_state(c->fleet, pattern.states[i])->verdict;
		if (verdict == VERDICT_DIFFERS || verdict == VERDICT_UNKNOWN)
			key[count++] = pattern.states[i];
	}
	uint32_t group = intern_add(c->groups, key, count * sizeof *key);
	free(key);
	return group;
}

static int by_place(const void *a, const void *b)
{
	const struct fleet_state *x = *(const struct fleet_state *const *)a,
				 *y = *(const struct fleet_state *const *)b;

	return (x->setting > y->setting) - (x->setting < y->setting);
}

static void fill_group(struct counting *c, uint32_t number)
{
	const uint32_t *key = intern_bytes(c->groups, number);
	size_t count = intern_size(c->groups, number) / sizeof *key - 2;
	const struct fleet_state **states = zeroed(c->pool, count, sizeof *states);
	struct fleet_group *group = &c->sets[number];

	for (size_t i = 0; i < count; i++)
		states[i] = fleet_state(c->fleet, key[2 + i]);
	qsort(states, count, sizeof *states, by_place);
	group->error = text(c, key[1]);
	group->states = states;
	group->state_count = count;
	group->hosts = zeroed(c->pool, group->host_count, sizeof *group->hosts);
	group->host_count = 0; /* filled up again */
}

static void split_groups(struct counting *c, size_t count)
{
	struct fleet_picture *picture = c->picture;

	picture->groups = zeroed(c->pool, count, sizeof *picture->groups);
	picture->unjudged = zeroed(c->pool, count, sizeof *picture->unjudged);
	for (uint32_t i = 0; i < count; i++) {
		if (*(const uint32_t *)intern_bytes(c->groups, i) == VERDICT_DIFFERS)
			picture->groups[picture->group_count++] = c->sets[i];
		else
			picture->unjudged[picture->unjudged_count++] = c->sets[i];
	}
	qsort_r(picture->groups, picture->group_count, sizeof *picture->groups, by_hosts, c);
	qsort_r(picture->unjudged, picture->unjudged_count, sizeof *picture->unjudged, by_hosts, c);
}

static void find_groups(struct counting *c)
{
	size_t patterns = intern_count(c->fleet->patterns);

	c->group_of = zeroed(c->pool, patterns, sizeof *c->group_of);
	for (uint32_t i = 0; i < patterns; i++) {
		bool ok = fleet_pattern(c->fleet, i).verdict == VERDICT_OK;
		c->group_of[i] = ok || !c->pattern_hosts[i] ? INTERN_NONE : add_group(c, i);
	}
	size_t count = intern_count(c->groups);
	c->sets = zeroed(c->pool, count, sizeof *c->sets);
	for (uint32_t i = 0; i < patterns; i++)
		if (c->group_of[i] != INTERN_NONE)
			c->sets[c->group_of[i]].host_count += c->pattern_hosts[i];
	for (uint32_t i = 0; i < count; i++)
		fill_group(c, i);
	for (size_t i = 0; i < fleet_host_count(c->fleet); i++) {
		uint32_t group = c->group_of[c->fleet->hosts[c->order[i]].pattern];
		if (group == INTERN_NONE)
			continue;
		uint32_t *hosts = (uint32_t *)(uintptr_t)c->sets[group].hosts;
		hosts[c->sets[group].host_count++] = c->order[i];
	}
	split_groups(c, count);
}

/* ---- reports ------------------------------------------------------------------------------ */

static void find_old(struct counting *c, uint64_t stale_after)
{
	struct fleet_picture *picture = c->picture;
	size_t count = fleet_host_count(c->fleet);
	uint32_t *stale = zeroed(c->pool, count, sizeof *stale);
	uint32_t *future = zeroed(c->pool, count, sizeof *future);
	uint32_t *interrupted = zeroed(c->pool, count, sizeof *interrupted);

	for (size_t i = 0; i < count; i++) {
		const struct fleet_host *host = &c->fleet->hosts[c->order[i]];
		if (fleet_is_future(c->fleet, host->time))
			future[picture->future_count++] = c->order[i];
		else if (host->time > picture->newest)
			picture->newest = host->time;
		if (host->interrupted != INTERN_NONE)
			interrupted[picture->interrupted_count++] = c->order[i];
	}
	for (size_t i = 0; i < count; i++) {
		time_t time = c->fleet->hosts[c->order[i]].time;
		if (time < picture->newest && (uint64_t)(picture->newest - time) > stale_after)
			stale[picture->stale_count++] = c->order[i];
	}
	qsort_r(stale, picture->stale_count, sizeof *stale, by_age, c);
	picture->stale = stale;
	picture->future = future;
	picture->interrupted = interrupted;
}

/* How many hosts have each of what is at OFFSET in them. */
static struct fleet_tally *tally(struct counting *c, size_t offset, size_t *ret_count)
{
	size_t hosts = fleet_host_count(c->fleet), texts = intern_count(c->fleet->texts);
	size_t *counts = zeroed(c->pool, texts + 1, sizeof *counts);
	struct fleet_tally *tallies = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < hosts; i++) {
		uint32_t number;
		memcpy(&number, (const char *)&c->fleet->hosts[i] + offset, sizeof number);
		counts[number == INTERN_NONE ? texts : number]++;
	}
	for (size_t i = 0; i <= texts; i++) {
		if (!counts[i])
			continue;
		tallies = pool_extend(c->pool, tallies, *ret_count, sizeof *tallies);
		tallies[(*ret_count)++] =
			(struct fleet_tally){ i == texts ? NULL : text(c, (uint32_t)i), counts[i] };
	}
	if (tallies)
		qsort(tallies, *ret_count, sizeof *tallies, by_count);
	return tallies;
}

static void find_namesakes(struct counting *c)
{
	struct fleet_picture *picture = c->picture;
	size_t hosts = fleet_host_count(c->fleet), texts = intern_count(c->fleet->texts);
	bool *named = zeroed(c->pool, texts, sizeof *named);
	size_t *ids = zeroed(c->pool, texts, sizeof *ids);

	picture->ambiguous = zeroed(c->pool, texts, sizeof *picture->ambiguous);
	for (size_t i = 0; i < hosts; i++) {
		const struct fleet_host *host = &c->fleet->hosts[i];
		picture->ambiguous[host->name] = named[host->name];
		named[host->name] = true;
		if (host->machine_id != INTERN_NONE)
			ids[host->machine_id]++;
	}
	for (size_t i = 0; i < texts; i++) {
		picture->shared_ids += ids[i] > 1;
		picture->shared_hosts += ids[i] > 1 ? ids[i] : 0;
	}
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void sort_hosts(struct counting *c)
{
	size_t count = fleet_host_count(c->fleet);

	c->order = zeroed(c->pool, count, sizeof *c->order);
	c->pattern_hosts =
		zeroed(c->pool, intern_count(c->fleet->patterns), sizeof *c->pattern_hosts);
	for (uint32_t i = 0; i < count; i++) {
		c->order[i] = i;
		c->pattern_hosts[c->fleet->hosts[i].pattern]++;
	}
	qsort_r(c->order, count, sizeof *c->order, by_name, c);
}

struct fleet_picture *fleet_picture(struct fleet *fleet, uint64_t stale_after)
{
	struct fleet_picture *picture = pool_alloc(fleet->pool, sizeof *picture);
	struct counting c = { .pool = fleet->pool,
			      .fleet = fleet,
			      .picture = picture,
			      .values = intern_new(fleet->pool),
			      .groups = intern_new(fleet->pool) };

	picture->fleet = fleet;
	picture->setting_count = intern_count(fleet->settings);
	sort_hosts(&c);
	find_values(&c);
	count_patterns(&c);
	for (uint32_t i = 0; i < picture->setting_count; i++)
		picture->settings[i].id =
			text(&c, *(const uint32_t *)intern_bytes(fleet->settings, i));
	find_wanted(&c);
	rank_values(&c);
	find_groups(&c);
	find_old(&c, stale_after);
	picture->profiles =
		tally(&c, offsetof(struct fleet_host, profiles), &picture->profile_count);
	picture->versions =
		tally(&c, offsetof(struct fleet_host, version), &picture->version_count);
	find_namesakes(&c);
	if (fleet->dropped_count)
		qsort_r(fleet->dropped, fleet->dropped_count, sizeof *fleet->dropped, by_host, &c);
	picture->duplicates = fleet->dropped;
	picture->duplicate_count = fleet->dropped_count;
	intern_free(c.values);
	intern_free(c.groups);
	return picture;
}

const char *fleet_label(struct pool *pool, const struct fleet_picture *picture, uint32_t number)
{
	const struct fleet_host *host = &picture->fleet->hosts[number];
	const char *name = fleet_text_of(picture->fleet, host->name);
	const char *id = fleet_text_of(picture->fleet, host->machine_id);

	if (!*name)
		name = "(no name)";
	return !picture->ambiguous[host->name] ? name
	       : id                            ? pool_printf(pool, "%s (%.8s)", name, id)
					       : pool_printf(pool, "%s (no machine id)", name);
}
