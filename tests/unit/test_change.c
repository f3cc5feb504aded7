/* The difference between rows that are wanted and rows that are there, and how it is written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>
#include <ovnk8s/plan.h>

#include "base/change.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define A "a0000000-0000-0000-0000-000000000000"
#define B "b0000000-0000-0000-0000-000000000000"
#define C "c0000000-0000-0000-0000-000000000000"

struct world {
    struct rows wanted, facts;
    struct changes changes;
    char *text;
    cJSON *json;
};

static int set_up(void **state)
{
    static struct world world;

    world = (struct world){.text = NULL};
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    changes_clear(&w->changes);
    rows_clear(&w->wanted);
    rows_clear(&w->facts);
    free(w->text);
    cJSON_Delete(w->json);
    return 0;
}

static struct row_id id(const char *text)
{
    struct row_id out;

    assert_true(row_id_parse(text, &out));
    return out;
}

static struct row *want(struct world *w, const char *name)
{
    return rows_want(&w->wanted, "T", id(A), name);
}

/* As it is read: without a name for people. */
static struct row *have(struct world *w)
{
    return rows_want(&w->facts, "T", id(A), NULL);
}

static void have_reference(struct row *row, const char *column, const char *to)
{
    row_add_atoms(row, column, COLUMN_IS, false, &(struct atom){.type = ATOM_ROW, .row = id(to)},
                  1);
}

static void compute(struct world *w)
{
    changes_clear(&w->changes);
    if (changes_compute(&w->wanted, &w->facts, &w->changes)) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
}

static void assert_text(struct world *w, const char *expected)
{
    compute(w);
    free(w->text);
    assert_int_equal(changes_text(&w->changes, &w->text), 0);
    assert_string_equal(w->text, expected);
}

/* Computing. */

static void rows_are_inserted_changed_and_deleted(void **state)
{
    struct world *w = *state;

    rows_drop(&w->wanted, "T", id(C), "gone");
    rows_want(&w->wanted, "T", id(B), "new");
    row_is_string(want(w, "n"), "name", "n");
    row_is_string(have(w), "name", "o");
    rows_want(&w->facts, "T", id(C), NULL);
    compute(w);
    assert_int_equal(w->changes.n, 3); /* In the order of the wishes. */
    assert_int_equal(w->changes.first->action, CHANGE_DELETE);
    assert_int_equal(w->changes.first->next->action, CHANGE_INSERT);
    assert_null(w->changes.first->next->fact);
    assert_int_equal(w->changes.last->action, CHANGE_UPDATE);
    assert_ptr_equal(w->changes.last->fact, have(w));
}

static void what_is_as_wanted_is_no_change(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n"), *fact = have(w);

    row_is_string(row, "name", "n");
    row_is_string(fact, "name", "n");
    row_add_string(row, "networks", "a");
    row_add_string(row, "networks", "b");
    row_add_string(fact, "networks", "b"); /* Sets have no order. */
    row_add_string(fact, "networks", "a");
    row_is_empty(row, "tag");
    row_includes_pair(row, "ids", "k", "v");
    row_includes_pair(fact, "ids", "theirs", "x");
    row_includes_pair(fact, "ids", "k", "v");
    row_excludes_key(row, "ids", "not there");
    row_excludes_row(row, "ports", id(B));
    row->guarded = row->touched = true;
    rows_drop(&w->wanted, "T", id(C), "gone already");
    row_excludes_row(rows_edit(&w->wanted, "T", id(B), "gone too"), "ports", id(C));
    assert_text(w, "");
    assert_int_equal(w->changes.n, 0);
}

static void the_same_identity_in_another_table_is_another_row(void **state)
{
    struct world *w = *state;

    rows_drop(&w->wanted, "T", id(B), "b");
    rows_want(&w->facts, "U", id(B), NULL);
    assert_text(w, "");
}

static void who_shall_get_an_element_must_exist(void **state)
{
    struct world *w = *state;

    rows_want(&w->wanted, "T", id(B), "new");
    row_includes_row(rows_edit(&w->wanted, "Logical_Switch", id(A), "n1"), "ports", id(B));
    assert_int_equal(changes_compute(&w->wanted, &w->facts, &w->changes), OVNK8S_NOTFOUND);
    assert_string_equal(ovnk8s_last_error()->message, "Logical_Switch n1 does not exist");
    assert_int_equal(w->changes.n, 0);
    assert_null(w->changes.first);
}

static void rows_that_go_by_their_names_are_found(void **state)
{
    struct world *w = *state;

    row_includes_row(rows_edit_by_name(&w->wanted, "T", "br-int"), "ports", id(B));
    rows_want(&w->facts, "T", id(C), "br-int");
    assert_text(w, "~ T \"br-int\"\n"
                   "+     ports: \"" B "\"\n");
}

