/* SPDX-License-Identifier: MIT
 *
 * What the program behind a PAM service makes of it: sshd, sudo and BusyBox may do without PAM
 * whatever the stack says, and others are not what their name suggests.
 */
#ifndef KEELTUNE_PAM_PROGRAM_H
#define KEELTUNE_PAM_PROGRAM_H

#include "pam-stack.h"

struct host;

/* The stack's answer for SERVICE, corrected where its program has a say (UsePAM of sshd,
 * !pam_session of sudo, BusyBox): then *RET_BY_PROGRAM. */
void pam_ask(struct host *host, const char *service, struct pam_answer *ret, bool *ret_by_program);

/* A sentence about the program of SERVICE and its sessions, or NULL. */
const char *pam_program_about(const char *service);

#endif
