// SPDX-License-Identifier: MIT
/* Audits read back, see audit-file.h. What is not JSON ends the reading; what is JSON and no audit
 * is remembered, and the reading goes on: "another kind of report" says more than "no findings". */
#include "audit-file.h"

#include "array.h"
#include "audit.h"
#include "error.h"
#include "pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "keeltune/audit/"
#define SCHEMA_VERSION "1"

struct reading_of_audit {
	struct json_reader reader;
	struct audit_file *file;
	struct json_text schema;
	char wrong[256]; /* the first thing; "": nothing */
};

__attribute__((format(printf, 2, 3))) static void say_wrong(struct reading_of_audit *reading,
							    const char *format, ...)
{
	va_list args;

	if (*reading->wrong)
		return;
	va_start(args, format);
	vsnprintf(reading->wrong, sizeof reading->wrong, format, args);
	va_end(args);
}

/* ---- values ------------------------------------------------------------------------------ */

/* A number, too, if NUMBERS; null always. Anything else is wrong: WHERE. */
static void read_text(struct reading_of_audit *reading, bool numbers, const char *where,
		      struct json_text *ret)
{
	struct json_reader *reader = &reading->reader;

	switch (reader_kind(reader)) {
	case JSON_KIND_STRING:
		reader_string(reader, ret);
		return;
	case JSON_KIND_NUMBER:
		if (numbers) {
			reader_number(reader, ret);
			return;
		}
		break;
	case JSON_KIND_NULL:
		*ret = (struct json_text){ 0 };
		reader_skip(reader);
		return;
	case JSON_KIND_OBJECT:
	case JSON_KIND_ARRAY:
	case JSON_KIND_WORD:
	case JSON_KIND_NONE:
		break;
	}
	say_wrong(reading, "%s: neither a %sstring nor null", where, numbers ? "number, a " : "");
	reader_skip(reader);
}

/* The index of NAME in NAMES, which ends with NULL; -1: not there. SEEN remembers: a member that
 * occurs twice could mean either. */
static int find_member(struct reading_of_audit *reading, struct json_text name,
		       const char *const *names, unsigned *seen)
{
	for (int i = 0; names[i]; i++) {
		if (!json_text_is(name, names[i]))
			continue;
		if (*seen & 1u << i)
			say_wrong(reading, "the member \"%s\" occurs twice", names[i]);
		*seen |= 1u << i;
		return i;
	}
	return -1;
}

/* Opens what shall be an object; else it was skipped. */
static bool open_object(struct reading_of_audit *reading, const char *where)
{
	if (reader_kind(&reading->reader) == JSON_KIND_OBJECT)
		return reader_object(&reading->reader);
	say_wrong(reading, "%s: not an object", where);
	reader_skip(&reading->reader);
	return false;
}

static bool open_array(struct reading_of_audit *reading, const char *where)
{
	if (reader_kind(&reading->reader) == JSON_KIND_ARRAY)
		return reader_array(&reading->reader);
	say_wrong(reading, "%s: not an array", where);
	reader_skip(&reading->reader);
	return false;
}

static bool two_digits(const char *text, int least, int most, int *ret)
{
	*ret = (text[0] - '0') * 10 + (text[1] - '0');
	return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9' &&
	       *ret >= least && *ret <= most;
}

/* "2026-11-25T01:34:00Z" and nothing else. */
static bool parse_time(struct json_text text, time_t *ret)
{
	struct tm tm = { 0 };
	int century, year, day;

	if (!text.bytes || text.size != 20 || text.bytes[4] != '-' || text.bytes[7] != '-' ||
	    text.bytes[10] != 'T' || text.bytes[13] != ':' || text.bytes[16] != ':' ||
	    text.bytes[19] != 'Z' || !two_digits(text.bytes, 19, 99, &century) ||
	    !two_digits(text.bytes + 2, 0, 99, &year) ||
	    !two_digits(text.bytes + 5, 1, 12, &tm.tm_mon) ||
	    !two_digits(text.bytes + 8, 1, 31, &day) ||
	    !two_digits(text.bytes + 11, 0, 23, &tm.tm_hour) ||
	    !two_digits(text.bytes + 14, 0, 59, &tm.tm_min) ||
	    !two_digits(text.bytes + 17, 0, 60, &tm.tm_sec))
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	tm.tm_mday = day;
	struct tm date = { .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = day };
	timegm(&date);
	*ret = timegm(&tm);
	return date.tm_mday == day; /* else a 31st of June */
}

/* ---- findings ---------------------------------------------------------------------------- */

static void read_layers(struct reading_of_audit *reading, struct audit_entry *entry)
{
	const char *names[LAYER_COUNT + 1] = { NULL };
	struct json_text name;
	unsigned seen = 0;

	for (enum layer i = 0; i < LAYER_COUNT; i++)
		names[i] = layer_name(i);
	if (!open_object(reading, "layers"))
		return;
	while (reader_member(&reading->reader, &name)) {
		int layer = find_member(reading, name, names, &seen);
		if (layer < 0)
			reader_skip(&reading->reader);
		else
			read_text(reading, true, "a layer", &entry->layer[layer]);
	}
}

