// SPDX-License-Identifier: MIT
/* The catalogue: rows that make sense, and what the kernel makes of a write. */
#include "catalog.h"

#include "pool.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TIME "net.ipv4.tcp_keepalive_time"
#define PROBES "net.ipv4.tcp_keepalive_probes"
#define PORTS "net.ipv4.ip_local_port_range"
#define FILES "fs.file-max"
#define SOMAXCONN "net.core.somaxconn"

/* What kernels 5.10 to 6.18 left after the write; NULL: EINVAL, the old value stays. */
static const struct {
	const char *key, *text, *left;
} writes[] = {
	{ TIME, "1800", "1800" },
	{ TIME, "1800\n", "1800" },
	{ TIME, " \t\v1800", "1800" },
	{ TIME,
	  "\xa0"
	  "1800",
	  "1800" },
	{ TIME, "111 222", "111" },
	{ TIME, "111 # note", "111" },
	{ TIME, "111\t5", "111" },
	{ TIME, "111#", NULL },
	{ TIME, "111\r", NULL },
	{ TIME, "111\v", NULL },
	{ TIME, "111,222", NULL },
	{ TIME, "0x50", "80" },
	{ TIME, "0X5f", "95" },
	{ TIME, "0x", NULL },
	{ TIME, "0xg", NULL },
	{ TIME, "0100", "64" },
	{ TIME, "0080", NULL },
	{ TIME, "+5", NULL },
	{ TIME, "\"5\"", NULL },
	{ TIME, "5s", NULL },
	{ TIME, "abc", NULL },
	{ TIME, "", NULL },
	{ TIME, " ", NULL },
	{ TIME, "-", NULL },
	{ TIME, "--5", NULL },
	{ TIME, "0", "0" },
	{ TIME, "-0", "0" },
	{ TIME, "-1", "-1" },
	{ TIME, "8589934", "8589934" },
	{ TIME, "8589935", NULL },
	{ TIME, "-8589934", "-8589934" },
	{ TIME, "-8589935", NULL },
	{ TIME, "00000000000000000060", "48" },
	{ TIME, "000000000000000000060", NULL },
	{ TIME, "-0000000000000000005", "-5" },
	{ TIME, "-00000000000000000005", NULL },
	{ TIME, "18446744073709551616", NULL },
	{ PROBES, "255", "255" },
	{ PROBES, "256", NULL },
	{ PROBES, "0", "0" },
	{ PROBES, "-0", NULL },
	{ PROBES, "-1", NULL },
	{ FILES, "9223372036854775807", "9223372036854775807" },
	{ FILES, "9223372036854775808", NULL },
	{ FILES, "-1", NULL },
	{ SOMAXCONN, "2147483647", "2147483647" },
	{ SOMAXCONN, "2147483648", NULL },
	{ SOMAXCONN, "-1", NULL },
	{ PORTS, "1024 65535", "1024 65535" },
	{ PORTS, "20000\t30000\n", "20000 30000" },
	{ PORTS, "20000 30000 x", "20000 30000" },
	{ PORTS, "20000", "20000 60999" },
	{ PORTS, "20000 ", "20000 60999" },
	{ PORTS, "20000 x", NULL },
	{ PORTS, "30000 20000", NULL },
	{ PORTS, "20000 65536", NULL },
	{ PORTS, "0 65535", NULL },
	{ PORTS, "61000", NULL },
	{ PORTS, "", NULL },
};

START_TEST(kernel_write)
{
	struct pool *pool = pool_new();
	const struct sysctl_row *row = catalog_sysctl(writes[_i].key);
	struct value value = { 0 };
	int rc = catalog_kernel_parse(pool, row, writes[_i].text, strlen(writes[_i].text), 250,
				      row->initial, &value);

	if (writes[_i].left) {
		ck_assert_msg(rc == 0, "%s refused", writes[_i].text);
		ck_assert_str_eq(value_format(pool, value), writes[_i].left);
	} else {
		ck_assert_msg(rc == -EINVAL, "%s accepted", writes[_i].text);
	}
	pool_free(pool);
}
END_TEST

START_TEST(ticks_bound_seconds)
{
	struct pool *pool = pool_new();
	const struct sysctl_row *row = catalog_sysctl(TIME);
	struct value value;

	ck_assert_int_eq(
		catalog_kernel_parse(pool, row, "2147483", 7, 1000, value_number(5), &value), 0);
	ck_assert_int_eq(
		catalog_kernel_parse(pool, row, "2147484", 7, 1000, value_number(5), &value),
		-EINVAL);
	ck_assert_int_eq(
		catalog_kernel_parse(pool, row, "21474836", 8, 100, value_number(5), &value), 0);
	pool_free(pool);
}
END_TEST

