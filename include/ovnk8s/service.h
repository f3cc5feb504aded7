/* Services: addresses that stand for several pods.
 *
 * A service is what Kubernetes calls so: virtual addresses and ports, and the endpoints that
 * connections to them are spread over. OVN's load balancers do it, wherever a packet enters the
 * logical network: at the switch of a node for pods and nodes, at a gateway for the outside.
 *
 * The calls here add to a plan and touch no database; see plan.h. Hundreds of services may be added
 * to one plan. Whoever follows services states each anew whenever something of it has changed: what
 * differs is changed, and nothing else.
 *
 * An array of structs here begins with the size of the first one, which is that of all: elements of
 * another version of the library are read right. */

#ifndef OVNK8S_SERVICE_H
#define OVNK8S_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* The largest number of endpoints that one port of a service can have, and of ports. */
#define OVNK8S_SERVICE_ENDPOINTS_MAX 4000
#define OVNK8S_SERVICE_PORTS_MAX 1000

/* One that serves. */
typedef struct ovnk8s_endpoint {
    size_t size;         /* Set by the initialiser. */
    const char *address; /* "192.168.2.3", or one of IPv6. */
    uint16_t port;    /* Where it listens: named target ports differ from endpoint to endpoint. */
    const char *node; /* The node it runs on; NULL: unknown, or on none. */
    bool is_terminating; /* Still serves, but is about to go: used only where there is no other. */
} ovnk8s_endpoint;

#define OVNK8S_ENDPOINT_INIT                                                                       \
    {                                                                                              \
        sizeof(ovnk8s_endpoint), NULL, 0, NULL, false                                              \
    }

/* A port of a service. */
typedef struct ovnk8s_service_port {
    size_t size;                      /* Set by the initialiser. */
    const char *protocol;             /* "tcp", "udp" or "sctp". */
    uint16_t port;                    /* At the addresses of the service. */
    uint16_t node_port;               /* At the physical addresses of all gateways; 0: none. */
    const ovnk8s_endpoint *endpoints; /* Of both families: each serves the addresses of its own. */
    size_t n_endpoints;               /* How many these are. */
    const char *not_at; /* Addresses of the service that do not serve this port, since it is another
                         * service's there; NULL or "": none. */
} ovnk8s_service_port;

#define OVNK8S_SERVICE_PORT_INIT                                                                   \
    {                                                                                              \
        sizeof(ovnk8s_service_port), NULL, 0, 0, NULL, 0, NULL                                     \
    }

/* What a service is. Everything is copied by ovnk8s_service_add(). Lists have commas between their
 * addresses, which may be of both families; NULL or "": none. */
typedef struct ovnk8s_service {
    size_t size;                      /* Set by the initialiser. */
    const char *service_namespace;    /* The service's namespace. */
    const char *name;                 /* The service's name. */
    const char *cluster_ips;          /* "10.96.0.10", or one of each family. */
    const char *external_ips;         /* Others that pods and gateways serve. */
    const char *load_balancer_ips;    /* The same, as a load balancer outside has given them. */
    const ovnk8s_service_port *ports; /* At least one. */
    size_t n_ports;                   /* How many these are. */
    unsigned int affinity_s; /* Not 0: connections of one client go to the same endpoint as long as
                              * the endpoints are the same; at most 86,400. How many seconds it is
                              * makes no difference: see docs/services.md. */
    bool internal_local;     /* Cluster addresses: from each node to its own endpoints only. */
    bool external_local;     /* Whatever comes in by a gateway goes to the endpoints on that node
                              * only, and they see the client's address. */
} ovnk8s_service;

#define OVNK8S_SERVICE_INIT                                                                        \
    {                                                                                              \
        sizeof(ovnk8s_service), NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, false, false             \
    }

/* The macros as functions, for bindings. */
OVNK8S_API void ovnk8s_endpoint_init(ovnk8s_endpoint *endpoint);
OVNK8S_API void ovnk8s_service_port_init(ovnk8s_service_port *port);
OVNK8S_API void ovnk8s_service_init(ovnk8s_service *service);

/* Adds to 'plan' that there is the service, as it is described, and nothing else of it: one
 * Load_Balancer for each protocol that its ports have, and more for each gateway with node ports,
 * and for each node or gateway where a traffic policy is Local. docs/services.md has the rows. What
 * was there of this service before and is not wanted any more goes; one without any address and
 * node port goes as a whole. Of several wishes about one service in a plan the last counts.
 *
 * A connection to an address whose port has no endpoint of its family is refused at once. An
 * endpoint reaches itself by its own service. Endpoints that are terminating are used where none is
 * that is not: of the node, where only those of the node count. Gateways that are added later serve
 * node ports and Local services once these are stated again.
 *
 * Two services must not have the same address, port and protocol: OVN would take either. Whoever
 * adds them decides, and says 'not_at' for the other one.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow; a malformed address; two cluster
 * addresses of one family; no port, port 0, a port or node port twice, an unknown protocol; too
 * many ports or endpoints; too long an affinity), OVNK8S_NOMEM. When the plan is applied:
 * OVNK8S_NOTFOUND (there is no cluster), OVNK8S_UNSUPPORTED (the server is of an OVN that is older
 * than table Load_Balancer_Group, of 21.12).
 *
 * Source: Load_Balancer, Load_Balancer_Group and Logical_Router_Policy in ovn-nb(5); Service and
 * EndpointSlice of Kubernetes. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_service_add(ovnk8s_plan *plan,
                                                    const ovnk8s_service *service);

/* Adds to 'plan' that there is no such service, as for one that has become headless. It is no error
 * when there is none.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_service_delete(ovnk8s_plan *plan, const char *service_namespace, const char *name);

OVNK8S_END_DECLS

#endif /* service.h */
