/* SPDX-License-Identifier: MIT
 *
 * Sockets that have died (keepalive gave up, the peer reset them, ss -K) while a process holds
 * their descriptors: they are in no table of the kernel and in no list of netstat or ss.
 */
#ifndef KEELTUNE_DEAD_SOCKETS_H
#define KEELTUNE_DEAD_SOCKETS_H

#include "socket-set.h"

#include <sys/types.h>

struct host;

/* How many TCP sockets of the system are in no table of any network namespace: dead ones, and those
 * that are not connected yet. *RET_WORTHWHILE: they are enough to look through all DESCRIPTORS of
 * the host for them. 0 also where it is not known: not all namespaces may be seen, or there can
 * only be few. ORPHANS are those of the namespaces that were looked at: the kernel counts those of
 * all, also of one that no process is in any more. */
uint64_t dead_sockets_estimate(struct host *host, uint64_t descriptors, uint64_t orphans,
			       bool *ret_worthwhile);

/* How many dead sockets process PID holds. SET has all sockets of the tables; what is not in it is
 * asked itself (pidfd_getfd(2): needs the right to trace the process). */
uint32_t dead_sockets_of(int proc, pid_t pid, const struct socket_set *set);

#endif