START_TEST(only_the_first_page_counts)
{
	struct pool *pool = pool_new();
	const struct sysctl_row *row = catalog_sysctl(TIME);
	struct value value;
	size_t size = 5u << 20;
	char *text = pool_alloc(pool, size);

	memset(text, ' ', size);
	memcpy(text, "111", 3);
	memcpy(text + 4095, "junk", 4);
	ck_assert_int_eq(catalog_kernel_parse(pool, row, text, 5000, 250, value_number(5), &value),
			 0);
	ck_assert_str_eq(value_format(pool, value), "111");
	/* Only blanks within the page: no number. */
	memset(text, ' ', 3);
	memcpy(text + 4096, "111", 3);
	ck_assert_int_eq(catalog_kernel_parse(pool, row, text, 5000, 250, value_number(5), &value),
			 -EINVAL);
	/* More than the kernel copies at all. */
	memcpy(text, "111", 3);
	ck_assert_int_eq(catalog_kernel_parse(pool, row, text, size, 250, value_number(5), &value),
			 -EINVAL);
	pool_free(pool);
}
END_TEST

START_TEST(unknown_key)
{
	static const struct {
		const char *text, *left;
		enum value_kind kind;
	} cases[] = {
		{ "5", "5", VALUE_NUMBER },
		{ "0100", "64", VALUE_NUMBER },
		{ "0x1f", "31", VALUE_NUMBER },
		{ "4096\t87380  6291456", "4096 87380 6291456", VALUE_TEXT },
		{ "bbr", "bbr", VALUE_TEXT },
		{ "", "", VALUE_TEXT },
		{ "|/bin/x %p", "|/bin/x %p", VALUE_TEXT },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct value value;
		ck_assert_int_eq(catalog_kernel_parse(pool, NULL, cases[i].text,
						      strlen(cases[i].text), 250,
						      (struct value){ 0 }, &value),
				 0);
		ck_assert_int_eq(value.kind, cases[i].kind);
		ck_assert_str_eq(value_format(pool, value), cases[i].left);
	}
	pool_free(pool);
}
END_TEST

START_TEST(rows_make_sense)
{
	struct pool *pool = pool_new();
	size_t count;
	const struct sysctl_row *rows = catalog_sysctls(&count);

	ck_assert_uint_gt(count, 10);
	for (size_t i = 0; i < count; i++) {
		const struct sysctl_row *row = &rows[i];
		struct value value;
		ck_assert_ptr_eq(catalog_sysctl(row->key), row);
		if (i)
			ck_assert_str_lt(rows[i - 1].key, row->key);
		ck_assert_int_le(value_compare(row->kernel_min, row->safe_min), 0);
		ck_assert_int_ge(value_compare(row->kernel_max, row->safe_max), 0);
		ck_assert_int_le(value_compare(row->safe_min, row->safe_max), 0);
		ck_assert_str_ne(row->help, "");
		ck_assert_ptr_null(catalog_removed_sysctl(row->key));
		if (row->initial.kind == VALUE_NONE)
			continue;
		const char *text = value_format(pool, row->initial);
		ck_assert_int_eq(catalog_kernel_parse(pool, row, text, strlen(text), 250,
						      row->initial, &value),
				 0);
		ck_assert(value_equals(value, row->initial));
	}
	ck_assert_ptr_null(catalog_sysctl("net.ipv4.tcp_keepalive"));
	ck_assert_str_eq(catalog_removed_sysctl("net.ipv4.tcp_tw_recycle"),
			 "removed in Linux 4.12");
	ck_assert_ptr_null(catalog_removed_sysctl("vm.swappiness"));
	pool_free(pool);
}
END_TEST

START_TEST(limit_items)
{
	size_t count;
	const struct limit_row *rows = catalog_limits(&count);
	bool seen[RLIM_NLIMITS] = { false };

	ck_assert_uint_eq(count, RLIM_NLIMITS);
	for (size_t i = 0; i < count; i++) {
		ck_assert(!seen[rows[i].resource]);
		seen[rows[i].resource] = true;
		ck_assert_ptr_eq(catalog_limit(rows[i].item), &rows[i]);
	}
	ck_assert_int_eq(catalog_limit("nofile")->resource, RLIMIT_NOFILE);
	ck_assert_uint_eq(catalog_limit("cpu")->scale, 60);
	ck_assert_ptr_null(catalog_limit("maxlogins"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalog");
	TCase *tcase = tcase_create("catalog");

	tcase_add_loop_test(tcase, kernel_write, 0, sizeof writes / sizeof *writes);
	tcase_add_test(tcase, ticks_bound_seconds);
	tcase_add_test(tcase, only_the_first_page_counts);
	tcase_add_test(tcase, unknown_key);
	tcase_add_test(tcase, rows_make_sense);
	tcase_add_test(tcase, limit_items);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
