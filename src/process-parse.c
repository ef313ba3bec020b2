// SPDX-License-Identifier: MIT
/* The texts of /proc/PID, see process.h; proc(5). Pure. */
#include "catalog.h"
#include "process.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

/* The next number behind blanks and tabs. */
static bool next_number(const char **at, uint64_t *ret)
{
	uint64_t number = 0;
	const char *p = *at + strspn(*at, " \t");

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	*at = p;
	*ret = number;
	return true;
}

#define PF_KTHREAD 0x00200000 /* of the kernel's include/linux/sched.h */

/* "1 (a name) S 0 1 ...": the name may contain anything, so the last ')' ends it. Field 3 is the
 * state, field 4 the parent, field 9 the flags, field 22 the start time. */
bool process_parse_stat(const char *text, struct process *ret)
{
	const char *at = strrchr(text, ')');
	uint64_t parent, flags;

	if (!at)
		return false;
	at++;
	for (int field = 3; field < 22; field++) {
		at += strspn(at, " ");
		const char *start = at;
		if (field == 3)
			ret->ended = *at == 'Z' || *at == 'X';
		if (field == 4) {
			if (!next_number(&start, &parent) || parent > INT_MAX)
				return false;
			ret->parent = (pid_t)parent;
		}
		if (field == 9)
			ret->of_kernel = next_number(&start, &flags) && (flags & PF_KTHREAD);
		at += strcspn(at, " ");
	}
	return next_number(&at, &ret->ticks);
}

/* What stands behind NAME at the beginning of a line. */
static const char *status_line(const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)); at++)
		if (at == text || at[-1] == '\n')
			return at + strlen(name);
	return NULL;
}

bool process_parse_status(const char *text, struct process *ret)
{
	const char *ids = status_line(text, "Uid:"), *pids = status_line(text, "NSpid:");
	uint64_t real, effective, pid;

	if (!ids || !next_number(&ids, &real) || !next_number(&ids, &effective))
		return false;
	ret->uid = (uid_t)real;
	ret->euid = (uid_t)effective;
	ret->nested = pids && next_number(&pids, &pid) && next_number(&pids, &pid);
	return true;
}

/* ---- /proc/PID/limits --------------------------------------------------------------------- */

/* "Max open files            1024                 524288               files     " */
static bool next_limit(const char **at, const char *end, uint64_t *ret)
{
	static const char unlimited[] = "unlimited";
	const char *p = *at;
	uint64_t number = 0;

	while (p < end && *p == ' ')
		p++;
	const char *start = p;
	if ((size_t)(end - p) >= sizeof unlimited - 1 &&
	    !memcmp(p, unlimited, sizeof unlimited - 1)) {
		*at = p + sizeof unlimited - 1;
		*ret = LIMIT_UNLIMITED;
		return true;
	}
	for (; p < end && isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	*at = p;
	*ret = number;
	return p > start;
}

void process_parse_limits(const char *bytes, size_t size, struct rlimit *ret)
{
	const char *end = bytes + size;
	size_t rows;
	const struct limit_row *row = catalog_limits(&rows);

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline ? newline : end;
		for (size_t i = 0; i < rows; i++) {
			size_t label = strlen(row[i].proc_label);
			const char *at = bytes + label;
			uint64_t soft, hard;
			if ((size_t)(stop - bytes) <= label || *at != ' ' ||
			    memcmp(bytes, row[i].proc_label, label) != 0 ||
			    !next_limit(&at, stop, &soft) || !next_limit(&at, stop, &hard))
				continue;
			ret[row[i].resource].rlim_cur = soft;
			ret[row[i].resource].rlim_max = hard;
		}
		bytes = newline ? newline + 1 : end;
	}
}
