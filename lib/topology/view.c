#include "topology/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "topology/gateway.h"
#include "topology/names.h"
#include "topology/network.h"
#include "topology/recall.h"

/* What ovnk8s_topology_read() was told. */
struct view_params {
    const char *node; /* NULL: all. */
    bool with_ports;
};

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct view_params *view = params;

    cluster_ask(scene, asked);
    if (view->node) {
        node_ask(scene, view->node, asked);
        node_ask_ports(scene, view->node, asked);
        gateway_ask(scene, view->node, asked);
    } else {
        nodes_ask_all(scene, true, asked);
        gateways_ask_all(scene, asked);
    }
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    (void)params;
    (void)scene;
    (void)wanted;
    return 0;
}

static const struct intent_type read_type = {"reading the cluster of owner", ask, resolve};

int ovnk8s_topology_read(ovnk8s_plan *plan, const char *node, int with_ports)
{
    struct view_params *params = arena_alloc(&plan->arena, sizeof *params);
    const int error = !params ? fail_nomem() : node ? check_node_name(node) : 0;

    if (error) {
        return error;
    }
    params->node = arena_strdup(&plan->arena, node);
    params->with_ports = with_ports != 0;
    return plan_intend(plan, &read_type, plan->owner, params);
}

/* Making the value. */

static void add_cluster(ovnk8s_topology *to, const struct scene *scene)
{
    struct cluster_record cluster;
    char text[PREFIXES_TEXT];
    const struct prefixes *services = &cluster.services;

    if (cluster_recall(scene, &cluster)) {
        to->has_cluster = true;
        to->cluster = (ovnk8s_cluster)OVNK8S_CLUSTER_INIT;
        to->cluster.name = arena_strdup(&to->arena, cluster.name);
        to->cluster.subnet = arena_strdup(&to->arena, prefixes_to_text(&cluster.subnets, text));
        to->cluster.join_subnet = arena_strdup(&to->arena, prefixes_to_text(&cluster.join, text));
        to->cluster.service_range =
            services->n ? arena_strdup(&to->arena, prefixes_to_text(services, text)) : NULL;
    }
}

/* Each pod has one address of each family. */
static uint64_t capacity_of(const struct prefixes *subnets)
{
    uint64_t capacity = UINT64_MAX;

    for (size_t i = 0; i < subnets->n; i++) {
        const uint64_t one = pod_capacity(&subnets->of[i]);

        capacity = one < capacity ? one : capacity;
    }
    return capacity;
}

static void add_node(ovnk8s_topology *to, const struct node_record *node, size_t n_ports)
{
    const struct prefixes gateways = addresses_at(&node->subnets, ROUTER_INDEX);
    const struct prefixes own = addresses_at(&node->subnets, MANAGEMENT_INDEX);
    char text[PREFIXES_TEXT];

    to->nodes[to->n_nodes++] = (ovnk8s_node_state){
        .size = sizeof(ovnk8s_node_state),
        .name = arena_strdup(&to->arena, node->name),
        .subnet = arena_strdup(&to->arena, prefixes_to_text(&node->subnets, text)),
        .gateways = arena_strdup(&to->arena, prefixes_to_text(&gateways, text)),
        .addresses = arena_strdup(&to->arena, prefixes_to_text(&own, text)),
        .n_ports = n_ports,
        .capacity = capacity_of(&node->subnets),
    };
}

static void add_port(ovnk8s_topology *to, const char *node, const struct port_record *port)
{
    const size_t namespace_length = strcspn(port->name, "_");
    char text[PREFIXES_TEXT], mac[MAC_TEXT];
    ovnk8s_port *added = &to->ports[to->n_ports++];

    *added = (ovnk8s_port)OVNK8S_PORT_INIT;
    added->pod_namespace = arena_strndup(&to->arena, port->name, namespace_length);
    added->pod = arena_strdup(&to->arena, port->name + namespace_length + 1);
    added->node = node;
    added->addresses = arena_strdup(&to->arena, prefixes_to_text(&port->addresses, text));
    added->mac = arena_strdup(&to->arena, mac_to_text(&port->mac, mac));
    added->pod_uid = arena_strdup(&to->arena, port->pod_uid);
}

