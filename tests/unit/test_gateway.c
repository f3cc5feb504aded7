/* What a gateway is in the Northbound database, which place it gets, and how it goes. */

#include "topology/gateway.h"

#include "topology_world.h"

#define FOUR "10.0.0.5/24"
#define BOTH "10.0.0.5/24,fd10::5/64"

/* A cluster of both families with three nodes. */
static int set_up_nodes(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;

    succeed(add_cluster(w, "m", "192.168.0.0/16,fd01::/48", NULL));
    succeed(add_node(w, "n1", "192.168.1.0/24,fd01:0:0:1::/64", NULL));
    succeed(add_node(w, "n2", "192.168.2.0/24,fd01:0:0:2::/64", NULL));
    succeed(add_node(w, "n3", "192.168.3.0/24,fd01:0:0:3::/64", NULL));
    settle(w);
    return error;
}

#define NODES_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_nodes, tear_down)

static void have_gateway(struct world *w, const char *node, const char *addresses, const char *via)
{
    succeed(add_gateway(w, node, addresses, via));
    settle(w);
}

static void delete_gateway(struct world *w, const char *node)
{
    succeed(ovnk8s_gateway_delete(w->plan, node));
    settle(w);
}

/* The addresses that a gateway's router has in the join subnet, "" if there is none. */
static const char *join_of(const struct world *w, const char *node)
{
    static char text[4][PREFIXES_TEXT];
    static unsigned int next;
    char *out = text[next++ % 4], name[80];
    const struct row *port;
    const struct column *networks;

    snprintf(name, sizeof name, "rtoj-GR_%s", node);
    port = router_port_in(&w->database, name);
    networks = row_column(port, "networks");
    *out = '\0';
    for (size_t i = 0; networks && i < networks->n; i++) {
        snprintf(out + strlen(out), PREFIXES_TEXT - strlen(out), "%s%s", i ? "," : "",
                 networks->atoms[i].string);
    }
    return out;
}

static bool is_first(const struct world *w, const char *node)
{
    const char *first =
        row_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-first-gateway");
    const char *said =
        row_pair(gateway_router_in(&w->database, node), "external_ids", "first_gateway");

    assert_non_null(first);
    assert_non_null(said);
    assert_int_equal(!strcmp(said, "yes"), !strcmp(first, node));
    return !strcmp(first, node);
}

/* Rows. */

