// SPDX-License-Identifier: MIT
/* Several profiles at once, see profile-combine.h. Pure. */
#include "profile-combine.h"

#include "pool.h"

#include <errno.h>
#include <string.h>

struct combiner {
	struct pool *pool;
	struct notes *problems;
};

bool profile_same_subject(const struct setting *a, const struct setting *b)
{
	return a->provider == b->provider && !strcmp(a->name, b->name) &&
	       !strcmp(a->item ? a->item : "", b->item ? b->item : "");
}

/* The lower (SIGN -1) or upper (1) end as the profile says it: an exact value is both. */
static struct value said_bound(const struct setting *setting, int sign)
{
	bool exact = setting->at_least.kind == VALUE_NONE && setting->at_most.kind == VALUE_NONE;

	return exact ? setting->want : sign < 0 ? setting->at_least : setting->at_most;
}

/* Is A the narrower end? */
static bool narrows(struct value a, struct value b, int sign)
{
	if (a.kind == VALUE_NONE || b.kind == VALUE_NONE)
		return b.kind == VALUE_NONE && a.kind != VALUE_NONE;
	return sign < 0 ? value_compare(a, b) > 0 : value_compare(a, b) < 0;
}

static int say_conflict(const struct combiner *combiner, const struct setting *a,
			const struct setting *b)
{
	struct pool *pool = combiner->pool;

	notes_add(combiner->problems, b->id, b->origin,
		  "%s: %s wants %s and %s wants %s: no value suits both", b->id,
		  origin_format(pool, a->origin), setting_format_wanted(pool, a),
		  origin_format(pool, b->origin), setting_format_wanted(pool, b));
	return -EINVAL;
}

/* The settings of one id, one of each profile that names it. */
struct claim {
	const struct setting **settings;
	size_t count;
};

/* Sets the range of ALL to what every setting of CLAIM accepts. */
static int intersect(const struct combiner *combiner, const struct claim *claim,
		     struct setting *all)
{
	const struct setting *const *settings = claim->settings;
	size_t low = 0, high = 0; /* whose ends are the narrowest */

	all->at_least = said_bound(settings[0], -1);
	all->at_most = said_bound(settings[0], 1);
	for (size_t i = 1; i < claim->count; i++) {
		bool ordered = value_is_ordered(settings[i]->want);

		if (ordered != value_is_ordered(settings[0]->want) ||
		    (!ordered && !value_equals(settings[i]->want, settings[0]->want)))
			return say_conflict(combiner, settings[0], settings[i]);
		if (!ordered)
			continue;
		if (narrows(settings[i]->min, settings[low]->min, -1))
			low = i;
		if (narrows(settings[i]->max, settings[high]->max, 1))
			high = i;
		if (narrows(said_bound(settings[i], -1), all->at_least, -1))
			all->at_least = said_bound(settings[i], -1);
		if (narrows(said_bound(settings[i], 1), all->at_most, 1))
			all->at_most = said_bound(settings[i], 1);
	}
	all->min = settings[low]->min;
	all->max = settings[high]->max;
	if (all->min.kind != VALUE_NONE && all->max.kind != VALUE_NONE &&
	    value_compare(all->min, all->max) > 0)
		return say_conflict(combiner, settings[low < high ? low : high],
				    settings[low < high ? high : low]);
	/* One possible value is an exact value. */
	if (all->at_least.kind != VALUE_NONE && value_equals(all->at_least, all->at_most))
		all->at_least = all->at_most = (struct value){ .kind = VALUE_NONE };
	return 0;
}

static int combine_at_boot(const struct combiner *combiner, const struct claim *claim,
			   struct setting *all);

/* What is written is the last value that lies in the common range. */
static int combine_claim(const struct combiner *combiner, const struct claim *claim,
			 struct setting *ret)
{
	struct setting all = *claim->settings[0];
	const struct setting *writer = NULL, *last = claim->settings[claim->count - 1];
	const char *values = "";

