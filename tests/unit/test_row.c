/* Rows as values: statements, how they add up, and what remains when memory runs out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/plan.h"
#include "base/row.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static struct row_id id_of(const char *name)
{
    return row_id("k8s", "T", name);
}

static void statements_about_one_row_add_up(void **state)
{
    struct rows rows = {0};
    struct row *row = rows_want(&rows, "T", id_of("a"), "a");

    (void)state;
    row_is_string(row, "name", "a");
    row_includes_pair(row, "external_ids", "k", "v");
    assert_ptr_equal(rows_want(&rows, "T", id_of("a"), "a"), row);
    assert_ptr_equal(rows_edit(&rows, "T", id_of("a"), "a"), row);
    row_includes_pair(row, "external_ids", "l", "w");
    row_includes_row(row, "ports", id_of("p"));
    row_includes_row(row, "ports", id_of("q"));
    assert_int_equal(rows.n, 1);
    assert_int_equal(row->state, ROW_WANTED);
    assert_string_equal(row_pair(row, "external_ids", "k"), "v");
    assert_string_equal(row_pair(row, "external_ids", "l"), "w");
    assert_int_equal(row_column(row, "ports")->n, 2);
    assert_int_equal(row_column(row, "ports")->rule, COLUMN_INCLUDES);
    rows_clear(&rows);
}

static void a_scalar_stated_again_is_replaced_a_set_grows(void **state)
{
    struct rows rows = {0};
    struct row *row = rows_want(&rows, "T", id_of("a"), "a");

    (void)state;
    row_is_string(row, "name", "a");
    row_is_string(row, "name", "b");
    row_is_integer(row, "tag", 7);
    row_is_boolean(row, "up", true);
    row_is_empty(row, "networks");
    assert_int_equal(row_column(row, "networks")->n, 0);
    row_add_string(row, "networks", "10.0.0.1/24");
    row_add_string(row, "networks", "fd00::1/64");
    assert_int_equal(row_column(row, "name")->n, 1);
    assert_string_equal(row_string(row, "name"), "b");
    assert_int_equal(row_integer(row, "tag"), 7);
    assert_true(row_column(row, "up")->atoms->boolean);
    assert_int_equal(row_column(row, "networks")->n, 2);
    rows_clear(&rows);
}

static void what_is_said_of_an_element_last_counts(void **state)
{
    struct rows rows = {0};
    struct row *row = rows_edit(&rows, "T", id_of("a"), "a");

    (void)state;
    row_excludes_row(row, "ports", id_of("p"));
    row_includes_row(row, "ports", id_of("p"));
    row_includes_row(row, "ports", id_of("q"));
    row_excludes_row(row, "ports", id_of("q"));
    assert_int_equal(row->columns->rule, COLUMN_EXCLUDES);
    assert_int_equal(row->columns->n, 1);
    assert_memory_equal(&row->columns->atoms->row, &(struct row_id[]){id_of("q")}, 16);
    assert_int_equal(row->columns->next->n, 1);
    assert_memory_equal(&row->columns->next->atoms->row, &(struct row_id[]){id_of("p")}, 16);
    row_excludes_key(row, "m", "k");
    row_includes_entry(row, "m", "k", "v", true);
    assert_int_equal(row_column(row, "m")->n, 0);
    row_is_string(row, "networks", "a");
    row_is_empty(row, "networks");
    assert_int_equal(row_column(row, "networks")->n, 0);
    rows_clear(&rows);
}

static void the_latest_state_counts(void **state)
{
    struct rows rows = {0};

    (void)state;
    rows_want(&rows, "T", id_of("a"), "a");
    assert_int_equal(rows_drop(&rows, "T", id_of("a"), "a")->state, ROW_DROPPED);
    assert_int_equal(rows_edit(&rows, "T", id_of("b"), "b")->state, ROW_EDITED);
    assert_int_equal(rows_want(&rows, "T", id_of("b"), "b")->state, ROW_WANTED);
    assert_int_equal(rows.n, 2);
    rows_clear(&rows);
}

static void rows_by_name_and_by_owner_are_their_own(void **state)
{
    struct rows rows = {0};
    struct row *named = rows_edit_by_name(&rows, "T", "a");
    struct row *owned = rows_ask_where(&rows, "T", ROW_BY_OWNER, "a");

    (void)state;
    assert_ptr_not_equal(named, owned);
    assert_ptr_equal(rows_edit_by_name(&rows, "T", "a"), named);
    assert_ptr_not_equal(rows_edit_by_name(&rows, "U", "a"), named);
    assert_ptr_not_equal(rows_edit_by_name(&rows, "T", "b"), named);
    /* They have no identity, not even the one of all zeros. */
    assert_null(rows_find(&rows, "T", (struct row_id){{0}}));
    rows_clear(&rows);
}

