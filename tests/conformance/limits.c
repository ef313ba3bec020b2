// SPDX-License-Identifier: MIT
/* The model of logins (login.h) against the real pam_limits.so: both get the same made-up host, a
 * directory tree, and every limit of the session must be the same. The module is loaded by the real
 * libpam; limits-session.c stands between it and the system (fopen, glob, getpwnam_r, setrlimit,
 * ... are ours), so nothing of this host is read or changed and no privilege is needed.
 *
 *     limits --module PATH [--program PATH [--pam-version V]] [--count N] [--seed N] [--first N]
 *
 * --program: not the model but `keeltune limits` answers, with all limits that are handed down on
 * its command line; daemon and pid 1 then hand down the same. --pam-version: it is not to look at
 * the module.
 *
 * Case N of a seed is the same whatever the count: a disagreement is printed with the options that
 * repeat it. */
#include "conf-limits.h"
#include "error.h"
#include "host.h"
#include "login.h"
#include "pool.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "limits-cases.h"
#include "limits-program.h"
#include "limits-session.h"

#define MOST_FAILURES 20 /* then it gives up */

static const char *program, *pam_version; /* or NULL */

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

	snprintf(confdir, sizeof confdir, "%s/real.d", limits_session.tree);
	memcpy(limits_session.limits, test->caller, sizeof limits_session.limits);
	limits_session.capable = test->capable;
	limits_session.nr_open = test->nr_open;
	int rc = pam_start_confdir("login", test->user, &conversation, confdir, &pam);
	if (rc != PAM_SUCCESS) {
		fprintf(stderr, "limits: pam_start_confdir: %s\n", pam_strerror(NULL, rc));
		exit(2);
	}
	limits_session.active = true;
	ret->rc = pam_open_session(pam, PAM_SILENT);
	limits_session.active = false;
	pam_end(pam, rc);
	memcpy(ret->limits, limits_session.limits, sizeof ret->limits);
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

	if (host_open(limits_session.tree, &host, &error)) {
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

/* A program that does not answer has answered wrongly. */
static void ask_keeltune(const struct limits_case *test, struct answer *ret)
{
	bool fails;

	memcpy(ret->limits, test->caller, sizeof ret->limits);
	ret->rc = -1;
	if (ask_program(program, pam_version, limits_session.tree, test, &fails, ret->limits))
		ret->rc = fails;
	else
		ret->limits[RLIMIT_NOFILE].rlim_max ^= 1;
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

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd)) {
		fprintf(stderr, "limits: %s: %s\n", full, strerror(errno));
		exit(2);
	}
}

static void make_directory(const char *path)
{
	char full[512];

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
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
		snprintf(full, sizeof full, "%s%s", limits_session.tree, file->path);
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

	snprintf(full, sizeof full, "%s%s", limits_session.tree, path);
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

/* --inherit speaks for the daemon and for pid 1; its soft side is never above the hard one. */
static void hand_down_the_same(struct limits_case *test)
{
	static struct pool *pool;

	pool_free(pool);
	pool = pool_new();
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (test->caller[i].rlim_cur > test->caller[i].rlim_max)
			test->caller[i].rlim_cur = test->caller[i].rlim_max;
	test->pid1 = limits_format_table(pool, test->caller);
}

/* Prints "ok NAME" for a fixed case and "not ok NAME" for any that disagrees. */
static bool run_case(struct limits_case *test, const char *module, const char *name, bool quiet)
{
	struct answer from_module, from_model;

	if (program)
		hand_down_the_same(test);
	build_host(test, module);
	ask_module(test, &from_module);
	if (program)
		ask_keeltune(test, &from_model);
	else
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
	printf("%s %lu random cases%s, --seed %lu --first %lu\n", failed ? "not ok" : "ok", count,
	       pam_version ? " of the program with --pam-version"
	       : program   ? " of the program"
			   : "",
	       seed, first);
	return failed;
}

int main(int argc, char **argv)
{
	unsigned long count = 5000, seed = (unsigned long)time(NULL), first = 0;
	const char *module = NULL;
	const char *temporary = getenv("TMPDIR");

	for (int i = 1; i < argc; i += 2) {
		unsigned long *number = !strcmp(argv[i], "--count")   ? &count
					: !strcmp(argv[i], "--seed")  ? &seed
					: !strcmp(argv[i], "--first") ? &first
								      : NULL;
		bool understood = i + 1 < argc;
		if (number)
			understood = understood && parse_number(argv[i + 1], number);
		else if (understood && !strcmp(argv[i], "--module"))
			module = argv[i + 1];
		else if (understood && !strcmp(argv[i], "--program"))
			program = argv[i + 1];
		else if (understood && !strcmp(argv[i], "--pam-version"))
			pam_version = argv[i + 1];
		else
			understood = false;
		if (!understood) {
			fprintf(stderr,
				"usage: limits --module PATH [--program PATH] [--pam-version V] "
				"[--count N] [--seed N] [--first N]\n");
			return 2;
		}
	}
	if (!module ||
	    !dlopen(module, RTLD_NOW)) { /* stays, so that libpam need not load it again */
		fprintf(stderr, "limits: %s\n", module ? dlerror() : "--module is missing");
		return 2;
	}
	snprintf(limits_session.tree, sizeof limits_session.tree, "%.200s/keeltune-limits-XXXXXX",
		 temporary ? temporary : "/tmp");
	if (!mkdtemp(limits_session.tree)) {
		perror("limits: mkdtemp");
		return 2;
	}
	copy_module(module);
	unsigned long failed = run_random(module, seed, first, count);
	if (!first)
		failed += run_fixed(module);
	empty_directory("");
	rmdir(limits_session.tree);
	return failed ? 1 : 0;
}
