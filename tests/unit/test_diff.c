/* What is wanted against what there is, as the operations of a transaction. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/row.h"
#include "openvswitch/json.h"
#include "ovsdb/diff.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

/* Identities that are easy to read in JSON. */
#define A "a0000000-0000-0000-0000-000000000000"
#define B "b0000000-0000-0000-0000-000000000000"
#define C "c0000000-0000-0000-0000-000000000000"
#define WHERE_A "\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"" A "\"]]]"
#define EXISTS_A                                                                                   \
    "{\"columns\":[],\"op\":\"wait\",\"rows\":[{}],\"table\":\"T\",\"timeout\":0,"                 \
    "\"until\":\"==\"," WHERE_A "}"

struct world {
    struct rows wanted, actual;
};

static struct row_id id(const char *text)
{
    struct row_id out;

    assert_true(row_id_parse(text, &out));
    return out;
}

static int set_up(void **state)
{
    static struct world world;

    world = (struct world){0};
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    rows_clear(&w->wanted);
    rows_clear(&w->actual);
    return 0;
}

/* The operations, one to a line, and how many rows they change. */
static void assert_ops(struct world *w, size_t n_rows, const char *expected)
{
    struct difference difference;
    char text[4096] = "";

    if (difference_compute(&w->wanted, &w->actual, &difference)) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
    for (size_t i = 0; i < difference.ops->array.n; i++) {
        char *op = json_to_string(difference.ops->array.elems[i], JSSF_SORT);

        assert_non_null(difference.rows[i]);
        strcat(strcat(text, i ? "\n" : ""), op);
        free(op);
    }
    assert_string_equal(text, expected);
    assert_int_equal(difference.n_rows, n_rows);
    difference_clear(&difference);
}

static struct row *want(struct world *w, const char *name)
{
    return rows_want(&w->wanted, "T", id(A), name);
}

static struct row *have(struct world *w, const char *name)
{
    struct row *row = rows_want(&w->actual, "T", id(A), name);

    row_is_string(row, "name", name);
    return row;
}

static void a_missing_row_is_inserted(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n");

    row_is_string(row, "name", "n");
    row_includes_pair(row, "external_ids", "k", "v");
    row_includes_row(row, "ports", id(B));
    row_excludes_row(row, "acls", id(C));
    assert_ops(w, 1,
               "{\"op\":\"insert\",\"row\":{\"external_ids\":[\"map\",[[\"k\",\"v\"]]],"
               "\"name\":\"n\",\"ports\":[\"uuid\",\"" B "\"]},\"table\":\"T\",\"uuid\":\"" A
               "\"}");
}

static void a_sole_row_is_inserted_if_nobody_has_its_name(void **state)
{
    struct world *w = *state;

    want(w, "n")->sole = true;
    assert_ops(w, 1,
               "{\"columns\":[\"name\"],\"op\":\"wait\",\"rows\":[],\"table\":\"T\",\"timeout\":0,"
               "\"until\":\"==\",\"where\":[[\"name\",\"==\",\"n\"],[\"_uuid\",\"!=\",[\"uuid\","
               "\"" A "\"]]]}\n"
               "{\"op\":\"insert\",\"row\":{},\"table\":\"T\",\"uuid\":\"" A "\"}");
}

static void what_is_as_wanted_is_left_alone(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n"), *fact = have(w, "n");

    row->sole = row->guarded = true;
    row_is_string(row, "name", "n");
    row_add_string(row, "networks", "a");
    row_add_string(row, "networks", "b");
    row_add_string(fact, "networks", "b"); /* Sets have no order. */
    row_add_string(fact, "networks", "a");
    row_includes_pair(row, "external_ids", "k", "v");
    row_includes_pair(fact, "external_ids", "others", "x");
    row_includes_pair(fact, "external_ids", "k", "v");
    row_includes_row(row, "ports", id(B));
    row_add_atoms(fact, "ports", COLUMN_IS, false, &(struct atom){.type = ATOM_ROW, .row = id(B)},
                  1);
    row_excludes_row(row, "acls", id(C));
    row_is_empty(row, "tags");
    rows_drop(&w->wanted, "T", id(C), "gone");
    assert_ops(w, 0, "");
}

