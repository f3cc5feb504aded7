/* The rows of a service.
 *
 * Two rows must not serve the same address at the same place: OVN would take either. So what a
 * packet meets on a node's switch and on a gateway's router is cut into rows like this:
 *
 *                                on switches           on routers
 *     main                       cluster, external     the same; none if external is Local
 *     node N (internal Local)    cluster, on N alone
 *     gateway G                  node ports of G       the same on G; none if external is Local
 *     local G (external Local)                         external, node ports of G, on G alone
 *
 * Each of them has a sibling for the addresses that nobody serves just now: a gateway's router
 * gives everything that it balances an address of its own (lb_force_snat_ip), and would give it to
 * the refusal too, which the client then takes for somebody else's. So these rows have skip_snat.
 */

#include <stdio.h>
#include <string.h>

#include "topology/groups.h"
#include "topology/names.h"
#include "topology/parts.h"
#include "topology/service.h"
#include "topology/topology.h"

const char *const service_protocols[SERVICE_PROTOCOLS] = {"tcp", "udp", "sctp"};

/* What all rows of one protocol of a service have in common. */
struct balance {
    struct rows *wanted;
    const char *owner;
    const struct service_record *service;
    const struct service_sites *sites;
    size_t protocol;
};

/* One of them, with its sibling. */
struct part {
    enum service_part kind;
    const char *site;   /* The node or gateway, NULL for the main one. */
    const char *groups; /* With spaces between. */
    bool keeps_client;
};

static struct arena *arena_of(const struct balance *b)
{
    return &b->wanted->arena;
}

static bool is_new(const struct balance *b)
{
    return b->sites->is_new[b->protocol];
}

const char *balancer_name(struct arena *arena, const char *service_namespace, const char *name,
                          size_t protocol, enum service_part part, const char *site,
                          bool is_refused)
{
    static const char *const parts[] = {"", " node ", " gateway ", " local "};

    return arena_printf(arena, "%s/%s %s%s%s%s", service_namespace, name,
                        service_protocols[protocol], parts[part], site ? site : "",
                        is_refused ? " refused" : "");
}

struct row_id service_policy_id(const char *owner, const char *service_namespace, const char *name,
                                size_t protocol, const char *gateway, unsigned int family)
{
    char text[1024];

    snprintf(text, sizeof text, "%s/%s %s local %s ipv%u", service_namespace, name,
             service_protocols[protocol], gateway, family);
    return row_id(owner, POLICY_TABLE, text);
}

/* Rows. */

static void is_pair(struct row *row, const char *column, const char *key, const char *value)
{
    const struct atom pair[] = {{.type = ATOM_STRING, .string = key},
                                {.type = ATOM_STRING, .string = value}};

    row_add_atoms(row, column, COLUMN_IS, true, pair, 1);
}

static void name_service(const struct balance *b, struct row *row)
{
    row_includes_pair(row, "external_ids", SERVICE_NAMESPACE_KEY, b->service->service_namespace);
    row_includes_pair(row, "external_ids", SERVICE_NAME_KEY, b->service->name);
}

static void describe(const struct balance *b, const struct part *part, struct row *row)
{
    name_service(b, row);
    row_includes_pair(row, "external_ids", GROUPS_KEY, part->groups);
    row_is_owned(row, b->owner);
}

static void join_groups(const struct balance *b, const struct part *part, struct row_id id)
{
    const char *rest = part->groups;

    while (rest && *rest) {
        const size_t length = strcspn(rest, " ");

        want_member(b->wanted, b->owner, arena_strndup(arena_of(b), rest, length), id, true);
        rest += length + (rest[length] == ' ');
    }
    if (part->kind == PART_MAIN && !strstr(part->groups, ALL_ROUTERS)) {
        want_member(b->wanted, b->owner, ALL_ROUTERS, id, false);
    }
    if (part->kind == PART_GATEWAY && !strstr(part->groups, "router/")) {
        want_member(b->wanted, b->owner, router_group(arena_of(b), part->site), id, false);
    }
}

static struct row *want_balancer(const struct balance *b, const struct part *part, bool is_refused)
{
    const struct service_record *service = b->service;
    const char *name = balancer_name(arena_of(b), service->service_namespace, service->name,
                                     b->protocol, part->kind, part->site, is_refused);
    const struct row_id id = row_id(b->owner, BALANCER_TABLE, name ? name : "");
    struct row *row = rows_want(b->wanted, BALANCER_TABLE, id, name);

