// SPDX-License-Identifier: MIT
/* libpam's dispatcher (_pam_dispatch_aux of Linux-PAM 1.5.2, unchanged to 1.7.x for
 * pam_open_session) over sets of states, see pam-walk.h. Knows no files and no modules. */
#include "pam-walk.h"

#include "pool.h"

#include <string.h>

/* Where modules may answer in many ways, the ways are merged where they are in the same state; a
 * stack so wild that more remain at one place is cut short. */
#define STATES_MAX 512

enum impression { UNDEFINED, POSITIVE, NEGATIVE };

struct outlook {
	int8_t impression; /* enum impression */
	int8_t status;
};

struct state {
	struct outlook now;
	struct outlook saved[PAM_LEVEL_MAX]; /* at the start of the substack of each level */
	uint32_t level;                      /* of the previous handler */
	uint32_t limits;                     /* 1 + the last is_limits that ran */
};

static const struct outlook initial = { UNDEFINED, PAM_CODE_PERM_DENIED };

static struct state first_state(void)
{
	return (struct state){ .now = initial, .saved = { initial } };
}

/* The handler behind which a stack goes on when the level of AT is finished. */
static size_t end_of_level(const struct pam_walk *walk, size_t at)
{
	unsigned level = walk->handlers[at].level;

	while (at + 1 < walk->count && walk->handlers[at + 1].level >= level)
		at++;
	return at;
}

/* A substack counts as one handler. False: there are fewer than COUNT. */
static bool jump(const struct pam_walk *walk, int count, size_t *at)
{
	unsigned level = walk->handlers[*at].level;

	while (*at + 1 < walk->count && walk->handlers[*at + 1].level >= level && count > 0) {
		do {
			++*at;
		} while (*at + 1 < walk->count && walk->handlers[*at + 1].level > level);
		count--;
	}
	return count == 0;
}

/* What the handler at AT makes of STATE when it returns CODE; returns the next handler. */
static size_t step(const struct pam_walk *walk, size_t at, struct state *state, int code)
{
	const struct pam_handler *handler = &walk->handlers[at];
	struct outlook *now = &state->now;

	if (state->level < handler->level)
		state->saved[handler->level] = *now;
	state->level = handler->level;
	if (handler->substack)
		return at + 1;
	if (handler->is_limits)
		state->limits = (uint32_t)at + 1;
	if (code == PAM_CODE_INCOMPLETE) {
		now->status = PAM_CODE_INCOMPLETE;
		return walk->count;
	}

	int action = handler->control.action[code];
	switch (action) {
	case PAM_ACTION_RESET:
		*now = state->saved[handler->level];
		break;
	case PAM_ACTION_OK:
	case PAM_ACTION_DONE:
		if (now->impression == UNDEFINED ||
		    (now->impression == POSITIVE && now->status == PAM_CODE_SUCCESS))
			*now = (struct outlook){ POSITIVE, (int8_t)code };
		if (now->impression == POSITIVE && action == PAM_ACTION_DONE)
			at = end_of_level(walk, at);
		break;
	case PAM_ACTION_BAD:
	case PAM_ACTION_DIE:
		if (now->impression != NEGATIVE)
			*now = (struct outlook){ NEGATIVE, code == PAM_CODE_IGNORE
								   ? PAM_CODE_PERM_DENIED
								   : (int8_t)code };
		if (action == PAM_ACTION_DIE)
			at = end_of_level(walk, at);
		break;
	case PAM_ACTION_IGNORE:
		break;
	default:
		if (!jump(walk, action, &at))
			*now = (struct outlook){ NEGATIVE, PAM_CODE_PERM_DENIED };
	}
	return at + 1;
}

static int result_of(const struct state *state)
{
	if (state->now.status == PAM_CODE_SUCCESS && state->now.impression != POSITIVE)
		return PAM_CODE_PERM_DENIED;
	return state->now.status;
}

/* ---- the ordinary way -------------------------------------------------------------------- */

static int ordinary_code(const struct pam_handler *handler)
{
	int code = 0;

	while (code + 1 < PAM_CODE_COUNT && !(handler->results & (UINT32_C(1) << code)))
		code++;
	return code;
}

static bool passes_limits(const struct pam_walk *walk, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (walk->handlers[i].is_limits)
			return true;
	return false;
}

void pam_walk_ordinary(const struct pam_walk *walk, int limits_result, struct pam_way *ret)
{
	struct state state = first_state();

	*ret = (struct pam_way){ .limits = PAM_NOWHERE,
				 .culprit = PAM_NOWHERE,
				 .diverter = PAM_NOWHERE };
	for (size_t at = 0, next; at < walk->count; at = next) {
		const struct pam_handler *handler = &walk->handlers[at];
		bool failed = state.now.impression == NEGATIVE;
		next = step(walk, at, &state,
			    handler->is_limits ? limits_result : ordinary_code(handler));
		if (state.now.impression != NEGATIVE)
			ret->culprit = PAM_NOWHERE;
		else if (!failed)
			ret->culprit = at;
		if (state.now.impression == POSITIVE && state.now.status != PAM_CODE_SUCCESS &&
		    ret->culprit == PAM_NOWHERE)
			ret->culprit = at;
		if (ret->diverter == PAM_NOWHERE && passes_limits(walk, at + 1, next))
			ret->diverter = at;
	}
	ret->result = result_of(&state);
	if (state.limits)
		ret->limits = state.limits - 1;
}

