#include "topology/blocks.h"
#include "topology/blocks_trie.h"

struct search {
    unsigned int length; /* Of the block that is sought. */
    u128 from;           /* It begins here at the earliest; a multiple of its size. */
};

static struct view half(struct view view, unsigned int which)
{
    const unsigned int length = view.block.length;
    const struct block block = {view.block.first | (u128)which << (BITS - 1 - length), length + 1};
    const struct blocks_node *node = view.slot.node;

    if (node->length == length) {
        return (struct view){node->child[which], block};
    }
    /* The node is further down in one of the halves. */
    return (struct view){
        covers(block, node_block(node)) ? view.slot : (union blocks_slot){.node = NULL}, block};
}

static bool find_in_word(struct view view, const struct search *search, u128 *out)
{
    uint64_t found = word_free(view.slot.word, BITS - search->length);

    if (search->from > view.block.first) {
        found &= UINT64_MAX << (search->from & 63);
    }
    *out = view.block.first + (found ? (unsigned int)__builtin_ctzll(found) : 0);
    return found != 0;
}

static bool find(struct view view, const struct search *search, u128 *out)
{
    const unsigned int length = view.block.length;
    const u128 last = (view.block.first | ~mask_of(length)) & mask_of(search->length);

    if (length > search->length || last < search->from || slot_is_full(view.slot, length)) {
        return false;
    }
    if (length == WORD_LENGTH) {
        return find_in_word(view, search, out);
    }
    if (!view.slot.node) {
        *out = view.block.first > search->from ? view.block.first : search->from;
        return true;
    }
    if (view.slot.node->length == length && view.slot.node->largest > search->length) {
        return false;
    }
    return find(half(view, 0), search, out) || find(half(view, 1), search, out);
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

    if (length < within->length ||
        !align(from ? number_of(from) : block_of(within).first, search.length, &search.from)) {
        return false;
    }
    if (view.block.length == WORD_LENGTH) {
        view.slot.word |= ~word_mask(block_of(within));
    }
    if (!find(view, &search, &first)) {
        return false;
    }
    *out = prefix_of((struct block){first, search.length}, within->ip.family);
    return true;
}

bool blocks_find_in_both(const struct blocks *a, const struct blocks *b,
                         const struct prefix *within, unsigned int length, const struct ip *from,
                         struct prefix *out)
{
    struct prefix found, other;

    while (blocks_find(a, within, length, from, &found) &&
           blocks_find(b, within, length, &found.ip, &other)) {
        if (ip_equal(&found.ip, &other.ip)) {
            *out = found;
            return true;
        }
        found = other;
        from = &found.ip;
    }
    return false;
}
