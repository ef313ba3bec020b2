/* SPDX-License-Identifier: MIT
 *
 * The installed libpam and its modules: where they are, which behaviour they have, what a module
 * answers when a session is opened. pam_module_find() is in pam-stack.h.
 */
#ifndef KEELTUNE_PAM_MODULE_H
#define KEELTUNE_PAM_MODULE_H

#include "conf-pam.h"

#include <stdint.h>

struct host;

/* Is MODULE, as written in a stack, there to be loaded? A tree without modules (a captured /etc) is
 * taken to have them all, but not those in /lib/security, which no current system has. */
bool pam_module_present(struct host *host, const char *module);

/* The set of results (bit N: code N) that a present MODULE may return from pam_sm_open_session.
 * What hardly ever happens (no memory, unknown user) is left out. */
uint32_t pam_module_results(struct host *host, const char *module, const char *const *args,
			    size_t arg_count);

/* Does libpam know @include, and read includes from /etc/pam.d only? */
bool pam_library_is_debian(struct host *host);
enum conf_pam_reader pam_library_reader(struct host *host);
/* Directories of service files, in order; NULL ends them. */
void pam_library_directories(struct host *host, const char *ret_directories[static 6]);

#endif
