/* Subnets and addresses that the library chooses. */

#include "topology_world.h"

static int set_up_cluster(void **state)
{
    const int error = set_up(state);

    have_cluster(*state, "m", "10.0.0.0/16,fd01::/56");
    return error;
}

static int set_up_node(void **state)
{
    const int error = set_up_cluster(state);

    have_node(*state, "n1", "10.0.1.0/29,fd01:0:0:1::/64");
    return error;
}

#define CLUSTER_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_cluster, tear_down)
#define NODE_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_node, tear_down)

/* Subnets. */

static int add_sized(struct world *w, const char *name, unsigned int four, unsigned int six)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.ipv4_length = four;
    node.ipv6_length = six;
    return ovnk8s_node_add(w->plan, &node);
}

static void assert_chosen(struct world *w, const char *name, const char *expected)
{
    renew(w);
    succeed(add_node(w, name, NULL, NULL));
    apply(w);
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, name), expected);
    renew(w);
}

static void the_first_free_subnet_of_each_family_is_chosen(void **state)
{
    struct world *w = *state;

    assert_chosen(w, "n1", "10.0.0.0/24,fd01::/64");
    assert_chosen(w, "n2", "10.0.1.0/24,fd01:0:0:1::/64");
    assert_string_equal(
        row_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets"),
        "10.0.0.0/23,fd01::/63");
}

static void gaps_are_filled(void **state)
{
    struct world *w = *state;

    have_node(w, "a", "10.0.0.0/24");
    have_node(w, "b", "10.0.2.128/25,fd01::/64"); /* Half of a /24 is no room for one. */
    assert_chosen(w, "c", "10.0.1.0/24,fd01:0:0:1::/64");
    assert_chosen(w, "d", "10.0.3.0/24,fd01:0:0:2::/64");
}

static void nodes_of_one_plan_get_different_subnets(void **state)
{
    struct world *w = *state;

    succeed(add_node(w, "a", NULL, NULL));
    succeed(add_node(w, "b", "10.0.1.0/24", NULL));
    succeed(add_node(w, "c", NULL, NULL));
    apply(w);
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "a"), "10.0.0.0/24,fd01::/64");
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "b"), "10.0.1.0/24");
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "c"), "10.0.2.0/24,fd01:0:0:1::/64");
    assert_null(ovnk8s_plan_node_subnet(w->plan, "d"));
    assert_null(ovnk8s_plan_node_subnet(w->plan, NULL));
}

static void a_node_keeps_the_subnet_that_it_has(void **state)
{
    struct world *w = *state;

    have_node(w, "a", "10.0.7.0/24");
    succeed(add_node(w, "a", NULL, NULL));
    assert_nothing_to_do(w);
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "a"), "10.0.7.0/24");
    renew(w);
    succeed(add_sized(w, "a", 26, 0)); /* The length is for one that is chosen. */
    assert_nothing_to_do(w);
}

static void subnets_have_the_lengths_that_were_asked_for(void **state)
{
    struct world *w = *state;

    succeed(add_sized(w, "a", 29, 125));
    succeed(add_sized(w, "b", 22, 60));
    succeed(add_sized(w, "c", 29, 125));
    apply(w);
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "a"), "10.0.0.0/29,fd01::/125");
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "b"), "10.0.4.0/22,fd01:0:0:10::/60");
    assert_string_equal(ovnk8s_plan_node_subnet(w->plan, "c"), "10.0.0.8/29,fd01::8/125");
}

static void lengths_that_make_no_sense_are_refused(void **state)
{
    struct world *w = *state;

    assert_failed(add_sized(w, "a", 30, 0), OVNK8S_INVALID,
                  "length 30 of IPv4 subnets: expected 1 to 29");
    assert_failed(add_sized(w, "a", 0, 126), OVNK8S_INVALID,
                  "length 126 of IPv6 subnets: expected 1 to 125");
    assert_failed(add_sized(w, "a", UINT32_MAX, 0), OVNK8S_INVALID,
                  "length 4294967295 of IPv4 subnets: expected 1 to 29");
    succeed(add_sized(w, "a", 15, 0));
    assert_refused(w, OVNK8S_INVALID,
                   "adding node a: a subnet of length 15 does not fit into the cluster's,"
                   " 10.0.0.0/16");
    renew(w);
    succeed(add_sized(w, "a", 0, 55));
    assert_refused(w, OVNK8S_INVALID,
                   "adding node a: a subnet of length 55 does not fit into the cluster's,"
                   " fd01::/56");
}

