/* Rows as RFC 7047 writes them in JSON. */

#ifndef OVSDB_WIRE_H
#define OVSDB_WIRE_H

#include "base/row.h"

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

/* The <where> that finds what 'row' stands for. */
struct json *wire_where(const struct row *row);

/* ["COLUMN", "FUNCTION", VALUE]; takes 'value'. */
struct json *wire_triple(const char *column, const char *function, struct json *value);

/* Adds the column 'name' with the <value> in 'json' to 'row'. False when it is no <value>, or a map
 * where the column was a set before, or the other way round. */
bool wire_read_column(struct row *row, const char *name, const struct json *json);

/* Adds a row of 'table' as "select" has answered it, with its "_uuid", to 'rows'. A column that is
 * known already stays as it is: what was decided by it is what a guard must compare. NULL when the
 * answer is malformed. */
struct row *wire_read_row(struct rows *rows, const char *table, const struct json *json);

#endif /* wire.h */
