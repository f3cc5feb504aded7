#include "ovsdb/diff.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "ovsdb/wire.h"

/* The key in external_ids that counts allocations from a row, so that two writers that choose
 * from the same one at once cannot both commit. */
#define GENERATION_KEY "ovnk8s-generation"

static int add_op(struct difference *to, const struct row *row, struct json *op)
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
static struct json *unchanged_guard(const struct row *row, const struct row *fact,
                                    const struct json *overwritten)
{
    struct json *columns = json_array_create_empty(), *values = json_object_create();

    for (const struct column *c = fact->columns; c; c = c->next) {
        if (shash_find(json_object(overwritten), c->name)) {
            json_array_add(columns, json_string_create(c->name));
            json_object_put(values, c->name, wire_column(c));
        }
    }
    return guard_op(row, wire_where(row), columns, json_array_create_1(values));
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

/* Inserting. */

static int insert_row(struct difference *to, const struct row *row)
{
    struct json *op = new_op("insert", row), *values = json_object_create();
    char id[UUID_TEXT];
    int error = row->sole ? add_op(to, row, sole_guard(row)) : 0;

    json_object_put_string(op, "uuid", row_id_format(row->id, id));
    for (const struct column *c = row->columns; c; c = c->next) {
        if (c->rule != COLUMN_EXCLUDES) {
            json_object_put(values, c->name, wire_column(c));
        }
    }
    json_object_put(op, "row", values);
    to->n_rows++;
    if (error) {
        json_destroy(op);
        return error;
    }
    return add_op(to, row, op);
}

/* Changing. */

static bool same_elements(const struct column *wanted, const struct column *fact)
{
    const size_t width = wanted->is_map ? 2 : 1;

    if (wanted->n != (fact ? fact->n : 0)) {
        return false;
    }
    for (size_t i = 0; i < wanted->n; i++) {
        if (!column_holds(fact, wanted->atoms + width * i)) {
            return false;
        }
    }
    return true;
}

static const struct atom *value_of_key(const struct column *map, const struct atom *key)
{
    for (size_t i = 0; map && i < map->n; i++) {
        if (!atom_compare(map->atoms + 2 * i, key)) {
            return map->atoms + 2 * i + 1;
        }
    }
    return NULL;
}

static void include_element(struct json *mutations, const struct column *column,
                            const struct column *fact, const struct atom *element)
{
    if (column_holds(fact, element)) {
        return;
    }
    if (!column->is_map) {
        json_array_add(mutations, wire_triple(column->name, "insert", wire_set(element, 1)));
        return;
    }
    if (value_of_key(fact, element)) {
        /* "insert" leaves a key that is there alone. */
        json_array_add(mutations, wire_triple(column->name, "delete", wire_set(element, 1)));
    }
    json_array_add(mutations, wire_triple(column->name, "insert", wire_map(element, 1)));
}

static void exclude_element(struct json *mutations, const struct column *column,
                            const struct column *fact, const struct atom *element)
{
    if (column_holds(fact, element)) {
        json_array_add(mutations, wire_triple(column->name, "delete", wire_set(element, 1)));
    }
}

/* Hundreds of new ports of one switch are one mutation, not hundreds. */
static bool is_all_missing(const struct column *column, const struct column *fact)
{
    for (size_t i = 0; i < column->n; i++) {
        if (column_holds(fact, &column->atoms[i])) {
            return false;
        }
    }
    return !column->is_map && column->n > 1;
}

static void mutate_column(struct json *mutations, const struct column *column,
                          const struct column *fact)
{
    const size_t width = column->is_map ? 2 : 1;

    if (column->rule == COLUMN_INCLUDES && is_all_missing(column, fact)) {
        json_array_add(mutations,
                       wire_triple(column->name, "insert", wire_set(column->atoms, column->n)));
        return;
    }
    for (size_t i = 0; i < column->n; i++) {
        if (column->rule == COLUMN_INCLUDES) {
            include_element(mutations, column, fact, column->atoms + width * i);
        } else {
            exclude_element(mutations, column, fact, column->atoms + width * i);
        }
    }
}

static int update_row(struct difference *to, const struct row *row, struct json *values)
{
    struct json *op = row_op("update", row);

    json_object_put(op, "row", values);
    return add_op(to, row, op);
}

static int mutate_row(struct difference *to, const struct row *row, struct json *mutations)
{
    struct json *op = row_op("mutate", row);

    json_object_put(op, "mutations", mutations);
    return add_op(to, row, op);
}

static int change_row(struct difference *to, const struct row *row, const struct row *fact)
{
    struct json *values = json_object_create(), *mutations = json_array_create_empty();
    int error = 0;

    for (const struct column *c = row->columns; c; c = c->next) {
        const struct column *there = row_column(fact, c->name);

        if (c->rule != COLUMN_IS) {
            mutate_column(mutations, c, there);
        } else if (!same_elements(c, there)) {
            json_object_put(values, c->name, wire_column(c));
        }
    }
    if (shash_is_empty(json_object(values)) && !mutations->array.n) {
        json_destroy(values);
        json_destroy(mutations);
        return 0;
    }
    to->n_rows++;
    error = add_op(to, row, unchanged_guard(row, fact, values));
    if (!error && !shash_is_empty(json_object(values))) {
        error = update_row(to, row, json_clone(values));
    }
    if (!error && mutations->array.n) {
        error = mutate_row(to, row, json_clone(mutations));
    }
    json_destroy(values);
    json_destroy(mutations);
    return error;
}

/* Rows one by one. */

static const struct row *find_fact(const struct rows *actual, const struct row *row)
{
    const struct row *fact = actual->first;

    if (row->where == ROW_BY_ID) {
        return rows_find(actual, row->table, row->id);
    }
    while (fact && (strcmp(fact->table, row->table) != 0 || strcmp(fact->name, row->name) != 0)) {
        fact = fact->next;
    }
    return fact;
}

static bool includes_something(const struct row *row)
{
    const struct column *column = row->columns;

    while (column && column->rule == COLUMN_EXCLUDES) {
        column = column->next;
    }
    return column || row->guarded;
}

static int compare_row(struct difference *to, const struct row *row, const struct row *fact)
{
    if (row->state == ROW_WANTED) {
        return fact ? change_row(to, row, fact) : insert_row(to, row);
    }
    if (row->state == ROW_DROPPED) {
        to->n_rows += fact ? 1 : 0;
        return fact ? add_op(to, row, row_op("delete", row)) : 0;
    }
    if (!fact && includes_something(row)) {
        return fail(OVNK8S_NOTFOUND, "%s %s does not exist", row->table, row->name);
    }
    return fact ? change_row(to, row, fact) : 0;
}

/* Guards. */

static int guard_row(struct difference *to, const struct row *row, const struct row *fact)
{
    const struct column *ids = row_column(fact, "external_ids");
    const char *generation = row_pair(fact, "external_ids", GENERATION_KEY);
    const struct atom key = {.type = ATOM_STRING, .string = GENERATION_KEY};
    struct json *columns, *values, *mutations;
    struct atom pair[2] = {key, {.type = ATOM_STRING}};
    char next[24];
    int error;

    columns = json_array_create_1(json_string_create("external_ids"));
    values = json_object_create();
    json_object_put(values, "external_ids", wire_map(ids ? ids->atoms : NULL, ids ? ids->n : 0));
    error = add_op(to, row, guard_op(row, wire_where(row), columns, json_array_create_1(values)));
    if (error) {
        return error;
    }
    /* Whatever is there, the next is another one. */
    snprintf(next, sizeof next, "%llu", (generation ? strtoull(generation, NULL, 10) : 0) + 1);
    pair[1].string = next;
    mutations = json_array_create_2(wire_triple("external_ids", "delete", wire_set(&key, 1)),
                                    wire_triple("external_ids", "insert", wire_map(pair, 1)));
    return mutate_row(to, row, mutations);
}

static int guard_rows(const struct rows *wanted, const struct rows *actual, struct difference *to)
{
    int error = 0;

    for (const struct row *row = wanted->first; row && !error; row = row->next) {
        const struct row *fact = row->guarded ? find_fact(actual, row) : NULL;

        error = fact ? guard_row(to, row, fact) : 0;
    }
    return error;
}

static int append(struct difference *to, const struct difference *more)
{
    int error = 0;

    for (size_t i = 0; i < more->ops->array.n && !error; i++) {
        error = add_op(to, more->rows[i], json_clone(more->ops->array.elems[i]));
    }
    to->n_rows += more->n_rows;
    return error;
}

static int compare_rows(const struct rows *wanted, const struct rows *actual, struct difference *to)
{
    int error = 0;

    for (const struct row *row = wanted->first; row && !error; row = row->next) {
        error = compare_row(to, row, find_fact(actual, row));
    }
    return error;
}

int difference_compute(const struct rows *wanted, const struct rows *actual, struct difference *out)
{
    struct difference changes = {.ops = json_array_create_empty()};
    int error = compare_rows(wanted, actual, &changes);

    *out = (struct difference){.ops = json_array_create_empty()};
    /* The guards compare with what was read, so they come before the first change. */
    if (!error && changes.n_rows) {
        error = guard_rows(wanted, actual, out);
    }
    error = error ? error : append(out, &changes);
    difference_clear(&changes);
    if (error) {
        difference_clear(out);
    }
    return error;
}

bool difference_is_sole_guard(const struct difference *difference, size_t i)
{
    const struct shash *op = json_object(difference->ops->array.elems[i]);
    const struct json *expected = shash_find_data(op, "rows");

    return expected && !expected->array.n; /* Only that guard expects no row. */
}

void difference_clear(struct difference *difference)
{
    json_destroy(difference->ops);
    free(difference->rows);
    *difference = (struct difference){0};
}
