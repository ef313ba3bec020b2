// SPDX-License-Identifier: MIT
/* What pam_limits.so makes of its lines, see login.h. Follows parse_config_file(), process_limit()
 * and setup_limits() of modules/pam_limits/pam_limits.c (Linux-PAM 1.5.2, with and without Debian's
 * patches), and do_prlimit() of the kernel (kernel/sys.c) for what cannot be set. Reads no file but
 * the directory of an item chroot. */
#include "login.h"

#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <string.h>

/* Who said it, the smaller the stronger: LIMITS_DEF_* of pam_limits.c. */
enum level {
	LEVEL_USER,
	LEVEL_GROUP,
	LEVEL_ALLGROUP,
	LEVEL_ALL,
	LEVEL_DEFAULT,
	LEVEL_KERNEL,
	LEVEL_NONE,
};

const struct account login_ordinary = { .uid = (uid_t)-1, .gid = (gid_t)-1, .shell = "" };
const struct account login_root = { .name = "root", .shell = "" };

/* ---- who a line is about ------------------------------------------------------------------ */

static bool range_contains(const struct limits_entry *entry, uint32_t id)
{
	switch (entry->range) {
	case LIMITS_EXACTLY:
		return id == entry->max;
	case LIMITS_FROM:
		return id >= entry->min;
	case LIMITS_BETWEEN:
		return id >= entry->min && id <= entry->max;
	case LIMITS_NO_RANGE:
		break;
	}
	return false;
}

static bool group_matches(const struct login_context *context, const struct limits_entry *entry,
			  const struct account *account)
{
	if (entry->range == LIMITS_FROM || entry->range == LIMITS_BETWEEN)
		return account->name && range_contains(entry, account->gid);
	if (!context->group_of)
		return false;
	const gid_t *gid = context->group_of[entry - context->entries.items];
	return gid && account_in_group(account, *gid);
}

static enum level rule_level(const struct login_context *context, const struct limits_entry *entry,
			     const struct account *account)
{
	bool exempt = context->module.debian && account->uid == 0;

	if (account->name && !strcmp(account->name, entry->domain))
		return LEVEL_USER;
	if (*entry->domain == '@' && !exempt)
		return group_matches(context, entry, account) ? LEVEL_GROUP : LEVEL_NONE;
	if (*entry->domain == '%' && !exempt) {
		if (!strcmp(entry->domain, "%"))
			return LEVEL_ALL;
		if (entry->range == LIMITS_FROM || entry->range == LIMITS_BETWEEN)
			return LEVEL_NONE;
		return group_matches(context, entry, account) ? LEVEL_ALLGROUP : LEVEL_NONE;
	}
	if (!strcmp(entry->domain, "*"))
		return exempt ? LEVEL_NONE : LEVEL_DEFAULT;
	return account->name && range_contains(entry, account->uid) ? LEVEL_USER : LEVEL_NONE;
}

static bool no_limit_matches(const struct login_context *context, const struct limits_entry *entry,
			     const struct account *account)
{
	if (account->name && !strcmp(account->name, entry->domain))
		return true;
	if (*entry->domain == '@')
		return group_matches(context, entry, account);
	return account->name && range_contains(entry, account->uid);
}

bool login_line_singles_out(const struct limits_entry *line)
{
	if (line->form == LIMITS_RULE)
		return !line->drop && strcmp(line->domain, "*") && strcmp(line->domain, "root");
	/* "* -" and "%group -" mean nobody. */
	return line->form == LIMITS_NO_LIMIT && strcmp(line->domain, "root") &&
	       strcmp(line->domain, "*") && (*line->domain != '%' || line->range);
}

/* ---- walking the lines -------------------------------------------------------------------- */

struct slot {
	uint64_t number;
	enum level level;
	const struct limits_entry *line;
};

struct walk {
	const struct login_context *context;
	const struct account *account;
	struct slot soft[RLIM_NLIMITS], hard[RLIM_NLIMITS];
	struct slot logins; /* maxlogins and maxsyslogins share it */
	const struct limits_entry *chroot;
	const struct limits_entry *stop; /* a no-limit line, or a file that ends it all */
};

