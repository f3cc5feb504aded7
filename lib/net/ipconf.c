#include "net/ipconf.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "net/link.h"
#include "net/netlink.h"
#include "net/netns.h"

bool ipconf_failed(const struct ipconf *conf)
{
    return conf->bytes.failed;
}

void ipconf_clear(struct ipconf *conf)
{
    text_clear(&conf->bytes);
}

void ipconf_add(struct ipconf *conf, const struct ip_item *item)
{
    text_add_bytes(&conf->bytes, item, sizeof *item + item->size);
}

static const struct ip_item *item_at(const struct ipconf *conf, size_t offset)
{
    return offset < conf->bytes.length ? (const void *)(conf->bytes.bytes + offset) : NULL;
}

const struct ip_item *ipconf_next(const struct ipconf *conf, const struct ip_item *item)
{
    return item_at(conf, item ? (size_t)((const char *)item - conf->bytes.bytes) + sizeof *item +
                                    item->size
                              : 0);
}

const struct ip_item *ipconf_find(const struct ipconf *conf, const struct ip_item *item)
{
    const struct ip_item *other = NULL;

    while ((other = ipconf_next(conf, other)) && !ip_item_same_place(other, item)) {
    }
    return other;
}

size_t ipconf_count(const struct ipconf *conf, uint32_t type)
{
    size_t n = 0;

    for (const struct ip_item *item = NULL; (item = ipconf_next(conf, item));) {
        n += !type || item->type == type;
    }
    return n;
}

static bool type_known(uint32_t type)
{
    return type == RTM_NEWADDR || type == RTM_NEWROUTE || type == RTM_NEWRULE ||
           type == RTM_NEWNEIGH || type == RTM_NEWNEXTHOP;
}

bool ipconf_valid(const struct ipconf *conf)
{
    size_t left = conf->bytes.length;

    for (size_t offset = 0; left;) {
        const struct ip_item *item = item_at(conf, offset);

        if (left < sizeof *item || !type_known(item->type) || item->size % NLMSG_ALIGNTO ||
            item->size < sizeof(struct rtmsg) || item->size > left - sizeof *item) {
            return false;
        }
        offset += sizeof *item + item->size;
        left -= sizeof *item + item->size;
    }
    return true;
}

static uint32_t age(uint32_t lifetime, uint32_t seconds)
{
    return lifetime == IP_ITEM_FOREVER ? lifetime : lifetime > seconds ? lifetime - seconds : 0;
}

void ipconf_age(struct ipconf *conf, uint32_t seconds)
{
    struct ipconf aged = {0};

    for (const struct ip_item *item = NULL; (item = ipconf_next(conf, item));) {
        if (age(item->valid, seconds)) {
            const size_t start = aged.bytes.length;
            struct ip_item *copy;

            ipconf_add(&aged, item);
            copy = aged.bytes.failed ? NULL : (struct ip_item *)(aged.bytes.bytes + start);
            if (copy) {
                copy->valid = age(item->valid, seconds);
                copy->preferred = age(item->preferred, seconds);
            }
        }
    }
    ipconf_clear(conf);
    *conf = aged;
}

void ipconf_drop_other_links(struct ipconf *conf)
{
    struct ipconf kept = {0};

    for (const struct ip_item *item = NULL; (item = ipconf_next(conf, item));) {
        if (!ip_item_has_other_links(item)) {
            ipconf_add(&kept, item);
        }
    }
    ipconf_clear(conf);
    *conf = kept;
}

/* Reading. */

typedef bool make_fn(struct nlmsghdr *answer, const struct link_info *link, struct text *out);

struct listing {
    const struct link_info *link;
    make_fn *make;
    struct ipconf found;
};

static int take(struct nlmsghdr *answer, void *listing_)
{
    struct listing *listing = listing_;

    listing->make(answer, listing->link, &listing->found.bytes);
    return listing->found.bytes.failed ? fail_nomem() : 0;
}

static void restart(void *listing)
{
    ipconf_clear(&((struct listing *)listing)->found);
}

/* Dumps, with a filter for those that would tell of the whole host otherwise. */
static int dump(struct netns *ns, int type, const void *header, size_t size, int filter,
                struct listing *listing)
{
    _cleanup_request_ struct request request = request_new(type, NLM_F_DUMP, header, size);

    if (filter) {
        request_put_u32(&request, filter, listing->link->index);
    }
    return request_dump(ns, &request, take, restart, listing);
}

static void append(struct ipconf *out, const struct ipconf *more)
{
    text_add_bytes(&out->bytes, more->bytes.length ? more->bytes.bytes : "", more->bytes.length);
}

