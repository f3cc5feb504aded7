/* The way through switches and routers, as their rows say it. */

#include <string.h>

#include "topology/names.h"
#include "topology/topology.h"
#include "topology/trace.h"

/* More routers than any way has: the packets go round in circles. */
enum { MOST_ROUTERS = 8 };

struct way {
    struct ovnk8s_trace *trace;
    const struct station *from, *to;
    struct ip src, dst;
    const struct row *router; /* The latest. */
    unsigned int n_routers;
};

static bool enter_router(const struct way *way, const struct row *router);

static bool is_disabled(const struct row *row)
{
    const struct column *enabled = row_column(row, "enabled");

    return enabled && enabled->n && enabled->atoms[0].type == ATOM_BOOLEAN &&
           !enabled->atoms[0].boolean;
}

/* From a switch to a router. */

static const struct row *router_port_of(const struct way *way, const struct row *port)
{
    const char *name = row_pair(port, "options", "router-port");

    return name ? row_with(way->trace->nb, ROUTER_PORT_TABLE, "name", name) : NULL;
}

static bool network_has_ip(const struct row *router_port, const struct ip *ip)
{
    const struct column *networks = row_column(router_port, "networks");
    struct prefix network;

    for (size_t i = 0; networks && i < networks->n; i++) {
        if (prefix_from_text(networks->atoms[i].string, &network) && ip_equal(&network.ip, ip)) {
            return true;
        }
    }
    return false;
}

/* Takes the port of a switch to the router behind it, which is to have the address 'ip' there. */
static bool cross_to_router(const struct way *way, const struct row *port, const struct ip *ip)
{
    struct ovnk8s_trace *trace = way->trace;
    const char *name = row_pair(port, "options", "router-port"), *type = row_string(port, "type");
    const struct row *router_port = router_port_of(way, port);
    char text[IP_TEXT];

    if (!type || strcmp(type, "router") != 0 || !row_members(port, "addresses")) {
        return trace_broken(trace, SWITCH_PORT_TABLE, row_title_of(port), REPAIR,
                            "it is of type \"%s\" with %zu addresses: expected router and one",
                            type ? type : "", row_members(port, "addresses"));
    }
    if (!router_port) {
        return trace_broken(trace, ROUTER_PORT_TABLE, name, REPAIR,
                            "there is none, and switch port %s leads to it", row_title_of(port));
    }
    if (is_disabled(router_port) || !network_has_ip(router_port, ip)) {
        return trace_broken(trace, ROUTER_PORT_TABLE, name, REPAIR,
                            is_disabled(router_port) ? "it is disabled%s"
                                                     : "it has not the address %s",
                            is_disabled(router_port) ? "" : ip_to_text(ip, text));
    }
    return enter_router(way, rows_referrer(trace->nb, ROUTER_TABLE, "ports", router_port->id));
}

/* The port of the switch that leads to a router. */
static const struct row *find_uplink(const struct way *way, const struct row *on)
{
    const size_t n = row_members(on, "ports");

    for (size_t i = 0; i < n; i++) {
        const struct row *port = row_member(way->trace->nb, on, "ports", SWITCH_PORT_TABLE, i);

        if (row_pair(port, "options", "router-port")) {
            return port;
        }
    }
    return NULL;
}

/* That there is one, with a router behind it. */
static bool has_uplink(const struct way *way, const struct row *on)
{
    const struct row *uplink = find_uplink(way, on);

    if (!uplink) {
        return trace_broken(way->trace, SWITCH_PORT_TABLE,
                            node_switch_port_name(&way->trace->arena, row_title_of(on)), REPAIR,
                            "there is none, and no other port of switch %s leads to a router",
                            row_title_of(on));
    }
    return router_port_of(way, uplink) ||
           trace_broken(way->trace, ROUTER_PORT_TABLE, row_pair(uplink, "options", "router-port"),
                        REPAIR, "there is none, and switch port %s leads to it",
                        row_title_of(uplink));
}

/* ACLs that drop everything are told; what others match is not looked into. */

static bool drops_all(const struct row *acl)
{
    const char *action = row_string(acl, "action"), *match = row_string(acl, "match");

    return action && match && (!strcmp(action, "drop") || !strcmp(action, "reject")) &&
           (!strcmp(match, "1") || !strcmp(match, "ip") || !strcmp(match, "ip4"));
}

static bool is_stronger(const struct row *acl, const struct row *other)
{
    return !other || row_integer(acl, "priority") > row_integer(other, "priority");
}

