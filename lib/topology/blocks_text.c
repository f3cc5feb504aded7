#include <string.h>

#include "base/text.h"
#include "topology/blocks.h"
#include "topology/blocks_trie.h"

struct visit {
    void (*each)(const struct prefix *prefix, void *payload);
    void *payload;
    unsigned int family;
};

static void tell(const struct visit *visit, struct block block)
{
    const struct prefix prefix = prefix_of(block, visit->family);

    visit->each(&prefix, visit->payload);
}

static void visit_word(const struct visit *visit, uint64_t word, struct block block)
{
    const uint64_t mask = word_mask(block);

    if ((word & mask) == mask) {
        tell(visit, block);
    } else if (word & mask) {
        visit_word(visit, word, half_of(block, 0));
        visit_word(visit, word, half_of(block, 1));
    }
}

static void visit_slot(const struct visit *visit, union blocks_slot slot, struct block block)
{
    if (slot_is_free(slot, block.length)) {
        return;
    }
    if (slot_is_full(slot, block.length)) {
        tell(visit, block);
    } else if (block.length == WORD_LENGTH) {
        visit_word(visit, slot.word, block);
    } else {
        const struct block at = node_block(slot.node);

        visit_slot(visit, slot.node->child[0], half_of(at, 0));
        visit_slot(visit, slot.node->child[1], half_of(at, 1));
    }
}

void blocks_each(const struct blocks *blocks,
                 void (*each)(const struct prefix *prefix, void *payload), void *payload)
{
    visit_slot(&(struct visit){each, payload, 4}, blocks->roots[0],
               (struct block){0, ROOT_LENGTH_OF_4});
    visit_slot(&(struct visit){each, payload, 6}, blocks->roots[1], (struct block){0, 0});
}

static void add_text(const struct prefix *prefix, void *payload)
{
    struct text *list = payload;
    char text[PREFIX_TEXT];

    text_add(list, list->length ? "," : "");
    text_add(list, prefix_to_text(prefix, text));
}

char *blocks_to_text(struct arena *arena, const struct blocks *blocks)
{
    _cleanup_text_ struct text list = {.failed = false};
    char *copy;

    blocks_each(blocks, add_text, &list);
    copy = list.failed ? NULL : arena_alloc(arena, list.length + 1);
    arena->failed |= !copy;
    if (copy && list.length) {
        memcpy(copy, list.bytes, list.length);
    }
    return copy;
}

/* Takes the network that the text begins with, and steps to the next one, or to the end. */
static bool take_first(struct blocks *blocks, const char **text)
{
    const size_t length = strcspn(*text, ",");
    char one[PREFIX_TEXT];
    struct prefix prefix;

    if (length >= sizeof one) {
        return false;
    }
    memcpy(one, *text, length);
    one[length] = '\0';
    *text += length;
    if (**text && !*++*text) {
        return false; /* A comma at the end. */
    }
    return prefix_from_text(one, &prefix) && prefix_is_network(&prefix) &&
           !blocks_overlap(blocks, &prefix) && !blocks_add(blocks, &prefix);
}

bool blocks_from_text(const char *text, struct blocks *out)
{
    struct blocks read = {0};
    bool is_right = text != NULL;

    while (is_right && *text) {
        is_right = take_first(&read, &text);
    }
    blocks_clear(is_right ? out : &read);
    if (is_right) {
        *out = read;
    }
    return is_right;
}
