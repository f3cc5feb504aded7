#include <string.h>

#include "base/options.h"
#include "topology/gateway.h"
#include "topology/groups.h"
#include "topology/leader.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/service_range.h"
#include "topology/wants.h"

#define DEFAULT_JOIN_SUBNET "100.64.1.0/24,fd98::/64"

void ovnk8s_cluster_init(ovnk8s_cluster *cluster)
{
    *cluster = (ovnk8s_cluster)OVNK8S_CLUSTER_INIT;
}

/* Adding. */

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    cluster_ask(scene, asked);
    groups_ask(scene, ALL_SWITCHES, ALL_ROUTERS, asked);
}

/* What ovnk8s_cluster_add() was told. */
struct cluster_params {
    struct cluster_record cluster;
    bool keeps_services; /* The service range is what it is. */
};

static int check_subnets(const char *what, const struct prefixes *there,
                         const struct prefixes *wanted)
{
    char there_text[PREFIXES_TEXT], wanted_text[PREFIXES_TEXT];

    if (prefixes_equal(there, wanted)) {
        return 0;
    }
    return fail(OVNK8S_EXISTS,
                "the cluster has %s %s, not %s, and cannot change it while it exists", what,
                prefixes_to_text(there, there_text), prefixes_to_text(wanted, wanted_text));
}

static int check_existing(const struct cluster_record *there, const struct cluster_record *wanted)
{
    int error = 0;

    if (strcmp(there->name, wanted->name) != 0) {
        error = fail(OVNK8S_EXISTS, "there is a cluster already, whose router is named %s",
                     there->name);
    }
    error = error ? error : check_subnets("subnet", &there->subnets, &wanted->subnets);
    return error ? error : check_subnets("join subnet", &there->join, &wanted->join);
}

/* What the router and the join switch say of the cluster. */
static void describe(struct row *row, const struct cluster_record *cluster)
{
    char text[PREFIXES_TEXT];

    row_includes_pair(row, "external_ids", CLUSTER_SUBNET_KEY,
                      prefixes_to_text(&cluster->subnets, text));
    row_includes_pair(row, "external_ids", JOIN_SUBNET_KEY, prefixes_to_text(&cluster->join, text));
    describe_service_range(row, cluster);
}

static struct row *want_router(struct rows *wanted, const char *owner,
                               const struct cluster_record *cluster)
{
    struct row *router = rows_want(wanted, ROUTER_TABLE, cluster_router_id(owner), cluster->name);

    router->sole = true;
    row_is_string(router, "name", cluster->name);
    row_includes_pair(router, "external_ids", CLUSTER_ROUTER_KEY, "yes");
    describe(router, cluster);
    row_is_owned(router, owner);
    return router;
}

static struct row *want_join_switch(struct rows *wanted, const char *owner,
                                    const struct cluster_record *cluster)
{
    const char *name = join_switch_name(&wanted->arena, owner);
    struct row *join = rows_want(wanted, SWITCH_TABLE, join_switch_id(owner), name);

    if (!name) {
        return join; /* Of no use: memory has run out. */
    }
    join->sole = true;
    row_is_string(join, "name", name);
    row_includes_pair(join, "external_ids", CLUSTER_NAME_KEY, cluster->name);
    describe(join, cluster);
    row_is_owned(join, owner);
    return join;
}

int want_cluster(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
                 const struct cluster_record *there)
{
    const struct router_link link = {
        .router = want_router(wanted, owner, cluster),
        .node_switch = want_join_switch(wanted, owner, cluster),
        .name = arena_printf(&wanted->arena, "rtoj-%s", cluster->name),
        .peer = arena_printf(&wanted->arena, "jtor-%s", cluster->name),
        .networks = addresses_at(&cluster->join, ROUTER_INDEX),
    };

    want_cluster_ledger(wanted, owner, cluster);
    want_group(wanted, owner, ALL_SWITCHES);
    want_group(wanted, owner, ALL_ROUTERS);
    if (rows_failed(wanted)) {
        return fail_nomem();
    }
    want_router_link(wanted, owner, &link);
    want_service_range(wanted, owner, link.router, cluster, there);
    return 0;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct cluster_params *given = params;
    struct cluster_record cluster = given->cluster, there;
    const bool is_new = !cluster_recall(scene, &there);
    int error = 0;

    if (!is_new) {
        error = check_existing(&there, &cluster);
        cluster.services = given->keeps_services ? there.services : cluster.services;
    }
    error = error ? error : want_cluster(wanted, scene->owner, &cluster, is_new ? NULL : &there);
    if (!error && is_new) {
        want_taken(wanted, scene->owner, &(struct blocks){0});
        want_join(wanted, scene->owner, &(struct blocks){0}, "");
    }
    return error;
}

static const struct intent_type add_type = {"adding cluster", ask, resolve};

static int check_join(const struct prefixes *subnets, const struct prefixes *join)
{
    for (size_t i = 0; i < subnets->n; i++) {
        const struct prefix *other = prefixes_of(join, subnets->of[i].ip.family);
        char cluster_text[PREFIX_TEXT], join_text[PREFIX_TEXT];

        if (!other || prefix_overlaps(other, &subnets->of[i])) {
            return fail(OVNK8S_INVALID,
                        "join subnet \"%s\": expected one of the cluster's family that does not"
                        " overlap %s",
                        other ? prefix_to_text(other, join_text) : "",
                        prefix_to_text(&subnets->of[i], cluster_text));
        }
    }
    return 0;
}

