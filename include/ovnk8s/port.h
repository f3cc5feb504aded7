/* Pod ports: the logical switch port of a pod.
 *
 * All calls here add to a plan and touch no database; see plan.h. Hundreds of ports may be added to
 * one plan. */

#ifndef OVNK8S_PORT_H
#define OVNK8S_PORT_H

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* What a pod port is. Strings are copied by ovnk8s_port_add(). */
typedef struct ovnk8s_port {
    size_t size;               /* Set by the initialiser. */
    const char *pod_namespace; /* The pod's namespace. */
    const char *pod;           /* The pod's name. */
    const char *node;          /* The node it runs on. */
    const char *addresses;     /* "10.1.2.3/24", of either family, or of both with a comma between;
                                * the lengths are those of the node's subnets. NULL: the port keeps
                                * what it has, or gets free ones, one of each subnet. */
    const char *mac;           /* "0a:58:0a:01:02:03", or NULL: computed from the address. */
    const char *pod_uid;       /* The pod's uid, which tells it from a later one of its name; NULL:
                                * not recorded. */
} ovnk8s_port;

#define OVNK8S_PORT_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_port), NULL, NULL, NULL, NULL, NULL, NULL                                    \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_port_init(ovnk8s_port *port);

/* Adds to 'plan' that the pod has a port: Logical_Switch_Port "<namespace>_<pod>" on the node's
 * logical switch, with external_ids namespace, pod, node and pod-uid, and with addresses and
 * port_security "MAC IP...". One that is there already, with other addresses or on another node, is
 * changed. Which addresses were chosen ovnk8s_plan_port_addresses() tells.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow, a malformed address or MAC),
 * OVNK8S_NOMEM. When the plan is applied: OVNK8S_NOTFOUND (the node is not there), OVNK8S_INVALID
 * (an address outside the node's subnet, one of the first two, which the router and the node have,
 * or the last of IPv4, which is for broadcast), OVNK8S_EXISTS (another pod, which is named, has the
 * address; a port of this name belongs to somebody else), OVNK8S_EXHAUSTED (no address is free).
 *
 * Source: Logical_Switch_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_port_add(ovnk8s_plan *plan, const ovnk8s_port *port);

/* Returns the addresses, "10.1.2.3/24" or two with a comma between, that the latest
 * ovnk8s_plan_apply() or ovnk8s_plan_compute() of 'plan' has given to the port of this pod that it
 * adds, NULL if there is none. They are valid until the plan is computed or applied again, or
 * freed. */
OVNK8S_API const char *ovnk8s_plan_port_addresses(const ovnk8s_plan *plan,
                                                  const char *pod_namespace, const char *pod);

/* Adds to 'plan' that the pod has no port on 'node'. It is no error when there is none.
 *
 * Errors: OVNK8S_INVALID (a name that Kubernetes does not allow), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_port_delete(ovnk8s_plan *plan, const char *pod_namespace,
                                                    const char *pod, const char *node);

OVNK8S_END_DECLS

#endif /* port.h */
