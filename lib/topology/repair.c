#include <string.h>

#include "topology/adopt.h"
#include "topology/gateway.h"
#include "topology/groups.h"
#include "topology/misplaced.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wants.h"

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    cluster_ask(scene, asked);
    nodes_ask_all(scene, true, asked);
    gateways_ask_all(scene, asked);
    ports_ask_all(scene, asked);
    misplaced_ask(scene, asked);
    balancers_ask_all(scene, asked);
    adopt_ask(scene, asked);
}

/* Entries of the ledger that stand for no port any more. */
static void drop_entries(const struct scene *scene, const struct port_list *ports,
                         struct row *ledger)
{
    const struct row *fact = rows_find(scene->facts, LEDGER_TABLE, ledger->id);
    const struct column *entries = row_column(fact, RECORDS_COLUMN);
    size_t next = 0;

    /* Both are ordered by name. */
    for (size_t i = 0; entries && entries->is_map && i < entries->n; i++) {
        const char *key = entries->atoms[2 * i].string;

        while (next < ports->n && strcmp(ports->of[next].name, key) < 0) {
            next++;
        }
        if (is_pod_port_name(key) && (next == ports->n || strcmp(ports->of[next].name, key) != 0)) {
            row_excludes_key(ledger, RECORDS_COLUMN, key);
        }
    }
}

static int repair_ports(const struct scene *scene, const struct node_record *node,
                        struct rows *wanted)
{
    struct row *ledger = want_node_ledger(wanted, scene->owner, node);
    struct port_list ports;

    if (!ports_recall(scene, node, &scene->notes->arena, &ports)) {
        return fail_nomem();
    }
    for (size_t i = 0; i < ports.n; i++) {
        want_port(wanted, scene->owner, node->name, &ports.of[i], ledger, false);
    }
    drop_entries(scene, &ports, ledger);
    ledger->guarded = true; /* A port may be deleted just now, on purpose. */
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static int repair_node(const struct scene *scene, const struct cluster_record *cluster,
                       const struct node_record *node, struct blocks *taken, struct rows *wanted)
{
    int error = want_node(wanted, scene->owner, cluster, node);

    for (size_t i = 0; i < node->subnets.n && !error; i++) {
        error = blocks_add(taken, &node->subnets.of[i]) ? fail_nomem() : 0;
    }
    return error ? error : repair_ports(scene, node, wanted);
}

static const char *first_gateway_known(const struct scene *scene)
{
    struct blocks taken = {0};
    const char *first = NULL;

    (void)ledger_join(scene->facts, scene->owner, &taken, &first);
    blocks_clear(&taken);
    return first;
}

static struct gateway_record *find_gateway(struct gateway_list *gateways, const char *node)
{
    for (size_t i = 0; i < gateways->n && node; i++) {
        if (!strcmp(gateways->of[i].node, node)) {
            return &gateways->of[i];
        }
    }
    return NULL;
}

/* One of them is the first. When several claim that, or none does, the ledger decides, if it knows.
 */
static struct gateway_record *find_first(struct gateway_list *gateways, const char *known)
{
    struct gateway_record *claimant = NULL, *told = find_gateway(gateways, known);
    size_t n = 0;

    for (size_t i = gateways->n; i-- > 0;) {
        if (gateways->of[i].is_first) {
            claimant = &gateways->of[i];
            n++;
        }
    }
    if (n == 1) {
        return claimant;
    }
    return told && (!n || told->is_first) ? told
           : claimant                     ? claimant
           : gateways->n                  ? gateways->of
                                          : NULL;
}

/* What it had as the first one goes. */
static int repair_gateway(const struct scene *scene, const struct cluster_record *cluster,
                          const struct gateway_record *found, bool is_first, struct rows *wanted)
{
    struct gateway_record gateway = *found;
    struct prefixes subnets;
    const bool has_node = node_recall(scene, found->node, &subnets);

    gateway.is_first = is_first;
    drop_gateway_rest(wanted, scene->owner, found, &gateway);
    return want_gateway(wanted, scene->owner, cluster, &gateway, has_node ? &subnets : NULL);
}

static int repair_gateways(const struct scene *scene, const struct cluster_record *cluster,
                           struct rows *wanted)
{
    struct gateway_list gateways = {.n = 0};
    struct blocks taken = {0};
    struct gateway_record *first = NULL;
    const char *known = first_gateway_known(scene);
    int error = gateways_recall(scene, &wanted->arena, &gateways) ? 0 : fail_nomem();

    first = error ? NULL : find_first(&gateways, known);
    for (size_t i = 0; i < gateways.n && !error; i++) {
        error = gateway_count(&taken, &gateways.of[i]);
        error = error ? error
                      : repair_gateway(scene, cluster, &gateways.of[i], &gateways.of[i] == first,
                                       wanted);
    }
    want_join(wanted, scene->owner, &taken, first ? first->node : "");
    blocks_clear(&taken);
    return error;
}

static int repair_cluster(const struct scene *scene, struct rows *wanted)
{
    struct cluster_record cluster;
    struct node_list nodes = {.n = 0};
    struct blocks taken = {0};
    struct row *ledger;
    int error = cluster_find(scene, wanted, &cluster);

    error = error ? error : want_cluster(wanted, scene->owner, &cluster, NULL);
    if (!error && !nodes_recall(scene, &scene->notes->arena, &nodes)) {
        error = fail_nomem();
    }
    for (size_t i = 0; i < nodes.n && !error; i++) {
        error = repair_node(scene, &cluster, &nodes.of[i], &taken, wanted);
    }
    if (!error) {
        ledger = want_cluster_ledger(wanted, scene->owner, &cluster);
        ledger->guarded = true;
        want_taken(wanted, scene->owner, &taken);
        error = repair_gateways(scene, &cluster, wanted);
        error = error ? error : misplaced_take_out(scene, wanted);
        balancers_repair(scene, wanted);
    }
    blocks_clear(&taken);
    return error;
}

/* Among what was restored there may be networks alone. */
static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct cluster_record cluster;
    struct scene adopted;
    int error = adopt_begin(scene, wanted, &adopted);

    (void)params;
    if (!error && (!adopt_is_needed(scene) || cluster_recall(&adopted, &cluster))) {
        error = repair_cluster(&adopted, wanted);
    }
    return error ? error : adopt_end(scene, wanted);
}

static const struct intent_type repair_type = {"repairing the cluster of owner", ask, resolve};

int ovnk8s_topology_repair(ovnk8s_plan *plan)
{
    return plan_intend(plan, &repair_type, plan->owner, NULL);
}
