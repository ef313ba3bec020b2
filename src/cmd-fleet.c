// SPDX-License-Identifier: MIT
/* `keeltune fleet`: the JSON of many audits, read once from beginning to end and merged. That hosts
 * differ is what it reports; its exit status says whether everything could be read. */
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "documents.h"
#include "error.h"
#include "fleet-input.h"
#include "fleet-picture.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALE_AFTER 604800000u /* ms: seven days */
#define CHUNK (256u << 10)

/* What is said on a terminal while it takes long. */
struct progress {
	bool wanted, drawn;
	double start, last;   /* seconds */
	uint64_t done, total; /* bytes; 0: not known */
};

struct merge {
	struct fleet *fleet;
	struct audit_file audit;
	struct progress progress;
	uint32_t file; /* that is being read */
};

/* ---- progress ---------------------------------------------------------------------------- */

static void draw_progress(const struct progress *progress, size_t reports)
{
	char bar[31] = "..............................";

	if (!progress->total) {
		fprintf(stderr, "\rkeeltune: %zu reports, %llu MB ", reports,
			(unsigned long long)(progress->done >> 20));
		return;
	}
	uint64_t share =
		progress->done < progress->total ? progress->done * 100 / progress->total : 100;
	memset(bar, '#', share * (sizeof bar - 1) / 100);
	fprintf(stderr, "\rkeeltune: [%s] %3llu %%, %zu reports ", bar, (unsigned long long)share,
		reports);
}

static void show_progress(struct merge *merge)
{
	struct progress *progress = &merge->progress;

	if (!progress->wanted)
		return;
	double now = clock_now();
	if (now - progress->start < 1 || now - progress->last < 0.2)
		return;
	draw_progress(progress, merge->fleet->reports);
	progress->last = now;
	progress->drawn = true;
}

static void erase_progress(const struct progress *progress)
{
	if (progress->drawn)
		fprintf(stderr, "\r%76s\r", "");
}

/* ---- reading ------------------------------------------------------------------------------ */

static void take_document(void *context, const struct document *document)
{
	struct merge *merge = context;
	struct error err;
	size_t line;

	if (document->problem)
		fleet_add_broken(merge->fleet, merge->file, document->line, document->problem);
	else if (audit_file_read(document->bytes, document->size, &merge->audit, &line, &err) < 0)
		fleet_add_broken(merge->fleet, merge->file, document->line + line, err.message);
	else
		fleet_add(merge->fleet, &merge->audit, merge->file, document->line);
}

/* What was read before it failed counts. */
static int read_all(struct merge *merge, struct documents *documents, int fd, char *chunk)
{
	for (;;) {
		ssize_t size = read(fd, chunk, CHUNK);
		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size < 0 ? -errno : 0;
		merge->progress.done += (uint64_t)size;
		if (!documents_feed(documents, chunk, (size_t)size))
			return 0;
		show_progress(merge);
	}
}

static void read_input(struct merge *merge, struct documents *documents,
		       const struct fleet_input *input, char *chunk)
{
	autofd int fd = fleet_input_open(input);
	int rc = fd;

	merge->file = fleet_text(merge->fleet, input->path);
	if (fd >= 0) {
		rc = read_all(merge, documents, fd, chunk);
		if (!rc)
			documents_end(documents);
		else
			documents_drop(documents);
	}
	if (rc < 0)
		fleet_add_broken(merge->fleet, merge->file, 0, strerror(-rc));
}

static void read_inputs(struct merge *merge, const struct fleet_inputs *inputs)
{
	struct documents *documents = documents_new(take_document, merge);
	autofree char *chunk = pool_malloc(CHUNK);

	merge->progress.start = clock_now();
	merge->progress.total = inputs->endless ? 0 : inputs->size;
	for (size_t i = 0; i < inputs->count; i++)
		read_input(merge, documents, &inputs->items[i], chunk);
	erase_progress(&merge->progress);
	documents_free(documents);
	audit_file_done(&merge->audit);
}

/* ---- notes ------------------------------------------------------------------------------- */

/* "a, b, c and 4 more" */
static const char *list_hosts(struct pool *pool, const struct fleet_picture *picture,
			      const uint32_t *hosts, size_t count)
{
	const char *list = "";

	for (size_t i = 0; i < count && i < 3; i++)
		list = pool_printf(pool, "%s%s%s", list, i ? ", " : "",
				   fleet_label(pool, picture, hosts[i]));
	return count > 3 ? pool_printf(pool, "%s and %zu more", list, count - 3) : list;
}

static const char *list_tallies(struct pool *pool, const struct fleet_tally *tallies, size_t count)
{
	const char *list = "";

	for (size_t i = 0; i < count && i < 6; i++)
		list = pool_printf(pool, "%s%s%s (%zu)", list, i ? ", " : "",
				   tallies[i].name ? tallies[i].name : "none", tallies[i].hosts);
	return count > 6 ? pool_printf(pool, "%s and %zu more", list, count - 6) : list;
}

__attribute__((format(printf, 2, 3))) static void note(struct session *session, const char *format,
						       ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	notes_add(&session->report.notes, NULL, (struct origin){ 0 }, "%s", text);
}

