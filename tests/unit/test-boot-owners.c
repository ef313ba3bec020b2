// SPDX-License-Identifier: MIT
/* Who else sets a key: profiles of tuned with what they include, ufw's file, modules. */
#include "boot-owners.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TIME "net.ipv4.tcp_keepalive_time"
#define INTVL "net.ipv4.tcp_keepalive_intvl"
#define PROBES "net.ipv4.tcp_keepalive_probes"
#define CONNTRACK "net.netfilter.nf_conntrack_max"

static const char *root;
static struct host *host;
static struct pool *pool;

static void set_up(void)
{
	struct error err;

	root = tree_new();
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
}

static void tear_down(void)
{
	host_close(host);
}

/* All notes on KEYS: "FILE:LINE TEXT\n" each. */
static const char *notes_on(const char *const *keys, size_t count)
{
	struct boot_value *values = pool_alloc(pool, count * sizeof *values);
	struct notes notes = { .pool = pool };
	const char *text = "";

	boot_evaluate(host, ENGINE_SYSTEMD, keys, count, values, NULL);
	boot_note_owners(host, values, count, &notes);
	for (size_t i = 0; i < notes.count; i++) {
		const struct note *note = &notes.items[i];
		ck_assert_int_eq(strncmp(note->id, "sysctl:", 7), 0);
		ck_assert_int_eq(strncmp(note->text, note->id + 7, strlen(note->id + 7)), 0);
		text = pool_printf(pool, "%s%s:%u %s\n", text,
				   note->origin.file ? note->origin.file : "-", note->origin.line,
				   note->text);
	}
	return text;
}

static const char *keepalive_notes(void)
{
	const char *const keys[] = { TIME, INTVL, PROBES };

	return notes_on(keys, sizeof keys / sizeof *keys);
}

static const char *note_on(const char *key)
{
	return notes_on(&key, 1);
}

/* ---- tuned ------------------------------------------------------------------------------- */

START_TEST(nobody)
{
	ck_assert_str_eq(keepalive_notes(), "");
	tree_put(root, "/usr/lib/tuned/base/tuned.conf", "[sysctl]\n" TIME "=5\n");
	tree_put(root, "/etc/ufw/sysctl.conf", TIME "=5\n");
	ck_assert_str_eq(keepalive_notes(), "");
}
END_TEST

START_TEST(tuned_profile)
{
	tree_put(root, "/etc/tuned/active_profile", "mine\n");
	tree_put(root, "/usr/lib/tuned/mine/tuned.conf", "[sysctl]\n" TIME "=4\n");
	tree_put(root, "/etc/tuned/mine/tuned.conf",
		 "[main]\nsummary=" TIME "\n[vm]\n" TIME "=3\n[sysctl]\n# c\n" TIME
		 " = 600 # comment\nnet/ipv4/tcp_keepalive_intvl=\">20\"\n"
		 "[more]\ntype=sysctl\n" PROBES "=<3\n");
	ck_assert_str_eq(keepalive_notes(),
			 "/etc/tuned/mine/tuned.conf:7 " TIME
			 ": tuned re-applies this key with 600 when it starts\n"
			 "/etc/tuned/mine/tuned.conf:8 " INTVL
			 ": tuned re-applies this key with at least 20 when it starts\n"
			 "/etc/tuned/mine/tuned.conf:11 " PROBES
			 ": tuned re-applies this key with at most 3 when it starts\n");
}
END_TEST

