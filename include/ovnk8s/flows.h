/* The OpenFlow flows of a gateway: which packets of a NIC that host and pods share are whose.
 *
 * A gateway whose NIC is a port of a bridge has one address for two: the host itself, at the
 * bridge's own port LOCAL, and OVN's gateway router, behind a patch port to br-int, which gives the
 * pods' connections that address. Neither OVN nor a learning switch can tell whose a packet from
 * outside is. These flows can: connections that pods have begun are remembered by the connection
 * tracker, in a zone of its own, and what is neither of such a connection nor for a published port
 * of a Service is the host's.
 *
 *     ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
 *     gateway.physical_port = "eth0";
 *     gateway.patch_port = "k8s-patch-breth0-br-int";
 *     ovnk8s_bridge_open(&bridge, "unix:/var/run/openvswitch/breth0.mgmt", NULL);
 *     gateway.mac = ovnk8s_bridge_mac(bridge);
 *     ovnk8s_flows_new(&flows, &gateway);
 *     ovnk8s_flows_add_service(flows, "tcp", NULL, 30080);
 *     ovnk8s_flows_apply(flows, bridge, NULL);
 *
 * The flows are a value: they can be printed and compared without a switch. Applying reads what the
 * bridge has under the library's cookie and sends the difference as one atomic bundle; flows of
 * other cookies are never changed. They stay in the bridge when the program ends, and are gone when
 * ovs-vswitchd restarts: <ovnk8s/gateway_helper.h> puts them back then.
 *
 * While they are not there, the bridge does what it does by itself. In fail mode standalone, which
 * the host's own traffic needs, it is a learning switch: the host is served, pods may not be.
 *
 * Thread rule: flows, and a bridge, belong to one thread at a time; different ones are independent.
 */

#ifndef OVNK8S_FLOWS_H
#define OVNK8S_FLOWS_H

#include <ovnk8s/common.h>
#include <ovnk8s/nb.h>

OVNK8S_BEGIN_DECLS

/* The cookie of all flows that the library makes: "ovnk8sgw". */
#define OVNK8S_FLOWS_COOKIE UINT64_C(0x6f766e6b38736777)

/* The zone of the connection tracker that is used where no other is given. */
#define OVNK8S_DEFAULT_ZONE 64000

/* Flows of one gateway. */
typedef struct ovnk8s_flows ovnk8s_flows;

/* What the flows of a gateway follow from. Strings are copied. */
typedef struct ovnk8s_gateway_flows {
    size_t size;               /* Set by the initialiser. */
    const char *physical_port; /* The NIC, as a port of the bridge. */
    const char *patch_port;    /* The way to br-int and the gateway router. */
    const char
        *mac; /* That host and gateway router share; NULL: it is not told apart. See below. */
    unsigned int zone; /* Of the connection tracker, 1 to 65535. */
    bool ipv4, ipv6;   /* For which families; one of them at least. */
} ovnk8s_gateway_flows;

