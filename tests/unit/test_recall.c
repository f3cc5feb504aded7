/* What was added is still known after somebody has deleted or edited any one of the rows and
 * columns that tell it; and what is no evidence. */

#include "topology_world.h"

/* A cluster with two nodes and three ports. */
static int set_up_network(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;

    succeed(add_cluster(w, "m", "10.0.0.0/8,fd01::/48", NULL));
    succeed(add_node(w, "n1", "10.1.0.0/24,fd01:0:0:1::/64", NULL));
    succeed(add_node(w, "n2", "10.2.0.0/24", NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "b", "n1", "10.1.0.9/24"));
    succeed(add_pod(w, "c", "n2", NULL));
    settle(w);
    w->scene.facts = &w->database; /* Everything is known. */
    return error;
}

#define NETWORK_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_network, tear_down)

/* A fresh network for the next case of a test. */
static struct world *again(void **state)
{
    tear_down(state);
    set_up_network(state);
    return *state;
}

/* The cluster. */

static void assert_cluster(struct world *w)
{
    char text[PREFIXES_TEXT];
    struct cluster_record cluster;

    assert_true(cluster_recall(&w->scene, &cluster));
    assert_string_equal(cluster.name, "m");
    assert_string_equal(prefixes_to_text(&cluster.subnets, text), "10.0.0.0/8,fd01::/48");
    assert_string_equal(prefixes_to_text(&cluster.join, text), "100.64.1.0/24,fd98::/64");
}

static struct row *cluster_witness(struct world *w, size_t i)
{
    return i == 0   ? cluster_ledger_in(&w->database)
           : i == 1 ? router_in(&w->database)
                    : switch_in(&w->database, "join");
}

static void a_cluster_is_known_without_any_one_of_its_rows(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct world *w = again(state);

        delete_row(w, cluster_witness(w, i));
        assert_cluster(w);
    }
}

/* The router tells the name by its name, the other two by a key. */
static void edit_name(struct world *w, size_t i, const char *name)
{
    if (i == 1) {
        edit_string(cluster_witness(w, i), "name", name ? name : "");
    } else {
        edit_pair(cluster_witness(w, i), "external_ids", CLUSTER_NAME_KEY, name);
    }
}

static void a_cluster_is_known_after_any_one_edit(void **state)
{
    static const char *const keys[] = {CLUSTER_SUBNET_KEY, JOIN_SUBNET_KEY};
    static const char *const values[] = {NULL, "", "rubbish", "11.0.0.0/8", "10.0.0.1/8"};

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < COUNT_OF(values); j++) {
            for (size_t key = 0; key < COUNT_OF(keys); key++) {
                struct world *w = again(state);

                edit_pair(cluster_witness(w, i), "external_ids", keys[key], values[j]);
                assert_cluster(w);
            }
            edit_name(again(state), i, values[j]);
            assert_cluster(*state);
        }
    }
}

static void one_row_alone_tells_of_a_cluster(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct world *w = again(state);

        delete_row(w, cluster_witness(w, (i + 1) % 3));
        delete_row(w, cluster_witness(w, (i + 2) % 3));
        assert_cluster(w);
    }
}

static void of_three_rows_two_decide(void **state)
{
    struct world *w = *state;
    struct cluster_record cluster;
    char text[PREFIXES_TEXT];

    edit_pair(cluster_witness(w, 0), "external_ids", CLUSTER_SUBNET_KEY, "11.0.0.0/8");
    assert_cluster(w);
    edit_pair(cluster_witness(w, 2), "external_ids", CLUSTER_SUBNET_KEY, "11.0.0.0/8");
    assert_true(cluster_recall(&w->scene, &cluster));
    assert_string_equal(prefixes_to_text(&cluster.subnets, text), "11.0.0.0/8");
}

static void where_there_is_nothing_nothing_is_recalled(void **state)
{
    struct world *w = *state;
    struct cluster_record cluster;
    struct node_list nodes;
    struct prefixes subnets;

    rows_clear(&w->database);
    assert_false(cluster_recall(&w->scene, &cluster));
    assert_false(node_recall(&w->scene, "n1", &subnets));
    assert_true(nodes_recall(&w->scene, &w->notes.arena, &nodes));
    assert_int_equal(nodes.n, 0);
    assert_failed(cluster_find(&w->scene, &w->database, &cluster), OVNK8S_NOTFOUND,
                  "there is no cluster yet: add it first (master-init)");
}

/* Nodes. */

static void assert_nodes(struct world *w)
{
    struct node_list nodes;
    char text[PREFIXES_TEXT];

    assert_true(nodes_recall(&w->scene, &w->notes.arena, &nodes));
    assert_int_equal(nodes.n, 2);
    assert_string_equal(nodes.of[0].name, "n1");
    assert_string_equal(prefixes_to_text(&nodes.of[0].subnets, text),
                        "10.1.0.0/24,fd01:0:0:1::/64");
    assert_string_equal(nodes.of[1].name, "n2");
    assert_string_equal(prefixes_to_text(&nodes.of[1].subnets, text), "10.2.0.0/24");
}

