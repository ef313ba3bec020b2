// SPDX-License-Identifier: MIT
/* The fixed cases, and what they share with the random ones, see limits-cases.h. */
#include "limits-cases.h"

#include "catalog.h"
#include "pool.h"

#include <inttypes.h>
#include <string.h>

#include "limits-kept.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char limits_usual_passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
				   "toor:x:0:100:another root:/root:/bin/sh\n"
				   "alice:x:1001:1001:Alice:/home/alice:/bin/bash\n"
				   "bob:x:1002:100::/home/bob:/bin/sh\n"
				   "DOM\\user:x:1003:60::/home/user:/bin/sh\n"
				   "1001:x:2000:2000::/:/bin/sh\n"
				   "big:x:4294967294:3000000000::/:/bin/sh\n";
const char limits_usual_group[] = "root:x:0:\n"
				  "wheel:x:10:root\n"
				  "staff:x:50:alice\n"
				  "dev:x:60:alice,bob\n"
				  "users:x:100:\n"
				  "alice:x:1001:\n"
				  "bob:x:1002:\n"
				  "2000:x:2000:\n"
				  "big:x:3000000000:\n"
				  "huge:x:4294967290:big,alice\n";

/* ---- the table of /proc/1/limits ------------------------------------------------------------ */

static const char *format_limit(struct pool *pool, rlim_t limit)
{
	return limit == RLIM_INFINITY ? "unlimited"
				      : pool_printf(pool, "%" PRIu64, (uint64_t)limit);
}

/* As proc_pid_limits() of fs/proc/base.c prints it; in the order of the resources, as lnames[]
 * there. */
const char *limits_format_table(struct pool *pool, const struct rlimit *limits)
{
	char *text = pool_printf(pool, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
				 "Hard Limit", "Units");
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	for (size_t i = 0; i < rows; i++) {
		const struct rlimit *limit = &limits[row[i].resource];
		bool has_unit = *row[i].kernel_unit;
		text = pool_printf(
			pool, has_unit ? "%s%-25s %-20s %-20s %-10s\n" : "%s%-25s %-20s %-20s %s\n",
			text, row[i].proc_label, format_limit(pool, limit->rlim_cur),
			format_limit(pool, limit->rlim_max), row[i].kernel_unit);
	}
	return text;
}

void limits_set_usual(struct pool *pool, struct limits_case *test)
{
	struct rlimit pid1[RLIM_NLIMITS];

	*test = (struct limits_case){ .file_count = 0 };
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		test->caller[i] = (struct rlimit){ 5000 + i, 6000 + i };
		pid1[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	}
	test->caller[RLIMIT_NOFILE] = (struct rlimit){ 1000, 2222 };
	test->caller[RLIMIT_NPROC] = (struct rlimit){ 3333, 4444 };
	pid1[RLIMIT_NOFILE] = (struct rlimit){ 8001, 8002 };
	pid1[RLIMIT_NPROC] = (struct rlimit){ 7001, 7002 };
	test->pid1 = limits_format_table(pool, pid1);
	test->user = "alice";
	test->arguments = "";
	test->nr_open = 1048576;
	test->capable = true;
	test->passwd = limits_usual_passwd;
	test->group = limits_usual_group;
}

void limits_add_file(struct limits_case *test, enum test_kind kind, const char *path,
		     const char *bytes, size_t size)
{
	if (test->file_count < COUNT(test->files))
		test->files[test->file_count++] = (struct test_file){ path, kind, bytes, size };
}

/* ---- fixed ---------------------------------------------------------------------------------- */

#define CONF "/etc/security/limits.conf"
#define DIR "/etc/security/limits.d"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X500 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50
#define O50 "00000000000000000000000000000000000000000000000000"
#define O500 O50 O50 O50 O50 O50 O50 O50 O50 O50 O50
#define S50 "                                                  "
#define S500 S50 S50 S50 S50 S50 S50 S50 S50 S50 S50

