/* SPDX-License-Identifier: MIT
 *
 * What the next boot would leave in sysctl keys: the algorithms of systemd-sysctl, of procps'
 * `sysctl --system` (4.x and 3.3.x) and of BusyBox `sysctl -p` in Alpine's order.
 */
#ifndef KEELTUNE_BOOT_H
#define KEELTUNE_BOOT_H

#include "engine.h"
#include "model.h"
#include "sysctl-path.h" /* sysctl_key_path(), sysctl_key_dotted() */

struct error;
struct host;

/* FORCED ENGINE_COUNT: detect (design: pid 1, installed programs); else --engine. */
struct engine_choice engine_detect(struct host *host, enum engine forced);

/* What one engine would do to one key. */
struct boot_value {
	const char *key; /* dotted, as in a setting's name */
	/* The file entry that decides, PRESENT with the value that the kernel makes of it, or
	 * ABSENT when none does. */
	struct reading configured;
	/* What the kernel would hold. PRESENT without an origin: `why` says who sets it ("kernel
	 * default", "set by systemd before sysctl.d"); with one the line that keeps files from
	 * setting it. ABSENT: no file sets it and its default depends on the machine. UNREADABLE: a
	 * file that could decide cannot be read. */
	struct reading boot;
	struct shadow *shadowed; /* in the order in which the engine reads them, then unread ones */
	size_t shadowed_count;
};

/* Fills one boot_value per KEYS[i]. NOTES may be NULL (when only the values are wanted). */
void boot_evaluate(struct host *host, enum engine engine, const char *const *keys, size_t count,
		   struct boot_value *ret, struct notes *notes);

#endif
