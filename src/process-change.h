/* SPDX-License-Identifier: MIT
 *
 * Changes of a running process: its descriptor limit, the keepalive of its sockets. How they are
 * written down in a manifest, and back. Pure.
 *
 *	place		process/1234@5678901/nofile: pid and start time, so that no other process
 *			with this pid is ever meant
 *	nofile		"1024:4096", soft and hard; "unlimited"
 *	keepalive	after: "on:300:15:3", switch, time, intvl, probes; before: the same for
 *			groups of sockets, "off:7200:75:9 1a2b-1a40,1a44 on:600:60:3 77", each by
 *			its cookie, which the kernel gives once in a boot; of MPTCP sockets, whose
 *			cookie may be that of their listener, by inode and SOCKET_BY_INODE
 */
#ifndef KEELTUNE_PROCESS_CHANGE_H
#define KEELTUNE_PROCESS_CHANGE_H

#include "model.h"

struct pool;

#define SOCKETS_MOST (1u << 19) /* in a change */
#define SOCKET_BY_INODE (UINT64_C(1) << 63)
#define KEEPALIVE_SPECS_MOST 256u /* different values in a change */

struct process_identity {
	pid_t pid;
	uint64_t ticks; /* start time */
};

struct keepalive {
	bool on;
	uint32_t time, intvl, probes; /* seconds, seconds, a count */
};

/* What became of a socket when it was last to be set. */
enum socket_outcome {
	SOCKET_GONE, /* not met: closed */
	SOCKET_SET,
	SOCKET_HAD_IT,  /* nothing to do */
	SOCKET_CHANGED, /* by somebody else, and left so */
	SOCKET_REFUSED, /* by the kernel */
	SOCKET_OUTCOME_COUNT,
};

struct socket_value {
	uint64_t cookie;
	uint32_t spec; /* what it had: index */
	enum socket_outcome outcome;
};

/* The sockets of a change. */
struct socket_values {
	struct keepalive wanted;
	struct keepalive specs[KEEPALIVE_SPECS_MOST];
	size_t spec_count;
	struct socket_value *items; /* by cookie */
	size_t count;
};

struct nofile {
	uint64_t soft, hard; /* in the kernel's unit; LIMIT_UNLIMITED */
};

const char *process_place_path(struct pool *pool, enum change_kind kind,
			       struct process_identity place);
bool process_place_parse(enum change_kind kind, const char *path, struct process_identity *ret);

struct image nofile_image(struct pool *pool, struct nofile limit);
bool nofile_parse(const struct image *image, struct nofile *ret);

bool keepalive_equal(const struct keepalive *a, const struct keepalive *b);
/* May a program set it? (0 and more than 32767:32767:127 only exist as values of the system.) */
bool keepalive_is_settable(const struct keepalive *spec);
/* "300:15:3" */
bool keepalive_parse_numbers(const char *text, struct keepalive *ret);
const char *keepalive_format(struct pool *pool, const struct keepalive *spec);

/* The index of SPEC, added if there is room: else KEEPALIVE_SPECS_MOST. */
uint32_t socket_values_spec(struct socket_values *values, const struct keepalive *spec);
/* Sorts by cookie; of a socket that is there twice one stays. */
void socket_values_sort(struct socket_values *values);
struct socket_value *socket_values_find(const struct socket_values *values, uint64_t cookie);
/* All of A and of B, whose specs begin with those of A. */
struct socket_values *socket_values_join(struct pool *pool, const struct socket_values *a,
					 const struct socket_values *b);
size_t socket_values_count(const struct socket_values *values, enum socket_outcome outcome);
struct image socket_values_before(struct pool *pool, const struct socket_values *values);
struct image socket_values_after(struct pool *pool, const struct socket_values *values);
/* NULL: these are not two images of such a change. */
struct socket_values *socket_values_parse(struct pool *pool, const struct image *before,
					  const struct image *after);

/* An image for a person: "off (1200 sockets), on:600:60:3 (1 socket)". */
const char *process_change_summary(struct pool *pool, const struct change *change,
				   const struct image *image);

#endif
