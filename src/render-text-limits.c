// SPDX-License-Identifier: MIT
/* What sessions get, for people; see render-text.h. Amounts have the unit a person would say. */
#include "catalog.h"
#include "clock.h"
#include "pool.h"
#include "render-text.h"

#include <inttypes.h>
#include <string.h>

#define FEW_NAMES 8 /* of a block of accounts, without -v */
#define FEW_BLOCKS 20
#define FEW_LOSERS 3 /* of an item's side, without -v */

/* ---- amounts ------------------------------------------------------------------------------ */

/* Exact: the largest unit that divides it. */
static const char *size_text(struct pool *pool, uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (unit < 4 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	return bytes ? pool_printf(pool, "%" PRIu64 " %s", bytes, units[unit]) : "0";
}

const char *text_amount(struct pool *pool, const struct limit_row *row, uint64_t number)
{
	if (number == LIMIT_UNLIMITED)
		return "unlimited";
	if (row->resource == RLIMIT_NICE && number && number <= 40)
		return pool_printf(pool, "nice %d", 20 - (int)number);
	if (!strcmp(row->kernel_unit, "bytes"))
		return size_text(pool, number);
	if (row->resource == RLIMIT_CPU && number)
		return number % 60 ? pool_printf(pool, "%" PRIu64 " s", number)
				   : pool_printf(pool, "%" PRIu64 " min", number / 60);
	if (row->resource == RLIMIT_RTTIME && number)
		return pool_printf(pool, "%" PRIu64 " us", number);
	return pool_printf(pool, "%" PRIu64, number);
}

/* Of plain counts; the other amounts have their unit already. */
static const char *count_unit(const struct limit_row *row, const struct login_limit *limit)
{
	if (limit->soft.number == LIMIT_UNLIMITED && limit->hard.number == LIMIT_UNLIMITED)
		return "";
	switch (row->resource) {
	case RLIMIT_NOFILE:
	case RLIMIT_NPROC:
	case RLIMIT_LOCKS:
	case RLIMIT_SIGPENDING:
		return row->kernel_unit;
	default:
		return "";
	}
}

/* ---- where a value is from ---------------------------------------------------------------- */

const char *text_rule(struct pool *pool, const struct limits_entry *line)
{
	return pool_printf(pool, "%s %s %s %s", line->domain, line->type, line->item, line->value);
}

/* "/etc/security/limits.conf:3: alice soft nofile 300 (cut to the hard limit)" */
static const char *value_source(struct pool *pool, const struct login_value *value)
{
	const char *why = value->why ? value->why : "";
	const char *place = origin_format(pool, value->origin);

	if (!value->line)
		return *place ? pool_printf(pool, "%s (%s)", *why ? why : "inherited", place) : why;
	struct origin own = { value->line->file, value->line->line };
	const char *line =
		pool_printf(pool, "%s: %s", origin_format(pool, own), text_rule(pool, value->line));
	if (!*why)
		return line;
	if (own.file == value->origin.file && own.line == value->origin.line)
		return pool_printf(pool, "%s (%s)", line, why);
	return pool_printf(pool, "%s (%s, %s)", line, why, place);
}

static bool is_set(const struct login_limit *limit)
{
	return limit->soft.line || limit->hard.line;
}

static bool same_source(const struct login_value *a, const struct login_value *b)
{
	return a->line == b->line && a->why == b->why && a->origin.file == b->origin.file &&
	       a->origin.line == b->origin.line;
}

/* ---- one session -------------------------------------------------------------------------- */

static void print_amounts(FILE *out, struct pool *pool, const struct limit_row *row,
			  const struct login_limit *limit, const char *tail)
{
	const char *soft = text_amount(pool, row, limit->soft.number);
	const char *hard = text_amount(pool, row, limit->hard.number);

	if (*tail)
		text_wrapped(out, pool,
			     pool_printf(pool, "  %-11s %-15s %-15s ", row->item, soft, hard), 46,
			     tail);
	else
		fprintf(out, "  %-11s %-15s %s\n", row->item, soft, hard);
}

static void print_losers(FILE *out, struct pool *pool, const struct login_lost *lost, bool all)
{
	size_t shown = all || lost->count <= FEW_LOSERS ? lost->count : FEW_LOSERS - 1;

	for (size_t i = lost->count - shown; i < lost->count; i++) {
		const struct limits_entry *line = lost->losers[i].line;
		struct origin origin = { line->file, line->line };
		text_wrapped(out, pool, "      over  ", 12,
			     pool_printf(pool, "%s: %s (%s)", origin_format(pool, origin),
					 text_rule(pool, line), lost->losers[i].why));
	}
	if (shown < lost->count)
		fprintf(out, "      over  %zu more lines (-v names them)\n", lost->count - shown);
}

static bool same_losers(const struct login_lost *a, const struct login_lost *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->losers[i].line != b->losers[i].line)
			return false;
	return true;
}

