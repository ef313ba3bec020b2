// SPDX-License-Identifier: MIT
/* A transaction as JSON and back, see manifest.h. Pure: bytes in, bytes out. Believes nothing that
 * a manifest says: a path outside the fixed list of targets makes it no rollback file. */
#include "manifest.h"

#include "cleanup.h"
#include "diff.h"
#include "error.h"
#include "escape.h"
#include "pool.h"
#include "process-change.h"
#include "target.h"

#include <errno.h>
#include <jansson.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1
#define CHANGES_MAX 4096 /* one for each place */

static const char *const state_names[TRANSACTION_STATE_COUNT] = { "prepared", "applied",
								  "recovering", "rolled-back" };

static const char *const kind_names[CHANGE_KIND_COUNT] = { "file", "sysctl", "nofile",
							   "keepalive" };

const char *change_kind_name(enum change_kind kind)
{
	return kind_names[kind];
}

const char *transaction_state_name(enum transaction_state state)
{
	return state_names[state];
}

const char *manifest_digest(struct pool *pool, const char *bytes, size_t size)
{
	char *hex = pool_alloc(pool, SHA256_DIGEST_STRING_LENGTH);

	return SHA256Data((const uint8_t *)bytes, size, hex);
}
/* ---- targets ----------------------------------------------------------------------------- */

static bool is_plain(const char *path)
{
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	if (strstr(path, "//") || strstr(path, "/./") || strstr(path, "/../"))
		return false;
	const char *name = strrchr(path, '/');
	return name && name[1] && strcmp(name, "/.") != 0 && strcmp(name, "/..") != 0;
}

/* The places that keeltune may ever have changed: a manifest that names another one is not ours. */
bool manifest_is_target(enum change_kind kind, const char *path)
{
	if (!is_plain(path))
		return false;
	if (kind == CHANGE_SYSCTL)
		return !strncmp(path, "/proc/sys/", strlen("/proc/sys/"));
	struct process_identity place;
	if (change_is_of_process(kind))
		return process_place_parse(kind, path, &place);
	return target_is_file(path);
}

/* ---- encoding ---------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	if (!string && text) /* not UTF-8: keep what can be kept */
		string = json_sprintf("(%zu bytes that are not UTF-8)", strlen(text));
	return string ? string : json_null();
}

