/* The whole room: what a host's kernel can be told about networking.
 *
 *     struct netns *pod, *host;
 *     ... netns_open(&pod, "/run/netns/x") ... netns_open(&host, NULL) ...
 *     link_add_veth(&(struct veth){pod, "eth0", host, "veth1", &mac, 1400, 0, false});
 *     address_add(pod, "eth0", &(struct address){.prefix = prefix});
 *     link_set_up(pod, "eth0", true);
 *     route_add(pod, "eth0", &(struct route){.to = everywhere, .via = gateway});
 *
 * Every function returns 0 or a negative enum ovnk8s_error with its story recorded: one line that
 * names the link and the namespace, and the kernel's own explanation where it gives one. What the
 * kernel says does not exist is OVNK8S_NOTFOUND, so that whoever deletes can take it for done.
 *
 * Thread rule: a struct netns belongs to one thread at a time; different ones are independent. */

#ifndef NET_NET_H
#define NET_NET_H

#include "net/address.h"
#include "net/batch.h"
#include "net/ipconf.h"
#include "net/link.h"
#include "net/neighbour.h"
#include "net/netns.h"
#include "net/offload.h"
#include "net/qdisc.h"
#include "net/route.h"
#include "net/stand_in.h"
#include "net/sysctl.h"

#endif /* net.h */
