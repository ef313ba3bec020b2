// SPDX-License-Identifier: MIT
/* Taking audits into a fleet, see fleet.h. */
#include "fleet.h"

#include "array.h"
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCKS_DIFFER 300 /* seconds: no report from the future yet */
#define TEXT_MAX 512      /* bytes; what is longer is told apart by its hash */

struct fleet *fleet_new(struct pool *pool, time_t now)
{
	struct fleet *fleet = pool_alloc(pool, sizeof *fleet);

	fleet->pool = pool;
	fleet->now = now;
	fleet->texts = intern_new(pool);
	fleet->settings = intern_new(pool);
	fleet->states = intern_new(pool);
	fleet->patterns = intern_new(pool);
	fleet->keys = intern_new(pool);
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	intern_free(fleet->texts);
	intern_free(fleet->settings);
	intern_free(fleet->states);
	intern_free(fleet->patterns);
	intern_free(fleet->keys);
	free(fleet->hosts);
	free(fleet->dropped);
	free(fleet->broken);
	free(fleet->scratch);
}

static void *extend(void *array, size_t count, size_t *room, size_t size)
{
	void *grown = array_extend(array, count, room, size);

	if (!grown)
		pool_exhausted();
	return grown;
}

static uint32_t clip(size_t line)
{
	return line < UINT32_MAX ? (uint32_t)line : UINT32_MAX;
}

/* ---- texts ------------------------------------------------------------------------------- */

/* The beginning of a long text, and a hash that says which. */
static uint32_t add_long(struct fleet *fleet, struct json_text text)
{
	char shown[TEXT_MAX + 64];
	size_t size = TEXT_MAX;
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (unsigned char)text.bytes[i]) * 0x100000001b3;
	while (size && ((unsigned char)text.bytes[size] & 0xc0) == 0x80)
		size--;
	memcpy(shown, text.bytes, size);
	int more = snprintf(shown + size, sizeof shown - size, "... (%zu bytes, %016llx)",
			    text.size, (unsigned long long)hash);
	return intern_add(fleet->texts, shown, size + (size_t)more);
}

static uint32_t add_text(struct fleet *fleet, struct json_text text)
{
	return !text.bytes             ? INTERN_NONE
	       : text.size <= TEXT_MAX ? intern_add(fleet->texts, text.bytes, text.size)
				       : add_long(fleet, text);
}

uint32_t fleet_text(struct fleet *fleet, const char *text)
{
	return intern_add(fleet->texts, text, strlen(text));
}

const char *fleet_text_of(const struct fleet *fleet, uint32_t number)
{
	return number == INTERN_NONE ? NULL : intern_bytes(fleet->texts, number);
}

/* ---- a report ---------------------------------------------------------------------------- */

