/* Which addresses of a node's subnets pods get. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "watch/nodes.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static struct nodes nodes; /* With what is reserved. */

static struct node node_with(const char *subnets)
{
    struct node node = {.name = NULL};

    assert_true(prefixes_from_text(subnets, &node.subnets));
    return node;
}

static void end_node(struct node *node)
{
    blocks_clear(&node->taken);
    blocks_clear(&nodes.reserved);
}

/* What a row does with address number 'index' of the first subnet. */
static void take(struct node *node, uint64_t index)
{
    const struct prefix one = {prefix_nth(&node->subnets.of[0], index),
                               ip_bits(&node->subnets.of[0].ip)};

    assert_int_equal(blocks_add(&node->taken, &one), 0);
}

static void release(struct node *node, uint64_t index)
{
    const struct prefix one = {prefix_nth(&node->subnets.of[0], index),
                               ip_bits(&node->subnets.of[0].ip)};

    assert_int_equal(blocks_release(&node->taken, &one), 0);
}

/* The number of the address that is chosen in the first subnet; it stays free. */
static uint64_t choose(struct node *node)
{
    struct prefixes out;

    assert_int_equal(node_choose(&nodes, node, &out), 0);
    blocks_clear(&nodes.reserved);
    return prefix_index(&node->subnets.of[0], &out.of[0].ip);
}

static void is_exhausted(struct node *node, const char *message)
{
    struct prefixes out;

    assert_int_equal(node_choose(&nodes, node, &out), OVNK8S_EXHAUSTED);
    assert_string_equal(ovnk8s_last_error()->message, message);
}

static void the_first_given_is_the_third_address(void **state)
{
    struct node node = node_with("10.0.0.0/24");

    (void)state;
    assert_int_equal(choose(&node), 3);
    assert_int_equal(choose(&node), 4);
    end_node(&node);
}

static void a_released_address_rests(void **state)
{
    struct node node = node_with("10.0.0.0/29");
    const uint64_t first = choose(&node);

    (void)state;
    take(&node, first);
    release(&node, first);
    assert_int_equal(choose(&node), 4);
    assert_int_equal(choose(&node), 5);
    assert_int_equal(choose(&node), 6);
    assert_int_equal(choose(&node), 3); /* 7 is for broadcast. */
    end_node(&node);
}

static void neither_row_nor_plan_may_have_it(void **state)
{
    struct node node = node_with("10.0.0.0/24");
    struct prefixes four = addresses_at(&node.subnets, 4), out;

    (void)state;
    take(&node, 3);
    nodes_reserve(&nodes, &four);
    assert_int_equal(node_choose(&nodes, &node, &out), 0);
    assert_int_equal(prefix_index(&node.subnets.of[0], &out.of[0].ip), 5);
    end_node(&node);
}

static void a_full_subnet_is_exhausted(void **state)
{
    struct node four = node_with("10.0.0.0/29"), six = node_with("fd00::/125");
    const struct prefixes last = addresses_at(&four.subnets, 6);

    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        take(&four, i);
        take(&six, i);
    }
    take(&six, 6);
    nodes_reserve(&nodes, &last);
    is_exhausted(&four, "subnet 10.0.0.0/29: all 4 addresses for pods are taken, 3 of them by ports"
                        " and 1 by plans that are being made");
    /* IPv6 has no broadcast. */
    assert_int_equal(choose(&six), 7);
    take(&six, 7);
    is_exhausted(&six, "subnet fd00::/125: all 5 addresses for pods are taken, 5 of them by ports"
                       " and 0 by plans that are being made");
    release(&four, 5);
    assert_int_equal(choose(&four), 5);
    end_node(&four);
    end_node(&six);
}

static void every_address_is_given_once(void **state)
{
    struct node node = node_with("10.0.0.0/22");
    struct prefixes out;

    (void)state;
    for (uint64_t i = 3; i < 1023; i++) {
        assert_int_equal(choose(&node), i);
        take(&node, i);
    }
    assert_int_equal(node_choose(&nodes, &node, &out), OVNK8S_EXHAUSTED);
    end_node(&node);
}

static void the_search_goes_around_at_the_very_end(void **state)
{
    struct node node = node_with("ffff:ffff:ffff:ffff::/64");

    (void)state;
    node.from[0] = prefix_last(&node.subnets.of[0]);
    assert_int_equal(choose(&node), UINT64_MAX);
    take(&node, UINT64_MAX);
    assert_int_equal(choose(&node), 3);
    end_node(&node);
}

static void each_subnet_goes_around_by_itself(void **state)
{
    struct node node = node_with("10.0.0.0/29,fd00::/64");
    struct prefixes out;
    char text[PREFIXES_TEXT];

    (void)state;
    for (unsigned int i = 0; i < 5; i++) {
        assert_int_equal(node_choose(&nodes, &node, &out), 0);
        blocks_clear(&nodes.reserved);
    }
    assert_string_equal(prefixes_to_text(&out, text), "10.0.0.3/29,fd00::7/64");
    end_node(&node);
}

/* Such subnets are refused when a node is added, but a row of the database may say anything. */
static void a_subnet_without_room_has_none(void **state)
{
    static const char *const tiny[] = {"10.0.0.0/32",        "10.0.0.0/31", "10.0.0.0/30",
                                       "255.255.255.254/31", "fd00::/128",  "255.255.255.255/32",
                                       "255.255.255.252/30", "fd00::/127"};
    struct prefixes out;

    (void)state;
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        struct node node = node_with(tiny[i]);

        assert_int_equal(node_choose(&nodes, &node, &out), OVNK8S_EXHAUSTED);
        assert_non_null(strstr(ovnk8s_last_error()->message, " all 0 addresses "));
        end_node(&node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_given_is_the_third_address),
        cmocka_unit_test(a_released_address_rests),
        cmocka_unit_test(neither_row_nor_plan_may_have_it),
        cmocka_unit_test(a_full_subnet_is_exhausted),
        cmocka_unit_test(every_address_is_given_once),
        cmocka_unit_test(the_search_goes_around_at_the_very_end),
        cmocka_unit_test(each_subnet_goes_around_by_itself),
        cmocka_unit_test(a_subnet_without_room_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
