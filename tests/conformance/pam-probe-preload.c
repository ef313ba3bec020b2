// SPDX-License-Identifier: MIT
/* A module of the test's own root directory, under the names pam_limits.so and pam_maybe.so: tells
 * the program (pam-stack.c) which of them was called, and returns what that wants. Not for
 * LD_PRELOAD. */
struct pam_handle;

int probe_called(const void *module, int argc, const char **argv); /* of the program */
int pam_sm_open_session(struct pam_handle *pamh, int flags, int argc, const char **argv);

int pam_sm_open_session(struct pam_handle *pamh, int flags, int argc, const char **argv)
{
	static const char module; /* lies in this module, so its address tells which one it is */

	(void)pamh;
	(void)flags;
	return probe_called(&module, argc, argv);
}
