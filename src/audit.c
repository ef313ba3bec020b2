// SPDX-License-Identifier: MIT
/* Wanted against observed, see audit.h. Judges layer by layer and says why; reads nothing itself.
 */
#include "audit.h"

#include "host.h"
#include "pool.h"

#include <string.h>

struct origin finding_origin(const struct finding *finding)
{
	const struct reading *layer = finding->observed.layer;

	return layer[LAYER_CONFIGURED].origin.file ? layer[LAYER_CONFIGURED].origin
						   : layer[LAYER_BOOT].origin;
}

bool audit_differs_for_apply(const struct audit *audit)
{
	for (size_t i = 0; i < audit->count; i++) {
		const struct finding *finding = &audit->findings[i];
		bool waits = finding->setting->provider->follow_up; /* for a restart */
		if (finding->differs[LAYER_BOOT] || (finding->differs[LAYER_RUNNING] && !waits))
			return true;
	}
	return false;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICT_COUNT] = { "ok", "differs", "unknown", "skipped" };

	return names[verdict];
}

const char *layer_name(enum layer layer)
{
	static const char *const names[LAYER_COUNT] = { "configured", "boot", "running", "live" };

	return names[layer];
}

static void say(struct pool *pool, const char **reason, const char *clause)
{
	*reason = *reason ? pool_printf(pool, "%s; %s", *reason, clause) : clause;
}

static bool is_per_namespace(const struct setting *setting)
{
	return !strncmp(setting->id, "sysctl:net.", strlen("sysctl:net."));
}

static bool is_judged(const struct finding *finding, const struct query *query, enum layer layer)
{
	const struct setting *setting = finding->setting;

	if (finding->observed.layer[layer].state == READING_NOT_APPLICABLE)
		return false;
	switch (layer) {
	case LAYER_BOOT:
		return query->persistent && !setting->runtime_only;
	case LAYER_RUNNING:
		/* Of files-only kinds a login now and after the next boot; mostly the same. */
		return setting->provider->files_only
			       ? query->persistent &&
					 !value_equals(finding->observed.layer[LAYER_RUNNING].value,
						       finding->observed.layer[LAYER_BOOT].value)
			       : query->runtime;
	case LAYER_CONFIGURED: /* what the files say is already in what boot leaves */
	case LAYER_LIVE:
	case LAYER_COUNT:
		break;
	}
	return false;
}

/* A value that the profile would take, but that no profile can make right. */
static const char *outside_safe_range(struct pool *pool, const struct setting *setting,
				      const struct reading *reading)
{
	struct value value = reading->value;

	if (reading->state != READING_PRESENT || !value_is_ordered(value))
		return "";
	if (setting->min.kind != VALUE_NONE && value_compare(value, setting->min) < 0 &&
	    (setting->at_least.kind == VALUE_NONE ? setting->at_most.kind != VALUE_NONE
						  : value_compare(value, setting->at_least) >= 0))
		return pool_printf(pool, ", below the safe minimum %s",
				   value_format(pool, setting->min));
	if (setting->max.kind != VALUE_NONE && value_compare(value, setting->max) > 0 &&
	    (setting->at_most.kind == VALUE_NONE ? setting->at_least.kind != VALUE_NONE
						 : value_compare(value, setting->at_most) <= 0))
		return pool_printf(pool, ", above the safe maximum %s",
				   value_format(pool, setting->max));
	return "";
}

