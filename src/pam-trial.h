/* SPDX-License-Identifier: MIT
 *
 * The last word on an edited PAM stack has the libpam that will load it.
 */
#ifndef KEELTUNE_PAM_TRIAL_H
#define KEELTUNE_PAM_TRIAL_H

struct error;
struct host;
struct plan;

/* 0; -EINVAL when the libpam of this host does not load a stack that PLAN, whose overlay HOST has,
 * edits. Where that cannot be tried (no privilege to mount, no libpam) a note says so. Nothing
 * outside of a child process is changed. */
int pam_trial(struct host *host, struct plan *plan, struct error *err);

#endif
