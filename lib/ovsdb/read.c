#include "ovsdb/read.h"

#include <string.h>

#include "base/mem.h"
#include "openvswitch/json.h"
#include "ovsdb/result.h"
#include "ovsdb/wire.h"

/* For each row one "select" of its columns; and for each set of which only some elements matter,
 * such as the ports of a switch with thousands of them, one that lets the server look:
 * it finds the row only if those elements are all in, or all out. */

static bool is_probed(const struct column *column)
{
    return column->rule != COLUMN_IS && !column->is_map;
}

/* Rows that are believed to be new are in no set yet. */
static bool are_all_new(const struct rows *rows, const struct column *column)
{
    for (size_t i = 0; i < column->n; i++) {
        const struct atom *atom = &column->atoms[i];
        const struct row *row = atom->type == ATOM_ROW ? rows_find_id(rows, atom->row) : NULL;

        if (!row || !row->is_new) {
            return false;
        }
    }
    return true;
}

static bool needs_probe(const struct row *row, const struct column *column)
{
    return is_probed(column) && !are_all_new(row->rows, column);
}

static struct json *select_op(const struct row *row, struct json *where, struct json *columns)
{
    struct json *op = json_object_create();

    json_object_put_string(op, "op", "select");
    json_object_put_string(op, "table", row->table);
    json_object_put(op, "where", where);
    json_object_put(op, "columns", columns);
    return op;
}

static void add_name(struct json *names, const char *name)
{
    for (size_t i = 0; i < names->array.n; i++) {
        if (!strcmp(json_string(names->array.elems[i]), name)) {
            return;
        }
    }
    json_array_add(names, json_string_create(name));
}

static struct json *select_row(const struct row *row)
{
    struct json *names = json_array_create_1(json_string_create("_uuid"));

    for (const struct column *c = row->columns; c; c = c->next) {
        if (!is_probed(c)) {
            add_name(names, c->name);
        }
    }
    if (row->guarded) {
        add_name(names, "external_ids");
    }
    return select_op(row, wire_where(row), names);
}

static struct json *probe_column(const struct row *row, const struct column *column)
{
    struct json *where = wire_where(row);

    json_array_add(where, wire_triple(column->name,
                                      column->rule == COLUMN_INCLUDES ? "includes" : "excludes",
                                      wire_set(column->atoms, column->n)));
    return select_op(row, where, json_array_create_1(json_string_create("_uuid")));
}

static struct json *compose(const struct rows *asked)
{
    struct json *ops = json_array_create_empty();

    for (const struct row *row = asked->first; row; row = row->next) {
        if (row->is_new) {
            continue;
        }
        json_array_add(ops, select_row(row));
        for (const struct column *c = row->columns; c; c = c->next) {
            if (needs_probe(row, c)) {
                json_array_add(ops, probe_column(row, c));
            }
        }
    }
    return ops;
}

/* Taking the answers, in the same order. */

struct answers {
    const struct json *results;
    size_t next;
    struct rows *facts;
};

static int next_answer(struct answers *answers, const char *table, struct rows *facts)
{
    const struct json *results = answers->results;
    const struct json *result;
    int error;

    if (answers->next == results->array.n) {
        return fail(OVNK8S_PROTOCOL, "an answer that is too short");
    }
    result = results->array.elems[answers->next++];
    error = result_error(result);
    return error ? error : result_rows(result, table, facts);
}

/* Rows that were asked for by name are found by that name again. */
static void name_rows(const struct row *asked, struct row *facts)
{
    for (struct row *row = facts; row && asked->where == ROW_BY_NAME; row = row->next) {
        row->name = arena_strdup(&row->rows->arena, asked->name);
    }
}

/* The elements are in the set when the server has found the row and should have them, or has not
 * found it and should not. Some may be in and others out: stating all again is harmless. */
static int take_probe(struct answers *answers, const struct row *row, struct row *fact,
                      const struct column *column)
{
    struct rows found = {0};
    const int error = next_answer(answers, row->table, &found);

    if (!error && fact && (found.n != 0) == (column->rule == COLUMN_INCLUDES)) {
        row_add_atoms(fact, column->name, COLUMN_IS, false, column->atoms, column->n);
    }
    rows_clear(&found);
    return error;
}

static int take_row(struct answers *answers, const struct row *row)
{
    struct row *last = answers->facts->last, *fact;
    int error = next_answer(answers, row->table, answers->facts);

    fact = last ? last->next : answers->facts->first;
    name_rows(row, fact);
    if (row->where == ROW_BY_ID) {
        fact = rows_find(answers->facts, row->table, row->id);
    }
    for (const struct column *c = row->columns; c && !error; c = c->next) {
        if (needs_probe(row, c)) {
            error = take_probe(answers, row, fact, c);
        }
    }
    return error;
}

static int take_all(const struct rows *asked, struct answers *answers)
{
    int error = 0;

    for (const struct row *row = asked->first; row && !error; row = row->next) {
        error = row->is_new ? 0 : take_row(answers, row);
        if (error) {
            return fail_during(error, "read", row->name, "reading %s %s", row->table, row->name);
        }
    }
    return rows_failed(answers->facts) ? fail_nomem() : 0;
}

int read_rows(struct conn *conn, const struct rows *asked, const struct deadline *deadline,
              struct rows *facts)
{
    struct json *ops = compose(asked), *results;
    int error;

    if (!ops->array.n) {
        json_destroy(ops);
        return 0;
    }
    error = conn_transact(conn, ops, deadline, &results);
    if (!error) {
        error = take_all(asked, &(struct answers){.results = results, .facts = facts});
    }
    json_destroy(results);
    return error;
}
