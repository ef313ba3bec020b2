// SPDX-License-Identifier: MIT
/* Names of the boot engines, see engine.h. */
#include "engine.h"

#include <string.h>

const char *engine_name(enum engine engine)
{
	static const char *const names[] = {
		[ENGINE_NONE] = "none",       [ENGINE_SYSTEMD] = "systemd",
		[ENGINE_PROCPS] = "procps",   [ENGINE_PROCPS3] = "procps3",
		[ENGINE_BUSYBOX] = "busybox",
	};

	return engine < ENGINE_COUNT ? names[engine] : "none";
}

const char *engine_program(enum engine engine)
{
	static const char *const programs[] = {
		[ENGINE_NONE] = "nothing",
		[ENGINE_SYSTEMD] = "systemd-sysctl",
		[ENGINE_PROCPS] = "sysctl --system",
		[ENGINE_PROCPS3] = "sysctl --system",
		[ENGINE_BUSYBOX] = "busybox sysctl -p",
	};

	return engine < ENGINE_COUNT ? programs[engine] : "nothing";
}

bool engine_by_name(const char *name, enum engine *ret_engine)
{
	for (enum engine engine = ENGINE_SYSTEMD; engine < ENGINE_COUNT; engine++) {
		if (!strcmp(name, engine_name(engine))) {
			*ret_engine = engine;
			return true;
		}
	}
	return false;
}
