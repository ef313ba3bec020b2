/* SPDX-License-Identifier: MIT
 *
 * The texts under /proc/net that say something about TCP, and /proc/sys/fs/file-nr. Pure: text in,
 * numbers out; false when it is not such a text.
 */
#ifndef KEELTUNE_PROC_NET_H
#define KEELTUNE_PROC_NET_H

#include "sockets.h"

struct sockstat {
	uint64_t inuse;     /* IPv4 sockets in the kernel's tables; of the network namespace */
	uint64_t inuse6;    /* the same of IPv6; filled from sockstat6 */
	uint64_t time_wait; /* kept as cheaply as TIME_WAIT: those, and old FIN_WAIT2 */
	uint64_t orphans;   /* of all network namespaces: closed by their process, not yet gone */
	uint64_t allocated; /* TCP sockets of all network namespaces that take memory */
	uint64_t pages;     /* of their buffers, all network namespaces */
};

bool proc_net_parse_sockstat(const char *text, struct sockstat *ret);
bool proc_net_parse_sockstat6(const char *text, struct sockstat *ret);

/* The counter NAME in the group ("TcpExt") of /proc/net/netstat or snmp: a line of names and a line
 * of numbers. */
bool proc_net_parse_counter(const char *text, const char *group, const char *name, uint64_t *ret);

/* One line of /proc/net/tcp or tcp6, without ages, cgroup and the length of accept queues
 * (send_queue UINT32_MAX). False for the heading. */
bool proc_net_parse_tcp(const char *line, bool is_ipv6, struct tcp_socket *ret);

bool proc_parse_file_nr(const char *text, uint64_t *ret_used, uint64_t *ret_max);

#endif