    if (row->remark == b->service || !name || !part->groups) {
        return row;
    }
    row->remark = b->service;
    row->is_new = is_new(b);
    row_is_string(row, "name", name);
    row_is_string(row, "protocol", service_protocols[b->protocol]);
    row_is_empty_map(row, "vips");
    row_is_empty(row, "selection_fields");
    if (service->has_affinity) {
        row_add_string(row, "selection_fields", "ip_src");
    }
    row_is_empty_map(row, "options");
    is_pair(row, "options", "reject", "true");
    if (is_refused || part->keeps_client) {
        is_pair(row, "options", "skip_snat", "true");
    }
    describe(b, part, row);
    join_groups(b, part, id);
    return row;
}

/* Endpoints. */

static const char *address_text(struct arena *arena, const struct ip *ip, uint16_t port)
{
    char text[IP_TEXT];

    return arena_printf(arena, ip->family == 4 ? "%s:%u" : "[%s]:%u", ip_to_text(ip, text), port);
}

static bool is_on(const struct endpoint_record *endpoint, const char *node)
{
    return !node || (endpoint->node && !strcmp(endpoint->node, node));
}

static bool serves(const struct endpoint_record *endpoint, unsigned int family, const char *node,
                   bool is_terminating)
{
    return endpoint->ip.family == family && endpoint->is_terminating == is_terminating &&
           is_on(endpoint, node);
}

enum { ENDPOINT_TEXT = IP_TEXT + sizeof "[]:65535," };

/* The endpoints of the family, on 'node' unless that is NULL, with commas between; terminating ones
 * where there is no other. "" if there is none. */
static const char *endpoints_text(struct arena *arena, const struct service_port_record *port,
                                  unsigned int family, const char *node)
{
    char *text = arena_alloc(arena, port->n_endpoints * ENDPOINT_TEXT + 1), *end = text;

    for (int terminating = 0; terminating < 2 && end && end == text; terminating++) {
        for (size_t i = 0; i < port->n_endpoints; i++) {
            const struct endpoint_record *endpoint = &port->endpoints[i];
            char ip[IP_TEXT];

            if (serves(endpoint, family, node, terminating)) {
                end += sprintf(end, family == 4 ? "%s%s:%u" : "%s[%s]:%u", end == text ? "" : ",",
                               ip_to_text(&endpoint->ip, ip), endpoint->port);
            }
        }
    }
    return text;
}

/* That the part serves the address, or refuses for it. */
static void want_vip(const struct balance *b, const struct part *part, const struct ip *ip,
                     uint16_t number, const struct service_port_record *port, const char *node)
{
    const char *vip = address_text(arena_of(b), ip, number);
    const char *endpoints = endpoints_text(arena_of(b), port, ip->family, node);

    if (vip && endpoints) {
        is_pair(want_balancer(b, part, !*endpoints), "vips", vip, endpoints);
    }
}

static void want_vips(const struct balance *b, const struct part *part, const struct ip_list *ips,
                      const struct service_port_record *port, const char *node)
{
    for (size_t i = 0; i < ips->n; i++) {
        if (!ip_list_has(&port->not_at, &ips->of[i])) {
            want_vip(b, part, &ips->of[i], port->port, port, node);
        }
    }
}

static bool is_of(const struct balance *b, const struct service_port_record *port)
{
    return port->protocol == b->protocol;
}

/* Nodes of their own: internal traffic that is local. */

static void want_on_node(const struct balance *b, const char *node)
{
    const struct part part = {
        .kind = PART_NODE, .site = node, .groups = switch_group(arena_of(b), node)};

    for (size_t i = 0; i < b->service->n_ports; i++) {
        if (is_of(b, &b->service->ports[i])) {
            want_vips(b, &part, &b->service->cluster, &b->service->ports[i], node);
        }
    }
}

static bool has_word(const char *words, const char *word)
{
    const size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += length) {
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' ')) {
            return true;
        }
    }
    return false;
}

static size_t nodes_room(const struct balance *b)
{
    size_t room = 1;

    for (size_t i = 0; i < b->service->n_ports; i++) {
        const struct service_port_record *port = &b->service->ports[i];

        for (size_t j = 0; j < port->n_endpoints; j++) {
            room += port->endpoints[j].node ? strlen(port->endpoints[j].node) + 1 : 0;
        }
    }
    return room;
}

