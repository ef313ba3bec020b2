// SPDX-License-Identifier: MIT
/* LD_PRELOAD: memory that runs out.
 *
 * KEELTUNE_MEMORY="once K" or "from K": allocation number K (1..) fails, or all from there on
 * KEELTUNE_MEMORY="guard": abort(3) when anything allocates between the first change to a target
 *and its record; fault-preload.c, loaded before, knows when that is KEELTUNE_MEMORY_COUNT=FILE gets
 *the number of allocations. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);

bool fault_is_changing(void) __attribute__((weak));

static bool from, once, guard;
static unsigned long position, count;

__attribute__((constructor)) static void begin(void)
{
	const char *memory = getenv("KEELTUNE_MEMORY");
	char name[16] = "";

	if (memory)
		sscanf(memory, "%15s %lu", name, &position);
	once = !strcmp(name, "once");
	from = !strcmp(name, "from");
	guard = !strcmp(name, "guard");
	count = 0;
}

__attribute__((destructor)) static void end(void)
{
	const char *file = getenv("KEELTUNE_MEMORY_COUNT");
	char text[32];

	if (!file)
		return;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int size = snprintf(text, sizeof text, "%lu\n", count);
	syscall(SYS_write, fd, text, (size_t)size);
	syscall(SYS_close, fd);
}

static bool fails(void)
{
	if (guard && fault_is_changing && fault_is_changing())
		abort();
	count++;
	if (!(once && count == position) && !(from && count >= position))
		return false;
	errno = ENOMEM;
	return true;
}

/* NOLINTBEGIN: the C library's own names */
void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
/* NOLINTEND */
