/* SPDX-License-Identifier: MIT
 *
 * Ownership of locals: autofree, autofd, autofile, autodir release at the end of the scope.
 */
#ifndef KEELTUNE_CLEANUP_H
#define KEELTUNE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *place)
{
	free(*(void **)place);
}

static inline void cleanup_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define autofree __attribute__((cleanup(cleanup_free)))
#define autofd __attribute__((cleanup(cleanup_fd)))
#define autodir __attribute__((cleanup(cleanup_dir)))
#define autofile __attribute__((cleanup(cleanup_file)))

#endif