static struct row *node_witness(struct world *w, size_t i)
{
    return i == 0   ? node_ledger_in(&w->database, "n1")
           : i == 1 ? switch_in(&w->database, "n1")
                    : router_port_in(&w->database, "rtos-n1");
}

static void a_node_is_known_without_any_one_of_its_rows(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct world *w = again(state);

        delete_row(w, node_witness(w, i));
        assert_nodes(w);
    }
}

static void one_row_alone_tells_of_a_node(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct world *w = again(state);

        delete_row(w, node_witness(w, (i + 1) % 3));
        delete_row(w, node_witness(w, (i + 2) % 3));
        assert_nodes(w);
    }
}

/* The port of the router tells the subnets by the addresses that it has in them. */
static void edit_subnets(struct world *w, size_t i, const char *value)
{
    if (i < 2) {
        edit_pair(node_witness(w, i), "external_ids", SUBNETS_KEY, value);
    } else if (value) {
        edit_string(node_witness(w, i), "networks", value);
    } else {
        row_find_column(node_witness(w, i), "networks")->n = 0;
    }
}

static void a_node_is_known_after_any_one_edit(void **state)
{
    static const char *const values[] = {
        NULL, "", "rubbish", "10.9.0.0/24", "10.1.0.0/24", "10.1.0.0/25", "10.1.0.1/24,"};

    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < COUNT_OF(values); j++) {
            edit_subnets(again(state), i, values[j]);
            assert_nodes(*state);
        }
    }
}

static void a_name_that_somebody_has_changed_is_no_evidence(void **state)
{
    struct world *w = again(state);

    edit_pair(node_witness(w, 0), "external_ids", NODE_KEY, "other");
    assert_nodes(w);
    edit_string(node_witness(again(state), 1), "name", "other");
    assert_nodes(*state);
    edit_string(node_witness(again(state), 2), "name", "rtos-other");
    assert_nodes(*state);
}

static void rows_of_somebody_else_are_no_evidence(void **state)
{
    struct world *w = *state;
    struct row *row =
        rows_want(&w->database, SWITCH_TABLE, row_id("other", SWITCH_TABLE, "n3"), NULL);

    row_is_string(row, "name", "n3");
    edit_pair(row, "external_ids", SUBNETS_KEY, "10.3.0.0/24");
    row_is_owned(row, OWNER); /* So they say. */
    assert_nodes(w);
}

/* Ports. */

static bool recall_ports(struct world *w, const char *name, struct port_list *ports)
{
    struct node_record node = {.name = name};

    notes_clear(&w->notes);
    return node_recall(&w->scene, name, &node.subnets) &&
           ports_recall(&w->scene, &node, &w->notes.arena, ports);
}

static const char *port_text(const struct port_record *port)
{
    static char text[256];
    char addresses[PREFIXES_TEXT], mac[MAC_TEXT];

    snprintf(text, sizeof text, "%s %s %s %s", port->name, mac_to_text(&port->mac, mac),
             prefixes_to_text(&port->addresses, addresses), port->pod_uid ? port->pod_uid : "-");
    return text;
}

#define PORT_A "default_a 0a:58:0a:01:00:03 10.1.0.3/24,fd01:0:0:1::3/64 uid-1"
#define PORT_B "default_b 0a:58:0a:01:00:09 10.1.0.9/24 uid-1"

static void assert_ports(struct world *w)
{
    struct port_list ports;

    assert_true(recall_ports(w, "n1", &ports));
    assert_int_equal(ports.n, 2);
    assert_string_equal(port_text(&ports.of[0]), PORT_A);
    assert_string_equal(port_text(&ports.of[1]), PORT_B);
}

/* NULL: it goes. */
static void edit_witness(struct world *w, size_t i, const char *value)
{
    static const char *const columns[] = {NULL, "addresses", "port_security"};

    if (i == 0) {
        edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, "default_a", value);
    } else if (value) {
        edit_string(port_in(&w->database, "default_a"), columns[i], value);
    } else {
        row_find_column(port_in(&w->database, "default_a"), columns[i])->n = 0;
    }
}

static const char *const edits[] = {
    NULL,
    "0a:58:0a:01:00:03 10.1.0.3 fd01:0:0:1::3", /* In the ledger: without the uid. */
    "",
    "rubbish",
    "dynamic",
    "unknown",
    "0a:58:0a:01:00:03",                         /* No address. */
    "0a:58:0a:01:00:07 10.1.0.7",                /* Another one. */
    "0a:58:0a:01:00:03 10.9.0.3",                /* Outside the node's subnet. */
    "0a:58:0a:01:00:04 10.1.0.3 fd01:0:0:1::3",  /* Another MAC. */
    "0a:58:0a:01:00:03 10.1.0.3",                /* One of two. */
    "0a:58:0a:01:00:03 10.1.0.3 fd01:0:0:1::3 ", /* What nobody writes. */
};

static void a_port_is_known_after_any_one_edit(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < COUNT_OF(edits); j++) {
            edit_witness(again(state), i, edits[j]);
            assert_ports(*state);
        }
    }
}

