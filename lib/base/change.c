#include "base/change.h"

#include <string.h>

#include "base/error.h"

void changes_clear(struct changes *changes)
{
    arena_clear(&changes->arena);
    *changes = (struct changes){0};
}

const struct row *row_fact(const struct rows *facts, const struct row *row)
{
    const struct row *fact = row->unseen ? NULL : facts->first;

    if (row->where == ROW_BY_ID && !row->unseen) {
        return rows_find(facts, row->table, row->id);
    }
    while (fact && (strcmp(fact->table, row->table) != 0 || strcmp(fact->name, row->name) != 0)) {
        fact = fact->next;
    }
    return fact;
}

const char *row_title(const struct row *row, const struct row *fact)
{
    const char *name = row_string(fact, "name");

    return *row->name ? row->name : name ? name : "";
}

const char *changes_name(const struct changes *changes, struct row_id id,
                         char text[static UUID_TEXT])
{
    const struct row *row = rows_find_id(changes->wanted, id);
    const struct row *fact = rows_find_id(changes->facts, id);
    const char *name = row ? row_title(row, fact) : row_string(fact, "name");

    return name && *name ? name : row_id_format(id, text);
}

/* Elements. */

static void add_element(struct changes *to, struct change *change, const struct column *column,
                        const struct atom *atoms, bool is_added)
{
    struct element *element = arena_alloc(&to->arena, sizeof *element);

    if (element) {
        *element = (struct element){.column = column, .atoms = atoms, .is_added = is_added};
        *(change->last ? &change->last->next : &change->first) = element;
        change->last = element;
    }
}

static const struct atom *atoms_at(const struct column *column, size_t i)
{
    return column->atoms + (column->is_map ? 2 * i : i);
}

/* The column is exactly what is wanted. */
static void compare_whole(struct changes *to, struct change *change, const struct column *wanted,
                          const struct column *fact)
{
    for (size_t i = 0; fact && i < fact->n; i++) {
        if (!column_holds(wanted, atoms_at(fact, i))) {
            add_element(to, change, wanted, atoms_at(fact, i), false);
        }
    }
    for (size_t i = 0; i < wanted->n; i++) {
        if (!column_holds(fact, atoms_at(wanted, i))) {
            add_element(to, change, wanted, atoms_at(wanted, i), true);
        }
    }
}

static void include(struct changes *to, struct change *change, const struct column *wanted,
                    const struct column *fact)
{
    for (size_t i = 0; i < wanted->n; i++) {
        const struct atom *atoms = atoms_at(wanted, i);
        const struct atom *before =
            wanted->is_map && fact ? column_pair(fact, atoms->string) : NULL;

        if (column_holds(fact, atoms)) {
            continue;
        }
        if (before) {
            add_element(to, change, wanted, before, false);
        }
        add_element(to, change, wanted, atoms, true);
    }
}

static void exclude(struct changes *to, struct change *change, const struct column *wanted,
                    const struct column *fact)
{
    for (size_t i = 0; (fact || change->row->unseen) && i < wanted->n; i++) {
        const struct atom *atoms = atoms_at(wanted, i);
        const struct atom *there = !fact                       ? atoms
                                   : wanted->is_map            ? column_pair(fact, atoms->string)
                                   : column_holds(fact, atoms) ? atoms
                                                               : NULL;

        if (there) {
            add_element(to, change, wanted, there, false);
        }
    }
}

static void compare_columns(struct changes *to, struct change *change)
{
    for (const struct column *c = change->row->columns; c; c = c->next) {
        const struct column *there = row_column(change->fact, c->name);

        if (c->rule == COLUMN_IS) {
            compare_whole(to, change, c, there);
        } else if (c->rule == COLUMN_INCLUDES) {
            include(to, change, c, there);
        } else {
            exclude(to, change, c, there);
        }
    }
}

/* Rows. */

static struct change *new_change(struct changes *to, enum change_action action,
                                 const struct row *row, const struct row *fact)
{
    struct change *change = arena_alloc(&to->arena, sizeof *change);

    if (change) {
        *change = (struct change){.action = action, .row = row, .fact = fact};
    }
    return change;
}

static void append(struct changes *to, struct change *change)
{
    *(to->last ? &to->last->next : &to->first) = change;
    to->last = change;
    to->n++;
}

static bool includes_something(const struct row *row)
{
    const struct column *column = row->columns;

    while (column && column->rule == COLUMN_EXCLUDES) {
        column = column->next;
    }
    return column || row->guarded;
}

static enum change_action action_of(const struct row *row, const struct row *fact)
{
    if (row->state == ROW_DROPPED) {
        return CHANGE_DELETE;
    }
    return fact || row->unseen ? CHANGE_UPDATE : CHANGE_INSERT;
}

static int compare_row(struct changes *to, const struct row *row, const struct row *fact)
{
    struct change *change;

    if (!fact && !row->unseen && row->state == ROW_DROPPED) {
        return 0;
    }
    if (!fact && !row->unseen && row->state == ROW_EDITED) {
        return includes_something(row)
                   ? fail(OVNK8S_NOTFOUND, "%s %s does not exist", row->table, row->name)
                   : 0;
    }
    change = new_change(to, action_of(row, fact), row, fact);
    if (change && change->action != CHANGE_DELETE) {
        compare_columns(to, change);
    }
    if (change && (change->first || change->action != CHANGE_UPDATE)) {
        append(to, change);
    }
    return 0;
}

int changes_compute(const struct rows *wanted, const struct rows *facts, struct changes *out)
{
    int error = 0;

    *out = (struct changes){.wanted = wanted, .facts = facts};
    for (const struct row *row = wanted->first; row && !error; row = row->next) {
        error = compare_row(out, row, row_fact(facts, row));
    }
    if (!error && out->arena.failed) {
        error = fail_nomem();
    }
    if (error) {
        changes_clear(out);
    }
    return error;
}
