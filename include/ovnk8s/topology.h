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

#include <stdint.h>

#include <ovnk8s/common.h>
#include <ovnk8s/gateway.h>
#include <ovnk8s/network.h>
#include <ovnk8s/plan.h>
#include <ovnk8s/port.h>

OVNK8S_BEGIN_DECLS

/* What a cluster is. Strings are copied by ovnk8s_cluster_add(). */
typedef struct ovnk8s_cluster {
    size_t size;               /* Set by the initialiser. */
    const char *name;          /* Of the cluster router: by custom, of the master node. */
    const char *subnet;        /* The subnet, or the two, out of which all nodes get theirs. */
    const char *join_subnet;   /* Between the cluster router and gateway routers; NULL stands for
                                * "100.64.1.0/24,fd98::/64". */
    const char *service_range; /* The subnet, or the two, out of which Kubernetes takes the cluster
                                * addresses of services. NULL: what the cluster has, which is none
                                * at first; "": none. */
} ovnk8s_cluster;

#define OVNK8S_CLUSTER_INIT                                                                        \
    {                                                                                              \
        sizeof(ovnk8s_cluster), NULL, NULL, NULL, NULL                                             \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_cluster_init(ovnk8s_cluster *cluster);

/* Adds to 'plan' that the cluster exists: Logical_Router 'name' with
 * external_ids:k8s-cluster-router=yes, Logical_Switch "join", and the ports that connect them. With
 * a service range, which may be changed, the router drops what is for that range and has met no
 * load balancer on its way: it does not leave by a gateway.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node, a malformed subnet,
 * host bits set, a join subnet that overlaps the cluster's, a service range that overlaps one of
 * them or is of a family that the cluster's subnet has not), OVNK8S_NOMEM. When the plan is
 * applied: OVNK8S_EXISTS (the owner has a cluster already, of another name or subnet).
 *
 * Source: Logical_Router, Logical_Router_Policy, Logical_Router_Port, Logical_Switch,
 * Logical_Switch_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cluster_add(ovnk8s_plan *plan,
                                                    const ovnk8s_cluster *cluster);

/* For flags. */
enum {
    OVNK8S_FORCE = 1, /* What is in the way goes too. */
};

/* Adds to 'plan' that there is no cluster: the rows of ovnk8s_cluster_add() go. With OVNK8S_FORCE
 * in 'flags' its nodes go too, with everything that belongs to them. It is no error when there is
 * none.
 *
 * Errors: OVNK8S_INVALID (an unknown flag), OVNK8S_NOMEM. When the plan is applied: OVNK8S_EXISTS
 * (there are nodes, and it is not forced). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cluster_delete(ovnk8s_plan *plan, unsigned int flags);

/* What a node is. Strings are copied by ovnk8s_node_add(). */
typedef struct ovnk8s_node {
    size_t size;                /* Set by the initialiser. */
    const char *name;           /* As Kubernetes calls the node. */
    const char *subnet;         /* Of its logical switch. NULL: the node keeps what it has, or gets
                                 * the first free one of the cluster's subnet. */
    const char *cluster_subnet; /* What the caller believes the cluster's to be; NULL: no matter. */
    unsigned int ipv4_length;   /* Prefix length of a subnet that is chosen; 0 stands for 24. */
    unsigned int ipv6_length;   /* Likewise; 0 stands for 64. */
} ovnk8s_node;

#define OVNK8S_NODE_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_node), NULL, NULL, NULL, 0, 0                                                \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_node_init(ovnk8s_node *node);

/* Adds to 'plan' that the node exists: Logical_Switch 'name' with other_config:subnet, connected to
 * the cluster router, and Logical_Switch_Port "k8s-<name>" for the node itself. The cluster may be
 * added by the same plan. Which subnet was chosen ovnk8s_plan_node_subnet() tells.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node, a malformed subnet,
 * host bits set, fewer than 2 addresses for pods, outside 'cluster_subnet'), OVNK8S_NOMEM. When the
 * plan is applied: OVNK8S_NOTFOUND (there is no cluster), OVNK8S_INVALID (outside the cluster's
 * subnet; 'cluster_subnet' is not the cluster's; a length that does not fit into it), OVNK8S_EXISTS
 * (the node has another subnet; the subnet overlaps that of another node, which is named; a logical
 * switch of this name belongs to somebody else), OVNK8S_EXHAUSTED (no subnet is free).
 *
 * Source: Logical_Switch, Logical_Switch_Port, Logical_Router_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_node_add(ovnk8s_plan *plan, const ovnk8s_node *node);

/* Returns the subnet, or the two, that the latest ovnk8s_plan_apply() or ovnk8s_plan_compute() of
 * 'plan' has given to the node 'name' that it adds, NULL if there is none. It is valid until the
 * plan is computed or applied again, or freed. */
OVNK8S_API const char *ovnk8s_plan_node_subnet(const ovnk8s_plan *plan, const char *name);

/* Return the service range, or the join subnet, that the cluster has after the latest
 * ovnk8s_plan_apply() or ovnk8s_plan_compute() of 'plan', which adds the cluster or a node of it;
 * NULL if it has none. It is valid until the plan is computed or applied again, or freed. */
OVNK8S_API const char *ovnk8s_plan_service_range(const ovnk8s_plan *plan);
OVNK8S_API const char *ovnk8s_plan_join_subnet(const ovnk8s_plan *plan);

/* Adds to 'plan' that the node does not exist: its logical switch goes with all ports on it, those
 * of pods too, and its port of the cluster router. It is no error when there is none.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_node_delete(ovnk8s_plan *plan, const char *name);

/* Adds to 'plan' that the cluster, its nodes and their pod ports are as they were added: whatever
 * rows or columns of theirs somebody else has deleted or changed come back. Computing such a plan
 * is a check, applying it a repair. What has been added is known from the rows themselves, of which
 * each is described by others; docs/plans.md says how.
 *
 * When a restored backup has all rows under other UUIDs, those with the owner's mark, networks
 * without a cluster and their ports too, are made again under their own, with all that is in them.
 *
 * Errors: OVNK8S_NOMEM. When the plan is applied: OVNK8S_NOTFOUND (the owner has no cluster),
 * OVNK8S_EXISTS (somebody else's row has the name of one that is missing). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_topology_repair(ovnk8s_plan *plan);

/* Reading. */

/* A cluster as it is in the database: a value that is not tied to a connection. */
typedef struct ovnk8s_topology ovnk8s_topology;

/* Adds to 'plan' that ovnk8s_topology_new() will tell what there is: all of the owner's nodes; or
 * only 'node', if that is not NULL. The ports of pods are read when 'with_ports' is not 0, which
 * takes time and memory in proportion.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow for a node), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_topology_read(ovnk8s_plan *plan, const char *node,
                                                      int with_ports);

/* Creates in '*out', to be freed by ovnk8s_topology_free(), what the latest ovnk8s_plan_compute()
 * or ovnk8s_plan_apply() of 'plan' has read because of ovnk8s_topology_read(): the state before the
 * changes of that plan.
 *
 *     int error = ovnk8s_topology_read(plan, NULL, 0);
 *     error = error ? error : ovnk8s_plan_compute(plan, nb, NULL);
 *     error = error ? error : ovnk8s_topology_new(&topology, plan);
 *
 * Errors: OVNK8S_INVALID (the plan has read nothing), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_topology_new(ovnk8s_topology **out,
                                                     const ovnk8s_plan *plan);

/* Frees it. NULL is accepted. */
OVNK8S_API void ovnk8s_topology_free(ovnk8s_topology *topology);

/* Returns the cluster, NULL if there is none. It belongs to 'topology'. */
OVNK8S_API const ovnk8s_cluster *ovnk8s_topology_cluster(const ovnk8s_topology *topology);

/* A node as it is in the database. */
typedef struct ovnk8s_node_state {
    size_t size;           /* Of this struct. */
    const char *name;      /* As Kubernetes calls the node. */
    const char *subnet;    /* Its subnet, or the two. */
    const char *gateways;  /* The addresses of the cluster router there, "192.168.2.1/24". */
    const char *addresses; /* The node's own addresses, "192.168.2.2/24". */
    uint64_t n_ports;      /* How many pods have a port. */
    uint64_t capacity;     /* How many can; UINT64_MAX: more than that counts. */
} ovnk8s_node_state;

/* Returns how many nodes there are, and node number 'i' of them, ordered by name; NULL if there is
 * no such. It belongs to 'topology'. */
OVNK8S_API size_t ovnk8s_topology_nodes(const ovnk8s_topology *topology);
OVNK8S_API const ovnk8s_node_state *ovnk8s_topology_node(const ovnk8s_topology *topology, size_t i);

/* A gateway as it is in the database. No string is NULL, save 'cluster_subnet' of the gateway. */
typedef struct ovnk8s_gateway_state {
    size_t size;                   /* Of this struct. */
    const ovnk8s_gateway *gateway; /* As it was added; it can be given to ovnk8s_gateway_add(). */
    const char *join_addresses;    /* Of its router, in the join subnet, with lengths. */
    bool is_first;                 /* It is the cluster's first gateway. */
} ovnk8s_gateway_state;

/* Returns how many gateways were read, and gateway number 'i' of them, ordered by node; NULL if
 * there is no such. It belongs to 'topology'. */
OVNK8S_API size_t ovnk8s_topology_gateways(const ovnk8s_topology *topology);
OVNK8S_API const ovnk8s_gateway_state *ovnk8s_topology_gateway(const ovnk8s_topology *topology,
                                                               size_t i);

/* Returns how many pod ports were read, and port number 'i' of them, ordered by node, namespace and
 * pod; NULL if there is no such. It belongs to 'topology', and can be given to ovnk8s_port_add().
 */
OVNK8S_API size_t ovnk8s_topology_ports(const ovnk8s_topology *topology);
OVNK8S_API const ovnk8s_port *ovnk8s_topology_port(const ovnk8s_topology *topology, size_t i);

/* A network without a cluster as it is in the database; see network.h. */
typedef struct ovnk8s_network_state {
    size_t size;                   /* Of this struct. */
    const ovnk8s_network *network; /* As it was added; it can be given to ovnk8s_network_add(). */
    uint64_t n_attachments;        /* How many attachments of containers it has. */
} ovnk8s_network_state;

/* Returns how many networks were read, none when only a node was asked for, and network number 'i'
 * of them, ordered by name; NULL if there is no such. It belongs to 'topology'. */
OVNK8S_API size_t ovnk8s_topology_networks(const ovnk8s_topology *topology);
OVNK8S_API const ovnk8s_network_state *ovnk8s_topology_network(const ovnk8s_topology *topology,
                                                               size_t i);

/* Forms of ovnk8s_topology_draw(). */
enum ovnk8s_drawing {
    OVNK8S_DRAWING_TEXT = 0, /* A tree for a terminal. */
    OVNK8S_DRAWING_JSON = 1, /* For programs; docs/topology.md has its keys. */
    OVNK8S_DRAWING_DOT = 2,  /* For Graphviz. */
    OVNK8S_DRAWING_SVG = 3,  /* A picture that stands alone. */
};

/* Draws the topology into '*out', to be freed by ovnk8s_free(). Two equal topologies give the same
 * bytes.
 *
 * Errors: OVNK8S_INVALID (an unknown form), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_topology_draw(char **out, const ovnk8s_topology *topology,
                                                      enum ovnk8s_drawing form);

OVNK8S_END_DECLS

#endif /* topology.h */
