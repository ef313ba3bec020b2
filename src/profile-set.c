// SPDX-License-Identifier: MIT
/* From the names of profiles to one set of settings: resolves inheritance, lets profile-combine.c
 * combine, and lists what there is. */
#include "intern.h"
#include "pool.h"
#include "profile-combine.h"
#include "profile-find.h"
#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define LINEAGE_MAX 256

/* A file that was read, good or bad. */
struct loaded {
	const char *file;
	const char *bytes;
	size_t size;
	struct profile_text text;
	struct loaded **parents; /* those that were looked up */
	int r;
};

/* The profiles of one argument: each once, parents before children. */
struct lineage {
	struct loaded **members;
	size_t count;
};

/* A step down from a profile to the parent that it names. */
struct step {
	const struct loaded *child;
	unsigned line;
};

struct loader {
	struct pool *pool;
	const struct provider *const *providers;
	const struct profile_path *path;
	uid_t trusted_uid;
	struct notes *problems;
	struct intern *names;  /* of the files */
	struct loaded **files; /* by the number of the name */
	size_t file_count;
	struct step steps[DEPTH_MAX];
	size_t depth;
};

/* Reads FILE unless it was read before. Never NULL; ->r says whether it is good. */
static struct loaded *load_file(struct loader *loader, const char *file)
{
	uint32_t number = intern_add(loader->names, file, strlen(file));

	if (number < loader->file_count)
		return loader->files[number];
	struct loaded *loaded = pool_alloc(loader->pool, sizeof *loaded);
	loaded->file = file;
	loaded->r = profile_read(loader->path, file, loader->trusted_uid, &loaded->bytes,
				 &loaded->size, loader->problems);
	if (!loaded->r)
		loaded->r = profile_parse(loader->pool, loader->providers, file, loaded->bytes,
					  loaded->size, &loaded->text, loader->problems);
	loader->files =
		pool_extend(loader->pool, loader->files, loader->file_count, sizeof *loader->files);
	loader->files[loader->file_count++] = loaded;
	loaded->parents =
		pool_alloc(loader->pool, loaded->text.parent_count * sizeof(struct loaded *));
	return loaded;
}

/* ---- inheritance ------------------------------------------------------------------------- */

static int say_cycle(struct loader *loader, const struct loaded *again)
{
	const struct step *last = &loader->steps[loader->depth - 1];
	struct origin origin = { .file = last->child->file, .line = last->line };
	const char *chain = "";
	size_t i = 0;

	while (loader->steps[i].child != again)
		i++;
	for (; i < loader->depth; i++)
		chain = pool_printf(loader->pool, "%s\"%s\" (%s:%u) -> ", chain,
				    loader->steps[i].child->text.name, loader->steps[i].child->file,
				    loader->steps[i].line);
	notes_add(loader->problems, NULL, origin, "profiles inherit in a circle: %s\"%s\"", chain,
		  again->text.name);
	return -EINVAL;
}

static int walk(struct loader *loader, struct loaded *loaded, struct lineage *lineage);

/* What the parent at INDEX of CHILD is in. */
static int find_parent(struct loader *loader, struct loaded *child, size_t index,
		       struct loaded **ret)
{
	const struct profile_parent *parent = &child->text.parents[index];
	struct origin origin = { .file = child->file, .line = parent->line };
	const char *file;

	if (!child->parents[index]) {
		int r = profile_find(loader->path, parent->name, origin, &file, loader->problems);
		if (r)
			return r;
		child->parents[index] = load_file(loader, file);
	}
	*ret = child->parents[index];
	return 0;
}

static int walk_parent(struct loader *loader, struct loaded *child, size_t index,
		       struct lineage *lineage)
{
	struct loaded *loaded;
	int r = find_parent(loader, child, index, &loaded);

	if (r)
		return r;
	for (size_t i = 0; i < loader->depth; i++)
		if (loader->steps[i].child == loaded)
			return say_cycle(loader, loaded);
	return walk(loader, loaded, lineage);
}

static int refuse_lineage(struct loader *loader, const struct loaded *loaded, const char *why)
{
	notes_add(loader->problems, NULL, (struct origin){ .file = loaded->file }, "%s", why);
	return -EINVAL;
}

/* Adds LOADED behind its ancestors. Goes on after an error, to report all of them. */
static int walk(struct loader *loader, struct loaded *loaded, struct lineage *lineage)
{
	const struct profile_text *text = &loaded->text;
	int result = loaded->r;

	for (size_t i = 0; i < lineage->count; i++)
		if (lineage->members[i] == loaded)
			return result;
	if (loader->depth == DEPTH_MAX)
		return refuse_lineage(loader, loaded, "inherited over more than 32 steps");
	if (lineage->count == LINEAGE_MAX)
		return refuse_lineage(loader, loaded, "one of more than 256 profiles inherited");
	for (size_t i = 0; i < text->parent_count; i++) {
		loader->steps[loader->depth++] = (struct step){ loaded, text->parents[i].line };
		int r = walk_parent(loader, loaded, i, lineage);
		loader->depth--;
		if (!result)
			result = r;
	}
	lineage->members = pool_extend(loader->pool, lineage->members, lineage->count,
				       sizeof *lineage->members);
	lineage->members[lineage->count++] = loaded;
	return result;
}