/* NULL: a name is not UTF-8. */
static json_t *encode_xattrs(struct pool *pool, const struct image *image)
{
	json_t *object = json_object();

	for (size_t i = 0; i < image->xattr_count; i++) {
		const struct xattr *xattr = &image->xattrs[i];
		char *hex = pool_alloc(pool, 2 * xattr->size + 1);
		for (size_t j = 0; j < xattr->size; j++)
			snprintf(hex + 2 * j, 3, "%02x", ((const unsigned char *)xattr->bytes)[j]);
		if (json_object_set_new(object, xattr->name, json_string(hex)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *encode_image(struct pool *pool, enum change_kind kind, const struct image *image)
{
	if (!image->exists)
		return json_null();
	if (kind != CHANGE_FILE)
		return json_stringn(image->bytes, image->size);
	return json_pack(
		"{s:s, s:s, s:I, s:I, s:o}", "sha256",
		image->sha256 ? image->sha256 : manifest_digest(pool, image->bytes, image->size),
		"mode", pool_printf(pool, "%04o", image->mode), "uid", (json_int_t)image->uid,
		"gid", (json_int_t)image->gid, "xattrs", encode_xattrs(pool, image));
}

static json_t *encode_strings(const char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, text_or_null(strings[i]));
	return array;
}

/* What `history show` prints: of a loaded transaction what it says, of a new one the bytes before
 * and after. */
static json_t *encode_diff(struct pool *pool, const struct change *change)
{
	size_t size;

	if (change->kind != CHANGE_FILE)
		return json_null();
	if (change->diff || !change->after.bytes)
		return text_or_null(change->diff);
	const char *diff = diff_unified(pool, change, &size);
	return json_string(escape_utf8(pool, diff, size));
}

static json_t *encode_changes(struct pool *pool, const struct transaction *transaction)
{
	json_t *array = json_array();

	for (size_t i = 0; i < transaction->count; i++) {
		const struct change *change = &transaction->changes[i];
		json_array_append_new(
			array, json_pack("{s:o, s:s, s:s, s:b, s:o, s:o, s:o}", "id",
					 encode_strings(change->ids, change->id_count), "kind",
					 kind_names[change->kind], "path", change->path, "release",
					 change->release, "before",
					 encode_image(pool, change->kind, &change->before), "after",
					 encode_image(pool, change->kind, &change->after), "diff",
					 encode_diff(pool, change)));
	}
	return array;
}

static json_t *encode_sources(const struct transaction *transaction)
{
	json_t *array = json_array();

	for (size_t i = 0; i < transaction->source_count; i++) {
		const struct profile_digest *source = &transaction->sources[i];
		json_array_append_new(array, json_pack("{s:o, s:o, s:s}", "name",
						       text_or_null(source->name), "file",
						       text_or_null(source->file), "sha256",
						       source->sha256));
	}
	return array;
}

static json_t *encode_actor(const struct actor *actor)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "uid", (json_int_t)actor->uid, "login",
			 text_or_null(actor->login), "sudo_user", text_or_null(actor->sudo_user),
			 "command", text_or_null(actor->command), "comment",
			 text_or_null(actor->comment));
}

static json_t *encode_netns(const struct transaction *transaction)
{
	if (!transaction->netns)
		return json_null();
	return json_pack("{s:o, s:I, s:I}", "name", text_or_null(transaction->netns), "inode",
			 (json_int_t)transaction->netns_id, "cookie",
			 (json_int_t)transaction->netns_cookie);
}

int manifest_encode(struct pool *pool, const struct transaction *transaction,
		    const char *ret_bytes[TRANSACTION_STATE_COUNT], struct error *err)
{
	/* A value that was left out for want of memory would be missed when it is to be put back.
	 */
	json_set_alloc_funcs(pool_malloc, free);
	json_t *manifest = json_pack(
		"{s:i, s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format",
		FORMAT, "tool", "keeltune " KEELTUNE_VERSION, "id", transaction->id, "sequence",
		(json_int_t)transaction->sequence, "time", transaction->time, "state", "",
		"profiles", text_or_null(transaction->profiles), "machine_id",
		text_or_null(transaction->machine_id), "boot_id",
		text_or_null(transaction->boot_id), "netns", encode_netns(transaction), "by",
		encode_actor(&transaction->actor), "sources", encode_sources(transaction),
		"directories",
		encode_strings(transaction->directories, transaction->directory_count), "changes",
		encode_changes(pool, transaction));

	for (size_t i = 0; i < TRANSACTION_STATE_COUNT; i++) {
		json_object_set_new(manifest, "state", json_string(state_names[i]));
		autofree char *text = json_dumps(manifest, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		if (!text) {
			json_decref(manifest);
			return error_set(err, -EINVAL,
					 "a value is not UTF-8: no rollback file possible");
		}
		ret_bytes[i] = pool_printf(pool, "%s\n", text);
	}
	json_decref(manifest);

	/* What could not be read back could not be undone. */
	const char *bytes = ret_bytes[TRANSACTION_PREPARED];
	struct transaction same = { 0 };
	const char *why = manifest_decode(pool, transaction->id, bytes, strlen(bytes), &same);
	if (!why && same.count != transaction->count)
		why = "a path or value is not UTF-8";
	return why ? error_set(err, -EINVAL, "no rollback file possible: %s", why) : 0;
}

/* ---- decoding ---------------------------------------------------------------------------- */

static const char *get_text(struct pool *pool, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? pool_strdup(pool, text) : NULL;
}

static uint64_t get_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number > 0 ? (uint64_t)number : 0;
}

static size_t get_strings(struct pool *pool, const json_t *array, const char ***ret_strings)
{
	size_t count = 0, index;
	const char **strings = NULL;
	json_t *item;

	json_array_foreach (array, index, item) {
		if (!json_is_string(item))
			continue;
		strings = pool_extend(pool, (void *)strings, count, sizeof *strings);
		strings[count++] = pool_strdup(pool, json_string_value(item));
	}
	*ret_strings = strings;
	return count;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool decode_xattrs(struct pool *pool, json_t *object, struct image *image)
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		const char *hex = json_string_value(value);
		if (!hex || strlen(hex) % 2 || !xattr_is_kept(name))
			return false;
		size_t size = strlen(hex) / 2;
		unsigned char *bytes = pool_alloc(pool, size + 1);
		for (size_t i = 0; i < size; i++) {
			int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
			if (high < 0 || low < 0)
				return false;
			bytes[i] = (unsigned char)(high * 16 + low);
		}
		image->xattrs =
			pool_extend(pool, image->xattrs, image->xattr_count, sizeof *image->xattrs);
		image->xattrs[image->xattr_count++] = (struct xattr){
			.name = pool_strdup(pool, name), .bytes = bytes, .size = size
		};
	}
	return true;
}

