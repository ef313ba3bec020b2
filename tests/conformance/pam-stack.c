// SPDX-License-Identifier: MIT
/* The model of PAM stacks (pam-stack.h) against the real libpam: both read the same files of a root
 * directory that pam-stack.sh made for this program, and must agree on whether the stack loads,
 * what pam_open_session(3) returns, whether pam_limits.so runs, with what arguments, and from which
 * line.
 *
 *     pam-stack [--count N] [--seed N] [--first N] [--mode certain|maybe|pam-conf|fixed]
 *
 * Writes to /etc and /usr/lib/pam.d: run it by pam-stack.sh only. Link with -rdynamic: the modules
 * call probe_called(). Case N of a seed is the same whatever the count; a disagreement is reduced
 * and printed. */
#include "pam-stack.h"
#include "error.h"
#include "host.h"
#include "pam-module.h"
#include "pool.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pam-stack-cases.h"
#include "pam-stack-fixed.h"

#define MAYBE_MAX 4

/* What the real libpam did, or what the model says it does. */
struct behaviour {
	bool loads;
	int result;
	bool runs;
	char args[2048]; /* of the last pam_limits.so, each followed by a newline */
};

/* ---- the real one ------------------------------------------------------------------------ */

struct pam_message {
	int style;
	const char *text;
};
struct pam_response {
	char *text;
	int code;
};
struct pam_conv {
	int (*conv)(int count, const struct pam_message **messages, struct pam_response **ret,
		    void *data);
	void *data;
};

static struct {
	int (*start)(const char *service, const char *user, const struct pam_conv *conv,
		     void **ret);
	int (*open_session)(void *pamh, int flags);
} libpam;

/* Of the child that is asked. */
static struct behaviour observed;
static int limits_result;
static int maybe_results[MAYBE_MAX];

int probe_called(const void *module, int argc, const char **argv);

int probe_called(const void *module, int argc, const char **argv)
{
	size_t size = 0;
	Dl_info caller;

	if (dladdr(module, &caller) && strstr(caller.dli_fname, "maybe"))
		return maybe_results[argc && strlen(argv[0]) == 7 ? (argv[0][6] - '0') & 3 : 0];
	observed.runs = true;
	observed.args[0] = '\0';
	for (int i = 0; i < argc && size + strlen(argv[i]) + 2 < sizeof observed.args; i++)
		size += (size_t)snprintf(observed.args + size, sizeof observed.args - size, "%s\n",
					 argv[i]);
	return limits_result;
}

static int answer_nothing(int count, const struct pam_message **messages, struct pam_response **ret,
			  void *data)
{
	(void)messages;
	(void)data;
	*ret = calloc((size_t)count, sizeof **ret);
	return 0;
}

static void ask_libpam(const char *service)
{
	const struct pam_conv conv = { answer_nothing, NULL };
	const struct rlimit no_core = { 0, 0 }, few_files = { 64, 64 };
	void *pamh;

	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_NOFILE, &few_files); /* where includes loop */
	alarm(2);                             /* where libpam hangs */
	observed = (struct behaviour){ 0 };
	if (!libpam.start(service, "root", &conv, &pamh)) {
		observed.loads = true;
		observed.result = libpam.open_session(pamh, 0);
	}
}

/* In a child: libpam may crash, hang, or run out of descriptors. */
static struct behaviour real_behaviour(const char *service)
{
	struct behaviour result = { 0 };
	int pipes[2];
	pid_t child;

	if (pipe(pipes) || (child = fork()) < 0) {
		perror("fork");
		exit(2);
	}
	if (!child) {
		close(pipes[0]);
		ask_libpam(service);
		_exit(write(pipes[1], &observed, sizeof observed) != sizeof observed);
	}
	close(pipes[1]);
	if (read(pipes[0], &result, sizeof result) != sizeof result)
		result = (struct behaviour){ 0 };
	close(pipes[0]);
	waitpid(child, NULL, 0);
	return result;
}

/* ---- the model --------------------------------------------------------------------------- */

