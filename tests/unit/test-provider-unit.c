// SPDX-License-Identifier: MIT
/* Limits of systemd units as settings: what profiles may say, what is observed, which drop-in is
 * proposed. tests/conformance/unit-apply.py asks systemd whether it agrees. */
#include "provider-unit.h"

#include "audit.h"
#include "catalog.h"
#include "error.h"
#include "host.h"
#include "journal.h"
#include "plan-build.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ETC "/etc/systemd/system/"
#define LIB "/usr/lib/systemd/system/"
#define SERVICE(text) "[Service]\nExecStart=/bin/true\n" text
#define OURS "/zz-keeltune.conf"
#define MANAGER "/etc/systemd/system.conf.d/zz-keeltune.conf"

static const struct query query = { .runtime = true, .persistent = true };
static const struct provider *const providers[] = { &provider_unit, NULL };

static const char *root;
static struct host *host;
static struct pool *pool;
static struct setting settings[8];
static size_t count;
static struct plan plan;
static struct error err;

static void set_up(void)
{
	root = tree_new();
	tree_link(root, "/lib", "usr/lib");
	tree_put(root, "/usr/lib/systemd/systemd", "");
	tree_put(root, LIB "a.service", SERVICE(""));
	pool = pool_new();
	count = 0;
}

static void tear_down(void)
{
	host_close(host);
	host = NULL;
	pool_free(pool);
}

/* "a.service soft nofile 8192 4096": at least 4096; without the last word exactly 8192. */
static void want(const char *text)
{
	char *words = pool_strdup(pool, text), *save;
	struct setting setting = { .provider = &provider_unit, .origin = { "/x/web.conf", 7 } };

	setting.name = strtok_r(words, " ", &save);
	setting.side = strcmp(strtok_r(NULL, " ", &save), "soft") ? SIDE_HARD : SIDE_SOFT;
	setting.item = strtok_r(NULL, " ", &save);
	setting.want = value_parse(pool, strtok_r(NULL, " ", &save));
	const char *least = strtok_r(NULL, " ", &save);
	if (least)
		setting.at_least = value_parse(pool, least);
	if (provider_unit.check(pool, &setting, &err))
		ck_abort_msg("%s: %s", text, err.message);
	if (!least)
		setting.min = setting.max = setting.want;
	setting.id = pool_printf(pool, "unit:%s:%s:%s", setting.name, setting.item,
				 setting.side == SIDE_SOFT ? "soft" : "hard");
	settings[count++] = setting;
}

static struct audit audit(void)
{
	struct audit result;

	if (!host)
		ck_assert_int_eq(host_open(root, &host, NULL), 0);
	audit_run(host, &query, settings, count, &result);
	return result;
}

static int build(const char *override_id)
{
	struct audit before = audit();
	struct held held = { 0 };

	return plan_build(host, &query, providers, &before, &held, override_id, &plan, &err);
}

/* The only change puts at PATH what ends in TEXT; NOTHING remains. */
static void expect(const char *path, const char *text)
{
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert_str_eq(plan.changes[0].path, path);
	const char *bytes = plan.changes[0].after.bytes;
	size_t size = strlen(bytes), end = strlen(text);
	ck_assert_msg(size >= end && !strcmp(bytes + size - end, text), "found:\n%s", bytes);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], count);
}

static void expect_note(const char *text)
{
	for (size_t i = 0; i < plan.notes.count; i++)
		if (strstr(plan.notes.items[i].text, text))
			return;
	ck_abort_msg("no note has \"%s\", the first of %zu is \"%s\"", text, plan.notes.count,
		     plan.notes.count ? plan.notes.items[0].text : "");
}

