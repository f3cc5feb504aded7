#include <string.h>

#include "topology/gateway.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/parts.h"
#include "topology/topology.h"
#include "topology/wants.h"

/* What the rows of one gateway have in common. */
struct site {
    struct rows *wanted;
    const char *owner;
    const struct cluster_record *cluster;
    const struct gateway_record *gateway;
    struct row *router; /* Of the gateway. */
    const char *outer_port;
};

static struct arena *arena_of(const struct site *site)
{
    return &site->wanted->arena;
}

/* Addresses alone. */
static const char *ips_text(struct arena *arena, const struct prefixes *prefixes)
{
    char text[2][IP_TEXT] = {"", ""};

    for (size_t i = 0; i < prefixes->n; i++) {
        ip_to_text(&prefixes->of[i].ip, text[i]);
    }
    return arena_printf(arena, "%s%s%s", text[0], prefixes->n > 1 ? "," : "", text[1]);
}

static void add_pair(struct row *row, const char *column, const char *key, const char *value)
{
    if (value) {
        row_includes_pair(row, column, key, value);
    }
}

/* The router, and the switches on both its sides. */

static struct row *want_router(const struct site *site)
{
    const struct gateway_record *gateway = site->gateway;
    struct arena *arena = arena_of(site);
    const char *name = arena_printf(arena, "GR_%s", gateway->node);
    struct row *row =
        rows_want(site->wanted, ROUTER_TABLE, gateway_router_id(site->owner, gateway->node), name);

    if (!name) {
        return row;
    }
    row->sole = true;
    row_is_string(row, "name", name);
    row_includes_pair(row, "options", "chassis", gateway->chassis);
    /* What it balances gets the address of the side where it leaves, so that replies come back:
     * endpoints are pods as well as hosts outside, who know no join addresses. */
    row_includes_pair(row, "options", "lb_force_snat_ip", "router_ip");
    add_pair(row, "external_ids", "physical_ip", ips_text(arena, &gateway->addresses));
    row_includes_pair(row, "external_ids", "first_gateway", gateway->is_first ? "yes" : "no");
    add_pair(row, "external_ids", GATEWAY_KEY, gateway_text(arena, gateway));
    row_is_owned(row, site->owner);
    return row;
}

static void mark_port(const struct site *site, const char *name, const char *key)
{
    struct row *port =
        rows_find(site->wanted, ROUTER_PORT_TABLE, router_port_id(site->owner, name));

    if (port) {
        row_includes_pair(port, "external_ids", key, "yes");
    }
}

static void want_join_side(const struct site *site)
{
    struct arena *arena = arena_of(site);
    const struct router_link link = {
        .router = site->router,
        .node_switch = rows_edit(site->wanted, SWITCH_TABLE, join_switch_id(site->owner),
                                 join_switch_name(arena, site->owner)),
        .name = arena_printf(arena, "rtoj-GR_%s", site->gateway->node),
        .peer = arena_printf(arena, "jtor-GR_%s", site->gateway->node),
        .networks = site->gateway->join,
    };

    if (!rows_failed(site->wanted)) {
        want_router_link(site->wanted, site->owner, &link);
        mark_port(site, link.name, "connect_to_join");
    }
}

/* The port to the outside takes whatever comes from there. */
static void want_interface(const struct site *site, struct row *outer)
{
    const char *name =
        outer_interface_name(arena_of(site), site->gateway->interface, site->gateway->node);
    struct row_id id;
    struct row *port;

    if (name) {
        id = switch_port_id(site->owner, name);
        include_part(site->wanted, outer, "ports", SWITCH_PORT_TABLE, id);
        port = rows_want(site->wanted, SWITCH_PORT_TABLE, id, name);
        row_is_string(port, "name", name);
        row_is_string(port, "addresses", "unknown");
        row_is_owned(port, site->owner);
    }
}