static struct behaviour model_behaviour(const struct pam_answer *answer)
{
	struct behaviour result = { .loads = answer->loads,
				    .result = answer->loads ? answer->result : 0,
				    .runs = answer->limits.file != NULL };
	size_t size = 0;

	for (size_t i = 0; i < answer->arg_count; i++)
		if (size + strlen(answer->args[i]) + 2 < sizeof result.args)
			size += (size_t)snprintf(result.args + size, sizeof result.args - size,
						 "%s\n", answer->args[i]);
	return result;
}

static bool same_behaviour(const struct behaviour *a, const struct behaviour *b)
{
	return a->loads == b->loads && a->result == b->result && a->runs == b->runs &&
	       !strcmp(a->args, b->args);
}

/* ---- files ------------------------------------------------------------------------------- */

static void write_file(const struct case_file *file)
{
	int fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, file->bytes, file->size) != (ssize_t)file->size || close(fd)) {
		perror(file->path);
		exit(2);
	}
}

static void set_directories(bool exist)
{
	static const char *const names[] = { "/etc/pam.d", "/usr/lib/pam.d" };

	for (size_t i = 0; i < 2; i++) {
		char hidden[64];
		snprintf(hidden, sizeof hidden, "%s.hidden", names[i]);
		if (rename(exist ? hidden : names[i], exist ? names[i] : hidden) && errno != ENOENT)
			perror(names[i]);
	}
}

static void lay_out(const struct test_case *test)
{
	if (test->pam_conf)
		set_directories(false);
	for (size_t i = 0; i < CASE_FILES; i++)
		if (*test->files[i].path && test->files[i].size)
			write_file(&test->files[i]);
}

static void clear(const struct test_case *test)
{
	for (size_t i = 0; i < CASE_FILES; i++)
		if (*test->files[i].path && test->files[i].size)
			unlink(test->files[i].path);
	if (test->pam_conf)
		set_directories(true);
}

/* ---- comparing --------------------------------------------------------------------------- */

/* Does ARGS, which begins with "at=FILE:LINE", name ORIGIN? Libpam may have cut it. An entry that
 * the line before continues into begins there. */
static bool at_origin(const struct test_case *test, const char *args, struct origin origin)
{
	size_t length = strcspn(args, "\r\n"), size = strlen("at=") + strlen(origin.file);
	char place[128];

	snprintf(place, sizeof place, "at=%s:%u", origin.file, origin.line);
	if (!strncmp(args, place, length < strlen(place) ? length : strlen(place)))
		return true;
	for (size_t i = 0; i < CASE_FILES; i++) {
		const struct case_file *file = &test->files[i];
		if (!strcmp(file->path, origin.file) && memchr(file->bytes, '\\', file->size))
			return length > size && !strncmp(args, place, size + 1) &&
			       strtoul(args + size + 1, NULL, 10) >= origin.line;
	}
	return false;
}

/* A line cut behind a '/' names no module. In an included file libpam before 1.6.0 then goes on
 * with a list whose end was never set; all that is sure is that no session opens. */
static bool uses_unset_memory(const struct test_case *test, const struct pam_answer *answer)
{
	return !answer->loads && strstr(answer->why, "names no module") &&
	       strcmp(answer->origin.file, test->files[0].path) != 0 &&
	       strcmp(answer->origin.file, test->files[1].path) != 0;
}

/* What is wrong with the model's answer, or NULL. */
static const char *compare_certain(const struct test_case *test, const struct pam_answer *answer)
{
	struct behaviour model = model_behaviour(answer), real, failing;

	limits_result = 0;
	real = real_behaviour(test->service);
	if (uses_unset_memory(test, answer))
		return real.loads && !real.result ? "behaviour" : NULL;
	if (!same_behaviour(&model, &real))
		return "behaviour";
	enum pam_outcome want = !real.loads || real.result ? PAM_BROKEN
				: real.runs                ? PAM_RUNS
							   : PAM_DOES_NOT_RUN;
	if (answer->outcome != want && answer->outcome != PAM_NO_SERVICE)
		return "outcome";
	if (answer->session != (real.loads && !real.result ? PAM_SESSION_OPENS : PAM_SESSION_FAILS))
		return "session";
	if (real.runs && !strncmp(real.args, "at=", 3) &&
	    !at_origin(test, real.args, answer->limits))
		return "place";
	if (real.runs) {
		limits_result = 6;
		failing = real_behaviour(test->service);
		if (answer->required != (failing.result != 0))
			return "required";
	}
	return NULL;
}

