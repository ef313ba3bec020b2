// SPDX-License-Identifier: MIT
/* Mistakes in PAM files that libpam makes the best of without telling the user, as notes with their
 * file:line. Judges nothing. */
#include "provider-pam.h"

#include "conf-pam.h"
#include "host.h"
#include "pam-module.h"
#include "suggest.h"
#include "text.h"

#include <string.h>

static void note_type(struct host *host, const struct conf_pam_line *line, struct origin origin,
		      struct notes *notes)
{
	static const char *const types[] = { "session", "auth", "account", "password", "@include" };
	const char *nearest = line->type == CONF_PAM_WRONG_TYPE && line->word
				      ? suggest_nearest(line->word, types, 5)
				      : NULL;

	if (line->type == CONF_PAM_INCLUDE && !pam_library_is_debian(host))
		notes_add(notes, NULL, origin,
			  "@include is known to Debian's libpam only: here the line makes every "
			  "authentication fail");
	else if (line->type == CONF_PAM_WRONG_TYPE && nearest)
		notes_add(notes, NULL, origin,
			  "unknown type \"%s\" (%s?): libpam takes the line for an auth line that "
			  "always fails",
			  line->word, nearest);
	else if (line->type == CONF_PAM_WRONG_TYPE)
		notes_add(notes, NULL, origin,
			  "unknown type \"%s\": libpam takes the line for an auth line that always "
			  "fails",
			  line->word ? line->word : "");
}

static bool ends_in_return(const char *word)
{
	size_t size = word ? strlen(word) : 0;

	return size > 0 && word[size - 1] == '\r';
}

static bool has_return(const struct conf_pam_line *line)
{
	return ends_in_return(line->word) || ends_in_return(line->control) ||
	       ends_in_return(line->module) ||
	       (line->arg_count && ends_in_return(line->args[line->arg_count - 1]));
}

/* A missing module that the session survives: "-session" and a relative name say that it may be
 * missing, anything else is a mistake. */
static void note_module(struct host *host, const struct conf_pam_line *line,
			const struct conf_pam_control *control, struct origin origin,
			struct notes *notes)
{
	bool harmless = control->action[PAM_CODE_MODULE_UNKNOWN] == PAM_ACTION_IGNORE;
	bool limits = !strcmp(base_name(line->module), "pam_limits.so");

	if (pam_module_present(host, line->module))
		return;
	if (*line->module == '/' && pam_module_find(host, base_name(line->module)))
		notes_add(notes, NULL, origin, "%s does not exist: write %s without a directory",
			  line->module, base_name(line->module));
	else if (harmless && (limits || !line->dash))
		notes_add(notes, NULL, origin, "%s is not installed, and the line is skipped",
			  line->module);
}

static void note_session(struct host *host, const struct conf_pam_line *line,
			 enum conf_pam_reader reader, struct origin origin, struct notes *notes)
{
	struct conf_pam_control control;

	conf_pam_control(line->control, reader, &control);
	if (control.include || !line->control || !line->module)
		return;
	if (control.wrong)
		notes_add(notes, NULL, origin,
			  "unknown control \"%s\": whatever %s answers counts as a failure",
			  line->control, line->module);
	if (!ends_in_return(line->module))
		note_module(host, line, &control, origin, notes);
}

static void note_file(struct host *host, const char *path, struct notes *notes)
{
	struct conf_pam parsed;
	bool told = false;

	pam_stack_parse(host, path, &parsed);
	for (size_t i = 0; i < parsed.count; i++) {
		const struct conf_pam_line *line = &parsed.lines[i];
		struct origin origin = { path, line->number };
		if (!told && has_return(line))
			notes_add(
				notes, NULL, origin,
				"line ends are CR LF: libpam takes the carriage return for a part "
				"of the last word");
		told = told || has_return(line);
		if (line->tail)
			notes_add(notes, NULL, origin,
				  "the line is too long for this libpam: what follows byte 1023 is "
				  "read as a line of its own");
		if (line->type == CONF_PAM_SESSION)
			note_session(host, line, parsed.reader, origin, notes);
		else
			note_type(host, line, origin, notes);
	}
}

void pam_add_notes(struct host *host, const char *const *files, size_t count, struct notes *notes)
{
	for (size_t i = 0; i < count; i++)
		note_file(host, files[i], notes);
}
