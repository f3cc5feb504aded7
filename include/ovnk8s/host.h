/* Making a host a node: the integration bridge and the management port.
 *
 * The logical side of a node is ovnk8s_node_add(); this is what its host needs. */

#ifndef OVNK8S_HOST_H
#define OVNK8S_HOST_H

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>
#include <ovnk8s/vswitch.h>

OVNK8S_BEGIN_DECLS

/* What a host is as a node. */
typedef struct ovnk8s_host {
    size_t size;                /* Set by the initialiser. */
    const char *node;           /* As ovnk8s_node.name. */
    const char *subnet;         /* As ovnk8s_node.subnet. */
    const char *cluster_subnet; /* As ovnk8s_cluster.subnet. */
    unsigned int mtu;           /* Of the management port, in bytes; 0: the default. */
    unsigned int timeout_ms;    /* For the whole call; 0: as the connection has it. */
    const char *service_range;  /* As ovnk8s_cluster.service_range; NULL or "": none. */
    const char *join_subnet;    /* As ovnk8s_cluster.join_subnet; NULL or "": no route to it. */
} ovnk8s_host;

#define OVNK8S_HOST_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_host), NULL, NULL, NULL, 0, 0, NULL, NULL                                    \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_host_init(ovnk8s_host *host);

/* Sets the host up: bridge br-int where it is missing (with the datapath type that
 * external_ids:ovn-bridge-datapath-type says), and the internal port "k8s-<node cut to 11>" with
 * the second address of the subnet and a route to the cluster's subnet by the first. With a service
 * range there is a route to that too, for connections from the second address; one to another
 * range, from before, goes. With a join subnet there is one to that, by which answers reach the
 * gateways that have brought a connection to the host. Doing it twice changes nothing; after a
 * reboot it gives the port its address again.
 *
 * Errors: OVNK8S_INVALID (a malformed name or subnet, a node's subnet outside the cluster's, a
 * service range or join subnet of a family that the node's subnet has not), OVNK8S_EXISTS (another
 * address or route is in the way), OVNK8S_TIMEOUT (ovs-vswitchd did not make the port),
 * OVNK8S_PERMISSION, OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'.
 *
 * Source: tables Bridge and Interface in ovs-vswitchd.conf.db(5); ovn-controller(8). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_host_setup(ovnk8s_vswitch *vswitch,
                                                   const ovnk8s_host *host);

/* Adds to 'plan' the rows of Open vSwitch that ovnk8s_host_setup() makes, for
 * ovnk8s_vswitch_compute(): bridge br-int, and the internal port. For the same rows the plan has
 * the owner OVNK8S_DEFAULT_OWNER.
 *
 * Errors: OVNK8S_INVALID (as ovnk8s_host_setup()), OVNK8S_NOMEM.
 *
 * Source: tables Bridge, Port and Interface in ovs-vswitchd.conf.db(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_host_plan(ovnk8s_plan *plan, const ovnk8s_host *host);

/* Writes what ovnk8s_host_setup() would change in the kernel now as text for people into '*out', to
 * be freed by ovnk8s_free(); "" when nothing. Changes nothing itself. For example:
 *
 *     ~ link "k8s-node1" up
 *     + address 192.168.2.2/24 of link "k8s-node1"
 *     + route 192.168.0.0/16 via 192.168.2.1 over link "k8s-node1"
 *
 * Errors: OVNK8S_INVALID (as ovnk8s_host_setup()), OVNK8S_SYSTEM, OVNK8S_NOMEM.
 *
 * Thread rule: any thread. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_host_preview(char **out, const ovnk8s_host *host);

OVNK8S_END_DECLS

#endif /* host.h */
