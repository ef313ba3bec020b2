/* SPDX-License-Identifier: MIT
 *
 * Which package a file belongs to. Costs a read of the package database: only for `explain`.
 */
#ifndef KEELTUNE_PACKAGE_H
#define KEELTUNE_PACKAGE_H

struct host;

/* The name of the package that owns PATH by dpkg's file lists, or by rpm where that is the host's
 * database (asked by running rpm, live hosts only); NULL: none, or not known. */
const char *package_owner(struct host *host, const char *path);

#endif
