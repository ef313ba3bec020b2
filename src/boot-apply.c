// SPDX-License-Identifier: MIT
/* Lets the lines of the files act as the engine would: systemd keeps a map and writes each key once
 * (parse_file() and apply_all() of systemd 252), procps writes every line in order
 * (write_setting_list() of 4.0.2, WriteSetting() of 3.3.17), BusyBox writes while it reads and dies
 * of a refused value (sysctl_act_on_setting() of 1.37). */
#include "boot-notes.h"
#include "boot-run.h"
#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

#define PATTERN_MAX 4096  /* lines with patterns, and spellings of one key, that are taken up */
#define BRACE_LINE_MAX 64 /* lines whose braces are expanded */
#define ENTRY_MAX 100000  /* lines about known keys that are remembered */

/* ---- writing ----------------------------------------------------------------------------- */

/* procio.c of procps: a refused value of more than 4096 bytes is written again up to its last comma
 * within them, and what follows comes at an offset, which the kernel ignores. */
static int write_in_pieces(struct boot_run *boot, const struct boot_target *target,
			   const struct boot_entry *entry, struct value *ret)
{
	const size_t piece = 4096;

	if ((boot->engine != ENGINE_PROCPS && boot->engine != ENGINE_PROCPS3) ||
	    entry->size + 1 <= piece)
		return -EINVAL;
	const char *comma = memrchr(entry->value, ',', piece);
	if (!comma)
		return -EINVAL;
	return catalog_kernel_parse(boot->pool, target->row, entry->value,
				    (size_t)(comma - entry->value), boot->hz, target->current, ret);
}

static uint64_t first_number(struct value value)
{
	uint64_t number = 0;

	if (value.kind != VALUE_TEXT)
		return value.number;
	for (const char *p = value.text; *p >= '0' && *p <= '9'; p++)
		number = 10 * number + (uint64_t)(*p - '0');
	return number;
}

/* The range of local ports may not begin below the first unprivileged port, nor that be moved above
 * it: ipv4_local_port_range() and ipv4_privileged_ports() of net/ipv4/sysctl_net_ipv4.c. */
static bool ports_clash(const struct boot_run *boot, const struct boot_target *target,
			struct value value)
{
	static const char range[] = "net.ipv4.ip_local_port_range";
	static const char start[] = "net.ipv4.ip_unprivileged_port_start";

	if (!strcmp(target->key, range))
		return first_number(value) < boot_find_target(boot, start)->current.number;
	if (!strcmp(target->key, start))
		return value.number > first_number(boot_find_target(boot, range)->current);
	return false;
}

/* The engine writes ENTRY to the key of TARGET. False when the kernel refuses. */
static bool write_value(struct boot_run *boot, struct boot_target *target,
			const struct boot_entry *entry)
{
	struct value value;

	if (boot->engine == ENGINE_BUSYBOX && !entry->size) {
		boot_add_event(boot, target, entry, "BusyBox writes nothing for an empty value");
		return true;
	}
	int rc = catalog_kernel_parse(boot->pool, target->row, entry->value, entry->size, boot->hz,
				      target->current, &value);
	if (rc)
		rc = write_in_pieces(boot, target, entry, &value);
	if (!rc && ports_clash(boot, target, value))
		rc = -EINVAL;
	if (boot->notes && target->row)
		boot_note_value(boot->notes, target->key, boot_entry_origin(boot, entry),
				entry->value, entry->size, rc ? NULL : &value);
	if (rc) {
		boot_add_event(boot, target, entry, "the kernel refuses this value");
		return false;
	}
	if (target->winner != BOOT_NO_WINNER)
		target->events[target->winner].why = pool_printf(boot->pool, "%s is applied later",
								 boot_entry_place(boot, entry));
	boot_add_event(boot, target, entry, NULL)->value = value;
	target->winner = target->event_count - 1;
	target->current = value;
	return true;
}

static bool is_spelled(const struct boot_target *target, const char *text)
{
	for (size_t i = 0; i < target->spelling_count; i++)
		if (!strcmp(target->spellings[i], text))
			return true;
	return false;
}

