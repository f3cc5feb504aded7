/* Rows from the JSON of a server that is not to be trusted, and rows as JSON. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/row.h"
#include "openvswitch/json.h"
#include "ovsdb/result.h"
#include "ovsdb/wire.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define ID "00112233-4455-6677-8899-aabbccddeeff"
#define WITH_ID "\"_uuid\": [\"uuid\", \"" ID "\"]"

static struct json *parse(const char *text)
{
    /* The parser takes arrays and objects alone. */
    char array[1024];
    struct json *json, *element;

    snprintf(array, sizeof array, "[%s]", text);
    json = json_from_string(array);
    if (json->type == JSON_STRING) {
        fail_msg("%s: %s", text, json_string(json));
    }
    element = json_clone(json->array.elems[0]);
    json_destroy(json);
    return element;
}

static struct row *read_row(struct rows *rows, const char *text)
{
    struct json *json = parse(text);
    struct row *row = wire_read_row(rows, "T", json);

    json_destroy(json);
    return row;
}

static void all_kinds_of_values_are_read(void **state)
{
    struct rows rows = {0};
    const struct column *column;
    const struct row *row = read_row(
        &rows, "{" WITH_ID ", \"_version\": [\"uuid\", \"" ID "\"], \"name\": \"n\", \"tag\": -7,"
               " \"up\": true, \"down\": false, \"none\": [\"set\", []], \"two\": [\"set\", [\"a\","
               " \"b\"]], \"ref\": [\"uuid\", \"" ID "\"], \"map\": [\"map\", [[\"k\", \"v\"],"
               " [\"l\", 7]]], \"empty\": [\"map\", []], \"big\": 9223372036854775807}");
    char text[UUID_TEXT];

    (void)state;
    assert_non_null(row);
    assert_string_equal(row_id_format(row->id, text), ID);
    assert_null(row_column(row, "_version"));
    assert_string_equal(row_string(row, "name"), "n");
    assert_int_equal(row_integer(row, "tag"), -7);
    assert_int_equal(row_integer(row, "big"), INT64_MAX);
    assert_true(row_column(row, "up")->atoms->boolean);
    assert_false(row_column(row, "down")->atoms->boolean);
    assert_int_equal(row_column(row, "none")->n, 0);
    assert_int_equal(row_column(row, "two")->n, 2);
    column = row_column(row, "ref");
    assert_int_equal(column->atoms->type, ATOM_ROW);
    assert_true(row_id_equal(column->atoms->row, row->id));
    assert_string_equal(row_pair(row, "map", "k"), "v");
    assert_null(row_pair(row, "map", "l")); /* Not a string. */
    assert_true(row_column(row, "empty")->is_map);
    assert_ptr_equal(rows_find(&rows, "T", row->id), row);
    rows_clear(&rows);
}

static void hostile_rows_are_malformed(void **state)
{
    static const char *const bad[] = {
        "[]",
        "7",
        "null",
        "\"row\"",
        "{}",
        "{\"_uuid\": \"" ID "\"}",
        "{\"_uuid\": [\"uuid\"]}",
        "{\"_uuid\": [\"uuid\", 7]}",
        "{\"_uuid\": [\"uuid\", \"\"]}",
        "{\"_uuid\": [\"uuid\", \"" ID "0\"]}",
        "{\"_uuid\": [\"uuid\", \"zz112233-4455-6677-8899-aabbccddeeff\"]}",
        "{\"_uuid\": [\"named-uuid\", \"" ID "\"]}",
        "{" WITH_ID ", \"a\": null}",
        "{" WITH_ID ", \"a\": {}}",
        "{" WITH_ID ", \"a\": []}",
        "{" WITH_ID ", \"a\": 1.5}",
        "{" WITH_ID ", \"a\": [\"set\"]}",
        "{" WITH_ID ", \"a\": [\"set\", \"x\"]}",
        "{" WITH_ID ", \"a\": [\"set\", [[]]]}",
        "{" WITH_ID ", \"a\": [\"set\", [[\"set\", []]]]}",
        "{" WITH_ID ", \"a\": [\"set\", [null]]}",
        "{" WITH_ID ", \"a\": [\"set\", [], []]}",
        "{" WITH_ID ", \"a\": [\"map\", {}]}",
        "{" WITH_ID ", \"a\": [\"map\", [\"k\"]]}",
        "{" WITH_ID ", \"a\": [\"map\", [[\"k\"]]]}",
        "{" WITH_ID ", \"a\": [\"map\", [[\"k\", \"v\", \"w\"]]]}",
        "{" WITH_ID ", \"a\": [\"map\", [[\"k\", null]]]}",
        "{" WITH_ID ", \"a\": [[\"set\", []], []]}",
        "{" WITH_ID ", \"a\": [\"uuid\", \"x\"]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rows rows = {0};

        if (read_row(&rows, bad[i])) {
            fail_msg("accepted: %s", bad[i]);
        }
        rows_clear(&rows);
    }
}

