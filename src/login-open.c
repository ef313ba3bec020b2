// SPDX-License-Identifier: MIT
/* Gathers what logins depend on, see login.h: the PAM stack, the module, its files in its order,
 * the limits handed down. Judges nothing. */
#include "dropin-find.h"
#include "login.h"

#include "host.h"
#include "pam-module.h"
#include "pam-program.h"
#include "pool.h"

#include <errno.h>
#include <string.h>

struct arguments {
	const char *conf; /* of the last conf=, or NULL */
	bool set_all;
};

/* ---- files -------------------------------------------------------------------------------- */

static void add_obstacle(struct login_context *context, struct origin origin, enum limits_form form,
			 const char *why)
{
	struct limits_entries *entries = &context->entries;

	entries->items = pool_extend(host_pool(context->host), entries->items, entries->count,
				     sizeof *entries->items);
	entries->items[entries->count++] = (struct limits_entry){ .file = origin.file,
								  .line = origin.line,
								  .form = form,
								  .domain = "",
								  .type = "",
								  .item = "",
								  .value = "",
								  .rest = "",
								  .why = why };
}

/* fopen() of the login process, which is root: what only keeltune may not read is unknown. */
static void add_unreadable(struct login_context *context, const struct file *file)
{
	struct pool *pool = host_pool(context->host);

	struct origin origin = { .file = file->path };

	if (file->error == -ELOOP || file->error == -ENAMETOOLONG)
		add_obstacle(context, origin, LIMITS_BROKEN,
			     pool_printf(pool, "pam_limits.so cannot open it: %s",
					 strerror(-file->error)));
	else
		add_obstacle(context, origin, LIMITS_UNREAD,
			     file->error == -EFBIG    ? "too large to be read here"
			     : file->error == -EINVAL ? "not a regular file"
						      : strerror(-file->error));
}

static void add_file(struct login_context *context, const char *path, bool may_be_missing)
{
	struct pool *pool = host_pool(context->host);
	const struct file *file = host_file(context->host, path);

	context->files = pool_extend(pool, (void *)context->files, context->file_count,
				     sizeof *context->files);
	context->files[context->file_count++] = file->path;
	switch (file->state) {
	case FILE_PRESENT:
		if (!limits_parse(pool, &context->module, file->path, file->bytes, file->size,
				  &context->entries))
			add_obstacle(context, (struct origin){ .file = file->path }, LIMITS_UNREAD,
				     "there are too many lines to be judged here");
		break;
	case FILE_NULL:
	case FILE_DIRECTORY: /* fopen() works, reading gives nothing */
		break;
	case FILE_ABSENT:
		if (!may_be_missing)
			add_obstacle(context, (struct origin){ .file = file->path }, LIMITS_BROKEN,
				     "pam_limits.so fails when this file does not exist");
		break;
	case FILE_DANGLING:
		if (!may_be_missing)
			add_obstacle(context, (struct origin){ .file = file->path }, LIMITS_BROKEN,
				     "pam_limits.so fails because this link leads nowhere");
		break;
	case FILE_UNREADABLE:
		add_unreadable(context, file);
		break;
	}
}

static void add_directories(struct login_context *context)
{
	const struct limits_module *module = &context->module;
	const char *const directories[] = { module->directory, module->vendor_directory };
	size_t count = module->vendor_directory ? 2 : 1;
	const char **paths;

	for (size_t i = 0; i < count; i++) {
		const struct directory *directory = host_directory(context->host, directories[i]);
		/* glob() fails without a word; only root's glob() counts. */
		if (directory->state == FILE_UNREADABLE &&
		    (directory->error == -EACCES || directory->error == -EPERM ||
		     directory->error == -EFBIG))
			add_obstacle(context, (struct origin){ .file = directories[i] },
				     LIMITS_UNREAD, strerror(-directory->error));
	}
	count = dropin_find(context->host, directories, count, &paths);
	for (size_t i = 0; i < count; i++)
		add_file(context, paths[i], module->missing_ok);
}

static void read_usual(struct login_context *context)
{
	const char *conf = context->module.conf;

	if (context->module.vendor_conf) {
		enum file_state state = host_file(context->host, conf)->state;
		if (state == FILE_ABSENT || state == FILE_DANGLING)
			conf = context->module.vendor_conf;
	}
	add_file(context, conf, context->module.missing_ok);
	add_directories(context);
}