/* The kernel tells of the latest address of IPv6 first; the source of packets depends on it. */
static void append_reversed(struct ipconf *out, const struct ipconf *more)
{
    const struct ip_item *end = NULL;

    for (size_t n = ipconf_count(more, 0); n > 0; n--) {
        const struct ip_item *item = ipconf_next(more, NULL);

        for (const struct ip_item *next; (next = ipconf_next(more, item)) && next != end;) {
            item = next;
        }
        ipconf_add(out, item);
        end = item;
    }
}

static int read_addresses(struct netns *ns, const struct link_info *link, unsigned char family,
                          struct ipconf *out)
{
    const struct ifaddrmsg header = {.ifa_family = family, .ifa_index = link->index};
    struct listing listing = {link, ip_item_from_answer, {{0}}};
    const int error = dump(ns, RTM_GETADDR, &header, sizeof header, 0, &listing);

    if (!error && family == AF_INET6) {
        append_reversed(out, &listing.found);
    } else if (!error) {
        append(out, &listing.found);
    }
    ipconf_clear(&listing.found);
    return error;
}

static int read_neighbours(struct netns *ns, const struct link_info *link, unsigned char family,
                           unsigned char flags, make_fn *make, struct ipconf *out)
{
    const struct ndmsg header = {.ndm_family = family, .ndm_flags = flags};
    struct listing listing = {link, make, {{0}}};
    const int error = dump(ns, RTM_GETNEIGH, &header, sizeof header, NDA_IFINDEX, &listing);

    append(out, &listing.found);
    ipconf_clear(&listing.found);
    return error;
}

static int read_rules(struct netns *ns, const struct link_info *link, unsigned char family,
                      struct ipconf *out)
{
    const struct fib_rule_hdr header = {.family = family};
    struct listing listing = {link, ip_item_from_answer, {{0}}};
    const int error = dump(ns, RTM_GETRULE, &header, sizeof header, 0, &listing);

    append(out, &listing.found);
    ipconf_clear(&listing.found);
    return error;
}

/* Kernels before 5.3 have none. */
static int read_next_hops(struct netns *ns, const struct link_info *link, struct ipconf *out)
{
    const struct nhmsg header = {0};
    struct listing listing = {link, ip_item_from_answer, {{0}}};
    const int error = dump(ns, RTM_GETNEXTHOP, &header, sizeof header, NHA_OIF, &listing);

    append(out, &listing.found);
    ipconf_clear(&listing.found);
    return error == OVNK8S_UNSUPPORTED ? 0 : error;
}

static void append_routes(struct ipconf *out, const struct ipconf *found, bool with_gateway)
{
    for (const struct ip_item *item = NULL; (item = ipconf_next(found, item));) {
        if (ip_item_has_gateway(item) == with_gateway) {
            ipconf_add(out, item);
        }
    }
}

/* Gateways must be reachable when routes over them are added. */
static int read_routes(struct netns *ns, const struct link_info *link, unsigned char family,
                       struct ipconf *out)
{
    const struct rtmsg header = {.rtm_family = family};
    struct listing listing = {link, ip_item_from_answer, {{0}}};
    const int error = dump(ns, RTM_GETROUTE, &header, sizeof header, RTA_OIF, &listing);

    append_routes(out, &listing.found, false);
    append_routes(out, &listing.found, true);
    ipconf_clear(&listing.found);
    return error;
}

static int read_family(struct netns *ns, const struct link_info *link, unsigned char family,
                       struct ipconf *out)
{
    int error = read_neighbours(ns, link, family, 0, ip_item_from_answer, out);

    error = error ? error : read_neighbours(ns, link, family, NTF_PROXY, ip_item_from_answer, out);
    error = error ? error : read_rules(ns, link, family, out);
    return error ? error : read_routes(ns, link, family, out);
}

static int read_all(struct netns *ns, const struct link_info *link, struct ipconf *out)
{
    int error = read_addresses(ns, link, AF_INET, out);

    error = error ? error : read_addresses(ns, link, AF_INET6, out);
    error = error ? error : read_next_hops(ns, link, out);
    error = error ? error : read_family(ns, link, AF_INET, out);
    error = error ? error : read_family(ns, link, AF_INET6, out);
    return !error && ipconf_failed(out) ? fail_nomem() : error;
}

static int story(int error, struct netns *ns, const struct link_info *link)
{
    return error ? fail_during(error, "read", link->name,
                               "reading the IP configuration of link %s in %s", link->name,
                               netns_name(ns))
                 : 0;
}

int ipconf_read(struct netns *ns, const struct link_info *link, struct ipconf *out)
{
    return story(read_all(ns, link, out), ns, link);
}

int ipconf_read_neighbours(struct netns *ns, const struct link_info *link, struct ipconf *out)
{
    int error = read_neighbours(ns, link, AF_INET, 0, ip_item_from_neighbour, out);

    error = error ? error : read_neighbours(ns, link, AF_INET6, 0, ip_item_from_neighbour, out);
    return story(error, ns, link);
}
