#include "base/sha1.h"

#include <endian.h>
#include <string.h>

static uint32_t rotate(uint32_t x, unsigned int n)
{
    return x << n | x >> (32 - n);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return z ^ (x & (y ^ z));
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (z & (x | y));
}

/* Five steps at a time leave each variable where it was. */
#define STEP(MIX, K, I, A, B, C, D, E)                                                             \
    (E) += rotate(A, 5) + MIX(B, C, D) + (K) + w[I];                                               \
    (B) = rotate(B, 30)
#define ROUND(MIX, K, FIRST)                                                                       \
    for (size_t i = (FIRST); i < (FIRST) + 20; i += 5) {                                           \
        STEP(MIX, K, i, a, b, c, d, e);                                                            \
        STEP(MIX, K, i + 1, e, a, b, c, d);                                                        \
        STEP(MIX, K, i + 2, d, e, a, b, c);                                                        \
        STEP(MIX, K, i + 3, c, d, e, a, b);                                                        \
        STEP(MIX, K, i + 4, b, c, d, e, a);                                                        \
    }

static void sha1_block(uint32_t h[static 5], const uint8_t block[static 64])
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    memcpy(w, block, 64);
    for (size_t i = 0; i < 16; i++) {
        w[i] = be32toh(w[i]);
    }
    for (size_t i = 16; i < 80; i++) {
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    ROUND(choose, 0x5a827999, 0)
    ROUND(parity, 0x6ed9eba1, 20)
    ROUND(majority, 0x8f1bbcdc, 40)
    ROUND(parity, 0xca62c1d6, 60)
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void sha1_start(struct sha1 *ctx)
{
    *ctx = (struct sha1){.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void sha1_add(struct sha1 *ctx, const void *data, size_t size)
{
    const uint8_t *from = data;

    while (size) {
        const size_t used = ctx->size % sizeof ctx->block, room = sizeof ctx->block - used;
        const size_t n = size < room ? size : room;

        memcpy(ctx->block + used, from, n);
        ctx->size += n;
        from += n;
        size -= n;
        if (n == room) {
            sha1_block(ctx->h, ctx->block);
        }
    }
}

void sha1_finish(struct sha1 *ctx, uint8_t digest[static SHA1_SIZE])
{
    static const uint8_t padding[sizeof ctx->block] = {0x80};
    const uint64_t bits = htobe64(ctx->size * 8);
    const size_t used = ctx->size % sizeof ctx->block;

    /* Up to the last eight bytes of a block, which are for the size. */
    sha1_add(ctx, padding, used < 56 ? 56 - used : 120 - used);
    sha1_add(ctx, &bits, sizeof bits);
    for (size_t i = 0; i < 5; i++) {
        const uint32_t h = htobe32(ctx->h[i]);

        memcpy(digest + 4 * i, &h, sizeof h);
    }
}

void sha1(const void *data, size_t size, uint8_t digest[static SHA1_SIZE])
{
    struct sha1 ctx;

    sha1_start(&ctx);
    sha1_add(&ctx, data, size);
    sha1_finish(&ctx, digest);
}