static void print_set(FILE *out, const struct report *report, const struct limit_row *row,
		      const struct login_limit *limit, const struct login_lost lost[2],
		      const struct style *style)
{
	struct pool *pool = report->pool;

	print_amounts(out, pool, row, limit, count_unit(row, limit));
	if (same_source(&limit->soft, &limit->hard) && same_losers(&lost[0], &lost[1])) {
		text_wrapped(out, pool, "      both  ", 12, value_source(pool, &limit->soft));
		print_losers(out, pool, &lost[0], style->verbose);
		return;
	}
	text_wrapped(out, pool, "      soft  ", 12, value_source(pool, &limit->soft));
	print_losers(out, pool, &lost[0], style->verbose);
	text_wrapped(out, pool, "      hard  ", 12, value_source(pool, &limit->hard));
	print_losers(out, pool, &lost[1], style->verbose);
}

static const char *inherited_source(struct pool *pool, const struct login_limit *limit)
{
	const char *soft = value_source(pool, &limit->soft);

	return same_source(&limit->soft, &limit->hard)
		       ? soft
		       : pool_printf(pool, "soft: %s; hard: %s", soft,
				     value_source(pool, &limit->hard));
}

/* Does a line have a say, even one that loses or cannot be followed? */
static bool is_spoken_of(const struct login_survey *survey, int resource)
{
	return is_set(&survey->limits.item[resource]) || survey->lost[resource][0].count ||
	       survey->lost[resource][1].count;
}

static bool has_source(const struct login_limit *limit, const struct login_value *source)
{
	return same_source(source, &limit->soft) && same_source(source, &limit->hard);
}

/* Where most of the items come from that no line speaks of; NULL: from many places. */
static const struct login_value *common_source(const struct login_limits *limits,
					       const bool *spoken)
{
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		const struct login_value *source = &limits->item[row[i].resource].soft;
		size_t same = 0, all = 0;
		for (size_t j = 0; j < rows && !spoken[row[i].resource]; j++) {
			if (spoken[row[j].resource])
				continue;
			all++;
			same += has_source(&limits->item[row[j].resource], source);
		}
		if (same && same * 2 >= all)
			return source;
	}
	return NULL;
}

static void print_inherited(FILE *out, struct pool *pool, const struct limit_row *row,
			    const struct login_limit *limit, const struct login_value *common)
{
	print_amounts(out, pool, row, limit,
		      common && has_source(limit, common) ? count_unit(row, limit)
							  : inherited_source(pool, limit));
}

static void print_subject(FILE *out, const struct report *report, const struct style *style)
{
	const struct login_survey *survey = &report->limits->survey;
	const struct login_limits *limits = &survey->limits;
	bool spoken[RLIM_NLIMITS] = { false };
	size_t rows, set = 0;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		int resource = row[i].resource;
		spoken[resource] = is_spoken_of(survey, resource);
		if (!spoken[resource])
			continue;
		if (!set++)
			fputs("\n  set         soft            hard\n", out);
		print_set(out, report, &row[i], &limits->item[resource], survey->lost[resource],
			  style);
	}
	const struct login_value *common = common_source(limits, spoken);
	if (set < rows)
		text_wrapped(out, report->pool, "\n  not set     soft            hard            ",
			     46, common ? value_source(report->pool, common) : "");
	for (size_t i = 0; i < rows; i++)
		if (!spoken[row[i].resource])
			print_inherited(out, report->pool, &row[i], &limits->item[row[i].resource],
					common);
}

