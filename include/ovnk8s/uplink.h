/* Moving the host's own network interface, its uplink, onto a bridge of Open vSwitch, and back.
 *
 * Gateways want the interface that leads outside as a port of a bridge, with the host's addresses
 * and routes on the bridge itself. That move is where an error locks an operator out. Here it is
 * prepared whole; what is needed to finish or to undo it is written into the database of Open
 * vSwitch before the first change; then it is done in one short burst, in which each address and
 * route is there before it goes away elsewhere; verified; and undone on any error. A process that
 * is killed on the way leaves a host that is connected: the same call again finishes, and the
 * opposite call undoes.
 *
 *     ovnk8s_uplink uplink = OVNK8S_UPLINK_INIT;
 *     uplink.nic = "eth0";
 *     int error = ovnk8s_uplink_move(vswitch, &uplink);
 *
 * What moves: addresses of both families with their lifetimes, scopes, labels, peers and flags,
 * link-local ones too; routes of all tables except those that the kernel makes by itself; next hop
 * objects; policy rules that name the interface; permanent neighbours and proxies; sysctls of the
 * interface; MTU and MAC address. What does not: rules of packet filters that name the interface,
 * its queueing disciplines, links on top of it such as VLANs, and multicast groups that programs
 * have joined on it.
 *
 * Thread rule: that of 'vswitch'. */

#ifndef OVNK8S_UPLINK_H
#define OVNK8S_UPLINK_H

#include <ovnk8s/common.h>
#include <ovnk8s/vswitch.h>

OVNK8S_BEGIN_DECLS

/* For 'flags'. */
enum ovnk8s_uplink_flag {
    /* What is on record and the bridge does not have is given to it again, also where the bridge's
     * link has been there all the time: ovs-vswitchd, or what was run with it, may have taken it.
     * Otherwise what is missing there was deleted on purpose. */
    OVNK8S_UPLINK_RESTORE = 1,
};

/* An interface and its bridge. */
typedef struct ovnk8s_uplink {
    size_t size;             /* Set by the initialiser. */
    const char *nic;         /* The interface, such as "eth0". */
    const char *bridge;      /* NULL: "br" and the name of the interface. */
    unsigned int timeout_ms; /* For the whole call; 0: as the connection has it. */
    unsigned int flags;      /* OVNK8S_UPLINK_..., or 0. */
} ovnk8s_uplink;

#define OVNK8S_UPLINK_INIT                                                                         \
    {                                                                                              \
        sizeof(ovnk8s_uplink), NULL, NULL, 0, 0                                                    \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_uplink_init(ovnk8s_uplink *uplink);

/* Makes the interface a port of its bridge, which gets all that the interface had. The bridge is
 * made: fail-mode standalone, with the MAC address of the interface, and the datapath type that
 * external_ids:ovn-bridge-datapath-type of Open_vSwitch says. Doing it twice changes nothing. After
 * the kernel has lost the bridge's configuration, by a reboot or because ovs-vswitchd has made the
 * bridge anew, it is given again as the record has it, with what is left of lifetimes.
 *
 * A default gateway that answered before must answer afterwards, or else all is undone.
 *
 * Errors: OVNK8S_INVALID (no valid name, the loopback interface), OVNK8S_NOTFOUND (no such
 * interface), OVNK8S_EXISTS (the interface is in another bridge or bond; the bridge is none of Open
 * vSwitch's, or of somebody else's making), OVNK8S_TIMEOUT (ovs-vswitchd did not take the
 * interface, or the gateway does not answer any more), OVNK8S_CONFLICT (another process moves an
 * interface just now, or the kernel keeps changing something), OVNK8S_PERMISSION,
 * OVNK8S_UNAVAILABLE, OVNK8S_CANCELLED, OVNK8S_SYSTEM, OVNK8S_NOMEM. After an error of a first move
 * all is as it was, unless the message says that undoing failed as well: then the record is kept,
 * and either call may be made again.
 *
 * Source: tables Bridge, Port and Interface in ovs-vswitchd.conf.db(5); rtnetlink(7). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_uplink_move(ovnk8s_vswitch *vswitch,
                                                    const ovnk8s_uplink *uplink);

/* Gives the interface all that its bridge has, and deletes the bridge. One of 'nic' and 'bridge' is
 * enough. Where there is no such bridge, and the interface exists, there is nothing to do.
 *
 * Errors: as ovnk8s_uplink_move(); OVNK8S_NOTFOUND (neither such a bridge nor the interface),
 * OVNK8S_EXISTS (the bridge is of somebody else's making, or has other ports, which the message
 * names). After an error before the bridge is deleted all is as it was. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_uplink_move_back(ovnk8s_vswitch *vswitch,
                                                         const ovnk8s_uplink *uplink);

/* Which way an uplink moves. */
enum ovnk8s_uplink_direction {
    OVNK8S_UPLINK_MOVE = 0,      /* As ovnk8s_uplink_move() goes. */
    OVNK8S_UPLINK_MOVE_BACK = 1, /* As ovnk8s_uplink_move_back() goes. */
};

/* Writes the steps that the call of this direction would take now as text for people into '*out',
 * to be freed by ovnk8s_free(); "" when none. Changes nothing itself. For example:
 *
 *     + bridge "breth0"
 *     + address 10.1.2.3/24 of link "breth0"
 *     + port "eth0" of bridge "breth0"
 *     + route 0.0.0.0/0 via 10.1.2.1 of link "breth0"
 *     - route 0.0.0.0/0 via 10.1.2.1 of link "eth0"
 *     - address 10.1.2.3/24 of link "eth0"
 *
 * Errors: as that call has before it changes something. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_uplink_preview(char **out, ovnk8s_vswitch *vswitch,
                                                       const ovnk8s_uplink *uplink,
                                                       enum ovnk8s_uplink_direction direction);

/* How far an uplink is. */
enum ovnk8s_uplink_state {
    OVNK8S_UPLINK_MOVING = 0,    /* Begun, and not finished: ovnk8s_uplink_move() finishes. */
    OVNK8S_UPLINK_MOVED = 1,     /* Done. */
    OVNK8S_UPLINK_RETURNING = 2, /* Being undone: ovnk8s_uplink_move_back() finishes. */
};

/* What the database of Open vSwitch has on record. No string is NULL. */
typedef struct ovnk8s_uplink_record {
    size_t size;                           /* Of this struct. */
    const char *nic, *bridge;              /* Their names. */
    enum ovnk8s_uplink_state state;        /* How far it is. */
    size_t n_addresses, n_routes, n_rules; /* How many of each are on record. */
} ovnk8s_uplink_record;

/* Reads all records, ordered by bridge, into '*out', an array of '*n' pointers that ends with NULL.
 * The array and all that it points to are one block, to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_TIMEOUT, OVNK8S_UNAVAILABLE, OVNK8S_CANCELLED, OVNK8S_PROTOCOL, OVNK8S_NOMEM.
 *
 * Source: external_ids:ovnk8s-uplink... of table Bridge. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_uplink_records(ovnk8s_vswitch *vswitch,
                                                       ovnk8s_uplink_record ***out, size_t *n);

OVNK8S_END_DECLS

#endif /* uplink.h */