static void add_spelling(struct boot_run *boot, struct boot_target *target, const char *text)
{
	if (is_spelled(target, text))
		return;
	if (target->spelling_count >= PATTERN_MAX) {
		boot->lost = "too many different spellings of this key";
		return;
	}
	target->spellings = pool_extend(boot->pool, (void *)target->spellings,
					target->spelling_count, sizeof *target->spellings);
	target->spellings[target->spelling_count++] = text;
}

/* Patterns set what no line names, wherever that line stands. */
static void write_pattern(struct boot_run *boot, const struct boot_entry *entry)
{
	char text[SYSCTL_PATH_MAX];

	for (size_t i = 0; i < boot->target_count; i++) {
		struct boot_target *target = boot->by_path[i];
		if (!boot_finds_key(boot, entry->text, target, text))
			continue;
		if (is_spelled(target, text))
			boot_add_event(boot, target, entry,
				       "a line that names the key goes before patterns");
		else
			write_value(boot, target, entry);
	}
}

static void apply_entries(struct boot_run *boot)
{
	for (size_t i = 0; i < boot->entry_count; i++) {
		const struct boot_entry *entry = boot->entries[i];
		if (entry->gone || entry->exclude)
			continue;
		if (entry->target)
			write_value(boot, entry->target, entry);
		else
			write_pattern(boot, entry);
	}
}

/* ---- gathering --------------------------------------------------------------------------- */

static void append_entry(struct boot_run *boot, struct boot_entry *entry)
{
	boot->entries =
		pool_extend(boot->pool, boot->entries, boot->entry_count, sizeof *boot->entries);
	boot->entries[boot->entry_count++] = entry;
}

/* The line of systemd's map with the same key as ENTRY. */
static struct boot_entry *mapped_entry(const struct boot_run *boot, const struct boot_entry *entry)
{
	if (entry->target)
		return entry->target->mapped;
	for (size_t i = 0; i < boot->entry_count; i++)
		if (!boot->entries[i]->target && !boot->entries[i]->gone &&
		    !strcmp(boot->entries[i]->text, entry->text))
			return boot->entries[i];
	return NULL;
}

/* parse_file() of systemd: a key stands once in the map. An equal value keeps the old place,
 * another one goes to the end. */
static void map_entry(struct boot_run *boot, struct boot_entry *entry)
{
	struct boot_entry *old = mapped_entry(boot, entry);

	if (old && old->exclude == entry->exclude && old->size == entry->size &&
	    (entry->exclude || !memcmp(old->value, entry->value, entry->size))) {
		if (entry->target && !entry->exclude)
			boot_add_event(
				boot, entry->target, entry,
				pool_printf(boot->pool, "repeats %s", boot_entry_place(boot, old)));
		return;
	}
	if (old) {
		old->gone = true;
		if (entry->target && !old->exclude)
			boot_add_event(
				boot, entry->target, old,
				pool_printf(boot->pool, "%s %s", boot_entry_place(boot, entry),
					    entry->exclude ? "takes it back" : "replaces it"));
	}
	if (entry->target)
		entry->target->mapped = entry;
	append_entry(boot, entry);
}

static bool concerns(struct boot_run *boot, const char *pattern)
{
	char text[SYSCTL_PATH_MAX];

	for (size_t i = 0; i < boot->target_count; i++)
		if (boot_finds_key(boot, pattern, &boot->targets[i], text))
			return true;
	return false;
}

/* False: BusyBox has died of a refused value. */
static bool take_entry(struct boot_run *boot, struct boot_entry *entry)
{
	switch (boot->engine) {
	case ENGINE_BUSYBOX:
		return write_value(boot, entry->target, entry);
	case ENGINE_SYSTEMD:
		map_entry(boot, entry);
		break;
	case ENGINE_PROCPS:
	case ENGINE_PROCPS3:
	case ENGINE_NONE:
	case ENGINE_COUNT:
		append_entry(boot, entry);
		break;
	}
	if (entry->target)
		add_spelling(boot, entry->target, entry->text);
	return true;
}

