/* SPDX-License-Identifier: MIT
 *
 * Libraries that only one command needs are loaded when it runs: the others would pay for them with
 * every start.
 */
#ifndef KEELTUNE_LIBRARY_H
#define KEELTUNE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_symbol {
	const char *name;
	void *place; /* of the function pointer */
};

/* Loads the library SONAME for the rest of the program and fills in the COUNT symbols. False: it is
 * not installed, or lacks one of them. */
bool library_load(const char *soname, const struct library_symbol *symbols, size_t count);

#endif
