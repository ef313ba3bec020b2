// SPDX-License-Identifier: MIT
/* Sets of profiles: where files are found and trusted, inheritance, combination, the list. Each
 * test writes its files into the directories a and b of a tree of its own. */
#include "pool.h"
#include "profile-fakes.h"
#include "profile-scan.h"
#include "profile.h"
#include "tree.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANYBODY ((uid_t)-1)

static struct pool *pool;
static struct notes problems;
static const char *top;
static struct profile_path path;
static struct profile_set set;

static void set_up(void)
{
	pool = pool_new();
	problems = (struct notes){ .pool = pool };
	top = tree_new();
	ck_assert_int_eq(chdir(top), 0);
	ck_assert_int_eq(mkdir("a", 0755) | mkdir("b", 0755), 0);
	path = (struct profile_path){ .directory = { NULL, "a", "b" } };
	umask(022);
}

static void tear_down(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	pool_free(pool);
}

static void put(const char *file, const char *text)
{
	FILE *stream = fopen(file, "w");

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_ge(fputs(text, stream), 0);
	ck_assert_int_eq(fclose(stream), 0);
}

/* A profile whose first line is its head; BODY begins on line 2. */
static void put_profile(const char *file, const char *name, const char *inherits, const char *body)
{
	put(file, pool_printf(pool, "format = 1 name = \"%s\" %s%s\n%s\n", name,
			      inherits ? "inherits = " : "", inherits ? inherits : "", body));
}

static int load(const char *names, uid_t trusted)
{
	const char *list[8];
	size_t count = 0;
	char *copy = pool_strdup(pool, names), *rest = copy, *name;

	while ((name = strsep(&rest, " ")))
		list[count++] = name;
	return profile_load(pool, fake_providers, &path, list, count, trusted, &set, &problems);
}

/* Every problem as "FILE:LINE: TEXT\n". */
static const char *all_problems(void)
{
	const char *all = "";

	for (size_t i = 0; i < problems.count; i++) {
		const struct note *note = &problems.items[i];

		all = pool_printf(pool, "%s%s:%u: %s\n", all,
				  note->origin.file ? note->origin.file : "", note->origin.line,
				  note->text);
	}
	return all;
}

/* Every setting as "ID WANTED [MIN..MAX] FILE:LINE flags\n". */
static const char *all_settings(void)
{
	const char *all = "";

	for (size_t i = 0; i < set.count; i++) {
		const struct setting *s = &set.settings[i];

		all = pool_printf(pool, "%s%s %s [%s..%s] %s:%u%s%s\n", all, s->id,
				  setting_format_wanted(pool, s), value_format(pool, s->min),
				  value_format(pool, s->max), s->origin.file, s->origin.line,
				  s->optional ? " optional" : "",
				  s->runtime_only ? " runtime" : "");
	}
	return all;
}

static void expect(const char *names, const char *settings)
{
	int r = load(names, ANYBODY);

	ck_assert_str_eq(all_problems(), "");
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(all_settings(), settings);
}

static void expect_failure(const char *names, int code, const char *text)
{
	int r = load(names, ANYBODY);

	ck_assert_str_eq(all_problems(), text);
	ck_assert_int_eq(r, code);
	problems.count = 0;
}

/* ---- finding ----------------------------------------------------------------------------- */

START_TEST(test_lookup_order)
{
	put_profile("a/x.conf", "x", NULL, "sysctl net.a { value = 1 }");
	put_profile("b/x.conf", "x", NULL, "sysctl net.b { value = 1 }");
	put_profile("b/y.conf", "y", NULL, "sysctl net.y { value = 1 }");
	put_profile("x.conf", "other", NULL, "sysctl net.c { value = 1 }");
	expect("x", "sysctl:net.a 1 [1..1] a/x.conf:2\n");
	expect("y", "sysctl:net.y 1 [1..1] b/y.conf:2\n");
	expect("./x.conf", "sysctl:net.c 1 [1..1] ./x.conf:2\n");
	ck_assert_str_eq(set.names, "other");
	expect("b/x.conf y",
	       "sysctl:net.b 1 [1..1] b/x.conf:2\nsysctl:net.y 1 [1..1] b/y.conf:2\n");
	ck_assert_str_eq(set.names, "x+y");
	path.directory[0] = "b";
	expect("x", "sysctl:net.b 1 [1..1] b/x.conf:2\n");
	ck_assert_str_eq(set.names, "x");
	ck_assert_ptr_null(set.description);
}
END_TEST

