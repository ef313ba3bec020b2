// SPDX-License-Identifier: MIT
/* The model of logins (login.h) against the real pam_limits.so: both get the same made-up host, a
 * directory tree, and every limit of the session must be the same. The module is loaded by the real
 * libpam; limits-session.c stands between it and the system (fopen, glob, getpwnam_r, setrlimit,
 * ... are ours), so nothing of this host is read or changed and no privilege is needed.
 *
 *     limits --module PATH [--program PATH [--pam-version V]] [--count N] [--seed N] [--first N]
 *
 * --program: not the model but `keeltune limits` answers, with all limits that are handed down on
 * its command line; daemon and pid 1 then hand down the same. --pam-version: it is not to look at
 * the module.
 *
 * Case N of a seed is the same whatever the count: a disagreement is printed with the options that
 * repeat it, reduced, and as an entry for the list of kept cases. */
#include "conf-limits.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "pool.h"

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limits-ask.h"
#include "limits-program.h"
#include "limits-session.h"

#define MOST_FAILURES 20 /* then it gives up */
#define LINES_EVERY 8    /* random cases whose lines are proved one by one */

static const char *program, *pam_version; /* or NULL */

/* ---- the two answers ------------------------------------------------------------------------ */

static int no_conversation(int count, const struct pam_message **messages,
			   struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)count, sizeof **responses);
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

void limits_ask_module(const struct limits_case *test, struct limits_answer *ret)
{
	const struct pam_conv conversation = { .conv = no_conversation };
	char confdir[300];
	pam_handle_t *pam;

	snprintf(confdir, sizeof confdir, "%s/real.d", limits_session.tree);
	memcpy(limits_session.limits, test->caller, sizeof limits_session.limits);
	limits_session.capable = test->capable;
	limits_session.nr_open = test->nr_open;
	int rc = pam_start_confdir("login", test->user, &conversation, confdir, &pam);
	if (rc != PAM_SUCCESS) {
		fprintf(stderr, "limits: pam_start_confdir: %s\n", pam_strerror(NULL, rc));
		exit(2);
	}
	limits_session.active = true;
	ret->rc = pam_open_session(pam, PAM_SILENT);
	limits_session.active = false;
	pam_end(pam, rc);
	memcpy(ret->limits, limits_session.limits, sizeof ret->limits);
}

static void override_inherited(const struct limits_case *test, struct login_context *context)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		context->caller[i] = (struct login_inherited){ .soft = test->caller[i].rlim_cur,
							       .hard = test->caller[i].rlim_max };
	login_inherit_from_pid1(&context->module, test->pid1, strlen(test->pid1), context->reset);
}

void limits_ask_model(const struct limits_case *test, struct limits_answer *ret,
		      struct limits_claims *claims)
{
	struct login_context context;
	struct login_limits limits;
	struct error error;
	struct host *host;

	if (host_open(limits_session.tree, &host, &error)) {
		fprintf(stderr, "limits: %s\n", error.message);
		exit(2);
	}
	login_open(host, "login", test->nr_open, &context);
	if (!context.installed) {
		fprintf(stderr, "limits: the model does not find the module\n");
		exit(2);
	}
	override_inherited(test, &context);
	context.capable = test->capable;
	login_load_accounts(&context);
	if (claims)
		claims->count = 0;
	const struct account *account = accounts_find(&context.accounts, test->user);
	if (account) {
		login_evaluate(&context, account, &limits);
		if (claims)
			limits_note_claims(&context, &limits, claims);
		ret->rc = limits.fails;
		for (size_t i = 0; i < RLIM_NLIMITS; i++)
			ret->limits[i] = (struct rlimit){ limits.item[i].soft.number,
							  limits.item[i].hard.number };
	} else {
		ret->rc = PAM_USER_UNKNOWN;
		memcpy(ret->limits, test->caller, sizeof ret->limits);
	}
	host_close(host);
}

/* A program that does not answer has answered wrongly. */
static void ask_keeltune(const struct limits_case *test, struct limits_answer *ret)
{
	bool fails;

	memcpy(ret->limits, test->caller, sizeof ret->limits);
	ret->rc = -1;
	if (ask_program(program, pam_version, limits_session.tree, test, &fails, ret->limits))
		ret->rc = fails;
	else
		ret->limits[RLIMIT_NOFILE].rlim_max ^= 1;
}

/* --inherit speaks for the daemon and for pid 1; its soft side is never above the hard one. */
static void hand_down_the_same(struct pool *pool, struct limits_case *test)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (test->caller[i].rlim_cur > test->caller[i].rlim_max)
			test->caller[i].rlim_cur = test->caller[i].rlim_max;
	test->pid1 = limits_format_table(pool, test->caller);
}

