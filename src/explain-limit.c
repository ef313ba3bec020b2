// SPDX-License-Identifier: MIT
/* Gathers what is to say about one limit of one kind of login, see explain.h: what it gets, which
 * lines win and lose. */
#include "explain.h"

#include "catalog.h"
#include "error.h"
#include "host.h"
#include "pool.h"
#include "provider-limits.h"

#include <errno.h>
#include <string.h>

struct name {
	const char *domain, *item;
	enum side side;
};

static bool parse_side(const char *text, enum side *ret)
{
	if (strcmp(text, "soft") != 0 && strcmp(text, "hard") != 0)
		return false;
	*ret = *text == 's' ? SIDE_SOFT : SIDE_HARD;
	return true;
}

/* "alice:nofile:soft", from behind: a domain may have colons ("500:599"). */
static bool parse_name(struct pool *pool, const char *text, struct name *ret)
{
	char *copy = pool_strdup(pool, text);
	char *colon = strrchr(copy, ':');

	*ret = (struct name){ .side = SIDE_NONE };
	if (colon && parse_side(colon + 1, &ret->side)) {
		*colon = '\0';
		colon = strrchr(copy, ':');
	}
	if (!colon || colon == copy)
		return false;
	*colon = '\0';
	ret->domain = copy;
	ret->item = colon + 1;
	return true;
}

static const char *describe(struct pool *pool, const char *domain)
{
	if (!strcmp(domain, "*"))
		return "an ordinary user without lines of his own";
	if (*domain == '@')
		return pool_printf(pool, "a member of group %s", domain + 1);
	return domain;
}

static void ask_ordinary(struct login_context *context, struct explained_limit *ret)
{
	login_evaluate(context, &login_ordinary, &ret->limits);
	for (int i = 0; i < 2; i++)
		login_losers(context, &login_ordinary, &ret->limits, (unsigned)ret->row->resource,
			     i ? SIDE_HARD : SIDE_SOFT, &ret->lost[i].losers, &ret->lost[i].count);
}

static void ask_subject(struct login_context *context, struct explained_limit *ret)
{
	struct login_survey survey;

	login_survey(context, ret->domain, &survey);
	ret->unknown = survey.unknown;
	ret->limits = survey.limits;
	for (int i = 0; i < 2; i++)
		ret->lost[i] = survey.lost[ret->row->resource][i];
}

int explain_limit(struct host *host, const struct query *query, const char *text,
		  const char *service, struct explained_limit *ret, struct notes *notes,
		  struct error *err)
{
	struct pool *pool = host_pool(host);
	struct login_context *context = pool_alloc(pool, sizeof *context);
	struct limits_ceiling ceiling = limits_find_ceiling(host, query);
	struct name name;

	if (!parse_name(pool, text, &name))
		return error_set(err, -EINVAL,
				 "limit:%.64s: limit:DOMAIN:ITEM is wanted, as limit:alice:nofile, "
				 "limit:@dba:nofile:soft or limit:*:nofile",
				 text);
	const struct limit_row *row = catalog_limit(name.item);
	if (!row) {
		const char *near = limits_nearest_item(name.item);
		return error_set(err, -EINVAL, "limit:%.64s: no item \"%.32s\"%s%s%s", text,
				 name.item, near ? ", did you mean " : "", near ? near : "",
				 near ? "?" : "");
	}
	struct login_query login = { .service = service, .nr_open = ceiling.now, .exact = true };
	login_open_query(host, &login, context);
	login_load_accounts(context);
	*ret = (struct explained_limit){ .id = pool_printf(pool, "limit:%s", text),
					 .domain = name.domain,
					 .who = describe(pool, name.domain),
					 .row = row,
					 .side = name.side,
					 .context = context };
	if (!strcmp(name.domain, "*"))
		ask_ordinary(context, ret);
	else
		ask_subject(context, ret);
	limits_add_notes(context, ceiling, NULL, 0, notes);
	return 0;
}
