#include <ovnk8s/gateway.h>

#include <string.h>

#include "base/options.h"
#include "topology/gateway.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/topology.h"

enum { INTERFACE_LENGTH = 15, CHASSIS_LENGTH = 255 };

void ovnk8s_gateway_init(ovnk8s_gateway *gateway)
{
    *gateway = (ovnk8s_gateway)OVNK8S_GATEWAY_INIT;
}

static const struct intent_type delete_type;

/* Adding. */

/* What ovnk8s_gateway_add() was told. */
struct gateway_params {
    struct gateway_record gateway;
    struct prefixes cluster; /* What the cluster's subnet is believed to be; none: no matter. */
};

/* A gateway that is being added, in the light of what there is and what the same plan adds. */
struct view {
    const struct scene *scene;
    struct rows *wanted;
    struct cluster_record cluster;
    struct gateway_record gateway;
    struct blocks taken; /* In the join subnet. */
    const char *first;   /* The first gateway, "" if there is none. */
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
    if (must_know_all(scene)) {
        gateways_ask_all(scene, asked);
    }
}

int gateway_count(struct blocks *taken, const struct gateway_record *gateway)
{
    int error = 0;

    for (size_t i = 0; i < gateway->join.n && !error; i++) {
        const struct ip *ip = &gateway->join.of[i].ip;
        const struct prefix one = {*ip, ip_bits(ip)};

        error = blocks_add(taken, &one);
    }
    return error ? fail_nomem() : 0;
}

static int count_all(struct view *view)
{
    struct gateway_list all;
    int error = gateways_recall(view->scene, &view->scene->notes->arena, &all) ? 0 : fail_nomem();

    view->first = "";
    for (size_t i = 0; i < all.n && !error; i++) {
        error = gateway_count(&view->taken, &all.of[i]);
        view->first = all.of[i].is_first ? all.of[i].node : view->first;
    }
    return error;
}

/* What other gateways of the same plan have taken counts. */
static int count_taken(struct view *view)
{
    const char *owner = view->scene->owner;

    if (ledger_join(view->wanted, owner, &view->taken, &view->first) ||
        ledger_join(view->scene->facts, owner, &view->taken, &view->first)) {
        return 0;
    }
    blocks_clear(&view->taken);
    return count_all(view);
}

static int check_cluster(const struct view *view, const struct prefixes *believed)
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

static int choose_one(struct view *view, const struct prefix *subnet)
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

static int choose(struct view *view)
{
    int error = 0;

    view->gateway.join.n = 0;
    for (size_t i = 0; i < view->cluster.join.n && !error; i++) {
        error = choose_one(view, &view->cluster.join.of[i]);
    }
    return error ? error : gateway_count(&view->taken, &view->gateway);
}

/* The gateway's router as the same plan has stated it so far; NULL if it has not. */
static const struct row *stated_router(const struct view *view, const char *node)
{
    return rows_find(view->wanted, ROUTER_TABLE, gateway_router_id(view->scene->owner, node));
}

/* The gateway as the same plan has it so far, or else as it is. False when it is none. */
static bool find_gateway(const struct view *view, const char *node, struct gateway_record *out)
{
    const struct row *stated = stated_router(view, node);
    const char *text = row_pair(stated, "external_ids", GATEWAY_KEY);

    if (stated) {
        return stated->state == ROW_WANTED && text &&
               gateway_text_parse(text, &view->wanted->arena, out);
    }
    return gateway_recall(view->scene, node, &view->wanted->arena, out);
}

