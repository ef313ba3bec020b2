// SPDX-License-Identifier: MIT
/* Lines of a recording that anybody may have written, and the page that is made of it: what comes
 * from the recording is text in it and never markup. */
#include "error.h"
#include "fuzz.h"
#include "pool.h"
#include "recording.h"
#include "render-html.h"

#include <string.h>

static void check_curves(const struct recording *recording)
{
	REQUIRE(recording->count <= RECORDING_POINTS);
	REQUIRE(recording->process_count <= RECORDING_PROCESSES);
	REQUIRE(!recording->samples == !recording->count);
	for (size_t i = 1; i < recording->count; i++)
		REQUIRE(recording->times[i] >= recording->times[i - 1]);
	for (size_t i = 0; i < recording->process_count; i++) {
		const struct recorded_process *process = &recording->processes[i];
		REQUIRE(process->pid > 0 && process->seen <= recording->samples);
		REQUIRE(memchr(process->comm, 0, sizeof process->comm));
		REQUIRE(memchr(process->unit, 0, sizeof process->unit));
	}
}

/* The elements that the page of a recording has; any other is not ours. */
static void check_page(const char *page)
{
	static const char *const known[] = { "p",       "h3",    "div",     "figure",  "figcaption",
					     "b",       "span",  "svg",     "title",   "desc",
					     "rect",    "path",  "details", "summary", "table",
					     "caption", "thead", "tbody",   "tr",      "th",
					     "td" };

	for (const char *at = page; (at = strchr(at, '<'));) {
		at += at[1] == '/' ? 2 : 1;
		size_t size = strcspn(at, " />"), i = 0;
		while (i < sizeof known / sizeof *known &&
		       (strlen(known[i]) != size || memcmp(known[i], at, size) != 0))
			i++;
		REQUIRE(i < sizeof known / sizeof *known);
	}
	for (; *page; page++)
		REQUIRE((unsigned char)*page >= ' ' ? *page != 0x7f : *page == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	struct pool *pool = pool_new();
	struct recording recording;
	struct error err;

	REQUIRE(!recording_open(&recording));
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		size_t samples = recording.samples;
		int rc = recording_add(&recording, at, (size_t)(stop - at), &err);
		REQUIRE(recording.samples == samples + (rc == 0));
		at = stop + 1;
	}
	check_curves(&recording);
	if (recording.samples) {
		char *page = NULL;
		size_t length = 0;
		FILE *out = open_memstream(&page, &length);
		REQUIRE(out);
		html_recording(out, pool, &recording);
		REQUIRE(!fclose(out) && strlen(page) == length);
		check_page(page);
		free(page);
	}
	recording_close(&recording);
	pool_free(pool);
	return 0;
}
