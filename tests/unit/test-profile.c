// SPDX-License-Identifier: MIT
/* One profile file: what is read from it, and every way to refuse it, with the exact line and text.
 * The inputs that libconfuse would misread have a group of their own. */
#include "pool.h"
#include "profile-fakes.h"
#include "profile-scan.h"
#include "profile.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pool *pool;
static struct notes problems;

static void set_up(void)
{
	pool = pool_new();
	problems = (struct notes){ .pool = pool };
}

static void tear_down(void)
{
	pool_free(pool);
}

#define HEAD "format = 1 name = \"t\"\n" /* line 1 */
#define X "sysctl \"net.x\" { value = 1 }\n"

static const struct setting *find(const struct profile_text *text, const char *id)
{
	for (size_t i = 0; i < text->count; i++)
		if (!strcmp(text->settings[i].id, id))
			return &text->settings[i];
	ck_abort_msg("no setting %s", id);
}

static struct profile_text parse_good(const char *bytes, size_t size)
{
	struct profile_text text;
	int r = profile_parse(pool, fake_providers, "/p.conf", bytes, size, &text, &problems);

	for (size_t i = 0; i < problems.count; i++)
		ck_abort_msg("%u: %s", problems.items[i].origin.line, problems.items[i].text);
	ck_assert_int_eq(r, 0);
	return text;
}

/* Every problem as "LINE: TEXT\n". */
static const char *all_problems(void)
{
	const char *all = "";

	for (size_t i = 0; i < problems.count; i++) {
		ck_assert_str_eq(problems.items[i].origin.file, "/p.conf");
		all = pool_printf(pool, "%s%u: %s\n", all, problems.items[i].origin.line,
				  problems.items[i].text);
	}
	return all;
}

/* ---- what is read ------------------------------------------------------------------------ */

START_TEST(test_everything)
{
	static const char bytes[] =
		"# a comment\n"
		"format      = 1 // another\n"
		"name        = \"web-server\"\n"
		"/* and a\n"
		"   long one */\n"
		"description = 'it\\'s'\n"
		"inherits    = { \"base\", # why\n"
		"                net }\n"
		"\n"
		"sysctl \"net.a\" { value = 1800 at_most = 1800 reason = \"say \\\"why\\\"\" }\n"
		"sysctl net/b {\n"
		"	# here, too\n"
		"	value = \"1024	65535\"\n"
		"	optional = YES scope = runtime\n"
		"}\n"
		"limits \"*\" { reason = \"outer\" optional = on\n"
		"	item \"nofile\" { soft = 8192 hard = unlimited at_least = 4096 }\n"
		"	item core { hard = 0 reason = \"inner\" optional = off scope = both } }\n"
		"pam \"sshd\" { module = pam_limits.so optional = true }\n";
	struct profile_text text = parse_good(bytes, strlen(bytes));

	ck_assert_str_eq(text.name, "web-server");
	ck_assert_str_eq(text.description, "it's");
	ck_assert_uint_eq(text.parent_count, 2);
	ck_assert_str_eq(text.parents[0].name, "base");
	ck_assert_uint_eq(text.parents[0].line, 7);
	ck_assert_str_eq(text.parents[1].name, "net");
	ck_assert_uint_eq(text.parents[1].line, 8);
	ck_assert_uint_eq(text.count, 6);

	const struct setting *a = find(&text, "sysctl:net.a");
	ck_assert_ptr_eq(a->provider, fake_providers[0]);
	ck_assert_str_eq(a->name, "net.a");
	ck_assert_ptr_null(a->item);
	ck_assert_int_eq(a->side, SIDE_NONE);
	ck_assert(value_equals(a->want, value_number(1800)));
	ck_assert_int_eq(a->at_least.kind, VALUE_NONE);
	ck_assert(value_equals(a->at_most, value_number(1800)));
	ck_assert(value_equals(a->max, value_number(1800)));
	ck_assert_str_eq(a->reason, "say \"why\"");
	ck_assert_str_eq(a->origin.file, "/p.conf");
	ck_assert_uint_eq(a->origin.line, 10);
	ck_assert(!a->optional && !a->runtime_only);

	const struct setting *b = find(&text, "sysctl:net.b");
	ck_assert_str_eq(b->want.text, "1024 65535");
	ck_assert(b->optional && b->runtime_only);
	ck_assert_uint_eq(b->origin.line, 11);
	ck_assert_int_eq(b->min.kind, VALUE_NONE);
	ck_assert_ptr_null(b->reason);

	const struct setting *soft = find(&text, "limit:*:nofile:soft");
	ck_assert_str_eq(soft->name, "*");
	ck_assert_str_eq(soft->item, "nofile");
	ck_assert_int_eq(soft->side, SIDE_SOFT);
	ck_assert_str_eq(soft->reason, "outer");
	ck_assert(soft->optional);
	ck_assert_uint_eq(soft->origin.line, 17);
	ck_assert_int_eq(find(&text, "limit:*:nofile:hard")->want.kind, VALUE_UNLIMITED);
	ck_assert(value_equals(find(&text, "limit:*:nofile:hard")->at_least, value_number(4096)));

	const struct setting *core = find(&text, "limit:*:core:hard");
	ck_assert_str_eq(core->reason, "inner");
	ck_assert(!core->optional && !core->runtime_only);
	ck_assert_uint_eq(core->origin.line, 18);

	const struct setting *pam = find(&text, "pam:sshd:pam_limits");
	ck_assert_str_eq(pam->item, "pam_limits");
	ck_assert(pam->optional);
	ck_assert_uint_eq(pam->origin.line, 19);
}
END_TEST