static void want_outer_side(const struct site *site)
{
    struct arena *arena = arena_of(site);
    const char *node = site->gateway->node, *name = arena_printf(arena, "ext_%s", node);
    struct row *outer =
        rows_want(site->wanted, SWITCH_TABLE, outer_switch_id(site->owner, node), name);
    const struct router_link link = {
        .router = site->router,
        .node_switch = outer,
        .name = site->outer_port,
        .peer = arena_printf(arena, "etor-GR_%s", node),
        .networks = site->gateway->addresses,
        .mac = &site->gateway->mac,
    };

    if (rows_failed(site->wanted)) {
        return;
    }
    outer->sole = true;
    row_is_string(outer, "name", name);
    add_pair(outer, "external_ids", GATEWAY_KEY, gateway_text(arena, site->gateway));
    row_is_owned(outer, site->owner);
    want_interface(site, outer);
    want_router_link(site->wanted, site->owner, &link);
    mark_port(site, link.name, "gateway-physical-ip");
}

static void want_gateway_ledger(const struct site *site)
{
    struct arena *arena = arena_of(site);
    const char *node = site->gateway->node;
    struct row *row = rows_want(site->wanted, LEDGER_TABLE, gateway_ledger_id(site->owner, node),
                                arena_printf(arena, "ledger of gateway %s", node));

    row_includes_pair(row, "external_ids", LEDGER_KEY, "gateway");
    add_pair(row, "external_ids", GATEWAY_KEY, gateway_text(arena, site->gateway));
    row_is_owned(row, site->owner);
}

/* Routes and NAT. They have no names: the identity is computed from what they are for. */

static void want_route(const struct site *site, struct row *router, struct row_id id,
                       const char *title, const struct prefix *to, const struct ip *via)
{
    char text[PREFIX_TEXT];
    struct row *row;

    include_part(site->wanted, router, "static_routes", ROUTE_TABLE, id);
    row = rows_want(site->wanted, ROUTE_TABLE, id, title);
    row_is_string(row, "ip_prefix", prefix_to_text(to, text));
    row_is_string(row, "nexthop", ip_to_text(via, text));
    row_is_owned(row, site->owner);
}

static struct prefix everywhere(unsigned int family)
{
    return (struct prefix){.ip.family = (uint8_t)family};
}

/* Within the gateway's router: to the cluster, and to the outside. */
static void want_own_routes(const struct site *site, const struct prefix *subnet)
{
    const unsigned int family = subnet->ip.family;
    const struct prefixes routers = addresses_at(&site->cluster->join, ROUTER_INDEX);
    const struct prefix *next_hop = prefixes_of(&site->gateway->next_hops, family);
    const struct prefix all = everywhere(family);
    const char *title = route_title(arena_of(site), "GR_", site->gateway->node, &all);
    struct row_id id;

    id = gateway_route_id(site->owner, "in", site->gateway->node, subnet);
    want_route(site, site->router, id,
               route_title(arena_of(site), "GR_", site->gateway->node, subnet), subnet,
               &prefixes_of(&routers, family)->ip);
    if (next_hop) {
        id = gateway_route_id(site->owner, "out", site->gateway->node, &all);
        want_route(site, site->router, id, title, &all, &next_hop->ip);
        row_is_string(rows_find(site->wanted, ROUTE_TABLE, id), "output_port", site->outer_port);
    }
}

bool gateway_is_default(const struct gateway_record *gateway, unsigned int family)
{
    return (gateway->is_first || !gateway->single_default) &&
           prefixes_of(&gateway->addresses, family) && prefixes_of(&gateway->join, family);
}

/* Within the cluster router: by this gateway to everywhere. */
static void want_default_route(const struct site *site, struct row *router,
                               const struct prefix *join)
{
    const struct prefix all = everywhere(join->ip.family);

    if (gateway_is_default(site->gateway, join->ip.family)) {
        want_route(site, router,
                   gateway_route_id(site->owner, "default", site->gateway->node, &all),
                   route_title(arena_of(site), "by ", site->gateway->node, &all), &all, &join->ip);
    }
}

static void want_rampout(const struct site *site, struct row *router, const struct prefix *subnet)
{
    const struct prefix *join = prefixes_of(&site->gateway->join, subnet->ip.family);
    const struct row_id id = gateway_route_id(site->owner, "rampout", site->gateway->node, subnet);

    if (join) {
        want_route(site, router, id,
                   route_title(arena_of(site), "by ", site->gateway->node, subnet), subnet,
                   &join->ip);
        row_is_string(rows_find(site->wanted, ROUTE_TABLE, id), "policy", "src-ip");
    }
}