static void without_memory_there_are_no_changes(void **state)
{
    struct world *w = *state;

    w->wanted.arena.failed = true;
    want(w, "n");
    compute(w); /* What has failed is a wish, which its owner knows. */
    assert_int_equal(w->changes.n, 0);
}

/* Text. */

static void an_inserted_row_has_all_that_it_begins_with(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n1");

    row_is_string(row, "name", "n1");
    row_is_integer(row, "tag", -7);
    row_is_boolean(row, "up", true);
    row_is_boolean(row, "down", false);
    row_is_empty(row, "nothing");
    row_includes_pair(row, "ids", "k", "v");
    row_includes_row(row, "ports", id(B));
    row_excludes_row(row, "acls", id(C));
    rows_want(&w->wanted, "P", id(B), "port of n1");
    assert_text(w, "+ T \"n1\"\n"
                   "+     name: \"n1\"\n"
                   "+     tag: -7\n"
                   "+     up: true\n"
                   "+     down: false\n"
                   "+     ids:k: \"v\"\n"
                   "+     ports: \"port of n1\"\n"
                   "+ P \"port of n1\"\n");
}

static void what_goes_comes_before_what_comes(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n1"), *fact = have(w);

    row_add_string(row, "networks", "a");
    row_add_string(row, "networks", "c");
    row_add_string(fact, "networks", "b");
    row_add_string(fact, "networks", "a");
    row_includes_pair(row, "ids", "k", "new");
    row_includes_pair(row, "ids", "l", "too");
    row_includes_pair(fact, "ids", "k", "old");
    row_includes_pair(fact, "ids", "stale", "x");
    row_excludes_key(row, "ids", "stale");
    assert_text(w, "~ T \"n1\"\n"
                   "-     networks: \"b\"\n"
                   "+     networks: \"c\"\n"
                   "-     ids:k: \"old\"\n"
                   "+     ids:k: \"new\"\n"
                   "+     ids:l: \"too\"\n"
                   "-     ids:stale: \"x\"\n");
}

static void references_are_written_by_name(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n1"), *fact = have(w);

    have_reference(fact, "ports", B);
    have_reference(fact, "acls", C);
    row_is_string(rows_want(&w->facts, "P", id(B), NULL), "name", "known from the database");
    row_excludes_row(row, "ports", id(B));
    row_excludes_row(row, "acls", id(C));
    assert_text(w, "~ T \"n1\"\n"
                   "-     ports: \"known from the database\"\n"
                   "-     acls: \"" C "\"\n");
}

static void a_row_without_a_name_here_has_that_of_the_database(void **state)
{
    struct world *w = *state;

    rows_drop(&w->wanted, "T", id(A), NULL);
    row_is_string(have(w), "name", "n1");
    assert_text(w, "- T \"n1\"\n");
    rows_drop(&w->wanted, "T", id(B), NULL);
    rows_want(&w->facts, "T", id(B), NULL);
    assert_text(w, "- T \"n1\"\n- T \"\"\n");
}

/* A line stays a line, whatever somebody has written into a database. */
static void hostile_strings_are_escaped(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n\n+ T \"fake\"");

    row_is_string(row, "a",
                  "two\nlines\r\t\x1b[31m\x7f\xc2\x9b"
                  "1m");
    row_is_string(row, "b", "\"quoted\" \\ back");
    row_is_string(row, "c",
                  "gr\xc3\xbc\xc3\x9f"
                  "e");
    assert_text(w, "+ T \"n\\u000a+ T \\\"fake\\\"\"\n"
                   "+     a: \"two\\u000alines\\u000d\\u0009\\u001b[31m\\u007f\\u009b1m\"\n"
                   "+     b: \"\\\"quoted\\\" \\\\ back\"\n"
                   "+     c: \"gr\xc3\xbc\xc3\x9f"
                   "e\"\n");
}

static void hostile_keys_are_escaped(void **state)
{
    struct world *w = *state;
    struct row *row = rows_edit(&w->wanted, "T", id(A), "n");

    row_includes_pair(have(w), "records", "key\n- T \"x", "v");
    row_excludes_key(row, "records", "key\n- T \"x");
    assert_text(w, "~ T \"n\"\n"
                   "-     records:key\\u000a- T \\\"x: \"v\"\n");
}

/* JSON. */

static void compute_json(struct world *w)
{
    char *json = NULL;

    compute(w);
    assert_int_equal(changes_json(&w->changes, "k8s", &json), 0);
    w->json = cJSON_Parse(json);
    free(json);
    assert_non_null(w->json);
}

static const cJSON *member(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(json, name);
}

static const char *text_of(const cJSON *json, const char *name)
{
    return cJSON_GetStringValue(member(json, name));
}

static const cJSON *change_at(struct world *w, int i)
{
    return cJSON_GetArrayItem(member(w->json, "changes"), i);
}

static void assert_json(const cJSON *json, const char *expected)
{
    char *text = cJSON_PrintUnformatted(json);

    assert_string_equal(text, expected);
    free(text);
}

