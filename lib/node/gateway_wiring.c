/* How a gateway is wired, as rows of Open vSwitch. Its interfaces are marked with the node, so that
 * they are found again whatever they were made from. */

#include <stdlib.h>
#include <string.h>

#include "node/bridge.h"
#include "node/gateway_host.h"
#include "node/ovs_port.h"
#include "ovsdb/read.h"
#include "topology/names.h"

#define WIRED_KEY "ovnk8s-gateway"

struct wiring {
    const char *node;
    const char *interface; /* NULL: none. */
    bool is_bridge;
    const char *mac;      /* That a bridge keeps. */
    const char *names[2]; /* Of the ports, the second of a bridge alone. */
};

static const char *port_key(struct arena *arena, const char *node, const char *name)
{
    return arena_printf(arena, "gateway %s %s", node, name);
}

static void name_ports(struct wiring *wiring, struct arena *arena)
{
    if (wiring->is_bridge) {
        wiring->names[0] =
            arena_printf(arena, "k8s-patch-" INTEGRATION_BRIDGE "-%s", wiring->interface);
        wiring->names[1] =
            arena_printf(arena, "k8s-patch-%s-" INTEGRATION_BRIDGE, wiring->interface);
    } else {
        wiring->names[0] = wiring->interface;
    }
}

/* What an earlier wiring has left, and the bridge's MAC. */

/* What is asked by a name first is known by that name. */
static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct wiring *wiring = params;
    struct row *interfaces = rows_ask_where(asked, "Interface", ROW_BY_OWNER, scene->owner);
    struct row *bridges;

    row_ask(interfaces, "name");
    row_ask(interfaces, "external_ids");
    if (wiring->is_bridge) {
        row_ask(rows_ask_where(asked, "Bridge", ROW_BY_NAME, wiring->interface), "name");
    }
    bridges = rows_ask_where(asked, "Bridge", ROW_ANY, "");
    row_ask(bridges, "name");
    row_ask(bridges, "ports");
}

static bool is_wanted(const struct wiring *wiring, const char *name)
{
    for (size_t i = 0; i < 2; i++) {
        if (wiring->names[i] && !strcmp(wiring->names[i], name)) {
            return true;
        }
    }
    return false;
}

static struct row *edit_bridge(const struct row *fact, struct rows *wanted)
{
    return *fact->name ? rows_edit_by_name(wanted, "Bridge", fact->name)
                       : rows_edit(wanted, "Bridge", fact->id, row_string(fact, "name"));
}

static void drop_port(const struct scene *scene, const struct wiring *wiring,
                      const struct row *interface, struct rows *wanted)
{
    const char *name = row_string(interface, "name");
    const struct row_id id =
        row_id(scene->owner, "Port", port_key(&wanted->arena, wiring->node, name));

    rows_drop(wanted, "Port", id, name);
    rows_drop(wanted, "Interface", interface->id, name);
    for (const struct row *row = scene->facts->first; row; row = row->next) {
        if (!strcmp(row->table, "Bridge") && row_refers(row, "ports", id)) {
            row_excludes_row(edit_bridge(row, wanted), "ports", id);
        }
    }
}

