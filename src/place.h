/* SPDX-License-Identifier: MIT
 *
 * The place that a path of the caller means, for a file that is about to be written where others
 * may write, too: held by descriptors, so that it stays what it was found to be.
 */
#ifndef KEELTUNE_PLACE_H
#define KEELTUNE_PLACE_H

#include <limits.h>
#include <sys/stat.h>

struct error;

struct place {
	int directory;           /* O_PATH: where it is or will be, */
	char name[NAME_MAX + 1]; /* under this name */
	int file;                /* O_PATH; -1: nothing is there */
	struct stat at;          /* of the file */
};

/* Links are followed when they belong to root or to the caller: -EACCES where somebody else could
 * lead him anywhere; and where he takes for the caller's what somebody else made in a directory in
 * which everybody may make files. 0 or -errno, with a message in ERR if strerror(3) says too
 * little. Close with place_close() in any case. */
int place_find(const char *path, struct place *ret, struct error *err);
void place_close(struct place *place);

#define autoplace __attribute__((cleanup(place_close)))

#endif