static void read_verdict(struct reading_of_audit *reading, struct audit_entry *entry)
{
	struct json_text word = { 0 };

	read_text(reading, false, "verdict", &word);
	for (enum verdict i = 0; i < VERDICT_COUNT; i++) {
		if (json_text_is(word, verdict_name(i))) {
			entry->verdict = i;
			return;
		}
	}
	say_wrong(reading, "a verdict is none of ok, differs, unknown, skipped");
}

/* What one account gets: who it is, and a copy of the value, for TO may stand before both. */
static char *read_deviation(struct reading_of_audit *reading, char *to)
{
	static const char *const names[] = { "who", "value", NULL };
	struct json_text who = { 0 }, value = { 0 }, name;
	unsigned seen = 0;
	char copy[128];

	if (!open_object(reading, "a deviation"))
		return to;
	while (reader_member(&reading->reader, &name)) {
		int member = find_member(reading, name, names, &seen);
		if (member < 0)
			reader_skip(&reading->reader);
		else
			read_text(reading, member == 1, names[member], member ? &value : &who);
	}
	if (!who.size || reading->reader.problem)
		return to;
	size_t size = value.size < sizeof copy ? value.size : sizeof copy;
	if (size)
		memcpy(copy, value.bytes, size);
	memmove(to, who.bytes, who.size);
	to += who.size;
	*to++ = ' ';
	memcpy(to, copy, size);
	return to + size;
}

/* Accounts that get something else, as one text. It is put where the array stood, which was longer:
 * {"who":"","value":} are more characters than what stands between. */
static void read_deviations(struct reading_of_audit *reading, struct audit_entry *entry)
{
	struct json_reader *reader = &reading->reader;

	if (!open_array(reading, "deviations"))
		return;
	char *start = reader->at, *to = start;
	while (reader_item(reader)) {
		char *before = to;
		if (to > start) {
			*to++ = ',';
			*to++ = ' ';
		}
		char *separated = to;
		to = read_deviation(reading, to);
		if (to == separated)
			to = before;
	}
	if (to > start)
		entry->deviations = (struct json_text){ start, (size_t)(to - start) };
}

static void read_finding(struct reading_of_audit *reading, struct audit_entry *entry)
{
	static const char *const names[] = { "id",         "verdict", "want",
					     "at_least",   "at_most", "layers",
					     "deviations", "reason",  NULL };
	struct json_reader *reader = &reading->reader;
	struct json_text name;
	unsigned seen = 0;

	if (!open_object(reading, "a finding"))
		return;
	while (reader_member(reader, &name)) {
		switch (find_member(reading, name, names, &seen)) {
		case 0:
			read_text(reading, false, "id", &entry->id);
			break;
		case 1:
			read_verdict(reading, entry);
			break;
		case 2:
			read_text(reading, true, "want", &entry->want);
			break;
		case 3:
			read_text(reading, true, "at_least", &entry->at_least);
			break;
		case 4:
			read_text(reading, true, "at_most", &entry->at_most);
			break;
		case 5:
			read_layers(reading, entry);
			break;
		case 6:
			read_deviations(reading, entry);
			break;
		case 7:
			read_text(reading, false, "reason", &entry->reason);
			break;
		default:
			reader_skip(reader);
		}
	}
	if (!entry->id.size || !(seen & 2))
		say_wrong(reading, "a finding without id or verdict");
}

static void read_findings(struct reading_of_audit *reading)
{
	struct audit_file *file = reading->file;

	if (!open_array(reading, "findings"))
		return;
	while (reader_item(&reading->reader)) {
		struct audit_entry *grown = array_extend(file->findings, file->count, &file->room,
							 sizeof *file->findings);
		if (!grown)
			pool_exhausted();
		file->findings = grown;
		struct audit_entry *entry = &file->findings[file->count++];
		*entry = (struct audit_entry){ 0 };
		read_finding(reading, entry);
		file->differs = file->differs || entry->verdict == VERDICT_DIFFERS;
	}
}

/* ---- the report -------------------------------------------------------------------------- */

/* The members of an object that are strings. */
static void read_strings(struct reading_of_audit *reading, const char *where,
			 const char *const *names, struct json_text *const *places)
{
	struct json_text name;
	unsigned seen = 0;

	if (!open_object(reading, where))
		return;
	while (reader_member(&reading->reader, &name)) {
		int index = find_member(reading, name, names, &seen);
		if (index < 0)
			reader_skip(&reading->reader);
		else
			read_text(reading, false, names[index], places[index]);
	}
}

static void read_host(struct reading_of_audit *reading)
{
	static const char *const names[] = { "name", "machine_id", NULL };

	read_strings(
		reading, "host", names,
		(struct json_text *const[]){ &reading->file->name, &reading->file->machine_id });
}

