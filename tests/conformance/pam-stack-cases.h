/* SPDX-License-Identifier: MIT
 *
 * Cases for pam-stack.c. The random ones are mostly what people write, with everything that libpam
 * reads in its own way mixed in. Files include only files behind them in the table, so that nothing
 * loops: loops are fixed cases. Every line of pam_limits.so carries its own place as an argument.
 */
#ifndef PAM_STACK_CASES_H
#define PAM_STACK_CASES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CASE_FILES 8
#define CASE_BYTES 8192

struct case_file {
	char path[64]; /* "" : unused */
	char bytes[CASE_BYTES];
	size_t size;
};

struct test_case {
	const char *service;
	bool pam_conf; /* /etc/pam.d and /usr/lib/pam.d do not exist */
	struct case_file files[CASE_FILES];
	unsigned maybes; /* lines of pam_maybe.so, numbered from 0 by their argument */
};

/* xorshift64 */
struct random {
	uint64_t state;
};

enum mode {
	MODE_CERTAIN, /* every module answers always the same */
	MODE_MAYBE,   /* pam_maybe.so answers anything */
	MODE_PAM_CONF,
};

/* ---- random cases ------------------------------------------------------------------------ */

static uint32_t random_below(struct random *random, uint32_t bound)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (uint32_t)(random->state >> 33) % bound;
}

struct generator {
	struct random *random;
	struct test_case *test;
	struct case_file *file;
	size_t index; /* of file */
	enum mode mode;
	unsigned line;       /* of the file */
	bool session_before; /* a session line stands before this one */
	bool continued;      /* the line before ends in a backslash */
};

static bool chance(struct generator *g, uint32_t percent)
{
	return random_below(g->random, 100) < percent;
}

static const char *pick(struct generator *g, const char *const *words, size_t count)
{
	return words[random_below(g->random, (uint32_t)count)];
}
#define PICK(g, words) pick(g, words, sizeof(words) / sizeof *(words))

static void put_bytes(struct generator *g, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && g->file->size < CASE_BYTES; i++) {
		g->file->bytes[g->file->size++] = bytes[i];
		g->line += bytes[i] == '\n';
	}
}

static void put(struct generator *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct generator *g, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put_bytes(g, text, (size_t)size);
}

static void put_many(struct generator *g, char c, uint32_t count)
{
	while (count--)
		put_bytes(g, &c, 1);
}

static void put_blank(struct generator *g)
{
	static const char *const blanks[] = { "\t", "  ", " \t ", "\t\t", "     " };

	if (chance(g, 3)) {
		put(g, chance(g, 50) ? " \\\n" : "\\ \t\n  ");
		if (chance(g, 15))
			put(g, chance(g, 50) ? "# comment\n" : "  \n");
		return;
	}
	if (chance(g, 1)) {
		put_many(g, ' ', 300 + random_below(g->random, 800));
		return;
	}
	put(g, "%s", chance(g, 80) ? " " : PICK(g, blanks));
}

/* WORD with some letters in upper case, sometimes. */
static void put_word(struct generator *g, const char *word)
{
	bool shout = chance(g, 8);

	for (; *word; word++) {
		bool upper = shout && *word >= 'a' && *word <= 'z' && chance(g, 60);
		put(g, "%c", upper ? *word - 'a' + 'A' : *word);
	}
}

static const char *const codes[] = { "success",
				     "success",
				     "success",
				     "ignore",
				     "perm_denied",
				     "session_err",
				     "module_unknown",
				     "abort",
				     "auth_err",
				     "incomplete",
				     "new_authtok_reqd",
				     "default",
				     "default",
				     "default",
				     "open_err",
				     "cred_err",
				     "conv_again",
				     "service_err",
				     "authtok_recover_err" };