static void start(struct walk *walk)
{
	const struct login_context *context = walk->context;
	const struct login_inherited *from = context->resets ? context->reset : context->caller;
	enum level level = context->resets ? LEVEL_KERNEL : LEVEL_NONE;

	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		walk->soft[i] = (struct slot){ .number = from[i].soft, .level = level };
		walk->hard[i] = (struct slot){ .number = from[i].hard, .level = level };
	}
	walk->logins.level = LEVEL_NONE;
}

static bool put(struct slot *slot, enum level level, uint64_t number,
		const struct limits_entry *line)
{
	if (slot->level < level)
		return false;
	*slot = (struct slot){ .number = number, .level = level, .line = line };
	return true;
}

static uint64_t number_of(const struct login_context *context, const struct limits_entry *entry)
{
	if (entry->code == RLIMIT_NOFILE && entry->number == LIMIT_UNLIMITED &&
	    context->module.caps_nofile)
		return context->nr_open;
	return entry->number;
}

static void apply_rule(struct walk *walk, const struct limits_entry *entry, enum level level)
{
	uint64_t number = number_of(walk->context, entry);

	if ((level == LEVEL_ALL || level == LEVEL_ALLGROUP) && entry->code != LIMITS_MAXLOGINS)
		return;
	switch (entry->code) {
	case LIMITS_MAXLOGINS:
	case LIMITS_MAXSYSLOGINS:
		put(&walk->logins, level, 0, entry);
		break;
	case LIMITS_CHROOT:
		walk->chroot = *entry->value ? entry : NULL;
		break;
	case LIMITS_PRIORITY:
	case LIMITS_NONEWPRIVS:
		break;
	default:
		/* A soft side that loses takes the hard side of the same line with it. */
		if ((entry->sides & LIMITS_SOFT) &&
		    !put(&walk->soft[entry->code], level, number, entry))
			break;
		if (entry->sides & LIMITS_HARD)
			put(&walk->hard[entry->code], level, number, entry);
	}
}

static void walk_line(struct walk *walk, const struct limits_entry *entry)
{
	enum level level;

	switch (entry->form) {
	case LIMITS_RULE:
		if (entry->drop)
			break;
		level = rule_level(walk->context, entry, walk->account);
		if (level != LEVEL_NONE)
			apply_rule(walk, entry, level);
		break;
	case LIMITS_NO_LIMIT:
		if (no_limit_matches(walk->context, entry, walk->account))
			walk->stop = entry;
		break;
	case LIMITS_BROKEN:
	case LIMITS_UNREAD:
		walk->stop = entry;
		break;
	case LIMITS_INVALID:
	case LIMITS_BAD_RANGE:
		break;
	}
}

