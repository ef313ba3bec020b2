// SPDX-License-Identifier: MIT
/* The nearest name, see suggest.h. */
#include "suggest.h"

#include <string.h>

#define LONGEST 64

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein distance of adjacent swaps (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t length = strlen(b);
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= length; j++)
		last[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			row[j] = smaller(smaller(last[j], row[j - 1]) + 1,
					 last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[length];
}

const char *suggest_nearest(const char *word, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	size_t length = strlen(word),
	       best = length / 3 + 2; /* at least this many differences: another word */

	if (length >= LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) >= LONGEST)
			continue;
		size_t differences = distance(word, names[i]);
		if (differences < best) {
			best = differences;
			nearest = names[i];
		}
	}
	return nearest;
}
