/* SPDX-License-Identifier: MIT
 *
 * Numbers of system calls that the C library of Debian 11 does not know yet.
 */
#ifndef KEELTUNE_PIDFD_H
#define KEELTUNE_PIDFD_H

#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

#endif
