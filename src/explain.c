// SPDX-License-Identifier: MIT
/* Which kind of thing a name is, and who gathers what there is to say about it; see explain.h. */
#include "explain.h"

#include "catalog.h"

#include "error.h"
#include "host.h"
#include "pool.h"
#include "provider.h"
#include "unit-name.h"

#include <errno.h>
#include <string.h>

struct gather {
	struct host *host;
	const struct query *query;
	const char *name; /* without the prefix of its kind */
	const char *service;
	struct notes *notes;
	struct error *err;
};

/* ---- one kind after the other ------------------------------------------------------------ */

static int gather_pam(const struct gather *gather, struct explanation *ret)
{
	static const char suffix[] = ":pam_limits";
	size_t size = strlen(gather->name), end = sizeof suffix - 1;

	if (size > end && !strcmp(gather->name + size - end, suffix))
		size -= end;
	if (!size || memchr(gather->name, '/', size))
		return error_set(gather->err, -EINVAL,
				 "pam:%.64s: the name of a PAM service is wanted, as pam:sshd",
				 gather->name);
	explain_pam(gather->host, pool_copy(host_pool(gather->host), gather->name, size), &ret->pam,
		    gather->notes);
	return 0;
}

static int gather_limit(const struct gather *gather, struct explanation *ret)
{
	return explain_limit(gather->host, gather->query, gather->name, gather->service,
			     &ret->limit, gather->notes, gather->err);
}

/* "nginx.service" of "nginx.service:nofile:soft", the id of a setting. */
static const char *unit_of_setting(struct pool *pool, const char *name)
{
	char *copy = pool_strdup(pool, name);
	char *colon = strrchr(copy, ':');

	if (colon && (!strcmp(colon, ":soft") || !strcmp(colon, ":hard"))) {
		*colon = '\0';
		colon = strrchr(copy, ':');
	}
	if (!colon || !catalog_limit(colon + 1))
		return name;
	*colon = '\0';
	return copy;
}

static int gather_unit(const struct gather *gather, struct explanation *ret)
{
	const struct unit *unit = &ret->unit.unit;

	explain_unit(gather->host, gather->query,
		     unit_of_setting(host_pool(gather->host), gather->name), &ret->unit,
		     gather->notes);
	if (unit->state == UNIT_LOADED || unit->state == UNIT_MASKED)
		return 0;
	const char *place = origin_format(host_pool(gather->host), unit->origin);
	return error_set(gather->err, unit->state == UNIT_NOT_FOUND ? -ENOENT : -EINVAL,
			 "%.255s is %s: %s%s%s", unit->name, unit_state_name(unit->state), place,
			 *place ? ": " : "", unit->why);
}

static int gather_process(const struct gather *gather, struct explanation *ret)
{
	return explain_process(gather->host, gather->query, gather->name, gather->service,
			       &ret->process, gather->notes, gather->err);
}

static int gather_sysctl(const struct gather *gather, struct explanation *ret)
{
	struct unit unit;

	if (explain_sysctl(gather->host, &gather->query->engines, gather->name, &ret->sysctl,
			   gather->notes))
		return 0;
	const char *nearest = ret->sysctl.nearest;
	if (!nearest && strchr(gather->name, '/') == NULL) {
		unit_load(gather->host, gather->name, &unit);
		if (unit.state == UNIT_LOADED)
			nearest = unit.name;
	}
	return error_set(gather->err, -ENOENT, "%.255s is no sysctl key%s%s%s", gather->name,
			 nearest ? ", did you mean " : "", nearest ? nearest : "",
			 nearest ? "?" : "");
}

/* ---- the table --------------------------------------------------------------------------- */

static bool is_pid(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

static bool is_unit(const char *name)
{
	return !strchr(name, '/') && unit_name_suffix(name);
}

static const struct kind {
	const char *name, *prefix;
	bool (*claims)(const char *name); /* without the prefix; NULL: never */
	int (*gather)(const struct gather *gather, struct explanation *ret);
} kinds[EXPLAINED_COUNT] = {
	[EXPLAINED_PAM] = { "pam", "pam:", NULL, gather_pam },
	[EXPLAINED_LIMIT] = { "limit", "limit:", NULL, gather_limit },
	[EXPLAINED_UNIT] = { "unit", "unit:", is_unit, gather_unit },
	[EXPLAINED_PROCESS] = { "process", "process:", is_pid, gather_process },
	[EXPLAINED_SYSCTL] = { "sysctl", "sysctl:", NULL, gather_sysctl }, /* all the others */
};

const char *explained_kind_name(enum explained_kind kind)
{
	return kinds[kind].name;
}

const char *explanation_id(const struct explanation *thing)
{
	switch (thing->kind) {
	case EXPLAINED_PAM:
		return thing->pam.id;
	case EXPLAINED_LIMIT:
		return thing->limit.id;
	case EXPLAINED_UNIT:
		return thing->unit.id;
	case EXPLAINED_PROCESS:
		return thing->process.id;
	case EXPLAINED_SYSCTL:
	case EXPLAINED_COUNT:
		break;
	}
	return thing->sysctl.id;
}

static enum explained_kind kind_of(const char **name)
{
	for (size_t i = 0; i < EXPLAINED_COUNT; i++) {
		size_t size = strlen(kinds[i].prefix);
		if (strncmp(*name, kinds[i].prefix, size) != 0)
			continue;
		*name += size;
		return (enum explained_kind)i;
	}
	for (size_t i = 0; i < EXPLAINED_COUNT; i++)
		if (kinds[i].claims && kinds[i].claims(*name))
			return (enum explained_kind)i;
	return EXPLAINED_SYSCTL;
}

int explain(struct host *host, const struct query *query, const char *name, const char *service,
	    struct explanation *ret, struct notes *notes, struct error *err)
{
	struct gather gather = { host, query, name, service, notes, err };

	*ret = (struct explanation){ .kind = kind_of(&gather.name) };
	return kinds[ret->kind].gather(&gather, ret);
}
