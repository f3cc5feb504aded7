#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/topology.h"

#define DEFAULT_JOIN_SUBNET "100.64.1.0/24,fd98::/64"

/* What ovnk8s_cluster_add() was told. */
struct cluster_params {
    const char *name;
    const char *subnet; /* In canonical form. */
    struct prefixes join;
};

void ovnk8s_cluster_init(ovnk8s_cluster *cluster)
{
    *cluster = (ovnk8s_cluster)OVNK8S_CLUSTER_INIT;
}

static void ask(const void *params, const char *owner, struct rows *asked)
{
    struct row *router = rows_ask(asked, ROUTER_TABLE, cluster_router_id(owner));

    (void)params;
    row_ask(router, "name");
    row_ask(router, "external_ids");
}

static int check_existing(const struct cluster_params *cluster, const struct row *router)
{
    const char *name = row_string(router, "name");
    const char *subnet = row_pair(router, "external_ids", CLUSTER_SUBNET_KEY);

    if (name && strcmp(name, cluster->name) != 0) {
        return fail(OVNK8S_EXISTS, "there is a cluster already, whose router is named %s", name);
    }
    if (subnet && strcmp(subnet, cluster->subnet) != 0) {
        return fail(OVNK8S_EXISTS,
                    "the cluster has subnet %s, not %s, and cannot change it while it exists",
                    subnet, cluster->subnet);
    }
    return 0;
}

static struct row *want_router(struct rows *wanted, const char *owner,
                               const struct cluster_params *cluster)
{
    struct row *router = rows_want(wanted, ROUTER_TABLE, cluster_router_id(owner), cluster->name);

    router->sole = true;
    row_is_string(router, "name", cluster->name);
    row_includes_pair(router, "external_ids", CLUSTER_ROUTER_KEY, "yes");
    row_includes_pair(router, "external_ids", CLUSTER_SUBNET_KEY, cluster->subnet);
    row_is_owned(router, owner);
    return router;
}

static struct row *want_join_switch(struct rows *wanted, const char *owner)
{
    struct row *join = rows_want(wanted, SWITCH_TABLE, switch_id(owner, JOIN_SWITCH), JOIN_SWITCH);

    join->sole = true;
    row_is_string(join, "name", JOIN_SWITCH);
    row_is_owned(join, owner);
    return join;
}

static int resolve(const void *params, const char *owner, const struct rows *facts,
                   struct rows *wanted)
{
    const struct cluster_params *cluster = params;
    const int error =
        check_existing(cluster, rows_find(facts, ROUTER_TABLE, cluster_router_id(owner)));
    struct router_link link;

    if (error) {
        return error;
    }
    link = (struct router_link){
        .router = want_router(wanted, owner, cluster),
        .node_switch = want_join_switch(wanted, owner),
        .name = arena_printf(&wanted->arena, "rtoj-%s", cluster->name),
        .peer = arena_printf(&wanted->arena, "jtor-%s", cluster->name),
        .networks = addresses_at(&cluster->join, ROUTER_INDEX),
    };
    if (rows_failed(wanted)) {
        return fail_nomem();
    }
    want_router_link(wanted, owner, &link);
    return 0;
}

static const struct intent_type cluster_type = {"adding cluster", ask, resolve};

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
    char text[PREFIXES_TEXT];
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
    params->name = arena_strdup(arena, cluster->name);
    params->subnet = arena_strdup(arena, prefixes_to_text(&subnets, text));
    params->join = same_families(&join, &subnets);
    return 0;
}

int ovnk8s_cluster_add(ovnk8s_plan *plan, const ovnk8s_cluster *theirs)
{
    struct cluster_params *params = arena_alloc(&plan->arena, sizeof *params);
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    int error = params ? options_take(&cluster, sizeof cluster, theirs) : fail_nomem();

    error = error ? error : parse_cluster(&cluster, &plan->arena, params);
    return error ? error : plan_intend(plan, &cluster_type, params->name, params);
}
