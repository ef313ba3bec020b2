// SPDX-License-Identifier: MIT
/* Unified diffs, see diff.h: common head and tail stripped, the longest common subsequence of the
 * rest by a table. Files here are configuration files; what is too large for the table is shown as
 * replaced. */
#include "diff.h"

#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT ((size_t)3)
#define TABLE_MAX (4u << 20) /* cells */

struct line {
	const char *bytes;
	size_t size; /* with its newline, if it has one */
};

struct lines {
	struct line *items;
	size_t count;
};

/* One line of the result: ' ', '-' or '+'. */
struct step {
	char kind;
	const struct line *line;
	size_t old_number, new_number; /* lines before this one */
};

static struct lines split(struct pool *pool, const struct image *image)
{
	struct lines lines = { .items = pool_alloc(pool, sizeof *lines.items) };
	const char *at = image->exists ? image->bytes : "";
	const char *end = at + (image->exists ? image->size : 0);

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		lines.items = pool_extend(pool, lines.count ? lines.items : NULL, lines.count,
					  sizeof *lines.items);
		lines.items[lines.count++] =
			(struct line){ .bytes = at, .size = (size_t)(next - at) };
		at = next;
	}
	return lines;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}

struct script {
	struct pool *pool;
	struct step *steps;
	size_t count, old_count, new_count;
};

static void add(struct script *script, char kind, const struct line *line)
{
	script->steps =
		pool_extend(script->pool, script->steps, script->count, sizeof *script->steps);
	script->steps[script->count++] = (struct step){ .kind = kind,
							.line = line,
							.old_number = script->old_count,
							.new_number = script->new_count };
	script->old_count += kind != '+';
	script->new_count += kind != '-';
}

/* The part between common head and tail: a[0..n) against b[0..m). */
static void compare_middle(struct script *script, const struct line *a, size_t n,
			   const struct line *b, size_t m)
{
	size_t i = 0, j = 0;

	if (n && m && n < TABLE_MAX / m) {
		/* length[i][j]: longest common subsequence of a[i..] and b[j..] */
		unsigned *length = pool_alloc(script->pool, (n + 1) * (m + 1) * sizeof *length);
		for (i = n; i-- > 0;)
			for (j = m; j-- > 0;) {
				unsigned down = length[(i + 1) * (m + 1) + j];
				unsigned right = length[i * (m + 1) + j + 1];
				length[i * (m + 1) + j] =
					same(&a[i], &b[j]) ? length[(i + 1) * (m + 1) + j + 1] + 1
					: down > right     ? down
							   : right;
			}
		for (i = j = 0; i < n && j < m;) {
			if (same(&a[i], &b[j])) {
				add(script, ' ', &a[i++]);
				j++;
			} else if (length[(i + 1) * (m + 1) + j] >= length[i * (m + 1) + j + 1]) {
				add(script, '-', &a[i++]);
			} else {
				add(script, '+', &b[j++]);
			}
		}
	}
	while (i < n)
		add(script, '-', &a[i++]);
	while (j < m)
		add(script, '+', &b[j++]);
}

static struct script compare(struct pool *pool, const struct lines *old, const struct lines *new)
{
	struct script script = { .pool = pool };
	size_t head = 0, tail = 0;

	while (head < old->count && head < new->count &&same(&old->items[head], &new->items[head]))
		add(&script, ' ', &old->items[head++]);
	while (tail < old->count - head &&
	       tail < new->count - head &&same(&old->items[old->count - 1 - tail],
					       &new->items[new->count - 1 - tail]))
		tail++;
	compare_middle(&script, old->items + head, old->count - head - tail, new->items + head,
		       new->count - head - tail);
	for (size_t i = old->count - tail; i < old->count; i++)
		add(&script, ' ', &old->items[i]);
	return script;
}

/* "3,5", "3", or "2,0" for nothing behind line 2. */
static void print_range(FILE *out, char sign, size_t before, size_t count)
{
	fprintf(out, "%c%zu", sign, count ? before + 1 : before);
	if (count != 1)
		fprintf(out, ",%zu", count);
}

static void print_hunk(FILE *out, const struct script *script, size_t first, size_t end)
{
	size_t old_count = 0, new_count = 0;

	for (size_t i = first; i < end; i++) {
		old_count += script->steps[i].kind != '+';
		new_count += script->steps[i].kind != '-';
	}
	fputs("@@ ", out);
	print_range(out, '-', script->steps[first].old_number, old_count);
	fputc(' ', out);
	print_range(out, '+', script->steps[first].new_number, new_count);
	fputs(" @@\n", out);
	for (size_t i = first; i < end; i++) {
		const struct line *line = script->steps[i].line;
		fputc(script->steps[i].kind, out);
		fwrite(line->bytes, 1, line->size, out);
		if (line->bytes[line->size - 1] != '\n')
			fputs("\n\\ No newline at end of file\n", out);
	}
}

static void print_hunks(FILE *out, const struct script *script)
{
	for (size_t i = 0; i < script->count; i++) {
		if (script->steps[i].kind == ' ')
			continue;
		size_t first = i > CONTEXT ? i - CONTEXT : 0, last = i;
		for (size_t j = i; j < script->count && j <= last + 2 * CONTEXT; j++)
			if (script->steps[j].kind != ' ')
				last = j;
		size_t end =
			last + CONTEXT + 1 < script->count ? last + CONTEXT + 1 : script->count;
		print_hunk(out, script, first, end);
		i = end - 1;
	}
}

const char *diff_unified(struct pool *pool, const struct change *change, size_t *ret_size)
{
	struct lines old = split(pool, &change->before), new = split(pool, &change->after);
	struct script script = compare(pool, &old, &new);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	*ret_size = 0;
	if (!out)
		return "";
	if (change->before.exists)
		fprintf(out, "--- a%s\n", change->path);
	else
		fputs("--- /dev/null\n", out);
	if (change->after.exists)
		fprintf(out, "+++ b%s\n", change->path);
	else
		fputs("+++ /dev/null\n", out);
	size_t header = (size_t)ftell(out);
	print_hunks(out, &script);
	fclose(out);
	*ret_size = size > header ? size : 0;
	const char *result = pool_copy(pool, text, *ret_size);
	free(text);
	return result;
}
