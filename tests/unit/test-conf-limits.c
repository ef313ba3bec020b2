// SPDX-License-Identifier: MIT
/* The grammar of limits.conf, and what the bytes of a pam_limits.so tell about it. */
#include "conf-limits.h"

#include "pool.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As in the modules of Debian 12, Debian 13 and Linux-PAM 1.7.2 with a vendor directory. */
static const char debian12[] =
	"nonewprivs\0chroot\0/proc/sys/fs/nr_open\0/etc/security/limits.conf\0"
	"%s%s%s%s\0cannot read settings from %s: %m\0invalid line '%s' - skipped\0"
	"Could not set limit for '%s' to soft=%d, hard=%d: %m";
static const char debian13[] = "strtok_r\0nonewprivs\0chroot\0/proc/sys/fs/nr_open\0"
			       "/etc/security/limits.conf\0cannot read settings from %s: %s\0"
			       "invalid line %llu in '%s' - skipped\0Maxlogin limit needs to be 2\0"
			       "Could not set limit for '%s' to soft=%d, hard=%d: %m";
static const char vendor172[] =
	"strtok_r\0nonewprivs\0rttime\0/proc/sys/fs/nr_open\0"
	"/usr/share/pam/security/limits.conf\0/etc/security/limits.conf\0"
	"cannot read settings from %s: %s\0invalid line %llu in '%s' - skipped";
static const char old131[] =
	"/etc/security/limits.conf\0%s%s%s%s\0cannot read settings from %s: %m";

static void detect(struct pool *pool, const char *bytes, size_t size, struct limits_module *ret)
{
	ck_assert(limits_module_detect(pool, bytes, size, ret));
}

START_TEST(features)
{
	struct pool *pool = pool_new();
	struct limits_module module;

	detect(pool, debian12, sizeof debian12, &module);
	ck_assert(module.debian && module.resets && module.ignores_eperm && module.caps_nofile);
	ck_assert(!module.missing_ok && !module.whole_lines && !module.trims_value);
	ck_assert(module.nonewprivs && !module.rttime && !module.logind);
	ck_assert_str_eq(module.conf, "/etc/security/limits.conf");
	ck_assert_str_eq(module.directory, "/etc/security/limits.d");
	ck_assert_ptr_null(module.vendor_conf);
	ck_assert_ptr_null(module.vendor_directory);

	detect(pool, debian13, sizeof debian13, &module);
	ck_assert(module.debian && !module.resets && module.ignores_eperm && module.missing_ok);
	ck_assert(module.whole_lines && module.trims_value && module.logind && !module.rttime);

	detect(pool, vendor172, sizeof vendor172, &module);
	ck_assert(!module.debian && !module.resets && !module.ignores_eperm && module.rttime);
	ck_assert_str_eq(module.conf, "/etc/security/limits.conf");
	ck_assert_str_eq(module.vendor_conf, "/usr/share/pam/security/limits.conf");
	ck_assert_str_eq(module.vendor_directory, "/usr/share/pam/security/limits.d");

	detect(pool, old131, sizeof old131, &module);
	ck_assert(!module.debian && !module.caps_nofile && !module.nonewprivs &&
		  !module.missing_ok);
	pool_free(pool);
}
END_TEST

START_TEST(no_module)
{
	struct pool *pool = pool_new();
	struct limits_module module = { .conf = "untouched" };

	ck_assert(!limits_module_detect(pool, "", 0, &module));
	ck_assert(!limits_module_detect(pool, "\177ELF something else", 20, &module));
	ck_assert_str_eq(module.conf, "untouched");
	pool_free(pool);
}
END_TEST

static size_t parse(struct pool *pool, bool whole_lines, const char *bytes, size_t size,
		    struct limits_entry **ret)
{
	struct limits_entries entries = { 0 };
	struct limits_module module;

	detect(pool, whole_lines ? debian13 : debian12,
	       whole_lines ? sizeof debian13 : sizeof debian12, &module);
	limits_parse(pool, &module, "/f", bytes, size, &entries);
	*ret = entries.items;
	return entries.count;
}

