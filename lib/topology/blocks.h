/* Which parts of the address space are taken, as blocks of any prefix length.
 *
 * A binary trie by the bits of addresses, one per family, in which only the borders between taken
 * and free take memory: a wholly taken or wholly free part of it is a mark in the node above, a
 * path without branches is one node, and the lowest 6 bits are one bit each of a 64-bit word. Each
 * node knows the largest free block below it, so the calls go down one path, whatever is taken.
 *
 * Zero is an empty value. Host bits of prefixes are ignored. A value belongs to one thread at a
 * time. */

#ifndef TOPOLOGY_BLOCKS_H
#define TOPOLOGY_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"

/* The inside: what is known of one block. */
union blocks_slot {
    struct blocks_node *node; /* NULL: free; a certain address: taken. */
    uint64_t word;            /* Of the lowest 6 bits, where a 1 is a taken address. */
};

struct blocks {
    union blocks_slot roots[2]; /* IPv4, IPv6. */
};

/* Frees all memory; everything is free then. */
void blocks_clear(struct blocks *blocks);

/* Takes the block. Fails with OVNK8S_EXISTS when some of it is taken, or OVNK8S_NOMEM; nothing is
 * changed then. */
int blocks_take(struct blocks *blocks, const struct prefix *prefix);

/* Takes what of the block is not taken yet. Fails with OVNK8S_NOMEM; nothing is changed then. */
int blocks_add(struct blocks *blocks, const struct prefix *prefix);

/* Frees what of the block is taken. To free a part of a larger block takes memory; fails with
 * OVNK8S_NOMEM, and nothing is freed then. */
int blocks_release(struct blocks *blocks, const struct prefix *prefix);

/* Whether some of the block is taken; whether all of it is. */
bool blocks_overlap(const struct blocks *blocks, const struct prefix *prefix);
bool blocks_hold(const struct blocks *blocks, const struct prefix *prefix);

/* Finds the first free block of 'length' inside 'within' that does not begin before 'from' (NULL:
 * before 'within'). Does not go around. */
bool blocks_find(const struct blocks *blocks, const struct prefix *within, unsigned int length,
                 const struct ip *from, struct prefix *out);

/* The same for a block that is free in both values. Takes a step for each gap that is free in one
 * of them alone. */
bool blocks_find_in_both(const struct blocks *a, const struct blocks *b,
                         const struct prefix *within, unsigned int length, const struct ip *from,
                         struct prefix *out);

/* How many addresses of 'within' are taken, or UINT64_MAX where that does not fit. This and what
 * follows visits all that is taken. */
uint64_t blocks_count(const struct blocks *blocks, const struct prefix *within);

/* How many blocks of 'length' inside 'within' are taken, wholly or in part, or UINT64_MAX. */
uint64_t blocks_count_of(const struct blocks *blocks, const struct prefix *within,
                         unsigned int length);

/* Calls 'each' for the smallest list of prefixes that covers what is taken: IPv4 first, ascending.
 * 'each' must not change the value. */
void blocks_each(const struct blocks *blocks,
                 void (*each)(const struct prefix *prefix, void *payload), void *payload);

/* That list with commas between, "" when nothing is taken; NULL when memory ran out. */
char *blocks_to_text(struct arena *arena, const struct blocks *blocks);

/* Replaces 'out', which must be a valid value, by what the text says: networks in any order, which
 * do not overlap. False, and nothing is changed, for any other text or when memory runs out. */
bool blocks_from_text(const char *text, struct blocks *out);

#endif /* blocks.h */
