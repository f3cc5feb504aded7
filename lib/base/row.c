#include "base/row.h"

#include <string.h>

#include "base/mem.h"

void rows_clear(struct rows *rows)
{
    arena_clear(&rows->arena);
    *rows = (struct rows){0};
}

bool rows_failed(const struct rows *rows)
{
    return rows->arena.failed;
}

int atom_compare(const struct atom *a, const struct atom *b)
{
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    switch (a->type) {
    case ATOM_STRING:
        return strcmp(a->string, b->string);
    case ATOM_INTEGER:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case ATOM_BOOLEAN:
        return a->boolean - b->boolean;
    default:
        return memcmp(a->row.bytes, b->row.bytes, sizeof a->row.bytes);
    }
}

/* Finding rows: identities are hashes already, so a piece of one is the hash. */

static size_t hash_of(struct row_id id)
{
    size_t hash;

    memcpy(&hash, id.bytes + 8, sizeof hash);
    return hash;
}

static void insert_hashed(struct rows *rows, struct row *row)
{
    struct row **bucket = &rows->buckets[hash_of(row->id) % rows->n_buckets];

    row->same_hash = *bucket;
    *bucket = row;
}

static void grow_hash(struct rows *rows)
{
    const size_t n = rows->n_buckets ? rows->n_buckets * 4 : 64;
    struct row **buckets = arena_alloc(&rows->arena, n * sizeof(struct row *));

    if (!buckets) {
        return;
    }
    rows->buckets = buckets;
    rows->n_buckets = n;
    for (struct row *row = rows->first; row; row = row->next) {
        insert_hashed(rows, row);
    }
}

struct row *rows_find_id(const struct rows *rows, struct row_id id)
{
    struct row *row = rows->n_buckets ? rows->buckets[hash_of(id) % rows->n_buckets] : NULL;

    while (row && (row->where != ROW_BY_ID || !row_id_equal(row->id, id))) {
        row = row->same_hash;
    }
    return row;
}

struct row *rows_find(const struct rows *rows, const char *table, struct row_id id)
{
    struct row *row = rows_find_id(rows, id);

    return row && !strcmp(row->table, table) ? row : NULL; /* Identities differ between tables. */
}

static struct row *find_where(const struct rows *rows, const char *table, enum row_where where,
                              const char *name)
{
    struct row *row = rows->first;

    while (row && (row->where != where || strcmp(row->table, table) != 0 ||
                   strcmp(row->name, name) != 0)) {
        row = row->next;
    }
    return row;
}

/* What is left to write to after memory ran out: such a set is never used. */
static struct row *lost_row(struct rows *rows)
{
    static _Thread_local struct row lost;

    lost = (struct row){.rows = rows, .table = "", .name = ""};
    return &lost;
}

static struct row *append_row(struct rows *rows, const char *table, enum row_where where,
                              struct row_id id, const char *name)
{
    struct row *row = arena_alloc(&rows->arena, sizeof *row);

    if (!row) {
        return lost_row(rows);
    }
    *row = (struct row){.rows = rows, .where = where, .id = id, .state = ROW_EDITED};
    row->table = arena_strdup(&rows->arena, table);
    row->name = arena_strdup(&rows->arena, name ? name : "");
    *(rows->last ? &rows->last->next : &rows->first) = row;
    rows->last = row;
    if (++rows->n > rows->n_buckets) {
        grow_hash(rows);
    } else {
        insert_hashed(rows, row);
    }
    return rows_failed(rows) ? lost_row(rows) : row;
}

static struct row *state_row(struct rows *rows, const char *table, struct row_id id,
                             const char *name)
{
    struct row *row = rows_failed(rows) ? lost_row(rows) : rows_find(rows, table, id);

    return row ? row : append_row(rows, table, ROW_BY_ID, id, name);
}

struct row *rows_want(struct rows *rows, const char *table, struct row_id id, const char *name)
{
    struct row *row = state_row(rows, table, id, name);

