#include "node/plug_port.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/ovs_port.h"
#include "ovsdb/vswitch.h"

#define INTERFACE_TABLE "Interface"
#define PORT_TABLE "Port"
#define QOS_TABLE "QoS"
#define QUEUE_TABLE "Queue"
#define ID_KEY "iface-id"
#define FORMER_KEY "former-iface-id"

/* Of br-int; NULL when it is not known, or not there. */
static const struct row_id *bridge_id(ovnk8s_vswitch *vswitch)
{
    const struct row *bridge = vswitch_bridge(vswitch, INTEGRATION_BRIDGE);

    return bridge ? &bridge->id : NULL;
}

/* Whose the logical port is. */

struct claim {
    const char *key, *iface_id;
};

/* The other ports of which external_ids:'key' is the claimed iface-id. */
static struct row *edit_others(const struct claim *claim, const char *key,
                               const struct scene *scene, struct rows *wanted)
{
    return rows_edit_others(wanted, INTERFACE_TABLE, ovs_interface_id(scene->owner, claim->key),
                            scene->owner, key, claim->iface_id);
}

/* One that was plugged in between does not have it back: at most one port is remembered to have had
 * it, the latest. The rows are found by the server when it commits, one transaction after the
 * other, so of several that are plugged at once just one has it in the end. */
static int resolve_take(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct row *others;

    row_excludes_key(edit_others(params, FORMER_KEY, scene, wanted), "external_ids", FORMER_KEY);
    others = edit_others(params, ID_KEY, scene, wanted);
    row_excludes_key(others, "external_ids", ID_KEY);
    row_includes_pair(others, "external_ids", FORMER_KEY, ((const struct claim *)params)->iface_id);
    return 0;
}

static int resolve_give_back(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct row *others = edit_others(params, FORMER_KEY, scene, wanted);

    row_excludes_key(others, "external_ids", FORMER_KEY);
    row_includes_pair(others, "external_ids", ID_KEY, ((const struct claim *)params)->iface_id);
    return 0;
}

static const struct intent_type take_type = {"taking logical port", NULL, resolve_take};
static const struct intent_type give_back_type = {"giving back logical port", NULL,
                                                  resolve_give_back};

static int intend_claim(ovnk8s_plan *plan, const struct intent_type *type,
                        const struct plug_job *job)
{
    struct claim *claim = arena_alloc(&plan->arena, sizeof *claim);

    if (!claim) {
        return fail_nomem();
    }
    claim->key = arena_strdup(&plan->arena, job->identity.key);
    claim->iface_id = arena_strdup(&plan->arena, job->plug.iface_id);
    return plan_intend(plan, type, claim->iface_id, claim);
}

int plug_port_give_back(ovnk8s_plan *plan, const struct plug_job *job)
{
    return intend_claim(plan, &give_back_type, job);
}

/* Limits. What comes to the container is what its port sends, which a QoS row is for; what comes
 * from it can be policed. See ovnk8s/plug.h for what that is worth. */

struct limits {
    const char *key, *interface;
    struct plug_limit to, from;
};

static void want_pair(struct row *row, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    row_includes_pair(row, "other_config", key, text);
}

static struct row *want_own(const struct limits *limits, const char *table,
                            const struct scene *scene, struct rows *wanted)
{
    const struct row_id id = row_id(scene->owner, table, limits->key);
    struct row *row = rows_want(wanted, table, id, limits->interface);

    row->is_new = !scene->looks;
    row_includes_pair(row, "external_ids", OWNER_KEY, scene->owner);
    return row;
}

/* Without a queue of its own, all goes through one that has no burst. */
static void want_qos(const struct limits *limits, const struct scene *scene, struct rows *wanted)
{
    struct row *qos = want_own(limits, QOS_TABLE, scene, wanted);
    struct row *queue = want_own(limits, QUEUE_TABLE, scene, wanted);
    struct row *port = rows_want(wanted, PORT_TABLE, row_id(scene->owner, PORT_TABLE, limits->key),
                                 limits->interface);
    const struct atom only[] = {{.type = ATOM_INTEGER, .integer = 0},
                                {.type = ATOM_ROW, .row = queue->id}};
    const struct atom own = {.type = ATOM_ROW, .row = qos->id};

    row_is_string(qos, "type", "linux-htb");
    want_pair(qos, "max-rate", limits->to.rate);
    row_add_atoms(qos, "queues", COLUMN_IS, true, only, 1);
    want_pair(queue, "min-rate", limits->to.rate);
    want_pair(queue, "max-rate", limits->to.rate);
    want_pair(queue, "burst", limits->to.burst);
    row_add_atoms(port, "qos", COLUMN_IS, false, &own, 1);
}

static int64_t kilo(uint64_t bits)
{
    return (int64_t)((bits + 999) / 1000);
}

static void want_policing(const struct limits *limits, const struct scene *scene,
                          struct rows *wanted)
{
    const struct row_id id = ovs_interface_id(scene->owner, limits->key);
    struct row *interface = rows_want(wanted, INTERFACE_TABLE, id, limits->interface);

    row_is_integer(interface, "ingress_policing_rate", kilo(limits->from.rate));
    row_is_integer(interface, "ingress_policing_burst", kilo(limits->from.burst));
}

static int resolve_limits(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct limits *limits = params;

    if (limits->to.rate) {
        want_qos(limits, scene, wanted);
    }
    if (limits->from.rate) {
        want_policing(limits, scene, wanted);
    }
    return 0;
}

