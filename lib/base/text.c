#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct text *text, size_t more)
{
    const size_t needed = text->length + more + 1;
    char *bytes;

    if (text->failed || needed <= text->room) {
        return !text->failed;
    }
    bytes = realloc(text->bytes, needed < 128 ? 128 : needed * 2);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->room = needed < 128 ? 128 : needed * 2;
    return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t n)
{
    if (text_reserve(text, n)) {
        memcpy(text->bytes + text->length, bytes, n);
        text->length += n;
        text->bytes[text->length] = '\0';
    }
}

void text_add(struct text *text, const char *more)
{
    text_add_bytes(text, more, strlen(more));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && text_reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void text_clear(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

int text_take(struct text *text, char **out)
{
    text_add(text, ""); /* So that an empty text is "", not NULL. */
    if (text->failed) {
        text_clear(text);
        *out = NULL;
        return fail_nomem();
    }
    *out = text->bytes;
    *text = (struct text){0};
    return 0;
}
