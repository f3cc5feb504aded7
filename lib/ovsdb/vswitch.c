#include "ovsdb/vswitch.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "ovsdb/apply.h"

/* Of interfaces, of which there are many, none is monitored before somebody waits for one. */
static const struct replica_table tables[] = {
    {.name = "Interface", .columns = {"external_ids", "ofport", "error"}},
    {.name = "Open_vSwitch", .columns = {"external_ids"}, .from_start = true},
    {.name = "Bridge", .columns = {"name", "datapath_type"}, .from_start = true},
};

struct ovnk8s_vswitch {
    struct conn *conn;
    struct replica_table tables[COUNT_OF(tables)];
};

struct conn *vswitch_conn(ovnk8s_vswitch *vswitch)
{
    return vswitch->conn;
}

int ovnk8s_vswitch_open(ovnk8s_vswitch **out, const char *remote,
                        const ovnk8s_connect_options *options)
{
    ovnk8s_vswitch *vswitch = calloc(1, sizeof *vswitch);
    int error;

    *out = NULL;
    if (!vswitch) {
        return fail_nomem();
    }
    memcpy(vswitch->tables, tables, sizeof tables);
    error = conn_open(&vswitch->conn, "Open_vSwitch", remote, options, vswitch->tables,
                      COUNT_OF(tables));
    if (error) {
        free(vswitch);
        return error;
    }
    *out = vswitch;
    return 0;
}

void ovnk8s_vswitch_close(ovnk8s_vswitch *vswitch)
{
    if (vswitch) {
        conn_close(vswitch->conn);
        free(vswitch);
    }
}

void ovnk8s_vswitch_set_timeout(ovnk8s_vswitch *vswitch, unsigned int timeout_ms)
{
    conn_set_timeout(vswitch->conn, timeout_ms);
}

/* What is monitored. */

struct sought {
    const char *name; /* NULL: any. */
    const struct row *found;
};

static void seek(const struct row *row, void *payload)
{
    struct sought *sought = payload;
    const char *name = row_string(row, "name");

    if (!sought->name || (name && !strcmp(name, sought->name))) {
        sought->found = row;
    }
}

const struct row *vswitch_settings(ovnk8s_vswitch *vswitch)
{
    struct sought sought = {NULL, NULL};

    replica_each(conn_replica(vswitch->conn), "Open_vSwitch", seek, &sought);
    return sought.found;
}

const struct row *vswitch_bridge(ovnk8s_vswitch *vswitch, const char *name)
{
    struct sought sought = {name, NULL};

    replica_each(conn_replica(vswitch->conn), "Bridge", seek, &sought);
    return sought.found;
}

int vswitch_look(ovnk8s_vswitch *vswitch, const struct deadline *deadline)
{
    conn_step(vswitch->conn);
    return conn_wait_ready(vswitch->conn, deadline);
}

int vswitch_read(ovnk8s_vswitch *vswitch, const struct deadline *deadline, const struct row **out)
{
    int error = vswitch_look(vswitch, deadline);

    *out = error ? NULL : vswitch_settings(vswitch);
    if (!error && !*out) {
        error = fail(OVNK8S_NOTFOUND, "table Open_vSwitch is empty: is ovs-vswitchd set up?");
    }
    return error ? fail_during(error, "read", conn_remotes(vswitch->conn),
                               "reading Open_vSwitch at %s", conn_remotes(vswitch->conn))
                 : 0;
}

int ovnk8s_vswitch_external_id(ovnk8s_vswitch *vswitch, const char *key, char **out)
{
    const struct deadline deadline = conn_deadline(vswitch->conn, 0);
    const struct row *row;
    const char *value;
    const int error = vswitch_read(vswitch, &deadline, &row);

    *out = NULL;
    if (error) {
        return error;
    }
    value = row_pair(row, "external_ids", key);
    if (!value) {
        return fail(OVNK8S_NOTFOUND, "Open_vSwitch has no external_ids:%s", key);
    }
    *out = strdup(value);
    return *out ? 0 : fail_nomem();
}

int vswitch_apply(ovnk8s_vswitch *vswitch, ovnk8s_plan *plan, const struct deadline *deadline)
{
    return apply_plan(plan, vswitch->conn, deadline);
}

int ovnk8s_vswitch_compute(ovnk8s_vswitch *vswitch, ovnk8s_plan *plan,
                           const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    const int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(vswitch->conn, options.timeout_ms);
    return compute_plan(plan, vswitch->conn, &deadline);
}

/* Waiting. */

struct awaited {
    struct row_id id;
    bool (*done)(const struct row *interface);
};

static bool interface_done(struct conn *conn, void *payload)
{
    const struct awaited *awaited = payload;

    return awaited->done(replica_find(conn_replica(conn), "Interface", awaited->id));
}

int vswitch_wait_interface(ovnk8s_vswitch *vswitch, struct row_id id,
                           bool (*done)(const struct row *interface),
                           const struct deadline *deadline)
{
    struct awaited awaited = {id, done};

    conn_watch(vswitch->conn, "Interface", &id);
    return conn_until(vswitch->conn, interface_done, &awaited, deadline);
}

const struct row *vswitch_interface(ovnk8s_vswitch *vswitch, struct row_id id)
{
    return replica_find(conn_replica(vswitch->conn), "Interface", id);
}
