// SPDX-License-Identifier: MIT
/* The files of a boot, see boot-files.h. Sources: src/basic/conf-files.c of systemd 252,
 * PreloadSystem() of procps 4.0.2 and 3.3.17, main/openrc/sysctl.initd of Alpine's aports. */
#include "boot-files.h"

#include "conf-sysctl.h"
#include "host.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static const char sysctl_conf[] = "/etc/sysctl.conf";
static const char suffix[] = ".conf";

struct listing {
	struct host *host;
	struct pool *pool;
	enum engine engine;
	struct boot_files files, passed;
};

static void append(struct pool *pool, struct boot_files *files, struct boot_file file)
{
	files->items = pool_extend(pool, files->items, files->count, sizeof *files->items);
	files->items[files->count++] = file;
}

/* The usual link to /etc/sysctl.conf shows what has been read already. (Where /etc/sysctl.d is a
 * link itself, ".." leads elsewhere.) */
static const struct file *open_file(struct listing *listing, const char *path)
{
	if (!strcmp(path, "/etc/sysctl.d/99-sysctl.conf")) {
		const char *target = host_link(listing->host, path);
		if (target &&
		    (!strcmp(target, sysctl_conf) || (!strcmp(target, "../sysctl.conf") &&
						      !host_link(listing->host, "/etc/sysctl.d"))))
			path = sysctl_conf;
	}
	return host_file(listing->host, path);
}

static void add(struct listing *listing, const char *path)
{
	append(listing->pool, &listing->files,
	       (struct boot_file){ .path = path, .file = open_file(listing, path) });
}

static void pass_over(struct listing *listing, const char *path, const char *why)
{
	append(listing->pool, &listing->passed,
	       (struct boot_file){
		       .path = path, .file = host_file(listing->host, path), .skipped = why });
}

/* `[ -f PATH ]`, S_ISREG(stat()). */
static bool is_regular(const struct file *file)
{
	return file->state == FILE_PRESENT || (file->state == FILE_UNREADABLE &&
					       (file->error == -EFBIG || file->error == -EACCES));
}

static const struct directory *list(struct listing *listing, const char *path)
{
	const struct directory *directory = host_directory(listing->host, path);

	if (directory->state == FILE_UNREADABLE && directory->error != -ELOOP)
		listing->files.blind = pool_printf(listing->pool, "cannot read %s: %s", path,
						   strerror(-directory->error));
	return directory;
}

/* Adds what PATTERN matches in DIRECTORY. False when the rest of the expansion is lost: Preload()
 * returns at the first file that cannot be opened. */
static bool add_matches(struct listing *listing, const char *directory_path,
			const struct directory *directory, const char *pattern, size_t *found)
{
	const bool magic = strpbrk(pattern, "*?[\\");

	for (size_t i = 0; i < directory->count; i++) {
		const char *name = directory->names[i];
		if (magic ? fnmatch(pattern, name, FNM_PERIOD) : strcmp(pattern, name))
			continue;
		const char *path = pool_printf(listing->pool, "%s/%s", directory_path, name);
		add(listing, path);
		++*found;
		const struct file *file = host_file(listing->host, path);
		if (file->state == FILE_DANGLING || file->error == -ELOOP)
			return false;
	}
	return true;
}

/* Preload() of procps hands every path to glob(3) with GLOB_BRACE | GLOB_NOCHECK: a name with
 * pattern characters stands for what it matches in its directory, and for itself only when that is
 * nothing. */
static void add_globbed(struct listing *listing, const char *directory_path,
			const struct directory *directory, const char *name)
{
	size_t count, found = 0;
	const char **patterns = brace_expand(listing->pool, name, &count);

	for (size_t i = 0; i < count; i++)
		if (!add_matches(listing, directory_path, directory, patterns[i], &found))
			return;
	if (!found && strchr(name, '{'))
		add_matches(listing, directory_path, directory, name, &found);
	if (!found)
		add(listing, pool_printf(listing->pool, "%s/%s", directory_path, name));
}

static bool is_same(struct host *host, const char *a, const char *b)
{
	const char *place_a = host_resolve(host, a), *place_b = host_resolve(host, b);

	return place_a && place_b && !strcmp(place_a, place_b);
}

/* systemd and procps: of equal names the one in the first directory, then in the order of names. */
static void list_by_name(struct listing *listing, const char *const *paths, size_t count)
{
	const struct directory *directories[8];
	size_t next[8] = { 0 };

	for (size_t i = 0; i < count; i++)
		directories[i] = list(listing, paths[i]);
	for (;;) {
		const char *name = NULL, *winner = NULL;
		for (size_t i = 0; i < count; i++)
			if (next[i] < directories[i]->count &&
			    (!name || strcmp(directories[i]->names[next[i]], name) < 0))
				name = directories[i]->names[next[i]];
		if (!name)
			return;
		for (size_t i = 0; i < count; i++) {
			if (next[i] >= directories[i]->count ||
			    strcmp(directories[i]->names[next[i]], name) != 0)
				continue;
			next[i]++;
			if (!ends_with(name, suffix))
				continue;
			const char *path = pool_printf(listing->pool, "%s/%s", paths[i], name);
			if (listing->engine == ENGINE_SYSTEMD && *name == '.') {
				pass_over(listing, path,
					  "systemd-sysctl does not read hidden files");
			} else if (winner) {
				if (!is_same(listing->host, path, winner))
					pass_over(listing, path,
						  pool_printf(listing->pool,
							      "%s has the same name and hides it",
							      winner));
			} else {
				winner = path;
				if (listing->engine == ENGINE_SYSTEMD || !strpbrk(name, "*?[{\\"))
					add(listing, path);
				else
					add_globbed(listing, paths[i], directories[i], name);
			}
		}
	}
}

