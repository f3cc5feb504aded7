#include <string.h>

#include <ovnk8s/topology.h>

#include "topology/names.h"
#include "topology/network.h"

/* What ovnk8s_network_delete() was told. */
struct delete_params {
    const char *name;
    bool is_forced;
};

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct delete_params *network = params;
    const char *owner = scene->owner;
    struct row *router = rows_ask(asked, ROUTER_TABLE, network_router_id(owner));

    network_ask(scene, network->name, asked);
    row_ask(rows_ask(asked, LEDGER_TABLE, network_ledger_id(owner, network->name)), RECORDS_COLUMN);
    row_ask(router, "external_ids");
    row_ask(router, "ports");
}

static int refuse_attachments(const struct column *entries)
{
    const char *first = entries->atoms[0].string;

    if (entries->n == 1) {
        return fail(OVNK8S_EXISTS, "attachment %s is still there: delete it first, or force it",
                    first);
    }
    return fail(OVNK8S_EXISTS,
                "attachment %s and %zu more are still there: delete them first, or force it", first,
                entries->n - 1);
}

/* The router goes with the last of its networks. */
static void leave_router(const struct scene *scene, const char *network, struct rows *wanted)
{
    const char *owner = scene->owner;
    const char *name = network_router_port_name(&wanted->arena, network);
    const struct row *router = rows_find(scene->facts, ROUTER_TABLE, network_router_id(owner));
    const struct column *ports = row_column(router, "ports");
    struct row_id port;

    if (!router || !name) {
        return;
    }
    port = router_port_id(owner, name);
    rows_drop(wanted, ROUTER_PORT_TABLE, port, name);
    if (ports && ports->n == 1 && row_id_equal(ports->atoms[0].row, port)) {
        rows_drop(wanted, ROUTER_TABLE, router->id, network_router_name(&wanted->arena, owner))
            ->guarded = true; /* A network that joins it just now is not overlooked. */
    } else {
        row_excludes_row(rows_edit(wanted, ROUTER_TABLE, router->id, NULL), "ports", port);
    }
}

static void drop_network(const struct scene *scene, const char *name, const struct column *entries,
                         struct rows *wanted)
{
    const char *owner = scene->owner;
    const char *switch_port = network_switch_port_name(&wanted->arena, name);
    struct row *ledger = rows_drop(wanted, LEDGER_TABLE, network_ledger_id(owner, name),
                                   arena_printf(&wanted->arena, "ledger of network %s", name));

    for (size_t i = 0; entries && i < entries->n; i++) {
        const char *port = entries->atoms[2 * i].string;

        rows_drop(wanted, SWITCH_PORT_TABLE, switch_port_id(owner, port), port);
    }
    if (switch_port && ledger) {
        rows_drop(wanted, SWITCH_PORT_TABLE, switch_port_id(owner, switch_port), switch_port);
        rows_drop(wanted, SWITCH_TABLE, network_switch_id(owner, name), name);
        ledger->guarded = true; /* Nor is an attachment. */
    }
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct delete_params *network = params;
    const struct column *entries = network_entries(scene, network->name);

    if (entries && entries->n && !network->is_forced) {
        return refuse_attachments(entries);
    }
    leave_router(scene, network->name, wanted);
    drop_network(scene, network->name, entries, wanted);
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type delete_type = {"deleting network", ask, resolve};

int ovnk8s_network_delete(ovnk8s_plan *plan, const char *name, unsigned int flags)
{
    struct delete_params *params = arena_alloc(&plan->arena, sizeof *params);
    int error = params ? check_network_name("network name", name) : fail_nomem();

    if (!error && flags & ~(unsigned int)OVNK8S_FORCE) {
        error = fail(OVNK8S_INVALID, "flags 0x%x: expected none but OVNK8S_FORCE", flags);
    }
    if (error) {
        return error;
    }
    params->name = arena_strdup(&plan->arena, name);
    params->is_forced = flags & OVNK8S_FORCE;
    return plan_intend(plan, &delete_type, params->name, params);
}