/* ---- check ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *item, *want, *message; /* NULL: accepted as NAME */
} checks[] = {
	{ "a.service", "nofile", "8192", NULL },
	{ "a.socket", "nofile", "8192", NULL },
	{ "*.service", "memlock", "unlimited", NULL },
	{ "getty@.service", "nice", "40", NULL },
	{ "getty@tty1.service", "core", "infinity", NULL },
	{ "a.timer", "nofile", "1", "units of this type run nothing" },
	{ "*.socket", "nofile", "1", "is no unit" },
	{ "*", "nofile", "1", "is no unit" },
	{ "../a.service", "nofile", "1", "is no unit" },
	{ "a b.service", "nofile", "1", "is no unit" },
	{ "@.service", "nofile", "1", "is no unit" },
	{ "a.service", "files", "1", "unknown item" },
	{ "a.service", "nofile", "unlimited", "takes 0 to 2147483584 (files)" },
	{ "a.service", "nofile", "-1", "takes 0 to" },
	{ "a.service", "nice", "41", "takes 0 to 40" },
	{ "a.service", "rtprio", "99", NULL },
	{ "a.service", "rtprio", "100", "takes 0 to 99" },
	{ "a.service", "memlock", "1G", "takes 0 to 18446744073709551614 or unlimited (bytes)" },
};

START_TEST(check_says_what_is_allowed)
{
	struct setting setting = { .provider = &provider_unit,
				   .name = checks[_i].name,
				   .item = checks[_i].item,
				   .side = SIDE_SOFT,
				   .want = value_parse(pool, checks[_i].want) };
	int rc = provider_unit.check(pool, &setting, &err);

	if (!checks[_i].message) {
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(setting.name, checks[_i].name);
		return;
	}
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_msg(strstr(err.message, checks[_i].message), "%s", err.message);
}
END_TEST

START_TEST(check_completes_names)
{
	struct setting setting = { .provider = &provider_unit,
				   .name = "nginx",
				   .item = "nofile",
				   .want = value_number(1) };

	ck_assert_int_eq(provider_unit.check(pool, &setting, &err), 0);
	ck_assert_str_eq(setting.name, "nginx.service");
	setting.runtime_only = true;
	ck_assert_int_eq(provider_unit.check(pool, &setting, &err), -EINVAL);
}
END_TEST

/* ---- observe ----------------------------------------------------------------------------- */

static const struct finding *only(const struct audit *result)
{
	ck_assert_uint_eq(result->count, 1);
	return &result->findings[0];
}

/* Verdict, value and place of the next start, as one text. */
static const char *seen(const char *wanted)
{
	want(wanted);
	struct audit result = audit();
	const struct finding *finding = only(&result);
	const struct reading *boot = &finding->observed.layer[LAYER_BOOT];
	const char *value = boot->state == READING_PRESENT ? value_format(pool, boot->value) : "-";
	const char *text = pool_printf(pool, "%s %s", verdict_name(finding->verdict), value);

	return boot->origin.file
		       ? pool_printf(pool, "%s %s:%u", text, boot->origin.file, boot->origin.line)
		       : text;
}

START_TEST(sees_files)
{
	tree_put(root, LIB "a.service.d/20-v.conf", "[Service]\nLimitNOFILE=10:20\n");
	tree_put(root, ETC "a.service.d/30-e.conf", "\n[Service]\nLimitNOFILE=100:200\n");
	ck_assert_str_eq(seen("a.service soft nofile 100"),
			 "ok 100 " ETC "a.service.d/30-e.conf:3");
	const struct observed *observed = &audit().findings[0].observed;
	ck_assert_uint_eq(observed->shadowed_count, 1);
	ck_assert_uint_eq(observed->shadowed[0].value.number, 10);
	ck_assert_int_eq(observed->layer[LAYER_RUNNING].state, READING_NOT_APPLICABLE);
}
END_TEST

START_TEST(sees_defaults)
{
	ck_assert_str_eq(seen("a.service soft nofile 8192 4096"), "differs 1024");
	count = 0;
	ck_assert_str_eq(seen("a.service hard nofile 8192 4096"), "ok 524288");
	count = 0;
	ck_assert_str_eq(seen("a.service soft nproc 100"), "differs -"); /* of the machine */
}
END_TEST

