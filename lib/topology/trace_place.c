/* The ends of a way, and the whole of it. */

#include <string.h>

#include "topology/ledger.h"
#include "topology/names.h"
#include "topology/topology.h"
#include "topology/trace.h"

const struct row *trace_port_at(const struct ovnk8s_trace *trace, const struct ip *ip)
{
    for (const struct row *row = rows_first(trace->nb, SWITCH_PORT_TABLE); row; row = row->next) {
        if (!strcmp(row->table, SWITCH_PORT_TABLE) && port_has_ip(row, ip)) {
            return row;
        }
    }
    return NULL;
}

/* Reads where a port is, and which addresses it has. */
static bool look_at_port(struct ovnk8s_trace *trace, const struct row *port, struct station *out)
{
    const char *name = row_title_of(port), *addresses = row_string(port, "addresses");
    struct prefixes subnets;
    struct mac mac;

    out->port = port;
    out->on = rows_referrer(trace->nb, SWITCH_TABLE, "ports", port->id);
    if (!switch_subnets(out->on, &subnets)) {
        return trace_broken(trace, SWITCH_TABLE, row_title_of(out->on), REPAIR,
                            "it has no subnet (external_ids:%s), and has port %s", SUBNETS_KEY,
                            name);
    }
    if (!addresses || !port_addresses_parse(addresses, &subnets, &mac, &out->ips)) {
        return trace_broken(trace, SWITCH_PORT_TABLE, name, REPAIR,
                            "its addresses are \"%s\": expected a MAC address and one of the"
                            " subnet of switch %s",
                            addresses ? addresses : "", row_title_of(out->on));
    }
    return trace_ok(trace, SWITCH_PORT_TABLE, name, "%s, on switch %s", addresses,
                    row_title_of(out->on));
}

static bool find_port(struct ovnk8s_trace *trace, const struct place *place, struct station *out)
{
    const struct row *port = row_with(trace->nb, SWITCH_PORT_TABLE, "name", place->port);

    return port ? look_at_port(trace, port, out)
                : trace_broken(trace, SWITCH_PORT_TABLE, place->port,
                               REPAIR "; ports of pods come from ovn-k8s-watcher", "there is none");
}

/* Addresses that no network has (RFC 5737, RFC 3849) stand for all of the outside. */
static void be_outside(struct station *out)
{
    *out = (struct station){.port = NULL};
    prefixes_from_text("192.0.2.1/32,2001:db8::1/128", &out->ips);
}

static const struct row *switch_with(const struct rows *nb, const struct ip *ip)
{
    for (const struct row *row = rows_first(nb, SWITCH_TABLE); row; row = row->next) {
        struct prefixes subnets;
        const struct prefix *subnet;

        if (strcmp(row->table, SWITCH_TABLE) != 0 || !switch_subnets(row, &subnets)) {
            continue;
        }
        subnet = prefixes_of(&subnets, ip->family);
        if (subnet && prefix_contains(subnet, ip)) {
            return row;
        }
    }
    return NULL;
}

static bool find_address(struct ovnk8s_trace *trace, const struct ip *ip, struct station *out)
{
    const struct row *port = trace_port_at(trace, ip), *on = switch_with(trace->nb, ip);
    char text[IP_TEXT];

    if (port) {
        const bool is_found = look_at_port(trace, port, out);

        out->ips = (struct prefixes){.of = {{.ip = *ip, .length = ip_bits(ip)}}, .n = 1};
        return is_found;
    }
    if (on) {
        return trace_broken(trace, SWITCH_TABLE, row_title_of(on),
                            REPAIR "; ports of pods come from ovn-k8s-watcher",
                            "no port on it has the address %s", ip_to_text(ip, text));
    }
    *out = (struct station){.ips = {.of = {{.ip = *ip, .length = ip_bits(ip)}}, .n = 1}};
    return true;
}

bool trace_find(struct ovnk8s_trace *trace, const struct place *place, struct station *out)
{
    *out = (struct station){.port = NULL};
    switch (place->kind) {
    case PLACE_PORT:
        return find_port(trace, place, out);
    case PLACE_ADDRESS:
        return find_address(trace, &place->ip, out);
    default:
        be_outside(out);
        return true;
    }
}

/* The whole way. */

static bool look_at_end(struct ovnk8s_trace *trace, const struct station *station)
{
    return !station->port ||
           (trace_logical_port(trace, station) &&
            trace_bound_port(trace, station->port, row_title_of(station->on), NULL));
}

static bool walk_both_ways(struct ovnk8s_trace *trace, const struct station *from,
                           const struct station *to, const struct ip *src, const struct ip *dst)
{
    return look_at_end(trace, from) && trace_walk(trace, from, to, src, dst) &&
           look_at_end(trace, to) &&
           (!from->port || !to->port || trace_tunnel(trace, from->port, to->port)) &&
           trace_walk(trace, to, from, dst, src);
}

