#include "ovsdb/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/change.h"
#include "base/error.h"
#include "base/mem.h"
#include "openvswitch/json.h"
#include "ovsdb/result.h"
#include "ovsdb/wire.h"

/* For each row one "select" of its columns; and for each set or big map of which only some elements
 * matter, such as the ports of a switch with thousands of them, one that lets the server look:
 * it finds the row only if those elements are all in, or all out. */

/* What is asked, and what is known already. */
struct inquiry {
    const struct rows *known, *facts;
};

static bool is_probed(const struct column *column)
{
    return column->rule != COLUMN_IS && (!column->is_map || column->is_big);
}

static const struct row *find_fact(const struct inquiry *inquiry, const struct row *row)
{
    return row->where == ROW_BY_ID ? rows_find(inquiry->facts, row->table, row->id) : NULL;
}

/* Whether a row was asked about and is not there. */
static bool is_missing(const struct inquiry *inquiry, const struct row *row)
{
    return row->where == ROW_BY_ID && inquiry->known && !find_fact(inquiry, row) &&
           rows_find(inquiry->known, row->table, row->id);
}

static bool is_known(const struct inquiry *inquiry, const struct row *row, const char *column)
{
    return row_column(find_fact(inquiry, row), column) || is_missing(inquiry, row);
}

/* Rows that are believed to be new are in no set yet, and a set holds no row that is not there. */
static bool are_all_new(const struct inquiry *inquiry, const struct rows *rows,
                        const struct column *column)
{
    for (size_t i = 0; i < column->n; i++) {
        const struct atom *atom = &column->atoms[i];
        const struct row *row = atom->type == ATOM_ROW ? rows_find_id(rows, atom->row) : NULL;

        if (!row || (!row->is_new && !is_missing(inquiry, row))) {
            return false;
        }
    }
    return true;
}

static bool needs_probe(const struct inquiry *inquiry, const struct row *row,
                        const struct column *column)
{
    const bool is_new =
        column->is_big ? !column->is_sought : are_all_new(inquiry, row->rows, column);

    return is_probed(column) && !is_new && !is_known(inquiry, row, column->name);
}

static bool needs_select(const struct inquiry *inquiry, const struct row *row)
{
    bool needs = !find_fact(inquiry, row) && !is_missing(inquiry, row);

    for (const struct column *c = row->columns; c && !needs; c = c->next) {
        needs = !is_probed(c) && !is_known(inquiry, row, c->name);
    }
    return needs || (row->guarded && !is_known(inquiry, row, "external_ids"));
}

static struct json *select_op(const struct row *row, struct json *where, struct json *columns)
{
    struct json *op = json_object_create();

    json_object_put_string(op, "op", "select");
    json_object_put_string(op, "table", row->table);
    json_object_put(op, "where", where);
    if (!row->whole) {
        json_object_put(op, "columns", columns);
    } else {
        json_destroy(columns);
    }
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
    const struct atom *atoms = column->atoms;
    struct json *where = wire_where(row);

    json_array_add(
        where,
        wire_triple(column->name, column->rule == COLUMN_INCLUDES ? "includes" : "excludes",
                    column->is_map ? wire_map(atoms, column->n) : wire_set(atoms, column->n)));
    return select_op(row, where, json_array_create_1(json_string_create("_uuid")));
}

/* What each operation asks about: a row, or a column of it. */
struct question {
    const struct row *row;
    const struct column *probed; /* NULL: the row itself. */
};

static void ask_for(struct questions *questions, const struct row *row, const struct column *probed,
                    struct json *op)
{
    if (questions->n == questions->room) {
        const size_t room = questions->n ? 2 * questions->n : 16;
        struct question *grown = realloc(questions->of, room * sizeof *grown);

        if (!grown) {
            json_destroy(op);
            questions->failed = true;
            return;
        }
        questions->of = grown;
        questions->room = room;
    }
    questions->of[questions->n++] = (struct question){row, probed};
    json_array_add(questions->ops, op);
}