START_TEST(test_sources)
{
	put_profile("a/base.conf", "base", NULL, "sysctl net.a { value = 1 }");
	put_profile("a/x.conf", "x", "base", "description = 'the x'");
	put_profile("a/y.conf", "y", "base", "description = 'the y'");
	ck_assert_int_eq(load("x y", ANYBODY), 0);
	ck_assert_str_eq(set.names, "x+y");
	ck_assert_str_eq(set.description, "the y");
	ck_assert_uint_eq(set.source_count, 3);
	ck_assert_str_eq(set.sources[0].name, "base");
	ck_assert_str_eq(set.sources[0].file, "a/base.conf");
	ck_assert_str_eq(set.sources[1].name, "x");
	ck_assert_str_eq(set.sources[2].name, "y");
	ck_assert_uint_eq(set.sources[0].size, strlen(set.sources[0].bytes));
	ck_assert_ptr_nonnull(strstr(set.sources[0].bytes, "net.a"));
}
END_TEST

START_TEST(test_missing)
{
	put_profile("b/web-server.conf", "web-server", NULL, "sysctl net.a { value = 1 }");
	put_profile("a/child.conf", "child", "{ web-server,\n\nweb-sever }", "");
	expect_failure("web-sevrer", -ENOENT,
		       ":0: no profile \"web-sevrer\" in a, b; did you mean \"web-server\"?\n");
	expect_failure("unrelated-thing", -ENOENT, ":0: no profile \"unrelated-thing\" in a, b\n");
	expect_failure(
		"mine.conf", -ENOENT,
		":0: no profile \"mine.conf\" in a, b; the path of a file needs a \"/\", as in "
		"./my.conf\n");
	expect_failure("child", -ENOENT,
		       "a/child.conf:3: no profile \"web-sever\" in a, b; did you mean "
		       "\"web-server\"?\n");
	expect_failure("./none.conf", -ENOENT,
		       "./none.conf:0: cannot be opened: No such file or directory\n");
	expect_failure(
		"a\x1b[2Jb", -EINVAL,
		":0: \"a\\x1b[2Jb\" is not the name of a profile (A-Z a-z 0-9 . _ -); the path "
		"of a file needs a \"/\"\n");
	expect_failure("none child nothing", -ENOENT,
		       ":0: no profile \"none\" in a, b\n"
		       "a/child.conf:3: no profile \"web-sever\" in a, b; did you mean "
		       "\"web-server\"?\n:0: no profile \"nothing\" in a, b\n");
	path = (struct profile_path){ .directory = { "no\x1bsuch", NULL, NULL } };
	expect_failure("x", -ENOENT, ":0: no profile \"x\" in no\\x1bsuch\n");
	path = (struct profile_path){ .directory = { NULL, NULL, NULL } };
	expect_failure("x", -ENOENT, ":0: no profile \"x\" in any directory\n");
}
END_TEST

