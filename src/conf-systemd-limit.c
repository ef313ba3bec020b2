// SPDX-License-Identifier: MIT
/* Values of LimitX= and DefaultLimitX=, see conf-systemd.h: src/shared/rlimit-util.c, parse_size()
 * and parse_time() of systemd. Pure. */
#include "conf-systemd.h"

#include "model.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define BLANKS " \t\n\r"

static const char *const names[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "AS",           [RLIMIT_CORE] = "CORE",
	[RLIMIT_CPU] = "CPU",         [RLIMIT_DATA] = "DATA",
	[RLIMIT_FSIZE] = "FSIZE",     [RLIMIT_LOCKS] = "LOCKS",
	[RLIMIT_MEMLOCK] = "MEMLOCK", [RLIMIT_MSGQUEUE] = "MSGQUEUE",
	[RLIMIT_NICE] = "NICE",       [RLIMIT_NOFILE] = "NOFILE",
	[RLIMIT_NPROC] = "NPROC",     [RLIMIT_RSS] = "RSS",
	[RLIMIT_RTPRIO] = "RTPRIO",   [RLIMIT_RTTIME] = "RTTIME",
	[RLIMIT_STACK] = "STACK",     [RLIMIT_SIGPENDING] = "SIGPENDING",
};

int systemd_limit_resource(const char *name)
{
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

const char *systemd_limit_name(int resource)
{
	return names[resource];
}

/* ---- numbers ----------------------------------------------------------------------------- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits of BASE at *AT, which is moved behind them. False: none, or too many. */
static bool take_digits(const char **at, unsigned base, uint64_t *ret)
{
	const char *start = *at;
	uint64_t number = 0;

	for (; (unsigned)digit_of(**at) < base; ++*at)
		if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit_of(**at), &number))
			return false;
	*ret = number;
	return *at > start;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, BLANKS);
}

/* safe_atou64(): as strtoull(3) with base 0, "0x10", "010" (octal), and "0b1", "0o7". */
static int parse_number(const char *text, uint64_t *ret)
{
	unsigned base = 0;

	text = skip_blanks(text);
	if (*text == '0' && (text[1] == 'b' || text[1] == 'o')) {
		base = text[1] == 'b' ? 2 : 8;
		text = skip_blanks(text + 2);
	}
	bool negative = *text == '-';
	text += *text == '-' || *text == '+';
	if (!base && *text == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!base)
		base = *text == '0' ? 8 : 10;
	if (!take_digits(&text, base, ret) || *text || *ret == LIMIT_UNLIMITED)
		return -EINVAL;
	return negative && *ret ? -EINVAL : 0; /* "-0" is 0 */
}

/* ".5" of FACTOR at *AT, as parse_size() computes it. */
static uint64_t take_fraction(const char **at, uint64_t factor)
{
	const char *start = *at + 1;
	double part;
	uint64_t digits;

	if (**at != '.')
		return 0;
	*at = start;
	if (!take_digits(at, 10, &digits))
		return 0;
	part = (double)digits;
	for (const char *p = start; p < *at; p++)
		part /= 10;
	return (uint64_t)(part * (double)factor);
}

/* The same as parse_time() does. */
static uint64_t take_time_fraction(const char **at, uint64_t factor)
{
	uint64_t sum = 0;

	if (**at != '.')
		return 0;
	for (++*at; **at >= '0' && **at <= '9'; ++*at) {
		factor /= 10;
		sum += (uint64_t)(**at - '0') * factor;
	}
	return sum;
}

struct suffix {
	const char *text;
	uint64_t factor;
};

/* "1.5G", "1G 512M": suffixes from large to small. */
static int parse_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "EPTGMKB";
	size_t first = 0;
	uint64_t sum = 0;

	do {
		uint64_t whole, part;
		size_t i = sizeof suffixes - 1;
		text = skip_blanks(text);
		if (*text == '+')
			text++;
		if (!take_digits(&text, 10, &whole))
			return -EINVAL;
		const char *dot = text;
		take_fraction(&text, 1);
		text = skip_blanks(text);
		if (*text && strchr(suffixes, *text))
			i = (size_t)(strchr(suffixes, *text) - suffixes);
		if (i < first)
			return -EINVAL;
		uint64_t factor = i < 7 ? UINT64_C(1) << (10 * (6 - i)) : 1;
		part = take_fraction(&dot, factor);
		if (__builtin_mul_overflow(whole, factor, &whole) ||
		    __builtin_add_overflow(sum, whole, &sum) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -EINVAL;
		text += i < 7;
		first = i + 1;
	} while (*text && first <= 7);
	*ret = sum;
	return *text || sum == LIMIT_UNLIMITED ? -EINVAL : 0;
}