static void read_tool(struct reading_of_audit *reading)
{
	static const char *const names[] = { "version", NULL };

	read_strings(reading, "tool", names,
		     (struct json_text *const[]){ &reading->file->version });
}

static void read_time(struct reading_of_audit *reading)
{
	struct json_text text = { 0 };

	read_text(reading, false, "time", &text);
	if (!parse_time(text, &reading->file->time))
		say_wrong(reading, "time: not as in 2026-01-31T12:00:00Z");
}

static void read_result(struct reading_of_audit *reading)
{
	struct json_text word = { 0 };

	read_text(reading, false, "result", &word);
	reading->file->trouble = json_text_is(word, "trouble");
	if (json_text_is(word, "differs"))
		reading->file->differs = true;
	else if (!reading->file->trouble && !json_text_is(word, "ok"))
		say_wrong(reading, "result: none of ok, differs, trouble");
}

enum member {
	MEMBER_SCHEMA,
	MEMBER_HOST,
	MEMBER_TIME,
	MEMBER_RESULT,
	MEMBER_FINDINGS,
	MEMBER_TOOL, /* from here on they may be missing */
	MEMBER_PROFILES,
	MEMBER_ERROR,
	MEMBER_INTERRUPTED,
};

static const char *const members[] = { "schema", "host",     "time",  "result",      "findings",
				       "tool",   "profiles", "error", "interrupted", NULL };

static void read_member(struct reading_of_audit *reading, int member)
{
	struct audit_file *file = reading->file;

	switch (member) {
	case MEMBER_SCHEMA:
		read_text(reading, false, "schema", &reading->schema);
		break;
	case MEMBER_HOST:
		read_host(reading);
		break;
	case MEMBER_TIME:
		read_time(reading);
		break;
	case MEMBER_RESULT:
		read_result(reading);
		break;
	case MEMBER_FINDINGS:
		read_findings(reading);
		break;
	case MEMBER_TOOL:
		read_tool(reading);
		break;
	case MEMBER_PROFILES:
		read_text(reading, false, "profiles", &file->profiles);
		break;
	case MEMBER_ERROR:
		read_text(reading, false, "error", &file->error);
		break;
	case MEMBER_INTERRUPTED:
		read_text(reading, false, "interrupted", &file->interrupted);
		break;
	default:
		reader_skip(&reading->reader);
	}
}

static int cut(struct json_text text)
{
	return (int)(text.size < 60 ? text.size : 60);
}

/* What kind of report is it? */
static int judge_schema(struct json_text schema, struct error *err)
{
	static const char ours[] = SCHEMA, tool[] = "keeltune/";

	if (json_text_is(schema, SCHEMA SCHEMA_VERSION))
		return 0;
	if (!schema.bytes)
		return error_set(err, -EINVAL,
				 "no report of keeltune: it has no \"schema\" that says so");
	if (schema.size > sizeof ours - 1 && !memcmp(schema.bytes, ours, sizeof ours - 1))
		return error_set(err, -EINVAL,
				 "schema %.*s: another keeltune wrote it, this one reads " SCHEMA
					 SCHEMA_VERSION,
				 cut(schema), schema.bytes);
	if (schema.size >= sizeof tool - 1 && !memcmp(schema.bytes, tool, sizeof tool - 1))
		return error_set(err, -EINVAL,
				 "a report of the kind %.*s: only audits can be merged "
				 "(" SCHEMA SCHEMA_VERSION ")",
				 cut(schema), schema.bytes);
	return error_set(err, -EINVAL, "schema %.*s: no report of keeltune", cut(schema),
			 schema.bytes);
}

static int judge(struct reading_of_audit *reading, unsigned seen, struct error *err)
{
	int rc = judge_schema(reading->schema, err);

	if (rc < 0)
		return rc;
	for (int i = 0; i < MEMBER_TOOL; i++)
		if (!(seen & 1u << i))
			say_wrong(reading, "no \"%s\"", members[i]);
	if (!reading->file->name.bytes)
		say_wrong(reading, "host without a name");
	return *reading->wrong ? error_set(err, -EINVAL, "%s", reading->wrong) : 0;
}

int audit_file_read(char *bytes, size_t size, struct audit_file *file, size_t *ret_line,
		    struct error *err)
{
	struct reading_of_audit reading = { .file = file };
	struct json_reader *reader = &reading.reader;
	struct json_text name;
	unsigned seen = 0;

	*file = (struct audit_file){ .findings = file->findings, .room = file->room };
	*ret_line = 0;
	reader_begin(reader, bytes, size);
	reader_object(reader);
	while (reader_member(reader, &name))
		read_member(&reading, find_member(&reading, name, members, &seen));
	if (!reader_end(reader)) {
		*ret_line = reader->line;
		return error_set(err, -EINVAL, "%s", reader->problem);
	}
	return judge(&reading, seen, err);
}

void audit_file_done(struct audit_file *file)
{
	free(file->findings);
	*file = (struct audit_file){ 0 };
}
