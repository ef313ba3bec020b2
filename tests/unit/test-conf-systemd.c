// SPDX-License-Identifier: MIT
/* The syntax of systemd's files and the values of LimitX=. What is expected was observed with
 * `systemd --test` of 247, 252 and 257; tests/conformance/unit-random.py asks it again. */
#include "conf-systemd.h"

#include "pool.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define NONE UINT64_MAX

static const struct {
	const char *bytes; /* behind "[S]\n" */
	const char
		*want; /* KEY=VALUE:LINE, separated by blanks; then !LINE where systemd gives up */
} syntax_cases[] = {
	{ "A=1\n", "A=1:2" },
	{ "A=1", "A=1:2" },
	{ "  A =  1 \t\n", "A=1:2" },
	{ "A=\n", "A=:2" },
	{ "A=1\r\nB=2\rC=3\n\rD=4\n", "A=1:2 B=2:3 C=3:4 D=4:5" },
	{ "A=1\n\nB=2\n", "A=1:2 B=2:4" },
	{ "# A=1\n;B=2\n  #C=3\nD=4 # e\n", "D=4_#_e:5" },
	{ "A=1\\\n2\nB=3\n", "A=1_2:2 B=3:4" },
	{ "A=1\\\n# c\\\n; d\n2\n", "A=1_2:2" },
	{ "A=1\\\\\nB=2\n", "A=1\\\\:2 B=2:3" },
	{ "A=1\\ \nB=2\n", "A=1\\:2 B=2:3" },
	{ "A=1\\", "A=1:2" },
	{ "A=1\\\n\nB=2\n", "A=1:2 B=2:4" },
	{ "\\\nA=1\n", "A=1:2" },
	{ "nothing\n=x\nA=1\n", "A=1:4" },
	{ "A=1\n[S\nA=2\n", "A=1:2 !3" },
	{ "A=1\n\xff=2\nA=3\n", "A=1:2 !3" },
	{ "A=1\n# \xff\nA=3\n", "A=1:2 A=3:4" },
	{ "A=1\n[T]\nA=2\n[S]\nA=3\n", "A=1:2 A=3:6" },
	{ "A=1\n[ S ]\nA=2\n", "A=1:2" },
	{ "A=1\n\xef\xbb\xbf"
	  "A=2\n\xef\xbb\xbf"
	  "A=3\n",
	  "A=1:2 A=2:3 \xef\xbb\xbf"
	  "A=3:4" },
	{ "A=b=c\n", "A=b=c:2" },
	{ "A=1\x0b\n", "A=1\x0b:2" },
};

static char *blanks_shown(struct pool *pool, const char *text)
{
	char *copy = pool_strdup(pool, text);

	for (char *p = copy; *p; p++)
		if (*p == ' ')
			*p = '_';
	return copy;
}

static const char *parsed(struct pool *pool, const char *bytes, size_t size)
{
	struct systemd_conf conf;
	const char *got = "";

	systemd_conf_parse(pool, bytes, size, &conf);
	for (size_t i = 0; i < conf.count; i++)
		if (!strcmp(conf.items[i].section, "S"))
			got = pool_printf(
				pool, "%s%s%s=%s:%u", got, *got ? " " : "", conf.items[i].key,
				blanks_shown(pool, conf.items[i].value), conf.items[i].line);
	if (conf.stop_line)
		got = pool_printf(pool, "%s%s!%u", got, *got ? " " : "", conf.stop_line);
	return got;
}

START_TEST(syntax)
{
	struct pool *pool = pool_new();
	const char *text = pool_printf(pool, "[S]\n%s", syntax_cases[_i].bytes);

	ck_assert_str_eq(parsed(pool, text, strlen(text)), syntax_cases[_i].want);
	pool_free(pool);
}
END_TEST

START_TEST(odd_bytes)
{
	static const char nul[] = "[S]\nA=1\0B=2\0\nC=3\n";
	struct pool *pool = pool_new();
	struct systemd_conf conf;

	ck_assert_str_eq(parsed(pool, nul, sizeof nul - 1), "A=1:2 B=2:3 C=3:5");
	ck_assert_str_eq(parsed(pool, "", 0), "");
	ck_assert_str_eq(parsed(pool, "A=1\n[S]", 7), "");
	ck_assert_str_eq(parsed(pool, "\xef\xbb\xbf[S]\nA=1", 10), "A=1:2");
	ck_assert_str_eq(parsed(pool, "[", 1), "!1");
	ck_assert_str_eq(parsed(pool, "[]\nA=1", 6), "");
	/* a line that is longer than systemd takes */
	size_t size = 3 << 20;
	char *big = pool_alloc(pool, size);
	memset(big, 'x', size);
	memcpy(big, "[S]\nA=1\nB=", 10);
	systemd_conf_parse(pool, big, size, &conf);
	ck_assert_uint_eq(conf.count, 1);
	ck_assert_uint_eq(conf.stop_line, 3);
	pool_free(pool);
}
END_TEST

