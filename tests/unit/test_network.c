/* What networks without a cluster and the attachments to them are in the Northbound database, which
 * address an attachment gets, and how they go. */

#include <ovnk8s/network.h>

#include "topology_world.h"

#include "topology/network.h"

static int add_network(struct world *w, const char *name, const char *subnet, const char *gateway,
                       bool is_routed)
{
    ovnk8s_network network = OVNK8S_NETWORK_INIT;

    network.name = name;
    network.subnet = subnet;
    network.gateway = gateway;
    network.is_routed = is_routed;
    return ovnk8s_network_add(w->plan, &network);
}

static ovnk8s_attachment attachment_of(const char *network, const char *container)
{
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;

    attachment.network = network;
    attachment.host = "h1";
    attachment.container_id = container;
    attachment.interface = "eth0";
    return attachment;
}

static int attach(struct world *w, const char *network, const char *container,
                  const char *addresses)
{
    ovnk8s_attachment attachment = attachment_of(network, container);

    attachment.addresses = addresses;
    return ovnk8s_attachment_add(w->plan, &attachment);
}

static void have_network(struct world *w, const char *name, const char *subnet)
{
    succeed(add_network(w, name, subnet, NULL, false));
    settle(w);
}

static int set_up_network(void **state)
{
    const int error = set_up(state);

    have_network(*state, "lab", "10.88.0.0/29");
    return error;
}

#define NETWORK_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_network, tear_down)
#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

/* The addresses that the attachment of this container gets, after applying. */
static const char *addresses_of(struct world *w, const char *container)
{
    char name[128];

    snprintf(name, sizeof name, "lab/h1/%s/eth0", container);
    return ovnk8s_plan_attachment_addresses(w->plan, name);
}

static void a_network_is_a_switch_and_its_ledger(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "my_lab", "10.88.0.0/16,fd88::/64", NULL, false));
    assert_int_equal(apply(w), 2);
    assert_row(rows_find(&w->plan->wanted, SWITCH_TABLE, network_switch_id(OWNER, "my_lab")),
               SWITCH_TABLE, "my_lab",
               COLUMNS("name is 'my_lab'",
                       "external_ids includes 'network'='my_lab'"
                       " 'k8s-subnets'='10.88.0.0/16,fd88::/64' 'gateways'='' 'routed'='no'"
                       " 'ovnk8s-owner'='k8s'"));
    assert_int_equal(apply(w), 0);
}

static void a_routed_one_has_a_port_of_the_router(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "a", "10.1.0.0/24", NULL, true));
    assert_int_equal(apply(w), 5);
    assert_row(rows_find(&w->plan->wanted, ROUTER_PORT_TABLE, router_port_id(OWNER, "rton-a")),
               ROUTER_PORT_TABLE, "rton-a",
               COLUMNS("name is 'rton-a'", "mac is '0a:58:0a:01:00:01'",
                       "networks is '10.1.0.1/24'", "external_ids includes 'ovnk8s-owner'='k8s'"));
    renew(w);
    succeed(add_network(w, "b", "10.2.0.0/24", "10.2.0.9", true));
    assert_int_equal(apply(w), 5);
    assert_int_equal(apply(w), 0);
}

static void routed_ones_do_not_overlap(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "a", "10.1.0.0/24", NULL, true));
    settle(w);
    succeed(add_network(w, "b", "10.1.0.0/16", NULL, true));
    assert_failed(compute(w), OVNK8S_EXISTS,
                  "adding network b: subnet 10.1.0.0/16 overlaps 10.1.0.0/24 of network a, and"
                  " both are routed");
    renew(w);
    succeed(add_network(w, "b", "10.1.0.0/16", NULL, false));
    settle(w);
    succeed(add_network(w, "c", "10.3.0.0/16", NULL, true));
    succeed(add_network(w, "d", "10.3.1.0/24", NULL, true));
    assert_int_equal(compute(w), OVNK8S_EXISTS);
}

