// SPDX-License-Identifier: MIT
/* Which kind of thing a name is, and what is gathered about limits, PAM services, units and
 * processes. */
#include "explain.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "provider.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIB "/usr/lib/systemd/system/"

static const char *root;
static struct host *host;
static struct query query;
static struct notes notes;
static struct error err;

static void setup(void)
{
	root = tree_new();
	tree_put(root, "/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1001:100::/:/bin/sh\n");
	tree_put(root, "/etc/group", "users:x:100:\ndba:x:60:alice\n");
	tree_put(root, "/etc/pam.d/other", "session required pam_deny.so\n");
	tree_put(root, "/etc/pam.d/login", "session required pam_limits.so\n");
	tree_put(root, "/etc/security/limits.conf",
		 "*\tsoft\tnofile\t2000\n@dba\tsoft\tnofile\t3000\nalice\tsoft\tnofile\t4000\n"
		 "*\thard\tnofile\t9000\n");
}

static void teardown(void)
{
	host_close(host);
	host = NULL;
}

/* ROOT_OF NULL: this host. */
static int ask_of(const char *root_of, const char *name, struct explanation *ret)
{
	if (!host)
		ck_assert_int_eq(host_open(root_of, &host, NULL), 0);
	notes = (struct notes){ .pool = host_pool(host) };
	err = (struct error){ 0 };
	return explain(host, &query, name, "login", ret, &notes, &err);
}

static struct explanation ask(const char *name)
{
	struct explanation thing;

	ck_assert_msg(!ask_of(root, name, &thing), "%s: %s", name, err.message);
	return thing;
}

START_TEST(kinds)
{
	static const struct {
		const char *name, *id;
		enum explained_kind kind;
	} names[] = {
		{ "net.ipv4.tcp_keepalive_time", "sysctl:net.ipv4.tcp_keepalive_time",
		  EXPLAINED_SYSCTL },
		{ "sysctl:fs.nr_open", "sysctl:fs.nr_open", EXPLAINED_SYSCTL },
		{ "pam:login", "pam:login:pam_limits", EXPLAINED_PAM },
		{ "pam:LOGIN:pam_limits", "pam:login:pam_limits", EXPLAINED_PAM },
		{ "limit:alice:nofile:soft", "limit:alice:nofile:soft", EXPLAINED_LIMIT },
		{ "a.service", "unit:a.service", EXPLAINED_UNIT },
		{ "unit:a", "unit:a.service", EXPLAINED_UNIT },
	};

	tree_put(root, LIB "a.service", "[Service]\nExecStart=/bin/true\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct explanation thing = ask(names[i].name);
		ck_assert_int_eq(thing.kind, names[i].kind);
		ck_assert_str_eq(explanation_id(&thing), names[i].id);
	}
}
END_TEST

START_TEST(errors)
{
	static const struct {
		const char *name, *says;
	} names[] = {
		{ "limit:alice", "limit:DOMAIN:ITEM is wanted" },
		{ "limit:alice:nofiles", "did you mean nofile?" },
		{ "limit::nofile", "limit:DOMAIN:ITEM is wanted" },
		{ "limit:", "limit:DOMAIN:ITEM is wanted" },
		{ "pam:", "the name of a PAM service" },
		{ "pam:../passwd", "the name of a PAM service" },
		{ "none.service", "none.service is not found" },
		{ "b.service", "b.service is broken: " LIB "b.service:1" },
		{ "b", "did you mean b.service?" },
		{ "12345", "tree" },
		{ "process:x", "no pid" },
		{ "", "is no sysctl key" },
	};
	struct explanation thing;

	tree_put(root, LIB "b.service", "[Service\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(names[i].name, "b"))
			continue; /* below */
		ck_assert_msg(ask_of(root, names[i].name, &thing) < 0, "%s", names[i].name);
		ck_assert_msg(strstr(err.message, names[i].says), "%s: %s", names[i].name,
			      err.message);
	}
	tree_put(root, LIB "c.service", "[Service]\nExecStart=/bin/true\n");
	teardown();
	ck_assert_int_lt(ask_of(root, "c", &thing), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "did you mean c.service?"));
}
END_TEST

START_TEST(limits)
{
	struct explanation thing = ask("limit:alice:nofile");
	const struct explained_limit *limit = &thing.limit;

	ck_assert_uint_eq(limit->limits.item[RLIMIT_NOFILE].soft.number, 4000);
	ck_assert_uint_eq(limit->limits.item[RLIMIT_NOFILE].hard.number, 9000);
	ck_assert_uint_eq(limit->lost[0].count, 2);
	ck_assert_uint_eq(limit->lost[1].count, 0);
	ck_assert(!limit->unknown);
	thing = ask("limit:@dba:nofile:soft");
	ck_assert_uint_eq(thing.limit.limits.item[RLIMIT_NOFILE].soft.number, 3000);
	ck_assert_int_eq(thing.limit.side, SIDE_SOFT);
	thing = ask("limit:*:nofile:hard");
	ck_assert_uint_eq(thing.limit.limits.item[RLIMIT_NOFILE].soft.number, 2000);
	ck_assert_int_eq(thing.limit.side, SIDE_HARD);
	thing = ask("limit:nobody-here:nofile");
	ck_assert(thing.limit.unknown);
}
END_TEST

