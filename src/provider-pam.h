/* SPDX-License-Identifier: MIT
 *
 * What the files of the pam provider share: provider-pam.c observes, pam-notes.c looks for
 * mistakes, pam-propose.c edits stacks.
 */
#ifndef KEELTUNE_PROVIDER_PAM_H
#define KEELTUNE_PROVIDER_PAM_H

#include "pam-stack.h"
#include "provider.h"

/* Mistakes in FILES that libpam makes the best of, silently. */
void pam_add_notes(struct host *host, const char *const *files, size_t count, struct notes *notes);

int pam_propose(struct host *host, const struct query *query, const struct finding *findings,
		size_t count, struct plan *plan, struct error *err);

#endif
