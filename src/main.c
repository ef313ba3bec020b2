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
 * tables.c has the commands, providers and renderers, options.c reads the command line; this file
 * helps, and hands over to a command: the cmd-*.c take it from there. */
#include "options.h"
#include "pool.h"
#include "suggest.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- help -------------------------------------------------------------------------------- */

static void print_options(const char *command)
{
	for (const struct option_row *option = options; option->name; option++) {
		char name[40];
		if (command ? !option_is_of(option, command) : *option->commands != '\0')
			continue;
		snprintf(name, sizeof name, "--%s%s%s", option->name, option->argument ? " " : "",
			 option->argument ? option->argument : "");
		if (option->id < 256)
			printf("  -%c, %-19s %s\n", (char)option->id, name, option->help);
		else
			printf("      %-19s %s\n", name, option->help);
	}
}

static void print_formats(enum report_kind kind)
{
	fputs("Formats:", stdout);
	for (size_t i = 0; renderers[i]; i++)
		if (renderers[i]->render[kind])
			printf("%s %s%s", i ? "," : "", renderers[i]->name, i ? "" : " (default)");
	putchar('\n');
}

static void print_help_of(const struct command *command)
{
	printf("usage: keeltune %s [OPTION...] %s\n\n%s\n\n", command->name, command->arguments,
	       command->summary);
	print_options(command->name);
	putchar('\n');
	print_formats(command->kind);
	puts("keeltune(8) has the whole story.");
}

static void print_help(void)
{
	puts("usage: keeltune COMMAND [OPTION...] [ARGUMENT...]\n\n"
	     "Is this host set up so that dead peers are noticed and file descriptors do not\n"
	     "run out? keeltune compares it with a profile, shows the difference, applies it,\n"
	     "undoes it.\n");
	for (const struct command *command = commands; command->name; command++)
		printf("  %-9s %s\n", command->name, command->summary);
	puts("\nOptions of all commands; `keeltune COMMAND --help` has the others:\n");
	print_options(NULL);
	puts("\nWithout a PROFILE: those of " KEELTUNE_SYSCONFDIR
	     "/keeltune/keeltune.conf, else `baseline`.\n"
	     "Exit status of audit: 0 compliant, 1 differs, 2 could not be judged.\n"
	     "keeltune(8) has the whole story.");
}

/* ---- from the command line to a command ---------------------------------------------------- */

static const struct command *find_command(const char *name)
{
	const char *names[64];
	size_t count = 0;

	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
		if (count < sizeof names / sizeof *names)
			names[count++] = command->name;
	}
	const char *near = suggest_nearest(name, names, count);
	complain("no command %s%s%s%s (`keeltune --help` lists them)", name,
		 near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

/* An option or a verb may make it another report than the command's usual one. */
static enum report_kind find_kind(const struct command *command, const struct context *context)
{
	if (command->kind == REPORT_APPLY && context->options.dry_run)
		return REPORT_DIFF;
	if (command->kind != REPORT_SOCKETS)
		return command->kind;
	if (context->argument_count == 1 && !strcmp(context->arguments[0], "relieve"))
		return REPORT_RELIEF;
	return context->options.watch ? REPORT_SAMPLE : REPORT_SOCKETS;
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
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFL) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(EXIT_TROUBLE);
}

static int run(struct pool *pool, struct command_line *line, int argc, char **argv)
{
	struct context *context = &line->context;
	const struct command *command = NULL;

	if (line->word_count && !(command = find_command(line->words[0])))
		return EXIT_TROUBLE;
	if (line->help) {
		if (command)
			print_help_of(command);
		else
			print_help();
		return fflush(stdout) ? EXIT_TROUBLE : EXIT_OK;
	}
	if (!command) {
		complain("no command given (`keeltune --help` lists them)");
		return EXIT_TROUBLE;
	}
	context->command = command->name;
	context->arguments = line->words + 1;
	context->argument_count = line->word_count - 1;
	context->kind = find_kind(command, context);
	context->providers = providers;
	context->renderers = renderers;
	if (options_settle(line) != EXIT_OK || !outputs_are_good(context))
		return EXIT_TROUBLE;
	context->command_line = join(pool, argc, argv);
	context->shipped_profiles = shipped_profiles(pool);
	return command->run(context);
}

/* Of --format, even where the command line was not read to its end; NULL: there is none. */
static const struct renderer *find_renderer(const char *format)
{
	for (size_t i = 0; format && renderers[i]; i++)
		if (!strcmp(renderers[i]->name, format))
			return renderers[i];
	return NULL;
}

/* Neither a reader that leaves nor a limit of file sizes may end an apply without its status: the
 * call fails and that is reported. Whose parent ignores children still waits for its own. */
static void set_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* What a caller says (--output, the environment) is done with the rights of this process: with
 * those of somebody else he would have them. */
static bool is_borrowing_rights(void)
{
	return getuid() != geteuid() || getgid() != getegid();
}

int main(int argc, char **argv)
{
	struct command_line line;

	open_standard_descriptors();
	if (is_borrowing_rights()) {
		complain("must not be installed set-user-ID or set-group-ID: use sudo");
		return EXIT_TROUBLE;
	}
	set_signals();
#ifdef M_TOP_PAD
	mallopt(M_TOP_PAD, 1 << 20); /* one brk(2) instead of one for every few blocks of a pool */
#endif
	struct pool *pool = pool_new();
	int status = options_read(pool, argc, argv, &line);
	if (status == EXIT_OK && line.version) {
		puts("keeltune " KEELTUNE_VERSION);
		status = fflush(stdout) ? EXIT_TROUBLE : EXIT_OK;
	} else if (status == EXIT_OK) {
		status = run(pool, &line, argc, argv);
	}
	status = final_status(&line.context, find_renderer(line.format), status);
	pool_free(pool);
	return status;
}
