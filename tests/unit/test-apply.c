// SPDX-License-Identifier: MIT
/* apply.c on trees: done, put back or refused, and undone again. What needs a kernel or failing
 * system calls is in tests/integration. */
#include "apply.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OLD "/etc/pam.d/login"
#define NEW "/etc/security/limits.d/99-zz-keeltune.conf"
#define GONE "/etc/sysctl.d/gone.conf"
#define KEY "/proc/sys/net/ipv4/tcp_keepalive_time"
#define STATE "/var/lib/keeltune"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct error err;
static const char *fresh; /* the tree before an apply */

static void open_host(void)
{
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
}

static void set_up(void)
{
	root = tree_new();
	tree_put(root, OLD, "session required pam_unix.so\n");
	tree_chmod(root, OLD, 0640);
	(void)setxattr(tree_path(root, OLD), "user.note", "kept", 4, 0);
	tree_put(root, GONE, "x = 1\n");
	tree_directory(root, STATE "/rollback");
	tree_chmod(root, STATE "/rollback", 0700);
	open_host();
	fresh = tree_list(root, "", STATE "/rollback");
}

static void tear_down(void)
{
	host_close(host);
}

static void reopen(void)
{
	host_close(host);
	open_host();
}

/* ---- plans ------------------------------------------------------------------------------- */

static void add(struct plan *plan, enum change_kind kind, const char *path, const char *after)
{
	struct change change = { .kind = kind, .path = path };

	if (kind == CHANGE_SYSCTL)
		change.before = (struct image){ .exists = true, .bytes = "7200", .size = 4 };
	else
		ck_assert_int_eq(host_image(host, path, &change.before), 0);
	change.after = change.before;
	change.after.exists = after != NULL;
	change.after.bytes = after ? after : "";
	change.after.size = after ? strlen(after) : 0;
	if (!change.before.exists) {
		change.after.mode = 0644;
		change.after.uid = geteuid();
		change.after.gid = getegid();
	}
	plan->changes = pool_extend(pool, plan->changes, plan->count, sizeof *plan->changes);
	plan->changes[plan->count++] = change;
}

static void add_directory(struct plan *plan, const char *path)
{
	plan->directories = pool_extend(pool, (void *)plan->directories, plan->directory_count,
					sizeof *plan->directories);
	plan->directories[plan->directory_count++] = path;
}

/* One file changed, one made in new directories, one removed. */
static struct plan sample_plan(void)
{
	struct plan plan = { .pool = pool };

	add(&plan, CHANGE_FILE, OLD,
	    "session required pam_unix.so\nsession required pam_limits.so\n");
	add(&plan, CHANGE_FILE, NEW, "* soft nofile 8192\n");
	add(&plan, CHANGE_FILE, GONE, NULL);
	add_directory(&plan, "/etc/security");
	add_directory(&plan, "/etc/security/limits.d");
	return plan;
}

static enum apply_outcome apply(const struct plan *plan)
{
	struct transaction transaction = { .id = "id",
					   .sequence = 1,
					   .time = "2026-01-02T03:04:05Z",
					   .profiles = "baseline",
					   .boot_id = "an earlier boot",
					   .changes = plan->changes,
					   .count = plan->count,
					   .directories = plan->directories,
					   .directory_count = plan->directory_count };

	return apply_plan(host, plan, &transaction, &err);
}

static const char *now(void)
{
	return tree_list(root, "", STATE "/rollback");
}

static struct transaction *the_transaction(void)
{
	static struct journal journal;

	reopen();
	journal_load(host, false, &journal);
	ck_assert_uint_eq(journal.problems.count, 0);
	ck_assert_uint_eq(journal.count, 1);
	ck_assert_int_eq(journal_load_images(host, &journal.transactions[0], &err), 0);
	return &journal.transactions[0];
}

static struct undo plan_undo(const struct transaction *transaction)
{
	static const struct journal alone;
	struct undo undo;

	ck_assert_int_eq(undo_plan(host, &alone, transaction, NULL, &undo, &err), 0);
	return undo;
}

