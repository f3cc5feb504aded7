/* Early returns without ladders: variables that clean up after themselves. */

#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(FUNCTION) __attribute__((cleanup(FUNCTION)))

static inline void cleanup_freep(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cleanup_closep(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static inline void cleanup_fclosep(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

#define _cleanup_free_ CLEANUP(cleanup_freep)
#define _cleanup_close_ CLEANUP(cleanup_closep)
#define _cleanup_fclose_ CLEANUP(cleanup_fclosep)

/* Defines NAMEp(), the cleanup function of a TYPE that is freed by FREE. */
#define DEFINE_CLEANUP(NAME, TYPE, FREE)                                                           \
    static inline void NAME##p(TYPE *pointer)                                                      \
    {                                                                                              \
        if (*pointer) {                                                                            \
            FREE(*pointer);                                                                        \
        }                                                                                          \
    }

/* Hands over the value of a cleanup variable, which forgets it. */
#define STEAL(VARIABLE)                                                                            \
    ({                                                                                             \
        __typeof__(VARIABLE) stolen_ = (VARIABLE);                                                 \
        (VARIABLE) = NULL;                                                                         \
        stolen_;                                                                                   \
    })

#define COUNT_OF(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

#endif /* mem.h */
