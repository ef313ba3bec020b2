// SPDX-License-Identifier: MIT
/* The random cases, see limits-cases.h. Pure: the same seed and number give the same host. */
#include "limits-cases.h"

#include "pool.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

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
	"@:3000000000",
	"@:4294967290",
	"@huge",
	"@big",
	"big",
	":4294967294",
	"-2:",
	"2147483648:",
	"4294967294:4294967295",
	"@2147483648:4294967295",
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
	"\357\273\277alice",
	"al\303\257ce",
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
		limits_add_file(test, TEST_LINK, path, target, strlen(target));
		return;
	}
	if (one_in(maker, 60)) {
		limits_add_file(test, TEST_DIRECTORY, path, "", 0);
		return;
	}
	maker->size = 0;
	for (size_t i = below(maker, 12); i; i--)
		add_line(maker);
	limits_add_file(test, TEST_FILE, path, pool_copy(maker->pool, maker->bytes, maker->size),
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
		limits_add_file(test, TEST_FILE, directory, "", 0);
		return;
	}
	limits_add_file(test, TEST_DIRECTORY, directory, "", 0);
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
		":x:5:alice\n",
		"staff:x:+50:alice,bob\n",
		"dev:x: 60:alice\n",
		"staff:x:4294967346:alice\n",
		"dev:x:-4294967236:bob\n",
		"wheel:x:10 :alice\n",
		"alice:x:4294968297:1001::/:/bin/sh\n",
		"bob:x:+1002:\t100::/:/bin/sh\n",
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
	static const char *const users[] = { "alice", "alice", "alice", "alice",     "bob",
					     "root",  "root",  "toor",  "DOM\\user", "1001",
					     "ghost", "big",   "big" };
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
		pid1[RLIMIT_NOFILE] =
			(struct rlimit){ UINT64_C(1024) << below(maker, 11), 1048576 };
	}
	test.pid1 = limits_format_table(pool, pid1);
	test.capable = !one_in(maker, 4);
	test.user = PICK(maker, users);
	test.arguments = PICK(maker, arguments);
	test.passwd = make_accounts(maker, limits_usual_passwd);
	test.group = make_accounts(maker, limits_usual_group);
	make_files(maker, &test, "/etc/security");
	if (one_in(maker, 2))
		add_random_file(maker, &test, "/etc/security/o.conf");
	if (one_in(maker, 4)) /* of a module that was built with a vendor directory */
		make_files(maker, &test, "/usr/share/pam/security");
	*ret = test;
}
