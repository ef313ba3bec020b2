/* SPDX-License-Identifier: MIT
 *
 * From evidence to advice: what is wrong with a process and what helps, in plain words. Pure.
 */
#ifndef KEELTUNE_DIAGNOSIS_H
#define KEELTUNE_DIAGNOSIS_H

#include "leak.h"

struct pool;

#define NEAR_LIMIT 0.8 /* of the soft limit of descriptors */

/* Fills in LEAK's advice, the most useful first; none when there is nothing to say. */
void diagnose(struct pool *pool, struct leak *leak, const struct keepalive_settings *settings);

struct system_state {
	uint64_t file_nr, file_max;              /* of fs.file-nr; file_max 0: not known */
	uint64_t listen_overflows, listen_drops; /* since boot, of the network namespace */
	uint64_t in_no_table; /* TCP sockets that are in no table: dead, or not connected yet */
	bool is_searched;     /* every process was looked at for them */
};

/* What is wrong with the system as a whole. */
void diagnose_system(struct pool *pool, const struct system_state *state,
		     struct advice **ret_advice, size_t *ret_count);

/* Why sockets have no holder here, and how many. */
struct unattributed;
struct unattributed_row {
	uint64_t count;
	const char *what;
};
#define UNATTRIBUTED_ROWS 5
void diagnose_unattributed(const struct unattributed *left,
			   struct unattributed_row ret[UNATTRIBUTED_ROWS]);

/* "45s", "3h02m", "12d 4h": of milliseconds. */
const char *duration_format(struct pool *pool, uint64_t milliseconds);

#endif
