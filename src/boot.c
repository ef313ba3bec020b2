// SPDX-License-Identifier: MIT
/* What the next boot would leave, see boot.h: what holds before any file, and the result when the
 * files have acted (boot-apply.c). Reads through the host handle only. */
#include "boot.h"

#include "boot-files.h"
#include "boot-notes.h"
#include "boot-run.h"
#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USUAL_HZ 250u
#define SHADOW_MAX 64 /* losers of one key that are reported */

/* ---- keys -------------------------------------------------------------------------------- */

/* A tick is the resolution of the coarse clocks. */
static unsigned ticks_per_second(const struct host *host)
{
	struct timespec tick;

	if (!host_is_live(host) || clock_getres(CLOCK_REALTIME_COARSE, &tick) || tick.tv_sec ||
	    tick.tv_nsec <= 0)
		return USUAL_HZ;
	return (unsigned)(1000000000L / tick.tv_nsec);
}

static struct reading base_reading(const struct boot_run *boot, const char *key,
				   const struct sysctl_row *row)
{
	if (boot->engine == ENGINE_SYSTEMD && !strcmp(key, "fs.file-max"))
		/* bump_file_max_and_nr_open() of src/core/main.c, systemd 240 and later */
		return (struct reading){ .state = READING_PRESENT,
					 .value = value_number(INT64_MAX),
					 .why = "set by systemd before it reads files" };
	if (row && row->initial.kind != VALUE_NONE)
		return (struct reading){ .state = READING_PRESENT,
					 .value = row->initial,
					 .why = "kernel default" };
	return (struct reading){
		.state = READING_ABSENT,
		.why = row ? "no file sets it, and the kernel's default depends on "
			     "the machine"
			   : "no file sets it"
	};
}

static void add_target(struct boot_run *boot, const char *key, bool wanted)
{
	const char *path = sysctl_key_path(boot->pool, key);
	/* No line leads to "/": what is no key has no value. */
	struct boot_target target = { .key = key, .path = path ? path : "/", .wanted = wanted };

	if (!wanted)
		for (size_t i = 0; i < boot->target_count; i++)
			if (!strcmp(boot->targets[i].path, target.path))
				return;
	const char *slash = strrchr(target.path, '/');
	target.tail = slash ? slash + 1 : target.path;
	target.tail_size = strchr(target.tail, '.') ? 0 : strlen(target.tail);
	target.row = catalog_sysctl(key);
	target.base = base_reading(boot, key, target.row);
	target.current = target.base.value;
	target.winner = BOOT_NO_WINNER;
	boot->targets =
		pool_extend(boot->pool, boot->targets, boot->target_count, sizeof *boot->targets);
	boot->targets[boot->target_count++] = target;
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct boot_target *const *)a)->path,
		      (*(struct boot_target *const *)b)->path);
}

/* The catalogue's keys are followed, too: BusyBox stops at the first value that the kernel refuses,
 * and some notes are about keys that stand together. */
static void add_targets(struct boot_run *boot, const char *const *keys, size_t count)
{
	size_t rows;
	const struct sysctl_row *row = catalog_sysctls(&rows);

	for (size_t i = 0; i < count; i++)
		add_target(boot, keys[i], true);
	for (size_t i = 0; i < rows; i++)
		add_target(boot, row[i].key, false);
	boot->by_path = pool_alloc(boot->pool, boot->target_count * sizeof *boot->by_path);
	for (size_t i = 0; i < boot->target_count; i++)
		boot->by_path[i] = &boot->targets[i];
	qsort(boot->by_path, boot->target_count, sizeof *boot->by_path, by_path);
}

struct boot_target *boot_find_target(const struct boot_run *boot, const char *key)
{
	for (size_t i = 0; i < boot->target_count; i++)
		if (!strcmp(boot->targets[i].key, key))
			return &boot->targets[i];
	return NULL;
}

/* ---- results ----------------------------------------------------------------------------- */

/* Might the engine read what we cannot? (It fails on loops, fifos and devices as we do.) */
static bool is_unknown(const struct file *file)
{
	return file->state == FILE_UNREADABLE && file->error != -ELOOP && file->error != -EINVAL;
}

/* Why the result for TARGET cannot be known, or NULL: a file that cannot be read stands where it
 * could still decide. */
