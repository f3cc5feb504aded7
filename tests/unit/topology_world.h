/* What the tests of topology share: a plan, a database in memory, and how the one is computed from
 * and applied to the other. To be included after everything but cmocka.h, which it includes. */

#ifndef TOPOLOGY_WORLD_H
#define TOPOLOGY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ovnk8s/error.h>
#include <ovnk8s/gateway.h>
#include <ovnk8s/memory.h>

#include "base/plan.h"
#include "memory_database.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/topology.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define OWNER "k8s"
#define UNUSED __attribute__((unused))

struct world {
    ovnk8s_plan *plan;
    struct rows database;
    struct rows asked; /* By the latest computation. */
    struct notes notes;
    struct scene scene;
};

UNUSED static int set_up(void **state)
{
    static struct world world;

    world = (struct world){.scene = {.owner = OWNER, .notes = &world.notes}};
    *state = &world;
    return ovnk8s_plan_new(&world.plan, NULL);
}

UNUSED static int tear_down(void **state)
{
    struct world *w = *state;

    ovnk8s_plan_free(w->plan);
    rows_clear(&w->database);
    rows_clear(&w->asked);
    notes_clear(&w->notes);
    return 0;
}

/* Another plan in place of the one that there is. */
UNUSED static void renew(struct world *w)
{
    ovnk8s_plan_free(w->plan);
    assert_int_equal(ovnk8s_plan_new(&w->plan, NULL), 0);
    rows_clear(&w->asked);
    notes_clear(&w->notes);
}

UNUSED static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

UNUSED static void assert_failed(int error, int expected, const char *message)
{
    if (error != expected || strcmp(ovnk8s_last_error()->message, message) != 0) {
        fail_msg("%s: \"%s\" instead of %s: \"%s\"", ovnk8s_error_name(error),
                 error ? ovnk8s_last_error()->message : "", ovnk8s_error_name(expected), message);
    }
}

/* Adding to the plan. */

UNUSED static int add_cluster(struct world *w, const char *name, const char *subnet,
                              const char *join)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;

    cluster.name = name;
    cluster.subnet = subnet;
    cluster.join_subnet = join;
    return ovnk8s_cluster_add(w->plan, &cluster);
}

UNUSED static int add_cluster_of_services(struct world *w, const char *name, const char *subnet,
                                          const char *service_range)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;

    cluster.name = name;
    cluster.subnet = subnet;
    cluster.service_range = service_range;
    return ovnk8s_cluster_add(w->plan, &cluster);
}

UNUSED static int add_node(struct world *w, const char *name, const char *subnet,
                           const char *cluster)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.subnet = subnet;
    node.cluster_subnet = cluster;
    return ovnk8s_node_add(w->plan, &node);
}

UNUSED static int add_pod(struct world *w, const char *pod, const char *node, const char *addresses)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;

    port.pod_namespace = "default";
    port.pod = pod;
    port.node = node;
    port.addresses = addresses;
    port.pod_uid = "uid-1";
    return ovnk8s_port_add(w->plan, &port);
}

/* Of interface eth1; "<node>-chassis" is the chassis. */
UNUSED static ovnk8s_gateway gateway_of(const char *node, const char *addresses, const char *via)
{
    static char chassis[64];
    ovnk8s_gateway gateway = OVNK8S_GATEWAY_INIT;

    snprintf(chassis, sizeof chassis, "%s-chassis", node);
    gateway.node = node;
    gateway.chassis = chassis;
    gateway.interface = "eth1";
    gateway.mac = "02:00:00:00:00:05";
    gateway.physical_ips = addresses;
    gateway.default_gateways = via;
    return gateway;
}

UNUSED static int add_gateway(struct world *w, const char *node, const char *addresses,
                              const char *via)
{
    const ovnk8s_gateway gateway = gateway_of(node, addresses, via);

    return ovnk8s_gateway_add(w->plan, &gateway);
}

/* Computing and applying, as ovsdb/round.c does. */

static int learn(struct world *w)
{
    int error = 0;

    w->scene.facts = &w->plan->facts;
    for (int i = 0; i < 5 && !error; i++) {
        const struct row *last = w->asked.last;
        const struct row *first;

        error = plan_ask(w->plan, &w->scene, &w->asked);
        first = last ? last->next : w->asked.first;
        if (!first) {
            return error;
        }
        database_read(&w->database, first, &w->plan->facts);
    }
    return error;
}