static void put_brackets(struct generator *g)
{
	static const char *const actions[] = { "ignore", "ok",        "ok", "done",       "bad",
					       "die",    "1",         "2",  "3",          "reset",
					       "1",      "0",         "99", "4294967297", "okay",
					       "OK",     "4294967295" };
	static const char *const noise[] = { ",", "=", "\\]", "success", "[", "x=ok", "\v" };
	uint32_t count = random_below(g->random, 5);

	put(g, "[");
	for (uint32_t i = 0; i < count; i++) {
		uint32_t range = chance(g, 6) ? 17 : 11;
		put(g, "%s%s=%s%s", PICK(g, codes), chance(g, 5) ? " " : "",
		    chance(g, 5) ? " \t" : "", actions[random_below(g->random, range)]);
		if (!chance(g, 2))
			put(g, " ");
		if (chance(g, 2))
			put(g, "%s", PICK(g, noise));
	}
	put(g, "%s", chance(g, 2) ? "" : "]");
}

static void put_module(struct generator *g, unsigned line)
{
	static const char *const odd[] = { "PAM_LIMITS.so",
					   "pam_limits",
					   "/lib/security/pam_limits.so",
					   "[pam_limits.so]",
					   "pam_nope.so",
					   "pam_nope.so",
					   "/nowhere/pam_permit.so",
					   "pam_permit.so\r",
					   "$ISA/pam_limits.so",
					   "./pam_limits.so",
					   "../security/pam_permit.so",
					   "pam_rootok.so",
					   "\"pam_permit.so\"" };
	static const char *const hopeless[] = { ".so", "?.so", "?", "/", "[]", "/x/.hidden" };
	uint32_t what = random_below(g->random, 100);

	if (what < 25 || (g->mode == MODE_MAYBE && what < 35))
		put(g, "pam_limits.so at=%s:%u", g->file->path, line);
	else if (g->mode == MODE_MAYBE && what < 60 && g->test->maybes < 3)
		put(g, "pam_maybe.so maybe=%u", g->test->maybes++);
	else if (what < 60)
		put(g, "pam_debug.so open_session=%s", PICK(g, codes));
	else if (what < 75)
		put(g, "pam_permit.so");
	else if (what < 80)
		put(g, "pam_deny.so");
	else if (what < 86)
		put(g, "pam_warn.so");
	else if (what < 99)
		put(g, "%s at=%s:%u", PICK(g, odd), g->file->path, line);
	else if (g->index < 2 &&
		 chance(g, 25)) /* elsewhere libpam uses memory that it did not set */
		put(g, "%s", PICK(g, hopeless));
	if (chance(g, 10))
		put(g, " [an argument] open_session=abort");
}

/* The name of a file behind this one, or of none. */
static void put_target(struct generator *g, bool may_be_missing)
{
	size_t first = g->index < 2 ? 2 : g->index + 1;

	if (first >= CASE_FILES || !*g->test->files[first].path ||
	    (may_be_missing && chance(g, 6))) {
		put(g, "%s", chance(g, 80) ? "missing" : "");
		return;
	}
	size_t count = 1;
	while (first + count < CASE_FILES && *g->test->files[first + count].path)
		count++;
	const char *path = g->test->files[first + random_below(g->random, (uint32_t)count)].path;
	put(g, "%s", chance(g, 15) || strncmp(path, "/etc/pam.d/", 11) ? path : path + 11);
}

static bool can_include(const struct generator *g)
{
	size_t first = g->index < 2 ? 2 : g->index + 1;

	return first < CASE_FILES && *g->test->files[first].path;
}