	int r = intersect(combiner, claim, &all);
	if (r)
		return r;
	for (size_t i = 0; i < claim->count; i++) {
		const struct setting *setting = claim->settings[i];

		if (setting_accepts(&all, setting->want))
			writer = setting;
		all.optional = all.optional && setting->optional;
		all.runtime_only = all.runtime_only && setting->runtime_only;
		values =
			pool_printf(combiner->pool, "%s%s%s writes %s", values, *values ? ", " : "",
				    origin_format(combiner->pool, setting->origin),
				    value_format(combiner->pool, setting->want));
	}
	if (!writer) {
		notes_add(combiner->problems, all.id, last->origin,
			  "%s: together the profiles accept %s..%s, but %s", all.id,
			  value_format(combiner->pool, all.min),
			  value_format(combiner->pool, all.max), values);
		return -EINVAL;
	}
	all.want = writer->want;
	all.reason = writer->reason;
	all.origin = writer->origin;
	r = all.runtime_only ? 0 : combine_at_boot(combiner, claim, &all);
	*ret = all;
	return r;
}

/* Profiles that want running values only have no say in what boot leaves. */
static int combine_at_boot(const struct combiner *combiner, const struct claim *claim,
			   struct setting *all)
{
	struct claim lasting = { .settings = pool_alloc(combiner->pool,
							claim->count * sizeof *claim->settings) };

	for (size_t i = 0; i < claim->count; i++)
		if (!claim->settings[i]->runtime_only)
			lasting.settings[lasting.count++] = claim->settings[i];
	if (lasting.count == claim->count)
		return 0;
	struct setting *boot = pool_alloc(combiner->pool, sizeof *boot);
	all->boot = boot;
	return combine_claim(combiner, &lasting, boot);
}

/* Profiles that fit value by value may still put a soft limit above the hard one. */
static int check_sides(const struct combiner *combiner, const struct profile_layer *all)
{
	int result = 0;

	for (size_t i = 0; i < all->count; i++)
		for (size_t j = 0; j < all->count; j++) {
			const struct setting *soft = &all->settings[i], *hard = &all->settings[j];

			if (soft->side != SIDE_SOFT || hard->side != SIDE_HARD ||
			    !profile_same_subject(soft, hard) || !value_is_ordered(soft->want) ||
			    !value_is_ordered(hard->want) ||
			    value_compare(soft->want, hard->want) <= 0)
				continue;
			notes_add(combiner->problems, soft->id, soft->origin,
				  "%s: soft %s (%s) is above hard %s (%s)", soft->id,
				  value_format(combiner->pool, soft->want),
				  origin_format(combiner->pool, soft->origin),
				  value_format(combiner->pool, hard->want),
				  origin_format(combiner->pool, hard->origin));
			result = -EINVAL;
		}
	return result;
}

static size_t collect(struct pool *pool, const struct profile_layer *layers, size_t count,
		      struct claim **ret_claims)
{
	struct claim *claims = NULL;
	size_t claim_count = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < layers[i].count; j++) {
			const struct setting *setting = &layers[i].settings[j];
			size_t at = 0;

			while (at < claim_count &&
			       strcmp(claims[at].settings[0]->id, setting->id) != 0)
				at++;
			if (at == claim_count) {
				claims = pool_extend(pool, claims, claim_count, sizeof *claims);
				claims[claim_count++] = (struct claim){ .settings = NULL };
			}
			struct claim *claim = &claims[at];
			claim->settings = pool_extend(pool, claim->settings, claim->count,
						      sizeof *claim->settings);
			claim->settings[claim->count++] = setting;
		}
	*ret_claims = claims;
	return claim_count;
}

int profile_combine(struct pool *pool, const struct profile_layer *layers, size_t count,
		    struct profile_layer *ret, struct notes *problems)
{
	const struct combiner combiner = { pool, problems };
	struct profile_layer all = { .settings = NULL };
	struct claim *claims = NULL;
	size_t claim_count = collect(pool, layers, count, &claims);
	int result = 0;

	all.settings = pool_alloc(pool, claim_count * sizeof *all.settings);
	for (size_t i = 0; i < claim_count; i++) {
		int r = combine_claim(&combiner, &claims[i], &all.settings[all.count]);

		if (!r)
			all.count++;
		else if (!result)
			result = r;
	}
	if (!result)
		result = check_sides(&combiner, &all);
	if (!result)
		*ret = all;
	return result;
}
