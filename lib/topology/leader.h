/* The row that says who leads; see ovnk8s/leader.h. It is one of the ledger, of which neither check
 * nor repair knows what it should say: a leader that finds it damaged takes the lead again. */

#ifndef TOPOLOGY_LEADER_H
#define TOPOLOGY_LEADER_H

#include <stdint.h>

#include <ovnk8s/leader.h>

#include "base/row.h"

struct leader_record {
    const char *identity; /* "": nobody leads. */
    uint64_t term;        /* 0 then. */
};

struct row_id leader_id(const char *owner);

/* What the row says, which may be NULL. What makes no sense says nothing. */
struct leader_record leader_read(const struct row *row);

/* States that the row goes. */
struct row *drop_leader(struct rows *wanted, const char *owner);

#endif /* leader.h */
