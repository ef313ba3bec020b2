// SPDX-License-Identifier: MIT
/* The outputs of a command: files of the caller, not of the host's root; see store.h. */
#include "cleanup.h"
#include "error.h"
#include "place.h"
#include "store-work.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
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

static int say(int rc, struct error *err)
{
	return rc && !*err->message ? error_set(err, rc, "%s", strerror(-rc)) : rc;
}

/* It must be open before anything else is opened, which could get its number. */
static bool is_closed(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH);
}

bool store_output_is_closed(const char *path)
{
	int fd = descriptor_of(path);

	return fd >= 0 && is_closed(fd);
}

static int check(const char *path, struct error *err)
{
	autoplace struct place place = { .directory = -1, .file = -1 };
	int fd = descriptor_of(path);

	if (fd >= 0)
		return is_closed(fd) ? -EBADF : 0;
	int rc = place_find(path, &place, err);
	if (rc)
		return rc;
	if (place.file < 0 || S_ISREG(place.at.st_mode))
		return faccessat(place.directory, ".", W_OK | X_OK, 0) ? -errno : 0;
	if (S_ISDIR(place.at.st_mode))
		return -EISDIR;
	return faccessat(place.directory, place.name, W_OK, 0) ? -errno : 0;
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

/* ---- writing ------------------------------------------------------------------------------ */

/* A pipe, a terminal, /dev/null: written to. */
static int put_special(const struct place *place, const char *bytes, size_t size)
{
	autofd int fd =
		openat(place->directory, place->name, O_WRONLY | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_dev != place->at.st_dev || st.st_ino != place->at.st_ino)
		return -ESTALE;
	return store_write_all(fd, bytes, size);
}

/* Outputs have no lock: a name of its own for each, that nobody can have taken before. */
static int temporary_name(const char *name, char temporary[NAME_MAX + 1])
{
	uint64_t number;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = (uint64_t)getpid(); /* so early nobody is there who could */
	int size = snprintf(temporary, NAME_MAX + 1, ".%.200s.%016" PRIx64 ".keeltune-new", name,
			    number);
	return size < 0 ? -EINVAL : 0;
}

static int replace(const struct place *place, const struct image *image)
{
	autofd int directory = openat(place->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char temporary[NAME_MAX + 1];
	int rc = directory < 0 ? -errno : temporary_name(place->name, temporary);

	if (!rc)
		rc = store_write_temporary(directory, temporary, image);
	if (rc == -EEXIST || directory < 0)
		return rc; /* somebody else's */
	if (!rc && renameat(directory, temporary, directory, place->name))
		rc = -errno;
	if (rc)
		unlinkat(directory, temporary, 0);
	return rc ? rc : store_sync(directory);
}

static int put(const char *path, const char *bytes, size_t size, struct error *err)
{
	autoplace struct place place = { .directory = -1, .file = -1 };
	int fd = descriptor_of(path);

	if (fd >= 0)
		return store_write_all(fd, bytes, size);
	int rc = place_find(path, &place, err);
	if (rc)
		return rc;
	mode_t mask = umask(0);
	umask(mask);
	struct image image = { .exists = true,
			       .bytes = bytes,
			       .size = size,
			       .mode = 0666 & ~mask,
			       .uid = geteuid(),
			       .gid = getegid() };
	if (place.file >= 0 && S_ISSOCK(place.at.st_mode)) {
		char name[40];
		snprintf(name, sizeof name, "/proc/self/fd/%d", place.file);
		return store_send(name, bytes, size);
	}
	if (place.file >= 0 && !S_ISREG(place.at.st_mode))
		return put_special(&place, bytes, size);
	if (place.file >= 0) {
		image.mode = place.at.st_mode & 0777;
		image.uid = place.at.st_uid;
		image.gid = place.at.st_gid;
	}
	return replace(&place, &image);
}

int store_put_output(const char *path, const char *bytes, size_t size, struct error *err)
{
	*err->message = '\0';
	return say(put(path, bytes, size, err), err);
}

int store_output_possible(const char *path, struct error *err)
{
	*err->message = '\0';
	return say(check(path, err), err);
}