START_TEST(sees_what_every_service_reads)
{
	tree_put(root, "/etc/systemd/system.conf.d/10.conf", "[Manager]\nDefaultLimitNOFILE=5:6\n");
	ck_assert_str_eq(seen("*.service soft nofile 5"),
			 "ok 5 /etc/systemd/system.conf.d/10.conf:2");
	tear_down();
	pool = pool_new();
	count = 0;
	tree_put(root, ETC "service.d/10.conf", "[Service]\nLimitNOFILE=7\n");
	ck_assert_str_eq(seen("*.service soft nofile 5"), "differs 7 " ETC "service.d/10.conf:2");
}
END_TEST

START_TEST(nr_open_is_the_ceiling)
{
	tree_put(root, ETC "a.service.d/x.conf", "[Service]\nLimitNOFILE=infinity\n");
	ck_assert_str_eq(seen("a.service hard nofile 524288 65536"),
			 "ok 1048576 " ETC "a.service.d/x.conf:2");
}
END_TEST

START_TEST(absent_and_masked)
{
	tree_link(root, ETC "m.service", "/dev/null");
	ck_assert_str_eq(seen("gone.service soft nofile 5"), "unknown -");
	count = 0;
	ck_assert_str_eq(seen("m.service soft nofile 5"), "unknown -");
	ck_assert_ptr_nonnull(strstr(audit().findings[0].reason, "masked: " ETC "m.service"));
	settings[0].optional = true;
	ck_assert_int_eq(audit().findings[0].verdict, VERDICT_SKIPPED);
	settings[0].optional = false;
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

START_TEST(no_systemd)
{
	tree_remove(root, "/usr/lib/systemd/systemd");
	ck_assert_str_eq(seen("*.service soft nofile 5"), "unknown -");
}
END_TEST

/* pam_limits.so of the session that PAMName= opens has the last word. */
START_TEST(session_of_a_unit)
{
	tree_put(root, LIB "s.service", SERVICE("PAMName=app\nUser=33\nLimitNOFILE=3000:4000\n"));
	tree_put(root, "/etc/passwd", "root:x:0:0::/:/bin/sh\nwww:x:33:33::/:/bin/false\n");
	tree_put(root, "/etc/pam.d/app", "session required pam_limits.so\n");
	tree_put(root, "/etc/security/limits.conf", "www soft nofile 50\n");
	ck_assert_str_eq(seen("s.service soft nofile 3000"),
			 "differs 50 /etc/security/limits.conf:1");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("the next start would still get 50");
	count = 0;
	ck_assert_str_eq(seen("s.service hard nofile 4000"), "ok 4000 " LIB "s.service:5");

	/* Without a session there is no start. */
	host_close(host);
	host = NULL;
	count = 0;
	tree_put(root, "/etc/pam.d/app", "session required pam_limits.so conf=/etc/none\n");
	ck_assert_str_eq(seen("s.service soft nofile 3000"), "differs no start /etc/none:0");
}
END_TEST

/* systemd refuses it, or this user may not read it. */
START_TEST(cannot_be_judged)
{
	tree_directory(root, LIB "bad.service");
	tree_put(root, LIB "cut.service", SERVICE("[Install\n"));
	tree_put(root, LIB "secret.service", SERVICE("LimitNOFILE=5\n"));
	tree_chmod(root, LIB "secret.service", 0);
	tree_become_ordinary(root);
	ck_assert_str_eq(seen("bad.service soft nofile 5"), "unknown - " LIB "bad.service:0");
	ck_assert_ptr_nonnull(audit().findings[0].reason);
	count = 0;
	ck_assert_str_eq(seen("cut.service soft nofile 5"), "unknown - " LIB "cut.service:3");
	ck_assert_ptr_nonnull(strstr(audit().findings[0].reason, LIB "cut.service:3: a section"));
	count = 0;
	ck_assert_str_eq(seen("secret.service soft nofile 5"), "unknown - " LIB "secret.service:0");
	ck_assert_ptr_nonnull(strstr(audit().findings[0].reason, "Permission denied"));
}
END_TEST

/* hidepid: the processes of others cannot be seen, those of pid 1 among them. */
START_TEST(hidden_processes)
{
	const char *text = SERVICE("LimitNOFILE=5\n");

	ck_assert_int_eq(host_open(NULL, &host, NULL), 0);
	host_overlay(host, ETC "zz-of-the-test.service", text, strlen(text));
	host_overlay(host, "/proc/1/stat", NULL, 0);
	want("zz-of-the-test.service soft nofile 5");
	const struct reading *running = &audit().findings[0].observed.layer[LAYER_RUNNING];
	ck_assert_int_eq(running->state, READING_UNREADABLE);
	ck_assert_ptr_nonnull(strstr(running->why, "/proc does not show"));
}
END_TEST

/* ---- propose ----------------------------------------------------------------------------- */

START_TEST(one_line_for_both)
{
	tree_put(root, ETC "a.service.d/override.conf", "[Service]\nLimitNOFILE=10:20\n");
	want("a.service soft nofile 65536 65536");
	want("a.service hard nofile 524288 65536");
	expect(ETC "a.service.d" OURS, "\n[Service]\n\n# web\nLimitNOFILE=65536:524288\n");
	ck_assert_uint_eq(plan.changes[0].id_count, 2);
}
END_TEST

START_TEST(what_is_accepted_or_not_named_stays)
{
	tree_put(root, ETC "a.service.d/override.conf", "[Service]\nLimitNOFILE=10:2000000\n");
	want("a.service soft nofile 65536 65536");
	want("a.service soft core 0");
	want("a.service hard core 0");
	tree_put(root, "/etc/sysctl.d/n.conf", "");
	ck_assert_int_eq(build(NULL), -EINVAL); /* 2000000 was never to be had */
	ck_assert_msg(strstr(err.message, "above fs.nr_open"), "%s", err.message);
}
END_TEST

START_TEST(other_items)
{
	want("a.service soft core 0");
	want("a.service hard core 0");
	want("a.service soft memlock unlimited");
	want("a.service hard memlock unlimited");
	want("a.service soft nice 40");
	want("a.service hard nice 40");
	expect(ETC "a.service.d" OURS, "[Service]\n\n# web\nLimitCORE=0\n\n# web\n"
				       "LimitMEMLOCK=infinity\n\n# web\nLimitNICE=40\n");
}
END_TEST

START_TEST(alias_and_template)
{
	tree_link(root, ETC "dbus-org.a.service", LIB "a.service");
	want("dbus-org.a.service soft nofile 8192");
	expect(ETC "a.service.d" OURS, "LimitNOFILE=8192:524288\n");
	host_close(host);
	host = NULL;
	count = 0;
	tree_put(root, LIB "t@.service", SERVICE(""));
	want("t@.service soft nofile 8192");
	expect(ETC "t@.service.d/zz-keeltune-template.conf", "LimitNOFILE=8192:524288\n");
}
END_TEST

/* That of the instance does not hide that of the template, and comes after it. */
START_TEST(template_and_instance)
{
	struct login_limit none = { .soft.number = 0 };
	struct unit unit;
	struct unit_start start = { .gets = none };

	tree_put(root, LIB "t@.service", SERVICE(""));
	want("t@.service soft nofile 8192");
	want("t@.service soft memlock 1");
	want("t@x.service soft nofile 9000");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 3);
	unit_load(host, "t@x.service", &unit);
	unit_start(&unit, &query, catalog_limit("memlock"), &start);
	ck_assert_uint_eq(start.gets.soft.number, 1);
}
END_TEST