static void explain_difference(struct pool *pool, struct finding *finding, enum layer layer)
{
	const struct reading *reading = &finding->observed.layer[layer];
	const struct provider *provider = finding->setting->provider;
	const char *value =
		reading->state == READING_PRESENT ? value_format(pool, reading->value) : "nothing";

	const char *phrase = layer == LAYER_BOOT ? provider->boot_phrase
			     : provider->files_only
				     ? pool_printf(pool, "now %s", provider->boot_phrase)
				     : "the running value is";
	const char *clause = pool_printf(pool, "%s %s%s", phrase, value,
					 outside_safe_range(pool, finding->setting, reading));
	if (reading->origin.file && reading->why)
		clause = pool_printf(pool, "%s: %s (%s)", clause,
				     origin_format(pool, reading->origin), reading->why);
	else if (reading->origin.file)
		clause = pool_printf(pool, "%s: %s", clause, origin_format(pool, reading->origin));
	else if (reading->why)
		clause = pool_printf(pool, "%s (%s)", clause, reading->why);
	say(pool, &finding->reason, clause);
}

static const char *live_clause(struct pool *pool, const struct live *live, enum live_kind kind)
{
	static const struct {
		const char *one, *many;
	} words[LIVE_KIND_COUNT] = {
		[LIVE_PROCESSES] = { "running process has less", "running processes have less" },
		[LIVE_SOCKETS] = { "open socket is without keepalive or waits longer",
				   "open sockets are without keepalive or wait longer" },
		[LIVE_NAMESPACE] = { "other network namespace has another value",
				     "other network namespaces have other values" },
	};
	size_t count = 0;

	for (size_t i = 0; i < live->count; i++)
		count += live->groups[i].kind == kind ? live->groups[i].count : 0;
	return count ? pool_printf(pool, "%zu %s", count,
				   count == 1 ? words[kind].one : words[kind].many)
		     : NULL;
}

/* What was found is a difference even where not everything could be looked at. */
static void judge_live(struct pool *pool, struct finding *finding, bool *any, bool *unreadable,
		       bool *differs)
{
	const struct live *live = &finding->observed.live;

	for (enum live_kind kind = 0; kind < LIVE_KIND_COUNT; kind++) {
		const char *clause = live_clause(pool, live, kind);
		if (clause)
			say(pool, &finding->reason, clause);
	}
	if (live->count)
		finding->differs[LAYER_LIVE] = *differs = *any = true;
	if (finding->observed.layer[LAYER_LIVE].state == READING_PRESENT)
		*any = true;
	if (!live->unseen)
		return;
	say(pool, &finding->reason, pool_printf(pool, "not looked at: %s", live->unseen));
	*any = true;
	*unreadable = *unreadable || !*differs;
}

static void judge_layers(struct pool *pool, const struct query *query, struct finding *finding)
{
	static const enum layer judged[] = { LAYER_RUNNING, LAYER_BOOT };
	const struct setting *setting = finding->setting;
	bool any = false, unreadable = false, differs = false;

	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
		const struct reading *reading = &finding->observed.layer[judged[i]];
		if (!is_judged(finding, query, judged[i]))
			continue;
		any = true;
		if (reading->state == READING_UNREADABLE) {
			unreadable = true;
			say(pool, &finding->reason,
			    pool_printf(pool, "%s value not readable: %s", layer_name(judged[i]),
					reading->why ? reading->why : "unknown error"));
		} else if (reading->state == READING_ABSENT ||
			   !setting_accepts(judged[i] == LAYER_BOOT ? setting_at_boot(setting)
								    : setting,
					    reading->value)) {
			finding->differs[judged[i]] = differs = true;
		}
	}
	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
		if (finding->differs[judged[i]])
			explain_difference(pool, finding, judged[i]);

	if (query->persistent && !setting->runtime_only) {
		for (size_t i = 0; i < finding->observed.deviation_count; i++) {
			const struct deviation *deviation = &finding->observed.deviations[i];
			const char *clause = pool_printf(pool, "%s: %s", deviation->who,
							 value_format(pool, deviation->value));
			if (deviation->origin.file)
				clause = pool_printf(pool, "%s (%s)", clause,
						     origin_format(pool, deviation->origin));
			say(pool, &finding->reason, clause);
			finding->differs[LAYER_BOOT] = differs = any = true;
		}
	}
	if (query->live)
		judge_live(pool, finding, &any, &unreadable, &differs);
	finding->verdict = unreadable ? VERDICT_UNKNOWN
			   : differs  ? VERDICT_DIFFERS
			   : any      ? VERDICT_OK
				      : VERDICT_SKIPPED;
}