START_TEST(tuned_includes)
{
	tree_put(root, "/etc/tuned/active_profile", "mine second missing ../x\n");
	tree_put(root, "/etc/tuned/mine/tuned.conf",
		 "[sysctl]\n" TIME "=1\n[main]\ninclude=base, -nothing;mine\n");
	tree_put(root, "/usr/lib/tuned/profiles/base/tuned.conf",
		 "[main]\ninclude=mine\n[sysctl]\n" TIME "=2\n" INTVL "=2\n");
	/* Hidden by the profile of the same name, which includes it. */
	tree_put(root, "/usr/lib/tuned/mine/tuned.conf", "[sysctl]\n" INTVL "=3\n" PROBES "=3\n");
	tree_put(root, "/etc/tuned/profiles/second/tuned.conf", "[sysctl]\n" PROBES "=4\n");
	ck_assert_str_eq(keepalive_notes(), "/etc/tuned/mine/tuned.conf:2 " TIME
					    ": tuned re-applies this key with 1 when it starts\n"
					    "/usr/lib/tuned/profiles/base/tuned.conf:5 " INTVL
					    ": tuned re-applies this key with 2 when it starts\n"
					    "/etc/tuned/profiles/second/tuned.conf:2 " PROBES
					    ": tuned re-applies this key with 4 when it starts\n");
}
END_TEST

START_TEST(tuned_replaces)
{
	tree_put(root, "/etc/tuned/active_profile", "mine\n");
	tree_put(root, "/etc/tuned/mine/tuned.conf",
		 "[main]\ninclude=base\n[sysctl]\nreplace=1\n" INTVL "=9\n");
	tree_put(root, "/usr/lib/tuned/base/tuned.conf", "[sysctl]\n" TIME "=5\n");
	ck_assert_str_eq(keepalive_notes(), "/etc/tuned/mine/tuned.conf:5 " INTVL
					    ": tuned re-applies this key with 9 when it starts\n");
}
END_TEST

START_TEST(tuned_puts_the_files_back)
{
	tree_put(root, "/etc/tuned/active_profile", "mine");
	tree_put(root, "/etc/tuned/mine/tuned.conf", "[sysctl]\n" TIME "=5\n" INTVL "=5\n");
	tree_put(root, "/etc/sysctl.d/50-a.conf", TIME "=7\n");
	tree_put(root, "/usr/lib/sysctl.d/50-b.conf", INTVL "=7\n");
	ck_assert_ptr_nonnull(strstr(note_on(TIME), "and then what the files in /run/sysctl.d and "
						    "/etc say (reapply_sysctl)"));
	ck_assert_ptr_null(strstr(note_on(INTVL), "and then"));
}
END_TEST

START_TEST(tuned_keeps_its_own)
{
	tree_put(root, "/etc/tuned/active_profile", "mine");
	tree_put(root, "/etc/tuned/tuned-main.conf", "# c\nreapply_sysctl = 0\n");
	tree_put(root, "/etc/tuned/mine/tuned.conf", "[sysctl]\n" TIME "=5\n");
	tree_put(root, "/etc/sysctl.d/50-a.conf", TIME "=7\n");
	ck_assert_ptr_null(strstr(note_on(TIME), "and then"));
}
END_TEST

START_TEST(tuned_hostile)
{
	const char *names = "a", *file = "[main]\ninclude=";

	for (int i = 0; i < 100; i++) {
		names = pool_printf(pool, "%s p%d", names, i);
		file = pool_printf(pool, "%sp%d,", file, i);
	}
	file = pool_printf(pool, "%s\n[sysctl]\n=\n" TIME "=5\n\n[\n]x\n", file);
	for (int i = 0; i < 100; i++)
		tree_put(root, pool_printf(pool, "/etc/tuned/p%d/tuned.conf", i), file);
	tree_put(root, "/etc/tuned/active_profile", names);
	ck_assert_ptr_nonnull(strstr(note_on(TIME), "with 5 when"));
}
END_TEST

/* ---- ufw --------------------------------------------------------------------------------- */

START_TEST(ufw)
{
	tree_put(root, "/etc/ufw/ufw.conf", "# c\nENABLED=yes\nLOGLEVEL=low\n");
	tree_put(root, "/etc/ufw/sysctl.conf",
		 "#" TIME "=1\nnet/ipv4/tcp_keepalive_probes=4\n" TIME "=2\n" TIME "=3\n");
	ck_assert_str_eq(keepalive_notes(),
			 "/etc/ufw/sysctl.conf:4 " TIME
			 ": ufw sets this key to 3 when it starts, whatever the boot left\n"
			 "/etc/ufw/sysctl.conf:2 " PROBES
			 ": ufw sets this key to 4 when it starts, whatever the boot left\n");
}
END_TEST

