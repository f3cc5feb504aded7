/* What a node is in the Northbound database, which subnet it gets, and how it goes. */

#include "topology_world.h"

static void a_node_is_a_switch_on_the_router(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;
    const struct row *node;

    have_cluster(w, "master", "192.168.0.0/16");
    have_node(w, "other", "192.168.1.0/24");
    wanted = &w->plan->wanted;
    succeed(add_node(w, "n2", "192.168.2.0/24", "192.168.0.0/16"));
    succeed(compute(w));
    assert_int_equal(wanted->n, 9); /* The ledger's of node and cluster, the router, two groups. */
    node = switch_in(wanted, "n2");
    assert_row(node, SWITCH_TABLE, "n2",
               COLUMNS("name is 'n2'", "other_config includes 'subnet'='192.168.2.0/24'",
                       "external_ids includes 'k8s-subnets'='192.168.2.0/24'"
                       " 'gateway_ip'='192.168.2.1/24' 'ovnk8s-owner'='k8s'"));
    assert_row(router_port_in(wanted, "rtos-n2"), ROUTER_PORT_TABLE, "rtos-n2",
               COLUMNS("name is 'rtos-n2'", "mac is '0a:58:c0:a8:02:01'",
                       "networks is '192.168.2.1/24'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(port_in(wanted, "stor-n2"), SWITCH_PORT_TABLE, "stor-n2",
               COLUMNS("name is 'stor-n2'", "type is 'router'", "addresses is 'router'",
                       "options includes 'router-port'='rtos-n2'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(port_in(wanted, "k8s-n2"), SWITCH_PORT_TABLE, "k8s-n2",
               COLUMNS("name is 'k8s-n2'", "addresses is '0a:58:c0:a8:02:02 192.168.2.2'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(node, "ports", switch_port_id(OWNER, "stor-n2"));
    assert_holds(node, "ports", switch_port_id(OWNER, "k8s-n2"));
    assert_holds(router_in(wanted), "ports", router_port_id(OWNER, "rtos-n2"));
    assert_true(node->sole);
    assert_int_equal(router_in(wanted)->state, ROW_EDITED);
}

static void a_node_takes_its_subnet_in_the_ledger(void **state)
{
    struct world *w = *state;
    const struct rows *wanted;

    have_cluster(w, "m", "192.168.0.0/16");
    have_node(w, "n1", "192.168.1.0/24");
    succeed(add_node(w, "n2", "192.168.4.0/22", NULL));
    succeed(compute(w));
    wanted = &w->plan->wanted;
    assert_row(node_ledger_in(wanted, "n2"), LEDGER_TABLE, "ledger of n2",
               COLUMNS("external_ids includes 'ovnk8s-ledger'='node' 'node'='n2'"
                       " 'k8s-subnets'='192.168.4.0/22' 'ovnk8s-owner'='k8s'"));
    assert_string_equal(row_pair(cluster_ledger_in(wanted), "external_ids", "k8s-taken-subnets"),
                        "192.168.1.0/24,192.168.4.0/22");
    /* Who adds a node at the same time looks at that row; the router is left to ovn-northd. */
    assert_true(cluster_ledger_in(wanted)->guarded);
    assert_false(router_in(wanted)->guarded);
}

static void a_node_of_both_families(void **state)
{
    struct world *w = *state;
    const struct rows *wanted;

    have_cluster(w, "m", "10.0.0.0/8,fd01::/48");
    succeed(add_node(w, "n", "fd01:0:0:5::/64,10.5.0.0/24", NULL));
    succeed(compute(w));
    wanted = &w->plan->wanted;
    assert_row(switch_in(wanted, "n"), SWITCH_TABLE, "n",
               COLUMNS("name is 'n'",
                       "other_config includes 'subnet'='10.5.0.0/24'"
                       " 'ipv6_prefix'='fd01:0:0:5::'",
                       "external_ids includes 'k8s-subnets'='10.5.0.0/24,fd01:0:0:5::/64'"
                       " 'gateway_ip'='10.5.0.1/24,fd01:0:0:5::1/64' 'ovnk8s-owner'='k8s'"));
    assert_string_equal(column_text(row_column(router_port_in(wanted, "rtos-n"), "networks")),
                        "networks is '10.5.0.1/24' 'fd01:0:0:5::1/64'");
    assert_string_equal(row_string(port_in(wanted, "k8s-n"), "addresses"),
                        "0a:58:0a:05:00:02 10.5.0.2 fd01:0:0:5::2");
}

static void a_node_of_ipv6_alone_has_a_mac_from_a_hash(void **state)
{
    struct world *w = *state;
    char mac[MAC_TEXT], expected[128];
    struct mac six;
    struct ip ip;

    have_cluster(w, "m", "10.0.0.0/8,fd01::/48");
    succeed(add_node(w, "six", "fd01:0:0:6::/64", NULL));
    succeed(compute(w));
    assert_true(ip_from_text("fd01:0:0:6::2", &ip));
    six = mac_from_ip(&ip);
    snprintf(expected, sizeof expected, "%s fd01:0:0:6::2", mac_to_text(&six, mac));
    assert_string_equal(row_string(port_in(&w->plan->wanted, "k8s-six"), "addresses"), expected);
    assert_null(row_pair(switch_in(&w->plan->wanted, "six"), "other_config", "subnet"));
}

static void malformed_nodes_are_refused(void **state)
{
    struct world *w = *state;

    assert_failed(add_node(w, "n", "192.168.2.7/24", NULL), OVNK8S_INVALID,
                  "node subnet \"192.168.2.7/24\": host bits are set: expected 192.168.2.0/24");
    assert_failed(add_node(w, "n", "192.168.2.0/30", NULL), OVNK8S_INVALID,
                  "node subnet \"192.168.2.0/30\": too small: expected /29 or larger, or /125 or"
                  " larger for IPv6");
    assert_failed(add_node(w, "n", "10.0.0.0/24,fd01::/126", NULL), OVNK8S_INVALID,
                  "node subnet \"fd01::/126\": too small: expected /29 or larger, or /125 or"
                  " larger for IPv6");
    assert_failed(add_node(w, "n", "10.0.0.0/24", "10.0.0.0/99"), OVNK8S_INVALID,
                  "cluster subnet \"10.0.0.0/99\": expected ADDRESS/LENGTH, or one of IPv4 and one"
                  " of IPv6 with a comma between");
    assert_failed(add_node(w, "n", "", NULL), OVNK8S_INVALID,
                  "node subnet \"\": expected ADDRESS/LENGTH, or one of IPv4 and one of IPv6 with"
                  " a comma between");
    assert_null(w->plan->first);
    succeed(add_node(w, "n", "192.168.2.0/29", NULL));
    succeed(add_node(w, "n", "fd01::/125", NULL));
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
    struct world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(add_node(w, bad[i], "10.0.0.0/24", NULL), OVNK8S_INVALID);
        assert_int_equal(ovnk8s_node_delete(w->plan, bad[i]), OVNK8S_INVALID);
        assert_int_equal(add_cluster(w, bad[i], "10.0.0.0/8", NULL), OVNK8S_INVALID);
        assert_int_equal(add_pod(w, "web", bad[i], "10.0.0.3/24"), OVNK8S_INVALID);
    }
    assert_failed(add_node(w, "Node_1", "10.0.0.0/24", NULL), OVNK8S_INVALID,
                  "node name \"Node_1\": expected a DNS label, or several with dots between: each"
                  " up to 63 lower-case letters, digits and dashes, with no dash at either end");
    assert_failed(add_node(w, "join", NULL, NULL), OVNK8S_INVALID,
                  "node name \"join\": the logical switch for gateways has this name");
    succeed(add_node(w, "ip-10-0-0-1.eu.example", "10.0.0.0/24", NULL));
}

static void names_have_at_most_253_characters(void **state)
{
    struct world *w = *state;
    char longest[256];

    memset(longest, 'a', sizeof longest);
    for (size_t i = 50; i < sizeof longest; i += 50) {
        longest[i] = '.';
    }
    longest[253] = '\0';
    succeed(add_node(w, longest, "10.0.0.0/24", NULL));
    longest[253] = 'a';
    longest[254] = '\0';
    assert_failed(add_node(w, longest, "10.0.0.0/24", NULL), OVNK8S_INVALID,
                  "node name \"aaaaaaaaaaaaaaaaaaaa...\": expected at most 253 characters");
}

static void assert_node_refused(struct world *w, const char *subnet, const char *cluster,
                                int expected, const char *message)
{
    renew(w);
    succeed(add_node(w, "n2", subnet, cluster));
    assert_refused(w, expected, message);
    renew(w);
}

static void nodes_that_do_not_fit_are_refused(void **state)
{
    struct world *w = *state;

    assert_node_refused(w, "10.0.0.0/24", NULL, OVNK8S_NOTFOUND,
                        "adding node n2: there is no cluster yet: add it first (master-init)");
    have_cluster(w, "m", "192.168.0.0/16,fd01::/48");
    have_node(w, "n1", "192.168.1.0/24,fd01:0:0:1::/64");
    assert_node_refused(w, "10.0.0.0/24", NULL, OVNK8S_INVALID,
                        "adding node n2: subnet 10.0.0.0/24 lies outside the cluster's,"
                        " 192.168.0.0/16,fd01::/48");
    assert_node_refused(w, "192.168.2.0/24", "192.168.0.0/16", OVNK8S_INVALID,
                        "adding node n2: the cluster's subnet is 192.168.0.0/16,fd01::/48, not "
                        "192.168.0.0/16");
    assert_node_refused(w, "192.168.1.128/25", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet 192.168.1.128/25 overlaps 192.168.1.0/24 of node"
                        " n1");
    assert_node_refused(w, "192.168.0.0/22", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet 192.168.0.0/22 overlaps 192.168.1.0/24 of node n1");
    assert_node_refused(w, "192.168.2.0/24,fd01:0:0:1::/64", NULL, OVNK8S_EXISTS,
                        "adding node n2: subnet fd01:0:0:1::/64 overlaps fd01:0:0:1::/64 of node"
                        " n1");
    have_node(w, "n2", "192.168.2.0/24");
    assert_node_refused(w, "192.168.3.0/24", NULL, OVNK8S_EXISTS,
                        "adding node n2: the node has subnet 192.168.2.0/24, not 192.168.3.0/24,"
                        " and cannot change it while it exists");
}

static void a_cluster_of_which_nobody_knows_the_subnet_is_a_puzzle(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    edit_pair(router_in(&w->database), "external_ids", CLUSTER_SUBNET_KEY, NULL);
    edit_pair(switch_in(&w->database, "join"), "external_ids", CLUSTER_SUBNET_KEY, NULL);
    edit_pair(cluster_ledger_in(&w->database), "external_ids", CLUSTER_SUBNET_KEY, NULL);
    assert_node_refused(w, "192.168.2.0/24", NULL, OVNK8S_PROTOCOL,
                        "adding node n2: external_ids:k8s-cluster-subnet of the cluster router is"
                        " missing or malformed");
}

static void one_plan_makes_a_cluster_with_nodes_and_ports(void **state)
{
    struct world *w = *state;

    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    succeed(add_node(w, "n1", "10.1.0.0/24", NULL));
    succeed(add_node(w, "n2", "10.2.0.0/24", NULL));
    succeed(add_pod(w, "web", "n2", "10.2.0.3/24"));
    assert_int_equal(apply(w), 7 + 6 + 6 + 1);
    assert_int_equal(w->database.n, 7 + 6 + 6 + 1);
    assert_int_equal(row_column(router_in(&w->database), "ports")->n, 3);
    assert_int_equal(row_column(switch_in(&w->database, "n2"), "ports")->n, 3);
    assert_nothing_to_do(w);
}

static void two_nodes_of_one_plan_must_not_overlap(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    succeed(add_node(w, "n1", "10.1.0.0/24", NULL));
    succeed(add_node(w, "n2", "10.1.0.0/25", NULL));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding node n2: subnet 10.1.0.0/25 overlaps 10.1.0.0/24 of node n1");
}

/* The same rows, however many nodes there are: all of a table is asked for only to name who is in
 * the way. */
static void adding_a_node_asks_for_no_table(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", "10.1.0.0/24");
    succeed(add_node(w, "n2", "10.2.0.0/24", NULL));
    succeed(compute(w));
    assert_int_equal(
        w->asked.n, 3 + 3 + 2 + 2); /* Three witnesses of each, the ports and groups of the node. */
    for (const struct row *row = w->asked.first; row; row = row->next) {
        assert_int_equal(row->where, ROW_BY_ID);
    }
    renew(w);
    succeed(add_node(w, "n2", "10.1.0.0/16", NULL));
    assert_int_equal(compute(w), OVNK8S_EXISTS);
    assert_int_equal(w->asked.n, 3 + 3 + 2 + 2 + 3);
    assert_int_equal(w->asked.last->where, ROW_BY_OWNER);
    assert_string_equal(w->asked.last->name, OWNER);
}

static void adding_a_node_twice_in_one_plan_is_adding_it(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8,fd01::/48");
    succeed(add_node(w, "n1", NULL, NULL));
    succeed(add_node(w, "n1", NULL, NULL));
    apply(w);
    assert_int_equal(row_column(router_in(&w->plan->wanted), "ports")->n, 1);
    assert_int_equal(row_column(switch_in(&w->plan->wanted, "n1"), "ports")->n, 2);
    assert_int_equal(row_column(router_port_in(&w->plan->wanted, "rtos-n1"), "networks")->n, 2);
}

/* Deleting. */

static void a_node_goes_with_all_that_belongs_to_it(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    have_node(w, "n2", NULL);
    have_pod(w, "a", "n1", NULL);
    have_pod(w, "b", "n1", NULL);
    have_pod(w, "c", "n2", NULL);
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    apply(w);
    assert_text(w, "- Logical_Router_Port \"rtos-n1\"\n"
                   "~ Logical_Router \"m\"\n"
                   "-     ports: \"rtos-n1\"\n"
                   "-     external_ids:k8s-taken-subnets: \"10.0.0.0/23\"\n"
                   "+     external_ids:k8s-taken-subnets: \"10.0.1.0/24\"\n"
                   "- Logical_Switch_Port \"default_a\"\n"
                   "- Logical_Switch_Port \"default_b\"\n"
                   "- Logical_Switch_Port \"k8s-n1\"\n"
                   "- Logical_Switch_Port \"stor-n1\"\n"
                   "- Logical_Switch \"n1\"\n"
                   "- Load_Balancer_Group \"k8s/switch/n1\"\n"
                   "- DNS \"ledger of n1\"\n"
                   "~ DNS \"ledger of the cluster\"\n"
                   "-     external_ids:k8s-taken-subnets: \"10.0.0.0/23\"\n"
                   "+     external_ids:k8s-taken-subnets: \"10.0.1.0/24\"\n");
    assert_int_equal(w->database.n, 7 + 6 + 1);
    assert_nothing_to_do(w);
}

static void the_subnet_of_a_deleted_node_is_free_again(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/22");
    have_node(w, "n1", NULL);
    have_node(w, "n2", NULL);
    have_node(w, "n3", NULL);
    succeed(ovnk8s_node_delete(w->plan, "n2"));
    settle(w);
    succeed(add_node(w, "n4", NULL, NULL));
    apply(w);
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "n4"), "10.0.1.0/24");
}

static void a_node_that_is_not_there_is_deleted_already(void **state)
{
    struct world *w = *state;

    succeed(ovnk8s_node_delete(w->plan, "n1"));
    assert_nothing_to_do(w); /* Not even a cluster is needed. */
    renew(w);
    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n2", NULL);
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    assert_nothing_to_do(w);
}

static void what_is_left_of_a_node_can_be_deleted(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    have_pod(w, "web", "n1", NULL);
    delete_row(w, switch_in(&w->database, "n1")); /* Its ports go with it. */
    assert_null(port_in(&w->database, "default_web"));
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    settle(w);
    assert_int_equal(w->database.n, 7);
    assert_string_equal(
        row_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets"), "");
}

static void a_node_is_replaced_by_one_plan(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "old", "10.1.0.0/24");
    succeed(ovnk8s_node_delete(w->plan, "old"));
    succeed(add_node(w, "new", "10.1.0.0/24", NULL));
    apply(w);
    assert_null(switch_in(&w->database, "old"));
    assert_non_null(switch_in(&w->database, "new"));
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void a_node_that_is_deleted_and_added_by_one_plan_is_there(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", "10.1.0.0/24");
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    succeed(add_node(w, "n1", "10.1.0.0/24", NULL));
    settle(w);
    assert_non_null(router_port_in(&w->database, "rtos-n1"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(add_node(w, "n2", NULL, NULL)); /* And the other way round. */
    succeed(ovnk8s_node_delete(w->plan, "n2"));
    assert_int_equal(apply(w), 0);
}

/* Entries that somebody has written by hand. */
static void ports_of_other_nodes_survive_whatever_the_ledger_says(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    have_node(w, "n2", NULL);
    have_pod(w, "a", "n1", NULL);
    have_pod(w, "c", "n2", NULL);
    edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, "default_c", "");
    edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, "k8s-n2", "");
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    settle(w);
    assert_null(switch_in(&w->database, "n1"));
    assert_null(port_in(&w->database, "default_a"));
    assert_non_null(port_in(&w->database, "default_c"));
    assert_non_null(port_in(&w->database, "k8s-n2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_is_a_switch_on_the_router),
        TEST(a_node_takes_its_subnet_in_the_ledger),
        TEST(a_node_of_both_families),
        TEST(a_node_of_ipv6_alone_has_a_mac_from_a_hash),
        TEST(malformed_nodes_are_refused),
        TEST(bad_names_are_refused),
        TEST(names_have_at_most_253_characters),
        TEST(nodes_that_do_not_fit_are_refused),
        TEST(a_cluster_of_which_nobody_knows_the_subnet_is_a_puzzle),
        TEST(one_plan_makes_a_cluster_with_nodes_and_ports),
        TEST(two_nodes_of_one_plan_must_not_overlap),
        TEST(adding_a_node_asks_for_no_table),
        TEST(a_node_goes_with_all_that_belongs_to_it),
        TEST(the_subnet_of_a_deleted_node_is_free_again),
        TEST(a_node_that_is_not_there_is_deleted_already),
        TEST(what_is_left_of_a_node_can_be_deleted),
        TEST(a_node_is_replaced_by_one_plan),
        TEST(adding_a_node_twice_in_one_plan_is_adding_it),
        TEST(a_node_that_is_deleted_and_added_by_one_plan_is_there),
        TEST(ports_of_other_nodes_survive_whatever_the_ledger_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
