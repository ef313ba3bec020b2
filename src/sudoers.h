/* SPDX-License-Identifier: MIT
 *
 * Does sudo open PAM sessions? The one question that keeltune asks of sudoers(5).
 */
#ifndef KEELTUNE_SUDOERS_H
#define KEELTUNE_SUDOERS_H

#include "model.h"

struct host;

enum sudo_session {
	SUDO_SESSION_YES, /* its default */
	SUDO_SESSION_NO,
	SUDO_SESSION_SOME,    /* not for those that a scoped Defaults line is about */
	SUDO_SESSION_UNKNOWN, /* a file could not be read */
};

/* RET_ORIGIN: the line that says so, or the file that could not be read. RET_WHY: a clause, unless
 * yes. */
enum sudo_session sudo_opens_session(struct host *host, struct origin *ret_origin,
				     const char **ret_why);

#endif
