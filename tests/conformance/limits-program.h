/* SPDX-License-Identifier: MIT
 *
 * `keeltune limits` asked for a made-up host of limits.c.
 */
#ifndef KEELTUNE_LIMITS_PROGRAM_H
#define KEELTUNE_LIMITS_PROGRAM_H

#include "limits-cases.h"

/* Runs PROGRAM on the tree at ROOT as TEST's user, with what his daemon and pid 1 hand down on the
 * command line, and reads its JSON. PAM_VERSION: or NULL. *RET_FAILS: .login. RET_LIMITS stays as
 * it is for somebody who does not exist: he gets nothing. False: it did not answer, and that was
 * printed. */
bool ask_program(const char *program, const char *pam_version, const char *root,
		 const struct limits_case *test, bool *ret_fails,
		 struct rlimit ret_limits[RLIM_NLIMITS]);

#endif
