/* The MTU of containers, where nobody has said one. */

#ifndef NODE_PLUG_MTU_H
#define NODE_PLUG_MTU_H

#include <ovnk8s/vswitch.h>

struct netns;

/* What fits into a tunnel: the MTU of the link of 'host' that has the address of tunnels, which
 * external_ids:ovn-encap-ip of table Open_vSwitch says, less what the encapsulation adds. 0 when
 * that cannot be found out. */
unsigned int plug_mtu(ovnk8s_vswitch *vswitch, struct netns *host);

#endif /* plug_mtu.h */
