// SPDX-License-Identifier: MIT
/* pam_session among the Defaults of sudoers and what it includes, see sudoers.h: the last line
 * counts, !pam_session switches sessions off. Reads through the host handle only.
 *     Defaults !pam_session
 *     @includedir /etc/sudoers.d */
#include "sudoers.h"

#include "cleanup.h"
#include "host.h"
#include "pool.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 128 /* MAX_SUDOERS_DEPTH */
/* For files that include each other many times over. */
#define FILES_MAX 1024
#define BYTES_MAX ((size_t)4 * HOST_FILE_MAX)

struct search {
	struct host *host;
	bool off, off_for_some;
	struct origin origin, some;
	unsigned files;
	size_t bytes;
	bool endless;
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

/* Files whose name ends in ~ or has a dot are passed over. */
static void search_directory(struct search *search, const char *path, unsigned depth)
{
	struct pool *pool = host_pool(search->host);
	const struct directory *directory = host_directory(search->host, path);

	if (directory->state == FILE_UNREADABLE && directory->error != -ELOOP)
		be_blind(search, path, strerror(-directory->error));
	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		if (!strchr(name, '.') && name[strlen(name) - 1] != '~')
			search_file(search, pool_printf(pool, "%s/%s", path, name), depth);
	}
}

static void search_include(struct search *search, const char *path, const char *argument,
			   bool directory, unsigned depth)
{
	struct pool *pool = host_pool(search->host);

	argument += strspn(argument, " \t\"");
	argument = pool_copy(pool, argument, strcspn(argument, "\" \t\r"));
	if (*argument && *argument != '/')
		argument = pool_printf(pool, "%.*s/%s", (int)(strrchr(path, '/') - path), path,
				       argument);
	if (*argument && directory)
		search_directory(search, argument, depth + 1);
	else if (*argument)
		search_file(search, argument, depth + 1);
}

/* TEXT follows "Defaults": a scope ("@host", ":user", "!command", ">runas"), then settings. */
static void search_defaults(struct search *search, struct origin origin, const char *text)
{
	bool scoped = strchr("@:!>", *text) != NULL && *text;

	if (scoped)
		text += strcspn(text, " \t");
	while (*text) {
		text += strspn(text, " \t,");
		bool off = *text == '!';
		const char *name = text + off + strspn(text + off, " \t");
		size_t size = strcspn(name, " \t,=+-\r");
		text = name + strcspn(name, ",");
		if (size != strlen("pam_session") || strncmp(name, "pam_session", size) != 0)
			continue;
		if (!scoped) {
			search->off = off;
			search->origin = origin;
		} else if (off) {
			search->off_for_some = true;
			search->some = origin;
		}
	}
}

static void search_line(struct search *search, struct origin origin, const char *line,
			unsigned depth)
{
	static const char defaults[] = "Defaults";
	static const struct {
		const char *word;
		bool directory;
	} includes[] = { { "@includedir", true },
			 { "#includedir", true },
			 { "@include", false },
			 { "#include", false } };

	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof includes / sizeof *includes; i++) {
		size_t size = strlen(includes[i].word);
		if (strncmp(line, includes[i].word, size) || !strchr(" \t", line[size]))
			continue;
		search_include(search, origin.file, line + size, includes[i].directory, depth);
		return;
	}
	if (!strncmp(line, defaults, sizeof defaults - 1) &&
	    !isalnum((unsigned char)line[sizeof defaults - 1]) && line[sizeof defaults - 1] != '_')
		search_defaults(search, origin, line + sizeof defaults - 1);
}

/* The next line, joined with those that a '\' at its end joins it with, in the place where it
 * stands; NULL at the end. *NUMBER is moved behind it. */
static char *next_line(char **at, char *end, unsigned *number)
{
	char *line = *at, *to = line;
	bool more = line < end;

	if (!more)
		return NULL;
	while (more && *at < end) {
		char *newline = memchr(*at, '\n', (size_t)(end - *at));
		char *stop = newline ? newline : end;
		size_t size = (size_t)(stop - *at);
		more = size && stop[-1] == '\\';
		memmove(to, *at, size - more);
		to += size - more;
		*at = newline ? stop + 1 : end;
		++*number;
	}
	*to = '\0';
	return line;
}

static void search_file(struct search *search, const char *path, unsigned depth)
{
	const struct file *file = host_file(search->host, path);
	struct origin origin = { file->path, 0 };
	unsigned next = 1;

	if (file->state == FILE_UNREADABLE)
		be_blind(search, file->path, strerror(-file->error));
	search->bytes += file->size;
	search->endless |= ++search->files > FILES_MAX || search->bytes > BYTES_MAX;
	if (search->endless)
		be_blind(search, file->path, "files include each other too often");
	if (depth > DEPTH_MAX || search->endless)
		return;
	autofree char *bytes = pool_malloc(file->size + 1);
	char *at = bytes, *end = bytes + file->size, *line;
	memcpy(bytes, file->bytes, file->size);
	origin.line = next;
	while (!search->endless && (line = next_line(&at, end, &next))) {
		search_line(search, origin, line, depth);
		origin.line = next;
	}
}

enum sudo_session sudo_opens_session(struct host *host, struct origin *ret_origin,
				     const char **ret_why)
{
	struct search search = { .host = host };

	search_file(&search, "/etc/sudoers", 0);
	*ret_origin = search.off ? search.origin : search.some;
	*ret_why = NULL;
	if (search.off && !search.endless) {
		*ret_why = "!pam_session: sudo opens no PAM session";
		return SUDO_SESSION_NO;
	}
	if (search.blind) {
		*ret_origin = (struct origin){ search.blind, 0 };
		*ret_why = pool_printf(host_pool(host), "%s: %s", search.blind, search.why);
		return SUDO_SESSION_UNKNOWN;
	}
	if (!search.off_for_some)
		return SUDO_SESSION_YES;
	*ret_why = "!pam_session: for some, sudo opens no PAM session";
	return SUDO_SESSION_SOME;
}