static void a_network_keeps_what_it_is(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "lab", "10.88.0.0/28", NULL, false));
    assert_failed(compute(w), OVNK8S_EXISTS,
                  "adding network lab: the network has subnet 10.88.0.0/29, not 10.88.0.0/28,"
                  " and cannot change it while it exists");
    renew(w);
    succeed(add_network(w, "lab", "10.88.0.0/29", "10.88.0.2", false));
    assert_failed(compute(w), OVNK8S_EXISTS,
                  "adding network lab: the network has gateway none, not 10.88.0.2/29, and"
                  " cannot change it while it exists");
    renew(w);
    succeed(add_network(w, "lab", "10.88.0.0/29", NULL, true));
    assert_int_equal(compute(w), OVNK8S_EXISTS);
}

static void malformed_networks_are_refused(void **state)
{
    struct world *w = *state;

    assert_int_equal(add_network(w, "-a", "10.1.0.0/24", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a/b", "10.1.0.0/24", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "", "10.1.0.0/24", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, NULL, "10.1.0.0/24", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.1/24", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.0/30", NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", NULL, NULL, false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.0/24", "10.2.0.1", false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.0/24", "10.1.0.1,10.1.0.2", false),
                     OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.0/24", "", false), OVNK8S_INVALID);
    assert_int_equal(add_network(w, "a", "10.1.0.0/24,fd01::/64", "10.1.0.1", true),
                     OVNK8S_INVALID);
    assert_null(w->plan->first);
}

static void an_attachment_is_a_port(void **state)
{
    const char *name = "lab/h1/c1/eth0";
    struct world *w = *state;

    succeed(attach(w, "lab", "c1", NULL));
    assert_int_equal(apply(w), 3);
    assert_row(rows_find(&w->plan->wanted, SWITCH_PORT_TABLE, switch_port_id(OWNER, name)),
               SWITCH_PORT_TABLE, name,
               COLUMNS("name is 'lab/h1/c1/eth0'", "addresses is '0a:58:0a:58:00:01 10.88.0.1'",
                       "port_security is '0a:58:0a:58:00:01 10.88.0.1'",
                       "external_ids includes 'network'='lab' 'host'='h1' 'container-id'='c1'"
                       " 'interface'='eth0' 'ovnk8s-owner'='k8s'"));
    assert_string_equal(addresses_of(w, "c1"), "10.88.0.1/29");
    assert_string_equal(ovnk8s_plan_attachment_mac(w->plan, name), "0a:58:0a:58:00:01");
    assert_null(ovnk8s_plan_attachment_mac(w->plan, "lab/h1/c2/eth0"));
    assert_null(ovnk8s_plan_attachment_mac(w->plan, NULL));
    assert_int_equal(apply(w), 0);
    assert_string_equal(addresses_of(w, "c1"), "10.88.0.1/29");
}

static void network_and_attachments_in_one_plan(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "both", "10.1.0.0/24,fd01::/64", "10.1.0.1", false));
    succeed(attach(w, "both", "c1", NULL));
    succeed(attach(w, "both", "c2", NULL));
    assert_int_equal(apply(w), 4);
    assert_string_equal(ovnk8s_plan_attachment_addresses(w->plan, "both/h1/c1/eth0"),
                        "10.1.0.2/24,fd01::1/64");
    assert_string_equal(ovnk8s_plan_attachment_addresses(w->plan, "both/h1/c2/eth0"),
                        "10.1.0.3/24,fd01::2/64");
    assert_int_equal(apply(w), 0);
}

static void a_network_is_exhausted(void **state)
{
    static const char *const containers[] = {"c1", "c2", "c3", "c4", "c5", "c6"};
    struct world *w = *state;

    for (size_t i = 0; i < 6; i++) {
        succeed(attach(w, "lab", containers[i], NULL));
        settle(w);
    }
    succeed(attach(w, "lab", "c7", NULL));
    assert_failed(compute(w), OVNK8S_EXHAUSTED,
                  "adding attachment lab/h1/c7/eth0: network lab: all addresses from 10.88.0.1"
                  " to 10.88.0.6 are taken");
    renew(w);
    succeed(ovnk8s_attachment_delete(w->plan,
                                     &(ovnk8s_attachment){sizeof(ovnk8s_attachment), "lab", "h1",
                                                          "c3", "eth0", NULL, NULL, NULL}));
    succeed(attach(w, "lab", "c7", NULL));
    apply(w);
    assert_string_equal(addresses_of(w, "c7"), "10.88.0.3/29");
}