static void reading_what_is_not_there(void **state)
{
    struct rows rows = {0};
    struct row *row = rows_want(&rows, "T", id_of("a"), "a");

    (void)state;
    row_is_integer(row, "tag", 7);
    row_is_empty(row, "empty");
    assert_null(row_column(NULL, "tag"));
    assert_null(row_string(NULL, "tag"));
    assert_null(row_string(row, "tag"));
    assert_null(row_string(row, "empty"));
    assert_null(row_string(row, "missing"));
    assert_int_equal(row_integer(row, "empty"), 0);
    assert_int_equal(row_integer(NULL, "tag"), 0);
    assert_null(row_pair(row, "tag", "k"));
    assert_null(row_pair(NULL, "tag", "k"));
    assert_false(column_holds(NULL, &(struct atom){.type = ATOM_INTEGER}));
    assert_null(rows_find(&rows, "U", id_of("a")));
    assert_null(rows_find(&rows, "T", id_of("b")));
    assert_null(rows_find(&(struct rows){0}, "T", id_of("b")));
    rows_clear(&rows);
}

static void a_map_holds_pairs_not_keys(void **state)
{
    struct rows rows = {0};
    struct row *row = rows_want(&rows, "T", id_of("a"), "a");
    const struct atom same[] = {{.string = "k"}, {.string = "v"}};
    const struct atom other[] = {{.string = "k"}, {.string = "w"}};

    (void)state;
    row_includes_pair(row, "m", "k", "v");
    assert_true(column_holds(row_column(row, "m"), same));
    assert_false(column_holds(row_column(row, "m"), other));
    rows_clear(&rows);
}

static void rows_are_found_by_less_than_their_identity(void **state)
{
    struct rows rows = {0};
    struct row *other = rows_want(&rows, "U", row_id("k8s", "U", "a"), "a");
    struct row *nameless = rows_want(&rows, "T", id_of("nameless"), NULL);
    struct row *named = rows_want(&rows, "T", id_of("a"), "a");

    (void)state;
    row_is_string(other, "name", "a");
    row_is_string(named, "name", "a");
    row_includes_row(other, "ports", id_of("p"));
    row_includes_row(named, "ports", id_of("q"));
    row_includes_row(named, "ports", id_of("p"));
    assert_ptr_equal(rows_first(&rows, "T"), nameless);
    assert_null(rows_first(&rows, "V"));
    assert_ptr_equal(rows_named(&rows, "T", "a"), named);
    assert_null(rows_named(&rows, "T", "b"));
    assert_ptr_equal(rows_referrer(&rows, "T", "ports", id_of("p")), named);
    assert_null(rows_referrer(&rows, "U", "ports", id_of("q")));
    assert_null(rows_referrer(&rows, "T", "interfaces", id_of("p")));
    assert_true(row_refers(named, "ports", id_of("q")));
    assert_false(row_refers(NULL, "ports", id_of("q")));
    rows_clear(&rows);
}

static void strings_are_copied(void **state)
{
    struct rows rows = {0}, copies = {0};
    char text[] = "before";
    struct row *row = rows_want(&rows, text, id_of("a"), text), *copy;

    (void)state;
    row_is_string(row, "name", text);
    row_includes_pair(row, "external_ids", text, text);
    strcpy(text, "AFTER!");
    assert_string_equal(row->table, "before");
    assert_string_equal(row_string(row, "name"), "before");
    copy = rows_copy(&copies, row);
    rows_clear(&rows);
    assert_string_equal(copy->name, "before");
    assert_string_equal(row_string(copy, "name"), "before");
    assert_string_equal(row_pair(copy, "external_ids", "before"), "before");
    rows_clear(&copies);
}

