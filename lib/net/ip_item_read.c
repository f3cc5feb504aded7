/* Making items of what the kernel tells. */

#include "net/ip_item.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "net/link.h"
#include "net/netlink.h"

/* The kernel counts the time that is left of a route in hundredths of a second. */
enum { USER_HZ_OF_ROUTES = 100 };

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

    for (; is_hop(hops, left); left -= NLMSG_ALIGN(hops->rtnh_len), hops = RTNH_NEXT(hops)) {
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