static void an_update_is_guarded_by_what_it_overwrites(void **state)
{
    struct world *w = *state;

    row_is_string(want(w, "n"), "name", "n");
    row_is_string(want(w, "n"), "mac", "new");
    row_is_string(have(w, "n"), "mac", "old");
    assert_ops(w, 1,
               "{\"columns\":[\"mac\"],\"op\":\"wait\",\"rows\":[{\"mac\":\"old\"}],\"table\":"
               "\"T\",\"timeout\":0,\"until\":\"==\"," WHERE_A "}\n"
               "{\"op\":\"update\",\"row\":{\"mac\":\"new\"},\"table\":\"T\"," WHERE_A "}");
}

static void a_set_of_other_size_is_overwritten(void **state)
{
    struct world *w = *state;

    row_add_string(want(w, "n"), "networks", "a");
    row_add_string(have(w, "n"), "networks", "a");
    row_add_string(have(w, "n"), "networks", "b");
    assert_ops(w, 1,
               "{\"columns\":[\"networks\"],\"op\":\"wait\",\"rows\":[{\"networks\":[\"set\","
               "[\"a\",\"b\"]]}],\"table\":\"T\",\"timeout\":0,\"until\":\"==\"," WHERE_A "}\n"
               "{\"op\":\"update\",\"row\":{\"networks\":\"a\"},\"table\":\"T\"," WHERE_A "}");
}

