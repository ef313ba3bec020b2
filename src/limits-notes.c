// SPDX-License-Identifier: MIT
/* Remarks on limits.conf: lines that pam_limits.so drops or reads otherwise than their writer
 * meant, most of them without a word in any log. Judges nothing. */
#include "provider-limits.h"

#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FEWEST_FOREIGN_LINES 3

struct remarks {
	struct login_context *context;
	struct limits_ceiling ceiling;
	struct notes *notes;
};

static struct origin origin_of(const struct limits_entry *entry)
{
	return (struct origin){ .file = entry->file, .line = entry->line };
}

#define REMARK(remarks, entry, ...) notes_add((remarks)->notes, NULL, origin_of(entry), __VA_ARGS__)

/* ---- one line ----------------------------------------------------------------------------- */

static bool is_placeholder(const char *text)
{
	size_t size = strlen(text);

	return strstr(text, "${") || strstr(text, "{{") || strstr(text, "}}") ||
	       (size > 2 && *text == '<' && text[size - 1] == '>');
}

static void remark_on_dropped(const struct remarks *remarks, const struct limits_entry *entry)
{
	const char *nearest = limits_nearest_item(entry->item);

	switch (entry->drop) {
	case LIMITS_DROP_ITEM:
		if (limits_item_code(entry->item) != LIMITS_UNKNOWN)
			REMARK(remarks, entry,
			       "the pam_limits.so of this host does not know item \"%.64s\": the "
			       "line is "
			       "ignored",
			       entry->item);
		else
			REMARK(remarks, entry, "unknown item \"%.64s\"%s%s%s: the line is ignored",
			       entry->item, nearest ? " (did you mean " : "",
			       nearest ? nearest : "", nearest ? "?)" : "");
		break;
	case LIMITS_DROP_TYPE:
		REMARK(remarks, entry,
		       "type \"%.64s\" is none of soft, hard and -: the line is ignored",
		       entry->type);
		break;
	case LIMITS_DROP_VALUE:
		REMARK(remarks, entry, "value \"%.64s\" is no number: the line is ignored",
		       entry->value);
		break;
	case LIMITS_KEPT:
		break;
	}
}

static bool is_word(const char *value)
{
	return !strcmp(value, "-") || !strcmp(value, "-1") || !strcmp(value, "unlimited") ||
	       !strcmp(value, "infinity");
}

/* pam_limits.so takes the digits at the front and forgets the rest. */
static void remark_on_value(const struct remarks *remarks, const struct limits_entry *entry)
{
	const struct limit_row *row = catalog_limit(entry->item);
	const char *value = entry->value;

	if (!row || (is_word(value) && row->resource != RLIMIT_NICE))
		return;
	if (row->resource == RLIMIT_NICE && *value == '-')
		value++;
	size_t digits = strspn(value, "0123456789");
	const char *read_as =
		value_format(remarks->notes->pool, login_unit_value(row, entry->number));
	if (value[digits] || !digits)
		REMARK(remarks, entry, "value \"%.64s\" is read as %s", entry->value, read_as);
	else if (digits > 1 && *value == '0')
		REMARK(remarks, entry, "value \"%.64s\" has leading zeros: read as decimal %s",
		       entry->value, read_as);
}

static void remark_on_ceiling(const struct remarks *remarks, const struct limits_entry *entry)
{
	struct limits_ceiling ceiling = remarks->ceiling;
	const char *effect =
		remarks->context->module.ignores_eperm
			? "the kernel refuses it and a login keeps what it had"
			: "the kernel refuses it and every login that it reaches fails";

	if (entry->code != RLIMIT_NOFILE ||
	    (entry->number == LIMITS_INFINITY && remarks->context->module.caps_nofile) ||
	    (entry->number <= ceiling.now && entry->number <= ceiling.boot))
		return;
	if (!(entry->sides & LIMITS_HARD))
		effect = "it is cut to the hard limit";
	if (ceiling.now == ceiling.boot)
		REMARK(remarks, entry, "nofile %.64s is above fs.nr_open (%" PRIu64 "): %s",
		       entry->value, ceiling.now, effect);
	else
		REMARK(remarks, entry,
		       "nofile %.64s is above fs.nr_open (%" PRIu64 " now, %" PRIu64
		       " after a boot): %s",
		       entry->value, ceiling.now, ceiling.boot, effect);
}

static void remark_on_rule(const struct remarks *remarks, const struct limits_entry *entry)
{
	if (entry->drop) {
		remark_on_dropped(remarks, entry);
		return;
	}
	if (*entry->domain == '%' && entry->code != LIMITS_MAXLOGINS)
		REMARK(remarks, entry,
		       "a domain with %% counts for maxlogins only: the line is ignored");
	remark_on_value(remarks, entry);
	remark_on_ceiling(remarks, entry);
}