static void an_exhausted_cluster_says_so(void **state)
{
    struct world *w = *state;

    have_node(w, "a", "10.0.0.0/17");
    succeed(add_sized(w, "b", 17, 0));
    settle(w);
    succeed(add_node(w, "c", NULL, NULL));
    assert_refused(w, OVNK8S_EXHAUSTED,
                   "adding node c: subnet 10.0.0.0/16 of the cluster: of 256 subnets of length 24"
                   " all are taken, wholly or in part");
    renew(w);
    succeed(add_node(w, "b", NULL, NULL)); /* Who has one needs none. */
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_node_delete(w->plan, "a"));
    settle(w);
    assert_chosen(w, "c", "10.0.0.0/24,fd01:0:0:1::/64");
}

/* A database of an earlier version, or one whose ledger somebody has emptied. */
static void without_a_ledger_the_nodes_themselves_are_counted(void **state)
{
    struct world *w = *state;

    assert_chosen(w, "n1", "10.0.0.0/24,fd01::/64");
    edit_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets", "rubbish");
    assert_chosen(w, "n2", "10.0.1.0/24,fd01:0:0:1::/64");
    delete_row(w, cluster_ledger_in(&w->database));
    assert_chosen(w, "n3", "10.0.2.0/24,fd01:0:0:2::/64");
    assert_string_equal(
        row_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets"),
        "10.0.0.0/23,10.0.2.0/24,fd01::/63,fd01:0:0:2::/64");
}

/* Two rows tell which subnets are taken: where one was edited, the nodes themselves are asked. */
static void an_edited_list_of_taken_subnets_is_not_believed(void **state)
{
    struct world *w = *state;

    assert_chosen(w, "n1", "10.0.0.0/24,fd01::/64");
    edit_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets", "");
    assert_chosen(w, "n2", "10.0.1.0/24,fd01:0:0:1::/64");
    edit_pair(router_in(&w->database), "external_ids", "k8s-taken-subnets", "");
    assert_chosen(w, "n3", "10.0.2.0/24,fd01:0:0:2::/64");
}

static void a_subnet_that_the_ledger_alone_knows_is_in_the_way(void **state)
{
    struct world *w = *state;

    edit_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets", "10.0.9.0/24");
    edit_pair(router_in(&w->database), "external_ids", "k8s-taken-subnets", "10.0.9.0/24");
    succeed(add_node(w, "a", "10.0.9.0/25", NULL));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding node a: subnet 10.0.9.0/25 overlaps one that the ledger has as taken:"
                   " check, and repair it");
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    settle(w);
    have_node(w, "a", "10.0.9.0/25");
}

/* Addresses. */

static const char *address_of(struct world *w, const char *pod)
{
    return ovnk8s_plan_port_addresses(w->plan, "default", pod);
}

static void the_first_free_address_of_each_family_is_chosen(void **state)
{
    struct world *w = *state;

    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "b", "n1", "10.0.1.4/29"));
    succeed(add_pod(w, "c", "n1", NULL));
    apply(w);
    assert_string_equal(address_of(w, "a"), "10.0.1.3/29,fd01:0:0:1::3/64");
    assert_string_equal(address_of(w, "b"), "10.0.1.4/29");
    assert_string_equal(address_of(w, "c"), "10.0.1.5/29,fd01:0:0:1::4/64");
    renew(w);
    succeed(add_pod(w, "d", "n1", NULL));
    apply(w);
    assert_string_equal(address_of(w, "d"), "10.0.1.6/29,fd01:0:0:1::5/64");
}

static void whoever_chooses_an_address_guards_the_ledger_alone(void **state)
{
    struct world *w = *state;

    succeed(add_pod(w, "a", "n1", NULL));
    succeed(compute(w));
    assert_true(node_ledger_in(&w->plan->wanted, "n1")->guarded);
    assert_false(switch_in(&w->plan->wanted, "n1")->guarded);
    assert_null(cluster_ledger_in(&w->plan->wanted));
}

