// SPDX-License-Identifier: MIT
/* inet_diag dumps over libmnl, see sockets.h. The walk of the kernel's table costs 0.1 us for each
 * socket that the mask of states rejects and four times that and more for one it reports: ask for
 * no state that is not needed. This is the only file that knows libmnl. */
#include "sockets.h"

#include "library.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BUFFER_SIZE (32u << 10) /* more than the kernel ever fills in one go */

#ifndef INET_DIAG_CGROUP_ID
#define INET_DIAG_CGROUP_ID 21 /* Linux 5.9 */
#endif

#define STATE_NEW_SYN_RECV 12 /* how the kernel keeps most of SYN_RECV */

static const char *const state_names[TCP_STATE_COUNT] = {
	[TCP_STATE_ESTABLISHED] = "ESTABLISHED",
	[TCP_STATE_SYN_SENT] = "SYN_SENT",
	[TCP_STATE_SYN_RECV] = "SYN_RECV",
	[TCP_STATE_FIN_WAIT1] = "FIN_WAIT1",
	[TCP_STATE_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_STATE_TIME_WAIT] = "TIME_WAIT",
	[TCP_STATE_CLOSE] = "CLOSE",
	[TCP_STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_STATE_LAST_ACK] = "LAST_ACK",
	[TCP_STATE_LISTEN] = "LISTEN",
	[TCP_STATE_CLOSING] = "CLOSING",
};

const char *tcp_state_name(enum tcp_state state)
{
	return state > 0 && state < TCP_STATE_COUNT ? state_names[state] : "?";
}

/* "fin-wait-1" of ss(8) is "FIN_WAIT1" of netstat(8). */
bool tcp_state_by_name(const char *name, enum tcp_state *ret)
{
	char plain[16];
	size_t size = 0;

	if (!strcasecmp(name, "estab"))
		name = state_names[TCP_STATE_ESTABLISHED];
	for (; *name && size + 1 < sizeof plain; name++)
		if (*name != '-' && *name != '_')
			plain[size++] = *name;
	plain[size] = '\0';
	for (enum tcp_state state = TCP_STATE_ESTABLISHED; state < TCP_STATE_COUNT; state++) {
		char known[16];
		size_t length = 0;
		for (const char *from = state_names[state]; *from; from++)
			if (*from != '_')
				known[length++] = *from;
		known[length] = '\0';
		if (!*name && !strcasecmp(plain, known)) {
			*ret = state;
			return true;
		}
	}
	return false;
}

bool socket_is_of_listener(const struct tcp_socket *socket, const struct tcp_socket *listener)
{
	static const uint8_t any[16];
	size_t size = listener->is_ipv6 ? 16 : 4;

	return listener->state == TCP_STATE_LISTEN && socket->is_ipv6 == listener->is_ipv6 &&
	       socket->netns == listener->netns && socket->local_port == listener->local_port &&
	       (!memcmp(listener->local, any, size) ||
		!memcmp(listener->local, socket->local, size));
}

/* ---- parsing ------------------------------------------------------------------------------ */

/* A CLOSE_WAIT began when the FIN came. That was after the last data, so this is an upper bound;
 * and where nothing was sent since, so that nothing was acknowledged, the last packet was the FIN.
 * With keepalive answers to probes come in as well. */
static void take_ages(struct tcp_socket *socket, const void *bytes, size_t size)
{
	struct tcp_info info = { 0 };

	if (size < offsetof(struct tcp_info, tcpi_pmtu))
		return;
	memcpy(&info, bytes, size < sizeof info ? size : sizeof info);
	bool is_last = socket->timer == TCP_TIMER_NONE &&
		       info.tcpi_last_data_sent > info.tcpi_last_data_recv;
	socket->silent = info.tcpi_last_ack_recv < info.tcpi_last_data_recv
				 ? info.tcpi_last_ack_recv
				 : info.tcpi_last_data_recv;
	socket->age_max = is_last ? socket->silent : info.tcpi_last_data_recv;
}

