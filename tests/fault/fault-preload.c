// SPDX-License-Identifier: MIT
/* LD_PRELOAD: counts the system calls by which a program changes the disk or a kernel value, tells
 * them, and makes them fail, or the program die, at a given one. The program itself is unmodified.
 *
 * KEELTUNE_FAULT="MODE K ERRNO DEATH": call number K (1..)
 *	once	fails with ERRNO; so do, with `from`, all that follow
 *	before	the program is killed before it;  after: behind it
 *	short	is a write of half of what it was given
 *	and the program is killed before call number DEATH, if that is said, in any mode
 * KEELTUNE_FAULT_MEANWHILE="FILE TEXT": somebody else writes TEXT to FILE right before a call fails
 * KEELTUNE_FAULT_TRACE=FILE: one line for each call, fields between tabs: its number, its name, the
 *path, what else matters (bytes in hex), and ok or failed. tests/fault/powercut.py replays it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum mode { NONE, ONCE, FROM, BEFORE, AFTER, SHORT };

static enum mode mode;
static unsigned long position, death, count;
static int error, trace = -1;
static pid_t program; /* a child that it makes writes where only it sees it, and does not count */
static bool writable[1024]; /* descriptors that were opened for writing */
static char where[8192], line[65536];
static bool changing; /* a target, and that is not recorded yet */

bool fault_is_changing(void); /* for memory-preload.c */
bool fault_is_changing(void)
{
	return changing;
}

__attribute__((constructor)) static void begin(void)
{
	static const char *const names[] = { "none", "once", "from", "before", "after", "short" };
	const char *fault = getenv("KEELTUNE_FAULT"), *file = getenv("KEELTUNE_FAULT_TRACE");
	char name[16];

	program = getpid();
	if (fault && sscanf(fault, "%15s %lu %d %lu", name, &position, &error, &death) >= 2)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (!strcmp(names[i], name))
				mode = (enum mode)i;
	if (file)
		trace = (int)syscall(SYS_openat, AT_FDCWD, file,
				     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The path of FD, or of NAME as seen from the directory FD, into `where`. */
static void find(int fd, const char *name)
{
	char link[64];
	ssize_t size = 0;

	if (!name || *name != '/') {
		snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d",
			 fd);
		size = readlink(link, where, 4096);
	}
	size = size < 0 ? 0 : size;
	snprintf(where + size, sizeof where - (size_t)size, "%s%s", name && *name != '/' ? "/" : "",
		 name ? name : "");
}

static void tell(const char *call, const char *more, bool ok)
{
	if (trace < 0)
		return;
	int size = snprintf(line, sizeof line, "%lu\t%s\t%s\t%s\t%s\n", count, call, where, more,
			    ok ? "ok" : "failed");
	syscall(SYS_write, trace, line, (size_t)size);
}

static void to_hex(const unsigned char *bytes, size_t size, char *text, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	size_t i = 0;

	for (; trace >= 0 && i < size && 2 * i + 2 < room; i++) {
		text[2 * i] = digits[bytes[i] / 16];
		text[2 * i + 1] = digits[bytes[i] % 16];
	}
	text[2 * i] = '\0';
}

static void die(void)
{
	syscall(SYS_kill, getpid(), SIGKILL);
}

static void write_meanwhile(void)
{
	const char *meanwhile = getenv("KEELTUNE_FAULT_MEANWHILE");
	const char *text = meanwhile ? strchr(meanwhile, ' ') : NULL;
	char file[256];

	if (!text)
		return;
	snprintf(file, sizeof file, "%.*s", (int)(text - meanwhile), meanwhile);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CLOEXEC);
	syscall(SYS_write, fd, text + 1, strlen(text + 1));
	syscall(SYS_close, fd);
}

/* Shall the next call, CALL, fail? Then errno is set. */
static bool fails(const char *call, const char *more)
{
	if (getpid() != program)
		return false;
	count++;
	if ((mode == BEFORE && count == position) || count == death)
		die();
	if ((mode == ONCE && count == position) || (mode == FROM && count >= position)) {
		tell(call, more, false);
		write_meanwhile();
		errno = error;
		return true;
	}
	return false;
}

/* Is `where` (or MORE, the old name of a rename) a file that keeltune is there to change, or the
 * record of what it changed? */
static void follow(const char *call, const char *more)
{
	bool is_rename = !strcmp(call, "rename") || !strcmp(call, "exchange");
	bool is_change = is_rename || !strcmp(call, "unlink") ||
			 (!strcmp(call, "write") && !strncmp(where, "/proc/sys/", 10));
	const char *name = strrchr(where, '/');

	if (strstr(where, "/var/lib/keeltune/"))
		changing =
			changing && !(!strcmp(call, "rename") && !strcmp(name, "/manifest.json"));
	else if (is_change &&
		 (!strstr(name, ".keeltune-new") || (is_rename && !strstr(more, ".keeltune-new"))))
		changing = true;
}

