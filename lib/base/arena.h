/* Memory that is given piece by piece and taken back as a whole.
 *
 * The rows of a plan consist of many small strings and arrays of one lifetime. An arena that could
 * not get memory stays in that state: callers may go on and look at 'failed' once, at the end. */

#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena {
    struct arena_block *blocks;
    bool failed; /* Some allocation returned NULL. */
};

/* Frees everything; the arena can then be used anew. */
void arena_clear(struct arena *arena);

/* Returns 'size' zeroed bytes, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Returns a copy of 'text', or NULL when 'text' is NULL or memory ran out. */
const char *arena_strdup(struct arena *arena, const char *text);
const char *arena_strndup(struct arena *arena, const char *text, size_t length);

/* Returns 'first' and 'second' with 'between' between them. */
const char *arena_join(struct arena *arena, const char *first, const char *between,
                       const char *second);

const char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);

#endif /* arena.h */
