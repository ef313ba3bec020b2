// SPDX-License-Identifier: MIT
/* One section of a profile, see profile-section.h. What is wrong with a name or a value is its
 * provider's to say; whether the parts of a section fit together is said here. */
#include "profile-section.h"

#include "error.h"
#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One section while it is read. */
struct view {
	struct profile_reader *reader;
	const struct provider *provider;
	size_t section, outer; /* outer: the limits section around an item, else PROFILE_TOP */
	unsigned line;
	const char *label;    /* limits "*" item "nofile" */
	struct setting draft; /* what soft and hard share */
};

void profile_complain(struct profile_reader *reader, unsigned line, const char *format, ...)
{
	struct origin origin = { .file = reader->file, .line = line };
	struct error message;
	va_list args;

	va_start(args, format);
	vsnprintf(message.message, sizeof message.message, format, args);
	va_end(args);
	notes_add(reader->problems, NULL, origin, "%s", message.message);
	reader->failed = true;
}

/* ---- values ------------------------------------------------------------------------------ */

/* Numbers that libconfuse, the kernel or a person would each read differently: 010, 0x10, +10. */
static bool is_odd_number(const char *token, size_t size)
{
	size_t sign = size && (token[0] == '-' || token[0] == '+');
	size_t digits = strspn(token + sign, "0123456789");

	if (sign + 2 < size && token[sign] == '0' && (token[sign + 1] | 0x20) == 'x')
		return strspn(token + sign + 2, "0123456789abcdefABCDEF") >= size - sign - 2;
	return digits && digits + sign >= size &&
	       (token[0] == '+' || (token[sign] == '0' && size - sign > 1));
}

static bool read_value(const struct view *view, const struct profile_option *entry,
		       struct value *ret)
{
	struct profile_reader *reader = view->reader;
	const char *shown = profile_quote(reader->pool, entry->value);
	struct value value = value_parse(reader->pool, entry->value);

	if (value.kind == VALUE_TEXT && !*value.text) {
		profile_complain(reader, entry->line, "%s: %s is empty", view->label, entry->name);
		return false;
	}
	for (const char *p = entry->value; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (!is_odd_number(p, strcspn(p, " ")))
			continue;
		profile_complain(reader, entry->line,
				 "%s: %s %s: numbers are decimal, without 0x, + or a leading 0",
				 view->label, entry->name, shown);
		return false;
	}
	if (value.kind == VALUE_TEXT &&
	    strspn(value.text + (*value.text == '-'), "0123456789") ==
		    strlen(value.text + (*value.text == '-')) &&
	    strcmp(value.text, "-") != 0) {
		profile_complain(reader, entry->line,
				 "%s: %s %s is too large: numbers go up to 18446744073709551615",
				 view->label, entry->name, shown);
		return false;
	}
	*ret = value;
	return true;
}

/* An absent bound stays VALUE_NONE. */
static bool read_bound(const struct view *view, const char *option, struct value *ret)
{
	const struct profile_option *entry =
		profile_tree_find(&view->reader->tree, view->section, option);

	if (!entry)
		return true;
	if (!read_value(view, entry, ret))
		return false;
	if (value_is_ordered(*ret))
		return true;
	profile_complain(view->reader, entry->line, "%s: %s %s: must be a number or unlimited",
			 view->label, option, profile_quote(view->reader->pool, entry->value));
	*ret = (struct value){ .kind = VALUE_NONE };
	return false;
}

/* As libconfuse's cfg_parse_boolean(): 1, 0, or -1 for neither. */
static int parse_truth(const char *text)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (int i = 0; i < 6; i++)
		if (!strcasecmp(text, words[i]))
			return i % 2;
	return -1;
}

/* An option that the section around may set for all its items. */
static const struct profile_option *find_shared(const struct view *view, const char *option)
{
	const struct profile_option *entry =
		profile_tree_find(&view->reader->tree, view->section, option);

	if (!entry && view->outer != PROFILE_TOP)
		entry = profile_tree_find(&view->reader->tree, view->outer, option);
	return entry;
}

