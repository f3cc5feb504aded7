#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/topology.h"

/* What ovnk8s_node_add() was told. */
struct node_params {
    const char *name;
    struct prefixes subnets;
    struct prefixes cluster; /* None: no matter. */
};

void ovnk8s_node_init(ovnk8s_node *node)
{
    *node = (ovnk8s_node)OVNK8S_NODE_INIT;
}

/* The cluster, and every node: a subnet must not overlap any of theirs. */
static void ask(const void *params, const char *owner, struct rows *asked)
{
    struct row *router = rows_ask(asked, ROUTER_TABLE, cluster_router_id(owner));
    struct row *switches = rows_ask_where(asked, SWITCH_TABLE, ROW_BY_OWNER, owner);

    (void)params;
    row_ask(router, "external_ids");
    row_ask(switches, "name");
    row_ask(switches, "external_ids");
}

/* What there is, with what the same plan adds. */
struct view {
    const struct node_params *node;
    const char *owner;
    const struct rows *facts;
    struct rows *wanted;
};

static int check_cluster(const struct view *view)
{
    const struct row_id id = cluster_router_id(view->owner);
    const struct row *router = rows_find(view->facts, ROUTER_TABLE, id);
    const struct node_params *node = view->node;
    char cluster_text[PREFIXES_TEXT], given_text[PREFIXES_TEXT], node_text[PREFIX_TEXT];
    struct prefixes cluster;

    router = router ? router : rows_find(view->wanted, ROUTER_TABLE, id);
    if (!router) {
        return fail(OVNK8S_NOTFOUND, "there is no cluster yet: add it first (master-init)");
    }
    if (!prefixes_from_text(row_pair(router, "external_ids", CLUSTER_SUBNET_KEY), &cluster)) {
        return fail(OVNK8S_PROTOCOL, "external_ids:" CLUSTER_SUBNET_KEY
                                     " of the cluster router is missing or malformed");
    }
    prefixes_to_text(&cluster, cluster_text);
    if (node->cluster.n && !prefixes_equal(&node->cluster, &cluster)) {
        return fail(OVNK8S_INVALID, "the cluster's subnet is %s, not %s", cluster_text,
                    prefixes_to_text(&node->cluster, given_text));
    }
    for (size_t i = 0; i < node->subnets.n; i++) {
        const struct prefix *subnet = &node->subnets.of[i];
        const struct prefix *outer = prefixes_of(&cluster, subnet->ip.family);

        if (!outer || !prefix_covers(outer, subnet)) {
            return fail(OVNK8S_INVALID, "subnet %s lies outside the cluster's, %s",
                        prefix_to_text(subnet, node_text), cluster_text);
        }
    }
    return 0;
}

static int check_other(const struct node_params *node, const char *name,
                       const struct prefixes *others)
{
    for (size_t i = 0; i < node->subnets.n; i++) {
        const struct prefix *subnet = &node->subnets.of[i];
        const struct prefix *other = prefixes_of(others, subnet->ip.family);
        char subnet_text[PREFIX_TEXT], other_text[PREFIX_TEXT];

        if (other && prefix_overlaps(subnet, other)) {
            return fail(OVNK8S_EXISTS, "subnet %s overlaps %s of node %s",
                        prefix_to_text(subnet, subnet_text), prefix_to_text(other, other_text),
                        name);
        }
    }
    return 0;
}

static int check_same(const struct node_params *node, const struct prefixes *before)
{
    char before_text[PREFIXES_TEXT], node_text[PREFIXES_TEXT];

    if (prefixes_equal(&node->subnets, before)) {
        return 0;
    }
    return fail(OVNK8S_EXISTS,
                "the node has subnet %s, not %s, and cannot change it while it exists",
                prefixes_to_text(before, before_text), prefixes_to_text(&node->subnets, node_text));
}

static int check_switches(const struct node_params *node, const struct row *switches)
{
    int error = 0;

    for (const struct row *s = switches; s && !error; s = s->next) {
        const char *name = row_string(s, "name");
        struct prefixes subnets;

        if (!strcmp(s->table, SWITCH_TABLE) && name && switch_subnets(s, &subnets)) {
            error = strcmp(name, node->name) ? check_other(node, name, &subnets)
                                             : check_same(node, &subnets);
        }
    }
    return error;
}

