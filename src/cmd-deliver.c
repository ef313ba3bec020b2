// SPDX-License-Identifier: MIT
/* From a finished report to its outputs: each is whole, or the command has failed. */
#include "cmd.h"

#include "clock.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "store.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int own_status = -1; /* of the last report, as its format says it; -1: there was none */

static const char *output_name(const struct output *output)
{
	return output->file ? output->file : "standard output";
}

/* What a path leads to: a file; or where one will be, by the directory and its name there. */
struct place {
	struct stat at;
	const char *name; /* NULL: `at` is the file itself */
};

/* FILE NULL: standard output. */
static bool find_place(const char *file, struct place *ret)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char directory[PATH_MAX];

	*ret = (struct place){ .name = NULL };
	if (!(file ? stat(file, &ret->at) : fstat(STDOUT_FILENO, &ret->at)))
		return true;
	ret->name = slash ? slash + 1 : file;
	int length = snprintf(directory, sizeof directory, "%.*s",
			      slash ? (int)(slash - file) + 1 : 1, slash ? file : ".");
	return length > 0 && (size_t)length < sizeof directory && !stat(directory, &ret->at);
}

/* What one writes, the other would overwrite or mix with it; a terminal or /dev/null takes both. */
static bool are_one_place(const char *a, const char *b)
{
	struct place one, two;

	if (!find_place(a, &one) || !find_place(b, &two) || one.at.st_dev != two.at.st_dev ||
	    one.at.st_ino != two.at.st_ino || S_ISCHR(one.at.st_mode))
		return false;
	return one.name && two.name ? !strcmp(one.name, two.name) : one.name == two.name;
}

static bool is_terminal(const struct output *output)
{
	struct stat st;

	return output->file ? !stat(output->file, &st) && S_ISCHR(st.st_mode)
			    : isatty(STDOUT_FILENO);
}

/* ---- outputs that must not be --------------------------------------------------------------- */

/* Said before anything is done. What is redirected the shell has emptied already. */
static bool is_good(const struct context *context, const struct output *output)
{
	const char *file = output->file, *recording = context->options.recording;

	if (file && store_output_is_closed(file)) {
		complain("%s: %s", file, strerror(EBADF));
		return false;
	}
	bool is_input = file && recording && are_one_place(file, recording);
	for (size_t i = 0; file && i < context->argument_count; i++)
		is_input = is_input || are_one_place(file, context->arguments[i]);
	if (is_input)
		complain("%s: " OUTPUT_IS_INPUT, file);
	return !is_input;
}

bool outputs_are_good(const struct context *context)
{
	for (size_t i = 0; i < context->output_count; i++) {
		const struct output *a = &context->outputs[i];
		if (!a->file && context->options.quiet)
			continue;
		if (!is_good(context, a))
			return false;
		for (size_t j = i + 1; j < context->output_count; j++) {
			const struct output *b = &context->outputs[j];
			if (!are_one_place(a->file, b->file))
				continue;
			complain("%s and %s are one file: each output needs its own",
				 output_name(a), output_name(b));
			return false;
		}
	}
	return true;
}

static bool is_target(const struct session *session, const struct plan *plan, const char *file)
{
	for (size_t i = 0; plan && i < plan->count; i++)
		if (plan->changes[i].kind == CHANGE_FILE &&
		    are_one_place(file, pool_printf(session->pool, "%s%s", host_root(session->host),
						    plan->changes[i].path)))
			return true;
	return false;
}

/* Is FILE one that this session reads or changes? */
static bool is_of_session(const struct session *session, const char *file)
{
	const struct report *report = &session->report;
	const struct profile_set *profiles = &session->profiles;
	struct stat st;

	if (!stat(file, &st) && S_ISREG(st.st_mode) &&
	    host_has_read(session->host, st.st_dev, st.st_ino))
		return true;
	for (size_t i = 0; i < profiles->source_count; i++)
		if (are_one_place(file, profiles->sources[i].file))
			return true;
	for (size_t i = 0; i < report->step_count; i++)
		if (report->steps[i].undo && is_target(session, &report->steps[i].undo->plan, file))
			return true;
	return is_target(session, report->plan, file);
}

int session_check_outputs(const struct session *session, struct error *err)
{
	const struct context *context = session->context;

	for (size_t i = 0; i < context->output_count; i++) {
		const char *file = context->outputs[i].file;
		if (file && is_of_session(session, file))
			return error_set(err, -EINVAL, "%.800s: " OUTPUT_IS_INPUT, file);
	}
	return 0;
}

