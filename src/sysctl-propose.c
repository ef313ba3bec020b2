// SPDX-License-Identifier: MIT
/* What would make sysctls compliant: running values, and one drop-in for the next boot, with the
 * lines that are needed and no more. Writes nothing: the plan gets the values and the bytes. */
#include "provider-sysctl.h"

#include "conf-sysctl.h"
#include "dropin.h"
#include "error.h"
#include "host.h"
#include "plan.h"
#include "pool.h"
#include "sysctl-path.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct proposal {
	struct host *host;
	const struct query *query;
	struct pool *pool;
	const struct finding *findings;
	size_t count;
	const char **lines; /* for each finding the value that the drop-in gives, or NULL */
	bool rewrite;       /* the drop-in says something else than LINES */
	struct plan *plan;
};

static const struct setting *setting_of(const struct proposal *proposal, size_t i)
{
	return proposal->findings[i].setting;
}

/* What the drop-in is about. */
static const struct setting *boot_setting_of(const struct proposal *proposal, size_t i)
{
	return setting_at_boot(setting_of(proposal, i));
}

static const char *boot_text(const struct proposal *proposal, size_t i)
{
	return value_format(proposal->pool, boot_setting_of(proposal, i)->want);
}

static const char *want_text(const struct proposal *proposal, size_t i)
{
	return value_format(proposal->pool, setting_of(proposal, i)->want);
}

/* ---- guards ------------------------------------------------------------------------------ */

/* The first number of /proc/sys/fs/file-nr: files open now. 0: not known. */
static uint64_t open_files(struct host *host)
{
	const struct file *file = host_kernel(host, "/proc/sys/fs/file-nr");
	uint64_t number = 0;

	for (const char *p = file->bytes; *p >= '0' && *p <= '9'; p++)
		number = 10 * number + (uint64_t)(*p - '0');
	return number;
}

/* fs.nr_open below what runs would make the limits of running services invalid, and a boot value
 * below it those that they are started with. */
static bool is_kept(const struct proposal *proposal, size_t i, const struct reading *now)
{
	const struct finding *finding = &proposal->findings[i];
	const struct reading *running = &finding->observed.layer[LAYER_RUNNING];

	return !strcmp(finding->setting->name, "fs.nr_open") && running->state == READING_PRESENT &&
	       now->state == READING_PRESENT &&
	       value_compare(finding->setting->want, running->value) < 0 &&
	       value_compare(finding->setting->want, now->value) < 0;
}

static int check_file_max(const struct proposal *proposal, size_t i, struct error *err)
{
	const struct finding *finding = &proposal->findings[i];
	const struct setting *setting = finding->setting;
	const struct reading *running = &finding->observed.layer[LAYER_RUNNING];
	const struct reading *boot = &finding->observed.layer[LAYER_BOOT];
	const uint64_t open = open_files(proposal->host);
	const struct value *old = NULL;

	if (strcmp(setting->name, "fs.file-max") != 0)
		return 0;
	if (value_compare(setting->want, value_number(open)) < 0)
		return error_set(err, -EINVAL,
				 "refused: fs.file-max = %s is below the %" PRIu64
				 " files that are open now; nobody but root could open another",
				 want_text(proposal, i), open);
	if (running->state == READING_PRESENT && value_compare(setting->want, running->value) < 0)
		old = &running->value;
	else if (boot->state == READING_PRESENT && value_compare(setting->want, boot->value) < 0)
		old = &boot->value;
	if (old)
		notes_add(&proposal->plan->notes, setting->id, setting->origin,
			  "fs.file-max = %s is a reduction: it is %s %s", want_text(proposal, i),
			  value_format(proposal->pool, *old),
			  old == &running->value ? "now" : "after a boot without keeltune");
	return 0;
}

/* ---- running values ---------------------------------------------------------------------- */

