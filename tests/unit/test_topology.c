/* What a cluster, a node and a port are in the Northbound database: plans resolved against facts
 * made by hand, without a server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/plan.h"
#include "topology/names.h"
#include "topology/topology.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define OWNER "k8s"

/* What every test works with. */
struct fixture {
    ovnk8s_plan *plan;
    struct rows facts, wanted;
    struct notes notes;
    struct scene scene;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){
        .scene = {.owner = OWNER, .facts = &fixture.facts, .notes = &fixture.notes}};
    *state = &fixture;
    return ovnk8s_plan_new(&fixture.plan, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ovnk8s_plan_free(f->plan);
    rows_clear(&f->facts);
    rows_clear(&f->wanted);
    notes_clear(&f->notes);
    return 0;
}

static int add_cluster(struct fixture *f, const char *name, const char *subnet, const char *join)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;

    cluster.name = name;
    cluster.subnet = subnet;
    cluster.join_subnet = join;
    return ovnk8s_cluster_add(f->plan, &cluster);
}

static int add_node(struct fixture *f, const char *name, const char *subnet, const char *cluster)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.subnet = subnet;
    node.cluster_subnet = cluster;
    return ovnk8s_node_add(f->plan, &node);
}

static int add_port(struct fixture *f, const char *node, const char *addresses, const char *mac)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;

    port.pod_namespace = "default";
    port.pod = "web.0";
    port.node = node;
    port.addresses = addresses;
    port.mac = mac;
    port.pod_uid = "uid-1";
    return ovnk8s_port_add(f->plan, &port);
}

static void assert_failed(int error, int expected, const char *message)
{
    if (error != expected || strcmp(ovnk8s_last_error()->message, message) != 0) {
        fail_msg("%s: \"%s\" instead of %s: \"%s\"", ovnk8s_error_name(error),
                 ovnk8s_last_error()->message, ovnk8s_error_name(expected), message);
    }
}

static void resolve(struct fixture *f)
{
    const int error = plan_resolve(f->plan, &f->scene, &f->wanted);

    if (error) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
}

static void assert_refused(struct fixture *f, int expected, const char *message)
{
    assert_failed(plan_resolve(f->plan, &f->scene, &f->wanted), expected, message);
}

/* Facts. */

static void have_cluster(struct fixture *f, const char *name, const char *subnet)
{
    struct row *row = rows_want(&f->facts, ROUTER_TABLE, cluster_router_id(OWNER), name);

    row_is_string(row, "name", name);
    if (subnet) {
        row_includes_pair(row, "external_ids", CLUSTER_SUBNET_KEY, subnet);
    }
}

static void have_node(struct fixture *f, const char *name, const char *subnets)
{
    struct row *row = rows_want(&f->facts, SWITCH_TABLE, switch_id(OWNER, name), name);

    row_is_string(row, "name", name);
    row_includes_pair(row, "external_ids", OWNER_KEY, OWNER);
    row_includes_pair(row, "external_ids", SUBNETS_KEY, subnets);
}

/* Rows as text: one line for each column, "COLUMN RULE VALUE...". */

static void add_atom(char *text, size_t size, const struct atom *atom)
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

static const char *column_text(const struct column *column)
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
static void assert_row(const struct row *row, const char *table, const char *name,
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

static void assert_holds(const struct row *row, const char *column, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};

    assert_true(column_holds(row_column(row, column), &atom));
    assert_int_equal(row_column(row, column)->rule, COLUMN_INCLUDES);
}

static struct row *find_router_port(struct fixture *f, const char *name)
{
    return rows_find(&f->wanted, ROUTER_PORT_TABLE, router_port_id(OWNER, name));
}

static struct row *find_port(struct fixture *f, const char *name)
{
    return rows_find(&f->wanted, SWITCH_PORT_TABLE, switch_port_id(OWNER, name));
}

static struct row *find_switch(struct fixture *f, const char *name)
{
    return rows_find(&f->wanted, SWITCH_TABLE, switch_id(OWNER, name));
}

static struct row *find_router(struct fixture *f)
{
    return rows_find(&f->wanted, ROUTER_TABLE, cluster_router_id(OWNER));
}

#define COLUMNS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Clusters. */

