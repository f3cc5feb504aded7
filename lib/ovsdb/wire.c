#include "ovsdb/wire.h"

#include <inttypes.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"

struct json *wire_id(struct row_id id)
{
    char text[UUID_TEXT];

    return json_array_create_2(json_string_create("uuid"),
                               json_string_create(row_id_format(id, text)));
}

struct json *wire_atom(const struct atom *atom)
{
    switch (atom->type) {
    case ATOM_STRING:
        return json_string_create(atom->string);
    case ATOM_INTEGER:
        return json_integer_create(atom->integer);
    case ATOM_BOOLEAN:
        return json_boolean_create(atom->boolean);
    default:
        return wire_id(atom->row);
    }
}

struct json *wire_set(const struct atom *atoms, size_t n)
{
    struct json *elements = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(elements, wire_atom(&atoms[i]));
    }
    return json_array_create_2(json_string_create("set"), elements);
}

struct json *wire_map(const struct atom *pairs, size_t n)
{
    struct json *elements = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(elements,
                       json_array_create_2(wire_atom(&pairs[2 * i]), wire_atom(&pairs[2 * i + 1])));
    }
    return json_array_create_2(json_string_create("map"), elements);
}

struct json *wire_column(const struct column *column)
{
    if (column->is_map) {
        return wire_map(column->atoms, column->n);
    }
    return column->n == 1 ? wire_atom(column->atoms) : wire_set(column->atoms, column->n);
}

struct json *wire_triple(const char *column, const char *function, struct json *value)
{
    return json_array_create_3(json_string_create(column), json_string_create(function), value);
}

struct json *wire_where(const struct row *row)
{
    const struct atom owner[] = {{.type = ATOM_STRING, .string = "ovnk8s-owner"},
                                 {.type = ATOM_STRING, .string = row->name}};

    switch (row->where) {
    case ROW_OTHERS:
        return json_array_create_2(wire_triple("external_ids", "includes", wire_map(row->pairs, 2)),
                                   wire_triple("_uuid", "!=", wire_id(row->id)));
    case ROW_BY_ID:
        return json_array_create_1(wire_triple("_uuid", "==", wire_id(row->id)));
    case ROW_BY_NAME:
        return json_array_create_1(wire_triple("name", "==", json_string_create(row->name)));
    case ROW_BY_PORT:
        return json_array_create_1(
            wire_triple("logical_port", "==", json_string_create(row->name)));
    case ROW_BY_OWNER:
        return json_array_create_1(wire_triple("external_ids", "includes", wire_map(owner, 1)));
    default:
        return json_array_create_empty();
    }
}

/* As text. */

void wire_put_id(struct ds *out, struct row_id id)
{
    char text[UUID_TEXT];

    ds_put_cstr(out, "[\"uuid\",\"");
    ds_put_cstr(out, row_id_format(id, text));
    ds_put_cstr(out, "\"]");
}

/* Hardly any string has something to be escaped. */
void wire_put_string(struct ds *out, const char *string)
{
    const char *end = string;

    while ((unsigned char)*end >= ' ' && *end != '"' && *end != '\\') {
        end++;
    }
    if (*end) {
        json_string_escape(string, out);
        return;
    }
    ds_put_char(out, '"');
    ds_put_buffer(out, string, (size_t)(end - string));
    ds_put_char(out, '"');
}

void wire_put_atom(struct ds *out, const struct atom *atom)
{
    switch (atom->type) {
    case ATOM_STRING:
        wire_put_string(out, atom->string);
        break;
    case ATOM_INTEGER:
        ds_put_format(out, "%" PRId64, atom->integer);
        break;
    case ATOM_BOOLEAN:
        ds_put_cstr(out, atom->boolean ? "true" : "false");
        break;
    default:
        wire_put_id(out, atom->row);
    }
}

static void put_elements(struct ds *out, const struct column *column)
{
    const size_t width = column->is_map ? 2 : 1;

    ds_put_cstr(out, column->is_map ? "[\"map\",[" : "[\"set\",[");
    for (size_t i = 0; i < column->n; i++) {
        const struct atom *atoms = column->atoms + width * i;

        ds_put_cstr(out, i ? "," : "");
        ds_put_cstr(out, column->is_map ? "[" : "");
        wire_put_atom(out, atoms);
        if (column->is_map) {
            ds_put_char(out, ',');
            wire_put_atom(out, atoms + 1);
            ds_put_char(out, ']');
        }
    }
    ds_put_cstr(out, "]]");
}

