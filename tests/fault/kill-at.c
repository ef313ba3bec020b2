// SPDX-License-Identifier: MIT
/* kill-at N PROGRAM ARG...: runs the program and kills it at its Nth system call stop (each call
 * has two, before and behind it). Exit status 137 when it was killed, else the program's; with N 0
 * it is not killed, and the number of stops is printed last on standard error. The program itself
 * is unmodified. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long at = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, stops = 0;
	int status;

	if (argc < 3)
		return 2;
	pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(126);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 125;
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (int pending = 0;;) {
		ptrace(PTRACE_SYSCALL, child, NULL, pending);
		if (waitpid(child, &status, 0) != child)
			return 125;
		if (!WIFSTOPPED(status))
			break;
		pending = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		if (!pending && ++stops == at)
			kill(child, SIGKILL);
	}
	if (!at)
		fprintf(stderr, "%lu\n", stops);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
