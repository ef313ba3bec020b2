/* SPDX-License-Identifier: MIT
 *
 * Cases that once disagreed, or nearly would, reduced by limits-reduce.c: add what it prints, with
 * a name that says what the case shows.
 */
#ifndef KEELTUNE_LIMITS_KEPT_H
#define KEELTUNE_LIMITS_KEPT_H

#include "limits-cases.h"

#define BYTES(text) text, sizeof text - 1

struct kept_case {
	const char *name, *user, *arguments;
	uint64_t nr_open;
	bool capable;
	struct {
		const char *path, *bytes;
		size_t size;
		enum test_kind kind;
	} files[5];
};

static const struct kept_case kept[] = {
	{ "a NUL ends a line, not the file",
	  "alice",
	  "",
	  1048576,
	  true,
	  { { "/etc/security/limits.conf",
	      BYTES("alice - nofile 300\0alice - nproc 1\nalice - nproc 9\n"), TEST_FILE } } },
	{ "an exemption undoes the values of a file before",
	  "alice",
	  "set_all",
	  1048576,
	  true,
	  { { "/etc/security/limits.conf", BYTES("alice - nofile 300\n"), TEST_FILE },
	    { "/etc/security/limits.d", BYTES(""), TEST_DIRECTORY },
	    { "/etc/security/limits.d/a.conf", BYTES("1000: -\n"), TEST_FILE } } },
	{ "a soft limit without capability is cut to the hard one of the caller",
	  "alice",
	  "",
	  1024,
	  false,
	  { { "/etc/security/limits.conf", BYTES("* soft nofile unlimited\n"), TEST_FILE } } },
	{ "a name that a line of a long file cuts in two",
	  "bob",
	  "",
	  1048576,
	  true,
	  { { "/etc/security/limits.conf", BYTES("@dev soft nproc 5\r\n@:60 hard nproc 4 x\n"),
	      TEST_FILE } } },
};

#endif