/* "2min 30s", "1.5h"; microseconds. A number alone is in units of DEFAULT_FACTOR. */
static int parse_time(const char *text, uint64_t default_factor, uint64_t *ret)
{
	static const uint64_t second = 1000000;
	static const struct suffix units[] = {
		{ "seconds", 1 },     { "second", 1 },    { "sec", 1 },     { "s", 1 },
		{ "minutes", 60 },    { "minute", 60 },   { "min", 60 },    { "months", 2629800 },
		{ "month", 2629800 }, { "M", 2629800 },   { "msec", 0 },    { "ms", 0 },
		{ "m", 60 },          { "hours", 3600 },  { "hour", 3600 }, { "hr", 3600 },
		{ "h", 3600 },        { "days", 86400 },  { "day", 86400 }, { "d", 86400 },
		{ "weeks", 604800 },  { "week", 604800 }, { "w", 604800 },  { "years", 31557600 },
		{ "year", 31557600 }, { "y", 31557600 },  { "usec", 0 },    { "us", 0 },
		{ "\xc2\xb5s", 0 },   { "\xce\xbcs", 0 },
	};
	bool something = false;
	uint64_t sum = 0;

	if (!strcmp(skip_blanks(text), "infinity")) {
		*ret = LIMIT_UNLIMITED;
		return 0;
	}
	for (text = skip_blanks(text); *text; text = skip_blanks(text)) {
		uint64_t whole = 0, part, factor = default_factor;
		if (*text == '+' && text[1] != '.')
			text++;
		if (*text != '.' && (!take_digits(&text, 10, &whole) || whole > INT64_MAX))
			return -EINVAL; /* strtoll(3) */
		const char *dot = text;
		take_time_fraction(&text, 1);
		if (dot[0] == '.' && text == dot + 1)
			return -EINVAL;
		text = skip_blanks(text);
		for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
			size_t size = strlen(units[i].text);
			if (strncmp(text, units[i].text, size) != 0)
				continue;
			factor = units[i].factor           ? units[i].factor * second
				 : units[i].text[0] == 'm' ? 1000
							   : 1;
			text += size;
			break;
		}
		part = take_time_fraction(&dot, factor);
		if (__builtin_mul_overflow(whole, factor, &whole) ||
		    __builtin_add_overflow(sum, whole, &sum) ||
		    __builtin_add_overflow(sum, part, &sum))
			return -EINVAL;
		something = true;
	}
	*ret = sum;
	return something && sum != LIMIT_UNLIMITED ? 0 : -EINVAL;
}

/* A nice level with its sign, or the kernel's number: 20 - level. */
static int parse_nice(const char *text, uint64_t *ret)
{
	char sign = *text == '+' || *text == '-' ? *text++ : '\0';

	if (parse_number(text, ret) || *ret > (sign == '+' ? 19 : sign == '-' ? 20 : 40))
		return -EINVAL;
	if (sign)
		*ret = sign == '+' ? 20 - *ret : 20 + *ret;
	return 0;
}

/* ---- limits ------------------------------------------------------------------------------ */

static int parse_seconds(const char *text, uint64_t *ret)
{
	int r = parse_time(text, 1000000, ret);

	if (!r && *ret != LIMIT_UNLIMITED)
		*ret = *ret / 1000000 + (*ret % 1000000 != 0);
	return r;
}

static int parse_side(int resource, const char *text, uint64_t *ret)
{
	if (!strcmp(text, "infinity") && resource != RLIMIT_NICE) {
		*ret = LIMIT_UNLIMITED;
		return 0;
	}
	switch (resource) {
	case RLIMIT_CPU:
		return parse_seconds(text, ret);
	case RLIMIT_RTTIME:
		return parse_time(text, 1, ret);
	case RLIMIT_NICE:
		return parse_nice(text, ret);
	case RLIMIT_NOFILE:
	case RLIMIT_NPROC:
	case RLIMIT_LOCKS:
	case RLIMIT_SIGPENDING:
	case RLIMIT_RTPRIO:
		return parse_number(text, ret);
	default:
		return parse_size(text, ret);
	}
}

int systemd_limit_parse(int resource, const char *text, uint64_t *ret_soft, uint64_t *ret_hard)
{
	char soft_text[128];
	size_t size = strcspn(text, ":");
	uint64_t soft, hard;

	if (size >= sizeof soft_text)
		return -EINVAL;
	memcpy(soft_text, text, size);
	soft_text[size] = '\0';
	if (parse_side(resource, soft_text, &soft))
		return -EINVAL;
	hard = soft;
	if (text[size] && parse_side(resource, text + size + 1, &hard))
		return -EINVAL;
	if (soft > hard)
		return -EILSEQ;
	*ret_soft = soft;
	*ret_hard = hard;
	return 0;
}
