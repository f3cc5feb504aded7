/* Plugging a container into the integration bridge of its host.
 *
 * A container's network interface is one end of a veth pair, the other end of which is a port of
 * br-int; ovn-controller connects that port to the logical switch port named by its iface-id.
 * Everything that is made for a container is found again from (container id, interface name) alone,
 * so that it can be removed without any memory of how it was made.
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
    unsigned int mtu;        /* Of the interface, in bytes; 0: the kernel's default. */
    unsigned int timeout_ms; /* For the whole call; 0: as the connection has it. */
} ovnk8s_plug;

#define OVNK8S_PLUG_INIT                                                                           \
    {                                                                                              \
        sizeof(ovnk8s_plug), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0                  \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_plug_init(ovnk8s_plug *plug);

/* Makes the interface in the container with its MAC, MTU, addresses and default routes, connects it
 * to br-int, and waits until its flows are installed. On failure everything is as before.
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
 * Source: external_ids:iface-id, iface-id-ver, attached-mac and ovn-installed of table Interface in
 * ovs-vswitchd.conf.db(5) and ovn-controller(8). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plug_add(ovnk8s_vswitch *vswitch, const ovnk8s_plug *plug,
                                                 char *host_interface);

/* Removes what ovnk8s_plug_add() has made for (container id, interface), even half of it; the
 * container's namespace may be gone. It is no error when there is nothing.
 *
 * Errors: OVNK8S_INVALID (no container id or interface), OVNK8S_TIMEOUT, OVNK8S_PERMISSION,
 * OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_plug_delete(ovnk8s_vswitch *vswitch, const char *container_id, const char *interface);

OVNK8S_END_DECLS

#endif /* plug.h */
