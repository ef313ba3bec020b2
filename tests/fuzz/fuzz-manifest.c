// SPDX-License-Identifier: MIT
/* manifest.json of a rollback file that somebody else may have written. Bytes as they are; or, when
 * the first one is below ' ', a recipe for a transaction, which must come back as it was written.
 */
#include "error.h"
#include "fuzz.h"
#include "manifest.h"
#include "pool.h"
#include "process-change.h"

#include <string.h>

static void take_bytes(struct pool *pool, const uint8_t *data, size_t size)
{
	struct transaction transaction = { 0 };

	if (manifest_decode(pool, "id", fuzz_text(pool, data, size), size, &transaction))
		return;
	REQUIRE(transaction.state < TRANSACTION_STATE_COUNT);
	for (size_t i = 0; i < transaction.count; i++) {
		const struct change *change = &transaction.changes[i];
		REQUIRE(manifest_is_target(change->kind, change->path));
		REQUIRE(!strstr(change->path, "/../") && change->before.mode <= 0777);
		if (change_is_of_process(change->kind))
			(void)process_change_summary(pool, change, &change->before);
	}
}

/* Short texts with everything that JSON escapes, and now and then no UTF-8. */
static const char *make_text(struct pool *pool, struct fuzz_recipe *recipe)
{
	static const char *const pieces[] = { "a",       "\"",       "\\", "\n", "\x1b",
					      "\x7f",    "\xc3\xa4", "/",  " ",  "\xff",
					      "{\"x\":", "%s",       "..", "\t" };
	char *text = pool_alloc(pool, 64);

	for (unsigned left = fuzz_byte(recipe) % 9; left; left--)
		strcat(text, pieces[fuzz_byte(recipe) % (sizeof pieces / sizeof *pieces)]);
	return text;
}

static void make_file_image(struct pool *pool, struct fuzz_recipe *recipe, struct image *image)
{
	struct xattr xattr = { "user.x", "\0\xff", 2 };

	if (fuzz_byte(recipe) % 4 == 0)
		return;
	image->exists = true;
	image->bytes = make_text(pool, recipe);
	image->size = strlen(image->bytes);
	image->mode = (mode_t)fuzz_number(recipe, 2) & 0777;
	image->uid = (uid_t)fuzz_number(recipe, 4) % UINT32_MAX;
	image->gid = (gid_t)fuzz_number(recipe, 4) % UINT32_MAX;
	if (fuzz_byte(recipe) % 4)
		return;
	image->xattrs = pool_alloc(pool, sizeof xattr);
	image->xattrs[0] = xattr;
	image->xattr_count = 1;
}

static struct change make_change(struct pool *pool, struct fuzz_recipe *recipe, unsigned number)
{
	static const char *const paths[] = { "/etc/sysctl.d/%u.conf", "/etc/pam.d/%u",
					     "/etc/security/limits.d/%u.conf",
					     "/etc/systemd/system/%u.service.d/x.conf" };
	struct change change = { .kind = fuzz_byte(recipe) % 4 };
	struct process_identity place = { (pid_t)number + 1, fuzz_number(recipe, 8) | 1 };

