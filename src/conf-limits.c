// SPDX-License-Identifier: MIT
/* The grammar of limits.conf, see conf-limits.h. Follows parse_config_file(), parse_uid_range() and
 * process_limit() of modules/pam_limits/pam_limits.c, Linux-PAM 1.5.2 (fgets, sscanf) and 1.6.0 to
 * 1.7.2 (getline, strtok_r), the C locale assumed. Pure; who a line is about is login.c's business.
 *     @dba  soft  nofile  65536   # comment */
#include "conf-limits.h"

#include "catalog.h"
#include "pool.h"
#include "suggest.h"

#include <limits.h>
#include <string.h>

/* ---- C library, C locale ------------------------------------------------------------------ */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* strtoull(text, &end, 10): what stands at the front, saturated; a '-' negates modulo 2^64. */
struct scanned {
	uint64_t number; /* after the sign was applied */
	uint64_t digits; /* before */
	bool negative;
	bool overflow;
	const char *end; /* the text itself: no digits */
};

static struct scanned scan_number(const char *text)
{
	struct scanned scanned = { .end = text };
	const char *p = text;

	while (is_space(*p))
		p++;
	if (*p == '-' || *p == '+')
		scanned.negative = *p++ == '-';
	if (!is_digit(*p))
		return scanned;
	for (; is_digit(*p); p++) {
		if (__builtin_mul_overflow(scanned.digits, UINT64_C(10), &scanned.digits) ||
		    __builtin_add_overflow(scanned.digits, (uint64_t)(*p - '0'), &scanned.digits))
			scanned.overflow = true;
	}
	scanned.end = p;
	if (scanned.overflow)
		scanned.digits = scanned.number = UINT64_MAX;
	else
		scanned.number = scanned.negative ? 0 - scanned.digits : scanned.digits;
	return scanned;
}

