#include <string.h>

#include "topology/gateway.h"
#include "topology/groups.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wants.h"

static void ask_delete(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct column *entries = ledger_entries(scene->facts, scene->owner, params);

    gateway_ask_removal(scene, params, asked);
    node_ask_ports(scene, params, asked);
    node_ask(scene, params, asked);
    group_ask(scene, switch_group(&asked->arena, params), asked);
    for (size_t i = 0; entries && i < entries->n; i++) {
        const char *port = entries->atoms[2 * i].string;

        row_ask(rows_ask(asked, SWITCH_PORT_TABLE, switch_port_id(scene->owner, port)),
                "external_ids");
    }
}

static bool is_on_other(const struct row *port, const char *node)
{
    const char *there = row_pair(port, "external_ids", NODE_KEY);

    return port && port->state == ROW_WANTED && there && strcmp(there, node) != 0;
}

/* Not what somebody has written into the ledger, and is the port of another node; and not what the
 * same plan has moved to another one. */
static bool is_port_of(const struct scene *scene, const struct rows *wanted, const char *node,
                       const char *port)
{
    const struct row_id id = switch_port_id(scene->owner, port);

    return strchr(port, '_') &&
           !is_on_other(rows_find(scene->facts, SWITCH_PORT_TABLE, id), node) &&
           !is_on_other(rows_find(wanted, SWITCH_PORT_TABLE, id), node);
}

static void drop_port(struct rows *wanted, const char *owner, const char *name)
{
    if (name) {
        rows_drop(wanted, SWITCH_PORT_TABLE, switch_port_id(owner, name), name);
    }
}

void drop_node(const struct scene *scene, const char *name, struct rows *wanted)
{
    const char *owner = scene->owner;
    const struct row_id ledger_id = node_ledger_id(owner, name);
    const struct column *entries = ledger_entries(scene->facts, owner, name);
    const char *router_port = node_router_port_name(&wanted->arena, name);
    struct row_id router_port_row;

    if (!router_port) {
        return;
    }
    router_port_row = router_port_id(owner, router_port);
    rows_drop(wanted, ROUTER_PORT_TABLE, router_port_row, router_port);
    row_excludes_row(rows_edit(wanted, ROUTER_TABLE, cluster_router_id(owner), NULL), "ports",
                     router_port_row);
    for (size_t i = 0; entries && i < entries->n; i++) {
        if (is_port_of(scene, wanted, name, entries->atoms[2 * i].string)) {
            drop_port(wanted, owner, entries->atoms[2 * i].string);
        }
    }
    drop_port(wanted, owner, management_port_name(&wanted->arena, name));
    drop_port(wanted, owner, node_switch_port_name(&wanted->arena, name));
    rows_drop(wanted, SWITCH_TABLE, switch_id(owner, name), name);
    drop_group(scene, switch_group(&wanted->arena, name), wanted);
    rows_drop(wanted, LEDGER_TABLE, ledger_id, arena_printf(&wanted->arena, "ledger of %s", name));
}

/* Its subnets are free again. Where the ledger does not say what is taken, the next node that is
 * added, or a repair, writes it down anew. */
static int free_subnets(const struct scene *scene, const struct prefixes *subnets,
                        struct rows *wanted)
{
    struct cluster_record cluster;
    struct blocks taken = {0};
    struct row *ledger;
    int error = 0;

    if (cluster_find(scene, wanted, &cluster) ||
        (!ledger_taken(wanted, scene->owner, &taken) &&
         !ledger_taken(scene->facts, scene->owner, &taken))) {
        return 0;
    }
    for (size_t i = 0; i < subnets->n && !error; i++) {
        error = blocks_release(&taken, &subnets->of[i]);
    }
    if (!error) {
        ledger = want_cluster_ledger(wanted, scene->owner, &cluster);
        ledger->guarded = true;
        want_taken(wanted, scene->owner, &taken);
    }
    blocks_clear(&taken);
    return error ? fail_nomem() : 0;
}

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    const char *name = params;
    struct prefixes subnets;
    const bool is_there = node_find(scene, wanted, name, &subnets);
    int error;

    error = gateway_remove(scene, name, wanted);
    drop_node(scene, name, wanted);
    return !error && is_there ? free_subnets(scene, &subnets, wanted) : error;
}

static const struct intent_type delete_type = {"deleting node", ask_delete, resolve_delete};

int ovnk8s_node_delete(ovnk8s_plan *plan, const char *name)
{
    const int error = check_node_name(name);
    const char *copy = error ? NULL : arena_strdup(&plan->arena, name);

    return error ? error : copy ? plan_intend(plan, &delete_type, copy, copy) : fail_nomem();
}