	change.release = fuzz_byte(recipe) & 1;
	change.ids = pool_alloc(pool, sizeof *change.ids);
	change.ids[0] = make_text(pool, recipe);
	change.id_count = 1;
	if (change.kind == CHANGE_FILE) {
		char pattern[64];
		snprintf(pattern, sizeof pattern, "%s", paths[fuzz_byte(recipe) % 4]);
		change.path = pool_printf(pool, "%.*s%u%s", (int)(strstr(pattern, "%u") - pattern),
					  pattern, number, strstr(pattern, "%u") + 2);
		make_file_image(pool, recipe, &change.before);
		make_file_image(pool, recipe, &change.after);
	} else if (change.kind == CHANGE_SYSCTL) {
		change.path = pool_printf(pool, "/proc/sys/net/%u", number);
		change.before = (struct image){ .exists = true, .bytes = make_text(pool, recipe) };
		change.after = (struct image){ .exists = true, .bytes = make_text(pool, recipe) };
		change.before.size = strlen(change.before.bytes);
		change.after.size = strlen(change.after.bytes);
	} else if (change.kind == CHANGE_NOFILE) {
		struct nofile limit = { fuzz_number(recipe, 8), UINT64_MAX };
		change.path = process_place_path(pool, change.kind, place);
		change.before = nofile_image(pool, limit);
		limit.soft = fuzz_byte(recipe);
		change.after = nofile_image(pool, limit);
	} else {
		struct socket_values *values = pool_alloc(pool, sizeof *values);
		size_t count = 1 + fuzz_byte(recipe) % 40;
		uint64_t cookie = fuzz_number(recipe, 6);
		values->items = pool_alloc(pool, count * sizeof *values->items);
		for (; values->count < count; values->count++) {
			struct keepalive had = { .on = fuzz_byte(recipe) & 1,
						 .time = 1 + fuzz_byte(recipe) % 3,
						 .intvl = 1,
						 .probes = 1 };
			cookie += 1 + fuzz_byte(recipe) % 3;
			values->items[values->count] =
				(struct socket_value){ cookie, socket_values_spec(values, &had) };
		}
		values->wanted = (struct keepalive){ true, 300, 15, 3 };
		change.path = process_place_path(pool, change.kind, place);
		change.before = socket_values_before(pool, values);
		change.after = socket_values_after(pool, values);
		change.sockets = values;
	}
	return change;
}

static void take_recipe(struct pool *pool, struct fuzz_recipe *recipe)
{
	struct transaction wanted = { .id = "id",
				      .time = "2026-01-02T03:04:05Z",
				      .profiles = make_text(pool, recipe) };
	struct transaction got = { 0 };
	const char *bytes[TRANSACTION_STATE_COUNT];
	struct error err;

	wanted.sequence = fuzz_number(recipe, 7);
	wanted.actor.comment = make_text(pool, recipe);
	wanted.count = 1 + fuzz_byte(recipe) % 6;
	wanted.changes = pool_alloc(pool, wanted.count * sizeof *wanted.changes);
	for (unsigned i = 0; i < wanted.count; i++)
		wanted.changes[i] = make_change(pool, recipe, i);
	if (manifest_encode(pool, &wanted, bytes, &err) < 0)
		return; /* a text was no UTF-8 */
	for (unsigned state = 0; state < TRANSACTION_STATE_COUNT; state++) {
		REQUIRE(!manifest_decode(pool, "id", bytes[state], strlen(bytes[state]), &got));
		REQUIRE(got.state == state && got.count == wanted.count);
		REQUIRE(got.sequence == wanted.sequence);
	}
	for (size_t i = 0; i < wanted.count; i++) {
		const struct change *a = &wanted.changes[i], *b = &got.changes[i];
		REQUIRE(a->kind == b->kind && a->release == b->release &&
			!strcmp(a->path, b->path));
		REQUIRE(a->before.exists == b->before.exists);
		REQUIRE(!a->before.exists || same_attributes(&a->before, &b->before));
		REQUIRE(!a->after.exists || same_attributes(&a->after, &b->after));
		if (a->kind != CHANGE_FILE)
			REQUIRE(!strcmp(a->before.bytes, b->before.bytes) &&
				!strcmp(a->after.bytes, b->after.bytes));
		else if (a->after.exists)
			REQUIRE(!strcmp(b->after.sha256,
					manifest_digest(pool, a->after.bytes, a->after.size)));
		if (a->kind != CHANGE_KEEPALIVE)
			continue;
		REQUIRE(a->sockets->count == b->sockets->count);
		for (size_t j = 0; j < a->sockets->count; j++) {
			const struct socket_value *x = &a->sockets->items[j];
			const struct socket_value *y = &b->sockets->items[j];
			REQUIRE(x->cookie == y->cookie &&
				keepalive_equal(&a->sockets->specs[x->spec],
						&b->sockets->specs[y->spec]));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_recipe recipe = { data + 1, data + size };
	struct pool *pool = pool_new();

	if (size && *data < ' ' && *data != '\n')
		take_recipe(pool, &recipe);
	else
		take_bytes(pool, data, size);
	pool_free(pool);
	return 0;
}