#define OVNK8S_GATEWAY_FLOWS_INIT                                                                  \
    {                                                                                              \
        sizeof(ovnk8s_gateway_flows), NULL, NULL, NULL, OVNK8S_DEFAULT_ZONE, true, true            \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_gateway_flows_init(ovnk8s_gateway_flows *gateway);

/* Creates the flows of a gateway without Services in '*out', to be freed by ovnk8s_flows_free().
 *
 * With 'mac', packets for it that are not a pod's are sent to LOCAL, and those by which neighbours
 * are found (ARP, and ICMPv6 solicitations and advertisements) to both. Without it, learning
 * decides; but the bridge learns that address from both sides, so that packets for the host may be
 * lost for moments. It is only left out where host and gateway router have addresses of their own.
 *
 * Errors: OVNK8S_INVALID (a port is missing, too long or has strange characters; both are the same;
 * 'mac' is none; the zone; no family), OVNK8S_NOMEM.
 *
 * Source: ovs-fields(7), ovs-actions(7) "The ct action". */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_flows_new(ovnk8s_flows **out,
                                                  const ovnk8s_gateway_flows *gateway);

/* Frees 'flows'. NULL is accepted. */
OVNK8S_API void ovnk8s_flows_free(ovnk8s_flows *flows);

/* Adds the flows that bring packets for 'port' of 'protocol' ("tcp", "udp" or "sctp", in either
 * case) from outside to the gateway router: those for 'address', an external or load balancer's IP
 * ("192.0.2.7"), or, where that is NULL, for a NodePort, to whichever address. Adding the same
 * again is no error.
 *
 * Errors: OVNK8S_INVALID (the protocol; no address, or one of a family that the gateway does not
 * have; the port is not of 1 to 65535), OVNK8S_NOMEM, after which the flows are good for nothing
 * but being freed.
 *
 * Source: Kubernetes ServicePort "protocol" and "nodePort", ServiceSpec "externalIPs",
 * ServiceStatus "loadBalancer". */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_flows_add_service(ovnk8s_flows *flows, const char *protocol,
                                                          const char *address, unsigned int port);

/* Returns the number of flows. */
OVNK8S_API size_t ovnk8s_flows_count(const ovnk8s_flows *flows);

/* Puts the flows, one on each line, into '*out', to be freed by ovnk8s_free(): as "ovs-ofctl
 * --names
 * --no-stats dump-flows" shows them, without the space in front, and with whole names of ports.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_flows_text(const ovnk8s_flows *flows, char **out);

/* Returns whether both are the same flows, in whatever order they were added. */
OVNK8S_API bool ovnk8s_flows_equal(const ovnk8s_flows *a, const ovnk8s_flows *b);

/* An OpenFlow connection to one bridge. */
typedef struct ovnk8s_bridge ovnk8s_bridge;

/* Connects to a bridge's management socket: "unix:/var/run/openvswitch/BRIDGE.mgmt", or
 * "tcp:ADDRESS:PORT" where one listens there, and waits until its ports are known. Of 'options',
 * which may be NULL, those for TLS are not used. '*out' is closed by ovnk8s_bridge_close().
 * ovnk8s_settings_open_bridge() opens it by the bridge's name.
 *
 * Errors: OVNK8S_INVALID (the remote, an option), OVNK8S_UNSUPPORTED (an ssl: remote; a bridge that
 * speaks neither OpenFlow 1.4 nor 1.5), OVNK8S_TIMEOUT (not reached by the deadline; the message
 * has the last reason), OVNK8S_PROTOCOL (what is there is no switch), OVNK8S_CANCELLED,
 * OVNK8S_NOMEM.
 *
 * Source: ovs-ofctl(8), OpenFlow Switch Specification 1.4 and 1.5. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_bridge_open(ovnk8s_bridge **out, const char *remote,
                                                    const ovnk8s_connect_options *options);

/* Closes the connection and frees it; flows stay. NULL is accepted. */
OVNK8S_API void ovnk8s_bridge_close(ovnk8s_bridge *bridge);

/* Sets the deadline of each blocking call from now on, in ms; 0 stands for 10,000. */
OVNK8S_API void ovnk8s_bridge_set_timeout(ovnk8s_bridge *bridge, unsigned int timeout_ms);

/* Returns the MAC address of the bridge's own port, "0a:58:0a:01:02:03"; NULL when it is not known.
 * Valid until the next call on the bridge. */
OVNK8S_API const char *ovnk8s_bridge_mac(ovnk8s_bridge *bridge);

/* What applying has done. */
typedef struct ovnk8s_flows_result {
    size_t size;    /* Set by the caller, to sizeof(ovnk8s_flows_result). */
    size_t added;   /* Flows that were not there. */
    size_t changed; /* Flows that did something else. */
    size_t deleted; /* Flows of the library's cookie that are wanted no more. */
    size_t foreign; /* Flows that are not there: somebody else has one for the very same packets. */
} ovnk8s_flows_result;

/* Makes the flows of the library's cookie on the bridge those of 'flows', by one ordered and atomic
 * bundle: all of it happens or nothing. When nothing differs, nothing is sent but questions. What
 * was done is told in '*result', which may be NULL.
 *
 * A flow of another cookie for the very same packets, in table and priority too, is left alone; it
 * is counted in 'foreign', and the bridge's log function is told.
 *
 * Errors: OVNK8S_INVALID ('result->size'), OVNK8S_NOTFOUND (the bridge has no such port),
 * OVNK8S_CONFLICT (two ports of the bridge have the same first 15 characters, which are all that
 * OpenFlow tells), OVNK8S_TIMEOUT, OVNK8S_CANCELLED, OVNK8S_PROTOCOL (the switch's answer makes no
 * sense, or it refuses), OVNK8S_UNSUPPORTED (the switch lacks something that the flows need),
 * OVNK8S_EXHAUSTED (its tables are full), OVNK8S_PERMISSION, OVNK8S_NOMEM. A connection that breaks
 * is made again and the work begun anew, until the deadline.
 *
 * Source: OpenFlow Switch Specification 1.4, "Bundle Messages". */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_flows_apply(const ovnk8s_flows *flows, ovnk8s_bridge *bridge, ovnk8s_flows_result *result);

/* Deletes all flows of the library's cookie from the bridge. 'result' may be NULL.
 *
 * Errors: as ovnk8s_flows_apply(). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_flows_delete(ovnk8s_bridge *bridge,
                                                     ovnk8s_flows_result *result);

OVNK8S_END_DECLS

#endif /* flows.h */
