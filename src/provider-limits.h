/* SPDX-License-Identifier: MIT
 *
 * The parts of the limits provider: what it takes from profiles (limits-check.c), what it sees
 * (provider-limits.c), what it remarks on (limits-notes.c), what it proposes (limits-propose.c).
 */
#ifndef KEELTUNE_PROVIDER_LIMITS_H
#define KEELTUNE_PROVIDER_LIMITS_H

#include "login.h"
#include "provider.h"

#define LIMITS_DROPIN "/etc/security/limits.d/99-zz-keeltune.conf"

int limits_check(struct pool *pool, struct setting *setting, struct error *err);
/* Is ITEM one of the catalogue? */
int limits_check_item(struct pool *pool, const char *item, struct error *err);

/* Ceilings of hard nofile; of an offline tree both are the same. */
struct limits_ceiling {
	uint64_t now, boot;
};

struct limits_ceiling limits_find_ceiling(struct host *host, const struct query *query);

/* observe() without notes. RET_CONTEXT: of a login after the next boot, for those who want to know
 * more. */
void limits_observe(struct host *host, struct limits_ceiling ceiling,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct login_context *ret_context);

/* Mistakes in the files of CONTEXT, and what a reader of the findings should know. */
void limits_add_notes(struct login_context *context, struct limits_ceiling ceiling,
		      const struct setting *const *settings, size_t count, struct notes *notes);

/* The parts of limits_add_notes(). Pure. */
void limits_note_line(const struct limits_entry *entry, const struct limits_module *module,
		      struct limits_ceiling ceiling, struct notes *notes);
void limits_note_pairs(const struct login_context *context, struct notes *notes);
const char *limits_looks_like(const struct limits_entry *entry); /* if it is no rule; or NULL */
bool limits_is_rule(const struct limits_entry *entry);        /* that counts, or exempts somebody */
bool limits_is_placeholder(const struct limits_entry *entry); /* "<user>", "${LIMIT}" */

int limits_propose(struct host *host, const struct query *query, const struct finding *findings,
		   size_t count, struct plan *plan, struct error *err);

#endif