static void remark_on_line(const struct remarks *remarks, const struct limits_entry *entry)
{
	if (entry->form == LIMITS_BROKEN || entry->form == LIMITS_UNREAD)
		return;
	if (entry->tail)
		REMARK(remarks, entry,
		       "the end of a line longer than 1023 bytes is read as a line of its own");
	if (!strncmp(entry->domain, "\xef\xbb\xbf", 3)) {
		REMARK(remarks, entry,
		       "begins with a byte order mark: this line is not read as meant");
		return;
	}
	if (is_placeholder(entry->domain) || is_placeholder(entry->item) ||
	    is_placeholder(entry->value)) {
		REMARK(remarks, entry, "looks like a placeholder that nobody replaced: \"%.64s\"",
		       is_placeholder(entry->domain) ? entry->domain
		       : is_placeholder(entry->item) ? entry->item
						     : entry->value);
		return;
	}
	if (entry->form == LIMITS_RULE)
		remark_on_rule(remarks, entry);
	else if (entry->form == LIMITS_BAD_RANGE)
		REMARK(remarks, entry,
		       "domain \"%.64s\" has a ':' but is no range of ids: the line is ignored",
		       entry->domain);
	else if (entry->form == LIMITS_INVALID)
		REMARK(remarks, entry,
		       "has %u field%s where 4 are needed (domain type item value): the line is "
		       "ignored",
		       entry->fields, entry->fields == 1 ? "" : "s");
}

/* ---- names that nobody has ---------------------------------------------------------------- */

static bool names_somebody(const struct limits_entry *entry)
{
	return (entry->form == LIMITS_RULE || entry->form == LIMITS_NO_LIMIT) && !entry->drop &&
	       entry->range != LIMITS_FROM && entry->range != LIMITS_BETWEEN &&
	       strcmp(entry->domain, "*") && strcmp(entry->domain, "%") &&
	       strcmp(entry->domain, "root") && !is_placeholder(entry->domain) &&
	       strncmp(entry->domain, "\xef\xbb\xbf", 3) != 0;
}

static void remark_on_names(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;
	const struct accounts *accounts = &remarks->context->accounts;

	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		bool is_group = *entry->domain == '@' || *entry->domain == '%';
		if (!names_somebody(entry))
			continue;
		login_load_accounts(remarks->context);
		if (!accounts->user_count || accounts->unreadable)
			return;
		if (is_group && !remarks->context->group_of[i])
			REMARK(remarks, entry, "no group \"%.64s\" in /etc/group",
			       entry->domain + 1);
		else if (!is_group && entry->range == LIMITS_NO_RANGE &&
			 !accounts_find(accounts, entry->domain))
			REMARK(remarks, entry, "no user \"%.64s\" in /etc/passwd", entry->domain);
	}
}

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
static void remark_on_subject(const struct remarks *remarks, const struct limits_entry **lines,
			      size_t count)
{
	const struct limits_entry *soft = NULL, *hard = NULL, *same[LIMITS_BOTH + 1] = { NULL };

	for (size_t i = 0; i < count; i++) {
		const struct limits_entry *entry = lines[i], *earlier = same[entry->sides];
		if (earlier && earlier->number != entry->number &&
		    strcmp(entry->file, LIMITS_DROPIN) != 0)
			REMARK(remarks, earlier, "%s %s %s %.64s loses to %s:%u, which says %.64s",
			       earlier->domain, earlier->type, earlier->item, earlier->value,
			       entry->file, entry->line, entry->value);
		same[entry->sides] = entry;
		if (entry->sides & LIMITS_SOFT)
			soft = entry;
		if (entry->sides & LIMITS_HARD)
			hard = entry;
	}
	if (soft && hard && soft->number > hard->number)
		REMARK(remarks, soft, "soft %s %.64s is above hard %.64s (%s:%u) and is cut to it",
		       soft->item, soft->value, hard->value, hard->file, hard->line);
}

static void remark_on_pairs(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;
	const struct limits_entry **lines =
		pool_alloc(remarks->notes->pool, entries->count * sizeof *lines);
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (entries->items[i].form == LIMITS_RULE && !entries->items[i].drop &&
		    entries->items[i].code < RLIM_NLIMITS)
			lines[count++] = &entries->items[i];
	if (count)
		qsort((void *)lines, count, sizeof *lines, by_subject);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && lines[end]->code == lines[i]->code &&
				  !strcmp(lines[end]->domain, lines[i]->domain);)
			end++;
		remark_on_subject(remarks, lines + i, end - i);
	}
}