START_TEST(test_exact_value_is_a_range_of_one)
{
	static const char bytes[] = HEAD "sysctl \"net.safe\" { value = 60 }";
	struct profile_text text = parse_good(bytes, strlen(bytes));

	ck_assert(value_equals(text.settings[0].min, value_number(60)));
	ck_assert(value_equals(text.settings[0].max, value_number(60)));
	ck_assert_str_eq(setting_format_wanted(pool, &text.settings[0]), "60");
}
END_TEST

/* What libconfuse alone would shift, cut or skip, and what must come through unharmed. */
static const struct {
	const char *bytes;
	const char *value; /* of sysctl:net.x */
	unsigned line;     /* where its section begins */
} readable[] = {
	{ "# one\n# two\n" HEAD "/* a\nb */ // c\n" X, "1", 6 },
	{ HEAD "sysctl /* x */ \"net.x\" # y\n{ value /**/ = // z\n\n1 }", "1", 2 },
	{ HEAD "sysctl \"net.x\" { reason = { value = 1 }", NULL, 0 },
	{ "format = 1\r\nname = t\r\n# c\r\nsysctl net.x {\r\n\tvalue = 1 # d\r\n}\r\n", "1", 4 },
	{ HEAD "sysctl 'net.x' { value = 'a # b // c /* d' }", "a # b // c /* d", 2 },
	{ HEAD "sysctl net.x { value = 'a ${HOME} \\n' }", "a ${HOME} \\n", 2 },
	{ HEAD "sysctl net.x { value = \"a \\${HOME} $HOME \\\\n\" }", "a ${HOME} $HOME \\n", 2 },
	{ HEAD "sysctl net.x { value = \"gr\xc3\xb6\xc3\x9f"
	       "er \xe2\x82\xac \xf0\x9f\x90\x8b\" }",
	  "gr\xc3\xb6\xc3\x9f"
	  "er \xe2\x82\xac \xf0\x9f\x90\x8b",
	  2 },
	{ HEAD "# latin1 \xe9 in a comment\nsysctl net.x { value = '  1 \t 2  ' }", "1 2", 3 },
	{ HEAD "sysctl net.x { value = -5 }", "-5", 2 },
	{ HEAD "sysctl net.x { value = 18446744073709551615 }", "18446744073709551615", 2 },
	{ HEAD "sysctl net.x { value = unlimited }", "unlimited", 2 },
	{ HEAD "sysctl net.x { value = 'a 0 b 00:10 0-3 0b1' }", "a 0 b 00:10 0-3 0b1", 2 },
	{ HEAD "sysctl net.x { value = '|/usr/lib/core %p' }", "|/usr/lib/core %p", 2 },
	{ HEAD "sysctl net.x {} sysctl net.y { value = 2 }", NULL, 0 },
	{ HEAD "sysctl net.y { value = 2 } sysctl net.x\n{\nvalue = 1 }", "1", 2 },
	{ HEAD "inherits = {}" X, "1", 2 },
	{ HEAD "inherits = a inherits += { b, }" X, "1", 2 },
};