static const struct {
	int resource;
	const char *text;
	int result;
	uint64_t soft, hard;
} limit_cases[] = {
	{ RLIMIT_NOFILE, "4096", 0, 4096, 4096 },
	{ RLIMIT_NOFILE, "1024:524288", 0, 1024, 524288 },
	{ RLIMIT_NOFILE, "infinity", 0, NONE, NONE },
	{ RLIMIT_NOFILE, "5:infinity", 0, 5, NONE },
	{ RLIMIT_NOFILE, "infinity:5", -EILSEQ, 0, 0 },
	{ RLIMIT_NOFILE, "2:1", -EILSEQ, 0, 0 },
	{ RLIMIT_NOFILE, "010", 0, 8, 8 },
	{ RLIMIT_NOFILE, "0x10", 0, 16, 16 },
	{ RLIMIT_NOFILE, "0xa", 0, 10, 10 },
	{ RLIMIT_NOFILE, "0xfA", 0, 250, 250 },
	{ RLIMIT_NOFILE, "0xg", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "0xF", 0, 15, 15 },
	{ RLIMIT_NOFILE, "0b101", 0, 5, 5 },
	{ RLIMIT_NOFILE, "0o17", 0, 15, 15 },
	{ RLIMIT_NOFILE, "08", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "0x", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "64K", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "unlimited", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "Infinity", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, ":5", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "5:", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "5:6:7", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "5 :6", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "5: 6", 0, 5, 6 },
	{ RLIMIT_NOFILE, "-1", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "+5", 0, 5, 5 },
	{ RLIMIT_NOFILE, "-0", 0, 0, 0 },
	{ RLIMIT_NOFILE, "0o 17", 0, 15, 15 },
	{ RLIMIT_NOFILE, "0x 17", -EINVAL, 0, 0 },
	{ RLIMIT_RTTIME, "18446744073709551614", -EINVAL, 0, 0 },
	{ RLIMIT_NICE, "+5:-5", 0, 15, 25 },
	{ RLIMIT_NOFILE, "18446744073709551614", 0, NONE - 1, NONE - 1 },
	{ RLIMIT_NOFILE, "18446744073709551615", -EINVAL, 0, 0 },
	{ RLIMIT_NOFILE, "18446744073709551616", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "64K", 0, 65536, 65536 },
	{ RLIMIT_MEMLOCK, "1.5K:2M", 0, 1536, 2097152 },
	{ RLIMIT_MEMLOCK, "1G 512M", 0, 1610612736, 1610612736 },
	{ RLIMIT_MEMLOCK, "512M 1G", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "1GB", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "010", 0, 10, 10 },
	{ RLIMIT_MEMLOCK, "1k", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "16E", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "18446744073709551616", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "15E 1024P", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "+1K +5", 0, 1029, 1029 },
	{ RLIMIT_MEMLOCK, "infinity", 0, NONE, NONE },
	{ RLIMIT_MEMLOCK, "5 6", -EINVAL, 0, 0 },
	{ RLIMIT_MEMLOCK, "1.K", 0, 1024, 1024 },
	{ RLIMIT_CPU, "90", 0, 90, 90 },
	{ RLIMIT_CPU, "1h 30min:2d", 0, 5400, 172800 },
	{ RLIMIT_CPU, "1500ms", 0, 2, 2 },
	{ RLIMIT_CPU, "1month", 0, 2629800, 2629800 },
	{ RLIMIT_CPU, "5 parsecs", -EINVAL, 0, 0 },
	{ RLIMIT_CPU, "infinity", 0, NONE, NONE },
	{ RLIMIT_CPU, "2 infinity", -EINVAL, 0, 0 },
	{ RLIMIT_CPU, "1.", -EINVAL, 0, 0 },
	{ RLIMIT_CPU, "9223372036854775808us", -EINVAL, 0, 0 },
	{ RLIMIT_CPU, "+5", 0, 5, 5 },
	{ RLIMIT_CPU, "", -EINVAL, 0, 0 },
	{ RLIMIT_RTTIME, "90", 0, 90, 90 },
	{ RLIMIT_RTTIME, "1.5ms", 0, 1500, 1500 },
	{ RLIMIT_RTTIME, "0.000001s", 0, 1, 1 },
	{ RLIMIT_RTTIME, "1min", 0, 60000000, 60000000 },
	{ RLIMIT_NICE, "-5", 0, 25, 25 },
	{ RLIMIT_NICE, "+5", 0, 15, 15 },
	{ RLIMIT_NICE, "40", 0, 40, 40 },
	{ RLIMIT_NICE, "41", -EINVAL, 0, 0 },
	{ RLIMIT_NICE, "-21", -EINVAL, 0, 0 },
	{ RLIMIT_NICE, "infinity", -EINVAL, 0, 0 },
};

START_TEST(limit)
{
	uint64_t soft = 77, hard = 78;
	int r = systemd_limit_parse(limit_cases[_i].resource, limit_cases[_i].text, &soft, &hard);

	ck_assert_msg(r == limit_cases[_i].result, "%s: %d", limit_cases[_i].text, r);
	ck_assert_msg(soft == (r ? 77 : limit_cases[_i].soft), "%s: soft %ju", limit_cases[_i].text,
		      (uintmax_t)soft);
	ck_assert_msg(hard == (r ? 78 : limit_cases[_i].hard), "%s: hard %ju", limit_cases[_i].text,
		      (uintmax_t)hard);
}
END_TEST

START_TEST(names)
{
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		ck_assert_int_eq(systemd_limit_resource(systemd_limit_name(i)), i);
	ck_assert_int_eq(systemd_limit_resource("nofile"), -1);
	ck_assert_int_eq(systemd_limit_resource(""), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf-systemd");
	TCase *tcase = tcase_create("conf-systemd");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, syntax, 0, sizeof syntax_cases / sizeof *syntax_cases);
	tcase_add_test(tcase, odd_bytes);
	tcase_add_loop_test(tcase, limit, 0, sizeof limit_cases / sizeof *limit_cases);
	tcase_add_test(tcase, names);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