/* What stands first decides, even when it cannot be used. */
START_TEST(test_strange_files)
{
	put_profile("b/x.conf", "x", NULL, "sysctl net.a { value = 1 }");
	ck_assert_int_eq(symlink("nowhere", "a/x.conf"), 0);
	expect_failure("x", -ENOENT, "a/x.conf:0: cannot be opened: No such file or directory\n");
	ck_assert_int_eq(unlink("a/x.conf"), 0);
	ck_assert_int_eq(symlink("x.conf", "a/x.conf"), 0);
	expect_failure("x", -ELOOP,
		       "a/x.conf:0: cannot be opened: Too many levels of symbolic links\n");
	ck_assert_int_eq(unlink("a/x.conf"), 0);
	ck_assert_int_eq(mkdir("a/x.conf", 0755), 0);
	expect_failure("x", -EINVAL, "a/x.conf:0: is a directory; a profile is a file\n");
	ck_assert_int_eq(rmdir("a/x.conf"), 0);
	ck_assert_int_eq(mkfifo("a/x.conf", 0644), 0);
	expect_failure("x", -EINVAL, "a/x.conf:0: is not a regular file\n");
	ck_assert_int_eq(unlink("a/x.conf"), 0);
	expect_failure("/dev/null", -EINVAL, "/dev/null:0: is not a regular file\n");
	expect_failure("/proc/self/mem/", -ENOTDIR,
		       "/proc/self/mem/:0: cannot be opened: Not a directory\n");
	ck_assert_int_eq(symlink("../b/x.conf", "a/x.conf"), 0);
	expect("x", "sysctl:net.a 1 [1..1] a/x.conf:2\n");
	ck_assert_int_eq(truncate("b/x.conf", PROFILE_BYTES_MAX + 1), 0);
	expect_failure("x", -EINVAL, "a/x.conf:0: is larger than 1 MiB: not a profile\n");
	ck_assert_int_eq(truncate("b/x.conf", 3), 0);
	expect_failure("x", -EINVAL,
		       "a/x.conf:1: no such option 'for'; allowed here: format, name, "
		       "description, inherits, sysctl, limits, pam\n");
	put("a/empty.conf", "");
	expect_failure(
		"empty", -EINVAL,
		"a/empty.conf:0: \"format = 1\" is missing\na/empty.conf:0: \"name = ...\" is "
		"missing\na/empty.conf:0: this profile has no setting and inherits nothing\n");
}
END_TEST

