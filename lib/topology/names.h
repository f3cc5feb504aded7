/* How things are called: rows of the Northbound database, their identities, and what is a valid
 * name of a node or a pod. */

#ifndef TOPOLOGY_NAMES_H
#define TOPOLOGY_NAMES_H

#include "base/arena.h"
#include "base/ip.h"
#include "base/row.h"

#define SWITCH_TABLE "Logical_Switch"
#define SWITCH_PORT_TABLE "Logical_Switch_Port"
#define ROUTER_TABLE "Logical_Router"
#define ROUTER_PORT_TABLE "Logical_Router_Port"
#define ROUTE_TABLE "Logical_Router_Static_Route"
#define NAT_TABLE "NAT"
#define POLICY_TABLE "Logical_Router_Policy"

/* Rows of this table to which no logical switch refers are of no effect in OVN, and ovn-northd does
 * not even look at them: the library's ledger is kept there. See ledger.h. */
#define LEDGER_TABLE "DNS"

/* Of the default owner; see join_switch_name(). */
#define JOIN_SWITCH "join"

/* Keys of external_ids. */
#define CLUSTER_ROUTER_KEY "k8s-cluster-router"
#define CLUSTER_NAME_KEY "k8s-cluster-name"
#define CLUSTER_SUBNET_KEY "k8s-cluster-subnet"
#define JOIN_SUBNET_KEY "k8s-join-subnet"
#define SERVICE_RANGE_KEY "k8s-service-range"
#define SUBNETS_KEY "k8s-subnets"
#define GATEWAY_IP_KEY "gateway_ip"
#define NAMESPACE_KEY "namespace"
#define POD_KEY "pod"
#define NODE_KEY "node"
#define POD_UID_KEY "pod-uid"
#define LEDGER_KEY "ovnk8s-ledger"
#define GATEWAY_KEY "k8s-gateway"
#define GATEWAY_NODE_KEY "k8s-gateway-node"

/* The cluster router is known by what it is, since its name, the master's, differs. */
struct row_id cluster_router_id(const char *owner);
struct row_id join_switch_id(const char *owner);
struct row_id switch_id(const char *owner, const char *name);
struct row_id switch_port_id(const char *owner, const char *name);
struct row_id router_port_id(const char *owner, const char *name);
struct row_id cluster_ledger_id(const char *owner);
struct row_id node_ledger_id(const char *owner, const char *node);
struct row_id gateway_ledger_id(const char *owner, const char *node);
struct row_id gateway_router_id(const char *owner, const char *node); /* "GR_<node>". */
struct row_id outer_switch_id(const char *owner, const char *node);   /* "ext_<node>". */

/* Of what has no name: a route of one of the kinds that a gateway has, its policies and its NAT;
 * and the policy for the service range. */
struct row_id gateway_route_id(const char *owner, const char *kind, const char *node,
                               const struct prefix *to);
struct row_id gateway_policy_id(const char *owner, const char *kind, const char *node,
                                const struct prefix *to);
struct row_id gateway_nat_id(const char *owner, const char *node, unsigned int family);
struct row_id service_range_policy_id(const char *owner, const struct prefix *range);

/* "<namespace>_<pod>", which cannot mean two pods: a namespace has no underscore. */
const char *pod_port_name(struct arena *arena, const char *pod_namespace, const char *pod);

/* Whether that could have made the name. */
bool is_pod_port_name(const char *name);

/* "join"; for another owner than the default "join_<owner>", since names of switches are unique and
 * a database may have several owners. No node is called so: its name has no underscore. */
const char *join_switch_name(struct arena *arena, const char *owner);

/* "k8s-<node>", "rtos-<node>" and "stor-<node>". */
const char *management_port_name(struct arena *arena, const char *node);
const char *node_router_port_name(struct arena *arena, const char *node);
const char *node_switch_port_name(struct arena *arena, const char *node);

/* "<interface>_<node>", the port of a gateway to the outside. */
const char *outer_interface_name(struct arena *arena, const char *interface, const char *node);

/* What people call a route: "<prefix><node> to <to>". */
const char *route_title(struct arena *arena, const char *prefix, const char *node,
                        const struct prefix *to);

/* Fail with OVNK8S_INVALID, naming 'what', unless 'name' is one as RFC 1123 allows: a DNS label, or
 * labels with dots between, as Kubernetes has them for nodes and pods. */
int check_dns_label(const char *what, const char *name);
int check_dns_name(const char *what, const char *name);

/* The same for a node, which cannot be called what the logical switch for gateways is. */
int check_node_name(const char *name);

#endif /* names.h */