static void ask_row(struct questions *questions, const struct inquiry *inquiry,
                    const struct row *row)
{
    if (needs_select(inquiry, row)) {
        ask_for(questions, row, NULL, select_row(row));
    }
    for (const struct column *c = row->columns; c; c = c->next) {
        if (needs_probe(inquiry, row, c)) {
            ask_for(questions, row, c, probe_column(row, c));
        }
    }
}

static struct json *column_names(const struct column *column)
{
    return json_array_create_2(json_string_create("_uuid"), json_string_create(column->name));
}

void questions_clear(struct questions *questions)
{
    json_destroy(questions->ops);
    free(questions->of);
    *questions = (struct questions){0};
}

/* Taking the answers. */

/* Rows that were asked for by name are found by that name again. */
static int take_row(const struct row *row, const struct json *result, struct rows *facts)
{
    const struct row *last = facts->last;
    const int error = result_rows(result, row->table, facts);

    for (struct row *new = last ? last->next : facts->first; new && row->where == ROW_BY_NAME;
         new = new->next) {
        new->name = arena_strdup(&facts->arena, row->name);
    }
    return error;
}

/* The elements are in the set when the server has found the row and should have them, or has not
 * found it and should not. Of several some may be in and others out: then all are asked for. */
static int take_probe(const struct question *question, const struct json *result,
                      struct questions *more, struct rows *facts)
{
    const struct column *column = question->probed;
    const struct row *row = question->row;
    struct row *fact = (struct row *)row_fact(facts, row);
    struct rows found = {0};
    const int error = result_rows(result, row->table, &found);

    if (!error && fact && (found.n != 0) == (column->rule == COLUMN_INCLUDES)) {
        row_add_atoms(fact, column->name, COLUMN_IS, column->is_map, column->atoms, column->n);
    } else if (!error && fact && column->n > 1) {
        ask_for(more, row, NULL, select_op(row, wire_where(row), column_names(column)));
    }
    rows_clear(&found);
    return error;
}

static int take_answer(const struct question *question, const struct json *result,
                       struct questions *more, struct rows *facts)
{
    const struct row *row = question->row;
    int error = result_error(result);

    if (!error) {
        error = question->probed ? take_probe(question, result, more, facts)
                                 : take_row(row, result, facts);
    }
    return error ? fail_during(error, "read", row->name, "reading %s %s", row->table, row->name)
                 : 0;
}

int questions_take(struct questions *questions, const struct json *results, struct rows *facts)
{
    struct questions more = {.ops = json_array_create_empty()};
    int error = 0;

    for (size_t i = 0; i < questions->n && !error; i++) {
        error = i < results->array.n
                    ? take_answer(&questions->of[i], results->array.elems[i], &more, facts)
                    : fail(OVNK8S_PROTOCOL, "an answer that is too short");
    }
    if (!error && (more.failed || rows_failed(facts))) {
        error = fail_nomem();
    }
    questions_clear(questions);
    *questions = more;
    return error;
}

int questions_compose(struct questions *questions, const struct row *first,
                      const struct rows *known, const struct rows *facts)
{
    const struct inquiry inquiry = {.known = known, .facts = facts};

    *questions = (struct questions){.ops = json_array_create_empty()};
    for (const struct row *row = first; row; row = row->next) {
        if (!row->is_new && !row->unseen) {
            ask_row(questions, &inquiry, row);
        }
    }
    return questions->failed ? fail_nomem() : 0;
}

int read_rows(struct conn *conn, const struct row *first, const struct deadline *deadline,
              struct rows *facts)
{
    struct questions questions;
    int error = questions_compose(&questions, first, NULL, facts);

    while (!error && questions.n) {
        struct json *results = NULL;

        error = conn_transact(conn, STEAL(questions.ops), deadline, &results);
        error = error ? error : questions_take(&questions, results, facts);
        json_destroy(results);
    }
    questions_clear(&questions);
    return error;
}
