// SPDX-License-Identifier: MIT
/* Values and settings: parse, compare, print. Pure; see model.h. */
#include "model.h"

#include "pool.h"
#include "text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct value value_number(uint64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

struct value value_signed(int64_t number)
{
	bool negative = number < 0;

	return (struct value){ .kind = VALUE_NUMBER,
			       .negative = negative,
			       .number = negative ? 0 - (uint64_t)number : (uint64_t)number };
}

struct value value_unlimited(void)
{
	return (struct value){ .kind = VALUE_UNLIMITED };
}

struct value value_text(const char *text)
{
	return (struct value){ .kind = VALUE_TEXT, .text = text };
}

struct value value_limit(uint64_t limit)
{
	return limit == LIMIT_UNLIMITED ? value_unlimited() : value_number(limit);
}

uint64_t value_to_limit(struct value value)
{
	return value.kind == VALUE_NUMBER ? value.number : LIMIT_UNLIMITED;
}

const char *limit_format(struct pool *pool, uint64_t limit)
{
	return value_format(pool, value_limit(limit));
}

const char *limit_pair_format(struct pool *pool, uint64_t soft, uint64_t hard)
{
	return pool_printf(pool, "%s:%s", limit_format(pool, soft), limit_format(pool, hard));
}

const char *origin_format(struct pool *pool, struct origin origin)
{
	if (!origin.file)
		return "";
	return origin.line ? pool_printf(pool, "%s:%u", origin.file, origin.line) : origin.file;
}

static char *normalise_blanks(struct pool *pool, const char *text)
{
	char *out = pool_strdup(pool, text), *to = out;

	while (isspace((unsigned char)*text))
		text++;
	for (; *text; text++) {
		if (!isspace((unsigned char)*text))
			*to++ = *text;
		else if (text[1] && !isspace((unsigned char)text[1]))
			*to++ = ' ';
	}
	*to = '\0';
	return out;
}

struct value value_parse(struct pool *pool, const char *text)
{
	const char *clean = normalise_blanks(pool, text);
	bool negative = clean[0] == '-';
	uint64_t number;

	if (!strcmp(clean, "unlimited"))
		return value_unlimited();
	if (parse_decimal(clean + negative, UINT64_MAX, &number))
		return (struct value){ .kind = VALUE_NUMBER,
				       .negative = negative && number,
				       .number = number };
	return value_text(clean);
}

bool value_is_ordered(struct value value)
{
	return value.kind == VALUE_NUMBER || value.kind == VALUE_UNLIMITED;
}

int value_compare(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return a.kind == VALUE_UNLIMITED ? 1 : -1;
	if (a.kind == VALUE_UNLIMITED)
		return 0;
	if (a.negative != b.negative)
		return a.negative ? -1 : 1;
	int order = (a.number > b.number) - (a.number < b.number);
	return a.negative ? -order : order;
}

bool value_equals(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return false;
	if (a.kind == VALUE_TEXT)
		return !strcmp(a.text, b.text);
	return a.kind == VALUE_NONE || value_compare(a, b) == 0;
}

const char *value_format(struct pool *pool, struct value value)
{
	switch (value.kind) {
	case VALUE_NUMBER:
		return pool_printf(pool, "%s%" PRIu64, value.negative ? "-" : "", value.number);
	case VALUE_UNLIMITED:
		return "unlimited";
	case VALUE_TEXT:
		return value.text;
	case VALUE_NONE:
		break;
	}
	return "-";
}

const struct setting *setting_at_boot(const struct setting *setting)
{
	return setting->boot ? setting->boot : setting;
}

bool setting_accepts(const struct setting *setting, struct value value)
{
	if (!value_is_ordered(value) || !value_is_ordered(setting->want))
		return value_equals(setting->want, value);
	if (setting->min.kind != VALUE_NONE && value_compare(value, setting->min) < 0)
		return false;
	return setting->max.kind == VALUE_NONE || value_compare(value, setting->max) <= 0;
}