static void a_cluster_is_a_router_and_a_join_switch(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(add_cluster(f, "master", "192.168.0.0/16", NULL), 0);
    resolve(f);
    assert_int_equal(f->wanted.n, 4);
    assert_row(find_router(f), ROUTER_TABLE, "master",
               COLUMNS("name is 'master'",
                       "external_ids includes 'k8s-cluster-router'='yes'"
                       " 'k8s-cluster-subnet'='192.168.0.0/16' 'ovnk8s-owner'='k8s'"));
    assert_row(find_switch(f, "join"), SWITCH_TABLE, "join",
               COLUMNS("name is 'join'", "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(find_router_port(f, "rtoj-master"), ROUTER_PORT_TABLE, "rtoj-master",
               COLUMNS("name is 'rtoj-master'", "mac is '0a:58:64:40:01:01'",
                       "networks is '100.64.1.1/24'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(find_port(f, "jtor-master"), SWITCH_PORT_TABLE, "jtor-master",
               COLUMNS("name is 'jtor-master'", "type is 'router'", "addresses is 'router'",
                       "options includes 'router-port'='rtoj-master'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(find_router(f), "ports", router_port_id(OWNER, "rtoj-master"));
    assert_holds(find_switch(f, "join"), "ports", switch_port_id(OWNER, "jtor-master"));
    assert_true(find_router(f)->sole && find_switch(f, "join")->sole);
}

static void a_cluster_of_both_families(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(add_cluster(f, "m", "fd01::/48,10.128.0.0/14", NULL), 0);
    resolve(f);
    assert_string_equal(row_pair(find_router(f), "external_ids", "k8s-cluster-subnet"),
                        "10.128.0.0/14,fd01::/48");
    assert_string_equal(column_text(row_column(find_router_port(f, "rtoj-m"), "networks")),
                        "networks is '100.64.1.1/24' 'fd98::1/64'");
}

static void a_cluster_of_ipv6_alone(void **state)
{
    struct fixture *f = *state;
    const struct row *port;

    assert_int_equal(add_cluster(f, "m", "fd01::/48", "fd99::/64"), 0);
    resolve(f);
    port = find_router_port(f, "rtoj-m");
    assert_string_equal(column_text(row_column(port, "networks")), "networks is 'fd99::1/64'");
    assert_int_equal(strncmp(row_string(port, "mac"), "0a:58:", 6), 0);
}

static void malformed_clusters_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_failed(add_cluster(f, "m", "192.168.0.0", NULL), OVNK8S_INVALID,
                  "cluster subnet \"192.168.0.0\": expected ADDRESS/LENGTH, or one of IPv4 and one"
                  " of IPv6 with a comma between");
    assert_int_equal(add_cluster(f, "m", NULL, NULL), OVNK8S_INVALID);
    assert_int_equal(add_cluster(f, "m", "10.0.0.0/8,11.0.0.0/8", NULL), OVNK8S_INVALID);
    assert_failed(add_cluster(f, "m", "192.168.1.0/16", NULL), OVNK8S_INVALID,
                  "cluster subnet \"192.168.1.0/16\": host bits are set: expected 192.168.0.0/16");
    assert_failed(add_cluster(f, "m", "10.0.0.0/8,fd01::1/48", NULL), OVNK8S_INVALID,
                  "cluster subnet \"fd01::1/48\": host bits are set: expected fd01::/48");
    assert_failed(add_cluster(f, "m", "100.64.0.0/10", NULL), OVNK8S_INVALID,
                  "join subnet \"100.64.1.0/24\": expected one of the cluster's family that does"
                  " not overlap 100.64.0.0/10");
    assert_failed(add_cluster(f, "m", "fd01::/48", "10.0.0.0/24"), OVNK8S_INVALID,
                  "join subnet \"\": expected one of the cluster's family that does not overlap"
                  " fd01::/48");
    assert_failed(add_cluster(f, "m", "10.0.0.0/8", "100.64.1.1/24"), OVNK8S_INVALID,
                  "join subnet \"100.64.1.1/24\": host bits are set: expected 100.64.1.0/24");
    assert_null(f->plan->first); /* Nothing was added. */
}

static void a_cluster_keeps_its_name_and_subnet(void **state)
{
    struct fixture *f = *state;

    have_cluster(f, "old", "10.0.0.0/8");
    assert_int_equal(add_cluster(f, "new", "10.0.0.0/8", NULL), 0);
    assert_refused(f, OVNK8S_EXISTS,
                   "adding cluster new: there is a cluster already, whose router is named old");
    ovnk8s_plan_free(f->plan);
    assert_int_equal(ovnk8s_plan_new(&f->plan, NULL), 0);
    assert_int_equal(add_cluster(f, "old", "11.0.0.0/8", NULL), 0);
    assert_refused(f, OVNK8S_EXISTS,
                   "adding cluster old: the cluster has subnet 10.0.0.0/8, not 11.0.0.0/8, and"
                   " cannot change it while it exists");
    assert_string_equal(ovnk8s_last_error()->stage, "plan");
    assert_string_equal(ovnk8s_last_error()->object, "old");
}

/* Nodes. */

static void a_node_is_a_switch_on_the_router(void **state)
{
    struct fixture *f = *state;
    const struct row *node;

    have_cluster(f, "master", "192.168.0.0/16");
    have_node(f, "other", "192.168.1.0/24");
    assert_int_equal(add_node(f, "n2", "192.168.2.0/24", "192.168.0.0/16"), 0);
    resolve(f);
    assert_int_equal(f->wanted.n, 5);
    node = find_switch(f, "n2");
    assert_row(node, SWITCH_TABLE, "n2",
               COLUMNS("name is 'n2'", "other_config includes 'subnet'='192.168.2.0/24'",
                       "external_ids includes 'k8s-subnets'='192.168.2.0/24'"
                       " 'gateway_ip'='192.168.2.1/24' 'ovnk8s-owner'='k8s'"));
    assert_row(find_router_port(f, "rtos-n2"), ROUTER_PORT_TABLE, "rtos-n2",
               COLUMNS("name is 'rtos-n2'", "mac is '0a:58:c0:a8:02:01'",
                       "networks is '192.168.2.1/24'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(find_port(f, "stor-n2"), SWITCH_PORT_TABLE, "stor-n2",
               COLUMNS("name is 'stor-n2'", "type is 'router'", "addresses is 'router'",
                       "options includes 'router-port'='rtos-n2'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(find_port(f, "k8s-n2"), SWITCH_PORT_TABLE, "k8s-n2",
               COLUMNS("name is 'k8s-n2'", "addresses is '0a:58:c0:a8:02:02 192.168.2.2'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(node, "ports", switch_port_id(OWNER, "stor-n2"));
    assert_holds(node, "ports", switch_port_id(OWNER, "k8s-n2"));
    assert_holds(find_router(f), "ports", router_port_id(OWNER, "rtos-n2"));
    assert_true(node->sole);
    assert_int_equal(find_router(f)->state, ROW_EDITED);
    assert_true(find_router(f)->guarded);
}

static void a_node_of_both_families(void **state)
{
    struct fixture *f = *state;
    const struct row *node;
    char mac[MAC_TEXT], expected[128];
    struct mac six;
    struct ip ip;

    have_cluster(f, "m", "10.0.0.0/8,fd01::/48");
    assert_int_equal(add_node(f, "n", "fd01:0:0:5::/64,10.5.0.0/24", NULL), 0);
    resolve(f);
    node = find_switch(f, "n");
    assert_row(node, SWITCH_TABLE, "n",
               COLUMNS("name is 'n'",
                       "other_config includes 'subnet'='10.5.0.0/24'"
                       " 'ipv6_prefix'='fd01:0:0:5::'",
                       "external_ids includes 'k8s-subnets'='10.5.0.0/24,fd01:0:0:5::/64'"
                       " 'gateway_ip'='10.5.0.1/24,fd01:0:0:5::1/64' 'ovnk8s-owner'='k8s'"));
    assert_string_equal(column_text(row_column(find_router_port(f, "rtos-n"), "networks")),
                        "networks is '10.5.0.1/24' 'fd01:0:0:5::1/64'");
    assert_string_equal(row_string(find_port(f, "k8s-n"), "addresses"),
                        "0a:58:0a:05:00:02 10.5.0.2 fd01:0:0:5::2");
    /* A node of IPv6 alone has a MAC from a hash of the address. */
    rows_clear(&f->wanted);
    ovnk8s_plan_free(f->plan);
    assert_int_equal(ovnk8s_plan_new(&f->plan, NULL), 0);
    assert_int_equal(add_node(f, "six", "fd01:0:0:6::/64", NULL), 0);
    resolve(f);
    assert_true(ip_from_text("fd01:0:0:6::2", &ip));
    six = mac_from_ip(&ip);
    snprintf(expected, sizeof expected, "%s fd01:0:0:6::2", mac_to_text(&six, mac));
    assert_string_equal(row_string(find_port(f, "k8s-six"), "addresses"), expected);
    assert_null(row_pair(find_switch(f, "six"), "other_config", "subnet"));
}

static void malformed_nodes_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_failed(add_node(f, "n", "192.168.2.7/24", NULL), OVNK8S_INVALID,
                  "node subnet \"192.168.2.7/24\": host bits are set: expected 192.168.2.0/24");
    assert_failed(add_node(f, "n", "192.168.2.0/30", NULL), OVNK8S_INVALID,
                  "node subnet \"192.168.2.0/30\": too small: expected /29 or larger, or /125 or"
                  " larger for IPv6");
    assert_failed(add_node(f, "n", "10.0.0.0/24,fd01::/126", NULL), OVNK8S_INVALID,
                  "node subnet \"fd01::/126\": too small: expected /29 or larger, or /125 or"
                  " larger for IPv6");
    assert_failed(add_node(f, "n", "10.0.0.0/24", "10.0.0.0/99"), OVNK8S_INVALID,
                  "cluster subnet \"10.0.0.0/99\": expected ADDRESS/LENGTH, or one of IPv4 and one"
                  " of IPv6 with a comma between");
    assert_int_equal(add_node(f, "n", NULL, NULL), OVNK8S_INVALID);
    assert_int_equal(add_node(f, "n", "192.168.2.0/29", NULL), 0);
    assert_int_equal(add_node(f, "n", "fd01::/125", NULL), 0);
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "Node",
        "-n",
        "n-",
        "a..b",
        ".a",
        "a.",
        "a_b",
        "a b",
        "a/b",
        "n\n",
        "\xc3\xa9",
        "0123456789012345678901234567890123456789012345678901234567890123",
        NULL};
    struct fixture *f = *state;
    char longest[256];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(add_node(f, bad[i], "10.0.0.0/24", NULL), OVNK8S_INVALID);
        assert_int_equal(add_cluster(f, bad[i], "10.0.0.0/8", NULL), OVNK8S_INVALID);
        assert_int_equal(add_port(f, bad[i], "10.0.0.3/24", NULL), OVNK8S_INVALID);
    }
    assert_failed(add_node(f, "Node_1", "10.0.0.0/24", NULL), OVNK8S_INVALID,
                  "node name \"Node_1\": expected a DNS label, or several with dots between: each"
                  " up to 63 lower-case letters, digits and dashes, with no dash at either end");
    memset(longest, 'a', sizeof longest);
    for (size_t i = 50; i < sizeof longest; i += 50) {
        longest[i] = '.';
    }
    longest[253] = '\0';
    assert_int_equal(add_node(f, longest, "10.0.0.0/24", NULL), 0);
    longest[253] = 'a';
    longest[254] = '\0';
    assert_failed(add_node(f, longest, "10.0.0.0/24", NULL), OVNK8S_INVALID,
                  "node name \"aaaaaaaaaaaaaaaaaaaa...\": expected at most 253 characters");
    assert_int_equal(add_node(f, "ip-10-0-0-1.eu.example", "10.0.0.0/24", NULL), 0);
}

static void assert_node_refused(struct fixture *f, const char *subnet, const char *cluster,
                                int expected, const char *message)
{
    ovnk8s_plan_free(f->plan);
    rows_clear(&f->wanted);
    assert_int_equal(ovnk8s_plan_new(&f->plan, NULL), 0);
    assert_int_equal(add_node(f, "n2", subnet, cluster), 0);
    assert_refused(f, expected, message);
    assert_int_equal(f->wanted.n, 0);
}

static void nodes_that_do_not_fit_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_node_refused(f, "10.0.0.0/24", NULL, OVNK8S_NOTFOUND,
                        "adding node n2: there is no cluster yet: add it first (master-init)");
    have_cluster(f, "m", "192.168.0.0/16,fd01::/48");
    have_node(f, "n1", "192.168.1.0/24,fd01:0:0:1::/64");
    assert_node_refused(f, "10.0.0.0/24", NULL, OVNK8S_INVALID,
                        "adding node n2: subnet 10.0.0.0/24 lies outside the cluster's,"
                        " 192.168.0.0/16,fd01::/48");
    assert_node_refused(f, "192.168.2.0/24", "192.168.0.0/16", OVNK8S_INVALID,
                        "adding node n2: the cluster's subnet is 192.168.0.0/16,fd01::/48, not "
                        "192.168.0.0/16");
    assert_node_refused(f, "192.168.1.128/25", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet 192.168.1.128/25 overlaps 192.168.1.0/24 of node"
                        " n1");
    assert_node_refused(f, "192.168.0.0/22", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet 192.168.0.0/22 overlaps 192.168.1.0/24 of node n1");
    assert_node_refused(f, "192.168.2.0/24,fd01:0:0:1::/64", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet fd01:0:0:1::/64 overlaps fd01:0:0:1::/64 of node"
                        " n1");
    have_node(f, "n2", "192.168.2.0/24");
    assert_node_refused(f, "192.168.3.0/24", NULL, OVNK8S_EXISTS,
                        "adding node n2: the node has subnet 192.168.2.0/24, not 192.168.3.0/24,"
                        " and cannot change it while it exists");
}

static void a_router_without_a_subnet_is_a_puzzle(void **state)
{
    struct fixture *f = *state;

    have_cluster(f, "m", NULL);
    assert_node_refused(f, "192.168.2.0/24", NULL, OVNK8S_PROTOCOL,
                        "adding node n2: external_ids:k8s-cluster-subnet of the cluster router is"
                        " missing or malformed");
}

static void one_plan_makes_a_cluster_with_nodes_and_ports(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(add_cluster(f, "m", "10.0.0.0/8", NULL), 0);
    assert_int_equal(add_node(f, "n1", "10.1.0.0/24", NULL), 0);
    assert_int_equal(add_node(f, "n2", "10.2.0.0/24", NULL), 0);
    assert_int_equal(add_port(f, "n2", "10.2.0.3/24", NULL), 0);
    resolve(f);
    assert_int_equal(f->wanted.n, 4 + 4 + 4 + 1);
    assert_int_equal(find_router(f)->state, ROW_WANTED);
    assert_int_equal(find_switch(f, "n2")->state, ROW_WANTED);
    assert_int_equal(row_column(find_router(f), "ports")->n, 3);
    assert_int_equal(row_column(find_switch(f, "n2"), "ports")->n, 3);
}

static void two_nodes_of_one_plan_must_not_overlap(void **state)
{
    struct fixture *f = *state;

    have_cluster(f, "m", "10.0.0.0/8");
    assert_int_equal(add_node(f, "n1", "10.1.0.0/24", NULL), 0);
    assert_int_equal(add_node(f, "n2", "10.1.0.0/25", NULL), 0);
    assert_refused(f, OVNK8S_EXISTS,
                   "adding node n2: subnet 10.1.0.0/25 overlaps 10.1.0.0/24 of node n1");
}

static void what_must_be_known_is_asked(void **state)
{
    struct fixture *f = *state;
    const struct row *switches;

    assert_int_equal(add_node(f, "n1", "10.1.0.0/24", NULL), 0);
    assert_int_equal(add_node(f, "n2", "10.2.0.0/24", NULL), 0);
    assert_int_equal(plan_ask(f->plan, &f->scene, &f->wanted), 0);
    assert_int_equal(f->wanted.n, 2); /* Not more for two nodes than for one. */
    switches = f->wanted.last;
    assert_int_equal(switches->where, ROW_BY_OWNER);
    assert_string_equal(switches->name, OWNER);
    assert_non_null(row_column(switches, "name"));
    assert_non_null(row_column(switches, "external_ids"));
    assert_non_null(row_column(find_router(f), "external_ids"));
}

/* Ports. */

static void a_port_is_a_row_on_the_nodes_switch(void **state)
{
    struct fixture *f = *state;
    const struct row *node;

    have_node(f, "n1", "10.1.0.0/24");
    assert_int_equal(add_port(f, "n1", "10.1.0.3/24", NULL), 0);
    resolve(f);
    assert_int_equal(f->wanted.n, 2);
    assert_row(find_port(f, "default_web.0"), SWITCH_PORT_TABLE, "default_web.0",
               COLUMNS("name is 'default_web.0'", "addresses is '0a:58:0a:01:00:03 10.1.0.3'",
                       "port_security is '0a:58:0a:01:00:03 10.1.0.3'",
                       "external_ids includes 'namespace'='default' 'pod'='true' 'node'='n1'"
                       " 'pod-uid'='uid-1' 'ovnk8s-owner'='k8s'"));
    assert_true(find_port(f, "default_web.0")->is_new);
    node = find_switch(f, "n1");
    assert_int_equal(node->state, ROW_EDITED);
    assert_false(node->guarded); /* The address was the caller's choice. */
    assert_holds(node, "ports", switch_port_id(OWNER, "default_web.0"));
}

static void a_port_of_both_families_and_an_own_mac(void **state)
{
    struct fixture *f = *state;

    have_node(f, "n1", "10.1.0.0/24,fd01::/64");
    assert_int_equal(add_port(f, "n1", "fd01::3/64,10.1.0.3/24", "02:00:00:AB:cd:ef"), 0);
    resolve(f);
    assert_string_equal(row_string(find_port(f, "default_web.0"), "addresses"),
                        "02:00:00:ab:cd:ef 10.1.0.3 fd01::3");
}

static void malformed_ports_are_refused(void **state)
{
    struct fixture *f = *state;
    ovnk8s_port port = OVNK8S_PORT_INIT;

    assert_failed(add_port(f, "n1", "10.1.0.3", NULL), OVNK8S_INVALID,
                  "addresses \"10.1.0.3\" of pod default/web.0: expected ADDRESS/LENGTH, or one of"
                  " IPv4 and one of IPv6 with a comma between");
    assert_failed(add_port(f, "n1", "10.1.0.3/24", "01:00:00:00:00:01"), OVNK8S_INVALID,
                  "MAC \"01:00:00:00:00:01\" of pod default/web.0: expected a unicast one such as"
                  " 0a:58:0a:01:02:03");
    assert_int_equal(add_port(f, "n1", "10.1.0.3/24", "02:00"), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_port_add(f->plan, &port), OVNK8S_INVALID);
    port.pod_namespace = "a.b";
    assert_failed(ovnk8s_port_add(f->plan, &port), OVNK8S_INVALID,
                  "namespace \"a.b\": expected a DNS label: up to 63 lower-case letters, digits"
                  " and dashes, with no dash at either end");
    assert_null(f->plan->first);
}

static void assert_port_refused(struct fixture *f, const char *addresses, int expected,
                                const char *message)
{
    ovnk8s_plan_free(f->plan);
    rows_clear(&f->wanted);
    assert_int_equal(ovnk8s_plan_new(&f->plan, NULL), 0);
    assert_int_equal(add_port(f, "n1", addresses, NULL), 0);
    assert_refused(f, expected, message);
    assert_int_equal(f->wanted.n, 0);
}

static void ports_that_do_not_fit_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_port_refused(f, "10.1.0.3/24", OVNK8S_NOTFOUND,
                        "adding port of pod default/web.0: node n1 has no logical switch: add it"
                        " first (minion-init)");
    have_node(f, "n1", "10.1.0.0/24,fd01::/64");
    assert_port_refused(f, "10.2.0.3/24", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address 10.2.0.3/24 is not one of"
                        " subnet 10.1.0.0/24,fd01::/64 of node n1");
    assert_port_refused(f, "10.1.0.3/16", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address 10.1.0.3/16 is not one of"
                        " subnet 10.1.0.0/24,fd01::/64 of node n1");
    assert_port_refused(f, "10.1.0.2/24", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address 10.1.0.2/24 is that of the"
                        " router or of node n1");
    assert_port_refused(f, "fd01::1/64", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address fd01::1/64 is that of the"
                        " router or of node n1");
    assert_port_refused(f, "10.1.0.3/24,fd02::3/64", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address fd02::3/64 is not one of subnet"
                        " 10.1.0.0/24,fd01::/64 of node n1");
}

static void the_addresses_of_the_network_itself_are_nobodys(void **state)
{
    struct fixture *f = *state;

    have_node(f, "n1", "10.1.0.0/24,fd01::/64");
    assert_port_refused(f, "10.1.0.255/24", OVNK8S_INVALID,
                        "adding port of pod default/web.0: address 10.1.0.255/24 is for broadcast");
    assert_int_equal(add_port(f, "n1", "fd01::ffff:ffff:ffff:ffff/64", NULL), 0);
}

static int choose_third(void *payload, struct prefixes *out)
{
    ++*(int *)payload;
    return prefixes_from_text("10.1.0.9/24", out) ? 0 : OVNK8S_INVALID;
}

static void a_chosen_address_is_chosen_anew_and_guarded(void **state)
{
    struct fixture *f = *state;
    int calls = 0;
    const struct port_wish wish = {
        .pod_namespace = "a", .pod = "b", .node = "n1", .choose = choose_third, .payload = &calls};

    have_node(f, "n1", "10.1.0.0/24");
    assert_int_equal(port_intend(f->plan, &wish), 0);
    resolve(f);
    assert_string_equal(row_string(find_port(f, "a_b"), "addresses"), "0a:58:0a:01:00:09 10.1.0.9");
    assert_null(row_pair(find_port(f, "a_b"), "external_ids", "pod-uid"));
    assert_true(find_switch(f, "n1")->guarded);
    rows_clear(&f->wanted);
    resolve(f);
    assert_int_equal(calls, 2);
}

static void deleting_needs_no_facts(void **state)
{
    struct fixture *f = *state;
    const struct row *node;

    assert_int_equal(ovnk8s_port_delete(f->plan, "default", "web.0", "n1"), 0);
    assert_int_equal(ovnk8s_port_delete(f->plan, "default", "Web", "n1"), OVNK8S_INVALID);
    assert_int_equal(plan_ask(f->plan, &f->scene, &f->facts), 0);
    assert_int_equal(f->facts.n, 0);
    resolve(f);
    assert_int_equal(f->wanted.n, 2);
    assert_int_equal(find_port(f, "default_web.0")->state, ROW_DROPPED);
    node = find_switch(f, "n1");
    assert_int_equal(node->state, ROW_EDITED);
    assert_int_equal(row_column(node, "ports")->rule, COLUMN_EXCLUDES);
}

static void owners_do_not_meet(void **state)
{
    ovnk8s_plan_options options = OVNK8S_PLAN_OPTIONS_INIT;
    struct fixture *f = *state;
    const struct row_id theirs = cluster_router_id("lab.2");

    ovnk8s_plan_free(f->plan);
    options.owner = "lab 2";
    assert_failed(ovnk8s_plan_new(&f->plan, &options), OVNK8S_INVALID,
                  "owner \"lab 2\": expected 1 to 63 letters, digits, dots, dashes or"
                  " underscores");
    assert_null(f->plan);
    options.owner = "lab.2";
    assert_int_equal(ovnk8s_plan_new(&f->plan, &options), 0);
    assert_int_equal(add_cluster(f, "m", "10.0.0.0/8", NULL), 0);
    resolve(f);
    assert_false(row_id_equal(theirs, cluster_router_id(OWNER)));
    assert_non_null(rows_find(&f->wanted, ROUTER_TABLE, theirs));
    assert_null(find_router(f));
    assert_string_equal(row_pair(f->wanted.first, "external_ids", OWNER_KEY), "lab.2");
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cluster_is_a_router_and_a_join_switch),
        TEST(a_cluster_of_both_families),
        TEST(a_cluster_of_ipv6_alone),
        TEST(malformed_clusters_are_refused),
        TEST(a_cluster_keeps_its_name_and_subnet),
        TEST(a_node_is_a_switch_on_the_router),
        TEST(a_node_of_both_families),
        TEST(malformed_nodes_are_refused),
        TEST(bad_names_are_refused),
        TEST(nodes_that_do_not_fit_are_refused),
        TEST(a_router_without_a_subnet_is_a_puzzle),
        TEST(one_plan_makes_a_cluster_with_nodes_and_ports),
        TEST(two_nodes_of_one_plan_must_not_overlap),
        TEST(what_must_be_known_is_asked),
        TEST(a_port_is_a_row_on_the_nodes_switch),
        TEST(a_port_of_both_families_and_an_own_mac),
        TEST(malformed_ports_are_refused),
        TEST(ports_that_do_not_fit_are_refused),
        TEST(the_addresses_of_the_network_itself_are_nobodys),
        TEST(a_chosen_address_is_chosen_anew_and_guarded),
        TEST(deleting_needs_no_facts),
        TEST(owners_do_not_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