static const char *effect_at(const struct explained_pam *pam, const char *module)
{
	for (size_t i = 0; i < pam->line_count; i++)
		if (!strcmp(pam->lines[i].module, module))
			return pam->lines[i].effect ? pam->lines[i].effect : "-";
	return "no such line";
}

START_TEST(services)
{
	tree_put(root, "/etc/pam.d/a",
		 "session [success=1 default=ignore] pam_succeed_if.so uid = 0\n"
		 "session required pam_limits.so conf=/x\nsession include b\n");
	tree_put(root, "/etc/pam.d/b", "session optional pam_mail.so\n");
	struct explanation thing = ask("pam:a");
	const struct explained_pam *pam = &thing.pam;
	ck_assert_int_eq(pam->answer.outcome, PAM_CONDITIONAL);
	ck_assert_uint_eq(pam->line_count, 3);
	ck_assert_str_eq(effect_at(pam, "pam_succeed_if.so uid = 0"),
			 "decides whether pam_limits.so runs");
	ck_assert_str_eq(effect_at(pam, "pam_mail.so"), "-");
	ck_assert_str_eq(pam->lines[2].origin.file, "/etc/pam.d/b");
	ck_assert_str_eq(pam->lines[0].control, "success=1 default=ignore");

	teardown();
	tree_put(root, "/etc/pam.d/c",
		 "session required pam_deny.so\nsession required pam_limits.so\n");
	thing = ask("pam:c");
	ck_assert_int_eq(thing.pam.answer.outcome, PAM_BROKEN);
	ck_assert_uint_eq(thing.pam.answer.origin.line, 1);
	thing = ask("pam:nothing");
	ck_assert_int_eq(thing.pam.answer.outcome, PAM_NO_SERVICE);
	ck_assert(thing.pam.by_other);
	ck_assert_uint_eq(thing.pam.line_count, 1);
}
END_TEST

START_TEST(units)
{
	tree_put(root, LIB "a.service",
		 "[Service]\nExecStart=/bin/true\nLimitNOFILE=100:200\nLimitCORE=0\n");
	tree_put(root, "/etc/systemd/system/a.service.d/60-x.conf", "[Service]\nLimitNOFILE=150\n");
	tree_put(root, LIB "t@.service",
		 "[Service]\nExecStart=/bin/true\nUser=%i\nPAMName=login\n");
	struct explanation thing = ask("a.service");
	const struct explained_unit *a = &thing.unit;
	ck_assert_uint_eq(a->limit_count, 2);
	ck_assert_uint_eq(a->limits[0].limit.soft, 150);
	ck_assert_uint_eq(a->limits[0].limit.shadowed_count, 1);
	ck_assert_str_eq(a->dropin, "/etc/systemd/system/a.service.d/zz-limits.conf");
	ck_assert_str_eq(a->dropin_text, "[Service]\nLimitNOFILE=65536:524288\n");
	ck_assert_str_eq(a->commands[3], "systemctl restart a.service");
	ck_assert_ptr_null(a->commands[4]);
	ck_assert_ptr_nonnull(strstr(a->reach, "does not reach"));
	ck_assert_ptr_null(a->main);

	thing = ask("t@1001.service");
	ck_assert_str_eq(thing.unit.user, "alice");
	ck_assert_uint_eq(thing.unit.login->limits.item[RLIMIT_NOFILE].soft.number, 4000);
	ck_assert_ptr_null(thing.unit.dropin);
}
END_TEST

/* No drop-in in /etc wins against system.control, which systemctl set-property writes. */
START_TEST(obstacle)
{
	tree_put(root, LIB "a.service", "[Service]\nExecStart=/bin/true\n");
	tree_put(root, "/etc/systemd/system.control/a.service.d/zzzzz.conf",
		 "[Service]\nLimitNOFILE=7\n");
	struct explanation thing = ask("a.service");
	ck_assert_ptr_null(thing.unit.dropin);
	ck_assert_str_eq(thing.unit.obstacle.file,
			 "/etc/systemd/system.control/a.service.d/zzzzz.conf");
	ck_assert_uint_eq(thing.unit.obstacle.line, 2);
}
END_TEST

START_TEST(process)
{
	struct rlimit limit;
	struct explanation thing;
	char name[16];

	snprintf(name, sizeof name, "%d", (int)getpid());
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 321;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_msg(!ask_of(NULL, name, &thing), "%s", err.message);
	ck_assert_int_eq(thing.kind, EXPLAINED_PROCESS);
	ck_assert_int_eq(thing.process.process.pid, getpid());
	ck_assert_uint_eq(thing.process.process.limits[RLIMIT_NOFILE].rlim_cur, 321);
	ck_assert_ptr_nonnull(thing.process.why);
	ck_assert_ptr_nonnull(thing.process.place);
	ck_assert_int_eq(ask_of(NULL, "2147483646", &thing), -ESRCH);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tcase = tcase_create("explain");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, kinds);
	tcase_add_test(tcase, errors);
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, services);
	tcase_add_test(tcase, units);
	tcase_add_test(tcase, obstacle);
	tcase_add_test(tcase, process);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
