/* SPDX-License-Identifier: MIT
 *
 * Why something failed, for a person. Fixed size: filling one never fails. The last parameter of
 * every function whose failure needs an explanation; such functions return 0 or a negative errno.
 */
#ifndef KEELTUNE_ERROR_H
#define KEELTUNE_ERROR_H

struct error {
	int code; /* a negative errno; 0: no error */
	char message[1024];
};

/* Sets both and returns CODE (negative), so that `return error_set(err, -EINVAL, ...)` reads well.
 */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
