// SPDX-License-Identifier: MIT
/* A file of samples, line by line, see recording.h: of a file without an end a gigabyte is read,
 * and of a line without an end nothing is kept. */
#include "recording.h"

#include "cleanup.h"
#include "error.h"
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX (1ull << 30)
#define NAMED_MAX 20 /* broken lines that are named one by one */

struct reader {
	struct recording *recording;
	struct notes *notes;
	struct origin origin; /* of the line being read */
	char *line;           /* room for RECORDING_LINE_MAX */
	size_t size;
	bool is_long; /* the line has no room; the rest of it is passed over */
	size_t broken;
};

static void name_broken(struct reader *reader, const char *why)
{
	if (reader->broken++ < NAMED_MAX)
		notes_add(reader->notes, NULL, reader->origin, "skipped: %s", why);
}

static void end_line(struct reader *reader)
{
	struct error err;

	if (reader->is_long)
		name_broken(reader, "longer than any sample");
	else if (reader->size &&
		 recording_add(reader->recording, reader->line, reader->size, &err) < 0)
		name_broken(reader, err.message);
	reader->size = 0;
	reader->is_long = false;
	reader->origin.line++;
}

static void take(struct reader *reader, const char *bytes, size_t size)
{
	while (size) {
		const char *newline = memchr(bytes, '\n', size);
		size_t length = newline ? (size_t)(newline - bytes) : size;
		if (length > RECORDING_LINE_MAX - reader->size)
			reader->is_long = true;
		if (!reader->is_long) {
			memcpy(reader->line + reader->size, bytes, length);
			reader->size += length;
		}
		if (newline)
			end_line(reader);
		length += newline != NULL;
		bytes += length;
		size -= length;
	}
}

int recording_read(struct recording *recording, const char *path, struct notes *notes,
		   size_t *ret_broken, struct error *err)
{
	char buffer[65536];
	uint64_t left = BYTES_MAX;
	ssize_t size = 1;
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	autofree char *line = malloc(RECORDING_LINE_MAX);
	struct reader reader = { .recording = recording,
				 .notes = notes,
				 .origin = { .file = path, .line = 1 },
				 .line = line };

	if (fd < 0 || !line)
		return error_set(err, fd < 0 ? -errno : -ENOMEM, "%s: %s", path, strerror(errno));
	while (left && size) {
		size = read(fd, buffer, sizeof buffer < left ? sizeof buffer : (size_t)left);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return error_set(err, -errno, "%s: %s", path, strerror(errno));
		take(&reader, buffer, (size_t)size);
		left -= (uint64_t)size;
	}
	if (reader.size || reader.is_long)
		end_line(&reader);
	if (reader.broken > NAMED_MAX)
		notes_add(notes, NULL, (struct origin){ .file = path },
			  "skipped: %zu further lines that are no samples",
			  reader.broken - NAMED_MAX);
	if (!left) {
		notes_add(notes, NULL, (struct origin){ .file = path },
			  "larger than a gigabyte: the rest was not read");
		reader.broken++;
	}
	*ret_broken = reader.broken;
	return 0;
}
