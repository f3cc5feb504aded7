/* Which parts of the address space are taken. */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ovnk8s/error.h>

#include "base/mem.h"
#include "topology/blocks_trie.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_RUN_OUT_OF_MEMORY

/* How many more pieces of memory there are; negative: no end of them. */
static int pieces_left = -1;

extern void *__libc_calloc(size_t n, size_t size);

void *calloc(size_t n, size_t size)
{
    if (!pieces_left) {
        return NULL;
    }
    pieces_left -= pieces_left > 0;
    return __libc_calloc(n, size);
}
#endif

static struct prefix prefix(const char *text)
{
    struct prefix p;

    assert_true(prefix_from_text(text, &p));
    return p;
}

static int take(struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    return blocks_take(blocks, &p);
}

static void add(struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    assert_int_equal(blocks_add(blocks, &p), 0);
}

static void release(struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    assert_int_equal(blocks_release(blocks, &p), 0);
}

static bool overlap(const struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    return blocks_overlap(blocks, &p);
}

static bool hold(const struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    return blocks_hold(blocks, &p);
}

static uint64_t count(const struct blocks *blocks, const char *text)
{
    const struct prefix p = prefix(text);

    return blocks_count(blocks, &p);
}

static uint64_t count_of(const struct blocks *blocks, const char *text, unsigned int length)
{
    const struct prefix p = prefix(text);

    return blocks_count_of(blocks, &p, length);
}

/* What is found as text, "" when nothing is. Valid until the next call. */
static const char *find(const struct blocks *blocks, const char *within, unsigned int length,
                        const char *from)
{
    static char text[PREFIX_TEXT];
    const struct prefix p = prefix(within);
    struct prefix found;
    struct ip start;

    assert_true(!from || ip_from_text(from, &start));
    if (!blocks_find(blocks, &p, length, from ? &start : NULL, &found)) {
        return "";
    }
    return prefix_to_text(&found, text);
}

static size_t nodes_in(union blocks_slot slot, unsigned int length)
{
    if (length == WORD_LENGTH || slot_is_free(slot, length) || slot_is_full(slot, length)) {
        return 0;
    }
    return 1 + nodes_in(slot.node->child[0], slot.node->length + 1U) +
           nodes_in(slot.node->child[1], slot.node->length + 1U);
}

static size_t n_nodes(const struct blocks *blocks)
{
    return nodes_in(blocks->roots[0], ROOT_LENGTH_OF_4) + nodes_in(blocks->roots[1], 0);
}

/* Checks the shape of what is below a slot; returns the length of its largest free block. */
static unsigned int check(union blocks_slot slot, struct block block)
{
    struct block at;
    unsigned int room[2], n_ends = 0;

    if (slot_is_free(slot, block.length)) {
        return block.length;
    }
    if (slot_is_full(slot, block.length)) {
        return NO_ROOM;
    }
    if (block.length == WORD_LENGTH) {
        return room_in_word(slot.word);
    }
    at = node_block(slot.node);
    assert_true(covers(block, at));
    assert_true(cut(at, at.length).first == at.first);
    for (unsigned int i = 0; i < 2; i++) {
        const union blocks_slot child = slot.node->child[i];

        room[i] = check(child, half_of(at, i));
        n_ends += slot_is_free(child, at.length + 1) || slot_is_full(child, at.length + 1) ||
                  at.length + 1 == WORD_LENGTH;
        assert_true(!slot_is_full(child, at.length + 1) ||
                    !slot_is_full(slot.node->child[!i], at.length + 1));
    }
    assert_true(n_ends == 2 || (!slot_is_free(slot.node->child[0], at.length + 1) &&
                                !slot_is_free(slot.node->child[1], at.length + 1)));
    assert_int_equal(slot.node->largest, room[0] < room[1] ? room[0] : room[1]);
    return at.length > block.length ? block.length + 1 : slot.node->largest;
}

/* Checks the shape, and what is taken. */
static void is_text(const struct blocks *blocks, const char *expected)
{
    struct arena arena = {0};
    char *text = blocks_to_text(&arena, blocks);

    assert_non_null(text);
    check(blocks->roots[0], (struct block){0, ROOT_LENGTH_OF_4});
    check(blocks->roots[1], (struct block){0, 0});
    if (expected) {
        assert_string_equal(text, expected);
    }
    arena_clear(&arena);
}