/* By namespace, then by pod: the mark between them comes before any other character. */
static int compare_pods(const void *one, const void *other)
{
    const char *a = ((const struct port_record *)one)->name;
    const char *b = ((const struct port_record *)other)->name;

    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (*a == '_' ? 1 : (unsigned char)*a) - (*b == '_' ? 1 : (unsigned char)*b);
}

/* There are no more ports than entries in the ledger and rows of ports; a plan that does something
 * else besides may have read some of these. */
static size_t most_ports(const struct rows *facts)
{
    size_t n = 0;

    for (const struct row *row = facts->first; row; row = row->next) {
        const struct column *entries = row_column(row, RECORDS_COLUMN);

        n += entries ? entries->n : 0;
        n += !strcmp(row->table, SWITCH_PORT_TABLE);
    }
    return n;
}

static void add_nodes(ovnk8s_topology *to, const struct scene *scene, bool with_ports)
{
    struct arena *scratch = &scene->notes->arena;
    struct node_list nodes;

    if (!nodes_recall(scene, scratch, &nodes)) {
        to->arena.failed = true;
        return;
    }
    to->nodes = arena_alloc(&to->arena, (nodes.n + 1) * sizeof *to->nodes);
    to->ports = arena_alloc(&to->arena, (most_ports(scene->facts) + 1) * sizeof *to->ports);
    for (size_t i = 0; i < nodes.n && !to->arena.failed; i++) {
        struct port_list ports;

        if (!ports_recall(scene, &nodes.of[i], scratch, &ports)) {
            to->arena.failed = true;
            return;
        }
        qsort(ports.of, ports.n, sizeof *ports.of, compare_pods);
        add_node(to, &nodes.of[i], ports.n);
        for (size_t j = 0; j < ports.n && with_ports; j++) {
            add_port(to, to->nodes[i].name, &ports.of[j]);
        }
    }
}

/* Gateways. */

/* "10.1.2.3,10.1.2.4": next hops have no lengths, subnets and addresses of networks have. */
static const char *list_text(struct arena *arena, const struct prefix *of, size_t n,
                             bool with_length)
{
    struct text text = {0};
    const char *copy;
    char one[PREFIX_TEXT];

    for (size_t i = 0; i < n; i++) {
        text_printf(&text, "%s%s", i ? "," : "",
                    with_length ? prefix_to_text(&of[i], one) : ip_to_text(&of[i].ip, one));
    }
    copy = text.failed ? NULL : arena_strdup(arena, n ? text.bytes : "");
    arena->failed |= text.failed;
    text_clear(&text);
    return copy;
}

static const ovnk8s_gateway *copy_gateway(struct arena *arena, const struct gateway_record *record)
{
    ovnk8s_gateway *gateway = arena_alloc(arena, sizeof *gateway);
    char mac[MAC_TEXT];

    if (gateway) {
        *gateway = (ovnk8s_gateway)OVNK8S_GATEWAY_INIT;
        gateway->node = arena_strdup(arena, record->node);
        gateway->chassis = arena_strdup(arena, record->chassis);
        gateway->interface = arena_strdup(arena, record->interface);
        gateway->mac = arena_strdup(arena, mac_to_text(&record->mac, mac));
        gateway->physical_ips = list_text(arena, record->addresses.of, record->addresses.n, true);
        gateway->default_gateways =
            list_text(arena, record->next_hops.of, record->next_hops.n, false);
        gateway->rampout_subnets = list_text(arena, record->rampout, record->n_rampout, true);
        gateway->single_default = record->single_default;
        gateway->is_shared = record->is_shared;
    }
    return gateway;
}

static void add_gateways(ovnk8s_topology *to, const struct scene *scene)
{
    struct gateway_list list = {.n = 0};

    if (gateways_recall(scene, &scene->notes->arena, &list)) {
        to->gateways = arena_alloc(&to->arena, (list.n + 1) * sizeof *to->gateways);
    } else {
        to->arena.failed = true;
    }
    for (size_t i = 0; i < list.n && to->gateways; i++) {
        to->gateways[to->n_gateways++] = (ovnk8s_gateway_state){
            .size = sizeof(ovnk8s_gateway_state),
            .gateway = copy_gateway(&to->arena, &list.of[i]),
            .join_addresses = list_text(&to->arena, list.of[i].join.of, list.of[i].join.n, true),
            .is_first = list.of[i].is_first,
        };
    }
}

