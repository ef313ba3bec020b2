// SPDX-License-Identifier: MIT
/* keeltune: is this host set up so that dead peers are noticed and file descriptors do not run out?
 *
 *     profile file -> profile -> settings --+
 *                                           +-> audit -> findings -> render-*
 *     /proc, /etc -> host -> provider-* ----+             |
 *                                                        plan -> changes -> render-*
 *                                                         |
 *     rollback files <- journal <----------------------- apply -> store -> host
 *
 * This file owns the tables (commands, options, providers, renderers) and reads the command line;
 * the cmd-*.c take it from there. */
#include "cmd.h"
#include "pool.h"
#include "provider.h"
#include "suggest.h"

#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Proposals are made in this order: a raised fs.nr_open before nofile, PAM before limits. */
static const struct provider *const providers[] = { &provider_sysctl, &provider_pam,
						    &provider_limits, &provider_unit, NULL };

static const struct renderer *const renderers[] = { &renderer_text, &renderer_json, NULL };

static const struct command commands[] = {
	{ "audit", "[PROFILE...]", "compare the host with the profiles", cmd_audit },
	{ "diff", "[PROFILE...]", "show what apply would change; change nothing", cmd_diff },
	{ "apply", "[PROFILE...]", "make the host comply, write a rollback file", cmd_apply },
	{ "rollback", "[ID]", "undo an apply (the newest not yet undone), or all", cmd_rollback },
	{ "history", "[show ID | prune]", "list the rollback files, show one, remove old ones",
	  cmd_history },
	{ "explain", "NAME...", "a sysctl key, limit, PAM service, unit or pid: who wins, why",
	  cmd_explain },
	{ "limits", "[USER|@GROUP|--pid PID]", "limits that a new login gets, and from which lines",
	  cmd_limits },
	{ "sockets", "[relieve]", "who leaks: CLOSE_WAIT, keepalive and descriptors by process",
	  cmd_sockets },
	{ "profile", "list | show NAME... | check FILE...", "list, resolve, check profiles",
	  cmd_profile },
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

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
};

/* Which commands take an option: the commands' names, or "" for all. */
struct option_row {
	enum option_id id;
	const char *name;
	const char *argument; /* NULL: none; "[...]": may be left out */
	const char *commands;
	const char *help;
};

static const struct option_row options[] = {
	{ OPTION_ROOT, "root", "DIR", "",
	  "look at (or change) the tree in DIR instead of this host" },
	{ OPTION_FORMAT, "format", "FORMAT", "", "text (default) or json" },
	{ OPTION_OUTPUT, "output", "FILE", "", "write to FILE, whole or not at all" },
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
	  "who applies sysctl files at boot: systemd, procps, procps3, busybox" },
	{ OPTION_NETNS, "netns", "NAME", "audit diff apply sockets",
	  "a network namespace (name, pid; audit, sockets: or all)" },
	{ OPTION_STATE, "state", "STATE", "sockets",
	  "only sockets in these states (commas between)" },
	{ OPTION_PORT, "port", "PORT", "sockets", "only sockets with this local or peer port" },
	{ OPTION_USER, "user", "USER", "sockets", "only processes of this user" },
	{ OPTION_OLDER_THAN, "older-than", "TIME", "sockets",
	  "only sockets silent for so long: 90, 10m, 3h, 2d" },
	{ OPTION_CHECK, "check", "LIMIT", "sockets",
	  "exit 1 if a process exceeds it: 'close_wait>1000', 'fds>80%'" },
	{ OPTION_SUMMARY, "summary", NULL, "sockets",
	  "count the states only, ask nobody who holds them" },
	{ OPTION_WATCH, "watch", "[SECONDS]", "sockets",
	  "again and again (10 s unless said): growth, time until a limit" },
	{ OPTION_KEEPALIVE, "keepalive", "VALUES", "sockets",
	  "relieve: TIME:INTVL:PROBES on its sockets, 300:15:3" },
	{ OPTION_NOFILE, "nofile", "LIMIT", "sockets",
	  "relieve: SOFT[:HARD], its descriptor limit; never lowered" },
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
	{ OPTION_HELP, "help", NULL, "", "this text; after a command, that command's" },
	{ OPTION_VERSION, "version", NULL, "", "print the version" },
};

#define OPTION_COUNT (sizeof options / sizeof *options)

/* ---- help -------------------------------------------------------------------------------- */