static void nothing_is_taken_at_first(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    assert_false(overlap(&blocks, "0.0.0.0/0"));
    assert_false(hold(&blocks, "::1/128"));
    assert_int_equal(count(&blocks, "::/0"), 0);
    assert_string_equal(find(&blocks, "0.0.0.0/0", 0, NULL), "0.0.0.0/0");
    release(&blocks, "10.0.0.0/8");
    is_text(&blocks, "");
    blocks_clear(&blocks);
}

static void takes_once_and_releases(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    assert_int_equal(take(&blocks, "10.0.0.3/32"), 0);
    assert_int_equal(take(&blocks, "10.0.0.3/32"), OVNK8S_EXISTS);
    assert_string_equal(ovnk8s_last_error()->message, "10.0.0.3/32: taken");
    assert_int_equal(take(&blocks, "10.0.0.0/24"), OVNK8S_EXISTS);
    assert_true(hold(&blocks, "10.0.0.3/32"));
    assert_true(overlap(&blocks, "10.0.0.0/29"));
    assert_false(hold(&blocks, "10.0.0.0/29"));
    assert_false(overlap(&blocks, "::a00:3/128"));
    assert_int_equal(count(&blocks, "0.0.0.0/0"), 1);
    is_text(&blocks, "10.0.0.3/32");
    release(&blocks, "10.0.0.3/32");
    release(&blocks, "10.0.0.3/32");
    release(&blocks, "10.0.1.144/32");
    is_text(&blocks, "");
    assert_int_equal(n_nodes(&blocks), 0);
}

static void the_edges_of_both_families(void **state)
{
    static const char *const edges[] = {"0.0.0.0/0",
                                        "0.0.0.0/32",
                                        "255.255.255.255/32",
                                        "128.0.0.0/1",
                                        "0.0.0.0/26",
                                        "255.255.255.192/26",
                                        "255.255.255.192/27",
                                        "10.0.0.0/25",
                                        "::/0",
                                        "::/128",
                                        "8000::/1",
                                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
                                        "fd00::/122",
                                        "fd00::/121",
                                        "fd00::40/123"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(edges); i++) {
        const struct prefix p = prefix(edges[i]);
        const unsigned int bits = ip_bits(&p.ip) - p.length;
        struct blocks blocks = {0};

        assert_int_equal(take(&blocks, edges[i]), 0);
        assert_true(hold(&blocks, edges[i]));
        assert_true(overlap(&blocks, p.ip.family == 4 ? "0.0.0.0/0" : "::/0"));
        assert_string_equal(find(&blocks, edges[i], p.length, NULL), "");
        assert_string_equal(find(&blocks, edges[i], ip_bits(&p.ip), NULL), "");
        assert_int_equal(blocks_count(&blocks, &p), bits < 64 ? 1ULL << bits : UINT64_MAX);
        is_text(&blocks, edges[i]);
        release(&blocks, edges[i]);
        assert_string_equal(find(&blocks, edges[i], p.length, NULL), edges[i]);
        is_text(&blocks, "");
        assert_int_equal(n_nodes(&blocks), 0);
    }
}

static void neighbours_become_one(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    assert_int_equal(take(&blocks, "10.0.1.0/24"), 0);
    assert_int_equal(take(&blocks, "10.0.2.0/24"), 0);
    is_text(&blocks, "10.0.1.0/24,10.0.2.0/24");
    assert_int_equal(take(&blocks, "10.0.3.0/24"), 0);
    is_text(&blocks, "10.0.1.0/24,10.0.2.0/23");
    assert_int_equal(take(&blocks, "fd00::/65"), 0);
    assert_int_equal(take(&blocks, "fd00::8000:0:0:0/65"), 0);
    assert_int_equal(take(&blocks, "10.0.0.0/24"), 0);
    is_text(&blocks, "10.0.0.0/22,fd00::/64");
    assert_int_equal(n_nodes(&blocks), 2);
    blocks_clear(&blocks);
    is_text(&blocks, "");
}

