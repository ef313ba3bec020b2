// SPDX-License-Identifier: MIT
/* apply.c: what somebody else does while it works stays, and what it has done itself is put back in
 * the reverse order. The limits of this process are the values that it sets. */
#include "apply.h"

#include "error.h"
#include "fd-scan.h"
#include "host.h"
#include "journal.h"
#include "plan-build.h"
#include "pool.h"
#include "process-change.h"
#include "process.h"
#include "store.h"
#include "tree.h"
#include "undo.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_PATH "/etc/pam.d/login"
#define STATE "/var/lib/keeltune"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct error err;
static uint64_t hard;

/* Somebody else: called right before the next rename to, or removal of, what is called `victim`. */
static const char *victim;
static void (*somebody)(void);

int renameat2(int from_directory, const char *from, int to_directory, const char *to,
	      unsigned flags)
{
	void (*act)(void) = somebody;

	if (act && !strcmp(to, victim)) {
		somebody = NULL;
		act();
	}
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
}

int unlinkat(int directory, const char *name, int flags)
{
	void (*act)(void) = somebody;

	if (act && !strcmp(name, victim)) {
		somebody = NULL;
		act();
	}
	return (int)syscall(SYS_unlinkat, directory, name, flags);
}

static void set_soft(uint64_t soft)
{
	const struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static uint64_t get_soft(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_cur;
}

static void set_up(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	hard = limit.rlim_max;
	set_soft(100);
	root = tree_new();
	tree_put(root, FILE_PATH, "old\n");
	tree_directory(root, STATE "/rollback");
	tree_chmod(root, STATE "/rollback", 0700);
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
	somebody = NULL;
}

static void tear_down(void)
{
	host_close(host);
}

/* ---- changes ----------------------------------------------------------------------------- */

static struct process_identity identity_of(pid_t pid)
{
	int process = open(pool_printf(pool, "/proc/%d", (int)pid), O_PATH | O_CLOEXEC);
	struct process_identity place = { .pid = pid, .ticks = process_ticks(process) };

	ck_assert_uint_gt(place.ticks, 0);
	close(process);
	return place;
}

static struct change soft_limit(uint64_t before, uint64_t after)
{
	return (struct change){ .kind = CHANGE_NOFILE,
				.path = process_place_path(pool, CHANGE_NOFILE,
							   identity_of(getpid())),
				.before = nofile_image(pool, (struct nofile){ before, hard }),
				.after = nofile_image(pool, (struct nofile){ after, hard }) };
}

static struct change new_text(void)
{
	struct change change = { .kind = CHANGE_FILE, .path = FILE_PATH };

	ck_assert_int_eq(host_image(host, FILE_PATH, &change.before), 0);
	change.after = change.before;
	change.after.bytes = "new\n";
	change.after.size = 4;
	return change;
}

static struct transaction transaction_of(struct change *changes, size_t count)
{
	return (struct transaction){ .id = "id",
				     .sequence = 1,
				     .time = "t",
				     .profiles = "p",
				     .state = TRANSACTION_APPLIED,
				     .changes = changes,
				     .count = count };
}

static enum apply_outcome apply(struct change *changes, size_t count)
{
	struct transaction transaction = transaction_of(changes, count);
	const struct plan plan = { .pool = pool, .changes = changes, .count = count };

	return apply_plan(host, &plan, &transaction, &err);
}

static void write_file(void)
{
	tree_put(root, FILE_PATH, "somebody's\n");
}

static void write_both(void)
{
	write_file();
	set_soft(70);
}

/* The directory at PATH goes, with all that is in it. */
static void lose(const char *path)
{
	ck_assert_int_eq(rename(tree_path(root, path), tree_path(root, "/lost")), 0);
}

static void write_and_lose_record(void)
{
	write_file();
	lose(STATE "/rollback/id");
}

/* When the record is there: its copies were written by the same names. */
static void lose_all(void)
{
	if (access(tree_path(root, STATE "/rollback/id"), F_OK)) {
		somebody = lose_all;
		return;
	}
	lose("/etc/pam.d");
	ck_assert_int_eq(
		rename(tree_path(root, STATE "/rollback/id"), tree_path(root, "/lost too")), 0);
}

/* ---- tests ------------------------------------------------------------------------------- */

START_TEST(all_is_done)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };

	ck_assert_int_eq(apply(changes, 2), APPLY_DONE);
	ck_assert_uint_eq(get_soft(), 90);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "new\n");
}
END_TEST

/* Between the last look and the rename. */
START_TEST(a_file_that_is_written_at_the_last_moment_stays)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };

	victim = "login";
	somebody = write_file;
	ck_assert_int_eq(apply(changes, 2), APPLY_STALE);
	ck_assert_ptr_null(somebody);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "somebody's\n");
	ck_assert_uint_eq(get_soft(), 100);
	ck_assert_ptr_null(strstr(tree_list(root, "/etc", NULL), "keeltune-new"));
}
END_TEST

/* What was set and then changed by somebody else is not put back over his value, and it is said. */
START_TEST(a_value_that_somebody_changed_is_not_put_back)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };

	victim = "login";
	somebody = write_both;
	ck_assert_int_eq(apply(changes, 2), APPLY_STUCK);
	ck_assert_uint_eq(get_soft(), 70);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "somebody's\n");
	ck_assert_ptr_nonnull(strstr(err.message, "was changed by somebody else meanwhile; and "));
	ck_assert_ptr_nonnull(strstr(err.message, "could not be put back: was changed"));
}
END_TEST

