/* SPDX-License-Identifier: MIT
 *
 * What the options of `keeltune sockets` ask for: a selection of sockets, and thresholds for
 * monitoring. Pure.
 */
#ifndef KEELTUNE_SOCKET_FILTER_H
#define KEELTUNE_SOCKET_FILTER_H

#include "leak.h"

struct error;

struct socket_filter {
	uint32_t states; /* mask */
	bool has_states; /* it was asked for */
	bool has_port;
	uint16_t port; /* local or peer */
	bool has_age;
	uint64_t age; /* ms */
};

#define SOCKET_FILTER_ALL ((struct socket_filter){ .states = TCP_STATES_ALL })

/* Each parses the text of one option into *RET. 0, or -EINVAL and what is allowed. */
int socket_filter_states(const char *text, struct socket_filter *ret, struct error *err);
int socket_filter_port(const char *text, struct socket_filter *ret, struct error *err);
int socket_filter_age(const char *text, struct socket_filter *ret, struct error *err);

bool socket_filter_is_all(const struct socket_filter *filter);
bool socket_filter_matches(const struct socket_filter *filter, const struct tcp_socket *socket);

enum threshold_field {
	THRESHOLD_CLOSE_WAIT,
	THRESHOLD_NEVER_READ,
	THRESHOLD_NOT_CLOSED,
	THRESHOLD_NEVER_ACCEPTED,
	THRESHOLD_HALF_OPEN,
	THRESHOLD_DEAD,
	THRESHOLD_SHARED,
	THRESHOLD_LISTEN_FULL,
	THRESHOLD_UNREAD,
	THRESHOLD_OLDEST,
	THRESHOLD_FDS,
	THRESHOLD_COUNT,
};

struct threshold {
	const char *text; /* as given */
	enum threshold_field field;
	bool or_equal;  /* ">=" */
	bool is_share;  /* "%": of the soft limit */
	uint64_t limit; /* a count, bytes, ms; or per cent */
};

/* FIELD > VALUE or FIELD >= VALUE. 0, or -EINVAL and what is allowed. */
int threshold_parse(const char *text, struct threshold *ret, struct error *err);

/* Does the process exceed it? RET_VALUE in the unit of the limit. False, and 0, too, for what is
 * not known. */
bool threshold_is_exceeded(const struct threshold *threshold, const struct leak *leak,
			   uint64_t *ret_value);

#endif