UNUSED static int compute(struct world *w)
{
    ovnk8s_plan *plan = w->plan;
    int error;

    plan_reset(plan);
    rows_clear(&w->asked);
    notes_clear(&w->notes);
    error = learn(w);
    error = error ? error : plan_resolve(plan, &w->scene, &plan->wanted);
    if (error) {
        return error;
    }
    database_read(&w->database, plan->wanted.first, &plan->facts);
    return changes_compute(&plan->wanted, &plan->facts, &plan->changes);
}

/* Returns how many rows were changed. The plan keeps what was computed. */
UNUSED static size_t apply(struct world *w)
{
    int error;

    w->scene.looks = false;
    error = compute(w);
    error = error ? error : database_commit(&w->database, &w->plan->changes);
    if (error == OVNK8S_CONFLICT) {
        w->scene.looks = true;
        error = compute(w);
        error = error ? error : database_commit(&w->database, &w->plan->changes);
        w->scene.looks = false;
    }
    succeed(error);
    return w->plan->changes.n;
}

/* The same, and the plan is empty again. */
UNUSED static void settle(struct world *w)
{
    apply(w);
    renew(w);
}

UNUSED static void assert_refused(struct world *w, int expected, const char *message)
{
    const size_t n = w->database.n;

    assert_failed(compute(w), expected, message);
    assert_int_equal(w->database.n, n);
}

/* That there is nothing to do; tells what, if there is. */
UNUSED static void assert_nothing_to_do(struct world *w)
{
    char *text = NULL;

    w->scene.looks = true;
    succeed(compute(w));
    w->scene.looks = false;
    succeed(ovnk8s_plan_text(w->plan, &text));
    if (*text) {
        fail_msg("%s", text);
    }
    ovnk8s_free(text);
}

UNUSED static void assert_text(struct world *w, const char *expected)
{
    char *text = NULL;

    succeed(ovnk8s_plan_text(w->plan, &text));
    assert_string_equal(text, expected);
    ovnk8s_free(text);
}

/* The databases that tests start from. */

UNUSED static void have_cluster(struct world *w, const char *name, const char *subnet)
{
    succeed(add_cluster(w, name, subnet, NULL));
    settle(w);
}

UNUSED static void have_node(struct world *w, const char *name, const char *subnet)
{
    succeed(add_node(w, name, subnet, NULL));
    settle(w);
}

UNUSED static void have_pod(struct world *w, const char *pod, const char *node,
                            const char *addresses)
{
    succeed(add_pod(w, pod, node, addresses));
    settle(w);
}

/* Finding rows. */

UNUSED static struct row *router_in(const struct rows *rows)
{
    return rows_find(rows, ROUTER_TABLE, cluster_router_id(OWNER));
}

UNUSED static struct row *switch_in(const struct rows *rows, const char *name)
{
    return rows_find(rows, SWITCH_TABLE, switch_id(OWNER, name));
}

UNUSED static struct row *port_in(const struct rows *rows, const char *name)
{
    return rows_find(rows, SWITCH_PORT_TABLE, switch_port_id(OWNER, name));
}

UNUSED static struct row *router_port_in(const struct rows *rows, const char *name)
{
    return rows_find(rows, ROUTER_PORT_TABLE, router_port_id(OWNER, name));
}

UNUSED static struct row *cluster_ledger_in(const struct rows *rows)
{
    return rows_find(rows, LEDGER_TABLE, cluster_ledger_id(OWNER));
}

UNUSED static struct row *node_ledger_in(const struct rows *rows, const char *node)
{
    return rows_find(rows, LEDGER_TABLE, node_ledger_id(OWNER, node));
}

UNUSED static struct row *gateway_router_in(const struct rows *rows, const char *node)
{
    return rows_find(rows, ROUTER_TABLE, gateway_router_id(OWNER, node));
}

UNUSED static struct row *outer_switch_in(const struct rows *rows, const char *node)
{
    return rows_find(rows, SWITCH_TABLE, outer_switch_id(OWNER, node));
}

UNUSED static struct row *gateway_ledger_in(const struct rows *rows, const char *node)
{
    return rows_find(rows, LEDGER_TABLE, gateway_ledger_id(OWNER, node));
}

