// SPDX-License-Identifier: MIT
/* Prints what the completions of bash, zsh and fish have to know, out of the tables of the program,
 * as lines with tabs between; "-" is nothing:
 *
 *     command   COMMAND  -       -    -     -      SUMMARY
 *     argument  COMMAND  WORD    -    KIND  WORDS  -      what COMMAND (behind its word WORD) takes
 *     option    COMMAND  --LONG  -s   KIND  WORDS  HELP   COMMAND "-": while none is given yet
 *
 * KIND says what a value is, and "optional" that it is only taken behind "="; WORDS are some or all
 * that there are. The build puts this table into packaging/completions/keeltune.*. */
#include "catalog.h"
#include "options.h"
#include "sockets.h"

#include <stdio.h>
#include <string.h>

static void print_row(const char *row, const char *command, const char *word, char letter,
		      const char *kind)
{
	char shorthand[] = { '-', letter, '\0' };

	printf("%s\t%s\t%s\t%s\t%s\t", row, command, word, letter ? shorthand : "-", kind);
}

/* What a NAME is, COMMAND or the option OF says; the other words of the usage tell it themselves.
 */
static const char *kind_of(const char *name, size_t size, const char *of)
{
	static const struct {
		const char *of, *name, *kind;
	} kinds[] = {
		{ NULL, "DIR", "directory" },     { NULL, "FILE", "file" },
		{ NULL, "PROFILE", "profile" },   { NULL, "ID", "id" },
		{ NULL, "USER", "user" },         { NULL, "PID", "pid" },
		{ NULL, "FORMAT", "word" },       { NULL, "FORMAT:FILE", "output" },
		{ NULL, "STATE", "word" },        { "explain", "NAME", "word" },
		{ "profile", "NAME", "profile" }, { "service", "NAME", "service" },
		{ "netns", "NAME", "netns" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].name) == size && !memcmp(kinds[i].name, name, size) &&
		    (!kinds[i].of || !strcmp(kinds[i].of, of)))
			return kinds[i].kind;
	return "text";
}

static void print_formats(const struct command *command)
{
	const char *blank = "";

	for (const struct renderer *const *renderer = renderers; *renderer; renderer++) {
		if (command->name && !(*renderer)->render[command->kind])
			continue;
		printf("%s%s", blank, (*renderer)->name);
		blank = " ";
	}
}

static void print_states(void)
{
	for (enum tcp_state state = TCP_STATE_ESTABLISHED; state < TCP_STATE_COUNT; state++)
		printf("%s%s", state == TCP_STATE_ESTABLISHED ? "" : " ", tcp_state_name(state));
}

static void print_keys(void)
{
	size_t count;
	const struct sysctl_row *rows = catalog_sysctls(&count);

	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", rows[i].key);
}

static void print_option(const struct command *command, const struct option_row *option)
{
	const char *argument = option->argument, *choices = option_choices(option);
	char name[64];

	snprintf(name, sizeof name, "--%s", option->name);
	print_row("option", command->name ? command->name : "-", name,
		  option->id < 256 ? (char)option->id : '\0',
		  !argument          ? "-"
		  : *argument == '[' ? "optional"
		  : choices          ? "word"
				     : kind_of(argument, strlen(argument), option->name));
	if (choices)
		fputs(choices, stdout);
	else if (argument && !strncmp(argument, "FORMAT", strlen("FORMAT")))
		print_formats(command);
	else if (argument && !strcmp(argument, "STATE"))
		print_states();
	else
		putchar('-');
	printf("\t%s\n", option->help);
}

/* "[USER|@GROUP|--pid PID]", "list | show NAME... | check FILE...": words in small letters are
 * meant as they stand, others are kinds, options are told elsewhere. */
static void print_arguments(const struct command *command)
{
	const char *at = command->arguments;

	for (at += strspn(at, "[|] "); *at; at += strspn(at, "[|] ")) {
		size_t size = strcspn(at, "[|] ");
		char word[64] = "-";
		if (*at == '-' || *at == '@') {
			at += strcspn(at, "|]");
			continue;
		}
		if (*at >= 'a' && *at <= 'z') {
			snprintf(word, sizeof word, "%.*s", (int)size, at);
			at += size;
			at += *at == ' ';
			size = strcspn(at, "[|] ");
		}
		size_t bare = strcspn(at, "[|] .");
		const char *kind = bare ? kind_of(at, bare, command->name) : "-";
		print_row("argument", command->name, word, '\0', kind);
		if (!strcmp(kind, "word"))
			print_keys();
		else
			putchar('-');
		puts("\t-");
		at += size;
	}
}

int main(void)
{
	const struct command *command = commands;

	do {
		if (command->name) {
			print_row("command", command->name, "-", '\0', "-");
			printf("-\t%s\n", command->summary);
			print_arguments(command);
		}
		for (const struct option_row *option = options; option->name; option++)
			if (command->name ? option_is_of(option, command->name)
					  : !*option->commands)
				print_option(command, option);
	} while (command++->name);
	return fflush(stdout) != 0;
}
