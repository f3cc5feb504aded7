#include <string.h>

#include "base/options.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wants.h"

enum { IPV4_LENGTH = 24, IPV6_LENGTH = 64 };

/* What ovnk8s_node_add() was told. */
struct node_params {
    const char *name;
    struct prefixes subnets; /* None: to be chosen. */
    struct prefixes cluster; /* None: no matter. */
    unsigned int ipv4_length, ipv6_length;
};

void ovnk8s_node_init(ovnk8s_node *node)
{
    *node = (ovnk8s_node)OVNK8S_NODE_INIT;
}

/* The rows of a node. */

static struct row *want_switch(struct rows *wanted, const char *owner,
                               const struct node_record *node)
{
    const struct prefixes routers = addresses_at(&node->subnets, ROUTER_INDEX);
    struct row *row = rows_want(wanted, SWITCH_TABLE, switch_id(owner, node->name), node->name);
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
    row_is_owned(row, owner);
    return row;
}

static void want_management_port(struct rows *wanted, const char *owner,
                                 const struct node_record *node, struct row *node_switch)
{
    const struct prefixes own = addresses_at(&node->subnets, MANAGEMENT_INDEX);
    const struct mac mac = mac_from_ip(&own.of[0].ip);
    const char *name = management_port_name(&wanted->arena, node->name);
    const char *addresses = port_addresses(&wanted->arena, &mac, &own);
    struct row_id id;
    bool is_stated;
    struct row *port;

    if (name && addresses) {
        id = switch_port_id(owner, name);
        is_stated = row_is_stated(wanted, SWITCH_PORT_TABLE, id);
        port = rows_want(wanted, SWITCH_PORT_TABLE, id, name);
        row_is_string(port, "name", name);
        row_is_string(port, "addresses", addresses);
        row_is_owned(port, owner);
        if (!is_stated) {
            row_includes_row(node_switch, "ports", id);
        }
    }
}

int want_node(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
              const struct node_record *node)
{
    const struct router_link link = {
        .router = rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), cluster->name),
        .node_switch = want_switch(wanted, owner, node),
        .name = node_router_port_name(&wanted->arena, node->name),
        .peer = node_switch_port_name(&wanted->arena, node->name),
        .networks = addresses_at(&node->subnets, ROUTER_INDEX),
    };

    want_node_ledger(wanted, owner, node);
    want_in_groups(wanted, owner, link.node_switch, ALL_SWITCHES,
                   switch_group(&wanted->arena, node->name));
    if (rows_failed(wanted)) {
        return fail_nomem();
    }
    want_router_link(wanted, owner, &link);
    want_management_port(wanted, owner, node, link.node_switch);
    return 0;
}

/* Adding. */

/* A node that is being added, in the light of what there is and what the same plan adds. */
struct view {
    const struct node_params *params;
    const struct scene *scene;
    struct rows *wanted;
    struct cluster_record cluster;
    struct node_record node; /* With the subnets that it gets. */
    struct blocks taken;     /* The subnets of all nodes. */
};

static bool overlaps(const struct blocks *taken, const struct prefixes *subnets)
{
    return blocks_overlap(taken, &subnets->of[0]) ||
           (subnets->n > 1 && blocks_overlap(taken, &subnets->of[1]));
}

/* All nodes must be known when the ledger does not tell what they have taken, and when somebody has
 * taken what this one shall have: the message names who. */
static bool must_know_all(const struct node_params *params, const struct scene *scene)
{
    struct prefixes there;
    struct blocks taken = {0};
    bool must;

    if (!scene->facts->first) {
        return false;
    }
    must = !ledger_taken(scene->facts, scene->owner, &taken) ||
           (params->subnets.n && !node_recall(scene, params->name, &there) &&
            overlaps(&taken, &params->subnets));
    blocks_clear(&taken);
    return must;
}

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct node_params *node = params;

    cluster_ask(scene, asked);
    node_ask(scene, node->name, asked);
    /* Not needed for a decision, but asked with the rest they need no answer of their own later. */
    port_ask(scene, node_switch_port_name(&asked->arena, node->name), asked);
    port_ask(scene, management_port_name(&asked->arena, node->name), asked);
    groups_ask(scene, ALL_SWITCHES, switch_group(&asked->arena, node->name), asked);
    if (must_know_all(node, scene)) {
        nodes_ask_all(scene, false, asked);
    }
}

