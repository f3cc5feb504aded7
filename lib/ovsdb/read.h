/* Reading rows: everything that is asked about in one transaction of "select" operations. */

#ifndef OVSDB_READ_H
#define OVSDB_READ_H

#include "base/row.h"
#include "ovsdb/conn.h"

/* Adds to 'facts' the rows that answer 'asked', with the columns that were asked or stated there.
 * Rows that are believed to be new are not asked about. */
int read_rows(struct conn *conn, const struct rows *asked, const struct deadline *deadline,
              struct rows *facts);

#endif /* read.h */
