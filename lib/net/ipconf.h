/* The whole IP configuration of a link: its addresses of both families, its routes in all tables
 * except those that the kernel makes by itself, policy rules that name it, permanent neighbours and
 * next hop objects; to be kept, compared, and given to another link.
 *
 *     struct ipconf conf = {0};
 *     ... ipconf_read(ns, &eth0, &conf) ...
 *     for (const struct ip_item *item = NULL; (item = ipconf_next(&conf, item));) {
 *         ip_item_put(&batch, item, IP_ITEM_ADD, &other);
 *     }
 *     ... batch_send(ns, &batch, &failed) ...
 *
 * Items stand in an order in which they can be added one after the other. */

#ifndef NET_IPCONF_H
#define NET_IPCONF_H

#include "net/ip_item.h"

struct netns;

/* One that could not get memory stays in that state: see ipconf_failed(). */
struct ipconf {
    struct text bytes; /* Items, each on a multiple of 4. */
};

/* Adds to 'out' what 'link' has. */
int ipconf_read(struct netns *ns, const struct link_info *link, struct ipconf *out);

/* Adds to 'out' the neighbours of 'link' that the kernel has found by itself. */
int ipconf_read_neighbours(struct netns *ns, const struct link_info *link, struct ipconf *out);

/* Adds a copy of the item. */
void ipconf_add(struct ipconf *conf, const struct ip_item *item);

bool ipconf_failed(const struct ipconf *conf);
void ipconf_clear(struct ipconf *conf);
#define _cleanup_ipconf_ __attribute__((cleanup(ipconf_clear)))

/* The item after this one, or for NULL the first; NULL at the end. */
const struct ip_item *ipconf_next(const struct ipconf *conf, const struct ip_item *item);

/* The item that has the place of this one, NULL if there is none. */
const struct ip_item *ipconf_find(const struct ipconf *conf, const struct ip_item *item);

/* How many items of this type (RTM_NEW...) there are; 0 is for all types. */
size_t ipconf_count(const struct ipconf *conf, uint32_t type);

/* Whether the bytes, which come from elsewhere, are items of known types and sizes. */
bool ipconf_valid(const struct ipconf *conf);

/* Makes of the lifetimes what is left of them after some seconds. Items whose time is over go. */
void ipconf_age(struct ipconf *conf, uint32_t seconds);

/* Drops what leads over other links as well: after a reboot their indexes are those of others. */
void ipconf_drop_other_links(struct ipconf *conf);

#endif /* ipconf.h */
