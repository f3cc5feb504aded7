#include "node/bridge.h"

#include "node/ovs_port.h"

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    (void)scene;
    row_ask(rows_ask_where(asked, "Bridge", ROW_BY_NAME, INTEGRATION_BRIDGE), "name");
    row_ask(rows_ask_where(asked, "Open_vSwitch", ROW_ANY, ""), "external_ids");
}

const struct row *bridge_of_interface(const struct rows *facts, const struct row *interface)
{
    const struct row *port =
        interface ? rows_referrer(facts, "Port", "interfaces", interface->id) : NULL;

    return port ? rows_referrer(facts, "Bridge", "ports", port->id) : NULL;
}

/* Each bridge has a port and an interface of its own name. */
static struct row_id want_local_port(const char *owner, struct rows *wanted)
{
    const struct row_id port_id = row_id(owner, "Port", INTEGRATION_BRIDGE);
    const struct row_id interface_id = row_id(owner, "Interface", INTEGRATION_BRIDGE);
    struct row *port = rows_want(wanted, "Port", port_id, INTEGRATION_BRIDGE);
    struct row *interface = rows_want(wanted, "Interface", interface_id, INTEGRATION_BRIDGE);

    row_is_string(port, "name", INTEGRATION_BRIDGE);
    row_includes_row(port, "interfaces", interface_id);
    row_includes_pair(port, "external_ids", OWNER_KEY, owner);
    row_is_string(interface, "name", INTEGRATION_BRIDGE);
    row_is_string(interface, "type", "internal");
    row_includes_pair(interface, "external_ids", OWNER_KEY, owner);
    return port_id;
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const char *owner = scene->owner;
    const char *datapath = row_pair(rows_first(scene->facts, "Open_vSwitch"), "external_ids",
                                    "ovn-bridge-datapath-type");
    const struct row_id id = row_id(owner, "Bridge", INTEGRATION_BRIDGE);
    struct row *bridge;

    (void)params;
    if (rows_named(scene->facts, "Bridge", INTEGRATION_BRIDGE)) {
        return 0;
    }
    bridge = rows_want(wanted, "Bridge", id, INTEGRATION_BRIDGE);
    row_is_string(bridge, "name", INTEGRATION_BRIDGE);
    row_is_string(bridge, "fail_mode", "secure");
    row_is_string(bridge, "datapath_type", datapath ? datapath : "");
    row_includes_pair(bridge, "other_config", "disable-in-band", "true");
    row_includes_pair(bridge, "external_ids", OWNER_KEY, owner);
    row_includes_row(bridge, "ports", want_local_port(owner, wanted));
    row_includes_row(rows_ask_where(wanted, "Open_vSwitch", ROW_ANY, ""), "bridges", id);
    return 0;
}

static const struct intent_type bridge_type = {"adding bridge", ask, resolve};

int integration_bridge_add(ovnk8s_plan *plan)
{
    return plan_intend(plan, &bridge_type, INTEGRATION_BRIDGE, NULL);
}
