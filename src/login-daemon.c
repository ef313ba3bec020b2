// SPDX-License-Identifier: MIT
/* The limits of the daemon that opens sessions of a service, see login.h. Looks through /proc once,
 * which an audit has no time for. */
#include "login.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "process.h"
#include "text.h"

#include <string.h>
#include <unistd.h>

/* Where the daemon is not called as the service is. Names as /proc/PID/comm has them. */
static const struct daemon {
	const char *service;
	const char *names[3];
} daemons[] = {
	{ "login", { "agetty", "getty", "login" } },
	{ "remote", { "in.telnetd", "telnetd" } },
	{ "gdm", { "gdm3", "gdm" } },
	{ "cockpit", { "cockpit-tls", "cockpit-ws" } },
};

/* They go on with what their caller has. */
static const char *const by_callers[] = { "su",   "su-l",    "sudo",      "sudo-i",
					  "doas", "runuser", "runuser-l", "pkexec" };

/* "gdm-password" is a service of "gdm". */
static bool is_of(const char *service, const char *name)
{
	size_t size = strlen(name);

	return !strncmp(service, name, size) && (!service[size] || service[size] == '-');
}

static bool is_daemon_of(const char *service, const char *comm)
{
	if (!*comm)
		return false;
	for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
		for (size_t j = 0; j < 3 && is_of(service, daemons[i].service); j++)
			if (daemons[i].names[j] && !strcmp(comm, daemons[i].names[j]))
				return true;
	return is_of(service, comm);
}

/* Whoever runs a set-user-ID program under the name of the daemon shows it limits of his own. */
static bool is_of_system(const struct process *process)
{
	return !process->uid && !process->euid && !process->nested && !process->cgroup.has_owner;
}

/* The oldest one of root: what it forked for a session has the same name. */
static bool find_daemon(struct host *host, const char *service, struct process *ret)
{
	const struct directory *proc = host_directory(host, "/proc");
	bool found = false;

	for (size_t i = 0; i < proc->count; i++) {
		uint64_t pid;
		struct process process;
		struct error ignored;
		const char *comm;
		if (!parse_decimal(proc->names[i], INT32_MAX, &pid) ||
		    process_read_name(host, (pid_t)pid, &comm) < 0 ||
		    !is_daemon_of(service, comm) ||
		    process_read(host, (pid_t)pid, &process, &ignored) < 0)
			continue;
		if (!is_of_system(&process) || !is_daemon_of(service, process.comm) ||
		    (found && process.ticks >= ret->ticks))
			continue;
		*ret = process;
		found = true;
	}
	return found;
}

bool login_inherit_from_daemon(struct host *host, const char *service, struct login_inherited *ret)
{
	const char *why = NULL;
	struct pool *pool = host_pool(host);
	struct process process;
	struct error ignored;

	if (!host_is_live(host))
		return false;
	service = base_name(service);
	for (size_t i = 0; i < sizeof by_callers / sizeof *by_callers; i++)
		if (!strcmp(service, by_callers[i]) &&
		    process_read(host, getpid(), &process, &ignored) == 0)
			why = pool_printf(pool,
					  "inherited from whoever calls %s, here this process",
					  service);
	if (!why && !find_daemon(host, service, &process))
		return false;
	if (!why)
		why = pool_printf(pool, "inherited from %s (pid %d)", process.comm, process.pid);
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		ret[i] = (struct login_inherited){ .soft = process.limits[i].rlim_cur,
						   .hard = process.limits[i].rlim_max,
						   .why = why };
	return true;
}
