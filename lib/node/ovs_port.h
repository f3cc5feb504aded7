/* Ports of an Open vSwitch bridge as wishes of a plan.
 *
 * A port's rows are found again from its key alone, so that nothing needs to be remembered. */

#ifndef NODE_OVS_PORT_H
#define NODE_OVS_PORT_H

#include "base/plan.h"

#define INTEGRATION_BRIDGE "br-int"

enum { OVS_PORT_IDS = 8 };

struct ovs_port {
    const char *key;                /* What the port is for: identity is computed from it. */
    const char *interface;          /* The name of the network device. */
    const char *type;               /* "internal", "patch", or NULL for a device that exists. */
    const char *bridge;             /* NULL: br-int. */
    const struct row_id *bridge_id; /* Its row, where that is known: it is not looked up then. */
    const char *peer;               /* Of a patch port. */
    bool is_kept;     /* It may be there already, from an earlier set-up of the host. */
    const char *mac;  /* For internal ones; NULL: chosen by Open vSwitch. */
    unsigned int mtu; /* For internal ones; 0: the default. */
    const char
        *ids[OVS_PORT_IDS][2]; /* external_ids; a NULL key ends them; NULL values are left out. */
};

/* The Interface row of the port that 'key' stands for. */
struct row_id ovs_interface_id(const char *owner, const char *key);

/* Adds to 'plan' that the bridge has the port. Strings are copied. */
int ovs_port_add(ovnk8s_plan *plan, const struct ovs_port *port);

/* Adds to 'plan' that br-int, of which 'bridge_id' may be known, has no port that 'key' stands for.
 */
int ovs_port_delete(ovnk8s_plan *plan, const char *key, const struct row_id *bridge_id);

/* Asks about the port of br-int that 'key' stands for, with the columns external_ids, ofport and
 * error of its Interface; and tells whether the port is there, whole, among what was found. */
void ovs_port_ask(struct rows *asked, const char *owner, const char *key);
bool ovs_port_is_there(const struct rows *facts, const char *owner, const char *key);

#endif /* ovs_port.h */
