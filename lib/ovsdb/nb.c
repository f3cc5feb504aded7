#include "ovsdb/nb.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "ovsdb/apply.h"
#include "ovsdb/arrival.h"

/* Nothing of these is monitored before somebody asks for it. */
static const struct replica_table tables[] = {
    {.name = "NB_Global", .columns = {"nb_cfg", "sb_cfg", "hv_cfg"}},
    {.name = "Logical_Switch", .columns = {"name", "external_ids"}, .on_demand = true},
    {.name = "Logical_Switch_Port",
     .columns = {"name", "addresses", "port_security", "type", "external_ids"},
     .on_demand = true},
    {.name = "Logical_Router", .columns = {"name", "external_ids"}, .on_demand = true},
    {.name = "Load_Balancer",
     .columns = {"name", "vips", "protocol", "options", "selection_fields", "external_ids"},
     .on_demand = true},
    {.name = "Load_Balancer_Group", .columns = {"name", "load_balancer"}, .on_demand = true},
    {.name = "Logical_Router_Policy",
     .columns = {"priority", "match", "action", "nexthop", "external_ids"},
     .on_demand = true},
};

struct ovnk8s_nb {
    struct conn *conn;
    struct replica_table tables[COUNT_OF(tables)];
};

void ovnk8s_connect_options_init(ovnk8s_connect_options *options)
{
    *options = (ovnk8s_connect_options)OVNK8S_CONNECT_OPTIONS_INIT;
}

struct conn *nb_conn(ovnk8s_nb *nb)
{
    return nb->conn;
}

int ovnk8s_nb_open(ovnk8s_nb **out, const char *remotes, const ovnk8s_connect_options *options)
{
    ovnk8s_nb *nb = calloc(1, sizeof *nb);
    int error;

    *out = NULL;
    if (!nb) {
        return fail_nomem();
    }
    memcpy(nb->tables, tables, sizeof tables);
    error =
        conn_open(&nb->conn, "OVN_Northbound", remotes, options, nb->tables, COUNT_OF(nb->tables));
    if (error) {
        free(nb);
        return error;
    }
    *out = nb;
    return 0;
}

void ovnk8s_nb_close(ovnk8s_nb *nb)
{
    if (nb) {
        conn_close(nb->conn);
        free(nb);
    }
}

void ovnk8s_nb_set_timeout(ovnk8s_nb *nb, unsigned int timeout_ms)
{
    conn_set_timeout(nb->conn, timeout_ms);
}

/* Waiting for the others. */

static bool has_arrived(struct conn *conn, void *payload)
{
    struct arrival *arrival = payload;

    (void)conn;
    arrival_step(arrival);
    return arrival->is_over;
}

int nb_wait(ovnk8s_nb *nb, enum ovnk8s_wait wait, const struct deadline *deadline)
{
    struct arrival arrival;
    int error;

    conn_step(nb->conn); /* A connection that was lost while nobody looked is not ready. */
    error = conn_wait_ready(nb->conn, deadline);
    arrival_start(&arrival, nb->conn, wait);
    error = error ? error : conn_until(nb->conn, has_arrived, &arrival, deadline);
    error = error ? error : arrival.error;
    arrival_clear(&arrival);
    return error ? arrival_fail(&arrival, error) : 0;
}

/* Plans. */

void ovnk8s_apply_options_init(ovnk8s_apply_options *options)
{
    *options = (ovnk8s_apply_options)OVNK8S_APPLY_OPTIONS_INIT;
}

int ovnk8s_plan_compute(ovnk8s_plan *plan, ovnk8s_nb *nb, const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    const int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(nb_conn(nb), options.timeout_ms);
    return compute_plan(plan, nb_conn(nb), &deadline);
}

int ovnk8s_plan_apply(ovnk8s_plan *plan, ovnk8s_nb *nb, const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(nb_conn(nb), options.timeout_ms);
    error = apply_plan(plan, nb_conn(nb), &deadline);
    return error || options.wait == OVNK8S_WAIT_NONE ? error : nb_wait(nb, options.wait, &deadline);
}