static int check_cluster(const struct view *view)
{
    const struct prefixes *believed = &view->params->cluster, *subnets = &view->params->subnets;
    const struct prefixes *cluster = &view->cluster.subnets;
    char cluster_text[PREFIXES_TEXT], text[PREFIXES_TEXT];

    prefixes_to_text(cluster, cluster_text);
    if (believed->n && !prefixes_equal(believed, cluster)) {
        return fail(OVNK8S_INVALID, "the cluster's subnet is %s, not %s", cluster_text,
                    prefixes_to_text(believed, text));
    }
    for (size_t i = 0; i < subnets->n; i++) {
        const struct prefix *subnet = &subnets->of[i];
        const struct prefix *outer = prefixes_of(cluster, subnet->ip.family);

        if (!outer || !prefix_covers(outer, subnet)) {
            return fail(OVNK8S_INVALID, "subnet %s lies outside the cluster's, %s",
                        prefix_to_text(subnet, text), cluster_text);
        }
    }
    return 0;
}

static int count_all(struct view *view)
{
    struct node_list nodes;
    int error = nodes_recall(view->scene, &view->scene->notes->arena, &nodes) ? 0 : fail_nomem();

    for (size_t i = 0; i < nodes.n && !error; i++) {
        for (size_t j = 0; j < nodes.of[i].subnets.n && !error; j++) {
            error = blocks_add(&view->taken, &nodes.of[i].subnets.of[j]);
        }
    }
    return error ? fail_nomem() : 0;
}

/* What other nodes of the same plan have taken counts. */
static int count_taken(struct view *view)
{
    const char *owner = view->scene->owner;

    if (ledger_taken(view->wanted, owner, &view->taken) ||
        ledger_taken(view->scene->facts, owner, &view->taken)) {
        return 0;
    }
    return count_all(view);
}