static void a_part_can_be_released(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    assert_int_equal(take(&blocks, "10.0.0.0/8"), 0);
    release(&blocks, "10.0.0.0/10");
    is_text(&blocks, "10.64.0.0/10,10.128.0.0/9");
    release(&blocks, "10.255.255.255/32");
    assert_int_equal(count(&blocks, "10.0.0.0/8"), (1 << 24) - (1 << 22) - 1);
    assert_string_equal(find(&blocks, "10.0.0.0/8", 32, "10.200.0.0"), "10.255.255.255/32");
    release(&blocks, "10.128.0.0/9");
    is_text(&blocks, "10.64.0.0/10");
    release(&blocks, "0.0.0.0/0");
    is_text(&blocks, "");
}

static void what_is_added_may_overlap(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    add(&blocks, "10.0.0.1/32");
    add(&blocks, "10.0.0.1/32");
    add(&blocks, "10.9.0.0/16");
    add(&blocks, "10.9.1.0/24");
    is_text(&blocks, "10.0.0.1/32,10.9.0.0/16");
    add(&blocks, "10.0.0.0/12");
    is_text(&blocks, "10.0.0.0/12");
    add(&blocks, "0.0.0.0/0");
    is_text(&blocks, "0.0.0.0/0");
    blocks_clear(&blocks);
}

static void finds_the_first_from_an_address_on(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    add(&blocks, "10.0.0.0/24");
    add(&blocks, "10.0.2.7/32");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 24, NULL), "10.0.1.0/24");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 24, "10.0.1.0"), "10.0.1.0/24");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 24, "10.0.1.1"), "10.0.3.0/24");
    assert_string_equal(find(&blocks, "10.0.2.0/24", 29, NULL), "10.0.2.8/29");
    assert_string_equal(find(&blocks, "10.0.2.0/29", 30, NULL), "10.0.2.0/30");
    assert_string_equal(find(&blocks, "10.0.2.0/29", 30, "10.0.2.1"), "");
    assert_string_equal(find(&blocks, "10.0.2.6/31", 32, "10.0.2.7"), "");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 32, "9.0.0.0"), "10.0.1.0/32");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 9, NULL), "10.128.0.0/9");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 8, NULL), "");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 7, NULL), "");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 33, NULL), "");
    assert_string_equal(find(&blocks, "10.0.0.0/8", 24, "11.0.0.0"), "");
    assert_string_equal(find(&blocks, "255.0.0.0/8", 9, "255.128.0.1"), "");
    assert_string_equal(find(&blocks, "ff00::/8", 9, "ffff::"), "");
    assert_string_equal(find(&blocks, "fd00::/64", 128, "fd00::ffff:ffff:ffff:ffff"),
                        "fd00::ffff:ffff:ffff:ffff/128");
    blocks_clear(&blocks);
}

static void finds_what_is_free_in_both(void **state)
{
    const struct prefix within = prefix("10.0.0.0/24");
    struct blocks odd = {0}, even = {0};
    struct prefix found;
    char text[PREFIX_TEXT];

    (void)state;
    for (unsigned int i = 0; i < 256; i++) {
        snprintf(text, sizeof text, "10.0.0.%u/32", i);
        add(i % 2 ? &odd : &even, text);
    }
    assert_false(blocks_find_in_both(&odd, &even, &within, 32, NULL, &found));
    release(&odd, "10.0.0.77/32");
    assert_true(blocks_find_in_both(&odd, &even, &within, 32, NULL, &found));
    assert_string_equal(prefix_to_text(&found, text), "10.0.0.77/32");
    assert_true(blocks_find_in_both(&even, &odd, &within, 32, &found.ip, &found));
    assert_false(blocks_find_in_both(&odd, &even, &within, 31, NULL, &found));
    release(&even, "10.0.0.78/32");
    assert_true(blocks_find_in_both(&even, &odd, &within, 32, NULL, &found));
    assert_false(blocks_find_in_both(&odd, &even, &within, 31, NULL, &found));
    blocks_clear(&odd);
    blocks_clear(&even);
}

