/* One piece of the IP configuration of a link, kept as the kernel has told it: an address, a route,
 * a policy rule, a permanent neighbour or a next hop object.
 *
 * The kernel's own header and attributes are kept byte for byte, so that nothing is lost that this
 * room has no name for. Left out is what only the kernel can say (counters, time stamps, states).
 * In place of the link's index there is 0, and in place of its name there are zeros: an item can be
 * given to any link. Lifetimes are kept apart, since they run. */

#ifndef NET_IP_ITEM_H
#define NET_IP_ITEM_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/text.h"
#include "net/batch.h"

struct link_info;

#define IP_ITEM_FOREVER UINT32_MAX

/* A body of 'size' bytes, a multiple of 4, follows. */
struct ip_item {
    uint32_t type; /* RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE, RTM_NEWNEIGH, RTM_NEWNEXTHOP. */
    uint32_t size;
    uint32_t valid, preferred; /* In seconds. Of routes 'valid' alone counts. */
};

/* Adds to 'out' the item that the kernel's answer tells of. Returns whether there is one: nothing
 * is made of what is not the link's, what the kernel has made by itself and will make again, and
 * what comes and goes, as neighbours do. */
bool ip_item_from_answer(struct nlmsghdr *answer, const struct link_info *link, struct text *out);

/* The same for a neighbour that the kernel has found by itself: an item that makes it known, and
 * not more. */
bool ip_item_from_neighbour(struct nlmsghdr *answer, const struct link_info *link,
                            struct text *out);

/* Whether the kernel would have only one of both: the same address, route, .... */
bool ip_item_same_place(const struct ip_item *a, const struct ip_item *b);

/* Whether, besides, all else is the same; lifetimes may differ by some seconds. */
bool ip_item_equal(const struct ip_item *a, const struct ip_item *b);

/* Whether it leads over a gateway, which must be reachable before the item is added. */
bool ip_item_has_gateway(const struct ip_item *item);

/* The gateway of a default route; of several the first that is on the link itself. */
bool ip_item_default_gateway(const struct ip_item *item, struct ip *gateway);

/* Whether it leads over other links, too, which it knows by their indexes alone. */
bool ip_item_has_other_links(const struct ip_item *item);

/* A route that a next hop object gives its link. */
bool ip_item_is_by_object(const struct ip_item *item);

/* Whether adding it takes away the one to the same place over another link: of IPv6 routes over
 * gateways the kernel would make one with several next hops. */
bool ip_item_replaces(const struct ip_item *item);

enum ip_item_how {
    IP_ITEM_ADD,    /* It is usable at once: nobody looks for duplicates of an address. */
    IP_ITEM_ADJUST, /* What is there becomes as the item is. */
    IP_ITEM_DELETE,
};

/* Adds a request to 'batch' that does this to 'link' with the item, which is to outlive it. */
void ip_item_put(struct batch *batch, const struct ip_item *item, enum ip_item_how how,
                 const struct link_info *link);

enum { IP_ITEM_TEXT = 256 };

/* "address 10.1.2.3/24", "route 10.0.0.0/8 via 10.1.2.1 table 100", "rule priority 100". */
char *ip_item_format(const struct ip_item *item, char text[static IP_ITEM_TEXT]);

#endif /* ip_item.h */
