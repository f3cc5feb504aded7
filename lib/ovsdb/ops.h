/* Changes as the operations of one transaction (RFC 7047, 5.2). */

#ifndef OVSDB_OPS_H
#define OVSDB_OPS_H

#include "base/change.h"

struct json;

struct operations {
    struct json *ops;        /* An array; some of them are text already. */
    const struct row **rows; /* For each operation the wanted row that it is about. */
};

/* Composes the operations, with guards that make them fail when what the changes were computed from
 * does not hold any more. On success 'out' is cleared by operations_clear(); it points into the
 * rows of 'changes'. */
int operations_compose(const struct changes *changes, struct operations *out);

/* Whether operation number 'i' finds out that another row has the name of the one to insert. */
bool operations_is_sole_guard(const struct operations *operations, size_t i);

void operations_clear(struct operations *operations);

#endif /* ops.h */