/* ---- all ways ---------------------------------------------------------------------------- */

struct states {
	struct state *items;
	size_t count;
};

static bool same_state(const struct state *a, const struct state *b)
{
	return a->level == b->level && a->limits == b->limits &&
	       !memcmp(&a->now, &b->now, sizeof a->now) &&
	       !memcmp(a->saved, b->saved, sizeof a->saved);
}

static void add_state(struct pool *pool, struct states *states, const struct state *state)
{
	for (size_t i = 0; i < states->count; i++)
		if (same_state(&states->items[i], state))
			return;
	if (states->count == STATES_MAX)
		return;
	states->items = pool_extend(pool, states->items, states->count, sizeof *state);
	states->items[states->count++] = *state;
}

/* Codes that a handler's control treats alike, up to success and ignore, which also count for the
 * final result. */
static bool same_effect(const struct pam_handler *handler, int a, int b)
{
	bool special = a == PAM_CODE_SUCCESS || a == PAM_CODE_IGNORE || a == PAM_CODE_INCOMPLETE ||
		       b == PAM_CODE_SUCCESS || b == PAM_CODE_IGNORE || b == PAM_CODE_INCOMPLETE;

	return !special && handler->control.action[a] == handler->control.action[b];
}

/* One code for each effect that HANDLER may have. Returns how many. */
static size_t distinct_codes(const struct pam_handler *handler, int *ret_codes)
{
	size_t count = 0;

	for (int code = 0; code < PAM_CODE_COUNT; code++) {
		bool known = !(handler->results & (UINT32_C(1) << code));
		for (size_t i = 0; i < count && !known; i++)
			known = same_effect(handler, ret_codes[i], code);
		if (!known)
			ret_codes[count++] = code;
	}
	if (!count)
		ret_codes[count++] = PAM_CODE_SUCCESS;
	return count;
}

/* Carries the states at FROM and behind it to the end, SETS[count]. */
static void propagate(struct pool *pool, const struct pam_walk *walk, struct states *sets,
		      size_t from)
{
	int codes[PAM_CODE_COUNT];

	for (size_t at = from; at < walk->count; at++) {
		size_t code_count = distinct_codes(&walk->handlers[at], codes);
		for (size_t i = 0; i < sets[at].count; i++) {
			for (size_t j = 0; j < code_count; j++) {
				struct state state = sets[at].items[i];
				size_t next = step(walk, at, &state, codes[j]);
				add_state(pool, &sets[next], &state);
			}
		}
	}
}

static void count_ends(const struct states *ends, struct pam_ways *ways)
{
	for (size_t i = 0; i < ends->count; i++) {
		*(ends->items[i].limits ? &ways->may_run : &ways->may_miss) = true;
		*(result_of(&ends->items[i]) ? &ways->may_fail : &ways->may_open) = true;
	}
}

/* Does the code that the handler at AT returns decide whether pam_limits.so runs? */
static bool decides(struct pool *pool, const struct pam_walk *walk, const struct states *set,
		    size_t at)
{
	int codes[PAM_CODE_COUNT];
	size_t count = distinct_codes(&walk->handlers[at], codes);
	struct pam_ways first = { 0 };

	for (size_t j = 0; j < count && count > 1; j++) {
		struct states *sets = pool_alloc(pool, (walk->count + 1) * sizeof *sets);
		struct pam_ways ways = { 0 };
		for (size_t i = 0; i < set->count; i++) {
			struct state state = set->items[i];
			size_t next = step(walk, at, &state, codes[j]);
			add_state(pool, &sets[next], &state);
		}
		propagate(pool, walk, sets, at + 1);
		count_ends(&sets[walk->count], &ways);
		if (!j)
			first = ways;
		else if (ways.may_run != first.may_run || ways.may_miss != first.may_miss)
			return true;
	}
	return false;
}

void pam_walk_all(struct pool *pool, const struct pam_walk *walk, struct pam_ways *ret)
{
	struct states *sets = pool_alloc(pool, (walk->count + 1) * sizeof *sets);
	struct state state = first_state();

	*ret = (struct pam_ways){ .decider = PAM_NOWHERE };
	add_state(pool, &sets[0], &state);
	propagate(pool, walk, sets, 0);
	count_ends(&sets[walk->count], ret);
	for (size_t at = 0; ret->may_run && ret->may_miss && at < walk->count; at++) {
		if (sets[at].count && decides(pool, walk, &sets[at], at)) {
			ret->decider = at;
			return;
		}
	}
}