START_TEST(test_unreadable)
{
	if (geteuid() != 0) /* root reads everything, so the test becomes somebody else */
		return;
	put_profile("a/x.conf", "x", NULL, "sysctl net.a { value = 1 }");
	ck_assert_int_eq(chmod("a/x.conf", 0600) | chmod(top, 0755), 0);
	put_profile("b/y.conf", "y", NULL, "sysctl net.a { value = 1 }");
	ck_assert_int_eq(seteuid(65534), 0);
	expect_failure("x", -EACCES, "a/x.conf:0: cannot be opened: Permission denied\n");
	ck_assert_int_eq(seteuid(0) | chmod("a", 0700) | seteuid(65534), 0);
	/* Not silently the one of b. */
	expect_failure("y", -EACCES, "a/y.conf:0: cannot be opened: Permission denied\n");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* ---- trust ------------------------------------------------------------------------------- */

static const struct {
	mode_t mode;
	uid_t owner; /* needs root to test */
	uid_t trusted;
	int code;
	const char *problem;
} trust[] = {
	{ 0644, 0, 0, 0, "" },
	{ 0600, 0, 1000, 0, "" },
	{ 0644, 1000, 1000, 0, "" },
	{ 0664, 0, ANYBODY, 0, "" },
	{ 0666, 1000, ANYBODY, 0, "" },
	{ 0664, 0, 0, -EPERM,
	  "a/x.conf:0: not trusted: group or others can write it (mode 0664); chmod go-w makes it "
	  "acceptable\n" },
	{ 0646, 1000, 1000, -EPERM,
	  "a/x.conf:0: not trusted: group or others can write it (mode 0646); chmod go-w makes it "
	  "acceptable\n" },
	{ 0644, 1000, 0, -EPERM,
	  "a/x.conf:0: not trusted: it belongs to uid 1000; a profile that root uses must belong "
	  "to root "
	  "or to the user behind sudo\n" },
	{ 0644, 1001, 1000, -EPERM,
	  "a/x.conf:0: not trusted: it belongs to uid 1001; a profile that root uses must belong "
	  "to root "
	  "or to the user behind sudo\n" },
};

START_TEST(test_trust)
{
	if (geteuid() != 0)
		return;
	put_profile("b/real.conf", "x", NULL, "sysctl net.a { value = 1 }");
	ck_assert_int_eq(chown("b/real.conf", trust[_i].owner, 0), 0);
	ck_assert_int_eq(chmod("b/real.conf", trust[_i].mode), 0);
	/* The file counts, not the link to it. */
	ck_assert_int_eq(symlink("../b/real.conf", "a/x.conf"), 0);
	ck_assert_int_eq(lchown("a/x.conf", 4711, 0), 0);
	ck_assert_int_eq(load("x", trust[_i].trusted), trust[_i].code);
	ck_assert_str_eq(all_problems(), trust[_i].problem);

	/* Parents are held to the same rule. */
	problems.count = 0;
	put_profile("a/child.conf", "child", "x", "");
	ck_assert_int_eq(load("child", trust[_i].trusted), trust[_i].code);
	ck_assert_str_eq(all_problems(), trust[_i].problem);
}
END_TEST

/* ---- inheritance ------------------------------------------------------------------------- */

START_TEST(test_child_replaces_whole)
{
	put_profile(
		"a/base.conf", "base", NULL,
		"sysctl net.a { value = 1 at_most = 9 optional = true reason = why }\n"
		"limits u { item core { soft = 1 hard = 2 } item nofile { soft = 3 hard = 4 } }\n"
		"sysctl net.b { value = 1 scope = runtime }");
	put_profile("b/child.conf", "child", "base",
		    "sysctl net.c { value = 3 }\n"
		    "limits u { item core { hard = 9 } }\n"
		    "sysctl net/a { value = 2 }");
	expect("base", "sysctl:net.a at most 9 (else 1) [-..9] a/base.conf:2 optional\n"
		       "limit:u:core:soft 1 [1..1] a/base.conf:3\n"
		       "limit:u:core:hard 2 [2..2] a/base.conf:3\n"
		       "limit:u:nofile:soft 3 [3..3] a/base.conf:3\n"
		       "limit:u:nofile:hard 4 [4..4] a/base.conf:3\n"
		       "sysctl:net.b 1 [1..1] a/base.conf:4 runtime\n");
	expect("child", "sysctl:net.a 2 [2..2] b/child.conf:4\n"
			"limit:u:core:hard 9 [9..9] b/child.conf:3\n"
			"limit:u:nofile:soft 3 [3..3] a/base.conf:3\n"
			"limit:u:nofile:hard 4 [4..4] a/base.conf:3\n"
			"sysctl:net.b 1 [1..1] a/base.conf:4 runtime\n"
			"sysctl:net.c 3 [3..3] b/child.conf:2\n");
	ck_assert_ptr_null(set.settings[0].reason);
}
END_TEST

/* base <- left, right <- child: base counts once, so it does not undo what left says. */
START_TEST(test_diamond)
{
	put_profile("a/base.conf", "base", NULL,
		    "sysctl net.a { value = 1 } sysctl net.b { value = 1 }");
	put_profile("a/left.conf", "left", "base", "sysctl net.a { value = 2 }");
	put_profile("a/right.conf", "right", "base", "sysctl net.b { value = 3 }");
	put_profile("a/child.conf", "child", "{ left, right, left }", "");
	expect("child", "sysctl:net.a 2 [2..2] a/left.conf:2\n"
			"sysctl:net.b 3 [3..3] a/right.conf:2\n");
	ck_assert_uint_eq(set.source_count, 4);
	ck_assert_str_eq(set.sources[0].name, "base");
	ck_assert_str_eq(set.sources[3].name, "child");
}
END_TEST

START_TEST(test_later_parent_wins)
{
	put_profile("a/left.conf", "left", NULL, "sysctl net.a { value = 2 }");
	put_profile("a/right.conf", "right", NULL, "sysctl net.a { value = 3 }");
	put_profile("a/child.conf", "child", "{ left, right }", "");
	expect("child", "sysctl:net.a 3 [3..3] a/right.conf:2\n");
}
END_TEST

START_TEST(test_cycle)
{
	put_profile("a/one.conf", "one", "two", "");
	put("a/two.conf", "format = 1\nname = two\n# c\ninherits = { three }\n");
	put("b/three.conf", "format = 1\nname = three\ninherits = {\n one }\n");
	put_profile("a/self.conf", "self", "self", "");
	put_profile("a/start.conf", "start", "two", "");
	expect_failure(
		"one", -EINVAL,
		"b/three.conf:4: profiles inherit in a circle: \"one\" (a/one.conf:1) -> \"two\" "
		"(a/two.conf:4) -> \"three\" (b/three.conf:4) -> \"one\"\n");
	expect_failure("self", -EINVAL,
		       "a/self.conf:1: profiles inherit in a circle: \"self\" (a/self.conf:1) -> "
		       "\"self\"\n");
	expect_failure(
		"start", -EINVAL,
		"a/one.conf:1: profiles inherit in a circle: \"two\" (a/two.conf:4) -> \"three\" "
		"(b/three.conf:4) -> \"one\" (a/one.conf:1) -> \"two\"\n");
}
END_TEST

START_TEST(test_depth)
{
	for (int i = 0; i < 40; i++)
		put_profile(pool_printf(pool, "a/p%d.conf", i), "p",
			    pool_printf(pool, "p%d", i + 1), "");
	put_profile("a/p40.conf", "p", NULL, "sysctl net.a { value = 1 }");
	expect("p10", "sysctl:net.a 1 [1..1] a/p40.conf:2\n");
	expect_failure("p0", -EINVAL, "a/p32.conf:0: inherited over more than 32 steps\n");
}
END_TEST

/* A broken parent is reported once, with its own lines; the child's errors as well. */
START_TEST(test_broken_parent)
{
	put_profile("a/base.conf", "base", NULL, "sysctl net.a { value = 01 }\nsysctl net.b { }");
	put_profile("a/x.conf", "x", "base", "sysctl net.c { value = 1 at_least = 2 }");
	put_profile("a/y.conf", "y", "base", "sysctl net.d { value = 1 }");
	expect_failure(
		"y", -EINVAL,
		"a/base.conf:2: sysctl \"net.a\": value \"01\": numbers are decimal, without 0x, + "
		"or a leading 0\na/base.conf:3: sysctl \"net.b\": value is missing\n");
	expect_failure(
		"x y base", -EINVAL,
		"a/x.conf:2: sysctl \"net.c\": value 1 is below at_least 2\n"
		"a/base.conf:2: sysctl \"net.a\": value \"01\": numbers are decimal, without 0x, + "
		"or a leading 0\na/base.conf:3: sysctl \"net.b\": value is missing\n");
}
END_TEST

/* ---- combination ------------------------------------------------------------------------- */

/* Bodies of p1, p2, p3 that all speak of net.a on line 2. */
static const struct {
	const char *bodies[3];
	const char *settings; /* or NULL */
	const char *problems;
} combined[] = {
	{ { "value = 1800 at_most = 1800", "value = 600 at_most = 600" },
	  "sysctl:net.a at most 600 [-..600] p2.conf:2\n",
	  "" },
	{ { "value = 600 at_most = 600", "value = 1800 at_most = 1800" },
	  "sysctl:net.a at most 600 [-..600] p1.conf:2\n",
	  "" },
	{ { "value = 3 at_least = 2 at_most = 5", "value = 4 at_least = 1 at_most = 4" },
	  "sysctl:net.a 2..4 (else 4) [2..4] p2.conf:2\n",
	  "" },
	{ { "value = 3 at_least = 2 at_most = 5", "value = 1 at_least = 1 at_most = 4" },
	  "sysctl:net.a 2..4 (else 3) [2..4] p1.conf:2\n",
	  "" },
	{ { "value = 5 at_least = 5", "value = 9 at_most = 9" },
	  "sysctl:net.a 5..9 (else 9) [5..9] p2.conf:2\n",
	  "" },
	{ { "value = 7", "value = 9 at_most = 9" }, "sysctl:net.a 7 [7..7] p1.conf:2\n", "" },
	{ { "value = 9 at_least = 1 at_most = 9", "value = 9 at_least = 9 at_most = 12" },
	  "sysctl:net.a 9 [9..9] p2.conf:2\n",
	  "" },
	{ { "value = unlimited at_least = 5", "value = unlimited" },
	  "sysctl:net.a unlimited [unlimited..unlimited] p2.conf:2\n",
	  "" },
	{ { "value = 7", "value = 7 reason = b", "value = 7" },
	  "sysctl:net.a 7 [7..7] p3.conf:2\n",
	  "" },
	{ { "value = 1 optional = true scope = runtime",
	    "value = 1 optional = true scope = runtime" },
	  "sysctl:net.a 1 [1..1] p2.conf:2 optional runtime\n",
	  "" },
	{ { "value = 1 optional = true", "value = 1 scope = runtime" },
	  "sysctl:net.a 1 [1..1] p2.conf:2\n",
	  "" },
	{ { "value = 'a  b'", "value = 'a b'" }, "sysctl:net.a a b [-..-] p2.conf:2\n", "" },
	{ { "value = 600 at_most = 600", "value = 900 at_least = 900" },
	  NULL,
	  "p2.conf:2: sysctl:net.a: p1.conf:2 wants at most 600 and p2.conf:2 wants at least 900: "
	  "no value "
	  "suits both\n" },
	{ { "value = 900 at_least = 900", "value = 950 at_least = 950",
	    "value = 600 at_most = 600" },
	  NULL,
	  "p3.conf:2: sysctl:net.a: p2.conf:2 wants at least 950 and p3.conf:2 wants at most 600: "
	  "no value "
	  "suits both\n" },
	{ { "value = 1", "value = 2" },
	  NULL,
	  "p2.conf:2: sysctl:net.a: p1.conf:2 wants 1 and p2.conf:2 wants 2: no value suits "
	  "both\n" },
	{ { "value = 1", "value = x" },
	  NULL,
	  "p2.conf:2: sysctl:net.a: p1.conf:2 wants 1 and p2.conf:2 wants x: no value suits "
	  "both\n" },
	{ { "value = '1 2'", "value = '1 2'", "value = '1 3'" },
	  NULL,
	  "p3.conf:2: sysctl:net.a: p1.conf:2 wants 1 2 and p3.conf:2 wants 1 3: no value suits "
	  "both\n" },
	{ { "value = 1 at_most = 6", "value = 9 at_least = 4" },
	  NULL,
	  "p2.conf:2: sysctl:net.a: together the profiles accept 4..6, but p1.conf:2 writes 1, "
	  "p2.conf:2 "
	  "writes 9\n" },
};

START_TEST(test_combination)
{
	const char *names = "";

	for (int i = 0; i < 3 && combined[_i].bodies[i]; i++) {
		const char *name = pool_printf(pool, "p%d", i + 1);

		put_profile(pool_printf(pool, "%s.conf", name), name, NULL,
			    pool_printf(pool, "sysctl net.a { %s }", combined[_i].bodies[i]));
		names = pool_printf(pool, "%s%s%s", names, *names ? " " : "", name);
	}
	path = (struct profile_path){ .directory = { ".", NULL, NULL } };
	int r = load(names, ANYBODY);

	/* Files are found in "."; the prefix is noise here. */
	const char *said = all_problems();
	char *plain = pool_strdup(pool, r ? said : all_settings());
	for (char *p = plain; (p = strstr(p, "./p"));)
		memmove(p, p + 2, strlen(p + 2) + 1);
	ck_assert_str_eq(plain,
			 combined[_i].settings ? combined[_i].settings : combined[_i].problems);
	ck_assert_int_eq(r, combined[_i].settings ? 0 : -EINVAL);
	ck_assert_uint_eq(problems.count, combined[_i].settings ? 0 : 1);
}
END_TEST

/* What another profile narrowed is what audit accepts, and what the catalogue allows stays. */
START_TEST(test_safe_range_survives)
{
	put_profile("a/x.conf", "x", NULL, "sysctl net.safe { value = 1800 at_most = 1800 }");
	put_profile("a/y.conf", "y", NULL, "sysctl net.safe { value = 600 at_most = 40000 }");
	expect("x y", "sysctl:net.safe at most 1800 (else 600) [1..1800] a/y.conf:2\n");
	ck_assert(!setting_accepts(&set.settings[0], value_number(0)));
	ck_assert(!setting_accepts(&set.settings[0], value_signed(-1)));
	ck_assert(setting_accepts(&set.settings[0], value_number(1800)));
}
END_TEST

START_TEST(test_limits_combine)
{
	put_profile("a/x.conf", "x", NULL,
		    "limits u { item core { soft = 5 hard = 8 at_least = 1 } }");
	put_profile("a/y.conf", "y", NULL, "limits u { item core { soft = 9 } }");
	put_profile("a/z.conf", "z", NULL,
		    "limits u { item core { soft = 6 hard = 20 at_least = 6 } }");
	expect("x z", "limit:u:core:soft at least 6 [6..-] a/z.conf:2\n"
		      "limit:u:core:hard at least 6 (else 20) [6..-] a/z.conf:2\n");
	expect_failure("x y", -EINVAL,
		       "a/y.conf:2: limit:u:core:soft: soft 9 (a/y.conf:2) is above hard 8 "
		       "(a/x.conf:2)\n");
}
END_TEST

START_TEST(test_all_conflicts)
{
	put_profile("a/x.conf", "x", NULL,
		    "sysctl net.a { value = 1 }\nsysctl net.b { value = 1 }");
	put_profile("a/y.conf", "y", NULL,
		    "sysctl net.b { value = 2 }\nsysctl net.a { value = 2 }");
	expect_failure(
		"x y", -EINVAL,
		"a/y.conf:3: sysctl:net.a: a/x.conf:2 wants 1 and a/y.conf:3 wants 2: no value "
		"suits both\na/y.conf:2: sysctl:net.b: a/x.conf:3 wants 1 and a/y.conf:2 wants 2: "
		"no value suits both\n");
}
END_TEST

/* ---- the list ---------------------------------------------------------------------------- */

START_TEST(test_list)
{
	struct profile_entry *entries;
	const char *all = "";
	size_t count;

	put_profile("b/base.conf", "base", NULL,
		    "description = shipped sysctl net.a { value = 1 }");
	put_profile("a/base.conf", "base", NULL, "description = ours sysctl net.a { value = 1 }");
	put_profile("a/zed.conf", "zed", "base", "");
	put_profile("b/bad.conf", "bad", "nothing", "description = orphan");
	put("b/worse.conf", "\x1b");
	put("b/notes.txt", "");
	put("b/.conf", "");
	put("b/.hidden.conf", "");
	put("b/with blank.conf", "");
	profile_list(pool, fake_providers, &path, &entries, &count);
	for (size_t i = 0; i < count; i++)
		all = pool_printf(pool, "%s%s %s %s%s\n", all, entries[i].name, entries[i].file,
				  entries[i].description ? entries[i].description : "(errors)",
				  entries[i].hidden ? " hidden" : "");
	ck_assert_str_eq(all, "bad b/bad.conf (errors)\n"
			      "base a/base.conf ours\n"
			      "base b/base.conf shipped hidden\n"
			      "worse b/worse.conf (errors)\n"
			      "zed a/zed.conf \n");
	path = (struct profile_path){ .directory = { "nowhere", NULL, NULL } };
	profile_list(pool, fake_providers, &path, &entries, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

int main(void)
{
	Suite *suite = suite_create("profile-set");
	TCase *tcase = tcase_create("profile-set");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_lookup_order);
	tcase_add_test(tcase, test_sources);
	tcase_add_test(tcase, test_missing);
	tcase_add_test(tcase, test_strange_files);
	tcase_add_test(tcase, test_unreadable);
	tcase_add_loop_test(tcase, test_trust, 0, COUNT(trust));
	tcase_add_test(tcase, test_child_replaces_whole);
	tcase_add_test(tcase, test_diamond);
	tcase_add_test(tcase, test_later_parent_wins);
	tcase_add_test(tcase, test_cycle);
	tcase_add_test(tcase, test_depth);
	tcase_add_test(tcase, test_broken_parent);
	tcase_add_loop_test(tcase, test_combination, 0, COUNT(combined));
	tcase_add_test(tcase, test_safe_range_survives);
	tcase_add_test(tcase, test_limits_combine);
	tcase_add_test(tcase, test_all_conflicts);
	tcase_add_test(tcase, test_list);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