static void counts_blocks_that_are_taken_in_part(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    add(&blocks, "10.0.0.1/32");
    add(&blocks, "10.0.0.9/32");
    add(&blocks, "10.0.4.0/22");
    assert_int_equal(count_of(&blocks, "10.0.0.0/16", 24), 5);
    assert_int_equal(count_of(&blocks, "10.0.0.0/16", 29), 2 + 128);
    assert_int_equal(count_of(&blocks, "10.0.0.0/29", 30), 1);
    assert_int_equal(count_of(&blocks, "10.0.0.0/16", 16), 1);
    assert_int_equal(count_of(&blocks, "10.0.5.0/24", 16), 1);
    assert_int_equal(count_of(&blocks, "10.1.0.0/16", 24), 0);
    add(&blocks, "::/1");
    add(&blocks, "8000::/1");
    assert_int_equal(count_of(&blocks, "::/0", 63), 1ULL << 63);
    assert_int_equal(count_of(&blocks, "::/0", 64), UINT64_MAX);
    release(&blocks, "::/128");
    assert_int_equal(count(&blocks, "::/0"), UINT64_MAX);
    assert_int_equal(count(&blocks, "::/66"), (1ULL << 62) - 1);
    blocks_clear(&blocks);
}

static void text_is_read_strictly(void **state)
{
    static const char *const good[] = {"", "10.0.0.0/8", "0.0.0.0/0,::/0", "10.0.0.1/32,fd00::/64"};
    static const char *const bad[] = {",",
                                      "10.0.0.0/8,",
                                      ",10.0.0.0/8",
                                      "10.0.0.0/8, 11.0.0.0/8",
                                      "10.0.0.1/8",
                                      "10.0.0.0",
                                      "10.0.0.0/8,,11.0.0.0/8",
                                      "10.0.0.0/8,10.1.0.0/16",
                                      "10.1.0.0/16,10.0.0.0/8",
                                      "x",
                                      "fd00::/64,fd00::/64",
                                      "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/64"};
    struct blocks blocks = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(blocks_from_text(good[i], &blocks));
        is_text(&blocks, good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(blocks_from_text(bad[i], &blocks));
        is_text(&blocks, good[COUNT_OF(good) - 1]);
    }
    assert_false(blocks_from_text(NULL, &blocks));
    assert_true(blocks_from_text("10.0.3.0/24,10.0.2.0/24", &blocks));
    is_text(&blocks, "10.0.2.0/23");
    blocks_clear(&blocks);
}

/* Memory follows the borders between taken and free, whatever the numbers. */

static size_t memory_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Takes or releases each 'step'th address of 10.0.0.0/12 from 'first' on. */
static void change_each(struct blocks *blocks, uint64_t first, uint64_t step,
                        int (*change)(struct blocks *blocks, const struct prefix *prefix))
{
    const struct prefix range = prefix("10.0.0.0/12");

    for (uint64_t i = first; i <= prefix_last_index(&range); i += step) {
        const struct prefix one = {prefix_nth(&range, i), 32};

        assert_int_equal(change(blocks, &one), 0);
    }
}

static void memory_follows_the_borders(void **state)
{
    enum { N = 1 << 20, WORDS = N / 64 };
    const size_t before = memory_in_use();
    struct blocks blocks = {0};

    (void)state;
    change_each(&blocks, 0, 2, blocks_take);
    /* A node for two words, and the nodes above: half as many of these as words. */
    assert_int_equal(n_nodes(&blocks), WORDS - 1);
#ifdef CAN_RUN_OUT_OF_MEMORY
    assert_in_range(memory_in_use() - before, 1, N / 2 + 4096); /* A byte for each taken one. */
#endif
    change_each(&blocks, 1, 2, blocks_take);
    assert_int_equal(n_nodes(&blocks), 1);
    is_text(&blocks, "10.0.0.0/12");
    change_each(&blocks, 0, 3, blocks_release);
    change_each(&blocks, 1, 3, blocks_release);
    change_each(&blocks, 2, 3, blocks_release);
    assert_int_equal(n_nodes(&blocks), 0);
    assert_int_equal(memory_in_use(), before);
}

