#include "topology/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "topology/names.h"

const char *vote(const char *const *said, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; said[i] && j < n; j++) {
            if (said[j] && !strcmp(said[i], said[j])) {
                return said[i];
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (said[i]) {
            return said[i];
        }
    }
    return NULL;
}

/* The cluster. */

static struct row *ask_row(struct rows *asked, const char *table, struct row_id id)
{
    struct row *row = rows_ask(asked, table, id);

    row_ask(row, "external_ids");
    return row;
}

void cluster_ask(const struct scene *scene, struct rows *asked)
{
    const char *owner = scene->owner;

    ask_row(asked, LEDGER_TABLE, cluster_ledger_id(owner));
    row_ask(ask_row(asked, ROUTER_TABLE, cluster_router_id(owner)), "name");
    row_ask(ask_row(asked, SWITCH_TABLE, join_switch_id(owner)), "name");
}

/* Not what somebody has written in place of subnets. */
static const char *valid_subnets(const char *text)
{
    struct prefixes subnets;

    return prefixes_from_text(text, &subnets) ? text : NULL;
}

/* Who tells of the cluster. */
struct witnesses {
    const struct row *of[3];
};

static struct witnesses witnesses_of_cluster(const struct rows *rows, const char *owner)
{
    return (struct witnesses){{rows_find(rows, LEDGER_TABLE, cluster_ledger_id(owner)),
                               rows_find(rows, ROUTER_TABLE, cluster_router_id(owner)),
                               rows_find(rows, SWITCH_TABLE, join_switch_id(owner))}};
}

/* What they say of the subnets of this key; NULL: nothing. */
static const char *vote_subnets(const struct witnesses *witnesses, const char *key)
{
    const char *said[3];

    for (size_t i = 0; i < 3; i++) {
        said[i] = valid_subnets(row_pair(witnesses->of[i], "external_ids", key));
    }
    return vote(said, 3);
}

static bool recall_cluster(const struct rows *facts, const char *owner, struct cluster_record *out)
{
    const struct witnesses witnesses = witnesses_of_cluster(facts, owner);
    const char *names[] = {row_pair(witnesses.of[0], "external_ids", CLUSTER_NAME_KEY),
                           row_string(witnesses.of[1], "name"),
                           row_pair(witnesses.of[2], "external_ids", CLUSTER_NAME_KEY)};

    out->services.n = 0;
    prefixes_from_text(vote_subnets(&witnesses, SERVICE_RANGE_KEY), &out->services);
    out->name = vote(names, 3);
    return out->name &&
           prefixes_from_text(vote_subnets(&witnesses, CLUSTER_SUBNET_KEY), &out->subnets) &&
           prefixes_from_text(vote_subnets(&witnesses, JOIN_SUBNET_KEY), &out->join);
}

bool cluster_recall(const struct scene *scene, struct cluster_record *out)
{
    return recall_cluster(scene->facts, scene->owner, out);
}

int cluster_find(const struct scene *scene, const struct rows *wanted, struct cluster_record *out)
{
    if (recall_cluster(wanted, scene->owner, out) || cluster_recall(scene, out)) {
        return 0;
    }
    if (rows_find(scene->facts, ROUTER_TABLE, cluster_router_id(scene->owner))) {
        return fail(OVNK8S_PROTOCOL, "external_ids:" CLUSTER_SUBNET_KEY
                                     " of the cluster router is missing or malformed");
    }
    return fail(OVNK8S_NOTFOUND, "there is no cluster yet: add it first (master-init)");
}

/* The subnets of this key, as they are after the plan. */
static const char *subnets_after(const ovnk8s_plan *plan, const char *key)
{
    struct cluster_record cluster;
    const bool is_wanted = recall_cluster(&plan->wanted, plan->owner, &cluster);
    const struct witnesses witnesses =
        witnesses_of_cluster(is_wanted ? &plan->wanted : &plan->facts, plan->owner);

    return vote_subnets(&witnesses, key);
}

const char *ovnk8s_plan_service_range(const ovnk8s_plan *plan)
{
    return subnets_after(plan, SERVICE_RANGE_KEY);
}

const char *ovnk8s_plan_join_subnet(const ovnk8s_plan *plan)
{
    return subnets_after(plan, JOIN_SUBNET_KEY);
}

/* Nodes. */

static struct row_id node_port_id(const struct scene *scene, const char *name)
{
    char port[512];

    snprintf(port, sizeof port, "rtos-%s", name);
    return router_port_id(scene->owner, port);
}

void node_ask(const struct scene *scene, const char *name, struct rows *asked)
{
    ask_row(asked, LEDGER_TABLE, node_ledger_id(scene->owner, name));
    row_ask(ask_row(asked, SWITCH_TABLE, switch_id(scene->owner, name)), "name");
    row_ask(ask_row(asked, ROUTER_PORT_TABLE, node_port_id(scene, name)), "networks");
}

void node_ask_ports(const struct scene *scene, const char *name, struct rows *asked)
{
    row_ask(ask_row(asked, LEDGER_TABLE, node_ledger_id(scene->owner, name)), RECORDS_COLUMN);
}

static struct row *ask_owned(const struct scene *scene, const char *table, struct rows *asked)
{
    struct row *rows = rows_ask_where(asked, table, ROW_BY_OWNER, scene->owner);

    row_ask(rows, "external_ids");
    return rows;
}