START_TEST(instance_that_says_less)
{
	tree_put(root, LIB "t@.service", SERVICE("LimitNOFILE=8192\n"));
	tree_put(root, ETC "t@x.service.d/a.conf", "[Service]\nLimitNOFILE=100\n");
	ck_assert_str_eq(seen("t@.service soft nofile 8192 4096"),
			 "differs 8192 " LIB "t@.service:3");
	const struct observed *observed = &audit().findings[0].observed;
	ck_assert_uint_eq(observed->deviation_count, 1);
	ck_assert_str_eq(observed->deviations[0].who, "t@x.service");
	ck_assert_uint_eq(observed->deviations[0].value.number, 100);
}
END_TEST

/* Each instance is told of once, and only where it is out of range and nothing names it. */
START_TEST(instances_that_speak_for_themselves)
{
	tree_put(root, LIB "t@.service", SERVICE("LimitNOFILE=8192\n"));
	tree_put(root, ETC "t@less.service.d/a.conf", "[Service]\nLimitNOFILE=100\n");
	tree_put(root, LIB "t@less.service.d/b.conf", "[Service]\nLimitNOFILE=200\n");
	tree_put(root, ETC "t@more.service.d/a.conf", "[Service]\nLimitNOFILE=9000\n");
	tree_put(root, ETC "t@same.service.d/a.conf", "[Service]\nLimitNOFILE=8192\n");
	tree_put(root, ETC "t@named.service.d/a.conf", "[Service]\nLimitNOFILE=50\n");
	tree_put(root, ETC "other@x.service.d/a.conf", "[Service]\nLimitNOFILE=60\n");
	want("t@.service soft nofile 8192 4096");
	want("t@named.service soft nofile 50");
	want("t@less.service hard nofile 8192");
	const struct observed *observed = &audit().findings[0].observed;
	ck_assert_uint_eq(observed->deviation_count, 1);
	ck_assert_str_eq(observed->deviations[0].who, "t@less.service");
	ck_assert_uint_eq(observed->deviations[0].value.number, 200);
}
END_TEST

