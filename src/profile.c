// SPDX-License-Identifier: MIT
/* The only user of libconfuse: it decides what the text of a profile says, and which names are
 * known where. Lines come from its parse callback and from profile-scan.c. Judges no value. */
#include "cleanup.h"
#include "pool.h"
#include "profile-tree.h"
#include "text.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One value as libconfuse handed it over. */
struct entry {
	const cfg_t *section;
	struct profile_option option;
};

struct reader {
	void *sink; /* stays NULL; first, see reader_of() */
	struct pool *pool;
	struct entry *entries;
	size_t count;
	unsigned error_line;
	const char *error; /* of libconfuse, with what is allowed */
};

/* libconfuse gives its callbacks no user pointer. An option with a "simple value" knows the address
 * its result goes to: the sink, which is the first member of the reader. */
static struct reader *reader_of(const cfg_opt_t *option)
{
	return (struct reader *)(void *)option->simple_value.ptr;
}

static int record_value(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
	struct reader *reader = reader_of(option);
	struct pool *pool = reader->pool;

	reader->entries =
		pool_extend(pool, reader->entries, reader->count, sizeof *reader->entries);
	reader->entries[reader->count++] = (struct entry){
		.section = section,
		.option.name = pool_strdup(pool, option->name),
		.option.value = pool_strdup(pool, value),
		.option.line = (unsigned)section->line,
	};
	*(void **)result = NULL;
	return 0;
}

static void record_error(cfg_t *section, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Every section has a recording option. */
static void record_error(cfg_t *section, const char *format, va_list args)
{
	const cfg_opt_t *option = section->opts;
	const char *allowed = "", *where = "";
	char message[512];

	while (!option->simple_value.ptr)
		option++;
	struct reader *reader = reader_of(option);

	if (reader->error)
		return;
	vsnprintf(message, sizeof message, format, args);
	if (!strncmp(message, "no such option", strlen("no such option"))) {
		for (option = section->opts; option->name; option++)
			allowed = pool_printf(reader->pool, "%s%s%s", allowed,
					      *allowed ? ", " : "; allowed here: ", option->name);
	}
	if (section->title)
		where = pool_printf(reader->pool, "%s %s: ", section->name,
				    profile_quote(reader->pool, section->title));
	reader->error = pool_printf(reader->pool, "%s%s%s", where, message, allowed);
	reader->error_line = (unsigned)section->line;
}

/* ---- the grammar ------------------------------------------------------------------------- */

/* NAMES up to NULL become recording options; behind them is room for MORE. */
static cfg_opt_t *make_options(struct reader *reader, const char *const *names, size_t more)
{
	size_t count = 0;

	while (names[count])
		count++;
	cfg_opt_t *options = pool_alloc(reader->pool, (count + more + 1) * sizeof *options);
	cfg_opt_t *option = options;
	for (const char *const *name = names; *name; name++, option++) {
		*option = (cfg_opt_t)CFG_PTR_CB(*name, NULL, CFGF_NODEFAULT, record_value, NULL);
		option->simple_value.ptr = &reader->sink;
		if (!strcmp(*name, "inherits") || !strcmp(*name, "profiles"))
			option->flags |= CFGF_LIST;
	}
	return options;
}

static cfg_opt_t make_section(const char *word, cfg_opt_t *options)
{
	return (cfg_opt_t)CFG_SEC(word, options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
}

static cfg_opt_t *section_options(struct reader *reader, enum section_form form)
{
	static const char *const value[] = { "value",    "at_least", "at_most", "reason",
					     "optional", "scope",    NULL };
	static const char *const items[] = { "reason", "optional", "scope", NULL };
	static const char *const item[] = { "soft",   "hard",     "at_least", "at_most",
					    "reason", "optional", "scope",    NULL };
	static const char *const module[] = { "module", "reason", "optional", NULL };

	switch (form) {
	case SECTION_VALUE:
		return make_options(reader, value, 0);
	case SECTION_MODULE:
		return make_options(reader, module, 0);
	case SECTION_ITEMS:
		break;
	}
	cfg_opt_t *options = make_options(reader, items, 1);
	options[3] = make_section("item", make_options(reader, item, 0));
	return options;
}

static cfg_opt_t *file_options(struct reader *reader, const struct provider *const *providers)
{
	static const char *const profile[] = { "format", "name", "description", "inherits", NULL };
	static const char *const defaults[] = { "format", "profiles", NULL };
	size_t count = 0;

	if (!providers)
		return make_options(reader, defaults, 0);
	while (providers[count])
		count++;
	cfg_opt_t *options = make_options(reader, profile, count);
	for (size_t i = 0; i < count; i++)
		options[4 + i] = make_section(providers[i]->section,
					      section_options(reader, providers[i]->form));
	return options;
}

/* ---- from libconfuse to the tree --------------------------------------------------------- */

static void cleanup_cfg(cfg_t **cfg)
{
	if (*cfg)
		cfg_free(*cfg);
}

/* Gives every entry the index of its section. The titles are unique: the scan blanked the others.
 */
static void make_tree(struct reader *reader, cfg_t *root, const struct profile_scan *scan,
		      struct profile_tree *tree)
{
	cfg_t **sections = pool_alloc(reader->pool, scan->count * sizeof *sections);

	for (size_t i = 0; i < scan->count; i++) {
		const struct profile_section *at = &scan->sections[i];
		cfg_t *parent = at->parent == PROFILE_TOP ? root : sections[at->parent];

		if (parent && !at->repeated)
			sections[i] = cfg_gettsec(parent, at->word, at->title);
	}
	tree->options = pool_alloc(reader->pool, reader->count * sizeof *tree->options);
	tree->option_count = reader->count;
	for (size_t i = 0; i < reader->count; i++) {
		size_t section = 0;

		while (section < scan->count && sections[section] != reader->entries[i].section)
			section++;
		tree->options[i] = reader->entries[i].option;
		tree->options[i].section = section < scan->count ? section : PROFILE_TOP;
	}
}

/* A newer format may well contain what we do not know, so this is looked at before the errors. */
static const struct profile_option *newer_format(const struct reader *reader, const cfg_t *root)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct profile_option *option = &reader->entries[i].option;
		uint64_t number;

		if (reader->entries[i].section == root && !strcmp(option->name, "format"))
			return parse_decimal(option->value, UINT64_MAX, &number) &&
					       number > PROFILE_FORMAT
				       ? option
				       : NULL;
	}
	return NULL;
}