static struct row *want_switch(const struct view *view)
{
    const struct node_params *node = view->node;
    const struct prefixes routers = addresses_at(&node->subnets, ROUTER_INDEX);
    const struct row_id id = switch_id(view->owner, node->name);
    struct row *row = rows_want(view->wanted, SWITCH_TABLE, id, node->name);
    const struct prefix *four = prefixes_of(&node->subnets, 4);
    const struct prefix *six = prefixes_of(&node->subnets, 6);
    char text[PREFIXES_TEXT];

    row->sole = true;
    row_is_string(row, "name", node->name);
    if (four) {
        row_includes_pair(row, "other_config", "subnet", prefix_to_text(four, text));
    }
    if (six) {
        row_includes_pair(row, "other_config", "ipv6_prefix", ip_to_text(&six->ip, text));
    }
    row_includes_pair(row, "external_ids", SUBNETS_KEY, prefixes_to_text(&node->subnets, text));
    row_includes_pair(row, "external_ids", GATEWAY_IP_KEY, prefixes_to_text(&routers, text));
    row_is_owned(row, view->owner);
    return row;
}

static void want_management_port(const struct view *view, struct row *node_switch)
{
    const struct prefixes own = addresses_at(&view->node->subnets, MANAGEMENT_INDEX);
    const struct mac mac = mac_from_ip(&own.of[0].ip);
    struct arena *arena = &view->wanted->arena;
    const char *name = management_port_name(arena, view->node->name);
    struct row *port;

    if (!name) {
        return;
    }
    port = rows_want(view->wanted, SWITCH_PORT_TABLE, switch_port_id(view->owner, name), name);
    row_is_string(port, "name", name);
    row_is_string(port, "addresses", port_addresses(arena, &mac, &own));
    row_is_owned(port, view->owner);
    row_includes_row(node_switch, "ports", port->id);
}

static int want_node(const struct view *view)
{
    const struct row_id router = cluster_router_id(view->owner);
    struct arena *arena = &view->wanted->arena;
    struct router_link link = {
        .router = rows_edit(view->wanted, ROUTER_TABLE, router, "of the cluster"),
        .node_switch = want_switch(view),
        .name = arena_printf(arena, "rtos-%s", view->node->name),
        .peer = arena_printf(arena, "stor-%s", view->node->name),
        .networks = addresses_at(&view->node->subnets, ROUTER_INDEX),
    };

    /* Whoever adds a node at the same time has looked at other subnets than these. */
    link.router->guarded = true;
    if (rows_failed(view->wanted)) {
        return fail_nomem();
    }
    want_router_link(view->wanted, view->owner, &link);
    want_management_port(view, link.node_switch);
    return 0;
}

static int resolve(const void *params, const char *owner, const struct rows *facts,
                   struct rows *wanted)
{
    const struct view view = {params, owner, facts, wanted};
    int error = check_cluster(&view);

    error = error ? error : check_switches(view.node, facts->first);
    error = error ? error : check_switches(view.node, wanted->first);
    return error ? error : want_node(&view);
}

static const struct intent_type node_type = {"adding node", ask, resolve};

/* The router, the node itself and two pods, besides the first address; and not the last of IPv4,
 * which is for broadcast. */
static int check_size(const struct prefixes *subnets)
{
    for (size_t i = 0; i < subnets->n; i++) {
        char text[PREFIX_TEXT];

        if (prefix_last_index(&subnets->of[i]) < FIRST_POD_INDEX + 2) {
            return fail(OVNK8S_INVALID,
                        "node subnet \"%s\": too small: expected /29 or larger, or"
                        " /125 or larger for IPv6",
                        prefix_to_text(&subnets->of[i], text));
        }
    }
    return 0;
}

static int parse_node(const ovnk8s_node *node, struct arena *arena, struct node_params *params)
{
    int error = check_dns_name("node name", node->name);

    error = error ? error : parse_networks("node subnet", node->subnet, &params->subnets);
    error = error ? error : check_size(&params->subnets);
    if (!error && node->cluster_subnet) {
        error = parse_networks("cluster subnet", node->cluster_subnet, &params->cluster);
    }
    params->name = error ? NULL : arena_strdup(arena, node->name);
    return error;
}

int ovnk8s_node_add(ovnk8s_plan *plan, const ovnk8s_node *theirs)
{
    struct node_params *params = arena_alloc(&plan->arena, sizeof *params);
    ovnk8s_node node = OVNK8S_NODE_INIT;
    int error = params ? options_take(&node, sizeof node, theirs) : fail_nomem();

    error = error ? error : parse_node(&node, &plan->arena, params);
    return error ? error : plan_intend(plan, &node_type, params->name, params);
}
