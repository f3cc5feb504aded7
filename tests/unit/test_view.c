/* The topology as it is read: a value of its own. */

#include "topology_world.h"

static int set_up_network(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;

    succeed(add_cluster(w, "m", "10.0.0.0/8,fd01::/48", NULL));
    succeed(add_node(w, "n2", "10.2.0.0/24,fd01:0:0:2::/64", NULL));
    succeed(add_node(w, "n1", "10.1.0.0/29", NULL));
    succeed(add_pod(w, "b", "n1", NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "c", "n2", NULL));
    settle(w);
    return error;
}

#define NETWORK_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_network, tear_down)

static ovnk8s_topology *read_topology(struct world *w, const char *node, int with_ports)
{
    ovnk8s_topology *topology;

    succeed(ovnk8s_topology_read(w->plan, node, with_ports));
    succeed(compute(w));
    assert_int_equal(ovnk8s_plan_changes(w->plan), 0); /* Reading wants nothing. */
    succeed(ovnk8s_topology_new(&topology, w->plan));
    return topology;
}

static void a_topology_tells_the_cluster_its_nodes_and_ports(void **state)
{
    ovnk8s_topology *topology = read_topology(*state, NULL, 1);
    const ovnk8s_node_state *node = ovnk8s_topology_node(topology, 0);
    const ovnk8s_port *port = ovnk8s_topology_port(topology, 2);

    assert_string_equal(ovnk8s_topology_cluster(topology)->name, "m");
    assert_string_equal(ovnk8s_topology_cluster(topology)->subnet, "10.0.0.0/8,fd01::/48");
    assert_string_equal(ovnk8s_topology_cluster(topology)->join_subnet, "100.64.1.0/24,fd98::/64");
    assert_int_equal(ovnk8s_topology_nodes(topology), 2);
    assert_string_equal(node->name, "n1");
    assert_string_equal(node->subnet, "10.1.0.0/29");
    assert_string_equal(node->gateways, "10.1.0.1/29");
    assert_string_equal(node->addresses, "10.1.0.2/29");
    assert_int_equal(node->n_ports, 2);
    assert_int_equal(node->capacity, 4);
    assert_int_equal(ovnk8s_topology_node(topology, 1)->capacity, 252); /* Of the smaller one. */
    assert_null(ovnk8s_topology_node(topology, 2));
    assert_int_equal(ovnk8s_topology_ports(topology), 3);
    assert_string_equal(ovnk8s_topology_port(topology, 0)->pod, "a");
    assert_string_equal(port->pod_namespace, "default");
    assert_string_equal(port->pod, "c");
    assert_string_equal(port->node, "n2");
    assert_string_equal(port->addresses, "10.2.0.3/24,fd01:0:0:2::3/64");
    assert_string_equal(port->mac, "0a:58:0a:02:00:03");
    assert_string_equal(port->pod_uid, "uid-1");
    assert_null(ovnk8s_topology_port(topology, 3));
    ovnk8s_topology_free(topology);
}

static void a_topology_outlives_its_plan(void **state)
{
    struct world *w = *state;
    ovnk8s_topology *topology = read_topology(w, NULL, 1);

    renew(w);
    rows_clear(&w->database);
    assert_string_equal(ovnk8s_topology_port(topology, 0)->node, "n1");
    assert_string_equal(ovnk8s_topology_cluster(topology)->name, "m");
    ovnk8s_topology_free(topology);
}

static void one_node_is_read_without_the_others(void **state)
{
    struct world *w = *state;
    ovnk8s_topology *topology = read_topology(w, "n2", 0);

    assert_int_equal(ovnk8s_topology_nodes(topology), 1);
    assert_string_equal(ovnk8s_topology_node(topology, 0)->name, "n2");
    assert_int_equal(ovnk8s_topology_node(topology, 0)->n_ports, 1);
    assert_int_equal(ovnk8s_topology_ports(topology), 0);
    for (const struct row *row = w->asked.first; row; row = row->next) {
        assert_int_equal(row->where, ROW_BY_ID);
    }
    ovnk8s_topology_free(topology);
}

static void where_there_is_nothing_there_is_nothing(void **state)
{
    ovnk8s_topology *topology = read_topology(*state, NULL, 1);

    assert_null(ovnk8s_topology_cluster(topology));
    assert_int_equal(ovnk8s_topology_nodes(topology), 0);
    assert_int_equal(ovnk8s_topology_ports(topology), 0);
    ovnk8s_topology_free(topology);
    ovnk8s_topology_free(NULL);
}

static void a_plan_that_has_not_read_tells_nothing(void **state)
{
    struct world *w = *state;
    ovnk8s_topology *topology;

    assert_failed(ovnk8s_topology_new(&topology, w->plan), OVNK8S_INVALID,
                  "the plan has not read the topology");
    assert_null(topology);
    assert_int_equal(ovnk8s_topology_read(w->plan, "A_b", 0), OVNK8S_INVALID);
    assert_null(w->plan->first);
}

static void what_is_told_can_be_added(void **state)
{
    struct world *w = *state;
    ovnk8s_topology *topology = read_topology(w, NULL, 1);

    renew(w);
    succeed(ovnk8s_cluster_add(w->plan, ovnk8s_topology_cluster(topology)));
    for (size_t i = 0; i < ovnk8s_topology_ports(topology); i++) {
        succeed(ovnk8s_port_add(w->plan, ovnk8s_topology_port(topology, i)));
    }
    assert_nothing_to_do(w);
    ovnk8s_topology_free(topology);
}

/* A plan that repairs too has read the rows of ports, which tell of more than the ledger does. */
static void ports_without_an_entry_are_told_too(void **state)
{
    enum { N = 200 };
    struct world *w = *state;
    ovnk8s_topology *topology;
    char pod[16];

    for (int i = 0; i < N; i++) {
        snprintf(pod, sizeof pod, "p%d", i);
        succeed(add_pod(w, pod, "n2", NULL));
    }
    settle(w);
    delete_row(w, node_ledger_in(&w->database, "n2"));
    succeed(ovnk8s_topology_read(w->plan, NULL, 1));
    succeed(ovnk8s_topology_repair(w->plan));
    succeed(compute(w));
    succeed(ovnk8s_topology_new(&topology, w->plan));
    assert_int_equal(ovnk8s_topology_ports(topology), N + 3);
    for (size_t i = 0; i < N + 3; i++) {
        assert_string_equal(ovnk8s_topology_port(topology, i)->pod_namespace, "default");
        assert_int_equal(strncmp(ovnk8s_topology_port(topology, i)->mac, "0a:58:0a:", 9), 0);
    }
    ovnk8s_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(a_topology_tells_the_cluster_its_nodes_and_ports),
        NETWORK_TEST(a_topology_outlives_its_plan),
        NETWORK_TEST(one_node_is_read_without_the_others),
        TEST(where_there_is_nothing_there_is_nothing),
        TEST(a_plan_that_has_not_read_tells_nothing),
        NETWORK_TEST(what_is_told_can_be_added),
        NETWORK_TEST(ports_without_an_entry_are_told_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