static void a_scattered_address_takes_two_nodes(void **state)
{
    struct blocks blocks = {0};
    struct prefix one = {.ip.family = 6, .length = 128};

    (void)state;
    for (unsigned int i = 0; i < 1000; i++) {
        for (size_t j = 0; j < sizeof one.ip.bytes; j++) {
            one.ip.bytes[j] = (uint8_t)rand();
        }
        assert_int_equal(blocks_take(&blocks, &one), 0);
        assert_true(n_nodes(&blocks) <= 2 * i + 1);
    }
    assert_int_equal(count(&blocks, "::/0"), 1000);
    is_text(&blocks, NULL);
    blocks_clear(&blocks);
}

/* Against a model: one bool for each address of a small network. */

enum { MODEL_BITS = 11, MODEL_SIZE = 1 << MODEL_BITS };

struct model {
    struct prefix network;
    bool taken[MODEL_SIZE];
};

static size_t taken_in(const struct model *model, size_t first, size_t n)
{
    size_t taken = 0;

    for (size_t i = first; i < first + n; i++) {
        taken += model->taken[i];
    }
    return taken;
}

static size_t model_find(const struct model *model, size_t first, size_t n, size_t size,
                         size_t from)
{
    for (size_t i = first; i < first + n; i += size) {
        if (i >= from && size <= n && !taken_in(model, i, size)) {
            return i;
        }
    }
    return MODEL_SIZE;
}

static void compare_finding(const struct blocks *blocks, const struct model *model, size_t first,
                            unsigned int bits)
{
    const unsigned int all = ip_bits(&model->network.ip), wanted = (unsigned int)rand() % 9;
    const struct prefix within = {prefix_nth(&model->network, first), all - bits};
    const size_t from = (size_t)rand() % MODEL_SIZE;
    const struct ip start = prefix_nth(&model->network, from);
    const size_t expected = model_find(model, first, (size_t)1 << bits, (size_t)1 << wanted, from);
    struct prefix found;

    if (blocks_find(blocks, &within, all - wanted, &start, &found)) {
        assert_int_equal(prefix_index(&model->network, &found.ip), expected);
        assert_int_equal(found.length, all - wanted);
    } else {
        assert_int_equal(expected, MODEL_SIZE);
    }
}

static void compare_counts(const struct blocks *blocks, const struct model *model, size_t first,
                           unsigned int bits)
{
    const unsigned int all = ip_bits(&model->network.ip);
    const unsigned int unit = bits ? (unsigned int)rand() % bits : 0;
    const struct prefix within = {prefix_nth(&model->network, first), all - bits};
    const size_t n = (size_t)1 << bits, taken = taken_in(model, first, n);
    size_t units = 0;

    for (size_t i = first; i < first + n; i += (size_t)1 << unit) {
        units += taken_in(model, i, (size_t)1 << unit) > 0;
    }
    assert_int_equal(blocks_count(blocks, &within), taken);
    assert_int_equal(blocks_count_of(blocks, &within, all - unit), units);
    assert_int_equal(blocks_overlap(blocks, &within), taken > 0);
    assert_int_equal(blocks_hold(blocks, &within), taken == n);
}

static void change(struct blocks *blocks, struct model *model, size_t first, unsigned int bits)
{
    const struct prefix block = {prefix_nth(&model->network, first),
                                 ip_bits(&model->network.ip) - bits};
    const size_t n = (size_t)1 << bits;
    const bool is_free = !taken_in(model, first, n);

    switch (rand() % 5) {
    case 0:
        assert_int_equal(blocks_release(blocks, &block), 0);
        memset(model->taken + first, false, n);
        break;
    case 1:
        assert_int_equal(blocks_add(blocks, &block), 0);
        memset(model->taken + first, true, n);
        break;
    default:
        assert_int_equal(blocks_take(blocks, &block), is_free ? 0 : OVNK8S_EXISTS);
        if (is_free) {
            memset(model->taken + first, true, n);
        }
    }
}

