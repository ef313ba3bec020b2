// SPDX-License-Identifier: MIT
/* Findings to changes, see plan-build.h. Providers propose, this file merges, releases what nobody
 * wants any more, refuses what must not be written, and looks at the host as it would then be.
 * Writes nothing. */
#include "plan-build.h"

#include "boot.h"
#include "error.h"
#include "guard.h"
#include "host.h"
#include "journal.h"
#include "override.h"
#include "pool.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- release ----------------------------------------------------------------------------- */

static bool is_wanted(const struct audit *audit, const struct held_change *held)
{
	for (size_t i = 0; i < held->id_count; i++)
		for (size_t j = 0; j < audit->count; j++)
			if (!strcmp(held->ids[i], audit->findings[j].setting->id))
				return true;
	return false;
}

/* What a released key shall hold now: what it held before keeltune in this boot; when keeltune set
 * it in an earlier boot, what this boot would have left without keeltune's line. NULL: not known.
 */
static const char *released_value(struct plan *plan, struct host *host, const struct query *query,
				  const struct held_change *held)
{
	const char *key = sysctl_key_dotted(plan->pool, held->path + strlen("/proc/sys/"));
	const char *boot_id = host_boot_id(host);
	struct boot_value left;

	if (boot_id && held->boot_id && !strcmp(boot_id, held->boot_id))
		return held->original.bytes;
	boot_evaluate(host, query->engines.engine, &key, 1, &left, NULL);
	return left.boot.state == READING_PRESENT ? value_format(plan->pool, left.boot.value)
						  : NULL;
}

static void release_one(struct plan *plan, struct host *host, const struct query *query,
			const struct held_change *held)
{
	struct origin nowhere = { 0 };
	struct image found;

	if (plan_find(plan, held->path) || host_image(host, held->path, &found) < 0)
		return;
	if (!journal_matches(plan->pool, held->kind, &found, &held->current)) {
		if (!journal_matches(plan->pool, held->kind, &found, &held->original))
			notes_add(&plan->notes, NULL, nowhere,
				  "%s was set by keeltune and changed by somebody else since: not "
				  "put back",
				  held->path);
		return;
	}
	const char *id = held->id_count ? held->ids[0] : NULL;
	if (held->kind == CHANGE_FILE) {
		const struct image *original = &held->original;
		if (original->exists && !original->bytes) {
			notes_add(&plan->notes, NULL, nowhere,
				  "%s cannot be put back as it was before keeltune: its copy is "
				  "damaged",
				  held->path);
			return;
		}
		plan_put_file(plan, host, id, held->path, original->exists ? original->bytes : NULL,
			      original->size)
			->release = true;
		return;
	}
	const char *value = released_value(plan, host, query, held);
	bool lowers_ceiling = !strcmp(held->path, "/proc/sys/fs/nr_open") && value &&
			      value_compare(value_parse(plan->pool, value),
					    value_parse(plan->pool, found.bytes)) < 0;
	if (lowers_ceiling)
		notes_add(&plan->notes, NULL, nowhere,
			  "%s keeps its running value until the next boot: a lower one could end "
			  "what runs",
			  held->path);
	else if (value)
		plan_put_kernel(plan, host, id, held->path, value)->release = true;
	else
		notes_add(&plan->notes, NULL, nowhere,
			  "%s keeps its running value until the next boot: nothing says what it "
			  "was before",
			  held->path);
}

/* A set of profiles puts back what an earlier set changed and this one does not name: files when it
 * is applied persistently, running values when it is applied in both planes. */
static void release(struct plan *plan, struct host *host, const struct query *query,
		    const struct audit *audit, const struct held *held)
{
	for (size_t i = 0; i < held->count && query->persistent; i++) {
		const struct held_change *change = &held->changes[i];
		if (change->kind == CHANGE_SYSCTL && (!query->runtime || !host_is_live(host)))
			continue;
		if (!is_wanted(audit, change))
			release_one(plan, host, query, change);
	}
}

/* What the plan may touch. Profiles that want running values only (scope = "runtime") leave what
 * boot and login get as it is, and so release nothing. */
static struct query reach_of(const struct query *query, const struct audit *audit)
{
	struct query reach = *query;
	bool runtime_only = true;

	for (size_t i = 0; i < audit->count; i++)
		runtime_only = runtime_only && audit->findings[i].setting->runtime_only;
	reach.persistent = query->persistent && !runtime_only;
	return reach;
}

/* Lines that somebody added to keeltune's own drop-in go when it is written anew: not without a
 * word, and not where a login depends on them (guard_logins()). */
static void find_lost_edits(struct plan *plan, const struct held *held)
{
	for (size_t i = 0; i < held->count; i++) {
		const struct held_change *known = &held->changes[i];
		struct change *change = plan_find(plan, known->path);
		if (!change || change->kind != CHANGE_FILE)
			continue;
		change->known =
			journal_matches(plan->pool, CHANGE_FILE, &change->before, &known->current);
		if (!change->known)
			notes_add(&plan->notes, NULL, (struct origin){ .file = known->path },
				  "was changed by somebody else since keeltune wrote it; rollback "
				  "puts "
				  "that back");
	}
}

static bool same_content(const struct image *a, const struct image *b)
{
	return a->exists == b->exists &&
	       (!a->exists || (a->size == b->size && !memcmp(a->bytes, b->bytes, a->size)));
}

