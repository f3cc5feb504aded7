/* The inside of struct blocks, for the files that implement it.
 *
 * Both families are 128 bits wide here: an IPv4 address is the last 32 of them, and the length of
 * an IPv4 prefix is 96 more than it says. */

#ifndef TOPOLOGY_BLOCKS_TRIE_H
#define TOPOLOGY_BLOCKS_TRIE_H

#include "topology/blocks.h"

typedef unsigned __int128 u128;

enum {
    BITS = 128,
    WORD_LENGTH = BITS - 6, /* Of the blocks whose slot is a word. */
    ROOT_LENGTH_OF_4 = 96,
    NO_ROOM = BITS + 1, /* As the length of the largest free block. */
    COUNT_OF_HIGH = 3,
};

struct block {
    u128 first;
    unsigned int length;
};

/* A block with something taken and something free in each half, or with one half wholly free and
 * the other a taken block or a word. The slots of its halves may refer to nodes of a smaller block
 * than a half; the rest of the half is free then. */
struct blocks_node {
    union blocks_slot child[2];
    uint32_t low; /* The last bits of the first address, ... */
    uint8_t length;
    uint8_t largest; /* The length of the largest free block, or NO_ROOM. */
    bool is_wide;
    uint32_t high[]; /* ... and the others, lowest first, unless all are zero, as those of IPv4. */
};

bool slot_is_full(union blocks_slot slot, unsigned int length);
bool slot_is_free(union blocks_slot slot, unsigned int length);
struct block node_block(const struct blocks_node *node);

/* What is known of one block. */
struct view {
    union blocks_slot slot;
    struct block block;
};

/* What is known of 'prefix', or of the word that it is a part of. */
struct view blocks_view(const struct blocks *blocks, const struct prefix *prefix);

static inline u128 mask_of(unsigned int length)
{
    return length ? ~(u128)0 << (BITS - length) : 0;
}

static inline struct block cut(struct block block, unsigned int length)
{
    return (struct block){block.first & mask_of(length), length};
}

static inline struct block half_of(struct block block, unsigned int which)
{
    return (struct block){block.first | (u128)which << (BITS - 1 - block.length), block.length + 1};
}

static inline bool covers(struct block outer, struct block inner)
{
    return outer.length <= inner.length && !((outer.first ^ inner.first) & mask_of(outer.length));
}

/* The bit number 'n' from the front. */
static inline unsigned int bit_at(u128 first, unsigned int n)
{
    return (unsigned int)(first >> (BITS - 1 - n)) & 1;
}

/* How many bits from the front two blocks, neither of which covers the other, have in common. */
static inline unsigned int common_length(struct block a, struct block b)
{
    const u128 difference = a.first ^ b.first;
    const uint64_t high = (uint64_t)(difference >> 64);

    return (unsigned int)(high ? __builtin_clzll(high)
                               : 64 + __builtin_clzll((uint64_t)difference));
}

static inline unsigned int root_length(const struct prefix *prefix)
{
    return prefix->ip.family == 6 ? 0 : ROOT_LENGTH_OF_4;
}

static inline uint32_t load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline u128 number_of(const struct ip *ip)
{
    const uint8_t *b = ip->bytes;

    return ip->family == 6 ? (u128)load32(b) << 96 | (u128)load32(b + 4) << 64 |
                                 (u128)load32(b + 8) << 32 | load32(b + 12)
                           : load32(b);
}

static inline struct block block_of(const struct prefix *prefix)
{
    const unsigned int length = prefix->length + root_length(prefix);

    return cut((struct block){number_of(&prefix->ip), length}, length);
}

static inline struct prefix prefix_of(struct block block, unsigned int family)
{
    struct prefix prefix = {.ip.family = (uint8_t)family, .length = block.length};
    unsigned int n = 16;

    if (family == 4) {
        n = 4;
        prefix.length -= ROOT_LENGTH_OF_4;
    }
    for (; n-- > 0; block.first >>= 8) {
        prefix.ip.bytes[n] = (uint8_t)block.first;
    }
    return prefix;
}

/* Words. */

/* The bits of a block that lies in a word. */
static inline uint64_t word_mask(struct block block)
{
    return UINT64_MAX >> (64 - (1U << (BITS - block.length))) << (block.first & 63);
}

/* Each second, fourth ... bit: where blocks of 1 << 'order' bits begin. */
static inline uint64_t word_starts(unsigned int order)
{
    static const uint64_t starts[] = {
        UINT64_MAX,
        0x5555555555555555,
        0x1111111111111111,
        0x0101010101010101,
        0x0001000100010001,
        0x0000000100000001,
        1,
    };

    return starts[order];
}

/* Has a bit at the start of each block of 1 << 'order' bits that has no bit in 'word'. */
static inline uint64_t word_free(uint64_t word, unsigned int order)
{
    uint64_t found = ~word;

    for (unsigned int i = 0; i < order; i++) {
        found &= found >> (1U << i);
    }
    return found & word_starts(order);
}

/* The length of the largest free block of the word. */
static inline unsigned int room_in_word(uint64_t word)
{
    uint64_t found = ~word, larger;
    unsigned int order = 0;

    for (; order < 6; order++, found = larger) {
        larger = found & found >> (1U << order) & word_starts(order + 1);
        if (!larger) {
            break;
        }
    }
    return found ? BITS - order : NO_ROOM;
}

/* How many blocks of 1 << 'order' bits have a bit in 'word'. */
static inline uint64_t count_in_word(uint64_t word, unsigned int order)
{
    return (64U >> order) - (unsigned int)__builtin_popcountll(word_free(word, order));
}

#endif /* blocks_trie.h */
