// SPDX-License-Identifier: MIT
/* `keeltune limits`: what a new session gets, of one user, of a group's members, of everybody.
 * Reads the options that are its alone. Changes nothing. */
#include "cmd.h"

#include "catalog.h"
#include "error.h"
#include "login-survey.h"
#include "pool.h"
#include "provider-limits.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* What the command line says, read. */
struct question {
	const char *user; /* or NULL */
	pid_t pid;        /* 0: not asked */
	struct limits_module module;
	bool has_module;
	bool has_nr_open;
	uint64_t nr_open;
	bool capable;
	struct login_inherited inherit[RLIM_NLIMITS];
	bool inherits[RLIM_NLIMITS];
};

/* ---- options ------------------------------------------------------------------------------ */

static const char *item_names(struct pool *pool)
{
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);
	const char *names = row[0].item;

	for (size_t i = 1; i < rows; i++)
		names = pool_printf(pool, "%s, %s", names, row[i].item);
	return names;
}

static bool parse_amount(const char *text, uint64_t *ret)
{
	if (!strcmp(text, "unlimited")) {
		*ret = LIMIT_UNLIMITED;
		return true;
	}
	return parse_decimal(text, UINT64_MAX, ret);
}

/* "nofile=1024:524288". */
static int parse_inherit(struct pool *pool, const char *text, struct question *question,
			 struct error *err)
{
	const char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
	uint64_t soft, hard;

	if (!colon)
		return error_set(err, -EINVAL,
				 "--inherit %.64s: ITEM=SOFT:HARD is needed, as nofile=1024:524288",
				 text);
	const char *item = pool_copy(pool, text, (size_t)(equals - text));
	const struct limit_row *row = catalog_limit(item);
	if (!row) {
		const char *near = limits_nearest_item(item);
		return error_set(err, -EINVAL,
				 "--inherit %.64s: no item \"%.32s\"%s%s%s; items are %s", text,
				 item, near ? ", did you mean " : "", near ? near : "",
				 near ? "?" : "", item_names(pool));
	}
	if (!parse_amount(pool_copy(pool, equals + 1, (size_t)(colon - equals - 1)), &soft) ||
	    !parse_amount(colon + 1, &hard))
		return error_set(err, -EINVAL,
				 "--inherit %.64s: SOFT and HARD are decimal numbers%s%s or "
				 "\"unlimited\"",
				 text, *row->kernel_unit ? " of " : "", row->kernel_unit);
	if (soft > hard)
		return error_set(err, -EINVAL, "--inherit %.64s: SOFT is above HARD", text);
	question->inherits[row->resource] = true;
	question->inherit[row->resource] = (struct login_inherited){
		.soft = soft, .hard = hard, .why = "inherited, as --inherit says"
	};
	return 0;
}

static int read_options(const struct context *context, struct pool *pool, struct question *ret,
			struct error *err)
{
	const struct options *options = &context->options;

	*ret = (struct question){ .capable = true };
	if (context->argument_count > 1)
		return error_set(err, -EINVAL, "limits takes one USER or @GROUP, or none");
	if (context->argument_count) {
		ret->user = context->arguments[0];
		if (!*ret->user || !strcmp(ret->user, "@"))
			return error_set(err, -EINVAL,
					 "\"%s\" is no name: limits takes a USER or a @GROUP",
					 ret->user);
	}
	uint64_t pid = 0;
	if (options->pid && (!parse_decimal(options->pid, INT32_MAX, &pid) || !pid))
		return error_set(err, -EINVAL, "--pid %.64s: the number of a process",
				 options->pid);
	if (pid && ret->user)
		return error_set(err, -EINVAL, "--pid tells the user: no USER goes with it");
	if (pid && options->root)
		return error_set(err, -EINVAL, "--pid with --root: a tree has no processes");
	ret->pid = (pid_t)pid;
	if (options->service && !*options->service)
		return error_set(err, -EINVAL, "--service needs the name of a PAM service");
	if (options->nr_open) {
		ret->has_nr_open = true;
		if (!parse_decimal(options->nr_open, INT64_MAX, &ret->nr_open) || !ret->nr_open)
			return error_set(err, -EINVAL, "--nr-open %.64s: a number above 0",
					 options->nr_open);
	}
	if (options->cap)
		ret->capable = !strcmp(options->cap, "yes");
	if (options->pam_version) {
		ret->has_module = true;
		struct error wrong;
		if (limits_module_of_version(options->pam_version, &ret->module, &wrong) < 0)
			return error_set(err, -EINVAL, "--pam-%s", wrong.message);
	}
	for (size_t i = 0; i < options->inherit_count; i++)
		if (parse_inherit(pool, options->inherit[i], ret, err) < 0)
			return err->code;
	return 0;
}

/* ---- notes -------------------------------------------------------------------------------- */

static const struct account *find_by_uid(const struct accounts *accounts, uint64_t uid)
{
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return &accounts->users[i];
	return NULL;
}

