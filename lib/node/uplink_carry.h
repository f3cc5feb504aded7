/* The kernel's side of an uplink: carrying an IP configuration from one link to another.
 *
 * It is done so that everything is there on the one link before it goes away on the other. Before
 * packets change over, the other link gets addresses and neighbours, which serve nothing while
 * routes lead elsewhere; then all routes and rules are added beside those that there are, as one
 * request; then what is left is deleted, as another. */

#ifndef NODE_UPLINK_CARRY_H
#define NODE_UPLINK_CARRY_H

#include "net/net.h"
#include "node/uplink_record.h"

enum carry_step {
    CARRY_PREPARE, /* Addresses and neighbours come. */
    CARRY_SWITCH,  /* Next hop objects, routes and rules come. */
    CARRY_CLEAR,   /* What has come goes from the link that had it. */
};

enum { CARRY_GATEWAYS = 8 };

/* From where to where. A link with index 0 is not there (yet), and has nothing. */
struct carry {
    struct netns *ns;
    struct link_info from, to;
    const struct ipconf *want; /* What 'to' shall have. */
    struct ipconf there, left; /* What 'to' and 'from' have. */
    struct batch prepare, switchover, clear;
    struct neighbour gateways[CARRY_GATEWAYS];
    size_t n_gateways;
};

void carry_clear(struct carry *carry);
#define _cleanup_carry_ __attribute__((cleanup(carry_clear)))

/* Reads what both links have, and composes all requests. Addresses go only if 'forgets'. */
int carry_plan(struct carry *carry, bool forgets);

/* Sends what was composed for the step, CARRY_PREPARE, CARRY_SWITCH or CARRY_CLEAR. */
int carry_do(struct carry *carry, enum carry_step step);

/* Looks at both links until all is as it shall be, and puts right what is not. */
int carry_verify(struct carry *carry, bool forgets);

/* Adds what was composed to 'out', line by line. */
void carry_tell(const struct carry *carry, enum carry_step step, struct text *out);

/* Finds out which default gateways of what is wanted answer, over the link that has them. */
int carry_ask_gateways(struct carry *carry);

/* Fails unless those that have answered answer over 'to'. */
int carry_check_gateways(struct carry *carry, const struct deadline *deadline);

/* Makes the link ready to be given a configuration: its sysctls are as the record says, it is up,
 * has IPv6 if it had, and makes no address by itself. */
int carry_open_link(struct netns *ns, const char *link, const struct uplink_record *record);

/* Lets it make addresses by itself again, as the record says. */
int carry_settle_link(struct netns *ns, const char *link, const struct uplink_record *record);

#endif /* uplink_carry.h */
