/* SPDX-License-Identifier: MIT
 *
 * What is known about a process and its sockets: the evidence that a diagnosis rests on. Plain
 * data, and pure functions that gather it from sockets.
 */
#ifndef KEELTUNE_LEAK_H
#define KEELTUNE_LEAK_H

#include "process-list.h"
#include "sockets.h"

/* The commonest of many: counted exactly when it is more than a ninth of all. */
#define TALLY_SIZE 8

struct tally_item {
	uint8_t bytes[16]; /* an address (of IPv4 the first four), or nothing */
	uint16_t port;     /* or 0 */
	bool is_ipv6;
	uint32_t count;
};

struct tally {
	struct tally_item items[TALLY_SIZE];
};

struct keepalive_settings {
	uint64_t time, intvl, probes; /* tcp_keepalive_*, seconds and a count; time 0: not known */
};

struct advice {
	const char *id;      /* has a section in keeltune(8) */
	const char *text;    /* with the evidence */
	const char *command; /* lines to type, or NULL */
};

struct leak {
	pid_t pid;
	uint64_t ticks;
	int process; /* /proc/PID, open since its descriptors were looked at; 0: not kept */
	const char *comm, *user; /* any byte */
	const char *unit;        /* of systemd, or NULL */
	bool is_user_unit;       /* of the user's own manager */
	const char *container;   /* "docker 0123456789ab", or NULL */
	const char *netns;       /* name, or "net:[4026531840]"; NULL: not known */
	size_t space;            /* number of its network namespace in the report */
	bool has_limits;         /* in `fds` */
	struct listed_process fds;

	uint64_t states[TCP_STATE_COUNT]; /* of its sockets that were looked at */
	uint64_t shared;                  /* CLOSE_WAIT that other processes hold, too */
	uint64_t never_read;              /* CLOSE_WAIT: the end was not read */
	uint64_t not_closed;              /* CLOSE_WAIT: the end was read, the socket not closed */
	uint64_t never_accepted;          /* CLOSE_WAIT in the accept queues of its listeners */
	uint64_t unread_bytes;
	uint32_t oldest;                                        /* ms at most, or AGE_UNKNOWN */
	uint64_t keepalive_on, keepalive_off, keepalive_hidden; /* of CLOSE_WAIT */
	uint64_t established_off;                               /* ESTABLISHED without keepalive */
	uint64_t half_open;        /* of those: silent for longer than tcp_keepalive_time */
	uint64_t dead;             /* descriptors of TCP sockets that are in no table any more */
	uint64_t slow;             /* keepalive waits longer than tcp_keepalive_time says */
	uint32_t slow_expires;     /* ms until the last of them takes the present value */
	uint64_t listen_full;      /* listeners whose accept queue is full */
	uint32_t queue, queue_max; /* of the fullest of them, or of one with never_accepted */
	struct tally *ports;       /* local, of CLOSE_WAIT; NULL: not gathered */
	struct tally *peers;

	struct advice *advice;
	size_t advice_count;
};

/* Adds a socket that the process holds; HOLDERS is how many processes hold it. */
void leak_add_socket(struct leak *leak, const struct tcp_socket *socket, unsigned holders,
		     const struct keepalive_settings *settings);
/* Adds what waits in the accept queue of a LISTENER of the process. */
void leak_add_queue(struct leak *leak, const struct tcp_socket *listener, uint64_t never_accepted);

/* Is this an ESTABLISHED connection that keepalive would have asked about? */
bool socket_is_half_open(const struct tcp_socket *socket,
			 const struct keepalive_settings *settings);
/* Is keepalive on, and the first probe due after more than so many seconds of silence? */
bool socket_waits_longer(const struct tcp_socket *socket, uint64_t seconds);
/* The accept queue has no room. Never of what /proc/net/tcp says. */
bool socket_is_full(const struct tcp_socket *listener);

/* How many of ITEMS there are is only estimated while adding; a second pass makes it exact:
 * tally_reset_counts(), then tally_count() for each. */
void tally_add(struct tally *tally, const struct tally_item *item);
void tally_reset_counts(struct tally *tally);
void tally_count(struct tally *tally, const struct tally_item *item);
void tally_sort(struct tally *tally); /* commonest first, unused ones last */

struct tally_item tally_peer(const struct tcp_socket *socket);
struct tally_item tally_port(const struct tcp_socket *socket);

#endif
