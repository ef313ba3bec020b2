/* SPDX-License-Identifier: MIT
 *
 * Mistakes in sysctl files that the engines pass over in silence: one plain sentence each.
 */
#ifndef KEELTUNE_BOOT_NOTES_H
#define KEELTUNE_BOOT_NOTES_H

#include "boot-files.h"
#include "model.h"

struct boot_run;
struct sysctl_line;

/* Looks at a line that is read. NOTED counts what was said about the file so far; it is enough
 * after a few. */
void boot_note_line(struct notes *notes, struct host *host, enum engine engine,
		    struct boot_file *file, const struct sysctl_line *line, unsigned *noted);

/* Looks at a value of a key in the catalogue. ACCEPTED: what the kernel makes of it, NULL: refused.
 */
void boot_note_value(struct notes *notes, const char *key, struct origin origin, const char *text,
		     size_t size, const struct value *accepted);

/* /etc/sysctl.conf with settings that the engine does not read; entries that are no files. */
void boot_note_files(struct notes *notes, struct host *host, enum engine engine,
		     const struct boot_files *files);

/* What is remarkable about the keys after all files have acted, and what an upgrade lost of them.
 */
void boot_note_keys(struct boot_run *boot);

#endif