static const struct row *strongest_acl(const struct way *way, const struct row *holder,
                                       const struct row *best)
{
    const size_t n = row_members(holder, "acls");

    for (size_t i = 0; i < n; i++) {
        const struct row *acl = row_member(way->trace->nb, holder, "acls", ACL_TABLE, i);

        best = acl && is_stronger(acl, best) ? acl : best;
    }
    return best;
}

/* That of highest priority, of the switch and of the groups that the port is in. */
static bool pass_acls(const struct way *way, const struct row *on, const struct row *port)
{
    const struct rows *nb = way->trace->nb;
    const struct row *acl = strongest_acl(way, on, NULL);

    for (const struct row *row = rows_first(nb, PORT_GROUP_TABLE); row; row = row->next) {
        if (!strcmp(row->table, PORT_GROUP_TABLE) && row_refers(row, "ports", port->id)) {
            acl = strongest_acl(way, row, acl);
        }
    }
    return !acl || !drops_all(acl) ||
           trace_broken(way->trace, ACL_TABLE, row_title_of(acl), "delete it, if it is a mistake",
                        "%s %s of switch %s drops packets of port %s: %s",
                        row_string(acl, "direction"), row_string(acl, "action"), row_title_of(on),
                        row_title_of(port), row_string(acl, "match"));
}

/* Arriving. */

static bool translates(const struct way *way, const struct row *nat)
{
    const char *type = row_string(nat, "type"), *inside = row_string(nat, "logical_ip");
    struct prefix network;

    return type && inside && !strcmp(type, "snat") && prefix_from_text(inside, &network) &&
           network.ip.family == way->src.family && prefix_contains(&network, &way->src);
}

/* The outside knows no address of a pod. */
static bool leave_by_nat(const struct way *way)
{
    const size_t n = row_members(way->router, "nat");
    char text[IP_TEXT];

    for (size_t i = 0; i < n; i++) {
        const struct row *nat = row_member(way->trace->nb, way->router, "nat", NAT_TABLE, i);

        if (nat && translates(way, nat)) {
            return trace_ok(way->trace, NAT_TABLE, row_title_of(way->router), "%s leaves as %s",
                            ip_to_text(&way->src, text), row_string(nat, "external_ip"));
        }
    }
    return trace_broken(way->trace, NAT_TABLE, row_title_of(way->router), REPAIR,
                        "there is none for the source %s", ip_to_text(&way->src, text));
}

static bool arrive_outside(const struct way *way, const struct row *port)
{
    const char *chassis = row_pair(way->router, "options", "chassis");
    char text[IP_TEXT];

    if (way->to->port) {
        return trace_broken(way->trace, ROUTER_TABLE, row_title_of(way->router), REPAIR,
                            "it has no route to %s but outside", ip_to_text(&way->dst, text));
    }
    return leave_by_nat(way) && trace_bound_port(way->trace, port, NULL, chassis) &&
           (!way->from->port || trace_tunnel(way->trace, way->from->port, port)) &&
           trace_ok(way->trace, SWITCH_PORT_TABLE, row_title_of(port), "leads outside");
}

static bool arrive(const struct way *way, const struct row *on, const struct row *port)
{
    char text[IP_TEXT];

    if (port != way->to->port) {
        return trace_broken(way->trace, SWITCH_PORT_TABLE, row_title_of(port), REPAIR,
                            "it has the address %s, too", ip_to_text(&way->dst, text));
    }
    return pass_acls(way, on, port);
}

static bool has_unknown(const struct row *port)
{
    const struct column *addresses = row_column(port, "addresses");
    const struct atom unknown = {.type = ATOM_STRING, .string = "unknown"};

    return addresses && column_holds(addresses, &unknown);
}

/* Finds who has the address 'ip' on the switch: a port, a router behind one, or whoever is beyond
 * the one that takes all that nobody else does. */
static bool deliver(const struct way *way, const struct row *on, const struct ip *ip)
{
    const struct rows *nb = way->trace->nb;
    const size_t n = row_members(on, "ports");
    const struct row *rest = NULL;
    char text[IP_TEXT];

    for (size_t i = 0; i < n; i++) {
        const struct row *port = row_member(nb, on, "ports", SWITCH_PORT_TABLE, i);

        if (port_has_ip(port, ip)) {
            return arrive(way, on, port);
        }
        if (network_has_ip(router_port_of(way, port), ip)) {
            return cross_to_router(way, port, ip);
        }
        rest = has_unknown(port) ? port : rest;
    }
    return rest ? arrive_outside(way, rest)
                : trace_broken(way->trace, SWITCH_TABLE, row_title_of(on), REPAIR,
                               "no port on it has the address %s", ip_to_text(ip, text));
}

/* Routers. */