static int propose_running(const struct proposal *proposal, size_t i, struct error *err)
{
	const struct finding *finding = &proposal->findings[i];
	const struct setting *setting = finding->setting;
	const struct reading *running = &finding->observed.layer[LAYER_RUNNING];

	if (finding->observed.missing || running->state != READING_PRESENT ||
	    setting_accepts(setting, running->value))
		return 0;
	if (is_kept(proposal, i, running)) {
		notes_add(&proposal->plan->notes, setting->id, setting->origin,
			  "fs.nr_open stays at %s: it is never lowered below what is running",
			  value_format(proposal->pool, running->value));
		return 0;
	}
	int rc = check_file_max(proposal, i, err);
	if (rc < 0)
		return rc;
	plan_put_sysctl(proposal->plan, proposal->host, setting->id, setting->name,
			want_text(proposal, i));
	return 0;
}

/* ---- the drop-in as it is ---------------------------------------------------------------- */

static size_t find_line(const struct proposal *proposal, const struct sysctl_line *line)
{
	const char *name = pool_copy(proposal->pool, line->name, line->name_size);
	const char *path = sysctl_key_path(proposal->pool, name);
	const char *key = path ? sysctl_key_dotted(proposal->pool, path) : "";

	for (size_t i = 0; i < proposal->count; i++)
		if (!strcmp(setting_of(proposal, i)->name, key))
			return i;
	return SIZE_MAX;
}

/* Takes over the lines of wanted keys that say something acceptable. */
static void read_dropin(struct proposal *proposal)
{
	const struct file *file = host_file(proposal->host, SYSCTL_DROPIN);
	struct sysctl_reader reader;
	struct sysctl_line line;

	conf_sysctl_start(&reader, proposal->pool, ENGINE_SYSTEMD, file->bytes, file->size);
	while (conf_sysctl_next(&reader, &line)) {
		size_t i = line.kind == SYSCTL_LINE_SET ? find_line(proposal, &line) : SIZE_MAX;
		if (i == SIZE_MAX || proposal->lines[i]) {
			proposal->rewrite = true; /* foreign, released or said twice */
			continue;
		}
		const struct setting *setting = boot_setting_of(proposal, i);
		const char *text = pool_copy(proposal->pool, line.value, line.value_size);
		struct value value = value_parse(proposal->pool, text);
		const char *plain = value_format(proposal->pool, value);
		if (!setting->runtime_only && !setting_accepts(setting, value))
			plain = boot_text(proposal, i);
		proposal->lines[i] = plain;
		proposal->rewrite |= strcmp(plain, text) != 0;
	}
}

/* ---- the drop-in as it shall be ---------------------------------------------------------- */

static const char *dropin_text(const struct proposal *proposal)
{
	char *text = pool_strdup(proposal->pool, dropin_header);
	bool any = false;

	for (size_t i = 0; i < proposal->count; i++) {
		if (!proposal->lines[i])
			continue;
		any = true;
		text = pool_printf(proposal->pool, "%s\n# %s\n%s = %s\n", text,
				   dropin_comment(proposal->pool, boot_setting_of(proposal, i)),
				   setting_of(proposal, i)->name, proposal->lines[i]);
	}
	return any ? text : NULL;
}

/* Shows the plan and the host the drop-in with the lines as they are now. */
static void put_dropin(const struct proposal *proposal)
{
	const char *text = dropin_text(proposal);
	size_t size = text ? strlen(text) : 0;

	plan_put_file(proposal->plan, proposal->host, NULL, SYSCTL_DROPIN, text, size);
	for (size_t i = 0; i < proposal->count; i++)
		if (proposal->lines[i])
			plan_put_file(proposal->plan, proposal->host, setting_of(proposal, i)->id,
				      SYSCTL_DROPIN, text, size);
}

static bool is_fine_at_boot(const struct setting *setting, const struct observed *observed)
{
	const struct reading *boot = &observed->layer[LAYER_BOOT];

	if (observed->deviation_count || boot->state == READING_ABSENT)
		return false;
	return boot->state != READING_PRESENT ||
	       setting_accepts(setting_at_boot(setting), boot->value);
}