/* reason, optional, scope, at_least, at_most. */
static void read_draft(struct view *view)
{
	struct profile_reader *reader = view->reader;
	const struct profile_option *reason = find_shared(view, "reason");
	const struct profile_option *optional = find_shared(view, "optional");
	const struct profile_option *scope = find_shared(view, "scope");
	struct setting *draft = &view->draft;

	draft->provider = view->provider;
	draft->origin = (struct origin){ .file = reader->file, .line = view->line };
	if (reason)
		draft->reason = reason->value;
	if (optional) {
		int truth = parse_truth(optional->value);

		if (truth < 0)
			profile_complain(reader, optional->line,
					 "%s: optional %s: must be true or false", view->label,
					 profile_quote(reader->pool, optional->value));
		draft->optional = truth == 1;
	}
	if (scope) {
		draft->runtime_only = !strcmp(scope->value, "runtime");
		if (!draft->runtime_only && strcmp(scope->value, "both") != 0)
			profile_complain(reader, scope->line,
					 "%s: scope %s: must be \"runtime\" or \"both\"",
					 view->label, profile_quote(reader->pool, scope->value));
		else if (draft->runtime_only && view->provider->files_only)
			profile_complain(
				reader, scope->line,
				"%s: scope \"runtime\": must be \"both\", there is no running "
				"value to set",
				view->label);
	}

	bool good = read_bound(view, "at_least", &draft->at_least);
	if (!read_bound(view, "at_most", &draft->at_most) || !good ||
	    draft->at_least.kind == VALUE_NONE || draft->at_most.kind == VALUE_NONE ||
	    value_compare(draft->at_least, draft->at_most) <= 0)
		return;
	profile_complain(reader, profile_tree_find(&reader->tree, view->section, "at_least")->line,
			 "%s: at_least %s is above at_most %s", view->label,
			 value_format(reader->pool, draft->at_least),
			 value_format(reader->pool, draft->at_most));
	draft->at_least = draft->at_most = (struct value){ .kind = VALUE_NONE };
}

/* ---- settings ---------------------------------------------------------------------------- */

static const char *side_suffix(enum side side)
{
	return side == SIDE_SOFT ? ":soft" : side == SIDE_HARD ? ":hard" : "";
}

static const char *setting_id(struct pool *pool, const struct setting *setting)
{
	return pool_printf(pool, "%s:%s%s%s%s", setting->provider->kind, setting->name,
			   setting->item ? ":" : "", setting->item ? setting->item : "",
			   side_suffix(setting->side));
}

/* Is the wanted value inside its own bounds? When not, the bounds are forgotten, so that the
 * provider can still find what else is wrong. */
static bool check_bounds(const struct view *view, const struct profile_option *entry,
			 struct setting *setting)
{
	struct profile_reader *reader = view->reader;
	bool low = setting->at_least.kind != VALUE_NONE, high = setting->at_most.kind != VALUE_NONE;
	const char *want = value_format(reader->pool, setting->want);

	if (!low && !high)
		return true;
	if (!value_is_ordered(setting->want))
		profile_complain(
			reader, entry->line,
			"%s: %s %s: with at_least or at_most it must be one number or unlimited",
			view->label, entry->name, profile_quote(reader->pool, want));
	else if (low && value_compare(setting->want, setting->at_least) < 0)
		profile_complain(reader, entry->line, "%s: %s %s is below at_least %s", view->label,
				 entry->name, want, value_format(reader->pool, setting->at_least));
	else if (high && value_compare(setting->want, setting->at_most) > 0)
		profile_complain(reader, entry->line, "%s: %s %s is above at_most %s", view->label,
				 entry->name, want, value_format(reader->pool, setting->at_most));
	else
		return true;
	setting->at_least = setting->at_most = (struct value){ .kind = VALUE_NONE };
	return false;
}

/* The provider's objection to SETTING, or NULL. */
static const char *ask_provider(struct pool *pool, struct setting *setting)
{
	struct error err = { .code = 0 };

	if (!setting->provider->check(pool, setting, &err))
		return NULL;
	return pool_strdup(pool, err.message);
}

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Which line OBJECTION to SETTING is about: a provider does not know lines, but what it says when
 * one part is changed tells. */
static unsigned find_culprit(const struct view *view, const struct profile_option *entry,
			     const struct setting *setting, const char *objection)
{
	const struct profile_tree *tree = &view->reader->tree;
	const struct profile_option *least = profile_tree_find(tree, view->section, "at_least");
	const struct profile_option *most = profile_tree_find(tree, view->section, "at_most");
	struct pool *pool = view->reader->pool;
	struct setting other = *setting;

	other.at_least = other.at_most = (struct value){ .kind = VALUE_NONE };
	if (!ask_provider(pool, &other)) {
		if (!least || !most)
			return least ? least->line : most ? most->line : entry->line;
		other = *setting;
		other.at_most = (struct value){ .kind = VALUE_NONE };
		return ask_provider(pool, &other) ? least->line : most->line;
	}
	other = *setting;
	other.want = value_text("?");
	if (view->provider->form == SECTION_MODULE)
		other.item = "?";
	if (!is_same(ask_provider(pool, &other), objection))
		return entry->line;
	other.item = "?";
	return view->outer != PROFILE_TOP && is_same(ask_provider(pool, &other), objection)
		       ? tree->sections[view->outer].line
		       : view->line;
}

/* Checks SETTING, whose value was read from ENTRY. */
static bool check_setting(const struct view *view, const struct profile_option *entry,
			  struct setting *setting)
{
	struct pool *pool = view->reader->pool;
	bool inside = check_bounds(view, entry, setting);
	bool exact = setting->at_least.kind == VALUE_NONE && setting->at_most.kind == VALUE_NONE;

