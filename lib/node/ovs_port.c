#include "node/ovs_port.h"

#include <string.h>

#define INTERFACE_TABLE "Interface"
#define PORT_TABLE "Port"
#define BRIDGE_TABLE "Bridge"

struct row_id ovs_interface_id(const char *owner, const char *key)
{
    return row_id(owner, INTERFACE_TABLE, key);
}

static void want_interface(const struct ovs_port *port, const struct scene *scene,
                           struct rows *wanted)
{
    const char *owner = scene->owner;
    const struct row_id id = ovs_interface_id(owner, port->key);
    struct row *interface = rows_want(wanted, INTERFACE_TABLE, id, port->interface);

    interface->is_new = !port->is_kept && !scene->looks;
    row_is_string(interface, "name", port->interface);
    if (port->type) {
        row_is_string(interface, "type", port->type);
    }
    if (port->peer) {
        row_includes_pair(interface, "options", "peer", port->peer);
    }
    if (port->mac) {
        row_is_string(interface, "mac", port->mac);
    }
    if (port->mtu) {
        row_is_integer(interface, "mtu_request", port->mtu);
    }
    for (size_t i = 0; i < OVS_PORT_IDS && port->ids[i][0]; i++) {
        if (port->ids[i][1]) {
            row_includes_pair(interface, "external_ids", port->ids[i][0], port->ids[i][1]);
        }
    }
    row_includes_pair(interface, "external_ids", OWNER_KEY, owner);
}

/* The bridge of the port: as it is wanted by the same plan, or else is there. */
static struct row *edit_bridge(const struct ovs_port *port, const struct scene *scene,
                               struct rows *wanted)
{
    const struct row_id id = row_id(scene->owner, BRIDGE_TABLE, port->bridge);
    struct row *bridge = rows_find(wanted, BRIDGE_TABLE, id);

    if (!bridge && port->bridge_id && !scene->looks) {
        bridge = rows_edit(wanted, BRIDGE_TABLE, *port->bridge_id, port->bridge);
        bridge->unseen = true;
    }
    return bridge ? bridge : rows_edit_by_name(wanted, BRIDGE_TABLE, port->bridge);
}

static int resolve_add(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct ovs_port *port = params;
    const char *owner = scene->owner;
    const struct row_id id = row_id(owner, PORT_TABLE, port->key);
    struct row *row = rows_want(wanted, PORT_TABLE, id, port->interface);

    row->is_new = !port->is_kept && !scene->looks;
    row_is_string(row, "name", port->interface);
    row_includes_row(row, "interfaces", ovs_interface_id(owner, port->key));
    row_includes_pair(row, "external_ids", OWNER_KEY, owner);
    want_interface(port, scene, wanted);
    row_includes_row(edit_bridge(port, scene, wanted), "ports", id);
    return 0;
}

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct ovs_port *port = params;
    const char *owner = scene->owner;
    const struct row_id id = row_id(owner, PORT_TABLE, port->key);

    rows_drop(wanted, PORT_TABLE, id, port->key)->unseen = !scene->looks;
    rows_drop(wanted, INTERFACE_TABLE, ovs_interface_id(owner, port->key), port->key)->unseen =
        !scene->looks;
    row_excludes_row(edit_bridge(port, scene, wanted), "ports", id);
    return 0;
}

static const struct intent_type add_type = {"adding Open vSwitch port", NULL, resolve_add};
static const struct intent_type delete_type = {"deleting Open vSwitch port", NULL, resolve_delete};

static const struct row_id *copy_id(ovnk8s_plan *plan, const struct row_id *id)
{
    struct row_id *copy = id ? arena_alloc(&plan->arena, sizeof *copy) : NULL;

    return copy ? memcpy(copy, id, sizeof *copy) : NULL;
}

int ovs_port_add(ovnk8s_plan *plan, const struct ovs_port *port)
{
    struct ovs_port *copy = arena_alloc(&plan->arena, sizeof *copy);

    if (!copy) {
        return fail_nomem();
    }
    *copy = *port;
    copy->key = arena_strdup(&plan->arena, port->key);
    copy->interface = arena_strdup(&plan->arena, port->interface);
    copy->type = arena_strdup(&plan->arena, port->type);
    copy->bridge = arena_strdup(&plan->arena, port->bridge ? port->bridge : INTEGRATION_BRIDGE);
    copy->bridge_id = copy_id(plan, port->bridge_id);
    copy->peer = arena_strdup(&plan->arena, port->peer);
    copy->mac = arena_strdup(&plan->arena, port->mac);
    for (size_t i = 0; i < OVS_PORT_IDS && port->ids[i][0]; i++) {
        copy->ids[i][0] = arena_strdup(&plan->arena, port->ids[i][0]);
        copy->ids[i][1] = arena_strdup(&plan->arena, port->ids[i][1]);
    }
    return plan_intend(plan, &add_type, copy->interface, copy);
}

int ovs_port_delete(ovnk8s_plan *plan, const char *key, const struct row_id *bridge_id)
{
    struct ovs_port *port = arena_alloc(&plan->arena, sizeof *port);

    if (!port) {
        return fail_nomem();
    }
    port->key = arena_strdup(&plan->arena, key);
    port->bridge = INTEGRATION_BRIDGE;
    port->bridge_id = copy_id(plan, bridge_id);
    return plan_intend(plan, &delete_type, port->key, port);
}

void ovs_port_ask(struct rows *asked, const char *owner, const char *key)
{
    const struct row_id port = row_id(owner, PORT_TABLE, key);
    const struct row_id interface = ovs_interface_id(owner, key);
    struct row *row = rows_ask(asked, INTERFACE_TABLE, interface), *bridge;

    row_ask(row, "external_ids");
    row_ask(row, "ofport");
    row_ask(row, "error");
    row_includes_row(rows_ask(asked, PORT_TABLE, port), "interfaces", interface);
    bridge = rows_ask_where(asked, BRIDGE_TABLE, ROW_BY_NAME, INTEGRATION_BRIDGE);
    row_ask(bridge, "name");
    row_includes_row(bridge, "ports", port);
}

bool ovs_port_is_there(const struct rows *facts, const char *owner, const char *key)
{
    const struct row_id port = row_id(owner, PORT_TABLE, key);
    const struct row_id interface = ovs_interface_id(owner, key);

    return rows_find(facts, INTERFACE_TABLE, interface) &&
           row_refers(rows_find(facts, PORT_TABLE, port), "interfaces", interface) &&
           row_refers(rows_named(facts, BRIDGE_TABLE, INTEGRATION_BRIDGE), "ports", port);
}