START_TEST(all_services)
{
	want("*.service soft nofile 65536 65536");
	want("*.service hard nofile 524288 65536");
	expect(MANAGER, "\n[Manager]\n\n# web\nDefaultLimitNOFILE=65536:524288\n");
}
END_TEST

START_TEST(soft_above_a_hard_that_is_not_named)
{
	tree_put(root, ETC "a.service.d/a.conf", "[Service]\nLimitNOFILE=10:20\n");
	want("a.service soft nofile 30");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("soft 30 is above the hard limit 20, which the profile does not name");
}
END_TEST

START_TEST(soft_takes_the_hard_one_along)
{
	tree_put(root, ETC "a.service.d/a.conf", "[Service]\nLimitNOFILE=10:2000\n");
	want("a.service soft nofile 5000");
	want("a.service hard nofile 8000 1000");
	expect(ETC "a.service.d" OURS, "LimitNOFILE=5000:8000\n");
}
END_TEST

/* What is written is in the plan under the ids of its own lines alone. */
START_TEST(ids_of_what_is_written)
{
	want("a.service soft nofile 8192");
	want("a.service soft core 0");
	want("a.service hard core 0");
	tree_put(root, ETC "a.service.d/a.conf", "[Service]\nLimitCORE=0\n");
	expect(ETC "a.service.d" OURS, "\n[Service]\n\n# web\nLimitNOFILE=8192:524288\n");
	ck_assert_uint_eq(plan.changes[0].id_count, 1);
	ck_assert_str_eq(plan.changes[0].ids[0], "unit:a.service:nofile:soft");
}
END_TEST

/* What the kernel gives depends on its memory: half of a pair cannot be written. */
START_TEST(half_of_what_is_not_known)
{
	want("a.service soft nproc 100");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("depends on its memory: name soft and hard");
}
END_TEST

