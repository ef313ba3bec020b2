// SPDX-License-Identifier: MIT
/* Made-up hosts, see limits-cases.h. Pure: the same seed and number give the same host. */
#include "limits-cases.h"

#include "catalog.h"
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char usual_passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
				   "toor:x:0:100:another root:/root:/bin/sh\n"
				   "alice:x:1001:1001:Alice:/home/alice:/bin/bash\n"
				   "bob:x:1002:100::/home/bob:/bin/sh\n"
				   "DOM\\user:x:1003:60::/home/user:/bin/sh\n"
				   "1001:x:2000:2000::/:/bin/sh\n";
static const char usual_group[] = "root:x:0:\n"
				  "wheel:x:10:root\n"
				  "staff:x:50:alice\n"
				  "dev:x:60:alice,bob\n"
				  "users:x:100:\n"
				  "alice:x:1001:\n"
				  "bob:x:1002:\n"
				  "2000:x:2000:\n";

/* ---- the table of /proc/1/limits ------------------------------------------------------------ */

static const char *format_limit(struct pool *pool, rlim_t limit)
{
	return limit == RLIM_INFINITY ? "unlimited"
				      : pool_printf(pool, "%" PRIu64, (uint64_t)limit);
}

/* As proc_pid_limits() of fs/proc/base.c prints it; in the order of the resources, as lnames[]
 * there. */
static const char *format_limits(struct pool *pool, const struct rlimit *limits)
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

static void set_usual(struct pool *pool, struct limits_case *test)
{
	struct rlimit pid1[RLIM_NLIMITS];

	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		test->caller[i] = (struct rlimit){ 5000 + i, 6000 + i };
		pid1[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	}
	test->caller[RLIMIT_NOFILE] = (struct rlimit){ 1000, 2222 };
	test->caller[RLIMIT_NPROC] = (struct rlimit){ 3333, 4444 };
	pid1[RLIMIT_NOFILE] = (struct rlimit){ 8001, 8002 };
	pid1[RLIMIT_NPROC] = (struct rlimit){ 7001, 7002 };
	test->pid1 = format_limits(pool, pid1);
	test->user = "alice";
	test->arguments = "";
	test->nr_open = 1048576;
	test->capable = true;
	test->passwd = usual_passwd;
	test->group = usual_group;
}

