/* The copy of monitored tables: what each kind of update makes of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/row.h"
#include "openvswitch/json.h"
#include "ovsdb/replica.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define ID "00112233-4455-6677-8899-aabbccddeeff"

struct world {
    struct replica_table tables[2];
    struct replica replica;
    size_t came, changed, gone;
};

static void count(const struct row *before, const struct row *now, void *payload)
{
    struct world *w = payload;

    assert_true(before || now);
    w->came += !before;
    w->changed += before && now;
    w->gone += !now;
}

static int set_up(void **state)
{
    static const char schema[] =
        "{\"tables\": {\"T\": {\"columns\": {\"name\": {\"type\": \"string\"},"
        " \"set\": {\"type\": {\"key\": \"string\", \"min\": 0, \"max\": \"unlimited\"}},"
        " \"pair\": {\"type\": {\"key\": \"string\", \"min\": 0, \"max\": 2}},"
        " \"opt\": {\"type\": {\"key\": \"integer\", \"min\": 0, \"max\": 1}},"
        " \"map\": {\"type\": {\"key\": \"string\", \"value\": \"string\", \"min\": 0,"
        " \"max\": \"unlimited\"}}}}}}";
    static struct world world;
    struct json *json = json_from_string(schema);

    world = (struct world){
        .tables = {{.name = "T", .columns = {"name", "set", "pair", "opt", "map", "missing"}},
                   {.name = "U", .columns = {"name"}}},
    };
    world.replica = (struct replica){world.tables, 2, count, &world};
    replica_learn_schema(&world.replica, json);
    json_destroy(json);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    replica_clear(&((struct world *)*state)->replica);
    return 0;
}

static bool update(struct world *w, int version, const char *text)
{
    struct json *json = json_from_string(text);
    const bool done = replica_update(&w->replica, json, version);

    json_destroy(json);
    return done;
}

/* An update of the one row of these tests. */
#define UPDATE(KIND, COLUMNS) "{\"T\": {\"" ID "\": {\"" KIND "\": " COLUMNS "}}}"

static const struct row *the_row(const struct world *w)
{
    struct row_id id;

    assert_true(row_id_parse(ID, &id));
    return replica_find(&w->replica, "T", id);
}

static void fill(struct world *w)
{
    assert_true(
        update(w, 2,
               UPDATE("initial", "{\"name\": \"a\", \"set\": [\"set\", [\"x\", \"y\"]], \"opt\": 7,"
                                 " \"map\": [\"map\", [[\"k\", \"v\"], [\"l\", \"w\"]]]}")));
}

static void assert_set(const struct world *w, const char *column, const char *expected)
{
    const struct column *c = row_column(the_row(w), column);
    char text[256] = "";

    for (size_t i = 0; c && i < c->n; i++) {
        strcat(strcat(text, i ? " " : ""), c->atoms[i].string);
    }
    assert_string_equal(text, expected);
}

static void the_schema_tells_the_shapes(void **state)
{
    const struct world *w = *state;
    static const enum column_shape expected[] = {SHAPE_SCALAR, SHAPE_SET, SHAPE_SET,
                                                 SHAPE_SCALAR, SHAPE_MAP, SHAPE_MISSING};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(w->tables[0].shapes[i], expected[i]);
    }
    assert_int_equal(w->tables[1].shapes[0], SHAPE_MISSING);
}

static void a_schema_of_garbage_has_no_columns(void **state)
{
    static const char *const schemas[] = {"null", "[]", "{}", "{\"tables\": []}",
                                          "{\"tables\": {\"T\": {\"columns\": 7}}}"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        struct json *json = json_from_string(schemas[i]);

        replica_learn_schema(&w->replica, json);
        json_destroy(json);
        assert_int_equal(w->tables[0].shapes[0], SHAPE_MISSING);
    }
}

static void rows_come_and_go(void **state)
{
    struct world *w = *state;

    assert_null(the_row(w));
    fill(w);
    assert_string_equal(row_string(the_row(w), "name"), "a");
    assert_string_equal(row_pair(the_row(w), "map", "l"), "w");
    assert_int_equal(row_integer(the_row(w), "opt"), 7);
    assert_true(update(w, 2, UPDATE("delete", "null")));
    assert_null(the_row(w));
    assert_true(update(w, 2, UPDATE("delete", "null"))); /* Twice is once. */
    assert_int_equal(w->came, 1);
    assert_int_equal(w->gone, 1);
    assert_int_equal(w->changed, 0);
    assert_true(update(w, 2, UPDATE("insert", "{}")));
    assert_non_null(the_row(w));
}

static void a_row_inserted_again_is_another(void **state)
{
    struct world *w = *state;

    fill(w);
    assert_true(update(w, 2, UPDATE("insert", "{\"name\": \"b\"}")));
    assert_string_equal(row_string(the_row(w), "name"), "b");
    assert_null(row_column(the_row(w), "map")); /* What is not sent has its default. */
    assert_int_equal(w->changed, 1);
}

static void scalars_are_replaced(void **state)
{
    struct world *w = *state;

    fill(w);
    assert_true(update(w, 2, UPDATE("modify", "{\"name\": \"b\", \"opt\": 8}")));
    assert_string_equal(row_string(the_row(w), "name"), "b");
    assert_int_equal(row_integer(the_row(w), "opt"), 8);
    assert_set(w, "set", "x y"); /* Not sent: as it was. */
    assert_string_equal(row_pair(the_row(w), "map", "k"), "v");
    assert_true(update(w, 2, UPDATE("modify", "{\"opt\": [\"set\", []]}")));
    assert_int_equal(row_column(the_row(w), "opt")->n, 0);
}