static void elements_come_in_and_go_out(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n"), *fact = have(w, "n");
    const struct atom c = {.type = ATOM_ROW, .row = id(C)};

    row_includes_row(row, "ports", id(B));
    row_excludes_row(row, "acls", id(C));
    row_add_atoms(fact, "acls", COLUMN_IS, false, &c, 1);
    assert_ops(w, 1,
               EXISTS_A "\n{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B
                        "\"]]]],[\"acls\",\"delete\",[\"set\",[[\"uuid\",\"" C "\"]]]]],"
                        "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

static void many_new_elements_are_one_mutation(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n");

    have(w, "n");
    row_includes_row(row, "ports", id(B));
    row_includes_row(row, "ports", id(C));
    assert_ops(w, 1,
               EXISTS_A "\n{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B
                        "\"],[\"uuid\",\"" C "\"]]]]],\"op\":\"mutate\",\"table\":\"T\"," WHERE_A
                        "}");
}

static void a_key_with_another_value_is_replaced(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n");

    row_includes_pair(row, "external_ids", "k", "new");
    row_includes_pair(row, "external_ids", "l", "w");
    row_includes_pair(have(w, "n"), "external_ids", "k", "old");
    row_includes_pair(have(w, "n"), "external_ids", "others", "x");
    assert_ops(w, 1,
               EXISTS_A "\n{\"mutations\":[[\"external_ids\",\"delete\",[\"set\",[\"k\"]]],"
                        "[\"external_ids\",\"insert\",[\"map\",[[\"k\",\"new\"]]]],"
                        "[\"external_ids\",\"insert\",[\"map\",[[\"l\",\"w\"]]]]],"
                        "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

static void assert_generation(struct world *w, const char *before, const char *after)
{
    char expected[2048], pair[128] = "";

    tear_down((void **)&w);
    rows_edit(&w->wanted, "T", id(A), "n")->guarded = true;
    row_includes_row(rows_edit(&w->wanted, "T", id(A), "n"), "ports", id(B));
    if (before) {
        row_includes_pair(have(w, "n"), "external_ids", "ovnk8s-generation", before);
        snprintf(pair, sizeof pair, "[\"ovnk8s-generation\",\"%s\"]", before);
    } else {
        have(w, "n");
    }
    snprintf(expected, sizeof expected,
             "{\"columns\":[\"external_ids\"],\"op\":\"wait\",\"rows\":[{\"external_ids\":[\"map\","
             "[%s]]}],\"table\":\"T\",\"timeout\":0,\"until\":\"==\"," WHERE_A "}\n"
             "{\"mutations\":[[\"external_ids\",\"delete\",[\"set\",[\"ovnk8s-generation\"]]],"
             "[\"external_ids\",\"insert\",[\"map\",[[\"ovnk8s-generation\",\"%s\"]]]]],"
             "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}\n" EXISTS_A
             "\n{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B "\"]]]]],"
             "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}",
             pair, after);
    assert_ops(w, 1, expected);
}

static void a_guarded_row_counts_its_allocations(void **state)
{
    struct world *w = *state;

    assert_generation(w, NULL, "1");
    assert_generation(w, "1", "2");
    assert_generation(w, "99", "100");
    assert_generation(w, "garbage", "1");
    assert_generation(w, "9223372036854775807", "9223372036854775808");
    assert_generation(w, "99999999999999999999999", "0");
}

static void a_guarded_row_that_is_new_needs_no_guard(void **state)
{
    struct world *w = *state;

    want(w, "n")->guarded = true;
    assert_ops(w, 1, "{\"op\":\"insert\",\"row\":{},\"table\":\"T\",\"uuid\":\"" A "\"}");
}

static void guards_come_before_all_changes(void **state)
{
    struct world *w = *state;
    struct difference difference;

    rows_want(&w->wanted, "T", id(B), "new");
    rows_edit(&w->wanted, "T", id(A), "n")->guarded = true;
    have(w, "n");
    assert_int_equal(difference_compute(&w->wanted, &w->actual, &difference), 0);
    assert_int_equal(difference.ops->array.n, 3);
    assert_string_equal(difference.rows[0]->name, "n");
    assert_string_equal(difference.rows[1]->name, "n");
    assert_string_equal(difference.rows[2]->name, "new");
    difference_clear(&difference);
}

static void a_dropped_row_is_deleted(void **state)
{
    struct world *w = *state;

    rows_drop(&w->wanted, "T", id(A), "n");
    have(w, "n");
    assert_ops(w, 1, "{\"op\":\"delete\",\"table\":\"T\"," WHERE_A "}");
}

static void who_shall_get_an_element_must_exist(void **state)
{
    struct world *w = *state;
    struct difference difference;
    struct row *row = rows_edit(&w->wanted, "Logical_Switch", id(A), "n1");

    row_excludes_row(row, "ports", id(B));
    assert_ops(w, 0, ""); /* Nothing to take out of nothing. */
    row_includes_row(row, "ports", id(C));
    assert_int_equal(difference_compute(&w->wanted, &w->actual, &difference), OVNK8S_NOTFOUND);
    assert_string_equal(ovnk8s_last_error()->message, "Logical_Switch n1 does not exist");
    assert_null(difference.ops);
    assert_null(difference.rows);
}

static void rows_by_name_are_found_by_name(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit_by_name(&w->wanted, "T", "n");

    row_includes_row(row, "ports", id(B));
    have(w, "other");
    rows_want(&w->actual, "U", id(B), "n");
    rows_want(&w->actual, "T", id(C), "n");
    assert_ops(w, 1,
               "{\"columns\":[],\"op\":\"wait\",\"rows\":[{}],\"table\":\"T\",\"timeout\":0,"
               "\"until\":\"==\",\"where\":[[\"name\",\"==\",\"n\"]]}\n"
               "{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B "\"]]]]],"
               "\"op\":\"mutate\",\"table\":\"T\",\"where\":[[\"name\",\"==\",\"n\"]]}");
}

static void hundreds_of_rows_keep_their_operations(void **state)
{
    enum { N = 500 };
    struct world *w = *state;
    struct difference difference;
    char name[16];

    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        rows_want(&w->wanted, "T", row_id("k8s", "T", name), name);
    }
    assert_int_equal(difference_compute(&w->wanted, &w->actual, &difference), 0);
    assert_int_equal(difference.ops->array.n, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(atoi(difference.rows[i]->name), i);
    }
    difference_clear(&difference);
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_row_is_inserted),
        TEST(a_sole_row_is_inserted_if_nobody_has_its_name),
        TEST(what_is_as_wanted_is_left_alone),
        TEST(an_update_is_guarded_by_what_it_overwrites),
        TEST(a_set_of_other_size_is_overwritten),
        TEST(elements_come_in_and_go_out),
        TEST(many_new_elements_are_one_mutation),
        TEST(a_key_with_another_value_is_replaced),
        TEST(a_guarded_row_counts_its_allocations),
        TEST(a_guarded_row_that_is_new_needs_no_guard),
        TEST(guards_come_before_all_changes),
        TEST(a_dropped_row_is_deleted),
        TEST(who_shall_get_an_element_must_exist),
        TEST(rows_by_name_are_found_by_name),
        TEST(hundreds_of_rows_keep_their_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