static bool decode_file_image(struct pool *pool, const json_t *json, struct image *image)
{
	const json_t *uid = json_object_get(json, "uid"), *gid = json_object_get(json, "gid");
	unsigned mode = 0;

	image->exists = !json_is_null(json);
	if (!image->exists)
		return true;
	image->sha256 = get_text(pool, json, "sha256");
	const char *octal = json_string_value(json_object_get(json, "mode"));
	if (!image->sha256 || strlen(image->sha256) != 64 || !octal || strlen(octal) > 5 ||
	    strspn(octal, "01234567") != strlen(octal))
		return false;
	for (const char *p = octal; *p; p++)
		mode = mode * 8 + (unsigned)(*p - '0');
	/* A file that keeltune changed is never setuid, and belongs to somebody. */
	if (mode > 0777 || !json_is_integer(uid) || !json_is_integer(gid) ||
	    json_integer_value(uid) < 0 || json_integer_value(uid) >= UINT32_MAX ||
	    json_integer_value(gid) < 0 || json_integer_value(gid) >= UINT32_MAX)
		return false;
	image->mode = mode;
	image->uid = (uid_t)json_integer_value(uid);
	image->gid = (gid_t)json_integer_value(gid);
	return decode_xattrs(pool, json_object_get(json, "xattrs"), image);
}

static bool decode_image(struct pool *pool, enum change_kind kind, const json_t *json,
			 struct image *image)
{
	if (!json)
		return false;
	if (kind == CHANGE_FILE)
		return decode_file_image(pool, json, image);
	const char *text = json_string_value(json);
	if (!text || (kind != CHANGE_KEEPALIVE && strlen(text) > 4000))
		return false;
	*image = (struct image){ .exists = true,
				 .bytes = pool_strdup(pool, text),
				 .size = strlen(text) };
	return true;
}

static bool decode_process_change(struct pool *pool, struct change *change)
{
	struct nofile limit;

	if (change->kind == CHANGE_KEEPALIVE)
		change->sockets = socket_values_parse(pool, &change->before, &change->after);
	return change->kind == CHANGE_KEEPALIVE ? change->sockets != NULL
	       : change->kind == CHANGE_NOFILE  ? nofile_parse(&change->before, &limit) &&
							 nofile_parse(&change->after, &limit)
					       : true;
}

static bool decode_change(struct pool *pool, const json_t *json, struct change *change)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));

	change->kind = CHANGE_FILE;
	while (kind && change->kind < CHANGE_KIND_COUNT && strcmp(kind, kind_names[change->kind]))
		change->kind++;
	if (!kind || change->kind == CHANGE_KIND_COUNT)
		return false;
	change->path = get_text(pool, json, "path");
	change->release = json_is_true(json_object_get(json, "release"));
	change->diff = get_text(pool, json, "diff");
	change->id_count = get_strings(pool, json_object_get(json, "id"), &change->ids);
	return change->path && manifest_is_target(change->kind, change->path) &&
	       decode_image(pool, change->kind, json_object_get(json, "before"), &change->before) &&
	       decode_image(pool, change->kind, json_object_get(json, "after"), &change->after) &&
	       decode_process_change(pool, change);
}

static const char *decode_changes(struct pool *pool, const json_t *array,
				  struct transaction *transaction)
{
	size_t index;
	json_t *item;

