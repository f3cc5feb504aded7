#include "ovsdb/replica.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "ovsdb-cs.h"
#include "ovsdb-error.h"
#include "ovsdb/wire.h"

/* A row in one piece of memory of exactly its size: there may be tens of thousands of them. */
struct replica_row {
    struct replica_row *next;
    struct row row;
    struct column columns[]; /* As many as it has; then atoms, then strings. */
};

static struct replica_table *find_table(const struct replica *replica, const char *name)
{
    for (size_t i = 0; i < replica->n_tables; i++) {
        if (!strcmp(replica->tables[i].name, name)) {
            return &replica->tables[i];
        }
    }
    return NULL;
}

/* The schema. */

static const struct json *member(const struct json *json, const char *name)
{
    return json && json->type == JSON_OBJECT ? shash_find_data(json_object(json), name) : NULL;
}

static enum column_shape shape_of(const struct json *column)
{
    const struct json *type = member(column, "type"), *max = member(type, "max");

    if (!column) {
        return SHAPE_MISSING;
    }
    if (member(type, "value")) {
        return SHAPE_MAP;
    }
    return max && !(max->type == JSON_INTEGER && json_integer(max) == 1) ? SHAPE_SET : SHAPE_SCALAR;
}

void replica_learn_schema(struct replica *replica, const struct json *schema)
{
    for (struct replica_table *t = replica->tables; t < replica->tables + replica->n_tables; t++) {
        const struct json *table = member(member(schema, "tables"), t->name);

        for (size_t i = 0; i < REPLICA_COLUMNS && t->columns[i]; i++) {
            t->shapes[i] = shape_of(member(member(table, "columns"), t->columns[i]));
        }
    }
}

/* Storing rows. */

static size_t hash_of(const struct replica_table *table, struct row_id id)
{
    size_t hash;

    memcpy(&hash, id.bytes + 8, sizeof hash);
    return hash % table->n_buckets;
}

static struct replica_row **find_slot(const struct replica_table *table, struct row_id id)
{
    struct replica_row **slot = &table->buckets[hash_of(table, id)];

    while (*slot && !row_id_equal((*slot)->row.id, id)) {
        slot = &(*slot)->next;
    }
    return slot;
}

static bool reserve_buckets(struct replica_table *table)
{
    const size_t old = table->n_buckets, n = old ? old * 2 : 64;
    struct replica_row **buckets, **before = table->buckets;

    if (table->n < old) {
        return true;
    }
    buckets = calloc(n, sizeof(struct replica_row *));
    if (!buckets) {
        return false;
    }
    table->buckets = buckets;
    table->n_buckets = n;
    for (size_t i = 0; i < old; i++) {
        for (struct replica_row *row = before[i], *next; row; row = next) {
            struct replica_row **slot = &buckets[hash_of(table, row->row.id)];

            next = row->next;
            row->next = *slot;
            *slot = row;
        }
    }
    free(before);
    return true;
}

static size_t column_atoms(const struct column *column)
{
    return column->n * (column->is_map ? 2 : 1);
}

static size_t packed_size(const struct row *row)
{
    size_t size = 0;

    for (const struct column *c = row->columns; c; c = c->next) {
        size += sizeof *c;
        for (size_t i = 0; i < column_atoms(c); i++) {
            size += sizeof *c->atoms;
            size += c->atoms[i].type == ATOM_STRING ? strlen(c->atoms[i].string) + 1 : 0;
        }
    }
    return size;
}

static size_t column_number(const struct replica_table *table, const char *name)
{
    size_t i = 0;

    while (i < REPLICA_COLUMNS && table->columns[i] && strcmp(table->columns[i], name) != 0) {
        i++;
    }
    return i < REPLICA_COLUMNS && table->columns[i] ? i : REPLICA_COLUMNS;
}

/* Copies 'row', with the names of 'table', which are constants. */
static struct replica_row *pack(const struct replica_table *table, const struct row *row)
{
    struct replica_row *packed = calloc(1, sizeof *packed + packed_size(row));
    struct column **end;
    size_t n_atoms = 0, n_columns = 0, at = 0;
    struct atom *atoms;
    char *strings;

