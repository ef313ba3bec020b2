// SPDX-License-Identifier: MIT
/* The sysctl provider: the running value from /proc/sys, the boot value from boot_evaluate(), by
 * the engine of this host and by the other one when two are installed. Reads only. */
#include "provider-sysctl.h"

#include "boot-owners.h"
#include "boot.h"
#include "host.h"
#include "live.h"
#include "pool.h"

#include <inttypes.h>
#include <string.h>

/* ---- running ----------------------------------------------------------------------------- */

struct reading sysctl_running(struct host *host, const char *key, const char **ret_missing)
{
	struct pool *pool = host_pool(host);
	const char *path = pool_printf(pool, "/proc/sys/%s", sysctl_key_path(pool, key));

	*ret_missing = NULL;
	if (!host_is_live(host))
		return (struct reading){ .why = "an offline tree has no running kernel" };

	const struct file *file = host_kernel(host, path);
	switch (file->state) {
	case FILE_PRESENT:
		return (struct reading){ .state = READING_PRESENT,
					 .value = value_parse(pool, file->bytes) };
	case FILE_ABSENT:
	case FILE_DANGLING:
	case FILE_NULL:
		*ret_missing = "this kernel has no such key";
		return (struct reading){ .state = READING_ABSENT, .why = *ret_missing };
	case FILE_DIRECTORY:
		*ret_missing = "this is a group of keys, not a key";
		return (struct reading){ .state = READING_ABSENT, .why = *ret_missing };
	case FILE_UNREADABLE:
		break;
	}
	return (struct reading){ .state = READING_UNREADABLE,
				 .why = pool_strdup(pool, strerror(-file->error)) };
}

/* ---- what nobody sets -------------------------------------------------------------------- */

static uint64_t memory_kib(struct host *host)
{
	const struct file *file = host_kernel(host, "/proc/meminfo");
	const char *at = strstr(file->bytes, "MemTotal:");
	uint64_t kib = 0;

	if (!at)
		return 0;
	at += strlen("MemTotal:");
	at += strspn(at, " ");
	for (; *at >= '0' && *at <= '9'; at++)
		kib = 10 * kib + (uint64_t)(*at - '0');
	return kib;
}

/* fs.file-max without a file: files_maxfiles_init() of fs/file_table.c takes a tenth of the memory
 * at 1 KiB a file, at least 8192. Where that is far inside the range, there is nothing to judge. */
static struct reading default_file_max(struct host *host, const struct setting *setting,
				       struct reading boot)
{
	const uint64_t least = 8192, guess = host_is_live(host) ? memory_kib(host) / 10 : 0;
	uint64_t low = guess / 4 * 3, high = guess ? guess / 4 * 5 : INT64_MAX;

	low = low > least ? low : least;
	high = high > least ? high : least;
	if (setting_accepts(setting_at_boot(setting), value_number(low)) &&
	    setting_accepts(setting_at_boot(setting), value_number(high)))
		boot.state = READING_NOT_APPLICABLE;
	boot.why = guess ? pool_printf(host_pool(host),
				       "no file sets it; the kernel takes about %" PRIu64
				       " for this memory",
				       guess > least ? guess : least)
			 : "no file sets it; what the kernel takes depends on the memory, at least "
			   "8192";
	return boot;
}

/* ---- the other engine -------------------------------------------------------------------- */

static void compare_other(struct pool *pool, const struct query *query,
			  const struct setting *setting, const struct boot_value *other,
			  struct observed *observed, struct notes *notes)
{
	const struct reading *own = &observed->layer[LAYER_BOOT];
	const char *program = engine_program(query->engines.other);
	const bool same =
		own->state == READING_PRESENT && value_equals(own->value, other->boot.value);

	if (other->boot.state != READING_PRESENT || same)
		return;
	if (!setting_accepts(setting_at_boot(setting), other->boot.value)) {
		observed->deviations =
			pool_extend(pool, observed->deviations, observed->deviation_count,
				    sizeof *observed->deviations);
		observed->deviations[observed->deviation_count++] =
			(struct deviation){ .who = pool_printf(pool, "%s, installed as well",
							       program),
					    .value = other->boot.value,
					    .origin = other->boot.origin };
	} else if (notes && own->state == READING_PRESENT &&
		   setting_accepts(setting_at_boot(setting), own->value)) {
		notes_add(notes, setting->id, other->boot.origin,
			  "%s leaves %s in %s, but %s would leave %s; both are accepted",
			  engine_program(query->engines.engine), value_format(pool, own->value),
			  setting->name, program, value_format(pool, other->boot.value));
	}
}

/* ---- observing --------------------------------------------------------------------------- */

static struct boot_value *evaluate(struct host *host, enum engine engine,
				   const struct setting *const *settings, size_t count,
				   struct notes *notes)
{
	struct pool *pool = host_pool(host);
	const char **keys = pool_alloc(pool, count * sizeof *keys);
	struct boot_value *values = pool_alloc(pool, count * sizeof *values);

	for (size_t i = 0; i < count; i++)
		keys[i] = settings[i]->name;
	boot_evaluate(host, engine, keys, count, values, notes);
	return values;
}

void sysctl_observe(struct host *host, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	const enum engine engine = query->engines.engine, second = query->engines.other;
	struct boot_value *own = evaluate(host, engine, settings, count, notes);
	struct boot_value *other =
		second != ENGINE_NONE ? evaluate(host, second, settings, count, NULL) : NULL;

	for (size_t i = 0; i < count; i++) {
		struct observed *observed = &ret[i];
		*observed = (struct observed){ .shadowed = own[i].shadowed,
					       .shadowed_count = own[i].shadowed_count };
		observed->layer[LAYER_CONFIGURED] = own[i].configured;
		observed->layer[LAYER_BOOT] = own[i].boot;
		observed->layer[LAYER_RUNNING] =
			sysctl_running(host, settings[i]->name, &observed->missing);
		if (own[i].boot.state == READING_ABSENT &&
		    !strcmp(settings[i]->name, "fs.file-max"))
			observed->layer[LAYER_BOOT] =
				default_file_max(host, settings[i], own[i].boot);
		if (other)
			compare_other(host_pool(host), query, settings[i], &other[i], observed,
				      notes);
	}
	/* After the running values, so that what the kernel lacks is known. */
	if (notes && !query->netns)
		boot_note_owners(host, own, count, notes);
	if (query->live && host_is_live(host))
		live_observe_sysctls(host, query, settings, count, ret);
}

const struct provider provider_sysctl = {
	.kind = "sysctl",
	.section = "sysctl",
	.form = SECTION_VALUE,
	.boot_phrase = "the next boot leaves",
	.check = sysctl_check,
	.observe = sysctl_observe,
	.propose = sysctl_propose,
};
