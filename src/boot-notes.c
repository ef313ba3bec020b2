// SPDX-License-Identifier: MIT
/* Notes on sysctl files, see boot-notes.h. Says only what is seen; judges nothing. */
#include "boot-notes.h"

#include "boot-run.h"
#include "catalog.h"
#include "host.h"
#include "pool.h"
#include "suggest.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NOTES_PER_FILE 10
#define SHOWN 60

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* For a person: at most SHOWN bytes, nothing that a terminal obeys. */
static const char *shown(struct pool *pool, const char *text, size_t size)
{
	char *copy = pool_copy(pool, text, size < SHOWN ? size : SHOWN);

	for (char *p = copy; p < copy + (size < SHOWN ? size : SHOWN); p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	return copy;
}

static bool begins_with_word(const char *text, size_t size, const char *word)
{
	size_t length = strlen(word);

	return size > length && !memcmp(text, word, length) && isblank((unsigned char)text[length]);
}

/* Why the line does nothing, or NULL. */
static const char *trouble_of(struct pool *pool, enum engine engine, const struct sysctl_line *line)
{
	const char *name = shown(pool, line->name, line->name_size);

	if (line->line == 1 && line->name_size >= 3 && !memcmp(line->name, byte_order_mark, 3))
		return "the file begins with a byte order mark, so its first line is not "
		       "understood";
	if (line->kind == SYSCTL_LINE_TOO_LONG)
		return "this line is longer than 1 MiB; systemd-sysctl ignores the rest of the "
		       "file";
	if (begins_with_word(line->name, line->name_size, "sysctl"))
		return pool_printf(
			pool,
			"'%s' is a command; here belongs KEY = VALUE, so the line does nothing",
			name);
	if (line->kind == SYSCTL_LINE_IGNORED)
		return pool_printf(pool, "%s ignores the line '%s': it is no KEY = VALUE",
				   engine_program(engine), name);
	for (size_t i = 0; i < line->name_size; i++)
		if (isspace((unsigned char)line->name[i]))
			return pool_printf(pool, "'%s' is no sysctl key, so the line does nothing",
					   name);
	return NULL;
}

static bool has_blank(const struct sysctl_line *line)
{
	return memchr(line->name, ' ', line->name_size) ||
	       memchr(line->name, '\t', line->name_size);
}

/* ---- keys that do not exist -------------------------------------------------------------- */

/* Do A and B differ in one place only, by a few letters? (Digits are no slip: tcp_retries1.) */
static bool is_one_slip(const char *a, const char *b)
{
	size_t begin = 0, end_a = strlen(a), end_b = strlen(b);

	while (a[begin] && a[begin] == b[begin])
		begin++;
	while (end_a > begin && end_b > begin && a[end_a - 1] == b[end_b - 1]) {
		end_a--;
		end_b--;
	}
	for (size_t i = begin; i < end_a; i++)
		if (isdigit((unsigned char)a[i]))
			return false;
	return end_a - begin <= 2 && end_b - begin <= 2;
}

/* The key of the catalogue that KEY is a misspelling of, or NULL. */
static const char *meant_key(const char *key)
{
	static const char complete[] = "net.ipv4.tcp_keepalive_"; /* the kernel has these three */
	const char *dot = strrchr(key, '.'), *names[64];
	size_t rows, count = 0;
	const struct sysctl_row *row = catalog_sysctls(&rows);
	const size_t group = dot ? (size_t)(dot - key) + 1 : 0;

	for (size_t i = 0; i < rows && group; i++) {
		if (strncmp(row[i].key, key, group) != 0 || strchr(row[i].key + group, '.'))
			continue;
		if (!strcmp(row[i].key, key))
			return NULL;
		if (is_one_slip(key + group, row[i].key + group))
			return row[i].key;
		if (count < sizeof names / sizeof *names &&
		    !strncmp(row[i].key, complete, sizeof complete - 1))
			names[count++] = row[i].key;
	}
	return strncmp(key, complete, sizeof complete - 1) ? NULL
							   : suggest_nearest(key, names, count);
}

static const char *wrong_key(struct host *host, struct pool *pool, const struct sysctl_line *line)
{
	char key[128];

	if (line->name_size >= sizeof key)
		return NULL;
	memcpy(key, line->name, line->name_size);
	key[line->name_size] = '\0';
	if (strcspn(key, "/") < strcspn(key, "."))
		for (char *p = key; *p; p++)
			if (*p == '/')
				*p = '.';
	const char *why = catalog_removed_sysctl(key);
	if (why)
		return pool_printf(pool, "%s: %s, the line does nothing", key, why);
	const char *meant = sysctl_is_pattern(key) ? NULL : meant_key(key);
	const char *path = meant ? sysctl_key_path(pool, key) : NULL;
	if (!path ||
	    (host_is_live(host) && host_exists(host, pool_printf(pool, "/proc/sys/%s", path))))
		return NULL;
	return pool_printf(pool, "there is no key %s, so the line does nothing; is %s meant?", key,
			   meant);
}

/* ---- lines and values -------------------------------------------------------------------- */

void boot_note_line(struct notes *notes, struct host *host, enum engine engine,
		    struct boot_file *file, const struct sysctl_line *line, unsigned *noted)
{
	struct pool *pool = notes->pool;

	if (*noted >= NOTES_PER_FILE)
		return;
	const char *trouble = NULL;
	if (line->kind == SYSCTL_LINE_IGNORED || line->kind == SYSCTL_LINE_TOO_LONG ||
	    (line->kind == SYSCTL_LINE_SET && (line->line == 1 || has_blank(line))))
		trouble = trouble_of(pool, engine, line);
	if (!trouble && line->kind == SYSCTL_LINE_SET)
		trouble = wrong_key(host, pool, line);
	if (!trouble)
		return;
	++*noted;
	notes_add(notes, NULL,
		  (struct origin){ .file = boot_file_source(host, file), .line = line->line }, "%s",
		  trouble);
}

void boot_note_value(struct notes *notes, const char *key, struct origin origin, const char *text,
		     size_t size, const struct value *accepted)
{
	struct pool *pool = notes->pool;
	const char *id = pool_printf(pool, "sysctl:%s", key), *value = shown(pool, text, size);

	if (accepted) {
		size_t digits = strspn(value, "0123456789");
		if (digits > 1 && *value == '0')
			notes_add(
				notes, id, origin,
				"%s = %s is octal because of the leading zero: the kernel takes %s",
				key, value, value_format(pool, *accepted));
		return;
	}
	const char *hint = !size                          ? "there is no value"
			   : strpbrk(value, "\"'")        ? "values stand without quotes"
			   : strpbrk(value, "#;")         ? "a comment needs a line of its own"
			   : strpbrk(value, "kKMGmhsd,_") ? "it takes digits only, no units"
							  : NULL;
	notes_add(notes, id, origin, "the kernel refuses %s = '%s'%s%s", key, value,
		  hint ? ": " : "", hint ? hint : "");
}

/* ---- files ------------------------------------------------------------------------------- */

/* An entry of a directory that no program can read. */
static void note_no_file(struct notes *notes, const struct boot_file *file, const char *program)
{
	const struct origin origin = { .file = file->path };

	if (file->file->state == FILE_DIRECTORY)
		notes_add(notes, NULL, origin, "this is a directory, so %s reads nothing here",
			  program);
	else if (file->file->state == FILE_UNREADABLE && file->file->error == -ELOOP)
		notes_add(notes, NULL, origin, "nobody can open this: its links lead in a circle");
	else if (file->file->state == FILE_UNREADABLE && S_ISFIFO(file->file->mode))
		notes_add(notes, NULL, origin,
			  "this is a fifo, not a file: %s would wait at it for ever", program);
	else if (file->file->state == FILE_UNREADABLE && file->file->error == -EINVAL)
		notes_add(notes, NULL, origin, "this is no regular file, so %s cannot read it",
			  program);
}

void boot_note_files(struct notes *notes, struct host *host, enum engine engine,
		     const struct boot_files *files)
{
	struct sysctl_reader reader;
	struct sysctl_line line;
	unsigned settings = 0;

	for (size_t i = 0; i < files->read; i++)
		note_no_file(notes, &files->items[i], engine_program(engine));
	for (size_t i = files->read; i < files->count; i++) {
		const struct boot_file *file = &files->items[i];
		if (strcmp(file->path, "/etc/sysctl.conf") != 0)
			continue;
		conf_sysctl_start(&reader, host_pool(host), engine, file->file->bytes,
				  file->file->size);
		while (conf_sysctl_next(&reader, &line))
			settings += line.kind == SYSCTL_LINE_SET;
		if (settings)
			notes_add(notes, NULL, (struct origin){ .file = file->path },
				  "%s does not read this file: its %u setting%s not come back "
				  "after a boot",
				  engine_program(engine), settings,
				  settings == 1 ? " does" : "s do");
	}
}

/* ---- what an upgrade left ---------------------------------------------------------------- */

static bool is_read(struct boot_run *boot, const char *path)
{
	const struct file *file = host_file(boot->host, path);

	if (file->state != FILE_PRESENT)
		return false;
	for (size_t i = 0; i < boot->files.read; i++)
		if (boot->files.items[i].file == file)
			return true;
	for (size_t i = 0; i < boot->files.read; i++)
		if (!strcmp(boot_file_source(boot->host, &boot->files.items[i]), path))
			return true;
	return false;
}

static void note_lost_line(struct boot_run *boot, const char *path, const struct sysctl_line *line)
{
	char text[SYSCTL_PATH_MAX];

	if (line->kind != SYSCTL_LINE_SET || !boot_spell(boot, line, text))
		return;
	for (size_t i = 0; i < boot->target_count; i++) {
		const struct boot_target *target = &boot->targets[i];
		struct value value;
		if (!target->wanted || !boot_names_key(boot, text, target) ||
		    catalog_kernel_parse(boot->pool, target->row, line->value, line->value_size,
					 boot->hz, target->current, &value) ||
		    value_equals(value, target->current))
			continue;
		notes_add(boot->notes, pool_printf(boot->pool, "sysctl:%s", target->key),
			  (struct origin){ .file = path, .line = line->line },
			  "settings lost at the upgrade: %s = %s stood in /etc/sysctl.conf, and "
			  "nothing reads it here",
			  target->key, value_format(boot->pool, value));
	}
}

/* dpkg (rm_conffile of procps 4.0.4-7, a conffile replaced) and rpm set an edited /etc/sysctl.conf
 * aside under these names. */
static void note_leftovers(struct boot_run *boot)
{
	static const char sysctl_conf[] = "/etc/sysctl.conf";
	static const char *const suffixes[] = { ".dpkg-bak", ".dpkg-old", ".rpmsave" };

	if (is_read(boot, sysctl_conf))
		return;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *path = pool_printf(boot->pool, "%s%s", sysctl_conf, suffixes[i]);
		struct sysctl_reader reader;
		struct sysctl_line line;
		if (!host_exists(boot->host, path))
			continue;
		const struct file *file = host_file(boot->host, path);
		conf_sysctl_start(&reader, boot->pool, boot->engine, file->bytes, file->size);
		while (conf_sysctl_next(&reader, &line))
			note_lost_line(boot, path, &line);
	}
}