static void drop_unchanged(struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++) {
		struct change *change = &plan->changes[i];
		if (same_content(&change->before, &change->after))
			continue;
		/* keeltune removes no file but its own drop-in, when nobody wants its lines. */
		change->release |= change->before.exists && !change->after.exists;
		plan->changes[kept++] = *change;
	}
	plan->count = kept;
}

/* A file is replaced, not written into. */
static void note_hard_links(struct plan *plan, struct host *host)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		struct stat st;
		if (change->kind == CHANGE_FILE && change->before.exists &&
		    !host_stat(host, change->path, &st) && st.st_nlink > 1)
			notes_add(&plan->notes, NULL, (struct origin){ .file = change->path },
				  "has %lu names (hard links): the others keep what they have",
				  (unsigned long)st.st_nlink);
	}
}

/* Running values go with their boot: a record that does not tell which one could not be undone. */
static int check_boot_id(const struct plan *plan, struct host *host, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].kind == CHANGE_SYSCTL && !host_boot_id(host))
			return error_set(err, -ENODATA,
					 "%s could not be undone: there is no " BOOT_ID
					 " to read (--persistent does without)",
					 plan->changes[i].path);
	return 0;
}

static void find_missing_directories(struct plan *plan, struct host *host)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];
		if (change->kind != CHANGE_FILE || !change->after.exists)
			continue;
		for (const char *slash = strchr(change->path + 1, '/'); slash;
		     slash = strchr(slash + 1, '/')) {
			const char *directory =
				pool_copy(plan->pool, change->path, (size_t)(slash - change->path));
			bool known = host_exists(host, directory);
			for (size_t j = 0; j < plan->directory_count; j++)
				known = known || !strcmp(plan->directories[j], directory);
			if (known)
				continue;
			plan->directories =
				pool_extend(plan->pool, (void *)plan->directories,
					    plan->directory_count, sizeof *plan->directories);
			plan->directories[plan->directory_count++] = directory;
		}
	}
}

static int propose_kind(struct host *host, const struct query *query,
			const struct provider *provider, const struct audit *audit,
			struct plan *plan, struct error *err)
{
	struct finding *batch = pool_alloc(plan->pool, audit->count * sizeof *batch);
	size_t count = 0;

	for (size_t i = 0; i < audit->count; i++)
		/* Inside a network namespace what is not per namespace is out of reach. */
		if (audit->findings[i].setting->provider == provider &&
		    !(query->netns && audit->findings[i].verdict == VERDICT_SKIPPED))
			batch[count++] = audit->findings[i];
	return provider->propose(host, query, batch, count, plan, err);
}

/* ---- building ---------------------------------------------------------------------------- */

#define ROUNDS 10000 /* lines that --override comments out at most */

static int propose(struct host *host, const struct query *query,
		   const struct provider *const *providers, const struct audit *audit,
		   struct plan *plan, struct error *err)
{
	for (size_t i = 0; providers[i]; i++) {
		int rc = propose_kind(host, query, providers[i], audit, plan, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int plan_build(struct host *host, const struct query *query,
	       const struct provider *const *providers, const struct audit *audit,
	       const struct held *held, const char *override_id, struct plan *ret_plan,
	       struct error *err)
{
	struct pool *pool = host_pool(host);
	struct plan plan = { .pool = pool, .notes.pool = pool };
	/* audit_run() made the findings from one array of settings, in its order. */
	const struct setting *settings = audit->count ? audit->findings[0].setting : NULL;
	const struct query reach = reach_of(query, audit);

	static const char *const nr_open = "fs.nr_open";
	struct boot_value before;
	boot_evaluate(host, query->engines.engine, &nr_open, 1, &before, NULL);
	int rc = propose(host, &reach, providers, audit, &plan, err);
	if (rc < 0)
		return rc;
	size_t proposed = plan.count;
	release(&plan, host, &reach, audit, held);
	if (plan.count != proposed) { /* what was released may be what a proposal rested on */
		audit_run(host, query, settings, audit->count, &plan.remaining);
		rc = propose(host, &reach, providers, &plan.remaining, &plan, err);
		if (rc < 0)
			return rc;
	}
	audit_run(host, query, settings, audit->count, &plan.remaining);
	struct override override = { .plan = &plan, .host = host, .id = override_id };
	for (int i = 0; override_id && i < ROUNDS && override_next(&override, &plan.remaining);
	     i++) {
		rc = propose(host, &reach, providers, &plan.remaining, &plan, err);
		if (rc < 0)
			return rc;
		audit_run(host, query, settings, audit->count, &plan.remaining);
	}
	drop_unchanged(&plan);
	for (size_t i = 0; i < plan.count; i++) {
		rc = guard_target(host, &plan.changes[i], err);
		if (rc < 0)
			return rc;
	}
	find_lost_edits(&plan, held);
	rc = check_boot_id(&plan, host, err);
	if (!rc)
		rc = guard_nr_open(host, query, &plan, before.boot, err);
	if (!rc)
		rc = guard_logins(host, query, audit, &plan, err);
	if (rc < 0)
		return rc;
	note_hard_links(&plan, host);
	find_missing_directories(&plan, host);
	*ret_plan = plan;
	return 0;
}
