#include <ovnk8s/gateway.h>

#include <string.h>

#include "base/options.h"
#include "topology/gateway_place.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/topology.h"

enum { INTERFACE_LENGTH = 15, CHASSIS_LENGTH = 255 };

void ovnk8s_gateway_init(ovnk8s_gateway *gateway)
{
    *gateway = (ovnk8s_gateway)OVNK8S_GATEWAY_INIT;
}

/* Adding. */

/* What ovnk8s_gateway_add() was told. */
struct gateway_params {
    struct gateway_record gateway;
    struct prefixes cluster; /* What the cluster's subnet is believed to be; none: no matter. */
};

/* Whether the ledger does not tell what is known from all gateways. */
static bool must_know_all(const struct scene *scene)
{
    struct blocks taken = {0};
    const char *first;
    const bool tells = ledger_join(scene->facts, scene->owner, &taken, &first);

    blocks_clear(&taken);
    return scene->facts->first && !tells;
}

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const char *node = ((const struct gateway_params *)params)->gateway.node;

    cluster_ask(scene, asked);
    node_ask(scene, node, asked);
    gateway_ask(scene, node, asked);
    groups_ask(scene, ALL_ROUTERS, router_group(&asked->arena, node), asked);
    if (must_know_all(scene)) {
        gateways_ask_all(scene, asked);
    }
}

static int check_cluster(const struct gateway_view *view, const struct prefixes *believed)
{
    char cluster[PREFIXES_TEXT], text[PREFIXES_TEXT];

    if (believed->n && !prefixes_equal(believed, &view->cluster.subnets)) {
        return fail(OVNK8S_INVALID, "the cluster's subnet is %s, not %s",
                    prefixes_to_text(&view->cluster.subnets, cluster),
                    prefixes_to_text(believed, text));
    }
    for (size_t i = 0; i < view->gateway.addresses.n; i++) {
        if (prefixes_of(&view->cluster.subnets, view->gateway.addresses.of[i].ip.family)) {
            return 0;
        }
    }
    return fail(OVNK8S_INVALID, "physical address %s is of no family of the cluster's subnet, %s",
                prefixes_to_text(&view->gateway.addresses, text),
                prefixes_to_text(&view->cluster.subnets, cluster));
}

static int choose_one(struct gateway_view *view, const struct prefix *subnet)
{
    const struct ip from = prefix_nth(subnet, ROUTER_INDEX + 1);
    const bool is_four = subnet->ip.family == 4;
    char text[PREFIX_TEXT];
    struct prefix one;

    if (!blocks_find(&view->taken, subnet, ip_bits(&from), &from, &one) ||
        (is_four && prefix_index(subnet, &one.ip) == prefix_last_index(subnet))) {
        return fail(OVNK8S_EXHAUSTED, "join subnet %s: all %llu addresses for gateways are taken",
                    prefix_to_text(subnet, text),
                    (unsigned long long)(prefix_last_index(subnet) - ROUTER_INDEX - is_four));
    }
    view->gateway.join.of[view->gateway.join.n++] = (struct prefix){one.ip, subnet->length};
    return 0;
}

static int choose(struct gateway_view *view)
{
    int error = 0;

    view->gateway.join.n = 0;
    for (size_t i = 0; i < view->cluster.join.n && !error; i++) {
        error = choose_one(view, &view->cluster.join.of[i]);
    }
    return error ? error : gateway_count(&view->taken, &view->gateway);
}

/* A gateway keeps its place and its address. */
static int find_place(struct gateway_view *view)
{
    struct gateway_record before;
    int error = gateway_count_taken(view);

    if (!error && gateway_find(view, view->gateway.node, &before)) {
        view->gateway.join = before.join;
        view->gateway.is_first = !strcmp(view->first, view->gateway.node);
        drop_gateway_rest(view->wanted, view->scene->owner, &before, &view->gateway);
        return 0;
    }
    error = error ? error : choose(view);
    view->gateway.is_first = !error && !*view->first;
    /* Deleted and added by one plan, its rows stay. */
    if (!error && gateway_recall(view->scene, view->gateway.node, &view->wanted->arena, &before)) {
        drop_gateway_rest(view->wanted, view->scene->owner, &before, &view->gateway);
    }
    return error;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct gateway_params *given = params;
    struct gateway_view view = {.scene = scene, .wanted = wanted, .gateway = given->gateway};
    struct prefixes subnets;
    int error = cluster_find(scene, wanted, &view.cluster);

    error = error ? error : check_cluster(&view, &given->cluster);
    if (!error && !node_find(scene, wanted, view.gateway.node, &subnets)) {
        error = fail(OVNK8S_NOTFOUND, "there is no such node: add it first (minion-init)");
    }
    error = error ? error : find_place(&view);
    if (!error) {
        view.first = view.gateway.is_first ? view.gateway.node : view.first;
        want_gateway_places(&view);
        error = want_gateway(wanted, scene->owner, &view.cluster, &view.gateway, &subnets);
    }
    blocks_clear(&view.taken);
    return error;
}