/* Adds COUNT settings of one subject; those of the same subject go, and leave their place. */
static void replace(struct pool *pool, struct profile_layer *all, const struct setting *fresh,
		    size_t count)
{
	size_t kept = 0, place = SIZE_MAX;

	for (size_t i = 0; i < all->count; i++) {
		if (profile_same_subject(&all->settings[i], fresh)) {
			if (place == SIZE_MAX)
				place = kept;
			continue;
		}
		all->settings[kept++] = all->settings[i];
	}
	if (place == SIZE_MAX)
		place = kept;
	all->count = kept;
	for (size_t i = 0; i < count; i++) {
		all->settings = pool_extend(pool, all->settings, all->count, sizeof *all->settings);
		all->count++;
	}
	memmove(all->settings + place + count, all->settings + place,
		(kept - place) * sizeof *all->settings);
	memcpy(all->settings + place, fresh, count * sizeof *fresh);
}

static struct profile_layer merge_lineage(struct pool *pool, const struct lineage *lineage)
{
	struct profile_layer all = { .settings = NULL };

	for (size_t i = 0; i < lineage->count; i++) {
		const struct profile_text *text = &lineage->members[i]->text;
		size_t count;

		for (size_t j = 0; j < text->count; j += count) {
			const struct setting *first = &text->settings[j];

			for (count = 1; j + count < text->count; count++)
				if (!profile_same_subject(first, first + count))
					break;
			replace(pool, &all, first, count);
		}
	}
	return all;
}

/* ---- the interface ----------------------------------------------------------------------- */

static int load_argument(struct loader *loader, const char *name,
			 struct profile_layer *ret_settings, const struct profile_text **ret_text,
			 struct profile_set *set)
{
	struct lineage lineage = { .members = NULL };
	const struct origin nowhere = { .file = NULL };
	const char *file = name;
	int r = strchr(name, '/')
			? 0
			: profile_find(loader->path, name, nowhere, &file, loader->problems);
	if (r)
		return r;

	struct loaded *loaded = load_file(loader, file);
	r = walk(loader, loaded, &lineage);
	if (r)
		return r;
	*ret_settings = merge_lineage(loader->pool, &lineage);
	*ret_text = &loaded->text;
	for (size_t i = 0; i < lineage.count; i++) {
		const struct loaded *member = lineage.members[i];

		size_t known = 0;

		while (known < set->source_count && set->sources[known].file != member->file)
			known++;
		if (known < set->source_count)
			continue;
		set->sources = pool_extend(loader->pool, set->sources, set->source_count,
					   sizeof *set->sources);
		set->sources[set->source_count++] =
			(struct profile_source){ member->text.name, member->file, member->bytes,
						 member->size };
	}
	return 0;
}

int profile_load(struct pool *pool, const struct provider *const *providers,
		 const struct profile_path *path, const char *const *names, size_t count,
		 uid_t trusted_uid, struct profile_set *ret_set, struct notes *problems)
{
	struct loader loader = { .pool = pool,
				 .providers = providers,
				 .path = path,
				 .names = intern_new(pool),
				 .trusted_uid = trusted_uid,
				 .problems = problems };
	struct profile_layer *profiles = pool_alloc(pool, count * sizeof *profiles), all;
	struct profile_set set = { .names = "" };
	const struct profile_text *text = NULL;
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		int r = load_argument(&loader, names[i], &profiles[i], &text, &set);

		if (r) {
			result = result ? result : r;
			continue;
		}
		set.names = pool_printf(pool, "%s%s%s", set.names, *set.names ? "+" : "",
					strchr(names[i], '/') ? text->name : names[i]);
		set.description = text->description;
	}
	intern_free(loader.names);
	if (!result)
		result = profile_combine(pool, profiles, count, &all, problems);
	if (result)
		return result;
	set.settings = all.settings;
	set.count = all.count;
	*ret_set = set;
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct profile_entry *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : left->hidden - right->hidden;
}

void profile_list(struct pool *pool, const struct provider *const *providers,
		  const struct profile_path *path, struct profile_entry **ret_entries,
		  size_t *ret_count)
{
	struct notes ignored = { .pool = pool };
	struct loader loader = { .pool = pool,
				 .providers = providers,
				 .path = path,
				 .names = intern_new(pool),
				 .trusted_uid = (uid_t)-1,
				 .problems = &ignored };
	struct profile_entry *entries = NULL;
	size_t count = 0;

	for (size_t i = 0; i < PROFILE_DIRECTORIES; i++) {
		const char **names = NULL;
		size_t name_count = 0, earlier = count;

		if (!path->directory[i])
			continue;
		profile_list_directory(pool, path, i, &names, &name_count);
		for (size_t j = 0; j < name_count; j++) {
			struct profile_entry entry = { .name = names[j] };

			for (size_t k = 0; k < earlier && !entry.hidden; k++)
				entry.hidden = !strcmp(entries[k].name, names[j]);
			entry.file = pool_printf(pool, "%s/%s.conf", path->directory[i], names[j]);
			struct lineage lineage = { .members = NULL };
			struct loaded *loaded = load_file(&loader, entry.file);
			if (!walk(&loader, loaded, &lineage))
				entry.description =
					loaded->text.description ? loaded->text.description : "";
			entries = pool_extend(pool, entries, count, sizeof *entries);
			entries[count++] = entry;
		}
	}
	intern_free(loader.names);
	if (count)
		qsort(entries, count, sizeof *entries, compare_entries);
	*ret_entries = entries;
	*ret_count = count;
}
