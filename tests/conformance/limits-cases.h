/* SPDX-License-Identifier: MIT
 *
 * Made-up hosts for limits.c: the fixed ones, and any number of random ones.
 */
#ifndef KEELTUNE_LIMITS_CASES_H
#define KEELTUNE_LIMITS_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct pool;

enum test_kind { TEST_FILE, TEST_DIRECTORY, TEST_LINK };

struct test_file {
	const char *path;
	enum test_kind kind;
	const char *bytes; /* of a link: its target */
	size_t size;
};

struct limits_case {
	const char *name;
	const char *user;
	const char *arguments; /* of pam_limits.so */
	struct rlimit caller[RLIM_NLIMITS];
	const char *pid1; /* /proc/1/limits */
	uint64_t nr_open;
	bool capable;
	struct test_file files[32]; /* parents first */
	size_t file_count;
	const char *passwd, *group;
};

/* What the makers of cases share. */
extern const char limits_usual_passwd[], limits_usual_group[];
void limits_set_usual(struct pool *pool, struct limits_case *test);
const char *limits_format_table(struct pool *pool, const struct rlimit *limits);
void limits_add_file(struct limits_case *test, enum test_kind kind, const char *path,
		     const char *bytes, size_t size);

size_t fixed_case_count(void);
void fixed_case(struct pool *pool, size_t number, struct limits_case *ret);
void random_case(struct pool *pool, unsigned long seed, unsigned long number,
		 struct limits_case *ret);

#endif