static void json_tells_the_same(void **state)
{
    struct world *w = *state;
    struct row *row = want(w, "n1"), *fact = have(w);

    row_is_string(row, "name", "n1");
    row_is_string(fact, "name", "o1");
    row_is_integer(row, "tag", 7);
    row_is_boolean(row, "up", true);
    row_includes_pair(row, "ids", "k", "new");
    row_includes_pair(fact, "ids", "k", "old");
    row_includes_row(row, "ports", id(B));
    rows_want(&w->wanted, "P", id(B), "p");
    rows_drop(&w->wanted, "P", id(C), "q");
    rows_want(&w->facts, "P", id(C), NULL);
    compute_json(w);
    assert_string_equal(text_of(w->json, "owner"), "k8s");
    assert_int_equal(cJSON_GetArraySize(member(w->json, "changes")), 3);
    assert_json(change_at(w, 0),
                "{\"action\":\"update\",\"table\":\"T\",\"name\":\"n1\",\"uuid\":\"" A "\","
                "\"added\":{\"name\":[\"n1\"],\"tag\":[7],\"up\":[true],\"ids\":{\"k\":\"new\"},"
                "\"ports\":[\"p\"]},\"removed\":{\"name\":[\"o1\"],\"ids\":{\"k\":\"old\"}}}");
    assert_json(change_at(w, 1), "{\"action\":\"insert\",\"table\":\"P\",\"name\":\"p\","
                                 "\"uuid\":\"" B "\",\"added\":{},\"removed\":{}}");
    assert_json(change_at(w, 2), "{\"action\":\"delete\",\"table\":\"P\",\"name\":\"q\","
                                 "\"uuid\":\"" C "\",\"added\":{},\"removed\":{}}");
}

static void json_survives_hostile_strings(void **state)
{
    static const char hostile[] = "\"},\n{\\u0000 \x01\x7f";
    struct world *w = *state;
    struct row *row = want(w, hostile);

    row_is_string(row, "name", hostile);
    row_includes_pair(row, "ids", hostile, hostile);
    compute_json(w);
    assert_string_equal(text_of(change_at(w, 0), "name"), hostile);
    assert_string_equal(text_of(member(member(change_at(w, 0), "added"), "ids"), hostile), hostile);
}

static void a_row_known_by_its_name_has_the_uuid_of_the_database(void **state)
{
    struct world *w = *state;

    row_includes_row(rows_edit_by_name(&w->wanted, "T", "br-int"), "ports", id(B));
    rows_want(&w->facts, "T", id(C), "br-int");
    compute_json(w);
    assert_string_equal(text_of(change_at(w, 0), "uuid"), C);
}

/* Plans. */

static void an_empty_plan_has_no_changes(void **state)
{
    struct world *w = *state;
    ovnk8s_plan *plan;
    char *text, *json;

    assert_int_equal(ovnk8s_plan_new(&plan, NULL), 0);
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    assert_int_equal(ovnk8s_plan_text(plan, &text), 0);
    assert_string_equal(text, "");
    assert_int_equal(ovnk8s_plan_json(plan, &json), 0);
    w->json = cJSON_Parse(json);
    assert_json(w->json, "{\"owner\":\"k8s\",\"changes\":[]}");
    ovnk8s_free(text);
    ovnk8s_free(json);
    ovnk8s_plan_free(plan);
}

static void many_elements_are_written_in_little_time(void **state)
{
    enum { N = 20000 };
    struct world *w = *state;
    struct row *row = want(w, "n");
    char text[16];

    for (int i = 0; i < N; i++) {
        snprintf(text, sizeof text, "%d", i);
        rows_want(&w->wanted, "P", row_id("k8s", "P", text), text);
        row_includes_row(row, "ports", row_id("k8s", "P", text));
    }
    compute_json(w);
    assert_int_equal(cJSON_GetArraySize(member(member(change_at(w, 0), "added"), "ports")), N);
    assert_int_equal(changes_text(&w->changes, &w->text), 0);
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_inserted_changed_and_deleted),
        TEST(what_is_as_wanted_is_no_change),
        TEST(the_same_identity_in_another_table_is_another_row),
        TEST(who_shall_get_an_element_must_exist),
        TEST(rows_that_go_by_their_names_are_found),
        TEST(without_memory_there_are_no_changes),
        TEST(an_inserted_row_has_all_that_it_begins_with),
        TEST(what_goes_comes_before_what_comes),
        TEST(references_are_written_by_name),
        TEST(a_row_without_a_name_here_has_that_of_the_database),
        TEST(hostile_strings_are_escaped),
        TEST(hostile_keys_are_escaped),
        TEST(json_tells_the_same),
        TEST(json_survives_hostile_strings),
        TEST(a_row_known_by_its_name_has_the_uuid_of_the_database),
        TEST(an_empty_plan_has_no_changes),
        TEST(many_elements_are_written_in_little_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