START_TEST(test_readable)
{
	const char *bytes = readable[_i].bytes;
	struct profile_text text;

	if (!readable[_i].value) {
		ck_assert_int_eq(profile_parse(pool, fake_providers, "/p.conf", bytes,
					       strlen(bytes), &text, &problems),
				 -EINVAL);
		ck_assert_uint_eq(problems.count, 1);
		return;
	}
	text = parse_good(bytes, strlen(bytes));
	const struct setting *x = find(&text, "sysctl:net.x");
	ck_assert_str_eq(value_format(pool, x->want), readable[_i].value);
	ck_assert_uint_eq(x->origin.line, readable[_i].line);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	const char *problems;
	size_t size; /* 0: strlen */
} bad[] = {
	/* libconfuse 3.3 takes these without a word, or says another line */
	{ "format = 1\nname = t\n" X "/* never closed\n" X,
	  "4: this comment is not closed: \"*/\" is missing\n", 0 },
	{ HEAD X "description = \"open\n" X,
	  "3: column 15: this string is not closed on its line\n", 0 },
	{ HEAD X "description = 'open", "3: column 15: this string is not closed on its line\n",
	  0 },
	{ HEAD X "description = \"a\r\nb\"\n",
	  "3: column 15: this string is not closed on its line\n", 0 },
	{ HEAD "sysctl net.x { value = \"${HOME}\" }",
	  "2: column 25: \"${\" is not expanded in profiles: write \\${ or use '...'\n", 0 },
	{ HEAD "sysctl net.x { value = ${HOME} }", "2: column 24: \"$\" must stand inside quotes\n",
	  0 },
	{ HEAD "sysctl net.x { value = \"1\0002\" }",
	  "2: column 26: a NUL byte: this is not a text file\n",
	  sizeof(HEAD "sysctl net.x { value = \"1\0002\" }") - 1 },
	{ HEAD "# \0\n" X, "2: column 3: a NUL byte: this is not a text file\n",
	  sizeof(HEAD "# \0\n" X) - 1 },
	{ HEAD "sysctl net.x { value = \"1\\0002\" }",
	  "2: column 26: inside \"...\" only \\\\, \\\" and \\$ are escapes; '...' takes a "
	  "backslash as it "
	  "is\n",
	  0 },
	{ "\xef\xbb\xbf" HEAD X,
	  "1: column 1: a byte order mark: save the file as UTF-8 without it\n", 0 },
	{ HEAD "limits * { item nofile { soft = 1 hard = 1 } }",
	  "2: column 8: \"*\" must stand inside quotes\n", 0 },
	{ HEAD "sysctl net.x { value = +5 }", "2: column 24: \"+\" must stand inside quotes\n", 0 },
	{ HEAD "sysctl net.x { value = 5; }",
	  "2: column 25: \";\" has no place here: options end by themselves\n", 0 },
	{ HEAD "sysctl net.x { value = /etc/*.conf }",
	  "2: column 28: a comment needs a blank before it; a value with this character must stand "
	  "inside "
	  "quotes\n",
	  0 },
	{ HEAD "sysctl net.x { value = http://x }",
	  "2: column 29: a comment needs a blank before it; a value with this character must stand "
	  "inside "
	  "quotes\n",
	  0 },
	{ HEAD "sysctl net.x { value = 5#five\n}",
	  "2: column 25: a comment needs a blank before it; a value with this character must stand "
	  "inside "
	  "quotes\n",
	  0 },
	{ HEAD "sysctl net.x { value = 5 }\r" X,
	  "2: column 27: a carriage return without a newline behind it\n", 0 },
	{ HEAD "sysctl net.x { value = \"\x1b[2J\" }", "2: column 25: a control character (0x1b)\n",
	  0 },
	{ HEAD "# \x1b[2J\n" X, "2: column 3: a control character (0x1b)\n", 0 },
	{ HEAD "sysctl net.x { value = \"\xc2\x9b\" }",
	  "2: column 24: this string is not printable UTF-8 text\n", 0 },
	{ HEAD "sysctl net.x { value = \"caf\xe9\" }",
	  "2: column 24: this string is not printable UTF-8 text\n", 0 },
	{ HEAD "sysctl net.x { value = caf\xc3\xa9 }",
	  "2: column 27: only ASCII outside quotes: put this text inside quotes\n", 0 },
	{ HEAD "\"sysctl='net.x'|value\" = 3\n" X,
	  "2: column 24: the name of an option is written without quotes\n", 0 },
	{ HEAD "\"limits='*'|item\" \"core\" { soft = 0 }",
	  "2: column 26: a section is written NAME \"TITLE\" {, its name without quotes\n", 0 },
	{ HEAD "sysctl net.x { value = (1) }", "2: column 24: \"(\" must stand inside quotes\n",
	  0 },
	{ HEAD "include(\"/etc/passwd\")", "2: column 8: \"(\" must stand inside quotes\n", 0 },

	/* structure */
	{ HEAD X "}\n", "3: column 1: \"}\" without a \"{\" before it\n", 0 },
	{ HEAD "sysctl net.x {\n value = 1\n", "2: this \"{\" is never closed\n", 0 },
	{ HEAD "limits a { item core { soft = 0\n}\n", "2: this \"{\" is never closed\n", 0 },
	{ HEAD "a{a{a{a{a{a{a{a{a{a{a{a{a{", "2: column 18: nested too deeply\n", 0 },
	{ HEAD "sysctl {}", "2: missing title for section 'sysctl'\n", 0 },
	{ HEAD "sysctl net.x value = 1", "2: missing opening brace for section 'sysctl'\n", 0 },
	{ HEAD "sysctl net.x {\nvalue 1\n}",
	  "3: sysctl \"net.x\": missing equal sign after option 'value'\n", 0 },
	{ HEAD "sysctl net.x { value = }", "2: sysctl \"net.x\": unexpected token '}'\n", 0 },
	{ HEAD "sysctl net.x { value += 1 }",
	  "2: sysctl \"net.x\": attempt to append to non-list option 'value'\n", 0 },
	{ HEAD "sysctl net.x { value = { 1 } }", "2: sysctl \"net.x\": unexpected token '{'\n", 0 },
	{ HEAD "name", "2: premature end of file\n", 0 },
	{ HEAD X "description = 'it''s'",
	  "3: no such option 's'; allowed here: format, name, description, inherits, sysctl, "
	  "limits, "
	  "pam\n",
	  0 },

	/* names */
	{ HEAD "# c\nsysctl net.x {\n# c\nvalue = 1\n# c\nvalu = 2 }",
	  "7: sysctl \"net.x\": no such option 'valu'; allowed here: value, at_least, at_most, "
	  "reason, "
	  "optional, scope\n",
	  0 },
	{ HEAD "limits a { item core { sof = 1 } }",
	  "2: item \"core\": no such option 'sof'; allowed here: soft, hard, at_least, at_most, "
	  "reason, "
	  "optional, scope\n",
	  0 },
	{ HEAD "limits a { soft = 1 }",
	  "2: limits \"a\": no such option 'soft'; allowed here: reason, optional, scope, item\n",
	  0 },
	{ HEAD "pam a { value = 1 }",
	  "2: pam \"a\": no such option 'value'; allowed here: module, reason, optional\n", 0 },
	{ HEAD "systcl net.x { value = 1 }",
	  "2: no such option 'systcl'; allowed here: format, name, description, inherits, sysctl, "
	  "limits, "
	  "pam\n",
	  0 },

	/* twice */
	{ HEAD "sysctl net.x {\n value = 1\n value = 2 }",
	  "4: sysctl \"net.x\": value is set twice, first in line 3\n", 0 },
	{ HEAD "name = \"u\"" X, "2: name is set twice, first in line 1\n", 0 },
	{ HEAD "inherits = { a }\ninherits = { b }", "3: inherits is set twice, first in line 2\n",
	  0 },
	{ HEAD X "\nsysctl 'net.x' {\nvalue = bad\n}\n"
		 "sysctl net.y {\n}",
	  "4: sysctl \"net.x\" is set twice, first in line 2\n7: sysctl \"net.y\": value is "
	  "missing\n",
	  0 },
	{ HEAD X "sysctl net/x { value = 1 }",
	  "3: sysctl \"net/x\": sysctl:net.x is set twice, first in line 2\n", 0 },
	{ HEAD "limits a { item core { soft = 0 } }\nlimits a { item nofile { soft = 0 } }",
	  "3: limits \"a\" is set twice, first in line 2\n", 0 },
	{ HEAD "limits a { item core { soft = 0 }\nitem core { hard = 0 hard = 0 } }",
	  "3: limits \"a\": item \"core\" is set twice, first in line 2\n"
	  "3: limits \"a\": item \"core\": hard is set twice, first in line 3\n",
	  0 },

	/* the head of the file */
	{ "",
	  "0: \"format = 1\" is missing\n0: \"name = ...\" is missing\n"
	  "0: this profile has no setting and inherits nothing\n",
	  0 },
	{ "# only this",
	  "0: \"format = 1\" is missing\n0: \"name = ...\" is missing\n"
	  "0: this profile has no setting and inherits nothing\n",
	  0 },
	{ "name = t\n" X, "0: \"format = 1\" is missing\n", 0 },
	{ "name = t\n" X "format = one", "3: format: \"one\" found, must be 1\n", 0 },
	{ "name = t\n" X "format = 0", "3: format: \"0\" found, must be 1\n", 0 },
	{ "name = t\n" X "format = 01", "3: format: \"01\" found, must be 1\n", 0 },
	{ "# c\nformat = 2\nname = t\nnice = new\n",
	  "2: format 2 is newer than this keeltune, which reads format 1: upgrade keeltune\n", 0 },
	{ "name = t\n" X "format = 18446744073709551615",
	  "3: format 18446744073709551615 is newer than this keeltune, which reads format 1: "
	  "upgrade "
	  "keeltune\n",
	  0 },
	{ "format = 1\n" X, "0: \"name = ...\" is missing\n", 0 },
	{ "format = 1\n# c\nname = \"a b\"\n" X,
	  "3: name: \"a b\" found, must be 1 to 64 of A-Z a-z 0-9 . _ -\n", 0 },
	{ "format = 1\nname = \"\"\n" X,
	  "2: name: \"\" found, must be 1 to 64 of A-Z a-z 0-9 . _ -\n", 0 },
	{ "format = 1\nname = ../x\n" X,
	  "2: name: \"../x\" found, must be 1 to 64 of A-Z a-z 0-9 . _ -\n", 0 },
	{ HEAD, "0: this profile has no setting and inherits nothing\n", 0 },
	{ HEAD "inherits = {}", "0: this profile has no setting and inherits nothing\n", 0 },
	{ HEAD "inherits = {\n a,\n 'b/c',\n \"\" }",
	  "4: inherits: \"b/c\" is not the name of a profile (A-Z a-z 0-9 . _ -)\n"
	  "5: inherits: \"\" is not the name of a profile (A-Z a-z 0-9 . _ -)\n",
	  0 },

	/* sections */
	{ HEAD "sysctl net.x {\n}", "2: sysctl \"net.x\": value is missing\n", 0 },
	{ HEAD "sysctl '' { value = 1 }", "2: sysctl \"\": its name is empty\n", 0 },
	{ HEAD "limits a { }", "2: limits \"a\": it has no item\n", 0 },
	{ HEAD "limits a {\n item core { at_least = 1 } }",
	  "3: limits \"a\" item \"core\": soft and hard are missing\n", 0 },
	{ HEAD "pam a { }", "2: pam \"a\": module is missing\n", 0 },
	{ HEAD "pam a {\n module = pam_unix.so }",
	  "3: pam \"a\": module pam_unix found, allowed: pam_limits.so\n", 0 },
	{ HEAD "sysctl\nbad.x {\n value = 1 }",
	  "2: sysctl \"bad.x\": no such key; allowed: net.*, fs.*, kernel.*\n", 0 },
	{ HEAD "limits a {\n item nofiles {\n soft = 1\n hard = 2 } }",
	  "3: limits \"a\" item \"nofiles\": item nofiles found, allowed: nofile, core\n", 0 },
	{ HEAD "limits\n'a b' {\n item core {\n soft = 1\n hard = 2 } }",
	  "2: limits \"a b\" item \"core\": no such domain\n", 0 },

	/* values */
	{ HEAD "sysctl net.x {\n value = \"\" }", "3: sysctl \"net.x\": value is empty\n", 0 },
	{ HEAD "sysctl net.x {\n value = ' ' }", "3: sysctl \"net.x\": value is empty\n", 0 },
	{ HEAD "sysctl net.x {\n value = 010 }",
	  "3: sysctl \"net.x\": value \"010\": numbers are decimal, without 0x, + or a leading 0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = -08 }",
	  "3: sysctl \"net.x\": value \"-08\": numbers are decimal, without 0x, + or a leading 0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = 0x1F }",
	  "3: sysctl \"net.x\": value \"0x1F\": numbers are decimal, without 0x, + or a leading "
	  "0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = '+5' }",
	  "3: sysctl \"net.x\": value \"+5\": numbers are decimal, without 0x, + or a leading 0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = '1024 065535' }",
	  "3: sysctl \"net.x\": value \"1024 065535\": numbers are decimal, without 0x, + or a "
	  "leading 0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = 18446744073709551616 }",
	  "3: sysctl \"net.x\": value \"18446744073709551616\" is too large: numbers go up to "
	  "18446744073709551615\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = 1\n at_least = few\n at_most = '1 2' }",
	  "4: sysctl \"net.x\": at_least \"few\": must be a number or unlimited\n"
	  "5: sysctl \"net.x\": at_most \"1 2\": must be a number or unlimited\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = 1\n at_most = 0x10 }",
	  "4: sysctl \"net.x\": at_most \"0x10\": numbers are decimal, without 0x, + or a leading "
	  "0\n",
	  0 },
	{ HEAD "sysctl net.x {\n value = 5\n at_least = 9\n at_most = 1 }",
	  "4: sysctl \"net.x\": at_least 9 is above at_most 1\n", 0 },
	{ HEAD "sysctl net.x {\n at_least = 9\n value = 5 }",
	  "4: sysctl \"net.x\": value 5 is below at_least 9\n", 0 },
	{ HEAD "sysctl net.x {\n at_most = 4\n value = unlimited }",
	  "4: sysctl \"net.x\": value unlimited is above at_most 4\n", 0 },
	{ HEAD "sysctl net.x {\n at_most = 4\n value = '1 2' }",
	  "4: sysctl \"net.x\": value \"1 2\": with at_least or at_most it must be one number or "
	  "unlimited\n",
	  0 },
	{ HEAD "sysctl net.safe {\n value = 0 }",
	  "3: sysctl \"net.safe\": 0 found, allowed: 1..32767\n", 0 },
	{ HEAD "sysctl net.safe {\n value = 5\n at_least = 1\n at_most = 50000 }",
	  "5: sysctl \"net.safe\": 50000 found, bounds go up to 40000\n", 0 },
	{ HEAD "sysctl net.safe {\n at_least = -1\n at_most = 40000\n value = 5 }",
	  "3: sysctl \"net.safe\": -1 found, bounds go up to 40000\n", 0 },
	{ HEAD "sysctl net.safe {\n at_most = 40001\n value = 5 }",
	  "3: sysctl \"net.safe\": 40001 found, bounds go up to 40000\n", 0 },
	{ HEAD "sysctl net.safe {\n value = 99999\n at_least = 100000 }",
	  "3: sysctl \"net.safe\": value 99999 is below at_least 100000\n"
	  "3: sysctl \"net.safe\": 99999 found, allowed: 1..32767\n",
	  0 },
	{ HEAD "limits a { item core {\n soft = 5\n hard = 4 } }",
	  "3: limits \"a\" item \"core\": soft 5 is above hard 4\n", 0 },
	{ HEAD "limits a { item core {\n soft = unlimited\n hard = 4 } }",
	  "3: limits \"a\" item \"core\": soft unlimited is above hard 4\n", 0 },
	{ HEAD "limits a { item core {\n soft = 5k\n hard = many } }",
	  "3: limits \"a\" item \"core\": 5k found, allowed: 0..4294967295 or unlimited\n"
	  "4: limits \"a\" item \"core\": many found, allowed: 0..4294967295 or unlimited\n",
	  0 },
	{ HEAD "limits a { item core {\n soft = 5\n hard = 9\n at_least = 7 } }",
	  "3: limits \"a\" item \"core\": soft 5 is below at_least 7\n", 0 },
	{ HEAD "sysctl net.x {\n value = 1\n optional = 1\n scope = boot }",
	  "4: sysctl \"net.x\": optional \"1\": must be true or false\n"
	  "5: sysctl \"net.x\": scope \"boot\": must be \"runtime\" or \"both\"\n",
	  0 },
	{ HEAD "limits a {\n scope = runtime\n item core { soft = 1 } }",
	  "3: limits \"a\" item \"core\": scope \"runtime\": must be \"both\", there is no running "
	  "value to "
	  "set\n",
	  0 },

	/* many at once, each with its line in spite of comments */
	{ "# c\nformat = 1 /* c\nc */ name = 'b d' // c\nsysctl net.a { }\n# c\nlimits b {\n"
	  " item core { soft = 2 hard = 1 }\n item nofile { soft = x }\n}\npam c { module = x }\n"
	  "sysctl net.a { value = 1 }\nsysctl bad { value = 01 }\nsysctl net.z { value = 1 value = "
	  "1 }\n",
	  "11: sysctl \"net.a\" is set twice, first in line 4\n"
	  "13: sysctl \"net.z\": value is set twice, first in line 13\n"
	  "3: name: \"b d\" found, must be 1 to 64 of A-Z a-z 0-9 . _ -\n"
	  "4: sysctl \"net.a\": value is missing\n"
	  "7: limits \"b\" item \"core\": soft 2 is above hard 1\n"
	  "8: limits \"b\" item \"nofile\": x found, allowed: 0..4294967295 or unlimited\n"
	  "10: pam \"c\": module x found, allowed: pam_limits.so\n"
	  "12: sysctl \"bad\": value \"01\": numbers are decimal, without 0x, + or a leading 0\n",
	  0 },
};

