// SPDX-License-Identifier: MIT
/* Remarks on lines of limits.conf that stand in each other's way: another line wins, a soft limit
 * is cut, a hard one is never looked at, root is not reached. What a line comes to is asked of the
 * model of logins. */
#include "provider-limits.h"

#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define MOST_DOMAINS 1000 /* whose logins are looked at: each walks all lines */

#define IS_CUT "soft %s %.64s is above hard %.64s (%s:%u) and is cut to it"
#define REMARK(notes, entry, ...) notes_add(notes, NULL, limits_origin(entry), __VA_ARGS__)

/* ---- lines together ----------------------------------------------------------------------- */

static int by_subject(const void *a, const void *b)
{
	const struct limits_entry *left = *(const struct limits_entry *const *)a;
	const struct limits_entry *right = *(const struct limits_entry *const *)b;
	int order = strcmp(left->domain, right->domain);

	if (!order)
		order = (left->code > right->code) - (left->code < right->code);
	return order ? order : (left > right) - (left < right);
}

/* COUNT lines about one item of one domain, in order. */
static void remark_on_subject(struct notes *notes, const struct limits_entry **lines, size_t count)
{
	const struct limits_entry *same[LIMITS_BOTH + 1] = { NULL };

	for (size_t i = 0; i < count; i++) {
		const struct limits_entry *entry = lines[i], *earlier = same[entry->sides];
		if (earlier && earlier->number != entry->number &&
		    strcmp(entry->file, LIMITS_DROPIN) != 0)
			REMARK(notes, earlier, "%s %s %s %.64s loses to %s:%u, which says %.64s",
			       earlier->domain, earlier->type, earlier->item, earlier->value,
			       entry->file, entry->line, entry->value);
		same[entry->sides] = entry;
	}
}

static const struct limits_entry **
sort_lines(struct pool *pool, const struct limits_entries *entries, size_t *ret_count)
{
	const struct limits_entry **lines = pool_alloc(pool, entries->count * sizeof *lines);
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (entries->items[i].form == LIMITS_RULE && !entries->items[i].drop &&
		    entries->items[i].code < RLIM_NLIMITS)
			lines[count++] = &entries->items[i];
	if (count)
		qsort((void *)lines, count, sizeof *lines, by_subject);
	*ret_count = count;
	return lines;
}

/* ---- whom a domain means ------------------------------------------------------------------ */

/* Somebody whom the domain of ENTRY means and as few other lines as possible: of a user that is not
 * in /etc/passwd the name alone. False: cannot be told. */
static bool find_somebody(const struct login_context *context, const struct limits_entry *entry,
			  struct account *synthetic, const struct account **ret)
{
	const struct user_group *group = NULL;
	const char *domain = entry->domain;

	*synthetic = strcmp(domain, "root") ? login_ordinary : login_root;
	*ret = synthetic;
	if (!strcmp(domain, "*"))
		return true;
	if (entry->range != LIMITS_NO_RANGE || *domain == '%')
		return false;
	if (*domain != '@') {
		const struct account *known =
			context->accounts_loaded ? accounts_find(&context->accounts, domain) : NULL;
		synthetic->name = domain;
		*ret = known ? known : synthetic;
		return true;
	}
	if (context->accounts_loaded)
		group = accounts_find_group(&context->accounts, domain + 1);
	if (!group)
		return false;
	synthetic->groups = &group->gid;
	synthetic->group_count = 1;
	return true;
}

static void remark_on_cut(const struct login_context *context, struct notes *notes,
			  const struct limits_entry *entry, const struct login_limit *limit)
{
	const struct limits_entry *soft = limit->soft.line, *hard = limit->hard.line;
	const struct limit_row *row = catalog_limit(entry->item);
	const char *cut = value_format(notes->pool, login_unit_value(row, limit->hard.number));

	/* Above fs.nr_open is told by the line itself; "unlimited" as far as possible is fine. A
	 * hard limit that the kernel refuses is not the one that cuts. */
	if (soft != entry || soft->number <= (hard ? hard->number : limit->hard.number) ||
	    (soft->code == RLIMIT_NOFILE && limit->hard.number >= context->nr_open))
		return;
	if (hard && (hard != soft))
		REMARK(notes, soft, IS_CUT, soft->item, soft->value, hard->value, hard->file,
		       hard->line);
	else if (!hard)
		REMARK(notes, soft,
		       "soft %s %.64s is above the hard limit, which no line sets (%s, %s), and is "
		       "cut to it",
		       soft->item, soft->value, cut,
		       limit->hard.why ? limit->hard.why : "inherited");
}

