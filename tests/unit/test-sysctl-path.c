// SPDX-License-Identifier: MIT
/* Names of sysctl keys, the paths they mean, patterns and braces. */
#include "sysctl-path.h"

#include "pool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define KEY "net/ipv4/tcp_keepalive_time"

static const struct {
	const char *key, *path;
} names[] = {
	{ "net.ipv4.tcp_x", "net/ipv4/tcp_x" },
	{ "net/ipv4/tcp_x", "net/ipv4/tcp_x" },
	{ "net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding" },
	{ "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding" },
	{ "kernel.core_pattern", "kernel/core_pattern" },
	{ "tcp_keepalive_time", NULL },
	{ "", NULL },
	{ ".a", NULL },
	{ "a.", NULL },
	{ "a..b", NULL },
	{ "/proc/sys/a", NULL },
	{ "a/../b", NULL },
	{ "a/./b", NULL },
	{ "net.*.x", NULL },
	{ "net.[a].x", NULL },
	{ "net.{a,b}.x", NULL },
	{ "a.b c", NULL },
	{ "a.b\n", NULL },
	{ "a.b=1", NULL },
	{ "-a.b", NULL },
	{ "#a.b", NULL },
	{ "a.b\x80", NULL },
};

START_TEST(key_path)
{
	struct pool *pool = pool_new();
	const char *path = sysctl_key_path(pool, names[_i].key);

	if (!names[_i].path) {
		ck_assert_ptr_null(path);
	} else {
		ck_assert_ptr_nonnull(path);
		ck_assert_str_eq(path, names[_i].path);
		const char *dotted = sysctl_key_dotted(pool, path);
		ck_assert_str_eq(sysctl_key_path(pool, dotted), path);
	}
	pool_free(pool);
}
END_TEST

START_TEST(dotted)
{
	struct pool *pool = pool_new();

	ck_assert_str_eq(sysctl_key_dotted(pool, "net/ipv4/conf/eth0.100/x"),
			 "net.ipv4.conf.eth0/100.x");
	ck_assert_str_eq(sysctl_key_dotted(pool, "fs/file-max"), "fs.file-max");
	pool_free(pool);
}
END_TEST

static const struct {
	const char *text;
	bool absolute, leads;
} walks[] = {
	{ KEY, false, true },
	{ "/" KEY, false, true },
	{ "//net//ipv4/tcp_keepalive_time", false, true },
	{ "./net/./ipv4/tcp_keepalive_time", false, true },
	{ "net/core/../ipv4/tcp_keepalive_time", false, true },
	{ "../sys/" KEY, false, true },
	{ "../../../proc/sys/" KEY, false, true },
	{ "net/nothing/../ipv4/tcp_keepalive_time", false, false },
	{ KEY "/", false, false },
	{ KEY "/.", false, false },
	{ KEY "/../tcp_keepalive_time", false, false },
	{ "net/ipv4", false, false },
	{ "net/ipv4/tcp_keepalive_tim", false, false },
	{ "/proc/sys/" KEY, false, false },
	{ "/proc/sys/" KEY, true, true },
	{ "/" KEY, true, false },
	{ KEY, true, true },
	{ "", false, false },
	{ "/", false, false },
	{ "..", false, false },
};

START_TEST(leads_to)
{
	ck_assert_int_eq(sysctl_path_leads_to(walks[_i].text, KEY, walks[_i].absolute),
			 walks[_i].leads);
}
END_TEST

START_TEST(probing)
{
	static const struct {
		const char *name, *probed, *key;
	} cases[] = {
		{ "net.ipv4.tcp_keepalive_time", KEY, KEY },
		{ "net/ipv4.tcp_keepalive_time", KEY, KEY },
		{ "net..ipv4.tcp_keepalive_time", "net//ipv4/tcp_keepalive_time", KEY },
		{ "net.ipv4/tcp_keepalive_time", "net/ipv4.tcp_keepalive_time", KEY },
		{ "net.ipv4.conf.eth0.100.x", "net/ipv4/conf/eth0.100/x",
		  "net/ipv4/conf/eth0.100/x" },
		{ "net.ipv4.conf.eth0.x", "net/ipv4/conf.eth0.x", KEY },
		{ "foo", "foo", KEY },
		{ "", "", KEY },
		{ ".", ".", KEY },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char name[SYSCTL_PATH_MAX];
		strcpy(name, cases[i].name);
		sysctl_probe(name, cases[i].key);
		ck_assert_str_eq(name, cases[i].probed);
	}
}
END_TEST

START_TEST(probing_ends)
{
	char name[SYSCTL_PATH_MAX];

	memset(name, '.', sizeof name);
	strcpy(name + 4000, "tcp_keepalive_time");
	sysctl_probe(name, KEY);
	ck_assert_int_eq(name[0], '.');
}
END_TEST

