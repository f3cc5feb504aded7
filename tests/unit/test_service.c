/* What a service is in the Northbound database, and that it becomes what it is told to be, whatever
 * it was before. */

#include "topology/service.h"

#include <stdlib.h>

#include "topology/groups.h"
#include "topology/parts.h"
#include "topology_world.h"

enum { MOST = 4 };

/* A service that is being written down. */
struct draft {
    ovnk8s_service service;
    ovnk8s_service_port ports[MOST];
    ovnk8s_endpoint endpoints[MOST][8];
};

static void begin(struct draft *d, const char *cluster_ips)
{
    memset(d, 0, sizeof *d);
    ovnk8s_service_init(&d->service);
    d->service.service_namespace = "default";
    d->service.name = "web";
    d->service.cluster_ips = cluster_ips;
    d->service.ports = d->ports;
}

static ovnk8s_service_port *add_port(struct draft *d, const char *protocol, uint16_t port)
{
    const size_t i = d->service.n_ports++;

    ovnk8s_service_port_init(&d->ports[i]);
    d->ports[i].protocol = protocol;
    d->ports[i].port = port;
    d->ports[i].endpoints = d->endpoints[i];
    return &d->ports[i];
}

static ovnk8s_endpoint *add_endpoint(struct draft *d, const char *address, const char *node)
{
    const size_t i = d->service.n_ports - 1;
    ovnk8s_endpoint *endpoint = &d->endpoints[i][d->ports[i].n_endpoints++];

    ovnk8s_endpoint_init(endpoint);
    endpoint->address = address;
    endpoint->port = 8080;
    endpoint->node = node;
    return endpoint;
}

/* Two endpoints on two nodes. */
static void usual(struct draft *d)
{
    begin(d, "10.96.0.1,fd96::1");
    add_port(d, "tcp", 80);
    add_endpoint(d, "192.168.1.3", "n1");
    add_endpoint(d, "192.168.2.3", "n2");
    add_endpoint(d, "fd01:0:0:1::3", "n1");
}

static void have(struct world *w, const struct draft *d)
{
    succeed(ovnk8s_service_add(w->plan, &d->service));
    settle(w);
}

/* A cluster of both families with three nodes, two of which are gateways. */
static int set_up_cluster(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;

    succeed(add_cluster(w, "m", "192.168.0.0/16,fd01::/48", NULL));
    succeed(add_node(w, "n1", "192.168.1.0/24,fd01:0:0:1::/64", NULL));
    succeed(add_node(w, "n2", "192.168.2.0/24,fd01:0:0:2::/64", NULL));
    succeed(add_node(w, "n3", "192.168.3.0/24,fd01:0:0:3::/64", NULL));
    succeed(add_gateway(w, "n1", "10.0.0.5/24,fd10::5/64", "10.0.0.1"));
    settle(w);
    succeed(add_gateway(w, "n2", "10.0.0.6/24,fd10::6/64", "10.0.0.1"));
    settle(w);
    return error;
}

#define SERVICE_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_cluster, tear_down)

static const struct row *balancer(const struct world *w, const char *part)
{
    char name[128];

    snprintf(name, sizeof name, "default/web %s", part);
    return rows_find(&w->database, BALANCER_TABLE, row_id(OWNER, BALANCER_TABLE, name));
}

static void assert_vip(const struct world *w, const char *part, const char *vip,
                       const char *endpoints)
{
    const char *there = row_pair(balancer(w, part), "vips", vip);

    if (!there || strcmp(there, endpoints) != 0) {
        fail_msg("%s: %s is \"%s\" instead of \"%s\"", part, vip, there ? there : "(not there)",
                 endpoints);
    }
}

static bool is_in(const struct world *w, const char *group, const char *part)
{
    const struct row *row = balancer(w, part);

    assert_non_null(row);
    return row_refers(rows_find(&w->database, GROUP_TABLE, group_id(OWNER, group)), "load_balancer",
                      row->id);
}

