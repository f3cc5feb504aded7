#include "ovsdb/ops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "ovsdb/wire.h"

/* The key in external_ids that is another one after each allocation from a row, so that two writers
 * that choose from the same one at once cannot both commit. */
#define GENERATION_KEY "ovnk8s-generation"

static int add_op(struct operations *to, const struct row *row, struct json *op)
{
    const size_t n = to->ops->array.n;

    /* Grows at powers of two. */
    if (!(n & (n - 1))) {
        const struct row **rows = realloc(to->rows, (n ? 2 * n : 1) * sizeof(struct row *));

        if (!rows) {
            json_destroy(op);
            return fail_nomem();
        }
        to->rows = rows;
    }
    to->rows[n] = row;
    json_array_add(to->ops, op);
    return 0;
}

static struct json *new_op(const char *name, const struct row *row)
{
    struct json *op = json_object_create();

    json_object_put_string(op, "op", name);
    json_object_put_string(op, "table", row->table);
    return op;
}

static struct json *row_op(const char *name, const struct row *row)
{
    struct json *op = new_op(name, row);

    json_object_put(op, "where", wire_where(row));
    return op;
}

static int mutate_row(struct operations *to, const struct row *row, struct json *mutations)
{
    struct json *op = row_op("mutate", row);

    json_object_put(op, "mutations", mutations);
    return add_op(to, row, op);
}

/* Guards. */

/* A "wait" that fails at once unless exactly the rows 'expected' have 'columns' so. */
static struct json *guard_op(const struct row *row, struct json *where, struct json *columns,
                             struct json *expected)
{
    struct json *op = new_op("wait", row);

    json_object_put(op, "where", where);
    json_object_put(op, "columns", columns);
    json_object_put_string(op, "until", "==");
    json_object_put(op, "rows", expected);
    json_object_put(op, "timeout", json_integer_create(0));
    return op;
}

/* Passes while the columns of the row that are to be overwritten are as they were read; with none,
 * while the row exists. */
static struct json *unchanged_guard(const struct change *change, const struct json *overwritten)
{
    struct json *columns = json_array_create_empty(), *values = json_object_create();
    const struct column *c = change->fact ? change->fact->columns : NULL;

    for (; c; c = c->next) {
        if (shash_find(json_object(overwritten), c->name)) {
            json_array_add(columns, json_string_create(c->name));
            json_object_put(values, c->name, wire_column(c));
        }
    }
    return guard_op(change->row, wire_where(change->row), columns, json_array_create_1(values));
}

/* Passes while no row but this has its name. */
static struct json *sole_guard(const struct row *row)
{
    struct json *where =
        json_array_create_2(wire_triple("name", "==", json_string_create(row->name)),
                            wire_triple("_uuid", "!=", wire_id(row->id)));

    return guard_op(row, where, json_array_create_1(json_string_create("name")),
                    json_array_create_empty());
}

static int guard_external_ids(struct operations *to, const struct row *row, const struct row *fact)
{
    const struct column *ids = row_column(fact, "external_ids");
    struct json *columns = json_array_create_1(json_string_create("external_ids"));
    struct json *values = json_object_create();

    json_object_put(values, "external_ids", wire_map(ids ? ids->atoms : NULL, ids ? ids->n : 0));
    return add_op(to, row, guard_op(row, wire_where(row), columns, json_array_create_1(values)));
}

static int next_generation(struct operations *to, const struct row *row)
{
    const struct atom key = {.type = ATOM_STRING, .string = GENERATION_KEY};
    struct atom pair[2] = {key, {.type = ATOM_STRING}};
    struct json *mutations;
    uint64_t number = 0;
    char next[20];

    if (getrandom(&number, sizeof number, 0) != sizeof number) {
        return fail(OVNK8S_SYSTEM, "the system has no random number");
    }
    snprintf(next, sizeof next, "%016" PRIx64, number);
    pair[1].string = next;
    mutations = json_array_create_2(wire_triple("external_ids", "delete", wire_set(&key, 1)),
                                    wire_triple("external_ids", "insert", wire_map(pair, 1)));
    return mutate_row(to, row, mutations);
}

static int guard_all(struct operations *to, const struct row *row, const struct row *fact)
{
    struct json *columns = json_array_create_empty(), *values = json_object_create();

    for (const struct column *c = fact->columns; c; c = c->next) {
        json_array_add(columns, json_string_create(c->name));
        json_object_put(values, c->name, wire_column(c));
    }
    return add_op(to, row, guard_op(row, wire_where(row), columns, json_array_create_1(values)));
}

/* They compare with what was read, so they come before the first change. */
static int guard_rows(const struct changes *changes, struct operations *to)
{
    int error = 0;

    for (const struct row *row = changes->wanted->first; row && !error; row = row->next) {
        const struct row *fact =
            row->guarded || row->unchanged ? row_fact(changes->facts, row) : NULL;

        error = !fact            ? 0
                : row->unchanged ? guard_all(to, row, fact)
                                 : guard_external_ids(to, row, fact);
    }
    return error;
}

/* Inserting. */

static void put_member(struct ds *out, const char *name, const char *value)
{
    wire_put_string(out, name);
    ds_put_char(out, ':');
    wire_put_string(out, value);
    ds_put_char(out, ',');
}

/* Written as text at once: there may be thousands. */
static struct json *insert_op(const struct row *row)
{
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *comma = "";
    char id[UUID_TEXT];

