/* SPDX-License-Identifier: MIT
 *
 * The parts of the sysctl provider: what it takes from profiles (sysctl-check.c), what it sees
 * (provider-sysctl.c), what it proposes (sysctl-propose.c).
 */
#ifndef KEELTUNE_PROVIDER_SYSCTL_H
#define KEELTUNE_PROVIDER_SYSCTL_H

#include "provider.h"

#define SYSCTL_DROPIN "/etc/sysctl.d/99-zz-keeltune.conf"

int sysctl_check(struct pool *pool, struct setting *setting, struct error *err);

/* The running value of KEY; RET_MISSING is set to a clause when the kernel has no such key. */
struct reading sysctl_running(struct host *host, const char *key, const char **ret_missing);

/* observe(); NOTES may be NULL. */
void sysctl_observe(struct host *host, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes);

int sysctl_propose(struct host *host, const struct query *query, const struct finding *findings,
		   size_t count, struct plan *plan, struct error *err);

#endif
