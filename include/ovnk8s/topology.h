/* The logical network: a cluster, and the nodes in it.
 *
 * A cluster is a logical router with a "join" switch, to which gateways connect. A node is a
 * logical switch with a subnet of its own, connected to that router; the first address of the
 * subnet is the router's, the second the node's own (its management port).
 *
 * All calls here add to a plan and touch no database; see plan.h.
 *
 * Subnets are text, "192.168.0.0/16", of either family, or of both: "192.168.0.0/16,fd01::/48". */

#ifndef OVNK8S_TOPOLOGY_H
#define OVNK8S_TOPOLOGY_H

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* What a cluster is. Strings are copied by ovnk8s_cluster_add(). */
typedef struct ovnk8s_cluster {
    size_t size;             /* Set by the initialiser. */
    const char *name;        /* Of the cluster router: by custom, of the master node. */
    const char *subnet;      /* The subnet, or the two, out of which all nodes get theirs. */
    const char *join_subnet; /* Between the cluster router and gateway routers; NULL stands for
                              * "100.64.1.0/24,fd98::/64". */
} ovnk8s_cluster;

#define OVNK8S_CLUSTER_INIT                                                                        \
    {                                                                                              \
        sizeof(ovnk8s_cluster), NULL, NULL, NULL                                                   \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_cluster_init(ovnk8s_cluster *cluster);

/* Adds to 'plan' that the cluster exists: Logical_Router 'name' with
 * external_ids:k8s-cluster-router=yes, Logical_Switch "join", and the ports that connect them.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node, a malformed subnet,
 * host bits set, a join subnet that overlaps the cluster's), OVNK8S_NOMEM. When the plan is
 * applied: OVNK8S_EXISTS (the owner has a cluster already, of another name or subnet).
 *
 * Source: Logical_Router, Logical_Router_Port, Logical_Switch, Logical_Switch_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cluster_add(ovnk8s_plan *plan,
                                                    const ovnk8s_cluster *cluster);

/* What a node is. Strings are copied by ovnk8s_node_add(). */
typedef struct ovnk8s_node {
    size_t size;                /* Set by the initialiser. */
    const char *name;           /* As Kubernetes calls the node. */
    const char *subnet;         /* Of its logical switch. */
    const char *cluster_subnet; /* What the caller believes the cluster's to be; NULL: no matter. */
} ovnk8s_node;

#define OVNK8S_NODE_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_node), NULL, NULL, NULL                                                      \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_node_init(ovnk8s_node *node);

/* Adds to 'plan' that the node exists: Logical_Switch 'name' with other_config:subnet, connected to
 * the cluster router, and Logical_Switch_Port "k8s-<name>" for the node itself. The cluster may be
 * added by the same plan.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node, a malformed subnet,
 * host bits set, fewer than 2 addresses for pods, outside 'cluster_subnet'), OVNK8S_NOMEM. When the
 * plan is applied: OVNK8S_NOTFOUND (there is no cluster), OVNK8S_INVALID (outside the cluster's
 * subnet; 'cluster_subnet' is not the cluster's), OVNK8S_EXISTS (the node has another subnet; the
 * subnet overlaps that of another node, which is named; a logical switch of this name belongs to
 * somebody else).
 *
 * Source: Logical_Switch, Logical_Switch_Port, Logical_Router_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_node_add(ovnk8s_plan *plan, const ovnk8s_node *node);

OVNK8S_END_DECLS

#endif /* topology.h */
