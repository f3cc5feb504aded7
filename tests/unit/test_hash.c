/* The hash table: what is put in is found, gone through and taken out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

struct thing {
    struct hashed hashed;
    unsigned int number;
    bool is_seen;
};

enum { N = 1000 };

/* Three of each hash. */
static uint64_t hash_of(unsigned int number)
{
    return number / 3;
}

static void fill(struct hash *table, struct thing things[static N])
{
    memset(things, 0, N * sizeof *things);
    for (unsigned int i = 0; i < N; i++) {
        things[i].number = i;
        assert_true(hash_insert(table, &things[i].hashed, hash_of(i)));
    }
    assert_int_equal(table->n, N);
}

static struct thing *find(const struct hash *table, unsigned int number)
{
    struct hashed *at = hash_find(table, hash_of(number));

    while (at && ((struct thing *)at)->number != number) {
        at = hash_find_next(at);
    }
    return (struct thing *)at;
}

static void see(struct hashed *thing)
{
    assert_false(((struct thing *)thing)->is_seen);
    ((struct thing *)thing)->is_seen = true;
}

static void an_empty_table_has_nothing(void **state)
{
    struct hash table = {0};

    (void)state;
    assert_null(hash_find(&table, 7));
    assert_null(hash_first(&table));
    hash_clear(&table, see);
}

static void what_is_put_in_is_found(void **state)
{
    static struct thing things[N];
    struct hash table = {0};

    (void)state;
    fill(&table, things);
    for (unsigned int i = 0; i < N; i++) {
        assert_ptr_equal(find(&table, i), &things[i]);
    }
    assert_null(find(&table, N + 3));
    hash_clear(&table, see);
    assert_int_equal(table.n, 0);
    assert_null(find(&table, 1));
}

static void each_is_met_once_also_when_some_are_taken_out(void **state)
{
    static struct thing things[N];
    struct hash table = {0};

    (void)state;
    fill(&table, things);
    for (struct hashed *at = hash_first(&table), *next; at; at = next) {
        next = hash_next(&table, at);
        see(at);
        if (((struct thing *)at)->number % 2) {
            hash_remove(&table, at);
        }
    }
    assert_int_equal(table.n, N / 2);
    for (unsigned int i = 0; i < N; i++) {
        assert_true(things[i].is_seen);
        assert_ptr_equal(find(&table, i), i % 2 ? NULL : &things[i]);
        things[i].is_seen = false;
    }
    hash_clear(&table, see);
    for (unsigned int i = 0; i < N; i++) {
        assert_int_equal(things[i].is_seen, i % 2 == 0);
    }
}

static void texts_have_borders(void **state)
{
    const uint64_t one = hash_text(hash_text(HASH_START, "a"), "bc");

    (void)state;
    assert_true(one == hash_text(hash_text(HASH_START, "a"), "bc"));
    assert_true(one != hash_text(hash_text(HASH_START, "ab"), "c"));
    assert_true(hash_text(HASH_START, "") != HASH_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(what_is_put_in_is_found),
        cmocka_unit_test(each_is_met_once_also_when_some_are_taken_out),
        cmocka_unit_test(texts_have_borders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