/* Adds lines for the keys that the next boot would leave wrong with the drop-in as it stands.
 * Returns how many, or -errno. */
static int add_lines(struct proposal *proposal, struct error *err)
{
	const struct setting **settings =
		pool_alloc(proposal->pool, proposal->count * sizeof *settings);
	struct observed *observed = pool_alloc(proposal->pool, proposal->count * sizeof *observed);
	int added = 0;

	for (size_t i = 0; i < proposal->count; i++)
		settings[i] = setting_of(proposal, i);
	sysctl_observe(proposal->host, proposal->query, settings, proposal->count, observed, NULL);
	for (size_t i = 0; i < proposal->count; i++) {
		if (settings[i]->runtime_only || proposal->lines[i] || observed[i].missing ||
		    is_fine_at_boot(settings[i], &observed[i]) ||
		    is_kept(proposal, i, &observed[i].layer[LAYER_BOOT]))
			continue;
		int rc = check_file_max(proposal, i, err);
		if (rc < 0)
			return rc;
		proposal->lines[i] = boot_text(proposal, i);
		added++;
	}
	return added;
}

/* Lines that cannot win help nobody. The finding names the line that does. */
static void drop_losing_lines(struct proposal *proposal, const char *const *before)
{
	const struct setting **settings =
		pool_alloc(proposal->pool, proposal->count * sizeof *settings);
	struct observed *observed = pool_alloc(proposal->pool, proposal->count * sizeof *observed);
	bool any = false;

	for (size_t i = 0; i < proposal->count; i++)
		settings[i] = setting_of(proposal, i);
	sysctl_observe(proposal->host, proposal->query, settings, proposal->count, observed, NULL);
	for (size_t i = 0; i < proposal->count; i++) {
		const char *winner = observed[i].layer[LAYER_BOOT].origin.file;
		if (!proposal->lines[i] || before[i] ||
		    is_fine_at_boot(settings[i], &observed[i]) || !winner ||
		    !strcmp(winner, SYSCTL_DROPIN))
			continue;
		proposal->lines[i] = NULL;
		any = true;
	}
	if (any)
		put_dropin(proposal);
}

static int propose_boot(struct proposal *proposal, struct error *err)
{
	bool runtime_only = proposal->count > 0;

	for (size_t i = 0; i < proposal->count; i++)
		runtime_only = runtime_only && setting_of(proposal, i)->runtime_only;
	if (runtime_only)
		return 0;
	if (proposal->query->engines.engine == ENGINE_NONE) {
		if (proposal->count)
			notes_add(&proposal->plan->notes, NULL, (struct origin){ 0 },
				  "no boot value is written: nothing applies sysctl files here");
		return 0;
	}

	read_dropin(proposal);
	if (proposal->rewrite)
		put_dropin(proposal);
	const char **before = pool_alloc(proposal->pool, proposal->count * sizeof *before);
	memcpy((void *)before, (void *)proposal->lines, proposal->count * sizeof *before);
	/* A new drop-in may hide another file of its name: look again until nothing is missing. */
	for (int added = 1, total = 0; added > 0; total += added) {
		added = add_lines(proposal, err);
		if (added < 0)
			return added;
		if (added > 0)
			put_dropin(proposal);
		else if (total > 0)
			drop_losing_lines(proposal, before);
	}
	return 0;
}

int sysctl_propose(struct host *host, const struct query *query, const struct finding *findings,
		   size_t count, struct plan *plan, struct error *err)
{
	struct proposal proposal = { .host = host,
				     .query = query,
				     .pool = plan->pool,
				     .findings = findings,
				     .count = count,
				     .plan = plan };

	proposal.lines = pool_alloc(plan->pool, count * sizeof *proposal.lines);
	for (size_t i = 0; i < count && query->runtime; i++) {
		int rc = propose_running(&proposal, i, err);
		if (rc < 0)
			return rc;
	}
	return query->persistent ? propose_boot(&proposal, err) : 0;
}