/* The route of a gateway to "0.0.0.0/0" and the like. */
UNUSED static struct row *route_in(const struct rows *rows, const char *kind, const char *node,
                                   const char *to)
{
    struct prefix prefix;

    assert_true(prefix_from_text(to, &prefix));
    return rows_find(rows, ROUTE_TABLE, gateway_route_id(OWNER, kind, node, &prefix));
}

UNUSED static struct row *policy_in(const struct rows *rows, const char *kind, const char *node,
                                    const char *to)
{
    struct prefix prefix;

    assert_true(prefix_from_text(to, &prefix));
    return rows_find(rows, POLICY_TABLE, gateway_policy_id(OWNER, kind, node, &prefix));
}

UNUSED static struct row *service_policy_in(const struct rows *rows, const char *range)
{
    struct prefix prefix;

    assert_true(prefix_from_text(range, &prefix));
    return rows_find(rows, POLICY_TABLE, service_range_policy_id(OWNER, &prefix));
}

UNUSED static struct row *nat_in(const struct rows *rows, const char *node, unsigned int family)
{
    return rows_find(rows, NAT_TABLE, gateway_nat_id(OWNER, node, family));
}

/* What somebody else does to the database by hand. */

UNUSED static void delete_row(struct world *w, const struct row *row)
{
    assert_non_null(row);
    database_delete(&w->database, row->table, row->id);
}

UNUSED static void edit_string(struct row *row, const char *column, const char *value)
{
    assert_non_null(row);
    row_is_string(row, column, value);
}

/* NULL: the key goes. */
UNUSED static void edit_pair(struct row *row, const char *column, const char *key,
                             const char *value)
{
    const struct atom pair[] = {{.string = key}, {.string = value}};

    assert_non_null(row);
    take_out(row, column, pair);
    if (value) {
        row_add_atoms(row, column, COLUMN_IS, true, pair, 1);
    }
}

/* Rows as text: one line for each column, "COLUMN RULE VALUE...". */

UNUSED static void add_atom(char *text, size_t size, const struct atom *atom)
{
    char id[UUID_TEXT];
    const size_t at = strlen(text);

    switch (atom->type) {
    case ATOM_STRING:
        snprintf(text + at, size - at, "'%s'", atom->string);
        break;
    case ATOM_INTEGER:
        snprintf(text + at, size - at, "%lld", (long long)atom->integer);
        break;
    case ATOM_BOOLEAN:
        snprintf(text + at, size - at, "%s", atom->boolean ? "true" : "false");
        break;
    default:
        snprintf(text + at, size - at, "%s", row_id_format(atom->row, id));
    }
}

UNUSED static const char *column_text(const struct column *column)
{
    static const char *const rules[] = {"is", "includes", "excludes"};
    static char text[1024];

    snprintf(text, sizeof text, "%s %s", column->name, rules[column->rule]);
    for (size_t i = 0; i < column->n; i++) {
        const struct atom *atom = column->atoms + i * (column->is_map ? 2 : 1);

        strncat(text, " ", sizeof text - strlen(text) - 1);
        add_atom(text, sizeof text, atom);
        if (column->is_map) {
            strncat(text, "=", sizeof text - strlen(text) - 1);
            add_atom(text, sizeof text, atom + 1);
        }
    }
    return text;
}

/* That the row has exactly these columns; the references to rows are left to assert_holds(). */
UNUSED static void assert_row(const struct row *row, const char *table, const char *name,
                              const char *const *columns)
{
    const struct column *c;

    assert_non_null(row);
    assert_string_equal(row->table, table);
    assert_string_equal(row->name, name);
    for (c = row->columns; c && *columns; c = c->next) {
        if (c->n && c->atoms->type == ATOM_ROW) {
            continue;
        }
        assert_string_equal(column_text(c), *columns++);
    }
    if (*columns || (c && c->atoms->type != ATOM_ROW)) {
        fail_msg("%s %s: %s %s", table, name, *columns ? "lacks" : "has",
                 *columns ? *columns : column_text(c));
    }
}

UNUSED static void assert_holds(const struct row *row, const char *column, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};

    assert_true(column_holds(row_column(row, column), &atom));
    assert_int_equal(row_column(row, column)->rule, COLUMN_INCLUDES);
}

#define COLUMNS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

#endif /* topology_world.h */
