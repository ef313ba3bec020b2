/* SPDX-License-Identifier: MIT
 *
 * Which files an engine reads at boot, in its order, and which it passes over.
 */
#ifndef KEELTUNE_BOOT_FILES_H
#define KEELTUNE_BOOT_FILES_H

#include "boot.h"

struct file;

struct boot_file {
	const char *path; /* as the engine opens it */
	const struct file *file;
	const char *skipped; /* why the engine passes it over, or NULL */
	const char *source;  /* set by boot_file_source() */
};

struct boot_files {
	struct boot_file *items; /* those that are read in their order, then the others */
	size_t count, read;
	const char *blind; /* a directory that could not be listed, and why; or NULL */
};

void boot_files_list(struct host *host, enum engine engine, struct boot_files *ret_files);

/* Where the bytes really stand: links of the file itself followed. */
const char *boot_file_source(struct host *host, struct boot_file *file);

#endif
