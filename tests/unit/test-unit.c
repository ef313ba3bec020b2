// SPDX-License-Identifier: MIT
/* Units from files. What is expected was observed with systemd 252;
 * tests/conformance/unit-random.py asks it again. */
#include "unit.h"

#include "catalog.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ETC "/etc/systemd/system/"
#define LIB "/usr/lib/systemd/system/"
#define SERVICE(text) "[Service]\nExecStart=/bin/true\n" text

static const char *root;
static struct host *host;

static void setup(void)
{
	root = tree_new();
	tree_link(root, "/lib", "usr/lib");
}

static void teardown(void)
{
	host_close(host);
	host = NULL;
}

static struct unit load(const char *name)
{
	struct unit unit;

	if (!host)
		ck_assert_int_eq(host_open(root, &host, NULL), 0);
	unit_load(host, name, &unit);
	return unit;
}

/* "1024:524288 /etc/...:3" of nofile. */
static const char *nofile(const struct unit *unit)
{
	struct pool *pool = host_pool(host);
	struct unit_limit limit;

	unit_limit(unit, catalog_limit("nofile"), &limit);
	const char *text = unit_limit_format(pool, limit.soft, limit.hard);
	if (limit.origin.file)
		text = pool_printf(pool, "%s %s:%u", text, limit.origin.file, limit.origin.line);
	for (size_t i = 0; i < limit.shadowed_count; i++)
		text = pool_printf(pool, "%s < %s:%u %s", text, limit.shadowed[i].origin.file,
				   limit.shadowed[i].origin.line, limit.shadowed[i].value.text);
	return text;
}

START_TEST(directories)
{
	tree_put(root, LIB "a.service", SERVICE("LimitNOFILE=1\n"));
	tree_put(root, "/usr/local/lib/systemd/system/b.service", SERVICE("LimitNOFILE=2\n"));
	tree_put(root, LIB "b.service", SERVICE("LimitNOFILE=1\n"));
	tree_put(root, ETC "c.service", SERVICE("LimitNOFILE=3\n"));
	tree_put(root, "/run/systemd/system/c.service", SERVICE("LimitNOFILE=2\n"));
	tree_put(root, "/run/systemd/generator.late/d.service", SERVICE("LimitNOFILE=4\n"));
	struct unit unit = load("a");
	ck_assert_str_eq(unit.name, "a.service");
	ck_assert_int_eq(unit.state, UNIT_LOADED);
	ck_assert_str_eq(nofile(&unit), "1 " LIB "a.service:3");
	unit = load("b.service");
	ck_assert_str_eq(nofile(&unit), "2 /usr/local/lib/systemd/system/b.service:3");
	unit = load("c.service");
	ck_assert_str_eq(nofile(&unit), "3 " ETC "c.service:3");
	unit = load("d.service");
	ck_assert_str_eq(nofile(&unit), "4 /run/systemd/generator.late/d.service:3");
}
END_TEST

START_TEST(dropins)
{
	tree_put(root, LIB "a-b.service", SERVICE("LimitNOFILE=1\n"));
	tree_put(root, LIB "a-b.service.d/50-x.conf", "[Service]\nLimitNOFILE=2\n");
	tree_put(root, ETC "a-b.service.d/50-x.conf", "[Service]\nLimitNOFILE=3:4\n");
	tree_put(root, ETC "a-.service.d/60-y.conf", "[Service]\nLimitNOFILE=nonsense\n");
	tree_put(root, ETC "service.d/40-z.conf", "[Service]\nLimitNOFILE=5\n");
	tree_put(root, ETC "a-b.service.d/70.txt", "[Service]\nLimitNOFILE=6\n");
	tree_put(root, ETC "a-b.service.d/.70.conf", "[Service]\nLimitNOFILE=6\n");
	tree_link(root, ETC "a-b.service.d/80.conf", "/dev/null");
	tree_put(root, LIB "a-b.service.d/80.conf", "[Service]\nLimitNOFILE=7\n");
	struct unit unit = load("a-b.service");
	ck_assert_str_eq(nofile(&unit),
			 "3:4 " ETC "a-b.service.d/50-x.conf:2 < " LIB "a-b.service:3 1 < " ETC
			 "service.d/40-z.conf:2 5 < " ETC "a-.service.d/60-y.conf:2 nonsense");
	ck_assert_uint_eq(unit.dropin_count, 4);
	ck_assert_uint_eq(unit.hidden_count, 2);
	ck_assert_str_eq(unit.hidden[1].by, ETC "a-b.service.d/80.conf");
}
END_TEST

