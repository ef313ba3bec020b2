/* SPDX-License-Identifier: MIT
 *
 * Text that comes from the host (file names, values, process names) made safe to show.
 */
#ifndef KEELTUNE_ESCAPE_H
#define KEELTUNE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;

/* May CODE not stand in a text as it is? Control characters (C0, DEL, C1); what cannot be seen, or
 * turns the direction of writing, and so makes a text look like another (what Unicode calls
 * Default_Ignorable_Code_Point, and the separators of lines and of annotations); noncharacters
 * (U+FFFE, U+FDD0, ...), which XML takes only some of. */
bool escape_hides(uint32_t code);

/* Characters of escape_hides() and bytes that are not UTF-8 become \xNN; the rest is unchanged:
 * that may stand in a line of text of any format. KEEP lists control characters to leave alone (""
 * or
 * "\n\t"). Returns TEXT itself when nothing had to change. */
const char *escape_control(struct pool *pool, const char *text, const char *keep);

/* Length of the valid UTF-8 sequence at P (RFC 3629: no overlong forms, no surrogates) and the code
 * point it means, or 0. P is before END. */
size_t utf8_sequence(const unsigned char *p, const unsigned char *end, uint32_t *ret_code);

/* Of escape_control(..., "" or "\n"), inside double quotes: \\, \" and \n. Of YAML, and of the
 * labels of Prometheus. */
const char *escape_quoted(struct pool *pool, const char *text);
/* Of escape_control(), in XML: for an element, or without line feeds and tabs (which a parser would
 * take for blanks) for a quoted attribute. */
const char *escape_xml(struct pool *pool, const char *text);

/* Valid UTF-8 for JSON: other bytes become U+FFFD. */
const char *escape_utf8(struct pool *pool, const char *bytes, size_t size);

#endif