void limits_ask(const struct limits_case *test, const char *module,
		struct limits_answer *ret_module, struct limits_answer *ret_ours)
{
	struct limits_case asked = *test;
	struct pool *pool = pool_new();

	if (program)
		hand_down_the_same(pool, &asked);
	limits_build(&asked, module);
	limits_ask_module(&asked, ret_module);
	if (program)
		ask_keeltune(&asked, ret_ours);
	else
		limits_ask_model(&asked, ret_ours, NULL);
	pool_free(pool);
}

bool limits_agree(const struct limits_answer *module, const struct limits_answer *model)
{
	return !module->rc == !model->rc &&
	       !memcmp(module->limits, model->limits, sizeof module->limits);
}

bool limits_same(const struct limits_case *test, const char *module)
{
	struct limits_answer from_module, ours;

	limits_ask(test, module, &from_module, &ours);
	return limits_agree(&from_module, &ours);
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* Prints "ok NAME" for a fixed case and "not ok NAME" for any that is wrong. */
static bool run_case(struct pool *pool, const struct limits_case *test, const char *module,
		     const char *name, bool quiet, limits_check *is_right)
{
	struct limits_case smaller = *test;

	if (is_right(test, module)) {
		if (!quiet)
			printf("ok %s\n", name);
		return true;
	}
	limits_reduce(pool, &smaller, module, is_right);
	printf("not ok %s\n", name);
	if (is_right == limits_lines_hold && !is_right(&smaller, module))
		printf("# %s\n", limits_lines_trouble);
	limits_print(&smaller, module);
	return false;
}

static bool parse_number(const char *text, unsigned long *ret)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static unsigned long run_fixed(const char *module)
{
	unsigned long failed = 0;

	for (size_t i = 0; i < fixed_case_count(); i++) {
		struct pool *pool = pool_new();
		struct limits_case test;
		fixed_case(pool, i, &test);
		failed += !run_case(pool, &test, module, test.name, false, limits_same);
		pool_free(pool);
	}
	return failed;
}

static unsigned long run_random(const char *module, unsigned long seed, unsigned long first,
				unsigned long count)
{
	unsigned long failed = 0, end = first + count;

	for (unsigned long i = first; i < end && failed < MOST_FAILURES; i++) {
		struct pool *pool = pool_new();
		struct limits_case test;
		char name[100];
		random_case(pool, seed, i, &test);
		snprintf(name, sizeof name, "--seed %lu --first %lu --count 1", seed, i);
		bool same = run_case(pool, &test, module, name, true, limits_same);
		if (same && !program && i % LINES_EVERY == 0)
			same = run_case(pool, &test, module, name, true, limits_lines_hold);
		failed += !same;
		pool_free(pool);
	}
	printf("%s %lu random cases%s, --seed %lu --first %lu; %lu lines proved to win or to "
	       "lose\n",
	       failed ? "not ok" : "ok", count,
	       pam_version ? " of the program with --pam-version"
	       : program   ? " of the program"
			   : "",
	       seed, first, limits_lines_proved);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned long count = 5000, seed = (unsigned long)time(NULL), first = 0;
	const char *module = NULL;
	const char *temporary = getenv("TMPDIR");

	for (int i = 1; i < argc; i += 2) {
		unsigned long *number = !strcmp(argv[i], "--count")   ? &count
					: !strcmp(argv[i], "--seed")  ? &seed
					: !strcmp(argv[i], "--first") ? &first
								      : NULL;
		bool understood = i + 1 < argc;
		if (number)
			understood = understood && parse_number(argv[i + 1], number);
		else if (understood && !strcmp(argv[i], "--module"))
			module = argv[i + 1];
		else if (understood && !strcmp(argv[i], "--program"))
			program = argv[i + 1];
		else if (understood && !strcmp(argv[i], "--pam-version"))
			pam_version = argv[i + 1];
		else
			understood = false;
		if (!understood) {
			fprintf(stderr,
				"usage: limits --module PATH [--program PATH] [--pam-version V] "
				"[--count N] [--seed N] [--first N]\n");
			return 2;
		}
	}
	if (!module ||
	    !dlopen(module, RTLD_NOW)) { /* stays, so that libpam need not load it again */
		fprintf(stderr, "limits: %s\n", module ? dlerror() : "--module is missing");
		return 2;
	}
	snprintf(limits_session.tree, sizeof limits_session.tree, "%.200s/keeltune-limits-XXXXXX",
		 temporary ? temporary : "/tmp");
	if (!mkdtemp(limits_session.tree)) {
		perror("limits: mkdtemp");
		return 2;
	}
	limits_copy_module(module);
	unsigned long failed = run_random(module, seed, first, count);
	if (!first)
		failed += run_fixed(module);
	limits_empty("");
	rmdir(limits_session.tree);
	return failed ? 1 : 0;
}