int outputs_possible(const struct context *context, struct error *err)
{
	struct error why;

	for (size_t i = 0; i < context->output_count; i++) {
		const char *file = context->outputs[i].file;
		int rc = file ? store_output_possible(file, &why) : 0;
		if (rc < 0)
			return error_set(err, rc, "the output %.150s could not be written: %.800s",
					 file, why.message);
	}
	return 0;
}

static int put(const struct session *session, const struct output *output, const char *text,
	       size_t size, struct error *err)
{
	const char *file = output->file;
	bool is_socket = file && file == output->renderer->socket;
	int rc;

	if (file && !is_socket) {
		return is_of_session(session, file) ? error_set(err, -EINVAL, OUTPUT_IS_INPUT)
						    : store_put_output(file, text, size, err);
	}
	if (is_socket)
		rc = store_send(file, text, size);
	else
		rc = fwrite(text, 1, size, stdout) != size || fflush(stdout) ? -errno : 0;
	return rc ? error_set(err, rc, "%s", strerror(-rc)) : 0;
}

/* Everything is rendered before the first byte goes out. */
static int deliver(const struct session *session, const struct output *output, struct error *err)
{
	const struct report *report = &session->report;
	struct style style = { .color = output->color,
			       .terminal = is_terminal(output),
			       .verbose = session->context->options.verbose };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed = !out;

	if (out) {
		output->renderer->render[report->kind](out, report, &style);
		failed = ferror(out);
		failed = fclose(out) || failed;
	}
	int rc = failed ? error_set(err, -ENOMEM, "%s", strerror(ENOMEM))
			: put(session, output, text, size, err);
	free(text);
	return rc;
}

static void set_result(struct report *report, int status)
{
	report->exit = status;
	report->result = status == EXIT_OK ? "ok" : status == EXIT_DIFFERS ? "differs" : "trouble";
}

/* What apply and rollback did is more important than that it could not be shown. */
static void note_failure(struct report *report, const struct output *output,
			 const struct error *err)
{
	if (err->code != -EPIPE)
		complain("%s: %s", output_name(output), err->message);
	if (report->transaction || report->exit >= EXIT_PUT_BACK)
		return;
	set_result(report, EXIT_TROUBLE);
	report->error = pool_printf(report->pool, "%s could not be written: %s",
				    output_name(output), err->message);
}

int session_finish(struct session *session, int status)
{
	const struct context *context = session->context;
	struct report *report = &session->report;

	set_result(report, status);
	if (!context->options.quiet || context->outputs->file || context->output_count > 1)
		host_identify(session->host, &report->host);
	/* The main output comes last: its status is the one of the program. */
	for (size_t i = context->output_count; i-- > 0;) {
		const struct output *output = &context->outputs[i];
		if (context->options.quiet && !output->file)
			continue;
		report->machine_id =
			output->renderer->wants_machine_id ? host_machine_id(session->host) : NULL;
		struct error err;
		if (deliver(session, output, &err) < 0)
			note_failure(report, output, &err);
	}
	const struct renderer *main_one = context->outputs->renderer;
	if (main_one->status)
		own_status = main_one->status(report);
	status = report->exit;
	session_close(session);
	return status;
}

int final_status(const struct context *context, const struct renderer *renderer, int status)
{
	struct report nothing = { .kind = context->kind,
				  .exit = status,
				  .result = "trouble",
				  .error = "nothing was looked at, standard error says why" };
	struct style style = { 0 };

	if (own_status >= 0)
		return own_status;
	if (!renderer || !renderer->status || status == EXIT_OK)
		return status;
	/* A plugin that says nothing is a riddle. */
	if (!context->options.quiet && renderer->render[nothing.kind]) {
		nothing.pool = pool_new();
		nothing.begun = clock_now();
		renderer->render[nothing.kind](stdout, &nothing, &style);
		fflush(stdout);
		pool_free(nothing.pool);
	}
	return renderer->status(NULL);
}

int session_fail(struct session *session, int status, const char *format, ...)
{
	char message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	complain("%s", message);
	session->report.error = pool_strdup(session->pool, message);
	return session_finish(session, status);
}

int refuse(const struct context *context, const char *why)
{
	struct session session;

	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	return session_fail(&session, EXIT_TROUBLE, "%s", why);
}