/* A column that was a set in one answer and is a map in the next would be neither. */
static void a_column_does_not_change_its_kind(void **state)
{
    static const char *const kinds[][2] = {
        {"[\"set\", [\"a\", \"b\"]]", "[\"map\", [[\"k\", \"v\"]]]"},
        {"[\"map\", [[\"k\", \"v\"], [\"l\", \"w\"]]]", "\"x\""},
        {"[\"map\", [[\"k\", \"v\"]]]", "[\"set\", [\"a\"]]"},
        {"7", "[\"map\", []]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct rows rows = {0};
        struct json *first = parse(kinds[i][0]), *second = parse(kinds[i][1]);
        struct row *row = rows_want(&rows, "T", (struct row_id){{1}}, NULL);

        assert_true(wire_read_column(row, "a", first));
        assert_false(wire_read_column(row, "a", second));
        json_destroy(first);
        json_destroy(second);
        rows_clear(&rows);
    }
}

static void assert_json(struct json *json, const char *expected)
{
    char *text = json_to_string(json, JSSF_SORT);

    assert_string_equal(text, expected);
    free(text);
    json_destroy(json);
}

static void values_are_written_as_rfc_7047_has_them(void **state)
{
    struct rows rows = {0};
    struct row_id id;
    struct row *row;

    (void)state;
    assert_true(row_id_parse(ID, &id));
    row = rows_want(&rows, "T", id, "n");
    row_is_string(row, "name", "a \"quoted\"\n\xc3\xa9");
    row_is_integer(row, "tag", -7);
    row_is_boolean(row, "up", true);
    row_is_empty(row, "none");
    row_add_string(row, "two", "a");
    row_add_string(row, "two", "b");
    row_includes_row(row, "ports", id);
    row_includes_pair(row, "map", "k", "v");
    assert_json(wire_column(row_column(row, "name")), "\"a \\\"quoted\\\"\\n\xc3\xa9\"");
    assert_json(wire_column(row_column(row, "tag")), "-7");
    assert_json(wire_column(row_column(row, "up")), "true");
    assert_json(wire_column(row_column(row, "none")), "[\"set\",[]]");
    assert_json(wire_column(row_column(row, "two")), "[\"set\",[\"a\",\"b\"]]");
    assert_json(wire_column(row_column(row, "ports")), "[\"uuid\",\"" ID "\"]");
    assert_json(wire_column(row_column(row, "map")), "[\"map\",[[\"k\",\"v\"]]]");
    assert_json(wire_where(row), "[[\"_uuid\",\"==\",[\"uuid\",\"" ID "\"]]]");
    assert_json(wire_where(rows_edit_by_name(&rows, "T", "n")), "[[\"name\",\"==\",\"n\"]]");
    assert_json(wire_where(rows_ask_where(&rows, "T", ROW_BY_OWNER, "k8s")),
                "[[\"external_ids\",\"includes\",[\"map\",[[\"ovnk8s-owner\",\"k8s\"]]]]]");
    assert_json(wire_where(rows_ask_where(&rows, "T", ROW_ANY, "")), "[]");
    rows_clear(&rows);
}

static void what_is_written_is_read_again(void **state)
{
    struct rows rows = {0}, again = {0};
    struct row *row = rows_want(&rows, "T", (struct row_id){{1}}, "n"), *copy;

    (void)state;
    row_add_string(row, "two", "a");
    row_add_string(row, "two", "b");
    row_includes_pair(row, "map", "k", "v");
    row_is_integer(row, "tag", INT64_MIN);
    copy = rows_want(&again, "T", row->id, "n");
    for (const struct column *c = row->columns; c; c = c->next) {
        struct json *json = wire_column(c);
        const struct column *read;

        assert_true(wire_read_column(copy, c->name, json));
        json_destroy(json);
        read = row_column(copy, c->name);
        assert_int_equal(read->n, c->n);
        for (size_t i = 0; i < c->n; i++) {
            assert_true(column_holds(read, c->atoms + i * (c->is_map ? 2 : 1)));
        }
    }
    rows_clear(&rows);
    rows_clear(&again);
}

/* Results. */

static int error_of(const char *text)
{
    struct json *json = parse(text);
    const int error = result_error(json);

    json_destroy(json);
    return error;
}

static void a_servers_refusal_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(error_of("{}"), 0);
    assert_int_equal(error_of("{\"count\": 1}"), 0);
    assert_int_equal(error_of("null"), 0);
    assert_int_equal(error_of("{\"error\": null}"), 0);
    assert_int_equal(error_of("{\"error\": \"timed out\"}"), OVNK8S_CONFLICT);
    assert_int_equal(error_of("{\"error\": \"duplicate uuid\"}"), OVNK8S_CONFLICT);
    assert_int_equal(error_of("{\"error\": \"not leader\"}"), OVNK8S_UNAVAILABLE);
    assert_int_equal(error_of("{\"error\": \"brewing\", \"details\": \"I am a\\nteapot\"}"),
                     OVNK8S_PROTOCOL);
    assert_string_equal(ovnk8s_last_error()->message, "brewing: I am a teapot");
    assert_int_equal(error_of("{\"error\": \"constraint violation\", \"details\": 7}"),
                     OVNK8S_EXISTS);
    assert_string_equal(ovnk8s_last_error()->message, "constraint violation");
    assert_int_equal(result_error(NULL), 0);
}

