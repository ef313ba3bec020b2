// SPDX-License-Identifier: MIT
/* Where a path leads, see place.h. Between two looks at a path, whoever may write to a directory on
 * the way can put a link there: each step is taken once, and nothing is looked up again. */
#include "place.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40

static void enter(struct place *place, int directory)
{
	close(place->directory);
	place->directory = directory;
}

void place_close(struct place *place)
{
	if (place->directory >= 0)
		close(place->directory);
	if (place->file >= 0)
		close(place->file);
	place->directory = place->file = -1;
}

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

static int refuse_link(const struct place *place, struct error *err)
{
	return error_set(err, -EACCES,
			 "the link %s on the way belongs to uid %u, who can lead it anywhere, and "
			 "is not followed; name the file itself",
			 place->name, (unsigned)place->at.st_uid);
}

/* Puts the target of the link that PLACE is at before REST. */
static int follow(struct place *place, char rest[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t size = readlinkat(place->file, "", path, sizeof path);
	size_t left = strlen(rest);

	if (size < 0 || (size_t)size + 1 + left >= sizeof path)
		return size < 0 ? -errno : -ENAMETOOLONG;
	path[size] = left ? '/' : '\0';
	memcpy(path + size + 1, rest, left + 1);
	memcpy(rest, path, (size_t)size + 1 + left + 1);
	close(place->file);
	place->file = -1;
	return 0;
}

/* Goes to the first name of REST, and leaves what is behind it. */
static int go(struct place *place, char rest[PATH_MAX])
{
	size_t skip = strspn(rest, "/"), size = strcspn(rest + skip, "/");
	const char *behind = rest + skip + size;

	if (!size || size > NAME_MAX)
		return size ? -ENAMETOOLONG : -EISDIR;
	if (skip)
		enter(place, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	memcpy(place->name, rest + skip, size);
	place->name[size] = '\0';
	behind += strspn(behind, "/");
	memmove(rest, behind, strlen(behind) + 1);
	place->file = openat(place->directory, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (place->file < 0)
		return errno == ENOENT && !*rest ? 0 : -errno;
	return fstat(place->file, &place->at) ? -errno : 0;
}

/* Through links of root and the caller only. */
static int walk(const char *path, struct place *place, struct error *err)
{
	char rest[PATH_MAX];
	size_t size = strlen(path);
	int rc = 0, links = 0;

	*place = (struct place){ .file = -1,
				 .directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	if (!size || size >= sizeof rest)
		return size ? -ENAMETOOLONG : -ENOENT;
	if (path[size - 1] == '/')
		return -EISDIR;
	memcpy(rest, path, size + 1);
	for (;;) {
		rc = go(place, rest);
		if (rc || place->file < 0)
			return rc;
		if (S_ISLNK(place->at.st_mode)) {
			rc = !is_trusted(place->at.st_uid) ? refuse_link(place, err)
			     : links++ < LINKS_MAX         ? follow(place, rest)
							   : -ELOOP;
			if (rc)
				return rc;
		} else if (!*rest) {
			return 0;
		} else {
			enter(place, place->file);
			place->file = -1;
		}
	}
}

/* Where everybody may make files nobody else's is taken for the output: as the kernel has it with
 * fs.protected_regular and its like, which may be off. */
int place_find(const char *path, struct place *place, struct error *err)
{
	struct stat st;
	int rc = walk(path, place, err);

	if (!rc && fstat(place->directory, &st))
		rc = -errno; /* unreached: of what is open, only a network loses it */
	if (!rc && place->file >= 0 && (st.st_mode & S_ISVTX) && (st.st_mode & S_IWOTH) &&
	    !is_trusted(place->at.st_uid) && place->at.st_uid != st.st_uid)
		return error_set(err, -EACCES,
				 "it belongs to uid %u, in a directory where everybody may make "
				 "files",
				 (unsigned)place->at.st_uid);
	return rc;
}
