/* Reading rows: everything that is asked about in one transaction of "select" operations. */

#ifndef OVSDB_READ_H
#define OVSDB_READ_H

#include "base/row.h"
#include "ovsdb/conn.h"

/* Adds to 'facts' the rows that answer the rows from 'first' on, with the columns that are asked or
 * stated there. Not asked about are rows that are believed to be new, and what was asked about
 * before in 'known', which may be NULL: its answers are in 'facts' already. */
int read_rows(struct conn *conn, const struct row *first, const struct rows *known,
              const struct deadline *deadline, struct rows *facts);

#endif /* read.h */
