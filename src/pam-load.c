// SPDX-License-Identifier: MIT
/* From the files of a service to its session stack, see pam-load.h. Follows _pam_init_handlers()
 * and _pam_parse_conf_file() of Linux-PAM 1.5.2 and 1.7.0, with and without Debian's
 * 031_pam_include patch. Reads through the host handle only. */
#include "pam-load.h"

#include "conf-pam.h"
#include "host.h"
#include "pam-module.h"
#include "pam-stack.h"
#include "pool.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Bounds for files that include each other many times over; libpam would be at it for hours. */
#define FILES_MAX 4096
#define HANDLERS_MAX 65536

/* For what an included file is read for; any other type: only its lines of that type count. */
#define ANY_TYPE CONF_PAM_WRONG_TYPE

struct list {
	struct pam_handler *items;
	size_t count;
};

struct open_file {
	const char *path;
	unsigned level;
};

struct loader {
	struct host *host;
	struct pool *pool;
	const char *service;     /* in lower case */
	struct list conf, other; /* session handlers */
	struct open_file *open;  /* the chain of includes */
	size_t depth;
	const char **files; /* in order of reading */
	size_t file_count;
	size_t read_count;          /* as FILES, but repeated ones count */
	bool matched;               /* pam.conf has a line of the service */
	struct pam_trouble trouble; /* of the last part that failed */
	bool fatal; /* libpam crashes or hangs: no line that includes this one helps */
	struct pam_trouble unreadable;
	const char *directories[6];
	bool debian, debian_known;
};

static bool is_debian(struct loader *loader)
{
	if (!loader->debian_known)
		loader->debian = pam_library_is_debian(loader->host);
	loader->debian_known = true;
	return loader->debian;
}

static bool fail(struct loader *loader, const char *file, unsigned line, const char *why)
{
	loader->trouble = (struct pam_trouble){ { file, line }, why };
	return false;
}

static bool fail_fatally(struct loader *loader, const char *file, unsigned line, const char *why)
{
	loader->fatal = true;
	return fail(loader, file, line, why);
}

/* ---- files ------------------------------------------------------------------------------- */

static enum conf_pam_reader reader_for(struct host *host, const struct file *file)
{
	if (!conf_pam_readers_differ(file->bytes, file->size))
		return CONF_PAM_BUFFER;
	return pam_library_reader(host);
}

void pam_stack_parse(struct host *host, const char *path, struct conf_pam *ret)
{
	struct pool *pool = host_pool(host);
	const char *key = pool_printf(pool, "pam-lines %s", path);
	const struct conf_pam *known = host_recall(host, key);
	const struct file *file = host_file(host, path);

	if (!known) {
		struct conf_pam *parsed = pool_alloc(pool, sizeof *parsed);
		conf_pam_parse(pool, file->bytes, file->size, reader_for(host, file),
			       !strcmp(path, "/etc/pam.conf"), parsed);
		host_remember(host, key, parsed);
		known = parsed;
	}
	*ret = *known;
}

/* Would fopen(3) succeed for root? A directory opens, and reads as empty. */
static bool opens(struct loader *loader, const struct file *file)
{
	switch (file->state) {
	case FILE_PRESENT:
	case FILE_NULL:
	case FILE_DIRECTORY:
		return true;
	case FILE_UNREADABLE:
		if (file->error == -ELOOP || file->error == -ENAMETOOLONG)
			return false;
		if (!loader->unreadable.why)
			loader->unreadable =
				(struct pam_trouble){ { file->path, 0 },
						      file->error == -EINVAL
							      ? "not a regular file"
							      : strerror(-file->error) };
		return true;
	case FILE_ABSENT:
	case FILE_DANGLING:
		break;
	}
	return false;
}

/* The file of NAME in the first directory that has one; NULL: none. */
static const struct file *find_file(struct loader *loader, const char *name)
{
	for (size_t i = 0;; i++) {
		/* The vendor's directories are looked for only when needed. */
		if (i == 2 && !loader->directories[2])
			pam_library_directories(loader->host, loader->directories);
		if (!loader->directories[i])
			return NULL;
		const struct file *file =
			host_file(loader->host,
				  pool_printf(loader->pool, "%s/%s", loader->directories[i], name));
		if (opens(loader, file))
			return file;
	}
}