/* One line each: how the old (fgets, sscanf) and the new reader (getline, strtok_r) take it. */
#define RULE LIMITS_RULE
#define NOTHING LIMITS_UNREAD /* no entry at all */
static const struct {
	const char *line;
	enum limits_form form[2];
	enum limits_drop drop[2];
	uint64_t number[2];
} lines[] = {
	{ "a - nofile 300", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "\t a\t soft\tnofile  300 ", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a - nofile 300#x", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a HARD NoFile 0300", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a - nofile 300 extra words", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a - nproc unlimited extra",
	  { RULE, RULE },
	  { 0, LIMITS_DROP_VALUE },
	  { LIMIT_UNLIMITED } },
	{ "a - nproc unlimited\r", { RULE, RULE }, { 0, LIMITS_DROP_VALUE }, { LIMIT_UNLIMITED } },
	{ "a - nproc 300\r", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a - nproc UNLIMITED  ", { RULE, RULE }, { 0 }, { LIMIT_UNLIMITED, LIMIT_UNLIMITED } },
	{ "a - nproc 1 000 000", { RULE, RULE }, { 0 }, { 1, 1 } },
	{ "a - nproc - 5", { RULE, RULE }, { 0, LIMITS_DROP_VALUE }, { LIMIT_UNLIMITED } },
	{ "a - nproc -1 x", { RULE, RULE }, { 0 }, { LIMIT_UNLIMITED, LIMIT_UNLIMITED } },
	{ "a\v-\fnofile 300", { RULE, LIMITS_INVALID }, { 0 }, { 300 } },
	{ "a - nproc \v300", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a\xc2\xa0- nofile 300", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "a - nproc -2", { RULE, RULE }, { 0 }, { UINT64_MAX - 1, UINT64_MAX - 1 } },
	{ "a - nproc  ", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "a - maxlogins -", { RULE, RULE }, { 0 }, { 0, 0 } },
	{ "a - maxlogins many",
	  { RULE, RULE },
	  { LIMITS_DROP_VALUE, LIMITS_DROP_VALUE },
	  { 0, 0 } },
	{ "a - nproc +64", { RULE, RULE }, { 0 }, { 64, 64 } },
	{ "a - nproc +-5", { RULE, RULE }, { LIMITS_DROP_VALUE, LIMITS_DROP_VALUE }, { 0 } },
	{ "a - nproc 10k", { RULE, RULE }, { 0 }, { 10, 10 } },
	{ "a - nproc 0x40", { RULE, RULE }, { 0 }, { 0, 0 } },
	{ "a - nproc k10", { RULE, RULE }, { LIMITS_DROP_VALUE, LIMITS_DROP_VALUE }, { 0 } },
	{ "a - nproc 18446744073709551615", { RULE, RULE }, { 0 }, { UINT64_MAX, UINT64_MAX } },
	{ "a - nproc 99999999999999999999", { RULE, RULE }, { 0 }, { UINT64_MAX, UINT64_MAX } },
	{ "a - core 100", { RULE, RULE }, { 0 }, { 102400, 102400 } },
	{ "a - memlock 18014398509481983", { RULE, RULE }, { 0 }, { UINT64_MAX, UINT64_MAX } },
	{ "a - core 18014398509481982",
	  { RULE, RULE },
	  { 0 },
	  { 18446744073709549568u, 18446744073709549568u } },
	{ "a - cpu 5", { RULE, RULE }, { 0 }, { 300, 300 } },
	{ "a - nice -20", { RULE, RULE }, { 0 }, { 40, 40 } },
	{ "a - nice -1", { RULE, RULE }, { 0 }, { 21, 21 } },
	{ "a - nice 25", { RULE, RULE }, { 0 }, { 1, 1 } },
	{ "a - nice unlimited", { RULE, RULE }, { LIMITS_DROP_VALUE, LIMITS_DROP_VALUE }, { 0 } },
	{ "a - rttime 5", { RULE, RULE }, { LIMITS_DROP_ITEM, LIMITS_DROP_ITEM }, { 0 } },
	{ "a - nofiles 5", { RULE, RULE }, { LIMITS_DROP_ITEM, LIMITS_DROP_ITEM }, { 0 } },
	{ "a both nofile 5", { RULE, RULE }, { LIMITS_DROP_TYPE, LIMITS_DROP_TYPE }, { 0 } },
	{ "a both nonewprivs 1", { RULE, RULE }, { 0 }, { 0, 0 } },
	{ "a - chroot /X", { RULE, RULE }, { 0 }, { 0, 0 } },
	{ "a -", { LIMITS_NO_LIMIT, LIMITS_NO_LIMIT }, { 0 }, { 0 } },
	{ "a -nofile", { LIMITS_NO_LIMIT, LIMITS_NO_LIMIT }, { 0 }, { 0 } },
	{ "a soft", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "a - nofile", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "a - nofile   ", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "a", { LIMITS_INVALID, LIMITS_INVALID }, { 0 }, { 0 } },
	{ "x:1 - nofile 3", { LIMITS_BAD_RANGE, LIMITS_BAD_RANGE }, { 0 }, { 0 } },
	{ ": - nofile 3", { LIMITS_BAD_RANGE, LIMITS_BAD_RANGE }, { 0 }, { 0 } },
	{ "1:2x", { LIMITS_BAD_RANGE, LIMITS_BAD_RANGE }, { 0 }, { 0 } },
	{ "# a - nofile 3", { NOTHING, NOTHING }, { 0 }, { 0 } },
	{ " \t\v", { NOTHING, NOTHING }, { 0 }, { 0 } },
	{ "", { NOTHING, NOTHING }, { 0 }, { 0 } },
};

/* Counts are an int: what is more is cut, and "unlimited" is -1. */
START_TEST(counts)
{
	static const struct {
		const char *line;
		int count;
	} rows[] = {
		{ "a - maxlogins 4", 4 },
		{ "a - maxlogins -", -1 },
		{ "a - maxlogins unlimited", -1 },
		{ "a - maxsyslogins infinity", -1 },
		{ "a - maxlogins -5", -5 },
		{ "a - maxlogins 2147483647", INT_MAX },
		{ "a - maxlogins 2147483648", INT_MAX },
		{ "a - maxlogins -2147483648", INT_MIN },
		{ "a - maxlogins -9999999999", INT_MIN },
		{ "a - priority -7", -7 },
		{ "a - nonewprivs 1", 1 },
		{ "a - nonewprivs 2", 0 },
	};
	struct pool *pool = pool_new();
	struct limits_entry *entry;

	ck_assert_uint_eq(parse(pool, true, rows[_i].line, strlen(rows[_i].line), &entry), 1);
	ck_assert_int_eq(entry->drop, 0);
	ck_assert_int_eq(entry->count, rows[_i].count);
	pool_free(pool);
}
END_TEST

START_TEST(line)
{
	for (int reader = 0; reader < 2; reader++) {
		struct pool *pool = pool_new();
		struct limits_entry *entry;
		size_t count = parse(pool, reader, lines[_i].line, strlen(lines[_i].line), &entry);

		ck_assert_uint_eq(count, lines[_i].form[reader] != NOTHING);
		if (count) {
			ck_assert_int_eq(entry->form, lines[_i].form[reader]);
			ck_assert_int_eq(entry->drop, lines[_i].drop[reader]);
			ck_assert_uint_eq(entry->number, lines[_i].number[reader]);
			ck_assert_uint_eq(entry->line, 1);
			ck_assert_str_eq(entry->file, "/f");
		}
		pool_free(pool);
	}
}
END_TEST

static const struct {
	const char *domain;
	enum limits_range range;
	uint32_t min, max;
} ranges[] = {
	{ "alice", LIMITS_NO_RANGE, 0, 0 },    { "1001", LIMITS_NO_RANGE, 0, 0 },
	{ ":50", LIMITS_EXACTLY, 50, 50 },     { "@:50", LIMITS_EXACTLY, 50, 50 },
	{ "%:50", LIMITS_EXACTLY, 50, 50 },    { "50:", LIMITS_FROM, 50, 0 },
	{ "@50:60", LIMITS_BETWEEN, 50, 60 },  { "4294967297:", LIMITS_FROM, 1, 0 },
	{ "-1:", LIMITS_FROM, 4294967295, 0 }, { "+5:7", LIMITS_BETWEEN, 5, 7 },
};

START_TEST(range)
{
	struct pool *pool = pool_new();
	struct limits_entry *entry;
	const char *text = pool_printf(pool, "%s - nofile 1\n", ranges[_i].domain);

	ck_assert_uint_eq(parse(pool, false, text, strlen(text), &entry), 1);
	ck_assert_int_eq(entry->form, LIMITS_RULE);
	ck_assert_str_eq(entry->domain, ranges[_i].domain);
	ck_assert_int_eq(entry->range, ranges[_i].range);
	ck_assert_uint_eq(entry->min, ranges[_i].min);
	ck_assert_uint_eq(entry->max, ranges[_i].max);
	pool_free(pool);
}
END_TEST

/* Byte 1024 of a line begins another one, for the old reader only: "#" and 1022 letters fill a
 * buffer. */
START_TEST(long_line)
{
	struct pool *pool = pool_new();
	struct limits_entry *entry;
	char text[2048];

	memset(text, 'x', sizeof text);
	text[0] = '#';
	snprintf(text + 1023, sizeof text - 1023, "a - nofile 300\nb - nproc 5\n");
	ck_assert_uint_eq(parse(pool, false, text, strlen(text), &entry), 2);
	ck_assert_str_eq(entry[0].domain, "a");
	ck_assert(entry[0].tail);
	ck_assert_uint_eq(entry[0].line, 1);
	ck_assert_str_eq(entry[1].domain, "b");
	ck_assert(!entry[1].tail);
	ck_assert_uint_eq(entry[1].line, 2);
	ck_assert_uint_eq(parse(pool, true, text, strlen(text), &entry), 1);
	ck_assert_str_eq(entry[0].domain, "b");
	ck_assert_uint_eq(entry[0].line, 2);
	pool_free(pool);
}
END_TEST

START_TEST(hostile_bytes)
{
	struct pool *pool = pool_new();
	struct limits_entry *entry;
	static const char nul[] = "a - nofile 300\0b - nofile 5\nc - nofile \0 6\n\0\nd - nofile 7";

	ck_assert_uint_eq(parse(pool, false, nul, sizeof nul - 1, &entry), 3);
	ck_assert_str_eq(entry[0].domain, "a");
	ck_assert_uint_eq(entry[0].number, 300);
	ck_assert_int_eq(entry[1].form, LIMITS_INVALID);
	ck_assert_uint_eq(entry[2].line, 4);
	ck_assert_uint_eq(entry[2].number, 7);

	char all[256];
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	for (size_t start = 0; start < sizeof all; start++)
		for (int reader = 0; reader < 2; reader++)
			ck_assert_uint_le(
				parse(pool, reader, all + start, sizeof all - start, &entry), 2);
	ck_assert_uint_eq(parse(pool, false, NULL, 0, &entry), 0);
	pool_free(pool);
}
END_TEST

START_TEST(item_names)
{
	ck_assert_uint_eq(limits_item_code("nofile"), RLIMIT_NOFILE);
	ck_assert_uint_eq(limits_item_code("maxlogins"), LIMITS_MAXLOGINS);
	ck_assert_uint_eq(limits_item_code("NOFILE"), LIMITS_UNKNOWN);
	ck_assert_str_eq(limits_nearest_item("nofiles"), "nofile");
	ck_assert_str_eq(limits_nearest_item("memlok"), "memlock");
	ck_assert_ptr_null(limits_nearest_item("openfiles-max"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf-limits");
	TCase *tcase = tcase_create("conf-limits");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, features);
	tcase_add_test(tcase, no_module);
	tcase_add_loop_test(tcase, counts, 0, 12);
	tcase_add_loop_test(tcase, line, 0, sizeof lines / sizeof *lines);
	tcase_add_loop_test(tcase, range, 0, sizeof ranges / sizeof *ranges);
	tcase_add_test(tcase, long_line);
	tcase_add_test(tcase, hostile_bytes);
	tcase_add_test(tcase, item_names);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