const char *setting_format_wanted(struct pool *pool, const struct setting *setting)
{
	const char *want = value_format(pool, setting->want);
	bool low = setting->at_least.kind != VALUE_NONE, high = setting->at_most.kind != VALUE_NONE;

	if (!low && !high)
		return want;

	const char *least = value_format(pool, setting->at_least);
	const char *most = value_format(pool, setting->at_most);
	struct value bound = low ? setting->at_least : setting->at_most;
	const char *range = !high  ? pool_printf(pool, "at least %s", least)
			    : !low ? pool_printf(pool, "at most %s", most)
				   : pool_printf(pool, "%s..%s", least, most);
	if (low != high && value_equals(bound, setting->want))
		return range;
	return pool_printf(pool, "%s (else %s)", range, want);
}

/* FNV-1a, of the text and the line. */
static size_t hash_note(const char *text, unsigned line)
{
	uint32_t hash = 2166136261u ^ line;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

static bool is_note(const struct note *note, struct origin origin, const char *text)
{
	if (note->origin.line != origin.line || strcmp(note->text, text) != 0)
		return false;
	return note->origin.file == origin.file ||
	       (origin.file && note->origin.file && !strcmp(note->origin.file, origin.file));
}

/* The slot of this note, or the free one where it belongs: index plus 1 of a note, 0 if free. NULL:
 * all are taken, by notes that are gone from the list. */
static size_t *find_slot(const struct notes *notes, struct origin origin, const char *text)
{
	size_t mask = notes->slot_count - 1, at = hash_note(text, origin.line);

	for (size_t i = 0; i <= mask; i++, at++) {
		size_t *slot = &notes->slots[at & mask];
		if (!*slot ||
		    (*slot <= notes->count && is_note(&notes->items[*slot - 1], origin, text)))
			return slot;
	}
	return NULL;
}

/* At most half of the slots are taken: a file may have a hundred thousand mistakes. */
static void make_slots(struct notes *notes)
{
	size_t *slot;

	while (notes->slot_count <= notes->count * 2)
		notes->slot_count = notes->slot_count ? notes->slot_count * 2 : 16;
	notes->slots = pool_alloc(notes->pool, notes->slot_count * sizeof *notes->slots);
	for (size_t i = 0; i < notes->count; i++)
		if ((slot = find_slot(notes, notes->items[i].origin, notes->items[i].text)))
			*slot = i + 1;
}

void notes_add(struct notes *notes, const char *id, struct origin origin, const char *format, ...)
{
	va_list args;
	char small[1024];

	va_start(args, format);
	vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (notes->slot_count <= notes->count * 2)
		make_slots(notes);
	size_t *slot = find_slot(notes, origin, small);
	if (!slot) {
		make_slots(notes);
		slot = find_slot(notes, origin, small);
	}
	if (slot && *slot)
		return;
	notes->items = pool_extend(notes->pool, notes->items, notes->count, sizeof *notes->items);
	notes->items[notes->count++] = (struct note){ .id = id,
						      .origin = origin,
						      .text = pool_strdup(notes->pool, small) };
	if (slot)
		*slot = notes->count;
}

void notes_append(struct notes *notes, const struct notes *more)
{
	for (size_t i = 0; i < more->count; i++)
		notes_add(notes, more->items[i].id, more->items[i].origin, "%s",
			  more->items[i].text);
}

bool same_attributes(const struct image *a, const struct image *b)
{
	if (a->mode != b->mode || a->uid != b->uid || a->gid != b->gid ||
	    a->xattr_count != b->xattr_count)
		return false;
	for (size_t i = 0; i < a->xattr_count; i++) {
		size_t j = 0;
		while (j < b->xattr_count && strcmp(a->xattrs[i].name, b->xattrs[j].name) != 0)
			j++;
		if (j == b->xattr_count || a->xattrs[i].size != b->xattrs[j].size ||
		    memcmp(a->xattrs[i].bytes, b->xattrs[j].bytes, a->xattrs[i].size) != 0)
			return false;
	}
	return true;
}

bool change_is_of_process(enum change_kind kind)
{
	return kind == CHANGE_NOFILE || kind == CHANGE_KEEPALIVE;
}

bool xattr_is_kept(const char *name)
{
	static const char *const kept[] = { "system.posix_acl_access", "security.selinux",
					    "security.SMACK64" };

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (!strcmp(name, kept[i]))
			return true;
	return !strncmp(name, "user.", strlen("user."));
}
