// SPDX-License-Identifier: MIT
/* Interned strings, see intern.h: a hash table with open addressing over an array. The hash is
 * SipHash-1-3 with a random key, so that reports cannot be made to collide. */
#include "intern.h"

#include "array.h"
#include "pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct entry {
	const void *bytes;
	uint32_t size, hash;
};

struct intern {
	struct pool *pool;
	struct entry *entries;
	size_t count, room;
	uint32_t *slots; /* number + 1, or 0 */
	size_t slot_count;
	uint64_t key[2];
};

struct intern *intern_new(struct pool *pool)
{
	struct intern *intern = pool_alloc(pool, sizeof *intern);

	intern->pool = pool;
	intern->slot_count = 64;
	intern->slots = pool_malloc(intern->slot_count * sizeof *intern->slots);
	memset(intern->slots, 0, intern->slot_count * sizeof *intern->slots);
	if (getrandom(intern->key, sizeof intern->key, GRND_NONBLOCK) != sizeof intern->key)
		intern->key[0] = (uintptr_t)intern;
	return intern;
}

void intern_free(struct intern *intern)
{
	free(intern->entries);
	free(intern->slots);
}

/* ---- SipHash-1-3 (Aumasson, Bernstein 2012) ------------------------------------------------ */

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static uint32_t hash_of(const struct intern *intern, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t v[4] = { intern->key[0] ^ 0x736f6d6570736575, intern->key[1] ^ 0x646f72616e646f6d,
			  intern->key[0] ^ 0x6c7967656e657261,
			  intern->key[1] ^ 0x7465646279746573 };

	for (size_t left = size;; at += 8, left -= 8) {
		uint64_t word = 0;
		memcpy(&word, at, left < 8 ? left : 8);
		if (left < 8)
			word |= (uint64_t)size << 56;
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (uint32_t)(hash ^ hash >> 32);
}

/* ---- the table ---------------------------------------------------------------------------- */

static void grow(struct intern *intern)
{
	size_t count = 2 * intern->slot_count;
	uint32_t *slots = pool_malloc(count * sizeof *slots);

	memset(slots, 0, count * sizeof *slots);
	for (uint32_t i = 0; i < intern->count; i++) {
		size_t slot = intern->entries[i].hash & (count - 1);
		while (slots[slot])
			slot = (slot + 1) & (count - 1);
		slots[slot] = i + 1;
	}
	free(intern->slots);
	intern->slots = slots;
	intern->slot_count = count;
}

uint32_t intern_add(struct intern *intern, const void *bytes, size_t size)
{
	uint32_t hash = hash_of(intern, bytes, size);
	size_t slot = hash & (intern->slot_count - 1);

	for (; intern->slots[slot]; slot = (slot + 1) & (intern->slot_count - 1)) {
		const struct entry *entry = &intern->entries[intern->slots[slot] - 1];
		if (entry->hash == hash && entry->size == size &&
		    !memcmp(entry->bytes, bytes, size))
			return intern->slots[slot] - 1;
	}
	struct entry *grown = array_extend(intern->entries, intern->count, &intern->room,
					   sizeof *intern->entries);
	if (!grown || size > UINT32_MAX || intern->count >= UINT32_MAX - 1)
		pool_exhausted();
	intern->entries = grown;
	intern->entries[intern->count++] = (struct entry){
		.bytes = pool_copy(intern->pool, bytes, size), .size = (uint32_t)size, .hash = hash
	};
	uint32_t number = (uint32_t)intern->count;
	intern->slots[slot] = number;
	if (intern->count > intern->slot_count / 2)
		grow(intern);
	return number - 1;
}

size_t intern_count(const struct intern *intern)
{
	return intern->count;
}

const void *intern_bytes(const struct intern *intern, uint32_t number)
{
	return intern->entries[number].bytes;
}

size_t intern_size(const struct intern *intern, uint32_t number)
{
	return intern->entries[number].size;
}