	if (!json_is_array(array))
		return "it has no list of changes";
	if (json_array_size(array) > CHANGES_MAX)
		return "it has more changes than keeltune makes";
	transaction->changes =
		pool_alloc(pool, json_array_size(array) * sizeof *transaction->changes);
	json_array_foreach (array, index, item) {
		if (!decode_change(pool, item, &transaction->changes[transaction->count]))
			return pool_printf(pool, "change %zu is not one that keeltune makes",
					   index + 1);
		for (size_t i = 0; i < index; i++)
			if (!strcmp(transaction->changes[i].path, transaction->changes[index].path))
				return pool_printf(pool, "changes %zu and %zu are of the same path",
						   i + 1, index + 1);
		transaction->count++;
	}
	return NULL;
}

static void decode_sources(struct pool *pool, const json_t *array, struct transaction *transaction)
{
	struct profile_digest *sources = pool_alloc(pool, json_array_size(array) * sizeof *sources);
	size_t index, count = 0;
	json_t *item;

	json_array_foreach (array, index, item) {
		const char *sha256 = get_text(pool, item, "sha256");
		if (sha256)
			sources[count++] =
				(struct profile_digest){ .name = get_text(pool, item, "name"),
							 .file = get_text(pool, item, "file"),
							 .sha256 = sha256 };
	}
	transaction->sources = sources;
	transaction->source_count = count;
}

static const char *decode(struct pool *pool, const char *id, const json_t *manifest,
			  struct transaction *transaction)
{
	const json_t *format = json_object_get(manifest, "format");
	const json_t *sequence = json_object_get(manifest, "sequence");
	const json_t *by = json_object_get(manifest, "by");
	const char *state = json_string_value(json_object_get(manifest, "state"));
	const char *name = json_string_value(json_object_get(manifest, "id"));

	if (!json_is_integer(format) || json_integer_value(format) != FORMAT)
		return "its format is not 1";
	if (!name || strcmp(name, id))
		return "its id is not the name of its directory";
	transaction->state = TRANSACTION_STATE_COUNT;
	for (enum transaction_state i = 0; state && i < TRANSACTION_STATE_COUNT; i++)
		if (!strcmp(state, state_names[i]))
			transaction->state = i;
	if (transaction->state == TRANSACTION_STATE_COUNT)
		return "its state is unknown";

	transaction->id = pool_strdup(pool, id);
	transaction->sequence =
		json_integer_value(sequence) > 0 ? (uint64_t)json_integer_value(sequence) : 0;
	transaction->time = get_text(pool, manifest, "time");
	transaction->profiles = get_text(pool, manifest, "profiles");
	transaction->machine_id = get_text(pool, manifest, "machine_id");
	transaction->boot_id = get_text(pool, manifest, "boot_id");
	if (!transaction->time || !transaction->profiles)
		return "time or profiles are missing";
	transaction->actor = (struct actor){
		.login = get_text(pool, by, "login"),
		.sudo_user = get_text(pool, by, "sudo_user"),
		.command = get_text(pool, by, "command"),
		.comment = get_text(pool, by, "comment"),
		.uid = (uid_t)json_integer_value(json_object_get(by, "uid")),
	};
	const json_t *netns = json_object_get(manifest, "netns");
	if (json_is_object(netns)) {
		transaction->netns = get_text(pool, netns, "name");
		transaction->netns_id = get_number(netns, "inode");
		transaction->netns_cookie = get_number(netns, "cookie");
		if (!transaction->netns || !transaction->netns_id)
			return "its network namespace has no name or inode";
	}
	decode_sources(pool, json_object_get(manifest, "sources"), transaction);
	transaction->directory_count = get_strings(pool, json_object_get(manifest, "directories"),
						   &transaction->directories);
	for (size_t i = 0; i < transaction->directory_count; i++)
		if (!is_plain(transaction->directories[i]) ||
		    !target_is_directory(transaction->directories[i]))
			return "it names a directory that keeltune never creates";
	return decode_changes(pool, json_object_get(manifest, "changes"), transaction);
}

const char *manifest_decode(struct pool *pool, const char *id, const char *bytes, size_t size,
			    struct transaction *ret_transaction)
{
	struct transaction transaction = { 0 };
	json_error_t error;

	json_set_alloc_funcs(pool_malloc, free);
	json_t *manifest = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
	const char *why = manifest ? decode(pool, id, manifest, &transaction)
				   : pool_printf(pool, "line %d: %s", error.line, error.text);

	json_decref(manifest);
	if (!why)
		*ret_transaction = transaction;
	return why;
}
