/* SPDX-License-Identifier: MIT
 *
 * Every layer of one sysctl key: what runs, what each boot engine would leave and why, who owns the
 * files that have a say. Reads only; more than an audit needs.
 */
#ifndef KEELTUNE_EXPLAIN_H
#define KEELTUNE_EXPLAIN_H

#include "boot.h"
#include "model.h"

struct host;
struct sysctl_row;

/* A file that says something about the key. */
struct explained_file {
	const char *path;
	const char *package; /* or NULL */
	const char *written; /* RFC 3339 UTC, or NULL */
};

struct explanation {
	const char *id;               /* "sysctl:net.ipv4.tcp_keepalive_time" */
	const char *key;              /* dotted */
	const struct sysctl_row *row; /* NULL: not in the catalogue */
	struct reading running;
	struct boot_value boot;                  /* by the engine of this host */
	struct boot_value engines[ENGINE_COUNT]; /* by each; [ENGINE_NONE] is unused */
	struct explained_file *files;
	size_t file_count;
	const char *removed; /* why current kernels have no such key, or NULL */
	const char *nearest; /* a known key that may have been meant, or NULL */
	const char *command; /* what would change it now and at boot; NULL: nothing simple would */
};

/* NAME: "net.ipv4.x", "net/ipv4/x", "/proc/sys/net/ipv4/x" or "sysctl:net.ipv4.x". False when it
 * cannot be a sysctl key. NOTES gets the mistakes seen in the files. */
bool explain_sysctl(struct host *host, const struct engine_choice *engines, const char *name,
		    struct explanation *ret, struct notes *notes);

/* The file of EXPLANATION with this path, or NULL. */
const struct explained_file *explain_find_file(const struct explanation *explanation,
					       const char *path);

#endif