static void ranges_and_wishes(void **state)
{
    ovnk8s_attachment attachment = attachment_of("lab", "c1");
    struct world *w = *state;

    attachment.ranges = "10.88.0.5-10.88.0.7";
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    attachment.container_id = "c2";
    attachment.mac = "02:00:00:00:00:02";
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    apply(w);
    assert_string_equal(addresses_of(w, "c1"), "10.88.0.5/29");
    assert_string_equal(addresses_of(w, "c2"), "10.88.0.6/29");
    assert_string_equal(ovnk8s_plan_attachment_mac(w->plan, "lab/h1/c2/eth0"), "02:00:00:00:00:02");
    renew(w);
    attachment.container_id = "c3";
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    assert_int_equal(compute(w), OVNK8S_EXHAUSTED);
    renew(w);
    succeed(attach(w, "lab", "c3", "10.88.0.5"));
    assert_failed(compute(w), OVNK8S_EXISTS,
                  "adding attachment lab/h1/c3/eth0: address 10.88.0.5 is that of port"
                  " lab/h1/c1/eth0");
    renew(w);
    succeed(attach(w, "lab", "c3", "10.88.0.4/29"));
    apply(w);
    assert_string_equal(addresses_of(w, "c3"), "10.88.0.4/29");
}

static void bad_wishes_are_refused(void **state)
{
    static const char *const bad[] = {"10.88.0.7",    "10.88.0.0",           "10.88.1.1", "x", "",
                                      "10.88.0.1/28", "10.88.0.1,10.88.0.2", "fd01::1"};
    ovnk8s_attachment attachment = attachment_of("lab", "c1");
    struct world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        succeed(attach(w, "lab", "c1", bad[i]));
        assert_int_equal(compute(w), OVNK8S_INVALID);
        renew(w);
    }
    attachment.ranges = "10.88.0.5-10.88.0.4";
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    assert_int_equal(compute(w), OVNK8S_INVALID);
    renew(w);
    attachment = attachment_of("lab", "a/b");
    assert_int_equal(ovnk8s_attachment_add(w->plan, &attachment), OVNK8S_INVALID);
    attachment = attachment_of("lab", "c1");
    attachment.mac = "01:00:00:00:00:02";
    assert_int_equal(ovnk8s_attachment_add(w->plan, &attachment), OVNK8S_INVALID);
    succeed(attach(w, "other", "c1", NULL));
    assert_failed(compute(w), OVNK8S_NOTFOUND,
                  "adding attachment other/h1/c1/eth0: there is no network other");
}

static void hosts_do_not_share_a_name(void **state)
{
    ovnk8s_attachment attachment = attachment_of("lab", "c1");
    struct world *w = *state;
    char *name;

    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    attachment.host = "h2";
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    succeed(ovnk8s_attachment_port_name(&name, &attachment));
    assert_string_equal(name, "lab/h2/c1/eth0");
    assert_int_equal(apply(w), 4);
    assert_string_equal(addresses_of(w, "c1"), "10.88.0.1/29");
    assert_string_equal(ovnk8s_plan_attachment_addresses(w->plan, name), "10.88.0.2/29");
    ovnk8s_free(name);
}

/* Nobody gets an address twice because somebody has deleted the ledger, or an entry of it. */
static void a_lost_ledger_loses_no_address(void **state)
{
    struct world *w = *state;

    succeed(attach(w, "lab", "c1", NULL));
    settle(w);
    delete_row(w, rows_find(&w->database, LEDGER_TABLE, network_ledger_id(OWNER, "lab")));
    succeed(attach(w, "lab", "c2", NULL));
    apply(w);
    assert_string_equal(addresses_of(w, "c2"), "10.88.0.2/29");
    renew(w);
    succeed(ovnk8s_attachments_keep(w->plan, "lab", "h1", NULL, 0));
    apply(w);
    assert_null(
        rows_find(&w->database, SWITCH_PORT_TABLE, switch_port_id(OWNER, "lab/h1/c1/eth0")));
}