static const char *why_nothing_was_judged(const struct query *query, const struct finding *finding)
{
	const struct setting *setting = finding->setting;
	const struct reading *boot = &finding->observed.layer[LAYER_BOOT];
	const struct reading *running = &finding->observed.layer[LAYER_RUNNING];

	if (setting->provider->files_only && !query->persistent)
		return "has no running value of its own: sessions read the files when they are "
		       "opened";
	if (setting->runtime_only && (!query->runtime || running->state == READING_NOT_APPLICABLE))
		return "wanted in the running kernel only (scope = \"runtime\"), which is not "
		       "looked at here";
	if (boot->why)
		return boot->why;
	if (running->why)
		return running->why;
	return "no layer applies here";
}

static void judge(struct pool *pool, const struct query *query, struct finding *finding)
{
	if (finding->observed.missing) {
		finding->verdict = finding->setting->optional ? VERDICT_SKIPPED : VERDICT_UNKNOWN;
		finding->reason = finding->observed.missing;
		if (finding->setting->optional)
			say(pool, &finding->reason, "optional");
		return;
	}
	judge_layers(pool, query, finding);
	if (finding->verdict == VERDICT_SKIPPED)
		finding->reason = why_nothing_was_judged(query, finding);
}

/* One call of observe() for all settings of a provider, so that files are parsed once. */
static void observe_kind(struct host *host, const struct query *query,
			 const struct provider *provider, struct audit *audit)
{
	struct pool *pool = host_pool(host);
	const struct setting **settings = pool_alloc(pool, audit->count * sizeof *settings);
	struct finding **findings = pool_alloc(pool, audit->count * sizeof *findings);
	size_t count = 0;

	for (size_t i = 0; i < audit->count; i++) {
		if (audit->findings[i].setting->provider != provider || audit->findings[i].reason)
			continue;
		findings[count] = &audit->findings[i];
		settings[count++] = audit->findings[i].setting;
	}
	struct observed *observed = pool_alloc(pool, count * sizeof *observed);
	/* Of another network namespace only the running value is meant: files are the host's. */
	struct notes unused = { .pool = pool };
	provider->observe(host, query, settings, count, observed,
			  query->netns ? &unused : &audit->notes);
	for (size_t i = 0; i < count; i++) {
		if (query->netns)
			observed[i] = (struct observed){
				.layer[LAYER_RUNNING] = observed[i].layer[LAYER_RUNNING],
				.layer[LAYER_LIVE] = observed[i].layer[LAYER_LIVE],
				.live = observed[i].live,
				.missing = observed[i].missing,
			};
		findings[i]->observed = observed[i];
		judge(pool, query, findings[i]);
		audit->summary[findings[i]->verdict]++;
	}
}

void audit_run(struct host *host, const struct query *query, const struct setting *settings,
	       size_t count, struct audit *ret_audit)
{
	struct pool *pool = host_pool(host);
	struct audit audit = { .findings = pool_alloc(pool, count * sizeof *audit.findings),
			       .count = count,
			       .notes.pool = pool };

	for (size_t i = 0; i < count; i++) {
		struct finding *finding = &audit.findings[i];
		finding->setting = &settings[i];
		finding->netns = query->netns;
		if (query->netns && !is_per_namespace(&settings[i])) {
			finding->verdict = VERDICT_SKIPPED;
			finding->reason = "is the same in every network namespace";
			audit.summary[VERDICT_SKIPPED]++;
		}
	}
	for (size_t i = 0; i < count; i++) {
		size_t earlier = 0;
		while (settings[earlier].provider != settings[i].provider)
			earlier++;
		if (earlier == i)
			observe_kind(host, query, settings[i].provider, &audit);
	}
	*ret_audit = audit;
}
