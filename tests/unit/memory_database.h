/* A Northbound database in memory, as far as plans can tell one from a real one: it answers what is
 * asked and nothing else, takes all changes of a plan or none, keeps references whole, and lets go
 * of ports, routes and NAT to which nothing refers any more. */

#ifndef MEMORY_DATABASE_H
#define MEMORY_DATABASE_H

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/plan.h"
#include "topology/names.h"

/* Reading. */

static bool database_matches(const struct row *row, const struct row *asked)
{
    const char *owner = row_pair(row, "external_ids", OWNER_KEY), *name = row_string(row, "name");

    if (strcmp(row->table, asked->table) != 0) {
        return false;
    }
    switch (asked->where) {
    case ROW_BY_ID:
        return row_id_equal(row->id, asked->id);
    case ROW_BY_OWNER:
        return owner && !strcmp(owner, asked->name);
    case ROW_BY_PORT:
        name = row_string(row, "logical_port");
        return name && !strcmp(name, asked->name);
    case ROW_BY_NAME:
        return name && !strcmp(name, asked->name);
    default:
        return true;
    }
}

static void copy_column(struct row *to, const struct column *from, const char *name)
{
    struct column *there = row_find_column(to, name);

    if (there) {
        there->n = 0;
    }
    if (from) {
        row_add_atoms(to, name, COLUMN_IS, from->is_map, from->atoms, from->n);
    }
}

/* The rows from 'asked' on; of their columns those that are named. */
static void database_read(const struct rows *database, const struct row *asked, struct rows *facts)
{
    for (; asked; asked = asked->next) {
        for (const struct row *row = database->first; row && !asked->is_new; row = row->next) {
            struct row *fact;

            if (!database_matches(row, asked)) {
                continue;
            }
            fact = rows_want(facts, row->table, row->id, NULL);
            for (const struct column *c = asked->columns; c; c = c->next) {
                copy_column(fact, row_column(row, c->name), c->name);
            }
            for (const struct column *c = row->columns; c && asked->whole; c = c->next) {
                copy_column(fact, c, c->name);
            }
        }
    }
}

/* Changing. */

static void take_out(struct row *row, const char *name, const struct atom *atoms)
{
    struct column *column = row_find_column(row, name);
    const size_t width = column && column->is_map ? 2 : 1;

    for (size_t i = 0; column && i < column->n; i++) {
        struct atom *there = column->atoms + i * width;

        if (!atom_compare(there, atoms)) {
            column->n--;
            memmove(there, there + width, (column->n - i) * width * sizeof *there);
            return;
        }
    }
}

static void put_in(struct row *row, const struct column *column, const struct atom *atoms)
{
    if (column->is_map) {
        take_out(row, column->name, atoms);
    }
    row_add_atoms(row, column->name, COLUMN_IS, column->is_map, atoms, 1);
}

static struct row *copy_row(struct rows *to, const struct row *row)
{
    struct row *copy = rows_want(to, row->table, row->id, NULL);

    for (const struct column *c = row->columns; c; c = c->next) {
        if (c->rule != COLUMN_EXCLUDES) {
            copy_column(copy, c, c->name);
        }
    }
    return copy;
}

static int insert_row(struct rows *database, const struct row *row)
{
    const char *name = row_string(row, "name");

    for (const struct row *there = database->first; there; there = there->next) {
        const char *other = row_string(there, "name");

        if (row_id_equal(there->id, row->id)) {
            return fail(OVNK8S_CONFLICT, "duplicate uuid");
        }
        if (row->sole && there->state != ROW_DROPPED && !strcmp(there->table, row->table) && name &&
            other && !strcmp(name, other)) {
            return fail(OVNK8S_EXISTS, "%s %s belongs to somebody else", row->table, name);
        }
    }
    copy_row(database, row);
    return 0;
}

static int apply_change(struct rows *database, const struct change *change)
{
    struct row *row =
        rows_find(database, change->row->table, change->fact ? change->fact->id : change->row->id);

    if (change->action == CHANGE_INSERT) {
        return insert_row(database, change->row);
    }
    if (!row) {
        return fail(OVNK8S_CONFLICT, "%s %s is gone", change->row->table, change->row->name);
    }
    if (change->action == CHANGE_DELETE) {
        row->state = ROW_DROPPED;
    }
    for (const struct element *e = change->first; e; e = e->next) {
        if (e->is_added) {
            put_in(row, e->column, e->atoms);
        } else {
            take_out(row, e->column->name, e->atoms);
        }
    }
    return 0;
}

