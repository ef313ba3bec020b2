/* SPDX-License-Identifier: MIT
 *
 * The files of a systemd unit: which unit file and which drop-ins the system manager would read,
 * and under which names it knows the unit. For unit.c.
 */
#ifndef KEELTUNE_UNIT_FIND_H
#define KEELTUNE_UNIT_FIND_H

#include <stddef.h>

struct host;
struct unit;

/* Directories of unit files from the highest priority down; NULL ends them. */
const char *const *unit_directories(struct host *host);

/* Fills id, names and fragment of UNIT, whose name is valid. */
void unit_find_fragment(struct host *host, struct unit *unit);

/* Fills dropins and hidden of UNIT, whose names are known. */
void unit_find_dropins(struct host *host, struct unit *unit);

#endif