static const struct {
	const char *name, *user, *conf;
} lines[] = {
	{ "above nr_open", NULL, "alice - nofile 2000000\n" },
	{ "soft above nr_open", NULL, "alice soft nofile 2000000\n" },
	{ "hard at nr_open", NULL, "alice hard nofile 1048576\n" },
	{ "hard above, then another", NULL, "alice hard nofile 1048577\nalice - nproc 77\n" },
	{ "hard below the soft one", NULL, "alice hard nofile 500\n" },
	{ "soft above hard", NULL, "alice soft nofile 900\nalice hard nofile 800\n" },
	{ "nofile unlimited", NULL, "alice - nofile unlimited\n" },
	{ "nofile -1", NULL, "alice - nofile -1\n" },
	{ "nofile infinity", NULL, "alice - nofile infinity\n" },
	{ "nofile -", NULL, "alice - nofile -\n" },
	{ "nofile -2", NULL, "alice - nofile -2\n" },
	{ "nofile 2^64-2", NULL, "alice - nofile 18446744073709551614\n" },
	{ "nofile overflow", NULL, "alice - nofile 99999999999999999999999\n" },
	{ "UNLIMITED", NULL, "alice - nproc UNLIMITED\n" },
	{ "unlimted", NULL, "alice - nproc unlimted\n" },
	{ "suffixes", NULL, "alice - nproc 10k\nalice soft nofile 1024.5\nalice - locks 0x40\n" },
	{ "signs", NULL, "alice - nproc +64\nalice - locks 1e4\nalice - msgqueue - 5\n" },
	{ "units", NULL,
	  "alice - core 100\nalice - memlock 64\nalice - stack 9000\nalice - cpu 5\n"
	  "alice - msgqueue 1000\nalice - as 5\nalice - rss 1\nalice - data 2\nalice - fsize 3\n" },
	{ "largest", NULL,
	  "alice - memlock 18014398509481983\nalice - core 18014398509481982\n"
	  "alice - cpu 307445734561825860\nalice - as 18446744073709551615\n" },
	{ "nice", NULL, "alice - nice -20\n" },
	{ "nice 25", NULL, "alice - nice 25\n" },
	{ "nice unlimited", NULL, "alice - nice unlimited\n" },
	{ "nice huge", NULL, "alice - nice -99999999999999999999\n" },
	{ "rtprio", NULL, "alice - rtprio 99\n" },
	{ "rttime", NULL, "alice - rttime 1000\n" },
	{ "nonewprivs", NULL, "alice xyz nonewprivs 1\n" },
	{ "chroot", NULL, "alice - chroot /jail\n" },
	{ "chroot missing", NULL, "alice - chroot /nowhere\n" },
	{ "chroot in capitals", NULL, "alice - chroot /JAIL\n" },
	{ "maxlogins 0", NULL, "alice - maxlogins 0\n" },
	{ "maxlogins 0 for root", "root", "root - maxlogins 0\n" },
	{ "maxlogins shared", NULL, "alice - maxlogins 0\nalice - maxsyslogins 5\n" },
	{ "maxlogins weaker", NULL, "alice - maxlogins 5\n* - maxlogins 0\n" },
	{ "maxlogins -1", NULL, "alice - maxlogins -1\n" },
	{ "%group maxlogins", NULL, "%staff - maxlogins 0\n" },
	{ "%group maxsyslogins", NULL, "%staff - maxsyslogins 0\n" },
	{ "nofile 0", NULL, "alice - nofile 0\n" },
	{ "bad values", NULL, "alice - nofile abc\nalice - nofile \"2000\"\nalice - nproc 9\n" },
	{ "no final newline", NULL, "alice - nofile 300" },
	{ "CRLF", NULL, "alice - nofile 300\r\nalice - nproc unlimited\r\n" },
	{ "five fields", NULL, "alice - nofile 300 extra words\nalice - nproc unlimited extra\n" },
	{ "padded", NULL, "\t alice\t-\t nproc \t unlimited \t \n" },
	{ "glued comment", NULL, "alice - nofile 300#x\nalice - nproc unlimited # note\n" },
	{ "digits apart", NULL, "alice - nofile 1 000 000\n" },
	{ "quotes", NULL, "\"alice\" - nofile 300\n" },
	{ "capitals", NULL, "ALICE - nofile 300\nalice HARD NoFile 400\n" },
	{ "bad lines", NULL,
	  "alice maybe nofile 300\nalice - bogus 300\nalice - nofile\ngarbage\n"
	  "alice - nproc 9\n" },
	{ "BOM", NULL,
	  "\xef\xbb\xbf"
	  "alice - nofile 300\nalice - nproc 9\n" },
	{ "long value", NULL, "alice - nofile " O500 O500 O50 O50 "300\n" },
	{ "long comment", NULL, "#" X500 X500 X50 "\nalice - nproc 9\n" },
	{ "rule behind byte 1023", NULL,
	  "#" X500 X50 X50 X50 X50 X50 X50 X50 X50 X50
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxalice - nofile "
	  "300\n" },
	{ "long blanks", NULL, "alice - nofile 300" S500 S500 S50 S50 "\nalice - nproc 9\n" },
	{ "backslash", NULL, "alice - nofile 300 \\\nalice - nproc 9\n" },
	{ "VT and FF", NULL, "alice\v-\fnofile\v300\n" },
	{ "NBSP", NULL, "alice\xc2\xa0- nofile 300\n" },
	{ "types", NULL, "alice = nofile 300\nalice : nproc 9\n" },
	{ "list", NULL, "alice, bob - nofile 300\nalice,bob - nproc 9\n" },
	{ "root *", "root", "* - nofile 300\n" },
	{ "root groups", "root", "@wheel - nofile 300\n@root - nproc 9\n" },
	{ "root 0:", "root", "0: - nofile 300\n:0 - nproc 9\n" },
	{ "root @:0", "root", "@:0 - nofile 300\n@0:100 - nproc 9\n" },
	{ "root %:0", "root", "%:0 - nofile 300\n" },
	{ "toor", "toor", "root - nofile 300\n@60:200 - nproc 9\n@0:50 - locks 4\n" },
	{ "levels", NULL, "alice - nofile 300\n@staff - nofile 400\n* - nofile 500\n" },
	{ "levels reversed", NULL, "* - nofile 500\n@staff - nofile 400\nalice - nofile 300\n" },
	{ "soft, then -", NULL, "alice soft nofile 300\n* - nofile 500\n" },
	{ "-, then soft", NULL, "* - nofile 500\nalice soft nofile 300\n" },
	{ "hard, then -", NULL, "alice hard nofile 900\n* - nofile 500\n" },
	{ "three levels", NULL, "@staff soft nofile 500\nalice hard nofile 600\n* - nofile 700\n" },
	{ "same level", NULL,
	  "alice - nofile 300\nalice - nofile 400\n@staff - nproc 5\n@dev - nproc 6\n" },
	{ "primary group", NULL, "@alice - nofile 300\n@STAFF - nofile 400\n" },
	{ "uid ranges", NULL, "1001:1001 - nofile 300\n:1001 - nproc 9\n1000: - locks 4\n" },
	{ "uid ranges outside", NULL,
	  "1002:2000 - nofile 300\n1500:1000 - nproc 9\n1001 - locks 4\n" },
	{ "user called as a uid", "1001", "1001 - nofile 300\n" },
	{ "range after user", NULL, "alice - nofile 300\n1000: - nofile 400\n" },
	{ "gid ranges", NULL,
	  "@:50 - nofile 300\n@50:60 - nproc 9\n@1000:1100 - locks 4\n@50 - rss 1\n" },
	{ "%group", NULL, "%staff - nofile 300\n% - nproc 9\n" },
	{ "bad range", NULL,
	  "abc: - nofile 300\n: - nofile 300\n@: - nofile 300\n1:b - nofile 3\nalice - nproc 9\n" },
	{ "no globs", NULL,
	  "!alice - nofile 300\n** - nofile 301\nali* - nofile 302\n@@staff - nofile 3\n@ - nofile "
	  "4\n" },
	{ "backslash in a name", "DOM\\user", "DOM\\user - nofile 300\n" },
	{ "alice - after", NULL, "alice - nofile 300\nalice -\n" },
	{ "alice - before", NULL, "alice -\nalice - nofile 300\n" },
	{ "* -", NULL, "* -\n%staff -\n* - nofile 300\n" },
	{ "@staff -", NULL, "* - nofile 300\n@staff -\n" },
	{ "1000: -", NULL, "* - nofile 300\n1000: -\n" },
	{ "%1000:2000 -", NULL, "* - nofile 300\n%1000:2000 -\n" },
	{ "@root - for root", "root", "root - nofile 300\n@root -\n" },
	{ "-nofile", NULL, "alice -nofile\n* - nofile 400\n" },
	{ "-nofile 300", NULL, "alice -nofile 300\n* - nofile 400\n" },
	{ "wrapped ranges", NULL, "-1: - nofile 300\n4294967296: - nproc 9\n" },
	{ "unknown user", "ghost", "* - nofile 300\n" },
	{ "empty", NULL, "" },
};