/* strtol() clamped to int, as pam_limits does. */
static int to_int(struct scanned scanned)
{
	uint64_t most = (uint64_t)INT_MAX + scanned.negative;

	if (scanned.digits > most)
		return scanned.negative ? INT_MIN : INT_MAX;
	return (int)(scanned.negative ? -(int64_t)scanned.digits : (int64_t)scanned.digits);
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* ---- fields ------------------------------------------------------------------------------- */

/* The next run of bytes that are no separators; NULL at the end. */
static char *next_field(char **at, bool (*is_separator)(char))
{
	char *start = *at;

	while (*start && is_separator(*start))
		start++;
	if (!*start)
		return NULL;
	char *end = start;
	while (*end && !is_separator(*end))
		end++;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

/* The value is the rest of the line; 1.6.0 does not even trim it. */
static char *rest_of_line(char *rest, bool trim)
{
	if (!trim)
		return *rest ? rest : NULL;
	while (is_blank(*rest))
		rest++;
	char *end = rest + strlen(rest);
	while (end > rest && is_blank(end[-1]))
		end--;
	*end = '\0';
	return *rest ? rest : NULL;
}

static void split_fields(const struct limits_module *module, char *line, struct limits_entry *entry)
{
	bool (*is_separator)(char) = module->whole_lines ? is_blank : is_space;
	char *fields[4] = { NULL };

	for (int i = 0; i < 3; i++)
		fields[i] = next_field(&line, is_separator);
	if (fields[2])
		fields[3] = module->whole_lines ? rest_of_line(line, module->trims_value)
						: next_field(&line, is_separator);
	for (int i = 0; i < 4; i++)
		entry->fields += fields[i] != NULL;
	for (int i = 1; i < 4; i++)
		if (fields[i])
			lower(fields[i]);
	entry->domain = fields[0] ? fields[0] : "";
	entry->type = fields[1] ? fields[1] : "";
	entry->item = fields[2] ? fields[2] : "";
	entry->value = fields[3] ? fields[3] : "";
	entry->rest = "";
	if (fields[3] && !module->whole_lines && line[strspn(line, " \t\n\v\f\r")])
		entry->rest = line + strspn(line, " \t\n\v\f\r");
}

/* ---- domain ------------------------------------------------------------------------------- */

/* strtoul() into a uid_t: 64 bits are parsed, 32 are kept. */
static bool scan_id(const char *text, char terminator, uint32_t *ret_id)
{
	struct scanned scanned = scan_number(text);

	if (scanned.end == text || scanned.overflow || *scanned.end != terminator)
		return false;
	*ret_id = (uint32_t)scanned.number;
	return true;
}

static bool parse_range(struct limits_entry *entry)
{
	const char *text = entry->domain;
	const char *colon = strchr(text, ':');

	if (!colon)
		return true;
	if (*text == '@' || *text == '%')
		text++;
	bool has_min = *text != ':';
	if (has_min && !scan_id(text, ':', &entry->min))
		return false;
	if (!colon[1]) {
		entry->range = LIMITS_FROM;
		return has_min;
	}
	if (!scan_id(colon + 1, '\0', &entry->max))
		return false;
	entry->range = has_min ? LIMITS_BETWEEN : LIMITS_EXACTLY;
	if (!has_min)
		entry->min = entry->max;
	return true;
}

/* ---- rules -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	unsigned code;
} others[] = {
	{ "maxlogins", LIMITS_MAXLOGINS }, { "maxsyslogins", LIMITS_MAXSYSLOGINS },
	{ "priority", LIMITS_PRIORITY },   { "nonewprivs", LIMITS_NONEWPRIVS },
	{ "chroot", LIMITS_CHROOT },
};

unsigned limits_item_code(const char *name)
{
	const struct limit_row *row = catalog_limit(name);

	if (row)
		return (unsigned)row->resource;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strcmp(others[i].name, name))
			return others[i].code;
	return LIMITS_UNKNOWN;
}

static bool module_knows(const struct limits_module *module, unsigned code)
{
	switch (code) {
	case RLIMIT_RTTIME:
		return module->rttime;
	case LIMITS_NONEWPRIVS:
		return module->nonewprivs;
	case LIMITS_CHROOT:
		return module->debian;
	default:
		return code != LIMITS_UNKNOWN;
	}
}

static bool parse_type(struct limits_entry *entry)
{
	if (!strcmp(entry->type, "soft"))
		entry->sides = LIMITS_SOFT;
	else if (!strcmp(entry->type, "hard"))
		entry->sides = LIMITS_HARD;
	else if (!strcmp(entry->type, "-"))
		entry->sides = LIMITS_BOTH;
	else
		return entry->code == LIMITS_MAXLOGINS || entry->code == LIMITS_MAXSYSLOGINS ||
		       entry->code == LIMITS_NONEWPRIVS;
	return true;
}

bool limits_is_infinity(const char *value)
{
	return !strcmp(value, "-1") || !strcmp(value, "-") || !strcmp(value, "unlimited") ||
	       !strcmp(value, "infinity");
}

static bool parse_count(struct limits_entry *entry)
{
	struct scanned scanned = scan_number(entry->value);

	entry->count = to_int(scanned);
	return scanned.end != entry->value;
}

static bool parse_nice(struct limits_entry *entry)
{
	if (!parse_count(entry))
		return false;
	int nice = entry->count > 19 ? 19 : entry->count < -20 ? -20 : entry->count;
	entry->number = (uint64_t)(20 - nice);
	return true;
}

static bool parse_resource(struct limits_entry *entry)
{
	uint64_t scale = catalog_limit(entry->item)->scale;
	struct scanned scanned = scan_number(entry->value);

	if (limits_is_infinity(entry->value)) {
		entry->number = LIMIT_UNLIMITED;
		return true;
	}
	if (scanned.end == entry->value)
		return false;
	/* Values that would not fit become unlimited, so does 2^64-1 itself. */
	bool fits = scale == 1 || scanned.number < LIMIT_UNLIMITED / scale;
	entry->number = fits ? scanned.number * scale : LIMIT_UNLIMITED;
	return true;
}

static bool parse_value(struct limits_entry *entry)
{
	switch (entry->code) {
	case LIMITS_NONEWPRIVS: /* anything but 0 and 1 is logged and taken for 0 */
		entry->count = !strcmp(entry->value, "1");
		return true;
	case LIMITS_CHROOT:
		return true;
	case LIMITS_PRIORITY:
		return parse_count(entry);
	case LIMITS_MAXLOGINS:
	case LIMITS_MAXSYSLOGINS:
		if (!limits_is_infinity(entry->value))
			return parse_count(entry);
		entry->count = -1;
		return true;
	case RLIMIT_NICE:
		return parse_nice(entry);
	default:
		return parse_resource(entry);
	}
}

static void parse_rule(const struct limits_module *module, struct limits_entry *entry)
{
	entry->code = limits_item_code(entry->item);
	if (!module_knows(module, entry->code))
		entry->drop = LIMITS_DROP_ITEM;
	else if (!parse_type(entry))
		entry->drop = LIMITS_DROP_TYPE;
	else if (!parse_value(entry))
		entry->drop = LIMITS_DROP_VALUE;
}

/* ---- lines -------------------------------------------------------------------------------- */

static bool parse_line(struct pool *pool, const struct limits_module *module, const char *bytes,
		       size_t size, struct limits_entry *entry)
{
	size_t start = 0;

	size = strnlen(bytes, size);
	while (start < size && is_space(bytes[start]))
		start++;
	size_t end = start;
	while (end < size && bytes[end] != '#' && bytes[end] != '\n')
		end++;
	if (start == end)
		return false;

	split_fields(module, pool_copy(pool, bytes + start, end - start), entry);
	if (!parse_range(entry)) {
		entry->form = LIMITS_BAD_RANGE;
	} else if (entry->fields == 4) {
		entry->form = LIMITS_RULE;
		parse_rule(module, entry);
	} else if (entry->fields == 2 && *entry->type == '-') {
		entry->form = LIMITS_NO_LIMIT;
	} else {
		entry->form = LIMITS_INVALID;
	}
	return true;
}

bool limits_parse(struct pool *pool, const struct limits_module *module, const char *file,
		  const char *bytes, size_t size, struct limits_entries *entries)
{
	const size_t most =
		module->whole_lines ? SIZE_MAX : 1023; /* LINE_LENGTH of 1.5.3 less NUL */
	unsigned line = 1;
	bool tail = false;

	while (size) {
		const char *newline = memchr(bytes, '\n', size < most ? size : most);
		size_t length = newline ? (size_t)(newline - bytes) + 1 : size < most ? size : most;
		struct limits_entry entry = { .file = file, .line = line, .tail = tail };

		if (parse_line(pool, module, bytes, length, &entry)) {
			if (entries->count >= LIMITS_ENTRIES_MAX)
				return false;
			entries->items = pool_extend(pool, entries->items, entries->count,
						     sizeof *entries->items);
			entries->items[entries->count++] = entry;
		}
		tail = !newline;
		line += newline != NULL;
		bytes += length;
		size -= length;
	}
	return true;
}

/* ---- names -------------------------------------------------------------------------------- */

const char *limits_nearest_item(const char *name)
{
	const char *names[RLIM_NLIMITS + sizeof others / sizeof *others];
	const size_t extra = sizeof others / sizeof *others;
	size_t rows, count = 0;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows && count + extra < sizeof names / sizeof *names; i++)
		names[count++] = row[i].item;
	for (size_t i = 0; i < extra; i++)
		names[count++] = others[i].name;
	return suggest_nearest(name, names, count);
}

struct origin limits_origin(const struct limits_entry *entry)
{
	return (struct origin){ .file = entry->file, .line = entry->line };
}
