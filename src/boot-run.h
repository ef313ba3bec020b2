/* SPDX-License-Identifier: MIT
 *
 * One evaluation of boot_evaluate() while it runs. For the boot*.c only.
 */
#ifndef KEELTUNE_BOOT_RUN_H
#define KEELTUNE_BOOT_RUN_H

#include "boot-files.h"
#include "boot.h"
#include "conf-sysctl.h"

struct sysctl_row;

#define BOOT_NO_WINNER SIZE_MAX

/* A line that concerns a wanted key. */
struct boot_entry {
	struct boot_file *file;
	size_t order; /* of all entries */
	unsigned line;
	const char *text; /* the path it names, as spelled */
	const char *value;
	size_t size;
	bool exclude;
	bool gone;                  /* systemd: out of the map again */
	struct boot_target *target; /* NULL: TEXT is a pattern */
};

/* What became of an entry for one key. */
struct boot_event {
	const struct boot_entry *entry;
	struct value value;
	const char *why; /* it lost; NULL: it stands */
};

struct boot_target {
	const char *key, *path;
	const char *tail; /* the last component */
	size_t tail_size;
	const struct sysctl_row *row;
	bool wanted;
	struct reading base; /* before any file */
	struct value current;
	struct boot_event *events;
	size_t event_count;
	size_t winner;             /* index of an event, or BOOT_NO_WINNER */
	struct boot_entry *mapped; /* systemd: the line in its map */
	const char **spellings;    /* of lines that name the key itself */
	size_t spelling_count;
};

struct boot_run {
	struct host *host;
	struct pool *pool;
	enum engine engine;
	unsigned hz;
	struct boot_files files;
	struct boot_target *targets;
	struct boot_target **by_path; /* as glob(3) finds them */
	size_t target_count;
	struct boot_entry **entries; /* in the order of writing */
	size_t entry_count;
	size_t pattern_count, brace_count;
	size_t gathered;
	const char *lost; /* why the result cannot be known */
	struct notes *notes;
};

struct boot_target *boot_find_target(const struct boot_run *boot, const char *key);
bool boot_same_origin(struct origin a, struct origin b);

/* boot-cmdline.c: sysctl.KEY=VALUE of the kernel command line. */
void boot_read_command_line(struct boot_run *boot);

/* boot-lines.c: what a line means to the engine. */
struct origin boot_entry_origin(struct boot_run *boot, const struct boot_entry *entry);
const char *boot_entry_place(struct boot_run *boot, const struct boot_entry *entry); /* FILE:LINE */
bool boot_takes_patterns(enum engine engine);
/* The path below /proc/sys that a name means, as far as no key is needed to tell. */
bool boot_spell(const struct boot_run *boot, const struct sysctl_line *line,
		char ret_text[SYSCTL_PATH_MAX]);
/* Quick looks before anything dear: does the name end like a wanted key, or is it a pattern? */
bool boot_may_concern(const struct boot_run *boot, const struct sysctl_line *line);
bool boot_ends_alike(const struct sysctl_line *line, const struct boot_target *target);
bool boot_names_key(const struct boot_run *boot, const char *text,
		    const struct boot_target *target);
/* Does glob(3), as the engine calls it, find the key? RET_TEXT: as it spells it. */
bool boot_finds_key(const struct boot_run *boot, const char *pattern,
		    const struct boot_target *target, char ret_text[SYSCTL_PATH_MAX]);
struct boot_entry *boot_new_entry(struct boot_run *boot, struct boot_file *file,
				  const struct sysctl_line *line, const char *text,
				  struct boot_target *target);
/* WHY: it loses; NULL: it stands. */
struct boot_event *boot_add_event(struct boot_run *boot, struct boot_target *target,
				  const struct boot_entry *entry, const char *why);

/* boot-apply.c: lets the lines of all files act. */
void boot_apply_files(struct boot_run *boot);

#endif
