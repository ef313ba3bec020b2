/* SPDX-License-Identifier: MIT
 *
 * The options of all commands, as plain data, and the reading of a command line: what it says,
 * whether the command takes it, and where the reports go. Complains, but prints nothing else.
 */
#ifndef KEELTUNE_OPTIONS_H
#define KEELTUNE_OPTIONS_H

#include "cmd.h"

struct option_row {
	int id;               /* below 256: the letter, too */
	const char *name;     /* without "--" */
	const char *argument; /* NULL: none; "[...]": may be left out */
	const char *commands; /* that take it, blanks between; "": all */
	const char *help;
};

extern const struct option_row options[]; /* ends with a NULL name */

bool option_is_of(const struct option_row *option, const char *command);
/* The words that the option takes, blanks between; NULL: it takes more than a few. */
const char *option_choices(const struct option_row *option);

struct command_line {
	struct context context;
	const char **words; /* what is no option: the command and its arguments */
	size_t word_count;
	const char **inherit;   /* --inherit, each time */
	const char **checks;    /* --check, each time */
	struct output *outputs; /* of the context */
	const char **also;      /* --also, each time */
	size_t also_count;
	const struct option_row **given; /* to be checked against the command */
	size_t given_count;
	bool help, version;
	const char *format, *color;
};

/* Reads the options; the strings are those of ARGV, the arrays POOL's. EXIT_OK, or EXIT_TROUBLE and
 * it was said why. */
int options_read(struct pool *pool, int argc, char **argv, struct command_line *ret);

/* Once the context has the command, its kind of report and its arguments: does it take the options,
 * and do they go together? Settles the outputs. As above. */
int options_settle(struct command_line *line);

#endif