    row->state = ROW_WANTED;
    return row;
}

struct row *rows_edit(struct rows *rows, const char *table, struct row_id id, const char *name)
{
    return state_row(rows, table, id, name);
}

struct row *rows_edit_by_name(struct rows *rows, const char *table, const char *name)
{
    return rows_ask_where(rows, table, ROW_BY_NAME, name);
}

struct row *rows_drop(struct rows *rows, const char *table, struct row_id id, const char *name)
{
    struct row *row = state_row(rows, table, id, name);

    row->state = ROW_DROPPED;
    row->is_new = false;
    return row;
}

struct row *rows_edit_others(struct rows *rows, const char *table, struct row_id id,
                             const char *owner, const char *key, const char *value)
{
    const char *strings[] = {"ovnk8s-owner", owner, key, value};
    struct atom *pairs = arena_alloc(&rows->arena, COUNT_OF(strings) * sizeof *pairs);
    struct row *row =
        rows_failed(rows) ? lost_row(rows) : append_row(rows, table, ROW_OTHERS, id, value);

    for (size_t i = 0; pairs && i < COUNT_OF(strings); i++) {
        pairs[i] =
            (struct atom){.type = ATOM_STRING, .string = arena_strdup(&rows->arena, strings[i])};
    }
    row->pairs = pairs;
    row->unseen = true;
    return row;
}

struct row *rows_ask(struct rows *rows, const char *table, struct row_id id)
{
    return state_row(rows, table, id, NULL);
}

struct row *rows_ask_where(struct rows *rows, const char *table, enum row_where where,
                           const char *name)
{
    struct row *row = rows_failed(rows) ? lost_row(rows) : find_where(rows, table, where, name);

    return row ? row : append_row(rows, table, where, (struct row_id){{0}}, name);
}

/* Columns. */

static struct column *add_column(struct row *row, const char *name, enum column_rule rule,
                                 bool is_map)
{
    struct column *column = arena_alloc(&row->rows->arena, sizeof *column);
    struct column **end = &row->columns;

    if (column) {
        *column = (struct column){.rule = rule, .is_map = is_map};
        column->name = arena_strdup(&row->rows->arena, name);
        while (*end) {
            end = &(*end)->next;
        }
        *end = column;
    }
    return column;
}

static struct column *find_column(const struct row *row, const char *name, enum column_rule rule)
{
    struct column *column = row->columns;

    while (column && (column->rule != rule || strcmp(column->name, name) != 0)) {
        column = column->next;
    }
    return column;
}

static bool column_reserve(struct arena *arena, struct column *column, size_t n)
{
    const size_t room = column->room ? column->room * 2 : n;
    const size_t width = column->is_map ? 2 : 1;
    struct atom *atoms;

    if (column->n + n <= column->room) {
        return true;
    }
    atoms =
        arena_alloc(arena, (room < column->n + n ? column->n + n : room) * width * sizeof *atoms);
    if (!atoms) {
        return false;
    }
    if (column->n) {
        memcpy(atoms, column->atoms, column->n * width * sizeof *atoms);
    }
    column->atoms = atoms;
    column->room = room < column->n + n ? column->n + n : room;
    return true;
}

void row_add_atoms(struct row *row, const char *name, enum column_rule rule, bool is_map,
                   const struct atom *atoms, size_t n)
{
    struct arena *arena = &row->rows->arena;
    struct column *column;
    struct atom *to;

    if (arena->failed) {
        return;
    }
    column = find_column(row, name, rule);
    column = column ? column : add_column(row, name, rule, is_map);
    if (column && !column->n && column->is_map != is_map) {
        column->is_map = is_map;
        column->room = 0; /* It was for elements of the other width. */
    }
    if (!column || !n || column->is_map != is_map || !column_reserve(arena, column, n)) {
        return;
    }
    to = column->atoms + column->n * (is_map ? 2 : 1);
    for (size_t i = 0; i < n * (is_map ? 2 : 1); i++) {
        to[i] = atoms[i];
        if (atoms[i].type == ATOM_STRING) {
            to[i].string = arena_strdup(arena, atoms[i].string);
        }
    }
    column->n += n;
}

