/* SPDX-License-Identifier: MIT
 *
 * Several profiles at once: one setting per id, acceptable to all of them. Pure.
 */
#ifndef KEELTUNE_PROFILE_COMBINE_H
#define KEELTUNE_PROFILE_COMBINE_H

#include "model.h"

/* The settings of one profile, inheritance resolved. */
struct profile_layer {
	struct setting *settings;
	size_t count;
};

/* Soft and hard of one limit are one subject. */
bool profile_same_subject(const struct setting *a, const struct setting *b);

/* Per id: the intersection of the accepted ranges; the value of the last layer that lies in it,
 * with that layer's reason and origin; optional and runtime_only when all say so. -EINVAL: layers
 * exclude each other; each case is in PROBLEMS with both places. */
int profile_combine(struct pool *pool, const struct profile_layer *layers, size_t count,
		    struct profile_layer *ret, struct notes *problems);

#endif
