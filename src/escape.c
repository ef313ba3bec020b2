// SPDX-License-Identifier: MIT
/* Escaping, see escape.h. */
#include "escape.h"

#include "pool.h"

#include <stdio.h>
#include <string.h>

size_t utf8_sequence(const unsigned char *p, const unsigned char *end, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = *p < 0x80   ? 1
		      : *p < 0xc2 ? 0
		      : *p < 0xe0 ? 2
		      : *p < 0xf0 ? 3
		      : *p < 0xf5 ? 4
				  : 0;
	uint32_t code = size == 1 ? *p : *p & (0x7fu >> size);

	if (!size || (size_t)(end - p) < size)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return size;
}

bool escape_hides(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0, 0x1f },          { 0x7f, 0x9f },       { 0xad, 0xad },
		{ 0x34f, 0x34f },     { 0x61c, 0x61c },     { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x200b, 0x200f },
		{ 0x2028, 0x202e },   { 0x2060, 0x206f },   { 0x3164, 0x3164 },
		{ 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	if ((code & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges && code >= ranges[i].first; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

const char *escape_control(struct pool *pool, const char *text, const char *keep)
{
	size_t length = strlen(text);
	const unsigned char *p = (const unsigned char *)text, *end = p + length;
	char *out = pool_alloc(pool, 4 * length + 1), *to = out;
	bool changed = false;

	while (p < end) {
		uint32_t code = 0;
		size_t size = utf8_sequence(p, end, &code);
		if (size && (!escape_hides(code) || (code < 0x20 && strchr(keep, (int)code)))) {
			memcpy(to, p, size);
			to += size;
			p += size;
			continue;
		}
		for (size_t i = 0; i < (size ? size : 1); i++, p++)
			to += snprintf(to, 5, "\\x%02x", *p);
		changed = true;
	}
	return changed ? out : text;
}

const char *escape_utf8(struct pool *pool, const char *bytes, size_t size)
{
	const unsigned char *p = (const unsigned char *)bytes, *end = p + size;
	char *out = pool_alloc(pool, 3 * size + 1), *to = out;

	while (p < end) {
		uint32_t code = 0;
		size_t length = utf8_sequence(p, end, &code);
		if (length && code) {
			memcpy(to, p, length);
			to += length;
			p += length;
		} else {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			p++;
		}
	}
	return out;
}

const char *escape_quoted(struct pool *pool, const char *text)
{
	char *out = pool_alloc(pool, 2 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		if (strchr("\\\"\n", *text))
			*to++ = '\\';
		*to++ = *text == '\n' ? 'n' : *text;
	}
	*to = '\0';
	return out;
}

const char *escape_xml(struct pool *pool, const char *text)
{
	static const struct {
		char byte;
		const char *reference;
	} table[] = {
		{ '&', "&amp;" },  { '<', "&lt;" },    { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&apos;" },
	};
	char *out = pool_alloc(pool, 6 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		const char *reference = NULL;
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			if (table[i].byte == *text)
				reference = table[i].reference;
		size_t size = reference ? strlen(reference) : 1;
		memcpy(to, reference ? reference : text, size);
		to += size;
	}
	*to = '\0';
	return out;
}
