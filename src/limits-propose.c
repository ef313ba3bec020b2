// SPDX-License-Identifier: MIT
/* The drop-in for limits.d: finds the fewest lines that make logins get what is wanted, by looking
 * at the host as it would be with them. Refuses values that would end every login. Writes nothing:
 * the plan gets the bytes. */
#include "provider-limits.h"

#include "catalog.h"
#include "dropin.h"
#include "error.h"
#include "host.h"
#include "plan.h"
#include "pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A line that the drop-in has or might get. */
struct line {
	const struct setting *setting;
	size_t finding;
	struct value value;
	bool active;
	struct value had; /* what a login got before, where that was accepted */
};

struct proposal {
	struct host *host;
	struct pool *pool;
	struct limits_ceiling ceiling;
	const struct setting **settings; /* of the findings */
	struct observed *observed;       /* with the lines that are active */
	size_t count;
	struct line *lines;          /* `*` first, then groups, then users; one per finding */
	struct limits_entries found; /* what the drop-in has now */
};

/* ---- guards ------------------------------------------------------------------------------- */

static int refuse(const struct line *line, struct error *err, const char *text)
{
	const struct setting *setting = line->setting;

	return error_set(err, -EINVAL, "%s:%u: %s: %s", setting->origin.file, setting->origin.line,
			 setting->id, text);
}

static int check_line(const struct proposal *proposal, const struct line *line, struct error *err)
{
	const char *item = line->setting->item;
	uint64_t number = value_to_limit(line->value);
	struct limits_ceiling ceiling = proposal->ceiling;
	uint64_t lowest = ceiling.now < ceiling.boot ? ceiling.now : ceiling.boot;

	uint64_t least = catalog_limit(item)->least;

	if (number < least)
		return refuse(line, err,
			      pool_printf(proposal->pool, "with %s below %" PRIu64 " logins break",
					  item, least));
	if (strcmp(item, "nofile") != 0)
		return 0;
	if (number <= lowest)
		return 0;
	return refuse(
		line, err,
		pool_printf(proposal->pool,
			    "nofile %s is above fs.nr_open, which is %" PRIu64 " now and %" PRIu64
			    " after a boot: the kernel refuses such a limit and "
			    "logins fail; raise fs.nr_open first (sysctl \"fs.nr_open\")",
			    value_format(proposal->pool, line->value), ceiling.now, ceiling.boot));
}

/* ---- bytes -------------------------------------------------------------------------------- */

static const char *side_name(enum side side)
{
	return side == SIDE_SOFT ? "soft" : "hard";
}

/* NULL: no line is needed. */
static const char *compose(const struct proposal *proposal)
{
	struct pool *pool = proposal->pool;
	const char *text = NULL;

	for (size_t i = 0; i < proposal->count; i++) {
		const struct line *line = &proposal->lines[i];
		const struct setting *setting = line->setting;
		if (!line->active)
			continue;
		text = pool_printf(pool, "%s\n# %s\n%s %s %s %s\n", text ? text : dropin_header,
				   dropin_comment(pool, setting), setting->name,
				   side_name(setting->side), setting->item,
				   value_format(pool, line->value));
	}
	return text;
}

/* ---- trying ------------------------------------------------------------------------------- */

static void look(struct proposal *proposal)
{
	const char *text = compose(proposal);
	struct login_context context;

	host_overlay(proposal->host, LIMITS_DROPIN, text, text ? strlen(text) : 0);
	limits_observe(proposal->host, proposal->ceiling, proposal->settings, proposal->count,
		       proposal->observed, &context);
}

static bool is_satisfied(const struct proposal *proposal, const struct line *line)
{
	const struct reading *boot = &proposal->observed[line->finding].layer[LAYER_BOOT];

	return boot->state == READING_PRESENT && setting_accepts(line->setting, boot->value);
}

/* The hard side of the same thing, if the profile names it and no line sets it yet. */
static struct line *hard_side(const struct proposal *proposal, const struct line *line)
{
	for (size_t i = 0; i < proposal->count; i++) {
		struct line *other = &proposal->lines[i];
		if (line->setting->side == SIDE_SOFT && other->setting->side == SIDE_HARD &&
		    !other->active && !strcmp(other->setting->name, line->setting->name) &&
		    !strcmp(other->setting->item, line->setting->item))
			return other;
	}
	return NULL;
}

