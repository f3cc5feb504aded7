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

/* The kernel counts the time that is left of a route in hundredths of a second. */
enum { USER_HZ_OF_ROUTES = 100 };

/* What runs is compared with what was said some moments ago. */
enum { LIFETIME_SLACK = 15 };

enum { N_ATTRIBUTES = 64 };

static const char no_name[IFNAMSIZ];

/* An item that is being made, at the end of a text. */
struct making {
    struct text *out;
    size_t start;
};

static struct making make(struct text *out, uint32_t type, const void *header, size_t size)
{
    const struct ip_item item = {type, 0, IP_ITEM_FOREVER, IP_ITEM_FOREVER};
    const struct making making = {out, out->length};

    text_add_bytes(out, &item, sizeof item);
    text_add_bytes(out, header, size);
    text_add_bytes(out, no_name, NLMSG_ALIGN(size) - size);
    return making;
}

static void add(const struct making *making, int type, const void *value, size_t size)
{
    const struct nlattr header = {(uint16_t)(NLA_HDRLEN + size), (uint16_t)type};

    text_add_bytes(making->out, &header, sizeof header);
    text_add_bytes(making->out, value, size);
    text_add_bytes(making->out, no_name, NLA_ALIGN(size) - size);
}

static void copy(const struct making *making, const struct nlattr *attr)
{
    if (attr) {
        add(making, attr->nla_type, nla_data(attr), (size_t)nla_len(attr));
    }
}

static struct ip_item *made(const struct making *making)
{
    return making->out->failed ? NULL : (struct ip_item *)(making->out->bytes + making->start);
}

static bool finish(const struct making *making)
{
    struct ip_item *item = made(making);

    if (item) {
        item->size = (uint32_t)(making->out->length - making->start - sizeof *item);
    }
    return true;
}

static int parse(struct nlmsghdr *answer, size_t size, struct nlattr *attrs[static N_ATTRIBUTES])
{
    return nlmsg_parse(answer, (int)size, attrs, N_ATTRIBUTES - 1, NULL);
}

/* Addresses. */

/* What else there may be is what has become of the address. */
#define ADDRESS_FLAGS                                                                              \
    (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |                \
     IFA_F_MCAUTOJOIN)

/* A label that begins with the link's name is kept without it: ":1" of "eth0:1". */
static void add_label(const struct making *making, const struct nlattr *attr, const char *link)
{
    char label[IFNAMSIZ] = "", *tail = label;

    attr_string(attr, label, sizeof label);
    if (!strncmp(label, link, strlen(link))) {
        tail += strlen(link);
    }
    if (*tail) {
        char padded[IFNAMSIZ] = "";

        strcpy(padded, tail);
        add(making, IFA_LABEL, padded, sizeof padded);
    }
}

static bool from_address(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    static const int kept[] = {IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY, IFA_PROTO};
    struct ifaddrmsg header = *(struct ifaddrmsg *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];
    struct making making;
    uint32_t flags;

    if (parse(answer, sizeof header, attrs) < 0 || header.ifa_index != link->index) {
        return false;
    }
    flags = attrs[IFA_FLAGS] ? attr_u32(attrs[IFA_FLAGS]) : header.ifa_flags;
    if (flags & IFA_F_DADFAILED) {
        return false; /* It is another host's. */
    }
    flags &= ADDRESS_FLAGS;
    header.ifa_index = 0;
    header.ifa_flags = 0;
    making = make(out, RTM_NEWADDR, &header, sizeof header);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        copy(&making, attrs[kept[i]]);
    }
    add(&making, IFA_FLAGS, &flags, sizeof flags);
    add_label(&making, attrs[IFA_LABEL], link->name);
    if (made(&making) && attrs[IFA_CACHEINFO]) {
        const struct ifa_cacheinfo *times = nla_data(attrs[IFA_CACHEINFO]);

        made(&making)->valid = times->ifa_valid;
        made(&making)->preferred = times->ifa_prefered;
    }
    return finish(&making);
}

/* Routes. */

/* Next hops over the link get the index 0, and lose what is only the kernel's to say. Returns
 * whether there is one. */
static bool clean_hops(struct rtnexthop *hops, int left, unsigned int index)
{
    bool any = false;

    for (; RTNH_OK(hops, left); left -= NLMSG_ALIGN(hops->rtnh_len), hops = RTNH_NEXT(hops)) {
        hops->rtnh_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
        if ((unsigned int)hops->rtnh_ifindex == index) {
            hops->rtnh_ifindex = 0;
            any = true;
        }
    }
    return any;
}

static bool is_over(struct nlattr *attrs[static N_ATTRIBUTES], unsigned int index)
{
    return attrs[RTA_MULTIPATH]
               ? clean_hops(nla_data(attrs[RTA_MULTIPATH]), nla_len(attrs[RTA_MULTIPATH]), index)
               : attr_u32(attrs[RTA_OIF]) == index;
}

static void set_expiry(const struct making *making, const struct nlattr *attr)
{
    if (made(making) && attr && nla_len(attr) >= (int)sizeof(struct rta_cacheinfo)) {
        const struct rta_cacheinfo *info = nla_data(attr);

        if (info->rta_expires > 0) {
            made(making)->valid = (uint32_t)info->rta_expires / USER_HZ_OF_ROUTES + 1;
        }
    }
}

