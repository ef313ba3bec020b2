/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets (fuzz-NAME.c) have in common. Each is one function; libFuzzer calls it with
 * bytes of its own (make fuzz), replay.c with the files of corpus/NAME (make check). A target ends
 * the program when what it checks does not hold.
 */
#ifndef KEELTUNE_TESTS_FUZZ_H
#define KEELTUNE_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                      \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

struct pool;

/* The bytes with a NUL behind them, as the files of a host are read (struct file). */
const char *fuzz_text(struct pool *pool, const uint8_t *data, size_t size);

/* A source of small decisions, for targets that build their input instead of taking it as it is.
 * At its end it gives zeroes. */
struct fuzz_recipe {
	const uint8_t *at, *end;
};
unsigned fuzz_byte(struct fuzz_recipe *recipe);
uint64_t fuzz_number(struct fuzz_recipe *recipe, unsigned bytes);

#endif