static void compare_texts(const struct blocks *blocks)
{
    struct arena arena = {0};
    struct blocks again = {0};
    const char *text = blocks_to_text(&arena, blocks);

    assert_true(blocks_from_text(text, &again));
    is_text(&again, text);
    assert_int_equal(n_nodes(&again), n_nodes(blocks)); /* One shape for one content. */
    blocks_clear(&again);
    arena_clear(&arena);
}

static void behaves_like_a_model(void **state)
{
    static const char *const networks[] = {"10.1.8.0/21", "fd00:1::800/117", "255.255.248.0/21",
                                           "::/117", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:f800/117"};
    const unsigned int seed = (unsigned int)time(NULL);

    (void)state;
    printf("seed %u\n", seed);
    srand(seed);
    for (size_t i = 0; i < COUNT_OF(networks); i++) {
        struct model model = {.network = prefix(networks[i])};
        struct blocks blocks = {0};

        for (unsigned int step = 0; step < 6000; step++) {
            const unsigned int bits = (unsigned int)rand() % (rand() % 64  ? 5
                                                              : rand() % 8 ? 9
                                                                           : MODEL_BITS + 1);
            const size_t first = ((size_t)rand() % MODEL_SIZE) >> bits << bits;

            change(&blocks, &model, first, bits);
            compare_finding(&blocks, &model, first, bits);
            compare_finding(&blocks, &model, 0, MODEL_BITS);
            compare_counts(&blocks, &model, first, bits);
            if (step % 64 == 0) {
                compare_texts(&blocks);
            }
        }
        blocks_clear(&blocks);
    }
}

#ifdef CAN_RUN_OUT_OF_MEMORY
/* Tries with more and more memory until it suffices; all tries before that change nothing. */
static void grow_until_enough(struct blocks *blocks, const char *text,
                              int (*operation)(struct blocks *blocks, const struct prefix *prefix))
{
    const struct prefix p = prefix(text);
    struct arena arena = {0};
    const char *before = blocks_to_text(&arena, blocks);
    const size_t n = n_nodes(blocks);
    int enough = 0, error = OVNK8S_NOMEM;

    while (error) {
        pieces_left = enough++;
        error = operation(blocks, &p);
        pieces_left = -1;
        if (error) {
            assert_int_equal(error, OVNK8S_NOMEM);
            assert_int_equal(n_nodes(blocks), n);
            is_text(blocks, before);
        }
    }
    arena_clear(&arena);
}

static void without_memory_nothing_changes(void **state)
{
    struct blocks blocks = {0};

    (void)state;
    grow_until_enough(&blocks, "10.0.0.1/32", blocks_take);
    grow_until_enough(&blocks, "10.128.0.0/9", blocks_take);
    grow_until_enough(&blocks, "10.32.0.1/32", blocks_add);
    grow_until_enough(&blocks, "10.32.64.0/18", blocks_add);
    is_text(&blocks, "10.0.0.1/32,10.32.0.1/32,10.32.64.0/18,10.128.0.0/9");
    grow_until_enough(&blocks, "10.200.3.4/32", blocks_release);
    grow_until_enough(&blocks, "10.128.0.0/10", blocks_release);
    grow_until_enough(&blocks, "0.0.0.0/0", blocks_release);
    is_text(&blocks, "");
    pieces_left = 1;
    assert_false(blocks_from_text("10.0.0.0/8,fd00::/8", &blocks));
    pieces_left = -1;
    is_text(&blocks, "");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_at_first),
        cmocka_unit_test(takes_once_and_releases),
        cmocka_unit_test(the_edges_of_both_families),
        cmocka_unit_test(neighbours_become_one),
        cmocka_unit_test(a_part_can_be_released),
        cmocka_unit_test(what_is_added_may_overlap),
        cmocka_unit_test(finds_the_first_from_an_address_on),
        cmocka_unit_test(finds_what_is_free_in_both),
        cmocka_unit_test(counts_blocks_that_are_taken_in_part),
        cmocka_unit_test(text_is_read_strictly),
        cmocka_unit_test(memory_follows_the_borders),
        cmocka_unit_test(a_scattered_address_takes_two_nodes),
        cmocka_unit_test(behaves_like_a_model),
#ifdef CAN_RUN_OUT_OF_MEMORY
        cmocka_unit_test(without_memory_nothing_changes),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
