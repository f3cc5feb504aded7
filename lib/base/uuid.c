#include "base/uuid.h"

#include <string.h>

#include "base/sha1.h"

/* The UUIDv5 namespace of libovnk8s. It may never change: it is in every database. */
static const uint8_t namespace_id[16] = {0x6c, 0x69, 0x62, 0x6f, 0x76, 0x6e, 0x4b, 0x38,
                                         0x8b, 0x73, 0x2d, 0x72, 0x6f, 0x77, 0x69, 0x64};

struct row_id row_id(const char *owner, const char *table, const char *name)
{
    uint8_t digest[SHA1_SIZE];
    struct sha1 ctx;
    struct row_id id;

    sha1_start(&ctx);
    sha1_add(&ctx, namespace_id, sizeof namespace_id);
    /* The zero bytes keep ("a", "bc") and ("ab", "c") apart. */
    sha1_add(&ctx, owner, strlen(owner) + 1);
    sha1_add(&ctx, table, strlen(table) + 1);
    sha1_add(&ctx, name, strlen(name));
    sha1_finish(&ctx, digest);
    memcpy(id.bytes, digest, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x50);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

bool row_id_equal(struct row_id a, struct row_id b)
{
    return !memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

/* The dashes of the text form come before these bytes. */
static bool has_dash(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/* Returns 16 for what is no digit. */
static unsigned int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned int)(c - '0');
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a' + 10) : 16;
}

bool row_id_parse(const char *text, struct row_id *out)
{
    struct row_id id;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        unsigned int high, low;

        if (has_dash(i) && *text++ != '-') {
            return false;
        }
        high = digit_value(text[0]);
        low = high < 16 ? digit_value(text[1]) : 16;
        if (low == 16) {
            return false;
        }
        id.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text) {
        return false;
    }
    *out = id;
    return true;
}

char *row_id_format(struct row_id id, char text[static UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *p = text;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        if (has_dash(i)) {
            *p++ = '-';
        }
        *p++ = digits[id.bytes[i] >> 4];
        *p++ = digits[id.bytes[i] & 15];
    }
    *p = '\0';
    return text;
}
