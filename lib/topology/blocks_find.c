#include "topology/blocks.h"
#include "topology/blocks_trie.h"

struct search {
    unsigned int length; /* Of the block that is sought. */
    u128 from;           /* It begins here at the earliest; a multiple of its size. */
};

static u128 last_of(struct block block)
{
    return block.first | ~mask_of(block.length);
}

static u128 later(u128 a, u128 b)
{
    return a > b ? a : b;
}

/* The functions below look into the slot of the block of 'length' that begins at 'first'. */

static bool find(union blocks_slot slot, u128 first, unsigned int length,
                 const struct search *search, u128 *out);

static bool find_in_word(uint64_t word, u128 first, const struct search *search, u128 *out)
{
    uint64_t found = word_free(word, BITS - search->length);

    if (search->from > first) {
        found &= UINT64_MAX << (search->from & 63);
    }
    *out = first + (found ? (unsigned int)__builtin_ctzll(found) : 0);
    return found != 0;
}

static bool find_in_node(const struct blocks_node *node, u128 first, const struct search *search,
                         u128 *out)
{
    const unsigned int below = node->length + 1U;
    const u128 upper = first | (u128)1 << (BITS - below);

    if (node->largest > search->length) {
        return false;
    }
    return (search->from < upper && find(node->child[0], first, below, search, out)) ||
           find(node->child[1], upper, below, search, out);
}

/* Finds a block before, in or behind a node that stands for a part of the block. */
static bool find_around_node(const struct blocks_node *node, struct block block,
                             const struct search *search, u128 *out)
{
    const struct block at = node_block(node);
    const struct block hurdle = at.length > search->length ? cut(at, search->length) : at;

    *out = later(block.first, search->from);
    if (*out < hurdle.first) {
        return true;
    }
    if (last_of(hurdle) >= search->from && at.length <= search->length &&
        find_in_node(node, at.first, search, out)) {
        return true;
    }
    if (last_of(hurdle) == last_of(block)) {
        return false;
    }
    *out = later(last_of(hurdle) + 1, search->from);
    return true;
}

static bool find(union blocks_slot slot, u128 first, unsigned int length,
                 const struct search *search, u128 *out)
{
    const struct block block = {first, length};

    if (length > search->length || last_of(block) < search->from || slot_is_full(slot, length)) {
        return false;
    }
    if (length == WORD_LENGTH) {
        return find_in_word(slot.word, first, search, out);
    }
    if (slot.node) {
        return slot.node->length == length ? find_in_node(slot.node, first, search, out)
                                           : find_around_node(slot.node, block, search, out);
    }
    *out = later(first, search->from);
    return true;
}

/* The first multiple of the size of a block of 'length' from 'from' on; false when there is none.
 */
static bool align(u128 from, unsigned int length, u128 *out)
{
    const u128 rest = ~mask_of(length);

    *out = from & rest ? (from | rest) + 1 : from;
    return *out >= from;
}

bool blocks_find(const struct blocks *blocks, const struct prefix *within, unsigned int length,
                 const struct ip *from, struct prefix *out)
{
    struct search search = {.length = length + root_length(within)};
    struct view view = blocks_view(blocks, within);
    u128 first;

    if (length < within->length || length > ip_bits(&within->ip) ||
        !align(from ? number_of(from) : block_of(within).first, search.length, &search.from)) {
        return false;
    }
    if (view.block.length == WORD_LENGTH) {
        view.slot.word |= ~word_mask(block_of(within));
    }
    if (!find(view.slot, view.block.first, view.block.length, &search, &first)) {
        return false;
    }
    *out = prefix_of((struct block){first, search.length}, within->ip.family);
    return true;
}

bool blocks_find_in_both(const struct blocks *a, const struct blocks *b,
                         const struct prefix *within, unsigned int length, const struct ip *from,
                         struct prefix *out)
{
    struct prefix found;

    while (blocks_find(a, within, length, from, &found)) {
        if (!blocks_overlap(b, &found)) {
            *out = found;
            return true;
        }
        if (!blocks_find(b, within, length, &found.ip, &found)) {
            return false;
        }
        from = &found.ip;
    }
    return false;
}
