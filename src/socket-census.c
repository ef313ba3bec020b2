// SPDX-License-Identifier: MIT
/* The states of all sockets for the price of the interesting ones, see socket-census.h. The kernel
 * counts the sockets in its tables (inuse) and those kept cheaply (tw) in constant time; what the
 * dump reports in the other states taken away, ESTABLISHED and TIME_WAIT are left. Compare
 * inet_csk_listen_start(), inet_hash() and tcp_time_wait() in the kernel's net/ipv4. */
#include "socket-census.h"

#include "cleanup.h"
#include "error.h"
#include "proc-net.h"
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* This many sockets are looked at one by one without being asked for: 10 ms. */
#define FEW 10000
#define TRIES 3

struct walk {
	const struct census_request *request;
	struct socket_set *set;
	uint64_t states[TCP_STATE_COUNT];
	uint64_t orphans;
	uint64_t cheap;           /* FIN_WAIT2 that counts as tw */
	uint64_t request_sockets; /* SYN_RECV that are no full sockets and in no counter */
	int error;
};

static bool is_orphan(const struct tcp_socket *socket)
{
	return !socket->inode && socket->timer != TCP_TIMER_TIME_WAIT &&
	       (socket->state == TCP_STATE_FIN_WAIT1 || socket->state == TCP_STATE_FIN_WAIT2 ||
		socket->state == TCP_STATE_LAST_ACK || socket->state == TCP_STATE_CLOSING);
}

/* Kept one by one: what can have an owner or sits in a queue for one. */
static void take(const struct tcp_socket *socket, void *data)
{
	struct walk *walk = data;
	struct tcp_socket copy = *socket;

	copy.netns = walk->request->netns;
	walk->states[socket->state]++;
	walk->cheap += socket->state == TCP_STATE_FIN_WAIT2 && socket->timer == TCP_TIMER_TIME_WAIT;
	walk->orphans += is_orphan(socket);
	walk->request_sockets += socket->state == TCP_STATE_SYN_RECV;
	bool is_kept = !walk->request->count_only &&
		       (socket->inode || socket->state == TCP_STATE_CLOSE_WAIT ||
			socket->state == TCP_STATE_ESTABLISHED);
	if (!walk->error && (is_kept || (walk->request->keep & TCP_STATE_BIT(socket->state))))
		walk->error = socket_set_add(walk->set, &copy);
}

static bool read_sockstat(struct sockstat *ret)
{
	char text[2048];

	*ret = (struct sockstat){ 0 };
	if (procfs_read(AT_FDCWD, "/proc/net/sockstat", text, sizeof text) < 0 ||
	    !proc_net_parse_sockstat(text, ret))
		return false;
	if (procfs_read(AT_FDCWD, "/proc/net/sockstat6", text, sizeof text) >= 0)
		proc_net_parse_sockstat6(text, ret);
	return true;
}

/* ---- the two ways to the sockets ---------------------------------------------------------- */

static int take_lines(const char *path, bool is_ipv6, uint32_t states, struct walk *walk)
{
	autofile FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		return -errno;
	while (fgets(line, sizeof line, file)) {
		struct tcp_socket socket;
		if (proc_net_parse_tcp(line, is_ipv6, &socket) &&
		    (states & TCP_STATE_BIT(socket.state)))
			take(&socket, walk);
	}
	return ferror(file) ? -EIO : 0;
}

static void begin(struct walk *walk, size_t count)
{
	walk->set->count = count;
	walk->cheap = walk->request_sockets = walk->orphans = 0;
	memset(walk->states, 0, sizeof walk->states);
}

