// SPDX-License-Identifier: MIT
/* The table of options, and what a command line says, see options.h. */
#include "options.h"

#include "pool.h"
#include "suggest.h"
#include "text.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_id {
	OPTION_ROOT = 'r',
	OPTION_FORMAT = 'f',
	OPTION_OUTPUT = 'o',
	OPTION_QUIET = 'q',
	OPTION_VERBOSE = 'v',
	OPTION_DRY_RUN = 'n',
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
	OPTION_COLOR = 256,
	OPTION_ALSO,
	OPTION_PROFILE_DIR,
	OPTION_RUNTIME,
	OPTION_PERSISTENT,
	OPTION_LIVE,
	OPTION_ENGINE,
	OPTION_OVERRIDE,
	OPTION_FORCE,
	OPTION_COMMENT,
	OPTION_WAIT,
	OPTION_NETNS,
	OPTION_RECORDING,
	OPTION_ALL,
	OPTION_KEEP,
	OPTION_SERVICE,
	OPTION_PID,
	OPTION_INHERIT,
	OPTION_NR_OPEN,
	OPTION_CAP,
	OPTION_PAM_VERSION,
	OPTION_STATE,
	OPTION_PORT,
	OPTION_USER,
	OPTION_OLDER_THAN,
	OPTION_CHECK,
	OPTION_SUMMARY,
	OPTION_WATCH,
	OPTION_SAMPLES,
	OPTION_KEEPALIVE,
	OPTION_NOFILE,
	OPTION_STALE,
};

const struct option_row options[] = {
	{ OPTION_ROOT, "root", "DIR", "", "look at (or change) the tree in DIR, not this host" },
	{ OPTION_FORMAT, "format", "FORMAT", "", "how the report is written" },
	{ OPTION_OUTPUT, "output", "FILE", "", "write to FILE, whole or not at all" },
	{ OPTION_ALSO, "also", "FORMAT:FILE", "", "write the report to FILE in this format, too" },
	{ OPTION_QUIET, "quiet", NULL, "", "print nothing: the exit status says it" },
	{ OPTION_VERBOSE, "verbose", NULL, "", "say more: reasons, losing lines, files" },
	{ OPTION_COLOR, "color", "WHEN", "", "auto (default), always, never" },
	{ OPTION_PROFILE_DIR, "profile-dir", "DIR", "audit diff apply profile",
	  "look for profiles in DIR first" },
	{ OPTION_RUNTIME, "runtime", NULL, "audit diff apply", "running values only" },
	{ OPTION_PERSISTENT, "persistent", NULL, "audit diff apply",
	  "what boot and login get only" },
	{ OPTION_LIVE, "live", NULL, "audit", "what runs already, too: processes and sockets" },
	{ OPTION_ENGINE, "engine", "ENGINE", "audit diff apply explain",
	  "the boot engine: systemd, procps, procps3, busybox" },
	{ OPTION_NETNS, "netns", "NAME", "audit diff apply sockets",
	  "a network namespace: name, pid (audit, sockets: all)" },
	{ OPTION_RECORDING, "recording", "FILE", "audit",
	  "html: with curves of this recording of sockets" },
	{ OPTION_STATE, "state", "STATE", "sockets",
	  "only sockets in these states (commas between)" },
	{ OPTION_PORT, "port", "PORT", "sockets", "only sockets with this local or peer port" },
	{ OPTION_USER, "user", "USER", "sockets", "only processes of this user" },
	{ OPTION_OLDER_THAN, "older-than", "TIME", "sockets",
	  "only sockets silent for so long: 90, 10m, 3h, 2d" },
	{ OPTION_CHECK, "check", "LIMIT", "sockets",
	  "exit 1 if a process exceeds it, as 'close_wait>1000'" },
	{ OPTION_SUMMARY, "summary", NULL, "sockets",
	  "count the states only, ask nobody who holds them" },
	{ OPTION_WATCH, "watch", "[SECONDS]", "sockets",
	  "again and again (10 s): growth, time until a limit" },
	{ OPTION_KEEPALIVE, "keepalive", "VALUES", "sockets",
	  "relieve: TIME:INTVL:PROBES on its sockets, 300:15:3" },
	{ OPTION_NOFILE, "nofile", "LIMIT", "sockets",
	  "relieve: SOFT[:HARD], its new descriptor limit" },
	{ OPTION_SAMPLES, "samples", "N", "sockets", "end --watch after N times" },
	{ OPTION_DRY_RUN, "dry-run", NULL, "apply rollback history sockets",
	  "show what would change, change nothing" },
	{ OPTION_OVERRIDE, "override", NULL, "diff apply",
	  "comment out lines of others that defeat the profile" },
	{ OPTION_FORCE, "force", NULL, "rollback", "undo even what somebody changed since" },
	{ OPTION_ALL, "all", NULL, "rollback", "undo every apply, the newest first" },
	{ OPTION_KEEP, "keep", "N", "history", "prune: leave the N newest rollback files" },
	{ OPTION_COMMENT, "comment", "TEXT", "apply sockets", "why, for the history" },
	{ OPTION_WAIT, "wait", "SECONDS", "apply rollback history sockets",
	  "wait for another keeltune (default 10)" },
	{ OPTION_SERVICE, "service", "NAME", "limits explain",
	  "the PAM service that opens the session (default login)" },
	{ OPTION_PID, "pid", "PID", "limits sockets",
	  "of this process (limits: why it has the ones it has)" },
	{ OPTION_INHERIT, "inherit", "LIMIT", "limits",
	  "ITEM=SOFT:HARD, handed down by daemon and pid 1" },
	{ OPTION_NR_OPEN, "nr-open", "N", "limits", "as if fs.nr_open were N" },
	{ OPTION_CAP, "cap", "ANSWER", "limits",
	  "does the login hold CAP_SYS_RESOURCE: yes or no" },
	{ OPTION_PAM_VERSION, "pam-version", "V", "limits",
	  "as that pam_limits.so: 1.5.1, 1.5.2-6+deb12u2" },
	{ OPTION_STALE, "stale", "TIME", "fleet",
	  "reports so much older than the newest (default 7d)" },
	{ OPTION_HELP, "help", NULL, "", "this text; after a command, that command's" },
	{ OPTION_VERSION, "version", NULL, "", "print the version" },
	{ 0, NULL, NULL, NULL, NULL },
};