static const char *compare_maybe(const struct test_case *test, const struct pam_answer *answer)
{
	static const int results[] = { 0, 3, 4, 6, 7, 10, 14, 25 };
	bool runs = false, misses = false, opens = false, fails = false;
	size_t ways = 1;

	limits_result = 0;
	for (unsigned i = 0; i < test->maybes; i++)
		ways *= 8;
	for (size_t way = 0; way < ways; way++) {
		for (unsigned i = 0; i < MAYBE_MAX; i++)
			maybe_results[i] = results[way >> (3 * i) & 7];
		struct behaviour real = real_behaviour(test->service);
		*(real.runs ? &runs : &misses) = true;
		*(real.loads && !real.result ? &opens : &fails) = true;
	}
	enum pam_outcome want = !opens    ? PAM_BROKEN
				: !runs   ? PAM_DOES_NOT_RUN
				: !misses ? PAM_RUNS
					  : PAM_CONDITIONAL;
	if (answer->outcome != want && answer->outcome != PAM_NO_SERVICE)
		return "outcome";
	if (answer->session != (!opens  ? PAM_SESSION_FAILS
				: fails ? PAM_SESSION_DEPENDS
					: PAM_SESSION_OPENS))
		return "session";
	if (answer->outcome == PAM_CONDITIONAL && !strstr(answer->why, "pam_maybe.so"))
		return "decider";
	return NULL;
}

/* Frees what pam_stack_limits() made with the host, so the answer is gone afterwards. */
static const char *disagreement(const struct test_case *test, bool verbose)
{
	struct host *host;
	struct error err;
	struct pam_answer answer;

	lay_out(test);
	if (host_open(NULL, &host, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(2);
	}
	pam_stack_limits(host, test->service, &answer);
	const char *what =
		test->maybes ? compare_maybe(test, &answer) : compare_certain(test, &answer);
	if (verbose) {
		struct behaviour model = model_behaviour(&answer), real;
		limits_result = 0;
		real = real_behaviour(test->service);
		printf("# model: %s (%s:%u %s), loads %d, result %d, runs %d, session %d, required "
		       "%d, args %s\n",
		       pam_outcome_name(answer.outcome), answer.origin.file, answer.origin.line,
		       answer.why, model.loads, model.result, model.runs, (int)answer.session,
		       answer.required, model.args);
		printf("# real: loads %d, result %d, runs %d, args %s\n", real.loads, real.result,
		       real.runs, real.args);
	}
	host_close(host);
	clear(test);
	return what;
}

/* Takes away every line that the disagreement does not need. */
static void reduce(struct test_case *test)
{
	static struct test_case smaller;
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < CASE_FILES; i++) {
			for (size_t from = 0; from < test->files[i].size;) {
				const char *bytes = test->files[i].bytes;
				const char *end =
					memchr(bytes + from, '\n', test->files[i].size - from);
				size_t to = end ? (size_t)(end - bytes) + 1 : test->files[i].size;
				smaller = *test;
				memmove(smaller.files[i].bytes + from, bytes + to,
					test->files[i].size - to);
				smaller.files[i].size -= to - from;
				if (disagreement(&smaller, false)) {
					*test = smaller;
					again = true;
				} else {
					from = to;
				}
			}
		}
	}
}

static void print_case(const struct test_case *test)
{
	printf("# service %s\n", test->service);
	for (size_t i = 0; i < CASE_FILES; i++) {
		const struct case_file *file = &test->files[i];
		if (!*file->path || !file->size)
			continue;
		printf("# %s: \"", file->path);
		for (size_t j = 0; j < file->size; j++) {
			unsigned char c = (unsigned char)file->bytes[j];
			if (c == '\n')
				printf("\\n%s", j + 1 < file->size ? "\n#	" : "");
			else if (c < ' ' || c > '~')
				printf("\\x%02x", c);
			else
				printf("%s%c", c == '"' || c == '\\' ? "\\" : "", c);
		}
		puts("\"");
	}
}