/* Both families, where both ends have them; of the outside, the first. */
static bool walk_all(struct ovnk8s_trace *trace, const struct station *from,
                     const struct station *to)
{
    const struct row *port = from->port ? from->port : to->port;
    size_t n = 0;

    for (size_t i = 0; i < from->ips.n; i++) {
        const struct ip *src = &from->ips.of[i].ip;
        const struct prefix *dst = prefixes_of(&to->ips, src->family);

        if (dst && (!n || (from->port && to->port))) {
            if (!walk_both_ways(trace, from, to, src, &dst->ip)) {
                return false;
            }
            n++;
        }
    }
    return n || trace_broken(trace, SWITCH_PORT_TABLE, row_title_of(port), "use the other family",
                             "it has no address of a family that the other end has");
}

/* Services: each backend is to be reached, since any may be chosen. */

struct service_way {
    struct ovnk8s_trace *trace;
    const struct station *from;
    bool goes_on;
    size_t n_used; /* Virtual addresses of a family that the source has. */
};

/* Of a pod its switch translates the address; for the outside, routers of gateways do. */
static bool check_use(struct service_way *way, const struct virtual_ip *vip)
{
    const struct rows *nb = way->trace->nb;
    const struct row *user = way->from->on;
    const char *title = row_title_of(vip->balancer);

    for (const struct row *row = user ? NULL : rows_first(nb, ROUTER_TABLE); row; row = row->next) {
        if (!strcmp(row->table, ROUTER_TABLE) && row_pair(row, "options", "chassis")) {
            user = !user || uses_balancer(nb, row, vip->balancer) ? row : user;
        }
    }
    if (!user) {
        return trace_broken(way->trace, ROUTER_TABLE, "GR_*",
                            "run \"ovn-k8s-overlay gateway-init\" on a node",
                            "there is no gateway");
    }
    return uses_balancer(nb, user, vip->balancer)
               ? trace_ok(way->trace, BALANCER_TABLE, title, "%s on %s %s", vip->key, user->table,
                          row_title_of(user))
               : trace_broken(way->trace, BALANCER_TABLE, title, REPAIR, "%s %s does not use it",
                              user->table, row_title_of(user));
}

static bool walk_to_backend(struct service_way *way, const struct ip *ip)
{
    struct station to;

    return find_address(way->trace, ip, &to) && walk_all(way->trace, way->from, &to);
}

static bool walk_to_backends(const struct virtual_ip *vip, void *payload)
{
    struct service_way *way = payload;
    const char *list = vip->backends;
    unsigned int port;
    size_t n = 0;
    struct ip ip;

    if (!prefixes_of(&way->from->ips, vip->ip.family)) {
        return true;
    }
    way->n_used++;
    way->goes_on = check_use(way, vip);
    while (way->goes_on && next_backend(&list, &ip, &port)) {
        way->goes_on = walk_to_backend(way, &ip);
        n++;
    }
    if (way->goes_on && !n) {
        way->goes_on = trace_broken(way->trace, BALANCER_TABLE, row_title_of(vip->balancer),
                                    "see whether pods of the service are ready",
                                    "%s has no backends", vip->key);
    }
    return way->goes_on;
}

static bool walk_to_service(struct ovnk8s_trace *trace, const struct station *from)
{
    struct service_way way = {.trace = trace, .from = from, .goes_on = true};
    const struct query *query = &trace->query;

    if (!each_virtual_ip(trace->nb, query, walk_to_backends, &way)) {
        return trace_broken(trace, BALANCER_TABLE, query->destination.text,
                            "see whether the service is there, and ovn-k8s-watcher running",
                            "there is none%s%s", query->port ? " for port " : "",
                            query->port ? query->port_text : "");
    }
    return way.goes_on &&
           (way.n_used ||
            trace_broken(trace, BALANCER_TABLE, query->destination.text, "use the other family",
                         "it has no address of a family that the source has"));
}

static bool ignore(const struct virtual_ip *vip, void *payload)
{
    (void)vip;
    (void)payload;
    return true;
}

/* An address may be a service's. */
static bool is_service(const struct ovnk8s_trace *trace)
{
    const enum place_kind kind = trace->query.destination.kind;

    return kind == PLACE_SERVICE ||
           (kind == PLACE_ADDRESS && each_virtual_ip(trace->nb, &trace->query, ignore, NULL));
}

void trace_run(struct ovnk8s_trace *trace)
{
    struct station from, to;

    if (!trace_find(trace, &trace->query.source, &from)) {
        return;
    }
    if (is_service(trace)) {
        (void)!walk_to_service(trace, &from);
    } else if (trace_find(trace, &trace->query.destination, &to)) {
        (void)!walk_all(trace, &from, &to);
    }
}
