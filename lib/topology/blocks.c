#include "topology/blocks.h"

#include <stdlib.h>

#include <ovnk8s/error.h>

#include "base/error.h"
#include "topology/blocks_trie.h"

/* Stands for a wholly taken block in a slot above the words. Never written, nor read. */
static struct blocks_node full;

bool slot_is_full(union blocks_slot slot, unsigned int length)
{
    return length == WORD_LENGTH ? slot.word == UINT64_MAX : slot.node == &full;
}

bool slot_is_free(union blocks_slot slot, unsigned int length)
{
    return length == WORD_LENGTH ? !slot.word : !slot.node;
}

/* Whether the slot of a block of 'length' refers to a node. */
static bool has_node(union blocks_slot slot, unsigned int length)
{
    return length < WORD_LENGTH && slot.node && slot.node != &full;
}

static void fill_slot(union blocks_slot *slot, unsigned int length)
{
    if (length == WORD_LENGTH) {
        slot->word = UINT64_MAX;
    } else {
        slot->node = &full;
    }
}

static void empty_slot(union blocks_slot *slot)
{
    *slot = (union blocks_slot){.word = 0};
    slot->node = NULL;
}

struct block node_block(const struct blocks_node *node)
{
    u128 first = node->low;

    for (unsigned int i = 0; node->is_wide && i < COUNT_OF_HIGH; i++) {
        first |= (u128)node->high[i] << 32 * (i + 1);
    }
    return (struct block){first, node->length};
}

/* Cuts the first address down to the first 'length' bits, which are as they were. */
static void shorten(struct blocks_node *node, unsigned int length)
{
    const struct block block = cut(node_block(node), length);

    node->length = (uint8_t)length;
    node->low = (uint32_t)block.first;
    for (unsigned int i = 0; node->is_wide && i < COUNT_OF_HIGH; i++) {
        node->high[i] = (uint32_t)(block.first >> 32 * (i + 1));
    }
}

/* Makes a node without anything taken for the block of 'length' that 'block' lies in. */
static struct blocks_node *make_node(struct block block, unsigned int length)
{
    const u128 first = cut(block, length).first;
    const bool is_wide = first >> 32 != 0;
    struct blocks_node *node =
        calloc(1, sizeof *node + (is_wide ? COUNT_OF_HIGH * sizeof *node->high : 0));

    if (node) {
        node->length = (uint8_t)length;
        node->is_wide = is_wide;
        node->low = (uint32_t)first;
        for (unsigned int i = 0; is_wide && i < COUNT_OF_HIGH; i++) {
            node->high[i] = (uint32_t)(first >> 32 * (i + 1));
        }
    }
    return node;
}

/* Frees all that is below the slot of a block of 'length', which is free then. */
static void drop(union blocks_slot *slot, unsigned int length)
{
    if (has_node(*slot, length)) {
        drop(&slot->node->child[0], slot->node->length + 1U);
        drop(&slot->node->child[1], slot->node->length + 1U);
        free(slot->node);
    }
    empty_slot(slot);
}

void blocks_clear(struct blocks *blocks)
{
    drop(&blocks->roots[0], ROOT_LENGTH_OF_4);
    drop(&blocks->roots[1], 0);
}

/* The length of the largest free block below the slot of a block of 'length'. */
static unsigned int room_in(union blocks_slot slot, unsigned int length)
{
    if (length == WORD_LENGTH) {
        return room_in_word(slot.word);
    }
    if (!has_node(slot, length)) {
        return slot.node ? NO_ROOM : length;
    }
    /* The way to the node passes a sibling that is free. */
    return slot.node->length > length ? length + 1 : slot.node->largest;
}

static void measure(struct blocks_node *node)
{
    const unsigned int a = room_in(node->child[0], node->length + 1U);
    const unsigned int b = room_in(node->child[1], node->length + 1U);

    node->largest = (uint8_t)(a < b ? a : b);
}

/* Makes the node in the slot stand for one taken block of 'taken' bits, which it lies in or is. */
static void become_taken(struct blocks_node *node, struct block taken)
{
    shorten(node, taken.length - 1);
    empty_slot(&node->child[0]);
    empty_slot(&node->child[1]);
    node->child[bit_at(taken.first, taken.length - 1)].node = &full;
    measure(node);
}

/* What a change did to a slot. The nodes above have to follow only when the room in it is another:
 * so it is when it becomes wholly taken or wholly free, or ceases to be, and seldom else. */
enum outcome { NO_MEMORY, SAME_ROOM, OTHER_ROOM };

static enum outcome outcome_of(unsigned int room_before, union blocks_slot slot,
                               unsigned int length)
{
    return room_in(slot, length) == room_before ? SAME_ROOM : OTHER_ROOM;
}