void nodes_ask_all(const struct scene *scene, bool with_ports, struct rows *asked)
{
    struct row *ledger = ask_owned(scene, LEDGER_TABLE, asked);
    struct row *router_ports = ask_owned(scene, ROUTER_PORT_TABLE, asked);

    row_ask(ask_owned(scene, SWITCH_TABLE, asked), "name");
    row_ask(router_ports, "name");
    row_ask(router_ports, "networks");
    if (with_ports) {
        row_ask(ledger, RECORDS_COLUMN);
    }
}

void port_ask_columns(struct row *asked)
{
    row_ask(asked, "name");
    row_ask(asked, "type");
    row_ask(asked, "options");
    row_ask(asked, "addresses");
    row_ask(asked, "port_security");
    row_ask(asked, "external_ids");
}

void port_ask(const struct scene *scene, const char *name, struct rows *asked)
{
    if (name) {
        port_ask_columns(rows_ask(asked, SWITCH_PORT_TABLE, switch_port_id(scene->owner, name)));
    }
}

void ports_ask_all(const struct scene *scene, struct rows *asked)
{
    port_ask_columns(ask_owned(scene, SWITCH_PORT_TABLE, asked));
}

/* The text of the networks that a router port has addresses of; false when they are none. */
static bool networks_text(const struct row *port, char text[static PREFIXES_TEXT])
{
    const struct column *networks = row_column(port, "networks");
    struct prefixes subnets = {.n = 0};

    for (size_t i = 0; networks && i < networks->n; i++) {
        const struct atom *atom = &networks->atoms[i];
        struct prefix prefix;

        if (subnets.n == 2 || atom->type != ATOM_STRING ||
            !prefix_from_text(atom->string, &prefix)) {
            return false;
        }
        subnets.of[subnets.n++] = prefix_network(&prefix);
    }
    if (subnets.n == 2 && subnets.of[0].ip.family > subnets.of[1].ip.family) {
        subnets = (struct prefixes){.of = {subnets.of[1], subnets.of[0]}, .n = 2};
    }
    prefixes_to_text(&subnets, text);
    return subnets.n > 0;
}

static bool recall_node(const struct scene *scene, const struct rows *rows, const char *name,
                        struct prefixes *subnets)
{
    const char *owner = scene->owner;
    const struct row *ledger = rows_find(rows, LEDGER_TABLE, node_ledger_id(owner, name));
    const struct row *node_switch = rows_find(rows, SWITCH_TABLE, switch_id(owner, name));
    char networks[PREFIXES_TEXT];
    const char *said[] = {
        valid_subnets(row_pair(ledger, "external_ids", SUBNETS_KEY)),
        valid_subnets(row_pair(node_switch, "external_ids", SUBNETS_KEY)),
        networks_text(rows_find(rows, ROUTER_PORT_TABLE, node_port_id(scene, name)), networks)
            ? networks
            : NULL,
    };

    return prefixes_from_text(vote(said, COUNT_OF(said)), subnets);
}

bool node_recall(const struct scene *scene, const char *name, struct prefixes *subnets)
{
    return recall_node(scene, scene->facts, name, subnets);
}

bool node_find(const struct scene *scene, const struct rows *wanted, const char *name,
               struct prefixes *subnets)
{
    return recall_node(scene, wanted, name, subnets) || node_recall(scene, name, subnets);
}

/* The name of the node that a row is evidence of, NULL for any other row. That the identity fits
 * shows that nobody has changed the name. */
static const char *node_of(const struct scene *scene, const struct row *row)
{
    const char *name = row_string(row, "name");

    if (!strcmp(row->table, LEDGER_TABLE)) {
        name = row_pair(row, "external_ids", NODE_KEY);
        return name && row_id_equal(row->id, node_ledger_id(scene->owner, name)) ? name : NULL;
    }
    if (!strcmp(row->table, SWITCH_TABLE)) {
        return name && row_pair(row, "external_ids", SUBNETS_KEY) &&
                       row_id_equal(row->id, switch_id(scene->owner, name))
                   ? name
                   : NULL;
    }
    if (!strcmp(row->table, ROUTER_PORT_TABLE)) {
        return name && !strncmp(name, "rtos-", 5) &&
                       row_id_equal(row->id, router_port_id(scene->owner, name))
                   ? name + 5
                   : NULL;
    }
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct node_record *)a)->name, ((const struct node_record *)b)->name);
}

/* Keeps one of each name, of those that are nodes. */
static void keep_nodes(const struct scene *scene, struct node_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct node_record node = list->of[i];

        if ((!n || strcmp(list->of[n - 1].name, node.name) != 0) &&
            node_recall(scene, node.name, &node.subnets)) {
            list->of[n++] = node;
        }
    }
    list->n = n;
}

bool nodes_recall(const struct scene *scene, struct arena *arena, struct node_list *out)
{
    *out = (struct node_list){.of = arena_alloc(arena, (scene->facts->n + 1) * sizeof *out->of)};
    for (const struct row *row = scene->facts->first; row && out->of; row = row->next) {
        const char *name = node_of(scene, row);

        if (name) {
            out->of[out->n++].name = name;
        }
    }
    if (out->of) {
        qsort(out->of, out->n, sizeof *out->of, compare_names);
        keep_nodes(scene, out);
    }
    return out->of != NULL;
}

bool node_lacks_ledger(const struct scene *scene, const char *node)
{
    struct prefixes subnets;

    return scene->facts->first && node_recall(scene, node, &subnets) &&
           !rows_find(scene->facts, LEDGER_TABLE, node_ledger_id(scene->owner, node));
}