static void drop_others(const struct scene *scene, const struct wiring *wiring, struct rows *wanted)
{
    for (const struct row *row = scene->facts->first; row; row = row->next) {
        const char *node =
            strcmp(row->table, "Interface") ? NULL : row_pair(row, "external_ids", WIRED_KEY);
        const char *name = node ? row_string(row, "name") : NULL;

        if (name && !strcmp(node, wiring->node) && !is_wanted(wiring, name)) {
            drop_port(scene, wiring, row, wanted);
        }
    }
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct wiring *wiring = params;

    drop_others(scene, wiring, wanted);
    if (wiring->is_bridge) {
        row_includes_pair(rows_edit_by_name(wanted, "Bridge", wiring->interface), "other_config",
                          "hwaddr", wiring->mac);
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type wire_type = {"wiring gateway", ask, resolve};

/* The ports. */

static int add_interface(ovnk8s_plan *plan, const struct wiring *wiring)
{
    const struct ovs_port port = {
        .key = port_key(&plan->arena, wiring->node, wiring->names[0]),
        .interface = wiring->names[0],
        .type = wiring->is_bridge ? "patch" : NULL,
        .peer = wiring->names[1],
        .is_kept = true,
        .ids = {{"iface-id", outer_interface_name(&plan->arena, wiring->interface, wiring->node)},
                {WIRED_KEY, wiring->node}}};

    return plan->arena.failed ? fail_nomem() : ovs_port_add(plan, &port);
}

static int add_other_end(ovnk8s_plan *plan, const struct wiring *wiring)
{
    const struct ovs_port port = {.key = port_key(&plan->arena, wiring->node, wiring->names[1]),
                                  .interface = wiring->names[1],
                                  .type = "patch",
                                  .bridge = wiring->interface,
                                  .peer = wiring->names[0],
                                  .is_kept = true,
                                  .ids = {{WIRED_KEY, wiring->node}}};

    return plan->arena.failed ? fail_nomem() : ovs_port_add(plan, &port);
}

int gateway_wiring_add(ovnk8s_plan *plan, const struct gateway_job *job)
{
    struct arena *arena = &plan->arena;
    struct wiring *wiring = arena_alloc(arena, sizeof *wiring);
    char mac[MAC_TEXT];
    int error;

    if (!wiring) {
        return fail_nomem();
    }
    wiring->node = arena_strdup(arena, job->host->node);
    wiring->interface = arena_strdup(arena, job->interface);
    wiring->is_bridge = job->is_bridge;
    wiring->mac = arena_strdup(arena, mac_to_text(&job->mac, mac));
    name_ports(wiring, arena);
    error = arena->failed ? fail_nomem() : integration_bridge_add(plan);
    error = error ? error : plan_intend(plan, &wire_type, wiring->node, wiring);
    error = error ? error : add_interface(plan, wiring);
    return error || !wiring->is_bridge ? error : add_other_end(plan, wiring);
}

int gateway_wiring_delete(ovnk8s_plan *plan, const char *node)
{
    struct wiring *wiring = arena_alloc(&plan->arena, sizeof *wiring);

    if (wiring) {
        wiring->node = arena_strdup(&plan->arena, node);
    }
    return plan->arena.failed ? fail_nomem() : plan_intend(plan, &wire_type, wiring->node, wiring);
}

void gateway_wiring_ids(const struct gateway_job *job, struct arena *arena, struct row_id out[2],
                        size_t *n)
{
    struct wiring wiring = {.interface = job->interface, .is_bridge = job->is_bridge};

    name_ports(&wiring, arena);
    *n = job->is_bridge ? 2 : 1;
    for (size_t i = 0; i < *n; i++) {
        out[i] = ovs_interface_id(OVNK8S_DEFAULT_OWNER,
                                  port_key(arena, job->host->node, wiring.names[i]));
    }
}

static int tell_node(char **out, const struct row *interface)
{
    const char *node = row_pair(interface, "external_ids", WIRED_KEY);

    if (!node) {
        return fail(OVNK8S_NOTFOUND, "no node has one there");
    }
    *out = strdup(node);
    return *out ? 0 : fail_nomem();
}

int gateway_wiring_node(char **out, ovnk8s_vswitch *vswitch, const char *bridge,
                        const struct deadline *deadline)
{
    struct wiring wiring = {.interface = bridge, .is_bridge = true};
    struct rows asked = {0}, facts = {0};
    struct row *interface;
    int error;

    name_ports(&wiring, &asked.arena);
    interface = rows_ask_where(&asked, "Interface", ROW_BY_NAME, wiring.names[0]);
    row_ask(interface, "name");
    row_ask(interface, "external_ids");
    error = rows_failed(&asked) ? fail_nomem()
                                : read_rows(vswitch_conn(vswitch), asked.first, deadline, &facts);
    error = error ? error : tell_node(out, rows_first(&facts, "Interface"));
    rows_clear(&asked);
    rows_clear(&facts);
    return error;
}