/* Brings the node in the slot of a block of 'length' back into shape after a change below it:
 * nothing wholly taken, wholly free or without a branch has a node of its own. */
static void reshape(union blocks_slot *slot, unsigned int length)
{
    struct blocks_node *node = slot->node;
    const unsigned int below = node->length + 1U;
    const bool is_free[2] = {slot_is_free(node->child[0], below),
                             slot_is_free(node->child[1], below)};

    if (slot_is_full(node->child[0], below) && slot_is_full(node->child[1], below)) {
        if (node->length > length) {
            become_taken(node, node_block(node));
            return;
        }
        slot->node = &full;
    } else if (is_free[0] && is_free[1]) {
        slot->node = NULL;
    } else if ((is_free[0] || is_free[1]) && has_node(node->child[is_free[0]], below)) {
        slot->node = node->child[is_free[0]].node;
    } else {
        measure(node);
        return;
    }
    free(node);
}

static enum outcome settle(union blocks_slot *slot, unsigned int length)
{
    const unsigned int before = room_in(*slot, length);

    reshape(slot, length);
    return outcome_of(before, *slot, length);
}

static enum outcome set_word(union blocks_slot *slot, uint64_t word)
{
    const unsigned int before = room_in_word(slot->word);

    slot->word = word;
    return outcome_of(before, *slot, WORD_LENGTH);
}

/* Taking. */

static enum outcome insert(union blocks_slot *slot, unsigned int length, struct block block);

/* Puts the block, which is smaller than that of the slot, into a free slot. */
static enum outcome plant(union blocks_slot *slot, struct block block)
{
    const unsigned int below = block.length < WORD_LENGTH ? block.length : WORD_LENGTH;
    struct blocks_node *node = make_node(block, below - 1);

    if (!node) {
        return NO_MEMORY;
    }
    insert(&node->child[bit_at(block.first, below - 1)], below, block);
    measure(node);
    slot->node = node;
    return OTHER_ROOM;
}

/* Puts the block into a slot with a node for another part of its block. */
static enum outcome branch_off(union blocks_slot *slot, struct block block)
{
    const struct block other = node_block(slot->node);
    const unsigned int length = common_length(block, other);
    struct blocks_node *branch = make_node(block, length);

    if (!branch) {
        return NO_MEMORY;
    }
    if (insert(&branch->child[bit_at(block.first, length)], length + 1, block) == NO_MEMORY) {
        free(branch);
        return NO_MEMORY;
    }
    branch->child[bit_at(other.first, length)].node = slot->node;
    measure(branch);
    slot->node = branch;
    return OTHER_ROOM;
}

static void swallow(struct blocks_node *node, struct block block)
{
    drop(&node->child[0], node->length + 1U);
    drop(&node->child[1], node->length + 1U);
    become_taken(node, block);
}

/* Takes the block below the slot of a block of 'length' that it lies in. Nothing is changed when
 * memory runs out: it is asked for before the first change. */
static enum outcome insert(union blocks_slot *slot, unsigned int length, struct block block)
{
    enum outcome below;
    struct block at;

    if (length == WORD_LENGTH) {
        return set_word(slot, slot->word | word_mask(block));
    }
    if (slot->node == &full) {
        return SAME_ROOM;
    }
    if (block.length == length) {
        drop(slot, length);
        slot->node = &full;
        return OTHER_ROOM;
    }
    if (!slot->node) {
        return plant(slot, block);
    }
    at = node_block(slot->node);
    if (covers(block, at)) {
        swallow(slot->node, block);
        return OTHER_ROOM;
    }
    if (!covers(at, block)) {
        return branch_off(slot, block);
    }
    below = insert(&slot->node->child[bit_at(block.first, at.length)], at.length + 1, block);
    return below == OTHER_ROOM ? settle(slot, length) : below;
}

int blocks_add(struct blocks *blocks, const struct prefix *prefix)
{
    const enum outcome outcome =
        insert(&blocks->roots[prefix->ip.family == 6], root_length(prefix), block_of(prefix));

    return outcome == NO_MEMORY ? fail_nomem() : 0;
}

int blocks_take(struct blocks *blocks, const struct prefix *prefix)
{
    char text[PREFIX_TEXT];

    if (blocks_overlap(blocks, prefix)) {
        return fail(OVNK8S_EXISTS, "%s: taken", prefix_to_text(prefix, text));
    }
    return blocks_add(blocks, prefix);
}

/* Releasing. */

/* Frees the block, a part of the wholly taken slot of a block of 'length'. */
static enum outcome carve(union blocks_slot *slot, unsigned int length, struct block block)
{
    const unsigned int end = block.length < WORD_LENGTH ? block.length : WORD_LENGTH;
    const unsigned int begin = length;
    union blocks_slot top = {.node = NULL}, *at = &top;

