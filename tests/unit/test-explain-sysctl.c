// SPDX-License-Identifier: MIT
/* What is said about one key: names that are taken, keys that do not exist, the command that would
 * change it, and where a running value comes from. */
#include "explain.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TIME "net.ipv4.tcp_keepalive_time"
#define TIME_PATH "/proc/sys/net/ipv4/tcp_keepalive_time"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct notes notes;
static struct engine_choice engines;

static void open_host(const char *path)
{
	struct error err;

	host_close(host);
	ck_assert_int_eq(host_open(path, &host, &err), 0);
	pool = host_pool(host);
	notes = (struct notes){ .pool = pool };
}

static void set_up(void)
{
	root = tree_new();
	open_host(root);
	engines = (struct engine_choice){ .engine = ENGINE_SYSTEMD };
}

static void tear_down(void)
{
	host_close(host);
	host = NULL;
}

static struct explained_sysctl explained(const char *name)
{
	struct explained_sysctl explanation;

	ck_assert(explain_sysctl(host, &engines, name, &explanation, &notes));
	return explanation;
}

static const char *all_notes(void)
{
	const char *text = "";

	for (size_t i = 0; i < notes.count; i++)
		text = pool_printf(pool, "%s%s\n", text, notes.items[i].text);
	return text;
}

/* ---- names ------------------------------------------------------------------------------- */

START_TEST(names)
{
	static const char *const same[] = { TIME, "net/ipv4/tcp_keepalive_time", TIME_PATH,
					    "sysctl:" TIME };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct explained_sysctl explanation = explained(same[i]);
		ck_assert_str_eq(explanation.key, TIME);
		ck_assert_str_eq(explanation.id, "sysctl:" TIME);
		ck_assert_ptr_nonnull(explanation.row);
		ck_assert_ptr_null(explanation.nearest);
		ck_assert_ptr_null(explanation.removed);
	}
}
END_TEST

static const struct {
	const char *name, *nearest;
} impossible[] = {
	{ "tcp_keepalive_time", TIME },
	{ "tcp_keepalve_time", TIME },
	{ "somaxconn", "net.core.somaxconn" },
	{ "no such key", NULL },
	{ "", NULL },
	{ "net..x", NULL },
	{ "net.ipv4.*", NULL },
};

START_TEST(no_possible_key)
{
	struct explained_sysctl explanation;

	ck_assert(!explain_sysctl(host, &engines, impossible[_i].name, &explanation, &notes));
	ck_assert_str_eq(explanation.key, impossible[_i].name);
	ck_assert_pstr_eq(explanation.nearest, impossible[_i].nearest);
}
END_TEST

START_TEST(near_miss)
{
	struct explained_sysctl explanation = explained("net.ipv4.tcp_keepalve_time");

	ck_assert_pstr_eq(explanation.nearest, TIME);
	ck_assert_ptr_null(explanation.row);
	ck_assert_ptr_null(explanation.command);
	ck_assert_ptr_null(explanation.removed);
}
END_TEST

START_TEST(removed_key)
{
	tree_put(root, "/etc/sysctl.d/50-a.conf", "net.ipv4.tcp_tw_recycle = 1\n");
	struct explained_sysctl explanation = explained("net.ipv4.tcp_tw_recycle");

	ck_assert_pstr_eq(explanation.removed, "removed in Linux 4.12");
	ck_assert_ptr_null(explanation.nearest);
	ck_assert_ptr_null(explanation.command);
	ck_assert_str_eq(explanation.boot.boot.origin.file, "/etc/sysctl.d/50-a.conf");
	ck_assert_ptr_nonnull(explain_find_file(&explanation, "/etc/sysctl.d/50-a.conf"));
	ck_assert_ptr_null(explain_find_file(&explanation, "/etc/sysctl.d/50-b.conf"));
}
END_TEST

START_TEST(key_that_the_kernel_lacks)
{
	open_host(NULL);
	struct explained_sysctl explanation = explained("keeltune.test");
	ck_assert_int_eq(explanation.running.state, READING_ABSENT);
	ck_assert_ptr_null(explanation.command);
	explanation = explained("net.ipv4");
	ck_assert_int_eq(explanation.running.state, READING_ABSENT);
	ck_assert_pstr_eq(explanation.running.why, "this is a group of keys, not a key");
	ck_assert_ptr_null(explanation.command);
}
END_TEST

