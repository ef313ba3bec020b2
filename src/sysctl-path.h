/* SPDX-License-Identifier: MIT
 *
 * Names of sysctl keys and the paths below /proc/sys that they mean. Pure: looks at no kernel.
 */
#ifndef KEELTUNE_SYSCTL_PATH_H
#define KEELTUNE_SYSCTL_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

#define SYSCTL_PATH_MAX 4096

/* "net.ipv4.conf.eth0/100.forwarding" -> "net/ipv4/conf/eth0.100/forwarding": the first separator
 * decides, as procps and systemd do. NULL when it is not a possible key (a single or an empty part,
 * "..", a pattern, a blank). */
const char *sysctl_key_path(struct pool *pool, const char *key);
/* The other way: the dotted form that ids use. */
const char *sysctl_key_dotted(struct pool *pool, const char *path);

/* Exchanges every '.' and '/' of TEXT when the first of them is a '.'. */
void sysctl_swap(char *text);
/* Removes empty and "." parts and outer slashes. */
void sysctl_simplify(char *text);

bool sysctl_is_pattern(const char *text); /* has '*', '?' or '[' */

/* Would opening TEXT in the directory /proc/sys open the key at PATH ("net/ipv4/tcp_x")? Follows
 * "." and "..", doubled and leading slashes; ABSOLUTE: a leading slash means the root directory. */
bool sysctl_path_leads_to(const char *text, const char *path, bool absolute);

/* BusyBox: turns the dots of NAME into slashes where that leads towards the key at PATH. */
void sysctl_probe(char *name, const char *path);

/* Does glob(3) of /proc/sys/PATTERN find the key at PATH? DOTS: also through the entries "." and
 * "..", which match ".*". RET_TEXT is then the result of glob(3) behind "/proc/sys/".
 * A part that would match another directory, which ".." then leaves, is not followed. */
bool sysctl_pattern_matches(const char *pattern, const char *path, bool dots,
			    char ret_text[SYSCTL_PATH_MAX]);

/* What glob(3) with GLOB_BRACE tries: the alternatives of "a{b,c}d", or TEXT itself. More than a
 * thousand alternatives: none. */
const char **brace_expand(struct pool *pool, const char *text, size_t *ret_count);

#endif