void wire_put_column(struct ds *out, const struct column *column)
{
    if (!column->is_map && column->n == 1) {
        wire_put_atom(out, column->atoms);
    } else {
        put_elements(out, column);
    }
}

struct json *wire_text(struct ds *out)
{
    struct json *json = json_string_create_nocopy(ds_steal_cstr(out));

    json->type = JSON_SERIALIZED_OBJECT; /* Both kinds are a string of malloc(). */
    return json;
}

/* Reading. What a server sends is not trusted to have any particular form. */

static bool is_tagged(const struct json *json, const char *tag)
{
    return json->type == JSON_ARRAY && json->array.n == 2 &&
           json->array.elems[0]->type == JSON_STRING &&
           !strcmp(json_string(json->array.elems[0]), tag);
}

static bool read_atom(const struct json *json, struct atom *out)
{
    switch ((int)json->type) {
    case JSON_STRING:
        *out = (struct atom){.type = ATOM_STRING, .string = json_string(json)};
        return true;
    case JSON_INTEGER:
        *out = (struct atom){.type = ATOM_INTEGER, .integer = json_integer(json)};
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = (struct atom){.type = ATOM_BOOLEAN, .boolean = json->type == JSON_TRUE};
        return true;
    default:
        out->type = ATOM_ROW;
        return is_tagged(json, "uuid") && json->array.elems[1]->type == JSON_STRING &&
               row_id_parse(json_string(json->array.elems[1]), &out->row);
    }
}

static bool read_set(struct row *row, const char *name, const struct json *elements)
{
    row_add_atoms(row, name, COLUMN_IS, false, NULL, 0);
    for (size_t i = 0; i < elements->array.n; i++) {
        struct atom atom;

        if (!read_atom(elements->array.elems[i], &atom)) {
            return false;
        }
        row_add_atoms(row, name, COLUMN_IS, false, &atom, 1);
    }
    return true;
}

static bool read_map(struct row *row, const char *name, const struct json *elements)
{
    row_add_atoms(row, name, COLUMN_IS, true, NULL, 0);
    for (size_t i = 0; i < elements->array.n; i++) {
        const struct json *pair = elements->array.elems[i];
        struct atom atoms[2];

        if (pair->type != JSON_ARRAY || pair->array.n != 2 ||
            !read_atom(pair->array.elems[0], &atoms[0]) ||
            !read_atom(pair->array.elems[1], &atoms[1])) {
            return false;
        }
        row_add_atoms(row, name, COLUMN_IS, true, atoms, 1);
    }
    return true;
}

bool wire_read_column(struct row *row, const char *name, const struct json *json)
{
    struct column *before = row_find_column(row, name);
    struct atom atom;

    /* A row that is told of several times has columns of the same kind each time; the latest
     * tells. */
    if (before && before->is_map != is_tagged(json, "map")) {
        return false;
    }
    if (before) {
        before->n = 0;
    }
    if (is_tagged(json, "set") && json->array.elems[1]->type == JSON_ARRAY) {
        return read_set(row, name, json->array.elems[1]);
    }
    if (is_tagged(json, "map") && json->array.elems[1]->type == JSON_ARRAY) {
        return read_map(row, name, json->array.elems[1]);
    }
    if (!read_atom(json, &atom)) {
        return false;
    }
    row_add_atoms(row, name, COLUMN_IS, false, &atom, 1);
    return true;
}

struct row *wire_read_row(struct rows *rows, const char *table, const struct json *json)
{
    const struct json *uuid;
    struct shash_node *node;
    struct atom id;
    struct row *row;

    if (json->type != JSON_OBJECT) {
        return NULL;
    }
    uuid = shash_find_data(json_object(json), "_uuid");
    if (!uuid || !read_atom(uuid, &id) || id.type != ATOM_ROW) {
        return NULL;
    }
    row = rows_want(rows, table, id.row, NULL);
    SHASH_FOR_EACH(node, json_object(json))
    {
        if (*node->name != '_' && !row_column(row, node->name) &&
            !wire_read_column(row, node->name, node->data)) {
            return NULL;
        }
    }
    return row;
}
