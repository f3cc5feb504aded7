/* The difference between what is wanted and what there is, as the operations of one transaction. */

#ifndef OVSDB_DIFF_H
#define OVSDB_DIFF_H

#include "base/row.h"

struct json;

struct difference {
    struct json *ops;        /* An array; empty when nothing needs to be done. */
    const struct row **rows; /* For each operation the wanted row that it is about. */
    size_t n_rows;           /* How many rows are inserted, changed or deleted. */
};

/* Fails with OVNK8S_NOTFOUND when a row that shall get an element does not exist. On success
 * 'out' is cleared by difference_clear(); it points into 'wanted'. */
int difference_compute(const struct rows *wanted, const struct rows *actual,
                       struct difference *out);

/* Whether operation number 'i' finds out that another row has the name of the one to insert. */
bool difference_is_sole_guard(const struct difference *difference, size_t i);

void difference_clear(struct difference *difference);

#endif /* diff.h */
