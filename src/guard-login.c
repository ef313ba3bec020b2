// SPDX-License-Identifier: MIT
/* What a plan does to logins: every local account, root and the invoking user first, through every
 * service, before and after. A session that would not open any more refuses the plan, and so does a
 * value that changes without a setting that means it. Writes nothing. */
#include "guard.h"

#include "catalog.h"
#include "error.h"
#include "host.h"
#include "plan.h"
#include "pool.h"
#include "provider-limits.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_WORK 500000000u /* comparisons */
#define MOST_NOTES 16        /* lines that begin to count for a service */

/* Services whose logins are judged alike share one. */
struct way {
	const char *service;
	struct login_context before, after;
};

/* A line that begins to count. */
struct awakened {
	const struct limits_entry *line;
	const char *text; /* of the first account that it is about */
	const struct account *last;
	size_t accounts;
};

struct guard {
	struct host *host;
	struct plan *plan;
	const struct setting **settings; /* of limits, that this plan may serve */
	size_t setting_count;
	bool undo; /* the plan puts back what was there: only the logins matter */
	struct way *ways;
	size_t way_count;
	struct limits_ceiling before, after;
	struct awakened awakened[MOST_NOTES];
	size_t awakened_count;
	struct error *err; /* the first thing that must not be */
	size_t more;
};

/* ---- the host before and after ------------------------------------------------------------ */

static void show(const struct guard *guard, bool after)
{
	for (size_t i = 0; i < guard->plan->count; i++) {
		const struct change *change = &guard->plan->changes[i];
		const struct image *image = after ? &change->after : &change->before;
		const char *bytes = image->exists ? image->bytes : NULL;
		size_t size = bytes ? image->size : 0;
		if (bytes && change->kind == CHANGE_SYSCTL) { /* as the kernel shows it */
			bytes = pool_printf(guard->plan->pool, "%s\n", bytes);
			size++;
		}
		host_overlay(guard->host, change->path, bytes, size);
	}
}

static void add_service(struct guard *guard, const char *service)
{
	for (size_t i = 0; i < guard->way_count; i++)
		if (!strcmp(guard->ways[i].service, service))
			return;
	guard->ways =
		pool_extend(guard->plan->pool, guard->ways, guard->way_count, sizeof *guard->ways);
	guard->ways[guard->way_count++] = (struct way){ .service = service };
}

static void find_services(struct guard *guard, const struct audit *audit)
{
	static const char *const directories[] = { "/etc/pam.d", "/usr/lib/pam.d" };

	add_service(guard, "login");
	for (size_t i = 0; audit && i < audit->count; i++)
		if (audit->findings[i].setting->provider->form == SECTION_MODULE)
			add_service(guard, audit->findings[i].setting->name);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		const struct directory *directory = host_directory(guard->host, directories[i]);
		for (size_t j = 0; j < directory->count; j++)
			if (*directory->names[j] != '.')
				add_service(guard, directory->names[j]);
	}
}

static void open_ways(struct guard *guard, bool after, uint64_t nr_open)
{
	show(guard, after);
	for (size_t i = 0; i < guard->way_count; i++)
		login_open(guard->host, guard->ways[i].service, nr_open,
			   after ? &guard->ways[i].after : &guard->ways[i].before);
}

static bool same_context(const struct login_context *a, const struct login_context *b)
{
	if (a->plan != b->plan || a->required != b->required || a->resets != b->resets ||
	    a->file_count != b->file_count)
		return false;
	for (size_t i = 0; i < a->file_count; i++)
		if (strcmp(a->files[i], b->files[i]) != 0)
			return false;
	return true;
}

/* Nothing can become of it: it does not run pam_limits.so and will not, or it fails already. */
static bool is_indifferent(const struct way *way)
{
	return way->before.plan == LOGIN_IMPOSSIBLE || way->before.plan == LOGIN_UNKNOWN ||
	       (way->before.plan == LOGIN_NOT_LIMITED && way->after.plan == LOGIN_NOT_LIMITED);
}

static void merge_ways(struct guard *guard)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->way_count; i++) {
		const struct way *way = &guard->ways[i];
		size_t same = 0;
		while (same < kept && !(same_context(&guard->ways[same].before, &way->before) &&
					same_context(&guard->ways[same].after, &way->after)))
			same++;
		if (same == kept && !is_indifferent(way))
			guard->ways[kept++] = *way;
	}
	guard->way_count = kept;
	for (size_t i = 0; i < kept; i++) {
		struct login_context *first = &guard->ways[0].before;
		login_share_accounts(&guard->ways[i].before, first);
		login_share_accounts(&guard->ways[i].after, first);
	}
}

/* ---- telling ------------------------------------------------------------------------------ */