	setting->id = setting_id(pool, setting);
	const struct setting before = *setting;
	const char *objection = ask_provider(pool, setting);
	if (objection) {
		profile_complain(view->reader, find_culprit(view, entry, &before, objection),
				 "%s: %s", view->label, objection);
		return false;
	}
	if (inside && !setting_accepts(setting, setting->want)) {
		profile_complain(view->reader, entry->line, "%s: %s %s is outside %s..%s",
				 view->label, entry->name, value_format(pool, setting->want),
				 value_format(pool, setting->min),
				 value_format(pool, setting->max));
		return false;
	}
	if (exact && value_is_ordered(setting->want))
		setting->min = setting->max = setting->want;
	setting->id = setting_id(pool, setting);
	return inside;
}

static void add_setting(const struct view *view, struct profile_text *text,
			const struct setting *setting)
{
	struct profile_reader *reader = view->reader;

	/* The scan found equal titles; two spellings of one name are equal only after the check. */
	for (size_t i = 0; i < text->count; i++)
		if (!strcmp(text->settings[i].id, setting->id)) {
			profile_complain(reader, view->line,
					 "%s: %s is set twice, first in line %u", view->label,
					 setting->id, text->settings[i].origin.line);
			return;
		}
	text->settings =
		pool_extend(reader->pool, text->settings, text->count, sizeof *text->settings);
	text->settings[text->count++] = *setting;
}

static void read_single(struct view *view, const char *title, struct profile_text *text)
{
	struct profile_reader *reader = view->reader;
	bool module = view->provider->form == SECTION_MODULE;
	const char *option = module ? "module" : "value";
	const struct profile_option *entry =
		profile_tree_find(&reader->tree, view->section, option);
	struct setting setting;

	read_draft(view);
	setting = view->draft;
	setting.name = title;
	if (!entry) {
		profile_complain(reader, view->line, "%s: %s is missing", view->label, option);
		return;
	}
	if (!read_value(view, entry, &setting.want))
		return;
	if (module) {
		size_t length = strlen(entry->value);

		if (length > 3 && !strcmp(entry->value + length - 3, ".so"))
			length -= 3;
		setting.item = pool_copy(reader->pool, entry->value, length);
	}
	if (check_setting(view, entry, &setting))
		add_setting(view, text, &setting);
}

static void read_item(struct view *view, const char *title, const char *item,
		      struct profile_text *text)
{
	struct profile_reader *reader = view->reader;
	const struct profile_option *const entries[2] = {
		profile_tree_find(&reader->tree, view->section, "soft"),
		profile_tree_find(&reader->tree, view->section, "hard")
	};
	struct setting settings[2];
	bool good[2] = { false, false };

	read_draft(view);
	if (!entries[0] && !entries[1])
		profile_complain(reader, view->line, "%s: soft and hard are missing", view->label);
	for (int i = 0; i < 2; i++) {
		struct setting *setting = &settings[i];

		*setting = view->draft;
		setting->name = title;
		setting->item = item;
		setting->side = i ? SIDE_HARD : SIDE_SOFT;
		good[i] = entries[i] && read_value(view, entries[i], &setting->want) &&
			  check_setting(view, entries[i], setting);
	}
	if (good[0] && good[1] && value_is_ordered(settings[0].want) &&
	    value_is_ordered(settings[1].want) &&
	    value_compare(settings[0].want, settings[1].want) > 0)
		profile_complain(reader, entries[0]->line, "%s: soft %s is above hard %s",
				 view->label, value_format(reader->pool, settings[0].want),
				 value_format(reader->pool, settings[1].want));
	for (int i = 0; i < 2; i++)
		if (good[i])
			add_setting(view, text, &settings[i]);
}

static void read_items(const struct view *outer, const char *title, struct profile_text *text)
{
	struct profile_reader *reader = outer->reader;
	bool any = false;

	for (size_t i = outer->section + 1; i < reader->tree.section_count; i++) {
		const struct profile_section *at = &reader->tree.sections[i];
		struct view view = *outer;

		if (at->parent != outer->section || at->repeated)
			continue;
		any = true;
		view.section = i;
		view.outer = outer->section;
		view.line = at->line;
		view.label = pool_printf(reader->pool, "%s item %s", outer->label,
					 profile_quote(reader->pool, at->title));
		read_item(&view, title, at->title, text);
	}
	if (!any)
		profile_complain(reader, outer->line, "%s: it has no item", outer->label);
}

void profile_read_section(struct profile_reader *reader, const struct provider *provider,
			  size_t section, struct profile_text *text)
{
	const struct profile_section *at = &reader->tree.sections[section];
	struct view view = {
		.reader = reader,
		.provider = provider,
		.section = section,
		.outer = PROFILE_TOP,
		.line = at->line,
		.label = pool_printf(reader->pool, "%s %s", at->word,
				     profile_quote(reader->pool, at->title)),
	};

	if (!*at->title)
		profile_complain(reader, at->line, "%s: its name is empty", view.label);
	else if (provider->form == SECTION_ITEMS)
		read_items(&view, at->title, text);
	else
		read_single(&view, at->title, text);
}