/* A gateway keeps its place and its address. */
static int find_place(struct view *view)
{
    struct gateway_record before;
    int error = count_taken(view);

    if (!error && find_gateway(view, view->gateway.node, &before)) {
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

/* Whoever adds a gateway at the same time has looked at other ones: hence the guard. */
static void take_place(const struct view *view)
{
    struct row *ledger = want_cluster_ledger(view->wanted, view->scene->owner, &view->cluster);

    ledger->guarded = true;
    want_join(view->wanted, view->scene->owner, &view->taken,
              view->gateway.is_first ? view->gateway.node : view->first);
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct gateway_params *given = params;
    struct view view = {.scene = scene, .wanted = wanted, .gateway = given->gateway};
    struct prefixes subnets;
    int error = cluster_find(scene, wanted, &view.cluster);

    error = error ? error : check_cluster(&view, &given->cluster);
    if (!error && !node_find(scene, wanted, view.gateway.node, &subnets)) {
        error = fail(OVNK8S_NOTFOUND, "there is no such node: add it first (minion-init)");
    }
    error = error ? error : find_place(&view);
    if (!error) {
        take_place(&view);
        error = want_gateway(wanted, scene->owner, &view.cluster, &view.gateway);
    }
    blocks_clear(&view.taken);
    return error;
}

static const struct intent_type add_type = {"adding gateway", ask, resolve};

static int resolve_nothing(const void *params, const struct scene *scene, struct rows *wanted)
{
    (void)params;
    (void)scene;
    (void)wanted;
    return 0;
}

static const struct intent_type void_type = {"not doing", NULL, resolve_nothing};

/* Of several wishes about one gateway the last counts: whether it keeps its place must not depend
 * on what was wished before. */
static int intend(ovnk8s_plan *plan, const struct intent_type *type, const char *node,
                  const void *params)
{
    for (struct intent *intent = node ? plan->first : NULL; intent; intent = intent->next) {
        const bool is_ours = intent->type == &add_type || intent->type == &delete_type;

        if (is_ours && intent->object && !strcmp(intent->object, node)) {
            intent->type = &void_type;
        }
    }
    return plan_intend(plan, type, node, params);
}

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
    return error ? error : intend(plan, &add_type, params->gateway.node, params);
}

/* Deleting. */

/* When the first goes, another one is sought. */
void gateway_ask_removal(const struct scene *scene, const char *node, struct rows *asked)
{
    struct blocks taken = {0};
    const char *first;

    cluster_ask(scene, asked);
    gateway_ask(scene, node, asked);
    if (scene->facts->first &&
        (!ledger_join(scene->facts, scene->owner, &taken, &first) || !strcmp(first, node))) {
        gateways_ask_all(scene, asked);
    }
    blocks_clear(&taken);
}

static void ask_delete(const void *params, const struct scene *scene, struct rows *asked)
{
    gateway_ask_removal(scene, params, asked);
}

/* Keeps the one that comes first by its node. */
static void consider(const struct view *view, const struct gateway_record *gateway,
                     struct gateway_record *best)
{
    if (strcmp(gateway->node, view->gateway.node) != 0 &&
        (!best->node || strcmp(gateway->node, best->node) < 0)) {
        *best = *gateway;
    }
}

/* Those that the plan adds or changes are considered as it has them. */
static void consider_stated(const struct view *view, struct gateway_record *best)
{
    for (const struct row *row = view->wanted->first; row; row = row->next) {
        const char *text = row->state == ROW_WANTED && !strcmp(row->table, ROUTER_TABLE)
                               ? row_pair(row, "external_ids", GATEWAY_KEY)
                               : NULL;
        struct gateway_record gateway;

        if (text && gateway_text_parse(text, &view->wanted->arena, &gateway)) {
            consider(view, &gateway, best);
        }
    }
}

/* Another gateway becomes the first one, if there is any. */
static int promote(struct view *view)
{
    struct gateway_record best = {.node = NULL};
    struct gateway_list all;

    view->first = "";
    if (!gateways_recall(view->scene, &view->wanted->arena, &all)) {
        return fail_nomem();
    }
    for (size_t i = 0; i < all.n; i++) {
        if (!stated_router(view, all.of[i].node)) {
            consider(view, &all.of[i], &best);
        }
    }
    consider_stated(view, &best);
    if (!best.node) {
        return 0;
    }
    best.is_first = true;
    view->first = best.node;
    return want_gateway(view->wanted, view->scene->owner, &view->cluster, &best);
}

static int leave_place(struct view *view)
{
    struct row *ledger;
    int error = 0;

    for (size_t i = 0; i < view->gateway.join.n && !error; i++) {
        const struct ip *ip = &view->gateway.join.of[i].ip;

        error = blocks_release(&view->taken, &(struct prefix){*ip, ip_bits(ip)}) ? fail_nomem() : 0;
    }
    if (!error && view->gateway.is_first) {
        error = promote(view);
    }
    if (!error) {
        ledger = want_cluster_ledger(view->wanted, view->scene->owner, &view->cluster);
        ledger->guarded = true;
        want_join(view->wanted, view->scene->owner, &view->taken, view->first);
    }
    return error;
}

/* It may have become the first one because of what the same plan has deleted before. */
int gateway_remove(const struct scene *scene, const char *node, struct rows *wanted)
{
    struct view view = {.scene = scene, .wanted = wanted};
    int error;

    if (!find_gateway(&view, node, &view.gateway)) {
        return 0;
    }
    error = count_taken(&view);
    view.gateway.is_first |= !error && !strcmp(view.first, node);
    if (!error) {
        drop_gateway(wanted, scene->owner, &view.gateway);
    }
    if (!error && !cluster_find(scene, wanted, &view.cluster)) {
        error = leave_place(&view);
    }
    blocks_clear(&view.taken);
    return error;
}

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    return gateway_remove(scene, params, wanted);
}

static const struct intent_type delete_type = {"deleting gateway", ask_delete, resolve_delete};

int ovnk8s_gateway_delete(ovnk8s_plan *plan, const char *node)
{
    const int error = check_node_name(node);
    const char *copy = error ? NULL : arena_strdup(&plan->arena, node);

    return error ? error : copy ? intend(plan, &delete_type, copy, copy) : fail_nomem();
}
