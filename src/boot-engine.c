// SPDX-License-Identifier: MIT
/* Which program applies the sysctl files of a host at boot: found by what is installed and by what
 * runs as pid 1. Runs nothing. */
#include "boot.h"

#include "host.h"

#include <string.h>

/* ---- what is installed ------------------------------------------------------------------- */

static bool is_masked(struct host *host, const char *unit)
{
	const char *target = host_link(host, unit);

	return target && !strcmp(target, "/dev/null");
}

static bool has_systemd(struct host *host)
{
	return (host_exists(host, "/usr/lib/systemd/systemd-sysctl") ||
		host_exists(host, "/lib/systemd/systemd-sysctl")) &&
	       !is_masked(host, "/etc/systemd/system/systemd-sysctl.service") &&
	       !is_masked(host, "/run/systemd/system/systemd-sysctl.service");
}

/* procps says in its text which it is: "procps-ng 4.0.2". */
static enum engine procps_version(const struct file *program)
{
	static const char mark[] = "procps-ng ";
	const char *at = program->bytes, *end = at + program->size;

	while ((at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1))) {
		at += sizeof mark - 1;
		if (*at >= '0' && *at <= '9')
			return *at <= '3' ? ENGINE_PROCPS3 : ENGINE_PROCPS;
	}
	return ENGINE_PROCPS;
}

/* The `sysctl` program, unless it is a link to a program of many names (BusyBox, toybox). */
static enum engine installed_sysctl(struct host *host)
{
	static const char *const paths[] = { "/usr/sbin/sysctl", "/sbin/sysctl", "/usr/bin/sysctl",
					     "/bin/sysctl" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const char *target = host_link(host, paths[i]);
		if (target && strstr(target, "box"))
			continue;
		const struct file *file = host_file(host, paths[i]);
		if (file->state == FILE_PRESENT)
			return procps_version(file);
	}
	return ENGINE_NONE;
}

static bool has_busybox(struct host *host)
{
	return host_exists(host, "/bin/busybox") || host_exists(host, "/usr/bin/busybox");
}

/* OpenRC: its own script calls `sysctl --system`, that of Alpine `sysctl -p` file by file. */
static enum engine openrc_engine(struct host *host)
{
	if (!host_exists(host, "/sbin/openrc-run") && !host_exists(host, "/usr/sbin/openrc-run"))
		return ENGINE_NONE;
	const struct file *script = host_file(host, "/etc/init.d/sysctl");
	if (script->state != FILE_PRESENT)
		return ENGINE_NONE;
	return strstr(script->bytes, "--system") ? installed_sysctl(host) : ENGINE_BUSYBOX;
}

/* ---- what runs --------------------------------------------------------------------------- */

enum init { INIT_NONE, INIT_SYSTEMD, INIT_OTHER };

static enum init running_init(struct host *host)
{
	static const char *const others[] = { "init",       "openrc-init", "runit",
					      "runit-init", "s6-svscan",   "busybox",
					      "dinit",      "finit",       "shepherd" };

	if (!host_is_live(host))
		return INIT_NONE;
	const struct file *comm = host_kernel(host, "/proc/1/comm");
	if (comm->state != FILE_PRESENT) /* hidden from this user */
		return host_exists(host, "/run/systemd/system") ? INIT_SYSTEMD : INIT_NONE;
	size_t size = strcspn(comm->bytes, "\n");
	if (size == strlen("systemd") && !strncmp(comm->bytes, "systemd", size))
		return INIT_SYSTEMD;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strlen(others[i]) == size && !strncmp(comm->bytes, others[i], size))
			return INIT_OTHER;
	return INIT_NONE;
}

static struct engine_choice detect(struct host *host, enum engine sysctl, bool systemd)
{
	enum init init = running_init(host);

	if (init == INIT_SYSTEMD && systemd)
		return (struct engine_choice){ .engine = ENGINE_SYSTEMD,
					       .detected_by = "pid 1 is systemd" };
	if (init == INIT_NONE && systemd)
		return (struct engine_choice){
			.engine = ENGINE_SYSTEMD,
			.detected_by = "no init runs here, systemd-sysctl is installed"
		};
	enum engine openrc = openrc_engine(host);
	if (openrc != ENGINE_NONE)
		return (struct engine_choice){ .engine = openrc,
					       .detected_by = "OpenRC with /etc/init.d/sysctl" };
	if (host_exists(host, "/etc/init.d/procps"))
		return (struct engine_choice){ .engine = sysctl == ENGINE_NONE ? ENGINE_PROCPS
									       : sysctl,
					       .detected_by = "/etc/init.d/procps" };
	if (sysctl != ENGINE_NONE)
		return (struct engine_choice){ .engine = sysctl,
					       .detected_by = "procps' sysctl is installed" };
	if (has_busybox(host))
		return (struct engine_choice){ .engine = ENGINE_BUSYBOX,
					       .detected_by = "BusyBox is installed" };
	return (struct engine_choice){ .engine = ENGINE_NONE,
				       .detected_by =
					       "no program found that applies sysctl files" };
}

static bool is_procps(enum engine engine)
{
	return engine == ENGINE_PROCPS || engine == ENGINE_PROCPS3;
}

struct engine_choice engine_detect(struct host *host, enum engine forced)
{
	const enum engine sysctl = installed_sysctl(host);
	const bool systemd = has_systemd(host);
	struct engine_choice choice = { .engine = forced, .detected_by = "--engine" };

	if (forced == ENGINE_COUNT)
		choice = detect(host, sysctl, systemd);
	if (choice.engine == ENGINE_NONE)
		return choice;
	if (systemd && choice.engine != ENGINE_SYSTEMD)
		choice.other = ENGINE_SYSTEMD;
	else if (sysctl != ENGINE_NONE && !is_procps(choice.engine))
		choice.other = sysctl;
	return choice;
}
