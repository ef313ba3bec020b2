/* SPDX-License-Identifier: MIT
 *
 * The live layer, for `audit --live`: what began before a setting was changed, or never hears of
 * it. Reads only, and only of a live host; the layer of a tree is not applicable.
 */
#ifndef KEELTUNE_LIVE_H
#define KEELTUNE_LIVE_H

#include "login.h"
#include "provider.h"

#include <sys/types.h>

struct notes;

/* Whom settings about limits mean. */
struct live_scope {
	struct login_context *context;
	/* Does SETTING mean the processes of UNIT, of the system manager? NULL: settings mean
	 * users, as login_is_meant() has it. */
	bool (*is_of_unit)(const void *data, const struct setting *setting, const char *unit);
	const void *data;
	/* A number of the kernel in the unit of the settings. */
	struct value (*value)(const struct limit_row *row, uint64_t number);
};

/* live-limits.c: fills in the live layer of SETTINGS, limits: running processes that have less than
 * is accepted. RET has the other layers already. */
void live_observe_limits(const struct live_scope *scope, const struct setting *const *settings,
			 size_t count, struct observed *ret, struct notes *notes);

struct process_limits;
/* live-advice.c: what to do about a process that has less than SETTING wants. NEXT_SERVES: a new
 * login, or the next start of the unit, gets enough. */
const char *live_advise_limit(struct pool *pool, const struct live_scope *scope,
			      const struct setting *setting, const struct process_limits *limits,
			      bool next_serves);

/* The same of sysctl settings that are per network namespace: open sockets of the namespace this
 * process is in (live-sockets.c), and, unless QUERY names one, the values of all others
 * (live-spaces.c), which this process enters and leaves. */
void live_observe_sysctls(struct host *host, const struct query *query,
			  const struct setting *const *settings, size_t count,
			  struct observed *ret);
/* ADVISED: "TIME:INTVL:PROBES" for those without keepalive. */
void live_observe_sockets(struct host *host, const struct setting *setting, const char *advised,
			  struct observed *ret);

/* ---- what they share (live.c) ------------------------------------------------------------ */

void live_add(struct pool *pool, struct live *live, const struct live_group *group);
/* Those that say the same are neighbours afterwards, the fullest and largest first. */
void live_sort(struct live *live);
/* Do two groups say the same of different processes? */
bool live_is_alike(const struct live_group *a, const struct live_group *b);

struct cgroup;
/* What people know the place of a process by: its unit of the user manager or of the system, its
 * session; NULL: in none. */
const char *live_place(struct pool *pool, const struct cgroup *cgroup);
/* Of a uid; its number where it has no name. */
const char *live_user(struct pool *pool, const struct accounts *accounts, uid_t uid);

#endif
