// SPDX-License-Identifier: MIT
/* Libraries loaded on demand, see library.h. */
#include "library.h"

#include <dlfcn.h>
#include <string.h>

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
		/* ISO C has no cast from an object to a function pointer; POSIX says they are
		 * alike. */
		memcpy(symbols[i].place, &address, sizeof address);
	}
	return true;
}
