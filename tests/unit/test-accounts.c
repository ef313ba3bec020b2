// SPDX-License-Identifier: MIT
/* Users and groups of /etc/passwd and /etc/group. */
#include "accounts.h"

#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void parse(struct pool *pool, const char *passwd, const char *group, struct accounts *ret)
{
	accounts_parse(pool, passwd, strlen(passwd), group, strlen(group), ret);
}

START_TEST(fields)
{
	struct pool *pool = pool_new();
	struct accounts accounts;

	parse(pool, "root:x:0:0:root:/root:/bin/bash\nalice:x:1001:1002:Alice:/home/alice:/bin/zsh",
	      "", &accounts);
	ck_assert_uint_eq(accounts.user_count, 2);
	const struct account *alice = accounts_find(&accounts, "alice");
	ck_assert_ptr_nonnull(alice);
	ck_assert_uint_eq(alice->uid, 1001);
	ck_assert_uint_eq(alice->gid, 1002);
	ck_assert_str_eq(alice->shell, "/bin/zsh");
	ck_assert_ptr_null(accounts_find(&accounts, "bob"));
	ck_assert_ptr_null(accounts_find(&accounts, ""));
	pool_free(pool);
}
END_TEST

/* Lines that glibc takes or skips. */
static const struct {
	const char *line;
	bool taken;
	uid_t uid;
	const char *shell;
} user_lines[] = {
	{ "bob:x:5:6:gecos:/home:/bin/sh", true, 5, "/bin/sh" },
	{ "  bob:x:5:6:gecos:/home:/bin/sh", true, 5, "/bin/sh" },
	{ "bob:x:5:6", true, 5, "" },
	{ "bob::5:6::", true, 5, "" },
	{ "bob:x:5:6::/:/bin/sh:more", true, 5, "/bin/sh:more" },
	{ "bob:x:4294967295:6", true, 4294967295, "" },
	{ "bob:x:4294967296:6", false, 0, NULL },
	{ "bob:x:99999999999999999999:6", false, 0, NULL },
	{ "bob:x: +5:6", true, 5, "" },
	{ "bob:x:5 :6", false, 0, NULL },
	{ "bob:x:-1:6", false, 0, NULL },
	{ "bob:x::6", false, 0, NULL },
	{ "bob:x:5", false, 0, NULL },
	{ "bob:x:5:x", false, 0, NULL },
	{ "bob:x:5a:6", false, 0, NULL },
	{ "bob", false, 0, NULL },
	{ "#bob:x:5:6", false, 0, NULL },
	{ "+bob:x:5:6", false, 0, NULL },
	{ "-bob:x:5:6", false, 0, NULL },
	{ ":x:5:6", false, 0, NULL },
	{ "", false, 0, NULL },
};

START_TEST(user_line)
{
	struct pool *pool = pool_new();
	struct accounts accounts;
	const char *text = pool_printf(pool, "%s\ncarol:x:7:7:::\n", user_lines[_i].line);

	parse(pool, text, "", &accounts);
	const struct account *bob = accounts_find(&accounts, "bob");
	ck_assert_int_eq(bob != NULL, user_lines[_i].taken);
	if (bob) {
		ck_assert_uint_eq(bob->uid, user_lines[_i].uid);
		ck_assert_str_eq(bob->shell, user_lines[_i].shell);
	}
	ck_assert_uint_eq(accounts.user_count, 1u + user_lines[_i].taken);
	ck_assert_ptr_nonnull(accounts_find(&accounts, "carol"));
	pool_free(pool);
}
END_TEST

START_TEST(membership)
{
	struct pool *pool = pool_new();
	struct accounts accounts;

	parse(pool, "alice:x:1:10::/:\nbob:x:2:20::/:\n",
	      "ten:x:10:\nstaff:x:50: "
	      "alice,,bob,\ndev:x:60:bob\nstaff:x:51:alice\nbroken:x:x:alice\n"
	      "other:x:60:alice,ghost\n+nis:x:70:alice\n",
	      &accounts);
	const struct account *alice = accounts_find(&accounts, "alice");
	const struct account *bob = accounts_find(&accounts, "bob");
	ck_assert(account_in_group(alice, 10) && !account_in_group(bob, 10));
	ck_assert(account_in_group(alice, 50) && account_in_group(bob, 50));
	ck_assert(account_in_group(alice, 51) && !account_in_group(bob, 51));
	ck_assert(account_in_group(alice, 60) && account_in_group(bob, 60));
	ck_assert(!account_in_group(alice, 70));
	ck_assert_uint_eq(accounts_find_group(&accounts, "staff")->gid, 50);
	ck_assert_ptr_null(accounts_find_group(&accounts, "broken"));
	ck_assert_ptr_null(accounts_find_group(&accounts, "nis"));
	ck_assert(accounts_has_gid(&accounts, 60) && !accounts_has_gid(&accounts, 61));
	pool_free(pool);
}
END_TEST

