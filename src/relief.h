/* SPDX-License-Identifier: MIT
 *
 * Relief for a running process: keepalive on its sockets, a higher descriptor limit, without a
 * restart. Here it is planned, as changes of process-change.h, and seen how far such a change is;
 * apply.c executes it.
 */
#ifndef KEELTUNE_RELIEF_H
#define KEELTUNE_RELIEF_H

#include "plan.h"
#include "process-change.h"

struct error;
struct host;

struct relief_request {
	pid_t pid;
	bool has_keepalive, has_nofile, has_hard;
	struct keepalive keepalive; /* wanted */
	struct nofile nofile;       /* wanted; hard unless has_hard: as it is, but at least soft */
};

struct relief {
	struct process_identity process;
	const char *comm; /* any byte */
	const char *unit; /* or NULL */
	size_t sockets;   /* live ones that were looked at */
	size_t listeners; /* of them */
	size_t already;   /* of them: have what is wanted */
	size_t left_out;  /* of them: what they have could not be put back, or they are too many */
	size_t waiting;   /* connections that are not accepted yet, of listeners without it */
	size_t unreached; /* threads whose own tables of descriptors cannot be had */
	/* Of all looks, see cmd-relieve.c. */
	size_t set, changed, failed, gone;
};

/* "TIME:INTVL:PROBES" and "SOFT[:HARD]", in their ranges. 0 or -EINVAL. */
int relief_parse_keepalive(const char *text, struct relief_request *ret, struct error *err);
int relief_parse_nofile(const char *text, struct relief_request *ret, struct error *err);

/* Plans the changes. Nothing is changed. 0 or -errno. */
int relief_plan(struct host *host, const struct relief_request *request, struct plan *ret_plan,
		struct relief *ret, struct error *err);
/* Looks again at the sockets of the process of RELIEF, which KNOWN were set (NULL: none). In
 * ret_more those that have come since, or NULL. Updates in RELIEF what is waiting and left out. 0
 * or -errno. */
int relief_look_again(struct pool *pool, const struct relief_request *request,
		      const struct socket_values *known, struct relief *relief,
		      struct socket_values **ret_more);
/* The change of the keepalive of SOCKETS. */
struct change relief_change(struct pool *pool, struct process_identity process,
			    struct socket_values *sockets);

/* ---- for apply.c: a change of a process, by its place --------------------------------------- */

/* What stands there now. Of sockets nothing is looked at: while the process lives they count as
 * they were left, for each is compared when it is set. Does not exist: the process has ended. */
int relief_image(struct pool *pool, const struct change *change, struct image *ret);
/* 0: it is as IMAGE says (of sockets: the process lives); -ESTALE; -ESRCH; or -errno. Allocates
 * nothing. */
int relief_compare(const struct change *change, const struct image *image);
/* Makes it what IMAGE, one of the two of CHANGE, says. Allocates nothing. */
int relief_put(const struct change *change, const struct image *image);
/* Does the process that CHANGE is about still live? */
bool relief_lives(const struct change *change);

#endif