static void take_attributes(struct tcp_socket *socket, const char *at, size_t size)
{
	while (size >= sizeof(struct nlattr)) {
		struct nlattr attribute;
		memcpy(&attribute, at, sizeof attribute);
		if (attribute.nla_len < sizeof attribute || attribute.nla_len > size)
			return;
		const char *payload = at + sizeof attribute;
		size_t length = attribute.nla_len - sizeof attribute;
		if (attribute.nla_type == INET_DIAG_INFO)
			take_ages(socket, payload, length);
		else if (attribute.nla_type == INET_DIAG_CGROUP_ID && length == sizeof(uint64_t))
			memcpy(&socket->cgroup, payload, length);
		size_t step = ((size_t)attribute.nla_len + 3) / 4 * 4;
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

static bool parse_socket(const char *payload, size_t size, struct tcp_socket *ret)
{
	struct inet_diag_msg message;

	if (size < sizeof message)
		return false;
	memcpy(&message, payload, sizeof message);
	uint8_t state = message.idiag_state == STATE_NEW_SYN_RECV ? TCP_STATE_SYN_RECV
								  : message.idiag_state;
	if (state < TCP_STATE_ESTABLISHED || state >= TCP_STATE_COUNT ||
	    (message.idiag_family != AF_INET && message.idiag_family != AF_INET6))
		return false;
	*ret = (struct tcp_socket){ .inode = message.idiag_inode,
				    .receive_queue = message.idiag_rqueue,
				    .send_queue = message.idiag_wqueue,
				    .silent = AGE_UNKNOWN,
				    .age_max = AGE_UNKNOWN,
				    .expires = message.idiag_expires,
				    .local_port = ntohs(message.id.idiag_sport),
				    .peer_port = ntohs(message.id.idiag_dport),
				    .is_ipv6 = message.idiag_family == AF_INET6,
				    .state = state,
				    .timer = message.idiag_timer,
				    .retransmits = message.idiag_retrans };
	size_t length = ret->is_ipv6 ? 16 : 4;
	memcpy(ret->local, message.id.idiag_src, length);
	memcpy(ret->peer, message.id.idiag_dst, length);
	take_attributes(ret, payload + sizeof message, size - sizeof message);
	return true;
}

/* The end of a dump and an error both carry a number: 0 or -errno. */
static int final_number(const char *payload, size_t size)
{
	int number = 0;

	if (size >= sizeof number)
		memcpy(&number, payload, sizeof number);
	return number;
}

int sockets_parse(const void *bytes, size_t size, uint32_t sequence, socket_function *each,
		  void *data)
{
	const char *at = bytes;

	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr header;
		struct tcp_socket socket;
		memcpy(&header, at, sizeof header);
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > size)
			return -EBADMSG;
		const char *payload = at + NLMSG_HDRLEN;
		size_t length = header.nlmsg_len - NLMSG_HDRLEN;
		if (!sequence || header.nlmsg_seq == sequence) {
			if (header.nlmsg_flags & NLM_F_DUMP_INTR)
				return -EINTR;
			if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
				int number = final_number(payload, length);
				return number < 0                        ? number
				       : header.nlmsg_type == NLMSG_DONE ? 1
									 : -EBADMSG;
			}
			if (header.nlmsg_type >= NLMSG_MIN_TYPE &&
			    parse_socket(payload, length, &socket))
				each(&socket, data);
		}
		size_t step = ((size_t)header.nlmsg_len + 3) / 4 * 4;
		if (step >= size)
			return 0;
		at += step;
		size -= step;
	}
	return size ? -EBADMSG : 0;
}

/* ---- libmnl ------------------------------------------------------------------------------- */

static struct {
	struct mnl_socket *(*open)(int bus, int flags);
	int (*bind)(struct mnl_socket *socket, unsigned groups, pid_t pid);
	ssize_t (*send)(const struct mnl_socket *socket, const void *bytes, size_t size);
	ssize_t (*receive)(const struct mnl_socket *socket, void *bytes, size_t size);
	int (*close)(struct mnl_socket *socket);
} mnl;

static bool load_libmnl(void)
{
	static const struct library_symbol symbols[] = {
		{ "mnl_socket_open2", &mnl.open },  { "mnl_socket_bind", &mnl.bind },
		{ "mnl_socket_sendto", &mnl.send }, { "mnl_socket_recvfrom", &mnl.receive },
		{ "mnl_socket_close", &mnl.close },
	};

	return mnl.open || library_load("libmnl.so.0", symbols, sizeof symbols / sizeof *symbols);
}

struct request {
	struct nlmsghdr header;
	union {
		struct inet_diag_req old;
		struct inet_diag_req_v2 new;
	};
};

static int receive_dump(const struct mnl_socket *socket, uint32_t sequence, socket_function *each,
			void *data)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
	int rc = 0;

	while (!rc) {
		ssize_t size = mnl.receive(socket, buffer, sizeof buffer);
		if (size < 0 && errno == EINTR)
			continue;
		rc = size < 0 ? -errno : sockets_parse(buffer, (size_t)size, sequence, each, data);
	}
	return rc > 0 ? 0 : rc;
}

/* FAMILY 0: both in one walk of the table, which only the old request can. */
static int dump_family(uint8_t family, uint32_t states, bool with_ages, socket_function *each,
		       void *data)
{
	static uint32_t sequence;
	struct request request = { .header = { .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
					       .nlmsg_seq = ++sequence } };
	uint8_t wanted = with_ages ? 1u << (INET_DIAG_INFO - 1) : 0;
	size_t size = sizeof request.new;

	if (states & TCP_STATE_BIT(TCP_STATE_SYN_RECV))
		states |= 1u << STATE_NEW_SYN_RECV;
	if (family) {
		request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
		request.new = (struct inet_diag_req_v2){ .sdiag_family = family,
							 .sdiag_protocol = IPPROTO_TCP,
							 .idiag_ext = wanted,
							 .idiag_states = states };
	} else {
		request.header.nlmsg_type = TCPDIAG_GETSOCK;
		request.old = (struct inet_diag_req){ .idiag_family = AF_INET,
						      .idiag_ext = wanted,
						      .idiag_states = states };
		size = sizeof request.old;
	}
	request.header.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);

	struct mnl_socket *socket = mnl.open(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!socket)
		return -errno;
	int rc = mnl.bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
				 mnl.send(socket, &request, request.header.nlmsg_len) < 0
			 ? -errno
			 : receive_dump(socket, sequence, each, data);
	mnl.close(socket);
	return rc;
}

static bool is_unsupported(int rc)
{
	return rc == -ENOENT || rc == -EOPNOTSUPP || rc == -EPROTONOSUPPORT || rc == -EINVAL ||
	       rc == -EAFNOSUPPORT || rc == -EPERM || rc == -EACCES;
}

int sockets_dump(uint32_t states, bool with_ages, socket_function *each, void *data)
{
	if (!load_libmnl())
		return -EOPNOTSUPP;
	int rc = dump_family(0, states, with_ages, each, data);
	if (is_unsupported(rc)) {
		rc = dump_family(AF_INET, states, with_ages, each, data);
		if (!rc) {
			rc = dump_family(AF_INET6, states, with_ages, each, data);
			if (is_unsupported(rc)) /* IPv4 was there: a kernel without IPv6 */
				rc = 0;
		}
	}
	return is_unsupported(rc) ? -EOPNOTSUPP : rc;
}