    if (!packed) {
        return NULL;
    }
    for (const struct column *c = row->columns; c; c = c->next) {
        n_atoms += column_atoms(c);
        n_columns++;
    }
    atoms = (struct atom *)(packed->columns + n_columns);
    strings = (char *)(atoms + n_atoms);
    packed->row = (struct row){.table = table->name, .name = "", .id = row->id};
    end = &packed->row.columns;
    for (const struct column *c = row->columns; c; c = c->next) {
        const size_t number = column_number(table, c->name);

        if (number == REPLICA_COLUMNS) {
            continue;
        }
        *end = &packed->columns[at++];
        **end = (struct column){.name = table->columns[number],
                                .is_map = c->is_map,
                                .n = c->n,
                                .room = c->n,
                                .atoms = atoms};
        for (size_t i = 0; i < column_atoms(c); i++) {
            *atoms = c->atoms[i];
            if (atoms->type == ATOM_STRING) {
                atoms->string = strcpy(strings, c->atoms[i].string);
                strings += strlen(strings) + 1;
            }
            atoms++;
        }
        end = &(*end)->next;
    }
    return packed;
}

static void tell(const struct replica *replica, const struct row *before, const struct row *now)
{
    if (replica->changed) {
        replica->changed(before, now, replica->payload);
    }
}

static void forget_row(struct replica *replica, struct replica_table *table, struct row_id id)
{
    struct replica_row **slot = table->n ? find_slot(table, id) : NULL;
    struct replica_row *row = slot ? *slot : NULL;

    if (row) {
        *slot = row->next;
        table->n--;
        tell(replica, &row->row, NULL);
        free(row);
    }
}

static bool store_row(struct replica *replica, struct replica_table *table, const struct row *row)
{
    struct replica_row *packed = pack(table, row), **slot, *before;

    if (!packed || !reserve_buckets(table)) {
        free(packed);
        return false;
    }
    slot = find_slot(table, row->id);
    before = *slot;
    packed->next = before ? before->next : NULL;
    table->n += !before;
    *slot = packed;
    tell(replica, before ? &before->row : NULL, &packed->row);
    free(before);
    return true;
}

void replica_clear(struct replica *replica)
{
    for (struct replica_table *t = replica->tables; t < replica->tables + replica->n_tables; t++) {
        for (size_t i = 0; i < t->n_buckets; i++) {
            while (t->buckets[i]) {
                forget_row(replica, t, t->buckets[i]->row.id);
            }
        }
        free(t->buckets);
        t->buckets = NULL;
        t->n_buckets = 0;
    }
}

/* Applying updates. */

static void add_elements(struct row *to, const struct column *from, const struct column *except,
                         bool by_key)
{
    const size_t width = from->is_map ? 2 : 1;

    row_add_atoms(to, from->name, COLUMN_IS, from->is_map, NULL, 0);
    for (size_t i = 0; i < from->n; i++) {
        const struct atom *element = from->atoms + width * i;
        bool found = false;

        for (size_t j = 0; except && j < except->n && !found; j++) {
            found = !atom_compare(except->atoms + (except->is_map ? 2 : 1) * j, element);
        }
        if (by_key ? !found : !column_holds(except, element)) {
            row_add_atoms(to, from->name, COLUMN_IS, from->is_map, element, 1);
        }
    }
}

/* Adds to 'to' the column that 'before' becomes by 'difference' (RFC 7047's extension in
 * ovsdb-server(7), section 4.1.14): of a set, elements that change sides; of a map, pairs that are
 * taken out when they are there as they are, and set otherwise. False when one is a map and the
 * other is not. */
