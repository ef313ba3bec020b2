/* SPDX-License-Identifier: MIT
 *
 * The JSON of `keeltune audit`, read back, as far as a fleet is about it. Input is not trusted.
 * Pure.
 */
#ifndef KEELTUNE_AUDIT_FILE_H
#define KEELTUNE_AUDIT_FILE_H

#include "json-reader.h"
#include "model.h"

#include <time.h>

struct error;

/* Values are the text of the JSON number or string; null: nothing was said. */
struct audit_entry {
	struct json_text id;
	enum verdict verdict;
	struct json_text want, at_least, at_most;
	struct json_text layer[LAYER_COUNT];
	struct json_text deviations; /* who gets something else, as "account bob 1024, ..." */
	struct json_text reason;
};

struct audit_file {
	struct json_text name, machine_id; /* of the host; the name is never null */
	struct json_text profiles, version, error, interrupted;
	time_t time;
	bool trouble; /* its result */
	bool differs; /* its result, or a finding */
	struct audit_entry *findings;
	size_t count, room;
};

/* BYTES are one JSON document; they are changed, and FILE borrows from them. FILE begins zeroed and
 * may be used again and again, then audit_file_done(). 0; or -EINVAL, what is wrong with it, and in
 * which of its lines (0..). */
int audit_file_read(char *bytes, size_t size, struct audit_file *file, size_t *ret_line,
		    struct error *err);
void audit_file_done(struct audit_file *file);

#endif
