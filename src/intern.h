/* SPDX-License-Identifier: MIT
 *
 * Equal byte strings are kept once and known by a small number: for what many hosts have in common.
 * Ends the program when memory runs out. Nobody who chooses the strings can make it slow.
 */
#ifndef KEELTUNE_INTERN_H
#define KEELTUNE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;
struct pool;

#define INTERN_NONE UINT32_MAX

struct intern *intern_new(struct pool *pool); /* the bytes are POOL's; to be freed before it */
void intern_free(struct intern *intern);

/* The number of the string: 0.., in the order of first appearance. */
uint32_t intern_add(struct intern *intern, const void *bytes, size_t size);
size_t intern_count(const struct intern *intern);
/* Aligned for any type, with a NUL behind the end. */
const void *intern_bytes(const struct intern *intern, uint32_t number);
size_t intern_size(const struct intern *intern, uint32_t number);

#endif