START_TEST(test_bad)
{
	size_t size = bad[_i].size ? bad[_i].size : strlen(bad[_i].bytes);
	struct profile_text text = { .name = "untouched" };
	int r = profile_parse(pool, fake_providers, "/p.conf", bad[_i].bytes, size, &text,
			      &problems);

	ck_assert_str_eq(all_problems(), bad[_i].problems);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_str_eq(text.name, "untouched");
}
END_TEST

/* ---- sizes ------------------------------------------------------------------------------- */

/* BEFORE, COUNT times MIDDLE, AFTER; returns the problems. */
static const char *parse_repeated(const char *before, const char *middle, size_t count,
				  const char *after)
{
	size_t length = strlen(middle), at = strlen(before);
	char *bytes = pool_alloc(pool, at + count * length + strlen(after) + 1);
	struct profile_text text;

	strcpy(bytes, before);
	for (size_t i = 0; i < count; i++, at += length)
		memcpy(bytes + at, middle, length);
	strcpy(bytes + at, after);
	profile_parse(pool, fake_providers, "/p.conf", bytes, at + strlen(after), &text, &problems);
	return all_problems();
}

START_TEST(test_limits)
{
	static const char quoted[] = HEAD "sysctl net.x { value = 1 reason = \"";
	static const char bare[] = HEAD "sysctl net.x { reason = 'x' value = ";

	ck_assert_str_eq(parse_repeated(quoted, "a", PROFILE_TOKEN_MAX, "\" }"), "");
	ck_assert_str_eq(parse_repeated(bare, "a", PROFILE_TOKEN_MAX, " }"), "");
	ck_assert_str_eq(parse_repeated(HEAD "#", "a", PROFILE_BYTES_MAX - 100, "\n" X), "");
	ck_assert_str_eq(parse_repeated(HEAD "#", "a", PROFILE_BYTES_MAX, "\n" X),
			 "0: larger than 1 MiB: this is not a profile\n");
	problems.count = 0;
	ck_assert_str_eq(parse_repeated(quoted, "a", PROFILE_TOKEN_MAX + 1, "\" }"),
			 "2: column 35: this string is longer than 4096 bytes\n");
	problems.count = 0;
	ck_assert_str_eq(parse_repeated(quoted, "a", 1000000, "\" }"),
			 "2: column 35: this string is longer than 4096 bytes\n");
	problems.count = 0;
	ck_assert_str_eq(parse_repeated(bare, "a", PROFILE_TOKEN_MAX + 1, " }"),
			 "2: column 37: this word is longer than 4096 bytes\n");
	problems.count = 0;
	ck_assert_str_eq(parse_repeated(HEAD X, "{", 100000, ""),
			 "3: column 9: nested too deeply\n");
	problems.count = 0;
	ck_assert_ptr_nonnull(strstr(parse_repeated(HEAD, "sysctl a{}", 50000, ""),
				     "more than 2048 sections in one file\n"));
	problems.count = 0;
	ck_assert_ptr_nonnull(strstr(parse_repeated(HEAD, "name=b ", 50000, ""),
				     "more than 16384 options in one file\n"));
}
END_TEST