static void remember_file(struct loader *loader, const char *path)
{
	loader->read_count++;
	for (size_t i = 0; i < loader->file_count; i++)
		if (!strcmp(loader->files[i], path))
			return;
	loader->files = pool_extend(loader->pool, (void *)loader->files, loader->file_count,
				    sizeof *loader->files);
	loader->files[loader->file_count++] = path;
}

/* ---- handlers ---------------------------------------------------------------------------- */

/* extract_modulename(): a name that is empty without its suffix makes libpam give up. */
static bool has_module_name(const char *module)
{
	const char *name = base_name(module);
	const char *dot = strrchr(name, '.');
	size_t size = dot ? (size_t)(dot - name) : strlen(name);

	return size > 0 && !(size == 1 && *name == '?');
}

/* What calling the module of HANDLER may give. */
static void look_up_module(struct loader *loader, const char *module, struct pam_handler *handler)
{
	const char *name = base_name(module);
	const uint32_t unknown = UINT32_C(1) << PAM_CODE_MODULE_UNKNOWN;

	if (!pam_module_present(loader->host, module)) {
		handler->results = unknown;
		handler->trouble = pool_printf(loader->pool, "%s is not installed", module);
		return;
	}
	handler->results =
		pam_module_results(loader->host, module, handler->args, handler->arg_count);
	handler->is_limits = !strcmp(name, "pam_limits.so");
	if (handler->results == unknown)
		handler->trouble = pool_printf(loader->pool, "%s has no session part", name);
}

