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

/* The policies of the cluster router. Of several that match the one with the highest priority
 * counts, so what has an exception is below it. */
enum policy_priority {
    PRIORITY_SERVICE_RANGE = 1000, /* Nobody serves it: no other policy is for these addresses. */
    PRIORITY_HOST = 1000,          /* A host's own address is reached by the host's port; ... */
    PRIORITY_LOCAL_REPLIES = 1010, /* ... but a host that was a client at a gateway is answered by
                                    * that one, which alone knows what its packets were sent to. */
};

/* A routing policy: what a logical router does with packets, whatever its routes say. */
struct policy {
    struct row_id id;
    const char *title; /* What people call it. */
    enum policy_priority priority;
    const char *match;
    const char *action;        /* "allow", "drop" or "reroute". */
    const struct ip *next_hop; /* Of "reroute". */
};

struct row *want_policy(struct rows *wanted, const char *owner, struct row *router,
                        const struct policy *policy);
void drop_policy(struct rows *wanted, struct row *router, const struct policy *policy);

/* The match "ip4.dst == TO" or "ip6.dst == TO". */
const char *match_destination(struct arena *arena, const struct prefix *to);

#endif /* parts.h */
