// SPDX-License-Identifier: MIT
/* Texts of /proc/net, see proc-net.h and proc(5). */
#include "proc-net.h"

#include <string.h>

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static int digit(char c, unsigned base)
{
	int value = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
					   : 16;

	return value < (int)base ? value : -1;
}

/* Digits behind blanks; *AT goes behind them. */
static bool number(const char **at, unsigned base, uint64_t *ret)
{
	const char *p = skip_blanks(*at);
	uint64_t value = 0;
	int d = digit(*p, base);

	if (d < 0)
		return false;
	for (; (d = digit(*p, base)) >= 0; p++) {
		if (value > (UINT64_MAX - (unsigned)d) / base)
			return false;
		value = value * base + (unsigned)d;
	}
	*at = p;
	*ret = value;
	return true;
}

static bool punctuation(const char **at, char c)
{
	const char *p = skip_blanks(*at);

	if (*p != c)
		return false;
	*at = p + 1;
	return true;
}

/* ---- sockstat ----------------------------------------------------------------------------- */

/* What stands behind NAME at the beginning of a line, or NULL. */
static const char *line_of(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, size))
			return line + size;
	}
	return NULL;
}

/* The number behind the word NAME in a line of pairs. */
static bool pair(const char *line, const char *name, uint64_t *ret)
{
	size_t size = strlen(name);

	while (*line && *line != '\n') {
		line = skip_blanks(line);
		size_t length = strcspn(line, " \t\n");
		bool is_it = length == size && !memcmp(line, name, size);
		line += length;
		if (is_it)
			return number(&line, 10, ret);
	}
	return false;
}

bool proc_net_parse_sockstat(const char *text, struct sockstat *ret)
{
	const char *line = line_of(text, "TCP:");

	return line && pair(line, "inuse", &ret->inuse) && pair(line, "tw", &ret->time_wait) &&
	       pair(line, "orphan", &ret->orphans) && pair(line, "alloc", &ret->allocated) &&
	       pair(line, "mem", &ret->pages);
}

bool proc_net_parse_sockstat6(const char *text, struct sockstat *ret)
{
	const char *line = line_of(text, "TCP6:");

	return line && pair(line, "inuse", &ret->inuse6);
}

/* ---- netstat, snmp ------------------------------------------------------------------------ */

bool proc_net_parse_counter(const char *text, const char *group, const char *name, uint64_t *ret)
{
	const char *names = line_of(text, group), *numbers;
	size_t size = strlen(name);

	if (!names || *names != ':' || !(numbers = line_of(names, group)) || *numbers != ':')
		return false;
	names++;
	numbers++;
	for (;;) {
		names = skip_blanks(names);
		numbers = skip_blanks(numbers);
		size_t length = strcspn(names, " \t\n"), digits = strcspn(numbers, " \t\n");
		if (!length || !digits)
			return false;
		if (length == size && !memcmp(names, name, size))
			return number(&numbers, 10, ret);
		names += length;
		numbers += digits;
	}
}

/* ---- tcp, tcp6 ---------------------------------------------------------------------------- */

/* The kernel prints each word of an address as a number of this machine, so that its bytes in
 * memory are those on the wire. */
static bool address(const char **at, bool is_ipv6, uint8_t *bytes, uint16_t *port)
{
	const char *p = skip_blanks(*at);
	uint64_t value;

	for (size_t word = 0; word < (is_ipv6 ? 4 : 1); word++) {
		uint32_t bits = 0;
		for (size_t i = 0; i < 8; i++, p++) {
			int d = digit(*p, 16);
			if (d < 0)
				return false;
			bits = bits << 4 | (unsigned)d;
		}
		memcpy(bytes + 4 * word, &bits, sizeof bits);
	}
	if (!punctuation(&p, ':') || !number(&p, 16, &value) || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	*at = p;
	return true;
}

static uint32_t bounded(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

bool proc_net_parse_tcp(const char *line, bool is_ipv6, struct tcp_socket *ret)
{
	uint64_t slot, state, send, receive, timer, ticks, retransmits, uid, probes, inode;

	*ret = (struct tcp_socket){ .is_ipv6 = is_ipv6,
				    .silent = AGE_UNKNOWN,
				    .age_max = AGE_UNKNOWN };
	if (!number(&line, 10, &slot) || !punctuation(&line, ':') ||
	    !address(&line, is_ipv6, ret->local, &ret->local_port) ||
	    !address(&line, is_ipv6, ret->peer, &ret->peer_port) || !number(&line, 16, &state) ||
	    !number(&line, 16, &send) || !punctuation(&line, ':') || !number(&line, 16, &receive) ||
	    !number(&line, 16, &timer) || !punctuation(&line, ':') || !number(&line, 16, &ticks) ||
	    !number(&line, 16, &retransmits) || !number(&line, 10, &uid) ||
	    !number(&line, 10, &probes) || !number(&line, 10, &inode))
		return false;
	if (state == 12)
		state = TCP_STATE_SYN_RECV;
	if (!state || state >= TCP_STATE_COUNT)
		return false;
	ret->state = (uint8_t)state;
	ret->timer = (uint8_t)(timer & 0xff);
	ret->receive_queue = bounded(receive);
	ret->send_queue = state == TCP_STATE_LISTEN ? UINT32_MAX : bounded(send);
	ret->expires = bounded(ticks > UINT32_MAX ? UINT32_MAX : ticks * 10); /* of 1/100 s */
	ret->retransmits = (uint8_t)(timer == TCP_TIMER_KEEPALIVE ? probes : retransmits);
	ret->inode = bounded(inode);
	return true;
}

/* ---- file-nr ------------------------------------------------------------------------------ */

bool proc_parse_file_nr(const char *text, uint64_t *ret_used, uint64_t *ret_max)
{
	uint64_t unused;

	return number(&text, 10, ret_used) && number(&text, 10, &unused) &&
	       number(&text, 10, ret_max);
}