/* ---- who ---------------------------------------------------------------------------------- */

static void print_login(FILE *out, struct pool *pool, const struct login_limits *limits,
			const struct style *style)
{
	if (!limits->fails && !limits->unknown)
		return;
	const char *place = origin_format(pool, limits->origin);
	const char *lead =
		pool_printf(pool, "  %s%s%s: ", style->color ? RED : "",
			    limits->fails ? "login fails" : "not known", style->color ? PLAIN : "");
	text_wrapped(out, pool, lead, 4,
		     *place ? pool_printf(pool, "%s: %s", place, limits->why) : limits->why);
}

static const char *subject_text(struct pool *pool, const struct login_survey *survey)
{
	const struct account *account = survey->account;

	if (*survey->user == '@' && (!account || !account->name))
		return pool_printf(pool, "a member of group %s without lines of his own",
				   survey->user + 1);
	if (survey->unknown)
		return pool_printf(pool, "%s (no such user)", survey->user);
	const char *text =
		pool_printf(pool, "%s (uid %u, gid %u", survey->user, account->uid, account->gid);
	for (size_t i = 0; i < account->group_count && i < 16; i++)
		text = pool_printf(pool, "%s%s %u", text, i ? "," : ", groups", account->groups[i]);
	return pool_printf(pool, "%s%s)", text, account->group_count > 16 ? ", ..." : "");
}

static void print_names(FILE *out, struct pool *pool, const struct login_block *block,
			const struct style *style)
{
	size_t shown = style->verbose || block->name_count <= FEW_NAMES ? block->name_count
									: FEW_NAMES - 1;
	size_t size = 0, at = 0;

	for (size_t i = 0; i < shown; i++)
		size += strlen(block->names[i]) + 2;
	char *names = pool_buffer(pool, size + 1);
	for (size_t i = 0; i < shown; i++) {
		size_t length = strlen(block->names[i]);
		memcpy(names + at, block->names[i], length);
		memcpy(names + at + length, ", ", 2);
		at += length + 2;
	}
	names[at - 2] = '\0';
	const char *lead = pool_printf(pool, "%zu account%s: ", block->name_count,
				       text_plural(block->name_count));
	text_wrapped(out, pool, lead, 2,
		     shown < block->name_count
			     ? pool_printf(pool, "%s and %zu more (-v names them)", names,
					   block->name_count - shown)
			     : names);
}

/* ---- many sessions ------------------------------------------------------------------------ */

static const char *block_source(struct pool *pool, const struct login_value *value, bool mixed)
{
	return pool_printf(pool, "%s%s", value_source(pool, value),
			   mixed ? " (others by other lines)" : "");
}

static void print_row(FILE *out, struct pool *pool, const struct limit_row *row,
		      const struct login_block *block, const char *tail)
{
	const struct login_limit *limit = &block->limits.item[row->resource];
	const bool *mixed = block->mixed[row->resource];

	print_amounts(out, pool, row, limit, tail);
	if (same_source(&limit->soft, &limit->hard) && mixed[0] == mixed[1]) {
		text_wrapped(out, pool, "      both  ", 12,
			     block_source(pool, &limit->soft, mixed[0]));
		return;
	}
	text_wrapped(out, pool, "      soft  ", 12, block_source(pool, &limit->soft, mixed[0]));
	text_wrapped(out, pool, "      hard  ", 12, block_source(pool, &limit->hard, mixed[1]));
}

static bool is_unlimited(const struct login_limit *limit)
{
	return limit->soft.number == LIMIT_UNLIMITED && limit->hard.number == LIMIT_UNLIMITED;
}