/* ---- apply ------------------------------------------------------------------------------- */

START_TEST(an_apply_does_what_the_plan_says)
{
	struct plan plan = sample_plan();
	struct stat st;

	umask(077);
	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	ck_assert_str_eq(tree_get(root, OLD),
			 "session required pam_unix.so\nsession required pam_limits.so\n");
	ck_assert_str_eq(tree_get(root, NEW), "* soft nofile 8192\n");
	ck_assert_ptr_null(tree_get(root, GONE));
	ck_assert_int_eq(stat(tree_path(root, NEW), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(stat(tree_path(root, "/etc/security"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(stat(tree_path(root, OLD), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_ptr_null(strstr(tree_list(root, "", NULL), "keeltune-new"));

	const struct transaction *transaction = the_transaction();
	ck_assert_int_eq(transaction->state, TRANSACTION_APPLIED);
	ck_assert_uint_eq(transaction->count, 3);
	ck_assert_uint_eq(transaction->directory_count, 2);
}
END_TEST

START_TEST(a_stale_plan_changes_nothing)
{
	struct plan plan = sample_plan();

	switch (_i) {
	case 0:
		tree_put(root, OLD, "somebody else was here\n");
		break;
	case 1:
		tree_put(root, NEW, "somebody else was here\n");
		break;
	case 2:
		tree_remove(root, GONE);
		break;
	}
	const char *before = tree_list(root, "", NULL);
	ck_assert_int_eq(apply(&plan), APPLY_STALE);
	ck_assert_ptr_nonnull(strstr(err.message, plan.changes[_i].path));
	ck_assert_str_eq(tree_list(root, "", NULL), before);
}
END_TEST

START_TEST(a_refused_apply_changes_nothing)
{
	struct plan plan = sample_plan();

	if (_i == 0) /* cannot be recorded */
		add(&plan, CHANGE_FILE, "/etc/shadow", "root::\n");
	else { /* no place for the rollback file */
		tree_remove(root, STATE "/rollback");
		tree_remove(root, STATE);
		tree_put(root, STATE, "a file");
	}
	const char *before = tree_list(root, "", NULL);
	ck_assert_int_eq(apply(&plan), APPLY_REFUSED);
	ck_assert_uint_gt(strlen(err.message), 10);
	ck_assert_str_eq(tree_list(root, "", NULL), before);
}
END_TEST

/* What can be known before the first change is: a name that leaves no room for a temporary one, a
 * directory that is not there. Nothing tells of such an apply. */
START_TEST(an_apply_that_cannot_begin_leaves_nothing)
{
	struct plan plan = sample_plan();
	char *path = pool_strdup(pool, "/etc/pam.d/");
	char *name = pool_alloc(pool, 251);
	const char *state = tree_list(root, STATE, NULL);

	memset(name, 'x', 250);
	switch (_i) {
	case 0:
		add(&plan, CHANGE_FILE, pool_printf(pool, "%s%s", path, name), "x");
		break;
	case 1:
		plan.directory_count = 1;
		break;
	case 2:
		plan.directory_count = 0;
		plan.directories[0] = NULL;
		break;
	}
	ck_assert_int_eq(apply(&plan), APPLY_REFUSED);
	ck_assert_str_eq(now(), fresh);
	ck_assert_str_eq(tree_list(root, STATE, NULL), state);
}
END_TEST

/* Nothing was changed by a write that was refused: nothing is stuck. */
START_TEST(a_kernel_value_that_cannot_be_written_is_put_back)
{
	struct journal_entry entry;
	struct plan plan = sample_plan();
	struct transaction transaction = { .id = "id",
					   .sequence = 1,
					   .time = "t",
					   .profiles = "p",
					   .state = TRANSACTION_APPLIED };
	struct undo undo = { .plan = plan };

	/* apply_plan() looks at the kernel first, which a tree has not; the executor is the same.
	 */
	add(&undo.plan, CHANGE_SYSCTL, KEY, "1800");
	transaction.changes = undo.plan.changes;
	transaction.count = undo.plan.count;
	ck_assert_int_eq(journal_encode(host, &transaction, &entry, &err), 0);
	ck_assert_int_eq(journal_prepare(host, &transaction, &entry, &err), 0);
	tree_directory(root, "/etc/security/limits.d");
	fresh = now();
	ck_assert_int_eq(apply_undo(host, &transaction, &undo, &err), APPLY_PUT_BACK);
	ck_assert_ptr_nonnull(strstr(err.message, KEY ": Read-only file system"));
	ck_assert_str_eq(now(), fresh);
}
END_TEST

/* A signal that comes too late to stop an apply must not hide its result either. */
START_TEST(signals_stay_held)
{
	struct plan plan = sample_plan();
	sigset_t before, after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert(sigismember(&after, SIGINT));
	ck_assert(sigismember(&after, SIGTERM));
}
END_TEST

/* ---- undo -------------------------------------------------------------------------------- */

START_TEST(undo_gives_the_same_tree)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	ck_assert_str_ne(now(), fresh);
	const struct transaction *transaction = the_transaction();
	struct undo undo = plan_undo(transaction);
	ck_assert_uint_eq(undo.conflict_count, 0);
	ck_assert_uint_eq(undo.kept_count, 0);
	ck_assert_uint_eq(undo.plan.count, 3);
	ck_assert_str_eq(undo.plan.changes[0].path, GONE);
	ck_assert_str_eq(undo.plan.changes[2].path, OLD);
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_DONE);
	ck_assert_str_eq(now(), fresh);
	ck_assert_int_eq(the_transaction()->state, TRANSACTION_ROLLED_BACK);
}
END_TEST

START_TEST(a_directory_in_use_stays)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	tree_put(root, "/etc/security/limits.d/admin.conf", "x");
	const struct transaction *transaction = the_transaction();
	struct undo undo = plan_undo(transaction);
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_DONE);
	ck_assert_str_eq(tree_get(root, "/etc/security/limits.d/admin.conf"), "x");
	ck_assert_ptr_null(tree_get(root, NEW));
}
END_TEST

static const struct {
	const char *path, *text; /* NULL: removed */
	bool conflict;
} edits[] = {
	{ OLD, "session required pam_unix.so\nsession required pam_limits.so\n# mine\n", true },
	{ OLD, "", true },
	{ OLD, NULL, true },
	{ NEW, "* soft nofile 1\n", true },
	{ NEW, NULL, true },
	{ GONE, "x = 2\n", true },
	{ "/etc/security/limits.d/admin.conf", "x", false },
};

START_TEST(what_somebody_changed_since_is_a_conflict)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	if (edits[_i].text)
		tree_put(root, edits[_i].path, edits[_i].text);
	else
		tree_remove(root, edits[_i].path);
	const char *before = tree_list(root, "", NULL);
	struct undo undo = plan_undo(the_transaction());
	ck_assert_uint_eq(undo.conflict_count, edits[_i].conflict);
	if (edits[_i].conflict) {
		ck_assert_str_eq(undo.conflicts[0].change->path, edits[_i].path);
		ck_assert_int_eq(undo.conflicts[0].found.exists, edits[_i].text != NULL);
		if (edits[_i].text)
			ck_assert_str_eq(undo.conflicts[0].found.bytes, edits[_i].text);
	}
	ck_assert_str_eq(tree_list(root, "", NULL), before);
}
END_TEST

START_TEST(a_conflict_can_be_forced)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	tree_put(root, OLD, "mine\n");
	tree_put(root, NEW, "mine\n");
	tree_put(root, GONE, "mine\n");
	const struct transaction *transaction = the_transaction();
	struct undo undo = plan_undo(transaction);
	ck_assert_uint_eq(undo.conflict_count, 3);
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_DONE);
	ck_assert_str_eq(now(), fresh);
}
END_TEST

