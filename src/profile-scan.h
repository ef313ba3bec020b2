/* SPDX-License-Identifier: MIT
 *
 * The strict look at a profile's bytes before libconfuse sees them: refuses what libconfuse would
 * misread, and remembers where things stand, which libconfuse does not. Pure.
 */
#ifndef KEELTUNE_PROFILE_SCAN_H
#define KEELTUNE_PROFILE_SCAN_H

#include "model.h"

#define PROFILE_BYTES_MAX (1u << 20) /* of a file */
#define PROFILE_TOKEN_MAX 4096u      /* bytes of a word or a string */
#define PROFILE_SECTIONS_MAX 2048u
#define PROFILE_OPTIONS_MAX 16384u

#define PROFILE_TOP SIZE_MAX /* the parent of what stands in no section */

/* sysctl "x" {, item "nofile" {: in the order of their opening braces. */
struct profile_section {
	size_t parent; /* index, or PROFILE_TOP */
	const char *word;
	const char *title; /* unescaped; NULL: none */
	unsigned line;     /* of the word */
	bool repeated; /* an earlier one has the same parent, word and title; blanked in the text */
};

struct profile_scan {
	char *text; /* the bytes with comments, tabs, carriage returns and repeated sections blanked
		     */
	size_t size;
	struct profile_section *sections;
	size_t count;
	bool failed; /* something was added to the problems */
};

/* -EINVAL: the text cannot be given to libconfuse; the first reason is in PROBLEMS. Options and
 * sections that are set twice are all added to PROBLEMS, and the rest can be parsed nevertheless.
 */
int profile_scan(struct pool *pool, const char *file, const char *bytes, size_t size,
		 struct profile_scan *ret_scan, struct notes *problems);

/* TEXT in double quotes for a message: printable UTF-8, other bytes as \xNN, shortened when long.
 */
const char *profile_quote(struct pool *pool, const char *text);

#endif
