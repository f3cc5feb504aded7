#include "net/ip_item.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <string.h>

#include "net/link.h"
#include "net/netlink.h"
#include "net/route.h"

/* What runs is compared with what was said some moments ago. */
enum { LIFETIME_SLACK = 15 };

/* Looking into items. */

static size_t header_size(uint32_t type)
{
    switch (type) {
    case RTM_NEWADDR:
        return sizeof(struct ifaddrmsg);
    case RTM_NEWNEXTHOP:
        return sizeof(struct nhmsg);
    default: /* Those of routes, rules and neighbours are of one size. */
        return sizeof(struct rtmsg);
    }
}

static const void *body_of(const struct ip_item *item)
{
    return item + 1;
}

/* Items that come from a record may be damaged: nothing is read beyond their end. */
static const struct nlattr *find(const struct ip_item *item, int type)
{
    const size_t header = NLMSG_ALIGN(header_size(item->type));

    return item->size < header ? NULL
                               : nla_find((struct nlattr *)((char *)body_of(item) + header),
                                          (int)(item->size - header), type);
}

static bool attribute_equal(const struct ip_item *a, const struct ip_item *b, int type)
{
    const struct nlattr *x = find(a, type), *y = find(b, type);

    return x && y
               ? nla_len(x) == nla_len(y) && !memcmp(nla_data(x), nla_data(y), (size_t)nla_len(x))
               : x == y;
}

static bool body_equal(const struct ip_item *a, const struct ip_item *b)
{
    return a->type == b->type && a->size == b->size && !memcmp(body_of(a), body_of(b), a->size);
}

bool ip_item_same_place(const struct ip_item *a, const struct ip_item *b)
{
    const struct ifaddrmsg *x = body_of(a), *y = body_of(b);

    if (a->type != RTM_NEWADDR || b->type != RTM_NEWADDR) {
        return body_equal(a, b);
    }
    return x->ifa_family == y->ifa_family && x->ifa_prefixlen == y->ifa_prefixlen &&
           attribute_equal(a, b, IFA_ADDRESS) && attribute_equal(a, b, IFA_LOCAL);
}

static bool lifetime_equal(uint32_t a, uint32_t b)
{
    return a == b || (a != IP_ITEM_FOREVER && b != IP_ITEM_FOREVER &&
                      (a > b ? a - b : b - a) <= LIFETIME_SLACK);
}

bool ip_item_equal(const struct ip_item *a, const struct ip_item *b)
{
    return body_equal(a, b) && lifetime_equal(a->valid, b->valid) &&
           lifetime_equal(a->preferred, b->preferred);
}

bool ip_item_has_gateway(const struct ip_item *item)
{
    return item->type == RTM_NEWROUTE && (find(item, RTA_GATEWAY) || find(item, RTA_VIA) ||
                                          find(item, RTA_MULTIPATH) || find(item, RTA_NH_ID));
}

bool ip_item_is_by_object(const struct ip_item *item)
{
    return item->type == RTM_NEWROUTE && find(item, RTA_NH_ID);
}

bool ip_item_replaces(const struct ip_item *item)
{
    const struct rtmsg *header = body_of(item);

    return ip_item_has_gateway(item) && !ip_item_is_by_object(item) &&
           header->rtm_family == AF_INET6;
}

static const struct nlattr *find_hop_gateway(const struct nlattr *multipath)
{
    const struct rtnexthop *hop = nla_data(multipath);
    int left = nla_len(multipath);

    for (; is_hop(hop, left); left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
        if (!hop->rtnh_ifindex) {
            return nla_find((struct nlattr *)RTNH_DATA(hop), hop->rtnh_len - (int)sizeof *hop,
                            RTA_GATEWAY);
        }
    }
    return NULL;
}