static void want_nat(const struct site *site, const struct prefix *subnet)
{
    const unsigned int family = subnet->ip.family;
    const struct prefix *address = prefixes_of(&site->gateway->addresses, family);
    const struct row_id id = gateway_nat_id(site->owner, site->gateway->node, family);
    char text[PREFIX_TEXT];
    struct row *row;

    if (address) {
        include_part(site->wanted, site->router, "nat", NAT_TABLE, id);
        row = rows_want(site->wanted, NAT_TABLE, id,
                        arena_printf(arena_of(site), "GR_%s", site->gateway->node));
        row_is_string(row, "type", "snat");
        row_is_string(row, "logical_ip", prefix_to_text(subnet, text));
        row_is_string(row, "external_ip", ip_to_text(&address->ip, text));
        row_is_owned(row, site->owner);
    }
}

int want_gateway(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
                 const struct gateway_record *gateway, const struct prefixes *subnets)
{
    struct site site = {.wanted = wanted, .owner = owner, .cluster = cluster, .gateway = gateway};
    struct row *router = rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), cluster->name);

    site.outer_port = arena_printf(&wanted->arena, "rtoe-GR_%s", gateway->node);
    site.router = want_router(&site);
    want_in_groups(wanted, owner, site.router, ALL_ROUTERS,
                   router_group(&wanted->arena, gateway->node));
    want_join_side(&site);
    want_outer_side(&site);
    want_gateway_ledger(&site);
    for (size_t i = 0; i < cluster->subnets.n && !rows_failed(wanted); i++) {
        want_own_routes(&site, &cluster->subnets.of[i]);
        want_nat(&site, &cluster->subnets.of[i]);
    }
    for (size_t i = 0; i < gateway->join.n && !rows_failed(wanted); i++) {
        want_default_route(&site, router, &gateway->join.of[i]);
    }
    if (subnets && !rows_failed(wanted)) {
        want_host_policies(wanted, owner, router, gateway, subnets);
    }
    for (size_t i = 0; i < gateway->n_rampout && !rows_failed(wanted); i++) {
        want_rampout(&site, router, &gateway->rampout[i]);
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}

/* Dropping. */

static void drop_route(struct rows *wanted, const char *owner, const char *kind, const char *node,
                       const struct prefix *to)
{
    struct row *router = rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), NULL);
    const struct row_id id = gateway_route_id(owner, kind, node, to);

    drop_part(wanted, ROUTE_TABLE, id, route_title(&wanted->arena, "by ", node, to), router,
              "static_routes");
}

static bool has_rampout(const struct gateway_record *gateway, const struct prefix *subnet)
{
    for (size_t i = 0; gateway && i < gateway->n_rampout; i++) {
        if (gateway->rampout[i].length == subnet->length &&
            ip_equal(&gateway->rampout[i].ip, &subnet->ip)) {
            return true;
        }
    }
    return false;
}

/* In the cluster router; 'now' may be NULL. */
static void drop_routes(struct rows *wanted, const char *owner, const struct gateway_record *before,
                        const struct gateway_record *now)
{
    for (unsigned int family = 4; family <= 6; family += 2) {
        const struct prefix all = everywhere(family);

        if (gateway_is_default(before, family) && !(now && gateway_is_default(now, family))) {
            drop_route(wanted, owner, "default", before->node, &all);
        }
    }
    drop_host_policies(wanted, owner,
                       rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), NULL), before,
                       now);
    for (size_t i = 0; i < before->n_rampout; i++) {
        if (!has_rampout(now, &before->rampout[i])) {
            drop_route(wanted, owner, "rampout", before->node, &before->rampout[i]);
        }
    }
}

