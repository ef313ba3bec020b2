// SPDX-License-Identifier: MIT
/* Names of sysctl keys and the paths they mean, see sysctl-path.h. Pure. A path that does not spell
 * the key plainly ("net//ipv4/../ipv4/x") is walked as the kernel walks it, knowing only the
 * directories that lead to the wanted key and those that every kernel has. */
#include "sysctl-path.h"

#include "pool.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

static const char proc_sys[] = "/proc/sys";

/* ---- names ------------------------------------------------------------------------------- */

void sysctl_swap(char *text)
{
	char *at = strpbrk(text, "/.");

	if (!at || *at == '/')
		return;
	for (; at; at = strpbrk(at + 1, "/."))
		*at = *at == '.' ? '/' : '.';
}

void sysctl_simplify(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		size_t size = strcspn(from, "/");
		if (size && !(size == 1 && *from == '.')) {
			if (to != text)
				*to++ = '/';
			memmove(to, from, size);
			to += size;
		}
		from += size;
		from += *from == '/';
	}
	*to = '\0';
}

bool sysctl_is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

const char *sysctl_key_path(struct pool *pool, const char *key)
{
	char *path = pool_strdup(pool, key);

	if (sysctl_is_pattern(key) || strpbrk(key, "=\\{}") || strchr("-#;", *key))
		return NULL;
	for (const char *p = key; *p; p++)
		if (!isgraph((unsigned char)*p))
			return NULL;
	sysctl_swap(path);
	if (!strchr(path, '/') || strlen(path) >= SYSCTL_PATH_MAX)
		return NULL;
	for (const char *part = path;; part++) {
		size_t size = strcspn(part, "/");
		if (!size || (size <= 2 && !strncmp(part, "..", size)))
			return NULL;
		part += size;
		if (!*part)
			return path;
	}
}

const char *sysctl_key_dotted(struct pool *pool, const char *path)
{
	char *key = pool_strdup(pool, path);

	for (char *p = key; *p; p++)
		if (*p == '.' || *p == '/')
			*p = *p == '.' ? '/' : '.';
	return key;
}

/* ---- walking ----------------------------------------------------------------------------- */

struct walk {
	const char *target;            /* "net/ipv4/tcp_x" */
	char at[SYSCTL_PATH_MAX + 32]; /* "" is the root directory */
	size_t size;
};

/* Is the place reached a directory, as far as anybody can know without looking? */
static bool at_directory(const struct walk *walk)
{
	static const char *const known[] = { "dev",      "fs",       "kernel",   "net",
					     "net/core", "net/ipv4", "net/ipv6", "vm" };
	const size_t base = sizeof proc_sys - 1;

	if (walk->size <= base)
		return !strncmp(walk->at, proc_sys, walk->size) &&
		       (proc_sys[walk->size] == '/' || !proc_sys[walk->size]);
	if (strncmp(walk->at, proc_sys, base) || walk->at[base] != '/')
		return false;
	const char *below = walk->at + base + 1;
	size_t size = strlen(below);
	if (!strncmp(walk->target, below, size) && walk->target[size] == '/')
		return true;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i], below))
			return true;
	return false;
}

static void start_walk(struct walk *walk, const char *target, bool at_root)
{
	walk->target = target;
	walk->size = at_root ? 0 : sizeof proc_sys - 1;
	memcpy(walk->at, proc_sys, walk->size);
	walk->at[walk->size] = '\0';
}

/* One component. */
static bool step(struct walk *walk, const char *part, size_t size)
{
	if (!at_directory(walk))
		return false;
	if (!size || (size == 1 && *part == '.'))
		return true;
	if (size == 2 && !strncmp(part, "..", 2)) {
		while (walk->size && walk->at[--walk->size] != '/')
			;
	} else {
		if (walk->size + size + 2 > sizeof walk->at)
			return false;
		walk->at[walk->size++] = '/';
		memcpy(walk->at + walk->size, part, size);
		walk->size += size;
	}
	walk->at[walk->size] = '\0';
	return true;
}