static void keeping_some(void **state)
{
    const ovnk8s_attachment c2 = attachment_of("lab", "c2"), *const kept[] = {&c2};
    ovnk8s_attachment other = attachment_of("lab", "c1");
    struct world *w = *state;

    other.host = "h2";
    succeed(attach(w, "lab", "c1", NULL));
    succeed(attach(w, "lab", "c2", NULL));
    succeed(ovnk8s_attachment_add(w->plan, &other));
    settle(w);
    succeed(ovnk8s_attachments_keep(w->plan, "lab", "h1", kept, 1));
    assert_int_equal(apply(w), 3);
    assert_null(
        rows_find(&w->database, SWITCH_PORT_TABLE, switch_port_id(OWNER, "lab/h1/c1/eth0")));
    assert_non_null(
        rows_find(&w->database, SWITCH_PORT_TABLE, switch_port_id(OWNER, "lab/h2/c1/eth0")));
    assert_int_equal(apply(w), 0);
}

static void a_network_goes_when_nobody_needs_it(void **state)
{
    struct world *w = *state;

    succeed(attach(w, "lab", "c1", NULL));
    settle(w);
    succeed(ovnk8s_network_delete(w->plan, "lab", 0));
    assert_failed(compute(w), OVNK8S_EXISTS,
                  "deleting network lab: attachment lab/h1/c1/eth0 is still there: delete it"
                  " first, or force it");
    renew(w);
    succeed(ovnk8s_network_delete(w->plan, "lab", OVNK8S_FORCE));
    assert_int_equal(apply(w), 3);
    assert_int_equal(w->database.n, 0);
    assert_int_equal(apply(w), 0);
    assert_int_equal(ovnk8s_network_delete(w->plan, "lab", 2), OVNK8S_INVALID);
}

static void the_router_goes_with_the_last_network(void **state)
{
    struct world *w = *state;

    succeed(add_network(w, "a", "10.1.0.0/24", NULL, true));
    succeed(add_network(w, "b", "10.2.0.0/24", NULL, true));
    settle(w);
    succeed(ovnk8s_network_delete(w->plan, "a", 0));
    settle(w);
    assert_non_null(rows_find(&w->database, ROUTER_TABLE, network_router_id(OWNER)));
    succeed(ovnk8s_network_delete(w->plan, "b", 0));
    settle(w);
    assert_int_equal(w->database.n, 0);
}

static void networks_are_read(void **state)
{
    const ovnk8s_network_state *found;
    struct world *w = *state;
    ovnk8s_topology *topology;

    succeed(add_network(w, "a", "10.1.0.0/24,fd01::/64", NULL, true));
    succeed(attach(w, "lab", "c1", NULL));
    succeed(attach(w, "lab", "c2", NULL));
    settle(w);
    succeed(ovnk8s_topology_read(w->plan, NULL, 0));
    succeed(compute(w));
    succeed(ovnk8s_topology_new(&topology, w->plan));
    assert_int_equal(ovnk8s_topology_networks(topology), 2);
    assert_int_equal(ovnk8s_topology_nodes(topology), 0);
    found = ovnk8s_topology_network(topology, 0);
    assert_string_equal(found->network->name, "a");
    assert_string_equal(found->network->subnet, "10.1.0.0/24,fd01::/64");
    assert_string_equal(found->network->gateway, "10.1.0.1,fd01::1");
    assert_true(found->network->is_routed);
    found = ovnk8s_topology_network(topology, 1);
    assert_string_equal(found->network->name, "lab");
    assert_null(found->network->gateway);
    assert_int_equal(found->n_attachments, 2);
    assert_null(ovnk8s_topology_network(topology, 2));
    ovnk8s_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_network_is_a_switch_and_its_ledger),
        TEST(a_routed_one_has_a_port_of_the_router),
        TEST(routed_ones_do_not_overlap),
        TEST(malformed_networks_are_refused),
        TEST(network_and_attachments_in_one_plan),
        TEST(the_router_goes_with_the_last_network),
        NETWORK_TEST(a_network_keeps_what_it_is),
        NETWORK_TEST(an_attachment_is_a_port),
        NETWORK_TEST(a_network_is_exhausted),
        NETWORK_TEST(ranges_and_wishes),
        NETWORK_TEST(bad_wishes_are_refused),
        NETWORK_TEST(hosts_do_not_share_a_name),
        NETWORK_TEST(a_lost_ledger_loses_no_address),
        NETWORK_TEST(keeping_some),
        NETWORK_TEST(networks_are_read),
        NETWORK_TEST(a_network_goes_when_nobody_needs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
