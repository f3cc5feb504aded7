/* Routes. */

#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct netns;

/* All that is zero means "the usual". */
struct route {
    struct prefix to;        /* The destination network; of length 0: the default route. */
    struct ip via;           /* The gateway; none: the destination is on the link. */
    struct ip source;        /* The preferred source address. */
    uint32_t table;          /* RT_TABLE_*; 0 is the main table. */
    uint32_t priority;       /* The metric, the lowest of which wins; 0 is the kernel's default. */
    uint32_t mtu;            /* 0 is the link's. */
    uint8_t scope;           /* RT_SCOPE_*; 0 is global with a gateway, and the link without one. */
    uint8_t protocol;        /* RTPROT_*, who made it; 0 is RTPROT_STATIC. */
    uint8_t type;            /* RTN_*; 0 is RTN_UNICAST. */
    unsigned int link_index; /* In a list: its link; 0 when it has none or several. */
};

/* Adds a route over 'link'. Does nothing when there is the same one; fails with OVNK8S_EXISTS,
 * telling the other one, when a different one to the same network has the same table and priority.
 */
int route_add(struct netns *ns, const char *link, const struct route *route);

/* Deletes the route over 'link' to this network; what else is given in 'route' must fit. */
int route_del(struct netns *ns, const char *link, const struct route *route);

/* Lists the routes over 'link', or with NULL all, of all tables and both families in '*out', an
 * array of '*n' to be freed by free(); NULL for none. */
int route_list(struct netns *ns, const char *link, struct route **out, size_t *n);

enum { ROUTE_TEXT = 192 };

/* "10.0.0.0/8 via 10.1.0.1 table 100 priority 5", for messages. */
char *route_format(const struct route *route, char text[static ROUTE_TEXT]);

#endif /* route.h */