/* A "-" whose soft side loses to a more specific line does not set the hard side either. */
static void remark_on_blocked(const struct login_context *context, struct notes *notes,
			      const struct account *account, const struct login_limits *limits,
			      unsigned resource)
{
	const struct limits_entry *soft = limits->item[resource].soft.line;
	struct shadow *shadows;
	size_t count;

	if (!soft || soft->sides != LIMITS_SOFT)
		return;
	login_shadows(context, account, limits, resource, SIDE_HARD, &shadows, &count);
	for (size_t i = 0; i < count; i++)
		if (!strncmp(shadows[i].why, "its soft side", strlen("its soft side")))
			notes_add(notes, NULL, shadows[i].origin,
				  "sets no hard %s for %.64s: the soft one of %s:%u is more "
				  "specific, and then - sets neither",
				  soft->item, soft->domain, soft->file, soft->line);
}

struct subject {
	bool known;
	struct account synthetic;
	const struct account *account;
	struct login_limits limits;
};

/* LINES are those of one item and one domain, which is SUBJECT's. */
static void remark_on_login(const struct login_context *context, struct notes *notes,
			    const struct subject *subject, const struct limits_entry **lines,
			    size_t count)
{
	const struct limits_entry *soft = NULL, *hard = NULL;
	unsigned resource = lines[0]->code;

	for (size_t i = 0; i < count; i++) {
		soft = lines[i]->sides & LIMITS_SOFT ? lines[i] : soft;
		hard = lines[i]->sides & LIMITS_HARD ? lines[i] : hard;
	}
	if (!soft || !strcmp(soft->file, LIMITS_DROPIN))
		return;
	if (subject->known) {
		remark_on_cut(context, notes, soft, &subject->limits.item[resource]);
		remark_on_blocked(context, notes, subject->account, &subject->limits, resource);
	} else if (hard && soft->number > hard->number) {
		REMARK(notes, soft, IS_CUT, soft->item, soft->value, hard->value, hard->file,
		       hard->line);
	}
}

/* ---- root --------------------------------------------------------------------------------- */

/* Debian's pam_limits.so does not apply `*` to root, elsewhere it does: limits.conf(5). */
static void remark_on_root(const struct login_context *context, struct notes *notes)
{
	const struct limits_entries *entries = &context->entries;
	const struct limits_entry *everybody[RLIM_NLIMITS] = { NULL }, *first = NULL;
	bool by_itself[RLIM_NLIMITS] = { false };
	const char *items = NULL;

	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		if (entry->form != LIMITS_RULE || entry->drop || entry->code >= RLIM_NLIMITS)
			continue;
		if (!strcmp(entry->domain, "root") ||
		    (entry->range != LIMITS_NO_RANGE && entry->min == 0))
			by_itself[entry->code] = true;
		if (!strcmp(entry->domain, "*") && strcmp(entry->file, LIMITS_DROPIN) != 0 &&
		    !everybody[entry->code])
			everybody[entry->code] = entry;
	}
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		const struct limits_entry *entry = everybody[i];
		if (!entry || by_itself[i])
			continue;
		first = !first || entry < first ? entry : first;
		items = items ? pool_printf(notes->pool, "%s, %s", items, entry->item)
			      : entry->item;
	}
	if (first)
		REMARK(notes, first, "* does not reach root here, and root has no line for %s",
		       items);
}

void limits_note_pairs(const struct login_context *context, struct notes *notes)
{
	size_t count, domains = 0;
	const struct limits_entry **lines = sort_lines(notes->pool, &context->entries, &count);
	struct subject subject = { .known = false };

	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && lines[end]->code == lines[i]->code &&
				  !strcmp(lines[end]->domain, lines[i]->domain);)
			end++;
		remark_on_subject(notes, lines + i, end - i);
		if (!i || strcmp(lines[i]->domain, lines[i - 1]->domain) != 0) {
			subject.known = ++domains <= MOST_DOMAINS &&
					find_somebody(context, lines[i], &subject.synthetic,
						      &subject.account);
			if (subject.known)
				login_evaluate(context, subject.account, &subject.limits);
		}
		remark_on_login(context, notes, &subject, lines + i, end - i);
	}
	if (context->module.debian)
		remark_on_root(context, notes);
}