/* In its own router. */
static void drop_own(struct rows *wanted, const char *owner, const struct gateway_record *before,
                     const struct gateway_record *now)
{
    struct row *router = rows_edit(wanted, ROUTER_TABLE, gateway_router_id(owner, before->node),
                                   arena_printf(&wanted->arena, "GR_%s", before->node));

    for (unsigned int family = 4; family <= 6; family += 2) {
        const struct prefix all = everywhere(family);
        const struct row_id route = gateway_route_id(owner, "out", before->node, &all);
        const struct row_id nat = gateway_nat_id(owner, before->node, family);

        if (prefixes_of(&before->next_hops, family) && !prefixes_of(&now->next_hops, family)) {
            drop_part(wanted, ROUTE_TABLE, route,
                      route_title(&wanted->arena, "GR_", before->node, &all), router,
                      "static_routes");
        }
        if (prefixes_of(&before->addresses, family) && !prefixes_of(&now->addresses, family)) {
            drop_part(wanted, NAT_TABLE, nat, arena_printf(&wanted->arena, "GR_%s", before->node),
                      router, "nat");
        }
    }
}

static void drop_switch_port(struct rows *wanted, const char *owner, struct row *node_switch,
                             const char *name)
{
    if (name) {
        drop_part(wanted, SWITCH_PORT_TABLE, switch_port_id(owner, name), name, node_switch,
                  "ports");
    }
}

static void drop_interface(struct rows *wanted, const char *owner,
                           const struct gateway_record *gateway)
{
    struct row *outer = rows_edit(wanted, SWITCH_TABLE, outer_switch_id(owner, gateway->node),
                                  arena_printf(&wanted->arena, "ext_%s", gateway->node));

    drop_switch_port(wanted, owner, outer,
                     outer_interface_name(&wanted->arena, gateway->interface, gateway->node));
}

void drop_gateway_rest(struct rows *wanted, const char *owner, const struct gateway_record *before,
                       const struct gateway_record *now)
{
    drop_routes(wanted, owner, before, now);
    drop_own(wanted, owner, before, now);
    if (strcmp(before->interface, now->interface) != 0) {
        drop_interface(wanted, owner, before);
    }
}

static void drop_router_port(struct rows *wanted, const char *owner, const char *name)
{
    if (name) {
        rows_drop(wanted, ROUTER_PORT_TABLE, router_port_id(owner, name), name);
    }
}

/* What the same plan has stated of its own router. */
static void drop_stated(struct rows *wanted, const char *owner, const char *node)
{
    static const char *const columns[][2] = {{"static_routes", ROUTE_TABLE}, {"nat", NAT_TABLE}};
    struct row *router = rows_find(wanted, ROUTER_TABLE, gateway_router_id(owner, node));
    struct column *c = router ? router->columns : NULL;

    for (; c; c = c->next) {
        for (size_t i = 0; i < 2; i++) {
            while (c->n && c->rule == COLUMN_INCLUDES && !strcmp(c->name, columns[i][0])) {
                const struct row_id id = c->atoms->row;

                rows_drop(wanted, columns[i][1], id, NULL);
                row_excludes_row(router, c->name, id);
            }
        }
    }
}

/* Routes and NAT of its own router go with that. */
void drop_gateway(struct rows *wanted, const char *owner, const struct gateway_record *gateway)
{
    struct arena *arena = &wanted->arena;
    const char *node = gateway->node;
    struct row *join =
        rows_edit(wanted, SWITCH_TABLE, join_switch_id(owner), join_switch_name(arena, owner));
    struct row *outer = rows_drop(wanted, SWITCH_TABLE, outer_switch_id(owner, node),
                                  arena_printf(arena, "ext_%s", node));

    drop_stated(wanted, owner, node);
    drop_routes(wanted, owner, gateway, NULL);
    drop_interface(wanted, owner, gateway);
    drop_switch_port(wanted, owner, join, arena_printf(arena, "jtor-GR_%s", node));
    drop_switch_port(wanted, owner, outer, arena_printf(arena, "etor-GR_%s", node));
    drop_router_port(wanted, owner, arena_printf(arena, "rtoj-GR_%s", node));
    drop_router_port(wanted, owner, arena_printf(arena, "rtoe-GR_%s", node));
    rows_drop(wanted, ROUTER_TABLE, gateway_router_id(owner, node),
              arena_printf(arena, "GR_%s", node));
    rows_drop(wanted, LEDGER_TABLE, gateway_ledger_id(owner, node),
              arena_printf(arena, "ledger of gateway %s", node));
}