static bool from_route(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    static const int kept[] = {RTA_DST,     RTA_SRC,        RTA_TABLE, RTA_PRIORITY,
                               RTA_PREFSRC, RTA_METRICS,    RTA_FLOW,  RTA_NEWDST,
                               RTA_PREF,    RTA_ENCAP_TYPE, RTA_ENCAP, RTA_TTL_PROPAGATE};
    static const uint32_t this_link = 0;
    struct rtmsg header = *(struct rtmsg *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];
    struct making making;

    if (parse(answer, sizeof header, attrs) < 0 || header.rtm_protocol == RTPROT_KERNEL ||
        header.rtm_flags & RTM_F_CLONED || !is_over(attrs, link->index)) {
        return false;
    }
    header.rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
    making = make(out, RTM_NEWROUTE, &header, sizeof header);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        copy(&making, attrs[kept[i]]);
    }
    if (attrs[RTA_NH_ID]) {
        copy(&making, attrs[RTA_NH_ID]);
    } else if (attrs[RTA_MULTIPATH]) {
        copy(&making, attrs[RTA_MULTIPATH]);
    } else {
        copy(&making, attrs[RTA_GATEWAY]);
        copy(&making, attrs[RTA_VIA]);
        add(&making, RTA_OIF, &this_link, sizeof this_link);
    }
    set_expiry(&making, attrs[RTA_CACHEINFO]);
    return finish(&making);
}

/* Rules, neighbours and next hop objects. */

static bool is_name_of(const struct nlattr *attr, const struct link_info *link)
{
    char name[IFNAMSIZ];

    attr_string(attr, name, sizeof name);
    return attr && !strcmp(name, link->name);
}

static bool from_rule(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    struct fib_rule_hdr header = *(struct fib_rule_hdr *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];
    struct making making;

    if (parse(answer, sizeof header, attrs) < 0 ||
        (!is_name_of(attrs[FRA_IIFNAME], link) && !is_name_of(attrs[FRA_OIFNAME], link))) {
        return false;
    }
    header.flags &= FIB_RULE_INVERT;
    making = make(out, RTM_NEWRULE, &header, sizeof header);
    for (int i = 1; i < N_ATTRIBUTES; i++) {
        if ((i == FRA_IIFNAME || i == FRA_OIFNAME) && is_name_of(attrs[i], link)) {
            add(&making, i, no_name, sizeof no_name);
        } else if (i != FRA_PAD) {
            copy(&making, attrs[i]);
        }
    }
    return finish(&making);
}

static bool make_neighbour(struct ndmsg header, struct nlattr *attrs[static N_ATTRIBUTES],
                           struct text *out)
{
    static const int kept[] = {NDA_DST, NDA_LLADDR, NDA_PROTOCOL};
    struct making making;

    header.ndm_ifindex = 0;
    header.ndm_type = 0;
    header.ndm_flags &= NTF_PROXY | NTF_ROUTER;
    making = make(out, RTM_NEWNEIGH, &header, sizeof header);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        copy(&making, attrs[kept[i]]);
    }
    return finish(&making);
}

static bool from_neighbour(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    const struct ndmsg header = *(struct ndmsg *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];

    return parse(answer, sizeof header, attrs) >= 0 &&
           (unsigned int)header.ndm_ifindex == link->index &&
           (header.ndm_state & NUD_PERMANENT || header.ndm_flags & NTF_PROXY) &&
           make_neighbour(header, attrs, out);
}

bool ip_item_from_neighbour(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    struct ndmsg header = *(struct ndmsg *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];

    if (parse(answer, sizeof header, attrs) < 0 ||
        (unsigned int)header.ndm_ifindex != link->index || !attrs[NDA_LLADDR] ||
        !(header.ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE))) {
        return false;
    }
    header.ndm_state = NUD_STALE;
    return make_neighbour(header, attrs, out);
}

static bool from_next_hop(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    static const int kept[] = {NHA_ID, NHA_GATEWAY, NHA_ENCAP_TYPE, NHA_ENCAP, NHA_BLACKHOLE};
    static const uint32_t this_link = 0;
    struct nhmsg header = *(struct nhmsg *)nlmsg_data(answer);
    struct nlattr *attrs[N_ATTRIBUTES];
    struct making making;

    if (parse(answer, sizeof header, attrs) < 0 || attr_u32(attrs[NHA_OIF]) != link->index) {
        return false;
    }
    header.nh_flags &= RTNH_F_ONLINK;
    header.nh_scope = 0;
    making = make(out, RTM_NEWNEXTHOP, &header, sizeof header);
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        copy(&making, attrs[kept[i]]);
    }
    add(&making, NHA_OIF, &this_link, sizeof this_link);
    return finish(&making);
}

bool ip_item_from_answer(struct nlmsghdr *answer, const struct link_info *link, struct text *out)
{
    switch (answer->nlmsg_type) {
    case RTM_NEWADDR:
        return from_address(answer, link, out);
    case RTM_NEWROUTE:
        return from_route(answer, link, out);
    case RTM_NEWRULE:
        return from_rule(answer, link, out);
    case RTM_NEWNEIGH:
        return from_neighbour(answer, link, out);
    case RTM_NEWNEXTHOP:
        return from_next_hop(answer, link, out);
    default:
        return false;
    }
}

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

    for (; RTNH_OK(hop, left); left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
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

    while (hop && RTNH_OK(hop, left) && !hop->rtnh_ifindex) {
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = RTNH_NEXT(hop);
    }
    return hop && RTNH_OK(hop, left);
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

        for (; RTNH_OK(hop, left); left -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop)) {
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