    for (; length < end; length++) {
        const unsigned int bit = bit_at(block.first, length);
        struct blocks_node *node = make_node(block, length);

        if (!node) {
            drop(&top, begin);
            return NO_MEMORY;
        }
        node->largest = (uint8_t)block.length;
        fill_slot(&node->child[!bit], length + 1);
        at->node = node;
        at = &node->child[bit];
    }
    if (end == WORD_LENGTH) {
        at->word = ~word_mask(block);
    }
    *slot = top;
    return OTHER_ROOM;
}

/* Frees the block below the slot of a block of 'length' that it lies in. Like insert(). */
static enum outcome erase(union blocks_slot *slot, unsigned int length, struct block block)
{
    enum outcome below;
    struct block at;

    if (length == WORD_LENGTH) {
        return set_word(slot, slot->word & ~word_mask(block));
    }
    if (slot->node == &full && block.length > length) {
        return carve(slot, length, block);
    }
    if (!has_node(*slot, length)) {
        empty_slot(slot);
        return OTHER_ROOM;
    }
    at = node_block(slot->node);
    if (covers(block, at)) {
        drop(slot, length);
        return OTHER_ROOM;
    }
    if (!covers(at, block)) {
        return SAME_ROOM;
    }
    below = erase(&slot->node->child[bit_at(block.first, at.length)], at.length + 1, block);
    return below == OTHER_ROOM ? settle(slot, length) : below;
}

int blocks_release(struct blocks *blocks, const struct prefix *prefix)
{
    const enum outcome outcome =
        erase(&blocks->roots[prefix->ip.family == 6], root_length(prefix), block_of(prefix));

    return outcome == NO_MEMORY ? fail_nomem() : 0;
}

/* Looking. */

struct view blocks_view(const struct blocks *blocks, const struct prefix *prefix)
{
    const struct block asked = block_of(prefix);
    const unsigned int end = asked.length < WORD_LENGTH ? asked.length : WORD_LENGTH;
    struct view view = {blocks->roots[prefix->ip.family == 6], cut(asked, end)};
    unsigned int length = root_length(prefix);

    while (length < end && has_node(view.slot, length)) {
        const struct block at = node_block(view.slot.node);

        if (covers(view.block, at)) {
            return view;
        }
        if (!covers(at, asked)) {
            empty_slot(&view.slot);
            break;
        }
        length = at.length + 1;
        view.slot = view.slot.node->child[bit_at(asked.first, at.length)];
    }
    if (length < WORD_LENGTH && end == WORD_LENGTH) {
        view.slot.word = view.slot.node == &full ? UINT64_MAX : 0;
    }
    return view;
}

/* The slot of what 'prefix' covers, with nothing else taken. */
static struct view view_inside(const struct blocks *blocks, const struct prefix *prefix)
{
    struct view view = blocks_view(blocks, prefix);

    if (view.block.length == WORD_LENGTH) {
        view.slot.word &= word_mask(block_of(prefix));
    }
    return view;
}

bool blocks_overlap(const struct blocks *blocks, const struct prefix *prefix)
{
    const struct view view = view_inside(blocks, prefix);

    return !slot_is_free(view.slot, view.block.length);
}

bool blocks_hold(const struct blocks *blocks, const struct prefix *prefix)
{
    struct view view = blocks_view(blocks, prefix);

    if (view.block.length == WORD_LENGTH) {
        view.slot.word |= ~word_mask(block_of(prefix));
    }
    return slot_is_full(view.slot, view.block.length);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t count(union blocks_slot slot, unsigned int length, unsigned int of)
{
    if (slot_is_free(slot, length)) {
        return 0;
    }
    if (length >= of) {
        return 1;
    }
    if (slot_is_full(slot, length)) {
        return of - length >= 64 ? UINT64_MAX : (uint64_t)1 << (of - length);
    }
    if (length == WORD_LENGTH) {
        return count_in_word(slot.word, BITS - of);
    }
    if (slot.node->length >= of) {
        return 1;
    }
    return add_saturating(count(slot.node->child[0], slot.node->length + 1U, of),
                          count(slot.node->child[1], slot.node->length + 1U, of));
}

uint64_t blocks_count_of(const struct blocks *blocks, const struct prefix *within,
                         unsigned int length)
{
    const struct view view = view_inside(blocks, within);

    return count(view.slot, view.block.length, length + root_length(within));
}

uint64_t blocks_count(const struct blocks *blocks, const struct prefix *within)
{
    return blocks_count_of(blocks, within, ip_bits(&within->ip));
}
