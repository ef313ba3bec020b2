/* SPDX-License-Identifier: MIT
 *
 * What the program behind a PAM service makes of it: sshd, sudo and BusyBox may do without PAM
 * whatever the stack says, and others are not what their name suggests.
 */
#ifndef KEELTUNE_PAM_PROGRAM_H
#define KEELTUNE_PAM_PROGRAM_H

#include "pam-stack.h"

struct host;

/* Corrects ANSWER of the stack of SERVICE where the program opens no session, only some, or it
 * cannot be told. True: it did. */
bool pam_program_corrects(struct host *host, const char *service, struct pam_answer *answer);

/* A sentence about the program of SERVICE and its sessions, or NULL. */
const char *pam_program_about(const char *service);

#endif