/* A way out of a router. */
struct route {
    const struct row *row;         /* NULL: the destination is in a network of the port. */
    const struct row *router_port; /* NULL: there is none. */
    struct ip next_hop;            /* Of no family: the packet is discarded. */
    int rank;                      /* The best is taken, or one of the best. */
};

/* "rtos-node1" is for "stor-node1". */
static const char *peer_name(struct ovnk8s_trace *trace, const char *name)
{
    return strlen(name) > 5 && !strncmp(name, "rto", 3) && name[4] == '-'
               ? trace_printf(trace, "%ctor-%s", name[3], name + 5)
               : trace_printf(trace, "of %s", name);
}

static bool leave_router(const struct way *way, const struct route *route)
{
    struct ovnk8s_trace *trace = way->trace;
    const char *name = row_title_of(route->router_port);
    const struct row *port =
        row_with_pair(trace->nb, SWITCH_PORT_TABLE, "options", "router-port", name);
    const struct row *on = port ? rows_referrer(trace->nb, SWITCH_TABLE, "ports", port->id) : NULL;

    if (!on) {
        return trace_broken(trace, SWITCH_PORT_TABLE, peer_name(trace, name), REPAIR,
                            "there is none for port %s of router %s", name,
                            row_title_of(way->router));
    }
    if (is_disabled(route->router_port)) {
        return trace_broken(trace, ROUTER_PORT_TABLE, name, REPAIR, "it is disabled");
    }
    trace_ok(trace, ROUTER_PORT_TABLE, name, "router %s to switch %s", row_title_of(way->router),
             row_title_of(on));
    return deliver(way, on, &route->next_hop);
}

/* The port of the router with a network that has the address. */
static const struct row *port_towards(const struct way *way, const struct ip *ip, int *length)
{
    const size_t n = row_members(way->router, "ports");
    const struct row *best = NULL;

    *length = -1;
    for (size_t i = 0; i < n; i++) {
        const struct row *port =
            row_member(way->trace->nb, way->router, "ports", ROUTER_PORT_TABLE, i);
        const struct column *networks = row_column(port, "networks");

        for (size_t j = 0; networks && j < networks->n; j++) {
            struct prefix network;

            if (prefix_from_text(networks->atoms[j].string, &network) &&
                network.ip.family == ip->family && prefix_contains(&network, ip) &&
                (int)network.length > *length) {
                *length = (int)network.length;
                best = port;
            }
        }
    }
    return best;
}

/* For an equal length OVN prefers a network of its own to a route, and a route by destination to
 * one by source. */
static bool take_route(const struct way *way, const struct row *row, struct route *out)
{
    const char *to = row_string(row, "ip_prefix"), *via = row_string(row, "nexthop");
    const char *policy = row_string(row, "policy"), *by = row_string(row, "output_port");
    const bool is_by_source = policy && !strcmp(policy, "src-ip");
    const struct ip *ip = is_by_source ? &way->src : &way->dst;
    struct prefix prefix;
    int length;

    if (!to || !via || !prefix_from_text(to, &prefix) || prefix.ip.family != ip->family ||
        !prefix_contains(&prefix, ip)) {
        return false;
    }
    *out = (struct route){.row = row, .rank = 3 * (int)prefix.length + (is_by_source ? 0 : 1)};
    if (ip_from_text(via, &out->next_hop)) {
        out->router_port = by ? row_with(way->trace->nb, ROUTER_PORT_TABLE, "name", by)
                              : port_towards(way, &out->next_hop, &length);
    }
    return true;
}

static bool follow(const struct way *way, const struct route *route)
{
    const char *to = row_string(route->row, "ip_prefix"), *via = row_string(route->row, "nexthop");

    if (route->row && !route->next_hop.family) {
        return trace_broken(way->trace, ROUTE_TABLE, to,
                            "use an address of the range that something has",
                            "router %s discards what goes there", row_title_of(way->router));
    }
    if (!route->router_port) {
        return trace_broken(way->trace, ROUTE_TABLE, to, REPAIR,
                            "no port of router %s leads to its next hop %s",
                            row_title_of(way->router), via);
    }
    if (route->row) {
        trace_ok(way->trace, ROUTE_TABLE, to, "router %s sends by %s", row_title_of(way->router),
                 via);
    }
    return leave_router(way, route);
}

/* All that are equally good, of which any may be taken. */
static bool follow_best(const struct way *way, int rank)
{
    const size_t n = row_members(way->router, "static_routes");
    struct route route;

    for (size_t i = 0; i < n; i++) {
        const struct row *row =
            row_member(way->trace->nb, way->router, "static_routes", ROUTE_TABLE, i);

        if (row && take_route(way, row, &route) && route.rank == rank && !follow(way, &route)) {
            return false;
        }
    }
    return true;
}

