#include "node/bridge.h"

#include "node/ovs_port.h"
#include "ovsdb/vswitch.h"

/* Any bridge. */

void ask_bridge(struct rows *asked, const char *name)
{
    row_ask(rows_ask_where(asked, "Bridge", ROW_BY_NAME, name), "name");
    row_ask(rows_ask_where(asked, "Open_vSwitch", ROW_ANY, ""), "external_ids");
}

const struct row *bridge_of_interface(const struct rows *facts, const struct row *interface)
{
    const struct row *port =
        interface ? rows_referrer(facts, "Port", "interfaces", interface->id) : NULL;

    return port ? rows_referrer(facts, "Bridge", "ports", port->id) : NULL;
}

void want_bridge_port(const char *owner, struct row *bridge, const char *name, const char *type,
                      unsigned int mtu)
{
    const struct row_id port_id = row_id(owner, "Port", name);
    const struct row_id interface_id = row_id(owner, "Interface", name);
    struct row *port = rows_want(bridge->rows, "Port", port_id, name);
    struct row *interface = rows_want(bridge->rows, "Interface", interface_id, name);

    row_is_string(port, "name", name);
    row_includes_row(port, "interfaces", interface_id);
    row_includes_pair(port, "external_ids", OWNER_KEY, owner);
    row_is_string(interface, "name", name);
    row_is_string(interface, "type", type);
    if (mtu) {
        row_is_integer(interface, "mtu_request", mtu);
    }
    row_includes_pair(interface, "external_ids", OWNER_KEY, owner);
    row_includes_row(bridge, "ports", port_id);
}

struct row *want_bridge(const struct scene *scene, struct rows *wanted, const char *name,
                        const char *fail_mode, unsigned int mtu)
{
    const char *owner = scene->owner;
    const char *datapath = row_pair(rows_first(scene->facts, "Open_vSwitch"), "external_ids",
                                    "ovn-bridge-datapath-type");
    struct row *bridge = rows_want(wanted, "Bridge", row_id(owner, "Bridge", name), name);

    row_is_string(bridge, "name", name);
    row_is_string(bridge, "fail_mode", fail_mode);
    row_is_string(bridge, "datapath_type", datapath ? datapath : "");
    row_includes_pair(bridge, "external_ids", OWNER_KEY, owner);
    want_bridge_port(owner, bridge, name, "internal", mtu); /* Each bridge has one of its name. */
    row_includes_row(rows_ask_where(wanted, "Open_vSwitch", ROW_ANY, ""), "bridges", bridge->id);
    return bridge;
}

/* The integration bridge. */

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    (void)params;
    (void)scene;
    ask_bridge(asked, INTEGRATION_BRIDGE);
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct row *bridge;

    (void)params;
    if (!rows_named(scene->facts, "Bridge", INTEGRATION_BRIDGE)) {
        bridge = want_bridge(scene, wanted, INTEGRATION_BRIDGE, "secure", 0);
        row_includes_pair(bridge, "other_config", "disable-in-band", "true");
    }
    return 0;
}

static const struct intent_type bridge_type = {"adding bridge", ask, resolve};

int integration_bridge_add(ovnk8s_plan *plan)
{
    return plan_intend(plan, &bridge_type, INTEGRATION_BRIDGE, NULL);
}

/* ovn-controller makes the bridge too when it starts: then it is there at the second try. */
int integration_bridge_apply(ovnk8s_plan *plan, ovnk8s_vswitch *vswitch,
                             const struct deadline *deadline)
{
    const int error = vswitch_apply(vswitch, plan, deadline);

    return error == OVNK8S_EXISTS ? vswitch_apply(vswitch, plan, deadline) : error;
}
