/* Gateways: how traffic of pods leaves the cluster, and enters it.
 *
 * A gateway is a node with a gateway router "GR_<node>" on its chassis, between the cluster's join
 * switch and the outside: a logical switch "ext_<node>" with a port for a network interface of the
 * host. Pods leave with the address of the gateway (SNAT). A cluster may have several: then they
 * share the traffic (ECMP).
 *
 * The calls here are the logical side, and add to a plan without touching a database; see plan.h.
 * What the host needs is in gateway_host.h. */

#ifndef OVNK8S_GATEWAY_H
#define OVNK8S_GATEWAY_H

#include <stdbool.h>

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* What a gateway is. Strings are copied by ovnk8s_gateway_add(). */
typedef struct ovnk8s_gateway {
    size_t size;              /* Set by the initialiser. */
    const char *node;         /* The node, which exists. */
    const char *chassis;      /* Its system-id, as in external_ids of Open_vSwitch. */
    const char *interface;    /* The host's interface, or bridge, to the outside: the logical
                               * port is called "<interface>_<node>". */
    const char *mac;          /* The MAC address of that interface. */
    const char *physical_ips; /* Its address, "10.33.74.138/24", of either family, or of both with
                               * a comma between. */
    const char *default_gateways; /* Next hops to the outside, "10.33.74.253", one of each family at
                                   * most; NULL or "": none. */
    const char *rampout_subnets;  /* Whatever has a source address of these subnets leaves by this
                                   * gateway; with commas between. NULL or "": none. */
    bool single_default;          /* No default route by this gateway unless it is the first. */
    const char *cluster_subnet; /* What the caller believes the cluster's to be; NULL: no matter. */
    bool is_shared; /* The host has the physical addresses too, as on a bridge that both use. */
} ovnk8s_gateway;

#define OVNK8S_GATEWAY_INIT                                                                        \
    {                                                                                              \
        sizeof(ovnk8s_gateway), NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, false       \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_gateway_init(ovnk8s_gateway *gateway);

/* Adds to 'plan' that the node is a gateway: Logical_Router "GR_<node>" on the chassis, connected
 * to the join switch by the next free address of the join subnet and to Logical_Switch "ext_<node>"
 * by the physical address; routes to the cluster's subnet, to the default gateways and, in the
 * cluster router, by this gateway to everywhere; and SNAT of the cluster's subnet. What pods send
 * to physical addresses that are shared with the host reaches the host, by its port as a node. One
 * that is there already with other parameters is changed. Node and cluster may be added by the same
 * plan.
 *
 * Errors: OVNK8S_INVALID (a malformed name, address or MAC; a default gateway that is not in the
 * physical network; a rampout subnet with host bits; nothing of the families of the physical
 * addresses), OVNK8S_NOMEM. When the plan is applied: OVNK8S_NOTFOUND (there is no cluster, or no
 * such node), OVNK8S_INVALID (no physical address of a family of the cluster; 'cluster_subnet' is
 * not the cluster's), OVNK8S_EXHAUSTED (no address of the join subnet is free), OVNK8S_EXISTS (a
 * row of this name belongs to somebody else).
 *
 * Source: Logical_Router, Logical_Router_Policy, Logical_Router_Static_Route, NAT in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_add(ovnk8s_plan *plan,
                                                    const ovnk8s_gateway *gateway);

/* Adds to 'plan' that the node is no gateway. When it was the first one, another takes its place.
 * It is no error when there is none.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_delete(ovnk8s_plan *plan, const char *node);

OVNK8S_END_DECLS

#endif /* gateway.h */