static void thousands_of_rows_are_found(void **state)
{
    enum { N = 5000 };
    struct rows rows = {0};
    char name[16];
    size_t seen = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        row_is_integer(rows_want(&rows, "T", id_of(name), name), "n", i);
    }
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(row_integer(rows_find(&rows, "T", id_of(name)), "n"), i);
    }
    for (const struct row *row = rows.first; row; row = row->next) {
        assert_int_equal(row_integer(row, "n"), seen++); /* In the order of the statements. */
    }
    assert_int_equal(seen, N);
    assert_int_equal(rows.n, N);
    assert_false(rows_failed(&rows));
    rows_clear(&rows);
    assert_int_equal(rows.n, 0);
}

static void atoms_have_an_order(void **state)
{
    const struct atom a = {.string = "a"}, b = {.string = "b"};
    const struct atom low = {.type = ATOM_INTEGER, .integer = INT64_MIN};
    const struct atom high = {.type = ATOM_INTEGER, .integer = INT64_MAX};
    const struct atom no = {.type = ATOM_BOOLEAN}, yes = {.type = ATOM_BOOLEAN, .boolean = true};
    const struct atom row = {.type = ATOM_ROW, .row = {{1}}};

    (void)state;
    assert_true(atom_compare(&a, &b) < 0 && atom_compare(&b, &a) > 0 && !atom_compare(&a, &a));
    assert_true(atom_compare(&low, &high) < 0 && atom_compare(&high, &low) > 0);
    assert_true(atom_compare(&no, &yes) < 0 && !atom_compare(&yes, &yes));
    assert_true(atom_compare(&a, &low) && atom_compare(&low, &row));
    assert_int_equal(atom_compare(&row, &row), 0);
}

/* Uses up a set in all ways after memory ran out; none may fall over. */
static void use(struct rows *rows)
{
    struct row *row = rows_want(rows, "T", id_of("late"), "late");

    row_is_string(row, "name", "late");
    row_includes_pair(row, "external_ids", "k", "v");
    row_includes_row(row, "ports", id_of("p"));
    row_excludes_row(rows_edit_by_name(rows, "T", "x"), "ports", id_of("p"));
    rows_drop(rows, "T", id_of("gone"), "gone");
    row_ask(rows_ask(rows, "T", id_of("asked")), "name");
}

static void a_set_without_memory_says_so_once(void **state)
{
    struct rows rows = {0};
    const size_t n = 3;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        rows_want(&rows, "T", id_of((char[]){(char)('a' + i), 0}), "x");
    }
    rows.arena.failed = true; /* As arena_alloc() leaves it. */
    use(&rows);
    assert_true(rows_failed(&rows));
    assert_int_equal(rows.n, n);
    rows_clear(&rows);
    assert_false(rows_failed(&rows));
}

/* The same for real: a process that may not have more memory. Returns its exit code. */
static int run_out_of_memory(void)
{
    const struct rlimit limit = {64 << 20, 64 << 20};
    struct rows rows = {0};
    char name[16];

    if (setrlimit(RLIMIT_AS, &limit)) {
        return 77;
    }
    for (int i = 0; i < 10000000 && !rows_failed(&rows); i++) {
        snprintf(name, sizeof name, "%d", i);
        row_is_string(rows_want(&rows, "T", id_of(name), name), "name", name);
    }
    use(&rows);
    return rows_failed(&rows) ? 0 : 1;
}

static void memory_really_runs_out(void **state)
{
    int status;
    pid_t child;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* The sanitizers reserve terabytes. */
#endif
    child = fork();
    if (!child) {
        _exit(run_out_of_memory());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_about_one_row_add_up),
        cmocka_unit_test(a_scalar_stated_again_is_replaced_a_set_grows),
        cmocka_unit_test(what_is_said_of_an_element_last_counts),
        cmocka_unit_test(the_latest_state_counts),
        cmocka_unit_test(rows_by_name_and_by_owner_are_their_own),
        cmocka_unit_test(reading_what_is_not_there),
        cmocka_unit_test(a_map_holds_pairs_not_keys),
        cmocka_unit_test(rows_are_found_by_less_than_their_identity),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(thousands_of_rows_are_found),
        cmocka_unit_test(atoms_have_an_order),
        cmocka_unit_test(a_set_without_memory_says_so_once),
        cmocka_unit_test(memory_really_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
