/* SPDX-License-Identifier: MIT
 *
 * How many sockets are in which state, in the network namespace that this process is in, and the
 * sockets that matter one by one.
 */
#ifndef KEELTUNE_SOCKET_CENSUS_H
#define KEELTUNE_SOCKET_CENSUS_H

#include "socket-set.h"

struct error;

struct census_request {
	uint32_t keep;   /* mask of states whose sockets are wanted one by one, whatever it costs;
			    CLOSE_WAIT and LISTEN always are, ESTABLISHED while there are few */
	uint32_t count;  /* mask of states that are wanted at all */
	uint16_t netns;  /* number that the sockets get */
	bool count_only; /* nothing one by one but `keep`, and no ages */
	bool many_close_wait; /* with count_only: CLOSE_WAIT is left to arithmetic, for there are
				 more of them than of ESTABLISHED */
	bool quick; /* skip the walk where there are only listeners, at the price of not seeing
		       half-open ones (SYN_RECV): for many namespaces at once */
};

struct census {
	uint64_t states[TCP_STATE_COUNT];
	uint64_t orphans;     /* closed by their process, still taking leave of the peer */
	bool has_established; /* the set has those, too */
	bool has_ages;        /* the kernel has inet_diag; else /proc/net/tcp was read */
};

/* Adds the sockets to SET and the counts to RET. 0 or -errno. */
int socket_census(const struct census_request *request, struct socket_set *set, struct census *ret,
		  struct error *err);

#endif