static long done(const char *call, const char *more, long result)
{
	int saved = errno;

	if (getpid() != program)
		return result;
	tell(call, more, result >= 0);
	follow(call, more);
	if (mode == AFTER && count == position)
		die();
	errno = saved;
	return result;
}

#define CALL(call, more, ...) (fails(call, more) ? -1 : (int)done(call, more, syscall(__VA_ARGS__)))

static int open_it(int directory, const char *name, int flags, mode_t permissions)
{
	char more[64];
	int fd;

	bool is_count = strstr(name, ".gcda"); /* of make coverage */

	if (((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) || is_count)
		return (int)syscall(SYS_openat, directory, name, flags, permissions);
	find(directory, name);
	snprintf(more, sizeof more, "%s%s%o", flags & O_CREAT ? "create " : "",
		 flags & O_TRUNC ? "truncate " : "", permissions);
	fd = CALL("open", more, SYS_openat, directory, name, flags, permissions);
	if (fd >= 0 && fd < (int)sizeof writable)
		writable[fd] = true;
	return fd;
}

/* NOLINTBEGIN: the C library's own names */
int openat(int directory, const char *name, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t permissions = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_it(directory, name, flags, permissions);
}

int open(const char *name, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t permissions = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_it(AT_FDCWD, name, flags, permissions);
}

int __open_2(const char *name, int flags);
int __open_2(const char *name, int flags)
{
	return open_it(AT_FDCWD, name, flags, 0);
}

int __openat_2(int directory, const char *name, int flags);
int __openat_2(int directory, const char *name, int flags)
{
	return open_it(directory, name, flags, 0);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	static char hex[60000];

	if (fd < 0 || fd >= (int)sizeof writable || !writable[fd])
		return syscall(SYS_write, fd, bytes, size);
	find(fd, NULL);
	size_t half = mode == SHORT && count + 1 == position ? (size + 1) / 2 : size;
	to_hex(bytes, half, hex, sizeof hex);
	return fails("write", hex) ? -1 : done("write", hex, syscall(SYS_write, fd, bytes, half));
}

int close(int fd)
{
	if (fd < 0 || fd >= (int)sizeof writable || !writable[fd])
		return (int)syscall(SYS_close, fd);
	writable[fd] = false;
	find(fd, NULL);
	bool failing = fails("close", "");
	int rc = (int)syscall(SYS_close, fd);
	if (failing)
		errno = error;
	return failing ? -1 : (int)done("close", "", rc);
}

int fsync(int fd)
{
	find(fd, NULL);
	return CALL("fsync", "", SYS_fsync, fd);
}

int ftruncate(int fd, off_t size)
{
	char more[32];
	find(fd, NULL);
	snprintf(more, sizeof more, "%ld", (long)size);
	return CALL("ftruncate", more, SYS_ftruncate, fd, size);
}

int fchmod(int fd, mode_t permissions)
{
	char more[32];
	find(fd, NULL);
	snprintf(more, sizeof more, "%o", permissions);
	return CALL("fchmod", more, SYS_fchmod, fd, permissions);
}

int fchown(int fd, uid_t owner, gid_t group)
{
	char more[32];
	find(fd, NULL);
	snprintf(more, sizeof more, "%u %u", owner, group);
	return CALL("fchown", more, SYS_fchown, fd, owner, group);
}

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	char more[8192];
	int length = snprintf(more, sizeof more, "%s ", name);
	find(fd, NULL);
	to_hex(value, size, more + length, sizeof more - (size_t)length);
	return CALL("fsetxattr", more, SYS_fsetxattr, fd, name, value, size, flags);
}

int fremovexattr(int fd, const char *name)
{
	find(fd, NULL);
	return CALL("fremovexattr", name, SYS_fremovexattr, fd, name);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to,
	      unsigned flags)
{
	char old[4096];
	find(from_directory, from);
	snprintf(old, sizeof old, "%.4095s", where);
	find(to_directory, to);
	return CALL(flags & RENAME_EXCHANGE ? "exchange" : "rename", old, SYS_renameat2,
		    from_directory, from, to_directory, to, flags);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	return renameat2(from_directory, from, to_directory, to, 0);
}

int unlinkat(int directory, const char *name, int flags)
{
	find(directory, name);
	return CALL(flags & AT_REMOVEDIR ? "rmdir" : "unlink", "", SYS_unlinkat, directory, name,
		    flags);
}

int mkdirat(int directory, const char *name, mode_t permissions)
{
	char more[32];
	find(directory, name);
	snprintf(more, sizeof more, "%o", permissions);
	return CALL("mkdir", more, SYS_mkdirat, directory, name, permissions);
}
/* NOLINTEND */
