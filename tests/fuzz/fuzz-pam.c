// SPDX-License-Identifier: MIT
/* Lines of pam.d files and pam.conf, and their controls, for both readers of libpam. Where
 * conf_pam_readers_differ() says that the readers agree they must. */
#include "conf-pam.h"
#include "fuzz.h"
#include "pool.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_line(const struct conf_pam_line *a, const struct conf_pam_line *b)
{
	if (a->number != b->number || a->type != b->type || a->dash != b->dash ||
	    a->arg_count != b->arg_count)
		return false;
	for (size_t i = 0; i < a->arg_count; i++)
		if (!same_text(a->args[i], b->args[i]))
			return false;
	return same_text(a->service, b->service) && same_text(a->control, b->control) &&
	       same_text(a->module, b->module);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	const char *text = fuzz_text(pool, data, size);
	struct conf_pam files[2];

	for (int with_service = 0; with_service < 2; with_service++) {
		for (int reader = 0; reader < 2; reader++) {
			struct conf_pam *file = &files[reader];
			conf_pam_parse(pool, text, size, (enum conf_pam_reader)reader, with_service,
				       file);
			for (size_t i = 0; i < file->count; i++) {
				const struct conf_pam_line *line = &file->lines[i];
				struct conf_pam_control control;
				REQUIRE(line->number >= 1 && line->last >= line->number);
				if (line->control)
					conf_pam_control(line->control, file->reader, &control);
			}
		}
		if (conf_pam_readers_differ(text, size))
			continue;
		REQUIRE(files[0].count == files[1].count && files[0].end == files[1].end);
		for (size_t i = 0; i < files[0].count; i++)
			REQUIRE(same_line(&files[0].lines[i], &files[1].lines[i]));
	}
	pool_free(pool);
	return 0;
}