static void a_gateway_is_a_router_between_two_switches(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;
    const struct row *router, *outer;

    succeed(add_gateway(w, "n1", FOUR, "10.0.0.1"));
    succeed(compute(w));
    router = gateway_router_in(wanted, "n1");
    outer = outer_switch_in(wanted, "n1");
    assert_row(router, ROUTER_TABLE, "GR_n1",
               COLUMNS("name is 'GR_n1'",
                       "options includes 'chassis'='n1-chassis'"
                       " 'lb_force_snat_ip'='router_ip'",
                       "external_ids includes 'physical_ip'='10.0.0.5' 'first_gateway'='yes'"
                       " 'k8s-gateway'='node=n1 chassis=n1-chassis interface=eth1"
                       " mac=02:00:00:00:00:05 addresses=10.0.0.5/24"
                       " join=100.64.1.2/24,fd98::2/64 via=10.0.0.1/32 rampout= first=yes"
                       " single=no' 'ovnk8s-owner'='k8s'"));
    assert_row(router_port_in(wanted, "rtoj-GR_n1"), ROUTER_PORT_TABLE, "rtoj-GR_n1",
               COLUMNS("name is 'rtoj-GR_n1'", "mac is '0a:58:64:40:01:02'",
                       "networks is '100.64.1.2/24' 'fd98::2/64'",
                       "external_ids includes 'ovnk8s-owner'='k8s' 'connect_to_join'='yes'"));
    assert_row(router_port_in(wanted, "rtoe-GR_n1"), ROUTER_PORT_TABLE, "rtoe-GR_n1",
               COLUMNS("name is 'rtoe-GR_n1'", "mac is '02:00:00:00:00:05'",
                       "networks is '10.0.0.5/24'",
                       "external_ids includes 'ovnk8s-owner'='k8s' 'gateway-physical-ip'='yes'"));
    assert_row(port_in(wanted, "eth1_n1"), SWITCH_PORT_TABLE, "eth1_n1",
               COLUMNS("name is 'eth1_n1'", "addresses is 'unknown'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(router, "ports", router_port_id(OWNER, "rtoj-GR_n1"));
    assert_holds(router, "ports", router_port_id(OWNER, "rtoe-GR_n1"));
    assert_holds(outer, "ports", switch_port_id(OWNER, "eth1_n1"));
    assert_holds(outer, "ports", switch_port_id(OWNER, "etor-GR_n1"));
    assert_holds(rows_find(wanted, SWITCH_TABLE, join_switch_id(OWNER)), "ports",
                 switch_port_id(OWNER, "jtor-GR_n1"));
    assert_true(router->sole);
    assert_true(outer->sole);
    assert_int_equal(router_in(wanted)->state, ROW_EDITED);
}

static void assert_route(const struct rows *rows, const char *kind, const char *node,
                         const char *to, const char *via)
{
    const struct row *route = route_in(rows, kind, node, to);

    assert_non_null(route);
    assert_string_equal(row_string(route, "ip_prefix"), to);
    assert_string_equal(row_string(route, "nexthop"), via);
}

static void a_gateway_has_routes_and_nat_of_its_families(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;

    succeed(add_gateway(w, "n1", BOTH, "fd10::1,10.0.0.1"));
    succeed(compute(w));
    assert_route(wanted, "in", "n1", "192.168.0.0/16", "100.64.1.1");
    assert_route(wanted, "in", "n1", "fd01::/48", "fd98::1");
    assert_route(wanted, "out", "n1", "0.0.0.0/0", "10.0.0.1");
    assert_route(wanted, "out", "n1", "::/0", "fd10::1");
    assert_string_equal(row_string(route_in(wanted, "out", "n1", "::/0"), "output_port"),
                        "rtoe-GR_n1");
    assert_route(wanted, "default", "n1", "0.0.0.0/0", "100.64.1.2");
    assert_route(wanted, "default", "n1", "::/0", "fd98::2");
    assert_row(nat_in(wanted, "n1", 4), NAT_TABLE, "GR_n1",
               COLUMNS("type is 'snat'", "logical_ip is '192.168.0.0/16'",
                       "external_ip is '10.0.0.5'", "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(nat_in(wanted, "n1", 6), NAT_TABLE, "GR_n1",
               COLUMNS("type is 'snat'", "logical_ip is 'fd01::/48'", "external_ip is 'fd10::5'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(gateway_router_in(wanted, "n1"), "nat", gateway_nat_id(OWNER, "n1", 6));
}

static void a_gateway_of_one_family_is_none_of_the_other(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;

    succeed(add_gateway(w, "n1", "fd10::5/64", "fd10::1"));
    succeed(compute(w));
    assert_null(nat_in(wanted, "n1", 4));
    assert_null(route_in(wanted, "default", "n1", "0.0.0.0/0"));
    assert_null(route_in(wanted, "out", "n1", "0.0.0.0/0"));
    assert_route(wanted, "default", "n1", "::/0", "fd98::2");
    assert_non_null(nat_in(wanted, "n1", 6));
    renew(w);
    wanted = &w->plan->wanted;
    succeed(add_gateway(w, "n1", FOUR, NULL));
    succeed(compute(w));
    assert_null(nat_in(wanted, "n1", 6));
    assert_null(route_in(wanted, "default", "n1", "::/0"));
    assert_null(route_in(wanted, "out", "n1", "0.0.0.0/0")); /* No next hop. */
    assert_non_null(route_in(wanted, "default", "n1", "0.0.0.0/0"));
}

static void clusters_of_one_family_have_gateways(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "fd01::/48");
    have_node(w, "n1", NULL);
    assert_failed((succeed(add_gateway(w, "n1", FOUR, NULL)), compute(w)), OVNK8S_INVALID,
                  "adding gateway n1: physical address 10.0.0.5/24 is of no family of the"
                  " cluster's subnet, fd01::/48");
    renew(w);
    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    assert_null(nat_in(&w->database, "n1", 4));
    assert_non_null(nat_in(&w->database, "n1", 6));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* The place of a gateway. */

static void several_gateways_are_default_routes(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n2", FOUR, "10.0.0.1");
    have_gateway(w, "n1", "10.0.0.6/24", "10.0.0.1");
    assert_true(is_first(w, "n2"));
    assert_false(is_first(w, "n1"));
    assert_route(&w->database, "default", "n2", "0.0.0.0/0", "100.64.1.2");
    assert_route(&w->database, "default", "n1", "0.0.0.0/0", "100.64.1.3");
}

static void a_single_default_is_the_first_s(void **state)
{
    struct world *w = *state;
    ovnk8s_gateway gateway = gateway_of("n2", "10.0.0.6/24", "10.0.0.1");

    gateway.single_default = true;
    have_gateway(w, "n1", FOUR, "10.0.0.1");
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    settle(w);
    assert_non_null(route_in(&w->database, "default", "n1", "0.0.0.0/0"));
    assert_null(route_in(&w->database, "default", "n2", "0.0.0.0/0"));
    assert_non_null(route_in(&w->database, "out", "n2", "0.0.0.0/0"));
    delete_gateway(w, "n1");
    assert_true(is_first(w, "n2"));
    assert_route(&w->database, "default", "n2", "0.0.0.0/0", "100.64.1.3");
}

static void join_addresses_are_never_given_twice(void **state)
{
    struct world *w = *state;

    succeed(add_gateway(w, "n2", FOUR, NULL));
    succeed(add_gateway(w, "n3", "10.0.0.6/24", NULL)); /* In one plan. */
    settle(w);
    have_gateway(w, "n1", "10.0.0.7/24", NULL);
    assert_string_equal(join_of(w, "n2"), "100.64.1.2/24,fd98::2/64");
    assert_string_equal(join_of(w, "n3"), "100.64.1.3/24,fd98::3/64");
    assert_string_equal(join_of(w, "n1"), "100.64.1.4/24,fd98::4/64");
    assert_true(is_first(w, "n2"));
    delete_gateway(w, "n3");
    have_node(w, "n4", NULL);
    have_gateway(w, "n4", "10.0.0.8/24", NULL);
    assert_string_equal(join_of(w, "n4"), "100.64.1.3/24,fd98::3/64");
    assert_string_equal(join_of(w, "n1"), "100.64.1.4/24,fd98::4/64");
}

/* Who adds a gateway at the same time looks at that row. */
static void a_place_is_guarded(void **state)
{
    struct world *w = *state;

    succeed(add_gateway(w, "n1", FOUR, NULL));
    succeed(compute(w));
    assert_true(cluster_ledger_in(&w->plan->wanted)->guarded);
    assert_string_equal(
        row_pair(cluster_ledger_in(&w->plan->wanted), "external_ids", "k8s-taken-join-addresses"),
        "100.64.1.2/32,fd98::2/128");
    settle(w);
    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    succeed(compute(w));
    assert_true(cluster_ledger_in(&w->plan->wanted)->guarded);
}

static void the_join_subnet_can_be_exhausted(void **state)
{
    struct world *w = *state;
    char name[8], address[16];

    succeed(add_cluster(w, "m", "192.168.0.0/16", "100.64.1.0/29"));
    settle(w);
    for (int i = 1; i <= 6; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(address, sizeof address, "10.0.0.%d/24", i);
        have_node(w, name, NULL);
        succeed(add_gateway(w, name, address, NULL));
        if (i <= 5) {
            settle(w);
        }
    }
    assert_string_equal(join_of(w, "n5"), "100.64.1.6/29");
    assert_refused(w, OVNK8S_EXHAUSTED,
                   "adding gateway n6: join subnet 100.64.1.0/29: all 5 addresses for gateways are"
                   " taken");
    renew(w);
    delete_gateway(w, "n3");
    have_gateway(w, "n6", "10.0.0.6/24", NULL);
    assert_string_equal(join_of(w, "n6"), "100.64.1.4/29");
}

/* What was counted is lost: then all gateways are asked. */
static void places_are_known_without_the_ledger(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", FOUR, NULL);
    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    delete_row(w, cluster_ledger_in(&w->database));
    have_gateway(w, "n3", "10.0.0.7/24", NULL);
    assert_string_equal(join_of(w, "n3"), "100.64.1.4/24,fd98::4/64");
    assert_true(is_first(w, "n1"));
    assert_false(is_first(w, "n3"));
    delete_row(w, cluster_ledger_in(&w->database));
    delete_gateway(w, "n1");
    assert_true(is_first(w, "n2"));
}

/* Once more, and otherwise. */

static void adding_again_changes_nothing(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    have_gateway(w, "n2", "10.0.0.6/24", "10.0.0.1");
    for (int i = 0; i < 2; i++) {
        succeed(add_gateway(w, i ? "n1" : "n2", i ? BOTH : "10.0.0.6/24",
                            i ? "10.0.0.1,fd10::1" : "10.0.0.1"));
        assert_nothing_to_do(w);
        renew(w);
    }
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void parameters_can_be_changed(void **state)
{
    struct world *w = *state;
    ovnk8s_gateway gateway = gateway_of("n1", "10.1.0.9/16", "10.1.0.1");

    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    gateway.interface = "breth0";
    gateway.mac = "02:00:00:00:00:99";
    gateway.chassis = "other";
    gateway.single_default = true;
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    settle(w);
    assert_string_equal(join_of(w, "n1"), "100.64.1.3/24,fd98::3/64");
    assert_null(port_in(&w->database, "eth1_n1"));
    assert_non_null(port_in(&w->database, "breth0_n1"));
    assert_string_equal(row_string(nat_in(&w->database, "n1", 4), "external_ip"), "10.1.0.9");
    assert_null(nat_in(&w->database, "n1", 6));
    assert_null(route_in(&w->database, "out", "n1", "::/0"));
    assert_null(route_in(&w->database, "default", "n1", "::/0"));
    assert_null(route_in(&w->database, "default", "n1", "0.0.0.0/0"));
    assert_route(&w->database, "out", "n1", "0.0.0.0/0", "10.1.0.1");
    assert_string_equal(row_string(router_port_in(&w->database, "rtoe-GR_n1"), "mac"),
                        "02:00:00:00:00:99");
    assert_string_equal(row_pair(gateway_router_in(&w->database, "n1"), "options", "chassis"),
                        "other");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    assert_non_null(route_in(&w->database, "default", "n1", "::/0"));
    assert_null(port_in(&w->database, "breth0_n1"));
}

static void add_rampout(struct world *w, const char *node, const char *subnets)
{
    ovnk8s_gateway gateway = gateway_of(node, BOTH, "10.0.0.1");

    gateway.rampout_subnets = subnets;
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    settle(w);
}

static void rampout_subnets_leave_by_a_gateway(void **state)
{
    struct world *w = *state;
    const struct row *route;

    add_rampout(w, "n1", "192.168.2.0/24,fd01:0:0:2::/64,192.168.3.0/24");
    assert_route(&w->database, "rampout", "n1", "192.168.2.0/24", "100.64.1.2");
    assert_route(&w->database, "rampout", "n1", "fd01:0:0:2::/64", "fd98::2");
    route = route_in(&w->database, "rampout", "n1", "192.168.3.0/24");
    assert_string_equal(row_string(route, "policy"), "src-ip");
    assert_true(refers_to(router_in(&w->database), route->id));
    add_rampout(w, "n1", "192.168.3.0/24");
    assert_null(route_in(&w->database, "rampout", "n1", "192.168.2.0/24"));
    assert_null(route_in(&w->database, "rampout", "n1", "fd01:0:0:2::/64"));
    assert_non_null(route_in(&w->database, "rampout", "n1", "192.168.3.0/24"));
    add_rampout(w, "n1", "");
    assert_null(route_in(&w->database, "rampout", "n1", "192.168.3.0/24"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* Deleting. */

static size_t count_of(const struct world *w, const char *part)
{
    size_t n = 0;

    for (const struct row *row = w->database.first; row; row = row->next) {
        for (const struct column *c = row->columns; c; c = c->next) {
            n += strstr(column_text(c), part) != NULL;
        }
    }
    return n;
}

static void add_shared(struct world *w, const char *node, const char *addresses, bool is_shared)
{
    ovnk8s_gateway gateway = gateway_of(node, addresses, NULL);

    gateway.is_shared = is_shared;
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    apply(w);
}

static size_t count_policies(const struct world *w)
{
    size_t n = 0;

    for (const struct row *row = w->database.first; row; row = row->next) {
        n += !strcmp(row->table, POLICY_TABLE);
    }
    return n;
}

static void pods_reach_the_host_of_a_shared_gateway(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;

    add_shared(w, "n2", BOTH, true);
    assert_row(policy_in(wanted, "host", "n2", "10.0.0.5/32"), POLICY_TABLE,
               "host n2 to 10.0.0.5/32",
               COLUMNS("priority is 1000", "match is 'ip4.dst == 10.0.0.5'", "action is 'reroute'",
                       "nexthop is '192.168.2.2'", "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(policy_in(wanted, "host", "n2", "fd10::5/128"), POLICY_TABLE,
               "host n2 to fd10::5/128",
               COLUMNS("priority is 1000", "match is 'ip6.dst == fd10::5'", "action is 'reroute'",
                       "nexthop is 'fd01:0:0:2::2'", "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(router_in(wanted), "policies", policy_in(wanted, "host", "n2", "fd10::5/128")->id);
    assert_int_equal(count_policies(w), 2);
    assert_nothing_to_do(w);
}

static void policies_for_the_host_follow_the_gateway(void **state)
{
    struct world *w = *state;

    add_shared(w, "n1", BOTH, true);
    renew(w);
    add_shared(w, "n1", "10.0.0.9/24", true); /* Another address, and one family less. */
    assert_non_null(policy_in(&w->database, "host", "n1", "10.0.0.9/32"));
    assert_int_equal(count_policies(w), 1);
    assert_int_equal(row_column(router_in(&w->database), "policies")->n, 1);
    renew(w);
    add_shared(w, "n1", "10.0.0.9/24", false);
    assert_int_equal(count_policies(w), 0);
    renew(w);
    add_shared(w, "n1", "10.0.0.9/24", true);
    assert_int_equal(count_policies(w), 1);
    renew(w);
    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    delete_gateway(w, "n1"); /* The other one becomes the first, and is not shared. */
    assert_int_equal(count_policies(w), 0);
}

static void a_shared_gateway_becomes_the_first(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", FOUR, NULL);
    add_shared(w, "n2", "10.0.0.6/24", true);
    renew(w);
    delete_gateway(w, "n1");
    assert_true(is_first(w, "n2"));
    assert_int_equal(count_policies(w), 1);
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void deleting_leaves_nothing(void **state)
{
    struct world *w = *state;
    const size_t before = w->database.n;

    add_rampout(w, "n1", "192.168.2.0/24,fd01:0:0:2::/64");
    assert_true(count_of(w, "GR_n1"));
    delete_gateway(w, "n1");
    assert_int_equal(w->database.n, before);
    assert_int_equal(count_of(w, "GR_n1") + count_of(w, "ext_n1") + count_of(w, "eth1"), 0);
    assert_string_equal(
        row_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-first-gateway"), "");
    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    assert_nothing_to_do(w);
    renew(w);
    have_gateway(w, "n2", FOUR, NULL);
    assert_true(is_first(w, "n2"));
    assert_string_equal(join_of(w, "n2"), "100.64.1.2/24,fd98::2/64");
}

static void another_one_becomes_the_first(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n2", FOUR, "10.0.0.1");
    have_gateway(w, "n3", "10.0.0.6/24", "10.0.0.1");
    have_gateway(w, "n1", "10.0.0.7/24", "10.0.0.1");
    delete_gateway(w, "n3");
    assert_true(is_first(w, "n2"));
    delete_gateway(w, "n2");
    assert_true(is_first(w, "n1"));
    assert_route(&w->database, "default", "n1", "0.0.0.0/0", "100.64.1.4");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void gateways_go_with_their_nodes(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", BOTH, "10.0.0.1");
    have_gateway(w, "n2", "10.0.0.6/24", "10.0.0.1");
    succeed(ovnk8s_node_delete(w->plan, "n1"));
    settle(w);
    assert_null(gateway_router_in(&w->database, "n1"));
    assert_int_equal(count_of(w, "GR_n1"), 0);
    assert_true(is_first(w, "n2"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    settle(w);
    assert_int_equal(w->database.n, 0);
}

static void several_go_in_one_plan(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", FOUR, NULL);
    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    have_gateway(w, "n3", "10.0.0.7/24", NULL);
    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    succeed(ovnk8s_gateway_delete(w->plan, "n2"));
    settle(w);
    assert_null(gateway_router_in(&w->database, "n1"));
    assert_null(gateway_router_in(&w->database, "n2"));
    assert_true(is_first(w, "n3"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_gateway_delete(w->plan, "n3"));
    succeed(add_gateway(w, "n1", FOUR, NULL));
    settle(w);
    assert_null(gateway_router_in(&w->database, "n3"));
    assert_true(is_first(w, "n1"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* What a plan has done before counts: in any order the result is the same. */
static void plans_add_and_delete_in_any_order(void **state)
{
    struct world *w = *state;

    for (int order = 0; order < 2; order++) {
        have_gateway(w, "n3", FOUR, NULL);
        have_gateway(w, "n2", "10.0.0.6/24", NULL);
        for (int step = 0; step < 2; step++) {
            if (step == order) {
                succeed(add_gateway(w, "n2", "10.0.0.7/24", "10.0.0.1"));
            } else {
                succeed(ovnk8s_gateway_delete(w->plan, "n3"));
            }
        }
        settle(w);
        assert_true(is_first(w, "n2"));
        assert_string_equal(row_string(nat_in(&w->database, "n2", 4), "external_ip"), "10.0.0.7");
        succeed(ovnk8s_topology_repair(w->plan));
        assert_nothing_to_do(w);
        renew(w);
        for (int step = 0; step < 2; step++) {
            if (step == order) {
                succeed(add_gateway(w, "n1", FOUR, NULL));
            } else {
                succeed(ovnk8s_gateway_delete(w->plan, "n2"));
            }
        }
        settle(w);
        assert_true(is_first(w, "n1"));
        succeed(ovnk8s_topology_repair(w->plan));
        assert_nothing_to_do(w);
        renew(w);
        delete_gateway(w, "n1");
    }
}

static size_t count_doubles(const struct row *row)
{
    size_t n = 0;

    for (const struct column *c = row->columns; c; c = c->next) {
        for (size_t i = 0; i < c->n && !c->is_map; i++) {
            for (size_t j = 0; j < i; j++) {
                n += !atom_compare(&c->atoms[i], &c->atoms[j]);
            }
        }
    }
    return n;
}

/* A server takes no set that has an element twice. */
static void nothing_is_stated_twice(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    have_gateway(w, "n2", "10.0.0.6/24", "10.0.0.1");
    for (int i = 0; i < 2; i++) {
        if (i) {
            succeed(ovnk8s_gateway_delete(w->plan, "n1"));
            succeed(ovnk8s_gateway_delete(w->plan, "n1"));
            succeed(ovnk8s_node_delete(w->plan, "n1"));
        } else {
            succeed(ovnk8s_topology_repair(w->plan));
            succeed(add_gateway(w, "n1", FOUR, NULL));
            succeed(add_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1"));
        }
        w->scene.looks = true;
        succeed(compute(w));
        w->scene.looks = false;
        for (const struct row *row = w->plan->wanted.first; row; row = row->next) {
            if (count_doubles(row)) {
                fail_msg("%s %s", row->table, row->name);
            }
        }
        settle(w);
    }
}

/* Of several wishes about one gateway the last counts. */
static void the_last_wish_counts(void **state)
{
    struct world *w = *state;
    ovnk8s_gateway gateway = gateway_of("n1", "10.1.0.9/16", NULL);
    const size_t before = w->database.n;

    gateway.interface = "breth0";
    for (int there = 0; there < 2; there++) {
        add_rampout(w, "n3", there ? "192.168.2.0/24" : NULL);
        if (there) {
            have_gateway(w, "n1", "10.0.0.7/24", NULL);
        }
        succeed(add_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1"));
        succeed(ovnk8s_gateway_add(w->plan, &gateway));
        settle(w);
        assert_null(port_in(&w->database, "eth1_n1"));
        assert_null(nat_in(&w->database, "n1", 6));
        assert_null(route_in(&w->database, "out", "n1", "0.0.0.0/0"));
        assert_string_equal(join_of(w, "n1"), "100.64.1.3/24,fd98::3/64");
        succeed(ovnk8s_gateway_delete(w->plan, "n1"));
        succeed(add_gateway(w, "n1", FOUR, NULL));
        settle(w);
        assert_string_equal(join_of(w, "n1"), "100.64.1.3/24,fd98::3/64");
        assert_null(port_in(&w->database, "breth0_n1"));
        succeed(ovnk8s_topology_repair(w->plan));
        assert_nothing_to_do(w);
        renew(w);
        succeed(ovnk8s_gateway_add(w->plan, &gateway));
        succeed(ovnk8s_gateway_delete(w->plan, "n1"));
        succeed(ovnk8s_gateway_delete(w->plan, "n3"));
        settle(w);
        assert_int_equal(w->database.n, before);
    }
}

/* A gateway without a default route unless it is the first has none when it is not any more. */
static void a_single_default_that_was_the_first_for_a_while_leaves_nothing(void **state)
{
    struct world *w = *state;
    ovnk8s_gateway gateway = gateway_of("n2", "10.0.0.6/24", "10.0.0.1");

    gateway.single_default = true;
    have_gateway(w, "n1", FOUR, NULL);
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    settle(w);
    have_gateway(w, "n3", "10.0.0.7/24", NULL);
    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    succeed(ovnk8s_gateway_delete(w->plan, "n2"));
    settle(w);
    assert_true(is_first(w, "n3"));
    assert_null(route_in(&w->database, "default", "n2", "0.0.0.0/0"));
    assert_int_equal(count_of(w, "GR_n2"), 0);
}

/* Witnesses. */

typedef struct row *witness_fn(const struct rows *rows, const char *node);

static witness_fn *const witnesses[] = {gateway_ledger_in, gateway_router_in, outer_switch_in};

static void assert_repaired(struct world *w)
{
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    settle(w);
    assert_string_equal(join_of(w, "n1"), "100.64.1.2/24,fd98::2/64");
    assert_string_equal(join_of(w, "n2"), "100.64.1.3/24,fd98::3/64");
    assert_string_equal(row_string(nat_in(&w->database, "n1", 4), "external_ip"), "10.0.0.5");
    assert_true(is_first(w, "n1"));
    succeed(add_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1"));
    assert_nothing_to_do(w);
}

static void any_two_witnesses_decide(void **state)
{
    static const char *const lies[] = {
        NULL, "", "rubbish",
        "node=n1 chassis=x interface=eth7 mac=02:00:00:00:00:77 addresses=10.7.0.7/24"
        " join=100.64.1.7/24 via= rampout= first=no single=yes",
        "node=n2 chassis=x interface=eth7 mac=02:00:00:00:00:77 addresses=10.7.0.7/24"
        " join=100.64.1.7/24 via= rampout= first=yes single=yes"};
    struct world *w = *state;

    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    have_gateway(w, "n2", "10.0.0.6/24", "10.0.0.1");
    for (size_t i = 0; i < 3; i++) {
        for (size_t lie = 0; lie < COUNT_OF(lies); lie++) {
            edit_pair(witnesses[i](&w->database, "n1"), "external_ids", GATEWAY_KEY, lies[lie]);
            assert_repaired(w);
        }
        delete_row(w, witnesses[i](&w->database, "n1"));
        assert_repaired(w);
    }
}

static void one_witness_is_enough_when_others_are_silent(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
    have_gateway(w, "n2", "10.0.0.6/24", "10.0.0.1");
    for (size_t i = 0; i < 3; i++) {
        delete_row(w, witnesses[i](&w->database, "n1"));
        delete_row(w, witnesses[(i + 1) % 3](&w->database, "n1"));
        assert_repaired(w);
    }
}

static void a_gateway_is_deleted_by_any_two_witnesses(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < 3; i++) {
        have_gateway(w, "n1", BOTH, "10.0.0.1,fd10::1");
        delete_row(w, witnesses[i](&w->database, "n1"));
        delete_gateway(w, "n1");
        assert_int_equal(count_of(w, "GR_n1") + count_of(w, "ext_n1"), 0);
        succeed(ovnk8s_topology_repair(w->plan));
        assert_nothing_to_do(w);
        renew(w);
    }
}

/* Two gateways that both claim it, or none. */
static void there_is_one_first_gateway_after_a_repair(void **state)
{
    struct world *w = *state;

    have_gateway(w, "n1", FOUR, NULL);
    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    for (int claims = 0; claims < 2; claims++) {
        const char *node = claims ? "n2" : "n1";

        for (size_t i = 0; i < 3; i++) {
            struct row *row = witnesses[i](&w->database, node);
            char text[512];

            snprintf(text, sizeof text, "%s", row_pair(row, "external_ids", GATEWAY_KEY));
            assert_non_null(strstr(text, claims ? "first=no" : "first=yes"));
            memcpy(strstr(text, " first="), claims ? " first=yes" : " first=no ", 10);
            if (claims) {
                strcpy(strstr(text, " first="), " first=yes single=no");
            }
            edit_pair(row, "external_ids", GATEWAY_KEY, arena_strdup(&w->database.arena, text));
        }
        renew(w);
        succeed(ovnk8s_topology_repair(w->plan));
        settle(w);
        assert_int_equal(is_first(w, "n1") + is_first(w, "n2"), 1);
        succeed(ovnk8s_topology_repair(w->plan));
        assert_nothing_to_do(w);
        renew(w);
    }
}

/* Reading. */

static void a_topology_tells_its_gateways(void **state)
{
    struct world *w = *state;
    const ovnk8s_gateway_state *gateway;
    ovnk8s_topology *topology;

    add_rampout(w, "n2", "192.168.2.0/24,fd01:0:0:2::/64");
    have_gateway(w, "n1", "10.0.0.6/24", NULL);
    succeed(ovnk8s_topology_read(w->plan, NULL, 0));
    succeed(compute(w));
    succeed(ovnk8s_topology_new(&topology, w->plan));
    assert_int_equal(ovnk8s_topology_gateways(topology), 2);
    gateway = ovnk8s_topology_gateway(topology, 1);
    assert_string_equal(gateway->gateway->node, "n2");
    assert_string_equal(gateway->gateway->chassis, "n2-chassis");
    assert_string_equal(gateway->gateway->interface, "eth1");
    assert_string_equal(gateway->gateway->mac, "02:00:00:00:00:05");
    assert_string_equal(gateway->gateway->physical_ips, BOTH);
    assert_string_equal(gateway->gateway->default_gateways, "10.0.0.1");
    assert_string_equal(gateway->gateway->rampout_subnets, "192.168.2.0/24,fd01:0:0:2::/64");
    assert_string_equal(gateway->join_addresses, "100.64.1.2/24,fd98::2/64");
    assert_true(gateway->is_first);
    gateway = ovnk8s_topology_gateway(topology, 0);
    assert_string_equal(gateway->gateway->default_gateways, "");
    assert_string_equal(gateway->gateway->rampout_subnets, "");
    assert_false(gateway->is_first);
    assert_null(ovnk8s_topology_gateway(topology, 2));
    renew(w);
    succeed(ovnk8s_gateway_add(w->plan, ovnk8s_topology_gateway(topology, 0)->gateway));
    succeed(ovnk8s_gateway_add(w->plan, ovnk8s_topology_gateway(topology, 1)->gateway));
    assert_nothing_to_do(w);
    ovnk8s_topology_free(topology);
}

static void the_gateway_of_one_node_is_read(void **state)
{
    struct world *w = *state;
    ovnk8s_topology *topology;

    have_gateway(w, "n1", FOUR, NULL);
    have_gateway(w, "n2", "10.0.0.6/24", NULL);
    succeed(ovnk8s_topology_read(w->plan, "n2", 0));
    succeed(compute(w));
    succeed(ovnk8s_topology_new(&topology, w->plan));
    assert_int_equal(ovnk8s_topology_gateways(topology), 1);
    assert_string_equal(ovnk8s_topology_gateway(topology, 0)->gateway->node, "n2");
    ovnk8s_topology_free(topology);
}

/* Bad input. */

static void malformed_gateways_are_refused(void **state)
{
    static const struct {
        size_t field;
        const char *value, *message;
    } bad[] = {
#define FIELD(NAME) offsetof(ovnk8s_gateway, NAME)
        {FIELD(chassis), NULL, "chassis \"\": expected 1 to 255 characters without spaces"},
        {FIELD(chassis), "a b", "chassis \"a b\": expected 1 to 255 characters without spaces"},
        {FIELD(interface), "", "interface \"\": expected 1 to 15 characters without spaces"},
        {FIELD(interface), "0123456789abcdef",
         "interface \"0123456789abcdef\": expected 1 to 15 characters without spaces"},
        {FIELD(mac), "x", "MAC \"x\": expected a unicast one such as 0a:58:0a:01:02:03"},
        {FIELD(mac), "01:00:00:00:00:05",
         "MAC \"01:00:00:00:00:05\": expected a unicast one such as 0a:58:0a:01:02:03"},
        {FIELD(physical_ips), NULL,
         "physical ip \"\": expected ADDRESS/LENGTH, or one of IPv4 and one of IPv6 with a comma"
         " between"},
        {FIELD(physical_ips), "10.0.0.5",
         "physical ip \"10.0.0.5\": expected ADDRESS/LENGTH, or one of IPv4 and one of IPv6 with a"
         " comma between"},
        {FIELD(default_gateways), "10.0.1.1",
         "default gateway 10.0.1.1 is no other address of the network of 10.0.0.5/24"},
        {FIELD(default_gateways), "10.0.0.5",
         "default gateway 10.0.0.5 is no other address of the network of 10.0.0.5/24"},
        {FIELD(default_gateways), "fd20::1",
         "default gateway fd20::1 is no other address of the network of fd10::5/64"},
        {FIELD(default_gateways), "10.0.0.1,10.0.0.2",
         "default gateway \"10.0.0.2\": expected an address, or one of IPv4 and one of IPv6"},
        {FIELD(default_gateways), "10.0.0.1,",
         "default gateway \"\": expected an address, or one of IPv4 and one of IPv6"},
        {FIELD(rampout_subnets), "192.168.2.1/24",
         "rampout subnet \"192.168.2.1/24\": expected ADDRESS/LENGTH without host bits"},
        {FIELD(rampout_subnets), "192.168.2.0/24,x",
         "rampout subnet \"x\": expected ADDRESS/LENGTH without host bits"},
        {FIELD(cluster_subnet), "192.168.2.1/24",
         "cluster subnet \"192.168.2.1/24\": host bits are set: expected 192.168.2.0/24"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        ovnk8s_gateway gateway = gateway_of("n1", BOTH, "10.0.0.1");

        memcpy((char *)&gateway + bad[i].field, &bad[i].value, sizeof bad[i].value);
        assert_failed(ovnk8s_gateway_add(w->plan, &gateway), OVNK8S_INVALID, bad[i].message);
    }
    assert_int_equal(add_gateway(w, "N_1", FOUR, NULL), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_gateway_delete(w->plan, "N_1"), OVNK8S_INVALID);
    assert_null(w->plan->first);
}

static void gateways_without_a_place_are_refused(void **state)
{
    struct world *w = *state;
    ovnk8s_gateway gateway = gateway_of("n1", FOUR, NULL);

    succeed(add_gateway(w, "n9", FOUR, NULL));
    assert_refused(w, OVNK8S_NOTFOUND,
                   "adding gateway n9: there is no such node: add it first (minion-init)");
    renew(w);
    gateway.cluster_subnet = "192.168.0.0/16";
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    assert_refused(w, OVNK8S_INVALID,
                   "adding gateway n1: the cluster's subnet is 192.168.0.0/16,fd01::/48, not"
                   " 192.168.0.0/16");
}

static void without_a_cluster_there_is_no_gateway(void **state)
{
    struct world *w = *state;

    succeed(add_gateway(w, "n1", FOUR, NULL));
    assert_refused(w, OVNK8S_NOTFOUND,
                   "adding gateway n1: there is no cluster yet: add it first (master-init)");
    renew(w);
    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    assert_nothing_to_do(w);
}

static void all_can_be_added_by_one_plan(void **state)
{
    struct world *w = *state;

    succeed(add_cluster(w, "m", "192.168.0.0/16", NULL));
    succeed(add_node(w, "n1", NULL, NULL));
    succeed(add_node(w, "n2", NULL, NULL));
    succeed(add_gateway(w, "n1", FOUR, NULL));
    succeed(add_gateway(w, "n2", "10.0.0.6/24", NULL));
    settle(w);
    assert_true(is_first(w, "n1"));
    assert_string_equal(join_of(w, "n2"), "100.64.1.3/24");
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NODES_TEST(a_gateway_is_a_router_between_two_switches),
        NODES_TEST(a_gateway_has_routes_and_nat_of_its_families),
        NODES_TEST(a_gateway_of_one_family_is_none_of_the_other),
        TEST(clusters_of_one_family_have_gateways),
        NODES_TEST(several_gateways_are_default_routes),
        NODES_TEST(a_single_default_is_the_first_s),
        NODES_TEST(join_addresses_are_never_given_twice),
        NODES_TEST(a_place_is_guarded),
        TEST(the_join_subnet_can_be_exhausted),
        NODES_TEST(places_are_known_without_the_ledger),
        NODES_TEST(adding_again_changes_nothing),
        NODES_TEST(parameters_can_be_changed),
        NODES_TEST(rampout_subnets_leave_by_a_gateway),
        NODES_TEST(pods_reach_the_host_of_a_shared_gateway),
        NODES_TEST(policies_for_the_host_follow_the_gateway),
        NODES_TEST(a_shared_gateway_becomes_the_first),
        NODES_TEST(deleting_leaves_nothing),
        NODES_TEST(another_one_becomes_the_first),
        NODES_TEST(gateways_go_with_their_nodes),
        NODES_TEST(several_go_in_one_plan),
        NODES_TEST(plans_add_and_delete_in_any_order),
        NODES_TEST(nothing_is_stated_twice),
        NODES_TEST(the_last_wish_counts),
        NODES_TEST(a_single_default_that_was_the_first_for_a_while_leaves_nothing),
        NODES_TEST(any_two_witnesses_decide),
        NODES_TEST(one_witness_is_enough_when_others_are_silent),
        NODES_TEST(a_gateway_is_deleted_by_any_two_witnesses),
        NODES_TEST(there_is_one_first_gateway_after_a_repair),
        NODES_TEST(a_topology_tells_its_gateways),
        NODES_TEST(the_gateway_of_one_node_is_read),
        NODES_TEST(malformed_gateways_are_refused),
        NODES_TEST(gateways_without_a_place_are_refused),
        TEST(without_a_cluster_there_is_no_gateway),
        TEST(all_can_be_added_by_one_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