/* Between the plan and the write: the last look is right before each change. */
START_TEST(what_changes_at_the_last_moment_stays)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	const struct transaction *transaction = the_transaction();
	struct undo undo = plan_undo(transaction);
	ck_assert_uint_eq(undo.conflict_count, 0);
	tree_put(root, NEW, "an admin's\n");
	const char *before = now();
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_STALE);
	ck_assert_str_eq(now(), before);
	ck_assert_str_eq(tree_get(root, NEW), "an admin's\n");
}
END_TEST

/* An admin who puts a link in keeltune's place has changed it, even when the text is the same. */
START_TEST(a_link_in_our_place_is_a_conflict)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	tree_put(root, "/srv/limits", "* soft nofile 8192\n");
	tree_remove(root, NEW);
	tree_link(root, NEW, "/srv/limits");
	struct undo undo = plan_undo(the_transaction());
	ck_assert_uint_eq(undo.conflict_count, 1);
	ck_assert_str_eq(undo.conflicts[0].change->path, NEW);
}
END_TEST

/* A running value of an earlier boot is not restored; a changed mode is a conflict. */
START_TEST(earlier_boots_and_modes)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	struct transaction *transaction = the_transaction();
	struct change *changes = pool_alloc(pool, 4 * sizeof *changes);
	memcpy(changes, transaction->changes, 3 * sizeof *changes);
	changes[3] = (struct change){ .kind = CHANGE_SYSCTL,
				      .path = KEY,
				      .before = { .exists = true, .bytes = "7200", .size = 4 },
				      .after = { .exists = true, .bytes = "1800", .size = 4 } };
	transaction->changes = changes;
	transaction->count = 4;
	tree_chmod(root, OLD, 0600);
	struct undo undo = plan_undo(transaction);
	ck_assert_uint_eq(undo.conflict_count, 1);
	ck_assert_str_eq(undo.conflicts[0].change->path, OLD);
	ck_assert_uint_eq(undo.kept_count, 1);
	ck_assert_str_eq(undo.kept[0].path, KEY);
	ck_assert_uint_eq(undo.plan.count, 3);
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_DONE);
	ck_assert_str_eq(now(), fresh);
}
END_TEST

