// SPDX-License-Identifier: MIT
/* `--override`: comments out, one after the other, the lines of others that win although the plan
 * says otherwise. A vendor's file is left alone: a copy in /etc that hides it gets the comment, so
 * that its other lines stay in force. Writes nothing: the plan gets the bytes. */
#include "override.h"

#include "host.h"
#include "manifest.h"
#include "plan.h"
#include "pool.h"
#include "target.h"

#include <string.h>

/* A line that was commented out, and what stood at the target before. */
struct attempt {
	struct origin line;
	const char *target;
	const char *bytes; /* NULL: nothing */
	size_t size;
};

/* Where the line of FILE can be commented out: in itself (a link stays a link), or in the file that
 * will hide it. NULL: nowhere. */
static const char *find_target(struct override *override, const char *path, bool *ret_hides)
{
	const char *target = host_resolve(override->host, path);

	*ret_hides = false;
	if (!target)
		target = path;
	if (manifest_is_target(CHANGE_FILE, target))
		return target;
	target = target_that_hides(override->plan->pool, path);
	*ret_hides = true;
	return target && manifest_is_target(CHANGE_FILE, target) &&
			       host_file(override->host, target)->state == FILE_ABSENT &&
			       !host_link(override->host, target)
		       ? target
		       : NULL;
}

/* The bytes of FILE with the mark before line NUMBER; NULL: it has no such line. */
static const char *commented(struct pool *pool, const struct file *file, unsigned number,
			     const char *mark, size_t *ret_size)
{
	const char *line = file->bytes, *end = file->bytes + file->size;

	for (unsigned i = 1; i < number; i++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			return NULL;
		line = newline + 1;
	}
	size_t head = (size_t)(line - file->bytes), size = strlen(mark);
	char *bytes = pool_alloc(pool, file->size + size + 1);
	memcpy(bytes, file->bytes, head);
	memcpy(bytes + head, mark, size);
	memcpy(bytes + head + size, line, file->size - head);
	*ret_size = file->size + size;
	return bytes;
}

static struct attempt *find_attempt(struct override *override, struct origin line)
{
	for (size_t i = 0; i < override->count; i++)
		if (override->attempts[i].line.line == line.line &&
		    !strcmp(override->attempts[i].line.file, line.file))
			return &override->attempts[i];
	return NULL;
}

static void leave(struct override *override, const char *id, struct origin line, const char *why)
{
	notes_add(&override->plan->notes, id, line, "--override leaves this line: %s", why);
}

/* LINE wins all the same: what was tried is taken back. */
static bool take_back(struct override *override, const char *id, struct attempt *attempt)
{
	if (!attempt->target)
		return false;
	plan_put_file(override->plan, override->host, id, attempt->target, attempt->bytes,
		      attempt->size);
	leave(override, id, attempt->line,
	      pool_printf(override->plan->pool, "commented out in %s it would still count",
			  attempt->target));
	attempt->target = NULL;
	return true;
}

/* Whether anything changed. */
static bool comment_out(struct override *override, const char *id, struct origin line)
{
	struct pool *pool = override->plan->pool;
	struct attempt *known = find_attempt(override, line);
	const struct file file = *host_file(override->host, line.file); /* the overlay will move */
	size_t size = 0;
	bool hides;

	if (known)
		return take_back(override, id, known);
	const char *target = find_target(override, line.file, &hides);
	const char *mark = pool_printf(pool, "# keeltune %s: ", override->id);
	const char *bytes = target && file.state == FILE_PRESENT
				    ? commented(pool, &file, line.line, mark, &size)
				    : NULL;
	struct attempt attempt = { .line = line, .target = bytes ? target : NULL };
	if (bytes && !hides) {
		attempt.bytes = file.bytes;
		attempt.size = file.size;
	}
	override->attempts =
		pool_extend(pool, override->attempts, override->count, sizeof *override->attempts);
	override->attempts[override->count++] = attempt;
	if (!bytes) {
		leave(override, id, line, "keeltune does not edit this file");
		return false;
	}
	plan_put_file(override->plan, override->host, id, target, bytes, size);
	if (hides)
		notes_add(&override->plan->notes, id, (struct origin){ .file = target },
			  "from now on hides the vendor's %s", line.file);
	return true;
}

bool override_next(struct override *override, const struct audit *remaining)
{
	for (size_t i = 0; i < remaining->count; i++) {
		const struct finding *finding = &remaining->findings[i];
		const struct observed *observed = &finding->observed;
		const struct reading *boot = &observed->layer[LAYER_BOOT];
		const char *id = finding->setting->id;

		if (!finding->differs[LAYER_BOOT] ||
		    finding->setting->provider->form == SECTION_MODULE)
			continue;
		if (boot->origin.line && !setting_accepts(finding->setting, boot->value) &&
		    comment_out(override, id, boot->origin))
			return true; /* line numbers have not moved, but winners have */
		for (size_t j = 0; j < observed->deviation_count; j++)
			if (observed->deviations[j].origin.line &&
			    comment_out(override, id, observed->deviations[j].origin))
				return true;
	}
	return false;
}