#define OPTION_COUNT (sizeof options / sizeof *options - 1)

bool option_is_of(const struct option_row *option, const char *command)
{
	size_t size = strlen(command);

	if (!*option->commands)
		return true;
	for (const char *at = option->commands; (at = strstr(at, command)); at += size)
		if ((at == option->commands || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	return false;
}

const char *option_choices(const struct option_row *option)
{
	switch (option->id) {
	case OPTION_COLOR:
		return "auto always never";
	case OPTION_ENGINE:
		return "systemd procps procps3 busybox";
	case OPTION_CAP:
		return "yes no";
	default:
		return NULL;
	}
}

/* Is ARGUMENT what OPTION takes, as far as that is a matter of a few words? Else it was said. */
static bool check_choice(const struct option_row *option, const char *argument)
{
	const char *choices = option_choices(option);
	size_t size = argument ? strlen(argument) : 0, end = 0;
	char known[128] = "";

	if (!choices || !argument)
		return true;
	for (size_t length; *choices; choices += length + (choices[length] == ' ')) {
		length = strcspn(choices, " ");
		if (length == size && !memcmp(choices, argument, size))
			return true;
		bool last = !choices[length];
		end += (size_t)snprintf(known + end, sizeof known - end, "%s%.*s",
					!end   ? ""
					: last ? " or "
					       : ", ",
					(int)length, choices);
	}
	complain("--%s %s: %s", option->name, argument, known);
	return false;
}

static void complain_about_option(const char *argument)
{
	const char *names[OPTION_COUNT];
	char word[64];

	snprintf(word, sizeof word, "%.*s", (int)strcspn(argument, "="), argument);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		names[i] = options[i].name;
	const char *near =
		!strncmp(word, "--", 2) ? suggest_nearest(word + 2, names, OPTION_COUNT) : NULL;
	complain("no option %s%s%s%s (`keeltune --help` lists them)", word,
		 near ? ", did you mean --" : "", near ? near : "", near ? "?" : "");
}

static bool set_number(unsigned *set, const char *option, const char *text, unsigned min,
		       unsigned max)
{
	uint64_t number;

	if (!parse_decimal(text, max, &number) || number < min) {
		complain("--%s %s: a number, %u to %u", option, text, min, max);
		return false;
	}
	*set = (unsigned)number;
	return true;
}

/* Where an option that is only taken down has its place. */
#define PLACE(id, field)                                     \
	{                                                    \
		OPTION_##id, offsetof(struct options, field) \
	}
static const struct {
	enum option_id id;
	size_t place;
} texts[] = {
	PLACE(ROOT, root),
	PLACE(PROFILE_DIR, profile_dir),
	PLACE(COMMENT, comment),
	PLACE(NETNS, netns),
	PLACE(RECORDING, recording),
	PLACE(SERVICE, service),
	PLACE(PID, pid),
	PLACE(NR_OPEN, nr_open),
	PLACE(CAP, cap),
	PLACE(PAM_VERSION, pam_version),
	PLACE(STATE, state),
	PLACE(PORT, port),
	PLACE(USER, user),
	PLACE(OLDER_THAN, older_than),
	PLACE(KEEPALIVE, keepalive),
	PLACE(NOFILE, nofile),
	PLACE(STALE, stale),
}, flags[] = {
	PLACE(QUIET, quiet),
	PLACE(VERBOSE, verbose),
	PLACE(LIVE, live),
	PLACE(RUNTIME, runtime),
	PLACE(PERSISTENT, persistent),
	PLACE(DRY_RUN, dry_run),
	PLACE(OVERRIDE, override),
	PLACE(FORCE, force),
	PLACE(ALL, all),
	PLACE(SUMMARY, summary),
};

static bool take_down(struct options *set, enum option_id id, const char *argument)
{
	char *base = (char *)set;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].id == id)
			memcpy(base + texts[i].place, &argument, sizeof argument);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].id == id)
			base[flags[i].place] = true;
	return true;
}

