#include "base/uuid.h"

#include <string.h>

#include "base/sha1.h"

/* The UUIDv5 namespace of libovnk8s. It may never change: it is in every database. */
static const uint8_t namespace_id[16] = {0x6c, 0x69, 0x62, 0x6f, 0x76, 0x6e, 0x4b, 0x38,
                                         0x8b, 0x73, 0x2d, 0x72, 0x6f, 0x77, 0x69, 0x64};

/* What an identity is the digest of, when it is no longer than most. */
struct text {
    size_t length;
    char bytes[104];
};

/* Adds a part with the zero byte that ends it, which keeps ("a", "bc") and ("ab", "c") apart. */
static bool add_part(struct text *text, const char *part)
{
    const size_t size = strlen(part) + 1;

    if (size > sizeof text->bytes - text->length) {
        return false;
    }
    memcpy(text->bytes + text->length, part, size);
    text->length += size;
    return true;
}

static struct row_id id_of(const uint8_t digest[static SHA1_SIZE])
{
    struct row_id id;

    memcpy(id.bytes, digest, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x50);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

static struct row_id compute(const char *owner, const char *table, const char *name)
{
    uint8_t digest[SHA1_SIZE];
    struct sha1 ctx;

    sha1_start(&ctx);
    sha1_add(&ctx, namespace_id, sizeof namespace_id);
    sha1_add(&ctx, owner, strlen(owner) + 1);
    sha1_add(&ctx, table, strlen(table) + 1);
    sha1_add(&ctx, name, strlen(name));
    sha1_finish(&ctx, digest);
    return id_of(digest);
}

/* A plan with many ports asks for the same identities again and again: those of their node, and
 * several times in a row that of the port. The latest ones are remembered. */
enum { REMEMBERED = 64 };

static size_t place_of(const struct text *text)
{
    uint64_t hash = text->length;

    for (size_t i = 0; i < text->length; i += sizeof hash) {
        const size_t left = text->length - i;
        uint64_t word = 0;

        memcpy(&word, text->bytes + i, left < sizeof word ? left : sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    }
    return (size_t)(hash >> 32) % REMEMBERED;
}

struct row_id row_id(const char *owner, const char *table, const char *name)
{
    static _Thread_local struct {
        struct text text;
        struct row_id id;
    } remembered[REMEMBERED];
    struct text text;
    size_t i;

    text.length = 0;
    if (!add_part(&text, owner) || !add_part(&text, table) || !add_part(&text, name)) {
        return compute(owner, table, name);
    }
    i = place_of(&text);
    if (remembered[i].text.length != text.length ||
        memcmp(remembered[i].text.bytes, text.bytes, text.length) != 0) {
        remembered[i].text.length = text.length;
        memcpy(remembered[i].text.bytes, text.bytes, text.length);
        remembered[i].id = compute(owner, table, name);
    }
    return remembered[i].id;
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
