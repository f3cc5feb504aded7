#include "net/route.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/private.h"

/* What the zeros of 'route' stand for. */
static struct route complete(const struct route *route)
{
    struct route full = *route;
    const bool six = route->to.ip.family == 6;

    full.table = route->table ? route->table : RT_TABLE_MAIN;
    full.protocol = route->protocol ? route->protocol : RTPROT_STATIC;
    full.type = route->type ? route->type : RTN_UNICAST;
    if (!route->scope && !route->via.family && !six) {
        full.scope = RT_SCOPE_LINK; /* IPv6 routes have no scope. */
    }
    if (!route->priority && six) {
        full.priority = 1024; /* The kernel's own choice: IP6_RT_PRIO_USER. */
    }
    return full;
}

char *route_format(const struct route *route, char text[static ROUTE_TEXT])
{
    char to[PREFIX_TEXT], address[IP_TEXT];
    int n = snprintf(text, ROUTE_TEXT, "%s", prefix_to_text(&route->to, to));

    if (route->via.family) {
        n +=
            snprintf(text + n, ROUTE_TEXT - (size_t)n, " via %s", ip_to_text(&route->via, address));
    }
    if (route->source.family) {
        n += snprintf(text + n, ROUTE_TEXT - (size_t)n, " source %s",
                      ip_to_text(&route->source, address));
    }
    if (route->table && route->table != RT_TABLE_MAIN) {
        n += snprintf(text + n, ROUTE_TEXT - (size_t)n, " table %u", route->table);
    }
    if (route->priority) {
        snprintf(text + n, ROUTE_TEXT - (size_t)n, " priority %u", route->priority);
    }
    return text;
}

static bool fits(const struct ip *ip, const struct route *route)
{
    return !ip->family || ip->family == route->to.ip.family;
}

static int check(const struct route *route)
{
    const uint8_t family = route->to.ip.family;

    if ((family != 4 && family != 6) || route->to.length > ip_bits(&route->to.ip)) {
        return fail(OVNK8S_INVALID, "the destination is no network");
    }
    if (!prefix_is_network(&route->to)) {
        return fail(OVNK8S_INVALID, "the destination has host bits set");
    }
    if (!fits(&route->via, route) || !fits(&route->source, route)) {
        return fail(OVNK8S_INVALID, "IPv4 and IPv6 are mixed");
    }
    return 0;
}

static void put_mtu(struct request *request, uint32_t mtu)
{
    struct nlattr *metrics = request_nest(request, RTA_METRICS);

    request_put_u32(request, RTAX_MTU, mtu);
    request_nest_end(request, metrics);
}

static struct request route_request(int type, int flags, const struct rtmsg *header,
                                    const struct route *route, unsigned int index)
{
    struct request request = request_new(type, flags, header, sizeof *header);

    request_put_ip(&request, RTA_DST, &route->to.ip);
    request_put_u32(&request, RTA_OIF, index);
    request_put_u32(&request, RTA_TABLE, route->table ? route->table : RT_TABLE_MAIN);
    if (route->via.family) {
        request_put_ip(&request, RTA_GATEWAY, &route->via);
    }
    if (route->source.family) {
        request_put_ip(&request, RTA_PREFSRC, &route->source);
    }
    if (route->priority) {
        request_put_u32(&request, RTA_PRIORITY, route->priority);
    }
    if (route->mtu) {
        put_mtu(&request, route->mtu);
    }
    return request;
}

static struct rtmsg route_header(const struct route *route)
{
    return (struct rtmsg){
        .rtm_family = family_of(&route->to.ip),
        .rtm_dst_len = (unsigned char)route->to.length,
        .rtm_protocol = route->protocol,
        .rtm_scope = route->scope,
        .rtm_type = route->type,
    };
}

static uint32_t read_mtu(struct nlattr *metrics)
{
    struct nlattr *attrs[RTAX_MAX + 1];

    return metrics && !nla_parse_nested(attrs, RTAX_MAX, metrics, NULL) ? attr_u32(attrs[RTAX_MTU])
                                                                        : 0;
}

/* What a listing is of. */
struct selection {
    unsigned char family;
    unsigned int index; /* 0: all links. */
};

static bool read_route(struct nlmsghdr *answer, void *item, const void *selection_)
{
    const struct rtmsg *header = nlmsg_data(answer);
    const struct selection *selection = selection_;
    struct nlattr *attrs[RTA_MAX + 1];
    struct route *route = item;

    if (nlmsg_parse(answer, sizeof *header, attrs, RTA_MAX, NULL) < 0 ||
        header->rtm_family != selection->family || header->rtm_flags & RTM_F_CLONED) {
        return false;
    }
    *route = (struct route){
        .to = {attr_ip(attrs[RTA_DST]), header->rtm_dst_len},
        .via = attr_ip(attrs[RTA_GATEWAY]),
        .source = attr_ip(attrs[RTA_PREFSRC]),
        .table = attrs[RTA_TABLE] ? attr_u32(attrs[RTA_TABLE]) : header->rtm_table,
        .priority = attr_u32(attrs[RTA_PRIORITY]),
        .mtu = read_mtu(attrs[RTA_METRICS]),
        .scope = header->rtm_scope,
        .protocol = header->rtm_protocol,
        .type = header->rtm_type,
        .link_index = attr_u32(attrs[RTA_OIF]),
    };
    route->to.ip.family = header->rtm_family == AF_INET6 ? 6 : 4; /* A default route has no DST. */
    return !selection->index || route->link_index == selection->index;
}