static bool take_option(struct command_line *line, enum option_id id, const char *argument)
{
	struct options *set = &line->context.options;

	switch ((int)id) {
	case OPTION_FORMAT:
		line->format = argument;
		return true;
	case OPTION_OUTPUT:
		line->outputs[0].file = strcmp(argument, "-") != 0 ? argument : NULL;
		return true;
	case OPTION_ALSO:
		line->also[line->also_count++] = argument;
		return true;
	case OPTION_COLOR:
		line->color = argument;
		return true;
	case OPTION_ENGINE:
		return engine_by_name(argument, &set->engine);
	case OPTION_KEEP:
		set->keep_given = true;
		return set_number(&set->keep, "keep", argument, 0, 1000000);
	case OPTION_INHERIT:
		line->inherit[set->inherit_count++] = argument;
		set->inherit = line->inherit;
		return true;
	case OPTION_CHECK:
		line->checks[set->check_count++] = argument;
		set->checks = line->checks;
		return true;
	case OPTION_WATCH:
		set->watch = 10;
		return !argument || set_number(&set->watch, "watch", argument, 1, 86400);
	case OPTION_SAMPLES:
		return set_number(&set->samples, "samples", argument, 1, 1000000000);
	case OPTION_WAIT:
		return set_number(&set->wait, "wait", argument, 0, 86400);
	case OPTION_HELP:
		line->help = true;
		return true;
	case OPTION_VERSION:
		line->version = true;
		return true;
	default:
		return take_down(set, id, argument);
	}
}

static int complain_about_argument(int id, char *const *argv)
{
	const char *word = argv[optind - 1];

	if (id == ':')
		complain("%s needs an argument", word);
	else if (optopt && !strncmp(word, "--", 2))
		complain("%.*s takes no argument", (int)strcspn(word, "="), word);
	else
		complain_about_option(optopt ? (char[]){ '-', (char)optopt, 0 } : word);
	return EXIT_TROUBLE;
}

/* The same for getopt_long(3). */
static void list_options(struct option *longs, char *shorts)
{
	*shorts++ = '-';
	*shorts++ = ':';
	for (const struct option_row *row = options; row->name; row++) {
		*longs++ = (struct option){ .name = row->name,
					    .has_arg = !row->argument          ? no_argument
						       : *row->argument == '[' ? optional_argument
									       : required_argument,
					    .val = row->id };
		if (row->id < 256) {
			*shorts++ = (char)row->id;
			if (row->argument)
				*shorts++ = ':';
		}
	}
	*longs = (struct option){ 0 };
	*shorts = '\0';
}

/* getopt(3) leaves the command line in its order ("-"), whatever POSIXLY_CORRECT says: an option
 * means the same wherever it stands. Reads on after an error: --format says how to end. */
static int read_words(int argc, char **argv, struct command_line *line)
{
	struct option longs[OPTION_COUNT + 1];
	char shorts[2 * OPTION_COUNT + 3];
	int id, status = EXIT_OK;

	list_options(longs, shorts);
	opterr = 0;
	while (!line->version && (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == 1) {
			line->words[line->word_count++] = optarg;
			continue;
		}
		uint64_t ignored;
		if (id == '?' || id == ':') {
			status = complain_about_argument(id, argv);
			continue;
		}
		if (id == OPTION_WATCH && !optarg && optind < argc &&
		    parse_decimal(argv[optind], UINT64_MAX, &ignored))
			optarg = argv[optind++]; /* getopt(3) wants it behind a "=" */
		const struct option_row *row = options;
		while (row->id != id)
			row++;
		if (!check_choice(row, optarg) || !take_option(line, (enum option_id)id, optarg))
			status = EXIT_TROUBLE;
		line->given[line->given_count++] = row;
	}
	while (optind < argc) /* behind "--" */
		line->words[line->word_count++] = argv[optind++];
	return status;
}

