/* Networks of containers without a cluster: each is one logical switch that spans all hosts, with
 * one logical switch port for each attachment of a container to it.
 *
 * A host, a container id and the name of an interface identify an attachment, so that everything
 * that was made for it is found again without any memory of how it was made. Networks that are
 * routed are joined by a logical router, one for all of an owner.
 *
 * All calls here add to a plan and touch no database; see plan.h. Nothing here needs Kubernetes or
 * CNI. */

#ifndef OVNK8S_NETWORK_H
#define OVNK8S_NETWORK_H

#include <stdint.h>

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* What a network is. Strings are copied by ovnk8s_network_add(). */
typedef struct ovnk8s_network {
    size_t size;        /* Set by the initialiser. */
    const char *name;   /* 1 to 253 letters, digits, "_", "." or "-", of which the first is a letter
                         * or a digit: as CNI has it. */
    const char *subnet; /* "10.88.0.0/16", of either family, or of both with a comma between. */
    const char *gateway; /* "10.88.0.1", likewise: of the logical router when the network is routed,
                          * else of whoever else has it. NULL: the first of each subnet when it is
                          * routed, else none. */
    int is_routed;       /* Not 0: containers reach those of the owner's other routed networks. */
} ovnk8s_network;

#define OVNK8S_NETWORK_INIT                                                                        \
    {                                                                                              \
        sizeof(ovnk8s_network), NULL, NULL, NULL, 0                                                \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_network_init(ovnk8s_network *network);

/* Adds to 'plan' that the network exists: Logical_Switch 'name' and, when it is routed, a port of
 * Logical_Router "networks" ("networks_<owner>" for another owner than the default).
 *
 * Errors: OVNK8S_INVALID (a bad name, a malformed subnet, host bits set, a gateway outside the
 * subnet, a subnet without room for two containers), OVNK8S_NOMEM. When the plan is applied:
 * OVNK8S_EXISTS (the network is there with another subnet, gateway or routing; a routed one
 * overlaps another, which is named; a logical switch of this name is something else).
 *
 * Source: Logical_Switch, Logical_Router, Logical_Router_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_network_add(ovnk8s_plan *plan,
                                                    const ovnk8s_network *network);

/* Returns the gateways with their lengths, "10.88.0.1/16", or two with a comma between, "" for
 * none, that the network has which the latest ovnk8s_plan_apply() or ovnk8s_plan_compute() of
 * 'plan' has added or found; NULL if it adds none of this name. They are valid until the plan is
 * computed or applied again, or freed. */
OVNK8S_API const char *ovnk8s_plan_network_gateways(const ovnk8s_plan *plan, const char *name);

/* Adds to 'plan' that the network does not exist. With OVNK8S_FORCE (see topology.h) in 'flags' its
 * attachments go too. It is no error when there is none.
 *
 * Errors: OVNK8S_INVALID (a bad name, an unknown flag), OVNK8S_NOMEM. When the plan is applied:
 * OVNK8S_EXISTS (there are attachments, and it is not forced). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_network_delete(ovnk8s_plan *plan, const char *name,
                                                       unsigned int flags);

/* What an attachment is. Strings are copied by ovnk8s_attachment_add(). */
typedef struct ovnk8s_attachment {
    size_t size;              /* Set by the initialiser. */
    const char *network;      /* The name of the network. */
    const char *host;         /* Of the container: external_ids:system-id of its Open vSwitch. */
    const char *container_id; /* Unique on the host. */
    const char *interface;    /* Its name inside the container, such as "eth0". */
    const char *addresses;    /* "10.88.0.5", or with the length of the subnet, of a family each
                               * with a comma between. NULL, or of one family only: for the rest it
                               * keeps what it has, or gets free ones, one of each subnet. */
    const char *ranges;       /* Out of which free ones are chosen: "10.88.0.10-10.88.0.99", of a
                               * family each; NULL: all of the subnet. */
    const char *mac;          /* "0a:58:0a:58:00:05", or NULL: computed from the address. */
} ovnk8s_attachment;

#define OVNK8S_ATTACHMENT_INIT                                                                     \
    {                                                                                              \
        sizeof(ovnk8s_attachment), NULL, NULL, NULL, NULL, NULL, NULL, NULL                        \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_attachment_init(ovnk8s_attachment *attachment);

/* Adds to 'plan' that the attachment exists: Logical_Switch_Port
 * "<network>/<host>/<container id>/<interface>" on the network's logical switch, with addresses and
 * port_security "MAC IP...". The network may be added by the same plan.
 *
 * Errors: OVNK8S_INVALID (a bad name, a malformed address, range or MAC), OVNK8S_NOMEM. When the
 * plan is applied: OVNK8S_NOTFOUND (there is no such network), OVNK8S_INVALID (an address or range
 * outside the subnet, the gateway's address, the first of a subnet, or the last of IPv4, which is
 * for broadcast), OVNK8S_EXISTS (another attachment, which is named, has the address),
 * OVNK8S_EXHAUSTED (no address is free).
 *
 * Source: Logical_Switch_Port in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_attachment_add(ovnk8s_plan *plan,
                                                       const ovnk8s_attachment *attachment);

/* Writes the name of the logical switch port of the attachment, which is the iface-id for
 * ovnk8s_plug_add(), into '*out', to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_INVALID (a bad name), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_attachment_port_name(char **out,
                                                             const ovnk8s_attachment *attachment);

/* Return the addresses with their lengths, "10.88.0.5/16", or two with a comma between, and the MAC
 * that the latest ovnk8s_plan_apply() or ovnk8s_plan_compute() of 'plan' has given to the
 * attachment whose port has this name; NULL if it adds none. They are valid until the plan is
 * computed or applied again, or freed. */
OVNK8S_API const char *ovnk8s_plan_attachment_addresses(const ovnk8s_plan *plan,
                                                        const char *port_name);
OVNK8S_API const char *ovnk8s_plan_attachment_mac(const ovnk8s_plan *plan, const char *port_name);

/* Adds to 'plan' that the attachment does not exist: of 'attachment' only what identifies it
 * counts. It is no error when there is none.
 *
 * Errors: OVNK8S_INVALID (a bad name), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_attachment_delete(ovnk8s_plan *plan,
                                                          const ovnk8s_attachment *attachment);

/* Adds to 'plan' that of the attachments of 'host' to 'network' only the 'n' that 'kept' points to
 * exist, of which container id and interface count. Those of other hosts stay.
 *
 * Errors: OVNK8S_INVALID (a bad name), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_attachments_keep(ovnk8s_plan *plan, const char *network,
                                                         const char *host,
                                                         const ovnk8s_attachment *const *kept,
                                                         size_t n);

OVNK8S_END_DECLS

#endif /* network.h */
