/* Giving back memory that the library handed over.
 *
 * A program may have another allocator than the library; so what a call here returns for the caller
 * to keep is given back here, not by the caller's free(). */

#ifndef OVNK8S_MEMORY_H
#define OVNK8S_MEMORY_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* Frees 'memory', a text that a call of the library has handed over to the caller; NULL is fine.
 * What has a free function of its own is freed by that one.
 *
 * Thread rule: any thread. */
OVNK8S_API void ovnk8s_free(void *memory);

OVNK8S_END_DECLS

#endif /* memory.h */