void row_ask(struct row *row, const char *column)
{
    row_add_atoms(row, column, COLUMN_IS, false, NULL, 0);
}

static void empty(struct row *row, const char *name, bool is_map)
{
    struct column *column = find_column(row, name, COLUMN_IS);

    if (column) {
        column->n = 0;
    }
    row_add_atoms(row, name, COLUMN_IS, is_map, NULL, 0);
}

void row_is_empty(struct row *row, const char *name)
{
    empty(row, name, false);
}

void row_is_empty_map(struct row *row, const char *name)
{
    empty(row, name, true);
}

static struct atom *find_pair(const struct column *map, const char *key)
{
    for (size_t i = 0; map && map->is_map && i < map->n; i++) {
        struct atom *pair = map->atoms + 2 * i;

        if (pair->type == ATOM_STRING && !strcmp(pair->string, key)) {
            return pair;
        }
    }
    return NULL;
}

/* A scalar that is stated again replaces what was stated before. */
static void row_is(struct row *row, const char *name, struct atom atom)
{
    struct column *column = find_column(row, name, COLUMN_IS);

    if (column) {
        column->n = 0;
    }
    row_add_atoms(row, name, COLUMN_IS, false, &atom, 1);
}

void row_is_string(struct row *row, const char *column, const char *value)
{
    row_is(row, column, (struct atom){.type = ATOM_STRING, .string = value});
}

void row_is_integer(struct row *row, const char *column, int64_t value)
{
    row_is(row, column, (struct atom){.type = ATOM_INTEGER, .integer = value});
}

void row_is_boolean(struct row *row, const char *column, bool value)
{
    row_is(row, column, (struct atom){.type = ATOM_BOOLEAN, .boolean = value});
}

void row_add_string(struct row *row, const char *column, const char *value)
{
    const struct atom atom = {.type = ATOM_STRING, .string = value};

    row_add_atoms(row, column, COLUMN_IS, false, &atom, 1);
}

/* What is stated later counts: takes back what was said of an element, or of a key. */
static void take_back(struct row *row, const char *name, enum column_rule rule,
                      const struct atom *atom)
{
    struct column *column = find_column(row, name, rule);
    const size_t width = column && column->is_map ? 2 : 1;

    for (size_t i = 0; column && i < column->n;) {
        struct atom *there = column->atoms + width * i;

        if (atom_compare(there, atom) != 0) {
            i++;
        } else {
            column->n--;
            memmove(there, there + width, width * (column->n - i) * sizeof *there);
        }
    }
}

void row_includes_row(struct row *row, const char *column, struct row_id value)
{
    const struct atom atom = {.type = ATOM_ROW, .row = value};

    take_back(row, column, COLUMN_EXCLUDES, &atom);
    row_add_atoms(row, column, COLUMN_INCLUDES, false, &atom, 1);
}

void row_excludes_row(struct row *row, const char *column, struct row_id value)
{
    const struct atom atom = {.type = ATOM_ROW, .row = value};

    take_back(row, column, COLUMN_INCLUDES, &atom);
    row_add_atoms(row, column, COLUMN_EXCLUDES, false, &atom, 1);
}

void row_includes_pair(struct row *row, const char *column, const char *key, const char *value)
{
    const struct atom pair[] = {{.type = ATOM_STRING, .string = key},
                                {.type = ATOM_STRING, .string = value}};
    struct atom *before = find_pair(find_column(row, column, COLUMN_INCLUDES), key);

    take_back(row, column, COLUMN_EXCLUDES, pair);
    if (before) {
        before[1].string = arena_strdup(&row->rows->arena, value);
    } else {
        row_add_atoms(row, column, COLUMN_INCLUDES, true, pair, 1);
    }
}

