#include "kube/base64.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Whether the rest is the padding that 'digits' digits need. */
static int padding_fits(const char *p, size_t digits)
{
    size_t padding = 0;

    for (; *p; p++) {
        if (*p == '=') {
            padding++;
        } else if (!isspace((unsigned char)*p)) {
            return 0;
        }
    }
    return (digits + padding) % 4 == 0 && padding < 3;
}

char *base64_decode_text(const char *encoded)
{
    char *text = malloc(strlen(encoded) / 4 * 3 + 4), *out = text;
    uint32_t bits = 0;
    size_t digits = 0;
    const char *p;

    for (p = encoded; text && *p && *p != '='; p++) {
        if (isspace((unsigned char)*p)) {
            continue;
        }
        if (value_of(*p) < 0) {
            break;
        }
        bits = bits << 6 | (uint32_t)value_of(*p);
        if (digits++ % 4) {
            *out++ = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
        }
    }
    if (!text || !padding_fits(p, digits) || memchr(text, '\0', (size_t)(out - text))) {
        free(text);
        return NULL;
    }
    *out = '\0';
    return text;
}
