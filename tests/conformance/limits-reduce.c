// SPDX-License-Identifier: MIT
/* A case that disagrees, made small: without each file, line and byte that the disagreement does
 * not need; and printed as an entry for limits-kept.h. */
#include "pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "limits-ask.h"

/* ---- reducing ------------------------------------------------------------------------------- */

struct reduction {
	struct pool *pool;
	const char *module;
	limits_check *is_right;
};

/* Takes SMALLER for *TEST when it is still wrong. */
static bool take(const struct reduction *reduction, struct limits_case *test,
		 const struct limits_case *smaller)
{
	if (reduction->is_right(smaller, reduction->module))
		return false;
	*test = *smaller;
	return true;
}

/* A directory goes only when nothing is left in it. */
static bool is_needed(const struct limits_case *test, const char *path)
{
	size_t size = strlen(path);

	for (size_t i = 0; i < test->file_count; i++)
		if (!strncmp(test->files[i].path, path, size) && test->files[i].path[size] == '/')
			return true;
	return false;
}

static bool drop_files(const struct reduction *reduction, struct limits_case *test)
{
	bool any = false;

	for (size_t i = test->file_count; i-- > 0;) {
		struct limits_case smaller = *test;
		if (is_needed(test, test->files[i].path))
			continue;
		memmove(&smaller.files[i], &smaller.files[i + 1],
			(--smaller.file_count - i) * sizeof *smaller.files);
		any |= take(reduction, test, &smaller);
	}
	return any;
}

static bool cut(const struct reduction *reduction, struct limits_case *test, size_t file,
		size_t from, size_t to)
{
	struct limits_case smaller = *test;
	const struct test_file *old = &test->files[file];
	size_t size = old->size - (to - from);
	char *bytes = pool_copy(reduction->pool, old->bytes, old->size);

	memmove(bytes + from, bytes + to, old->size - to);
	smaller.files[file].bytes = bytes;
	smaller.files[file].size = size;
	return take(reduction, test, &smaller);
}

static bool drop_lines(const struct reduction *reduction, struct limits_case *test, size_t file)
{
	bool any = false;

	for (size_t from = 0; from < test->files[file].size;) {
		const struct test_file *now = &test->files[file];
		const char *newline = memchr(now->bytes + from, '\n', now->size - from);
		size_t to = newline ? (size_t)(newline - now->bytes) + 1 : now->size;
		if (cut(reduction, test, file, from, to))
			any = true;
		else
			from = to;
	}
	return any;
}

static bool drop_bytes(const struct reduction *reduction, struct limits_case *test, size_t file)
{
	bool any = false;

	for (size_t step = test->files[file].size / 2; step; step /= 2)
		for (size_t from = 0; from + step <= test->files[file].size;)
			if (cut(reduction, test, file, from, from + step))
				any = true;
			else
				from += step;
	return any;
}

/* What every fixed case has. */
static bool use_usual(const struct reduction *reduction, struct limits_case *test,
		      const struct limits_case *usual)
{
	struct limits_case smaller = *test;
	bool any = false;

#define USE(field)                                                                  \
	do {                                                                        \
		smaller = *test;                                                    \
		memcpy(&smaller.field, &usual->field, sizeof usual->field);         \
		if (memcmp(&smaller.field, &test->field, sizeof usual->field) != 0) \
			any |= take(reduction, test, &smaller);                     \
	} while (0)
	USE(user);
	USE(arguments);
	USE(nr_open);
	USE(capable);
	USE(passwd);
	USE(group);
	USE(pid1);
	USE(caller);
#undef USE
	return any;
}

void limits_reduce(struct pool *pool, struct limits_case *test, const char *module,
		   limits_check *is_right)
{
	const struct reduction one = { pool, module, is_right }, *reduction = &one;
	struct limits_case usual;
	bool again = true;

	limits_set_usual(pool, &usual);
	while (again) {
		again = use_usual(reduction, test, &usual) | drop_files(reduction, test);
		for (size_t i = 0; i < test->file_count; i++)
			if (test->files[i].kind == TEST_FILE)
				again |= drop_lines(reduction, test, i);
	}
	for (size_t i = 0; i < test->file_count; i++)
		if (test->files[i].kind == TEST_FILE)
			drop_bytes(reduction, test, i);
}

/* ---- printing ------------------------------------------------------------------------------- */

/* As a C string. */
static void print_text(const char *bytes, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n' || c == '\t')
			printf(c == '\n' ? "\\n" : "\\t");
		else if (c < ' ' || c > '~')
			printf("\\%03o", c);
		else
			printf("%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	putchar('"');
}

static void print_entry(const struct limits_case *test)
{
	static const char *const kinds[] = { "TEST_FILE", "TEST_DIRECTORY", "TEST_LINK" };
	struct limits_case usual;
	struct pool *pool = pool_new();

	limits_set_usual(pool, &usual);
	printf("#\t{ \"what it shows\", \"%s\", ", test->user);
	print_text(test->arguments, strlen(test->arguments));
	printf(", %" PRIu64 ", %s,\n#\t  {", test->nr_open, test->capable ? "true" : "false");
	for (size_t i = 0; i < test->file_count; i++) {
		printf("%s { \"%s\", BYTES(", i ? ",\n#\t   " : "", test->files[i].path);
		print_text(test->files[i].bytes, test->files[i].size);
		printf("), %s }", kinds[test->files[i].kind]);
	}
	printf(" } },\n");
	if (strcmp(test->passwd, usual.passwd) != 0)
		printf("# with another passwd:\n%s", test->passwd);
	if (strcmp(test->group, usual.group) != 0)
		printf("# with another group:\n%s", test->group);
	if (strcmp(test->pid1, usual.pid1) != 0)
		printf("# with another pid 1:\n%s", test->pid1);
	if (memcmp(test->caller, usual.caller, sizeof usual.caller) != 0)
		printf("# with other limits of the caller, see below\n");
	pool_free(pool);
}

void limits_print(const struct limits_case *test, const char *module)
{
	struct limits_answer real, model;

	limits_ask(test, module, &real, &model);
	printf("# reduced, as an entry for tests/conformance/limits-kept.h:\n");
	print_entry(test);
	printf("# pam_limits.so returned %d, the model says %s\n", real.rc,
	       model.rc ? "fails" : "succeeds");
	for (size_t i = 0; i < RLIM_NLIMITS; i++)
		if (memcmp(&real.limits[i], &model.limits[i], sizeof real.limits[i]) != 0)
			printf("# resource %zu: caller %" PRIu64 ":%" PRIu64 ", module %" PRIu64
			       ":%" PRIu64 ", model %" PRIu64 ":%" PRIu64 "\n",
			       i, (uint64_t)test->caller[i].rlim_cur,
			       (uint64_t)test->caller[i].rlim_max,
			       (uint64_t)real.limits[i].rlim_cur, (uint64_t)real.limits[i].rlim_max,
			       (uint64_t)model.limits[i].rlim_cur,
			       (uint64_t)model.limits[i].rlim_max);
}
