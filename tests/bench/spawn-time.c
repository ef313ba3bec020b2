// SPDX-License-Identifier: MIT
/* spawn-time ROUNDS [@UID] CMD [ARG...] [-- [@UID] CMD [ARG...]]...
 *
 * Runs every command once per round, in turn, so that what disturbs one disturbs all. For each it
 * prints minimum and median of the time from posix_spawn(3) to the end of the process in
 * microseconds, its peak resident set in KiB, its exit status, and the minimum of the processor
 * time of the process and its children in microseconds, which a busy machine disturbs less. @UID:
 * as that user, without privilege. Input is /dev/null, and so is output: a pipe would measure its
 * reader, too. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32
#define ROUNDS_MAX 100000

struct command {
	char **argv;
	uid_t user;
	int64_t *times; /* nanoseconds, one per round */
	int64_t cpu;    /* microseconds, the least */
	long peak_kib;
	int status;
};

static void fail(const char *what, int number)
{
	fprintf(stderr, "spawn-time: %s: %s\n", what, strerror(number));
	exit(2);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The system call itself: this thread only, and root is kept as the saved user that exec drops. */
static void become(uid_t user)
{
	if (syscall(SYS_setresuid, user, user, 0))
		fail("setresuid", errno);
}

static int64_t microseconds(const struct rusage *usage)
{
	return (int64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
	       usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static void run(struct command *command, const posix_spawn_file_actions_t *silence, size_t round)
{
	struct rusage usage;
	pid_t child;
	int status;

	if (command->user)
		become(command->user);
	int64_t start = now();
	int error = posix_spawnp(&child, command->argv[0], silence, NULL, command->argv, environ);
	if (command->user)
		become(0);
	if (error)
		fail(command->argv[0], error);
	if (wait4(child, &status, 0, &usage) != child)
		fail("wait4", ECHILD);
	command->times[round] = now() - start;
	command->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (usage.ru_maxrss > command->peak_kib)
		command->peak_kib = usage.ru_maxrss;
	int64_t cpu = microseconds(&usage);
	if (!round || cpu < command->cpu)
		command->cpu = cpu;
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static size_t split(char **argv, size_t rounds, struct command *commands)
{
	size_t count = 0;
	char **first = argv;

	for (;; argv++) {
		if (*argv && strcmp(*argv, "--") != 0)
			continue;
		if (argv == first || count == COMMANDS_MAX)
			fail("commands", EINVAL);
		commands[count] =
			(struct command){ .argv = first, .times = calloc(rounds, sizeof(int64_t)) };
		if (**first == '@') {
			commands[count].user = (uid_t)strtoul(*first + 1, NULL, 10);
			commands[count].argv++;
		}
		if (!commands[count++].times)
			fail("calloc", ENOMEM);
		if (!*argv)
			return count;
		*argv = NULL;
		first = argv + 1;
	}
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	posix_spawn_file_actions_t silence;
	char *end = NULL;

	long rounds = argc > 2 ? strtol(argv[1], &end, 10) : 0;
	if (rounds < 1 || rounds > ROUNDS_MAX || *end) {
		fputs("usage: spawn-time ROUNDS [@UID] CMD [ARG...] [-- ...]\n", stderr);
		return 2;
	}
	size_t count = split(argv + 2, (size_t)rounds, commands);
	posix_spawn_file_actions_init(&silence);
	posix_spawn_file_actions_addopen(&silence, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&silence, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&silence, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

	for (size_t round = 0; round < (size_t)rounds; round++)
		for (size_t i = 0; i < count; i++)
			run(&commands[i], &silence, round);
	for (size_t i = 0; i < count; i++) {
		int64_t *times = commands[i].times;
		qsort(times, (size_t)rounds, sizeof *times, by_value);
		printf("%lld %lld %ld %d %lld\n", (long long)times[0] / 1000,
		       (long long)times[rounds / 2] / 1000, commands[i].peak_kib,
		       commands[i].status, (long long)commands[i].cpu);
	}
	return fflush(stdout) ? 2 : 0;
}
