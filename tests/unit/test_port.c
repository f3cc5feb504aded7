/* What the port of a pod is in the Northbound database, which address it gets, and how it goes. */

#include "topology_world.h"

static int set_up_node(void **state)
{
    const int error = set_up(state);

    have_cluster(*state, "m", "10.0.0.0/8,fd01::/48");
    have_node(*state, "n1", "10.1.0.0/24,fd01:0:0:1::/64");
    return error;
}

#define NODE_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_node, tear_down)

static void a_port_is_a_row_on_the_nodes_switch(void **state)
{
    struct world *w = *state;
    const struct row *node, *ledger;

    succeed(add_pod(w, "web.0", "n1", "10.1.0.3/24"));
    succeed(compute(w));
    assert_int_equal(w->plan->wanted.n, 3);
    assert_row(port_in(&w->plan->wanted, "default_web.0"), SWITCH_PORT_TABLE, "default_web.0",
               COLUMNS("name is 'default_web.0'", "addresses is '0a:58:0a:01:00:03 10.1.0.3'",
                       "port_security is '0a:58:0a:01:00:03 10.1.0.3'",
                       "external_ids includes 'namespace'='default' 'pod'='true' 'node'='n1'"
                       " 'pod-uid'='uid-1' 'ovnk8s-owner'='k8s'"));
    assert_true(port_in(&w->plan->wanted, "default_web.0")->is_new);
    node = switch_in(&w->plan->wanted, "n1");
    assert_int_equal(node->state, ROW_EDITED);
    assert_false(node->guarded);
    assert_holds(node, "ports", switch_port_id(OWNER, "default_web.0"));
    ledger = node_ledger_in(&w->plan->wanted, "n1");
    assert_string_equal(row_pair(ledger, "records", "default_web.0"),
                        "0a:58:0a:01:00:03 10.1.0.3;uid-1");
    assert_true(ledger->guarded);
}

static void a_port_of_both_families_and_an_own_mac(void **state)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct world *w = *state;

    port.pod_namespace = "default";
    port.pod = "web";
    port.node = "n1";
    port.addresses = "fd01:0:0:1::3/64,10.1.0.3/24";
    port.mac = "02:00:00:AB:cd:ef";
    succeed(ovnk8s_port_add(w->plan, &port));
    succeed(compute(w));
    assert_string_equal(row_string(port_in(&w->plan->wanted, "default_web"), "addresses"),
                        "02:00:00:ab:cd:ef 10.1.0.3 fd01:0:0:1::3");
    assert_string_equal(ovnk8s_plan_port_addresses(w->plan, "default", "web"),
                        "10.1.0.3/24,fd01:0:0:1::3/64");
    assert_null(ovnk8s_plan_port_addresses(w->plan, "default", "we"));
    assert_null(ovnk8s_plan_port_addresses(w->plan, NULL, NULL));
}

static void malformed_ports_are_refused(void **state)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct world *w = *state;

    assert_failed(add_pod(w, "web.0", "n1", "10.1.0.3"), OVNK8S_INVALID,
                  "addresses \"10.1.0.3\" of pod default/web.0: expected ADDRESS/LENGTH, or one of"
                  " IPv4 and one of IPv6 with a comma between");
    assert_int_equal(ovnk8s_port_add(w->plan, &port), OVNK8S_INVALID);
    port.pod_namespace = "a.b";
    assert_failed(ovnk8s_port_add(w->plan, &port), OVNK8S_INVALID,
                  "namespace \"a.b\": expected a DNS label: up to 63 lower-case letters, digits"
                  " and dashes, with no dash at either end");
    port.pod_namespace = port.pod = port.node = "a";
    port.mac = "01:00:00:00:00:01";
    assert_failed(ovnk8s_port_add(w->plan, &port), OVNK8S_INVALID,
                  "MAC \"01:00:00:00:00:01\" of pod a/a: expected a unicast one such as"
                  " 0a:58:0a:01:02:03");
    port.mac = "02:00";
    assert_int_equal(ovnk8s_port_add(w->plan, &port), OVNK8S_INVALID);
    assert_null(w->plan->first);
}

static void assert_port_refused(struct world *w, const char *addresses, int expected,
                                const char *message)
{
    renew(w);
    succeed(add_pod(w, "web", "n1", addresses));
    assert_refused(w, expected, message);
    renew(w);
}

static void a_port_needs_a_node(void **state)
{
    assert_port_refused(*state, "10.1.0.3/24", OVNK8S_NOTFOUND,
                        "adding port of pod default/web: node n1 has no logical switch: add it"
                        " first (minion-init)");
}