static bool walk_text(struct walk *walk, const char *text)
{
	for (;;) {
		size_t size = strcspn(text, "/");
		if (!step(walk, text, size))
			return false;
		text += size;
		if (!*text++)
			return true;
	}
}

static bool at_target(const struct walk *walk)
{
	const size_t base = sizeof proc_sys - 1;

	return walk->size > base && !strncmp(walk->at, proc_sys, base) && walk->at[base] == '/' &&
	       !strcmp(walk->at + base + 1, walk->target);
}

/* Can only a walk tell where TEXT leads? */
static bool is_devious(const char *text)
{
	return *text == '/' || *text == '.' || strstr(text, "//") || strstr(text, "/.");
}

bool sysctl_path_leads_to(const char *text, const char *path, bool absolute)
{
	struct walk walk;

	if (!is_devious(text))
		return !strcmp(text, path);
	if (strlen(text) + sizeof proc_sys >= SYSCTL_PATH_MAX)
		return false;
	start_walk(&walk, path, absolute && *text == '/');
	return walk_text(&walk, text) && at_target(&walk);
}

/* ---- BusyBox ----------------------------------------------------------------------------- */

static bool leads_somewhere(const char *text, const char *path)
{
	struct walk walk;

	start_walk(&walk, path, *text == '/');
	return walk_text(&walk, text) && (at_target(&walk) || at_directory(&walk));
}

/* A name whose probing would take long: no real key looks so. */
static bool is_excessive(const char *name)
{
	unsigned doubled = 0;

	for (const char *p = name; *p; p++)
		doubled += strchr("./", *p) && p[1] && strchr("./", p[1]);
	return doubled > 8 || strlen(name) > 512;
}

/* procps/sysctl.c of BusyBox 1.37, sysctl_dots_to_slashes(): from the end, the longest beginning
 * that exists gets its following dot replaced, and again from there. */
void sysctl_probe(char *name, const char *path)
{
	size_t good = 0; /* before this everything is settled */

	if (strcspn(name, ".") < strcspn(name, "/") && strchr(name, '/')) {
		sysctl_swap(name);
		return;
	}
	while (!is_excessive(name) && !leads_somewhere(name, path)) {
		size_t cut = strlen(name);
		bool exists = false;
		while (!exists && cut-- > good) {
			if (name[cut] != '.')
				continue;
			name[cut] = '\0';
			exists = *name && leads_somewhere(name, path);
			name[cut] = exists ? '/' : '.';
		}
		if (!exists)
			return;
		good = cut + 1;
	}
}

/* ---- patterns ---------------------------------------------------------------------------- */

#define DOT_BRANCHES 64

/* A pattern on its way. */
struct match {
	struct walk walk;
	const char *rest;
	bool dots;
	char text[SYSCTL_PATH_MAX]; /* what glob() makes of it so far */
	size_t size;
};

static bool match_rest(struct match *match, unsigned *branches);

/* The next component on the way to the target. */
static bool next_component(const struct walk *walk, char name[SYSCTL_PATH_MAX])
{
	const size_t base = sizeof proc_sys - 1;

	if (!at_directory(walk) || walk->size < base)
		return false;
	size_t done = walk->size - base; /* "/net" and "net/" are as long */
	if (done && strncmp(walk->target, walk->at + base + 1, done - 1) != 0)
		return false;
	const char *next = walk->target + done;
	size_t size = strcspn(next, "/");
	if (size >= SYSCTL_PATH_MAX)
		return false;
	memcpy(name, next, size);
	name[size] = '\0';
	return true;
}

static bool take_part(struct match *match, const char *part)
{
	size_t size = strlen(part);

	if (!step(&match->walk, part, size) || match->size + size + 2 > sizeof match->text)
		return false;
	memcpy(match->text + match->size, part, size);
	match->size += size;
	if (*match->rest == '/') {
		match->text[match->size++] = *match->rest++;
		if (!*match->rest)
			return false; /* a key is no directory */
	}
	match->text[match->size] = '\0';
	return true;
}