static const char *name_of(struct pool *pool, const struct account *account)
{
	return account->name ? pool_printf(pool, "account %s", account->name)
			     : "an account without lines of its own";
}

static const char *place(struct pool *pool, struct origin origin)
{
	if (!origin.file)
		return "";
	return origin.line ? pool_printf(pool, " (%s:%u)", origin.file, origin.line)
			   : pool_printf(pool, " (%s)", origin.file);
}

static const char *value_text_of(struct pool *pool, const struct limit_row *row, uint64_t number)
{
	return value_format(pool, login_unit_value(row, number));
}

static void refuse_session(struct guard *guard, const struct way *way,
			   const struct account *account, const struct login_limits *after)
{
	if (guard->err->code) {
		guard->more++;
		return;
	}
	error_set(guard->err, after->unknown ? -EACCES : -EINVAL,
		  after->unknown ? "whether %s could still log in through %s cannot be checked: "
				   "%s%s%s"
				 : "%s could not log in any more through %s: %s%s%s",
		  name_of(guard->plan->pool, account), way->service, after->why,
		  place(guard->plan->pool, after->origin),
		  after->unknown && geteuid() ? "; try it as root" : "");
}

static void refuse_value(struct guard *guard, const struct way *way, const struct account *account,
			 const struct limit_row *row, enum side side, const struct login_value *old,
			 const struct login_value *new, const char *why)
{
	struct pool *pool = guard->plan->pool;

	if (guard->err->code) {
		guard->more++;
		return;
	}
	error_set(guard->err, -EINVAL,
		  "%s: %s %s of a login through %s would go from %s%s to %s%s: %s",
		  name_of(pool, account), side == SIDE_SOFT ? "soft" : "hard", row->item,
		  way->service, value_text_of(pool, row, old->number), place(pool, old->origin),
		  value_text_of(pool, row, new->number), place(pool, new->origin), why);
}

/* ---- what is meant ------------------------------------------------------------------------ */

/* Does a file that the plan puts back hold the line? */
static bool is_released(const struct guard *guard, const struct limits_entry *line)
{
	for (size_t i = 0; line && i < guard->plan->count; i++)
		if (guard->plan->changes[i].release && guard->plan->changes[i].known &&
		    !strcmp(guard->plan->changes[i].path, line->file))
			return true;
	return false;
}

/* Inherited, from a file that the plan writes for settings of another kind (DefaultLimitX=)? */
static bool is_inherited_from_plan(const struct guard *guard, const struct login_value *value)
{
	for (size_t i = 0; !value->line && value->origin.file && i < guard->plan->count; i++)
		if (!strcmp(guard->plan->changes[i].path, value->origin.file))
			return true;
	return false;
}

static bool is_in_dropin(const struct limits_entry *line)
{
	return line && !strcmp(line->file, LIMITS_DROPIN);
}

/* A line in keeltune's drop-in, as keeltune is known to have written that. */
static bool is_ours(const struct guard *guard, const struct limits_entry *line)
{
	if (!is_in_dropin(line))
		return false;
	for (size_t i = 0; i < guard->plan->count; i++)
		if (!strcmp(guard->plan->changes[i].path, line->file))
			return guard->plan->changes[i].known;
	return true;
}

static bool releases_stack(const struct guard *guard)
{
	for (size_t i = 0; i < guard->plan->count; i++)
		if (guard->plan->changes[i].release && strstr(guard->plan->changes[i].path, "/pam"))
			return true;
	return false;
}

enum meaning { NOT_NAMED, NAMED, MEANT };

/* Is there a setting for this side of the item that is about ACCOUNT, and does it take the new
 * value while it did not take the old one? */
static enum meaning meaning_of(const struct guard *guard, const struct login_context *context,
			       const struct account *account, const struct limit_row *row,
			       enum side side, const struct login_value *old,
			       const struct login_value *new)
{
	enum meaning meaning = NOT_NAMED;

	for (size_t i = 0; i < guard->setting_count; i++) {
		const struct setting *setting = guard->settings[i];
		if (setting->side != side || strcmp(setting->item, row->item) != 0 ||
		    !login_is_meant(context, account, guard->settings, guard->setting_count,
				    setting))
			continue;
		meaning = NAMED;
		if (setting_accepts(setting, login_unit_value(row, new->number)) &&
		    !setting_accepts(setting, login_unit_value(row, old->number)))
			return MEANT;
	}
	return meaning;
}

