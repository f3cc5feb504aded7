/* Waiting for ovs-vswitchd, which does what the database says when it gets to it. */

#ifndef NODE_OVS_WAIT_H
#define NODE_OVS_WAIT_H

#include "ovsdb/vswitch.h"

/* Waits until ovs-vswitchd has made the port of this Interface. Fails with OVNK8S_SYSTEM when it
 * refuses to. */
int ovs_port_wait(ovnk8s_vswitch *vswitch, struct row_id interface,
                  const struct deadline *deadline);

#endif /* ovs_wait.h */