/* Names the node whose subnet is in the way, and fails. */
static int refuse_overlap(const struct view *view, const char *name, const struct prefixes *others)
{
    for (size_t i = 0; i < view->node.subnets.n; i++) {
        const struct prefix *subnet = &view->node.subnets.of[i];
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

static int refuse_taken(const struct view *view)
{
    char text[PREFIXES_TEXT];
    struct node_list nodes;
    int error = nodes_recall(view->scene, &view->scene->notes->arena, &nodes) ? 0 : fail_nomem();

    for (size_t i = 0; i < nodes.n && !error; i++) {
        error = refuse_overlap(view, nodes.of[i].name, &nodes.of[i].subnets);
    }
    for (const struct row *row = view->wanted->first; row && !error; row = row->next) {
        struct prefixes subnets;

        if (!strcmp(row->table, SWITCH_TABLE) && switch_subnets(row, &subnets)) {
            error = refuse_overlap(view, row->name, &subnets);
        }
    }
    return error ? error
                 : fail(OVNK8S_EXISTS,
                        "subnet %s overlaps one that the ledger has as taken: check, and repair it",
                        prefixes_to_text(&view->node.subnets, text));
}

static int refuse_exhausted(const struct view *view, const struct prefix *cluster,
                            unsigned int length)
{
    char text[PREFIX_TEXT];

    return fail(OVNK8S_EXHAUSTED,
                "subnet %s of the cluster: of %llu subnets of length %u all are taken, wholly or"
                " in part",
                prefix_to_text(cluster, text),
                (unsigned long long)blocks_count_of(&view->taken, cluster, length), length);
}

static int choose_one(struct view *view, const struct prefix *cluster)
{
    const bool is_four = cluster->ip.family == 4;
    const unsigned int length = is_four ? view->params->ipv4_length : view->params->ipv6_length;
    char text[PREFIX_TEXT];

    if (length < cluster->length) {
        return fail(OVNK8S_INVALID, "a subnet of length %u does not fit into the cluster's, %s",
                    length, prefix_to_text(cluster, text));
    }
    if (!blocks_find(&view->taken, cluster, length, NULL,
                     &view->node.subnets.of[view->node.subnets.n])) {
        return refuse_exhausted(view, cluster, length);
    }
    view->node.subnets.n++;
    return 0;
}

static int choose(struct view *view)
{
    int error = 0;

    view->node.subnets.n = 0;
    for (size_t i = 0; i < view->cluster.subnets.n && !error; i++) {
        error = choose_one(view, &view->cluster.subnets.of[i]);
    }
    return error;
}

static int check_same(const struct view *view, const struct prefixes *there)
{
    char there_text[PREFIXES_TEXT], given_text[PREFIXES_TEXT];

    if (!view->params->subnets.n || prefixes_equal(&view->params->subnets, there)) {
        return 0;
    }
    return fail(
        OVNK8S_EXISTS, "the node has subnet %s, not %s, and cannot change it while it exists",
        prefixes_to_text(there, there_text), prefixes_to_text(&view->params->subnets, given_text));
}

static int find_subnets(struct view *view)
{
    struct prefixes there;

    if (node_find(view->scene, view->wanted, view->params->name, &there)) {
        view->node.subnets = there;
        return check_same(view, &there);
    }
    if (!view->params->subnets.n) {
        return choose(view);
    }
    view->node.subnets = view->params->subnets;
    return overlaps(&view->taken, &view->node.subnets) ? refuse_taken(view) : 0;
}

static bool ledger_tells(const struct scene *scene)
{
    struct blocks taken = {0};
    const bool tells = ledger_taken(scene->facts, scene->owner, &taken);

    blocks_clear(&taken);
    return tells;
}

/* Whoever adds a node at the same time has looked at other subnets than these: hence the guard. */
static int take_subnets(struct view *view)
{
    bool are_taken = ledger_tells(view->scene);
    struct row *ledger;
    int error = 0;

    for (size_t i = 0; i < view->node.subnets.n && !error; i++) {
        are_taken &= blocks_hold(&view->taken, &view->node.subnets.of[i]);
        error = blocks_add(&view->taken, &view->node.subnets.of[i]);
    }
    if (!error && !are_taken) {
        ledger = want_cluster_ledger(view->wanted, view->scene->owner, &view->cluster);
        ledger->guarded = true;
        want_taken(view->wanted, view->scene->owner, &view->taken);
    }
    return error ? fail_nomem() : 0;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct node_params *node = params;
    struct view view = {.params = node, .scene = scene, .wanted = wanted, .node.name = node->name};
    int error = cluster_find(scene, wanted, &view.cluster);

    error = error ? error : check_cluster(&view);
    error = error ? error : count_taken(&view);
    error = error ? error : find_subnets(&view);
    error = error ? error : take_subnets(&view);
    error = error ? error : want_node(wanted, scene->owner, &view.cluster, &view.node);
    blocks_clear(&view.taken);
    return error;
}

static const struct intent_type add_type = {"adding node", ask, resolve};

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

static int check_length(unsigned int family, unsigned int length, unsigned int most)
{
    if (length >= 1 && length <= most) {
        return 0;
    }
    return fail(OVNK8S_INVALID, "length %u of IPv%u subnets: expected 1 to %u", length, family,
                most);
}

static int parse_subnets(const ovnk8s_node *node, struct node_params *params)
{
    int error = 0;

    params->ipv4_length = node->ipv4_length ? node->ipv4_length : IPV4_LENGTH;
    params->ipv6_length = node->ipv6_length ? node->ipv6_length : IPV6_LENGTH;
    if (node->subnet) {
        error = parse_networks("node subnet", node->subnet, &params->subnets);
        return error ? error : check_size(&params->subnets);
    }
    error = check_length(4, params->ipv4_length, 29);
    return error ? error : check_length(6, params->ipv6_length, 125);
}

static int parse_node(const ovnk8s_node *node, struct arena *arena, struct node_params *params)
{
    int error = check_node_name(node->name);

    error = error ? error : parse_subnets(node, params);
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
    return error ? error : plan_intend(plan, &add_type, params->name, params);
}

const char *ovnk8s_plan_node_subnet(const ovnk8s_plan *plan, const char *name)
{
    const struct row *row =
        name ? rows_find(&plan->wanted, SWITCH_TABLE, switch_id(plan->owner, name)) : NULL;

    return row_pair(row, "external_ids", SUBNETS_KEY);
}
