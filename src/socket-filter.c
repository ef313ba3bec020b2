// SPDX-License-Identifier: MIT
/* Options of `keeltune sockets`, see socket-filter.h. */
#include "socket-filter.h"

#include "error.h"
#include "model.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- units -------------------------------------------------------------------------------- */

static bool parse_count(const char *text, uint64_t *ret)
{
	static const uint64_t factors[] = { 1, 1000, 1000000, 1000000000 };

	return parse_with_unit(text, "\1kMG", factors, ret); /* the first has no letter */
}

/* ---- selection ---------------------------------------------------------------------------- */

int socket_filter_states(const char *text, struct socket_filter *ret, struct error *err)
{
	ret->states = 0;
	ret->has_states = true;
	while (*text) {
		char name[24];
		size_t size = strcspn(text, ",");
		enum tcp_state state;
		snprintf(name, sizeof name, "%.*s", (int)(size < 23 ? size : 23), text);
		if (size > 22 || !tcp_state_by_name(name, &state))
			return error_set(
				err, -EINVAL,
				"--state %s: ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, "
				"FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, "
				"CLOSING, or several with commas between",
				name);
		ret->states |= TCP_STATE_BIT(state);
		text += size + (text[size] == ',');
	}
	return ret->states ? 0 : error_set(err, -EINVAL, "--state needs the name of a state");
}

int socket_filter_port(const char *text, struct socket_filter *ret, struct error *err)
{
	uint64_t port;

	if (!parse_decimal(text, UINT16_MAX, &port) || !port)
		return error_set(err, -EINVAL, "--port %s: a number, 1 to 65535", text);
	ret->port = (uint16_t)port;
	ret->has_port = true;
	return 0;
}

int socket_filter_age(const char *text, struct socket_filter *ret, struct error *err)
{
	if (!parse_duration(text, &ret->age))
		return error_set(
			err, -EINVAL,
			"--older-than %s: a number of seconds, or with s, m, h or d behind "
			"it: 90, 10m, 3h",
			text);
	ret->has_age = true;
	return 0;
}

bool socket_filter_is_all(const struct socket_filter *filter)
{
	return !filter->has_states && !filter->has_port && !filter->has_age;
}

/* Older than: what is certain, so by the time since anything came in. */
bool socket_filter_matches(const struct socket_filter *filter, const struct tcp_socket *socket)
{
	return (filter->states & TCP_STATE_BIT(socket->state)) &&
	       (!filter->has_port || socket->local_port == filter->port ||
		socket->peer_port == filter->port) &&
	       (!filter->has_age ||
		(socket->silent != AGE_UNKNOWN && socket->state != TCP_STATE_LISTEN &&
		 socket->silent >= filter->age));
}

/* ---- thresholds --------------------------------------------------------------------------- */

static const char *const field_names[THRESHOLD_COUNT] = {
	[THRESHOLD_CLOSE_WAIT] = "close_wait",
	[THRESHOLD_NEVER_READ] = "never_read",
	[THRESHOLD_NOT_CLOSED] = "not_closed",
	[THRESHOLD_NEVER_ACCEPTED] = "never_accepted",
	[THRESHOLD_HALF_OPEN] = "half_open",
	[THRESHOLD_DEAD] = "dead",
	[THRESHOLD_SHARED] = "shared",
	[THRESHOLD_LISTEN_FULL] = "listen_full",
	[THRESHOLD_UNREAD] = "unread",
	[THRESHOLD_OLDEST] = "oldest",
	[THRESHOLD_FDS] = "fds",
};

static bool parse_limit(const char *text, struct threshold *threshold)
{
	size_t size = strlen(text);

	if (threshold->field == THRESHOLD_FDS && size > 1 && size < 8 && text[size - 1] == '%') {
		char digits[8];
		memcpy(digits, text, size - 1);
		digits[size - 1] = '\0';
		threshold->is_share = true;
		return parse_decimal(digits, 1000, &threshold->limit);
	}
	return threshold->field == THRESHOLD_OLDEST ? parse_duration(text, &threshold->limit)
						    : parse_count(text, &threshold->limit);
}

int threshold_parse(const char *text, struct threshold *ret, struct error *err)
{
	size_t size = strcspn(text, " <>="), operator= size + strspn(text + size, " ");
	const char *value = text + operator+ 1;

	*ret = (struct threshold){ .text = text, .field = THRESHOLD_COUNT };
	for (enum threshold_field i = 0; i < THRESHOLD_COUNT; i++)
		if (strlen(field_names[i]) == size && !strncmp(field_names[i], text, size))
			ret->field = i;
	if (ret->field == THRESHOLD_COUNT)
		return error_set(
			err, -EINVAL,
			"--check %s: it begins with one of close_wait, never_read, "
			"not_closed, never_accepted, half_open, dead, shared, listen_full, "
			"unread, oldest, fds",
			text);
	if (text[operator] != '>')
		return error_set(err, -EINVAL,
				 "--check %s: behind %s comes > or >=, as in 'close_wait>1000'",
				 text, field_names[ret->field]);
	ret->or_equal = *value == '=';
	value += ret->or_equal;
	value += strspn(value, " ");
	if (!parse_limit(value, ret))
		return error_set(err, -EINVAL, "--check %s: %s takes %s", text,
				 field_names[ret->field],
				 ret->field == THRESHOLD_FDS
					 ? "a number, or a share of the soft limit such as 80%"
				 : ret->field == THRESHOLD_OLDEST
					 ? "seconds, or a number with s, m, h or d behind it"
					 : "a number, perhaps with k, M or G behind it");
	return 0;
}

/* False: not known. */
static bool value_of(const struct threshold *threshold, const struct leak *leak, uint64_t *ret)
{
	switch (threshold->field) {
	case THRESHOLD_CLOSE_WAIT:
		*ret = leak->states[TCP_STATE_CLOSE_WAIT];
		return true;
	case THRESHOLD_NEVER_READ:
		*ret = leak->never_read;
		return true;
	case THRESHOLD_NOT_CLOSED:
		*ret = leak->not_closed;
		return true;
	case THRESHOLD_NEVER_ACCEPTED:
		*ret = leak->never_accepted;
		return true;
	case THRESHOLD_HALF_OPEN:
		*ret = leak->half_open;
		return true;
	case THRESHOLD_DEAD:
		*ret = leak->dead;
		return true;
	case THRESHOLD_SHARED:
		*ret = leak->shared;
		return true;
	case THRESHOLD_LISTEN_FULL:
		*ret = leak->listen_full;
		return true;
	case THRESHOLD_UNREAD:
		*ret = leak->unread_bytes;
		return true;
	case THRESHOLD_OLDEST:
		*ret = leak->oldest;
		return leak->oldest != AGE_UNKNOWN;
	case THRESHOLD_FDS:
		*ret = leak->fds.used;
		return leak->has_limits && leak->fds.used != FDS_UNKNOWN;
	case THRESHOLD_COUNT:
		break;
	}
	return false;
}

bool threshold_is_exceeded(const struct threshold *threshold, const struct leak *leak,
			   uint64_t *ret_value)
{
	uint64_t value;

	*ret_value = 0;
	if (!value_of(threshold, leak, &value))
		return false;
	if (threshold->is_share) {
		double share = process_list_share(&leak->fds) * 100;
		*ret_value = share > 0 ? (uint64_t)share : 0;
		return share >= 0 && (threshold->or_equal ? share >= (double)threshold->limit
							  : share > (double)threshold->limit);
	}
	*ret_value = value;
	return threshold->or_equal ? value >= threshold->limit : value > threshold->limit;
}