static void add_nodes(const struct balance *b, const struct service_port_record *port, char *nodes)
{
    char *end = nodes + strlen(nodes);

    for (size_t i = 0; i < port->n_endpoints; i++) {
        const char *node = port->endpoints[i].node;

        if (node && !has_word(nodes, node) && b->sites->has_node(b->sites->payload, node)) {
            end += sprintf(end, "%s%s", end == nodes ? "" : " ", node);
        }
    }
}

/* Those that have endpoints, with spaces between. */
static const char *nodes_of(const struct balance *b)
{
    char *nodes = arena_alloc(arena_of(b), nodes_room(b));

    for (size_t i = 0; i < b->service->n_ports && nodes; i++) {
        if (is_of(b, &b->service->ports[i])) {
            add_nodes(b, &b->service->ports[i], nodes);
        }
    }
    return nodes;
}

static const char *want_on_nodes(const struct balance *b)
{
    const char *nodes = b->service->internal_local ? nodes_of(b) : "";
    const char *rest = nodes;

    while (rest && *rest) {
        const size_t length = strcspn(rest, " ");
        const char *node = arena_strndup(arena_of(b), rest, length);

        if (node) {
            want_on_node(b, node);
        }
        rest += length + (rest[length] == ' ');
    }
    return nodes;
}

/* Gateways. */

static void want_node_port(const struct balance *b, const struct gateway_record *gateway,
                           const struct service_port_record *port)
{
    struct arena *arena = arena_of(b);
    const char *own = router_group(arena, gateway->node);
    const struct part to_all = {
        .kind = PART_GATEWAY,
        .site = gateway->node,
        .groups =
            b->service->external_local ? ALL_SWITCHES : arena_join(arena, ALL_SWITCHES, " ", own),
    };
    const struct part local = {
        .kind = PART_LOCAL, .site = gateway->node, .groups = own, .keeps_client = true};

    for (size_t i = 0; i < gateway->addresses.n && port->node_port; i++) {
        const struct ip *ip = &gateway->addresses.of[i].ip;

        want_vip(b, &to_all, ip, port->node_port, port, NULL);
        if (b->service->external_local) {
            want_vip(b, &local, ip, port->node_port, port, gateway->node);
        }
    }
    if (b->service->external_local) {
        want_vips(b, &local, &b->service->external, port, gateway->node);
    }
}

enum { REPLY_TEXT = IP_TEXT + sizeof " || (ip4.src ==  && sctp.src == 65535)" };

static char *add_replies(const struct balance *b, const struct service_port_record *port,
                         const char *node, unsigned int family, char *to, const char *begin)
{
    for (size_t i = 0; i < port->n_endpoints; i++) {
        const struct endpoint_record *endpoint = &port->endpoints[i];
        char ip[IP_TEXT];

        if (endpoint->ip.family == family && is_on(endpoint, node)) {
            to += sprintf(to, "%s(ip%u.src == %s && %s.src == %u)", to == begin ? "" : " || ",
                          family, ip_to_text(&endpoint->ip, ip), service_protocols[b->protocol],
                          endpoint->port);
        }
    }
    return to;
}

/* "(ip4.src == A && tcp.src == 80) || ..." of the endpoints on the gateway's node. */
static const char *replies_match(const struct balance *b, const struct gateway_record *gateway,
                                 unsigned int family)
{
    size_t n = 0;
    char *begin, *end;

    for (size_t i = 0; i < b->service->n_ports; i++) {
        n += b->service->ports[i].n_endpoints;
    }
    begin = end = arena_alloc(arena_of(b), n * REPLY_TEXT + 1);
    for (size_t i = 0; i < b->service->n_ports && begin; i++) {
        if (is_of(b, &b->service->ports[i])) {
            end = add_replies(b, &b->service->ports[i], gateway->node, family, end, begin);
        }
    }
    return begin;
}

/* What stays in the cluster is none of its business. */
static const char *policy_match(const struct balance *b, const char *replies, unsigned int family)
{
    const struct prefix *cluster = prefixes_of(&b->sites->cluster->subnets, family);
    const struct prefix *join = prefixes_of(&b->sites->cluster->join, family);
    char texts[2][PREFIX_TEXT];

    return cluster && join
               ? arena_printf(arena_of(b), "(%s) && ip%u.dst != {%s, %s}", replies, family,
                              prefix_to_text(cluster, texts[0]), prefix_to_text(join, texts[1]))
               : NULL;
}