/* The first of the lines that mean one name whose name is not before NAME. */
static size_t first_named(const struct login_context *context, const char *name)
{
	size_t low = 0, high = context->named_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(context->named[middle]->domain, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* In the order of the files; of those that mean one name only the account's. */
static void walk_index(struct walk *walk)
{
	const struct login_context *context = walk->context;
	const char *name = walk->account->name;
	size_t next = name ? first_named(context, name) : context->named_count, other = 0;

	while (!walk->stop) {
		const struct limits_entry *own = NULL, *shared = NULL;
		if (next < context->named_count && !strcmp(context->named[next]->domain, name))
			own = context->named[next];
		if (other < context->general_count)
			shared = context->general[other];
		if (!own && !shared)
			break;
		if (own && (!shared || own < shared)) {
			walk_line(walk, own);
			next++;
		} else {
			walk_line(walk, shared);
			other++;
		}
	}
}

static void walk_lines(struct walk *walk)
{
	const struct limits_entries *entries = &walk->context->entries;

	if (walk->context->accounts_loaded) {
		walk_index(walk);
		return;
	}
	for (size_t i = 0; i < entries->count && !walk->stop; i++)
		walk_line(walk, &entries->items[i]);
}

/* ---- setting them ------------------------------------------------------------------------- */

static void inherit(const struct login_inherited *from, struct login_limit *ret)
{
	ret->soft = (struct login_value){ .number = from->soft,
					  .origin = from->origin,
					  .why = from->why };
	ret->hard = (struct login_value){ .number = from->hard,
					  .origin = from->origin,
					  .why = from->why };
}

static struct login_value value_of(const struct slot *slot, const struct login_inherited *from)
{
	if (slot->line)
		return (struct login_value){ .number = slot->number,
					     .line = slot->line,
					     .origin = limits_origin(slot->line) };
	return (struct login_value){ .number = slot->number,
				     .origin = from->origin,
				     .why = from->why };
}

static void fail(const struct login_context *context, struct login_limits *limits,
		 struct origin origin, const char *why)
{
	if (limits->fails || !context->required)
		return;
	limits->fails = true;
	limits->origin = origin;
	limits->why = why;
}

/* Why the kernel refuses this hard limit with EPERM, or NULL. */
static const char *refusal(const struct login_context *context, unsigned resource, uint64_t hard)
{
	if (resource == RLIMIT_NOFILE && hard > context->nr_open)
		return "the kernel refuses a hard nofile above fs.nr_open";
	if (hard > context->caller[resource].hard && !context->capable)
		return "the kernel refuses to raise a hard limit without CAP_SYS_RESOURCE";
	return NULL;
}

static void set_one(const struct walk *walk, unsigned resource, struct login_limits *limits)
{
	const struct login_context *context = walk->context;
	const struct slot *soft = &walk->soft[resource], *hard = &walk->hard[resource];
	const struct login_inherited *from =
		context->resets ? &context->reset[resource] : &context->caller[resource];
	struct login_limit *limit = &limits->item[resource];

	limit->soft = value_of(soft, from);
	limit->hard = value_of(hard, from);
	if (soft->level == LEVEL_NONE && hard->level == LEVEL_NONE)
		return;
	if (limit->soft.number > limit->hard.number) {
		limit->soft.number = limit->hard.number;
		limit->soft.why = "cut to the hard limit";
		if (limit->hard.line)
			limit->soft.origin = limit->hard.origin;
	}

	const char *why = refusal(context, resource, limit->hard.number);
	if (!why)
		return;
	if (!context->module.ignores_eperm)
		fail(context, limits, limit->hard.line ? limit->hard.origin : limit->soft.origin,
		     why);
	limit->soft.number = context->caller[resource].soft;
	limit->hard.number = context->caller[resource].hard;
	limit->soft.why = limit->hard.why = why;
}

static void enter(const struct walk *walk, struct login_limits *limits)
{
	const struct login_context *context = walk->context;
	const struct limits_entry *logins = walk->logins.line;
	const struct limits_entry *chroot = walk->chroot;

	if (logins && logins->count == 0 && walk->account->uid != 0)
		fail(context, limits, limits_origin(logins),
		     logins->code == LIMITS_MAXLOGINS ? "maxlogins 0: no login is allowed"
						      : "maxsyslogins 0: no login is allowed");
	if (!chroot || limits->fails)
		return;
	const char *path = *chroot->value == '/'
				   ? chroot->value
				   : pool_printf(host_pool(context->host), "/%s", chroot->value);
	if (host_file(context->host, path)->state != FILE_DIRECTORY)
		fail(context, limits, limits_origin(chroot),
		     "the directory of chroot does not exist");
}

void login_evaluate(const struct login_context *context, const struct account *account,
		    struct login_limits *ret)
{
	struct walk walk = { .context = context, .account = account };

	*ret = (struct login_limits){ .why = NULL };
	if (context->plan == LOGIN_LIMITED) {
		start(&walk);
		walk_lines(&walk);
	}
	if (context->plan == LOGIN_LIMITED && !walk.stop) {
		for (unsigned i = 0; i < RLIM_NLIMITS; i++)
			set_one(&walk, i, ret);
		enter(&walk, ret);
		return;
	}

	const struct limits_entry *stop = walk.stop;
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		struct login_limit *limit = &ret->item[i];
		inherit(&context->caller[i], limit);
		if (stop) {
			limit->soft.origin = limit->hard.origin = limits_origin(stop);
			limit->soft.why = limit->hard.why =
				stop->form == LIMITS_NO_LIMIT ? "this line exempts from all limits"
							      : stop->why;
		} else {
			limit->soft.origin = limit->hard.origin = context->origin;
			limit->soft.why = limit->hard.why = context->why;
		}
	}
	if (context->plan == LOGIN_IMPOSSIBLE || context->plan == LOGIN_UNKNOWN) {
		ret->fails = context->plan == LOGIN_IMPOSSIBLE;
		ret->unknown = context->plan == LOGIN_UNKNOWN;
		ret->why = context->why;
		ret->origin = context->origin;
	} else if (stop && stop->form != LIMITS_NO_LIMIT) {
		ret->unknown = stop->form == LIMITS_UNREAD;
		ret->fails = !ret->unknown && context->required;
		ret->why = stop->why;
		ret->origin = limits_origin(stop);
	}
}

/* ---- looking at the result ---------------------------------------------------------------- */

const struct login_value *login_side(const struct login_limits *limits, unsigned resource,
				     enum side side)
{
	const struct login_limit *limit = &limits->item[resource];

	return side == SIDE_SOFT ? &limit->soft : &limit->hard;
}

struct value login_unit_value(const struct limit_row *row, uint64_t number)
{
	if (row->resource == RLIMIT_NICE && number <= 40)
		return value_signed(20 - (int64_t)number);
	return value_limit(number == LIMIT_UNLIMITED ? number : number / row->scale);
}

static const char *why_it_loses(enum level level, const struct login_context *context,
				const struct account *account, const struct limits_entry *line,
				const struct limits_entry *winner)
{
	if (level == LEVEL_ALL || level == LEVEL_ALLGROUP)
		return "a domain with % counts for maxlogins only";
	enum level best = winner ? rule_level(context, winner, account) : LEVEL_NONE;
	if (best < level)
		return "a more specific line wins";
	if (winner > line)
		return "a later line wins";
	return "its soft side loses to a more specific line, and then its hard side is not looked "
	       "at";
}

void login_losers(const struct login_context *context, const struct account *account,
		  const struct login_limits *limits, unsigned resource, enum side side,
		  struct login_loser **ret_losers, size_t *ret_count)
{
	struct pool *pool = host_pool(context->host);
	const struct limits_entry *winner = login_side(limits, resource, side)->line;
	unsigned bit = side == SIDE_SOFT ? LIMITS_SOFT : LIMITS_HARD;
	struct login_loser *losers = NULL;
	size_t count = 0;

	for (size_t i = 0; i < context->entries.count; i++) {
		const struct limits_entry *line = &context->entries.items[i];
		if (line->form != LIMITS_RULE || line->drop || line->code != resource ||
		    !(line->sides & bit) || line == winner)
			continue;
		enum level level = rule_level(context, line, account);
		if (level == LEVEL_NONE)
			continue;
		losers = pool_extend(pool, losers, count, sizeof *losers);
		losers[count++] = (struct login_loser){ line, why_it_loses(level, context, account,
									   line, winner) };
	}
	*ret_losers = losers;
	*ret_count = count;
}

void login_shadows(const struct login_context *context, const struct account *account,
		   const struct login_limits *limits, unsigned resource, enum side side,
		   struct shadow **ret_shadows, size_t *ret_count)
{
	struct pool *pool = host_pool(context->host);
	struct shadow *shadows = NULL;
	struct login_loser *losers;

	login_losers(context, account, limits, resource, side, &losers, ret_count);
	for (size_t i = 0; i < *ret_count; i++) {
		const struct limits_entry *line = losers[i].line;
		shadows = pool_extend(pool, shadows, i, sizeof *shadows);
		shadows[i] = (struct shadow){
			.origin = limits_origin(line),
			.value = login_unit_value(catalog_limit(line->item), line->number),
			.why = losers[i].why,
		};
	}
	*ret_shadows = shadows;
}