/* An accepted value is left alone, even where it takes a line to keep it. */
static struct value value_for(const struct line *line)
{
	return line->had.kind != VALUE_NONE ? line->had : line->setting->want;
}

static int activate(struct proposal *proposal, struct line *line, struct value value,
		    struct error *err)
{
	line->value = value;
	line->active = true;
	int rc = check_line(proposal, line, err);
	if (!rc)
		look(proposal);
	return rc;
}

static void report_obstacle(const struct proposal *proposal, const struct line *line,
			    struct notes *notes)
{
	const struct reading *boot = &proposal->observed[line->finding].layer[LAYER_BOOT];
	const char *why = boot->why ? boot->why : "that line wins";

	if (boot->state != READING_PRESENT)
		notes_add(notes, line->setting->id, boot->origin,
			  "nothing is written for it: what a login gets cannot be told (%s)", why);
	else if (boot->value.kind == VALUE_TEXT)
		notes_add(notes, line->setting->id, boot->origin,
			  "nothing is written for it: %s (%s)", boot->value.text, why);
	else
		notes_add(notes, line->setting->id, boot->origin,
			  "nothing is written for it: with a line in %s a login would still get %s "
			  "(%s)",
			  LIMITS_DROPIN, value_format(proposal->pool, boot->value), why);
}

/* Adds LINE, with the hard side where only both together help, or nothing. */
static int try_line(struct proposal *proposal, struct line *line, struct notes *notes,
		    struct error *err)
{
	bool was_active = line->active;
	int rc = 0;

	if (is_satisfied(proposal, line) || line->setting->runtime_only ||
	    proposal->observed[line->finding].missing)
		return 0;
	if (!was_active)
		rc = activate(proposal, line, value_for(line), err);
	if (rc || is_satisfied(proposal, line))
		return rc;
	struct line *hard = hard_side(proposal, line);
	if (hard) {
		rc = activate(proposal, hard, value_for(hard), err);
		if (!rc && !is_satisfied(proposal, line))
			rc = activate(proposal, hard, hard->setting->want, err);
		if (rc || is_satisfied(proposal, line))
			return rc;
		hard->active = false;
		look(proposal);
	}
	report_obstacle(proposal, line, notes);
	line->active = was_active;
	if (!was_active)
		look(proposal);
	return 0;
}

static bool is_lowered(const struct proposal *proposal, const struct line *line)
{
	const struct reading *boot = &proposal->observed[line->finding].layer[LAYER_BOOT];

	return value_is_ordered(line->had) && boot->state == READING_PRESENT &&
	       value_is_ordered(boot->value) && value_compare(boot->value, line->had) < 0;
}

/* A wider line may reach somebody with a setting of his own, who had an accepted value: he keeps
 * it. */
static int keep_value(struct proposal *proposal, struct line *line, struct error *err)
{
	if (line->active || !is_lowered(proposal, line))
		return 0;
	int rc = activate(proposal, line, line->had, err);
	if (rc || !is_lowered(proposal, line))
		return rc;
	line->active = false;
	look(proposal);
	return 0;
}

/* ---- what is there ------------------------------------------------------------------------ */

static unsigned rank_of(const char *domain)
{
	return !strcmp(domain, "*") ? 0 : *domain == '@' ? 1 : 2;
}

static int by_rank(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	unsigned first = rank_of(left->setting->name), second = rank_of(right->setting->name);

	if (first != second)
		return first < second ? -1 : 1;
	return (left->finding > right->finding) - (left->finding < right->finding);
}

static bool is_about(const struct limits_entry *entry, const struct setting *setting)
{
	unsigned side = setting->side == SIDE_SOFT ? LIMITS_SOFT : LIMITS_HARD;

	return entry->form == LIMITS_RULE && !entry->drop && entry->sides == side &&
	       !strcmp(entry->domain, setting->name) && !strcmp(entry->item, setting->item);
}

/* Lines that are there and still right keep their values. */
static void keep_lines(struct proposal *proposal)
{
	for (size_t i = 0; i < proposal->count; i++) {
		struct line *line = &proposal->lines[i];
		const struct limit_row *row = catalog_limit(line->setting->item);
		for (size_t j = 0; j < proposal->found.count; j++) {
			const struct limits_entry *entry = &proposal->found.items[j];
			if (!is_about(entry, line->setting))
				continue;
			line->value = login_unit_value(row, entry->number);
			line->active = setting_accepts(line->setting, line->value) &&
				       !line->setting->runtime_only;
		}
	}
}

