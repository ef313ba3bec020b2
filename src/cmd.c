// SPDX-License-Identifier: MIT
/* What all commands share, see cmd.h. */
#include "cmd.h"

#include "cleanup.h"
#include "clock.h"
#include "error.h"
#include "escape.h"
#include "plan-build.h"
#include "pool.h"
#include "store.h"
#include "text.h"
#include "wrap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

void complain(const char *format, ...)
{
	char message[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	struct pool *pool = pool_new();
	const char *safe = escape_control(pool, message, "");
	autofree char *lines = NULL;
	size_t size;
	FILE *out = open_memstream(&lines, &size);
	if (out)
		wrap(out, "keeltune: ", "keeltune:   ", safe); /* every line says whose it is */
	if (out && !fclose(out))
		fputs(lines, stderr); /* at once: others may write there, too */
	else
		fprintf(stderr, "keeltune: %s\n", safe);
	pool_free(pool);
}

static bool lock_is_ours; /* this process may change the host, nobody else does */

/* The apply that was interrupted. What somebody is working on at this moment is not, and may have
 * been finished since it was looked at. */
static const char *find_interrupted(const struct session *session)
{
	const struct transaction *found = journal_interrupted(&session->journal), *again;
	struct journal journal;
	struct host *host;
	struct error err;

	if (!found || lock_is_ours)
		return found ? found->id : NULL;
	autofd int lock = store_share_lock(session->host);
	if (lock == -EWOULDBLOCK || host_open(session->context->options.root, &host, &err) < 0)
		return NULL;
	journal_load(host, true, &journal);
	again = journal_interrupted(&journal);
	const char *id = again ? pool_strdup(session->pool, again->id) : NULL;
	host_close(host);
	return id;
}

int session_open(const struct context *context, bool whole_journal, struct session *session)
{
	struct error err;

	*session = (struct session){ .context = context };
	if (host_open(context->options.root, &session->host, &err) < 0) {
		complain("%s", err.message);
		return EXIT_TROUBLE;
	}
	session->pool = host_pool(session->host);
	session->report = (struct report){ .kind = context->kind,
					   .pool = session->pool,
					   .root = context->options.root,
					   .time = time(NULL),
					   .notes.pool = session->pool };
	session->report.begun = clock_now();
	journal_load(session->host, !whole_journal, &session->journal);
	const char *interrupted = find_interrupted(session);
	session->report.interrupted = interrupted;
	if (interrupted && !context->options.quiet)
		complain("an apply was interrupted: %s; `keeltune rollback` undoes it",
			 interrupted);
	return EXIT_OK;
}

/* ---- profiles ---------------------------------------------------------------------------- */

static bool is_trusted(const struct file *file, uid_t trusted)
{
	return trusted == (uid_t)-1 ||
	       ((file->uid == 0 || file->uid == trusted) && !(file->mode & (S_IWGRP | S_IWOTH)));
}

/* A root process trusts root and the user behind sudo. (uid_t)-1: not root, no need. */
static uid_t trusted_uid(void)
{
	const char *sudo = getenv("SUDO_UID");
	uint64_t uid = 0;

	if (geteuid() != 0)
		return (uid_t)-1;
	return sudo && parse_decimal(sudo, UINT32_MAX - 1, &uid) ? (uid_t)uid : 0;
}

static int configured_names(struct session *session, const char *const **ret_names,
			    size_t *ret_count, struct notes *problems)
{
	static const char *const shipped[] = { "baseline" };
	const struct file *file =
		host_file(session->host, KEELTUNE_SYSCONFDIR "/keeltune/keeltune.conf");
	struct origin origin = { .file = file->path };
	const char **names;

	*ret_names = shipped;
	*ret_count = 1;
	if (file->state == FILE_ABSENT)
		return 0;
	if (file->state != FILE_PRESENT) {
		notes_add(problems, NULL, origin, "cannot be read: %s",
			  file->error ? strerror(-file->error) : "not a regular file");
		return -EIO;
	}
	if (!is_trusted(file, trusted_uid())) {
		notes_add(problems, NULL, origin,
			  "not trusted: it must belong to root and not be writable by group or "
			  "others");
		return -EPERM;
	}
	int rc = profile_default_names(session->pool, file->path, file->bytes, file->size, &names,
				       ret_count, problems);
	*ret_names = names;
	return rc;
}

static void print_problems(const struct notes *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct note *note = &problems->items[i];
		if (note->origin.file && note->origin.line)
			complain("%s:%u: %s", note->origin.file, note->origin.line, note->text);
		else if (note->origin.file)
			complain("%s: %s", note->origin.file, note->text);
		else
			complain("%s", note->text);
	}
}

struct profile_path session_profile_path(const struct session *session)
{
	return (struct profile_path){
		.directory = { session->context->options.profile_dir,
			       pool_printf(session->pool, "%s%s/keeltune/profiles",
					   host_root(session->host), KEELTUNE_SYSCONFDIR),
			       session->context->shipped_profiles },
		.tree = host_is_live(session->host) ? NULL : session->host,
	};
}

static int give_up(struct session *session, const struct notes *problems)
{
	print_problems(problems);
	session->report.notes = *problems;
	session->report.error = "the profiles have errors";
	return EXIT_TROUBLE;
}

int session_enter(struct session *session, const struct netns *netns, struct error *err)
{
	session->netns = *netns;
	session->query.netns = netns->name;
	session->query.persistent = false;
	return netns_enter(&session->netns, err);
}

static int enter_asked(struct session *session)
{
	const char *name = session->context->options.netns;
	struct netns netns;
	struct error err;

	if (!name || !strcmp(name, "all"))
		return EXIT_OK;
	if (netns_find(session->host, name, &netns, &err) < 0 ||
	    session_enter(session, &netns, &err) < 0) {
		session->report.error = pool_strdup(session->pool, err.message);
		return EXIT_TROUBLE;
	}
	return EXIT_OK;
}