bool ip_item_has_other_links(const struct ip_item *item)
{
    const struct nlattr *multipath = item->type == RTM_NEWROUTE ? find(item, RTA_MULTIPATH) : NULL;
    const struct rtnexthop *hop = multipath ? nla_data(multipath) : NULL;
    int left = multipath ? nla_len(multipath) : 0;

    while (hop && is_hop(hop, left) && !hop->rtnh_ifindex) {
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
    return hop && is_hop(hop, left);
}

bool ip_item_default_gateway(const struct ip_item *item, struct ip *gateway)
{
    const struct rtmsg *header = body_of(item);
    const struct nlattr *multipath, *attr;

    if (item->type != RTM_NEWROUTE || header->rtm_dst_len || header->rtm_type != RTN_UNICAST) {
        return false;
    }
    multipath = find(item, RTA_MULTIPATH);
    attr = multipath ? find_hop_gateway(multipath) : find(item, RTA_GATEWAY);
    *gateway = attr_ip(attr);
    return gateway->family != 0;
}

/* Giving items to links. Those of a record may be damaged: sizes are looked at. */

static void put_index(struct nlattr *attr, const struct link_info *link)
{
    if (nla_len(attr) >= (int)sizeof link->index) {
        memcpy(nla_data(attr), &link->index, sizeof link->index);
    }
}

static void fill_route(struct nlattr *attr, const struct link_info *link)
{
    if (nla_type(attr) == RTA_OIF) {
        put_index(attr, link);
    } else if (nla_type(attr) == RTA_MULTIPATH) {
        struct rtnexthop *hop = nla_data(attr);
        int left = nla_len(attr);

        for (; is_hop(hop, left); left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
            hop->rtnh_ifindex = hop->rtnh_ifindex ? hop->rtnh_ifindex : (int)link->index;
        }
    }
}

/* A label that does not fit with this link's name loses its end. */
static void fill_label(struct nlattr *attr, const struct link_info *link)
{
    const size_t length = strlen(link->name);
    char *label = nla_data(attr);

    if (nla_type(attr) == IFA_LABEL && nla_len(attr) == IFNAMSIZ && *label == ':') {
        memmove(label + length, label, IFNAMSIZ - 1 - length);
        memcpy(label, link->name, length);
        label[IFNAMSIZ - 1] = '\0';
    }
}

static void fill_rule(struct nlattr *attr, const struct link_info *link)
{
    if ((nla_type(attr) == FRA_IIFNAME || nla_type(attr) == FRA_OIFNAME) &&
        nla_len(attr) == IFNAMSIZ && !*(char *)nla_data(attr)) {
        memcpy(nla_data(attr), link->name, strlen(link->name));
    }
}

static void fill_attribute(uint32_t type, struct nlattr *attr, const struct link_info *link)
{
    if (type == RTM_NEWROUTE) {
        fill_route(attr, link);
    } else if (type == RTM_NEWADDR) {
        fill_label(attr, link);
    } else if (type == RTM_NEWNEXTHOP && nla_type(attr) == NHA_OIF) {
        put_index(attr, link);
    } else if (type == RTM_NEWRULE) {
        fill_rule(attr, link);
    }
}

/* Puts the link where the item has zeros. */
static void fill(struct nlmsghdr *message, uint32_t type, const struct link_info *link)
{
    const size_t size = header_size(type);
    struct nlattr *attr = nlmsg_attrdata(message, (int)size);
    int left = nlmsg_attrlen(message, (int)size);

    if (type == RTM_NEWADDR) {
        ((struct ifaddrmsg *)nlmsg_data(message))->ifa_index = link->index;
    } else if (type == RTM_NEWNEIGH) {
        ((struct ndmsg *)nlmsg_data(message))->ndm_ifindex = (int)link->index;
    }
    for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
        fill_attribute(type, attr, link);
    }
}

/* NODAD is set while the address is added, and taken back when it is adjusted. */
static void set_nodad(struct nlmsghdr *message)
{
    struct nlattr *attr = nlmsg_find_attr(message, sizeof(struct ifaddrmsg), IFA_FLAGS);
    uint32_t flags = attr_u32(attr);

    if (attr && nla_len(attr) >= (int)sizeof flags &&
        ((struct ifaddrmsg *)nlmsg_data(message))->ifa_family == AF_INET6) {
        flags |= IFA_F_NODAD;
        memcpy(nla_data(attr), &flags, sizeof flags);
    }
}

