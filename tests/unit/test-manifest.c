// SPDX-License-Identifier: MIT
/* manifest.c: what is encoded can be decoded, and what somebody else wrote is not believed. */
#include "manifest.h"

#include "error.h"
#include "pool.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;
static struct error err;

static void set_up(void)
{
	pool = pool_new();
}

static void tear_down(void)
{
	pool_free(pool);
}

static struct image text_image(const char *text)
{
	return (struct image){ .exists = true,
			       .bytes = text,
			       .size = strlen(text),
			       .mode = 0640,
			       .uid = 1,
			       .gid = 2 };
}

static struct image number_image(const char *text)
{
	return (struct image){ .exists = true, .bytes = text, .size = strlen(text) };
}

/* A file replaced, a file made, a kernel value. */
static struct transaction sample(void)
{
	static const char *ids[] = { "limit:*:nofile:soft", "limit:*:nofile:hard" };
	static const char *directories[] = { "/etc/security", "/etc/security/limits.d" };
	static struct xattr xattrs[] = { { "user.note", "a\0\xff", 3 }, { "user.empty", "", 0 } };
	struct change *changes = pool_alloc(pool, 3 * sizeof *changes);

	changes[0] = (struct change){ .kind = CHANGE_FILE,
				      .path = "/etc/pam.d/login",
				      .before = text_image("old\n"),
				      .after = text_image("new\n") };
	changes[0].before.xattrs = xattrs;
	changes[0].before.xattr_count = 2;
	changes[1] = (struct change){ .kind = CHANGE_FILE,
				      .path = "/etc/security/limits.d/99-zz-keeltune.conf",
				      .ids = ids,
				      .id_count = 2,
				      .before = { .bytes = "" },
				      .after = text_image("* soft nofile 8192\n"),
				      .release = true };
	changes[2] = (struct change){ .kind = CHANGE_SYSCTL,
				      .path = "/proc/sys/net/ipv4/tcp_rmem",
				      .before = number_image("4096\t131072\t6291456"),
				      .after = number_image("4096 131072 8388608") };
	return (struct transaction){ .id = "x",
				     .sequence = 9223372036854775807u,
				     .time = "2026-01-02T03:04:05Z",
				     .profiles = "baseline",
				     .actor = { .command = "keeltune apply", .uid = 4294967294u },
				     .changes = changes,
				     .count = 3,
				     .directories = directories,
				     .directory_count = 2 };
}

static const char *encode(enum transaction_state state)
{
	struct transaction transaction = sample();
	const char *bytes[TRANSACTION_STATE_COUNT];

	ck_assert_int_eq(manifest_encode(pool, &transaction, bytes, &err), 0);
	return bytes[state];
}

/* ---- there and back ---------------------------------------------------------------------- */

START_TEST(what_is_encoded_is_decoded)
{
	const char *bytes = encode((enum transaction_state)_i);
	struct transaction read;

	ck_assert_ptr_null(manifest_decode(pool, "x", bytes, strlen(bytes), &read));
	ck_assert_int_eq(read.state, _i);
	ck_assert_ptr_nonnull(strstr(bytes, transaction_state_name(read.state)));
	ck_assert_uint_eq(read.sequence, 9223372036854775807u);
	ck_assert_ptr_null(read.machine_id);
	ck_assert_ptr_null(read.boot_id);
	ck_assert_ptr_null(read.actor.comment);
	ck_assert_uint_eq(read.actor.uid, 4294967294u);
	ck_assert_uint_eq(read.count, 3);
	ck_assert_str_eq(read.directories[0], "/etc/security");

	const struct change *file = &read.changes[0], *made = &read.changes[1];
	ck_assert_str_eq(file->before.sha256, manifest_digest(pool, "old\n", 4));
	ck_assert_str_eq(file->after.sha256, manifest_digest(pool, "new\n", 4));
	ck_assert_uint_eq(file->before.mode, 0640);
	ck_assert_uint_eq(file->before.uid, 1);
	ck_assert_uint_eq(file->before.gid, 2);
	ck_assert_uint_eq(file->before.xattr_count, 2);
	ck_assert_mem_eq(file->before.xattrs[0].bytes, "a\0\xff", 3);
	ck_assert_uint_eq(file->before.xattrs[1].size, 0);
	ck_assert_uint_eq(file->after.xattr_count, 0);
	ck_assert(made->release);
	ck_assert(!made->before.exists);
	ck_assert_uint_eq(made->id_count, 2);
	ck_assert_str_eq(made->ids[1], "limit:*:nofile:hard");
	ck_assert_str_eq(read.changes[2].before.bytes, "4096\t131072\t6291456");
	ck_assert_str_eq(read.changes[2].after.bytes, "4096 131072 8388608");
}
END_TEST