int session_load_names(struct session *session, const char *const *names, size_t count)
{
	const struct options *options = &session->context->options;
	struct notes problems = { .pool = session->pool };
	struct profile_path path = session_profile_path(session);

	if (profile_load(session->pool, session->context->providers, &path, names, count,
			 trusted_uid(), &session->profiles, &problems) < 0)
		return give_up(session, &problems);
	session->query = (struct query){ .runtime = !options->persistent,
					 .persistent = !options->runtime,
					 .live = options->live,
					 .engines = engine_detect(session->host, options->engine) };
	session->report.profiles = &session->profiles;
	session->report.query = &session->query;
	return enter_asked(session);
}

int session_load(struct session *session)
{
	const char *const *names = session->context->arguments;
	size_t count = session->context->argument_count;
	struct notes problems = { .pool = session->pool };

	if (!count && configured_names(session, &names, &count, &problems) < 0)
		return give_up(session, &problems);
	int status = session_load_names(session, names, count);
	if (status != EXIT_OK && names != session->context->arguments)
		complain("these profiles are asked for by " KEELTUNE_SYSCONFDIR
			 "/keeltune/keeltune.conf, or are the default");
	return status;
}

int lock_host(const struct context *context)
{
	char why[1200];
	struct host *host;
	struct error err;

	if (outputs_possible(context, &err) < 0) {
		snprintf(why, sizeof why, "nothing changed: %s", err.message);
		refuse(context, why);
		return -1;
	}
	if (host_open(context->options.root, &host, &err) < 0) {
		complain("%s", err.message);
		return -1;
	}
	int lock = store_lock(host, context->options.wait);
	host_close(host);
	lock_is_ours = lock >= 0;
	if (lock_is_ours)
		return 0;
	if (lock == -ETIMEDOUT)
		snprintf(why, sizeof why,
			 "another keeltune is at work: gave up after %u s (--wait)",
			 context->options.wait);
	else
		snprintf(why, sizeof why, "cannot take the lock %s: %s",
			 context->options.root ? context->options.root : "/run/keeltune.lock",
			 strerror(-lock));
	refuse(context, why);
	return -1;
}

/* ---- what apply and rollback share ------------------------------------------------------- */

int session_plan(struct session *session, const char *id, const struct audit *audit,
		 struct plan *ret_plan, struct error *err)
{
	const struct context *context = session->context;
	struct held held = { 0 };

	/* A damaged copy only matters where it would be put back; plan_build() then says so. */
	for (size_t i = 0; i < session->journal.count; i++)
		if (session->journal.transactions[i].state == TRANSACTION_APPLIED)
			(void)journal_load_images(session->host, &session->journal.transactions[i],
						  err);
	journal_held(session->pool, &session->journal, &held);
	return plan_build(session->host, &session->query, context->providers, audit, &held,
			  context->options.override ? id : NULL, ret_plan, err);
}

void session_note_follow_ups(struct session *session, const struct plan *plan, struct notes *notes)
{
	const struct provider *const *provider = session->context->providers;

	for (; *provider; provider++) {
		for (size_t i = 0; (*provider)->follow_up && i < plan->count; i++) {
			const struct change *change = &plan->changes[i];
			const char *text =
				change->kind == CHANGE_FILE
					? (*provider)->follow_up(session->pool, change->path)
					: NULL;
			if (text)
				notes_add(notes, change->id_count ? change->ids[0] : NULL,
					  (struct origin){ .file = change->path }, "%s", text);
		}
	}
}

int audit_status(const struct audit *audit)
{
	return audit->summary[VERDICT_UNKNOWN]   ? EXIT_TROUBLE
	       : audit->summary[VERDICT_DIFFERS] ? EXIT_DIFFERS
						 : EXIT_OK;
}

int status_of_outcome(enum apply_outcome outcome)
{
	switch (outcome) {
	case APPLY_DONE:
		return EXIT_OK;
	case APPLY_STALE:
	case APPLY_REFUSED:
		return EXIT_TROUBLE;
	case APPLY_PUT_BACK:
		return EXIT_PUT_BACK;
	case APPLY_STUCK:
		break;
	}
	return EXIT_STUCK;
}

struct actor find_actor(struct session *session)
{
	const struct file *login = host_kernel(session->host, "/proc/self/loginuid");
	bool known = login->state == FILE_PRESENT && login->size &&
		     strcmp(login->bytes, "4294967295") != 0;

	return (struct actor){ .login = known ? login->bytes : NULL,
			       .sudo_user = getenv("SUDO_USER"),
			       .command = session->context->command_line,
			       .comment = session->context->options.comment,
			       .uid = getuid() };
}

void log_transaction(struct session *session, const char *what,
		     const struct transaction *transaction)
{
	struct actor actor = find_actor(session);

	if (!host_is_live(session->host))
		return;
	openlog("keeltune", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE,
	       "%s %s (%s): %zu changes, uid %u, loginuid %s, sudo user %s, command: %s", what,
	       transaction->id, transaction->profiles, transaction->count, actor.uid,
	       actor.login ? actor.login : "-",
	       actor.sudo_user ? escape_control(session->pool, actor.sudo_user, "") : "-",
	       escape_control(session->pool, actor.command, ""));
	closelog();
}

void session_close(struct session *session)
{
	for (size_t i = 0; i < session->host_count; i++)
		host_close(session->hosts[i]);
	session->host_count = 0;
	host_close(session->host); /* and with its pool the list of the others */
	session->host = NULL;
}