static size_t count(const struct world *w, const char *table)
{
    size_t n = 0;

    for (const struct row *row = w->database.first; row; row = row->next) {
        n += !strcmp(row->table, table);
    }
    return n;
}

/* Rows. */

static void switches_and_routers_are_in_groups(void **state)
{
    struct world *w = *state;

    assert_int_equal(count(w, GROUP_TABLE), 2 + 3 + 2);
    assert_true(row_refers(switch_in(&w->database, "n3"), "load_balancer_group",
                           group_id(OWNER, "switches")));
    assert_true(row_refers(switch_in(&w->database, "n3"), "load_balancer_group",
                           group_id(OWNER, "switch/n3")));
    assert_true(row_refers(gateway_router_in(&w->database, "n1"), "load_balancer_group",
                           group_id(OWNER, "routers")));
    assert_true(row_refers(gateway_router_in(&w->database, "n1"), "load_balancer_group",
                           group_id(OWNER, "router/n1")));
    assert_string_equal(
        row_string(rows_find(&w->database, GROUP_TABLE, group_id(OWNER, "routers")), "name"),
        "k8s/routers");
}

static void a_cluster_ip_has_the_endpoints_of_its_family(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    succeed(ovnk8s_service_add(w->plan, &d.service));
    assert_int_equal(apply(w), 3);
    assert_nothing_to_do(w);
    assert_int_equal(count(w, BALANCER_TABLE), 1);
    assert_vip(w, "tcp", "10.96.0.1:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp", "[fd96::1]:80", "[fd01:0:0:1::3]:8080");
    assert_true(is_in(w, "switches", "tcp") && is_in(w, "routers", "tcp"));
    assert_string_equal(row_string(balancer(w, "tcp"), "protocol"), "tcp");
    assert_string_equal(row_pair(balancer(w, "tcp"), "options", "reject"), "true");
    assert_string_equal(row_pair(balancer(w, "tcp"), "external_ids", "k8s-service-name"), "web");
    assert_null(row_pair(balancer(w, "tcp"), "options", "skip_snat"));
}

static void addresses_without_endpoints_refuse(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.ports[0].n_endpoints = 2;
    have(w, &d);
    assert_vip(w, "tcp", "10.96.0.1:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp refused", "[fd96::1]:80", "");
    assert_null(row_pair(balancer(w, "tcp"), "vips", "[fd96::1]:80"));
    assert_string_equal(row_pair(balancer(w, "tcp refused"), "options", "skip_snat"), "true");
    assert_string_equal(row_pair(balancer(w, "tcp refused"), "options", "reject"), "true");
    usual(&d);
    have(w, &d);
    assert_null(balancer(w, "tcp refused"));
}

static void terminating_endpoints_serve_where_there_is_no_other(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.endpoints[0][0].is_terminating = true;
    d.service.internal_local = true;
    have(w, &d);
    assert_vip(w, "tcp node n1", "10.96.0.1:80", "192.168.1.3:8080");
    d.service.internal_local = false;
    have(w, &d);
    assert_vip(w, "tcp", "10.96.0.1:80", "192.168.2.3:8080");
    assert_null(balancer(w, "tcp node n1"));
}

static void each_protocol_has_a_row(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    add_port(&d, "udp", 53);
    add_endpoint(&d, "192.168.1.3", "n1")->port = 5353;
    add_port(&d, "sctp", 99);
    add_endpoint(&d, "192.168.1.3", "n1");
    add_port(&d, "tcp", 443);
    add_endpoint(&d, "192.168.1.3", "n1")->port = 8443;
    d.service.cluster_ips = "10.96.0.1";
    have(w, &d);
    assert_vip(w, "tcp", "10.96.0.1:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp", "10.96.0.1:443", "192.168.1.3:8443");
    assert_vip(w, "udp", "10.96.0.1:53", "192.168.1.3:5353");
    assert_string_equal(row_string(balancer(w, "sctp"), "protocol"), "sctp");
    d.service.n_ports = 1;
    have(w, &d);
    assert_null(balancer(w, "udp"));
    assert_null(balancer(w, "sctp"));
    assert_null(row_pair(balancer(w, "tcp"), "vips", "10.96.0.1:443"));
}

