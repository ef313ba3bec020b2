// SPDX-License-Identifier: MIT
/* plan.c: merging, releasing, overriding, refusing; with a provider whose settings are one number
 * in one file of /etc/sysctl.d, unless a line of admin.conf says otherwise. */
#include "plan-build.h"

#include "error.h"
#include "host.h"
#include "journal.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define A "/etc/sysctl.d/a.conf"
#define B "/etc/sysctl.d/b.conf"
#define ADMIN "/etc/sysctl.d/admin.conf"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct error err;

static void set_up(void)
{
	root = tree_new();
	tree_directory(root, "/etc/sysctl.d");
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
}

static void tear_down(void)
{
	host_close(host);
}

/* ---- the provider ------------------------------------------------------------------------ */

static int refusal; /* what propose() returns */
static size_t proposals;
static bool proposes_nothing;

static struct reading number_of(const char *path)
{
	const struct file *file = host_file(host, path);

	if (file->state != FILE_PRESENT)
		return (struct reading){ .state = READING_ABSENT };
	return (struct reading){ .state = READING_PRESENT,
				 .value = value_parse(pool, file->bytes),
				 .origin = { .file = file->path } };
}

/* The last line of admin.conf that is no comment. */
static struct reading admin_says(void)
{
	const struct file *file = host_file(host, ADMIN);
	struct reading reading = { .state = READING_ABSENT };
	unsigned number = 1;

	for (const char *line = file->bytes; *line; number++) {
		size_t size = strcspn(line, "\n");
		if (*line != '#' && size)
			reading = (struct reading){
				.state = READING_PRESENT,
				.value = value_parse(pool, pool_copy(pool, line, size)),
				.origin = { .file = file->path, .line = number }
			};
		line += size + (line[size] == '\n');
	}
	return reading;
}

static void observe(struct host *of, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	struct reading admin = admin_says();

	(void)query;
	(void)notes;
	ck_assert_ptr_eq(of, host);
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct observed){ .layer[LAYER_BOOT] =
						    admin.state == READING_PRESENT
							    ? admin
							    : number_of(settings[i]->name) };
}

static int propose(struct host *of, const struct query *query, const struct finding *findings,
		   size_t count, struct plan *plan, struct error *error)
{
	(void)query;
	proposals++;
	if (refusal)
		return error_set(error, refusal, "refused by the test");
	for (size_t i = 0; i < count && !proposes_nothing; i++) {
		const struct setting *setting = findings[i].setting;
		const char *text = pool_printf(pool, "%s\n", value_format(pool, setting->want));
		if (findings[i].verdict == VERDICT_DIFFERS)
			plan_put_file(plan, of, setting->id, setting->name, text, strlen(text));
	}
	return 0;
}

static const struct provider provider = { .kind = "fake",
					  .form = SECTION_VALUE,
					  .boot_phrase = "the file says",
					  .observe = observe,
					  .propose = propose };
static const struct provider *const providers[] = { &provider, NULL };

static struct setting wanting(const char *id, const char *path, uint64_t number)
{
	return (struct setting){ .provider = &provider,
				 .id = id,
				 .name = path,
				 .want = value_number(number),
				 .min = value_number(number),
				 .max = value_number(number) };
}

static const struct query both = { .runtime = true, .persistent = true };

static int build(const struct query *query, const struct setting *settings, size_t count,
		 const struct held *held, bool override, struct plan *plan)
{
	static const struct held nothing;
	struct audit audit;

	audit_run(host, query, settings, count, &audit);
	return plan_build(host, query, providers, &audit, held ? held : &nothing,
			  override ? "20260102T030405Z-x-000001" : NULL, plan, &err);
}

/* ---- proposals --------------------------------------------------------------------------- */