static void ports_that_do_not_fit_are_refused(void **state)
{
    struct world *w = *state;

    assert_port_refused(w, "10.2.0.3/24", OVNK8S_INVALID,
                        "adding port of pod default/web: address 10.2.0.3/24 is not one of"
                        " subnet 10.1.0.0/24,fd01:0:0:1::/64 of node n1");
    assert_port_refused(w, "10.1.0.3/16", OVNK8S_INVALID,
                        "adding port of pod default/web: address 10.1.0.3/16 is not one of"
                        " subnet 10.1.0.0/24,fd01:0:0:1::/64 of node n1");
    assert_port_refused(w, "10.1.0.2/24", OVNK8S_INVALID,
                        "adding port of pod default/web: address 10.1.0.2/24 is that of the"
                        " router or of node n1");
    assert_port_refused(w, "fd01:0:0:1::1/64", OVNK8S_INVALID,
                        "adding port of pod default/web: address fd01:0:0:1::1/64 is that of the"
                        " router or of node n1");
    assert_port_refused(w, "10.1.0.3/24,fd02::3/64", OVNK8S_INVALID,
                        "adding port of pod default/web: address fd02::3/64 is not one of subnet"
                        " 10.1.0.0/24,fd01:0:0:1::/64 of node n1");
}

static void the_addresses_of_the_network_itself_are_nobodys(void **state)
{
    struct world *w = *state;

    assert_port_refused(w, "10.1.0.255/24", OVNK8S_INVALID,
                        "adding port of pod default/web: address 10.1.0.255/24 is for broadcast");
    succeed(add_pod(w, "web", "n1", "fd01:0:0:1:ffff:ffff:ffff:ffff/64"));
    succeed(compute(w));
}

static int choose_ninth(void *payload, struct prefixes *out)
{
    ++*(int *)payload;
    return prefixes_from_text("10.1.0.9/24", out) ? 0 : OVNK8S_INVALID;
}

/* As the watcher does. */
static void an_address_that_a_caller_chooses_is_chosen_anew_and_guarded(void **state)
{
    struct world *w = *state;
    int calls = 0;
    const struct port_wish wish = {
        .pod_namespace = "a", .pod = "b", .node = "n1", .choose = choose_ninth, .payload = &calls};
    const struct row *ledger;

    succeed(port_intend(w->plan, &wish));
    succeed(compute(w));
    assert_string_equal(row_string(port_in(&w->plan->wanted, "a_b"), "addresses"),
                        "0a:58:0a:01:00:09 10.1.0.9");
    assert_null(row_pair(port_in(&w->plan->wanted, "a_b"), "external_ids", "pod-uid"));
    ledger = node_ledger_in(&w->plan->wanted, "n1");
    assert_true(ledger->guarded);
    assert_false(switch_in(&w->plan->wanted, "n1")->guarded);
    assert_string_equal(row_pair(ledger, "records", "a_b"), "0a:58:0a:01:00:09 10.1.0.9");
    succeed(compute(w));
    assert_int_equal(calls, 2);
}

static void a_port_that_is_there_is_left_alone(void **state)
{
    struct world *w = *state;

    have_pod(w, "web", "n1", "10.1.0.3/24");
    succeed(add_pod(w, "web", "n1", "10.1.0.3/24"));
    assert_int_equal(apply(w), 0);
}

/* "Not recorded" is what the row and the ledger then both say. */
static void a_uid_that_is_not_given_again_is_forgotten(void **state)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.1.0.3/24");
    port.pod_namespace = "default";
    port.pod = "a";
    port.node = "n1";
    port.addresses = "10.1.0.3/24";
    succeed(ovnk8s_port_add(w->plan, &port));
    settle(w);
    assert_null(row_pair(port_in(&w->database, "default_a"), "external_ids", "pod-uid"));
    assert_string_equal(row_pair(node_ledger_in(&w->database, "n1"), "records", "default_a"),
                        "0a:58:0a:01:00:03 10.1.0.3");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* Deleting. */

static void deleting_needs_no_facts(void **state)
{
    struct world *w = *state;
    const struct row *node, *ledger;

    succeed(ovnk8s_port_delete(w->plan, "default", "web.0", "n1"));
    assert_int_equal(ovnk8s_port_delete(w->plan, "default", "Web", "n1"), OVNK8S_INVALID);
    succeed(compute(w));
    assert_int_equal(w->asked.n, 0);
    assert_int_equal(w->plan->wanted.n, 3);
    assert_int_equal(port_in(&w->plan->wanted, "default_web.0")->state, ROW_DROPPED);
    node = switch_in(&w->plan->wanted, "n1");
    assert_int_equal(node->state, ROW_EDITED);
    assert_int_equal(row_column(node, "ports")->rule, COLUMN_EXCLUDES);
    ledger = node_ledger_in(&w->plan->wanted, "n1");
    assert_int_equal(ledger->state, ROW_EDITED);
    assert_string_equal(column_text(row_column(ledger, "records")),
                        "records excludes 'default_web.0'=''");
    assert_int_equal(w->plan->changes.n, 0); /* There is nothing of it. */
}

