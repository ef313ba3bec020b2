// SPDX-License-Identifier: MIT
/* An audit as entries of the systemd journal: one for each setting that differs or could not be
 * judged, and one that sums up, each with its fields. Written as the journal's native protocol has
 * it (systemd.io/JOURNAL_NATIVE_PROTOCOL): "FIELD=value" lines, an empty line ends an entry. */
#include "escape.h"
#include "pool.h"
#include "report.h"

#include <string.h>
#include <syslog.h>

/* Of all entries of a kind: journalctl MESSAGE_ID=... finds them on any host. Never changed. */
#define MESSAGE_FINDING "cac6729de47a4538b07d9ae045b98941"
#define MESSAGE_SUMMARY "dab7086c497f498eb9c40f197c510557"

/* A datagram takes some 200 KiB, whatever names a host has. */
#define FIELD_MAX 4096

/* Nothing that a file or a process is called can begin a line: control characters are escaped. */
static void put_field(FILE *out, struct pool *pool, const char *name, const char *value)
{
	if (!value)
		return;
	if (strlen(value) > FIELD_MAX)
		value = pool_printf(pool, "%.*s...", FIELD_MAX, value);
	fprintf(out, "%s=%s\n", name, escape_control(pool, value, ""));
}

static void put_number(FILE *out, const char *name, size_t number)
{
	fprintf(out, "%s=%zu\n", name, number);
}

static void put_origin(FILE *out, struct pool *pool, const char *prefix, struct origin origin)
{
	if (!origin.file)
		return;
	put_field(out, pool, pool_printf(pool, "%s_FILE", prefix), origin.file);
	if (origin.line)
		put_number(out, pool_printf(pool, "%s_LINE", prefix), origin.line);
}

/* What all entries begin with. */
static void put_head(FILE *out, const struct report *report, const char *id, int priority,
		     const char *message)
{
	put_field(out, report->pool, "MESSAGE", message);
	fprintf(out, "MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=keeltune\n", id, priority);
	if (report->profiles)
		put_field(out, report->pool, "KEELTUNE_PROFILES", report->profiles->names);
	put_field(out, report->pool, "KEELTUNE_ROOT", report->root);
}

static const char *shown(struct pool *pool, const struct reading *reading)
{
	return reading->state == READING_PRESENT  ? value_format(pool, reading->value)
	       : reading->state == READING_ABSENT ? "none"
						  : NULL;
}

/* The first layer that differs, in the order in which they count for what runs; where only somebody
 * else gets another value, that one. */
static const char *had(struct pool *pool, const struct finding *finding)
{
	static const enum layer order[] = { LAYER_RUNNING, LAYER_BOOT, LAYER_CONFIGURED,
					    LAYER_LIVE };
	const struct observed *observed = &finding->observed;

	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (finding->differs[order[i]])
			return shown(pool, &observed->layer[order[i]]);
	return observed->deviation_count ? value_format(pool, observed->deviations[0].value) : NULL;
}

static void put_finding(FILE *out, const struct report *report, const struct finding *finding)
{
	const struct setting *setting = finding->setting;
	const struct reading *layer = finding->observed.layer;
	struct pool *pool = report->pool;

	put_head(out, report, MESSAGE_FINDING, LOG_WARNING,
		 pool_printf(pool, "%s %s, wanted %s: %s", setting->id,
			     finding->verdict == VERDICT_DIFFERS ? "differs" : "is unknown",
			     setting_format_wanted(pool, setting), finding->reason));
	put_field(out, pool, "KEELTUNE_SETTING", setting->id);
	put_field(out, pool, "KEELTUNE_VERDICT", verdict_name(finding->verdict));
	put_field(out, pool, "KEELTUNE_WANT", value_format(pool, setting->want));
	put_field(out, pool, "KEELTUNE_HAVE", had(pool, finding));
	put_field(out, pool, "KEELTUNE_RUNNING", shown(pool, &layer[LAYER_RUNNING]));
	put_field(out, pool, "KEELTUNE_BOOT", shown(pool, &layer[LAYER_BOOT]));
	put_field(out, pool, "KEELTUNE_REASON", finding->reason);
	put_field(out, pool, "KEELTUNE_NETNS", finding->netns);
	put_origin(out, pool, "KEELTUNE", finding_origin(finding));
	put_origin(out, pool, "KEELTUNE_PROFILE", setting->origin);
	fputc('\n', out);
}

static const char *sum_up(const struct report *report)
{
	const size_t *summary = report->audit->summary;

	return pool_printf(report->pool, "%s: %zu ok, %zu differ%s, %zu unknown, %zu skipped (%s)",
			   report->exit > 1           ? "could not be judged"
			   : summary[VERDICT_DIFFERS] ? "differs"
						      : "compliant",
			   summary[VERDICT_OK], summary[VERDICT_DIFFERS],
			   summary[VERDICT_DIFFERS] == 1 ? "s" : "", summary[VERDICT_UNKNOWN],
			   summary[VERDICT_SKIPPED], report->profiles->names);
}

static void put_summary(FILE *out, const struct report *report)
{
	static const char *const fields[VERDICT_COUNT] = { "KEELTUNE_OK", "KEELTUNE_DIFFERS",
							   "KEELTUNE_UNKNOWN", "KEELTUNE_SKIPPED" };
	const char *message = report->audit && !report->error ? sum_up(report) : report->error;

	put_head(out, report, MESSAGE_SUMMARY,
		 report->exit > 1 ? LOG_ERR
		 : report->exit   ? LOG_WARNING
				  : LOG_INFO,
		 message);
	put_field(out, report->pool, "KEELTUNE_RESULT", report->result);
	put_field(out, report->pool, "KEELTUNE_INTERRUPTED", report->interrupted);
	for (enum verdict verdict = 0; report->audit && verdict < VERDICT_COUNT; verdict++)
		put_number(out, fields[verdict], report->audit->summary[verdict]);
	fputc('\n', out);
}

static void render_audit(FILE *out, const struct report *report, const struct style *style)
{
	const struct audit *audit = report->audit;

	(void)style;
	for (size_t i = 0; audit && i < audit->count; i++)
		if (audit->findings[i].verdict == VERDICT_DIFFERS ||
		    audit->findings[i].verdict == VERDICT_UNKNOWN)
			put_finding(out, report, &audit->findings[i]);
	put_summary(out, report);
}

const struct renderer renderer_journal = {
	.name = "journal",
	.socket = "/run/systemd/journal/socket",
	.render = { [REPORT_AUDIT] = render_audit },
};