START_TEST(a_difference_becomes_a_change)
{
	struct setting settings[] = { wanting("fake:a", A, 5), wanting("fake:b", B, 6) };
	struct plan plan;

	tree_put(root, B, "5\n");
	tree_chmod(root, B, 0600);
	const char *before = tree_list(root, "/", NULL);
	ck_assert_int_eq(build(&both, settings, 2, NULL, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 2);

	const struct change *made = &plan.changes[0], *changed = &plan.changes[1];
	ck_assert_int_eq(made->kind, CHANGE_FILE);
	ck_assert_str_eq(made->path, A);
	ck_assert_uint_eq(made->id_count, 1);
	ck_assert_str_eq(made->ids[0], "fake:a");
	ck_assert(!made->before.exists);
	ck_assert(!made->release);
	ck_assert_str_eq(made->after.bytes, "5\n");
	ck_assert_uint_eq(made->after.mode, 0644);
	ck_assert_uint_eq(made->after.uid, geteuid());
	ck_assert_str_eq(changed->before.bytes, "5\n");
	ck_assert_str_eq(changed->after.bytes, "6\n");
	ck_assert_uint_eq(changed->after.mode, 0600);

	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 2);
	ck_assert_uint_eq(plan.directory_count, 0);
	ck_assert_str_eq(tree_list(root, "/", NULL), before);
	ck_assert_str_eq(host_file(host, A)->bytes, "5\n");
}
END_TEST

START_TEST(a_compliant_host_gets_no_change)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, A, "5\n");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_uint_eq(proposals, 1);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 1);
}
END_TEST

START_TEST(a_provider_is_asked_even_for_nothing)
{
	struct plan plan;

	ck_assert_int_eq(build(&both, NULL, 0, NULL, false, &plan), 0);
	ck_assert_uint_eq(proposals, 1);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

START_TEST(a_refusal_refuses_the_plan)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan = { .count = 77 };

	refusal = -EPERM;
	ck_assert_int_eq(build(&both, &setting, 1, NULL, false, &plan), -EPERM);
	ck_assert_str_eq(err.message, "refused by the test");
	ck_assert_uint_eq(plan.count, 77);
}
END_TEST

START_TEST(what_cannot_be_cured_remains)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, ADMIN, "7\n");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, false, &plan), 0);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_DIFFERS], 1);
	ck_assert_ptr_nonnull(strstr(plan.remaining.findings[0].reason, ADMIN ":1"));
}
END_TEST

/* ---- plan_put_file ----------------------------------------------------------------------- */

static struct plan new_plan(void)
{
	return (struct plan){ .pool = pool, .notes.pool = pool };
}

START_TEST(a_second_call_replaces_the_first)
{
	struct plan plan = new_plan();

	tree_put(root, A, "old");
	plan_put_file(&plan, host, "id:1", A, "one", 3);
	plan_put_file(&plan, host, "id:2", A, "two\0x", 5);
	plan_put_file(&plan, host, "id:1", A, "three", 5);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert_str_eq(plan.changes[0].before.bytes, "old");
	ck_assert_str_eq(plan.changes[0].after.bytes, "three");
	ck_assert_uint_eq(plan.changes[0].id_count, 2);
	ck_assert_str_eq(plan.changes[0].ids[0], "id:1");
	ck_assert_str_eq(plan.changes[0].ids[1], "id:2");
	ck_assert_str_eq(host_file(host, A)->bytes, "three");

	plan_put_file(&plan, host, "id:3", A, NULL, 0);
	ck_assert_uint_eq(plan.count, 1);
	ck_assert(!plan.changes[0].after.exists);
	ck_assert_int_eq(host_file(host, A)->state, FILE_ABSENT);
}
END_TEST