static void a_full_node_says_so(void **state)
{
    struct world *w = *state;

    for (char pod[] = "a"; *pod <= 'd'; ++*pod) {
        succeed(add_pod(w, pod, "n1", NULL));
    }
    settle(w);
    succeed(add_pod(w, "z", "n1", NULL));
    assert_refused(w, OVNK8S_EXHAUSTED,
                   "adding port of pod default/z: subnet 10.0.1.0/29 of node n1: all 4 addresses"
                   " for pods are taken");
    renew(w);
    succeed(add_pod(w, "a", "n1", NULL)); /* Who has one needs none. */
    assert_int_equal(apply(w), 0);
    renew(w);
    succeed(ovnk8s_port_delete(w->plan, "default", "b", "n1"));
    settle(w);
    succeed(add_pod(w, "z", "n1", NULL));
    apply(w);
    assert_string_equal(address_of(w, "z"), "10.0.1.4/29,fd01:0:0:1::4/64");
}

static void a_port_keeps_the_addresses_that_it_has(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.0.1.6/29,fd01:0:0:1::99/64");
    succeed(add_pod(w, "a", "n1", NULL));
    assert_int_equal(apply(w), 0);
    assert_string_equal(address_of(w, "a"), "10.0.1.6/29,fd01:0:0:1::99/64");
}

static void a_port_keeps_the_mac_that_it_has(void **state)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    struct world *w = *state;

    port.pod_namespace = "default";
    port.pod = "a";
    port.node = "n1";
    port.mac = "02:00:00:00:00:01";
    succeed(ovnk8s_port_add(w->plan, &port));
    settle(w);
    port.mac = NULL;
    succeed(ovnk8s_port_add(w->plan, &port));
    assert_int_equal(apply(w), 0);
    assert_string_equal(row_string(port_in(&w->database, "default_a"), "addresses"),
                        "02:00:00:00:00:01 10.0.1.3 fd01:0:0:1::3");
}

static void a_taken_address_names_the_port_that_has_it(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.0.1.5/29");
    succeed(add_pod(w, "b", "n1", "10.0.1.5/29"));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding port of pod default/b: address 10.0.1.5/29 is that of port default_a");
    renew(w);
    succeed(add_pod(w, "b", "n1", "10.0.1.4/29"));
    succeed(add_pod(w, "c", "n1", "10.0.1.4/29"));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding port of pod default/c: address 10.0.1.4/29 is that of port default_b");
}

static void a_port_gets_another_address(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.0.1.5/29");
    succeed(add_pod(w, "a", "n1", "10.0.1.6/29"));
    apply(w);
    assert_text(w, "~ DNS \"ledger of n1\"\n"
                   "-     records:default_a: \"0a:58:0a:00:01:05 10.0.1.5;uid-1\"\n"
                   "+     records:default_a: \"0a:58:0a:00:01:06 10.0.1.6;uid-1\"\n"
                   "~ Logical_Switch_Port \"default_a\"\n"
                   "-     addresses: \"0a:58:0a:00:01:05 10.0.1.5\"\n"
                   "+     addresses: \"0a:58:0a:00:01:06 10.0.1.6\"\n"
                   "-     port_security: \"0a:58:0a:00:01:05 10.0.1.5\"\n"
                   "+     port_security: \"0a:58:0a:00:01:06 10.0.1.6\"\n");
    renew(w);
    have_pod(w, "b", "n1", "10.0.1.5/29"); /* The earlier one is free. */
}