static void take_pattern(struct boot_run *boot, struct boot_file *file,
			 const struct sysctl_line *line, const char *text)
{
	/* The map of systemd knows an excluded pattern, procps compares it with nothing. */
	if (line->kind == SYSCTL_LINE_EXCLUDE && boot->engine != ENGINE_SYSTEMD)
		return;
	if (strchr(text, '{') && boot->brace_count++ >= BRACE_LINE_MAX) {
		boot->lost = "too many lines with braces";
		return;
	}
	if (!concerns(boot, text))
		return;
	if (boot->pattern_count++ >= PATTERN_MAX) {
		boot->lost = "too many lines with patterns match this key";
		return;
	}
	take_entry(boot, boot_new_entry(boot, file, line, text, NULL));
}

static bool take_line(struct boot_run *boot, struct boot_file *file, const struct sysctl_line *line)
{
	char text[SYSCTL_PATH_MAX];
	bool alive = true;

	if (!boot_may_concern(boot, line) || !boot_spell(boot, line, text))
		return true;
	if (boot->gathered >= ENTRY_MAX) {
		boot->lost = "too many lines about the same keys";
		return true;
	}
	if (boot_takes_patterns(boot->engine) && sysctl_is_pattern(text)) {
		take_pattern(boot, file, line, text);
		return true;
	}
	for (size_t i = 0; i < boot->target_count && alive; i++) {
		struct boot_target *target = &boot->targets[i];
		if (boot_ends_alike(line, target) && boot_names_key(boot, text, target))
			alive = take_entry(boot, boot_new_entry(boot, file, line, text, target));
	}
	return alive;
}

/* The rest of a file that does not count: its lines about wanted keys are losers. */
static void read_losers(struct boot_run *boot, struct boot_file *file, struct sysctl_reader *reader,
			const char *why)
{
	struct sysctl_line line;
	char text[SYSCTL_PATH_MAX], found[SYSCTL_PATH_MAX];

	while (conf_sysctl_next(reader, &line)) {
		if (line.kind != SYSCTL_LINE_SET || !boot_may_concern(boot, &line) ||
		    !boot_spell(boot, &line, text))
			continue;
		const bool pattern = boot_takes_patterns(boot->engine) && sysctl_is_pattern(text);
		for (size_t i = 0; i < boot->target_count; i++) {
			struct boot_target *target = &boot->targets[i];
			if (!target->wanted || boot->gathered >= ENTRY_MAX)
				continue;
			if (pattern ? boot_finds_key(boot, text, target, found)
				    : boot_ends_alike(&line, target) &&
					      boot_names_key(boot, text, target))
				boot_add_event(boot, target,
					       boot_new_entry(boot, file, &line, text, target),
					       why);
		}
	}
}

static void read_file(struct boot_run *boot, struct boot_file *file)
{
	struct sysctl_reader reader;
	struct sysctl_line line;
	unsigned noted = 0;
	bool alive = true;

	conf_sysctl_start(&reader, boot->pool, boot->engine, file->file->bytes, file->file->size);
	while (alive && !boot->lost && conf_sysctl_next(&reader, &line)) {
		if (boot->notes)
			boot_note_line(boot->notes, boot->host, boot->engine, file, &line, &noted);
		if (line.kind == SYSCTL_LINE_SET || line.kind == SYSCTL_LINE_EXCLUDE)
			alive = take_line(boot, file, &line);
	}
	if (alive)
		return;
	if (boot->notes)
		notes_add(boot->notes, NULL,
			  (struct origin){ .file = boot_file_source(boot->host, file),
					   .line = line.line },
			  "BusyBox reads no further in this file, because the kernel refuses this "
			  "value");
	read_losers(boot, file, &reader,
		    pool_printf(boot->pool, "BusyBox stops reading at line %u", line.line));
}

void boot_apply_files(struct boot_run *boot)
{
	for (size_t i = 0; i < boot->files.read; i++)
		read_file(boot, &boot->files.items[i]);
	if (boot->engine != ENGINE_BUSYBOX)
		apply_entries(boot);
	for (size_t i = boot->files.read; i < boot->files.count && !boot->lost; i++) {
		struct boot_file *file = &boot->files.items[i];
		struct sysctl_reader reader;
		conf_sysctl_start(&reader, boot->pool, boot->engine, file->file->bytes,
				  file->file->size);
		read_losers(boot, file, &reader, file->skipped);
	}
}