/* ---- runs -------------------------------------------------------------------------------- */

static unsigned run_random(enum mode mode, const char *name, uint64_t seed, unsigned first,
			   unsigned count)
{
	static struct test_case test;
	unsigned wrong = 0;

	for (unsigned i = first; i < first + count && wrong < 5; i++) {
		struct random random = { (seed + 1) * 0x9e3779b97f4a7c15u +
					 i * 0xbf58476d1ce4e5b9u };
		for (int j = 0; j < 8; j++)
			random_below(&random, 2);
		generate_case(&random, mode, &test);
		const char *what = disagreement(&test, false);
		if (!what)
			continue;
		wrong++;
		if (strcmp(what, "place")) /* taking lines away moves it */
			reduce(&test);
		printf("# %s disagrees: --mode %s --seed %llu --first %u --count 1\n", what, name,
		       (unsigned long long)seed, i);
		print_case(&test);
		disagreement(&test, true);
	}
	printf("%s %s: %u random stacks, seed %llu\n", wrong ? "not ok" : "ok", name, count,
	       (unsigned long long)seed);
	fflush(stdout);
	return wrong;
}

/* Both the real libpam and the model must do what the table says. */
static unsigned run_fixed(void)
{
	static struct test_case test;
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof fixed_cases / sizeof *fixed_cases; i++) {
		const struct fixed_case *fixed = &fixed_cases[i];
		memset(&test, 0, sizeof test);
		test.service = fixed->service;
		for (size_t j = 0; j < 4 && fixed->files[j].path; j++) {
			struct case_file *file = &test.files[j];
			file->size = strlen(fixed->files[j].text);
			strcpy(file->path, fixed->files[j].path);
			memcpy(file->bytes, fixed->files[j].text, file->size);
		}
		const char *what = disagreement(&test, false);
		lay_out(&test);
		limits_result = 0;
		struct behaviour real = real_behaviour(test.service);
		clear(&test);
		if (real.loads != (fixed->result >= 0) || real.runs != fixed->runs ||
		    (real.loads && real.result != fixed->result))
			what = "the real libpam";
		printf("%s %s\n", what ? "not ok" : "ok", fixed->name);
		if (!what)
			continue;
		wrong++;
		printf("# %s disagrees\n", what);
		disagreement(&test, true);
	}
	return wrong;
}

static void open_libpam(void)
{
	void *library = dlopen("libpam.so.0", RTLD_NOW);

	if (library) {
		*(void **)&libpam.start = dlsym(library, "pam_start");
		*(void **)&libpam.open_session = dlsym(library, "pam_open_session");
	}
	if (!libpam.start || !libpam.open_session) {
		fprintf(stderr, "libpam.so.0: %s\n", dlerror());
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "certain", "maybe", "pam-conf" };
	unsigned count = 1000, first = 0, wrong = 0;
	uint64_t seed = (uint64_t)time(NULL);
	const char *only = NULL;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--mode"))
			only = argv[i + 1];
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--first"))
			first = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--count"))
			count = (unsigned)strtoul(argv[i + 1], NULL, 10);
	}
	if (access("/.keeltune-pam-stack", F_OK)) {
		fprintf(stderr, "run this by pam-stack.sh, in a root directory of its own\n");
		return 2;
	}
	open_libpam();
	if (!only || !strcmp(only, "fixed"))
		wrong += run_fixed();
	for (int mode = MODE_CERTAIN; mode <= MODE_PAM_CONF; mode++) {
		unsigned share = mode == MODE_CERTAIN ? count : count / 50 + 1;
		if (!only || !strcmp(only, modes[mode]))
			wrong += run_random((enum mode)mode, modes[mode], seed, first,
					    only ? count : share);
	}
	return wrong != 0;
}