/* Messages stay readable, whatever was found. */
START_TEST(test_quote)
{
	char wide[200] = "";

	ck_assert_str_eq(profile_quote(pool, "plain"), "\"plain\"");
	ck_assert_str_eq(profile_quote(pool, "a\n\x1b[2J\x7f"), "\"a\\x0a\\x1b[2J\\x7f\"");
	ck_assert_str_eq(profile_quote(pool, "\xc2\x9b \xff \xc3\xa9"),
			 "\"\\xc2\\x9b \\xff \xc3\xa9\"");
	for (int i = 0; i < 60; i++)
		strcat(wide, i ? "\xc3\xa9" : "a");
	const char *quoted = profile_quote(pool, wide);
	ck_assert_uint_eq(strlen(quoted), 1 + 79 + 3 + 1);
	ck_assert_str_eq(quoted + 1 + 79, "...\"");
}
END_TEST

/* Any cut of a good file is either read or refused with a reason. */
START_TEST(test_truncation)
{
	static const char bytes[] =
		HEAD "# c\n/* d */ inherits = { 'a', b }\n" X
		     "limits \"*\" { item 'core' { soft = 1 hard = 2 } }\n"
		     "pam \"sshd\" { module = pam_limits.so reason = \"\\\"\" }\n";

	for (size_t size = 0; size < strlen(bytes); size++) {
		struct profile_text text;
		size_t before = problems.count = 0;
		int r = profile_parse(pool, fake_providers, "/p.conf", bytes, size, &text,
				      &problems);

		ck_assert_int_eq(r != 0, problems.count > before);
		ck_assert(r == 0 || r == -EINVAL);
	}
}
END_TEST

