/* The row that says who leads; see ovnk8s/leader.h. It is one of the ledger, of which neither check
 * nor repair knows what it should say: a leader that finds it damaged takes the lead again. */

#ifndef TOPOLOGY_LEADER_H
#define TOPOLOGY_LEADER_H

#include <stdint.h>

#include <ovnk8s/leader.h>

#include "base/plan.h"

struct leader_record {
    const char *identity; /* "": nobody leads. */
    uint64_t term;        /* 0 then. */
    uint64_t *seen;       /* Of who wants to take the lead: where to write the term there is. */
};

/* The stage of the error when somebody else leads: what tells it from other lacks of rights. */
#define LEADER_STAGE "leader"

struct row_id leader_id(const char *owner);

/* What the row says, which may be NULL. What makes no sense says nothing. */
struct leader_record leader_read(const struct row *row);

/* ovnk8s_leader_take() that, each time the plan is computed, also tells the term that was found: 0
 * for none. '*seen' must outlive the plan. */
int leader_take_telling(ovnk8s_plan *plan, const char *identity, uint64_t term, uint64_t *seen);

/* States that the row goes. */
struct row *drop_leader(struct rows *wanted, const char *owner);

#endif /* leader.h */
