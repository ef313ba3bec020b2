// SPDX-License-Identifier: MIT
/* Remarks on single lines of limits.conf: what pam_limits.so drops or reads otherwise than the
 * writer meant, most of it without a word in any log. Pure. */
#include "provider-limits.h"

#include "catalog.h"
#include "pool.h"
#include "suggest.h"
#include "text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

struct remark {
	const struct limits_entry *entry;
	const struct limits_module *module;
	struct limits_ceiling ceiling;
	struct notes *notes;
};

#define REMARK(remark, ...) \
	notes_add((remark)->notes, NULL, limits_origin((remark)->entry), __VA_ARGS__)

/* ---- fields ------------------------------------------------------------------------------- */

/* "<user>", "{{ user }}", "${USER}", "$USER", "`whoami`": of templates, scripts and manuals. A
 * name may end in '$' (machine accounts of Samba). */
static bool is_placeholder(const char *text)
{
	const char *dollar = strchr(text, '$');
	size_t size;

	if (*text == '@' || *text == '%')
		text++;
	size = strlen(text);
	return (dollar &&
		(dollar[1] == '{' || dollar[1] == '(' || isalpha((unsigned char)dollar[1]))) ||
	       strchr(text, '`') || strstr(text, "{{") || strstr(text, "}}") ||
	       !strncmp(text, "<%", 2) ||
	       (size > 2 && ((*text == '<' && text[size - 1] == '>') ||
			     (*text == '{' && text[size - 1] == '}') ||
			     (*text == '[' && text[size - 1] == ']')));
}

bool limits_is_placeholder(const struct limits_entry *entry)
{
	return is_placeholder(entry->domain) || is_placeholder(entry->type) ||
	       is_placeholder(entry->item) || is_placeholder(entry->value);
}

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

const char *limits_looks_like(const struct limits_entry *entry)
{
	static const char *const kinds[] = { "session", "-session", "auth", "account", "password" };
	static const char *const tags[] = { "<!", "<?", "</", "<html", "<head", "<body", "<meta" };
	const char *domain = entry->domain;

	if (begins(domain, "ulimit") || begins(domain, "export") || begins(domain, "prlimit"))
		return "a shell command, which has no place in limits.conf";
	if (begins(domain, "Limit") || begins(domain, "DefaultLimit") || *domain == '[')
		return "a line of a systemd unit or system.conf";
	if (strchr(domain, '.') && (strchr(domain, '=') || *entry->type == '='))
		return "a line of sysctl.conf";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(domain, kinds[i]) && strstr(entry->item, "pam_"))
			return "a line of a file in /etc/pam.d";
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (begins(domain, tags[i]))
			return "HTML";
	return NULL;
}

static bool is_type(const char *word)
{
	return !strcmp(word, "soft") || !strcmp(word, "hard") || !strcmp(word, "-");
}

static void remark_on_dropped(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;
	static const char *const types[] = { "soft", "hard" };
	const char *nearest = limits_nearest_item(entry->item);
	size_t size = strlen(entry->value);

	switch (entry->drop) {
	case LIMITS_DROP_ITEM:
		if (limits_item_code(entry->item) != LIMITS_UNKNOWN)
			REMARK(remark,
			       "the pam_limits.so of this host does not know item \"%.64s\": the "
			       "line is ignored",
			       entry->item);
		else if (is_type(entry->item))
			REMARK(remark,
			       "item \"%.64s\": the fields are domain, type, item, value, with one "
			       "name as the domain: the line is ignored",
			       entry->item);
		else
			REMARK(remark, "unknown item \"%.64s\"%s%s%s: the line is ignored",
			       entry->item, nearest ? " (did you mean " : "",
			       nearest ? nearest : "", nearest ? "?)" : "");
		break;
	case LIMITS_DROP_TYPE:
		nearest = suggest_nearest(entry->type, types, 2);
		REMARK(remark,
		       "type \"%.64s\" is none of soft, hard and -%s%s%s: the line is ignored",
		       entry->type, nearest ? " (did you mean " : "", nearest ? nearest : "",
		       nearest ? "?)" : "");
		break;
	case LIMITS_DROP_VALUE:
		if (size && entry->value[size - 1] == '\r')
			REMARK(remark,
			       "the line ends in CR LF, and \"%.*s\" with a carriage return is no "
			       "value: the line is ignored",
			       (int)(size > 65 ? 64 : size - 1), entry->value);
		else
			REMARK(remark, "value \"%.64s\" is no number: the line is ignored",
			       entry->value);
		break;
	case LIMITS_KEPT:
		break;
	}
}

/* What the module makes of the value; NULL: it is no number that could be misread. */
static const char *read_as(struct pool *pool, const struct limits_entry *entry)
{
	const struct limit_row *row = catalog_limit(entry->item);

	if (row && limits_is_infinity(entry->value) && row->resource != RLIMIT_NICE)
		return NULL;
	if (row)
		return value_format(pool, login_unit_value(row, entry->number));
	if (entry->code == LIMITS_CHROOT ||
	    (entry->code != LIMITS_NONEWPRIVS && limits_is_infinity(entry->value)))
		return NULL;
	return pool_printf(pool, "%d", entry->count);
}

static bool says(const char *value, size_t digits, const char *number)
{
	return !strncmp(value, number, digits) && !number[digits];
}

