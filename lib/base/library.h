/* Libraries that are loaded at the first use, because linking them would cost every process some
 * milliseconds. */

#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_function {
    const char *name;
    void *place; /* Of a pointer to the function. */
};

enum { LIBRARY_REASON = 256 };

/* Loads a library, which is never unloaded, by the flags of dlopen(), and fills in all places. When
 * it returns false, 'reason' says why. */
bool library_load(const char *file, int flags, const struct library_function *functions, size_t n,
                  char reason[static LIBRARY_REASON]);

#endif /* library.h */
