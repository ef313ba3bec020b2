/* SPDX-License-Identifier: MIT
 *
 * What a text says by itself: how it ends, which number it is, which tokens it has. Pure; allocates
 * nothing.
 */
#ifndef KEELTUNE_TEXT_H
#define KEELTUNE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool ends_with(const char *text, const char *end);
/* What glob("*.conf") finds: the name of a drop-in for most programs. */
bool is_conf_name(const char *name);
/* Behind the last slash of PATH. */
const char *base_name(const char *path);

/* Do both say the same tokens, whatever white space stands between? */
bool tokens_equal(const char *a, size_t a_size, const char *b, size_t b_size);

/* Strict decimal digits, nothing else, at most MAX: what profiles and command lines take. */
bool parse_decimal(const char *text, uint64_t max, uint64_t *ret_number);
/* The same and perhaps one letter of UNITS; FACTORS has what each stands for, the first is the one
 * without a letter. */
bool parse_with_unit(const char *text, const char *units, const uint64_t *factors, uint64_t *ret);
bool parse_duration(const char *text, uint64_t *ret_milliseconds); /* "90", "10m", "3h", "2d" */

#endif