static const struct {
	const char *pattern, *result;
} patterns[] = {
	{ "net/ipv4/tcp_keepalive_*", KEY },
	{ "*/*/*", KEY },
	{ "net/ipv?/*_time", KEY },
	{ "net/ipv[4-6]/tcp_keepalive_tim[!a]", KEY },
	{ "net/ipv4/tcp_keepalive_[[:alpha:]]*", KEY },
	{ "net//ipv4/*", "net//ipv4/tcp_keepalive_time" },
	{ "/net/ipv4/*", "/" KEY },
	{ "net/./ipv4/*", "net/./ipv4/tcp_keepalive_time" },
	{ "net/core/../ipv4/*", "net/core/../ipv4/tcp_keepalive_time" },
	{ "net/ip\\v4/tcp_keepalive_t*", KEY },
	{ "net\\/ipv4/tcp_keepalive_t*", KEY },
	{ "*", NULL },
	{ "net/*", NULL },
	{ "net/ipv4/*/*", NULL },
	{ "net/*time", NULL },
	{ "net/ipv4/*\\", NULL },
	{ "net/ipv*\\/*", NULL },
	{ "net/ipv4/[*", NULL },
	{ "net/ipv4/tcp_*/", NULL },
	{ "../*/net/ipv4/*", NULL },
	{ "net/core/*", NULL },
};

START_TEST(pattern_matches)
{
	char text[SYSCTL_PATH_MAX];
	bool found = sysctl_pattern_matches(patterns[_i].pattern, KEY, true, text);

	ck_assert_int_eq(found, patterns[_i].result != NULL);
	if (found)
		ck_assert_str_eq(text, patterns[_i].result);
}
END_TEST

START_TEST(patterns_of_dots)
{
	char text[SYSCTL_PATH_MAX];
	char long_pattern[SYSCTL_PATH_MAX] = "";

	ck_assert(sysctl_pattern_matches("net/.*/ipv4/*", KEY, true, text));
	ck_assert_str_eq(text, "net/./ipv4/tcp_keepalive_time");
	ck_assert(sysctl_pattern_matches("net/ipv4/.?/ipv4/*", KEY, true, text));
	ck_assert_str_eq(text, "net/ipv4/../ipv4/tcp_keepalive_time");
	ck_assert(!sysctl_pattern_matches("net/.*/ipv4/*", KEY, false, text));
	for (size_t i = 0; i < 1000; i++)
		memcpy(long_pattern + 3 * i, ".*/", 4);
	ck_assert(!sysctl_pattern_matches(long_pattern, KEY, true, text));
}
END_TEST

START_TEST(braces)
{
	static const struct {
		const char *text, *alternatives;
	} cases[] = {
		{ "abc", "abc" },
		{ "a{b,c}d", "abd acd" },
		{ "{a,b}{c,d}", "ac ad bc bd" },
		{ "a{b,{c,d}}e", "abe ace ade" },
		{ "x{}.conf", "x.conf" },
		{ "x{,y}", "x xy" },
		{ "a{b,c", "a{b,c" },
		{ "a}b", "a}b" },
		{ "{a,b}{c", "a{c b{c" },
		{ "{c{a,b}", "{c{a,b}" },
		{ "\\{a,b}", "\\{a,b}" },
		{ "{a\\,b,c}", "a\\,b c" },
		{ "{", "{" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count;
		const char **items = brace_expand(pool, cases[i].text, &count);
		const char *joined = "";
		for (size_t j = 0; j < count; j++)
			joined = pool_printf(pool, "%s%s%s", joined, j ? " " : "", items[j]);
		ck_assert_str_eq(joined, cases[i].alternatives);
	}
	pool_free(pool);
}
END_TEST

START_TEST(braces_are_bounded)
{
	struct pool *pool = pool_new();
	char *text = pool_strdup(pool, "");
	size_t count = 1;

	for (int i = 0; i < 40; i++)
		text = pool_printf(pool, "%s{a,b}", text);
	brace_expand(pool, text, &count);
	ck_assert_uint_eq(count, 0);

	text = pool_alloc(pool, 4000);
	memset(text, '{', 3999);
	brace_expand(pool, text, &count);
	ck_assert_uint_eq(count, 1);
	pool_free(pool);
}
END_TEST

START_TEST(simplify)
{
	char text[] = "//net/./ipv4//x/./";
	char root[] = "/./";

	sysctl_simplify(text);
	ck_assert_str_eq(text, "net/ipv4/x");
	sysctl_simplify(root);
	ck_assert_str_eq(root, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sysctl-path");
	TCase *tcase = tcase_create("sysctl-path");

	tcase_add_loop_test(tcase, key_path, 0, sizeof names / sizeof *names);
	tcase_add_test(tcase, dotted);
	tcase_add_loop_test(tcase, leads_to, 0, sizeof walks / sizeof *walks);
	tcase_add_test(tcase, probing);
	tcase_add_test(tcase, probing_ends);
	tcase_add_loop_test(tcase, pattern_matches, 0, sizeof patterns / sizeof *patterns);
	tcase_add_test(tcase, patterns_of_dots);
	tcase_add_test(tcase, braces);
	tcase_add_test(tcase, braces_are_bounded);
	tcase_add_test(tcase, simplify);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