static const struct {
	const char *name, *arguments;
	struct {
		const char *path, *bytes;
		enum test_kind kind;
	} files[5];
} trees[] = {
	{ "later file wins",
	  "",
	  { { CONF, "* - nofile 300\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "* - nofile 400\n", TEST_FILE } } },
	{ "a user beats *",
	  "",
	  { { CONF, "alice - nofile 300\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "* - nofile 400\n", TEST_FILE } } },
	{ "order of names",
	  "",
	  { { CONF, "", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/9-a.conf", "* - nofile 9\n", TEST_FILE },
	    { DIR "/10-a.conf", "* - nofile 10\n", TEST_FILE },
	    { DIR "/B.conf", "* - nproc 3\n", TEST_FILE } } },
	{ "other names",
	  "",
	  { { CONF, "", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.txt", "* - nofile 9\n", TEST_FILE },
	    { DIR "/.b.conf", "* - nofile 10\n", TEST_FILE },
	    { DIR "/c.CONF", "* - nofile 11\n", TEST_FILE } } },
	{ "directory",
	  "",
	  { { CONF, "", TEST_DIRECTORY },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/m.conf", "", TEST_DIRECTORY },
	    { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "null device",
	  "",
	  { { CONF, "/dev/null", TEST_LINK },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "missing",
	  "",
	  { { DIR, "", TEST_DIRECTORY }, { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "dangling",
	  "",
	  { { CONF, "nowhere", TEST_LINK },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "a link to a drop-in",
	  "",
	  { { CONF, "limits.d/a.conf", TEST_LINK },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "loop", "", { { CONF, "limits.conf", TEST_LINK } } },
	{ "dangling drop-in",
	  "",
	  { { CONF, "* - nofile 9\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "nowhere", TEST_LINK },
	    { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "exempt before a dangling drop-in",
	  "",
	  { { CONF, "alice -\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "nowhere", TEST_LINK } } },
	{ "looping drop-in",
	  "",
	  { { CONF, "* - nofile 9\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "a.conf", TEST_LINK } } },
	{ "no newline between files",
	  "",
	  { { CONF, "* - nofile 9", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "* - nproc 8", TEST_FILE },
	    { DIR "/b.conf", "00 - nproc 8", TEST_FILE } } },
	{ "limits.d is a file",
	  "",
	  { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "x", TEST_FILE } } },
	{ "alice - in limits.d",
	  "",
	  { { CONF, "* - nofile 9\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "alice -\n", TEST_FILE } } },
	{ "conf=",
	  "conf=/etc/security/o.conf",
	  { { CONF, "* - nofile 9\n", TEST_FILE },
	    { DIR, "", TEST_DIRECTORY },
	    { DIR "/a.conf", "* - nproc 8\n", TEST_FILE },
	    { "/etc/security/o.conf", "* - locks 7\n", TEST_FILE } } },
	{ "conf= missing", "conf=/etc/security/o.conf", { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "conf= empty", "conf=", { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "conf= twice",
	  "conf=/etc/security/x.conf conf=/etc/security/o.conf",
	  { { "/etc/security/o.conf", "* - locks 7\n", TEST_FILE } } },
	{ "unknown options",
	  "CONF=/x debug change_uid \"conf=/y\"",
	  { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "set_all", "set_all", { { CONF, "* soft nofile 5000\n", TEST_FILE } } },
	{ "only soft", "", { { CONF, "* soft nofile 5000\n", TEST_FILE } } },
};

static void set_kept(const struct kept_case *from, struct limits_case *test)
{
	test->name = from->name;
	test->user = from->user;
	test->arguments = from->arguments;
	test->nr_open = from->nr_open;
	test->capable = from->capable;
	for (size_t i = 0; i < COUNT(from->files) && from->files[i].path; i++)
		limits_add_file(test, from->files[i].kind, from->files[i].path,
				from->files[i].bytes, from->files[i].size);
}

size_t fixed_case_count(void)
{
	return COUNT(lines) + COUNT(trees) + COUNT(kept);
}

void fixed_case(struct pool *pool, size_t number, struct limits_case *ret)
{
	struct limits_case test = { .file_count = 0 };

	limits_set_usual(pool, &test);
	if (number < COUNT(lines)) {
		const char *conf = lines[number].conf;
		test.name = lines[number].name;
		test.user = lines[number].user ? lines[number].user : "alice";
		limits_add_file(&test, TEST_FILE, CONF, conf, strlen(conf));
		*ret = test;
		return;
	}
	number -= COUNT(lines);
	if (number >= COUNT(trees)) {
		set_kept(&kept[number - COUNT(trees)], &test);
		*ret = test;
		return;
	}
	test.name = trees[number].name;
	test.arguments = trees[number].arguments;
	for (size_t i = 0; i < COUNT(trees[number].files) && trees[number].files[i].path; i++)
		limits_add_file(&test, trees[number].files[i].kind, trees[number].files[i].path,
				trees[number].files[i].bytes, strlen(trees[number].files[i].bytes));
	*ret = test;
}
