// SPDX-License-Identifier: MIT
/* Changes of a process as text, see process-change.h. Cookies are given one after the other, so
 * that most sockets of a process are a few ranges: 100,000 take less than a megabyte at the worst.
 */
#include "process-change.h"

#include "pool.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "process/"

static const char *const names[CHANGE_KIND_COUNT] = {
	[CHANGE_NOFILE] = "nofile", [CHANGE_KEEPALIVE] = "keepalive"
};

/* ---- places -------------------------------------------------------------------------------- */

const char *process_place_path(struct pool *pool, enum change_kind kind,
			       struct process_identity place)
{
	return pool_printf(pool, PREFIX "%d@%" PRIu64 "/%s", place.pid, place.ticks, names[kind]);
}

/* A decimal number without leading zeros that ends at END. */
static bool take_number(const char **at, char end, uint64_t max, uint64_t *ret)
{
	char digits[24];
	size_t size = strspn(*at, "0123456789");

	if (!size || size >= sizeof digits || (*at)[size] != end || (**at == '0' && size > 1))
		return false;
	memcpy(digits, *at, size);
	digits[size] = '\0';
	*at += size + (end != '\0');
	return parse_decimal(digits, max, ret);
}

bool process_place_parse(enum change_kind kind, const char *path, struct process_identity *ret)
{
	uint64_t pid, ticks;

	if (!names[kind] || strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return false;
	path += strlen(PREFIX);
	if (!take_number(&path, '@', INT32_MAX, &pid) ||
	    !take_number(&path, '/', UINT64_MAX, &ticks) || !pid || !ticks ||
	    strcmp(path, names[kind]) != 0)
		return false;
	*ret = (struct process_identity){ .pid = (pid_t)pid, .ticks = ticks };
	return true;
}

static struct image image_of(const char *text)
{
	return (struct image){ .exists = true, .bytes = text, .size = strlen(text) };
}

/* ---- limits -------------------------------------------------------------------------------- */

struct image nofile_image(struct pool *pool, struct nofile limit)
{
	return image_of(limit_pair_format(pool, limit.soft, limit.hard));
}

static bool take_limit(const char **at, char end, uint64_t *ret)
{
	static const char unlimited[] = "unlimited";
	size_t size = sizeof unlimited - 1;

	if (!strncmp(*at, unlimited, size) && (*at)[size] == end) {
		*ret = LIMIT_UNLIMITED;
		*at += size + (end != '\0');
		return true;
	}
	return take_number(at, end, LIMIT_UNLIMITED - 1, ret);
}

bool nofile_parse(const struct image *image, struct nofile *ret)
{
	const char *at = image->bytes;

	return image->exists && at && take_limit(&at, ':', &ret->soft) &&
	       take_limit(&at, '\0', &ret->hard) && ret->soft <= ret->hard;
}

/* ---- keepalive ----------------------------------------------------------------------------- */

bool keepalive_equal(const struct keepalive *a, const struct keepalive *b)
{
	return a->on == b->on && a->time == b->time && a->intvl == b->intvl &&
	       a->probes == b->probes;
}

bool keepalive_is_settable(const struct keepalive *spec)
{
	return spec->time >= 1 && spec->time <= 32767 && spec->intvl >= 1 && spec->intvl <= 32767 &&
	       spec->probes >= 1 && spec->probes <= 127;
}

static bool take_numbers(const char **at, char end, struct keepalive *ret)
{
	uint64_t time, intvl, probes;

	if (!take_number(at, ':', INT32_MAX, &time) || !take_number(at, ':', INT32_MAX, &intvl) ||
	    !take_number(at, end, INT32_MAX, &probes))
		return false;
	ret->time = (uint32_t)time;
	ret->intvl = (uint32_t)intvl;
	ret->probes = (uint32_t)probes;
	return true;
}

bool keepalive_parse_numbers(const char *text, struct keepalive *ret)
{
	ret->on = true;
	return take_numbers(&text, '\0', ret);
}

static bool take_spec(const char **at, char end, struct keepalive *ret)
{
	ret->on = !strncmp(*at, "on:", 3);
	if (!ret->on && strncmp(*at, "off:", 4) != 0)
		return false;
	*at += ret->on ? 3 : 4;
	return take_numbers(at, end, ret);
}

const char *keepalive_format(struct pool *pool, const struct keepalive *spec)
{
	return pool_printf(pool, "%s:%" PRIu32 ":%" PRIu32 ":%" PRIu32, spec->on ? "on" : "off",
			   spec->time, spec->intvl, spec->probes);
}

/* ---- sockets ------------------------------------------------------------------------------- */

uint32_t socket_values_spec(struct socket_values *values, const struct keepalive *spec)
{
	uint32_t i = 0;

	while (i < values->spec_count && !keepalive_equal(&values->specs[i], spec))
		i++;
	if (i == values->spec_count && i < KEEPALIVE_SPECS_MOST)
		values->specs[values->spec_count++] = *spec;
	return i;
}

static int by_cookie(const void *a, const void *b)
{
	const struct socket_value *first = a, *second = b;

	return (first->cookie > second->cookie) - (first->cookie < second->cookie);
}

void socket_values_sort(struct socket_values *values)
{
	size_t kept = 0;

	if (values->count)
		qsort(values->items, values->count, sizeof *values->items, by_cookie);
	for (size_t i = 0; i < values->count; i++)
		if (!kept || values->items[kept - 1].cookie != values->items[i].cookie)
			values->items[kept++] = values->items[i];
	values->count = kept;
}

static int by_key(const void *key, const void *item)
{
	uint64_t cookie = *(const uint64_t *)key,
		 other = ((const struct socket_value *)item)->cookie;

	return (cookie > other) - (cookie < other);
}

struct socket_value *socket_values_find(const struct socket_values *values, uint64_t cookie)
{
	return values->count ? bsearch(&cookie, values->items, values->count, sizeof *values->items,
				       by_key)
			     : NULL;
}

size_t socket_values_count(const struct socket_values *values, enum socket_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < values->count; i++)
		count += values->items[i].outcome == outcome;
	return count;
}

