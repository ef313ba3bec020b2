// SPDX-License-Identifier: MIT
/* Programs and their PAM services, see pam-program.h. */
#include "pam-program.h"

#include "host.h"
#include "pool.h"
#include "sshd-config.h"
#include "sudoers.h"

#include <string.h>

/* ---- what a program says of itself ------------------------------------------------------- */

static bool ask_sshd(struct host *host, const char *service, struct pam_answer *answer)
{
	struct origin origin;
	const char *why;
	enum sshd_pam uses = sshd_uses_pam(host, &origin, &why);

	(void)service;
	if (uses == SSHD_PAM_YES)
		return false;
	answer->outcome = uses == SSHD_PAM_NO ? PAM_DOES_NOT_RUN : PAM_UNKNOWN;
	answer->origin = origin;
	answer->why = why;
	return true;
}

static bool ask_sudo(struct host *host, const char *service, struct pam_answer *answer)
{
	static const enum pam_outcome outcomes[] = {
		[SUDO_SESSION_NO] = PAM_DOES_NOT_RUN,
		[SUDO_SESSION_SOME] = PAM_CONDITIONAL,
		[SUDO_SESSION_UNKNOWN] = PAM_UNKNOWN,
	};
	struct origin origin;
	const char *why;
	enum sudo_session opens = sudo_opens_session(host, &origin, &why);

	(void)service;
	if (opens == SUDO_SESSION_YES)
		return false;
	answer->outcome = outcomes[opens];
	answer->origin = origin;
	answer->why = why;
	return true;
}

/* BusyBox is built without PAM wherever a distribution has it. */
static bool ask_busybox(struct host *host, const char *service, struct pam_answer *answer)
{
	const char *path = pool_printf(host_pool(host), "/bin/%s", service);
	const char *real = host_resolve(host, path);
	const char *name = real ? strrchr(real, '/') : NULL;

	if (!name || strncmp(name + 1, "busybox", strlen("busybox")) != 0)
		return false;
	answer->outcome = PAM_DOES_NOT_RUN;
	answer->origin = (struct origin){ path, 0 };
	answer->why = pool_printf(host_pool(host), "%s is BusyBox, which does without PAM", path);
	return true;
}

/* ---- all of them ------------------------------------------------------------------------- */

static const struct program {
	const char *service;
	bool (*ask)(struct host *host, const char *service, struct pam_answer *answer);
	const char *about;
} programs[] = {
	{ "sshd", ask_sshd, NULL },
	{ "sudo", ask_sudo, NULL },
	{ "sudo-i", ask_sudo, NULL },
	{ "login", ask_busybox, NULL },
	{ "su", ask_busybox, NULL },
	{ "su-l", NULL, "util-linux takes this stack for `su -`; Debian's su takes it too" },
	{ "cockpit", NULL,
	  "cockpit-session opens it for the shell of the web console; the services of Cockpit "
	  "itself have the limits of their units" },
	{ "systemd-user", NULL,
	  "systemd opens it for user@UID.service: it decides what the user manager and all "
	  "`systemctl --user` services start with, not what a login shell gets" },
	{ "cron", NULL, "cron opens it for every job (Debian); the daemon keeps its own limits" },
	{ "crond", NULL, "crond opens it for every job (cronie); the daemon keeps its own limits" },
	{ "atd", NULL, "atd opens it for every job; the daemon keeps its own limits" },
	{ "dropbear", NULL,
	  "dropbear opens no PAM session as distributions build it: its sessions have the limits "
	  "of the daemon" },
	{ "tinysshd", NULL,
	  "tinysshd does without PAM: its sessions have the limits of the daemon" },
	{ "doas", NULL, "doas opens a session only where it was built with PAM (Debian's is)" },
	{ "docker", NULL,
	  "containers open no PAM session: --ulimit, or default-ulimits of dockerd, decides" },
};

static const struct program *find_program(const char *service)
{
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (!strcmp(programs[i].service, service))
			return &programs[i];
	return NULL;
}

/* Corrects ANSWER where the program opens no session, only some, or it cannot be told. True: it
 * did. */
static bool correct(struct host *host, const char *service, struct pam_answer *answer)
{
	const struct program *program = find_program(service);

	if (!program || !program->ask ||
	    (answer->outcome != PAM_RUNS && answer->outcome != PAM_CONDITIONAL))
		return false;
	return program->ask(host, service, answer);
}

const char *pam_program_about(const char *service)
{
	const struct program *program = find_program(service);

	return program ? program->about : NULL;
}

void pam_ask(struct host *host, const char *service, struct pam_answer *ret, bool *ret_by_program)
{
	pam_stack_limits(host, service, ret);
	*ret_by_program = correct(host, service, ret);
}
