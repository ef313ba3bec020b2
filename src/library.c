// SPDX-License-Identifier: MIT
/* Libraries loaded on demand, see library.h. */
#include "library.h"

#include <dlfcn.h>

bool library_load(const char *soname, const struct library_symbol *symbols, size_t count)
{
	void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);

	if (!library)
		return false;
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(library, symbols[i].name);
		if (!address) {
			dlclose(library);
			return false;
		}
		*(void **)symbols[i].place = address; /* as dlsym(3) has it */
	}
	return true;
}
