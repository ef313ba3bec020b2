// SPDX-License-Identifier: MIT
/* Remarks on what limits.conf says: files that are none, names that nobody has, and what the host
 * makes of it all. Single lines are limits-line-notes.c's business, lines that stand in each
 * other's way limits-pair-notes.c's. Judges nothing. */
#include "provider-limits.h"

#include "host.h"
#include "pool.h"
#include "process.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

#define FEWEST_FOREIGN_LINES 3

struct remarks {
	struct login_context *context;
	struct limits_ceiling ceiling;
	struct notes *notes;
};

#define REMARK(remarks, entry, ...) \
	notes_add((remarks)->notes, NULL, limits_origin(entry), __VA_ARGS__)

/* ---- names that nobody has ---------------------------------------------------------------- */

static bool names_somebody(const struct limits_entry *entry)
{
	return (entry->form == LIMITS_RULE || entry->form == LIMITS_NO_LIMIT) && !entry->drop &&
	       entry->range != LIMITS_FROM && entry->range != LIMITS_BETWEEN &&
	       strcmp(entry->domain, "*") && strcmp(entry->domain, "%") &&
	       strcmp(entry->domain, "root") && !limits_is_placeholder(entry) &&
	       strncmp(entry->domain, "\xef\xbb\xbf", 3) != 0;
}

/* YOUR_USER, username: what manuals write where a name belongs. */
static bool is_stand_in(const char *name)
{
	static const char *const words[] = { "user",     "username",  "yourname", "login",
					     "account",  "group",     "name",     "domain",
					     "someuser", "groupname", "myuser",   "xxx",
					     "changeme" };
	char plain[32];
	size_t size = 0;

	for (; *name && size + 1 < sizeof plain; name++)
		if (isalnum((unsigned char)*name))
			plain[size++] = (char)tolower((unsigned char)*name);
	plain[size] = '\0';
	if (*name)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(plain, words[i]) ||
		    (!strncmp(plain, "your", 4) && !strcmp(plain + 4, words[i])))
			return true;
	return false;
}

static const char *why_nobody(const struct limits_entry *entry, bool is_group)
{
	const char *name = entry->domain + is_group;

	if (is_stand_in(name))
		return ": a placeholder that nobody replaced?";
	if (!is_group && !entry->domain[strspn(entry->domain, "0123456789")])
		return ": a number is a name here, an id is written with a colon";
	if (strpbrk(name, "*?!"))
		return ": a domain is a name, not a pattern";
	if (strchr(name, ','))
		return ": a domain is one name, not a list";
	return "";
}

static bool is_nobody(const struct remarks *remarks, size_t index)
{
	const struct limits_entry *entry = &remarks->context->entries.items[index];

	if (!names_somebody(entry))
		return false;
	if (*entry->domain == '@' || *entry->domain == '%')
		return !remarks->context->group_of[index];
	return entry->range == LIMITS_NO_RANGE &&
	       !accounts_find(&remarks->context->accounts, entry->domain);
}

/* One note for each name, at its first line. */
static void remark_on_names(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;
	const struct accounts *accounts = &remarks->context->accounts;
	const struct limits_entry **nobody =
		pool_alloc(remarks->notes->pool, entries->count * sizeof *nobody);
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		bool is_group = *entry->domain == '@' || *entry->domain == '%';
		size_t known = 0;
		if (!names_somebody(entry))
			continue;
		login_load_accounts(remarks->context);
		if (!accounts->user_count || accounts->unreadable)
			return;
		if (!is_nobody(remarks, i))
			continue;
		while (known < count && strcmp(nobody[known]->domain, entry->domain) != 0)
			known++;
		if (known < count)
			continue;
		nobody[count++] = entry;
		REMARK(remarks, entry, "no %s \"%.64s\" in /etc/%s%s", is_group ? "group" : "user",
		       entry->domain + is_group, is_group ? "group" : "passwd",
		       why_nobody(entry, is_group));
	}
}

/* ---- files -------------------------------------------------------------------------------- */

bool limits_is_rule(const struct limits_entry *entry)
{
	return entry->form == LIMITS_NO_LIMIT || (entry->form == LIMITS_RULE && !entry->drop);
}

static void remark_on_lines(const struct remarks *remarks)
{
	const struct limits_entries *entries = &remarks->context->entries;

	for (size_t i = 0, end; i < entries->count; i = end) {
		const char *kind = NULL;
		size_t good = 0;
		for (end = i;
		     end < entries->count && entries->items[end].file == entries->items[i].file;
		     end++) {
			good += limits_is_rule(&entries->items[end]);
			kind = kind ? kind : limits_looks_like(&entries->items[end]);
		}
		if (!good && end - i >= FEWEST_FOREIGN_LINES) {
			struct origin origin = { .file = entries->items[i].file };
			notes_add(remarks->notes, NULL, origin,
				  "does not look like limits.conf%s%s: none of its %zu lines is a "
				  "rule",
				  kind ? ", rather like " : "", kind ? kind : "", end - i);
			continue;
		}
		for (size_t j = i; j < end; j++)
			limits_note_line(&entries->items[j], &remarks->context->module,
					 remarks->ceiling, remarks->notes);
	}
}

static void remark_on_file_names(const struct remarks *remarks)
{
	const char *path = remarks->context->module.directory;
	const struct directory *directory = host_directory(remarks->context->host, path);

	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		bool conf = ends_with(name, ".conf");
		if ((*name == '.') != conf || !strncmp(name, "README", strlen("README")))
			continue;
		struct origin origin = { .file = pool_printf(remarks->notes->pool, "%s/%s", path,
							     name) };
		notes_add(remarks->notes, NULL, origin, "is not read: the name %s",
			  conf ? "begins with a dot" : "does not end in .conf");
	}
}

/* ---- the host ----------------------------------------------------------------------------- */

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
	if (process_first_is_bounded(context->host))
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
		remark_on_names(&remarks);
		limits_note_pairs(context, notes);
		remark_on_file_names(&remarks);
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(settings[i]->item, "nofile") != 0)
			continue;
		notes_add(notes, NULL, (struct origin){ .file = NULL },
			  "limits.conf does not reach systemd services: their LimitNOFILE= decides "
			  "(keeltune explain UNIT)");
		break;
	}
}
