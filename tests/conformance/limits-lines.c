// SPDX-License-Identifier: MIT
/* Does the line that the model names decide, and does no other? See limits-ask.h. A line that wins
 * gets another value, and the real module must give that; any other goes, and the real module must
 * give what it gave. */
#include "catalog.h"
#include "login.h"
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limits-ask.h"

unsigned long limits_lines_proved;
char limits_lines_trouble[256];

#define LONGEST 1000 /* a longer line may be several lines to the module */

/* ---- what the model claims ------------------------------------------------------------------ */

static bool is_plain(const struct login_value *value, const struct limits_entry *entry)
{
	return value->line == entry && !value->why;
}

static void claim(const struct limits_entry *entry, const struct login_limits *limits,
		  struct limits_claim *ret)
{
	*ret = (struct limits_claim){ .line = entry->line, .resource = RLIM_NLIMITS };
	snprintf(ret->file, sizeof ret->file, "%s", entry->file);
	ret->unsure = entry->tail || entry->form == LIMITS_NO_LIMIT ||
		      entry->form == LIMITS_BROKEN || entry->form == LIMITS_UNREAD ||
		      (entry->form == LIMITS_RULE && !entry->drop && entry->code >= RLIM_NLIMITS);
	if (entry->form != LIMITS_RULE || entry->drop || entry->code >= RLIM_NLIMITS)
		return;
	const struct login_limit *limit = &limits->item[entry->code];
	ret->resource = entry->code;
	ret->soft = is_plain(&limit->soft, entry);
	ret->hard = is_plain(&limit->hard, entry);
	/* It wins, but is cut or refused: a part of the result all the same. */
	ret->unsure |= (limit->soft.line == entry && !ret->soft) ||
		       (limit->hard.line == entry && !ret->hard);
	snprintf(ret->rule, sizeof ret->rule, "%s %s %s ", entry->domain, entry->type, entry->item);
	if (strlen(ret->rule) + 1 >= sizeof ret->rule)
		ret->unsure = true;
}

void limits_note_claims(const struct login_context *context, const struct login_limits *limits,
			struct limits_claims *claims)
{
	const size_t most = sizeof claims->items / sizeof *claims->items;

	for (size_t i = 0; i < context->entries.count && claims->count < most; i++)
		claim(&context->entries.items[i], limits, &claims->items[claims->count++]);
}

/* ---- changing a line ------------------------------------------------------------------------ */

/* TEST with TEXT instead of line NUMBER of FILE; false: that cannot be done in this case. */
static bool replace_line(struct pool *pool, const struct limits_case *test, const char *file,
			 unsigned number, const char *text, struct limits_case *ret)
{
	*ret = *test;
	for (size_t i = 0; i < test->file_count; i++)
		if (test->files[i].kind == TEST_LINK) /* another name for a file */
			return false;
	for (size_t i = 0; i < test->file_count; i++) {
		const struct test_file *old = &test->files[i];
		size_t from = 0;
		if (strcmp(old->path, file) != 0)
			continue;
		for (unsigned line = 1; line < number; line++) {
			const char *newline = memchr(old->bytes + from, '\n', old->size - from);
			if (!newline)
				return false;
			from = (size_t)(newline - old->bytes) + 1;
		}
		const char *newline = memchr(old->bytes + from, '\n', old->size - from);
		size_t to = newline ? (size_t)(newline - old->bytes) : old->size;
		size_t size = strlen(text);
		if (to - from > LONGEST)
			return false;
		char *bytes = pool_alloc(pool, old->size + size + 1);
		memcpy(bytes, old->bytes, from);
		memcpy(bytes + from, text, size);
		memcpy(bytes + from + size, old->bytes + to, old->size - to);
		ret->files[i].bytes = bytes;
		ret->files[i].size = old->size - (to - from) + size;
		return true;
	}
	return false;
}

/* ---- proving -------------------------------------------------------------------------------- */

static void tell(const struct limits_claim *claim, const char *what)
{
	snprintf(limits_lines_trouble, sizeof limits_lines_trouble, "%s:%u %s", claim->file,
		 claim->line, what);
}

/* Another value for the winner: near the old one, and below the hard limit and fs.nr_open. */
static bool prove_winner(struct pool *pool, const struct limits_case *test, const char *module,
			 const struct limits_claim *claim, const struct limits_answer *before)
{
	struct rlimit old = before->limits[claim->resource];
	const struct limit_row *row = NULL;
	struct limits_case changed;
	struct limits_answer after;
	size_t rows;

	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (catalog_limits(&rows)[i].resource == (int)claim->resource)
			row = &catalog_limits(&rows)[i];
	uint64_t least = claim->hard && !claim->soft ? old.rlim_cur : 0;
	uint64_t most = claim->hard ? old.rlim_max : old.rlim_cur;
	if (!row || row->resource == RLIMIT_NICE || most == RLIM_INFINITY ||
	    most / row->scale < least / row->scale + 2)
		return true;
	uint64_t value = most / row->scale - 1;
	if (claim->hard && claim->soft && old.rlim_cur != old.rlim_max)
		return true;
	if (!replace_line(pool, test, claim->file, claim->line,
			  pool_printf(pool, "%s%" PRIu64, claim->rule, value), &changed))
		return true;
	limits_build(&changed, module);
	limits_ask_module(&changed, &after);
	struct rlimit now = after.limits[claim->resource];
	bool gives = (!claim->soft || now.rlim_cur == value * row->scale) &&
		     (!claim->hard || now.rlim_max == value * row->scale);
	limits_lines_proved++;
	if (!gives)
		tell(claim, "is said to win, but its value does not count");
	return gives;
}

static bool prove_loser(struct pool *pool, const struct limits_case *test, const char *module,
			const struct limits_claim *claim, const struct limits_answer *before)
{
	struct limits_case changed;
	struct limits_answer after;

	if (!replace_line(pool, test, claim->file, claim->line, "", &changed))
		return true;
	limits_build(&changed, module);
	limits_ask_module(&changed, &after);
	limits_lines_proved++;
	if (limits_agree(before, &after))
		return true;
	tell(claim, "is said not to count, but without it all is different");
	return false;
}

/* Two entries of one line (cut in two), or one that ends everything behind it: left alone. */
static bool is_sure(const struct limits_claims *claims, size_t index)
{
	const struct limits_claim *claim = &claims->items[index];

	for (size_t i = 0; i < claims->count; i++)
		if (i != index && claims->items[i].line == claim->line &&
		    !strcmp(claims->items[i].file, claim->file))
			return false;
	return !claim->unsure;
}

bool limits_lines_hold(const struct limits_case *test, const char *module)
{
	struct pool *pool = pool_new();
	struct limits_claims *claims = pool_alloc(pool, sizeof *claims);
	struct limits_answer real, model;
	bool good = true;

	limits_build(test, module);
	limits_ask_module(test, &real);
	limits_ask_model(test, &model, claims);
	for (size_t i = 0; i < claims->count && good && !real.rc; i++) {
		const struct limits_claim *claim = &claims->items[i];
		if (!is_sure(claims, i))
			continue;
		good = claim->soft || claim->hard ? prove_winner(pool, test, module, claim, &real)
						  : prove_loser(pool, test, module, claim, &real);
	}
	pool_free(pool);
	return good;
}
