// SPDX-License-Identifier: MIT
/* Runs a fuzz target over files, without a fuzzer: the corpus, and what once was a finding.
 *
 *     fuzz-NAME FILE...
 *
 * One result line for each file, before the next is begun: a file that ends the program is the one
 * without. */
#include "fuzz.h"

#include <string.h>

#define BYTES_MAX (4u << 20)

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = strrchr(argv[i], '/');
		FILE *file = fopen(argv[i], "re");
		uint8_t *all = malloc(BYTES_MAX);
		if (!file || !all) {
			printf("not ok %s: cannot be read\n", argv[i]);
			return EXIT_FAILURE;
		}
		size_t size = fread(all, 1, BYTES_MAX, file);
		fclose(file);
		uint8_t *data = malloc(size ? size : 1); /* so that a byte too far is seen */
		if (!data)
			return EXIT_FAILURE;
		memcpy(data, all, size);
		free(all);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
		printf("ok %s\n", name ? name + 1 : argv[i]);
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}