static const struct {
	const char *conf, *defaults, *want;
} ufw_cases[] = {
	{ "ENABLED=no\n", NULL, "" },
	{ "", NULL, "" },
	{ "ENABLED=yes\nENABLED=no\n", NULL, "" },
	{ "ENABLED=\"yes\"\n", "IPT_SYSCTL='/etc/other'\n", "/etc/other:1" },
	{ "ENABLED=YES\n", "IPT_SYSCTL=/etc/ufw/sysctl.conf\n", "/etc/ufw/sysctl.conf:1" },
	{ "ENABLED=yes\n", "#IPT_SYSCTL=/etc/ufw/sysctl.conf\n", "" },
	{ "ENABLED=yes\n", "IPT_SYSCTL=0\n", "" },
	{ "ENABLED=yes\n", "IPT_SYSCTL=/nowhere\n", "" },
};

START_TEST(ufw_switches)
{
	tree_put(root, "/etc/ufw/ufw.conf", ufw_cases[_i].conf);
	tree_put(root, "/etc/ufw/sysctl.conf", TIME "=5\n");
	tree_put(root, "/etc/other", TIME "=5\n");
	if (ufw_cases[_i].defaults)
		tree_put(root, "/etc/default/ufw", ufw_cases[_i].defaults);
	const char *note = note_on(TIME);
	ck_assert_str_eq(pool_copy(pool, note, strcspn(note, " ")), ufw_cases[_i].want);
}
END_TEST

/* ---- modules ----------------------------------------------------------------------------- */

START_TEST(module)
{
	tree_put(root, "/etc/sysctl.d/50-a.conf", TIME "=5\n");
	ck_assert_str_eq(note_on(CONNTRACK), "");
	ck_assert_str_eq(note_on(TIME), "");
}
END_TEST

START_TEST(module_not_loaded)
{
	tree_put(root, "/etc/sysctl.d/50-a.conf",
		 CONNTRACK "=5\nnet.bridge.bridge-nf-call-iptables=1\n");
	tree_put(root, "/etc/modules-load.d/a.conf", "# nf_conntrack\nnf_conntrack_ftp\n");
	tree_put(root, "/etc/modules-load.d/b.bak", "nf_conntrack\n");
	ck_assert_str_eq(note_on(CONNTRACK),
			 "/etc/sysctl.d/50-a.conf:1 " CONNTRACK
			 " exists only while the module nf_conntrack is loaded: a boot sets it "
			 "only if modules-load.d loads the module first, else it keeps its "
			 "default\n");
	ck_assert_ptr_nonnull(
		strstr(note_on("net.bridge.bridge-nf-call-iptables"), "br_netfilter"));
}
END_TEST

START_TEST(module_loaded)
{
	tree_put(root, "/etc/sysctl.d/50-a.conf",
		 CONNTRACK "=5\nnet.bridge.bridge-nf-call-iptables=1\n");
	tree_put(root, "/usr/lib/modules-load.d/a.conf", "# c\n  nf_conntrack \r\nx");
	tree_put(root, "/etc/modules", "loop\nbr_netfilter");
	ck_assert_str_eq(note_on(CONNTRACK), "");
	ck_assert_str_eq(note_on("net.bridge.bridge-nf-call-iptables"), "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		nobody,
		tuned_profile,
		tuned_includes,
		tuned_replaces,
		tuned_puts_the_files_back,
		tuned_keeps_its_own,
		tuned_hostile,
		ufw,
		module,
		module_not_loaded,
		module_loaded,
	};
	Suite *suite = suite_create("boot-owners");
	TCase *tcase = tcase_create("boot-owners");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	tcase_add_loop_test(tcase, ufw_switches, 0, sizeof ufw_cases / sizeof *ufw_cases);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
