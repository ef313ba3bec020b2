// SPDX-License-Identifier: MIT
/* `keeltune history`: lists the rollback files, shows one, and removes those that no undo needs. */
#include "cmd.h"
#include "error.h"
#include "pool.h"
#include "relief.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int fail(struct session *session, const char *message)
{
	return session_fail(session, EXIT_TROUBLE, "%s", message);
}

/* What is no rollback file, as notes. */
static void note_problems(struct session *session)
{
	const struct journal *journal = &session->journal;
	struct notes *notes = &session->report.notes;

	if (journal->hidden)
		notes_add(notes, NULL, (struct origin){ .file = JOURNAL_DIR },
			  "not readable for this user: root sees the history");
	for (size_t i = 0; i < journal->problems.count; i++)
		notes_add(notes, NULL, journal->problems.items[i].origin, "%s",
			  journal->problems.items[i].text);
}

static int list(struct session *session)
{
	note_problems(session);
	session->report.entries = session->journal.transactions;
	session->report.entry_count = session->journal.count;
	return session_finish(session, EXIT_OK);
}

/* ---- show -------------------------------------------------------------------------------- */

static int show(struct session *session, const char *id)
{
	struct journal *journal = &session->journal;

	note_problems(session);
	for (size_t i = 0; i < journal->count; i++) {
		struct transaction *entry = &journal->transactions[i];
		if (strcmp(entry->id, id) != 0)
			continue;
		journal_held(session->pool, journal, &session->held);
		session->report.entries = entry;
		session->report.entry_count = 1;
		session->report.shown = entry;
		session->report.held = &session->held;
		return session_finish(session, EXIT_OK);
	}
	return fail(session, journal->hidden || journal->untrusted
				     ? "the rollback files are not readable or not trusted"
				     : pool_printf(session->pool, "no rollback file %s", id));
}

/* ---- prune ------------------------------------------------------------------------------- */

/* Why an undo still needs ENTRY; NULL: nothing that it says could be put back any more. */
static const char *why_needed(struct session *session, const struct transaction *entry)
{
	const char *boot_id = host_boot_id(session->host);
	struct netns netns;
	struct error err;

	if (entry->state == TRANSACTION_ROLLED_BACK)
		return NULL;
	if (entry->state != TRANSACTION_APPLIED)
		return "it was interrupted and is not undone";
	for (size_t i = 0; i < entry->count; i++)
		if (entry->changes[i].kind == CHANGE_FILE)
			return "it is not undone: its files are the way back";
	if (boot_id && entry->boot_id && strcmp(boot_id, entry->boot_id) != 0)
		return NULL; /* running values of an earlier boot */
	if (entry->netns && netns_find_id(session->host, (ino_t)entry->netns_id, &netns, &err) < 0)
		return NULL;
	for (size_t i = 0; i < entry->count; i++)
		if (!change_is_of_process(entry->changes[i].kind) ||
		    relief_lives(&entry->changes[i]))
			return "it is not undone: its running values are the way back";
	return NULL; /* of processes that have ended */
}

/* Everything older than the newest --keep ones that no undo needs. */
static int prune(struct session *session)
{
	const struct options *options = &session->context->options;
	struct journal *journal = &session->journal;
	size_t old = journal->count > options->keep ? journal->count - options->keep : 0;
	struct report *report = &session->report;
	struct pruned *pruned = pool_alloc(session->pool, (old + 1) * sizeof *pruned);

	if (journal->hidden || journal->untrusted)
		return fail(session,
			    pool_printf(session->pool, "nothing removed: %s %s", JOURNAL_DIR,
					journal->hidden ? strerror(EACCES) : journal->untrusted));
	for (size_t i = 0; i < journal->problems.count; i++)
		notes_add(&report->notes, NULL, journal->problems.items[i].origin,
			  "not removed: %s", journal->problems.items[i].text);
	report->pruned = pruned;
	report->dry_run = options->dry_run;
	if (!options->dry_run)
		journal_sweep(session->host);
	for (size_t i = 0; i < old; i++) {
		const char *id = journal->transactions[i].id;
		const char *why = why_needed(session, &journal->transactions[i]);
		int rc = why || options->dry_run ? 0 : journal_remove(session->host, id);
		if (rc < 0)
			return fail(session, pool_printf(session->pool, "%s/%s: %s", JOURNAL_DIR,
							 id, strerror(-rc)));
		pruned[report->pruned_count++] = (struct pruned){ id, why };
	}
	return session_finish(session, EXIT_OK);
}

int cmd_history(const struct context *context)
{
	const char *word = context->argument_count ? context->arguments[0] : "list";
	bool is_show = !strcmp(word, "show"), is_prune = !strcmp(word, "prune");
	const struct options *options = &context->options;
	struct session session;

	if (context->argument_count != (is_show                   ? 2
					: context->argument_count ? 1
								  : 0) ||
	    (context->argument_count && !is_show && !is_prune)) {
		complain("history takes nothing, `show ID`, or `prune`");
		return EXIT_TROUBLE;
	}
	if (is_prune ? !options->keep_given : options->keep_given || options->dry_run) {
		complain(is_prune ? "history prune needs --keep N: how many of the newest stay"
				  : "--keep and --dry-run belong to history prune");
		return EXIT_TROUBLE;
	}
	if (is_prune && !options->dry_run) {
		if (!options->root && geteuid() != 0)
			return refuse(context, "history prune needs root");
		if (lock_host(context) < 0)
			return EXIT_TROUBLE;
	}
	if (session_open(context, true, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	return is_show    ? show(&session, context->arguments[1])
	       : is_prune ? prune(&session)
			  : list(&session);
}
