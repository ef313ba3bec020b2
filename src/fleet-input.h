/* SPDX-License-Identifier: MIT
 *
 * Where the reports of a fleet are: files, directories with files, standard input. What stands in a
 * directory was perhaps put there by somebody else: only regular files are opened, no links.
 */
#ifndef KEELTUNE_FLEET_INPUT_H
#define KEELTUNE_FLEET_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pool;

struct fleet_input {
	const char *path; /* "-": standard input */
	uint64_t size;
	bool listed; /* found in a directory */
	int error;   /* -errno: it cannot be read, or be listed */
	dev_t device;
	ino_t inode; /* 0: not known */
};

struct fleet_inputs {
	struct pool *pool;
	struct fleet_input *items; /* in the order of the arguments; those of a directory by name */
	size_t count;
	uint64_t size;     /* of all */
	bool endless;      /* that of some is not known */
	size_t others;     /* files of directories that are no reports by their looks */
	const char *other; /* the first of them */
};

/* Adds what ARGUMENT means: a directory is all reports in it and below. */
void fleet_inputs_add(struct fleet_inputs *inputs, const char *argument);

/* A descriptor to be closed, or -errno. */
int fleet_input_open(const struct fleet_input *input);

#endif
