/* SPDX-License-Identifier: MIT
 *
 * A stream of bytes cut into JSON documents: one to a line, over several lines, or one behind the
 * other. What is no document is named by its line and costs only itself: the next line that can be
 * a beginning is one. One document is held at a time, of bounded size. No I/O.
 */
#ifndef KEELTUNE_DOCUMENTS_H
#define KEELTUNE_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define DOCUMENT_MAX (8u << 20) /* bytes */

struct document {
	char *bytes; /* may be changed until the function returns; NULL with a problem */
	size_t size;
	size_t line;         /* where it begins, 1..; 0: the input as a whole */
	const char *problem; /* why it is none; or NULL */
};

typedef void document_function(void *context, const struct document *document);

struct documents;

/* FUNCTION gets each document in turn, with CONTEXT. */
struct documents *documents_new(document_function *function, void *context);
void documents_free(struct documents *documents);

/* The next SIZE bytes of the input; and its end, behind which the next input may begin. False: what
 * follows is not looked at any more. */
bool documents_feed(struct documents *documents, const char *bytes, size_t size);
void documents_end(struct documents *documents);
/* The same for an input that could not be read to its end: what is open is forgotten. */
void documents_drop(struct documents *documents);

#endif