/* Does the drop-in say exactly the active lines, in their order? */
static bool is_unchanged(const struct proposal *proposal)
{
	size_t at = 0;

	for (size_t i = 0; i < proposal->count; i++) {
		const struct line *line = &proposal->lines[i];
		if (!line->active)
			continue;
		const struct limits_entry *entry = &proposal->found.items[at];
		if (at == proposal->found.count || !is_about(entry, line->setting) ||
		    !value_equals(line->value,
				  login_unit_value(catalog_limit(entry->item), entry->number)))
			return false;
		at++;
	}
	return at == proposal->found.count;
}

static void put_result(const struct proposal *proposal, const struct file *dropin,
		       struct plan *plan)
{
	const char *text = compose(proposal);
	size_t size = text ? strlen(text) : 0;

	if (dropin->state == FILE_PRESENT && text && is_unchanged(proposal)) {
		host_overlay(proposal->host, LIMITS_DROPIN, dropin->bytes, dropin->size);
		return;
	}
	if (dropin->state == FILE_ABSENT && !text)
		return;
	for (size_t i = 0; i < proposal->found.count; i++) {
		const struct limits_entry *entry = &proposal->found.items[i];
		plan_put_file(plan, proposal->host,
			      pool_printf(proposal->pool, "limit:%s:%s:%s", entry->domain,
					  entry->item, entry->type),
			      LIMITS_DROPIN, text, size);
	}
	for (size_t i = 0; i < proposal->count; i++)
		if (proposal->lines[i].active)
			plan_put_file(plan, proposal->host, proposal->lines[i].setting->id,
				      LIMITS_DROPIN, text, size);
	plan_put_file(plan, proposal->host, NULL, LIMITS_DROPIN, text, size);
}

int limits_propose(struct host *host, const struct query *query, const struct finding *findings,
		   size_t count, struct plan *plan, struct error *err)
{
	struct pool *pool = host_pool(host);
	const struct file dropin = *host_file(host, LIMITS_DROPIN); /* the overlay will move */
	struct proposal proposal = { .host = host, .pool = pool, .count = count };
	struct limits_module plain;
	int rc = 0;

	if (!query->persistent || (!count && dropin.state == FILE_ABSENT))
		return 0;
	if (dropin.state != FILE_PRESENT && dropin.state != FILE_ABSENT) {
		notes_add(
			&plan->notes, NULL, (struct origin){ .file = LIMITS_DROPIN },
			"nothing is written for limits: it is there, but is not a readable regular "
			"file");
		return 0;
	}
	limits_module_assume(false, &plain);
	limits_parse(pool, &plain, LIMITS_DROPIN, dropin.bytes, dropin.size, &proposal.found);
	proposal.ceiling = limits_find_ceiling(host, query);
	proposal.lines = pool_alloc(pool, count * sizeof *proposal.lines);
	proposal.settings = pool_alloc(pool, count * sizeof *proposal.settings);
	proposal.observed = pool_alloc(pool, count * sizeof *proposal.observed);
	for (size_t i = 0; i < count; i++) {
		proposal.settings[i] = findings[i].setting;
		proposal.lines[i] = (struct line){ .setting = findings[i].setting, .finding = i };
	}
	if (count)
		qsort(proposal.lines, count, sizeof *proposal.lines, by_rank);
	keep_lines(&proposal);
	look(&proposal);
	for (size_t i = 0; i < count && !rc; i++) {
		struct line *line = &proposal.lines[i];
		if (is_satisfied(&proposal, line))
			line->had = proposal.observed[line->finding].layer[LAYER_BOOT].value;
		line->active = line->active && !proposal.observed[line->finding].missing;
		if (line->active)
			rc = check_line(&proposal, line, err);
	}
	for (size_t i = 0; i < count && !rc; i++)
		rc = try_line(&proposal, &proposal.lines[i], &plan->notes, err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = keep_value(&proposal, &proposal.lines[i], err);
	if (!rc)
		put_result(&proposal, &dropin, plan);
	return rc;
}