START_TEST(repeated_names)
{
	struct pool *pool = pool_new();
	struct accounts accounts;

	parse(pool,
	      "a:x:1:1::/:\nb:x:2:2::/:\na:x:3:3::/:\nc:x:4:4::/:\nb:x:5:5::/:\na:x:6:6::/:\n", "",
	      &accounts);
	ck_assert_uint_eq(accounts.user_count, 3);
	ck_assert_str_eq(accounts.users[0].name, "a");
	ck_assert_str_eq(accounts.users[2].name, "c");
	ck_assert_uint_eq(accounts_find(&accounts, "a")->uid, 1);
	ck_assert_uint_eq(accounts_find(&accounts, "b")->uid, 2);
	ck_assert_uint_eq(accounts_find(&accounts, "c")->uid, 4);
	pool_free(pool);
}
END_TEST

static const struct {
	const char *shell;
	bool login;
} shells[] = {
	{ "", true },
	{ "/bin/bash", true },
	{ "/usr/sbin/nologin", false },
	{ "/sbin/nologin", false },
	{ "nologin", false },
	{ "/bin/false", false },
	{ "/bin/sync", false },
	{ "/sbin/shutdown", false },
	{ "/sbin/halt", false },
	{ "/bin/falsetto", true },
};

START_TEST(login_shell)
{
	struct account account = { .shell = shells[_i].shell };

	ck_assert_int_eq(account_has_login_shell(&account), shells[_i].login);
}
END_TEST

/* Malformed lines cost nothing that grows with them. */
START_TEST(many_lines)
{
	struct pool *pool = pool_new();
	struct accounts accounts;
	const size_t count = 100000;
	char *text = pool_alloc(pool, 40 * count), *to = text;

	for (size_t i = 0; i < count; i++)
		to += sprintf(
			to, i == 1000 || i % 2000 == 7 ? "user%zu:x:%zu:9::/:\n" : "broken%zu%zu\n",
			i, i);
	accounts_parse(pool, text, (size_t)(to - text), "", 0, &accounts);
	ck_assert_uint_eq(accounts.user_count, 51);
	ck_assert_uint_eq(accounts_find(&accounts, "user1000")->uid, 1000);
	pool_free(pool);
}
END_TEST

START_TEST(bytes)
{
	struct pool *pool = pool_new();
	struct accounts accounts;
	static const char text[] = "a\0b:x:1:1::/:\nc\xff:x:2:2::/:/bin/\0zz\n\0d:x:3:3::/:\n";

	accounts_parse(pool, text, sizeof text - 1, "\0\n", 2, &accounts);
	ck_assert_uint_eq(accounts.user_count, 1);
	ck_assert_str_eq(accounts.users[0].name, "c\xff");
	ck_assert_str_eq(accounts.users[0].shell, "/bin/");
	pool_free(pool);
}
END_TEST

START_TEST(from_host)
{
	const char *root = tree_new();
	struct host *host;
	struct accounts accounts;

	tree_put(root, "/etc/passwd", "alice:x:1:10::/:\n");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	accounts_read(host, &accounts);
	ck_assert_uint_eq(accounts.user_count, 1);
	ck_assert_uint_eq(accounts.group_count, 0);
	ck_assert_ptr_null(accounts.unreadable);
	host_close(host);

	tree_remove(root, "/etc/passwd");
	tree_link(root, "/etc/passwd", "passwd");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	accounts_read(host, &accounts);
	ck_assert_uint_eq(accounts.user_count, 0);
	ck_assert_str_eq(accounts.unreadable, "/etc/passwd: Too many levels of symbolic links");
	host_close(host);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("accounts");
	TCase *tcase = tcase_create("accounts");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, fields);
	tcase_add_loop_test(tcase, user_line, 0, sizeof user_lines / sizeof *user_lines);
	tcase_add_test(tcase, membership);
	tcase_add_test(tcase, repeated_names);
	tcase_add_loop_test(tcase, login_shell, 0, sizeof shells / sizeof *shells);
	tcase_add_test(tcase, many_lines);
	tcase_add_test(tcase, bytes);
	tcase_add_test(tcase, from_host);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