/* 1: with ages; 0: without; or -errno. */
static int walk_all(struct walk *walk, uint32_t states)
{
	size_t count = walk->set->count;
	int rc = -EINTR;

	for (int i = 0; i < TRIES && (rc == -EINTR || rc == -ENOBUFS); i++) {
		begin(walk, count);
		rc = sockets_dump(states, !walk->request->count_only, take, walk);
	}
	if (!rc || rc == -EINTR) /* a table that changes all the time: as good as it gets */
		return walk->error ? walk->error : 1;
	if (rc != -EOPNOTSUPP)
		return rc;
	begin(walk, count);
	rc = take_lines("/proc/net/tcp", false, states, walk);
	if (!rc) {
		rc = take_lines("/proc/net/tcp6", true, states, walk);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc ? rc : walk->error;
}

/* ---- arithmetic --------------------------------------------------------------------------- */

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0; /* they were counted at different moments */
}

/* What the mask left out. */
static void add_uncounted(struct walk *walk, uint32_t states, const struct sockstat *counters)
{
	uint64_t full = 0;

	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		full += walk->states[state];
	full -= walk->states[TCP_STATE_TIME_WAIT] + walk->cheap + walk->request_sockets;
	uint64_t rest = minus(counters->inuse + counters->inuse6, full);
	if (!(states & TCP_STATE_BIT(TCP_STATE_ESTABLISHED)))
		walk->states[TCP_STATE_ESTABLISHED] = rest;
	else if (!(states & TCP_STATE_BIT(TCP_STATE_CLOSE_WAIT)))
		walk->states[TCP_STATE_CLOSE_WAIT] = rest;
	if (!(states & TCP_STATE_BIT(TCP_STATE_TIME_WAIT)))
		walk->states[TCP_STATE_TIME_WAIT] = minus(counters->time_wait, walk->cheap);
}

/* Only listeners? Those are in a table of their own, which is small. */
static bool is_listeners_only(struct walk *walk, const struct sockstat *counters)
{
	size_t count = walk->set->count;

	begin(walk, count);
	if (!sockets_dump(TCP_STATE_BIT(TCP_STATE_LISTEN), false, take, walk) && !walk->error &&
	    walk->states[TCP_STATE_LISTEN] == counters->inuse + counters->inuse6)
		return true;
	begin(walk, count);
	return false;
}

int socket_census(const struct census_request *request, struct socket_set *set, struct census *ret,
		  struct error *err)
{
	struct walk walk = { .request = request, .set = set };
	struct sockstat counters;
	bool has_counters = read_sockstat(&counters);
	uint32_t states = TCP_STATES_ALL;
	int rc = 1;

	if (has_counters) {
		uint64_t inuse = counters.inuse + counters.inuse6;
		if (!(request->keep & TCP_STATE_BIT(TCP_STATE_TIME_WAIT)))
			states &= ~TCP_STATE_BIT(TCP_STATE_TIME_WAIT);
		if ((inuse > FEW || request->count_only) &&
		    !(request->keep & TCP_STATE_BIT(TCP_STATE_ESTABLISHED)))
			states &= ~TCP_STATE_BIT(request->many_close_wait ? TCP_STATE_CLOSE_WAIT
									  : TCP_STATE_ESTABLISHED);
		if (request->count != TCP_STATES_ALL) /* no arithmetic then */
			states = request->count | TCP_STATE_BIT(TCP_STATE_LISTEN);
		bool is_done = request->quick && !counters.time_wait &&
			       (!inuse || is_listeners_only(&walk, &counters));
		if (!is_done)
			rc = walk_all(&walk, states);
		if (rc >= 0 && !is_done && request->count == TCP_STATES_ALL &&
		    read_sockstat(&counters))
			add_uncounted(&walk, states, &counters);
	} else {
		rc = walk_all(&walk, states);
	}
	if (rc < 0)
		return error_set(err, rc, "cannot read the table of TCP sockets: %s",
				 strerror(-rc));
	for (enum tcp_state state = 1; state < TCP_STATE_COUNT; state++)
		ret->states[state] += walk.states[state];
	ret->orphans += walk.orphans;
	ret->has_established = states & TCP_STATE_BIT(TCP_STATE_ESTABLISHED);
	ret->has_ages = rc == 1;
	return 0;
}
