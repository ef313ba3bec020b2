// SPDX-License-Identifier: MIT
/* `keeltune profile list | show NAME... | check FILE...`. */
#include "cmd.h"
#include "pool.h"

#include <string.h>
#include <unistd.h>

static int list(struct session *session)
{
	const struct profile_path path = session_profile_path(session);
	struct profile_entry *entries;
	size_t count;

	profile_list(session->pool, session->context->providers, &path, &entries, &count);
	session->report.profile_entries = entries;
	session->report.profile_entry_count = count;
	return session_finish(session, EXIT_OK);
}

/* A name without a '/' is a file when there is one, as people expect of a checker. */
static const char *as_path(struct pool *pool, const char *name)
{
	if (strchr(name, '/') || access(name, F_OK) != 0)
		return name;
	return pool_printf(pool, "./%s", name);
}

static int check(struct session *session, const char *const *names, size_t count)
{
	struct profile_source *valid = pool_alloc(session->pool, count * sizeof *valid);
	size_t valid_count = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = as_path(session->pool, names[i]);
		if (session_load_names(session, &name, 1) != EXIT_OK)
			continue;
		valid[valid_count++] =
			session->profiles.sources[session->profiles.source_count - 1];
	}
	session->report.profiles = NULL;
	session->report.checked = valid;
	session->report.checked_count = valid_count;
	return session_finish(session, valid_count == count ? EXIT_OK : EXIT_TROUBLE);
}

int cmd_profile(const struct context *context)
{
	const char *verb = context->argument_count ? context->arguments[0] : NULL;
	const char *const *names = context->arguments + 1;
	size_t count = context->argument_count ? context->argument_count - 1 : 0;
	struct session session;
	bool is_list = verb && !strcmp(verb, "list") && !count;
	bool is_show = verb && !strcmp(verb, "show") && count;
	bool is_check = verb && !strcmp(verb, "check") && count;

	if (!is_list && !is_show && !is_check) {
		complain("usage: keeltune profile list | show NAME... | check FILE...");
		return EXIT_TROUBLE;
	}
	if (session_open(context, false, &session) != EXIT_OK)
		return EXIT_TROUBLE;
	if (is_list)
		return list(&session);
	if (is_check)
		return check(&session, names, count);
	if (session_load_names(&session, names, count) != EXIT_OK)
		return session_fail(&session, EXIT_TROUBLE, "%s", session.report.error);
	return session_finish(&session, EXIT_OK);
}