static void elements_of_sets_change_sides(void **state)
{
    struct world *w = *state;

    fill(w);
    assert_true(update(w, 2, UPDATE("modify", "{\"set\": [\"set\", [\"y\", \"z\"]]}")));
    assert_set(w, "set", "x z");
    assert_true(update(w, 2, UPDATE("modify", "{\"set\": \"x\"}")));
    assert_set(w, "set", "z");
    assert_true(update(w, 2, UPDATE("modify", "{\"set\": \"z\"}")));
    assert_set(w, "set", "");
    assert_true(update(w, 2, UPDATE("modify", "{\"pair\": [\"set\", [\"p\", \"q\"]]}")));
    assert_true(update(w, 2, UPDATE("modify", "{\"pair\": [\"set\", [\"q\", \"r\"]]}")));
    assert_set(w, "pair", "p r");
}

static void pairs_of_maps_come_change_and_go(void **state)
{
    struct world *w = *state;

    fill(w);
    assert_true(update(w, 2,
                       UPDATE("modify", "{\"map\": [\"map\", [[\"k\", \"v\"], [\"l\", \"other\"],"
                                        " [\"m\", \"new\"]]]}")));
    assert_null(row_pair(the_row(w), "map", "k"));
    assert_string_equal(row_pair(the_row(w), "map", "l"), "other");
    assert_string_equal(row_pair(the_row(w), "map", "m"), "new");
    assert_int_equal(row_column(the_row(w), "map")->n, 2);
}

static void version_1_sends_columns_whole(void **state)
{
    struct world *w = *state;

    assert_true(update(w, 1, UPDATE("new", "{\"name\": \"a\", \"set\": [\"set\", [\"x\"]]}")));
    assert_true(update(w, 1,
                       "{\"T\": {\"" ID "\": {\"old\": {\"set\": \"x\"}, \"new\": {\"name\": \"a\","
                       " \"set\": [\"set\", [\"x\", \"y\"]]}}}}"));
    assert_set(w, "set", "x y");
    assert_true(update(w, 1, UPDATE("old", "{\"name\": \"a\"}")));
    assert_null(the_row(w));
    assert_int_equal(w->changed, 1);
}

static void what_is_not_monitored_is_ignored(void **state)
{
    struct world *w = *state;

    assert_true(update(w, 2, "{\"V\": {\"" ID "\": {\"insert\": {\"name\": \"a\"}}}}"));
    assert_true(update(w, 2, UPDATE("insert", "{\"name\": \"a\", \"new_column\": 7}")));
    assert_null(row_column(the_row(w), "new_column"));
    assert_null(replica_find(&w->replica, "V", the_row(w)->id));
    assert_null(replica_find(&w->replica, "U", the_row(w)->id));
}

static void garbage_is_noticed(void **state)
{
    static const char *const garbage[] = {
        "[]",
        "null",
        "7",
        "{\"T\": []}",
        "{\"T\": {\"not-a-uuid\": {\"insert\": {}}}}",
        "{\"T\": {\"" ID "\": []}}",
        "{\"T\": {\"" ID "\": {}}}",
        UPDATE("insert", "[]"),
        UPDATE("frobnicate", "{}"),
        UPDATE("delete", "{}"),
        UPDATE("insert", "{\"name\": null}"),
        UPDATE("modify", "{\"map\": [\"map\", [[\"k\"]]]}"),
        /* Not what the column is. */
        UPDATE("modify", "{\"map\": [\"set\", [\"k\", \"v\", \"w\"]]}"),
        UPDATE("modify", "{\"map\": \"k\"}"),
        UPDATE("modify", "{\"set\": [\"map\", [[\"x\", \"v\"]]]}"),
        /* A difference to a row that is not there. */
        "{\"T\": {\"10112233-4455-6677-8899-aabbccddeeff\": {\"modify\": {\"name\": \"b\"}}}}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        replica_clear(&w->replica);
        fill(w);
        if (update(w, 2, garbage[i])) {
            fail_msg("accepted: %s", garbage[i]);
        }
        assert_string_equal(row_string(the_row(w), "name"), "a");
    }
}

static void count_row(const struct row *row, void *payload)
{
    assert_non_null(row_string(row, "name"));
    ++*(size_t *)payload;
}

static void thousands_of_rows_are_kept(void **state)
{
    enum { N = 3000 };
    struct world *w = *state;
    char text[256];
    size_t n = 0;

    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text,
                 "{\"T\": {\"%08x-0000-5000-8000-%012x\": {\"insert\": {\"name\": \"%d\"}}}}", i, i,
                 i);
        assert_true(update(w, 2, text));
    }
    replica_each(&w->replica, "T", count_row, &n);
    assert_int_equal(n, N);
    replica_each(&w->replica, "V", count_row, &n);
    assert_int_equal(n, N);
    replica_clear(&w->replica);
    assert_int_equal(w->gone, N);
    assert_int_equal(w->tables[0].n, 0);
    fill(w); /* And can be filled anew. */
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_schema_tells_the_shapes),
        TEST(a_schema_of_garbage_has_no_columns),
        TEST(rows_come_and_go),
        TEST(a_row_inserted_again_is_another),
        TEST(scalars_are_replaced),
        TEST(elements_of_sets_change_sides),
        TEST(pairs_of_maps_come_change_and_go),
        TEST(version_1_sends_columns_whole),
        TEST(what_is_not_monitored_is_ignored),
        TEST(garbage_is_noticed),
        TEST(thousands_of_rows_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