START_TEST(a_sysctl_is_named_by_its_key)
{
	struct plan plan = new_plan();

	plan_put_sysctl(&plan, host, "sysctl:x", "net.ipv4.tcp_keepalive_time", "1800");
	plan_put_sysctl(&plan, host, "sysctl:y", "net.ipv4.conf.eth0/100.forwarding", "1");
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_int_eq(plan.changes[0].kind, CHANGE_SYSCTL);
	ck_assert_str_eq(plan.changes[0].path, "/proc/sys/net/ipv4/tcp_keepalive_time");
	ck_assert_str_eq(plan.changes[0].after.bytes, "1800");
	ck_assert_str_eq(plan.changes[1].path, "/proc/sys/net/ipv4/conf/eth0.100/forwarding");
	ck_assert_str_eq(host_kernel(host, "/proc/sys/net/ipv4/tcp_keepalive_time")->bytes,
			 "1800\n");
}
END_TEST

START_TEST(a_new_file_in_new_directories)
{
	struct setting settings[] = { wanting("fake:a", "/etc/security/limits.d/x.conf", 5),
				      wanting("fake:b", "/etc/security/y.conf", 5) };
	struct plan plan;

	ck_assert_int_eq(build(&both, settings, 2, NULL, false, &plan), 0);
	ck_assert_uint_eq(plan.directory_count, 2);
	ck_assert_str_eq(plan.directories[0], "/etc/security");
	ck_assert_str_eq(plan.directories[1], "/etc/security/limits.d");
}
END_TEST

/* ---- guards ------------------------------------------------------------------------------ */

START_TEST(targets_that_are_not_written)
{
	static const struct {
		const char *what;
		int rc;
		const char *message;
	} rows[] = {
		{ "link", -ELOOP, A " is a symbolic link to /elsewhere" },
		{ "dangling", -ELOOP, A " is a symbolic link to nowhere" },
		{ "directory", -EISDIR, A " is a directory" },
		{ "fifo", -EINVAL, A " is a pipe" },
	};
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan = { .count = 77 };

	tree_put(root, "/elsewhere", "7\n");
	if (!strcmp(rows[_i].what, "link"))
		tree_link(root, A, "/elsewhere");
	else if (!strcmp(rows[_i].what, "dangling"))
		tree_link(root, A, "nowhere");
	else if (!strcmp(rows[_i].what, "directory"))
		tree_directory(root, A);
	else
		ck_assert_int_eq(mkfifo(tree_path(root, A), 0644), 0);
	ck_assert_int_eq(build(&both, &setting, 1, NULL, false, &plan), rows[_i].rc);
	ck_assert_msg(strstr(err.message, rows[_i].message) != NULL, "%s", err.message);
	ck_assert_uint_eq(plan.count, 77);
}
END_TEST

START_TEST(a_target_that_may_not_be_read)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, A, "7\n");
	tree_chmod(root, A, 0);
	tree_become_ordinary(root);
	ck_assert_int_eq(build(&both, &setting, 1, NULL, false, &plan), -EACCES);
	ck_assert_ptr_nonnull(strstr(err.message, A ": Permission denied"));
}
END_TEST

/* ---- release ----------------------------------------------------------------------------- */

static const char *id_b[] = { "fake:b" };

static struct image text_image(const char *text)
{
	if (!text)
		return (struct image){ .bytes = "" };
	return (struct image){ .exists = true, .bytes = text, .size = strlen(text), .mode = 0644 };
}

static struct held_change held_file(const char **ids, const char *path, const char *original,
				    const char *current)
{
	return (struct held_change){ .kind = CHANGE_FILE,
				     .path = path,
				     .ids = ids,
				     .id_count = 1,
				     .original = text_image(original),
				     .current = text_image(current) };
}

