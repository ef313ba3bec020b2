// SPDX-License-Identifier: MIT
/* The model of logins (login.h) against the real pam_limits.so: both get the same made-up host, a
 * directory tree, and every limit of the session must be the same. The module is loaded by the real
 * libpam; this program stands between it and the system (its own fopen, glob, getpwnam_r,
 * setrlimit, ... are what the module finds first), so nothing of this host is read or changed and
 * no privilege is needed. setrlimit() answers as do_prlimit() of the kernel does (kernel/sys.c).
 *
 *     limits [--count N] [--seed N] [--first N] [--module PATH] [--verbose]
 *
 * Link with -rdynamic -lpam. Case N of a seed is the same whatever the count: a disagreement is
 * printed with what repeats it. */
#include "conf-limits.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "pool.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "limits-cases.h"

#define MOST_FAILURES 20 /* then it gives up */

static char tree[256]; /* the made-up host */

/* What the session is, seen by the module. */
static struct {
	bool active;
	struct rlimit limits[RLIM_NLIMITS];
	bool capable;
	uint64_t nr_open;
	bool no_new_privs;
	char root[4096];
} session;

/* ---- between the module and the system ----------------------------------------------------- */

static const char *moved(const char *path, char *buffer, size_t size)
{
	static const char *const ours[] = { "/etc/", "/proc/", "/usr/share/" };

	if (!session.active)
		return path;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		if (strncmp(path, ours[i], strlen(ours[i])) != 0)
			continue;
		snprintf(buffer, size, "%s%s", tree, path);
		return buffer;
	}
	return path;
}

/* dlsym() into a function pointer, the way POSIX asks for. */
static void find_real(const char *name, void *place)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	memcpy(place, &function, sizeof function);
}

