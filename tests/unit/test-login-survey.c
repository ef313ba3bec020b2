// SPDX-License-Identifier: MIT
/* login-survey.c: one account, a group, all accounts by equal results. */
#include "login-survey.h"

#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char passwd[] = "root:x:0:0::/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n"
			     "alice:x:1001:1001::/:/bin/bash\nbob:x:1002:100::/:/bin/sh\n"
			     "carol:x:1003:60::/:/bin/sh\ndave:x:1004:100::/:\n"
			     "svc:x:1005:100::/:/bin/false\n";
static const char group[] = "root:x:0:\nstaff:x:50:alice,svc\ndev:x:60:alice,bob\nusers:x:100:\n";

static struct host *host;
static struct login_context context;

static void open_tree(const char *conf)
{
	const char *root = tree_new();
	struct limits_module module;
	struct login_query query = {
		.service = "login", .nr_open = 1048576, .module = &module, .exact = true
	};

	tree_put(root, "/etc/passwd", passwd);
	tree_put(root, "/etc/group", group);
	tree_put(root, "/etc/pam.d/login", "session required pam_limits.so\n");
	tree_put(root, "/etc/security/limits.conf", conf);
	ck_assert_int_eq(limits_module_of_version("1.5.2", &module, NULL), 0);
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	login_open_query(host, &query, &context);
	login_load_accounts(&context);
}

static void tear_down(void)
{
	host_close(host);
}

static const char *names(const struct login_block *block)
{
	const char *text = "";

	for (size_t i = 0; i < block->name_count; i++)
		text = pool_printf(host_pool(host), "%s%s%s", text, i ? " " : "", block->names[i]);
	return text;
}

START_TEST(everybody)
{
	struct login_survey survey;

	open_tree("* - nofile 1000\nalice - nofile 2000\n@dev - nofile 2000\nroot - nofile 2000\n"
		  "dave - maxlogins 0\n");
	login_survey(&context, NULL, &survey);
	ck_assert(!survey.has_subject);
	ck_assert_uint_eq(survey.account_count, 5);
	ck_assert_uint_eq(survey.left_out, 2);
	ck_assert_uint_eq(survey.block_count, 2);
	ck_assert_str_eq(names(&survey.blocks[0]), "root alice bob carol");
	ck_assert_str_eq(names(&survey.blocks[1]), "dave");
	/* The same values by three lines. */
	ck_assert(survey.blocks[0].mixed[RLIMIT_NOFILE][0]);
	ck_assert(survey.blocks[0].mixed[RLIMIT_NOFILE][1]);
	ck_assert(!survey.blocks[0].mixed[RLIMIT_NPROC][0]);
	ck_assert(survey.blocks[1].limits.fails);
	ck_assert_uint_eq(survey.blocks[1].limits.origin.line, 5);
}
END_TEST

START_TEST(one_account)
{
	struct login_survey survey;

	open_tree("* - nofile 1000\n@staff soft nofile 3000\nalice hard nofile 2000\n"
		  "bob - nofile 5\n");
	login_survey(&context, "alice", &survey);
	ck_assert(survey.has_subject);
	ck_assert(!survey.unknown);
	ck_assert_uint_eq(survey.block_count, 0);
	const struct login_limit *nofile = &survey.limits.item[RLIMIT_NOFILE];
	ck_assert_uint_eq(nofile->soft.number, 2000);
	ck_assert_uint_eq(nofile->soft.line->line, 2);
	ck_assert_uint_eq(nofile->soft.origin.line, 3);
	ck_assert_uint_eq(nofile->hard.number, 2000);
	const struct login_lost *lost = survey.lost[RLIMIT_NOFILE];
	ck_assert_uint_eq(lost[0].count, 1);
	ck_assert_uint_eq(lost[0].losers[0].line->line, 1);
	ck_assert_uint_eq(lost[1].count, 1);
	ck_assert_uint_eq(survey.lost[RLIMIT_NPROC][0].count, 0);
}
END_TEST

