/* SPDX-License-Identifier: MIT
 *
 * What runs of a systemd unit: its main process, and why that has other limits than the files say.
 * Reads /proc; systemd is not asked.
 */
#ifndef KEELTUNE_UNIT_MAIN_H
#define KEELTUNE_UNIT_MAIN_H

#include "process.h"
#include "unit.h"

/* Of the processes of UNIT that pid 1 started, the oldest: systemd's own notion of a main process
 * is known to systemd alone. Of a template one for each of its instances. Pointers into the host's
 * pool, in the order of their pids. */
struct unit_running {
	const struct process **items;
	size_t count;
	bool hidden; /* /proc does not show this user what root runs */
};
void unit_find_running(const struct unit *unit, struct unit_running *ret);

/* The highest limit that process 1, if it is systemd, can give: what it has itself where it cannot
 * raise a hard limit. setrlimit_closest() of systemd takes that instead. LIMIT_UNLIMITED: any. */
#define UNIT_HAS_NO_MORE "process 1 has no more to give, as in a container"
uint64_t unit_most(struct host *host, const struct limit_row *row);

/* Why PROCESS, of UNIT, has another limit of ROW than the files now say, LIMIT; NULL: it has what
 * they say. */
const char *unit_explain_running(const struct unit *unit, const struct process *process,
				 const struct unit_limit *limit, const struct limit_row *row);

/* "systemctl daemon-reload && systemctl restart NAME": for a shell. */
const char *unit_restart_command(struct pool *pool, const char *name);

#endif
