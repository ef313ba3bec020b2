// SPDX-License-Identifier: MIT
/* Growing arrays, see array.h. By half: realloc(3) moves the pages of a large one, not its bytes.
 */
#include "array.h"

#include <stdint.h>
#include <stdlib.h>

void *array_extend(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t more = *room ? *room + *room / 2 : 64;
	if (more > SIZE_MAX / size)
		return NULL;
	void *grown = realloc(array, more * size);
	if (grown)
		*room = more;
	return grown;
}