static void a_port_goes_and_its_address_is_free(void **state)
{
    struct world *w = *state;
    const size_t before = w->database.n;

    have_pod(w, "a", "n1", NULL);
    succeed(ovnk8s_port_delete(w->plan, "default", "a", "n1"));
    assert_int_equal(apply(w), 3);
    assert_text(w, "- Logical_Switch_Port \"default_a\"\n"
                   "~ Logical_Switch \"n1\"\n"
                   "-     ports: \"default_a\"\n"
                   "~ DNS \"ledger of n1\"\n"
                   "-     records:default_a: \"0a:58:0a:01:00:03 10.1.0.3 fd01:0:0:1::3;uid-1\"\n");
    assert_int_equal(w->database.n, before);
    renew(w);
    succeed(add_pod(w, "b", "n1", "10.1.0.3/24"));
    assert_int_equal(apply(w), 3);
}

static void adding_a_port_twice_in_one_plan_is_adding_it(void **state)
{
    struct world *w = *state;

    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    assert_int_equal(apply(w), 3);
    assert_int_equal(row_column(switch_in(&w->plan->wanted, "n1"), "ports")->n, 1);
    assert_int_equal(row_column(node_ledger_in(&w->plan->wanted, "n1"), "records")->n, 1);
    assert_string_equal(ovnk8s_plan_port_addresses(w->plan, "default", "a"),
                        "10.1.0.3/24,fd01:0:0:1::3/64");
    renew(w);
    succeed(add_pod(w, "b", "n1", "10.1.0.8/24"));
    succeed(add_pod(w, "b", "n1", "10.1.0.9/24")); /* What is said last counts. */
    settle(w);
    assert_string_equal(row_pair(node_ledger_in(&w->database, "n1"), "records", "default_b"),
                        "0a:58:0a:01:00:09 10.1.0.9;uid-1");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* As when a pod is replaced by a later one of its name. */
static void a_port_that_is_deleted_and_added_by_one_plan_is_there(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.1.0.3/24");
    succeed(ovnk8s_port_delete(w->plan, "default", "a", "n1"));
    succeed(add_pod(w, "a", "n1", "10.1.0.4/24"));
    settle(w);
    assert_string_equal(row_string(port_in(&w->database, "default_a"), "addresses"),
                        "0a:58:0a:01:00:04 10.1.0.4");
    assert_string_equal(row_pair(node_ledger_in(&w->database, "n1"), "records", "default_a"),
                        "0a:58:0a:01:00:04 10.1.0.4;uid-1");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void a_port_that_is_added_and_deleted_by_one_plan_is_not(void **state)
{
    struct world *w = *state;

    succeed(add_pod(w, "a", "n1", "10.1.0.3/24"));
    succeed(ovnk8s_port_delete(w->plan, "default", "a", "n1"));
    assert_int_equal(apply(w), 0);
    renew(w);
    have_pod(w, "a", "n1", "10.1.0.3/24");
    succeed(add_pod(w, "a", "n1", "10.1.0.4/24"));
    succeed(ovnk8s_port_delete(w->plan, "default", "a", "n1"));
    assert_int_equal(apply(w), 3);
    assert_null(port_in(&w->database, "default_a"));
    assert_null(row_pair(node_ledger_in(&w->database, "n1"), "records", "default_a"));
}

static void a_port_on_another_node_is_not_the_one_to_delete(void **state)
{
    struct world *w = *state;

    have_node(w, "n2", "10.2.0.0/24");
    have_pod(w, "a", "n2", NULL);
    succeed(ovnk8s_port_delete(w->plan, "default", "a", "n1"));
    assert_int_equal(apply(w), 0);
    assert_non_null(port_in(&w->database, "default_a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODE_TEST(a_port_is_a_row_on_the_nodes_switch),
        NODE_TEST(a_port_of_both_families_and_an_own_mac),
        NODE_TEST(malformed_ports_are_refused),
        TEST(a_port_needs_a_node),
        NODE_TEST(ports_that_do_not_fit_are_refused),
        NODE_TEST(the_addresses_of_the_network_itself_are_nobodys),
        NODE_TEST(an_address_that_a_caller_chooses_is_chosen_anew_and_guarded),
        NODE_TEST(a_port_that_is_there_is_left_alone),
        NODE_TEST(deleting_needs_no_facts),
        NODE_TEST(a_port_goes_and_its_address_is_free),
        NODE_TEST(adding_a_port_twice_in_one_plan_is_adding_it),
        NODE_TEST(a_port_that_is_deleted_and_added_by_one_plan_is_there),
        NODE_TEST(a_port_that_is_added_and_deleted_by_one_plan_is_not),
        NODE_TEST(a_port_on_another_node_is_not_the_one_to_delete),
        NODE_TEST(a_uid_that_is_not_given_again_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