/* Unlike row_includes_pair() it does not look for an earlier statement about the key. */
void row_includes_entry(struct row *row, const char *name, const char *key, const char *value,
                        bool is_new)
{
    const struct atom pair[] = {{.type = ATOM_STRING, .string = key},
                                {.type = ATOM_STRING, .string = value}};
    struct column *column;

    take_back(row, name, COLUMN_EXCLUDES, pair);
    row_add_atoms(row, name, COLUMN_INCLUDES, true, pair, 1);
    column = find_column(row, name, COLUMN_INCLUDES);
    if (column) {
        column->is_big = true;
        column->is_sought |= !is_new;
    }
}

void row_excludes_key(struct row *row, const char *column, const char *key)
{
    const struct atom pair[] = {{.type = ATOM_STRING, .string = key},
                                {.type = ATOM_STRING, .string = ""}};

    take_back(row, column, COLUMN_INCLUDES, pair);
    row_add_atoms(row, column, COLUMN_EXCLUDES, true, pair, 1);
}

/* Reading. */

struct column *row_find_column(struct row *row, const char *name)
{
    struct column *column = row->columns;

    while (column && strcmp(column->name, name) != 0) {
        column = column->next;
    }
    return column;
}

const struct column *row_column(const struct row *row, const char *name)
{
    return row ? row_find_column((struct row *)row, name) : NULL;
}

const char *row_string(const struct row *row, const char *name)
{
    const struct column *column = row_column(row, name);

    return column && column->n && column->atoms->type == ATOM_STRING ? column->atoms->string : NULL;
}

int64_t row_integer(const struct row *row, const char *name)
{
    const struct column *column = row_column(row, name);

    return column && column->n && column->atoms->type == ATOM_INTEGER ? column->atoms->integer : 0;
}

const struct atom *column_pair(const struct column *map, const char *key)
{
    return find_pair(map, key);
}

const char *row_pair(const struct row *row, const char *name, const char *key)
{
    const struct atom *pair = find_pair(row_column(row, name), key);

    return pair && pair[1].type == ATOM_STRING ? pair[1].string : NULL;
}

bool column_holds(const struct column *column, const struct atom *element)
{
    const size_t width = column && column->is_map ? 2 : 1;

    for (size_t i = 0; column && i < column->n; i++) {
        if (!atom_compare(column->atoms + width * i, element) &&
            (width == 1 || !atom_compare(column->atoms + 2 * i + 1, element + 1))) {
            return true;
        }
    }
    return false;
}

bool row_refers(const struct row *row, const char *column, struct row_id id)
{
    return column_holds(row_column(row, column), &(struct atom){.type = ATOM_ROW, .row = id});
}

static struct row *skip_others(struct row *row, const char *table)
{
    while (row && strcmp(row->table, table) != 0) {
        row = row->next;
    }
    return row;
}

struct row *rows_first(const struct rows *rows, const char *table)
{
    return skip_others(rows->first, table);
}

struct row *rows_named(const struct rows *rows, const char *table, const char *name)
{
    struct row *row = rows_first(rows, table);

    while (row && (!row_string(row, "name") || strcmp(row_string(row, "name"), name) != 0)) {
        row = skip_others(row->next, table);
    }
    return row;
}

struct row *rows_referrer(const struct rows *rows, const char *table, const char *column,
                          struct row_id id)
{
    struct row *row = rows_first(rows, table);

    while (row && !row_refers(row, column, id)) {
        row = skip_others(row->next, table);
    }
    return row;
}

struct row *rows_copy(struct rows *rows, const struct row *row)
{
    struct row *copy = rows_want(rows, row->table, row->id, row->name);

    for (const struct column *c = row->columns; c; c = c->next) {
        row_add_atoms(copy, c->name, c->rule, c->is_map, c->atoms, c->n);
    }
    return copy;
}