static bool find_route(const struct way *way)
{
    const size_t n = row_members(way->router, "static_routes");
    int length, best = -1;
    struct route own = {.next_hop = way->dst}, route;
    char text[IP_TEXT];

    own.router_port = port_towards(way, &way->dst, &length);
    own.rank = own.router_port ? 3 * length + 2 : -1;
    if (!own.router_port && way->to->on && !has_uplink(way, way->to->on)) {
        return false; /* That is why, whatever other routes there are. */
    }
    for (size_t i = 0; i < n; i++) {
        const struct row *row =
            row_member(way->trace->nb, way->router, "static_routes", ROUTE_TABLE, i);

        if (row && take_route(way, row, &route) && route.rank > best) {
            best = route.rank;
        }
    }
    if (best < 0 && own.rank < 0) {
        return trace_broken(way->trace, ROUTER_TABLE, row_title_of(way->router),
                            way->to->port ? REPAIR
                                          : REPAIR ", or \"ovn-k8s-overlay gateway-init\" on a"
                                                   " node if there is no gateway",
                            "it has no route to %s", ip_to_text(&way->dst, text));
    }
    return own.rank > best ? follow(way, &own) : follow_best(way, best);
}

static bool pass_policies(const struct way *way)
{
    const size_t n = row_members(way->router, "policies");

    for (size_t i = 0; i < n; i++) {
        const struct row *policy =
            row_member(way->trace->nb, way->router, "policies", POLICY_TABLE, i);

        if (policy && drops_all(policy)) {
            return trace_broken(way->trace, POLICY_TABLE, row_title_of(way->router),
                                "delete it, if it is a mistake", "it drops packets: %s",
                                row_string(policy, "match"));
        }
    }
    return true;
}

/* A gateway's router is on one chassis. */
static bool find_chassis(const struct way *way, const struct row *router)
{
    const char *chassis = row_pair(router, "options", "chassis");

    return !chassis || !way->trace->sb || row_with(way->trace->sb, "Chassis", "name", chassis) ||
           trace_broken(way->trace, ROUTER_TABLE, row_title_of(router),
                        "is ovn-controller running there?",
                        "it is on chassis \"%s\", which has not joined", chassis);
}

static bool enter_router(const struct way *before, const struct row *router)
{
    struct way way = *before;

    way.router = router;
    if (++way.n_routers > MOST_ROUTERS || is_disabled(router)) {
        return trace_broken(way.trace, ROUTER_TABLE, row_title_of(router), REPAIR, "%s",
                            is_disabled(router) ? "it is disabled" : "packets go round in circles");
    }
    return find_chassis(&way, router) && pass_policies(&way) && find_route(&way);
}

/* From the beginning. */

/* To another subnet it goes by the first address of its own, which is the router's. */
static bool leave_switch(const struct way *way)
{
    const struct row *on = way->from->on;
    struct ovnk8s_trace *trace = way->trace;
    struct prefixes subnets;
    const struct prefix *subnet;
    struct ip router;

    if (!switch_subnets(on, &subnets) || !(subnet = prefixes_of(&subnets, way->src.family))) {
        return trace_broken(trace, SWITCH_TABLE, row_title_of(on), REPAIR,
                            "it has no subnet of this family");
    }
    if (prefix_contains(subnet, &way->dst)) {
        return deliver(way, on, &way->dst);
    }
    if (!has_uplink(way, on)) {
        return false;
    }
    router = prefix_nth(subnet, ROUTER_INDEX);
    return cross_to_router(way, find_uplink(way, on), &router);
}

/* From outside packets may come to any gateway. */
static bool enter_gateways(const struct way *way)
{
    size_t n = 0;

    for (const struct row *row = rows_first(way->trace->nb, ROUTER_TABLE); row; row = row->next) {
        if (!strcmp(row->table, ROUTER_TABLE) && row_pair(row, "options", "chassis")) {
            n++;
            if (!enter_router(way, row)) {
                return false;
            }
        }
    }
    return n ||
           trace_broken(way->trace, ROUTER_TABLE, "GR_*",
                        "run \"ovn-k8s-overlay gateway-init\" on a node", "there is no gateway");
}

bool trace_walk(struct ovnk8s_trace *trace, const struct station *from, const struct station *to,
                const struct ip *src, const struct ip *dst)
{
    const struct way way = {.trace = trace, .from = from, .to = to, .src = *src, .dst = *dst};

    return from->port ? pass_acls(&way, from->on, from->port) && leave_switch(&way)
                      : enter_gateways(&way);
}