/* Another generation for each row that something was allocated from. */
static void raise_generations(struct rows *database, const struct changes *changes)
{
    static unsigned int generation;
    char text[16];

    snprintf(text, sizeof text, "%08x", ++generation);
    for (const struct row *row = changes->wanted->first; row; row = row->next) {
        struct row *there = rows_find(database, row->table, row->id);

        if (there && row->guarded) {
            const struct atom pair[] = {{.string = "ovnk8s-generation"}, {.string = text}};

            take_out(there, "external_ids", pair);
            row_add_atoms(there, "external_ids", COLUMN_IS, true, pair, 1);
        }
    }
}

/* References. */

static const char *const reference_columns[] = {"ports", "nat", "static_routes", "policies",
                                                "load_balancer_group"};

enum { N_REFERENCES = 5 };

static bool refers_to(const struct row *row, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};
    bool refers = false;

    for (size_t i = 0; i < N_REFERENCES && !refers; i++) {
        refers = column_holds(row_column(row, reference_columns[i]), &atom);
    }
    return row->state != ROW_DROPPED && refers;
}

static bool is_referred_to(const struct rows *database, struct row_id id)
{
    const struct row *row = database->first;

    while (row && !refers_to(row, id)) {
        row = row->next;
    }
    return row;
}

/* Rows that do not stay without a reference. */
static bool is_part(const struct row *row)
{
    return !strcmp(row->table, SWITCH_PORT_TABLE) || !strcmp(row->table, ROUTER_PORT_TABLE) ||
           !strcmp(row->table, ROUTE_TABLE) || !strcmp(row->table, NAT_TABLE) ||
           !strcmp(row->table, "Logical_Router_Policy");
}

static int check_references(const struct rows *rows, const struct row *row, const char *name)
{
    const struct column *column = row_column(row, name);

    for (size_t i = 0; column && i < column->n; i++) {
        if (!rows_find_id(rows, column->atoms[i].row)) {
            return fail(OVNK8S_CONFLICT, "referential integrity violation: %s %zu of %s", name, i,
                        row_string(row, "name"));
        }
    }
    return 0;
}

/* What a group held and is gone is not held any more. */
static void forget_members(const struct rows *rows, struct row *row)
{
    struct column *members = row_find_column(row, "load_balancer");

    for (size_t i = members ? members->n : 0; i-- > 0;) {
        if (!rows_find_id(rows, members->atoms[i].row)) {
            members->atoms[i] = members->atoms[--members->n];
        }
    }
}

/* Keeps what is not deleted, without the ports that nobody refers to any more. */
static int keep_whole(const struct rows *from, struct rows *to)
{
    for (const struct row *row = from->first; row; row = row->next) {
        if (row->state != ROW_DROPPED && (!is_part(row) || is_referred_to(from, row->id))) {
            copy_row(to, row);
        } else if (is_referred_to(from, row->id)) {
            return fail(OVNK8S_CONFLICT, "referential integrity violation: %s %s", row->table,
                        row_string(row, "name"));
        }
    }
    for (struct row *row = to->first; row; row = row->next) {
        forget_members(to, row);
        for (size_t i = 0; i < N_REFERENCES; i++) {
            const int error = check_references(to, row, reference_columns[i]);

            if (error) {
                return error;
            }
        }
    }
    return 0;
}

/* All of the changes, or none. */
static int database_commit(struct rows *database, const struct changes *changes)
{
    struct rows next = {0}, kept = {0};
    int error = 0;

    for (const struct row *row = database->first; row; row = row->next) {
        copy_row(&next, row);
    }
    for (const struct change *c = changes->first; c && !error; c = c->next) {
        error = apply_change(&next, c);
    }
    raise_generations(&next, changes);
    error = error ? error : keep_whole(&next, &kept);
    rows_clear(&next);
    if (error) {
        rows_clear(&kept);
        return error;
    }
    rows_clear(database);
    for (const struct row *row = kept.first; row; row = row->next) {
        copy_row(database, row);
    }
    rows_clear(&kept);
    return 0;
}

/* What somebody else does by hand. */

static void database_delete(struct rows *database, const char *table, struct row_id id)
{
    struct rows wanted = {0};
    struct row *row = rows_find(database, table, id);
    struct change change = {.action = CHANGE_DELETE, .row = row, .fact = row};
    const struct changes changes = {.wanted = &wanted, .first = &change, .n = 1};
    const struct atom atom = {.type = ATOM_ROW, .row = id};

    for (struct row *other = database->first; other; other = other->next) {
        for (size_t i = 0; i < N_REFERENCES; i++) {
            if (row_column(other, reference_columns[i])) {
                take_out(other, reference_columns[i], &atom);
            }
        }
    }
    (void)!database_commit(database, &changes);
}

#endif /* memory_database.h */