/* Any single byte in any place: no crash, and a failure has a reason. */
START_TEST(test_mutation)
{
	static const char bytes[] = HEAD "# c\nlimits \"*\" { item 'core' { soft = 1 } } /* d */\n";
	char copy[sizeof bytes];

	for (size_t at = 0; at < strlen(bytes); at++) {
		struct profile_text text;

		memcpy(copy, bytes, sizeof bytes);
		copy[at] = (char)_i;
		problems.count = 0;
		int r = profile_parse(pool, fake_providers, "/p.conf", copy, strlen(bytes), &text,
				      &problems);
		ck_assert_int_eq(r != 0, problems.count > 0);
	}
}
END_TEST

/* ---- keeltune.conf ----------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	const char *names; /* joined by blanks, or NULL */
	const char *problems;
} defaults[] = {
	{ "format = 1\nprofiles = { \"baseline\", web-server, /etc/x.conf }\n",
	  "baseline web-server /etc/x.conf", "" },
	{ "format = 1 profiles = baseline", "baseline", "" },
	{ "format = 1\n", NULL, "0: \"profiles = { ... }\" is missing or empty\n" },
	{ "format = 1\nprofiles = {}\n", NULL, "0: \"profiles = { ... }\" is missing or empty\n" },
	{ "profiles = { a }\n", NULL, "0: \"format = 1\" is missing\n" },
	{ "format = 3\nnew = 1", NULL,
	  "1: format 3 is newer than this keeltune, which reads format 1: upgrade keeltune\n" },
	{ "format = 1\n# c\nprofiles = { a,\n b/c,\n \"\" }\n", NULL,
	  "4: profiles: \"b/c\" is neither the name of a profile nor an absolute path\n"
	  "5: profiles: \"\" is neither the name of a profile nor an absolute path\n" },
	{ "format = 1\nprofile = { a }\n", NULL,
	  "2: no such option 'profile'; allowed here: format, profiles\n" },
	{ "format = 1\nprofiles = { a }\nprofiles = { b }\n", NULL,
	  "3: profiles is set twice, first in line 2\n" },
	{ "format = 1\nprofiles = { a\n", NULL, "2: this \"{\" is never closed\n" },
	{ "format = 1\nprofiles = { a b }\n", NULL, "2: unexpected token 'b'\n" },
};

START_TEST(test_defaults)
{
	const char **names = NULL, *joined = "";
	size_t count = 0;
	int r = profile_default_names(pool, "/p.conf", defaults[_i].bytes,
				      strlen(defaults[_i].bytes), &names, &count, &problems);

	ck_assert_str_eq(all_problems(), defaults[_i].problems);
	ck_assert_int_eq(r, defaults[_i].names ? 0 : -EINVAL);
	for (size_t i = 0; i < count; i++)
		joined = pool_printf(pool, "%s%s%s", joined, i ? " " : "", names[i]);
	ck_assert_str_eq(joined, defaults[_i].names ? defaults[_i].names : "");
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tcase = tcase_create("profile");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_everything);
	tcase_add_test(tcase, test_exact_value_is_a_range_of_one);
	tcase_add_loop_test(tcase, test_readable, 0, COUNT(readable));
	tcase_add_loop_test(tcase, test_bad, 0, COUNT(bad));
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_quote);
	tcase_add_test(tcase, test_truncation);
	tcase_add_loop_test(tcase, test_mutation, 0, 256);
	tcase_add_loop_test(tcase, test_defaults, 0, COUNT(defaults));
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
