// SPDX-License-Identifier: MIT
/* journal.c: what is written to the disk comes back, what lies about there does not come in, and
 * what still holds. */
#include "journal.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "/proc/sys/net/ipv4/tcp_keepalive_time"
#define DROP_IN "/etc/sysctl.d/99-zz-keeltune.conf"

static const char *root;
static struct host *host;
static struct pool *pool;
static struct error err;

static void open_host(void)
{
	ck_assert_int_eq(host_open(root, &host, &err), 0);
	pool = host_pool(host);
}

static void set_up(void)
{
	root = tree_new();
	open_host();
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

/* ---- samples ----------------------------------------------------------------------------- */

static struct image text_image(const char *text)
{
	return (struct image){ .exists = true,
			       .bytes = text,
			       .size = strlen(text),
			       .mode = 0640,
			       .uid = geteuid(),
			       .gid = getegid() };
}

static struct image number_image(const char *text)
{
	return (struct image){ .exists = true, .bytes = text, .size = strlen(text) };
}

static const char *one_id[] = { "sysctl:net.ipv4.tcp_keepalive_time" };
static struct xattr one_xattr[] = { { "user.note", "a\0\xff", 3 } };

/* Three changes: a file replaced, a file made, a kernel value. */
static struct transaction sample(const char *id)
{
	static const char *directories[] = { "/etc/security", "/etc/security/limits.d" };
	static const struct profile_digest sources[] = { { "baseline", "/p/baseline.conf", "ab" } };
	struct change *changes = pool_alloc(pool, 3 * sizeof *changes);

	changes[0] = (struct change){ .kind = CHANGE_FILE,
				      .path = "/etc/pam.d/login",
				      .ids = one_id,
				      .id_count = 1,
				      .before = text_image("session optional pam_x.so\n"),
				      .after = text_image("session required pam_limits.so\n") };
	changes[0].before.xattrs = changes[0].after.xattrs = one_xattr;
	changes[0].before.xattr_count = changes[0].after.xattr_count = 1;
	changes[1] = (struct change){ .kind = CHANGE_FILE,
				      .path = "/etc/security/limits.d/99-zz-keeltune.conf",
				      .before = { .bytes = "" },
				      .after = text_image("* soft nofile 8192\n"),
				      .release = true };
	changes[2] = (struct change){ .kind = CHANGE_SYSCTL,
				      .path = KEY,
				      .ids = one_id,
				      .id_count = 1,
				      .before = number_image("7200"),
				      .after = number_image("1800") };
	return (struct transaction){ .id = id,
				     .sequence = 7,
				     .time = "2026-01-02T03:04:05Z",
				     .profiles = "baseline+web-server",
				     .machine_id = "0123456789abcdef0123456789abcdef",
				     .boot_id = "11111111-2222-3333-4444-555555555555",
				     .actor = { .login = "1000",
						.sudo_user = "alice",
						.command = "keeltune apply 'baseline'",
						.comment = "gr\xc3\xbc\xc3\x9f \"quoted\"\n",
						.uid = 4294967294u },
				     .sources = sources,
				     .source_count = 1,
				     .changes = changes,
				     .count = 3,
				     .directories = directories,
				     .directory_count = 2 };
}

static const char *in_journal(const char *id, const char *name)
{
	return pool_printf(pool, "%s/%s/%s", JOURNAL_DIR, id, name);
}

static void write_sample(const struct transaction *transaction, enum transaction_state state)
{
	struct journal_entry entry;

	ck_assert_int_eq(journal_encode(host, transaction, &entry, &err), 0);
	ck_assert_int_eq(journal_prepare(host, transaction, &entry, &err), 0);
	if (state != TRANSACTION_PREPARED)
		ck_assert_int_eq(journal_set_state(host, &entry, state), 0);
}

static struct journal load(void)
{
	struct journal journal;

	reopen();
	journal_load(host, false, &journal);
	return journal;
}

/* ---- there and back ---------------------------------------------------------------------- */

START_TEST(everything_comes_back)
{
	struct transaction written = sample("20260102T030405Z-baseline-00abcd");

	write_sample(&written, (enum transaction_state)_i);
	struct journal journal = load();
	ck_assert_uint_eq(journal.problems.count, 0);
	ck_assert_ptr_null(journal.untrusted);
	ck_assert(!journal.hidden);
	ck_assert_uint_eq(journal.count, 1);

	struct transaction *read = &journal.transactions[0];
	written = sample("20260102T030405Z-baseline-00abcd");
	ck_assert_str_eq(read->id, written.id);
	ck_assert_uint_eq(read->sequence, 7);
	ck_assert_str_eq(read->time, written.time);
	ck_assert_str_eq(read->profiles, written.profiles);
	ck_assert_str_eq(read->machine_id, written.machine_id);
	ck_assert_str_eq(read->boot_id, written.boot_id);
	ck_assert_int_eq(read->state, _i);
	ck_assert_str_eq(read->actor.login, "1000");
	ck_assert_str_eq(read->actor.sudo_user, "alice");
	ck_assert_str_eq(read->actor.command, written.actor.command);
	ck_assert_str_eq(read->actor.comment, written.actor.comment);
	ck_assert_uint_eq(read->actor.uid, 4294967294u);
	ck_assert_uint_eq(read->source_count, 1);
	ck_assert_str_eq(read->sources[0].name, "baseline");
	ck_assert_str_eq(read->sources[0].file, "/p/baseline.conf");
	ck_assert_str_eq(read->sources[0].sha256, "ab");
	ck_assert_uint_eq(read->directory_count, 2);
	ck_assert_str_eq(read->directories[1], "/etc/security/limits.d");
	ck_assert_uint_eq(read->count, 3);
}
END_TEST

START_TEST(changes_come_back)
{
	struct transaction written = sample("id");

	write_sample(&written, TRANSACTION_APPLIED);
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 1);
	struct transaction *read = &journal.transactions[0];
	const struct change *file = &read->changes[0], *made = &read->changes[1];
	const struct change *key = &read->changes[2];

	ck_assert_int_eq(file->kind, CHANGE_FILE);
	ck_assert_str_eq(file->path, "/etc/pam.d/login");
	ck_assert_uint_eq(file->id_count, 1);
	ck_assert_str_eq(file->ids[0], one_id[0]);
	ck_assert(!file->release);
	ck_assert_ptr_null(file->before.bytes);
	ck_assert_str_eq(file->after.sha256,
			 manifest_digest(pool, "session required pam_limits.so\n", 31));
	ck_assert_int_eq(journal_load_images(host, read, &err), 0);
	ck_assert(file->before.exists);
	ck_assert_str_eq(file->before.bytes, "session optional pam_x.so\n");
	ck_assert_uint_eq(file->before.mode, 0640);
	ck_assert_uint_eq(file->before.uid, geteuid());
	ck_assert_uint_eq(file->before.gid, getegid());
	ck_assert_uint_eq(file->before.xattr_count, 1);
	ck_assert_str_eq(file->before.xattrs[0].name, "user.note");
	ck_assert_uint_eq(file->before.xattrs[0].size, 3);
	ck_assert_mem_eq(file->before.xattrs[0].bytes, "a\0\xff", 3);

	ck_assert(made->release);
	ck_assert_uint_eq(made->id_count, 0);
	ck_assert(!made->before.exists);
	ck_assert(made->after.exists);
	ck_assert_int_eq(key->kind, CHANGE_SYSCTL);
	ck_assert_str_eq(key->before.bytes, "7200");
	ck_assert_str_eq(key->after.bytes, "1800");
}
END_TEST