static void a_port_without_a_row_is_known_from_the_ledger(void **state)
{
    struct world *w = *state;

    delete_row(w, port_in(&w->database, "default_a"));
    assert_ports(w);
}

static void a_port_without_an_entry_is_known_from_its_row(void **state)
{
    struct world *w = again(state);

    edit_witness(w, 0, NULL);
    assert_ports(w);
    w = again(state);
    delete_row(w, node_ledger_in(&w->database, "n1"));
    assert_ports(w);
}

static void one_witness_alone_tells_of_a_port(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        struct world *w = again(state);

        edit_witness(w, (i + 1) % 3, "rubbish");
        edit_witness(w, (i + 2) % 3, "rubbish");
        assert_ports(w);
    }
}

static void a_uid_is_known_from_either_place(void **state)
{
    struct world *w = again(state);

    edit_pair(port_in(&w->database, "default_a"), "external_ids", POD_UID_KEY, NULL);
    assert_ports(w);
    edit_pair(port_in(&w->database, "default_a"), "external_ids", POD_UID_KEY, "uid-2");
    assert_ports(w);
}

/* Two witnesses that tell different things about the uid have no third. */
static void a_uid_that_is_changed_in_the_ledger_is_believed(void **state)
{
    struct world *w = *state;
    struct port_list ports;

    edit_witness(w, 0, "0a:58:0a:01:00:03 10.1.0.3 fd01:0:0:1::3;uid-2");
    assert_true(recall_ports(w, "n1", &ports));
    assert_string_equal(ports.of[0].pod_uid, "uid-2");
}

static void a_stale_entry_whose_address_another_port_has_is_dropped(void **state)
{
    struct world *w = *state;

    edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, "default_0",
              "0a:58:0a:01:00:09 10.1.0.9");
    assert_ports(w);
}

static void an_entry_without_a_row_whose_address_is_free_is_a_port(void **state)
{
    struct world *w = *state;
    struct port_list ports;

    edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, "default_0",
              "0a:58:0a:01:00:08 10.1.0.8");
    assert_true(recall_ports(w, "n1", &ports));
    assert_int_equal(ports.n, 3);
    assert_string_equal(port_text(&ports.of[0]), "default_0 0a:58:0a:01:00:08 10.1.0.8/24 -");
}

static void entries_that_are_no_ports_are_dropped(void **state)
{
    struct world *w = *state;
    struct row *ledger = node_ledger_in(&w->database, "n1");

    edit_pair(ledger, RECORDS_COLUMN, "www.example.org", "10.1.0.99"); /* A name, as in DNS. */
    edit_pair(ledger, RECORDS_COLUMN, "", "");
    edit_pair(ledger, RECORDS_COLUMN, "default_d", "rubbish");
    assert_ports(w);
}

static void a_row_whose_name_somebody_has_changed_is_no_port(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "default_a"), "name", "default_z");
    assert_ports(w); /* It is known from its entry. */
}

/* A port tells by external_ids:node where it is; the entry tells too. */
static void a_port_that_tells_another_node_is_known_where_its_entry_is(void **state)
{
    struct world *w = *state;
    struct port_list ports;

    edit_pair(port_in(&w->database, "default_a"), "external_ids", NODE_KEY, "n2");
    assert_ports(w);
    assert_true(recall_ports(w, "n2", &ports));
    assert_int_equal(ports.n, 1);
    assert_string_equal(ports.of[0].name, "default_c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(a_cluster_is_known_without_any_one_of_its_rows),
        NETWORK_TEST(a_cluster_is_known_after_any_one_edit),
        NETWORK_TEST(one_row_alone_tells_of_a_cluster),
        NETWORK_TEST(of_three_rows_two_decide),
        NETWORK_TEST(where_there_is_nothing_nothing_is_recalled),
        NETWORK_TEST(a_node_is_known_without_any_one_of_its_rows),
        NETWORK_TEST(one_row_alone_tells_of_a_node),
        NETWORK_TEST(a_node_is_known_after_any_one_edit),
        NETWORK_TEST(a_name_that_somebody_has_changed_is_no_evidence),
        NETWORK_TEST(rows_of_somebody_else_are_no_evidence),
        NETWORK_TEST(a_port_is_known_after_any_one_edit),
        NETWORK_TEST(a_port_without_a_row_is_known_from_the_ledger),
        NETWORK_TEST(a_port_without_an_entry_is_known_from_its_row),
        NETWORK_TEST(one_witness_alone_tells_of_a_port),
        NETWORK_TEST(a_uid_is_known_from_either_place),
        NETWORK_TEST(a_uid_that_is_changed_in_the_ledger_is_believed),
        NETWORK_TEST(a_stale_entry_whose_address_another_port_has_is_dropped),
        NETWORK_TEST(an_entry_without_a_row_whose_address_is_free_is_a_port),
        NETWORK_TEST(entries_that_are_no_ports_are_dropped),
        NETWORK_TEST(a_row_whose_name_somebody_has_changed_is_no_port),
        NETWORK_TEST(a_port_that_tells_another_node_is_known_where_its_entry_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
