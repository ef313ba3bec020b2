/* SPDX-License-Identifier: MIT
 *
 * The programs that apply sysctl files at boot, by name; boot-engine.c finds out which one a host
 * has.
 */
#ifndef KEELTUNE_ENGINE_H
#define KEELTUNE_ENGINE_H

#include <stdbool.h>

enum engine {
	ENGINE_NONE, /* nothing applies sysctl files here */
	ENGINE_SYSTEMD,
	ENGINE_PROCPS,  /* 4.x */
	ENGINE_PROCPS3, /* 3.3.13 to 3.3.17 */
	ENGINE_BUSYBOX,
	ENGINE_COUNT,
};

struct engine_choice {
	enum engine engine;
	const char *detected_by; /* "--engine", "pid 1 is systemd", ... */
	enum engine
		other; /* installed as well, and might be run by hand or by a package; or NONE */
};

const char *engine_name(enum engine engine); /* "none", "systemd", "procps", "procps3", "busybox" */
/* "systemd-sysctl", "sysctl --system", "busybox sysctl -p": how people know it. */
const char *engine_program(enum engine engine);
bool engine_by_name(const char *name, enum engine *ret_engine); /* as --engine takes it */

#endif