static uint32_t add_state(struct fleet *fleet, const struct audit_entry *entry)
{
	uint32_t id = add_text(fleet, entry->id);
	bool differs = entry->verdict == VERDICT_DIFFERS;
	struct fleet_state state = {
		.setting = intern_add(fleet->settings, &id, sizeof id),
		.verdict = (uint32_t)entry->verdict,
		.want = add_text(fleet, entry->want),
		.at_least = add_text(fleet, entry->at_least),
		.at_most = add_text(fleet, entry->at_most),
		.deviations = add_text(fleet, entry->deviations),
		.reason = entry->verdict == VERDICT_UNKNOWN ? add_text(fleet, entry->reason)
							    : INTERN_NONE,
	};

	for (enum layer i = 0; i < LAYER_COUNT; i++)
		state.layer[i] = i == LAYER_LIVE && !differs ? INTERN_NONE
							     : add_text(fleet, entry->layer[i]);
	return intern_add(fleet->states, &state, sizeof state);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Each state once, in one order: the same settings in several network namespaces are one state as
 * long as their values are the same. */
static uint32_t add_pattern(struct fleet *fleet, const struct audit_file *audit)
{
	enum verdict verdict = audit->trouble   ? VERDICT_UNKNOWN
			       : audit->differs ? VERDICT_DIFFERS
						: VERDICT_OK;
	size_t kept = 2;

	while (fleet->scratch_room < audit->count + kept)
		fleet->scratch = extend(fleet->scratch, fleet->scratch_room, &fleet->scratch_room,
					sizeof *fleet->scratch);
	uint32_t *numbers = fleet->scratch;
	for (size_t i = 0; i < audit->count; i++) {
		numbers[2 + i] = add_state(fleet, &audit->findings[i]);
		if (audit->findings[i].verdict == VERDICT_UNKNOWN)
			verdict = VERDICT_UNKNOWN;
	}
	qsort(numbers + 2, audit->count, sizeof *numbers, compare_numbers);
	for (size_t i = 0; i < audit->count; i++)
		if (kept == 2 || numbers[kept - 1] != numbers[2 + i])
			numbers[kept++] = numbers[2 + i];
	numbers[0] = (uint32_t)verdict;
	numbers[1] = verdict == VERDICT_UNKNOWN ? add_text(fleet, audit->error) : INTERN_NONE;
	return intern_add(fleet->patterns, numbers, kept * sizeof *numbers);
}

static void drop(struct fleet *fleet, uint32_t host, const struct fleet_host *report)
{
	fleet->dropped = extend(fleet->dropped, fleet->dropped_count, &fleet->dropped_room,
				sizeof *fleet->dropped);
	fleet->dropped[fleet->dropped_count++] = (struct fleet_place){
		.host = host, .file = report->file, .line = report->line, .time = report->time
	};
}

bool fleet_is_future(const struct fleet *fleet, time_t time)
{
	return time > fleet->now + CLOCKS_DIFFER;
}

/* A clock that was once ahead must not hide what the host says since. */
static bool replaces(const struct fleet *fleet, time_t time, time_t known)
{
	bool ahead = fleet_is_future(fleet, time), known_ahead = fleet_is_future(fleet, known);

	return ahead != known_ahead ? known_ahead : time >= known;
}

void fleet_add(struct fleet *fleet, const struct audit_file *audit, uint32_t file, size_t line)
{
	struct fleet_host host = { .name = add_text(fleet, audit->name),
				   .machine_id = add_text(fleet, audit->machine_id),
				   .pattern = add_pattern(fleet, audit),
				   .profiles = add_text(fleet, audit->profiles),
				   .version = add_text(fleet, audit->version),
				   .interrupted = add_text(fleet, audit->interrupted),
				   .file = file,
				   .line = clip(line),
				   .time = audit->time };
	size_t count = intern_count(fleet->keys);
	uint32_t number = intern_add(fleet->keys, (uint32_t[]){ host.name, host.machine_id },
				     2 * sizeof(uint32_t));

	fleet->reports++;
	if (number == count) {
		fleet->hosts = extend(fleet->hosts, count, &fleet->host_room, sizeof host);
		fleet->hosts[number] = host;
	} else if (replaces(fleet, host.time, fleet->hosts[number].time)) {
		drop(fleet, number, &fleet->hosts[number]);
		fleet->hosts[number] = host;
	} else {
		drop(fleet, number, &host);
	}
}

void fleet_add_broken(struct fleet *fleet, uint32_t file, size_t line, const char *error)
{
	size_t count = fleet->broken_count++;

	if (count >= FLEET_BROKEN_MAX)
		return;
	fleet->broken = extend(fleet->broken, count, &fleet->broken_room, sizeof *fleet->broken);
	fleet->broken[count] = (struct fleet_broken){
		.file = file,
		.line = clip(line),
		.error = fleet_text_of(fleet, fleet_text(fleet, error)),
	};
}

/* ---- looking ----------------------------------------------------------------------------- */

size_t fleet_host_count(const struct fleet *fleet)
{
	return intern_count(fleet->keys);
}

struct fleet_pattern fleet_pattern(const struct fleet *fleet, uint32_t number)
{
	const uint32_t *numbers = intern_bytes(fleet->patterns, number);

	return (struct fleet_pattern){
		.verdict = (enum verdict)numbers[0],
		.error = numbers[1],
		.states = numbers + 2,
		.count = intern_size(fleet->patterns, number) / sizeof *numbers - 2,
	};
}

const struct fleet_state *fleet_state(const struct fleet *fleet, uint32_t number)
{
	return intern_bytes(fleet->states, number);
}