static void external_addresses_are_like_cluster_ips(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.service.external_ips = "203.0.113.9,2001:db8::9";
    d.service.load_balancer_ips = "203.0.113.9,203.0.113.10";
    have(w, &d);
    assert_vip(w, "tcp", "203.0.113.9:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp", "203.0.113.10:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp", "[2001:db8::9]:80", "[fd01:0:0:1::3]:8080");
    assert_int_equal(count(w, BALANCER_TABLE), 1);
}

/* What is another service's is left out of everything, at that port alone. */
static void a_port_may_not_be_at_an_address(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    add_port(&d, "tcp", 81);
    add_endpoint(&d, "192.168.1.3", "n1");
    d.service.external_ips = "203.0.113.9,203.0.113.10";
    d.service.external_local = true;
    d.ports[0].not_at = "203.0.113.9,fd96::1";
    have(w, &d);
    assert_null(row_pair(balancer(w, "tcp"), "vips", "203.0.113.9:80"));
    assert_null(row_pair(balancer(w, "tcp"), "vips", "[fd96::1]:80"));
    assert_null(row_pair(balancer(w, "tcp local n1"), "vips", "203.0.113.9:80"));
    assert_vip(w, "tcp", "203.0.113.9:81", "192.168.1.3:8080");
    assert_vip(w, "tcp local n1", "203.0.113.9:81", "192.168.1.3:8080");
    assert_vip(w, "tcp", "10.96.0.1:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp", "203.0.113.10:80", "192.168.1.3:8080,192.168.2.3:8080");
    d.ports[0].not_at = "203.0.113";
    assert_int_equal(ovnk8s_service_add(w->plan, &d.service), OVNK8S_INVALID);
    d.ports[0].not_at = "";
    have(w, &d);
    assert_vip(w, "tcp", "203.0.113.9:80", "192.168.1.3:8080,192.168.2.3:8080");
}

static void sessions_stick_by_the_address_of_the_client(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.service.affinity_s = 10800;
    have(w, &d);
    assert_string_equal(row_string(balancer(w, "tcp"), "selection_fields"), "ip_src");
    d.service.affinity_s = 0;
    have(w, &d);
    assert_null(row_string(balancer(w, "tcp"), "selection_fields"));
}

