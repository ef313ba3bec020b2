// SPDX-License-Identifier: MIT
/* The outputs of a command: files of the caller, not of the host's root; see store.h. */
#include "cleanup.h"
#include "store-work.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What the caller has open already is written to where it stands, not opened anew or replaced: it
 * may be a file that is appended to. -1: PATH is not the name of a descriptor. */
static int descriptor_of(const char *path)
{
	static const char *const prefixes[] = { "/dev/fd/", "/proc/self/fd/" };
	uint64_t number;

	if (!strcmp(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (!strcmp(path, "/dev/stderr"))
		return STDERR_FILENO;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t size = strlen(prefixes[i]);
		if (!strncmp(path, prefixes[i], size) &&
		    parse_decimal(path + size, INT_MAX, &number))
			return (int)number;
	}
	return -1;
}

bool store_output_possible(const char *path)
{
	char directory[PATH_MAX], real[PATH_MAX];
	int fd = descriptor_of(path);
	struct stat st;

	if (fd >= 0)
		return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	bool is_there = !stat(path, &st);
	if (is_there && !S_ISREG(st.st_mode))
		return !S_ISDIR(st.st_mode) && !access(path, W_OK);
	if (is_there && realpath(path, real))
		path = real;
	const char *slash = strrchr(path, '/');
	int length = snprintf(directory, sizeof directory, "%.*s",
			      slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return length > 0 && (size_t)length < sizeof directory && !access(directory, W_OK | X_OK);
}

static int send_datagram(int fd, const char *bytes, size_t size)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	for (;;) {
		if (send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (errno == EAGAIN && !poll(&room, 1, 5000))
			return -ETIMEDOUT;
	}
}

int store_send(const char *path, const char *text, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int rc = 0;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address))
		return -errno;
	while (size && !rc) {
		const char *empty = memmem(text, size, "\n\n", 2);
		size_t length = empty ? (size_t)(empty - text) + 1 : size;
		rc = send_datagram(fd, text, length);
		length += empty != NULL;
		text += length;
		size -= length;
	}
	return rc;
}

int store_put_output(const char *path, const char *bytes, size_t size)
{
	char real[PATH_MAX], directory_name[PATH_MAX];
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	struct image image = { .exists = true,
			       .bytes = bytes,
			       .size = size,
			       .mode = 0666 & ~mask,
			       .uid = geteuid(),
			       .gid = getegid() };

	int open_one = descriptor_of(path);
	if (open_one >= 0)
		return store_write_all(open_one, bytes, size);
	if (!stat(path, &st)) {
		/* A pipe, a terminal or /dev/null is written to; a file is replaced, a link stays.
		 */
		if (S_ISSOCK(st.st_mode))
			return store_send(path, bytes, size);
		if (!S_ISREG(st.st_mode)) {
			autofd int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
			return fd < 0 ? -errno : store_write_all(fd, bytes, size);
		}
		if (!realpath(path, real))
			return -errno; /* unreached: it was there a moment ago */
		path = real;
		image.mode = st.st_mode & 0777;
		image.uid = st.st_uid;
		image.gid = st.st_gid;
	} else if (!lstat(path, &st)) {
		return -ENOENT; /* a link to nothing */
	}
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int length = snprintf(directory_name, sizeof directory_name, "%.*s",
			      slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (length < 0 || (size_t)length >= sizeof directory_name || !*name)
		return -EINVAL;
	autofd int directory = open(directory_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	/* Outputs have no lock: a name of its own for each process. */
	char temporary[NAME_MAX + 1];
	length = snprintf(temporary, sizeof temporary, ".%.200s.%d.keeltune-new", name, getpid());
	int rc = length < 0 ? -EINVAL : store_write_temporary(directory, temporary, &image);
	if (rc == -EEXIST)
		return rc; /* somebody else's */
	if (!rc && renameat(directory, temporary, directory, name))
		rc = -errno;
	if (rc)
		unlinkat(directory, temporary, 0);
	return rc ? rc : store_sync(directory);
}
