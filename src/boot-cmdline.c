// SPDX-License-Identifier: MIT
/* The kernel command line: sysctl.KEY=VALUE is applied before pid 1 starts, so files win. Linux 5.8
 * and later. */
#include "boot-run.h"
#include "catalog.h"
#include "host.h"
#include "pool.h"

#include <string.h>

/* "sysctl.net.ipv4.tcp_x": process_sysctl_arg() of fs/proc/proc_sysctl.c turns every dot. */
static void take_parameter(struct boot_run *boot, const char *name, const char *text, size_t size)
{
	char path[256];
	struct value value;

	if (strncmp(name, "sysctl.", 7) && strncmp(name, "sysctl/", 7))
		return;
	name += 7;
	if (strlen(name) >= sizeof path)
		return;
	memcpy(path, name, strlen(name) + 1);
	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	for (size_t i = 0; i < boot->target_count; i++) {
		struct boot_target *target = &boot->targets[i];
		if (strcmp(target->path, path) != 0 ||
		    catalog_kernel_parse(boot->pool, target->row, text, size, boot->hz,
					 target->current, &value))
			continue;
		if (boot->engine == ENGINE_SYSTEMD && !strcmp(target->key, "fs.file-max"))
			continue; /* systemd comes later */
		target->current = value;
		target->base = (struct reading){ .state = READING_PRESENT,
						 .value = value,
						 .origin = { .file = "/proc/cmdline" },
						 .why = "kernel command line" };
	}
}

/* As next_arg() of lib/cmdline.c splits. */
void boot_read_command_line(struct boot_run *boot)
{
	if (!host_is_live(boot->host))
		return;
	const struct file *file = host_kernel(boot->host, "/proc/cmdline");
	if (file->state != FILE_PRESENT || !strstr(file->bytes, "sysctl"))
		return;
	char *at = pool_copy(boot->pool, file->bytes, file->size);
	while (*(at += strspn(at, " \t\n"))) {
		bool quoted = *at == '"', inside = quoted;
		char *name = at += quoted, *equals = NULL;
		for (; *at && (inside || !strchr(" \t\n", *at)); at++) {
			if (*at == '=' && !equals)
				equals = at;
			if (*at == '"')
				inside = !inside;
		}
		char *end = at;
		at += *at != '\0';
		*end = '\0';
		if (!equals && !strcmp(name, "--"))
			return;
		if (!equals || !equals[1])
			continue;
		*equals = '\0';
		char *text = equals + 1;
		text += *text == '"';
		if ((text > equals + 1 || quoted) && end > text && end[-1] == '"')
			end--;
		take_parameter(boot, name, text, (size_t)(end - text));
	}
}
