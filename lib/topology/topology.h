/* What the modules of this room share, and what rooms above need besides the public calls. */

#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include <ovnk8s/port.h>
#include <ovnk8s/topology.h>

#include "base/ip.h"
#include "base/plan.h"

/* Numbers within a node's subnet. */
enum { ROUTER_INDEX = 1, MANAGEMENT_INDEX = 2, FIRST_POD_INDEX = 3 };

/* Read a text of one or two addresses with their lengths, or networks; fail with OVNK8S_INVALID
 * naming 'what'. */
int parse_addresses(const char *what, const char *text, struct prefixes *out);
int parse_networks(const char *what, const char *text, struct prefixes *out);

/* Address number 'index' of each subnet, with the length of the subnet. */
struct prefixes addresses_at(const struct prefixes *subnets, uint64_t index);

/* Whether the address is for pods: neither the router's, nor the node's own, nor for broadcast. */
bool is_pod_index(const struct prefix *subnet, uint64_t index);

/* How many addresses of the subnet are for pods; UINT64_MAX: more than that counts. */
uint64_t pod_capacity(const struct prefix *subnet);

/* "MAC IP..." as the column addresses of a logical switch port has it. */
enum { PORT_ADDRESSES_TEXT = MAC_TEXT + 2 * (IP_TEXT + 1) };
const char *port_addresses(struct arena *arena, const struct mac *mac, const struct prefixes *ips);
const char *port_addresses_text(const struct mac *mac, const struct prefixes *ips,
                                char out[static PORT_ADDRESSES_TEXT]);

/* Reads what port_addresses() writes; the addresses get the lengths of the subnets that they lie
 * in, one of each at most. False for anything else; 'out' may be changed then. */
bool port_addresses_parse(const char *text, const struct prefixes *subnets, struct mac *mac,
                          struct prefixes *out);

/* The subnets of a node, from the row of its logical switch. False when it has none. */
bool switch_subnets(const struct row *node_switch, struct prefixes *out);

/* Whether the row has been stated already: the same thing may be added twice to one plan. */
bool row_is_stated(const struct rows *wanted, const char *table, struct row_id id);

/* States the owner of a row. */
void row_is_owned(struct row *row, const char *owner);

/* States a logical router port with its peer, a logical switch port of type router, on both sides:
 * the port 'name' of 'router' with 'networks', and the port 'peer' of the switch. */
struct router_link {
    struct row *router, *node_switch;
    const char *name, *peer;
    struct prefixes networks;
    const struct mac *mac; /* NULL: from the first network. */
};

void want_router_link(struct rows *wanted, const char *owner, const struct router_link *link);

/* A pod port whose addresses may be chosen when the plan is computed. */
struct port_wish {
    const char *pod_namespace, *pod, *node;
    const char *pod_uid;       /* NULL: not recorded. */
    struct prefixes addresses; /* Used when there is no 'choose'. */
    const struct mac *mac;     /* NULL: from the first address. */

    /* Gives the addresses, anew each time the plan is computed. A plan with such a wish commits
     * only if nobody else has allocated from the same switch meanwhile. */
    int (*choose)(void *payload, struct prefixes *out);
    void *payload;
};

/* ovnk8s_port_add() for values that are known to be valid. Strings are copied. */
int port_intend(ovnk8s_plan *plan, const struct port_wish *wish);

#endif /* topology.h */
