/* Making a host a gateway: how Open vSwitch gets at the outside.
 *
 * The logical side of a gateway is ovnk8s_gateway_add(); this is what its host needs. There are two
 * ways. A network interface that is for the gateway alone becomes a port of br-int. One that the
 * host uses too is a port of a bridge of Open vSwitch, which then is connected with br-int by a
 * pair of patch ports.
 *
 *     char *chassis, *mac;
 *     int error = ovnk8s_gateway_host_look(&chassis, &mac, vswitch, &host);
 *     ... ovnk8s_gateway_add() with these, ovnk8s_plan_apply() ...
 *     host.mac = mac;
 *     error = error ? error : ovnk8s_gateway_host_setup(vswitch, &host);
 *
 * Looking comes first, so that whatever is wrong with the host is known before anything is changed.
 */

#ifndef OVNK8S_GATEWAY_HOST_H
#define OVNK8S_GATEWAY_HOST_H

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>
#include <ovnk8s/vswitch.h>

OVNK8S_BEGIN_DECLS

/* How a host is a gateway. Of the two interfaces one is given, the other is NULL. */
typedef struct ovnk8s_gateway_host {
    size_t size;                    /* Set by the initialiser. */
    const char *node;               /* As ovnk8s_gateway.node. */
    const char *physical_interface; /* A network interface for the gateway alone. It becomes a port
                                     * of br-int, and LOSES ITS ADDRESSES: whatever reached the host
                                     * by them does not any more. */
    const char *bridge_interface;   /* A bridge of Open vSwitch with such an interface in it. */
    const char *physical_ips;       /* As ovnk8s_gateway.physical_ips. */
    const char *mac;                /* Of the interface, as ovnk8s_gateway_host_look() tells it:
                                     * a bridge is made to keep it. NULL: it is read again. */
    unsigned int timeout_ms;        /* For the whole call; 0: as the connection has it. */
} ovnk8s_gateway_host;

#define OVNK8S_GATEWAY_HOST_INIT                                                                   \
    {                                                                                              \
        sizeof(ovnk8s_gateway_host), NULL, NULL, NULL, NULL, NULL, 0                               \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_gateway_host_init(ovnk8s_gateway_host *host);

/* Checks that the host can be such a gateway, and tells what ovnk8s_gateway_add() must know: the
 * chassis, which is external_ids:system-id, in '*chassis' and the MAC address of the interface in
 * '*mac', both to be freed by ovnk8s_free(). Changes nothing.
 *
 * Errors: OVNK8S_INVALID (a malformed name or address; none or both of the interfaces; an interface
 * that is itself a bridge, is enslaved to a bond or other link, is the loopback one, or has the
 * address of external_ids:ovn-encap-ip, which it would lose; br-int as the bridge; a bridge of
 * another datapath type than br-int; a physical address that is in no network of the interface's
 * addresses, where it has any of that family), OVNK8S_NOTFOUND (no such interface, no such bridge,
 * no system-id), OVNK8S_EXISTS (the interface is a port of another bridge, or of br-int for another
 * purpose), OVNK8S_TIMEOUT, OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_look(char **chassis, char **mac,
                                                          ovnk8s_vswitch *vswitch,
                                                          const ovnk8s_gateway_host *host);

/* Sets the host up: br-int where it is missing, and
 *   for an interface of its own: that as a port of br-int, with iface-id "<interface>_<node>"; then
 *     its addresses are removed, and it is up;
 *   for a bridge: ports "k8s-patch-br-int-<bridge>" of br-int, with iface-id "<bridge>_<node>", and
 *     "k8s-patch-<bridge>-br-int" of the bridge; other_config:hwaddr of the bridge is its MAC.
 * What an earlier call with another interface has made for the node is removed. Doing it twice
 * changes nothing.
 *
 * Errors: those of ovnk8s_gateway_host_look(), after which nothing was changed; OVNK8S_TIMEOUT
 * (ovs-vswitchd did not make the ports), OVNK8S_PERMISSION. After these calling again is safe.
 *
 * Thread rule: that of 'vswitch'.
 *
 * Source: tables Bridge and Interface in ovs-vswitchd.conf.db(5); iface-id in ovn-controller(8). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_setup(ovnk8s_vswitch *vswitch,
                                                           const ovnk8s_gateway_host *host);

/* Adds to 'plan' the rows of Open vSwitch that ovnk8s_gateway_host_setup() makes, for
 * ovnk8s_vswitch_compute(). For the same rows the plan has the owner OVNK8S_DEFAULT_OWNER, and
 * 'host' has the MAC.
 *
 * Errors: OVNK8S_INVALID (a malformed name, address or MAC; none or both of the interfaces),
 * OVNK8S_NOMEM.
 *
 * Source: tables Bridge, Port and Interface in ovs-vswitchd.conf.db(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_plan(ovnk8s_plan *plan,
                                                          const ovnk8s_gateway_host *host);

/* Writes what ovnk8s_gateway_host_setup() would change in the kernel now as text for people into
 * '*out', to be freed by ovnk8s_free(); "" when nothing. Changes nothing itself. For example:
 *
 *     ~ link "eth1" up
 *     - address 10.33.74.138/24 of link "eth1"
 *
 * Errors: OVNK8S_INVALID, OVNK8S_NOTFOUND (no such interface), OVNK8S_SYSTEM, OVNK8S_NOMEM.
 *
 * Thread rule: any thread. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_preview(char **out,
                                                             const ovnk8s_gateway_host *host);

/* Reads which node the host is a gateway of by 'bridge', as ovnk8s_gateway_host_setup() has written
 * it down, into '*out', to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_INVALID (no name of a bridge), OVNK8S_NOTFOUND (of none), OVNK8S_TIMEOUT,
 * OVNK8S_CANCELLED, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_node(char **out, ovnk8s_vswitch *vswitch,
                                                          const char *bridge);

/* Undoes ovnk8s_gateway_host_setup() in Open vSwitch: the interface leaves br-int, or the patch
 * ports go. What is not undone: the interface does not get its addresses back, and a bridge keeps
 * its MAC. It is no error when the host is no gateway for the node.
 *
 * Errors: OVNK8S_INVALID (a malformed name), OVNK8S_TIMEOUT, OVNK8S_CANCELLED, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_delete(ovnk8s_vswitch *vswitch,
                                                            const char *node);

/* Adds to 'plan' what ovnk8s_gateway_host_delete() does, as ovnk8s_gateway_host_plan() does for the
 * set-up.
 *
 * Errors: OVNK8S_INVALID (a malformed name), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_gateway_host_delete_plan(ovnk8s_plan *plan,
                                                                 const char *node);

OVNK8S_END_DECLS

#endif /* gateway_host.h */