START_TEST(session_of_somebody)
{
	const struct finding findings[] = {
		{ .setting = &settings[0], .verdict = VERDICT_DIFFERS },
		{ .setting = &settings[1], .verdict = VERDICT_DIFFERS },
	};

	tree_put(root, LIB "s.service", SERVICE("PAMName=app\nUser=%Q\n"));
	want("s.service soft nofile 3000");
	want("s.service hard nofile 3000");
	ck_assert_int_eq(host_open(root, &host, NULL), 0);
	plan = (struct plan){ .pool = pool, .notes.pool = pool };
	ck_assert_int_eq(provider_unit.propose(host, &query, findings, 2, &plan, &err), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("what its next start gets cannot be told (it has a PAM session");
}
END_TEST

START_TEST(hard_goes_below_soft)
{
	tree_put(root, ETC "a.service.d/a.conf", "[Service]\nLimitNOFILE=1000:2000\n");
	want("a.service hard nofile 500");
	expect(ETC "a.service.d" OURS, "LimitNOFILE=500\n");
}
END_TEST

START_TEST(above_nr_open)
{
	want("a.service hard nofile 1048576");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 1);
	host_close(host);
	host = NULL;
	count = 0;
	want("a.service hard nofile 1048577");
	ck_assert_int_eq(build(NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.message, "/x/web.conf:7: unit:a.service:nofile:hard: "
						  "nofile 1048577 is above fs.nr_open"));
}
END_TEST

/* A unit file that somebody made for this boot only. */
START_TEST(passing_unit)
{
	tree_put(root, "/run/systemd/transient/r.service", SERVICE(""));
	tree_put(root, "/run/systemd/generator.late/g.service", SERVICE(""));
	want("r.service soft nofile 8192");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("does not outlive the boot; set LimitNOFILE=");
	host_close(host);
	host = NULL;
	count = 0;
	want("g.service soft nofile 8192");
	expect(ETC "g.service.d" OURS, "LimitNOFILE=8192:524288\n");
}
END_TEST

static const struct {
	const char *path, *to; /* the line is commented out in TO */
} winners[] = {
	{ ETC "a.service.d/zzz.conf", ETC "a.service.d/zzz.conf" },
	{ ETC "service.d/zzz.conf", ETC "service.d/zzz.conf" },
	{ LIB "a.service.d/zzz.conf", ETC "a.service.d/zzz.conf" },
	{ "/etc/systemd/system.control/a.service.d/zzz.conf", NULL },
};

START_TEST(later_line)
{
	tree_put(root, winners[_i].path, "[Service]\nLimitNOFILE=10\nLimitCORE=1\n");
	want("a.service soft nofile 8192");
	want("a.service hard nofile 8192");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("the next start would still get 10 (that line wins)");
	ck_assert_int_eq(build("ID"), 0);
	if (!winners[_i].to) {
		ck_assert_uint_eq(plan.count, 0);
		expect_note("keeltune does not edit this file");
		return;
	}
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 2);
	ck_assert_str_eq(plan.changes[0].path, winners[_i].to);
	ck_assert_str_eq(plan.changes[0].after.bytes,
			 "[Service]\n# keeltune ID: LimitNOFILE=10\nLimitCORE=1\n");
}
END_TEST

static const char *own(const char *lines)
{
	return pool_printf(pool, "# of keeltune\n[Service]\n%s", lines);
}

/* Our file that is right stays as it is, byte for byte; what nobody wants goes. */
START_TEST(written_before)
{
	const char *path = ETC "a.service.d" OURS;

	tree_put(root, path, own("LimitNOFILE=9000:10000\n"));
	want("a.service soft nofile 8192 4096");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	host_close(host);
	host = NULL;
	tree_put(root, path, own("LimitNOFILE=9000:10000\nLimitCORE=7\n"));
	expect(path, "\n[Service]\n\n# web\nLimitNOFILE=9000:10000\n");
	host_close(host);
	host = NULL;
	tree_put(root, path, own("LimitNOFILE=10\n"));
	want("a.service hard nofile 8192 4096");
	expect(path, "\n[Service]\n\n# web\nLimitNOFILE=8192\n");
	host_close(host); /* the hard side alone */
	host = NULL;
	tree_put(root, path, own("LimitNOFILE=9000:10000\n"));
	count = 0;
	want("a.service soft nofile 9000");
	want("a.service hard nofile 20000");
	expect(path, "\n[Service]\n\n# web\nLimitNOFILE=9000:20000\n");
}
END_TEST