START_TEST(a_group)
{
	struct login_survey survey;

	open_tree("@dev - nofile 2000\nbob - nofile 3000\n@60: - nproc 7\n");
	login_survey(&context, "@dev", &survey);
	ck_assert(survey.has_subject);
	ck_assert(!survey.unknown);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.number, 2000);
	/* A range is about primary groups, and the member that stands for all has none. */
	ck_assert_ptr_null(survey.limits.item[RLIMIT_NPROC].soft.line);
	ck_assert_uint_eq(survey.account_count, 3);
	ck_assert_uint_eq(survey.block_count, 2);
	ck_assert_str_eq(names(&survey.blocks[0]), "alice carol");
	ck_assert_str_eq(names(&survey.blocks[1]), "bob");
	login_survey(&context, "@staff", &survey);
	ck_assert_str_eq(names(&survey.blocks[0]), "alice");
	ck_assert_uint_eq(survey.left_out, 1);
}
END_TEST

START_TEST(nobody)
{
	struct login_survey survey;

	open_tree("* - nofile 1000\nghost - nofile 5\n1:2000000000 - nofile 6\n@ghosts - nofile 7\n"
		  "@ghosts -\n");
	login_survey(&context, "ghost", &survey);
	ck_assert(survey.unknown);
	ck_assert(survey.limits.fails);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.number, 1000);
	login_survey(&context, "@ghosts", &survey);
	ck_assert(survey.unknown);
	ck_assert(!survey.limits.fails);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.number, 1000);
	ck_assert_uint_eq(survey.block_count, 0);
}
END_TEST

/* With the index and without it lines count in their order: a name, a range, a name. */
START_TEST(order_of_lines)
{
	struct login_survey survey;

	open_tree("alice - nofile 1\n1001: - nofile 2\nbob - nofile 3\nalice - nofile 4\n"
		  ":1001 - nofile 5\n* - nofile 6\nalice - nproc 7\nalice -\nalice - nofile 8\n");
	login_survey(&context, "bob", &survey);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.number, 3);
	login_survey(&context, "alice", &survey);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.origin.line, 8);
	ck_assert_ptr_null(survey.limits.item[RLIMIT_NOFILE].soft.line);
	login_survey(&context, "root", &survey);
	ck_assert_uint_eq(survey.limits.item[RLIMIT_NOFILE].soft.number, 6);
}
END_TEST

/* As many results as accounts, and all of one: every account is in exactly one block. */
START_TEST(many_accounts)
{
	const size_t count = 3000;
	struct pool *pool = host_pool(host);
	struct login_survey survey;
	char *users = pool_buffer(pool, count * 64), *conf = pool_buffer(pool, count * 64);
	size_t at = 0, to = 0;

	for (size_t i = 0; i < count; i++) {
		at += (size_t)sprintf(users + at, "u%zu:x:%zu:%zu::/:/bin/sh\n", i, 2000 + i,
				      2000 + i);
		if (i % 3)
			to += (size_t)sprintf(conf + to, "u%zu - nofile %zu\n", i, 10 + i);
	}
	accounts_parse(pool, users, at, "", 0, &context.accounts);
	limits_parse(pool, &context.module, "/limits", conf, to, &context.entries);
	context.accounts_loaded = false;
	struct login_context again = context;
	login_load_accounts(&again); /* builds the index; the accounts are the tree's */
	again.accounts = context.accounts;
	login_survey(&again, NULL, &survey);
	ck_assert_uint_eq(survey.account_count, count);
	ck_assert_uint_eq(survey.block_count, 2 * count / 3 + 1);
	ck_assert_uint_eq(survey.blocks[0].name_count, count / 3);
	ck_assert_str_eq(survey.blocks[0].names[1], "u3");
	for (size_t i = 1; i < survey.block_count; i++) {
		ck_assert_uint_eq(survey.blocks[i].name_count, 1);
		ck_assert_uint_eq(survey.blocks[i].limits.item[RLIMIT_NOFILE].hard.number,
				  10 + survey.blocks[i].account->uid - 2000);
	}
}
END_TEST

static void set_up_empty(void)
{
	open_tree("");
}

int main(void)
{
	Suite *suite = suite_create("login-survey");
	TCase *tests = tcase_create("survey"), *many = tcase_create("many");

	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_test(tests, everybody);
	tcase_add_test(tests, one_account);
	tcase_add_test(tests, a_group);
	tcase_add_test(tests, nobody);
	tcase_add_test(tests, order_of_lines);
	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(many, set_up_empty, tear_down);
	tcase_add_test(many, many_accounts);
	suite_add_tcase(suite, many);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
