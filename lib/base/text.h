/* A text that grows. One that could not get memory stays in that state until it is taken. */

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct text {
    char *bytes; /* NULL or zero-terminated. */
    size_t length, room;
    bool failed;
};

void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const void *bytes, size_t n);
void text_printf(struct text *text, const char *format, ...) PRINTF(2, 3);
void text_clear(struct text *text);

/* Moves the text to '*out', to be freed by the caller's free(); fails with OVNK8S_NOMEM. */
int text_take(struct text *text, char **out);

#define _cleanup_text_ __attribute__((cleanup(text_clear)))

#endif /* text.h */