/* pam_limits.so takes the digits at the front and forgets the rest. */
static void remark_on_value(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;
	const char *value = entry->value, *is = read_as(remark->notes->pool, entry);
	bool with_sign = entry->code == RLIMIT_NICE || entry->code == LIMITS_PRIORITY;

	if (!is)
		return;
	value += with_sign && *value == '-';
	size_t digits = strspn(value, "0123456789");
	size_t zeros = strspn(value, "0");
	size_t rest = strspn(value + digits, "\r");
	if (value[digits + rest] || !digits)
		REMARK(remark, "value \"%.64s\" is read as %s", entry->value, is);
	else if (zeros && digits > 1)
		REMARK(remark, "value \"%.64s\" has leading zeros: read as decimal %s",
		       entry->value, is);
	else if (!zeros && !says(value, digits, *is == '-' ? is + 1 : is))
		REMARK(remark, "value \"%.64s\" is out of range: read as %s", entry->value, is);
}

static void remark_on_ceiling(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;
	struct limits_ceiling ceiling = remark->ceiling;
	const char *effect =
		remark->module->ignores_eperm
			? "the kernel refuses it and a login keeps what it had"
			: "the kernel refuses it and every login that it reaches fails";

	if (entry->code != RLIMIT_NOFILE ||
	    (entry->number == LIMIT_UNLIMITED && remark->module->caps_nofile) ||
	    (entry->number <= ceiling.now && entry->number <= ceiling.boot))
		return;
	if (!(entry->sides & LIMITS_HARD))
		effect = "no login gets it";
	if (ceiling.now == ceiling.boot)
		REMARK(remark, "nofile %.64s is above fs.nr_open (%" PRIu64 "): %s", entry->value,
		       ceiling.now, effect);
	else
		REMARK(remark,
		       "nofile %.64s is above fs.nr_open (%" PRIu64 " now, %" PRIu64
		       " after a boot): %s",
		       entry->value, ceiling.now, ceiling.boot, effect);
}

/* ---- domains ------------------------------------------------------------------------------ */

/* "4294967296:" is "0:", everybody; "2000:1000" nobody. */
static void remark_on_range(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;
	const char *text = entry->domain, *colon = strchr(text, ':');

	if (entry->range == LIMITS_NO_RANGE || !colon)
		return;
	if (*text == '@' || *text == '%')
		text++;
	uint64_t first = 0, last = 0;
	bool plain = (colon == text ||
		      parse_decimal(pool_copy(remark->notes->pool, text, (size_t)(colon - text)),
				    UINT32_MAX, &first)) &&
		     (!colon[1] || parse_decimal(colon + 1, UINT32_MAX, &last));
	if (plain && entry->range == LIMITS_BETWEEN && entry->min > entry->max)
		REMARK(remark, "the range \"%.64s\" is reversed: it means nobody", entry->domain);
	if (plain)
		return;
	if (entry->range == LIMITS_FROM)
		REMARK(remark, "the range \"%.64s\" is read as %" PRIu32 ":", entry->domain,
		       entry->min);
	else
		REMARK(remark, "the range \"%.64s\" is read as %" PRIu32 ":%" PRIu32, entry->domain,
		       entry->min, entry->max);
}

static void remark_on_exemption(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;

	if (!strcmp(entry->domain, "*") || (*entry->domain == '%' && !entry->range))
		REMARK(remark, "\"%.64s -\" means nobody: the line has no effect", entry->domain);
	else if (entry->type[1] && strcmp(entry->type, "-\r") != 0)
		REMARK(remark,
		       "\"%.64s\" is read as \"-\": whom the line names is exempt from all limits",
		       entry->type);
}

static void remark_on_rule(const struct remark *remark)
{
	const struct limits_entry *entry = remark->entry;

	if (entry->drop) {
		remark_on_dropped(remark);
		return;
	}
	if (*entry->domain == '%' && entry->code != LIMITS_MAXLOGINS)
		REMARK(remark, "a domain with %% counts for maxlogins only: the line is ignored");
	if (*entry->rest)
		REMARK(remark, "what stands behind the value is ignored: \"%.64s\"", entry->rest);
	remark_on_value(remark);
	remark_on_ceiling(remark);
}

void limits_note_line(const struct limits_entry *entry, const struct limits_module *module,
		      struct limits_ceiling ceiling, struct notes *notes)
{
	const struct remark one = { entry, module, ceiling, notes }, *remark = &one;

	if (entry->form == LIMITS_BROKEN || entry->form == LIMITS_UNREAD)
		return;
	if (entry->tail)
		REMARK(remark,
		       "the end of a line longer than 1023 bytes is read as a line of its own");
	if (begins(entry->domain, "\xef\xbb\xbf")) {
		REMARK(remark, "begins with a byte order mark: this line is not read as meant");
		return;
	}
	const char *kind = limits_is_rule(entry) ? NULL : limits_looks_like(entry);
	if (kind) {
		REMARK(remark, "looks like %s: the line is ignored", kind);
		return;
	}
	if (limits_is_placeholder(entry)) {
		REMARK(remark, "looks like a placeholder that nobody replaced: \"%.64s\"",
		       is_placeholder(entry->domain) ? entry->domain
		       : is_placeholder(entry->type) ? entry->type
		       : is_placeholder(entry->item) ? entry->item
						     : entry->value);
		return;
	}
	if (entry->form == LIMITS_BAD_RANGE)
		REMARK(remark,
		       "domain \"%.64s\" has a ':' but is no range of ids: the line is ignored",
		       entry->domain);
	else if (entry->form == LIMITS_INVALID && entry->fields == 3 && is_type(entry->domain))
		REMARK(remark,
		       "begins with \"%.64s\": the domain is missing, and the line is ignored",
		       entry->domain);
	else if (entry->form == LIMITS_INVALID)
		REMARK(remark,
		       "has %u field%s where 4 are needed (domain type item value): the line is "
		       "ignored",
		       entry->fields, entry->fields == 1 ? "" : "s");
	else
		remark_on_range(remark);
	if (entry->form == LIMITS_RULE)
		remark_on_rule(remark);
	else if (entry->form == LIMITS_NO_LIMIT)
		remark_on_exemption(remark);
}