/* What was read for one service is so for all, unless its conf= is another. */
struct lines {
	struct limits_entries entries;
	const char **files;
	size_t file_count;
};

static void read_anew(struct login_context *context, const char *conf)
{
	/* A relative path is relative to wherever the daemon is: usually the root. */
	if (conf)
		add_file(context,
			 *conf == '/' ? conf : pool_printf(host_pool(context->host), "/%s", conf),
			 false);
	else
		read_usual(context);
}

/* OWN: by the module that is installed, or assumed to be. */
static void read_files(struct login_context *context, const char *conf, bool own)
{
	struct pool *pool = host_pool(context->host);

	if (conf && !*conf) {
		add_obstacle(context, context->origin, LIMITS_BROKEN,
			     "pam_limits.so fails because its conf= names no file");
		return;
	}
	if (!own) {
		read_anew(context, conf);
		return;
	}
	const char *key =
		pool_printf(pool, "limits-lines %d %s", context->installed, conf ? conf : "");
	const struct lines *known = host_recall(context->host, key);
	if (!known) {
		struct lines *lines = pool_alloc(pool, sizeof *lines);
		read_anew(context, conf);
		*lines = (struct lines){ context->entries, context->files, context->file_count };
		host_remember(context->host, key, lines);
		return;
	}
	context->entries = known->entries;
	context->files = known->files;
	context->file_count = known->file_count;
}

/* ---- what is handed down ------------------------------------------------------------------ */

/* What the daemon hands down shows only where the module does not put everything else in its place.
 */
static bool needs_caller(const struct login_context *context)
{
	if (context->plan != LOGIN_LIMITED || !context->resets ||
	    context->reset[RLIMIT_NOFILE].hard > context->nr_open)
		return true;
	for (size_t i = 0; i < context->entries.count; i++) {
		const struct limits_entry *entry = &context->entries.items[i];
		if (entry->form == LIMITS_NO_LIMIT || entry->form == LIMITS_BROKEN ||
		    entry->form == LIMITS_UNREAD)
			return true;
		if (entry->form == LIMITS_RULE && entry->code == RLIMIT_NOFILE &&
		    entry->number > context->nr_open)
			return true;
	}
	return false;
}

/* ---- the context -------------------------------------------------------------------------- */

/* A captured tree may lack modules; one that has no PAM files either is of a host without PAM. */
static bool has_pam_files(struct host *host)
{
	return host_exists(host, "/etc/pam.d") || host_exists(host, "/usr/lib/pam.d") ||
	       host_exists(host, "/etc/pam.conf");
}

static void take_arguments(const struct pam_answer *answer, struct arguments *arguments)
{
	for (size_t i = 0; i < answer->arg_count; i++) {
		if (!strncmp(answer->args[i], "conf=", strlen("conf=")))
			arguments->conf = answer->args[i] + strlen("conf=");
		else if (!strcmp(answer->args[i], "set_all"))
			arguments->set_all = true;
	}
}

static void ask_stack(struct login_context *context, bool exact, struct arguments *arguments)
{
	struct pool *pool = host_pool(context->host);
	struct pam_answer answer;
	bool by_program = false;

	if (exact)
		pam_ask(context->host, context->service, &answer, &by_program);
	else
		pam_stack_limits(context->host, context->service, &answer);
	context->required = true;
	if (answer.outcome == PAM_NO_SERVICE && !(exact && has_pam_files(context->host)))
		return; /* judged as if the usual line without arguments were there */

	const char *why = answer.why ? answer.why : "another module decides";
	context->by_other = answer.outcome == PAM_NO_SERVICE;
	context->origin = answer.origin;
	context->required = answer.required;
	if (answer.outcome == PAM_UNKNOWN) {
		context->plan = LOGIN_UNKNOWN;
		context->why = why;
	} else if (answer.outcome == PAM_BROKEN || answer.session == PAM_SESSION_FAILS) {
		context->plan = LOGIN_IMPOSSIBLE;
		context->why = context->by_other
				       ? pool_printf(pool,
						     "there is no PAM service %s, and with `other` "
						     "no session opens",
						     context->service)
				       : pool_printf(pool, "the PAM stack of %s fails: %s",
						     context->service, why);
	} else if (answer.outcome == PAM_DOES_NOT_RUN || !answer.limits.file) {
		context->plan = LOGIN_NOT_LIMITED;
		context->why = context->by_other
				       ? pool_printf(pool,
						     "there is no PAM service %s, and `other` does "
						     "not run pam_limits.so",
						     context->service)
				       : pool_printf(pool, "%s does not run pam_limits.so%s%s",
						     context->service, exact ? ": " : "",
						     exact ? why : "");
	} else if (answer.outcome == PAM_CONDITIONAL) {
		context->depends_on = why;
	}
	context->limits_line = answer.limits;
	take_arguments(&answer, arguments);
}

