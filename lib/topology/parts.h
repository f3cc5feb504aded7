/* Rows that others hold in a set, and that have no life of their own: ports, routes, NAT, policies.
 */

#ifndef TOPOLOGY_PARTS_H
#define TOPOLOGY_PARTS_H

#include "base/ip.h"
#include "base/row.h"

/* A set holds no row twice, however often a plan comes to it: to be called before the row itself is
 * stated. */
void include_part(struct rows *wanted, struct row *holder, const char *column, const char *table,
                  struct row_id id);

/* The row goes, and the set that holds it is told. */
void drop_part(struct rows *wanted, const char *table, struct row_id id, const char *name,
               struct row *holder, const char *column);

/* A routing policy: what a logical router does with packets, whatever its routes say. Of several
 * the one with the highest priority counts. */
struct policy {
    struct row_id id;
    const char *title; /* What people call it. */
    int64_t priority;
    const char *match;
    const char *action;        /* "allow", "drop" or "reroute". */
    const struct ip *next_hop; /* Of "reroute". */
};

void want_policy(struct rows *wanted, const char *owner, struct row *router,
                 const struct policy *policy);
void drop_policy(struct rows *wanted, struct row *router, const struct policy *policy);

/* The match "ip4.dst == TO" or "ip6.dst == TO". */
const char *match_destination(struct arena *arena, const struct prefix *to);

#endif /* parts.h */