/* The first block: what lines set, with them; then what is inherited, briefly. */
static void print_first(FILE *out, struct pool *pool, const struct login_block *block)
{
	bool set[RLIM_NLIMITS] = { false };
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);
	const char *unlimited = NULL;

	for (size_t i = 0; i < rows; i++) {
		const struct login_limit *limit = &block->limits.item[row[i].resource];
		set[row[i].resource] = is_set(limit);
		if (is_set(limit))
			print_row(out, pool, &row[i], block, count_unit(&row[i], limit));
	}
	const struct login_value *common = common_source(&block->limits, set);
	if (common)
		text_wrapped(out, pool, "  not set: ", 4, value_source(pool, common));
	for (size_t i = 0; i < rows; i++) {
		const struct login_limit *limit = &block->limits.item[row[i].resource];
		if (set[row[i].resource])
			continue;
		if (!common || !has_source(limit, common) || !is_unlimited(limit))
			print_inherited(out, pool, &row[i], limit, common);
		else
			unlimited = unlimited ? pool_printf(pool, "%s, %s", unlimited, row[i].item)
					      : row[i].item;
	}
	if (unlimited)
		text_wrapped(out, pool, "  unlimited   ", 14, unlimited);
}

/* Only what differs from the first. */
static void print_further(FILE *out, struct pool *pool, const struct login_block *block,
			  const struct login_block *first)
{
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		const struct login_limit *limit = &block->limits.item[row[i].resource];
		const struct login_limit *usual = &first->limits.item[row[i].resource];
		if (limit->soft.number == usual->soft.number &&
		    limit->hard.number == usual->hard.number)
			continue;
		print_row(out, pool, &row[i], block,
			  pool_printf(pool, "instead of %s:%s",
				      text_amount(pool, &row[i], usual->soft.number),
				      text_amount(pool, &row[i], usual->hard.number)));
	}
}

static void print_blocks(FILE *out, const struct report *report, const struct style *style)
{
	const struct login_survey *survey = &report->limits->survey;
	struct pool *pool = report->pool;

	size_t shown = style->verbose || survey->block_count <= FEW_BLOCKS ? survey->block_count
									   : FEW_BLOCKS - 1;

	for (size_t i = 0; i < shown; i++) {
		const struct login_block *block = &survey->blocks[i];
		fputc('\n', out);
		print_names(out, pool, block, style);
		print_login(out, pool, &block->limits, style);
		if (i)
			print_further(out, pool, block, &survey->blocks[0]);
		else
			print_first(out, pool, block);
	}
	if (shown < survey->block_count)
		fprintf(out, "\n%zu more results of fewer accounts (-v shows them)\n",
			survey->block_count - shown);
}

/* ---- a process ---------------------------------------------------------------------------- */

static const char *pair_text(struct pool *pool, const struct limit_row *row, uint64_t soft,
			     uint64_t hard)
{
	return pool_printf(pool, "%s : %s", text_amount(pool, row, soft),
			   text_amount(pool, row, hard));
}

static void print_difference(FILE *out, struct pool *pool, const struct limit_row *row,
			     const struct process_limits *process, const struct login_limit *limit)
{
	const struct process_limit *item = &process->items[row->resource];
	const struct rlimit *has = &process->process.limits[row->resource];

	fprintf(out, "  %-11s %-23s %s\n", row->item,
		pair_text(pool, row, has->rlim_cur, has->rlim_max),
		pair_text(pool, row, limit->soft.number, limit->hard.number));
	text_wrapped(
		out, pool, "      why   ", 12,
		item->origin.file && item->origin.line
			? pool_printf(pool, "%s (%s)", item->why, origin_format(pool, item->origin))
			: item->why);
	if (same_source(&limit->soft, &limit->hard)) {
		text_wrapped(out, pool, "      new   ", 12, value_source(pool, &limit->soft));
		return;
	}
	text_wrapped(out, pool, "      new   ", 12,
		     pool_printf(pool, "soft: %s", value_source(pool, &limit->soft)));
	text_wrapped(out, pool, "            ", 12,
		     pool_printf(pool, "hard: %s", value_source(pool, &limit->hard)));
}