/* What was loaded is encoded again when its state changes. */
START_TEST(decoding_loses_nothing)
{
	const char *bytes = encode(TRANSACTION_APPLIED), *again[TRANSACTION_STATE_COUNT];
	struct transaction read;

	ck_assert_ptr_null(manifest_decode(pool, "x", bytes, strlen(bytes), &read));
	ck_assert_int_eq(manifest_encode(pool, &read, again, &err), 0);
	ck_assert_str_eq(again[TRANSACTION_APPLIED], bytes);
}
END_TEST

START_TEST(digests_are_those_of_sha256sum)
{
	ck_assert_str_eq(manifest_digest(pool, "", 0),
			 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	ck_assert_str_eq(manifest_digest(pool, "abc", 3),
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

/* ---- what cannot be encoded -------------------------------------------------------------- */

/* A manifest that could not be read back is worth nothing: refused before the first change. */
START_TEST(what_could_not_be_read_back_is_refused)
{
	struct transaction transaction = sample();
	struct change *file = &transaction.changes[0], *key = &transaction.changes[2];
	static struct xattr odd[] = { { "user.\xff", "x", 1 } };
	static char long_value[5000];
	const char *bytes[TRANSACTION_STATE_COUNT];

	switch (_i) {
	case 0:
		key->before = number_image("caf\xe9");
		break;
	case 1:
		key->after = number_image("caf\xe9");
		break;
	case 2:
		file->path = "/etc/sysctl.d/\xff.conf";
		break;
	case 3: /* where a link in sysctl.d may lead */
		file->path = "/opt/app/sysctl.conf";
		break;
	case 4:
		file->path = "/etc/ufw/sysctl.conf";
		break;
	case 5:
		file->path = "/etc/sysctl.d/a\nb.conf";
		break;
	case 6:
		file->before.mode = 02644;
		break;
	case 7:
		file->before.xattrs = odd;
		break;
	case 8:
		memset(long_value, '1', sizeof long_value - 1);
		key->before = number_image(long_value);
		break;
	case 9:
		transaction.id = "\xff";
		break;
	case 10: /* the key vanished: there is nothing that could be put back */
		key->before = (struct image){ .bytes = "" };
		break;
	}
	ck_assert_int_eq(manifest_encode(pool, &transaction, bytes, &err), -EINVAL);
	ck_assert_uint_gt(strlen(err.message), 10);
}
END_TEST

/* Text that nothing depends on must not stand in the way. */
START_TEST(a_comment_need_not_be_utf8)
{
	struct transaction transaction = sample(), read;
	const char *bytes[TRANSACTION_STATE_COUNT];

	transaction.actor.command = "keeltune apply caf\xe9";
	transaction.actor.comment = "\xff";
	ck_assert_int_eq(manifest_encode(pool, &transaction, bytes, &err), 0);
	ck_assert_ptr_null(manifest_decode(pool, "x", bytes[0], strlen(bytes[0]), &read));
	ck_assert_uint_eq(read.count, 3);
	ck_assert_ptr_nonnull(read.actor.command);
	ck_assert_ptr_nonnull(read.actor.comment);
}
END_TEST

/* ---- what others wrote ------------------------------------------------------------------- */

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FILE_IMAGE "{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"uid\": 0, \"gid\": 0}"
#define START "\"format\": 1, \"id\": \"x\", \"state\": \"applied\""
#define WHO "\"time\": \"t\", \"profiles\": \"p\""
#define MANIFEST(changes) "{" START ", " WHO ", \"changes\": [" changes "]}"
#define CHANGE(kind, path, before, after)                                      \
	"{\"kind\": \"" kind "\", \"path\": \"" path "\", \"before\": " before \
	", \"after\": " after "}"
#define FILE_CHANGE(path) MANIFEST(CHANGE("file", path, "null", FILE_IMAGE))
#define KEY_CHANGE(path) MANIFEST(CHANGE("sysctl", path, "\"1\"", "\"2\""))
#define IMAGE_CHANGE(image) MANIFEST(CHANGE("file", "/etc/pam.d/x", image, "null"))

static const struct {
	const char *manifest;
	const char *problem; /* NULL: accepted */
} foreign[] = {
	{ MANIFEST(""), NULL },
	{ FILE_CHANGE("/etc/pam.d/x"), NULL },
	{ KEY_CHANGE("/proc/sys/net/ipv4/x"), NULL },
	{ IMAGE_CHANGE(FILE_IMAGE), NULL },
	{ MANIFEST("{\"kind\": \"sysctl\", \"path\": \"/proc/sys/net/x\", \"id\": [7, \"a\"], "
		   "\"before\": \"1\", \"after\": \"2\"}"),
	  NULL },
	/* no JSON, not ours, another time */
	{ "", "line 1" },
	{ "{", "line 1" },
	{ "[]", "format" },
	{ "null", "line 1" },
	{ "{}", "format" },
	{ "{\"format\": 2, \"id\": \"x\"}", "format is not 1" },
	{ "{\"format\": \"1\", \"id\": \"x\"}", "format is not 1" },
	{ "{\"format\": 1, \"format\": 1}", "duplicate" },
	{ "{\"format\": 1, \"id\": \"y\", \"state\": \"applied\"}", "name of its directory" },
	{ "{\"format\": 1, \"state\": \"applied\"}", "name of its directory" },
	{ "{\"format\": 1, \"id\": \"x\", \"state\": \"done\"}", "state is unknown" },
	{ "{\"format\": 1, \"id\": \"x\"}", "state is unknown" },
	{ "{" START ", \"changes\": []}", "time or profiles" },
	{ "{" START ", " WHO "}", "no list of changes" },
	{ "{" START ", " WHO ", \"changes\": {}}", "no list of changes" },
	{ "{" START ", " WHO ", \"directories\": [\"/etc/cron.d\"], \"changes\": []}",
	  "never creates" },
	{ "{" START ", " WHO ", \"directories\": [\"/etc/..\"], \"changes\": []}",
	  "never creates" },
	/* places that keeltune does not write to */
	{ FILE_CHANGE("/etc/shadow"), "change 1" },
	{ FILE_CHANGE("/etc/sudoers.d/x"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/../shadow"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/.."), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/."), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/x/y"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d//x"), "change 1" },
	{ FILE_CHANGE("/etc/./pam.d/x"), "change 1" },
	{ FILE_CHANGE("//etc/pam.d/x"), "change 1" },
	{ FILE_CHANGE("etc/pam.d/x"), "change 1" },
	{ FILE_CHANGE(""), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/x\\ny"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/x\\u001b[31m"), "change 1" },
	{ FILE_CHANGE("/etc/pam.d/x\\u0000y"), "line 1" },
	{ FILE_CHANGE("/proc/sys/net/ipv4/x"), "change 1" },
	{ FILE_CHANGE("/etc/sysctl.conf.d"), "change 1" },
	{ FILE_CHANGE("/root/.ssh/authorized_keys"), "change 1" },
	{ KEY_CHANGE("/proc/sys/../sysrq-trigger"), "change 1" },
	{ KEY_CHANGE("/proc/sys/"), "change 1" },
	{ KEY_CHANGE("/proc/sysrq-trigger"), "change 1" },
	{ KEY_CHANGE("/etc/pam.d/x"), "change 1" },
	{ KEY_CHANGE("/proc/sys/net/.."), "change 1" },
	{ MANIFEST(CHANGE("link", "/etc/pam.d/x", "null", "null")), "change 1" },
	{ MANIFEST("17"), "change 1" },
	{ MANIFEST("{}"), "change 1" },
	{ MANIFEST(CHANGE("sysctl", "/proc/sys/net/x", "1", "\"2\"")), "change 1" },
	{ MANIFEST(CHANGE("sysctl", "/proc/sys/net/x", "null", "\"2\"")), "change 1" },
	{ MANIFEST("{\"kind\": \"file\", \"path\": \"/etc/pam.d/x\", \"before\": null}"),
	  "change 1" },
	{ MANIFEST(CHANGE("file", "/etc/pam.d/x", "null", "null") ", " CHANGE("file", "/etc/shadow",
									      "null", "null")),
	  "change 2" },
	{ MANIFEST(CHANGE("file", "/etc/pam.d/x", "null",
			  FILE_IMAGE) ", " CHANGE("file", "/etc/pam.d/x", "null", FILE_IMAGE)),
	  "changes 1 and 2 are of the same path" },
	{ "{" START ", " WHO ", \"netns\": {\"inode\": 1}, \"changes\": []}", "no name or inode" },
	{ "{" START ", " WHO ", \"netns\": {\"name\": \"n\"}, \"changes\": []}",
	  "no name or inode" },
	/* attributes that keeltune does not give */
	{ IMAGE_CHANGE("{\"sha256\": \"ab\", \"mode\": \"0644\", \"uid\": 0, \"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"4755\", \"uid\": 0, \"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0999\", \"uid\": 0, \"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": 420, \"uid\": 0, \"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"gid\": 0}"), "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"uid\": -1, \"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"uid\": 4294967295, "
		       "\"gid\": 0}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"uid\": 0, \"gid\": 0, "
		       "\"xattrs\": {\"user.x\": \"abc\"}}"),
	  "change 1" },
	{ IMAGE_CHANGE("{\"sha256\": \"" SHA "\", \"mode\": \"0644\", \"uid\": 0, \"gid\": 0, "
		       "\"xattrs\": {\"user.x\": \"zz\"}}"),
	  "change 1" },
};

START_TEST(foreign_manifests_are_not_believed)
{
	struct transaction read = { .count = 77 };
	const char *bytes = foreign[_i].manifest;
	const char *why = manifest_decode(pool, "x", bytes, strlen(bytes), &read);

	if (!foreign[_i].problem) {
		ck_assert_pstr_eq(why, NULL);
		return;
	}
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, foreign[_i].problem) != NULL, "%s", why);
	ck_assert_uint_eq(read.count, 77);
}
END_TEST