static void note_unknown(const struct login_survey *survey, struct notes *notes)
{
	const struct accounts *accounts = &survey->context->accounts;
	struct origin nowhere = { .file = NULL };
	uint64_t uid;

	if (!survey->unknown)
		return;
	if (*survey->user == '@') {
		notes_add(notes, NULL, nowhere,
			  "there is no group \"%s\" in /etc/group: its lines mean nobody",
			  survey->user + 1);
		return;
	}
	const struct account *meant =
		parse_decimal(survey->user, UINT32_MAX, &uid) ? find_by_uid(accounts, uid) : NULL;
	if (meant)
		notes_add(notes, NULL, nowhere,
			  "there is no user called \"%s\": a number is a name here; uid %" PRIu64
			  " is %s",
			  survey->user, uid, meant->name);
	else
		notes_add(
			notes, NULL, nowhere,
			"there is no user \"%s\" in /etc/passwd, and other sources (LDAP, SSSD) "
			"are "
			"not asked: no session opens; shown is what somebody without lines of his "
			"own would get",
			survey->user);
}

static void note_service(const struct login_context *context, struct notes *notes)
{
	struct origin nowhere = { .file = NULL };

	if (context->by_other)
		notes_add(notes, NULL, nowhere,
			  "there is no PAM service %s here: libpam takes the stack `other`",
			  context->service);
	else if (context->plan == LOGIN_LIMITED && !context->limits_line.file)
		notes_add(notes, NULL, nowhere,
			  "there are no PAM files here: judged as if %s had the usual line of "
			  "pam_limits.so",
			  context->service);
}

/* ---- the command -------------------------------------------------------------------------- */

static struct limits_ceiling find_ceiling(struct session *session, const struct question *question)
{
	if (question->has_nr_open)
		return (struct limits_ceiling){ question->nr_open, question->nr_open };
	session->query.engines = engine_detect(session->host, ENGINE_COUNT);
	return limits_find_ceiling(session->host, &session->query);
}

static void override(struct login_context *context, const struct question *question)
{
	context->capable = question->capable;
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (question->inherits[i])
			context->caller[i] = context->reset[i] = question->inherit[i];
	struct login_inherited *nofile = &context->reset[RLIMIT_NOFILE];
	uint64_t soft = nofile->soft;
	if (!question->inherits[RLIMIT_NOFILE])
		return;
	login_cap_reset(&context->module, context->reset);
	if (nofile->soft != soft)
		nofile->why = "inherited, as --inherit says, soft at most 1024";
}

static void open_context(struct session *session, const struct question *question,
			 struct limits_ceiling ceiling, struct login_context *ret)
{
	const char *service = session->context->options.service;
	struct login_query query = { .service = service ? service : "login",
				     .nr_open = ceiling.now,
				     .module = question->has_module ? &question->module : NULL,
				     .exact = true };

	login_open_query(session->host, &query, ret);
	login_load_accounts(ret);
	override(ret, question);
}

static void describe_module(const struct login_context *context, const struct question *question,
			    struct limits_report *ret)
{
	struct pool *pool = host_pool(context->host);

	if (!question->has_module && !context->installed && !context->assumed)
		return;
	ret->release = limits_module_describe(pool, &context->module, &ret->compared);
	ret->release_by = question->has_module ? "--pam-version"
			  : context->installed ? "installed"
					       : "assumed";
}

/* The survey of the user of a process; nobody's where the uid is unknown. */
static void survey_process(struct session *session, const struct login_context *login,
			   const struct process *process, struct limits_report *ret)
{
	const struct account *account = find_by_uid(&login->accounts, process->uid);
	struct process_limits *compared = pool_alloc(session->pool, sizeof *compared);

	/* No name contains a colon: nobody is called so. */
	login_survey(login,
		     account ? account->name : pool_printf(session->pool, "uid:%u", process->uid),
		     &ret->survey);
	process_limits_compare(process, &ret->survey, 0, compared);
	ret->process = compared;
}

int cmd_limits(const struct context *context)
{
	struct limits_report report = { .release = NULL };
	struct login_context login;
	struct question question;
	struct process process = { .pid = 0 };
	struct session session;
	struct origin origin;
	struct error err;

	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (read_options(context, session.pool, &question, &err) < 0)
		return session_fail(&session, EXIT_TROUBLE, "%s", err.message);
	if (question.pid && process_read(session.host, question.pid, &process, &err) < 0)
		return session_fail(&session, EXIT_TROUBLE, "%s", err.message);

	struct limits_ceiling ceiling = find_ceiling(&session, &question);
	open_context(&session, &question, ceiling, &login);
	if (question.pid)
		survey_process(&session, &login, &process, &report);
	else
		login_survey(&login, question.user, &report.survey);
	describe_module(&login, &question, &report);
	note_unknown(&report.survey, &session.report.notes);
	note_service(&login, &session.report.notes);
	limits_add_notes(&login, ceiling, NULL, 0, &session.report.notes);
	session.report.limits = &report;
	const char *trouble = login_survey_trouble(&report.survey, &origin);
	if (!trouble)
		return session_finish(&session, EXIT_OK);
	if (origin.file && strncmp(trouble, origin.file, strlen(origin.file)) != 0)
		return session_fail(&session, EXIT_TROUBLE, "%s: %s", origin.file, trouble);
	return session_fail(&session, EXIT_TROUBLE, "%s", trouble);
}