/* A tree without PAM files, but with files of pam_limits.so, is a part of one that has it. */
static bool has_limits_files(struct host *host)
{
	return host_exists(host, "/etc/security/limits.conf") ||
	       host_exists(host, "/etc/security/limits.d");
}

static void find_module(struct login_context *context, const struct login_query *query)
{
	static const char name[] = "pam_limits.so";
	struct host *host = context->host;
	const char *path = pam_module_find(host, name);
	const struct file *file = path ? host_file(host, path) : NULL;

	if (file &&
	    limits_module_detect(host_pool(host), file->bytes, file->size, &context->module)) {
		context->installed = true;
		context->module_path = file->path;
	} else if (file || query->module ||
		   (pam_module_present(host, name) &&
		    (has_pam_files(host) || (query->exact && has_limits_files(host))))) {
		context->assumed = true;
		limits_module_assume(pam_library_is_debian(host), &context->module);
	} else if (context->plan == LOGIN_LIMITED) {
		context->plan = LOGIN_NOT_LIMITED;
		context->why = "pam_limits.so is not installed";
		context->origin = (struct origin){ .file = NULL };
	}
	if (query->module) {
		struct limits_module found = context->module;
		context->module = *query->module;
		context->assumed = false;
		/* Where its files are is a matter of how it was built. */
		context->module.conf = found.conf;
		context->module.directory = found.directory;
		if (context->module.missing_ok) { /* 1.5.3 brought both */
			context->module.vendor_conf = found.vendor_conf;
			context->module.vendor_directory = found.vendor_directory;
		}
	}
}

static void find_inherited(struct login_context *context, bool exact)
{
	const struct file *pid1 = NULL;
	struct host *host = context->host;

	if (context->resets) {
		pid1 = host_kernel(host, "/proc/1/limits"); /* of no use to an offline tree */
		if (pid1->state == FILE_PRESENT)
			login_inherit_from_pid1(&context->module, pid1->bytes, pid1->size,
						context->reset);
		else
			pid1 = NULL;
	}
	if (exact || !pid1 || needs_caller(context)) {
		login_inherit_from_systemd(host, context->caller);
		if (!pid1)
			memcpy(context->reset, context->caller, sizeof context->reset);
		if (exact)
			login_inherit_from_daemon(host, context->service, context->caller);
	}
	if (!pid1)
		login_cap_reset(&context->module, context->reset);
}

void login_open_query(struct host *host, const struct login_query *query, struct login_context *ret)
{
	struct arguments arguments = { .conf = NULL };
	struct login_context context = {
		.host = host, .service = query->service, .capable = true, .nr_open = query->nr_open
	};

	ask_stack(&context, query->exact, &arguments);
	find_module(&context, query);
	if (context.plan == LOGIN_LIMITED) {
		read_files(&context, arguments.conf, !query->module);
		context.resets = context.module.resets || arguments.set_all;
	}
	find_inherited(&context, query->exact);
	*ret = context;
}

void login_open(struct host *host, const char *service, uint64_t nr_open, struct login_context *ret)
{
	struct login_query query = { .service = service, .nr_open = nr_open };

	login_open_query(host, &query, ret);
}

uint64_t login_highest_nofile(struct host *host, struct origin *ret_origin)
{
	static const char *const services[] = { "login", "sshd", "su", "cron", "systemd-user" };
	uint64_t highest = 0;

	for (size_t s = 0; s < sizeof services / sizeof *services; s++) {
		struct login_context context;
		login_open(host, services[s], UINT64_MAX, &context);
		for (size_t i = 0; i < context.entries.count; i++) {
			const struct limits_entry *entry = &context.entries.items[i];
			if (entry->form != LIMITS_RULE || entry->drop ||
			    entry->code != RLIMIT_NOFILE || entry->number == LIMIT_UNLIMITED ||
			    entry->number <= highest)
				continue;
			highest = entry->number;
			*ret_origin = limits_origin(entry);
		}
	}
	return highest;
}
