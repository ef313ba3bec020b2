// SPDX-License-Identifier: MIT
/* Audits of other hosts as `keeltune fleet` takes them: a stream of JSON documents. The first byte
 * is the size of the pieces in which it comes; in pieces and as a whole it must be the same. */
#include "documents.h"
#include "error.h"
#include "fleet.h"
#include "fuzz.h"
#include "pool.h"

#include <string.h>

struct taken {
	struct fleet *fleet;
	uint32_t file;
};

static void take(void *context, const struct document *document)
{
	struct taken *taken = context;
	struct audit_file file = { 0 };
	struct error err = { 0 };
	size_t line = 0;

	if (document->problem) {
		fleet_add_broken(taken->fleet, taken->file, document->line, document->problem);
		return;
	}
	if (audit_file_read(document->bytes, document->size, &file, &line, &err) < 0) {
		REQUIRE(*err.message);
		fleet_add_broken(taken->fleet, taken->file, document->line + line, err.message);
	} else {
		REQUIRE(file.name.bytes);
		for (size_t i = 0; i < file.count; i++)
			REQUIRE(file.findings[i].id.bytes &&
				file.findings[i].verdict < VERDICT_COUNT);
		fleet_add(taken->fleet, &file, taken->file, document->line);
	}
	audit_file_done(&file);
}

static struct fleet *read_all(struct pool *pool, const char *bytes, size_t size, size_t piece)
{
	struct taken taken = { .fleet = fleet_new(pool, 1800000000) };
	struct documents *documents = documents_new(take, &taken);

	taken.file = fleet_text(taken.fleet, "f");
	for (size_t at = 0; at < size; at += piece)
		documents_feed(documents, bytes + at, size - at < piece ? size - at : piece);
	documents_end(documents);
	documents_free(documents);
	return taken.fleet;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_recipe recipe = { data, data + size };
	size_t piece = 4 + fuzz_byte(&recipe); /* the first four bytes tell compressed files */
	size_t rest = (size_t)(recipe.end - recipe.at);
	struct pool *pool = pool_new();
	const char *bytes = fuzz_text(pool, recipe.at, rest);

	struct fleet *whole = read_all(pool, bytes, rest, rest ? rest : 1);
	struct fleet *pieces = read_all(pool, bytes, rest, piece);
	REQUIRE(whole->reports == pieces->reports);
	REQUIRE(whole->broken_count == pieces->broken_count);
	REQUIRE(fleet_host_count(whole) == fleet_host_count(pieces));
	for (size_t i = 0; i < fleet_host_count(whole); i++)
		REQUIRE(whole->hosts[i].pattern == pieces->hosts[i].pattern &&
			whole->hosts[i].line == pieces->hosts[i].line);
	fleet_free(whole);
	fleet_free(pieces);
	pool_free(pool);
	return 0;
}