static bool add_handler(struct loader *loader, struct list *list, struct pam_handler handler,
			const char *module)
{
	if (list->count == HANDLERS_MAX)
		return fail(loader, handler.origin.file, handler.origin.line, "too many lines");
	handler.module = module ? base_name(module) : NULL;
	handler.results = UINT32_C(1) << PAM_CODE_PERM_DENIED; /* of a handler that must fail */
	if (module && !handler.substack && !handler.trouble)
		look_up_module(loader, module, &handler);
	list->items = pool_extend(loader->pool, list->items, list->count, sizeof *list->items);
	list->items[list->count++] = handler;
	return true;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* A file being parsed. */
struct source {
	const char *path;
	const char *service; /* NULL: pam.conf, every line has its own */
	enum conf_pam_type wanted;
	unsigned includes, level;
	enum conf_pam_reader reader;
	struct conf_pam_control control; /* of the last line; see load_missing() */
};

static bool load_file(struct loader *loader, const struct file *file, const char *service,
		      enum conf_pam_type wanted, unsigned includes, unsigned level);

/* The file that include, substack and @include mean. Debian reads /etc/pam.d only. */
static const struct file *included_file(struct loader *loader, const char *name)
{
	const struct file *file;

	if (*name != '/' && !is_debian(loader))
		return find_file(loader, name);
	if (*name != '/')
		name = pool_printf(loader->pool, "/etc/pam.d/%s", name);
	file = host_file(loader->host, name);
	return opens(loader, file) ? file : NULL;
}

static bool is_too_deep(struct loader *loader, unsigned includes, unsigned level)
{
	return level >= PAM_LEVEL_MAX ||
	       (includes >= PAM_LEVEL_MAX && pam_library_reader(loader->host) == CONF_PAM_GETLINE);
}

/* Before 1.6.0 such an include ends when the process has no descriptor left. */
static bool is_endless(struct loader *loader, const char *path, unsigned level)
{
	for (size_t i = 0; i < loader->depth; i++)
		if (!strcmp(loader->open[i].path, path) && loader->open[i].level == level)
			return pam_library_reader(loader->host) == CONF_PAM_BUFFER;
	return false;
}

static bool include(struct loader *loader, const struct source *source,
		    const struct conf_pam_line *line, const char *name, enum conf_pam_type wanted,
		    unsigned level)
{
	const char *service = source->service ? source->service : line->service;
	const struct file *file;

	if (!name && is_debian(loader))
		return fail_fatally(loader, source->path, line->number,
				    "names no file to include, which crashes libpam");
	if (is_too_deep(loader, source->includes + 1, level))
		return fail(loader, source->path, line->number,
			    "files include each other too deeply");
	if (!name)
		return fail(loader, source->path, line->number, "names no file to include");
	file = included_file(loader, name);
	if (!file)
		return fail(loader, source->path, line->number,
			    pool_printf(loader->pool, "includes %s, which does not exist", name));
	if (is_endless(loader, file->path, level))
		return fail(loader, source->path, line->number,
			    "files include each other without end");
	return load_file(loader, file, service, wanted, source->includes + 1, level);
}

/* Why the line of SOURCE that has just failed to include something must fail. */
static const char *trouble_of_include(struct loader *loader, const struct source *source)
{
	const struct pam_trouble *trouble = &loader->trouble;

	if (!strcmp(trouble->origin.file, source->path))
		return trouble->why;
	return pool_printf(loader->pool, "%s:%u %s", trouble->origin.file, trouble->origin.line,
			   trouble->why);
}

static struct list *list_of(struct loader *loader, const char *service)
{
	return strcasecmp(service, "other") ? &loader->conf : &loader->other;
}

/* extract_modulename() fails when the handler is already in its list, and libpam gives up on the
 * file. Where that is included, the list is used all the same: before 1.6.0 with an end that was
 * never set. */
static bool add_nameless(struct loader *loader, const struct source *source, struct list *list,
			 struct pam_handler handler, enum conf_pam_type type, const char *module)
{
	const char *why = pool_printf(loader->pool, "\"%s\" names no module", module);

	if (!source->includes)
		return fail(loader, source->path, handler.origin.line, why);
	if (pam_library_reader(loader->host) == CONF_PAM_BUFFER)
		return fail_fatally(loader, source->path, handler.origin.line, why);
	handler.substack = source->control.substack && !handler.trouble;
	if (type == CONF_PAM_SESSION && !add_handler(loader, list, handler, module))
		return false;
	return fail(loader, source->path, handler.origin.line, why);
}

/* A line that is read for TYPE becomes a handler. Only those of sessions are kept. */
static bool add_line(struct loader *loader, const struct source *source,
		     const struct conf_pam_line *line, enum conf_pam_type type, const char *module,
		     const char *trouble)
{
	const char *service = source->service ? source->service : line->service;
	struct pam_handler handler = { .level = source->level,
				       .control = source->control,
				       .trouble = trouble,
				       .args = line->args,
				       .arg_count = line->arg_count,
				       .origin = { source->path, line->number } };

	if (module && !has_module_name(module))
		return add_nameless(loader, source, list_of(loader, service), handler, type,
				    module);
	if (type != CONF_PAM_SESSION)
		return true;
	handler.substack = source->control.substack && !trouble;
	return add_handler(loader, list_of(loader, service), handler, module);
}

/* Debian's @include. When it fails, the whole service does; in a file that is itself included for
 * one type, a handler that must fail is added, with the actions of the line before, which libpam
 * finds where it does not set any. */
static bool load_at_include(struct loader *loader, struct source *source,
			    const struct conf_pam_line *line)
{
	if (include(loader, source, line, line->control, source->wanted, source->level))
		return true;
	if (loader->fatal || source->wanted == ANY_TYPE)
		return false;
	source->control.include = source->control.substack = false;
	return add_line(loader, source, line, source->wanted, NULL,
			trouble_of_include(loader, source));
}

/* An include or substack line, read for TYPE. */
static bool load_include(struct loader *loader, struct source *source,
			 const struct conf_pam_line *line, enum conf_pam_type type)
{
	bool substack = source->control.substack;

	if (substack && !add_line(loader, source, line, type, line->module, NULL))
		return false;
	if (include(loader, source, line, line->module, type, source->level + substack))
		return true;
	if (loader->fatal)
		return false;
	return add_line(loader, source, line, type, NULL, trouble_of_include(loader, source));
}

static bool load_line(struct loader *loader, struct source *source,
		      const struct conf_pam_line *line)
{
	const char *trouble = NULL;
	enum conf_pam_type type = line->type;

	if (type == CONF_PAM_INCLUDE && is_debian(loader))
		return load_at_include(loader, source, line);
	if (type == CONF_PAM_INCLUDE || type == CONF_PAM_WRONG_TYPE) {
		type = source->wanted == ANY_TYPE ? CONF_PAM_AUTH : source->wanted;
		trouble = line->word ? pool_printf(loader->pool, "unknown type \"%s\"", line->word)
				     : "has a service and nothing else";
	}
	if (source->wanted != ANY_TYPE && type != source->wanted)
		return true;
	conf_pam_control(line->control, source->reader, &source->control);
	if (source->control.include)
		return load_include(loader, source, line, type);
	if (!line->control)
		trouble = "has no control word";
	else if (!line->module)
		trouble = "names no module";
	return add_line(loader, source, line, type, line->module, trouble);
}

/* False: libpam gives up, for the reason in loader->trouble. */
static bool load_file(struct loader *loader, const struct file *file, const char *service,
		      enum conf_pam_type wanted, unsigned includes, unsigned level)
{
	struct source source = { .path = file->path,
				 .service = service,
				 .wanted = wanted,
				 .includes = includes,
				 .level = level,
				 .reader = reader_for(loader->host, file) };
	struct conf_pam parsed;

	remember_file(loader, file->path);
	if (loader->read_count > FILES_MAX)
		return fail(loader, file->path, 0, "files include each other too often");
	conf_pam_control(NULL, source.reader, &source.control);
	pam_stack_parse(loader->host, file->path, &parsed);

	loader->open = pool_extend(loader->pool, loader->open, loader->depth, sizeof *loader->open);
	loader->open[loader->depth++] = (struct open_file){ file->path, level };
	bool ok = true;
	for (size_t i = 0; ok && i < parsed.count; i++) {
		const struct conf_pam_line *line = &parsed.lines[i];
		if (!service && strcasecmp(line->service, loader->service) &&
		    strcasecmp(line->service, "other"))
			continue;
		if (!service && !strcasecmp(line->service, loader->service))
			loader->matched = true;
		ok = load_line(loader, &source, line);
	}
	loader->depth--;
	if (ok && parsed.end == CONF_PAM_UNFINISHED)
		return fail(loader, file->path, parsed.end_line,
			    "ends in a \\ that nothing continues");
	if (ok && parsed.end == CONF_PAM_ENDLESS)
		return fail_fatally(loader, file->path, parsed.end_line,
				    "has a \\ at byte 1023, on which libpam hangs");
	return ok;
}

/* ---- services ---------------------------------------------------------------------------- */

static bool is_directory(struct loader *loader, const char *path)
{
	return host_directory(loader->host, path)->state == FILE_DIRECTORY;
}

/* /etc/pam.conf, which libpam reads only where no directory of service files exists. */
static bool load_pam_conf(struct loader *loader)
{
	const struct file *file = host_file(loader->host, "/etc/pam.conf");

	if (!opens(loader, file))
		return fail(loader, "/etc/pam.conf", 0, "does not exist, and /etc/pam.d neither");
	return load_file(loader, file, NULL, ANY_TYPE, 0, 0);
}

static bool load_service(struct loader *loader, const char **ret_file)
{
	const struct file *own = find_file(loader, loader->service);
	const struct file *other;

	*ret_file = own ? own->path : NULL;
	if (own && !load_file(loader, own, loader->service, ANY_TYPE, 0, 0))
		return false;
	other = find_file(loader, "other");
	if (other)
		return load_file(loader, other, "other", ANY_TYPE, 0, 0);
	if (own)
		return true;
	for (size_t i = 0; loader->directories[i]; i++)
		if (is_directory(loader, loader->directories[i]))
			return fail(loader, "/etc/pam.d/other", 0, "does not exist");
	if (!load_pam_conf(loader))
		return false;
	*ret_file = loader->matched ? "/etc/pam.conf" : NULL;
	return true;
}

/* pam_start(3) takes the base name and makes it lower case. */
static const char *normal_service(struct pool *pool, const char *service)
{
	char *name = pool_strdup(pool, base_name(service));

	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return name;
}

void pam_load(struct host *host, const char *service, struct pam_load *ret)
{
	struct pool *pool = host_pool(host);
	struct loader loader = { .host = host,
				 .pool = pool,
				 .service = normal_service(pool, service),
				 .directories = { "/etc/pam.d", "/usr/lib/pam.d" } };
	struct pam_load load = { .service = loader.service };

	if (!load_service(&loader, &load.file))
		load.trouble = loader.trouble;
	load.own = (struct pam_walk){ loader.conf.items, loader.conf.count };
	load.other = (struct pam_walk){ loader.other.items, loader.other.count };
	load.unreadable = loader.unreadable;
	load.files = loader.files;
	load.file_count = loader.file_count;
	*ret = load;
}
