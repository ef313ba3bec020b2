// SPDX-License-Identifier: MIT
/* UsePAM in sshd_config and what it includes, as sshd reads it (servconf.c of OpenSSH 9.2): the
 * first value counts, files are included in place, what follows a Match is not global. Reads
 * through the host handle only. Example: "Include /etc/ssh/sshd_config.d/[a-z]*.conf". */
#include "sshd-config.h"

#include "host.h"
#include "pool.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 16 /* SERVCONF_MAX_DEPTH */
/* Bytes that are read, and names that are compared, with files that include each other many times
 * over: sshd would be at it for years. */
#define WORK_MAX ((size_t)4 * HOST_FILE_MAX)
#define WORD_MAX 512

struct search {
	struct host *host;
	bool found;
	bool yes;
	struct origin origin;
	size_t work;
	const char *blind, *why; /* a file or directory that could not be read, and why */
};

static void be_blind(struct search *search, const char *path, const char *why)
{
	if (search->blind)
		return;
	search->blind = path;
	search->why = why;
}

static void search_file(struct search *search, const char *path, unsigned depth);

/* The next word of the line at *TEXT, which ends at END. False: no more. */
static bool next_word(const char **text, const char *end, bool keyword, char *ret, size_t room)
{
	size_t size = 0;

	while (*text < end && memchr(" \t\r\f", **text, 4))
		++*text;
	bool quoted = *text < end && **text == '"';
	*text += quoted;
	for (; *text < end; ++*text) {
		if (quoted ? **text == '"' : memchr(" \t\r\f", **text, 4) != NULL)
			break;
		if (keyword && **text == '=')
			break;
		if (size + 1 < room)
			ret[size++] = **text;
	}
	if (*text < end && (quoted || keyword))
		++*text;
	ret[size] = '\0';
	return size > 0 && *ret != '#';
}

static bool is_over(const struct search *search)
{
	return search->found || search->work > WORK_MAX;
}

static void search_pattern(struct search *search, const char *pattern, unsigned depth)
{
	struct pool *pool = host_pool(search->host);

	if (*pattern != '/')
		pattern = pool_printf(pool, "/etc/ssh/%s", pattern);
	const char *name = strrchr(pattern, '/') + 1;
	if (!name[strcspn(name, "*?[\\")]) {
		search_file(search, pattern, depth);
		return;
	}
	const char *path = pool_copy(pool, pattern, (size_t)(name - pattern) - 1);
	const struct directory *directory = host_directory(search->host, path);
	search->work += directory->count;
	if (directory->state == FILE_UNREADABLE && directory->error != -ELOOP)
		be_blind(search, path, strerror(-directory->error));
	for (size_t i = 0; i < directory->count && !is_over(search); i++)
		if (!fnmatch(name, directory->names[i], FNM_PERIOD))
			search_file(search, pool_printf(pool, "%s/%s", path, directory->names[i]),
				    depth);
}

/* False: what follows in this file is not global. */
static bool search_line(struct search *search, const char *path, unsigned number, const char *text,
			const char *end, unsigned depth)
{
	char word[WORD_MAX];

	if (!next_word(&text, end, true, word, sizeof word))
		return true;
	if (!strcasecmp(word, "match"))
		return false;
	if (!strcasecmp(word, "include")) {
		while (!is_over(search) && next_word(&text, end, false, word, sizeof word))
			search_pattern(search, word, depth + 1);
	} else if (!strcasecmp(word, "usepam") &&
		   (text += strspn(text, " \t="),
		    next_word(&text, end, false, word, sizeof word))) {
		search->found = true;
		search->yes = strcasecmp(word, "no") != 0;
		search->origin = (struct origin){ path, number };
	}
	return true;
}

static void search_file(struct search *search, const char *path, unsigned depth)
{
	const struct file *file = host_file(search->host, path);
	const char *line = file->bytes, *end = file->bytes + file->size;
	bool global = true;

	if (file->state == FILE_UNREADABLE)
		be_blind(search, file->path, strerror(-file->error));
	search->work += file->size + 1;
	if (search->work > WORK_MAX)
		be_blind(search, file->path, "files include each other too often");
	for (unsigned number = 1; depth <= DEPTH_MAX && global && line < end && !is_over(search);
	     number++) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		global = search_line(search, file->path, number, line, stop, depth);
		line = stop + 1;
	}
}

enum sshd_pam sshd_uses_pam(struct host *host, struct origin *ret_origin, const char **ret_why)
{
	static const char *const paths[] = { "/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config" };
	struct search search = { .host = host };
	struct pool *pool = host_pool(host);
	size_t i = 0;

	*ret_why = NULL;
	while (i < 2 && host_file(host, paths[i])->state == FILE_ABSENT)
		i++;
	if (i < 2)
		search_file(&search, paths[i], 0);
	*ret_origin = search.origin;
	if (search.blind) {
		*ret_origin = (struct origin){ search.blind, 0 };
		*ret_why = pool_printf(pool, "%s: %s", search.blind, search.why);
		return SSHD_PAM_UNKNOWN;
	}
	if (i == 2 || (search.found && search.yes))
		return SSHD_PAM_YES;
	if (!search.found)
		*ret_origin = (struct origin){ paths[i], 0 };
	*ret_why = search.found ? "UsePAM no: sshd does without PAM"
				: "no UsePAM line: sshd does without PAM";
	return SSHD_PAM_NO;
}