static bool is_read_as_link(struct listing *listing)
{
	for (size_t i = listing->files.count; i-- > 0;)
		if (!strcmp(boot_file_source(listing->host, &listing->files.items[i]), sysctl_conf))
			return true;
	return false;
}

/* Does the file hold anything but comments? */
static bool has_settings(struct listing *listing, const struct file *file)
{
	struct sysctl_reader reader;
	struct sysctl_line line;

	conf_sysctl_start(&reader, listing->pool, listing->engine, file->bytes, file->size);
	while (conf_sysctl_next(&reader, &line))
		if (line.kind == SYSCTL_LINE_SET)
			return true;
	return false;
}

/* LoadCredential=sysctl.extra of systemd-sysctl.service, 252 and later: the first of these that
 * exists (load_credential() of src/core/execute.c) is read after all files. */
static const char *find_credential(struct host *host)
{
	static const char *const paths[] = { "/run/credentials/@system/sysctl.extra",
					     "/etc/credstore/sysctl.extra",
					     "/run/credstore/sysctl.extra",
					     "/usr/lib/credstore/sysctl.extra" };
	/* What the manager got from outside is there only while it runs. */
	const bool runs = strstr(host_kernel(host, "/proc/1/comm")->bytes, "systemd");

	for (size_t i = runs ? 0 : 1; i < sizeof paths / sizeof *paths; i++)
		if (host_exists(host, paths[i]))
			return paths[i];
	return "";
}

static void add_credential(struct listing *listing)
{
	static const char question[] = "boot-files credential";
	const char *path = host_recall(listing->host, question);

	if (!path) {
		path = find_credential(listing->host);
		host_remember(listing->host, question, path);
	}
	if (*path)
		add(listing, path);
}

static void list_systemd(struct listing *listing, const char *const *paths, size_t count)
{
	const struct file *file = host_file(listing->host, sysctl_conf);

	list_by_name(listing, paths, count);
	add_credential(listing);
	if (has_settings(listing, file) && !is_read_as_link(listing))
		pass_over(listing, sysctl_conf, "systemd-sysctl does not read /etc/sysctl.conf");
}

static void list_procps(struct listing *listing, const char *const *paths, size_t count)
{
	list_by_name(listing, paths, count);
	if (is_regular(host_file(listing->host, sysctl_conf)))
		add(listing, sysctl_conf);
}

/* Alpine: directory by directory; a name in /etc or /run replaces that of the directories before.
 */
static void list_busybox(struct listing *listing, const char *const *paths, size_t count)
{
	static const char *const stronger[] = { "/etc/sysctl.d", "/run/sysctl.d" };

	for (size_t i = 0; i < count; i++) {
		const struct directory *directory = list(listing, paths[i]);
		const bool run = !strcmp(paths[i], stronger[1]),
			   etc = !strcmp(paths[i], stronger[0]);

		if (run && is_regular(host_file(listing->host, sysctl_conf)))
			add(listing, sysctl_conf);
		for (size_t j = 0; j < directory->count; j++) {
			const char *name = directory->names[j], *winner = NULL;
			if (*name == '.' || !ends_with(name, suffix))
				continue;
			const char *path = pool_printf(listing->pool, "%s/%s", paths[i], name);
			for (size_t k = etc; k < 2 && !run && !winner; k++) {
				const char *other =
					pool_printf(listing->pool, "%s/%s", stronger[k], name);
				if (is_regular(host_file(listing->host, other)))
					winner = other;
			}
			if (winner)
				pass_over(listing, path,
					  pool_printf(listing->pool,
						      "%s has the same name and hides it", winner));
			else if (is_regular(host_file(listing->host, path)))
				add(listing, path);
		}
	}
}

void boot_files_list(struct host *host, enum engine engine, struct boot_files *ret_files)
{
	static const char *const by_name[] = { "/etc/sysctl.d", "/run/sysctl.d",
					       "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
					       "/lib/sysctl.d" };
	static const char *const by_directory[] = { "/lib/sysctl.d", "/usr/lib/sysctl.d",
						    "/etc/sysctl.d", "/run/sysctl.d" };
	struct listing listing = { .host = host, .pool = host_pool(host), .engine = engine };

	/* Where /lib is /usr/lib, reading it twice changes nothing. */
	const char *lib = host_link(host, "/lib");
	const bool merged = lib && (!strcmp(lib, "usr/lib") || !strcmp(lib, "/usr/lib"));

	switch (engine) {
	case ENGINE_SYSTEMD:
		list_systemd(&listing, by_name, 5 - merged);
		break;
	case ENGINE_PROCPS:
	case ENGINE_PROCPS3:
		list_procps(&listing, by_name, 5 - merged);
		break;
	case ENGINE_BUSYBOX:
		list_busybox(&listing, by_directory + merged, 4 - merged);
		break;
	case ENGINE_NONE:
	case ENGINE_COUNT:
		break;
	}
	*ret_files = listing.files;
	ret_files->read = listing.files.count;
	for (size_t i = 0; i < listing.passed.count; i++)
		append(listing.pool, ret_files, listing.passed.items[i]);
}

const char *boot_file_source(struct host *host, struct boot_file *file)
{
	if (!file->source) {
		const char *place =
			host_link(host, file->path) ? host_resolve(host, file->path) : NULL;
		file->source = place ? place : file->path;
	}
	return file->source;
}
