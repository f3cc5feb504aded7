/* Services: what is known of one, and the rows that it is made into.
 *
 * Each protocol of a service has a main row of Load_Balancer, "<namespace>/<name> <protocol>", and
 * more where what a packet meets depends on where it comes in: see service_rows.c. */

#ifndef TOPOLOGY_SERVICE_H
#define TOPOLOGY_SERVICE_H

#include <ovnk8s/service.h>

#include "topology/gateway.h"

#define SERVICE_NAMESPACE_KEY "k8s-service-namespace"
#define SERVICE_NAME_KEY "k8s-service-name"
/* Of a main row: the nodes that have a row of their own, with spaces between; and "yes" if gateways
 * have. */
#define SERVICE_NODES_KEY "k8s-service-nodes"
#define SERVICE_GATEWAYS_KEY "k8s-service-gateways"

enum { SERVICE_PROTOCOLS = 3 };
extern const char *const service_protocols[SERVICE_PROTOCOLS];

struct endpoint_record {
    struct ip ip;
    uint16_t port;
    const char *node; /* NULL: unknown. */
    bool is_terminating;
};

struct ip_list {
    struct ip *of;
    size_t n;
};

struct service_port_record {
    size_t protocol; /* In service_protocols. */
    uint16_t port, node_port;
    struct endpoint_record *endpoints;
    size_t n_endpoints;
    struct ip_list not_at; /* Of the service's addresses. */
};

struct service_record {
    const char *service_namespace, *name;
    struct ip_list cluster, external;
    struct service_port_record *ports;
    size_t n_ports;
    bool has_affinity, internal_local, external_local;
};

/* Reads what ovnk8s_service_add() is given. Everything in 'out' is in 'arena'. */
int service_parse(const ovnk8s_service *service, struct arena *arena, struct service_record *out);

bool ip_list_has(const struct ip_list *list, const struct ip *ip);

/* Where services are at work, as far as they depend on it. */
struct service_sites {
    const struct cluster_record *cluster;
    const struct gateway_record *gateways;
    size_t n_gateways;
    /* Whether there is a node of this name; endpoints of others have no node. */
    bool (*has_node)(const void *payload, const char *node);
    const void *payload;
    bool is_new[SERVICE_PROTOCOLS]; /* There are believed to be no rows of the protocol. */
};

/* States the rows of the service, and that they are in their groups. The groups exist. */
void want_service(struct rows *wanted, const char *owner, const struct service_record *service,
                  const struct service_sites *sites);

/* The gateways that there are, as facts tell; NULL while nothing is known. And those that there are
 * after the plan, in 'sites'. */
const struct gateway_list *service_gateways(const struct scene *scene);
int service_find_gateways(const struct scene *scene, struct rows *wanted,
                          struct service_sites *sites);

/* A copy of the rows of load balancers and of policies, and who is in which group. */
struct service_copy {
    const struct row *(*find)(const void *payload, const char *table, struct row_id id);
    bool (*is_member)(const void *payload, struct row_id group, struct row_id balancer);
    const void *payload;
};

/* Whether all that ovnk8s_service_add() would want is in the copy already, and nothing else of the
 * service. The facts of 'scene' are the routers and groups that there are. False when in doubt. */
bool service_is_settled(const struct scene *scene, const ovnk8s_service *service,
                        const struct service_copy *copy);

/* What a row of a service is for. */
enum service_part {
    PART_MAIN,    /* All nodes, and, unless external traffic is local, all gateways. */
    PART_NODE,    /* Cluster addresses on one node: its own endpoints. */
    PART_GATEWAY, /* The node ports of one gateway. */
    PART_LOCAL,   /* What comes in by one gateway, for its own endpoints. */
};

/* "<namespace>/<name> <protocol>[ <part> <site>][ refused]". */
const char *balancer_name(struct arena *arena, const char *service_namespace, const char *name,
                          size_t protocol, enum service_part part, const char *site,
                          bool is_refused);

/* Of what sends replies of local endpoints back by the gateway that the client has come in by. */
struct row_id service_policy_id(const char *owner, const char *service_namespace, const char *name,
                                size_t protocol, const char *gateway, unsigned int family);

#endif /* service.h */