int profile_tree_read(struct pool *pool, const struct provider *const *providers, const char *file,
		      const char *bytes, size_t size, struct profile_tree *ret_tree,
		      struct notes *problems)
{
	struct profile_scan scan;
	struct reader reader = { .pool = pool };
	struct origin origin = { .file = file };
	int r = 0;

	if (profile_scan(pool, file, bytes, size, &scan, problems))
		return -EINVAL;

	/* libconfuse does not survive a failed allocation, nor can it be freed after one. */
	pool_require((64u << 10) + 16 * size);
	errno = 0;
	__attribute__((cleanup(cleanup_cfg))) cfg_t *root =
		cfg_init(file_options(&reader, providers), CFGF_NONE);
	autofile FILE *stream = size ? fmemopen(scan.text, size, "r") : NULL;

	if (!root || (size && !stream))
		pool_exhausted();
	cfg_set_error_function(root, record_error);
	if (stream) /* an empty file has no memory to open */
		r = cfg_parse_fp(root, stream);
	if (r && errno == ENOMEM)
		pool_exhausted();

	const struct profile_option *format = newer_format(&reader, root);
	if (format || r) {
		origin.line = format ? format->line : reader.error_line;
		if (format)
			notes_add(problems, NULL, origin,
				  "format %s is newer than this keeltune, which reads format %d: "
				  "upgrade keeltune",
				  format->value, PROFILE_FORMAT);
		else
			notes_add(problems, NULL, origin, "%s",
				  reader.error ? reader.error : "syntax error");
		return -EINVAL;
	}
	*ret_tree = (struct profile_tree){ .sections = scan.sections,
					   .section_count = scan.count,
					   .failed = scan.failed };
	make_tree(&reader, root, &scan, ret_tree);
	return 0;
}

const struct profile_option *profile_tree_find(const struct profile_tree *tree, size_t section,
					       const char *name)
{
	for (size_t i = 0; i < tree->option_count; i++)
		if (tree->options[i].section == section && !strcmp(tree->options[i].name, name))
			return &tree->options[i];
	return NULL;
}
