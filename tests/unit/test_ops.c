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
#include "ovsdb/ops.h"

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

/* A new generation is a random number: "G" stands for any. */
static void hide_generation(char *op)
{
    static const char key[] = "[\"ovnk8s-generation\",\"";
    char *at = strstr(op, "\"insert\"");

    at = at ? strstr(at, key) : NULL;
    if (at) {
        at += strlen(key);
        assert_int_equal(strspn(at, "0123456789abcdef"), 16);
        *at = 'G';
        memmove(at + 1, at + 16, strlen(at + 16) + 1);
    }
}

static void compose(struct world *w, struct changes *changes, struct operations *operations)
{
    if (changes_compute(&w->wanted, &w->actual, changes) ||
        operations_compose(changes, operations)) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
}

/* With its members in order, also where the operation is text already. */
static char *op_text(const struct json *op)
{
    struct json *read =
        op->type == JSON_SERIALIZED_OBJECT ? json_from_serialized_object(op) : json_clone(op);
    char *text = json_to_string(read, JSSF_SORT);

    json_destroy(read);
    return text;
}

/* The operations, one to a line, and how many rows they change. */
static void assert_ops(struct world *w, size_t n_rows, const char *expected)
{
    struct operations operations;
    struct changes changes;
    char text[4096] = "";

    compose(w, &changes, &operations);
    for (size_t i = 0; i < operations.ops->array.n; i++) {
        char *op = op_text(operations.ops->array.elems[i]);

        assert_non_null(operations.rows[i]);
        hide_generation(op);
        strcat(strcat(text, i ? "\n" : ""), op);
        free(op);
    }
    assert_string_equal(text, expected);
    assert_int_equal(changes.n, n_rows);
    operations_clear(&operations);
    changes_clear(&changes);
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
                        "[\"external_ids\",\"insert\",[\"map\",[[\"k\",\"new\"],"
                        "[\"l\",\"w\"]]]]],"
                        "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

/* An entry of a big map that was not read: whatever is there goes first. */
static void an_unknown_entry_is_overwritten(void **state)
{
    struct world *w = *state;

    row_includes_entry(rows_edit(&w->wanted, "T", id(A), "n"), "records", "k", "v", true);
    have(w, "n");
    assert_ops(w, 1,
               EXISTS_A "\n{\"mutations\":[[\"records\",\"delete\",[\"set\",[\"k\"]]],"
                        "[\"records\",\"insert\",[\"map\",[[\"k\",\"v\"]]]]],"
                        "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

static void a_key_goes_whatever_its_value(void **state)
{
    struct world *w = *state;

    row_excludes_key(rows_edit(&w->wanted, "T", id(A), "n"), "records", "k");
    row_excludes_key(rows_edit(&w->wanted, "T", id(A), "n"), "records", "not there");
    row_includes_pair(have(w, "n"), "records", "k", "v");
    assert_ops(w, 1,
               EXISTS_A "\n{\"mutations\":[[\"records\",\"delete\",[\"set\",[\"k\"]]]],"
                        "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

#define NEXT_GENERATION                                                                            \
    "{\"mutations\":[[\"external_ids\",\"delete\",[\"set\",[\"ovnk8s-generation\"]]],"             \
    "[\"external_ids\",\"insert\",[\"map\",[[\"ovnk8s-generation\",\"G\"]]]]],"                    \
    "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}\n"
#define PORT_B                                                                                     \
    "{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B "\"]]]]],"                    \
    "\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}"

static void a_guarded_row_gets_another_generation(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n");

    row->guarded = true;
    row_includes_row(row, "ports", id(B));
    row_includes_pair(have(w, "n"), "external_ids", "ovnk8s-generation", "before");
    assert_ops(w, 1,
               "{\"columns\":[\"external_ids\"],\"op\":\"wait\",\"rows\":[{\"external_ids\":"
               "[\"map\",[[\"ovnk8s-generation\",\"before\"]]]}],\"table\":\"T\",\"timeout\":0,"
               "\"until\":\"==\"," WHERE_A "}\n" EXISTS_A "\n" NEXT_GENERATION PORT_B);
}

/* What was read of it is made anew elsewhere. */
static void a_row_that_is_dropped_unchanged_is_guarded_as_a_whole(void **state)
{
    struct world *w = *state;
    struct row *fact = have(w, "n");

    rows_drop(&w->wanted, "T", id(A), "n")->unchanged = true;
    row_is_string(fact, "name", "n");
    row_includes_row(fact, "ports", id(B));
    assert_ops(
        w, 1,
        "{\"columns\":[\"name\",\"ports\"],\"op\":\"wait\",\"rows\":[{\"name\":\"n\",\"ports\":"
        "[\"uuid\",\"" B "\"]}],\"table\":\"T\",\"timeout\":0,\"until\":\"==\"," WHERE_A
        "}\n{\"op\":\"delete\",\"table\":\"T\"," WHERE_A "}");
}

static void a_touched_row_gets_one_without_being_guarded(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n");

    row->touched = true;
    have(w, "n");
    assert_ops(w, 0, ""); /* Nothing was taken from it. */
    row_includes_row(row, "ports", id(B));
    assert_ops(w, 1, EXISTS_A "\n" NEXT_GENERATION PORT_B);
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
    struct operations operations;
    struct changes changes;

    rows_want(&w->wanted, "T", id(B), "new");
    rows_edit(&w->wanted, "T", id(A), "n")->guarded = true;
    have(w, "n");
    compose(w, &changes, &operations);
    assert_int_equal(operations.ops->array.n, 2);
    assert_string_equal(operations.rows[0]->name, "n");
    assert_string_equal(operations.rows[1]->name, "new");
    operations_clear(&operations);
    changes_clear(&changes);
}

static void what_goes_goes_first(void **state)
{
    struct world *w = *state;
    struct operations operations;
    struct changes changes;

    row_includes_row(rows_edit(&w->wanted, "T", id(A), "n"), "ports", id(C));
    rows_want(&w->wanted, "T", id(C), "new");
    rows_drop(&w->wanted, "T", id(B), "old");
    have(w, "n");
    rows_want(&w->actual, "T", id(B), "old");
    compose(w, &changes, &operations);
    assert_string_equal(operations.rows[0]->name, "old");
    operations_clear(&operations);
    changes_clear(&changes);
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
    struct changes changes;
    struct row *row = rows_edit(&w->wanted, "Logical_Switch", id(A), "n1");

    row_excludes_row(row, "ports", id(B));
    assert_ops(w, 0, ""); /* Nothing to take out of nothing. */
    row_includes_row(row, "ports", id(C));
    assert_int_equal(changes_compute(&w->wanted, &w->actual, &changes), OVNK8S_NOTFOUND);
    assert_string_equal(ovnk8s_last_error()->message, "Logical_Switch n1 does not exist");
    assert_null(changes.first);
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

static void unseen_rows_are_changed_whatever_they_are(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n");

    row->unseen = true;
    row_includes_row(row, "ports", id(B));
    rows_drop(&w->wanted, "T", id(C), "c")->unseen = true;
    assert_ops(w, 2,
               "{\"op\":\"delete\",\"table\":\"T\",\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"" C
               "\"]]]}\n" EXISTS_A "\n"
               "{\"mutations\":[[\"ports\",\"insert\",[\"set\",[[\"uuid\",\"" B
               "\"]]]]],\"op\":\"mutate\",\"table\":\"T\"," WHERE_A "}");
}

static void a_key_goes_from_all_others_that_have_its_value(void **state)
{
    struct world *w = *state;
    struct row *others = rows_edit_others(&w->wanted, "T", id(A), "us", "k", "v");

    row_excludes_key(others, "external_ids", "k");
    row_includes_pair(others, "external_ids", "former-k", "v");
    have(w, "v"); /* A row of that name is not what is meant. */
    assert_ops(
        w, 1,
        "{\"mutations\":[[\"external_ids\",\"delete\",[\"set\",[\"k\"]]],"
        "[\"external_ids\",\"delete\",[\"set\",[\"former-k\"]]],"
        "[\"external_ids\",\"insert\",[\"map\",[[\"former-k\",\"v\"]]]]],"
        "\"op\":\"mutate\",\"table\":\"T\",\"where\":["
        "[\"external_ids\",\"includes\",[\"map\",[[\"ovnk8s-owner\",\"us\"],[\"k\",\"v\"]]]],"
        "[\"_uuid\",\"!=\",[\"uuid\",\"" A "\"]]]}");
}

static void hundreds_of_rows_keep_their_operations(void **state)
{
    enum { N = 500 };
    struct world *w = *state;
    struct operations operations;
    struct changes changes;
    char name[16];

    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        rows_want(&w->wanted, "T", row_id("k8s", "T", name), name);
    }
    compose(w, &changes, &operations);
    assert_int_equal(operations.ops->array.n, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(atoi(operations.rows[i]->name), i);
    }
    operations_clear(&operations);
    changes_clear(&changes);
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
        TEST(an_unknown_entry_is_overwritten),
        TEST(a_key_goes_whatever_its_value),
        TEST(a_guarded_row_gets_another_generation),
        TEST(a_row_that_is_dropped_unchanged_is_guarded_as_a_whole),
        TEST(a_touched_row_gets_one_without_being_guarded),
        TEST(a_guarded_row_that_is_new_needs_no_guard),
        TEST(guards_come_before_all_changes),
        TEST(what_goes_goes_first),
        TEST(a_dropped_row_is_deleted),
        TEST(who_shall_get_an_element_must_exist),
        TEST(rows_by_name_are_found_by_name),
        TEST(unseen_rows_are_changed_whatever_they_are),
        TEST(a_key_goes_from_all_others_that_have_its_value),
        TEST(hundreds_of_rows_keep_their_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
