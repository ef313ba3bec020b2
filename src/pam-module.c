// SPDX-License-Identifier: MIT
/* The installed libpam and modules, see pam-module.h. Looks into their files, never loads them. */
#include "pam-module.h"

#include "host.h"
#include "pam-stack.h"
#include "pool.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- where modules are ------------------------------------------------------------------- */

#if defined(__x86_64__) && !defined(__ILP32__)
#define OWN_TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define OWN_TRIPLET "aarch64-linux-gnu"
#elif defined(__i386__)
#define OWN_TRIPLET "i386-linux-gnu"
#elif defined(__arm__)
#define OWN_TRIPLET "arm-linux-gnueabihf"
#elif defined(__riscv)
#define OWN_TRIPLET "riscv64-linux-gnu"
#elif defined(__powerpc64__)
#define OWN_TRIPLET "powerpc64le-linux-gnu"
#elif defined(__s390x__)
#define OWN_TRIPLET "s390x-linux-gnu"
#else
#define OWN_TRIPLET "unknown-linux-gnu"
#endif

/* Debian's multiarch directories first: where they exist, they are the place. */
static const char *const triplets[] = { OWN_TRIPLET,           "x86_64-linux-gnu",
					"aarch64-linux-gnu",   "i386-linux-gnu",
					"arm-linux-gnueabihf", "arm-linux-gnueabi",
					"riscv64-linux-gnu",   "powerpc64le-linux-gnu",
					"s390x-linux-gnu",     "loongarch64-linux-gnu" };

struct place {
	const char *path; /* NULL: no directory of modules here */
	const struct directory *directory;
	bool multiarch;
};

static bool try_place(struct host *host, const char *path, struct place *place)
{
	place->directory = host_directory(host, path);
	place->path = place->directory->state == FILE_ABSENT ? NULL : path;
	return place->path != NULL;
}

/* Cheap to repeat: the host handle remembers directories, missing ones too. */
static struct place look_for_place(struct host *host)
{
	static const char *const plain[] = { "/lib64/security", "/usr/lib64/security",
					     "/usr/lib/security", "/lib/security" };
	size_t triplet_count = host_is_live(host) ? 1 : sizeof triplets / sizeof *triplets;
	struct pool *pool = host_pool(host);
	struct place place = { .multiarch = true };

	for (size_t i = 0; i < triplet_count; i++)
		if (try_place(host, pool_printf(pool, "/lib/%s/security", triplets[i]), &place) ||
		    try_place(host, pool_printf(pool, "/usr/lib/%s/security", triplets[i]), &place))
			return place;
	place.multiarch = false;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (try_place(host, plain[i], &place))
			return place;
	return place;
}

static struct place find_place(struct host *host)
{
	const struct place *known = host_recall(host, "pam-place");

	if (!known) {
		struct place *place = pool_alloc(host_pool(host), sizeof *place);
		*place = look_for_place(host);
		host_remember(host, "pam-place", place);
		known = place;
	}
	return *known;
}

