// SPDX-License-Identifier: MIT
/* What a report about a whole host has beside its audit: the plan of an apply, the sockets, and a
 * recording of them. Gathered only for outputs that show it. */
#include "cmd.h"
#include "error.h"
#include "journal.h"
#include "pool.h"
#include "recording.h"
#include "socket-report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct survey_parts {
	struct survey survey;
	struct plan plan;
	struct socket_request request;
	struct socket_report sockets;
	struct recording recording;
};

bool survey_is_wanted(const struct context *context)
{
	for (size_t i = 0; i < context->output_count; i++)
		if (context->outputs[i].renderer->wants_survey)
			return true;
	return false;
}

/* A word as a shell reads it back. */
static const char *quoted(struct pool *pool, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789@%+=:,./_-";
	const char *text = "'";

	if (*word && !word[strspn(word, plain)])
		return word;
	for (size_t size; (size = strcspn(word, "'")), word[size]; word += size + 1)
		text = pool_printf(pool, "%s%.*s'\\''", text, (int)size, word);
	return pool_printf(pool, "%s%s'", text, word);
}

static const char *arguments(const struct context *context, struct pool *pool)
{
	const struct options *options = &context->options;
	const struct {
		const char *name, *value;
	} named[] = {
		{ "--root", options->root },
		{ "--profile-dir", options->profile_dir },
		{ "--netns", options->netns },
		{ "--engine",
		  options->engine == ENGINE_COUNT ? NULL : engine_name(options->engine) },
	};
	const char *text = options->runtime      ? " --runtime"
			   : options->persistent ? " --persistent"
						 : "";

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (named[i].value)
			text = pool_printf(pool, "%s %s %s", text, named[i].name,
					   quoted(pool, named[i].value));
	for (size_t i = 0; i < context->argument_count; i++)
		text = pool_printf(pool, "%s %s", text, quoted(pool, context->arguments[i]));
	return text;
}

static void add_plan(struct session *session, const struct audit *audit, struct survey_parts *parts)
{
	const char *netns = session->context->options.netns;
	struct survey *survey = &parts->survey;
	struct error err;

	if (netns && !strcmp(netns, "all")) {
		survey->no_plan = "apply changes one network namespace at a time: --netns NAME";
	} else if (session->journal.untrusted) {
		survey->no_plan = pool_printf(session->pool, "apply would refuse: %s %s",
					      JOURNAL_DIR, session->journal.untrusted);
	} else if (session_plan(session, "ID", audit, &parts->plan, &err) < 0) {
		bool is_told = survey->is_root || !host_is_live(session->host);
		survey->no_plan = pool_printf(
			session->pool,
			is_told ? "apply would refuse: %s"
				: "only root can tell what apply would change; as this user: %s",
			err.message);
	} else {
		survey->plan = &parts->plan;
		notes_append(&survey->notes, &parts->plan.notes);
		session_note_follow_ups(session, &parts->plan, &survey->notes);
	}
}

static void add_sockets(struct session *session, struct survey_parts *parts)
{
	struct survey *survey = &parts->survey;
	struct error err;

	parts->request = (struct socket_request){ .filter = SOCKET_FILTER_ALL,
						  .netns = session->context->options.netns };
	if (!host_is_live(session->host))
		survey->no_sockets = "a tree has none: sockets are of a running system";
	else if (socket_report_collect(session->host, &parts->request, &survey->notes,
				       &parts->sockets, &err) < 0)
		survey->no_sockets = pool_strdup(session->pool, err.message);
	else
		survey->sockets = &parts->sockets;
}

/* What is broken in a recording is said on standard error, too. */
static int add_recording(struct session *session, struct survey_parts *parts)
{
	const char *path = session->context->options.recording;
	struct notes *skipped = &parts->survey.skipped;
	struct origin origin = { .file = path };
	size_t broken = 0;
	struct error err;

	if (!path)
		return EXIT_OK;
	if (recording_open(&parts->recording) < 0)
		pool_exhausted();
	if (recording_read(&parts->recording, path, skipped, &broken, &err) < 0) {
		notes_add(skipped, NULL, origin, "cannot be read: %s", strerror(-err.code));
		broken++;
	} else if (!parts->recording.samples) {
		notes_add(skipped, NULL, origin, "no sample in it");
		broken++;
	}
	for (size_t i = 0; i < skipped->count; i++) {
		const struct note *note = &skipped->items[i];
		if (note->origin.line)
			complain("%s:%u: %s", note->origin.file, note->origin.line, note->text);
		else
			complain("%s: %s", note->origin.file, note->text);
	}
	if (parts->recording.samples)
		parts->survey.recording = &parts->recording;
	return broken ? EXIT_TROUBLE : EXIT_OK;
}

int survey_host(struct session *session, const struct audit *audit, int status,
		struct survey_parts **ret)
{
	struct survey_parts *parts = pool_malloc(sizeof *parts); /* outlives the session */

	memset(parts, 0, sizeof *parts);
	parts->survey.audit_exit = status;
	parts->survey.is_root = !geteuid();
	parts->survey.notes.pool = parts->survey.skipped.pool = session->pool;
	parts->survey.arguments = arguments(session->context, session->pool);
	add_plan(session, audit, parts);
	add_sockets(session, parts);
	session->report.survey = &parts->survey;
	*ret = parts;
	return add_recording(session, parts);
}

void survey_close(struct survey_parts *parts)
{
	if (!parts)
		return;
	socket_report_free(&parts->sockets);
	recording_close(&parts->recording);
	free(parts);
}