START_TEST(what_nobody_wants_any_more_is_put_back)
{
	static const struct {
		const char *original, *current, *found;
		bool released;
		const char *note;
	} rows[] = {
		{ "1\n", "5\n", "5\n", true, NULL },
		{ NULL, "5\n", "5\n", true, NULL },
		{ "1\n", NULL, NULL, true, NULL },
		/* somebody did it already */
		{ "1\n", "5\n", "1\n", false, NULL },
		{ NULL, "5\n", NULL, false, NULL },
		/* somebody did something else */
		{ "1\n", "5\n", "9\n", false, "changed by somebody else" },
		{ "1\n", "5\n", NULL, false, "changed by somebody else" },
		{ NULL, "5\n", "9\n", false, "changed by somebody else" },
	};
	struct held_change change = held_file(id_b, B, rows[_i].original, rows[_i].current);
	struct held held = { .changes = &change, .count = 1 };
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, A, "5\n");
	if (rows[_i].found)
		tree_put(root, B, rows[_i].found);
	ck_assert_int_eq(build(&both, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, rows[_i].released);
	ck_assert_uint_eq(plan.notes.count, rows[_i].note != NULL);
	if (rows[_i].note)
		ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, rows[_i].note));
	if (!rows[_i].released)
		return;
	ck_assert_str_eq(plan.changes[0].path, B);
	ck_assert(plan.changes[0].release);
	ck_assert_str_eq(plan.changes[0].ids[0], "fake:b");
	ck_assert_int_eq(plan.changes[0].after.exists, rows[_i].original != NULL);
	if (rows[_i].original)
		ck_assert_str_eq(plan.changes[0].after.bytes, rows[_i].original);
}
END_TEST

/* What goes back may be what a setting rested on: it is proposed for itself then. */
START_TEST(what_rested_on_a_release_is_proposed)
{
	struct held_change change = held_file(id_b, ADMIN, NULL, "5\n");
	struct held held = { .changes = &change, .count = 1 };
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, ADMIN, "5\n");
	ck_assert_int_eq(build(&both, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_str_eq(plan.changes[0].path, ADMIN);
	ck_assert(plan.changes[0].release && !plan.changes[0].after.exists);
	ck_assert_str_eq(plan.changes[1].path, A);
	ck_assert_str_eq(plan.changes[1].after.bytes, "5\n");
	ck_assert_int_eq(plan.remaining.findings[0].verdict, VERDICT_OK);
}
END_TEST

START_TEST(what_is_wanted_is_not_released)
{
	const char *ids[] = { "fake:b", "fake:a" };
	struct held_change change = held_file(ids, A, "1\n", "5\n");
	struct held held = { .changes = &change, .count = 1 };
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	change.id_count = 2;
	tree_put(root, A, "5\n");
	ck_assert_int_eq(build(&both, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

/* --runtime, and profiles with scope = "runtime", touch no file. */
START_TEST(running_values_alone_release_nothing)
{
	struct held_change change = held_file(id_b, B, "1\n", "5\n");
	struct held held = { .changes = &change, .count = 1 };
	struct setting setting = wanting("fake:a", A, 5);
	struct query runtime = { .runtime = true };
	struct plan plan;

	tree_put(root, A, "5\n");
	tree_put(root, B, "5\n");
	ck_assert_int_eq(build(&runtime, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
	setting.runtime_only = true;
	ck_assert_int_eq(build(&both, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

START_TEST(a_damaged_copy_is_said)
{
	struct held_change change = held_file(id_b, B, "1\n", "5\n");
	struct held held = { .changes = &change, .count = 1 };
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	change.original.bytes = NULL;
	tree_put(root, A, "5\n");
	tree_put(root, B, "5\n");
	ck_assert_int_eq(build(&both, &setting, 1, &held, false, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
	ck_assert_uint_eq(plan.notes.count, 1);
	ck_assert_ptr_nonnull(strstr(plan.notes.items[0].text, B " cannot be put back"));
}
END_TEST

/* ---- override ---------------------------------------------------------------------------- */

START_TEST(lines_that_win_are_commented_out)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, ADMIN, "# mine\n7\n\n  8 9\nlast");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, true, &plan), 0);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 1);
	ck_assert_uint_eq(plan.count, 2);
	const struct change *change = &plan.changes[!strcmp(plan.changes[0].path, A)];
	ck_assert_str_eq(change->path, ADMIN);
	ck_assert_str_eq(change->after.bytes, "# mine\n# keeltune 20260102T030405Z-x-000001: "
					      "7\n\n# keeltune 20260102T030405Z-x-000001:   8 9\n"
					      "# keeltune 20260102T030405Z-x-000001: last");
	ck_assert_str_eq(change->ids[0], "fake:a");
}
END_TEST

START_TEST(a_line_that_agrees_stays)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, ADMIN, "7\n5\n");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, true, &plan), 0);
	ck_assert_uint_eq(plan.count, 0);
}
END_TEST

START_TEST(what_is_commented_out_is_the_target_of_a_link)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, "/etc/sysctl.conf", "7\n");
	tree_link(root, ADMIN, "../sysctl.conf");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, true, &plan), 0);
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_str_eq(plan.changes[1].path, "/etc/sysctl.conf");
	ck_assert_str_eq(plan.changes[1].after.bytes, "# keeltune 20260102T030405Z-x-000001: 7\n");
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_OK], 1);
}
END_TEST

