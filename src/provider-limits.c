// SPDX-License-Identifier: MIT
/* Settings of kind "limit": limits that a new login gets. Observes them through the model of
 * login.h; reads no file of its own but fs.nr_open. */
#include "provider-limits.h"

#include "boot.h"
#include "catalog.h"
#include "host.h"
#include "live.h"
#include "pool.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define MOST_DEVIATIONS 16 /* named one by one */

/* ---- fs.nr_open --------------------------------------------------------------------------- */

static bool read_number(const struct file *file, uint64_t *ret)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < file->size && isdigit((unsigned char)file->bytes[i]); i++)
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(file->bytes[i] - '0'), &number))
			return false;
	if (!i)
		return false;
	*ret = number;
	return true;
}

struct limits_ceiling limits_find_ceiling(struct host *host, const struct query *query)
{
	static const char *const key = "fs.nr_open";
	const uint64_t initial = 1048576,
		       raised = 1073741816; /* of the kernel; by systemd 240 and later */
	struct limits_ceiling ceiling = { .now = initial };
	struct boot_value boot;

	bool known = read_number(host_kernel(host, "/proc/sys/fs/nr_open"), &ceiling.now);
	/* What somebody wrote by hand does not survive a boot. */
	ceiling.boot = ceiling.now == raised || ceiling.now < initial ? ceiling.now : initial;
	boot_evaluate(host, query->engines.engine, &key, 1, &boot, NULL);
	if (boot.boot.state == READING_PRESENT && boot.boot.origin.file &&
	    boot.boot.value.kind == VALUE_NUMBER)
		ceiling.boot = boot.boot.value.number;
	if (!known)
		ceiling.now = ceiling.boot;
	return ceiling;
}

/* ---- who is judged ------------------------------------------------------------------------ */

/* Can a line of the files give somebody another value than everybody in one of these settings? */
static bool needs_accounts(const struct login_context *context,
			   const struct setting *const *settings, size_t count)
{
	const struct limits_entries *entries = &context->entries;

	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i]->name, "*") && strcmp(settings[i]->name, "root"))
			return true;
	for (size_t i = 0; i < entries->count; i++) {
		const struct limits_entry *entry = &entries->items[i];
		if (!login_line_singles_out(entry))
			continue;
		if (entry->form == LIMITS_NO_LIMIT || entry->code >= RLIM_NLIMITS)
			return true;
		for (size_t j = 0; j < count; j++)
			if (catalog_limit(settings[j]->item)->resource == (int)entry->code)
				return true;
	}
	return false;
}

/* False: there is nobody of this name. SYNTHETIC: room for somebody who does not exist. */
static bool find_subject(const struct login_context *context, const struct setting *setting,
			 struct account *synthetic, const struct account **ret)
{
	const char *name = setting->name;
	const struct user_group *group;

	*synthetic = login_ordinary;
	*ret = synthetic;
	if (!strcmp(name, "*"))
		return true;
	if (*name == '@') {
		group = accounts_find_group(&context->accounts, name + 1);
		if (!group)
			return false;
		synthetic->groups = &group->gid;
		synthetic->group_count = 1;
		return true;
	}
	*ret = context->accounts_loaded ? accounts_find(&context->accounts, name) : NULL;
	if (!*ret && !strcmp(name, "root"))
		*ret = &login_root;
	return *ret != NULL;
}

/* ---- readings ----------------------------------------------------------------------------- */

static struct reading login_reading(struct pool *pool, const struct login_limits *limits,
				    const struct limit_row *row, enum side side)
{
	const struct login_value *value = login_side(limits, (unsigned)row->resource, side);

	if (limits->unknown)
		return (struct reading){ .state = READING_UNREADABLE,
					 .origin = limits->origin,
					 .why = limits->origin.file
							? pool_printf(pool, "%s: %s",
								      limits->origin.file,
								      limits->why)
							: limits->why };
	if (limits->fails)
		return (struct reading){ .state = READING_PRESENT,
					 .value = value_text("no session"),
					 .origin = limits->origin,
					 .why = limits->why };
	return (struct reading){ .state = READING_PRESENT,
				 .value = login_unit_value(row, value->number),
				 .origin = value->origin,
				 .why = value->why };
}

static struct reading configured_reading(const struct login_context *context,
					 const struct login_limits *limits,
					 const struct limit_row *row, enum side side)
{
	const struct limits_entry *line = login_side(limits, (unsigned)row->resource, side)->line;

	if (line)
		return (struct reading){ .state = READING_PRESENT,
					 .value = login_unit_value(row, line->number),
					 .origin = { .file = line->file, .line = line->line } };
	if (limits->unknown)
		return (struct reading){ .state = READING_UNREADABLE,
					 .origin = limits->origin,
					 .why = limits->why };
	return (struct reading){ .state = READING_ABSENT, .why = context->why };
}