static void print_process(FILE *out, struct pool *pool, const struct limits_report *limits)
{
	const struct process_limits *process = limits->process;
	size_t rows, different = 0;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		if (!process->items[row[i].resource].differs)
			continue;
		if (!different++)
			fputs("\n  differs     it has                  a new session gets\n", out);
		print_difference(out, pool, &row[i], process,
				 &limits->survey.limits.item[row[i].resource]);
	}
	if (different < rows)
		fputs("\n  the same    soft            hard\n", out);
	for (size_t i = 0; i < rows; i++) {
		const struct login_limit *limit = &limits->survey.limits.item[row[i].resource];
		if (!process->items[row[i].resource].differs)
			print_amounts(out, pool, &row[i], limit, count_unit(&row[i], limit));
	}
}

static void print_process_head(FILE *out, struct pool *pool, const struct process_limits *process)
{
	text_wrapped(out, pool, "", 2,
		     pool_printf(pool, "process %d (%s) of %s (uid %u), started %s",
				 process->process.pid, process->process.comm,
				 process->account ? process->account->name : "nobody known",
				 process->process.uid,
				 clock_local(pool, process->process.started)));
	text_wrapped(out, pool, "it ", 2, process->place);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void print_head(FILE *out, const struct report *report)
{
	const struct limits_report *limits = report->limits;
	const struct login_context *context = limits->survey.context;
	struct pool *pool = report->pool;

	if (context->plan != LOGIN_LIMITED)
		text_wrapped(out, pool, "pam_limits.so does not run: ", 2,
			     context->origin.file
				     ? pool_printf(pool, "%s: %s",
						   origin_format(pool, context->origin),
						   context->why)
				     : context->why);
	else if (context->limits_line.file)
		text_wrapped(out, pool, "pam_limits.so runs: ", 2,
			     origin_format(pool, context->limits_line));
	if (limits->release && context->plan == LOGIN_LIMITED)
		text_wrapped(out, pool, "", 2,
			     pool_printf(pool, "judged as %s (%s%s)", limits->release,
					 limits->release_by,
					 limits->compared ? ""
							  : "; not run: no such build was compared "
							    "with the model"));
}

void text_limits(FILE *out, const struct report *report, const struct style *style)
{
	struct pool *pool = report->pool;

	if (!report->limits)
		return;
	const struct login_survey *survey = &report->limits->survey;
	if (report->limits->process)
		print_process_head(out, pool, report->limits->process);
	if (survey->has_subject)
		text_wrapped(out, pool, "", 2,
			     pool_printf(pool, "a new session of %s through %s",
					 subject_text(pool, survey), survey->context->service));
	else
		text_wrapped(out, pool, "", 2,
			     pool_printf(pool,
					 "new sessions of %zu account%s through %s: %zu result%s",
					 survey->account_count, text_plural(survey->account_count),
					 survey->context->service, survey->block_count,
					 text_plural(survey->block_count)));
	print_head(out, report);
	if (survey->has_subject) {
		print_login(out, pool, &survey->limits, style);
		if (report->limits->process)
			print_process(out, pool, report->limits);
		else
			print_subject(out, report, style);
	}
	if (survey->has_subject && survey->account_count)
		text_wrapped(out, pool, "\n", 2,
			     pool_printf(pool, "its %zu member%s with a login shell:",
					 survey->account_count,
					 text_plural(survey->account_count)));
	print_blocks(out, report, style);
	if (survey->left_out)
		fprintf(out, "\n%zu account%s without a login shell %s left out\n",
			survey->left_out, text_plural(survey->left_out),
			survey->left_out == 1 ? "is" : "are");
	if (report->notes.count)
		fputc('\n', out);
	text_notes(out, report, &report->notes);
}