/* What was loaded can be written again (its state changes): nothing is lost on the way. */
START_TEST(encoding_what_was_loaded_changes_nothing)
{
	struct transaction written = sample("id");
	struct journal_entry entry;

	write_sample(&written, TRANSACTION_APPLIED);
	const char *before = tree_get(root, in_journal("id", "manifest.json"));
	struct journal journal = load();
	ck_assert_int_eq(journal_encode(host, &journal.transactions[0], &entry, &err), 0);
	ck_assert_int_eq(journal_set_state(host, &entry, TRANSACTION_APPLIED), 0);
	ck_assert_str_eq(tree_get(root, in_journal("id", "manifest.json")), before);
}
END_TEST

START_TEST(an_admin_can_copy_it_back)
{
	struct transaction written = sample("id");
	struct stat st;

	umask(077);
	write_sample(&written, TRANSACTION_PREPARED);
	const char *copy = in_journal("id", "files/etc/pam.d/login");
	ck_assert_str_eq(tree_get(root, copy), "session optional pam_x.so\n");
	ck_assert_int_eq(stat(tree_path(root, copy), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	/* "cp -a files/. /" would give these modes to /etc. */
	ck_assert_int_eq(stat(tree_path(root, in_journal("id", "files/etc")), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(stat(tree_path(root, in_journal("id", "files/etc/pam.d")), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	/* and nobody else sees any of it */
	ck_assert_int_eq(stat(tree_path(root, JOURNAL_DIR), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(tree_path(root, in_journal("id", "")), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(tree_path(root, in_journal("id", "manifest.json")), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_ptr_null(tree_get(
		root, in_journal("id", "files/etc/security/limits.d/99-zz-keeltune.conf")));
}
END_TEST

/* ---- what cannot be written -------------------------------------------------------------- */

START_TEST(a_failed_preparation_leaves_nothing)
{
	struct transaction transaction = sample("id");
	struct journal_entry entry;

	tree_directory(root, "/var/lib/keeltune/rollback");
	tree_chmod(root, "/var/lib/keeltune/rollback", 0700);
	if (_i == 0) { /* a copy fails: its name is too long for the temporary file */
		char *name = pool_strdup(pool, "/etc/pam.d/");
		char *padded = pool_alloc(pool, 300);
		memset(padded, 'x', 245);
		transaction.changes[1] = transaction.changes[0];
		transaction.changes[1].path = pool_printf(pool, "%s%s", name, padded);
	} else { /* the directory exists, and the manifest cannot be put into it */
		tree_directory(root, JOURNAL_DIR "/id/manifest.json");
	}
	ck_assert_int_eq(journal_encode(host, &transaction, &entry, &err), 0);
	ck_assert_int_lt(journal_prepare(host, &transaction, &entry, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "cannot write the rollback file"));
	if (_i == 1)
		tree_remove(root, JOURNAL_DIR "/id/manifest.json");
	if (_i == 1)
		tree_remove(root, JOURNAL_DIR "/id");
	ck_assert_str_eq(tree_list(root, JOURNAL_DIR, NULL), "");
}
END_TEST

/* ---- what lies about --------------------------------------------------------------------- */

START_TEST(other_things_lie_about)
{
	tree_put(root, JOURNAL_DIR "/README", "");
	tree_put(root, JOURNAL_DIR "/forged/manifest.json", "{}");
	tree_directory(root, JOURNAL_DIR "/empty");
	tree_directory(root, JOURNAL_DIR "/odd name");
	tree_directory(root, JOURNAL_DIR "/.hidden");
	struct transaction good = sample("good");
	write_sample(&good, TRANSACTION_APPLIED);
	struct journal journal = load();

	ck_assert_uint_eq(journal.count, 1);
	ck_assert_str_eq(journal.transactions[0].id, "good");
	ck_assert_ptr_null(journal.untrusted);
	bool named = false;
	for (size_t i = 0; i < journal.problems.count; i++)
		named = named || !strcmp(journal.problems.items[i].origin.file,
					 JOURNAL_DIR "/forged/manifest.json");
	ck_assert(named);
}
END_TEST

START_TEST(no_journal_is_no_problem)
{
	struct journal journal = load();

	ck_assert_uint_eq(journal.count, 0);
	ck_assert_uint_eq(journal.problems.count, 0);
	ck_assert(!journal.hidden);
	ck_assert_ptr_null(journal.untrusted);
	ck_assert_ptr_null(journal_interrupted(&journal));
}
END_TEST

START_TEST(a_directory_that_others_can_write_is_not_trusted)
{
	static const mode_t modes[] = { 0770, 0707, 0777 };
	struct transaction good = sample("good");

	write_sample(&good, TRANSACTION_APPLIED);
	tree_chmod(root, JOURNAL_DIR, modes[_i]);
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 0);
	ck_assert_ptr_nonnull(journal.untrusted);
}
END_TEST

/* Nor is one rollback file of which that is true, or one in another place. */
START_TEST(an_entry_that_others_can_write_is_not_trusted)
{
	struct transaction good = sample("good"), bad = sample("bad");

	write_sample(&good, TRANSACTION_APPLIED);
	write_sample(&bad, TRANSACTION_APPLIED);
	switch (_i) {
	case 0:
		tree_chmod(root, JOURNAL_DIR "/bad", 0770);
		break;
	case 1:
		tree_chmod(root, JOURNAL_DIR "/bad/manifest.json", 0666);
		break;
	case 2:
		ck_assert_int_eq(
			rename(tree_path(root, JOURNAL_DIR "/bad"), tree_path(root, "/bad")), 0);
		tree_link(root, JOURNAL_DIR "/bad", "/bad");
		break;
	}
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 1);
	ck_assert_str_eq(journal.transactions[0].id, "good");
	ck_assert_str_eq(journal.newest_broken, "bad");
	ck_assert_uint_eq(journal.problems.count, 1);
	ck_assert_ptr_nonnull(strstr(journal.problems.items[0].text, "not trusted"));
}
END_TEST

START_TEST(a_directory_that_may_not_be_read_is_hidden)
{
	struct transaction good = sample("good");

	write_sample(&good, TRANSACTION_PREPARED);
	tree_chmod(root, JOURNAL_DIR, 0);
	tree_become_ordinary(root);
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 0);
	ck_assert(journal.hidden);
}
END_TEST

START_TEST(a_damaged_copy_is_not_put_back)
{
	struct transaction written = sample("id");

	write_sample(&written, TRANSACTION_APPLIED);
	if (_i == 0)
		tree_put(root, in_journal("id", "files/etc/pam.d/login"), "session optional x\n");
	else
		tree_remove(root, in_journal("id", "files/etc/pam.d/login"));
	struct journal journal = load();
	ck_assert_int_eq(journal_load_images(host, &journal.transactions[0], &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.message, "files/etc/pam.d/login"));
	ck_assert_ptr_null(journal.transactions[0].changes[0].before.bytes);
}
END_TEST

/* ---- order and names --------------------------------------------------------------------- */

START_TEST(clocks_may_step_back)
{
	static const struct {
		const char *id;
		uint64_t sequence;
		enum transaction_state state;
	} rows[] = {
		{ "20300101T000000Z-a-000000", 1, TRANSACTION_APPLIED },
		{ "20200101T000000Z-b-000000", 2, TRANSACTION_PREPARED },
		{ "20250101T000000Z-c-000000", 3, TRANSACTION_ROLLED_BACK },
		{ "20240101T000000Z-d-000000", 10, TRANSACTION_APPLIED },
	};
	struct transaction next = { .profiles = "base line/\xff+x" };

	for (size_t i = 4; i-- > 0;) {
		struct transaction transaction = sample(rows[i].id);
		transaction.sequence = rows[i].sequence;
		write_sample(&transaction, rows[i].state);
	}
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(journal.transactions[i].id, rows[i].id);
	ck_assert_str_eq(journal_interrupted(&journal)->id, rows[1].id);

	journal_name(pool, &journal, &next);
	ck_assert_uint_eq(next.sequence, 11);
	ck_assert_uint_eq(strlen(next.time), strlen("2026-01-02T03:04:05Z"));
	ck_assert_ptr_nonnull(strstr(next.id, "Z-base_line__+x-"));
	ck_assert_uint_eq(strlen(next.id), strlen("20260102T030405Z-base_line__+x-123456"));
}
END_TEST

START_TEST(long_names_are_cut)
{
	struct journal journal = { 0 };
	char *profiles = pool_alloc(pool, 1000);
	struct transaction next = { .profiles = profiles };

	memset(profiles, 'p', 999);
	journal_name(pool, &journal, &next);
	ck_assert_uint_lt(strlen(next.id), 100);
	ck_assert_uint_eq(next.sequence, 1);
	journal = (struct journal){ .transactions = &next, .count = 1 };
	struct transaction after = { .profiles = profiles };
	journal_name(pool, &journal, &after);
	ck_assert_uint_eq(after.sequence, 2);
}
END_TEST

/* A start looks at the last rollback files only, and where something was written since. */
START_TEST(an_old_one_is_interrupted)
{
	struct journal_entry entry;
	struct journal journal;

	for (int i = 0; i < 12; i++) {
		struct transaction transaction = sample(pool_printf(pool, "id%02d", i));
		transaction.sequence = (uint64_t)i + 1;
		write_sample(&transaction, TRANSACTION_APPLIED);
	}
	reopen();
	journal_load(host, true, &journal);
	ck_assert_ptr_null(journal_interrupted(&journal));
	struct transaction old = sample("id00");
	ck_assert_int_eq(journal_encode(host, &old, &entry, &err), 0);
	ck_assert_int_eq(journal_set_state(host, &entry, TRANSACTION_RECOVERING), 0);
	reopen();
	journal_load(host, true, &journal);
	ck_assert_ptr_nonnull(journal_interrupted(&journal));
	ck_assert_str_eq(journal_interrupted(&journal)->id, "id00");
}
END_TEST

/* Two that were begun at once have an order all the same. */
START_TEST(one_number_twice)
{
	struct transaction b = sample("b"), a = sample("a");

	write_sample(&b, TRANSACTION_APPLIED);
	write_sample(&a, TRANSACTION_APPLIED);
	struct journal journal = load();
	ck_assert_uint_eq(journal.count, 2);
	ck_assert_str_eq(journal.transactions[0].id, "a");
	ck_assert_str_eq(journal.transactions[1].id, "b");
}
END_TEST

START_TEST(a_recovering_one_is_interrupted_too)
{
	struct transaction transaction = sample("id");

	write_sample(&transaction, (enum transaction_state)_i);
	struct journal journal = load();
	bool interrupted = _i == TRANSACTION_PREPARED || _i == TRANSACTION_RECOVERING;
	ck_assert_int_eq(journal_interrupted(&journal) != NULL, interrupted);
}
END_TEST

/* ---- what goes, and what stays for others ------------------------------------------------- */

START_TEST(what_is_removed_leaves_nothing)
{
	struct transaction gone = sample("gone"), stays = sample("stays");

	write_sample(&stays, TRANSACTION_APPLIED);
	const char *before = tree_list(root, JOURNAL_DIR, NULL);
	write_sample(&gone, TRANSACTION_ROLLED_BACK);
	ck_assert_int_eq(journal_remove(host, "gone"), 0);
	ck_assert_str_eq(tree_list(root, JOURNAL_DIR, NULL), before);
	ck_assert_int_eq(journal_remove(host, "gone"), -ENOENT);
	ck_assert_str_eq(tree_list(root, JOURNAL_DIR, NULL), before);
}
END_TEST

START_TEST(the_newest_that_holds_is_built_on)
{
	struct change key = { .kind = CHANGE_SYSCTL, .path = KEY };
	struct change file = { .kind = CHANGE_FILE, .path = "/etc/sysctl.conf" };
	struct transaction transactions[] = {
		{ .id = "first", .state = TRANSACTION_APPLIED, .changes = &key, .count = 1 },
		{ .id = "second", .state = TRANSACTION_APPLIED, .changes = &key, .count = 1 },
		{ .id = "undone", .state = TRANSACTION_ROLLED_BACK, .changes = &key, .count = 1 },
		{ .id = "file", .state = TRANSACTION_APPLIED, .changes = &file, .count = 1 },
		{ .id = "netns",
		  .state = TRANSACTION_APPLIED,
		  .changes = &key,
		  .count = 1,
		  .netns = "blue",
		  .netns_id = 7 },
	};
	struct journal journal = { .transactions = transactions, .count = 5 };

	ck_assert_str_eq(journal_built_on(&journal, &transactions[0], KEY)->id, "second");
	ck_assert_ptr_null(journal_built_on(&journal, &transactions[1], KEY));
	ck_assert_str_eq(journal_built_on(&journal, &transactions[0], "/etc/sysctl.conf")->id,
			 "file");
	ck_assert_ptr_null(journal_built_on(&journal, &transactions[3], "/etc/sysctl.conf"));
	transactions[1].state = TRANSACTION_PREPARED;
	ck_assert_str_eq(journal_built_on(&journal, &transactions[0], KEY)->id, "second");
	transactions[1].state = TRANSACTION_ROLLED_BACK;
	ck_assert_ptr_null(journal_built_on(&journal, &transactions[0], KEY));
}
END_TEST

/* ---- what still holds -------------------------------------------------------------------- */

struct step {
	const char *path, *before, *after, *boot_id;
	enum transaction_state state;
};

static struct held hold(const struct step *steps, size_t count)
{
	struct transaction *transactions = pool_alloc(pool, count * sizeof *transactions);
	struct journal journal = { .transactions = transactions, .count = count };
	struct held held;

	for (size_t i = 0; i < count; i++) {
		struct change *change = pool_alloc(pool, sizeof *change);
		*change = (struct change){ .kind = strncmp(steps[i].path, "/proc/", 6)
							   ? CHANGE_FILE
							   : CHANGE_SYSCTL,
					   .path = steps[i].path,
					   .ids = one_id,
					   .id_count = 1,
					   .before = number_image(steps[i].before),
					   .after = number_image(steps[i].after) };
		transactions[i] = (struct transaction){ .state = steps[i].state,
							.boot_id = steps[i].boot_id,
							.changes = change,
							.count = 1 };
	}
	journal_held(pool, &journal, &held);
	return held;
}

START_TEST(the_first_before_and_the_last_after_count)
{
	static const struct step steps[] = {
		{ KEY, "7200", "1800", "boot", TRANSACTION_APPLIED },
		{ DROP_IN, "old", "one", "boot", TRANSACTION_APPLIED },
		{ KEY, "1800", "600", "boot", TRANSACTION_APPLIED },
		{ DROP_IN, "one", "two", "later boot", TRANSACTION_APPLIED },
		{ KEY, "600", "60", "boot", TRANSACTION_ROLLED_BACK },
		{ KEY, "600", "61", "boot", TRANSACTION_PREPARED },
		{ KEY, "600", "62", "boot", TRANSACTION_RECOVERING },
	};
	struct held held = hold(steps, sizeof steps / sizeof *steps);

	ck_assert_uint_eq(held.count, 2);
	ck_assert_str_eq(held.changes[0].path, KEY);
	ck_assert_int_eq(held.changes[0].kind, CHANGE_SYSCTL);
	ck_assert_str_eq(held.changes[0].original.bytes, "7200");
	ck_assert_str_eq(held.changes[0].current.bytes, "600");
	ck_assert_str_eq(held.changes[0].boot_id, "boot");
	ck_assert_str_eq(held.changes[0].ids[0], one_id[0]);
	ck_assert_str_eq(held.changes[1].path, DROP_IN);
	ck_assert_str_eq(held.changes[1].original.bytes, "old");
	ck_assert_str_eq(held.changes[1].current.bytes, "two");
}
END_TEST

/* What a running value was before an earlier boot is no state that could come back. */
START_TEST(running_values_of_an_earlier_boot_do_not_count)
{
	static const struct step steps[] = {
		{ KEY, "7200", "1800", "first", TRANSACTION_APPLIED },
		{ KEY, "7199", "600", "second", TRANSACTION_APPLIED },
		{ KEY, "600", "60", "second", TRANSACTION_APPLIED },
	};
	struct held held = hold(steps, 3);

	ck_assert_uint_eq(held.count, 1);
	ck_assert_str_eq(held.changes[0].original.bytes, "7199");
	ck_assert_str_eq(held.changes[0].current.bytes, "60");
	ck_assert_str_eq(held.changes[0].boot_id, "second");
}
END_TEST

START_TEST(matches_look_at_content)
{
	struct image none = { .bytes = "" }, text = text_image("a\tb"), other = text_image("a b");
	struct image moded = text_image("a\tb"), known = { .exists = true };

	moded.mode = 0600;
	moded.uid = 1;
	known.sha256 = manifest_digest(pool, "a\tb", 3);
	ck_assert(journal_matches(pool, CHANGE_FILE, &none, &none));
	ck_assert(!journal_matches(pool, CHANGE_FILE, &none, &text));
	ck_assert(!journal_matches(pool, CHANGE_FILE, &text, &none));
	ck_assert(journal_matches(pool, CHANGE_FILE, &text, &moded));
	ck_assert(journal_matches(pool, CHANGE_FILE, &text, &known));
	ck_assert(!journal_matches(pool, CHANGE_FILE, &other, &known));
	ck_assert(!journal_matches(pool, CHANGE_FILE, &text, &other));
	ck_assert(journal_matches(pool, CHANGE_SYSCTL, &text, &other));
	ck_assert(!journal_matches(pool, CHANGE_SYSCTL, &none, &other));
	ck_assert_str_eq(manifest_digest(pool, "abc", 3),
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tests = tcase_create("journal");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, everything_comes_back, 0, TRANSACTION_STATE_COUNT);
	tcase_add_test(tests, changes_come_back);
	tcase_add_test(tests, encoding_what_was_loaded_changes_nothing);
	tcase_add_test(tests, an_admin_can_copy_it_back);
	tcase_add_loop_test(tests, a_failed_preparation_leaves_nothing, 0, 2);
	tcase_add_test(tests, other_things_lie_about);
	tcase_add_test(tests, no_journal_is_no_problem);
	tcase_add_loop_test(tests, a_directory_that_others_can_write_is_not_trusted, 0, 3);
	tcase_add_loop_test(tests, an_entry_that_others_can_write_is_not_trusted, 0, 3);
	tcase_add_test(tests, a_directory_that_may_not_be_read_is_hidden);
	tcase_add_loop_test(tests, a_damaged_copy_is_not_put_back, 0, 2);
	tcase_add_test(tests, clocks_may_step_back);
	tcase_add_test(tests, long_names_are_cut);
	tcase_add_test(tests, an_old_one_is_interrupted);
	tcase_add_test(tests, one_number_twice);
	tcase_add_loop_test(tests, a_recovering_one_is_interrupted_too, 0, TRANSACTION_STATE_COUNT);
	tcase_add_test(tests, what_is_removed_leaves_nothing);
	tcase_add_test(tests, the_newest_that_holds_is_built_on);
	tcase_add_test(tests, the_first_before_and_the_last_after_count);
	tcase_add_test(tests, running_values_of_an_earlier_boot_do_not_count);
	tcase_add_test(tests, matches_look_at_content);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