/* The join network has the families that the cluster has. */
static struct prefixes same_families(const struct prefixes *join, const struct prefixes *subnets)
{
    struct prefixes kept = {.n = subnets->n};

    for (size_t i = 0; i < subnets->n; i++) {
        kept.of[i] = *prefixes_of(join, subnets->of[i].ip.family);
    }
    return kept;
}

static int parse_cluster(const ovnk8s_cluster *cluster, struct arena *arena,
                         struct cluster_params *params)
{
    struct cluster_record *record = &params->cluster;
    struct prefixes subnets, join;
    int error = check_dns_name("cluster name", cluster->name);

    error = error ? error : parse_networks("cluster subnet", cluster->subnet, &subnets);
    error = error
                ? error
                : parse_networks("join subnet",
                                 cluster->join_subnet ? cluster->join_subnet : DEFAULT_JOIN_SUBNET,
                                 &join);
    error = error ? error : check_join(&subnets, &join);
    if (error) {
        return error;
    }
    *record = (struct cluster_record){.name = arena_strdup(arena, cluster->name),
                                      .subnets = subnets,
                                      .join = same_families(&join, &subnets)};
    params->keeps_services = !cluster->service_range;
    return service_range_parse(cluster->service_range ? cluster->service_range : "", record,
                               &record->services);
}

int ovnk8s_cluster_add(ovnk8s_plan *plan, const ovnk8s_cluster *theirs)
{
    struct cluster_params *params = arena_alloc(&plan->arena, sizeof *params);
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    int error = params ? options_take(&cluster, sizeof cluster, theirs) : fail_nomem();

    error = error ? error : parse_cluster(&cluster, &plan->arena, params);
    return error ? error : plan_intend(plan, &add_type, params->cluster.name, params);
}

/* Deleting. */

/* Of what is found to be there. */
static void ask_groups(const struct scene *scene, struct rows *asked)
{
    struct node_list nodes;

    if (!scene->facts->first || !nodes_recall(scene, &scene->notes->arena, &nodes)) {
        return;
    }
    for (size_t i = 0; i < nodes.n; i++) {
        group_ask(scene, switch_group(&asked->arena, nodes.of[i].name), asked);
        group_ask(scene, router_group(&asked->arena, nodes.of[i].name), asked);
    }
}

static void ask_delete(const void *params, const struct scene *scene, struct rows *asked)
{
    cluster_ask(scene, asked);
    nodes_ask_all(scene, params != NULL, asked);
    gateways_ask_all(scene, asked);
    balancers_ask_all(scene, asked);
    ask_groups(scene, asked);
}

static int refuse_nodes(const struct node_list *nodes)
{
    if (nodes->n == 1) {
        return fail(OVNK8S_EXISTS, "node %s is still there: delete it first, or force it",
                    nodes->of[0].name);
    }
    return fail(OVNK8S_EXISTS,
                "node %s and %zu more are still there: delete them first, or force it",
                nodes->of[0].name, nodes->n - 1);
}

static void drop_cluster(const struct scene *scene, const char *name, struct rows *wanted)
{
    const char *owner = scene->owner;
    struct arena *arena = &wanted->arena;
    const char *router_port = arena_printf(arena, "rtoj-%s", name);
    const char *switch_port = arena_printf(arena, "jtor-%s", name);

    if (router_port && switch_port) {
        rows_drop(wanted, ROUTER_PORT_TABLE, router_port_id(owner, router_port), router_port);
        rows_drop(wanted, SWITCH_PORT_TABLE, switch_port_id(owner, switch_port), switch_port);
        rows_drop(wanted, ROUTER_TABLE, cluster_router_id(owner), name);
        rows_drop(wanted, SWITCH_TABLE, join_switch_id(owner), join_switch_name(arena, owner));
        drop_leader(wanted, owner);
        /* A node that is added just now is not overlooked. */
        rows_drop(wanted, LEDGER_TABLE, cluster_ledger_id(owner), "ledger of the cluster")
            ->guarded = true;
    }
}

/* 'params' is not NULL when the nodes go too. */
static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct cluster_record cluster = {.name = ""};
    struct gateway_list gateways;
    struct node_list nodes;

    if (!nodes_recall(scene, &scene->notes->arena, &nodes) ||
        !gateways_recall(scene, &wanted->arena, &gateways)) {
        return fail_nomem();
    }
    if (nodes.n && !params) {
        return refuse_nodes(&nodes);
    }
    for (size_t i = 0; i < nodes.n; i++) {
        drop_node(scene, nodes.of[i].name, wanted);
    }
    for (size_t i = 0; i < gateways.n; i++) {
        drop_gateway(wanted, scene->owner, &gateways.of[i]);
        drop_group(scene, router_group(&wanted->arena, gateways.of[i].node), wanted);
    }
    drop_group(scene, ALL_SWITCHES, wanted);
    drop_group(scene, ALL_ROUTERS, wanted);
    drop_balancers(scene, wanted);
    cluster_recall(scene, &cluster);
    drop_cluster(scene, cluster.name, wanted);
    return 0;
}

static const struct intent_type delete_type = {"deleting the cluster of owner", ask_delete,
                                               resolve_delete};

int ovnk8s_cluster_delete(ovnk8s_plan *plan, unsigned int flags)
{
    static const bool forced = true;

    if (flags & ~(unsigned int)OVNK8S_FORCE) {
        return fail(OVNK8S_INVALID, "flags 0x%x: expected none but OVNK8S_FORCE", flags);
    }
    return plan_intend(plan, &delete_type, plan->owner, flags & OVNK8S_FORCE ? &forced : NULL);
}
