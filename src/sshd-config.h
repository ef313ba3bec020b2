/* SPDX-License-Identifier: MIT
 *
 * Does sshd use PAM at all? The one question that keeltune asks of sshd_config(5).
 */
#ifndef KEELTUNE_SSHD_CONFIG_H
#define KEELTUNE_SSHD_CONFIG_H

#include "model.h"

struct host;

enum sshd_pam {
	SSHD_PAM_YES, /* or there is no sshd_config: distributions ship "yes" */
	SSHD_PAM_NO,
	SSHD_PAM_UNKNOWN, /* a file could not be read */
};

/* RET_ORIGIN: the line that says so, or the file that does not. RET_WHY: a clause, unless yes. */
enum sshd_pam sshd_uses_pam(struct host *host, struct origin *ret_origin, const char **ret_why);

#endif