static int compare_names(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

static bool lists(const struct place *place, const char *name)
{
	const struct directory *directory = place->directory;

	return place->path && directory->count &&
	       bsearch(name, (const void *)directory->names, directory->count,
		       sizeof *directory->names, compare_names);
}

static const char *find_plain(struct host *host, const struct place *place, const char *module)
{
	/* Debian's libpam looks for what is not in the multiarch directory in its "ISA" directory.
	 */
	static const char *const legacy[] = { "/lib/security", "/usr/lib/security" };
	struct pool *pool = host_pool(host);

	if (*module == '/')
		return host_exists(host, module) ? module : NULL;
	if (!place->path)
		return NULL;
	bool listed = !strchr(module, '/') && place->directory->state == FILE_DIRECTORY;
	const char *path = pool_printf(pool, "%s/%s", place->path, module);
	if (listed ? lists(place, module) : *module && host_exists(host, path))
		return path;
	for (size_t i = 0; place->multiarch && *module && i < sizeof legacy / sizeof *legacy; i++) {
		path = pool_printf(pool, "%s/%s", legacy[i], module);
		if (host_exists(host, path))
			return path;
	}
	return NULL;
}

/* As _pam_load_module(): first as written, then with what $ISA stood for. */
static const char *find_module(struct host *host, const struct place *place, const char *module)
{
	const char *found = find_plain(host, place, module);
	const char *isa = strstr(module, "$ISA");
	struct pool *pool = host_pool(host);

	if (found || !isa)
		return found;
	const char *head = pool_copy(pool, module, (size_t)(isa - module));
	if (place->multiarch)
		return find_plain(host, place,
				  pool_printf(pool, "%s/lib/security%s", head, isa + 4));
	const char *library = place->path && strstr(place->path, "64") ? "lib64" : "lib";
	return find_plain(host, place,
			  pool_printf(pool, "%s../../%s/security%s", head, library, isa + 4));
}

const char *pam_module_find(struct host *host, const char *module)
{
	struct place place = find_place(host);

	return find_module(host, &place, module);
}

/* Every complete system has it. */
static bool is_bare_tree(struct host *host, const struct place *place)
{
	return !host_is_live(host) && !lists(place, "pam_unix.so") &&
	       !lists(place, "pam_permit.so");
}

bool pam_module_present(struct host *host, const char *module)
{
	struct place place = find_place(host);

	if (find_module(host, &place, module))
		return true;
	return is_bare_tree(host, &place) &&
	       strncmp(module, "/lib/security/", strlen("/lib/security/")) != 0;
}

/* ---- what modules answer ----------------------------------------------------------------- */

#define ONE(code) (UINT32_C(1) << (code))
#define SUCCESS ONE(PAM_CODE_SUCCESS)
#define NO_SESSION ONE(PAM_CODE_MODULE_UNKNOWN) /* no pam_sm_open_session in it */
#define REFUSES (ONE(PAM_CODE_PERM_DENIED) | ONE(PAM_CODE_AUTH_ERR) | ONE(PAM_CODE_SESSION_ERR))
#define DEPENDS (SUCCESS | REFUSES)
#define ANYTHING (DEPENDS | ONE(3) | ONE(4) | ONE(PAM_CODE_USER_UNKNOWN) | ONE(PAM_CODE_IGNORE))

/* From the sources of Linux-PAM 1.3.1 to 1.7.0, systemd 252, libcap 2.66 and others; the rest is
 * looked up in the module's file. Sorted by name. */
static const struct {
	const char *name;
	uint32_t results;
} known[] = {
	{ "pam_access.so", DEPENDS },
	{ "pam_deny.so", ONE(PAM_CODE_SESSION_ERR) },
	{ "pam_echo.so", SUCCESS },
	{ "pam_elogind.so", SUCCESS },
	{ "pam_env.so", SUCCESS },
	{ "pam_exec.so", ANYTHING },
	{ "pam_faildelay.so", NO_SESSION },
	{ "pam_faillock.so", NO_SESSION },
	{ "pam_gnome_keyring.so", SUCCESS },
	{ "pam_group.so", NO_SESSION },
	{ "pam_issue.so", NO_SESSION },
	{ "pam_keyinit.so", SUCCESS },
	{ "pam_lastlog.so", SUCCESS },
	{ "pam_limits.so", SUCCESS },
	{ "pam_listfile.so", DEPENDS },
	{ "pam_localuser.so", DEPENDS },
	{ "pam_loginuid.so", SUCCESS },
	{ "pam_mail.so", SUCCESS },
	{ "pam_mkhomedir.so", SUCCESS },
	{ "pam_motd.so", ONE(PAM_CODE_IGNORE) },
	{ "pam_namespace.so", SUCCESS },
	{ "pam_nologin.so", NO_SESSION },
	{ "pam_permit.so", SUCCESS },
	{ "pam_pwhistory.so", NO_SESSION },
	{ "pam_rhosts.so", NO_SESSION },
	{ "pam_rootok.so", NO_SESSION },
	{ "pam_securetty.so", NO_SESSION },
	{ "pam_selinux.so", SUCCESS },
	{ "pam_sepermit.so", NO_SESSION },
	{ "pam_shells.so", NO_SESSION },
	{ "pam_succeed_if.so", SUCCESS | ONE(PAM_CODE_AUTH_ERR) },
	{ "pam_systemd.so", SUCCESS },
	{ "pam_systemd_home.so", SUCCESS },
	{ "pam_time.so", NO_SESSION },
	{ "pam_tty_audit.so", SUCCESS },
	{ "pam_umask.so", SUCCESS },
	{ "pam_unix.so", SUCCESS },
	{ "pam_userdb.so", NO_SESSION },
	{ "pam_usertype.so", DEPENDS },
	{ "pam_warn.so", ONE(PAM_CODE_IGNORE) },
	{ "pam_wheel.so", NO_SESSION },
	{ "pam_xauth.so", SUCCESS },
};

/* pam_debug.so open_session=CODE; only the first such argument counts. */
static uint32_t debug_results(const char *const *args, size_t count)
{
	static const char key[] = "open_session=";

	for (size_t i = 0; i < count; i++) {
		if (strncmp(args[i], key, sizeof key - 1))
			continue;
		int code = conf_pam_code(args[i] + sizeof key - 1);
		return code < 0 ? SUCCESS : ONE(code);
	}
	return SUCCESS;
}

uint32_t pam_module_results(struct host *host, const char *module, const char *const *args,
			    size_t arg_count)
{
	const char *name = base_name(module);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(name, known[i].name))
			return known[i].results;
	if (!strcmp(name, "pam_debug.so"))
		return debug_results(args, arg_count);

	const char *path = pam_module_find(host, module);
	const struct file *file = path ? host_file(host, path) : NULL;
	if (file && file->state == FILE_PRESENT && !file_contains(file, "pam_sm_open_session"))
		return NO_SESSION;
	return ANYTHING;
}

