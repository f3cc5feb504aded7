#include <string.h>

#include "topology/misplaced.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wants.h"

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    cluster_ask(scene, asked);
    nodes_ask_all(scene, true, asked);
    ports_ask_all(scene, asked);
    misplaced_ask(scene, asked);
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

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct cluster_record cluster;
    struct node_list nodes = {.n = 0};
    struct blocks taken = {0};
    struct row *ledger;
    int error = cluster_find(scene, wanted, &cluster);

    (void)params;
    error = error ? error : want_cluster(wanted, scene->owner, &cluster);
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
        error = misplaced_take_out(scene, wanted);
    }
    blocks_clear(&taken);
    return error;
}

static const struct intent_type repair_type = {"repairing the cluster of owner", ask, resolve};

int ovnk8s_topology_repair(ovnk8s_plan *plan)
{
    return plan_intend(plan, &repair_type, plan->owner, NULL);
}
