/* Rows as RFC 7047 writes them in JSON. */

#ifndef OVSDB_WIRE_H
#define OVSDB_WIRE_H

#include "base/row.h"

struct ds;
struct json;

/* A <uuid>, ["uuid", "..."]. */
struct json *wire_id(struct row_id id);

/* A <value>: all atoms of the column. */
struct json *wire_column(const struct column *column);

/* A <set> of atoms, without the short form for one. */
struct json *wire_set(const struct atom *atoms, size_t n);

/* An <atom>. */
struct json *wire_atom(const struct atom *atom);

/* A <map> of pairs. */
struct json *wire_map(const struct atom *pairs, size_t n);

/* Writes a string in quotes, as JSON has it. */
void wire_put_string(struct ds *out, const char *string);

/* The <where> that finds what 'row' stands for. */
struct json *wire_where(const struct row *row);

/* ["COLUMN", "FUNCTION", VALUE]; takes 'value'. */
struct json *wire_triple(const char *column, const char *function, struct json *value);

/* The same as text, at the end of 'out': for what there is a lot of. libopenvswitch's objects cost
 * several times as much to make and to throw away as their text does. */
void wire_put_id(struct ds *out, struct row_id id);
void wire_put_atom(struct ds *out, const struct atom *atom);
void wire_put_column(struct ds *out, const struct column *column);

/* Makes the text in 'out', which is taken, what json_serialized_object_create() would make of it.
 */
struct json *wire_text(struct ds *out);

/* Adds the column 'name' with the <value> in 'json' to 'row'. False when it is no <value>, or a map
 * where the column was a set before, or the other way round. */
bool wire_read_column(struct row *row, const char *name, const struct json *json);

/* Adds a row of 'table' as "select" has answered it, with its "_uuid", to 'rows'. A column that is
 * known already stays as it is: what was decided by it is what a guard must compare. NULL when the
 * answer is malformed. */
struct row *wire_read_row(struct rows *rows, const char *table, const struct json *json);

#endif /* wire.h */
