/* SPDX-License-Identifier: MIT
 *
 * Who has a say in a sysctl key besides the files of the boot engine: tuned and ufw, which set keys
 * when they start, and modules, without which a key does not exist. Notes only.
 */
#ifndef KEELTUNE_BOOT_OWNERS_H
#define KEELTUNE_BOOT_OWNERS_H

#include "boot.h"

/* VALUES: what boot_evaluate() says about each wanted key. Where neither tuned nor ufw is
 * installed, this costs one system call for each. */
void boot_note_owners(struct host *host, const struct boot_value *values, size_t count,
		      struct notes *notes);

#endif