/* A rollback file cannot name such a place, so it is not changed: the line stays an obstacle. */
START_TEST(places_that_are_not_keeltunes_are_not_changed)
{
	struct setting setting = wanting("fake:a", A, 5);
	struct plan plan;

	tree_put(root, "/opt/app/sysctl.conf", "7\n");
	tree_link(root, ADMIN, "/opt/app/sysctl.conf");
	ck_assert_int_eq(build(&both, &setting, 1, NULL, true, &plan), 0);
	for (size_t i = 0; i < plan.count; i++)
		ck_assert_str_eq(plan.changes[i].path, A);
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_DIFFERS], 1);
}
END_TEST

START_TEST(overriding_ends)
{
	struct setting setting = wanting("fake:a", A, 5);
	char *lines = pool_alloc(pool, 2 * 300 + 1);
	struct plan plan;

	for (int i = 0; i < 300; i++)
		memcpy(lines + (ptrdiff_t)2 * i, "7\n", 2);
	tree_put(root, ADMIN, lines);
	ck_assert_int_eq(build(&both, &setting, 1, NULL, true, &plan), 0);
	/* whether all lines were commented out or some are left, the report is right */
	const struct change *change = &plan.changes[!strcmp(plan.changes[0].path, A)];
	bool left = change->after.bytes[0] == '7';
	ck_assert_uint_eq(plan.remaining.summary[VERDICT_DIFFERS], left);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_difference_becomes_a_change);
	tcase_add_test(tests, a_compliant_host_gets_no_change);
	tcase_add_test(tests, a_provider_is_asked_even_for_nothing);
	tcase_add_test(tests, a_refusal_refuses_the_plan);
	tcase_add_test(tests, what_cannot_be_cured_remains);
	tcase_add_test(tests, a_second_call_replaces_the_first);
	tcase_add_test(tests, a_sysctl_is_named_by_its_key);
	tcase_add_test(tests, a_new_file_in_new_directories);
	tcase_add_loop_test(tests, targets_that_are_not_written, 0, 4);
	tcase_add_test(tests, a_target_that_may_not_be_read);
	tcase_add_loop_test(tests, what_nobody_wants_any_more_is_put_back, 0, 8);
	tcase_add_test(tests, what_rested_on_a_release_is_proposed);
	tcase_add_test(tests, what_is_wanted_is_not_released);
	tcase_add_test(tests, running_values_alone_release_nothing);
	tcase_add_test(tests, a_damaged_copy_is_said);
	tcase_add_test(tests, lines_that_win_are_commented_out);
	tcase_add_test(tests, a_line_that_agrees_stays);
	tcase_add_test(tests, what_is_commented_out_is_the_target_of_a_link);
	tcase_add_test(tests, places_that_are_not_keeltunes_are_not_changed);
	tcase_add_test(tests, overriding_ends);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