static void put_entry(struct generator *g)
{
	static const char *const types[] = { "auth", "account", "password", "-auth", "auth" };
	static const char *const wrong[] = { "sesion", "session:", "[session]", "-",
					     "\xc2\xa0session" };
	static const char *const controls[] = { "required", "required", "requisite", "optional",
						"sufficient" };
	static const char *const wrong_controls[] = { "bogus", "require", "[required]",
						      "required:" };
	unsigned line = g->line;

	/* An @include that fails as the first line of an included file gets actions that nobody
	 * set. */
	if (chance(g, 6) && (g->session_before || g->index < 2) && g->mode != MODE_PAM_CONF) {
		put_word(g, chance(g, 95) ? "@include" : "-@include");
		put_blank(g);
		put_target(g, (g->index < 2 && chance(g, 15)) || g->session_before);
		return;
	}
	if (g->mode == MODE_PAM_CONF && *g->file->path && !strcmp(g->file->path, "/etc/pam.conf")) {
		static const char *const services[] = {
			"svc", "svc", "other", "SVC", "OTHER", "x"
		};
		put(g, "%s", PICK(g, services));
		put_blank(g);
	}
	bool session = chance(g, 88);
	if (session)
		put_word(g, chance(g, 92) ? "session" : "-session");
	else
		put(g, "%s", chance(g, 75) ? PICK(g, types) : PICK(g, wrong));
	put_blank(g);
	if (can_include(g) && chance(g, 22)) {
		put_word(g, chance(g, 50) ? "include" : "substack");
		put_blank(g);
		put_target(g, true);
		g->session_before |= session;
		return;
	}
	if (chance(g, 30))
		put_brackets(g);
	else
		put_word(g, chance(g, 97) ? PICK(g, controls) : PICK(g, wrong_controls));
	put_blank(g);
	put_module(g, line);
	g->session_before |= session;
}

static void put_line(struct generator *g, bool last)
{
	static const char *const comments[] = {
		"# comment", "#", "", "  ", "\t# session required x.so \\", "\v"
	};

	if (chance(g, 8)) {
		put(g, "%s\n", PICK(g, comments));
		return;
	}
	bool tail = chance(g, 1), before = g->session_before;
	if (tail) {
		put(g, "#");
		put_many(g, 'x', 950 + random_below(g->random, 150));
	} else if (chance(g, 5)) {
		put(g, "%s", chance(g, 50) ? "  " : "\t");
	}
	put_entry(g);
	if (tail || g->continued) /* may be no more than a comment, or an argument */
		g->session_before = before;
	g->continued = false;
	if (chance(g, 6))
		put(g, " # comment%s", chance(g, 30) ? " \\" : "");
	if (chance(g, 1))
		put_bytes(g, " \0 x", 4);
	if (chance(g, 1)) {
		put_many(g, ' ', random_below(g->random, 1200));
		put(g, "\\");
		g->continued = true;
	}
	if (chance(g, 1))
		put(g, "\r");
	if (!last || !chance(g, 30))
		put(g, "\n");
}

static void fill(struct generator *g, size_t index)
{
	uint32_t count = 1 + random_below(g->random, index < 2 ? 7 : 5);

	g->index = index;
	g->file = &g->test->files[index];
	g->line = 1;
	g->session_before = g->continued = false;
	for (uint32_t i = 0; i < count; i++)
		put_line(g, i + 1 == count);
	if (chance(g, 1))
		put(g, " \\\n");
}

static void generate_case(struct random *random, enum mode mode, struct test_case *ret)
{
	static const char *const directories[] = { "/etc/pam.d", "/etc/pam.d",     "/etc/pam.d",
						   "/etc/pam.d", "/usr/lib/pam.d", "/etc/alt" };
	struct generator g = { .random = random, .test = ret, .mode = mode };
	size_t count = 2 + random_below(random, CASE_FILES - 2);

	memset(ret, 0, sizeof *ret);
	ret->service = chance(&g, 3) ? "/bin/SVC" : chance(&g, 2) ? "other" : "svc";
	ret->pam_conf = mode == MODE_PAM_CONF;
	for (size_t i = 0; i < count; i++) {
		const char *directory = ret->pam_conf ? "/etc/alt" : PICK(&g, directories);
		if (i < 2 && !strcmp(directory, "/etc/alt"))
			directory = "/etc/pam.d";
		snprintf(ret->files[i].path, sizeof ret->files[i].path, "%s/%s%.0zu", directory,
			 i == 0   ? "svc"
			 : i == 1 ? "other"
				  : "part-",
			 i > 1 ? i : 0);
	}
	if (ret->pam_conf) {
		strcpy(ret->files[0].path, "/etc/pam.conf");
		strcpy(ret->files[1].path, "/etc/alt/unused");
	}
	for (size_t i = 0; i < count; i++)
		if (!(i == 0 && chance(&g, 2)) && !(i == 1 && chance(&g, 10)))
			fill(&g, i);
}

#endif