/* ---- notes on keys ----------------------------------------------------------------------- */

static const struct boot_event *winner_of(const struct boot_target *target)
{
	return target && target->winner != BOOT_NO_WINNER ? &target->events[target->winner] : NULL;
}

static void note_duplicates(struct boot_run *boot, const struct boot_target *target)
{
	const struct boot_event *winner = winner_of(target);

	if (!winner)
		return;
	struct origin origin = boot_entry_origin(boot, winner->entry);
	for (size_t i = target->event_count; i-- > 0;) {
		const struct boot_event *event = &target->events[i];
		struct origin other = boot_entry_origin(boot, event->entry);
		if (event == winner || !event->entry->target || event->entry->file->skipped ||
		    value_equals(event->value, winner->value) || boot_same_origin(origin, other) ||
		    strncmp(other.file, "/etc/", 5) != 0)
			continue;
		notes_add(boot->notes, pool_printf(boot->pool, "sysctl:%s", target->key), other,
			  "%s is set here as well, to %s, but %s:%u wins with %s", target->key,
			  value_format(boot->pool, event->value), origin.file, origin.line,
			  value_format(boot->pool, winner->value));
		return;
	}
}

void boot_note_keys(struct boot_run *boot)
{
	const struct boot_event *time =
		winner_of(boot_find_target(boot, "net.ipv4.tcp_keepalive_time"));
	const struct boot_event *files = winner_of(boot_find_target(boot, "fs.file-max"));
	const bool interval = winner_of(boot_find_target(boot, "net.ipv4.tcp_keepalive_intvl"));
	const bool probes = winner_of(boot_find_target(boot, "net.ipv4.tcp_keepalive_probes"));

	for (size_t i = 0; i < boot->target_count; i++)
		note_duplicates(boot, &boot->targets[i]);
	note_leftovers(boot);
	if (time && !(interval && probes))
		notes_add(boot->notes, "sysctl:net.ipv4.tcp_keepalive_time",
			  boot_entry_origin(boot, time->entry),
			  "tcp_keepalive_time is set, but not %s, which with the defaults adds %s "
			  "until a dead peer is noticed",
			  interval ? "tcp_keepalive_probes (9)"
			  : probes ? "tcp_keepalive_intvl (75 s)"
				   : "tcp_keepalive_intvl (75 s) and tcp_keepalive_probes (9)",
			  interval ? "9 intervals"
			  : probes ? "75 s for every probe"
				   : "11 minutes");
	if (files && boot->engine == ENGINE_SYSTEMD && files->value.kind == VALUE_NUMBER &&
	    files->value.number < INT64_MAX)
		notes_add(boot->notes, "sysctl:fs.file-max", boot_entry_origin(boot, files->entry),
			  "fs.file-max = %s is a reduction: systemd has set it to "
			  "9223372036854775807 before it reads this file",
			  value_format(boot->pool, files->value));
}