static void a_port_moves_to_another_node(void **state)
{
    struct world *w = *state;

    have_node(w, "n2", "10.0.2.0/24");
    have_pod(w, "a", "n1", NULL);
    succeed(add_pod(w, "a", "n2", NULL));
    apply(w);
    assert_string_equal(address_of(w, "a"), "10.0.2.3/24");
    assert_null(row_pair(node_ledger_in(&w->database, "n1"), "records", "default_a"));
    assert_string_equal(row_pair(node_ledger_in(&w->database, "n2"), "records", "default_a"),
                        "0a:58:0a:00:02:03 10.0.2.3;uid-1");
    assert_string_equal(row_pair(port_in(&w->database, "default_a"), "external_ids", "node"), "n2");
    assert_int_equal(row_column(switch_in(&w->database, "n1"), "ports")->n, 2);
    assert_int_equal(row_column(switch_in(&w->database, "n2"), "ports")->n, 3);
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void a_port_on_a_node_that_gets_a_second_family(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", "10.0.1.5/29"); /* IPv4 alone, as its caller wanted. */
    succeed(add_pod(w, "a", "n1", NULL));
    apply(w);
    assert_string_equal(address_of(w, "a"), "10.0.1.3/29,fd01:0:0:1::3/64");
}

/* A database of an earlier version, or one whose ledger somebody has deleted. */
static void without_a_ledger_the_ports_themselves_are_counted(void **state)
{
    struct world *w = *state;

    have_pod(w, "a", "n1", NULL);
    have_pod(w, "b", "n1", NULL);
    delete_row(w, node_ledger_in(&w->database, "n1"));
    succeed(add_pod(w, "c", "n1", NULL));
    succeed(add_pod(w, "d", "n1", NULL));
    apply(w);
    assert_string_equal(address_of(w, "c"), "10.0.1.5/29,fd01:0:0:1::5/64");
    assert_string_equal(address_of(w, "d"), "10.0.1.6/29,fd01:0:0:1::6/64");
    renew(w);
    delete_row(w, node_ledger_in(&w->database, "n1"));
    succeed(add_pod(w, "e", "n1", "10.0.1.4/29"));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding port of pod default/e: address 10.0.1.4/29 is that of port default_b");
}

/* Notes. */

static unsigned int n_cleared;

static void count_cleared(void *note)
{
    n_cleared += *(unsigned int *)note;
}

static void a_note_is_shared_under_a_topic_and_a_name(void **state)
{
    static const char topic[] = "topic", other[] = "topic";
    struct world *w = *state;
    unsigned int *note = scene_note(&w->scene, topic, "n1", sizeof *note, count_cleared);

    assert_int_equal(*note, 0); /* Zeroed. */
    *note = 1;
    assert_ptr_equal(scene_note(&w->scene, topic, "n1", sizeof *note, count_cleared), note);
    note = scene_note(&w->scene, topic, "n2", sizeof *note, count_cleared);
    assert_int_equal(*note, 0);
    *note = 10;
    note = scene_note(&w->scene, other, "n1", sizeof *note, count_cleared);
    assert_int_equal(*note, 0); /* Topics are compared by address. */
    *note = 100;
    n_cleared = 0;
    notes_clear(&w->notes);
    assert_int_equal(n_cleared, 111); /* Each once. */
    assert_int_equal(
        *(unsigned int *)scene_note(&w->scene, topic, "n1", sizeof *note, count_cleared), 0);
}

static void without_memory_there_is_no_note(void **state)
{
    static const char topic[] = "topic";
    struct world *w = *state;

    w->notes.arena.failed = true; /* As arena_alloc() leaves it. */
    assert_null(scene_note(&w->scene, topic, "n1", 8, count_cleared));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(the_first_free_subnet_of_each_family_is_chosen),
        CLUSTER_TEST(gaps_are_filled),
        CLUSTER_TEST(nodes_of_one_plan_get_different_subnets),
        CLUSTER_TEST(a_node_keeps_the_subnet_that_it_has),
        CLUSTER_TEST(subnets_have_the_lengths_that_were_asked_for),
        CLUSTER_TEST(lengths_that_make_no_sense_are_refused),
        CLUSTER_TEST(an_exhausted_cluster_says_so),
        CLUSTER_TEST(without_a_ledger_the_nodes_themselves_are_counted),
        CLUSTER_TEST(an_edited_list_of_taken_subnets_is_not_believed),
        CLUSTER_TEST(a_subnet_that_the_ledger_alone_knows_is_in_the_way),
        NODE_TEST(the_first_free_address_of_each_family_is_chosen),
        NODE_TEST(whoever_chooses_an_address_guards_the_ledger_alone),
        NODE_TEST(a_full_node_says_so),
        NODE_TEST(a_port_keeps_the_addresses_that_it_has),
        NODE_TEST(a_port_keeps_the_mac_that_it_has),
        NODE_TEST(a_taken_address_names_the_port_that_has_it),
        NODE_TEST(a_port_gets_another_address),
        NODE_TEST(a_port_moves_to_another_node),
        NODE_TEST(a_port_on_a_node_that_gets_a_second_family),
        NODE_TEST(without_a_ledger_the_ports_themselves_are_counted),
        TEST(a_note_is_shared_under_a_topic_and_a_name),
        TEST(without_memory_there_is_no_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
