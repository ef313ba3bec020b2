/* SPDX-License-Identifier: MIT
 *
 * TCP sockets as the kernel's inet_diag shows them, see sock_diag(7). One dump covers IPv4 and IPv6
 * of the network namespace that this process is in.
 */
#ifndef KEELTUNE_SOCKETS_H
#define KEELTUNE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's numbers. */
enum tcp_state {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT,
	TCP_STATE_SYN_RECV,
	TCP_STATE_FIN_WAIT1,
	TCP_STATE_FIN_WAIT2,
	TCP_STATE_TIME_WAIT,
	TCP_STATE_CLOSE,
	TCP_STATE_CLOSE_WAIT,
	TCP_STATE_LAST_ACK,
	TCP_STATE_LISTEN,
	TCP_STATE_CLOSING,
	TCP_STATE_COUNT,
};

const char *tcp_state_name(enum tcp_state state); /* "ESTABLISHED", as netstat(8) has it */
/* Takes "close-wait" and "CLOSE_WAIT"; false when there is no such state. */
bool tcp_state_by_name(const char *name, enum tcp_state *ret);

#define TCP_STATE_BIT(state) (1u << (state))
#define TCP_STATES_ALL ((1u << TCP_STATE_COUNT) - 2)

/* The timer of a socket. While something is to be sent again (RETRANSMIT, PROBE) it hides whether
 * keepalive is on. */
enum tcp_timer {
	TCP_TIMER_NONE,
	TCP_TIMER_RETRANSMIT,
	TCP_TIMER_KEEPALIVE,
	TCP_TIMER_TIME_WAIT, /* TIME_WAIT, and FIN_WAIT2 that is kept as cheaply */
	TCP_TIMER_PROBE,
};

#define AGE_UNKNOWN UINT32_MAX

struct tcp_socket {
	uint8_t local[16], peer[16]; /* network order; of IPv4 the first four bytes */
	uint64_t cgroup;             /* inode of the cgroup v2 directory; 0: not told */
	uint32_t inode;              /* 0: no descriptor: orphaned, or not accepted yet */
	uint32_t receive_queue;      /* LISTEN: connections in the accept queue */
	uint32_t send_queue;         /* LISTEN: its length at most */
	uint32_t silent;             /* ms since something came in, at most 49 days; AGE_UNKNOWN */
	uint32_t age_max;            /* ms in this state at most (of CLOSE_WAIT), or AGE_UNKNOWN */
	uint32_t expires;            /* ms until the timer fires */
	uint16_t local_port, peer_port;
	uint16_t netns; /* number of the dump, set by the caller */
	uint8_t is_ipv6, state, timer;
	uint8_t retransmits; /* of the timer: unanswered probes */
};

typedef void socket_function(const struct tcp_socket *socket, void *data);

/* Pure: calls EACH for every socket in one datagram of a dump with sequence number SEQUENCE (0:
 * any). 1: that was the end of the dump; 0: more to come; -EINTR: the table changed, begin again;
 * -EBADMSG, or the kernel's -errno. */
int sockets_parse(const void *bytes, size_t size, uint32_t sequence, socket_function *each,
		  void *data);

/* All sockets in the states of the mask. WITH_AGES asks for tcp_info, which costs a third more.
 * 0; -EOPNOTSUPP: no inet_diag here (or no libmnl), /proc/net/tcp is left; or -errno. After an
 * error EACH may have been called for some, so begin anew. */
int sockets_dump(uint32_t states, bool with_ages, socket_function *each, void *data);

/* Local and peer port and address are the other's (a listener: or any address). */
bool socket_is_of_listener(const struct tcp_socket *socket, const struct tcp_socket *listener);

#endif