/* ---- interrupted ------------------------------------------------------------------------- */

/* As a kill would leave it: the first COUNT changes are made, the state is STATE, and what belongs
 * to the next one lies half-written beside it. */
static const struct transaction *interrupt(enum transaction_state state, size_t count)
{
	struct plan plan = sample_plan();
	struct journal_entry entry;

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	if (count < 3)
		tree_put(root, GONE, "x = 1\n");
	if (count < 2)
		tree_remove(root, NEW);
	if (count < 1) {
		reopen();
		struct transaction *transaction = the_transaction();
		const struct image *before = &transaction->changes[0].before;
		tree_put(root, OLD, before->bytes);
	}
	static const char *const temporaries[] = {
		"/etc/pam.d/.login.keeltune-new",
		"/etc/security/limits.d/.99-zz-keeltune.conf.keeltune-new",
		"/etc/sysctl.d/.gone.conf.keeltune-new",
	};
	if (count < 3)
		tree_put(root, temporaries[count], "half");
	ck_assert_int_eq(journal_encode(host, the_transaction(), &entry, &err), 0);
	ck_assert_int_eq(journal_set_state(host, &entry, state), 0);
	return the_transaction();
}

START_TEST(an_interrupted_apply_is_undone)
{
	static const enum transaction_state states[] = { TRANSACTION_PREPARED,
							 TRANSACTION_RECOVERING };
	const struct transaction *transaction = interrupt(states[_i / 4], (size_t)_i % 4);

	ck_assert_int_eq(transaction->state, states[_i / 4]);
	struct undo undo = plan_undo(transaction);
	ck_assert_uint_eq(undo.conflict_count, 0);
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_DONE);
	ck_assert_str_eq(now(), fresh);
	ck_assert_int_eq(the_transaction()->state, TRANSACTION_ROLLED_BACK);
}
END_TEST

START_TEST(an_interrupted_one_has_conflicts_too)
{
	interrupt(TRANSACTION_PREPARED, 1);
	tree_put(root, OLD, "neither before nor after\n");
	struct undo undo = plan_undo(the_transaction());
	ck_assert_uint_eq(undo.conflict_count, 1);
	ck_assert_str_eq(undo.conflicts[0].change->path, OLD);
}
END_TEST