/* ".*" finds "." and "..", and nothing that leads on. */
static bool match_dots(struct match *match, const char *part, unsigned *branches)
{
	static const char *const dots[] = { ".", ".." };

	for (size_t i = 0; i < 2 && (*branches)++ < DOT_BRANCHES; i++) {
		struct match branch = *match;
		if (!fnmatch(part, dots[i], FNM_PERIOD) && take_part(&branch, dots[i]) &&
		    match_rest(&branch, branches)) {
			*match = branch;
			return true;
		}
	}
	return false;
}

static bool match_rest(struct match *match, unsigned *branches)
{
	while (*match->rest) {
		char part[SYSCTL_PATH_MAX], name[SYSCTL_PATH_MAX];
		size_t size = strcspn(match->rest, "/"), backslashes = 0;

		memcpy(part, match->rest, size);
		part[size] = '\0';
		match->rest += size;
		if (!strpbrk(part, "*?[\\")) {
			if (!take_part(match, part))
				return false;
			continue;
		}
		if (*part == '.')
			return match->dots && match_dots(match, part, branches);
		/* Without pattern characters the quoting is only taken away, even that of the
		 * slash. */
		while (backslashes < size && part[size - 1 - backslashes] == '\\')
			backslashes++;
		if (*match->rest && backslashes % 2 && !sysctl_is_pattern(part))
			part[size - 1] = '\0';
		if (!next_component(&match->walk, name) || fnmatch(part, name, FNM_PERIOD) ||
		    !take_part(match, name))
			return false;
	}
	return at_target(&match->walk);
}

bool sysctl_pattern_matches(const char *pattern, const char *path, bool dots,
			    char ret_text[SYSCTL_PATH_MAX])
{
	struct match match = { .rest = pattern, .dots = dots };
	unsigned branches = 0;

	if (strlen(pattern) + sizeof proc_sys >= SYSCTL_PATH_MAX)
		return false;
	start_walk(&match.walk, path, false);
	if (!match_rest(&match, &branches))
		return false;
	memcpy(ret_text, match.text, match.size + 1);
	return true;
}

/* ---- braces ------------------------------------------------------------------------------ */

#define BRACE_MAX 1024

struct braces {
	struct pool *pool;
	const char **items;
	size_t count;
	unsigned work;
};

/* The ',' or '}' that ends the alternative at P, or NULL. */
static const char *end_of_alternative(const char *p)
{
	unsigned depth = 0;

	for (; *p; p++) {
		if (*p == '\\') {
			if (!*++p)
				return NULL;
		} else if (!depth && (*p == ',' || *p == '}')) {
			return p;
		} else if (*p == '}') {
			depth--;
		} else if (*p == '{') {
			depth++;
		}
	}
	return NULL;
}

static const char *opening_brace(const char *p)
{
	for (; *p && *p != '{'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p : NULL;
}

/* The '}' that closes the '{' at OPEN, or NULL. */
static const char *closing_brace(const char *open)
{
	const char *p = open;

	do
		p = end_of_alternative(p + 1);
	while (p && *p == ',');
	return p;
}

/* As glob() of glibc: the first brace is expanded, then what came out is; a brace that is not
 * closed ends the expansion. */
static void expand(struct braces *braces, const char *text)
{
	const char *open = opening_brace(text), *close = open ? closing_brace(open) : NULL;

	if (++braces->work > 4 * BRACE_MAX)
		return;
	if (!close) {
		braces->items = pool_extend(braces->pool, (void *)braces->items, braces->count,
					    sizeof *braces->items);
		braces->items[braces->count++] = text;
		return;
	}
	for (const char *start = open + 1; start <= close;) {
		const char *end = end_of_alternative(start);
		expand(braces, pool_printf(braces->pool, "%.*s%.*s%s", (int)(open - text), text,
					   (int)(end - start), start, close + 1));
		start = end + 1;
	}
}

const char **brace_expand(struct pool *pool, const char *text, size_t *ret_count)
{
	struct braces braces = { .pool = pool };

	expand(&braces, text);
	if (braces.work > 4 * BRACE_MAX || braces.count > BRACE_MAX)
		braces.count = 0;
	*ret_count = braces.count;
	return braces.items;
}