/* ---- libpam ------------------------------------------------------------------------------ */

bool pam_library_is_debian(struct host *host)
{
	struct place place = find_place(host);

	return place.path ? place.multiarch : host_exists(host, "/etc/debian_version");
}

/* libpam.so.0 beside the directory of modules; NULL: not there. Read only when a question comes up
 * that nothing cheaper answers. */
static const struct file *library(struct host *host)
{
	struct place place = find_place(host);

	if (!place.path)
		return NULL;
	size_t size = strlen(place.path) - strlen("/security");
	const struct file *file = host_file(
		host, pool_printf(host_pool(host), "%.*s/libpam.so.0", (int)size, place.path));
	return file->state == FILE_PRESENT ? file : NULL;
}

enum conf_pam_reader pam_library_reader(struct host *host)
{
	const struct file *file = library(host);

	/* A message that came with the new reader in 1.6.0. */
	return file && file_contains(file, "maximum level of inclusions reached") ? CONF_PAM_GETLINE
										  : CONF_PAM_BUFFER;
}

void pam_library_directories(struct host *host, const char *ret_directories[static 6])
{
	static const char *const vendor[] = { "/usr/etc/pam.d", "/usr/share/pam.d",
					      "/usr/share/pam/pam.d" };
	size_t count = 0;

	ret_directories[count++] = "/etc/pam.d";
	ret_directories[count++] = "/usr/lib/pam.d";
	if (!pam_library_is_debian(host)) {
		const struct file *file = library(host);
		struct pool *pool = host_pool(host);
		for (size_t i = 0; i < sizeof vendor / sizeof *vendor; i++)
			if (!file || file_contains(file, pool_printf(pool, "%s/%%s", vendor[i])))
				ret_directories[count++] = vendor[i];
	}
	ret_directories[count] = NULL;
}
