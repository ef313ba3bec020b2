// SPDX-License-Identifier: MIT
/* What one line of a sysctl file means to an engine: which wanted key it names or finds, and how it
 * is remembered. Pure but for the place of a file. */
#include "boot-run.h"
#include "pool.h"

#include <string.h>

struct origin boot_entry_origin(struct boot_run *boot, const struct boot_entry *entry)
{
	return (struct origin){ .file = boot_file_source(boot->host, entry->file),
				.line = entry->line };
}

const char *boot_entry_place(struct boot_run *boot, const struct boot_entry *entry)
{
	return pool_printf(boot->pool, "%s:%u", boot_file_source(boot->host, entry->file),
			   entry->line);
}

bool boot_spell(const struct boot_run *boot, const struct sysctl_line *line,
		char text[SYSCTL_PATH_MAX])
{
	if (line->name_size >= SYSCTL_PATH_MAX)
		return false;
	memcpy(text, line->name, line->name_size);
	text[line->name_size] = '\0';
	if (boot->engine != ENGINE_BUSYBOX)
		sysctl_swap(text);
	if (boot->engine == ENGINE_SYSTEMD)
		sysctl_simplify(text);
	return true;
}

/* Without the separators that some engines forgive at the end. */
static size_t size_of_name(const struct sysctl_line *line)
{
	size_t size = line->name_size;

	while (size && (line->name[size - 1] == '.' || line->name[size - 1] == '/'))
		size--;
	return size;
}

static bool ends_with(const struct sysctl_line *line, size_t size, const struct boot_target *target)
{
	const size_t tail = target->tail_size;

	return !tail || (size >= tail && line->name[size - 1] == target->tail[tail - 1] &&
			 !memcmp(line->name + size - tail, target->tail, tail));
}

bool boot_ends_alike(const struct sysctl_line *line, const struct boot_target *target)
{
	return ends_with(line, size_of_name(line), target);
}

bool boot_may_concern(const struct boot_run *boot, const struct sysctl_line *line)
{
	const size_t size = size_of_name(line);

	for (size_t i = 0; i < boot->target_count; i++)
		if (ends_with(line, size, &boot->targets[i]))
			return true;
	for (size_t i = 0; i < line->name_size; i++)
		if (line->name[i] == '*' || line->name[i] == '?' || line->name[i] == '[')
			return true;
	return false;
}

bool boot_names_key(const struct boot_run *boot, const char *text, const struct boot_target *target)
{
	if (boot->engine == ENGINE_SYSTEMD)
		return !strcmp(text, target->path);
	if (boot->engine != ENGINE_BUSYBOX)
		return sysctl_path_leads_to(text, target->path, false);

	char name[SYSCTL_PATH_MAX];
	memcpy(name, text, strlen(text) + 1);
	sysctl_probe(name, target->path);
	return sysctl_path_leads_to(name, target->path, true);
}

static bool has_parent_part(const char *text)
{
	for (const char *p = text; (p = strstr(p, "..")); p += 2)
		if ((p == text || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

/* glob_extend() of systemd passes GLOB_BRACE and hides "." and ".."; sysctl_write() refuses a path
 * with
 * "..". */
bool boot_finds_key(const struct boot_run *boot, const char *pattern,
		    const struct boot_target *target, char ret_text[SYSCTL_PATH_MAX])
{
	size_t count = 1;
	const char **patterns = &pattern;

	if (boot->engine != ENGINE_SYSTEMD)
		return sysctl_pattern_matches(pattern, target->path, true, ret_text);
	if (strchr(pattern, '{'))
		patterns = brace_expand(boot->pool, pattern, &count);
	for (size_t i = 0; i < count; i++)
		if (sysctl_pattern_matches(patterns[i], target->path, false, ret_text) &&
		    !has_parent_part(ret_text))
			return true;
	return false;
}

bool boot_takes_patterns(enum engine engine)
{
	return engine == ENGINE_SYSTEMD || engine == ENGINE_PROCPS;
}

struct boot_entry *boot_new_entry(struct boot_run *boot, struct boot_file *file,
				  const struct sysctl_line *line, const char *text,
				  struct boot_target *target)
{
	struct boot_entry *entry = pool_alloc(boot->pool, sizeof *entry);

	*entry = (struct boot_entry){ .file = file,
				      .order = boot->gathered++,
				      .line = line->line,
				      .text = target && !strcmp(text, target->path)
						      ? target->path
						      : pool_strdup(boot->pool, text),
				      .value = line->value,
				      .size = line->value_size,
				      .exclude = line->kind == SYSCTL_LINE_EXCLUDE,
				      .target = target };
	return entry;
}

struct boot_event *boot_add_event(struct boot_run *boot, struct boot_target *target,
				  const struct boot_entry *entry, const char *why)
{
	const size_t shown = entry->size < 200 ? entry->size : 200;

	target->events = pool_extend(boot->pool, target->events, target->event_count,
				     sizeof *target->events);
	struct boot_event *event = &target->events[target->event_count++];
	*event = (struct boot_event){ .entry = entry, .why = why };
	if (!entry->exclude)
		event->value = value_parse(boot->pool, pool_copy(boot->pool, entry->value, shown));
	return event;
}
