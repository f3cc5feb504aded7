/* SHA-1 of FIPS 180-4, for identities only: it need not resist an attacker. OpenSSL's would cost
 * every short process the start-up of that library. */

#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20 };

/* A digest that is being made: sha1_start(), sha1_add() any number of times, sha1_finish(). */
struct sha1 {
    uint32_t h[5];
    uint8_t block[64];
    uint64_t size;
};

void sha1_start(struct sha1 *ctx);
void sha1_add(struct sha1 *ctx, const void *data, size_t size);
void sha1_finish(struct sha1 *ctx, uint8_t digest[static SHA1_SIZE]);

/* All of it at once. */
void sha1(const void *data, size_t size, uint8_t digest[static SHA1_SIZE]);

#endif /* sha1.h */