static const char *doubt(struct boot_run *boot, const struct boot_target *target)
{
	const struct boot_entry *winner =
		target->winner == BOOT_NO_WINNER ? NULL : target->events[target->winner].entry;

	if (boot->lost)
		return boot->lost;
	if (boot->files.blind)
		return boot->files.blind;
	for (size_t i = boot->files.read; i-- > 0;) {
		const struct boot_file *file = &boot->files.items[i];
		if (winner && winner->target && winner->file == file)
			return NULL;
		if (is_unknown(file->file))
			return pool_printf(boot->pool, "cannot read %s: %s", file->path,
					   strerror(-file->file->error));
	}
	return NULL;
}

static int by_order(const void *a, const void *b)
{
	size_t left = ((const struct boot_event *)a)->entry->order;
	size_t right = ((const struct boot_event *)b)->entry->order;

	return (left > right) - (left < right);
}

bool boot_same_origin(struct origin a, struct origin b)
{
	return a.line == b.line && a.file && b.file && !strcmp(a.file, b.file);
}

/* A file that is read twice, through a link, is one origin. */
static void fill_shadows(struct boot_run *boot, struct boot_target *target, struct boot_value *ret)
{
	if (target->event_count)
		qsort(target->events, target->event_count, sizeof *target->events, by_order);
	for (size_t i = 0; i < target->event_count && ret->shadowed_count < SHADOW_MAX; i++) {
		const struct boot_event *event = &target->events[i];
		struct origin origin = boot_entry_origin(boot, event->entry);
		bool known = !event->why || boot_same_origin(origin, ret->configured.origin);
		for (size_t j = 0; j < ret->shadowed_count && !known; j++)
			known = boot_same_origin(origin, ret->shadowed[j].origin);
		if (known)
			continue;
		ret->shadowed = pool_extend(boot->pool, ret->shadowed, ret->shadowed_count,
					    sizeof *ret->shadowed);
		ret->shadowed[ret->shadowed_count++] = (struct shadow){ .origin = origin,
									.value = event->value,
									.why = event->why };
	}
}

static void fill_result(struct boot_run *boot, struct boot_target *target, struct boot_value *ret)
{
	const char *unknown = doubt(boot, target);

	*ret = (struct boot_value){ .key = target->key };
	if (unknown) {
		ret->boot = (struct reading){ .state = READING_UNREADABLE, .why = unknown };
		ret->configured = ret->boot;
	} else if (target->winner != BOOT_NO_WINNER) {
		const struct boot_event *event = &target->events[target->winner];
		ret->boot = (struct reading){ .state = READING_PRESENT,
					      .value = event->value,
					      .origin = boot_entry_origin(boot, event->entry) };
		if (strcmp(ret->boot.origin.file, event->entry->file->path) != 0)
			ret->boot.why =
				pool_printf(boot->pool, "read as %s", event->entry->file->path);
		ret->configured = ret->boot;
	} else {
		const struct boot_entry *excluded = target->mapped;
		ret->boot = target->base;
		if (excluded && excluded->exclude && !excluded->gone &&
		    ret->boot.state == READING_PRESENT) {
			ret->boot.origin = boot_entry_origin(boot, excluded);
			ret->boot.why =
				pool_printf(boot->pool, "\"-\" keeps files from setting it: %s",
					    target->base.why ? target->base.why : "unchanged");
		}
		ret->configured =
			(struct reading){ .state = READING_ABSENT, .why = "no file sets it" };
	}
	fill_shadows(boot, target, ret);
}

/* ---- entry ------------------------------------------------------------------------------- */

void boot_evaluate(struct host *host, enum engine engine, const char *const *keys, size_t count,
		   struct boot_value *ret, struct notes *notes)
{
	struct boot_run boot = { .host = host,
				 .pool = host_pool(host),
				 .engine = engine,
				 .hz = ticks_per_second(host),
				 .notes = notes };

	if (engine == ENGINE_NONE) {
		const struct reading none = { .why = "skipped: nothing applies sysctl files here" };
		for (size_t i = 0; i < count; i++)
			ret[i] = (struct boot_value){ .key = keys[i],
						      .configured = none,
						      .boot = none };
		return;
	}
	add_targets(&boot, keys, count);
	boot_read_command_line(&boot);
	boot_files_list(host, engine, &boot.files);
	boot_apply_files(&boot);
	if (notes) {
		boot_note_keys(&boot);
		boot_note_files(notes, host, engine, &boot.files);
	}
	for (size_t i = 0; i < count; i++)
		fill_result(&boot, &boot.targets[i], &ret[i]);
}