const struct intent_type gateway_add_type = {"adding gateway", ask, resolve};

/* Parsing. */

/* Such a word stands in a line of words. */
static int check_word(const char *what, const char *word, size_t most)
{
    const size_t length = word ? strlen(word) : 0;
    size_t printable = 0;

    while (printable < length && (unsigned char)word[printable] > ' ' && word[printable] != 0x7f) {
        printable++;
    }
    if (!length || length > most || printable < length) {
        return fail(OVNK8S_INVALID, "%s \"%.64s\": expected 1 to %zu characters without spaces",
                    what, word ? word : "", most);
    }
    return 0;
}

static int parse_mac(const ovnk8s_gateway *gateway, struct gateway_record *out)
{
    if (gateway->mac && mac_from_text(gateway->mac, &out->mac) && !(out->mac.bytes[0] & 1)) {
        return 0;
    }
    return fail(OVNK8S_INVALID, "MAC \"%s\": expected a unicast one such as 0a:58:0a:01:02:03",
                gateway->mac ? gateway->mac : "");
}

static int add_next_hop(const char *text, struct gateway_record *to)
{
    const struct prefix *network;
    char address[PREFIX_TEXT];
    struct ip ip;

    if (!ip_from_text(text, &ip) || prefixes_of(&to->next_hops, ip.family)) {
        return fail(OVNK8S_INVALID,
                    "default gateway \"%s\": expected an address, or one of IPv4 and one of IPv6",
                    text);
    }
    network = prefixes_of(&to->addresses, ip.family);
    if (!network || !prefix_contains(network, &ip) || ip_equal(&network->ip, &ip)) {
        return fail(OVNK8S_INVALID, "default gateway %s is no other address of the network of %s",
                    text, network ? prefix_to_text(network, address) : "any physical ip");
    }
    to->next_hops.of[to->next_hops.n++] = (struct prefix){ip, ip_bits(&ip)};
    return 0;
}

static int parse_next_hops(const ovnk8s_gateway *gateway, struct arena *arena,
                           struct gateway_record *out)
{
    const char *rest = gateway->default_gateways;
    int error = 0;

    rest = rest && *rest ? rest : NULL;
    while (rest && !error) {
        const size_t length = strcspn(rest, ",");
        const char *one = arena_strndup(arena, rest, length);

        error = one ? add_next_hop(one, out) : fail_nomem();
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return error;
}

static int parse_rampout(const ovnk8s_gateway *gateway, struct arena *arena,
                         struct gateway_record *out)
{
    const char *list = gateway->rampout_subnets, *bad;

    if (rampout_parse(list ? list : "", arena, out, &bad)) {
        return 0;
    }
    return bad ? fail(OVNK8S_INVALID,
                      "rampout subnet \"%s\": expected ADDRESS/LENGTH without host bits", bad)
               : fail_nomem();
}

static int parse(const ovnk8s_gateway *gateway, struct arena *arena, struct gateway_record *out)
{
    int error = check_node_name(gateway->node);

    error = error ? error : check_word("chassis", gateway->chassis, CHASSIS_LENGTH);
    error = error ? error : check_word("interface", gateway->interface, INTERFACE_LENGTH);
    error = error ? error : parse_mac(gateway, out);
    error = error ? error : parse_addresses("physical ip", gateway->physical_ips, &out->addresses);
    error = error ? error : parse_next_hops(gateway, arena, out);
    error = error ? error : parse_rampout(gateway, arena, out);
    if (!error) {
        out->node = arena_strdup(arena, gateway->node);
        out->chassis = arena_strdup(arena, gateway->chassis);
        out->interface = arena_strdup(arena, gateway->interface);
        out->single_default = gateway->single_default;
        out->is_shared = gateway->is_shared;
    }
    return error;
}

int ovnk8s_gateway_add(ovnk8s_plan *plan, const ovnk8s_gateway *theirs)
{
    struct gateway_params *params = arena_alloc(&plan->arena, sizeof *params);
    ovnk8s_gateway gateway = OVNK8S_GATEWAY_INIT;
    int error = params ? options_take(&gateway, sizeof gateway, theirs) : fail_nomem();

    error = error ? error : parse(&gateway, &plan->arena, &params->gateway);
    if (!error && gateway.cluster_subnet) {
        error = parse_networks("cluster subnet", gateway.cluster_subnet, &params->cluster);
    }
    return error ? error : gateway_intend(plan, &gateway_add_type, params->gateway.node, params);
}