static bool is_intended(const struct guard *guard, const struct way *way,
			const struct account *account, const struct limit_row *row, enum side side,
			const struct login_limit *old, const struct login_limit *new)
{
	const struct login_value *before = side == SIDE_SOFT ? &old->soft : &old->hard;
	const struct login_value *after = side == SIDE_SOFT ? &new->soft : &new->hard;
	bool raised = after->number > before->number;

	/* What keeltune had set and nobody wants any more. */
	if (is_ours(guard, before->line) || is_released(guard, before->line) ||
	    is_released(guard, after->line) || is_inherited_from_plan(guard, before) ||
	    is_inherited_from_plan(guard, after))
		return true;
	/* A line that fs.nr_open kept from what it says. */
	if (raised && row->resource == RLIMIT_NOFILE && way->after.nr_open > way->before.nr_open)
		return true;
	enum meaning meaning = meaning_of(guard, &way->after, account, row, side, before, after);
	if (meaning == MEANT)
		return true;
	enum side other = side == SIDE_SOFT ? SIDE_HARD : SIDE_SOFT;
	enum meaning pair = meaning_of(guard, &way->after, account, row, other,
				       other == SIDE_SOFT ? &old->soft : &old->hard,
				       other == SIDE_SOFT ? &new->soft : &new->hard);
	/* The soft limit cannot stay above a hard one that was meant. */
	if (side == SIDE_SOFT && pair == MEANT && after->number == new->hard.number)
		return true;
	return raised && (meaning == NAMED || pair != NOT_NAMED);
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* A line of somebody else that counts from now on, because the stack now runs pam_limits.so. */
static void awake(struct guard *guard, const struct way *way, const struct account *account,
		  const struct limit_row *row, enum side side, const struct login_value *old,
		  const struct login_value *new)
{
	struct pool *pool = guard->plan->pool;

	if (!new->line || is_in_dropin(new->line))
		return;
	for (size_t i = 0; i < guard->awakened_count; i++) {
		struct awakened *known = &guard->awakened[i];
		if (known->line != new->line)
			continue;
		known->accounts += known->last != account;
		known->last = account;
		return;
	}
	if (guard->awakened_count == MOST_NOTES)
		return;
	guard->awakened[guard->awakened_count++] = (struct awakened){
		.line = new->line,
		.last = account,
		.accounts = 1,
		.text = pool_printf(
			pool,
			"counts for logins through %s from now on: %s %s of %s goes from %s to %s",
			way->service, side == SIDE_SOFT ? "soft" : "hard", row->item,
			name_of(pool, account), value_text_of(pool, row, old->number),
			value_text_of(pool, row, new->number)),
	};
}

static void compare_side(struct guard *guard, const struct way *way, const struct account *account,
			 const struct limit_row *row, enum side side,
			 const struct login_limits *before, const struct login_limits *after)
{
	const struct login_value *old = login_side(before, (unsigned)row->resource, side);
	const struct login_value *new = login_side(after, (unsigned)row->resource, side);
	uint64_t least = row->least * row->scale;

	if (old->number == new->number)
		return;
	if (new->number < least && old->number >= least)
		refuse_value(guard, way, account, row, side, old, new,
			     pool_printf(guard->plan->pool, "below %" PRIu64 " logins break",
					 row->least));
	else if (way->before.plan == LOGIN_NOT_LIMITED)
		awake(guard, way, account, row, side, old, new);
	else if (way->after.plan == LOGIN_LIMITED &&
		 !is_intended(guard, way, account, row, side, &before->item[row->resource],
			      &after->item[row->resource]))
		refuse_value(guard, way, account, row, side, old, new,
			     is_in_dropin(old->line)
				     ? "that file is not as keeltune wrote it, and is written "
				       "anew; move the line to a file of its own"
				     : "no setting of the profile asks for that; name the account "
				       "in it, or change the line");
}

static void compare(struct guard *guard, const struct way *way, const struct account *account)
{
	struct login_limits before, after;
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	login_evaluate(&way->before, account, &before);
	login_evaluate(&way->after, account, &after);
	if (before.fails || before.unknown)
		return;
	if (after.fails || after.unknown) {
		refuse_session(guard, way, account, &after);
		return;
	}
	for (size_t i = 0; !guard->undo && i < rows; i++) {
		compare_side(guard, way, account, &row[i], SIDE_SOFT, &before, &after);
		compare_side(guard, way, account, &row[i], SIDE_HARD, &before, &after);
	}
}

static void compare_account(struct guard *guard, const struct account *account)
{
	for (size_t i = 0; i < guard->way_count; i++) {
		struct way *way = &guard->ways[i];
		way->before.nr_open = guard->before.now;
		way->after.nr_open = guard->after.now;
		compare(guard, way, account);
		if (guard->before.boot == guard->before.now &&
		    guard->after.boot == guard->after.now)
			continue;
		way->before.nr_open = guard->before.boot;
		way->after.nr_open = guard->after.boot;
		compare(guard, way, account);
	}
}

static bool are_comparable(struct guard *guard)
{
	const struct login_context *first = &guard->ways[0].before;
	const struct accounts *accounts = &first->accounts;

	if (accounts->unreadable)
		error_set(guard->err, -EINVAL, "what the plan does to logins cannot be judged: %s",
			  accounts->unreadable);
	else if (guard->way_count >
		 MOST_WORK / (accounts->user_count + 1) / (first->general_count + 1))
		error_set(guard->err, -EINVAL,
			  "what the plan does to logins cannot be judged: %zu accounts, %zu PAM "
			  "services and %zu lines of limits are too many",
			  accounts->user_count, guard->way_count, first->general_count);
	else
		return true;
	return false;
}

/* The user who logged in to this session, whatever he has become since. */
static const struct account *invoking_user(struct host *host, const struct accounts *accounts)
{
	const struct file *file = host_kernel(host, "/proc/self/loginuid");
	uint64_t uid;

	if (file->state != FILE_PRESENT ||
	    !parse_decimal(pool_copy(host_pool(host), file->bytes, strcspn(file->bytes, "\n")),
			   UINT32_MAX - 1, &uid))
		return NULL;
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return &accounts->users[i];
	return NULL;
}

static void compare_accounts(struct guard *guard)
{
	const struct accounts *accounts = &guard->ways[0].before.accounts;
	const struct account *root = accounts_find(accounts, "root");
	const struct account *invoker = invoking_user(guard->host, accounts);

	compare_account(guard, root ? root : &login_root);
	if (invoker && invoker != root)
		compare_account(guard, invoker);
	compare_account(guard, &login_ordinary);
	for (size_t i = 0; i < accounts->user_count; i++)
		if (&accounts->users[i] != root && &accounts->users[i] != invoker)
			compare_account(guard, &accounts->users[i]);
}

/* ---- the stacks --------------------------------------------------------------------------- */

static bool is_named(const struct audit *audit, const char *service)
{
	for (size_t i = 0; audit && i < audit->count; i++)
		if (audit->findings[i].setting->provider->form == SECTION_MODULE &&
		    !strcmp(audit->findings[i].setting->name, service))
			return true;
	return false;
}

static void compare_stacks(struct guard *guard, const struct audit *audit)
{
	for (size_t i = 0; i < guard->way_count && !guard->undo; i++) {
		const struct way *way = &guard->ways[i];
		if (way->before.plan == LOGIN_NOT_LIMITED && way->after.plan == LOGIN_LIMITED &&
		    !is_named(audit, way->service))
			notes_add(&guard->plan->notes, NULL, way->after.origin,
				  "runs for logins through %s from now on, too", way->service);
		if (way->before.plan == LOGIN_LIMITED && way->after.plan == LOGIN_NOT_LIMITED &&
		    !releases_stack(guard) && !guard->err->code)
			error_set(guard->err, -EINVAL, "%s would not run pam_limits.so any more%s",
				  way->service, place(guard->plan->pool, way->after.origin));
	}
}

static void note_awakened(const struct guard *guard)
{
	for (size_t i = 0; i < guard->awakened_count; i++) {
		const struct awakened *awakened = &guard->awakened[i];
		struct origin origin = { awakened->line->file, awakened->line->line };
		if (awakened->accounts > 1)
			notes_add(&guard->plan->notes, NULL, origin, "%s (and %zu more accounts)",
				  awakened->text, awakened->accounts - 1);
		else
			notes_add(&guard->plan->notes, NULL, origin, "%s", awakened->text);
	}
}

static void take_settings(struct guard *guard, const struct audit *audit)
{
	if (!audit)
		return;
	guard->settings = pool_alloc(guard->plan->pool, audit->count * sizeof *guard->settings);
	for (size_t i = 0; i < audit->count; i++) {
		const struct setting *setting = audit->findings[i].setting;
		if (setting->provider->form == SECTION_ITEMS && !setting->runtime_only)
			guard->settings[guard->setting_count++] = setting;
	}
}

int guard_logins(struct host *host, const struct query *query, const struct audit *audit,
		 struct plan *plan, struct error *err)
{
	struct guard guard = { .host = host, .plan = plan, .undo = !audit, .err = err };

	if (!plan->count)
		return 0;
	*err = (struct error){ .code = 0 };
	take_settings(&guard, audit);
	show(&guard, false);
	find_services(&guard, audit);
	guard.before = limits_find_ceiling(host, query);
	open_ways(&guard, false, 0);
	show(&guard, true);
	guard.after = limits_find_ceiling(host, query);
	open_ways(&guard, true, 0);
	compare_stacks(&guard, audit);
	merge_ways(&guard);
	if (guard.way_count && are_comparable(&guard))
		compare_accounts(&guard);
	note_awakened(&guard);
	if (!err->code)
		return 0;
	size_t size = strlen(err->message);
	if (guard.more)
		snprintf(err->message + size, sizeof err->message - size, " (and %zu more)",
			 guard.more);
	return err->code;
}
