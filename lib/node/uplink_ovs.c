#include "node/uplink_ovs.h"

#include <string.h>

#include "node/bridge.h"
#include "node/ovs_wait.h"
#include "ovsdb/read.h"

#define OWNER OVNK8S_DEFAULT_OWNER

/* Reading. */

void uplink_facts_clear(struct uplink_facts *facts)
{
    rows_clear(&facts->rows);
    *facts = (struct uplink_facts){0};
}

static const char *find_other_port(const struct uplink_facts *facts, const char *nic)
{
    const struct column *ports = row_column(facts->bridge, "ports");
    const char *bridge = row_string(facts->bridge, "name");

    for (size_t i = 0; ports && i < ports->n; i++) {
        const char *name = row_string(rows_find(&facts->rows, "Port", ports->atoms[i].row), "name");

        if (name && strcmp(name, nic) != 0 && strcmp(name, bridge) != 0) {
            return name;
        }
    }
    return NULL;
}

static void ask_all(struct rows *asked)
{
    struct row *bridge = rows_ask_where(asked, "Bridge", ROW_ANY, "");
    struct row *port = rows_ask_where(asked, "Port", ROW_ANY, "");

    row_ask(bridge, "name");
    row_ask(bridge, "ports");
    row_ask(bridge, "external_ids");
    row_ask(port, "name");
    row_ask(port, "interfaces");
}

static int read_facts(ovnk8s_vswitch *vswitch, const char *nic, const struct deadline *deadline,
                      struct rows *facts)
{
    struct conn *conn = vswitch_conn(vswitch);
    struct rows asked = {0};
    int error;

    ask_all(&asked);
    row_ask(rows_ask_where(&asked, "Interface", ROW_BY_NAME, nic), "name");
    error = rows_failed(&asked) ? fail_nomem() : read_rows(conn, asked.first, deadline, facts);
    rows_clear(&asked);
    return error ? fail_during(error, "read", conn_remotes(conn), "reading bridges at %s",
                               conn_remotes(conn))
                 : 0;
}

int uplink_look(ovnk8s_vswitch *vswitch, const char *nic, const char *bridge,
                const struct deadline *deadline, struct uplink_facts *out)
{
    int error;

    *out = (struct uplink_facts){0};
    error = read_facts(vswitch, nic, deadline, &out->rows);
    if (error) {
        return error;
    }
    out->bridge = rows_named(&out->rows, "Bridge", bridge);
    out->is_ours = out->bridge && row_pair(out->bridge, "external_ids", UPLINK_KEY);
    out->nic_bridge = bridge_of_interface(&out->rows, rows_named(&out->rows, "Interface", nic));
    out->other_port = out->bridge ? find_other_port(out, nic) : NULL;
    return 0;
}

/* Writing. */

/* A bridge that is there keeps what somebody may have set since. */
static void want_new_bridge(const struct uplink_rows *rows, const struct scene *scene,
                            struct rows *wanted)
{
    struct row *bridge = want_bridge(scene, wanted, rows->bridge, "standalone", rows->record->mtu);

    row_includes_pair(bridge, "other_config", "hwaddr", rows->mac);
    row_includes_pair(bridge, "external_ids", "bridge-id", rows->bridge);
}

static void ask(const void *rows_, const struct scene *scene, struct rows *asked)
{
    const struct uplink_rows *rows = rows_;

    (void)scene;
    ask_bridge(asked, rows->bridge);
}

static int resolve_there(const void *rows_, const struct scene *scene, struct rows *wanted)
{
    const struct uplink_rows *rows = rows_;
    struct row *bridge =
        rows_want(wanted, "Bridge", row_id(OWNER, "Bridge", rows->bridge), rows->bridge);

    if (!rows_first(scene->facts, "Bridge")) {
        want_new_bridge(rows, scene, wanted);
    }
    if (rows->plugged) {
        want_bridge_port(OWNER, bridge, rows->nic, "", 0);
    }
    return uplink_record_write(rows->record, bridge);
}

static void drop_port(const char *name, struct rows *wanted)
{
    rows_drop(wanted, "Port", row_id(OWNER, "Port", name), name);
    rows_drop(wanted, "Interface", row_id(OWNER, "Interface", name), name);
}

static int resolve_gone(const void *rows_, const struct scene *scene, struct rows *wanted)
{
    const struct uplink_rows *rows = rows_;
    const struct row_id id = row_id(OWNER, "Bridge", rows->bridge);

    (void)scene;
    rows_drop(wanted, "Bridge", id, rows->bridge);
    drop_port(rows->bridge, wanted);
    drop_port(rows->nic, wanted);
    row_excludes_row(rows_ask_where(wanted, "Open_vSwitch", ROW_ANY, ""), "bridges", id);
    return 0;
}

static const struct intent_type there_type = {"making bridge", ask, resolve_there};
static const struct intent_type gone_type = {"deleting bridge", NULL, resolve_gone};

static int apply(ovnk8s_vswitch *vswitch, const struct intent_type *type,
                 const struct uplink_rows *rows, const struct deadline *deadline)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : plan_intend(plan, type, rows->bridge, rows);
    return error ? error : vswitch_apply(vswitch, plan, deadline);
}

int uplink_apply(ovnk8s_vswitch *vswitch, const struct uplink_rows *rows,
                 const struct deadline *deadline)
{
    return apply(vswitch, &there_type, rows, deadline);
}

int uplink_apply_delete(ovnk8s_vswitch *vswitch, const struct uplink_rows *rows,
                        const struct deadline *deadline)
{
    return apply(vswitch, &gone_type, rows, deadline);
}

/* Waiting. */

int uplink_wait_port(ovnk8s_vswitch *vswitch, const char *port, const struct deadline *deadline)
{
    const struct row_id id = row_id(OWNER, "Interface", port);
    const int error = ovs_port_wait(vswitch, id, deadline);

    return error ? fail_during(error, "ovs-port", port, "waiting for port %s", port) : 0;
}