/* Debian's pam_limits.so does not apply `*` to root, elsewhere it does: limits.conf(5). */
static void remark_on_root(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;
	const struct limits_entry *everybody = NULL;

	if (!remarks->context->module.debian)
		return;
	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		if (entry->form != LIMITS_RULE || entry->drop || entry->code != RLIMIT_NOFILE)
			continue;
		if (!strcmp(entry->domain, "root") ||
		    (entry->range != LIMITS_NO_RANGE && entry->min == 0))
			return;
		if (!strcmp(entry->domain, "*") && strcmp(entry->file, LIMITS_DROPIN) != 0)
			everybody = entry;
	}
	if (everybody)
		REMARK(remarks, everybody,
		       "* does not reach root here: root needs a nofile line of its own");
}

/* ---- files -------------------------------------------------------------------------------- */

static bool is_good(const struct limits_entry *entry)
{
	return entry->form == LIMITS_NO_LIMIT || (entry->form == LIMITS_RULE && !entry->drop);
}

static void remark_on_lines(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;

	for (size_t i = 0, end; i < entries->count; i = end) {
		size_t good = 0;
		for (end = i;
		     end < entries->count && entries->items[end].file == entries->items[i].file;
		     end++)
			good += is_good(&entries->items[end]);
		if (!good && end - i >= FEWEST_FOREIGN_LINES) {
			struct origin origin = { .file = entries->items[i].file };
			notes_add(remarks->notes, NULL, origin,
				  "does not look like limits.conf: none of its %zu lines is a rule",
				  end - i);
			continue;
		}
		for (size_t j = i; j < end; j++)
			remark_on_line(remarks, &entries->items[j]);
	}
}

static void remark_on_file_names(const struct remarks *remarks)
{
	const char *path = remarks->context->module.directory;
	const struct directory *directory = host_directory(remarks->context->host, path);

	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		size_t size = strlen(name);
		if (*name == '.' || !strncmp(name, "README", strlen("README")) ||
		    (size >= 5 && !strcmp(name + size - 5, ".conf")))
			continue;
		struct origin origin = { .file = pool_printf(remarks->notes->pool, "%s/%s", path,
							     name) };
		notes_add(remarks->notes, NULL, origin,
			  "is not read: the name does not end in .conf");
	}
}

/* ---- the host ----------------------------------------------------------------------------- */

/* "CapBnd:	000001ffffffffff", bit 24 is CAP_SYS_RESOURCE (linux/capability.h). */
static bool lacks_sys_resource(struct host *host)
{
	const struct file *file = host_kernel(host, "/proc/1/status");
	const char *line = file->state == FILE_PRESENT ? strstr(file->bytes, "\nCapBnd:") : NULL;
	uint64_t set = 0;

	if (!line)
		return false;
	line += strlen("\nCapBnd:");
	while (isblank((unsigned char)*line))
		line++;
	for (; isxdigit((unsigned char)*line); line++) {
		int digit = isdigit((unsigned char)*line)
				    ? *line - '0'
				    : tolower((unsigned char)*line) - 'a' + 10;
		set = set << 4 | (uint64_t)digit;
	}
	return !(set & UINT64_C(1) << 24);
}

static void remark_on_host(const struct remarks *remarks)
{
	const struct login_context *context = remarks->context;
	const struct origin nowhere = { .file = NULL };

	if (context->depends_on)
		notes_add(remarks->notes, NULL, context->origin,
			  "judged as if %s ran pam_limits.so, but that depends: %s",
			  context->service, context->depends_on);
	if (context->plan == LOGIN_NOT_LIMITED && !context->installed && !context->assumed)
		notes_add(remarks->notes, NULL, nowhere,
			  "pam_limits.so is not installed: limits.conf has no effect");
	if (context->plan == LOGIN_LIMITED && context->assumed)
		notes_add(remarks->notes, NULL, nowhere,
			  "there is no pam_limits.so to look at: judged as %s behaves",
			  context->module.debian ? "Debian's 1.7.0" : "Linux-PAM 1.7.2");
	if (lacks_sys_resource(context->host))
		notes_add(remarks->notes, NULL, nowhere,
			  "pid 1 lacks CAP_SYS_RESOURCE (a container?): a login that raises a hard "
			  "limit is refused here%s",
			  context->module.ignores_eperm ? " and keeps what it had" : "");
}

void limits_add_notes(struct login_context *context, struct limits_ceiling ceiling,
		      const struct setting *const *settings, size_t count, struct notes *notes)
{
	struct remarks remarks = { .context = context, .ceiling = ceiling, .notes = notes };

	remark_on_host(&remarks);
	if (context->plan == LOGIN_LIMITED) {
		remark_on_lines(&remarks);
		remark_on_pairs(&remarks);
		remark_on_root(&remarks);
		remark_on_names(&remarks);
		remark_on_file_names(&remarks);
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(settings[i]->item, "nofile") != 0)
			continue;
		notes_add(
			notes, NULL, (struct origin){ .file = NULL },
			"limits.conf does not reach systemd services: their LimitNOFILE= decides");
		break;
	}
}