START_TEST(an_undo_that_fails_changes_nothing)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	const char *applied = now();
	const struct transaction *transaction = the_transaction();
	struct undo undo = plan_undo(transaction);
	/* the last file finds no directory */
	undo.plan.changes[2].path = "/etc/none/login";
	undo.plan.changes[2].before.exists = false;
	ck_assert_int_eq(apply_undo(host, transaction, &undo, &err), APPLY_REFUSED);
	ck_assert_str_eq(now(), applied);
	ck_assert_int_eq(the_transaction()->state, TRANSACTION_APPLIED);
}
END_TEST

/* ---- records that cannot be written ------------------------------------------------------ */

START_TEST(an_undo_that_cannot_be_recorded_changes_nothing)
{
	struct plan plan = sample_plan();

	ck_assert_int_eq(apply(&plan), APPLY_DONE);
	tree_put(root, OLD, "mine\n");
	struct transaction transaction = *the_transaction();
	struct undo undo = plan_undo(&transaction);
	ck_assert_uint_eq(undo.conflict_count, 1);
	switch (_i) {
	case 0:
		transaction.id = "\xff";
		break;
	case 1: /* no place for what is found */
		tree_put(root, STATE "/rollback/id/found", "a file");
		break;
	}
	const char *before = tree_list(root, "", NULL);
	ck_assert_int_eq(apply_undo(host, &transaction, &undo, &err), APPLY_REFUSED);
	ck_assert_uint_gt(strlen(err.message), 10);
	ck_assert_str_eq(tree_list(root, "", NULL), before);
}
END_TEST

/* One more process of a change that is recorded already. */
START_TEST(one_more_change)
{
	struct change change = { .kind = CHANGE_NOFILE,
				 .path = "/proc/1/no-such-place",
				 .before = { .exists = true, .bytes = "5 6", .size = 3 },
				 .after = { .exists = true, .bytes = "7 8", .size = 3 } };
	struct transaction transaction = { .id = "id",
					   .sequence = 1,
					   .time = "t",
					   .profiles = "p",
					   .count = 1,
					   .changes = &change };

	ck_assert_int_eq(apply_more(host, &transaction, &change, &err), -EINVAL);
	transaction.count = 0; /* it can be encoded, but there is no such record */
	ck_assert_int_eq(apply_more(host, &transaction, &change, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.message, "manifest.json: No such file"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apply");
	TCase *tests = tcase_create("apply");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_apply_does_what_the_plan_says);
	tcase_add_loop_test(tests, a_stale_plan_changes_nothing, 0, 3);
	tcase_add_loop_test(tests, a_refused_apply_changes_nothing, 0, 2);
	tcase_add_loop_test(tests, an_apply_that_cannot_begin_leaves_nothing, 0, 3);
	tcase_add_test(tests, a_kernel_value_that_cannot_be_written_is_put_back);
	tcase_add_test(tests, signals_stay_held);
	tcase_add_test(tests, undo_gives_the_same_tree);
	tcase_add_test(tests, a_directory_in_use_stays);
	tcase_add_loop_test(tests, what_somebody_changed_since_is_a_conflict, 0,
			    sizeof edits / sizeof *edits);
	tcase_add_test(tests, a_conflict_can_be_forced);
	tcase_add_test(tests, a_link_in_our_place_is_a_conflict);
	tcase_add_test(tests, what_changes_at_the_last_moment_stays);
	tcase_add_test(tests, earlier_boots_and_modes);
	tcase_add_loop_test(tests, an_interrupted_apply_is_undone, 0, 8);
	tcase_add_test(tests, an_interrupted_one_has_conflicts_too);
	tcase_add_test(tests, an_undo_that_fails_changes_nothing);
	tcase_add_loop_test(tests, an_undo_that_cannot_be_recorded_changes_nothing, 0, 2);
	tcase_add_test(tests, one_more_change);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