static void note_reports(struct session *session, const struct fleet_picture *picture,
			 uint64_t stale_after)
{
	struct pool *pool = session->pool;
	time_t now = session->report.time;

	if (picture->profile_count > 1)
		note(session, "the reports are about different profiles: %s",
		     list_tallies(pool, picture->profiles, picture->profile_count));
	if (picture->version_count > 1)
		note(session, "different versions of keeltune wrote them: %s",
		     list_tallies(pool, picture->versions, picture->version_count));
	if (picture->newest && now > picture->newest &&
	    (uint64_t)(now - picture->newest) > stale_after)
		note(session, "the newest report is %lld days old",
		     (long long)(now - picture->newest) / 86400);
	if (picture->future_count)
		note(session, "reports from the future, whose hosts have another clock: %s",
		     list_hosts(pool, picture, picture->future, picture->future_count));
	if (picture->interrupted_count)
		note(session, "an apply was interrupted there, `keeltune rollback` undoes it: %s",
		     list_hosts(pool, picture, picture->interrupted, picture->interrupted_count));
	if (picture->shared_ids)
		note(session,
		     "%zu machine id%s occur%s under several names, %zu in all: renamed hosts, or "
		     "copies of one image",
		     picture->shared_ids, picture->shared_ids == 1 ? "" : "s",
		     picture->shared_ids == 1 ? "s" : "", picture->shared_hosts);
}

/* ---- the command --------------------------------------------------------------------------- */

static int finish(struct session *session, struct merge *merge, const struct fleet_inputs *inputs,
		  uint64_t stale_after)
{
	struct report *report = &session->report;
	struct fleet_picture *picture = fleet_picture(merge->fleet, stale_after / 1000);
	size_t broken = merge->fleet->broken_count;

	report->fleet = picture;
	note_reports(session, picture, stale_after / 1000);
	if (inputs->others)
		note(session, "not read, for they are no JSON or no regular files: %s%s",
		     inputs->other,
		     inputs->others > 1
			     ? pool_printf(session->pool, " and %zu more", inputs->others - 1)
			     : "");
	if (broken)
		return session_fail(session, EXIT_TROUBLE,
				    "%zu file%s or line%s could not be read as audits%s", broken,
				    broken == 1 ? "" : "s", broken == 1 ? "" : "s",
				    merge->fleet->reports ? "; the others are merged" : "");
	if (!merge->fleet->reports)
		return session_fail(session, EXIT_TROUBLE, "no report was found");
	return session_finish(session, EXIT_OK);
}

/* An output that is one of the INPUTS, as a directory of reports that has this one, too, since the
 * last time; NULL: none. */
static const char *find_input(const struct context *context, const struct fleet_inputs *inputs)
{
	for (size_t i = 0; i < context->output_count; i++) {
		const char *file = context->outputs[i].file;
		struct stat st;
		if (!file || stat(file, &st) || !S_ISREG(st.st_mode))
			continue;
		for (size_t j = 0; j < inputs->count; j++)
			if (inputs->items[j].inode == st.st_ino &&
			    inputs->items[j].device == st.st_dev)
				return file;
	}
	return NULL;
}

/* Without a report, for that would be the one. */
static int refuse_output(struct session *session, const char *file)
{
	complain("%s: " OUTPUT_IS_INPUT, file);
	session_close(session);
	return EXIT_TROUBLE;
}

/* Standard input can be read once. */
static bool arguments_are_good(const struct context *context)
{
	size_t inputs = 0;

	for (size_t i = 0; i < context->argument_count; i++)
		inputs += !strcmp(context->arguments[i], "-");
	if (context->options.root)
		complain("fleet reads reports and no host: --root does not go with it");
	else if (!context->argument_count)
		complain("fleet needs the JSON of audits: files, directories, or - for standard "
			 "input (keeltune audit --format json writes it)");
	else if (inputs > 1)
		complain("fleet reads standard input (-) once");
	else
		return true;
	return false;
}

int cmd_fleet(const struct context *context)
{
	const char *stale = context->options.stale;
	uint64_t stale_after = STALE_AFTER;
	struct session session;

	if (!arguments_are_good(context))
		return EXIT_TROUBLE;
	if (stale && !parse_duration(stale, &stale_after)) {
		complain("--stale %s: a number of seconds, or with s, m, h or d behind it: 12h, 7d",
			 stale);
		return EXIT_TROUBLE;
	}
	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	struct pool *pool = pool_new();
	struct merge merge = { .fleet = fleet_new(pool, session.report.time),
			       .progress.wanted =
				       !context->options.quiet && isatty(STDERR_FILENO) };
	struct fleet_inputs inputs = { .pool = pool };
	for (size_t i = 0; i < context->argument_count; i++)
		fleet_inputs_add(&inputs, context->arguments[i]);
	const char *input = find_input(context, &inputs);
	if (!input)
		read_inputs(&merge, &inputs);
	int status = input ? refuse_output(&session, input)
			   : finish(&session, &merge, &inputs, stale_after);
	fleet_free(merge.fleet);
	pool_free(pool);
	return status;
}