FILE *fopen(const char *path, const char *mode)
{
	static FILE *(*next)(const char *, const char *);
	char buffer[4096];

	if (!next)
		find_real("fopen", &next);
	return next(moved(path, buffer, sizeof buffer), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	char buffer[4096];

	return fstatat(AT_FDCWD, moved(path, buffer, sizeof buffer), st, 0);
}

int glob(const char *restrict pattern, int flags, int (*on_error)(const char *, int),
	 glob_t *restrict found)
{
	static int (*next)(const char *, int, int (*)(const char *, int), glob_t *);
	char buffer[4096];

	if (!next)
		find_real("glob", &next);
	return next(moved(pattern, buffer, sizeof buffer), flags, on_error, found);
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
	if (!session.active)
		return prlimit(0, resource, NULL, limit);
	*limit = session.limits[resource];
	return 0;
}

/* do_prlimit() with new_rlim. */
static int set_limit(unsigned resource, const struct rlimit *limit)
{
	int error = 0;

	if (limit->rlim_cur > limit->rlim_max)
		error = EINVAL;
	else if (resource == RLIMIT_NOFILE && limit->rlim_max > session.nr_open)
		error = EPERM;
	else if (limit->rlim_max > session.limits[resource].rlim_max && !session.capable)
		error = EPERM;
	if (error) {
		errno = error;
		return -1;
	}
	session.limits[resource] = *limit;
	return 0;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (!session.active)
		return prlimit(0, resource, limit, NULL);
	return set_limit(resource, limit);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
	return getrlimit(resource, (struct rlimit *)limit);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
	return setrlimit(resource, (const struct rlimit *)limit);
}

int getpriority(__priority_which_t which, id_t who)
{
	(void)which;
	(void)who;
	return 0;
}

int setpriority(__priority_which_t which, id_t who, int priority)
{
	(void)which;
	(void)who;
	(void)priority;
	return 0;
}

int prctl(int option, ...)
{
	session.no_new_privs = session.no_new_privs || option == PR_SET_NO_NEW_PRIVS;
	return 0;
}

int chdir(const char *path)
{
	char full[8500];
	struct stat st;

	snprintf(full, sizeof full, "%s/%s", tree, path);
	if (fstatat(AT_FDCWD, full, &st, 0))
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int chroot(const char *path)
{
	snprintf(session.root, sizeof session.root, "%s", path);
	return 0;
}

void syslog(int priority, const char *format, ...)
{
	(void)priority;
	(void)format;
}

int audit_open(void);
int audit_open(void)
{
	errno = EPROTONOSUPPORT;
	return -1;
}

void setutent(void)
{
}

struct utmp *getutent(void)
{
	return NULL;
}

void endutent(void)
{
}

/* As nss_files looks a user up; glibc parses the lines. */
int getpwnam_r(const char *restrict name, struct passwd *restrict user, char *restrict buffer,
	       size_t size, struct passwd **restrict ret)
{
	FILE *file = fopen("/etc/passwd", "re");
	int rc = ENOENT;

	*ret = NULL;
	while (file && !(rc = fgetpwent_r(file, user, buffer, size, ret)))
		if (*user->pw_name != '+' && *user->pw_name != '-' && !strcmp(user->pw_name, name))
			break;
	if (rc)
		*ret = NULL;
	if (file)
		fclose(file);
	return rc == ENOENT ? 0 : rc;
}

static int find_group(const char *name, gid_t gid, struct group *group, char *buffer, size_t size,
		      struct group **ret)
{
	FILE *file = fopen("/etc/group", "re");
	int rc = ENOENT;

	*ret = NULL;
	while (file && !(rc = fgetgrent_r(file, group, buffer, size, ret)))
		if (*group->gr_name != '+' && *group->gr_name != '-' &&
		    (name ? !strcmp(group->gr_name, name) : group->gr_gid == gid))
			break;
	if (rc)
		*ret = NULL;
	if (file)
		fclose(file);
	return rc == ENOENT ? 0 : rc;
}

int getgrnam_r(const char *restrict name, struct group *restrict group, char *restrict buffer,
	       size_t size, struct group **restrict ret)
{
	return find_group(name, 0, group, buffer, size, ret);
}

int getgrgid_r(gid_t gid, struct group *restrict group, char *restrict buffer, size_t size,
	       struct group **restrict ret)
{
	return find_group(NULL, gid, group, buffer, size, ret);
}

int getgrouplist(const char *user, gid_t primary, gid_t *groups, int *count)
{
	FILE *file = fopen("/etc/group", "re");
	char buffer[65536];
	struct group group, *found;
	int total = 0;

	if (total++ < *count)
		groups[0] = primary;
	while (file && !fgetgrent_r(file, &group, buffer, sizeof buffer, &found)) {
		if (*group.gr_name == '+' || *group.gr_name == '-')
			continue;
		for (char **member = group.gr_mem; *member; member++)
			if (!strcmp(*member, user) && group.gr_gid != primary && total++ < *count)
				groups[total - 1] = group.gr_gid;
	}
	if (file)
		fclose(file);
	bool fits = total <= *count;
	*count = total;
	return fits ? total : -1;
}

/* ---- the two answers ------------------------------------------------------------------------ */

struct answer {
	int rc; /* of pam_open_session() */
	struct rlimit limits[RLIM_NLIMITS];
};

static int no_conversation(int count, const struct pam_message **messages,
			   struct pam_response **responses, void *data)
{
	(void)messages;
	(void)data;
	*responses = calloc((size_t)count, sizeof **responses);
	return *responses ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void ask_module(const struct limits_case *test, struct answer *ret)
{
	const struct pam_conv conversation = { .conv = no_conversation };
	char confdir[300];
	pam_handle_t *pam;

	snprintf(confdir, sizeof confdir, "%s/real.d", tree);
	memcpy(session.limits, test->caller, sizeof session.limits);
	session.capable = test->capable;
	session.nr_open = test->nr_open;
	int rc = pam_start_confdir("login", test->user, &conversation, confdir, &pam);
	if (rc != PAM_SUCCESS) {
		fprintf(stderr, "limits: pam_start_confdir: %s\n", pam_strerror(NULL, rc));
		exit(2);
	}
	session.active = true;
	ret->rc = pam_open_session(pam, PAM_SILENT);
	session.active = false;
	pam_end(pam, rc);
	memcpy(ret->limits, session.limits, sizeof ret->limits);
}

static void override_inherited(const struct limits_case *test, struct login_context *context)
{
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		context->caller[i] = (struct login_inherited){ .soft = test->caller[i].rlim_cur,
							       .hard = test->caller[i].rlim_max };
	login_inherit_from_pid1(&context->module, test->pid1, strlen(test->pid1), context->reset);
}

static void ask_model(const struct limits_case *test, struct answer *ret)
{
	struct login_context context;
	struct login_limits limits;
	struct error error;
	struct host *host;

	if (host_open(tree, &host, &error)) {
		fprintf(stderr, "limits: %s\n", error.message);
		exit(2);
	}
	login_open(host, "login", test->nr_open, &context);
	if (!context.installed) {
		fprintf(stderr, "limits: the model does not find the module\n");
		exit(2);
	}
	override_inherited(test, &context);
	context.capable = test->capable;
	login_load_accounts(&context);
	const struct account *account = accounts_find(&context.accounts, test->user);
	if (account) {
		login_evaluate(&context, account, &limits);
		ret->rc = limits.fails;
		for (size_t i = 0; i < RLIM_NLIMITS; i++)
			ret->limits[i] = (struct rlimit){ limits.item[i].soft.number,
							  limits.item[i].hard.number };
	} else {
		ret->rc = PAM_USER_UNKNOWN;
		memcpy(ret->limits, test->caller, sizeof ret->limits);
	}
	host_close(host);
}

static bool agree(const struct answer *module, const struct answer *model)
{
	return !module->rc == !model->rc &&
	       !memcmp(module->limits, model->limits, sizeof module->limits);
}

/* ---- the made-up host ----------------------------------------------------------------------- */

static void write_file(const char *path, const char *bytes, size_t size)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", tree, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd)) {
		fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
		exit(2);
	}
}

static void make_directory(const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", tree, path);
	if (mkdir(full, 0755) && errno != EEXIST) {
		fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
		exit(2);
	}
}

static void put_entry(const struct test_file *file)
{
	char full[512];

	switch (file->kind) {
	case TEST_FILE:
		write_file(file->path, file->bytes, file->size);
		return;
	case TEST_DIRECTORY:
		make_directory(file->path);
		return;
	case TEST_LINK:
		snprintf(full, sizeof full, "%s%s", tree, file->path);
		if (symlink(file->bytes, full)) {
			fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
			exit(2);
		}
		return;
	}
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

static void empty_directory(const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", tree, path);
	nftw(full, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void build_host(const struct limits_case *test, const char *module)
{
	char line[4096];

	empty_directory("/etc/security");
	empty_directory("/usr/share/pam/security");
	for (size_t i = 0; i < test->file_count; i++)
		put_entry(&test->files[i]);
	write_file("/etc/passwd", test->passwd, strlen(test->passwd));
	write_file("/etc/group", test->group, strlen(test->group));
	write_file("/proc/1/limits", test->pid1, strlen(test->pid1));
	int size = snprintf(line, sizeof line, "%" PRIu64 "\n", test->nr_open);
	write_file("/proc/sys/fs/nr_open", line, (size_t)size);
	size = snprintf(line, sizeof line, "session required pam_limits.so %s\n", test->arguments);
	write_file("/etc/pam.d/login", line, (size_t)size);
	size = snprintf(line, sizeof line, "session required %s %s\n", module, test->arguments);
	write_file("/real.d/login", line, (size_t)size);
}

static void copy_module(const char *module)
{
	static const char *const directories[] = {
		"/dev",
		"/etc",
		"/etc/pam.d",
		"/etc/security",
		"/proc",
		"/proc/1",
		"/proc/sys",
		"/proc/sys/fs",
		"/real.d",
		"/usr",
		"/usr/lib",
		"/usr/lib/x86_64-linux-gnu",
		"/usr/lib/x86_64-linux-gnu/security",
		"/jail",
		"/usr/share",
		"/usr/share/pam",
		"/usr/share/pam/security",
		"/usr/share/pam/security/limits.d",
	};
	static char bytes[1 << 20];

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		make_directory(directories[i]);
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (size <= 0 || size == sizeof bytes) {
		fprintf(stderr, "limits: %s: cannot be read\n", module);
		exit(2);
	}
	close(fd);
	write_file("/usr/lib/x86_64-linux-gnu/security/pam_limits.so", bytes, (size_t)size);
	write_file("/dev/null", "", 0); /* for a link to a link to it */
}

/* ---- telling -------------------------------------------------------------------------------- */

static void print_bytes(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		size_t run = 1;
		while (i + run < size && bytes[i + run] == bytes[i])
			run++;
		if (run > 20) {
			printf("{%zu times \\x%02x}", run, c);
			i += run - 1;
			continue;
		}
		if (c == '\n')
			fputs(i + 1 < size ? "\\n\n      " : "\\n", stdout);
		else if (c >= ' ' && c < 0x7f)
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	putchar('\n');
}

static void print_case(const struct limits_case *test, const struct answer *module,
		       const struct answer *model)
{
	printf("  user \"%s\", arguments \"%s\", nr_open %" PRIu64 ", %s CAP_SYS_RESOURCE\n",
	       test->user, test->arguments, test->nr_open, test->capable ? "with" : "without");
	for (size_t i = 0; i < test->file_count; i++) {
		printf("    %s%s:\n      ", test->files[i].path,
		       test->files[i].kind == TEST_LINK        ? " (link)"
		       : test->files[i].kind == TEST_DIRECTORY ? " (directory)"
							       : "");
		print_bytes(test->files[i].bytes, test->files[i].size);
	}
	printf("    passwd:\n%s    group:\n%s    pid 1:\n%s", test->passwd, test->group,
	       test->pid1);
	printf("    pam_limits.so returned %d, the model says %s\n", module->rc,
	       model->rc ? "fails" : "succeeds");
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (memcmp(&module->limits[i], &model->limits[i], sizeof module->limits[i]))
			printf("    resource %zu: caller %" PRIu64 ":%" PRIu64 ", module %" PRIu64
			       ":%" PRIu64 ", model %" PRIu64 ":%" PRIu64 "\n",
			       i, (uint64_t)test->caller[i].rlim_cur,
			       (uint64_t)test->caller[i].rlim_max,
			       (uint64_t)module->limits[i].rlim_cur,
			       (uint64_t)module->limits[i].rlim_max,
			       (uint64_t)model->limits[i].rlim_cur,
			       (uint64_t)model->limits[i].rlim_max);
}

/* Prints "ok NAME" for a fixed case and "not ok NAME" for any that disagrees. */
static bool run_case(const struct limits_case *test, const char *module, const char *name,
		     bool quiet)
{
	struct answer from_module, from_model;

	build_host(test, module);
	ask_module(test, &from_module);
	ask_model(test, &from_model);
	bool same = agree(&from_module, &from_model);
	if (!same || !quiet)
		printf("%s %s\n", same ? "ok" : "not ok", name);
	if (!same)
		print_case(test, &from_module, &from_model);
	return same;
}

static bool parse_number(const char *text, unsigned long *ret)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static unsigned long run_fixed(const char *module)
{
	unsigned long failed = 0;

	for (size_t i = 0; i < fixed_case_count(); i++) {
		struct pool *pool = pool_new();
		struct limits_case test;
		fixed_case(pool, i, &test);
		failed += !run_case(&test, module, test.name, false);
		pool_free(pool);
	}
	return failed;
}

static unsigned long run_random(const char *module, unsigned long seed, unsigned long first,
				unsigned long count)
{
	unsigned long failed = 0, end = first + count;

	for (unsigned long i = first; i < end && failed < MOST_FAILURES; i++) {
		struct pool *pool = pool_new();
		struct limits_case test;
		char name[100];
		random_case(pool, seed, i, &test);
		snprintf(name, sizeof name, "--seed %lu --first %lu --count 1", seed, i);
		failed += !run_case(&test, module, name, true);
		pool_free(pool);
	}
	printf("%s %lu random cases, --seed %lu --first %lu\n", failed ? "not ok" : "ok", count,
	       seed, first);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned long count = 5000, seed = (unsigned long)time(NULL), first = 0;
	const char *module = NULL;
	const char *temporary = getenv("TMPDIR");

	for (int i = 1; i < argc; i++) {
		unsigned long *number = !strcmp(argv[i], "--count")   ? &count
					: !strcmp(argv[i], "--seed")  ? &seed
					: !strcmp(argv[i], "--first") ? &first
								      : NULL;
		bool understood = i + 1 < argc;
		if (number)
			understood = understood && parse_number(argv[i + 1], number);
		else if (understood && !strcmp(argv[i], "--module"))
			module = argv[i + 1];
		else
			understood = false;
		if (!understood) {
			fprintf(stderr, "usage: limits --module PATH [--count N] [--seed N] "
					"[--first N]\n");
			return 2;
		}
		i++;
	}
	if (!module ||
	    !dlopen(module, RTLD_NOW)) { /* stays, so that libpam need not load it again */
		fprintf(stderr, "limits: %s\n", module ? dlerror() : "--module is missing");
		return 2;
	}
	snprintf(tree, sizeof tree, "%.200s/keeltune-limits-XXXXXX",
		 temporary ? temporary : "/tmp");
	if (!mkdtemp(tree)) {
		perror("limits: mkdtemp");
		return 2;
	}
	copy_module(module);
	unsigned long failed = run_random(module, seed, first, count);
	if (!first)
		failed += run_fixed(module);
	empty_directory("");
	rmdir(tree);
	return failed ? 1 : 0;
}