static void add_file(struct limits_case *test, enum test_kind kind, const char *path,
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

/* clang-format off */
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
	{ "units", NULL, "alice - core 100\nalice - memlock 64\nalice - stack 9000\nalice - cpu 5\n"
	  "alice - msgqueue 1000\nalice - as 5\nalice - rss 1\nalice - data 2\nalice - fsize 3\n" },
	{ "largest", NULL, "alice - memlock 18014398509481983\nalice - core 18014398509481982\n"
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
	{ "bad lines", NULL, "alice maybe nofile 300\nalice - bogus 300\nalice - nofile\ngarbage\n"
	  "alice - nproc 9\n" },
	{ "BOM", NULL, "\xef\xbb\xbf" "alice - nofile 300\nalice - nproc 9\n" },
	{ "long value", NULL, "alice - nofile " O500 O500 O50 O50 "300\n" },
	{ "long comment", NULL, "#" X500 X500 X50 "\nalice - nproc 9\n" },
	{ "rule behind byte 1023", NULL, "#" X500 X50 X50 X50 X50 X50 X50 X50 X50 X50
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxalice - nofile 300\n" },
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
	{ "same level", NULL, "alice - nofile 300\nalice - nofile 400\n@staff - nproc 5\n@dev - nproc 6\n" },
	{ "primary group", NULL, "@alice - nofile 300\n@STAFF - nofile 400\n" },
	{ "uid ranges", NULL, "1001:1001 - nofile 300\n:1001 - nproc 9\n1000: - locks 4\n" },
	{ "uid ranges outside", NULL, "1002:2000 - nofile 300\n1500:1000 - nproc 9\n1001 - locks 4\n" },
	{ "user called as a uid", "1001", "1001 - nofile 300\n" },
	{ "range after user", NULL, "alice - nofile 300\n1000: - nofile 400\n" },
	{ "gid ranges", NULL, "@:50 - nofile 300\n@50:60 - nproc 9\n@1000:1100 - locks 4\n@50 - rss 1\n" },
	{ "%group", NULL, "%staff - nofile 300\n% - nproc 9\n" },
	{ "bad range", NULL, "abc: - nofile 300\n: - nofile 300\n@: - nofile 300\n1:b - nofile 3\nalice - nproc 9\n" },
	{ "no globs", NULL, "!alice - nofile 300\n** - nofile 301\nali* - nofile 302\n@@staff - nofile 3\n@ - nofile 4\n" },
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
	struct { const char *path, *bytes; enum test_kind kind; } files[5];
} trees[] = {
	{ "later file wins", "", { { CONF, "* - nofile 300\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "* - nofile 400\n", TEST_FILE } } },
	{ "a user beats *", "", { { CONF, "alice - nofile 300\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "* - nofile 400\n", TEST_FILE } } },
	{ "order of names", "", { { CONF, "", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/9-a.conf", "* - nofile 9\n", TEST_FILE }, { DIR "/10-a.conf", "* - nofile 10\n", TEST_FILE },
	  { DIR "/B.conf", "* - nproc 3\n", TEST_FILE } } },
	{ "other names", "", { { CONF, "", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.txt", "* - nofile 9\n", TEST_FILE }, { DIR "/.b.conf", "* - nofile 10\n", TEST_FILE },
	  { DIR "/c.CONF", "* - nofile 11\n", TEST_FILE } } },
	{ "directory", "", { { CONF, "", TEST_DIRECTORY }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/m.conf", "", TEST_DIRECTORY }, { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "null device", "", { { CONF, "/dev/null", TEST_LINK }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "missing", "", { { DIR, "", TEST_DIRECTORY }, { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "dangling", "", { { CONF, "nowhere", TEST_LINK }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "a link to a drop-in", "", { { CONF, "limits.d/a.conf", TEST_LINK }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "loop", "", { { CONF, "limits.conf", TEST_LINK } } },
	{ "dangling drop-in", "", { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "nowhere", TEST_LINK }, { DIR "/z.conf", "* - nofile 10\n", TEST_FILE } } },
	{ "exempt before a dangling drop-in", "", { { CONF, "alice -\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "nowhere", TEST_LINK } } },
	{ "looping drop-in", "", { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "a.conf", TEST_LINK } } },
	{ "no newline between files", "", { { CONF, "* - nofile 9", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "* - nproc 8", TEST_FILE }, { DIR "/b.conf", "00 - nproc 8", TEST_FILE } } },
	{ "limits.d is a file", "", { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "x", TEST_FILE } } },
	{ "alice - in limits.d", "", { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "alice -\n", TEST_FILE } } },
	{ "conf=", "conf=/etc/security/o.conf", { { CONF, "* - nofile 9\n", TEST_FILE }, { DIR, "", TEST_DIRECTORY },
	  { DIR "/a.conf", "* - nproc 8\n", TEST_FILE }, { "/etc/security/o.conf", "* - locks 7\n", TEST_FILE } } },
	{ "conf= missing", "conf=/etc/security/o.conf", { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "conf= empty", "conf=", { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "conf= twice", "conf=/etc/security/x.conf conf=/etc/security/o.conf",
	  { { "/etc/security/o.conf", "* - locks 7\n", TEST_FILE } } },
	{ "unknown options", "CONF=/x debug change_uid \"conf=/y\"", { { CONF, "* - nofile 9\n", TEST_FILE } } },
	{ "set_all", "set_all", { { CONF, "* soft nofile 5000\n", TEST_FILE } } },
	{ "only soft", "", { { CONF, "* soft nofile 5000\n", TEST_FILE } } },
};
/* clang-format on */

size_t fixed_case_count(void)
{
	return COUNT(lines) + COUNT(trees);
}

void fixed_case(struct pool *pool, size_t number, struct limits_case *ret)
{
	struct limits_case test = { .file_count = 0 };

	set_usual(pool, &test);
	if (number < COUNT(lines)) {
		const char *conf = lines[number].conf;
		test.name = lines[number].name;
		test.user = lines[number].user ? lines[number].user : "alice";
		add_file(&test, TEST_FILE, CONF, conf, strlen(conf));
		*ret = test;
		return;
	}
	number -= COUNT(lines);
	test.name = trees[number].name;
	test.arguments = trees[number].arguments;
	for (size_t i = 0; i < COUNT(trees[number].files) && trees[number].files[i].path; i++)
		add_file(&test, trees[number].files[i].kind, trees[number].files[i].path,
			 trees[number].files[i].bytes, strlen(trees[number].files[i].bytes));
	*ret = test;
}

/* ---- random --------------------------------------------------------------------------------- */

struct maker {
	struct pool *pool;
	uint64_t state;
	char bytes[16384];
	size_t size;
};

/* splitmix64 */
static uint64_t next(struct maker *maker)
{
	uint64_t z = maker->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t below(struct maker *maker, size_t bound)
{
	return (size_t)(next(maker) % bound);
}

static bool one_in(struct maker *maker, size_t times)
{
	return below(maker, times) == 0;
}

#define PICK(maker, array) ((array)[below((maker), COUNT(array))])

static void add_bytes(struct maker *maker, const char *bytes, size_t size)
{
	if (size > sizeof maker->bytes - maker->size)
		size = sizeof maker->bytes - maker->size;
	memcpy(maker->bytes + maker->size, bytes, size);
	maker->size += size;
}

static void add(struct maker *maker, const char *text)
{
	add_bytes(maker, text, strlen(text));
}

static void add_noise(struct maker *maker, size_t most)
{
	static const char usual[] = "alice@%:*-#soft hard nofile\t\r\v\f 0123456789\\\"'";

	for (size_t i = below(maker, most) + 1; i; i--) {
		char c = one_in(maker, 4) ? (char)next(maker) : usual[below(maker, sizeof usual)];
		add_bytes(maker, &c, 1);
	}
}

static void add_padding(struct maker *maker)
{
	char c = PICK(maker, " 0x\t");

	for (size_t i = 900 + below(maker, 250); i; i--)
		add_bytes(maker, &c, 1);
}

static const char *const domains[] = {
	"alice",
	"alice",
	"alice",
	"alice",
	"*",
	"*",
	"*",
	"*",
	"@staff",
	"@staff",
	"@dev",
	"@dev",
	"@alice",
	"@users",
	"root",
	"root",
	"toor",
	"bob",
	"bob",
	"@wheel",
	"@root",
	"@2000",
	"@nogroup",
	"@:50",
	"@:60",
	"@:100",
	"@:0",
	"@:1001",
	"@:77",
	"@1000:1100",
	"@50:60",
	"@0:50",
	"@60:200",
	"@1000:",
	"@0:",
	"@-1:",
	"@50",
	"@",
	"@@staff",
	"%staff",
	"%dev",
	"%",
	"%:50",
	"%:0",
	"%0:50",
	"%1000:2000",
	"%:77",
	"%nogroup",
	"1001:1001",
	":1001",
	":0",
	":1002",
	"1000:",
	"1000:2000",
	"0:",
	"0:0",
	"0:1001",
	"1002:",
	"-1:",
	"4294967296:",
	"4294968297:4294968297",
	":4294968297",
	"1500:1000",
	"abc:",
	":",
	"::",
	"@:",
	"%:",
	"5:abc",
	"5:6:7",
	"+1000:+2000",
	"-0:",
	"99999999999999999999:",
	"0:99999999999999999999",
	"0x10:",
	"1000:2000x",
	"1001",
	"**",
	"!alice",
	"ali*",
	"ALICE",
	"Alice",
	"DOM\\user",
	"DOM\\\\user",
	"alice,bob",
	"\"alice\"",
	"alice@x",
	"<user>",
	"@staff,dev",
	"\xef\xbb\xbf"
	"alice",
	"al\xc3\xaf"
	"ce",
};
static const char *const types[] = {
	"soft", "soft", "soft", "hard", "hard", "hard", "-",       "-",         "-",
	"-",    "SOFT", "Hard", "=",    "both", "--",   "-nofile", "soft,hard", "so\xe9t",
};
static const char *const items[] = {
	"nofile", "nofile",    "nofile",     "nofile",       "nofile",   "nproc",      "nproc",
	"core",   "data",      "fsize",      "memlock",      "rss",      "stack",      "cpu",
	"as",     "locks",     "sigpending", "msgqueue",     "nice",     "nice",       "rtprio",
	"rttime", "maxlogins", "maxlogins",  "maxsyslogins", "priority", "nonewprivs", "chroot",
	"NOFILE", "NProc",     "nofiles",    "no-file",      "open",     "\"nofile\"",
};
static const char *const values[] = {
	"unlimited",
	"UNLIMITED",
	"infinity",
	"Infinity",
	"-1",
	"-",
	"-2",
	"-0",
	"0",
	"1",
	"00",
	"0300",
	"+64",
	"+-5",
	"-+5",
	"10k",
	"65535k",
	"1e4",
	"0x40",
	"1024.5",
	"1,024",
	"1_000",
	"abc",
	"unlimted",
	"unlimited;",
	"\"2000\"",
	"300#x",
	"1048576",
	"1048577",
	"2000000",
	"18446744073709551615",
	"18446744073709551614",
	"18446744073709551616",
	"99999999999999999999999",
	"-18446744073709551615",
	"-18446744073709551616",
	"-99999999999999999999999",
	"18014398509481982",
	"18014398509481983",
	"18014398509481984",
	"307445734561825860",
	"307445734561825861",
	"9223372036854775807",
	"9223372036854775808",
	"-20",
	"-21",
	"19",
	"20",
	"2147483647",
	"2147483648",
	"-2147483648",
	"-2147483649",
	"/jail",
	"/JAIL",
	"jail",
	"/nowhere",
	"/jail/file",
	"${LIMIT}",
	"{{ n }}",
	"\xd9\xa3\xd9\xa0",
	"-1x",
	"- 1",
	"unlimited\r",
	"300\r",
	"\v300",
};
static const char *const separators[] = {
	" ",        " ",  " ",  " ",  " ",   " ",        "\t",   "\t", "  ",  " \t ",
	"        ", "\v", "\f", "\r", "\r ", "\xc2\xa0", "\xa0", "",   "\\ ", " \v\f ",
};
static const char *const endings[] = {
	"",
	"",
	"",
	"",
	"",
	"",
	"",
	" ",
	"\t ",
	"\r",
	" \r",
	"#x",
	" # a comment",
	" extra",
	" extra words # x",
	" \\",
	"\\",
	" ;",
	"\v",
	"\f",
	"\xc2\xa0",
	"# \\",
};
static const char *const beginnings[] = { " ", "\t", "\v",           "\r",   "\f", "  \t",
					  "#", ";",  "\xef\xbb\xbf", "\n\n", "\\" };

static void add_value(struct maker *maker)
{
	if (one_in(maker, 2))
		add(maker, pool_printf(maker->pool, "%zu", below(maker, 12000)));
	else if (one_in(maker, 8))
		add(maker, pool_printf(maker->pool, "%s%" PRIu64, one_in(maker, 3) ? "-" : "",
				       next(maker) >> below(maker, 64)));
	else
		add(maker, PICK(maker, values));
}

static void add_separator(struct maker *maker)
{
	if (one_in(maker, 300))
		add_padding(maker);
	else if (one_in(maker, 4))
		add(maker, PICK(maker, separators));
	else
		add(maker, " ");
}

static void add_line(struct maker *maker)
{
	size_t fields = one_in(maker, 12) ? below(maker, 5) : 4;
	bool exempts = one_in(maker, 60);

	if (one_in(maker, 40)) {
		add_noise(maker, 80);
		add(maker, "\n");
		return;
	}
	if (one_in(maker, 15))
		add(maker, PICK(maker, beginnings));
	if (one_in(maker, 300))
		add_padding(maker);
	if (fields > 0)
		add(maker, PICK(maker, domains));
	if (exempts) {
		add_separator(maker);
		add(maker, one_in(maker, 3) ? PICK(maker, types) : "-");
		fields = 0;
	}
	if (fields > 1) {
		add_separator(maker);
		add(maker, PICK(maker, types));
	}
	if (fields > 2) {
		add_separator(maker);
		add(maker, PICK(maker, items));
	}
	if (fields > 3) {
		add_separator(maker);
		add_value(maker);
	}
	add(maker, one_in(maker, 3) ? PICK(maker, endings) : "");
	if (one_in(maker, 100))
		add_bytes(maker, "\0", 1);
	if (one_in(maker, 100))
		add_noise(maker, 10);
	if (!one_in(maker, 60))
		add(maker, "\n");
}

static void add_random_file(struct maker *maker, struct limits_case *test, const char *path)
{
	static const char *const targets[] = { "nowhere", "/dev/null",      "limits.conf",
					       "a.conf",  "../limits.conf", ".",
					       "m.conf" };

	if (one_in(maker, 40)) {
		const char *target = PICK(maker, targets);
		add_file(test, TEST_LINK, path, target, strlen(target));
		return;
	}
	if (one_in(maker, 60)) {
		add_file(test, TEST_DIRECTORY, path, "", 0);
		return;
	}
	maker->size = 0;
	for (size_t i = below(maker, 12); i; i--)
		add_line(maker);
	add_file(test, TEST_FILE, path, pool_copy(maker->pool, maker->bytes, maker->size),
		 maker->size);
}

static void make_files(struct maker *maker, struct limits_case *test, const char *root)
{
	static const char *const names[] = { "a.conf",    "10-x.conf", "9-x.conf", "B.conf",
					     "_.conf",    "z.conf",    ".h.conf",  ".conf",
					     "x.txt",     "y.CONF",    "m.conf",   "conf",
					     "\xff.conf", "a b.conf" };
	struct pool *pool = maker->pool;
	const char *directory = pool_printf(pool, "%s/limits.d", root);

	if (!one_in(maker, 50))
		add_random_file(maker, test, pool_printf(pool, "%s/limits.conf", root));
	if (one_in(maker, 8))
		return;
	if (one_in(maker, 60)) {
		add_file(test, TEST_FILE, directory, "", 0);
		return;
	}
	add_file(test, TEST_DIRECTORY, directory, "", 0);
	for (size_t i = 0; i < COUNT(names); i++)
		if (one_in(maker, 5))
			add_random_file(maker, test,
					pool_printf(pool, "%s/%s", directory, names[i]));
}

static const char *make_accounts(struct maker *maker, const char *usual)
{
	static const char *const oddities[] = {
		"# comment\n",
		"\n",
		"   \n",
		"+\n",
		"+alice:x:7:7:::\n",
		"-bob\n",
		"broken\n",
		"broken:x\n",
		"broken:x:abc:5:::\n",
		"alice:x:1005:1005:::/bin/sh\n",
		"  staff:x:51:alice\n",
		"staff:x:61:bob\n",
		"two:x:50:alice,root,\n",
		"dev2:x:60: alice ,bob\n",
		"empty:x::x\n",
		":x:1:1:::\n",
		"x:y:4294967295:alice\n",
		"huge:x:99999999999999999999:bob,toor\n",
		"extra:x:70:alice:more:fields:here\n",
		"nomembers:x:71\n",
	};

	if (one_in(maker, 3))
		return usual;
	maker->size = 0;
	while (*usual) {
		size_t size = strcspn(usual, "\n") + 1;
		if (one_in(maker, 6))
			add(maker, PICK(maker, oddities));
		if (!one_in(maker, 12))
			add_bytes(maker, usual, size);
		usual += size;
	}
	if (one_in(maker, 6))
		add(maker, PICK(maker, oddities));
	return pool_copy(maker->pool, maker->bytes, maker->size);
}

static struct rlimit make_limit(struct maker *maker)
{
	uint64_t hard = one_in(maker, 3) ? RLIM_INFINITY : next(maker) >> below(maker, 64);
	uint64_t soft = one_in(maker, 3) ? hard : next(maker) >> below(maker, 64);

	return (struct rlimit){ soft < hard ? soft : hard, hard };
}

void random_case(struct pool *pool, unsigned long seed, unsigned long number,
		 struct limits_case *ret)
{
	static const char *const users[] = { "alice", "alice", "alice",     "alice", "bob",  "root",
					     "root",  "toor",  "DOM\\user", "1001",  "ghost" };
	static const char *const arguments[] = {
		"",
		"",
		"",
		"",
		"",
		"",
		"",
		"",
		"debug",
		"set_all",
		"set_all noaudit",
		"conf=/etc/security/o.conf",
		"conf=/etc/security/limits.d/a.conf set_all",
		"conf=",
		"utmp_early foo",
		"conf=/etc/security/missing.conf",
		"conf=/x conf=/etc/security/limits.conf",
		"SET_ALL",
	};
	static const uint64_t ceilings[] = { 64, 1024, 4096, 8192, 1048576, 1048576, 1073741816 };
	struct maker *maker = pool_alloc(pool, sizeof *maker);
	struct rlimit pid1[RLIM_NLIMITS];
	struct limits_case test = { .name = "random" };

	*maker = (struct maker){ .pool = pool, .state = seed * UINT64_C(1000003) + number };
	next(maker);
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		test.caller[i] = make_limit(maker);
		pid1[i] = make_limit(maker);
	}
	test.nr_open = PICK(maker, ceilings);
	if (!one_in(maker, 5)) {
		test.caller[RLIMIT_NOFILE] = (struct rlimit){ 1024, 524288 };
		pid1[RLIMIT_NOFILE] = (struct rlimit){ 1024 << below(maker, 11), 1048576 };
	}
	test.pid1 = format_limits(pool, pid1);
	test.capable = !one_in(maker, 4);
	test.user = PICK(maker, users);
	test.arguments = PICK(maker, arguments);
	test.passwd = make_accounts(maker, usual_passwd);
	test.group = make_accounts(maker, usual_group);
	make_files(maker, &test, "/etc/security");
	if (one_in(maker, 2))
		add_random_file(maker, &test, "/etc/security/o.conf");
	if (one_in(maker, 4)) /* of a module that was built with a vendor directory */
		make_files(maker, &test, "/usr/share/pam/security");
	*ret = test;
}
