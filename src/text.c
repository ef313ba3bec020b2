// SPDX-License-Identifier: MIT
/* Small questions to a text, see text.h. */
#include "text.h"

#include <ctype.h>
#include <string.h>

bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), tail = strlen(end);

	return size >= tail && !strcmp(text + size - tail, end);
}

bool is_conf_name(const char *name)
{
	return *name != '.' && ends_with(name, ".conf");
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool parse_decimal(const char *text, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (const char *p = text; *p; p++) {
		if (!isdigit((unsigned char)*p) || __builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return false;
	}
	if (number > max)
		return false;
	*ret_number = number;
	return true;
}

bool parse_with_unit(const char *text, const char *units, const uint64_t *factors, uint64_t *ret)
{
	char digits[24];
	size_t size = strspn(text, "0123456789");
	uint64_t factor = factors[0];

	if (!size || size >= sizeof digits)
		return false;
	if (text[size]) {
		const char *unit = strchr(units, text[size]);
		if (!unit || text[size + 1])
			return false;
		factor = factors[unit - units];
	}
	memcpy(digits, text, size);
	digits[size] = '\0';
	return parse_decimal(digits, UINT64_MAX / factor, ret) &&
	       !__builtin_mul_overflow(*ret, factor, ret);
}

bool parse_duration(const char *text, uint64_t *ret)
{
	static const uint64_t milliseconds[] = { 1000, 60000, 3600000, 86400000 };

	return parse_with_unit(text, "smhd", milliseconds, ret);
}

static bool next_token(const char **at, const char *end, const char **ret_token, size_t *ret_size)
{
	while (*at < end && isspace((unsigned char)**at))
		(*at)++;
	*ret_token = *at;
	while (*at < end && !isspace((unsigned char)**at))
		(*at)++;
	*ret_size = (size_t)(*at - *ret_token);
	return *ret_size > 0;
}

bool tokens_equal(const char *a, size_t a_size, const char *b, size_t b_size)
{
	const char *a_end = a + a_size, *b_end = b + b_size, *a_token, *b_token;
	size_t a_length, b_length;

	for (;;) {
		bool more = next_token(&a, a_end, &a_token, &a_length);
		if (more != next_token(&b, b_end, &b_token, &b_length))
			return false;
		if (!more)
			return true;
		if (a_length != b_length || memcmp(a_token, b_token, a_length) != 0)
			return false;
	}
}
