#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

/* SHA-1 of FIPS 180-4, for identities only: it need not resist an attacker. OpenSSL's would cost
 * every short process the start-up of that library. */

struct sha1 {
    uint32_t h[5];
    uint8_t block[64];
    uint64_t size;
};

static uint32_t rotate(uint32_t x, unsigned int n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(struct sha1 *ctx)
{
    uint32_t w[80], s[5];

    for (size_t i = 0; i < 16; i++) {
        const uint8_t *p = ctx->block + 4 * i;

        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (size_t i = 16; i < 80; i++) {
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    memcpy(s, ctx->h, sizeof s);
    for (size_t i = 0; i < 80; i++) {
        const uint32_t f = i < 20   ? (s[1] & s[2]) | (~s[1] & s[3])
                           : i < 40 ? s[1] ^ s[2] ^ s[3]
                           : i < 60 ? (s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])
                                    : s[1] ^ s[2] ^ s[3];
        static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        const uint32_t t = rotate(s[0], 5) + f + s[4] + k[i / 20] + w[i];

        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate(s[1], 30);
        s[1] = s[0];
        s[0] = t;
    }
    for (size_t i = 0; i < 5; i++) {
        ctx->h[i] += s[i];
    }
}

static void sha1_add(struct sha1 *ctx, const void *data, size_t size)
{
    const uint8_t *p = data;

    while (size--) {
        ctx->block[ctx->size++ % 64] = *p++;
        if (ctx->size % 64 == 0) {
            sha1_block(ctx);
        }
    }
}

static void sha1_start(struct sha1 *ctx)
{
    *ctx = (struct sha1){{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, {0}, 0};
}

static void sha1_finish(struct sha1 *ctx, uint8_t digest[static SHA1_SIZE])
{
    const uint64_t bits = ctx->size * 8;
    uint8_t length[8];

    sha1_add(ctx, "\x80", 1);
    while (ctx->size % 64 != 56) {
        sha1_add(ctx, "", 1);
    }
    for (size_t i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    sha1_add(ctx, length, sizeof length);
    for (size_t i = 0; i < SHA1_SIZE; i++) {
        digest[i] = (uint8_t)(ctx->h[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void sha1(const void *data, size_t size, uint8_t digest[static SHA1_SIZE])
{
    struct sha1 ctx;

    sha1_start(&ctx);
    sha1_add(&ctx, data, size);
    sha1_finish(&ctx, digest);
}

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

bool row_id_parse(const char *text, struct row_id *out)
{
    struct row_id id;
    int used = 0;
    uint8_t *b = id.bytes;
    const int found = sscanf(text,
                             "%2hhx%2hhx%2hhx%2hhx-%2hhx%2hhx-%2hhx%2hhx-"
                             "%2hhx%2hhx-%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx%n",
                             b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7, b + 8, b + 9,
                             b + 10, b + 11, b + 12, b + 13, b + 14, b + 15, &used);

    if (found != 16 || used != UUID_TEXT - 1 || text[used]) {
        return false;
    }
    *out = id;
    return true;
}

char *row_id_format(struct row_id id, char text[static UUID_TEXT])
{
    char *p = text;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        p += sprintf(p, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id.bytes[i]);
    }
    return text;
}