START_TEST(templates)
{
	tree_put(root, LIB "t@.service", SERVICE("LimitNOFILE=1\nUser=u\nPAMName=login\n"));
	tree_put(root, ETC "t@.service.d/a.conf", "[Service]\nLimitNOFILE=2\n");
	tree_put(root, ETC "t@x.service.d/b.conf", "[Service]\nLimitNOFILE=3\nUser=\n");
	tree_put(root, ETC "t@z.service", SERVICE("LimitNOFILE=9\n"));
	struct unit unit = load("t@x.service");
	ck_assert_str_eq(unit.id, "t@x.service");
	ck_assert_str_eq(unit.fragment, LIB "t@.service");
	ck_assert_str_eq(nofile(&unit), "3 " ETC "t@x.service.d/b.conf:2 < " LIB
					"t@.service:3 1 < " ETC "t@.service.d/a.conf:2 2");
	ck_assert_ptr_null(unit_setting(&unit, "User"));
	ck_assert_str_eq(unit_setting(&unit, "PAMName")->value, "login");
	unit = load("t@y.service");
	ck_assert_str_eq(unit_setting(&unit, "User")->value, "u");
	unit = load("t@z.service");
	ck_assert_str_eq(unit.fragment, ETC "t@z.service");
	unit = load("t@.service");
	ck_assert_int_eq(unit.state, UNIT_BROKEN);
}
END_TEST

START_TEST(aliases)
{
	tree_put(root, LIB "ssh.service", SERVICE("LimitNOFILE=1\n"));
	tree_link(root, ETC "sshd.service", "/lib/systemd/system/ssh.service");
	tree_put(root, ETC "sshd.service.d/a.conf", "[Service]\nLimitNOFILE=2\n");
	tree_put(root, "/opt/own.service", SERVICE("LimitNOFILE=3\n"));
	tree_link(root, ETC "own.service", "/opt/own.service");
	tree_link(root, ETC "loop1.service", "loop2.service");
	tree_link(root, ETC "loop2.service", "loop1.service");
	tree_link(root, ETC "gone.service", "/opt/gone.service");
	for (int i = 0; i < 2; i++) {
		struct unit unit = load(i ? "sshd" : "ssh");
		ck_assert_str_eq(unit.id, "ssh.service");
		ck_assert_uint_eq(unit.name_count, 2);
		ck_assert_str_eq(unit.names[1], "sshd.service");
		ck_assert_str_eq(nofile(&unit),
				 "2 " ETC "sshd.service.d/a.conf:2 < " LIB "ssh.service:3 1");
		ck_assert_str_eq(unit_dropin_path(&unit, "x.conf"), ETC "ssh.service.d/x.conf");
	}
	struct unit unit = load("own");
	ck_assert_str_eq(unit.fragment, ETC "own.service");
	ck_assert_str_eq(nofile(&unit), "3 " ETC "own.service:3");
	unit = load("loop1");
	ck_assert_int_eq(unit.state, UNIT_NOT_FOUND);
	unit = load("gone");
	ck_assert_int_eq(unit.state, UNIT_NOT_FOUND);
	ck_assert_str_eq(unit.origin.file, ETC "gone.service");
}
END_TEST

START_TEST(states)
{
	tree_put(root, LIB "m.service", SERVICE(""));
	tree_link(root, ETC "m.service", "/dev/null");
	tree_put(root, ETC "empty.service", "");
	tree_put(root, ETC "bad.service", "[Service\nExecStart=/bin/true\n");
	tree_directory(root, ETC "dir.service");
	tree_put(root, "/etc/init.d/old", "#!/bin/sh\n");
	ck_assert_int_eq(load("m").state, UNIT_MASKED);
	ck_assert_int_eq(load("empty").state, UNIT_MASKED);
	ck_assert_int_eq(load("none").state, UNIT_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(load("old").why, "of /etc/init.d/old at boot"));
	struct unit unit = load("bad");
	ck_assert_int_eq(unit.state, UNIT_BROKEN);
	ck_assert_uint_eq(unit.origin.line, 1);
	ck_assert_int_eq(load("dir").state, UNIT_BROKEN);
	ck_assert_int_eq(load("a/b.service").state, UNIT_BROKEN);
	ck_assert_int_eq(load("").state, UNIT_BROKEN);
	unit = load("x.target");
	ck_assert_ptr_null(unit.section);
	ck_assert_int_eq(unit.state, UNIT_NOT_FOUND);
	unit = load("../../etc/passwd");
	ck_assert_int_eq(unit.state, UNIT_BROKEN);
}
END_TEST