    ds_reserve(&out, 511);
    ds_put_char(&out, '{');
    put_member(&out, "op", "insert");
    put_member(&out, "table", row->table);
    put_member(&out, "uuid", row_id_format(row->id, id));
    ds_put_cstr(&out, "\"row\":{");
    for (const struct column *c = row->columns; c; c = c->next) {
        if (c->rule != COLUMN_EXCLUDES) {
            ds_put_cstr(&out, comma);
            wire_put_string(&out, c->name);
            ds_put_char(&out, ':');
            wire_put_column(&out, c);
            comma = ",";
        }
    }
    ds_put_cstr(&out, "}}");
    return wire_text(&out);
}

static int insert_row(struct operations *to, const struct row *row)
{
    const int error = row->sole ? add_op(to, row, sole_guard(row)) : 0;

    return error ? error : add_op(to, row, insert_op(row));
}

/* Changing. */

/* All elements of 'column' that come, or go, as one set or map. Of a pair that goes the key is
 * enough, whatever its value is by then. As text: there may be thousands. */
static struct json *elements_json(const struct element *first, const struct column *column,
                                  bool is_added)
{
    const bool as_map = column->is_map && is_added;
    struct ds out = DS_EMPTY_INITIALIZER;
    const char *comma = "";

    ds_put_cstr(&out, as_map ? "[\"map\",[" : "[\"set\",[");
    for (const struct element *e = first; e; e = e->next) {
        if (e->column != column || e->is_added != is_added) {
            continue;
        }
        ds_put_cstr(&out, comma);
        ds_put_cstr(&out, as_map ? "[" : "");
        wire_put_atom(&out, e->atoms);
        if (as_map) {
            ds_put_char(&out, ',');
            wire_put_atom(&out, e->atoms + 1);
            ds_put_char(&out, ']');
        }
        comma = ",";
    }
    ds_put_cstr(&out, "]]");
    return wire_text(&out);
}

static struct json *keys_json(const struct column *map)
{
    struct json *keys = json_array_create_empty();

    for (size_t i = 0; i < map->n; i++) {
        json_array_add(keys, wire_atom(map->atoms + 2 * i));
    }
    return json_array_create_2(json_string_create("set"), keys);
}

static bool has_element(const struct change *change, const struct column *column, bool is_added)
{
    const struct element *e = change->first;

    while (e && (e->column != column || e->is_added != is_added)) {
        e = e->next;
    }
    return e;
}

static void mutate_column(struct json *mutations, const struct change *change,
                          const struct column *column)
{
    const bool comes = has_element(change, column, true);

    /* "insert" leaves a key that is there alone, so it has to go first; also when it is unknown
     * whether it is there. */
    if (comes && column->is_map && !row_column(change->fact, column->name)) {
        json_array_add(mutations, wire_triple(column->name, "delete", keys_json(column)));
    } else if (has_element(change, column, false)) {
        json_array_add(mutations, wire_triple(column->name, "delete",
                                              elements_json(change->first, column, false)));
    }
    if (comes) {
        json_array_add(mutations, wire_triple(column->name, "insert",
                                              elements_json(change->first, column, true)));
    }
}

static int update_row(struct operations *to, const struct row *row, struct json *values)
{
    struct json *op = row_op("update", row);

    json_object_put(op, "row", values);
    return add_op(to, row, op);
}

static bool is_changed(const struct change *change, const struct column *column)
{
    return has_element(change, column, true) || has_element(change, column, false);
}

static int change_row(struct operations *to, const struct change *change)
{
    struct json *values = json_object_create(), *mutations = json_array_create_empty();
    int error;

    for (const struct column *c = change->row->columns; c; c = c->next) {
        if (c->rule != COLUMN_IS) {
            mutate_column(mutations, change, c);
        } else if (is_changed(change, c)) {
            json_object_put(values, c->name, wire_column(c));
        }
    }
    error = change->row->where == ROW_OTHERS
                ? 0
                : add_op(to, change->row, unchanged_guard(change, values));
    if (!error && (change->row->touched || change->row->guarded)) {
        error = next_generation(to, change->row);
    }
    if (!error && !shash_is_empty(json_object(values))) {
        error = update_row(to, change->row, json_clone(values));
    }
    if (!error && mutations->array.n) {
        error = mutate_row(to, change->row, json_clone(mutations));
    }
    json_destroy(values);
    json_destroy(mutations);
    return error;
}

static int compose_change(struct operations *to, const struct change *change)
{
    switch (change->action) {
    case CHANGE_INSERT:
        return insert_row(to, change->row);
    case CHANGE_UPDATE:
        return change_row(to, change);
    default:
        return add_op(to, change->row, row_op("delete", change->row));
    }
}

static int compose_changes(struct operations *to, const struct changes *changes, bool deletes)
{
    int error = 0;

    for (const struct change *c = changes->first; c && !error; c = c->next) {
        if ((c->action == CHANGE_DELETE) == deletes) {
            error = compose_change(to, c);
        }
    }
    return error;
}

int operations_compose(const struct changes *changes, struct operations *out)
{
    int error;

    *out = (struct operations){.ops = json_array_create_empty()};
    error = changes->n ? guard_rows(changes, out) : 0;
    /* What goes, goes first. An ovsdb-server (3.1) looks through the tables in the order in which
     * the transaction has touched them: one that has come to a referring row first does not see
     * any more that what it refers to weakly is gone, and the reference stays for good. */
    error = error ? error : compose_changes(out, changes, true);
    error = error ? error : compose_changes(out, changes, false);
    if (error) {
        operations_clear(out);
    }
    return error;
}

bool operations_is_sole_guard(const struct operations *operations, size_t i)
{
    const struct json *op = operations->ops->array.elems[i];
    const struct json *expected =
        op->type == JSON_OBJECT ? shash_find_data(json_object(op), "rows") : NULL;

    return expected && !expected->array.n; /* Only that guard expects no row. */
}

void operations_clear(struct operations *operations)
{
    json_destroy(operations->ops);
    free(operations->rows);
    *operations = (struct operations){0};
}