/* Networks without a cluster. */

static const ovnk8s_network *copy_network(struct arena *arena, const struct network_record *record)
{
    ovnk8s_network *network = arena_alloc(arena, sizeof *network);
    char text[PREFIXES_TEXT];

    if (network) {
        *network = (ovnk8s_network)OVNK8S_NETWORK_INIT;
        network->name = arena_strdup(arena, record->name);
        network->subnet = arena_strdup(arena, prefixes_to_text(&record->subnets, text));
        if (record->gateways.n) {
            network->gateway = list_text(arena, record->gateways.of, record->gateways.n, false);
        }
        network->is_routed = record->is_routed;
    }
    return network;
}

static void add_networks(ovnk8s_topology *to, const struct scene *scene)
{
    struct network_list list = {.n = 0};

    if (networks_recall(scene, &scene->notes->arena, &list)) {
        to->networks = arena_alloc(&to->arena, (list.n + 1) * sizeof *to->networks);
    } else {
        to->arena.failed = true;
    }
    for (size_t i = 0; i < list.n && to->networks; i++) {
        const struct column *entries = network_entries(scene, list.of[i].name);

        to->networks[to->n_networks++] = (ovnk8s_network_state){
            .size = sizeof(ovnk8s_network_state),
            .network = copy_network(&to->arena, &list.of[i]),
            .n_attachments = entries ? entries->n : 0,
        };
    }
}

static const struct view_params *find_params(const ovnk8s_plan *plan)
{
    const struct intent *intent = plan->first;

    while (intent && intent->type != &read_type) {
        intent = intent->next;
    }
    return intent ? intent->params : NULL;
}

int ovnk8s_topology_new(ovnk8s_topology **out, const ovnk8s_plan *plan)
{
    const struct view_params *params = find_params(plan);
    ovnk8s_topology *topology = NULL;
    struct notes notes = {0};
    const struct scene scene = {.owner = plan->owner, .facts = &plan->facts, .notes = &notes};

    *out = NULL;
    if (!params) {
        return fail(OVNK8S_INVALID, "the plan has not read the topology");
    }
    topology = calloc(1, sizeof *topology);
    if (topology) {
        add_cluster(topology, &scene);
        add_nodes(topology, &scene, params->with_ports);
        add_gateways(topology, &scene);
        add_networks(topology, &scene);
    }
    notes_clear(&notes);
    if (!topology || topology->arena.failed) {
        ovnk8s_topology_free(topology);
        return fail_nomem();
    }
    *out = topology;
    return 0;
}

void ovnk8s_topology_free(ovnk8s_topology *topology)
{
    if (topology) {
        arena_clear(&topology->arena);
        free(topology);
    }
}

const ovnk8s_cluster *ovnk8s_topology_cluster(const ovnk8s_topology *topology)
{
    return topology->has_cluster ? &topology->cluster : NULL;
}

size_t ovnk8s_topology_nodes(const ovnk8s_topology *topology)
{
    return topology->n_nodes;
}

const ovnk8s_node_state *ovnk8s_topology_node(const ovnk8s_topology *topology, size_t i)
{
    return i < topology->n_nodes ? &topology->nodes[i] : NULL;
}

size_t ovnk8s_topology_gateways(const ovnk8s_topology *topology)
{
    return topology->n_gateways;
}

const ovnk8s_gateway_state *ovnk8s_topology_gateway(const ovnk8s_topology *topology, size_t i)
{
    return i < topology->n_gateways ? &topology->gateways[i] : NULL;
}

size_t ovnk8s_topology_ports(const ovnk8s_topology *topology)
{
    return topology->n_ports;
}

const ovnk8s_port *ovnk8s_topology_port(const ovnk8s_topology *topology, size_t i)
{
    return i < topology->n_ports ? &topology->ports[i] : NULL;
}

size_t ovnk8s_topology_networks(const ovnk8s_topology *topology)
{
    return topology->n_networks;
}

const ovnk8s_network_state *ovnk8s_topology_network(const ovnk8s_topology *topology, size_t i)
{
    return i < topology->n_networks ? &topology->networks[i] : NULL;
}