static int rows_of(const char *text, struct rows *facts)
{
    struct json *json = parse(text);
    const int error = result_rows(json, "T", facts);

    json_destroy(json);
    return error;
}

static void the_rows_of_an_answer(void **state)
{
    struct rows facts = {0};

    (void)state;
    assert_int_equal(rows_of("{\"rows\": []}", &facts), 0);
    assert_int_equal(rows_of("{\"rows\": [{" WITH_ID ", \"a\": 1}]}", &facts), 0);
    assert_int_equal(facts.n, 1);
    assert_int_equal(rows_of("[]", &facts), OVNK8S_PROTOCOL);
    assert_int_equal(rows_of("{}", &facts), OVNK8S_PROTOCOL);
    assert_int_equal(rows_of("{\"rows\": {}}", &facts), OVNK8S_PROTOCOL);
    assert_int_equal(rows_of("{\"rows\": [{}]}", &facts), OVNK8S_PROTOCOL);
    assert_string_equal(ovnk8s_last_error()->message, "a malformed row of T");
    rows_clear(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_values_are_read),
        cmocka_unit_test(hostile_rows_are_malformed),
        cmocka_unit_test(a_column_does_not_change_its_kind),
        cmocka_unit_test(values_are_written_as_rfc_7047_has_them),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_servers_refusal_is_an_error),
        cmocka_unit_test(the_rows_of_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