static const struct intent_type limits_type = {"limiting port", NULL, resolve_limits};

static int intend_limits(ovnk8s_plan *plan, const struct plug_job *job)
{
    struct limits *limits = arena_alloc(&plan->arena, sizeof *limits);

    if (!limits) {
        return fail_nomem();
    }
    *limits = (struct limits){.key = arena_strdup(&plan->arena, job->identity.key),
                              .interface = arena_strdup(&plan->arena, job->identity.host_interface),
                              .to = job->to,
                              .from = job->from};
    return plan_intend(plan, &limits_type, limits->interface, limits);
}

/* All of them, whether there are any or not. */
static int resolve_no_limits(const void *key, const struct scene *scene, struct rows *wanted)
{
    static const char *const tables[] = {QOS_TABLE, QUEUE_TABLE};

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        rows_drop(wanted, tables[i], row_id(scene->owner, tables[i], key), key)->unseen =
            !scene->looks;
    }
    return 0;
}

static const struct intent_type no_limits_type = {"removing limits of port", NULL,
                                                  resolve_no_limits};

/* The port. */

int plug_port_add(ovnk8s_plan *plan, const struct plug_job *job)
{
    const ovnk8s_plug *plug = &job->plug;
    const struct ovs_port port = {.key = job->identity.key,
                                  .interface = job->identity.host_interface,
                                  .bridge_id = bridge_id(job->vswitch),
                                  .ids = {{ID_KEY, plug->iface_id},
                                          {"iface-id-ver", plug->iface_id_ver},
                                          {PLUG_MAC_KEY, plug->mac},
                                          {"ip_address", plug->addresses},
                                          {PLUG_SANDBOX_KEY, plug->container_id},
                                          {PLUG_INTERFACE_KEY, plug->interface},
                                          {PLUG_NETWORK_KEY, plug->network}}};
    int error = ovs_port_add(plan, &port);

    if (!error && (job->to.rate || job->from.rate)) {
        error = intend_limits(plan, job);
    }
    return error ? error : intend_claim(plan, &take_type, job);
}

int plug_port_delete(ovnk8s_plan *plan, ovnk8s_vswitch *vswitch, const char *key)
{
    const char *copy = arena_strdup(&plan->arena, key);
    const int error = ovs_port_delete(plan, key, bridge_id(vswitch));

    return error ? error : plan_intend(plan, &no_limits_type, copy, copy);
}

/* Checking. */

void plug_port_ask(struct rows *asked, const struct plug_job *job)
{
    const char *key = job->identity.key;
    const struct row_id qos = row_id(PLUG_OWNER, QOS_TABLE, key);

    ovs_port_ask(asked, PLUG_OWNER, key);
    if (job->to.rate) {
        row_ask(rows_ask(asked, QOS_TABLE, qos), "other_config");
        row_includes_row(rows_ask(asked, PORT_TABLE, row_id(PLUG_OWNER, PORT_TABLE, key)), "qos",
                         qos);
    }
}

static int check_id(const struct row *interface, const char *key, const char *expected)
{
    const char *is = row_pair(interface, "external_ids", key);

    return !expected || (is && !strcmp(is, expected))
               ? 0
               : fail(OVNK8S_CONFLICT, "it has %s \"%s\", not \"%s\"", key, is ? is : "", expected);
}

static int check_state(const struct row *interface)
{
    const char *refusal = row_string(interface, "error");
    const char *installed = row_pair(interface, "external_ids", "ovn-installed");

    if (refusal || row_integer(interface, "ofport") <= 0) {
        return fail(OVNK8S_CONFLICT, "ovs-vswitchd has not taken it up%s%s", refusal ? ": " : "",
                    refusal ? refusal : "");
    }
    return installed && !strcmp(installed, "true")
               ? 0
               : fail(OVNK8S_CONFLICT, "ovn-controller has installed no flows for it");
}

static int check_interface(const struct plug_job *job, const struct row *interface)
{
    int error = check_id(interface, "iface-id", job->plug.iface_id);

    error = error ? error : check_id(interface, "iface-id-ver", job->plug.iface_id_ver);
    error = error ? error : check_id(interface, PLUG_MAC_KEY, job->plug.mac);
    return error ? error : check_state(interface);
}

static int check_limit(const struct rows *facts, const struct plug_job *job)
{
    const struct atom own = {.type = ATOM_ROW,
                             .row = row_id(PLUG_OWNER, QOS_TABLE, job->identity.key)};
    const struct row *port =
        rows_find(facts, PORT_TABLE, row_id(PLUG_OWNER, PORT_TABLE, job->identity.key));
    const char *rate = row_pair(rows_find(facts, QOS_TABLE, own.row), "other_config", "max-rate");
    char expected[24];

    snprintf(expected, sizeof expected, "%" PRIu64, job->to.rate);
    return !job->to.rate ||
                   (column_holds(row_column(port, "qos"), &own) && rate && !strcmp(rate, expected))
               ? 0
               : fail(OVNK8S_CONFLICT, "it sends without its limit");
}

int plug_port_check(const struct rows *facts, const struct plug_job *job)
{
    const char *key = job->identity.key;
    int error = 0;

    if (!ovs_port_is_there(facts, PLUG_OWNER, key)) {
        return fail(OVNK8S_NOTFOUND, "it does not exist");
    }
    error =
        check_interface(job, rows_find(facts, INTERFACE_TABLE, ovs_interface_id(PLUG_OWNER, key)));
    return error ? error : check_limit(facts, job);
}