int options_read(struct pool *pool, int argc, char **argv, struct command_line *ret)
{
	size_t size = (size_t)argc + 1;

	*ret = (struct command_line){
		.context.options = { .engine = ENGINE_COUNT, .wait = 10 },
		.words = pool_alloc(pool, size * sizeof *ret->words),
		.given = pool_alloc(pool, size * sizeof *ret->given),
		.inherit = pool_alloc(pool, size * sizeof *ret->inherit),
		.checks = pool_alloc(pool, size * sizeof *ret->checks),
		.also = pool_alloc(pool, size * sizeof *ret->also),
		.outputs = pool_alloc(pool, size * sizeof *ret->outputs),
	};
	ret->outputs[0] = (struct output){ 0 };
	return read_words(argc, argv, ret);
}

/* ---- the whole of it ---------------------------------------------------------------------- */

static bool go_together(const struct command_line *line)
{
	const struct options *set = &line->context.options;

	for (size_t i = 0; i < line->given_count; i++) {
		if (!option_is_of(line->given[i], line->context.command)) {
			complain("--%s is not an option of %s, but of: %s", line->given[i]->name,
				 line->context.command, line->given[i]->commands);
			return false;
		}
	}
	if (set->root && !*set->root) {
		complain("--root needs a directory");
		return false;
	}
	if (set->runtime && set->persistent) {
		complain("--runtime and --persistent exclude each other; without either both are "
			 "meant");
		return false;
	}
	if (set->netns && (set->root || set->persistent)) {
		complain("--netns is about running values: neither --root nor --persistent goes "
			 "with it");
		return false;
	}
	if (set->netns && !strcmp(set->netns, "all") &&
	    strcmp(line->context.command, "audit") != 0 &&
	    strcmp(line->context.command, "sockets") != 0) {
		complain("--netns all is for audit and sockets; %s takes one namespace",
			 line->context.command);
		return false;
	}
	if (set->root && set->runtime) {
		complain("--runtime with --root: a tree has no running values");
		return false;
	}
	return true;
}

/* NAME has SIZE characters. NULL: the command's reports have no such format, which was said. */
static const struct renderer *find_renderer(const struct context *context, const char *name,
					    size_t size)
{
	char known[256] = "";

	for (size_t i = 0; context->renderers[i]; i++) {
		const struct renderer *renderer = context->renderers[i];
		if (!renderer->render[context->kind])
			continue;
		if (strlen(renderer->name) == size && !memcmp(renderer->name, name, size))
			return renderer;
		size_t end = strlen(known);
		snprintf(known + end, sizeof known - end, "%s%s", end ? ", " : "", renderer->name);
	}
	complain("%s has no format %.*s, but: %s", report_kind_name(context->kind),
		 (int)(size < 80 ? size : 80), name, known);
	return NULL;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
	       strcmp(terminal, "dumb") != 0 && (!when || !strcmp(when, "auto"));
}

static bool settle_outputs(struct command_line *line)
{
	struct context *context = &line->context;
	bool always = line->color && !strcmp(line->color, "always");
	struct output *output = line->outputs;

	output->renderer = line->format ? find_renderer(context, line->format, strlen(line->format))
					: context->renderers[0];
	output->color = always || (!output->file && wants_color(line->color));
	for (size_t i = 0; i < line->also_count && output->renderer; i++) {
		const char *also = line->also[i];
		size_t size = strcspn(also, ":");
		const struct renderer *renderer = find_renderer(context, also, size);
		const char *file = also[size] ? also + size + 1 : renderer ? renderer->socket : "";
		if (!file || !*file) {
			if (renderer)
				complain("--also %s: FORMAT:FILE, as in json:/var/tmp/report.json",
					 also);
			return false;
		}
		if (!strcmp(file, "-"))
			file = "/dev/stdout";
		*++output = (struct output){ .renderer = renderer, .file = file, .color = always };
	}
	context->outputs = line->outputs;
	context->output_count = line->also_count + 1;
	return output->renderer;
}

int options_settle(struct command_line *line)
{
	return go_together(line) && settle_outputs(line) ? EXIT_OK : EXIT_TROUBLE;
}