static bool takes(const struct option_row *option, const char *command)
{
	size_t size = strlen(command);

	if (!*option->commands)
		return true;
	for (const char *at = option->commands; (at = strstr(at, command)); at += size)
		if ((at == option->commands || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	return false;
}

static void print_options(const char *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		char name[40];
		if (command ? !takes(&options[i], command) : *options[i].commands != '\0')
			continue;
		snprintf(name, sizeof name, "--%s%s%s", options[i].name,
			 options[i].argument ? " " : "",
			 options[i].argument ? options[i].argument : "");
		if (options[i].id < 256)
			printf("  -%c, %-19s %s\n", (char)options[i].id, name, options[i].help);
		else
			printf("      %-19s %s\n", name, options[i].help);
	}
}

static int print_help(const struct command *command)
{
	if (command) {
		printf("usage: keeltune %s [OPTION...] %s\n\n%s\n\n", command->name,
		       command->arguments, command->summary);
		print_options(command->name);
		puts("\nkeeltune(8) has the whole story.");
	} else {
		puts("usage: keeltune COMMAND [OPTION...] [ARGUMENT...]\n\n"
		     "Is this host set up so that dead peers are noticed and file descriptors do "
		     "not\n"
		     "run out? Compares it with a profile, shows the difference, applies it, "
		     "undoes it.\n");
		for (size_t i = 0; i < COMMAND_COUNT; i++)
			printf("  %-9s %s\n", commands[i].name, commands[i].summary);
		puts("\nOptions of all commands (`keeltune COMMAND --help` has the others):\n");
		print_options(NULL);
		puts("\nWithout a PROFILE: those of " KEELTUNE_SYSCONFDIR
		     "/keeltune/keeltune.conf, else `baseline`.\n"
		     "Exit status of audit: 0 compliant, 1 differs, 2 could not be judged. See "
		     "keeltune(8).");
	}
	return fflush(stdout) ? EXIT_TROUBLE : EXIT_OK;
}

/* ---- the command line -------------------------------------------------------------------- */

static const struct command *find_command(const char *name)
{
	const char *names[COMMAND_COUNT];

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
		names[i] = commands[i].name;
	}
	const char *near = suggest_nearest(name, names, COMMAND_COUNT);
	complain("no command %s%s%s%s (`keeltune --help` lists them)", name,
		 near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
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

struct command_line {
	struct context context;
	const char **words; /* what is no option: the command and its arguments */
	size_t word_count;
	const char **inherit;               /* --inherit, each time */
	const char **checks;                /* --check, each time */
	const struct option_row *given[64]; /* to be checked against the command */
	size_t given_count;
	bool help;
	const char *color;
};

static bool set_format(struct context *context, const char *name)
{
	for (size_t i = 0; renderers[i]; i++) {
		if (!strcmp(renderers[i]->name, name)) {
			context->renderer = renderers[i];
			return true;
		}
	}
	complain("no format %s: text, json", name);
	return false;
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
	PLACE(OUTPUT, output),
	PLACE(PROFILE_DIR, profile_dir),
	PLACE(COMMENT, comment),
	PLACE(NETNS, netns),
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
		return set_format(&line->context, argument);
	case OPTION_COLOR:
		line->color = argument;
		if (!strcmp(argument, "auto") || !strcmp(argument, "always") ||
		    !strcmp(argument, "never"))
			return true;
		complain("--color %s: auto, always or never", argument);
		return false;
	case OPTION_ENGINE:
		if (engine_by_name(argument, &set->engine))
			return true;
		complain("--engine %s: systemd, procps, procps3 or busybox", argument);
		return false;
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
		return false; /* answered by the caller */
	default:
		return take_down(set, id, argument);
	}
}

static bool check_options(const struct command_line *line)
{
	const struct options *set = &line->context.options;

	for (size_t i = 0; i < line->given_count; i++) {
		if (!takes(line->given[i], line->context.command)) {
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

/* getopt(3) leaves the command line in its order ("-"), whatever POSIXLY_CORRECT says: an option
 * means the same wherever it stands. An exit status, or -1: go on. */
static int read_options(struct command_line *line, int argc, char **argv)
{
	struct option longs[OPTION_COUNT + 1] = { 0 };
	char shorts[2 * OPTION_COUNT + 3] = "-:", *to = shorts + 2;
	int id;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		longs[i] = (struct option){ .name = options[i].name,
					    .has_arg = !options[i].argument ? no_argument
						       : *options[i].argument == '['
							       ? optional_argument
							       : required_argument,
					    .val = (int)options[i].id };
		if (options[i].id < 256) {
			*to++ = (char)options[i].id;
			if (options[i].argument)
				*to++ = ':';
		}
	}
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == 1) {
			line->words[line->word_count++] = optarg;
			continue;
		}
		if (id == '?' || id == ':')
			return complain_about_argument(id, argv);
		if (id == OPTION_VERSION) {
			puts("keeltune " KEELTUNE_VERSION);
			return fflush(stdout) ? EXIT_TROUBLE : EXIT_OK;
		}
		uint64_t ignored;
		if (id == OPTION_WATCH && !optarg && optind < argc &&
		    parse_decimal(argv[optind], UINT64_MAX, &ignored))
			optarg = argv[optind++]; /* getopt(3) wants it behind a "=" */
		if (!take_option(line, (enum option_id)id, optarg))
			return EXIT_TROUBLE;
		for (size_t i = 0; i < OPTION_COUNT && line->given_count < 64; i++)
			if ((int)options[i].id == id)
				line->given[line->given_count++] = &options[i];
	}
	while (optind < argc) /* behind "--" */
		line->words[line->word_count++] = argv[optind++];
	return -1;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (when && strcmp(when, "auto") != 0)
		return !strcmp(when, "always");
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

static const char *join(struct pool *pool, int argc, char **argv)
{
	const char *line = argv[0];

	for (int i = 1; i < argc; i++)
		line = pool_printf(pool, "%s %s", line, argv[i]);
	return line;
}

/* The profiles of the checkout when run from its build directory, else the installed ones. */
static const char *shipped_profiles(struct pool *pool)
{
	static const char build[] = "/build/";
	char path[4096];
	ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

	if (size <= 0)
		return KEELTUNE_PROFILE_DIR;
	path[size] = '\0';
	char *name = strrchr(path, '/');
	if (!name || name - path < (ptrdiff_t)sizeof build - 2)
		return KEELTUNE_PROFILE_DIR;
	char *parent = name - (sizeof build - 2);
	if (strncmp(parent, build, sizeof build - 1) != 0)
		return KEELTUNE_PROFILE_DIR;
	const char *profiles = pool_printf(pool, "%.*s/profiles", (int)(parent - path), path);
	return access(profiles, F_OK) ? KEELTUNE_PROFILE_DIR : profiles;
}

/* A standard descriptor that is closed would be taken by the next file that is opened. Reading from
 * /dev/null in its place makes every write to it an error. */
static void open_standard_descriptors(void)
{
	struct pollfd standard[] = { { .fd = STDIN_FILENO },
				     { .fd = STDOUT_FILENO },
				     { .fd = STDERR_FILENO } };

	if (poll(standard, 3, 0) < 0)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if ((standard[fd].revents & POLLNVAL) && open("/dev/null", O_RDONLY) != fd)
			_exit(EXIT_TROUBLE);
}

static int run(struct pool *pool, struct command_line *line, int argc, char **argv)
{
	struct context *context = &line->context;
	const struct command *command = NULL;

	if (line->word_count && !(command = find_command(line->words[0])))
		return EXIT_TROUBLE;
	if (line->help)
		return print_help(command);
	if (!command) {
		complain("no command given (`keeltune --help` lists them)");
		return EXIT_TROUBLE;
	}
	context->command = command->name;
	if (!check_options(line))
		return EXIT_TROUBLE;
	context->options.color = (!context->options.output && wants_color(line->color)) ||
				 (line->color && !strcmp(line->color, "always"));
	context->arguments = line->words + 1;
	context->argument_count = line->word_count - 1;
	context->command_line = join(pool, argc, argv);
	context->shipped_profiles = shipped_profiles(pool);
	return command->run(context);
}

/* Neither a reader that leaves nor a limit of file sizes may end an apply without its status: the
 * call fails and that is reported. Whose parent ignores children still waits for its own. */
static void set_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
	struct command_line line = { .context = { .options = { .engine = ENGINE_COUNT, .wait = 10 },
						  .providers = providers,
						  .renderer = &renderer_text } };

	open_standard_descriptors();
	set_signals();
#ifdef M_TOP_PAD
	mallopt(M_TOP_PAD, 1 << 20); /* one brk(2) instead of one for every few blocks of a pool */
#endif
	struct pool *pool = pool_new();
	opterr = 0;
	line.words = pool_alloc(pool, (size_t)argc * sizeof *line.words);
	line.inherit = pool_alloc(pool, (size_t)argc * sizeof *line.inherit);
	line.checks = pool_alloc(pool, (size_t)argc * sizeof *line.checks);
	int status = read_options(&line, argc, argv);
	if (status < 0)
		status = run(pool, &line, argc, argv);
	pool_free(pool);
	return status;
}