struct socket_values *socket_values_join(struct pool *pool, const struct socket_values *a,
					 const struct socket_values *b)
{
	struct socket_values *joined = pool_alloc(pool, sizeof *joined);

	*joined = *b;
	joined->count = a->count + b->count;
	joined->items = pool_alloc(pool, joined->count * sizeof *joined->items);
	if (a->count)
		memcpy(joined->items, a->items, a->count * sizeof *a->items);
	if (b->count)
		memcpy(joined->items + a->count, b->items, b->count * sizeof *b->items);
	socket_values_sort(joined);
	return joined;
}

/* The cookies of one group, behind a blank. */
static char *put_group(char *to, const struct socket_values *values, uint32_t spec)
{
	char separator = ' ';

	for (size_t i = 0, end; i < values->count; i = end) {
		const struct socket_value *items = values->items;
		end = i + 1;
		if (items[i].spec != spec)
			continue;
		while (end < values->count && items[end].spec == spec &&
		       items[end].cookie == items[end - 1].cookie + 1)
			end++;
		to += snprintf(to, 20, "%c%" PRIx64, separator, items[i].cookie);
		if (end > i + 1)
			to += snprintf(to, 20, "-%" PRIx64, items[end - 1].cookie);
		separator = ',';
	}
	return to;
}

struct image socket_values_before(struct pool *pool, const struct socket_values *values)
{
	char *text = pool_buffer(pool, values->count * 18 + values->spec_count * 64 + 1);
	char *to = text;

	*to = '\0';
	for (uint32_t i = 0; i < values->spec_count; i++) {
		const char *spec = keepalive_format(pool, &values->specs[i]);
		to = put_group(stpcpy(stpcpy(to, i ? " " : ""), spec), values, i);
	}
	return image_of(text);
}

struct image socket_values_after(struct pool *pool, const struct socket_values *values)
{
	return image_of(keepalive_format(pool, &values->wanted));
}

static bool take_cookie(const char **at, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *digit;
	size_t size = 0;

	for (*ret = 0; **at && (digit = strchr(digits, **at)); ++*at, size++)
		*ret = *ret * 16 + (uint64_t)(digit - digits);
	return size && size <= 16 && *ret;
}

static bool take_group(struct pool *pool, const char **at, struct socket_values *values,
		       uint32_t spec)
{
	uint64_t first, last;

	do {
		if (!take_cookie(at, &first))
			return false;
		last = first;
		if (**at == '-' && (++*at, !take_cookie(at, &last)))
			return false;
		if (last < first || last - first >= SOCKETS_MOST - values->count)
			return false;
		for (uint64_t i = 0; i <= last - first; i++) {
			values->items = pool_extend(pool, values->items, values->count,
						    sizeof *values->items);
			values->items[values->count++] =
				(struct socket_value){ .cookie = first + i, .spec = spec };
		}
	} while (**at == ',' && ++*at);
	return true;
}

struct socket_values *socket_values_parse(struct pool *pool, const struct image *before,
					  const struct image *after)
{
	struct socket_values *values = pool_alloc(pool, sizeof *values);
	const char *at = before->bytes, *wanted = after->bytes;

	if (!before->exists || !after->exists || !take_spec(&wanted, '\0', &values->wanted) ||
	    !values->wanted.on || !keepalive_is_settable(&values->wanted))
		return NULL;
	do {
		struct keepalive spec;
		if (!take_spec(&at, ' ', &spec) || (spec.on && !keepalive_is_settable(&spec)))
			return NULL;
		uint32_t number = socket_values_spec(values, &spec);
		if (number == KEEPALIVE_SPECS_MOST || !take_group(pool, &at, values, number))
			return NULL;
	} while (*at == ' ' && ++at);
	size_t count = values->count;
	socket_values_sort(values);
	return *at || values->count != count ? NULL : values;
}

/* ---- for people ----------------------------------------------------------------------------- */

const char *process_change_summary(struct pool *pool, const struct change *change,
				   const struct image *image)
{
	const struct socket_values *values = change->sockets;
	const char *text = "";

	if (!image->exists)
		return "absent";
	if (change->kind != CHANGE_KEEPALIVE || !values || !strchr(image->bytes, ' '))
		return image->bytes;
	for (uint32_t i = 0; i < values->spec_count; i++) {
		size_t count = 0;
		for (size_t j = 0; j < values->count; j++)
			count += values->items[j].spec == i;
		text = pool_printf(pool, "%s%s%s (%zu socket%s)", text, *text ? ", " : "",
				   keepalive_format(pool, &values->specs[i]), count,
				   count == 1 ? "" : "s");
	}
	return text;
}