static void put_lifetimes(struct batch *batch, const struct ip_item *item)
{
    const struct ifa_cacheinfo times = {.ifa_prefered = item->preferred, .ifa_valid = item->valid};

    if (item->type == RTM_NEWADDR) {
        batch_put_attribute(batch, IFA_CACHEINFO, &times, sizeof times);
    } else if (item->type == RTM_NEWROUTE && item->valid != IP_ITEM_FOREVER) {
        batch_put_attribute(batch, RTA_EXPIRES, &item->valid, sizeof item->valid);
    }
}

/* A route is added beside one to the same place over another link, if there is one, so that there
 * is always one of them. A next hop object has a number, and is the same on another link. */
static int flags_of(const struct ip_item *item, enum ip_item_how how)
{
    if (how == IP_ITEM_DELETE) {
        return 0;
    }
    if (how == IP_ITEM_ADJUST || item->type == RTM_NEWNEXTHOP || ip_item_replaces(item)) {
        return NLM_F_CREATE | NLM_F_REPLACE;
    }
    return NLM_F_CREATE | (item->type == RTM_NEWROUTE ? NLM_F_APPEND : NLM_F_EXCL);
}

void ip_item_put(struct batch *batch, const struct ip_item *item, enum ip_item_how how,
                 const struct link_info *link)
{
    const size_t size = header_size(item->type);
    struct nlmsghdr *message;

    if (item->size < NLMSG_ALIGN(size)) {
        return;
    }
    batch_begin(batch, (int)item->type + (how == IP_ITEM_DELETE), flags_of(item, how),
                body_of(item), item->size, item);
    message = batch_latest(batch);
    if (message) {
        fill(message, item->type, link);
        if (item->type == RTM_NEWADDR && how == IP_ITEM_ADD) {
            set_nodad(message);
        }
    }
    if (how != IP_ITEM_DELETE) {
        put_lifetimes(batch, item);
    }
}

/* Telling of items. */

static char *format_address(const struct ip_item *item, char text[static IP_ITEM_TEXT])
{
    const struct nlattr *local = find(item, IFA_LOCAL);
    const struct ifaddrmsg *header = body_of(item);
    const struct prefix address = {attr_ip(local ? local : find(item, IFA_ADDRESS)),
                                   header->ifa_prefixlen};
    char prefix[PREFIX_TEXT];

    snprintf(text, IP_ITEM_TEXT, "address %s", prefix_to_text(&address, prefix));
    return text;
}

static char *format_route(const struct ip_item *item, char text[static IP_ITEM_TEXT])
{
    const struct rtmsg *header = body_of(item);
    const struct nlattr *multipath = find(item, RTA_MULTIPATH);
    struct route route = {
        .to = {attr_ip(find(item, RTA_DST)), header->rtm_dst_len},
        .via = attr_ip(multipath ? find_hop_gateway(multipath) : find(item, RTA_GATEWAY)),
        .source = attr_ip(find(item, RTA_PREFSRC)),
        .table = attr_u32(find(item, RTA_TABLE)),
        .priority = attr_u32(find(item, RTA_PRIORITY)),
    };
    char of_route[ROUTE_TEXT];

    route.to.ip.family = header->rtm_family == AF_INET6 ? 6 : 4;
    snprintf(text, IP_ITEM_TEXT, "route %s", route_format(&route, of_route));
    return text;
}

char *ip_item_format(const struct ip_item *item, char text[static IP_ITEM_TEXT])
{
    const struct ip neighbour = attr_ip(find(item, NDA_DST));
    char address[IP_TEXT];

    switch (item->type) {
    case RTM_NEWADDR:
        return format_address(item, text);
    case RTM_NEWROUTE:
        return format_route(item, text);
    case RTM_NEWRULE:
        snprintf(text, IP_ITEM_TEXT, "rule priority %u table %u",
                 attr_u32(find(item, FRA_PRIORITY)), attr_u32(find(item, FRA_TABLE)));
        return text;
    case RTM_NEWNEIGH:
        snprintf(text, IP_ITEM_TEXT, "neighbour %s", ip_to_text(&neighbour, address));
        return text;
    default:
        snprintf(text, IP_ITEM_TEXT, "next hop object %u", attr_u32(find(item, NHA_ID)));
        return text;
    }
}
