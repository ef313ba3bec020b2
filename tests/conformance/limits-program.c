// SPDX-License-Identifier: MIT
/* `keeltune limits` as a script asks it, see limits-program.h: command line in, JSON out. */
#include "limits-program.h"

#include "catalog.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_ARGUMENTS 64
#define LENGTH 96

struct command {
	char text[RLIM_NLIMITS][LENGTH]; /* ITEM=SOFT:HARD */
	char nr_open[LENGTH];
	const char *words[MOST_ARGUMENTS];
	size_t count;
};

static void add(struct command *command, const char *word)
{
	command->words[command->count++] = word;
}

static const char *amount(char *text, rlim_t number)
{
	if (number == RLIM_INFINITY)
		return "unlimited";
	snprintf(text, LENGTH, "%" PRIu64, (uint64_t)number);
	return text;
}

static void make_command(struct command *command, const char *program, const char *pam_version,
			 const char *root, const struct limits_case *test)
{
	char soft[LENGTH], hard[LENGTH];
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	command->count = 0;
	add(command, program);
	add(command, "limits");
	add(command, "--root");
	add(command, root);
	add(command, "-fjson");
	snprintf(command->nr_open, LENGTH, "--nr-open=%" PRIu64, test->nr_open);
	add(command, command->nr_open);
	add(command, test->capable ? "--cap=yes" : "--cap=no");
	for (size_t i = 0; i < rows; i++) {
		const struct rlimit *limit = &test->caller[row[i].resource];
		snprintf(command->text[i], LENGTH, "--inherit=%s=%.30s:%.30s", row[i].item,
			 amount(soft, limit->rlim_cur), amount(hard, limit->rlim_max));
		add(command, command->text[i]);
	}
	if (pam_version) {
		add(command, "--pam-version");
		add(command, pam_version);
	}
	add(command, "--");
	add(command, test->user);
	command->words[command->count] = NULL;
}

static json_t *run(const struct command *command)
{
	json_error_t error;
	int ends[2], status;

	if (pipe(ends))
		return NULL;
	pid_t child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(command->words[0], (char *const *)(uintptr_t)command->words);
		_exit(127);
	}
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	json_t *document = in ? json_loadf(in, 0, &error) : NULL;
	if (in)
		fclose(in);
	if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		printf("  the program failed\n");
		json_decref(document);
		return NULL;
	}
	if (!document)
		printf("  no JSON: %s\n", error.text);
	return document;
}

static bool read_amount(const json_t *value, rlim_t *ret)
{
	char *end;

	if (json_is_integer(value)) {
		*ret = (rlim_t)json_integer_value(value);
		return json_integer_value(value) >= 0;
	}
	const char *text = json_string_value(value);
	if (!text)
		return false;
	if (!strcmp(text, "unlimited")) {
		*ret = RLIM_INFINITY;
		return true;
	}
	*ret = strtoull(text, &end, 10); /* above 2^63-1 */
	return end > text && !*end && *ret > INT64_MAX;
}

static bool read_limits(const json_t *limits, struct rlimit ret[RLIM_NLIMITS])
{
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	if (json_array_size(limits) != rows)
		return false;
	for (size_t i = 0; i < rows; i++) {
		const json_t *limit = json_array_get(limits, i);
		const char *item = json_string_value(json_object_get(limit, "item"));
		struct rlimit *to = &ret[row[i].resource];
		if (!item || strcmp(item, row[i].item) != 0 ||
		    !read_amount(json_object_get(limit, "soft"), &to->rlim_cur) ||
		    !read_amount(json_object_get(limit, "hard"), &to->rlim_max))
			return false;
	}
	return true;
}

bool ask_program(const char *program, const char *pam_version, const char *root,
		 const struct limits_case *test, bool *ret_fails,
		 struct rlimit ret_limits[RLIM_NLIMITS])
{
	struct command command;

	make_command(&command, program, pam_version, root, test);
	json_t *document = run(&command);
	if (!document)
		return false;
	const char *login = json_string_value(json_object_get(document, "login"));
	const char *reason = json_string_value(json_object_get(document, "login_reason"));
	bool good = login && (!strcmp(login, "ok") || !strcmp(login, "fails"));
	*ret_fails = login && !strcmp(login, "fails");
	if (good && !(reason && strstr(reason, "no such user")))
		good = read_limits(json_object_get(document, "limits"), ret_limits);
	if (!good)
		printf("  the JSON is not as it should be\n");
	json_decref(document);
	return good;
}