static bool combine(struct row *to, const struct column *before, const struct column *difference,
                    enum column_shape shape)
{
    if (shape == SHAPE_SCALAR || !before) {
        row_add_atoms(to, difference->name, COLUMN_IS, difference->is_map, difference->atoms,
                      difference->n);
        return true;
    }
    if (before->is_map != difference->is_map) {
        return false;
    }
    add_elements(to, before, difference, shape == SHAPE_MAP);
    add_elements(to, difference, before, false);
    return true;
}

static bool read_columns(struct row *row, const struct shash *columns)
{
    struct shash_node *node;

    SHASH_FOR_EACH(node, columns)
    {
        if (!wire_read_column(row, node->name, node->data)) {
            return false;
        }
    }
    return true;
}

/* The row as it is after the update: columns that were not sent stay as they were. False when the
 * update makes no sense. */
static bool merge(const struct replica_table *table, const struct row *before,
                  const struct ovsdb_cs_row_update *update, struct row *sent, struct row *now)
{
    const bool is_difference = update->type == OVSDB_CS_ROW_XOR;

    if (!read_columns(sent, update->columns) || (is_difference && !before)) {
        return false;
    }
    for (size_t i = 0; i < REPLICA_COLUMNS && table->columns[i]; i++) {
        const struct column *old = row_column(before, table->columns[i]);
        const struct column *fresh = row_column(sent, table->columns[i]);

        if (fresh && !combine(now, is_difference ? old : NULL, fresh, table->shapes[i])) {
            return false;
        }
        if (!fresh && old) {
            row_add_atoms(now, old->name, COLUMN_IS, old->is_map, old->atoms, old->n);
        }
    }
    return true;
}

/* libopenvswitch keeps a UUID as four numbers in the byte order of the host. */
static struct row_id id_of(const struct uuid *uuid)
{
    struct row_id id;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        id.bytes[i] = (uint8_t)(uuid->parts[i / 4] >> (24 - 8 * (i % 4)));
    }
    return id;
}

static bool update_row(struct replica *replica, struct replica_table *table,
                       const struct ovsdb_cs_row_update *update)
{
    const struct row_id id = id_of(&update->row_uuid);
    /* What an insertion does not send has its default. */
    const struct row *before =
        update->type == OVSDB_CS_ROW_INSERT ? NULL : replica_find(replica, table->name, id);
    struct rows sent = {0}, now = {0};
    bool done;

    if (update->type == OVSDB_CS_ROW_DELETE) {
        forget_row(replica, table, id);
        return true;
    }
    done = merge(table, before, update, rows_want(&sent, table->name, id, NULL),
                 rows_want(&now, table->name, id, NULL));
    done =
        done && !rows_failed(&sent) && !rows_failed(&now) && store_row(replica, table, now.first);
    rows_clear(&sent);
    rows_clear(&now);
    return done;
}

bool replica_update(struct replica *replica, const struct json *updates, int version)
{
    struct ovsdb_cs_db_update *db = NULL;
    struct ovsdb_error *error = ovsdb_cs_parse_db_update(updates, version, &db);
    bool done = !error;

    ovsdb_error_destroy(error);
    for (size_t i = 0; done && i < db->n; i++) {
        const struct ovsdb_cs_table_update *update = &db->table_updates[i];
        struct replica_table *table = find_table(replica, update->table_name);

        for (size_t j = 0; table && done && j < update->n; j++) {
            done = update_row(replica, table, &update->row_updates[j]);
        }
    }
    ovsdb_cs_db_update_destroy(db);
    return done;
}

const struct row *replica_find(const struct replica *replica, const char *name, struct row_id id)
{
    const struct replica_table *table = find_table(replica, name);
    struct replica_row **slot = table && table->n ? find_slot(table, id) : NULL;

    return slot && *slot ? &(*slot)->row : NULL;
}

void replica_each(const struct replica *replica, const char *name,
                  void (*each)(const struct row *row, void *payload), void *payload)
{
    const struct replica_table *table = find_table(replica, name);

    for (size_t i = 0; table && i < table->n_buckets; i++) {
        for (const struct replica_row *row = table->buckets[i]; row; row = row->next) {
            each(&row->row, payload);
        }
    }
}