START_TEST(our_file_is_something_else)
{
	tree_link(root, ETC "a.service.d" OURS, "/dev/null");
	want("a.service soft nofile 8192");
	ck_assert_int_eq(build(NULL), 0);
	ck_assert_uint_eq(plan.count, 0);
	expect_note("not a readable regular file");
}
END_TEST

static const struct {
	const char *path, *text;
} follow_ups[] = {
	{ ETC "a.service.d" OURS, "systemctl daemon-reload && systemctl restart a.service" },
	{ ETC "t@.service.d/zz-keeltune-template.conf", "restart 't@*.service'" },
	{ ETC "a\\x2db.service.d" OURS, "restart 'a\\x2db.service'" },
	{ ETC "a.service", NULL },
	{ MANAGER, "with its next start: systemctl daemon-reload" },
	{ ETC "service.d/x.conf", "with its next start" },
	{ "/etc/sysctl.d/99-zz-keeltune.conf", NULL },
	{ "/etc/security/limits.conf", NULL },
};

START_TEST(what_is_to_do)
{
	const char *text = unit_follow_up(pool, follow_ups[_i].path);

	if (!follow_ups[_i].text)
		ck_assert_ptr_null(text);
	else
		ck_assert_msg(text && strstr(text, follow_ups[_i].text), "%s", text);
}
END_TEST

#define SIZE(table) (sizeof(table) / sizeof *(table))

int main(void)
{
	Suite *suite = suite_create("provider-unit");
	TCase *tcase = tcase_create("provider-unit");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, check_says_what_is_allowed, 0, SIZE(checks));
	tcase_add_test(tcase, check_completes_names);
	tcase_add_test(tcase, sees_files);
	tcase_add_test(tcase, sees_defaults);
	tcase_add_test(tcase, sees_what_every_service_reads);
	tcase_add_test(tcase, nr_open_is_the_ceiling);
	tcase_add_test(tcase, absent_and_masked);
	tcase_add_test(tcase, no_systemd);
	tcase_add_test(tcase, session_of_a_unit);
	tcase_add_test(tcase, cannot_be_judged);
	tcase_add_test(tcase, hidden_processes);
	tcase_add_test(tcase, one_line_for_both);
	tcase_add_test(tcase, what_is_accepted_or_not_named_stays);
	tcase_add_test(tcase, other_items);
	tcase_add_test(tcase, alias_and_template);
	tcase_add_test(tcase, template_and_instance);
	tcase_add_test(tcase, instance_that_says_less);
	tcase_add_test(tcase, instances_that_speak_for_themselves);
	tcase_add_test(tcase, all_services);
	tcase_add_test(tcase, soft_above_a_hard_that_is_not_named);
	tcase_add_test(tcase, soft_takes_the_hard_one_along);
	tcase_add_test(tcase, ids_of_what_is_written);
	tcase_add_test(tcase, half_of_what_is_not_known);
	tcase_add_test(tcase, session_of_somebody);
	tcase_add_test(tcase, hard_goes_below_soft);
	tcase_add_test(tcase, above_nr_open);
	tcase_add_test(tcase, passing_unit);
	tcase_add_loop_test(tcase, later_line, 0, SIZE(winners));
	tcase_add_test(tcase, written_before);
	tcase_add_test(tcase, our_file_is_something_else);
	tcase_add_loop_test(tcase, what_is_to_do, 0, SIZE(follow_ups));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
