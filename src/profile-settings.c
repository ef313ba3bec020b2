// SPDX-License-Identifier: MIT
/* A whole file: its head, its sections in order, and keeltune.conf. Pure. */
#include "pool.h"
#include "profile-section.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define NAME_LENGTH_MAX 64
#define PARENTS_MAX 64

bool profile_name_is_valid(const char *name)
{
	size_t length = 0;

	for (; name[length]; length++)
		if (!isalnum((unsigned char)name[length]) && !strchr("._-", name[length]))
			return false;
	return length > 0 && length <= NAME_LENGTH_MAX;
}

static void read_sections(struct profile_reader *reader, const struct provider *const *providers,
			  struct profile_text *text)
{
	for (size_t i = 0; i < reader->tree.section_count; i++) {
		const struct profile_section *at = &reader->tree.sections[i];

		if (at->parent != PROFILE_TOP || at->repeated)
			continue;
		for (const struct provider *const *provider = providers; *provider; provider++)
			if (!strcmp((*provider)->section, at->word))
				profile_read_section(reader, *provider, i, text);
	}
}

static void check_format(struct profile_reader *reader)
{
	const struct profile_option *format =
		profile_tree_find(&reader->tree, PROFILE_TOP, "format");

	if (!format)
		profile_complain(reader, 0, "\"format = %d\" is missing", PROFILE_FORMAT);
	else if (strcmp(format->value, "1") != 0)
		profile_complain(reader, format->line, "format: %s found, must be %d",
				 profile_quote(reader->pool, format->value), PROFILE_FORMAT);
}

static void read_header(struct profile_reader *reader, struct profile_text *text)
{
	const struct profile_tree *tree = &reader->tree;
	const struct profile_option *name = profile_tree_find(tree, PROFILE_TOP, "name");
	const struct profile_option *description =
		profile_tree_find(tree, PROFILE_TOP, "description");

	check_format(reader);
	if (!name)
		profile_complain(reader, 0, "\"name = ...\" is missing");
	else if (!profile_name_is_valid(name->value))
		profile_complain(reader, name->line,
				 "name: %s found, must be 1 to %d of A-Z a-z 0-9 . _ -",
				 profile_quote(reader->pool, name->value), NAME_LENGTH_MAX);
	else
		text->name = name->value;
	if (description)
		text->description = description->value;
	for (size_t i = 0; i < tree->option_count; i++) {
		const struct profile_option *entry = &tree->options[i];

		if (entry->section != PROFILE_TOP || strcmp(entry->name, "inherits") != 0)
			continue;
		if (!profile_name_is_valid(entry->value)) {
			profile_complain(
				reader, entry->line,
				"inherits: %s is not the name of a profile (A-Z a-z 0-9 . _ -)",
				profile_quote(reader->pool, entry->value));
			continue;
		}
		if (text->parent_count == PARENTS_MAX) {
			profile_complain(reader, entry->line, "inherits: more than %d profiles",
					 PARENTS_MAX);
			return;
		}
		text->parents = pool_extend(reader->pool, text->parents, text->parent_count,
					    sizeof *text->parents);
		text->parents[text->parent_count++] =
			(struct profile_parent){ entry->value, entry->line };
	}
}

int profile_parse(struct pool *pool, const struct provider *const *providers, const char *file,
		  const char *bytes, size_t size, struct profile_text *ret_text,
		  struct notes *problems)
{
	struct profile_reader reader = { .pool = pool, .problems = problems, .file = file };
	struct profile_text text = { .file = file };

	if (profile_tree_read(pool, providers, file, bytes, size, &reader.tree, problems))
		return -EINVAL;
	reader.failed = reader.tree.failed;
	read_header(&reader, &text);
	read_sections(&reader, providers, &text);
	if (!reader.tree.section_count && !profile_tree_find(&reader.tree, PROFILE_TOP, "inherits"))
		profile_complain(&reader, 0, "this profile has no setting and inherits nothing");
	if (reader.failed)
		return -EINVAL;
	*ret_text = text;
	return 0;
}

int profile_default_names(struct pool *pool, const char *file, const char *bytes, size_t size,
			  const char ***ret_names, size_t *ret_count, struct notes *problems)
{
	struct profile_reader reader = { .pool = pool, .problems = problems, .file = file };
	const char **names = NULL;
	size_t count = 0;

	if (profile_tree_read(pool, NULL, file, bytes, size, &reader.tree, problems))
		return -EINVAL;
	reader.failed = reader.tree.failed;
	check_format(&reader);
	for (size_t i = 0; i < reader.tree.option_count; i++) {
		const struct profile_option *entry = &reader.tree.options[i];

		if (strcmp(entry->name, "profiles") != 0)
			continue;
		if (entry->value[0] != '/' && !profile_name_is_valid(entry->value))
			profile_complain(
				&reader, entry->line,
				"profiles: %s is neither the name of a profile nor an absolute "
				"path",
				profile_quote(pool, entry->value));
		names = pool_extend(pool, names, count, sizeof *names);
		names[count++] = entry->value;
	}
	if (!count)
		profile_complain(&reader, 0, "\"profiles = { ... }\" is missing or empty");
	if (reader.failed)
		return -EINVAL;
	*ret_names = names;
	*ret_count = count;
	return 0;
}