START_TEST(no_manifest_is_endless)
{
	struct transaction read;
	char *text = pool_alloc(pool, 20000);
	char *to = stpcpy(text, "{" START ", " WHO ", \"changes\": [0");

	for (int i = 0; i < 4096; i++)
		to = stpcpy(to, ",0");
	stpcpy(to, "]}");
	const char *why = manifest_decode(pool, "x", text, strlen(text), &read);
	ck_assert_pstr_eq(why, "it has more changes than keeltune makes");
}
END_TEST

/* Whatever byte is changed or missing: no other place comes in. */
START_TEST(damaged_manifests_name_no_other_place)
{
	const char *good = encode(TRANSACTION_APPLIED);
	size_t size = strlen(good);

	for (size_t at = (size_t)_i; at < size; at += 16) {
		static const char replacements[] = { '\0', '"', '/', '.', '}', '9', '\xff' };
		for (size_t i = 0; i <= sizeof replacements; i++) {
			char *bytes = pool_copy(pool, good, size);
			struct transaction read;
			if (i < sizeof replacements)
				bytes[at] = replacements[i];
			size_t length = i < sizeof replacements ? size : at;
			if (manifest_decode(pool, "x", bytes, length, &read))
				continue;
			for (size_t j = 0; j < read.count; j++)
				ck_assert(!strncmp(read.changes[j].path, "/etc/pam.d/", 11) ||
					  !strncmp(read.changes[j].path, "/etc/security/", 14) ||
					  !strncmp(read.changes[j].path, "/proc/sys/", 10));
		}
		pool_free(pool);
		pool = pool_new();
		good = encode(TRANSACTION_APPLIED);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *tests = tcase_create("manifest");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, what_is_encoded_is_decoded, 0, TRANSACTION_STATE_COUNT);
	tcase_add_test(tests, decoding_loses_nothing);
	tcase_add_test(tests, digests_are_those_of_sha256sum);
	tcase_add_loop_test(tests, what_could_not_be_read_back_is_refused, 0, 11);
	tcase_add_test(tests, a_comment_need_not_be_utf8);
	tcase_add_loop_test(tests, foreign_manifests_are_not_believed, 0,
			    sizeof foreign / sizeof *foreign);
	tcase_add_test(tests, no_manifest_is_endless);
	tcase_add_loop_test(tests, damaged_manifests_name_no_other_place, 0, 16);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