START_TEST(defaults)
{
	tree_put(root, LIB "a.service", SERVICE(""));
	struct unit unit = load("a");
	ck_assert_str_eq(nofile(&unit), "1024:524288");
	teardown();
	tree_put(root, "/etc/systemd/system.conf", "[Manager]\nDefaultLimitNOFILE=2048:4096\n");
	tree_put(root, "/etc/systemd/system.conf.d/x.conf", "[Manager]\nDefaultLimitNOFILE=4K\n");
	unit = load("a");
	ck_assert_str_eq(nofile(&unit), "2048:4096 /etc/systemd/system.conf:2 < "
					"/etc/systemd/system.conf.d/x.conf:2 4K");
	teardown();
	tree_put(root, "/run/systemd/system.conf.d/y.conf", "[Manager]\nDefaultLimitNOFILE=7\n");
	tree_put(root, ETC "b.service", SERVICE("LimitNOFILE=\nLimitNOFILE=8\n"));
	unit = load("a");
	ck_assert_str_eq(nofile(&unit), "7 /run/systemd/system.conf.d/y.conf:2 < "
					"/etc/systemd/system.conf.d/x.conf:2 4K < "
					"/etc/systemd/system.conf:2 2048:4096");
	unit = load("b");
	ck_assert_str_eq(nofile(&unit), "8 " ETC "b.service:4 < " ETC "b.service:3  < "
					"/run/systemd/system.conf.d/y.conf:2 7");
}
END_TEST

/* What comes after a file that systemd cannot read to its end does not count. */
START_TEST(broken_defaults)
{
	tree_put(root, LIB "a.service", SERVICE(""));
	tree_put(root, "/etc/systemd/system.conf.d/a.conf",
		 "[Manager]\nDefaultLimitNOFILE=1\n[x\n");
	tree_put(root, "/etc/systemd/system.conf.d/b.conf", "[Manager]\nDefaultLimitNOFILE=2\n");
	struct unit unit = load("a");
	ck_assert_str_eq(nofile(&unit), "1 /etc/systemd/system.conf.d/a.conf:2");
}
END_TEST

START_TEST(new_dropin)
{
	static const char bytes[] = "[Service]\nLimitNOFILE=9\n";
	const struct limit_row *row = catalog_limit("nofile");
	struct origin winner;

	tree_put(root, LIB "a.service", SERVICE("LimitNOFILE=1\n"));
	tree_put(root, ETC "a.service.d/override.conf", "[Service]\nLimitNOFILE=2\n");
	struct unit unit = load("a");
	ck_assert(!unit_dropin_wins(&unit, unit_dropin_path(&unit, "50-x.conf"), bytes, row,
				    &winner));
	ck_assert_str_eq(winner.file, ETC "a.service.d/override.conf");
	ck_assert(unit_dropin_wins(&unit, unit_dropin_path(&unit, "zz.conf"), bytes, row, &winner));
	unit = load("a");
	ck_assert_str_eq(nofile(&unit),
			 "2 " ETC "a.service.d/override.conf:2 < " LIB "a.service:3 1");
}
END_TEST

/* Of a value such as User=: what the name of the unit answers. */
START_TEST(specifiers)
{
	static const struct {
		const char *text, *template, *plain;
	} rows[] = {
		{ "none", "none", "none" },
		{ "%n", "a-b\\x40@c\\x2dd-e.service", "web.service" },
		{ "%N", "a-b\\x40@c\\x2dd-e", "web" },
		{ "%p", "a-b\\x40", "web" },
		{ "%P", "a/b@", "web" },
		{ "%i", "c\\x2dd-e", "" },
		{ "%I", "c-d/e", "" },
		{ "100%%", "100%", "100%" },
		{ "<%i>%i", "<c\\x2dd-e>c\\x2dd-e", "<>" },
		{ "%H", NULL, NULL }, /* of the machine, not of the name */
		{ "x%", NULL, NULL },
	};

	tree_put(root, LIB "a-b\\x40@.service", SERVICE(""));
	tree_put(root, LIB "web.service", SERVICE(""));
	struct unit template = load("a-b\\x40@c\\x2dd-e"), plain = load("web");
	ck_assert_pstr_eq(unit_resolve(&template, rows[_i].text), rows[_i].template);
	ck_assert_pstr_eq(unit_resolve(&plain, rows[_i].text), rows[_i].plain);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unit");
	TCase *tcase = tcase_create("unit");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, directories);
	tcase_add_test(tcase, dropins);
	tcase_add_test(tcase, templates);
	tcase_add_test(tcase, aliases);
	tcase_add_test(tcase, states);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, broken_defaults);
	tcase_add_test(tcase, new_dropin);
	tcase_add_loop_test(tcase, specifiers, 0, 11);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