static int list_selection(struct netns *ns, struct selection selection, struct list *list)
{
    const struct rtmsg header = {.rtm_family = selection.family};
    _cleanup_request_ struct request request =
        request_new(RTM_GETROUTE, NLM_F_DUMP, &header, sizeof header);

    if (selection.index) {
        request_put_u32(&request, RTA_OIF, selection.index);
    }
    return request_list(ns, &request, list, read_route, &selection);
}

static int list_all(struct netns *ns, const char *link, struct list *list)
{
    unsigned int index = 0;
    int error = link ? link_find_index(ns, link, &index) : 0;

    if (!error) {
        error = list_selection(ns, (struct selection){AF_INET, index}, list);
    }
    if (!error) {
        error = list_selection(ns, (struct selection){AF_INET6, index}, list);
    }
    return error;
}

int route_list(struct netns *ns, const char *link, struct route **out, size_t *n)
{
    struct list list = {.item_size = sizeof **out};
    const int error = list_all(ns, link, &list);

    *out = list.items;
    *n = list.n;
    return error ? fail_during(error, "route", link, "listing the routes%s%s in %s",
                               link ? " over link " : "", link ? link : "", netns_name(ns))
                 : 0;
}

/* Whether the kernel would have only one of the two. */
static bool same_place(const struct route *a, const struct route *b)
{
    return ip_equal(&a->to.ip, &b->to.ip) && a->to.length == b->to.length && a->table == b->table &&
           a->priority == b->priority;
}

/* Whether 'there' is what 'wanted' asks for, who made it being all the same. */
static bool serves(const struct route *there, const struct route *wanted)
{
    return there->link_index == wanted->link_index && ip_equal(&there->via, &wanted->via) &&
           there->scope == wanted->scope && there->type == wanted->type &&
           there->mtu == wanted->mtu &&
           (!wanted->source.family || ip_equal(&there->source, &wanted->source));
}

static int fail_exists(struct netns *ns, const struct route *there)
{
    char text[ROUTE_TEXT], name[IFNAMSIZ];

    link_name_of(ns, there->link_index, name);
    return fail(OVNK8S_EXISTS, "a different one is in the way: %s over link %s",
                route_format(there, text), name);
}

/* Whether the route that is there already is the very one that was to be added. */
static int accept_same(struct netns *ns, const struct route *wanted)
{
    struct list list = {.item_size = sizeof *wanted};
    const struct selection selection = {family_of(&wanted->to.ip), 0};
    const struct route *other = NULL;
    const int error = list_selection(ns, selection, &list);
    _cleanup_free_ struct route *there = list.items;

    if (error) {
        return error;
    }
    for (size_t i = 0; i < list.n; i++) {
        if (same_place(&there[i], wanted)) {
            if (serves(&there[i], wanted)) {
                return 0;
            }
            other = &there[i];
        }
    }
    return other ? fail_exists(ns, other)
                 : fail(OVNK8S_CONFLICT, "another writer took the route away just now");
}

static int add(struct netns *ns, const char *link, const struct route *route)
{
    struct route full = complete(route);
    unsigned int index;
    int error = check(route);

    if (!error) {
        error = link_find_index(ns, link, &index);
    }
    if (!error) {
        const struct rtmsg header = route_header(&full);
        _cleanup_request_ struct request request =
            route_request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, &full, index);

        full.link_index = index;
        error = request_send(ns, &request, NULL, NULL);
    }
    return error == OVNK8S_EXISTS ? accept_same(ns, &full) : error;
}

static int route_story(int error, const char *what, struct netns *ns, const char *link,
                       const struct route *route)
{
    char text[ROUTE_TEXT];

    return error ? fail_during(error, "route", link, "%s route %s over link %s in %s", what,
                               route_format(route, text), link, netns_name(ns))
                 : 0;
}

int route_add(struct netns *ns, const char *link, const struct route *route)
{
    return route_story(add(ns, link, route), "adding", ns, link, route);
}

static int send_del(struct netns *ns, const struct route *route, unsigned int index)
{
    struct rtmsg header = route_header(route);
    _cleanup_request_ struct request request = {0};
    int error;

    if (!route->scope) {
        header.rtm_scope = RT_SCOPE_NOWHERE; /* Any. */
    }
    request = route_request(RTM_DELROUTE, 0, &header, route, index);
    error = request_send(ns, &request, NULL, NULL);
    return error == OVNK8S_NOTFOUND ? fail(error, "no such route") : error;
}

static int del(struct netns *ns, const char *link, const struct route *route)
{
    unsigned int index;
    int error = check(route);

    if (!error) {
        error = link_find_index(ns, link, &index);
    }
    if (!error) {
        error = send_del(ns, route, index);
    }
    return error;
}

int route_del(struct netns *ns, const char *link, const struct route *route)
{
    return route_story(del(ns, link, route), "deleting", ns, link, route);
}