/* Several gateways share what leaves the cluster; but what a client that is not hidden by the
 * gateway's address is told must pass the gateway that it has come by. */
static void want_replies(const struct balance *b, const struct gateway_record *gateway,
                         const struct prefix *join)
{
    const struct service_record *service = b->service;
    const unsigned int family = join->ip.family;
    const char *replies = replies_match(b, gateway, family);
    const struct policy policy = {
        .id = service_policy_id(b->owner, service->service_namespace, service->name, b->protocol,
                                gateway->node, family),
        .title = arena_printf(arena_of(b), "%s/%s by %s", service->service_namespace, service->name,
                              gateway->node),
        .priority = PRIORITY_LOCAL_REPLIES,
        .match = replies && *replies ? policy_match(b, replies, family) : NULL,
        .action = "reroute",
        .next_hop = &join->ip};
    struct row *router =
        rows_edit(b->wanted, ROUTER_TABLE, cluster_router_id(b->owner), b->sites->cluster->name);

    if (policy.match) {
        struct row *row = want_policy(b->wanted, b->owner, router, &policy);

        row->is_new = is_new(b);
        row_includes_pair(row, "external_ids", GATEWAY_NODE_KEY, gateway->node);
        name_service(b, row);
    }
}

static bool wants_local(const struct balance *b)
{
    bool has_node_port = false;

    for (size_t i = 0; i < b->service->n_ports; i++) {
        has_node_port |= is_of(b, &b->service->ports[i]) && b->service->ports[i].node_port;
    }
    return b->service->external_local && (has_node_port || b->service->external.n);
}

static void want_on_gateway(const struct balance *b, const struct gateway_record *gateway)
{
    for (size_t i = 0; i < b->service->n_ports; i++) {
        if (is_of(b, &b->service->ports[i])) {
            want_node_port(b, gateway, &b->service->ports[i]);
        }
    }
    for (size_t i = 0; i < gateway->join.n && wants_local(b); i++) {
        want_replies(b, gateway, &gateway->join.of[i]);
    }
}

/* The whole. */

static void want_main(const struct balance *b, const char *nodes, bool has_gateways)
{
    const struct part part = {.kind = PART_MAIN,
                              .groups = b->service->external_local ? ALL_SWITCHES
                                                                   : ALL_SWITCHES " " ALL_ROUTERS};
    struct row *row = want_balancer(b, &part, false);

    if (nodes) {
        row_includes_pair(row, "external_ids", SERVICE_NODES_KEY, nodes);
    }
    row_includes_pair(row, "external_ids", SERVICE_GATEWAYS_KEY, has_gateways ? "yes" : "no");
    for (size_t i = 0; i < b->service->n_ports; i++) {
        const struct service_port_record *port = &b->service->ports[i];

        if (is_of(b, port)) {
            want_vips(b, &part, &b->service->external, port, NULL);
            if (!b->service->internal_local) {
                want_vips(b, &part, &b->service->cluster, port, NULL);
            }
        }
    }
}

static bool has_port_of(const struct balance *b, bool with_node_port)
{
    for (size_t i = 0; i < b->service->n_ports; i++) {
        if (is_of(b, &b->service->ports[i]) &&
            (!with_node_port || b->service->ports[i].node_port)) {
            return true;
        }
    }
    return false;
}

static void want_protocol(const struct balance *b)
{
    const bool has_gateways = has_port_of(b, true) || wants_local(b);
    const char *nodes;

    if (has_port_of(b, false) &&
        (b->service->cluster.n || b->service->external.n || has_gateways)) {
        nodes = want_on_nodes(b);
        want_main(b, nodes, has_gateways);
        for (size_t i = 0; i < b->sites->n_gateways && has_gateways; i++) {
            want_on_gateway(b, &b->sites->gateways[i]);
        }
    }
}

void want_service(struct rows *wanted, const char *owner, const struct service_record *service,
                  const struct service_sites *sites)
{
    struct balance balance = {.wanted = wanted, .owner = owner, .service = service, .sites = sites};

    for (; balance.protocol < SERVICE_PROTOCOLS; balance.protocol++) {
        want_protocol(&balance);
    }
}
