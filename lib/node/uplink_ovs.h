/* Open vSwitch's side of an uplink: the bridge, its ports, and the record that it carries. */

#ifndef NODE_UPLINK_OVS_H
#define NODE_UPLINK_OVS_H

#include "node/uplink_record.h"
#include "ovsdb/vswitch.h"

/* What the database says of an interface and its bridge. */
struct uplink_facts {
    struct rows rows;
    const struct row *bridge;     /* NULL: there is none of this name. */
    bool is_ours;                 /* It carries a record. */
    const struct row *nic_bridge; /* The bridge that the interface is in; NULL: it is in none. */
    const char *other_port;       /* A port of the bridge that is not of the move; or NULL. */
};

void uplink_facts_clear(struct uplink_facts *facts);
#define _cleanup_facts_ __attribute__((cleanup(uplink_facts_clear)))

/* Reads them. 'nic' may be "" for an interface that is not known yet: the record tells. */
int uplink_look(ovnk8s_vswitch *vswitch, const char *nic, const char *bridge,
                const struct deadline *deadline, struct uplink_facts *out);

/* What the database shall say. */
struct uplink_rows {
    const char *nic, *bridge;
    const struct uplink_record *record;
    char mac[MAC_TEXT]; /* Of a bridge that is made. */
    bool plugged;       /* The interface is made a port, too. */
};

/* Make the database say so, or that there is no such bridge. */
int uplink_apply(ovnk8s_vswitch *vswitch, const struct uplink_rows *rows,
                 const struct deadline *deadline);
int uplink_apply_delete(ovnk8s_vswitch *vswitch, const struct uplink_rows *rows,
                        const struct deadline *deadline);

/* Waits for this port of the bridge. */
int uplink_wait_port(ovnk8s_vswitch *vswitch, const char *port, const struct deadline *deadline);

#endif /* uplink_ovs.h */