static void observe_one(const struct login_context *boot, const struct login_context *now,
			const struct setting *setting, struct observed *ret)
{
	const struct limit_row *row = catalog_limit(setting->item);
	struct pool *pool = host_pool(boot->host);
	const struct account *subject;
	struct account synthetic;
	struct login_limits limits;

	*ret = (struct observed){ .missing = NULL };
	if (!find_subject(boot, setting, &synthetic, &subject)) {
		if (!boot->accounts.unreadable) {
			ret->missing = *setting->name == '@' ? "no such group here (/etc/group)"
							     : "no such user here (/etc/passwd)";
			return;
		}
		ret->layer[LAYER_CONFIGURED] = ret->layer[LAYER_BOOT] =
			(struct reading){ .state = READING_UNREADABLE,
					  .origin = boot->accounts.unreadable_file,
					  .why = boot->accounts.unreadable };
		if (now)
			/* unreached: where logins work, everybody may read /etc/passwd */
			ret->layer[LAYER_RUNNING] = ret->layer[LAYER_BOOT];
		return;
	}
	if (now) {
		login_evaluate(now, subject, &limits);
		ret->layer[LAYER_RUNNING] = login_reading(pool, &limits, row, setting->side);
	}
	if (!now || now->nr_open != boot->nr_open)
		login_evaluate(boot, subject, &limits);
	ret->layer[LAYER_BOOT] = login_reading(pool, &limits, row, setting->side);
	ret->layer[LAYER_CONFIGURED] = configured_reading(boot, &limits, row, setting->side);
	login_shadows(boot, subject, &limits, (unsigned)row->resource, setting->side,
		      &ret->shadowed, &ret->shadowed_count);
}

/* ---- accounts that get something else ----------------------------------------------------- */

static void add_deviation(struct pool *pool, struct observed *observed,
			  const struct account *account, const struct reading *reading)
{
	size_t *count = &observed->deviation_count;

	if (*count > MOST_DEVIATIONS) {
		observed->deviations[MOST_DEVIATIONS].value.number++;
		return;
	}
	observed->deviations =
		pool_extend(pool, observed->deviations, *count, sizeof *observed->deviations);
	if (*count == MOST_DEVIATIONS)
		observed->deviations[*count] = (struct deviation){ .value = value_number(1) };
	else
		observed->deviations[*count] = (struct deviation){
			.who = pool_printf(pool, "account %s", account->name),
			.value = reading->value,
			.origin = reading->origin,
		};
	(*count)++;
}

static void observe_account(const struct login_context *context, const struct account *account,
			    const struct setting *const *settings, size_t count,
			    struct observed *ret)
{
	struct pool *pool = host_pool(context->host);
	struct login_limits limits;

	if (account->uid == 0 || !account_has_login_shell(account))
		return;
	login_evaluate(context, account, &limits);
	for (size_t i = 0; i < count; i++) {
		const struct setting *setting = settings[i];
		if (ret[i].missing || (strcmp(setting->name, "*") && *setting->name != '@') ||
		    !login_is_meant(context, account, settings, count, setting))
			continue;
		struct reading reading =
			login_reading(pool, &limits, catalog_limit(setting->item), setting->side);
		if (reading.state == READING_PRESENT && !setting_accepts(setting, reading.value) &&
		    !(ret[i].layer[LAYER_BOOT].state == READING_PRESENT &&
		      value_equals(reading.value, ret[i].layer[LAYER_BOOT].value)))
			add_deviation(pool, &ret[i], account, &reading);
	}
}

/* The last one stands for all who are not named. */
static void finish_deviations(struct pool *pool, struct observed *observed)
{
	if (observed->deviation_count <= MOST_DEVIATIONS)
		return;
	struct deviation *rest = &observed->deviations[MOST_DEVIATIONS];
	rest->who = pool_printf(pool, "%" PRIu64 " more accounts", rest->value.number);
	rest->value = value_text("outside the range, too");
}

/* Who has which lines cannot be said: then not for all either. */
static void doubt_accounts(const struct login_context *context,
			   const struct setting *const *settings, size_t count,
			   struct observed *ret)
{
	for (size_t i = 0; i < count; i++)
		if (!ret[i].missing &&
		    (!strcmp(settings[i]->name, "*") || *settings[i]->name == '@'))
			ret[i].layer[LAYER_BOOT] =
				(struct reading){ .state = READING_UNREADABLE,
						  .origin = context->accounts.unreadable_file,
						  .why = context->accounts.unreadable };
}

/* ---- observe ------------------------------------------------------------------------------ */

void limits_observe(struct host *host, struct limits_ceiling ceiling,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct login_context *ret_context)
{
	struct login_context boot, now;
	const struct login_context *running = NULL;

	login_open(host, "login", ceiling.boot, &boot);
	if (needs_accounts(&boot, settings, count))
		login_load_accounts(&boot);
	if (host_is_live(host))
		running = &boot;
	if (running && ceiling.now != ceiling.boot) {
		login_open(host, "login", ceiling.now, &now);
		if (boot.accounts_loaded)
			login_load_accounts(&now);
		running = &now;
	}
	for (size_t i = 0; i < count; i++)
		observe_one(&boot, running, settings[i], &ret[i]);
	if (boot.accounts_loaded && boot.accounts.unreadable)
		doubt_accounts(&boot, settings, count, ret);
	for (size_t i = 0; boot.accounts_loaded && i < boot.accounts.user_count; i++)
		observe_account(&boot, &boot.accounts.users[i], settings, count, ret);
	for (size_t i = 0; i < count; i++)
		finish_deviations(host_pool(host), &ret[i]);
	*ret_context = boot;
}

static void observe(struct host *host, const struct query *query,
		    const struct setting *const *settings, size_t count, struct observed *ret,
		    struct notes *notes)
{
	struct login_context context;

	if (!count)
		return;
	struct limits_ceiling ceiling = limits_find_ceiling(host, query);
	limits_observe(host, ceiling, settings, count, ret, &context);
	limits_add_notes(&context, ceiling, settings, count, notes);
	if (query->live && host_is_live(host))
		live_observe_limits(
			&(struct live_scope){ .context = &context, .value = login_unit_value },
			settings, count, ret, notes);
}

const struct provider provider_limits = {
	.kind = "limit",
	.section = "limits",
	.form = SECTION_ITEMS,
	.files_only = true,
	.boot_phrase = "a new login gets",
	.check = limits_check,
	.observe = observe,
	.propose = limits_propose,
};