static void node_ports_are_at_each_gateway(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.ports[0].node_port = 30080;
    have(w, &d);
    assert_vip(w, "tcp gateway n1", "10.0.0.5:30080", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp gateway n1", "[fd10::5]:30080", "[fd01:0:0:1::3]:8080");
    assert_vip(w, "tcp gateway n2", "10.0.0.6:30080", "192.168.1.3:8080,192.168.2.3:8080");
    assert_true(is_in(w, "switches", "tcp gateway n1") && is_in(w, "router/n1", "tcp gateway n1"));
    assert_int_equal(count(w, POLICY_TABLE), 0);
}

static void local_traffic_stays_on_its_node(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.ports[0].node_port = 30080;
    d.service.external_ips = "203.0.113.9";
    d.service.external_local = d.service.internal_local = true;
    have(w, &d);
    assert_true(is_in(w, "switches", "tcp") && !is_in(w, "routers", "tcp"));
    assert_null(row_pair(balancer(w, "tcp"), "vips", "10.96.0.1:80"));
    assert_vip(w, "tcp", "203.0.113.9:80", "192.168.1.3:8080,192.168.2.3:8080");
    assert_vip(w, "tcp node n1", "10.96.0.1:80", "192.168.1.3:8080");
    assert_vip(w, "tcp node n2", "10.96.0.1:80", "192.168.2.3:8080");
    assert_true(is_in(w, "switch/n1", "tcp node n1"));
    assert_vip(w, "tcp local n2", "203.0.113.9:80", "192.168.2.3:8080");
    assert_vip(w, "tcp local n2", "10.0.0.6:30080", "192.168.2.3:8080");
    assert_vip(w, "tcp local n2 refused", "[fd10::6]:30080", "");
    assert_true(is_in(w, "router/n2", "tcp local n2"));
    assert_string_equal(row_pair(balancer(w, "tcp local n2"), "options", "skip_snat"), "true");
    assert_true(!is_in(w, "router/n1", "tcp gateway n1"));
    assert_int_equal(count(w, POLICY_TABLE), 3);
}

static void replies_of_local_endpoints_leave_by_their_gateway(void **state)
{
    struct world *w = *state;
    const struct row *policy;
    struct draft d;

    usual(&d);
    d.ports[0].node_port = 30080;
    d.service.external_local = true;
    have(w, &d);
    policy = rows_find(&w->database, POLICY_TABLE,
                       service_policy_id(OWNER, "default", "web", 0, "n2", 4));
    assert_string_equal(row_string(policy, "match"),
                        "((ip4.src == 192.168.2.3 && tcp.src == 8080)) &&"
                        " ip4.dst != {192.168.0.0/16, 100.64.1.0/24}");
    assert_string_equal(row_string(policy, "action"), "reroute");
    assert_string_equal(row_string(policy, "nexthop"), "100.64.1.3");
    assert_int_equal(row_integer(policy, "priority"), PRIORITY_LOCAL_REPLIES);
    assert_true(row_refers(router_in(&w->database), "policies", policy->id));
    succeed(ovnk8s_service_delete(w->plan, "default", "web"));
    settle(w);
    assert_int_equal(count(w, POLICY_TABLE) + count(w, BALANCER_TABLE), 0);
}

/* Nodes, gateways and clusters come and go. */

static void a_new_node_or_gateway_touches_no_service(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.ports[0].node_port = 30080;
    have(w, &d);
    succeed(add_node(w, "n4", NULL, NULL));
    succeed(add_gateway(w, "n3", "10.0.0.7/24,fd10::7/64", "10.0.0.1"));
    apply(w);
    for (const struct row *row = w->plan->wanted.first; row; row = row->next) {
        assert_string_not_equal(row->table, BALANCER_TABLE);
    }
    renew(w);
    succeed(ovnk8s_service_add(w->plan, &d.service));
    assert_int_equal(apply(w), 3); /* Of the new gateway, in two groups. */
    assert_vip(w, "tcp gateway n3", "10.0.0.7:30080", "192.168.1.3:8080,192.168.2.3:8080");
}

static void what_was_of_a_node_goes_with_it(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.ports[0].node_port = 30080;
    d.service.external_local = d.service.internal_local = true;
    have(w, &d);
    succeed(ovnk8s_node_delete(w->plan, "n2"));
    settle(w);
    assert_null(balancer(w, "tcp node n2"));
    assert_null(balancer(w, "tcp local n2"));
    assert_non_null(balancer(w, "tcp local n1"));
    assert_int_equal(count(w, POLICY_TABLE), 2);
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    settle(w);
    assert_int_equal(w->database.n, 0);
}

static void a_repair_brings_groups_back_with_what_was_in_them(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.service.internal_local = true;
    d.service.external_ips = "203.0.113.9";
    have(w, &d);
    delete_row(w, rows_find(&w->database, GROUP_TABLE, group_id(OWNER, "switch/n1")));
    row_find_column(switch_in(&w->database, "n1"), "load_balancer_group")->n = 0;
    succeed(ovnk8s_topology_repair(w->plan));
    settle(w);
    assert_true(is_in(w, "switch/n1", "tcp node n1"));
    assert_true(row_refers(switch_in(&w->database, "n1"), "load_balancer_group",
                           group_id(OWNER, "switches")));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

/* As before there were services. */
static void a_cluster_without_groups_gets_them_with_the_first_service(void **state)
{
    struct world *w = *state;
    struct draft d;

    for (struct row *row = w->database.first; row; row = row->next) {
        if (row_find_column(row, "load_balancer_group")) {
            row_find_column(row, "load_balancer_group")->n = 0;
        }
    }
    for (const struct row *row; (row = rows_first(&w->database, GROUP_TABLE));) {
        delete_row(w, row);
    }
    usual(&d);
    d.service.internal_local = true;
    have(w, &d);
    switches_and_routers_are_in_groups(state);
    assert_true(is_in(w, "switch/n1", "tcp node n1"));
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
}

static void an_old_server_is_told_of_no_group(void **state)
{
    struct world *w = *state;
    struct rows asked = {.is_plain = true}, wanted = {.is_plain = true};
    struct draft d;

    usual(&d);
    succeed(ovnk8s_service_add(w->plan, &d.service));
    succeed(plan_ask(w->plan, &w->scene, &asked));
    assert_int_equal(asked.n, 0);
    assert_failed(plan_resolve(w->plan, &w->scene, &wanted), OVNK8S_UNSUPPORTED,
                  "adding service default/web: the server has no table Load_Balancer_Group:"
                  " services need OVN 21.12 or newer");
    rows_clear(&asked);
    rows_clear(&wanted);
}

/* Any service becomes any other one. */

static unsigned int dice(unsigned int n)
{
    return (unsigned int)rand() % n;
}

static void throw(struct draft * d)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    static const char *const cluster[] = {"10.96.0.1", "10.96.0.1,fd96::1", "fd96::2", NULL};
    static const char *const external[] = {NULL, "203.0.113.9", "203.0.113.9,2001:db8::9"};
    static const char *const nodes[] = {"n1", "n2", "n3", "n9", NULL};
    static const char *const addresses[] = {"192.168.1.3", "192.168.2.3", "fd01:0:0:1::3",
                                            "192.168.3.9"};

    begin(d, cluster[dice(4)]);
    d->service.external_ips = external[dice(3)];
    d->service.affinity_s = dice(2) * 60;
    d->service.internal_local = dice(2);
    d->service.external_local = dice(2);
    for (unsigned int i = 0, n = 1 + dice(MOST); i < n; i++) {
        add_port(d, protocols[dice(3)], (uint16_t)(80 + i))->node_port =
            (uint16_t)(dice(2) * (30000 + i));
        for (unsigned int j = 0, m = dice(5); j < m; j++) {
            add_endpoint(d, addresses[dice(4)], nodes[dice(5)])->is_terminating = dice(2);
        }
    }
}

/* All rows, whatever their order, but the generations of the ledger. */
static uint64_t sum_of(const struct world *w)
{
    uint64_t sum = 0;

    for (const struct row *row = w->database.first; row; row = row->next) {
        for (const struct column *c = row->columns; c; c = c->next) {
            for (size_t i = 0; i < c->n; i++) {
                const struct atom *atom = c->atoms + i * (c->is_map ? 2 : 1);
                char text[4096] = "";
                uint64_t hash = 14695981039346656037ULL;

                snprintf(text, sizeof text, "%s %s ", row->table, c->name);
                add_atom(text, sizeof text, &(struct atom){.type = ATOM_ROW, .row = row->id});
                add_atom(text, sizeof text, atom);
                if (c->is_map) {
                    add_atom(text, sizeof text, atom + 1);
                }
                for (const char *at = text; *at; at++) {
                    hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
                }
                sum += strstr(text, "ovnk8s-generation") ? 0 : hash;
            }
        }
    }
    return sum;
}

static void any_service_becomes_any_other(void **state)
{
    struct world *w = *state;
    const char *given = getenv("SEED");
    const unsigned int seed = given ? (unsigned int)atoi(given) : 1;

    srand(seed);
    for (unsigned int i = 0; i < 150; i++) {
        struct draft d;
        uint64_t over, alone;

        throw(&d);
        have(w, &d);
        throw(&d);
        have(w, &d);
        succeed(ovnk8s_service_add(w->plan, &d.service));
        assert_nothing_to_do(w);
        renew(w);
        over = sum_of(w);
        succeed(ovnk8s_service_delete(w->plan, "default", "web"));
        settle(w);
        assert_int_equal(count(w, BALANCER_TABLE) + count(w, POLICY_TABLE), 0);
        have(w, &d);
        alone = sum_of(w);
        if (over != alone) {
            fail_msg("round %u of seed %u: what was before is still to be seen", i, seed);
        }
    }
}

/* Bad input. */

static void assert_invalid(struct world *w, const struct draft *d, const char *message)
{
    assert_failed(ovnk8s_service_add(w->plan, &d->service), OVNK8S_INVALID, message);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct world *w = *state;
    struct draft d;

    usual(&d);
    d.service.n_ports = 0;
    assert_invalid(w, &d, "0 ports: expected 1 to 1000");
    usual(&d);
    d.ports[0].port = 0;
    assert_invalid(w, &d, "port 0: expected 1 to 65535");
    usual(&d);
    d.ports[0].protocol = "icmp";
    assert_invalid(w, &d, "protocol \"icmp\": expected tcp, udp or sctp");
    usual(&d);
    d.ports[0].n_endpoints = 5000;
    assert_invalid(w, &d, "5000 endpoints of port 80: expected at most 4000");
    usual(&d);
    d.endpoints[0][0].address = "192.168.1.300";
    assert_invalid(w, &d, "endpoint address \"192.168.1.300\": expected an address");
    usual(&d);
    d.endpoints[0][0].port = 0;
    assert_invalid(w, &d, "endpoint port 0 of 192.168.1.3: expected 1 to 65535");
    usual(&d);
    d.service.cluster_ips = "10.96.0.1,10.96.0.2";
    assert_invalid(w, &d, "cluster ips: expected one address, or one of IPv4 and one of IPv6");
    usual(&d);
    d.service.external_ips = "1.2.3.4,x";
    assert_invalid(w, &d, "external ips \"x\": expected addresses with commas between");
    usual(&d);
    add_port(&d, "tcp", 80);
    assert_invalid(w, &d, "port 80/tcp is there twice");
    usual(&d);
    d.ports[0].node_port = 30080;
    add_port(&d, "tcp", 81)->node_port = 30080;
    assert_invalid(w, &d, "node port 30080/tcp is there twice");
    usual(&d);
    d.service.affinity_s = 86401;
    assert_invalid(w, &d, "affinity of 86401 s: expected at most 86400");
    usual(&d);
    d.service.name = "a b";
    assert_int_equal(ovnk8s_service_add(w->plan, &d.service), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_service_delete(w->plan, "default", NULL), OVNK8S_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVICE_TEST(switches_and_routers_are_in_groups),
        SERVICE_TEST(a_cluster_ip_has_the_endpoints_of_its_family),
        SERVICE_TEST(addresses_without_endpoints_refuse),
        SERVICE_TEST(terminating_endpoints_serve_where_there_is_no_other),
        SERVICE_TEST(each_protocol_has_a_row),
        SERVICE_TEST(external_addresses_are_like_cluster_ips),
        SERVICE_TEST(a_port_may_not_be_at_an_address),
        SERVICE_TEST(sessions_stick_by_the_address_of_the_client),
        SERVICE_TEST(node_ports_are_at_each_gateway),
        SERVICE_TEST(local_traffic_stays_on_its_node),
        SERVICE_TEST(replies_of_local_endpoints_leave_by_their_gateway),
        SERVICE_TEST(a_new_node_or_gateway_touches_no_service),
        SERVICE_TEST(what_was_of_a_node_goes_with_it),
        SERVICE_TEST(a_repair_brings_groups_back_with_what_was_in_them),
        SERVICE_TEST(a_cluster_without_groups_gets_them_with_the_first_service),
        SERVICE_TEST(an_old_server_is_told_of_no_group),
        SERVICE_TEST(any_service_becomes_any_other),
        SERVICE_TEST(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
