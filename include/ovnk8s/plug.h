/* Plugging a container into the integration bridge of its host.
 *
 * A container's network interface is one end of a veth pair, the other end of which is a port of
 * br-int; ovn-controller connects that port to the logical switch port named by its iface-id.
 * Everything that is made for a container is found again from (container id, interface name) alone,
 * so that it can be removed without any memory of how it was made.
 *
 * Two containers of a host may be plugged with the same iface-id, as the old and the new sandbox of
 * one pod: the newer one has the logical port from then on, and the older one is left without.
 *
 * Limits of the rate hold for datapaths in the kernel and in userspace alike. What comes to the
 * container is limited by Open vSwitch, with a QoS row of type linux-htb at its port: that needs
 * sch_htb in the kernel. What comes from the container is limited where it leaves it, by a tbf at
 * the interface inside: policing, as Open vSwitch has it, needs cls_basic and act_police and has no
 * effect on a datapath in userspace, which reads packets before they are policed. It is asked for
 * besides (ingress_policing_rate), since a container that may change its interfaces (CAP_NET_ADMIN)
 * can take off the tbf; with a datapath in userspace nothing else holds it then.
 *
 * Nothing here needs Kubernetes or CNI. */

#ifndef OVNK8S_PLUG_H
#define OVNK8S_PLUG_H

#include <ovnk8s/common.h>
#include <ovnk8s/vswitch.h>

OVNK8S_BEGIN_DECLS

/* What a container's interface shall be. */
typedef struct ovnk8s_plug {
    size_t size;              /* Set by the initialiser. */
    const char *container_id; /* Of the sandbox: unique on the host, of any length and form. */
    const char *interface;    /* Name inside the container, such as "eth0". */
    const char *netns;        /* Path of its network namespace. */
    const char *iface_id;     /* Name of the logical switch port. */
    const char *iface_id_ver; /* Which incarnation of it, such as the pod's uid; may be NULL. */
    const char *mac;          /* "0a:58:0a:01:02:03". */
    const char *addresses;   /* "10.1.2.3/24", of either family, or of both with a comma between. */
    const char *gateways;    /* "10.1.2.1", likewise, for the default routes; NULL: none. */
    unsigned int mtu;        /* Of the interface, in bytes; 0: what fits into a tunnel. */
    unsigned int timeout_ms; /* For the whole call; 0: as the connection has it. */
    /* Further routes, "10.0.0.0/8 10.1.2.254,192.168.0.0/16": DESTINATION[ GATEWAY] with commas
     * between. Without a gateway: by that of 'gateways' of the same family, or, where there is none
     * either, straight over the interface. A default route here stands in place of the one that
     * 'gateways' would make. NULL: none. */
    const char *routes;
    const char *network; /* Name of the network that the interface is attached to; NULL: none. */
    /* In bits per second and bits, as the container sees it: ingress is what comes to it. A rate of
     * 0: no limit; a burst of 0: one that suits the rate. */
    uint64_t ingress_rate, ingress_burst, egress_rate, egress_burst;
} ovnk8s_plug;

#define OVNK8S_PLUG_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_plug), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, 0,  \
            0, 0, 0                                                                                \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_plug_init(ovnk8s_plug *plug);

/* Makes the interface in the container with its MAC, MTU, addresses and routes, connects it to
 * br-int, and waits until its flows are installed. On failure everything is as before.
 *
 * No address is tentative afterwards, that of the link included. Where the datapath is in userspace
 * (datapath_type of br-int is "netdev"), the container's kernel completes the checksums of what it
 * sends, since nobody else would. An MTU of 0 becomes that of the host's interface with the address
 * in external_ids:ovn-encap-ip less what the encapsulation adds, 58 bytes for Geneve over IPv4; or
 * the kernel's default where that cannot be found out.
 *
 * The name of the host's end, 15 characters, is put into 'host_interface' unless that is NULL; it
 * has room for 16 bytes.
 *
 * Errors: OVNK8S_INVALID (a malformed value; 'netns' is no network namespace), OVNK8S_NOTFOUND
 * ('netns' does not exist; the host has no br-int), OVNK8S_EXISTS (the container has such an
 * interface already, or this one was plugged before), OVNK8S_TIMEOUT (in stage "flows": no flows;
 * the message tells whether Open vSwitch has the port and for how long ovn-controller was waited
 * for), OVNK8S_PERMISSION, OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'; the calling thread enters the container's namespace for moments
 * and comes back.
 *
 * Source: external_ids:iface-id, iface-id-ver, attached-mac and ovn-installed, and
 * ingress_policing_rate, of table Interface, tables QoS and Queue in ovs-vswitchd.conf.db(5);
 * ovn-controller(8); tc-tbf(8). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plug_add(ovnk8s_vswitch *vswitch, const ovnk8s_plug *plug,
                                                 char *host_interface);

/* Removes what ovnk8s_plug_add() has made for (container id, interface), even half of it; the
 * container's namespace may be gone. It is no error when there is nothing.
 *
 * Errors: OVNK8S_INVALID (no container id or interface), OVNK8S_TIMEOUT, OVNK8S_PERMISSION,
 * OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_plug_delete(ovnk8s_vswitch *vswitch, const char *container_id, const char *interface);

/* Finds out whether all that ovnk8s_plug_add() has made for 'plug' is still so: the namespace, the
 * interface in it as one end of a veth pair of which the other end is the host's, both up, MAC,
 * MTU, addresses and routes; and in Open vSwitch the port of br-int with its iface-id, MAC and
 * OpenFlow port, and its flows. What somebody has added to that is no failure. Members that are 0
 * or NULL are not checked, except 'container_id', 'interface' and 'netns', which are needed.
 * Changes nothing.
 *
 * Errors: OVNK8S_INVALID (a malformed value), OVNK8S_NOTFOUND (something is missing),
 * OVNK8S_CONFLICT (something is not as it should be); the message names the one thing, and the
 * stage is "check". OVNK8S_TIMEOUT, OVNK8S_UNAVAILABLE, OVNK8S_PERMISSION, OVNK8S_CANCELLED,
 * OVNK8S_SYSTEM, OVNK8S_NOMEM: it could not be found out.
 *
 * Thread rule: that of ovnk8s_plug_add(). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plug_check(ovnk8s_vswitch *vswitch,
                                                   const ovnk8s_plug *plug);

/* What is plugged, as Open vSwitch has it on record. No string is NULL. */
typedef struct ovnk8s_plugged {
    size_t size;                /* Of this struct. */
    const char *container_id;   /* As it was given to ovnk8s_plug_add(), and so ... */
    const char *interface;      /* ... the name inside the container, */
    const char *network;        /* the network ("" for none), */
    const char *iface_id;       /* and the logical port; "" when a newer container has taken it. */
    const char *host_interface; /* The name of the host's end. */
} ovnk8s_plugged;

/* Lists what ovnk8s_plug_add() has plugged on this host, ordered by container id and interface, in
 * '*out', an array of '*n' pointers that ends with NULL. The array and all that it points to are
 * one block, to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_TIMEOUT, OVNK8S_UNAVAILABLE, OVNK8S_CANCELLED, OVNK8S_PROTOCOL, OVNK8S_NOMEM.
 *
 * Thread rule: that of 'vswitch'.
 *
 * Source: external_ids of table Interface. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plug_list(ovnk8s_vswitch *vswitch, ovnk8s_plugged ***out,
                                                  size_t *n);

OVNK8S_END_DECLS

#endif /* plug.h */