/* A tree says nothing about what its kernel has. */
START_TEST(unknown_key_of_a_tree)
{
	struct explained_sysctl explanation = explained("vm.swappiness");

	ck_assert_ptr_null(explanation.nearest);
	ck_assert_pstr_eq(explanation.command,
			  "echo 'vm.swappiness = VALUE' >>/etc/sysctl.d/99-zz-local.conf && "
			  "sysctl -w 'vm.swappiness=VALUE'");
}
END_TEST

/* ---- layers ------------------------------------------------------------------------------ */

START_TEST(engines_differ)
{
	tree_put(root, "/etc/sysctl.d/zz.conf", TIME " = 5\n");
	tree_put(root, "/etc/sysctl.conf", TIME " = 6\n");
	engines.other = ENGINE_PROCPS;
	struct explained_sysctl explanation = explained(TIME);

	ck_assert_uint_eq(explanation.boot.boot.value.number, 5);
	ck_assert_uint_eq(explanation.engines[ENGINE_SYSTEMD].boot.value.number, 5);
	ck_assert_uint_eq(explanation.engines[ENGINE_PROCPS].boot.value.number, 6);
	ck_assert_uint_eq(explanation.engines[ENGINE_BUSYBOX].boot.value.number, 6);
	ck_assert_uint_eq(explanation.file_count, 2);
	ck_assert_int_eq(explanation.running.state, READING_NOT_APPLICABLE);
	/* No file that both read decides for both. */
	ck_assert_ptr_null(explanation.command);
}
END_TEST

START_TEST(owners_and_credential)
{
	tree_put(root, "/etc/credstore/sysctl.extra", TIME " = 5\n");
	tree_put(root, "/etc/ufw/ufw.conf", "ENABLED=yes\n");
	tree_put(root, "/etc/ufw/sysctl.conf", "net/ipv4/tcp_keepalive_time=6\n");
	struct explained_sysctl explanation = explained(TIME);

	ck_assert_str_eq(explanation.boot.boot.origin.file, "/etc/credstore/sysctl.extra");
	ck_assert_ptr_nonnull(strstr(all_notes(), "ufw sets this key to 6"));
	ck_assert_pstr_eq(explanation.command,
			  "echo '" TIME
			  " = VALUE' >>/etc/credstore/sysctl.extra && sysctl -w '" TIME "=VALUE'");
}
END_TEST

/* ---- where the running value comes from -------------------------------------------------- */

static const struct {
	const char *running, *early, *late; /* lines of two files */
	const char *want;                   /* in the notes, or NULL: none of this kind */
} sources[] = {
	{ "7200", "", TIME "=7200\n", NULL },
	{ "5", "", TIME "=5\n", NULL },
	{ "600", "", TIME "=7200\n", "is not what any file says, nor the kernel's default" },
	{ "600", "", TIME "=5\n", "somebody set it since the boot" },
	{ "600", TIME "=600\n", TIME "=5\n",
	  "600 is not what the next boot leaves, 5 (a line says it that loses at boot)" },
	{ "7200", "", TIME "=5\n",
	  "7200 is not what the next boot leaves, 5 (it is the kernel's default)" },
};

/* The live host with other files. */
START_TEST(source_of_the_running_value)
{
	open_host(NULL);
	host_overlay(host, TIME_PATH, sources[_i].running, strlen(sources[_i].running));
	host_overlay(host, "/etc/sysctl.d/zzzy.conf", sources[_i].early, strlen(sources[_i].early));
	host_overlay(host, "/etc/sysctl.d/zzzz.conf", sources[_i].late, strlen(sources[_i].late));
	explained(TIME);
	if (sources[_i].want)
		ck_assert_ptr_nonnull(strstr(all_notes(), sources[_i].want));
	else
		ck_assert_ptr_null(strstr(all_notes(), "running value"));
}
END_TEST

START_TEST(default_that_is_not_known)
{
	open_host(NULL);
	host_overlay(host, "/proc/sys/fs/file-max", "12345", 5);
	host_overlay(host, "/etc/sysctl.d/zzzz.conf", "fs.file-max=5\n", 14);
	explained("fs.file-max");
	ck_assert_ptr_nonnull(strstr(all_notes(), "the running value 12345 is not what the next "
						  "boot leaves, 5; nor is it what any file says"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		names,
		near_miss,
		removed_key,
		key_that_the_kernel_lacks,
		unknown_key_of_a_tree,
		engines_differ,
		owners_and_credential,
		default_that_is_not_known,
	};
	Suite *suite = suite_create("explain-sysctl");
	TCase *tcase = tcase_create("explain");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	tcase_add_loop_test(tcase, no_possible_key, 0, sizeof impossible / sizeof *impossible);
	tcase_add_loop_test(tcase, source_of_the_running_value, 0,
			    sizeof sources / sizeof *sources);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