/* All is as before; that the record could not say so is said. */
START_TEST(a_record_that_is_lost)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };

	victim = "login";
	somebody = write_and_lose_record;
	ck_assert_int_eq(apply(changes, 2), APPLY_PUT_BACK);
	ck_assert_uint_eq(get_soft(), 100);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "somebody's\n");
	ck_assert_ptr_nonnull(strstr(err.message, "could not be marked as put back: No such file"));
}
END_TEST

/* Nothing was begun yet. */
START_TEST(everything_is_lost)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };

	victim = ".login.keeltune-new";
	somebody = lose_all;
	ck_assert_int_eq(apply(changes, 2), APPLY_REFUSED);
	ck_assert_uint_eq(get_soft(), 100);
	ck_assert_ptr_nonnull(strstr(err.message, "could not be withdrawn: No such file"));
}
END_TEST

/* An undo of nothing that carries out CHANGES. */
static enum apply_outcome undo(struct change *changes, size_t count)
{
	struct transaction transaction = transaction_of(NULL, 0);
	struct undo undo = { .plan = { .pool = pool, .changes = changes, .count = count } };
	struct journal_entry entry;

	ck_assert_int_eq(journal_encode(host, &transaction, &entry, &err), 0);
	ck_assert_int_eq(journal_prepare(host, &transaction, &entry, &err), 0);
	return apply_undo(host, &transaction, &undo, &err);
}

START_TEST(the_last_is_put_back_first)
{
	struct change changes[] = { soft_limit(100, 90), soft_limit(90, 80), new_text() };

	victim = "login";
	somebody = write_file;
	ck_assert_int_eq(undo(changes, 3), APPLY_STALE);
	ck_assert_uint_eq(get_soft(), 100);
}
END_TEST

/* A process that has ended took its limits along: nothing is left to be undone. */
START_TEST(who_has_ended_needs_no_undo)
{
	struct change changes[] = { soft_limit(100, 90), new_text() };
	pid_t child = fork();

	if (!child)
		pause();
	ck_assert_int_gt(child, 0);
	changes[0].path = process_place_path(pool, CHANGE_NOFILE, identity_of(child));
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(undo(changes, 2), APPLY_DONE);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "new\n");
	ck_assert_uint_eq(get_soft(), 100);

	/* To a new change it is a failure. */
	struct transaction transaction = transaction_of(NULL, 0);
	ck_assert_int_eq(apply_more(host, &transaction, &changes[0], &err), -ESRCH);
	ck_assert_ptr_nonnull(strstr(err.message, "the process has ended"));
}
END_TEST

/* Nor do sockets that went with their process, when something else fails behind them. */
START_TEST(sockets_that_are_gone_need_no_undo)
{
	static struct socket_values none;
	const struct image nothing = { .exists = true, .bytes = "" };
	struct change changes[] = {
		{ .kind = CHANGE_KEEPALIVE, .sockets = &none, .before = nothing, .after = nothing },
		new_text()
	};

	changes[0].path = process_place_path(pool, CHANGE_KEEPALIVE,
					     (struct process_identity){ getpid(), 1 });
	victim = "login";
	somebody = write_file;
	ck_assert_int_eq(undo(changes, 2), APPLY_STALE);
	ck_assert_str_eq(tree_get(root, FILE_PATH), "somebody's\n");
	ck_assert_ptr_null(strstr(err.message, "put back"));
}
END_TEST

/* The limits are exchanged: what somebody set since the look is there again. */
START_TEST(limits_that_are_not_as_they_were)
{
	const struct process_identity self = identity_of(getpid());

	ck_assert_int_eq(
		store_put_nofile(self, (struct nofile){ 99, hard }, (struct nofile){ 50, hard }),
		-ESTALE);
	ck_assert_uint_eq(get_soft(), 100);
	ck_assert_int_eq(
		store_put_nofile(self, (struct nofile){ 100, hard }, (struct nofile){ 50, hard }),
		0);
	ck_assert_uint_eq(get_soft(), 50);
}
END_TEST

/* Half of it is undone already: a try that fails leaves the record saying so. */
START_TEST(an_interrupted_one_stays_interrupted)
{
	struct change changes[] = { new_text() };
	struct transaction transaction = transaction_of(NULL, 0);
	struct undo undo = { .plan = { .pool = pool, .changes = changes, .count = 1 } };
	struct journal_entry entry;
	struct journal journal;

	transaction.state = TRANSACTION_PREPARED;
	ck_assert_int_eq(journal_encode(host, &transaction, &entry, &err), 0);
	ck_assert_int_eq(journal_prepare(host, &transaction, &entry, &err), 0);
	victim = "login";
	somebody = write_file;
	ck_assert_int_eq(apply_undo(host, &transaction, &undo, &err), APPLY_STALE);
	host_close(host);
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	journal_load(host, false, &journal);
	ck_assert_uint_eq(journal.count, 1);
	ck_assert_int_eq(journal.transactions[0].state, TRANSACTION_PREPARED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("apply-between");
	TCase *tests = tcase_create("apply-between");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, all_is_done);
	tcase_add_test(tests, a_file_that_is_written_at_the_last_moment_stays);
	tcase_add_test(tests, a_value_that_somebody_changed_is_not_put_back);
	tcase_add_test(tests, a_record_that_is_lost);
	tcase_add_test(tests, everything_is_lost);
	tcase_add_test(tests, the_last_is_put_back_first);
	tcase_add_test(tests, who_has_ended_needs_no_undo);
	tcase_add_test(tests, sockets_that_are_gone_need_no_undo);
	tcase_add_test(tests, limits_that_are_not_as_they_were);
	tcase_add_test(tests, an_interrupted_one_stays_interrupted);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
