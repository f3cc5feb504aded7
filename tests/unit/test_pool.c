/* Which addresses of a subnet are taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "topology/pool.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static struct prefix prefix(const char *text)
{
    struct prefix p;

    assert_true(prefix_from_text(text, &p));
    return p;
}

static uint64_t find(struct pool *pool, const struct pool *other, const char *subnet)
{
    const struct prefix network = prefix(subnet);
    uint64_t number;

    assert_int_equal(pool_find(pool, other, &network, &number), 0);
    return number;
}

static void takes_once_and_releases(void **state)
{
    struct pool pool = {0};

    (void)state;
    assert_false(pool_holds(&pool, 3));
    assert_true(pool_take(&pool, 3));
    assert_false(pool_take(&pool, 3));
    assert_true(pool_holds(&pool, 3));
    assert_int_equal(pool.n, 1);
    pool_release(&pool, 3);
    pool_release(&pool, 3);
    pool_release(&pool, 400);
    assert_false(pool_holds(&pool, 3));
    assert_int_equal(pool.n, 0);
    pool_clear(&pool);
}

static void big_numbers_are_like_small_ones(void **state)
{
    static const uint64_t numbers[] = {0,         1, 63, 64, 511, 512, 1ULL << 40, UINT64_MAX - 1,
                                       UINT64_MAX};
    enum { N = sizeof numbers / sizeof *numbers };
    struct pool pool = {0};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        assert_true(pool_take(&pool, numbers[i]));
    }
    for (size_t i = 0; i < N; i++) {
        assert_true(pool_holds(&pool, numbers[i]));
    }
    assert_false(pool_holds(&pool, (1ULL << 40) + 1));
    assert_false(pool_holds(&pool, UINT64_MAX - 2));
    assert_int_equal(pool.n, N);
    pool_clear(&pool);
    assert_false(pool_holds(&pool, UINT64_MAX));
}

static void thousands_are_kept_apart(void **state)
{
    struct pool pool = {0};

    (void)state;
    for (uint64_t i = 0; i < 100000; i += 7) {
        assert_true(pool_take(&pool, i));
    }
    for (uint64_t i = 0; i < 100000; i++) {
        assert_int_equal(pool_holds(&pool, i), i % 7 == 0);
    }
    pool_clear(&pool);
}

static void the_first_given_is_the_third_address(void **state)
{
    struct pool pool = {0}, other = {0};

    (void)state;
    assert_int_equal(find(&pool, &other, "10.0.0.0/24"), 3);
    assert_int_equal(find(&pool, &other, "10.0.0.0/24"), 4);
    pool_clear(&pool);
}

static void a_released_address_rests(void **state)
{
    struct pool pool = {0}, other = {0};
    const uint64_t first = find(&pool, &other, "10.0.0.0/29");

    (void)state;
    pool_take(&pool, first);
    pool_release(&pool, first);
    assert_int_equal(find(&pool, &other, "10.0.0.0/29"), 4);
    assert_int_equal(find(&pool, &other, "10.0.0.0/29"), 5);
    assert_int_equal(find(&pool, &other, "10.0.0.0/29"), 6);
    assert_int_equal(find(&pool, &other, "10.0.0.0/29"), 3); /* 7 is for broadcast. */
    pool_clear(&pool);
}

static void neither_pool_may_hold_it(void **state)
{
    struct pool pool = {0}, other = {0};

    (void)state;
    pool_take(&pool, 3);
    pool_take(&other, 4);
    assert_int_equal(find(&pool, &other, "10.0.0.0/24"), 5);
    pool_clear(&pool);
    pool_clear(&other);
}

static void a_full_subnet_is_exhausted(void **state)
{
    const struct prefix four = prefix("10.0.0.0/29"), six = prefix("fd00::/125");
    struct pool pool = {0}, other = {0};
    uint64_t number;

    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        pool_take(&pool, i);
    }
    pool_take(&other, 6);
    assert_int_equal(pool_find(&pool, &other, &four, &number), OVNK8S_EXHAUSTED);
    assert_string_equal(ovnk8s_last_error()->message,
                        "subnet 10.0.0.0/29: all 4 addresses for pods are taken");
    /* IPv6 has no broadcast. */
    assert_int_equal(pool_find(&pool, &other, &six, &number), 0);
    assert_int_equal(number, 7);
    pool_take(&pool, 7);
    assert_int_equal(pool_find(&pool, &other, &six, &number), OVNK8S_EXHAUSTED);
    pool_release(&pool, 5);
    assert_int_equal(pool_find(&pool, &other, &four, &number), 0);
    assert_int_equal(number, 5);
    pool_clear(&pool);
    pool_clear(&other);
}

static void every_address_is_given_once(void **state)
{
    struct pool pool = {0}, other = {0};
    const struct prefix subnet = prefix("10.0.0.0/22");
    uint64_t number;

    (void)state;
    for (uint64_t i = 3; i < 1023; i++) {
        assert_int_equal(find(&pool, &other, "10.0.0.0/22"), i);
        assert_true(pool_take(&pool, i));
    }
    assert_int_equal(pool_find(&pool, &other, &subnet, &number), OVNK8S_EXHAUSTED);
    pool_clear(&pool);
}

static void the_search_goes_around_at_the_very_end(void **state)
{
    struct pool pool = {.next = UINT64_MAX}, other = {0};

    (void)state;
    assert_int_equal(find(&pool, &other, "fd00::/64"), UINT64_MAX);
    pool_take(&pool, UINT64_MAX);
    assert_int_equal(find(&pool, &other, "fd00::/64"), 3);
    pool_clear(&pool);
}

/* Such subnets are refused when a node is added, but a row of the database may say anything. */
static void a_subnet_without_room_has_none(void **state)
{
    static const char *const tiny[] = {"10.0.0.0/32", "10.0.0.0/31", "10.0.0.0/30", "fd00::/128",
                                       "fd00::/127"};
    struct pool pool = {0}, other = {0};
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        const struct prefix subnet = prefix(tiny[i]);

        assert_int_equal(pool_find(&pool, &other, &subnet, &number), OVNK8S_EXHAUSTED);
        assert_non_null(strstr(ovnk8s_last_error()->message, " all 0 addresses "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_once_and_releases),
        cmocka_unit_test(big_numbers_are_like_small_ones),
        cmocka_unit_test(thousands_are_kept_apart),
        cmocka_unit_test(the_first_given_is_the_third_address),
        cmocka_unit_test(a_released_address_rests),
        cmocka_unit_test(neither_pool_may_hold_it),
        cmocka_unit_test(a_full_subnet_is_exhausted),
        cmocka_unit_test(every_address_is_given_once),
        cmocka_unit_test(the_search_goes_around_at_the_very_end),
        cmocka_unit_test(a_subnet_without_room_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
