/* Traces: which object is found to be in the way when one of them is broken. */

#include "topology_world.h"

#include <ovnk8s/trace.h>

#include "base/mem.h"

/* Two nodes, a pod on each, and a gateway; with what ovn-northd and the chassis make of them, and
 * Open vSwitch of the first node. */
struct lab {
    struct world world;
    struct rows sb, vswitch;
    ovnk8s_plan *sb_plan, *vswitch_plan;
};

static struct lab lab;

/* Rows of the other two databases have identities of their own. */
static struct row_id id_of(const char *name)
{
    return row_id("test", "", name);
}

static void put_string(struct row *row, const char *column, const char *value)
{
    row_is_string(row, column, value);
}

static void put_pair(struct row *row, const char *column, const char *key, const char *value)
{
    const struct atom pair[] = {{.string = key}, {.string = value}};

    row_add_atoms(row, column, COLUMN_IS, true, pair, 1);
}

static void put_row(struct row *row, const char *column, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};

    row_add_atoms(row, column, COLUMN_IS, false, &atom, 1);
}

static struct row *have_row(struct rows *rows, const char *table, const char *name)
{
    struct row *row = rows_want(rows, table, id_of(name), NULL);

    put_string(row, "name", name);
    return row;
}

static void have_chassis(const char *node, const char *ip)
{
    char name[64];
    struct row *chassis, *encap;

    snprintf(name, sizeof name, "%s-encap", node);
    encap = rows_want(&lab.sb, "Encap", id_of(name), NULL);
    put_string(encap, "type", "geneve");
    put_string(encap, "ip", ip);
    snprintf(name, sizeof name, "%s-chassis", node);
    chassis = have_row(&lab.sb, "Chassis", name);
    put_string(chassis, "hostname", node);
    put_row(chassis, "encaps", encap->id);
}

static void have_binding(const char *port, const char *chassis)
{
    char name[64];
    struct row *row;

    snprintf(name, sizeof name, "binding of %s", port);
    row = rows_want(&lab.sb, "Port_Binding", id_of(name), NULL);
    put_string(row, "logical_port", port);
    put_row(row, "chassis", id_of(chassis));
    row_is_boolean(row, "up", true);
}

/* An interface in a port of its own on a bridge. */
static struct row *have_interface(const char *bridge, const char *name, const char *iface_id)
{
    struct row *interface = have_row(&lab.vswitch, "Interface", name);
    struct row *port = rows_want(&lab.vswitch, "Port", row_id("test", "Port", name), NULL);

    put_row(port, "interfaces", interface->id);
    put_row(rows_find(&lab.vswitch, "Bridge", id_of(bridge)), "ports", port->id);
    row_is_integer(interface, "ofport", 5);
    put_string(interface, "type", "");
    if (iface_id) {
        put_pair(interface, "external_ids", "iface-id", iface_id);
        put_pair(interface, "external_ids", "ovn-installed", "true");
    }
    return interface;
}

static int set_up_lab(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;
    struct row *settings;

    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    succeed(add_node(w, "n1", "10.1.0.0/24", NULL));
    succeed(add_node(w, "n2", "10.2.0.0/24", NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "b", "n2", NULL));
    succeed(add_gateway(w, "n1", "10.33.74.5/24", "10.33.74.253"));
    settle(w);
    have_chassis("n1", "10.99.0.11");
    have_chassis("n2", "10.99.0.12");
    have_binding("default_a", "n1-chassis");
    have_binding("default_b", "n2-chassis");
    have_binding("k8s-n2", "n2-chassis");
    have_binding("eth1_n1", "n1-chassis");
    settings = rows_want(&lab.vswitch, "Open_vSwitch", id_of("settings"), NULL);
    put_pair(settings, "external_ids", "system-id", "n1-chassis");
    have_row(&lab.vswitch, "Bridge", "br-int");
    have_row(&lab.vswitch, "Bridge", "br-other");
    put_pair(have_interface("br-int", "veth-a", "default_a"), "external_ids", "ip_address",
             "10.1.0.3/24");
    have_interface("br-int", "eth1", "eth1_n1");
    put_pair(have_interface("br-int", "ovn-n2-0", NULL), "options", "remote_ip", "10.99.0.12");
    put_string(rows_find(&lab.vswitch, "Interface", id_of("ovn-n2-0")), "type", "geneve");
    return error;
}

static int tear_down_lab(void **state)
{
    ovnk8s_plan_free(lab.sb_plan);
    ovnk8s_plan_free(lab.vswitch_plan);
    lab.sb_plan = lab.vswitch_plan = NULL;
    rows_clear(&lab.sb);
    rows_clear(&lab.vswitch);
    return tear_down(state);
}

#define LAB_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_lab, tear_down_lab)

/* Asking. */

/* Computes a plan for another database than the Northbound one. */
static ovnk8s_plan *read_other(struct rows *database, int (*read)(ovnk8s_plan *, struct world *),
                               struct world *nb)
{
    struct world w = {.scene = {.owner = OWNER}};

    w.scene.notes = &w.notes;
    succeed(ovnk8s_plan_new(&w.plan, NULL));
    succeed(read(w.plan, nb));
    w.database = *database;
    succeed(compute(&w));
    assert_int_equal(ovnk8s_plan_changes(w.plan), 0);
    rows_clear(&w.asked);
    notes_clear(&w.notes);
    return w.plan;
}

static int read_sb(ovnk8s_plan *plan, struct world *nb)
{
    return ovnk8s_trace_read_sb(plan, nb->plan);
}

static int read_vswitch(ovnk8s_plan *plan, struct world *nb)
{
    (void)nb;
    return ovnk8s_trace_read_vswitch(plan);
}

static ovnk8s_trace *trace_port(struct world *w, const char *source, const char *destination,
                                const char *port)
{
    ovnk8s_trace_query query = OVNK8S_TRACE_QUERY_INIT;
    ovnk8s_trace *trace;

    query.source = source;
    query.destination = destination;
    query.port = port;
    renew(w);
    ovnk8s_plan_free(lab.sb_plan);
    ovnk8s_plan_free(lab.vswitch_plan);
    succeed(ovnk8s_trace_read_nb(w->plan, &query));
    succeed(compute(w));
    assert_int_equal(ovnk8s_plan_changes(w->plan), 0);
    lab.sb_plan = read_other(&lab.sb, read_sb, w);
    lab.vswitch_plan = read_other(&lab.vswitch, read_vswitch, w);
    succeed(ovnk8s_trace_new(&trace, w->plan, lab.sb_plan, lab.vswitch_plan));
    return trace;
}

static ovnk8s_trace *trace(struct world *w, const char *source, const char *destination)
{
    return trace_port(w, source, destination, NULL);
}

static void assert_reachable(struct world *w, const char *source, const char *destination)
{
    ovnk8s_trace *t = trace(w, source, destination);
    char *text;

    succeed(ovnk8s_trace_text(t, &text));
    if (!ovnk8s_trace_is_reachable(t)) {
        fail_msg("%s", text);
    }
    ovnk8s_free(text);
    ovnk8s_trace_free(t);
}

static void assert_trace_breaks(ovnk8s_trace *t, const char *table, const char *object,
                                const char *words)
{
    const ovnk8s_hop *last = ovnk8s_trace_hop(t, ovnk8s_trace_hops(t) - 1);

    if (ovnk8s_trace_is_reachable(t) || last->is_ok || strcmp(last->table, table) != 0 ||
        strcmp(last->object, object) != 0 || !strstr(last->text, words) || !*last->mend) {
        char *text;

        succeed(ovnk8s_trace_text(t, &text));
        fail_msg("expected %s %s: %s\n%s", table, object, words, text);
    }
    ovnk8s_trace_free(t);
}

static void assert_breaks(struct world *w, const char *source, const char *destination,
                          const char *table, const char *object, const char *words)
{
    assert_trace_breaks(trace(w, source, destination), table, object, words);
}

/* Tests. */

static void all_is_reachable_in_a_healthy_cluster(void **state)
{
    assert_reachable(*state, "default/a", "default/b");
    assert_reachable(*state, "default/b", "default/a");
    assert_reachable(*state, "default/a", "node/n2");
    assert_reachable(*state, "node/n2", "default/a");
    assert_reachable(*state, "10.2.0.3", "10.1.0.3");
    assert_reachable(*state, "default/b", "outside");
    assert_reachable(*state, "default/a", "8.8.8.8");
    assert_reachable(*state, "outside", "default/b");
}

static void what_cannot_be_understood_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const queries[][3] = {
        {NULL, "a/b", NULL},      {"a/b", "", NULL},          {"a", "a/b", NULL},
        {"A/b", "a/b", NULL},     {"a/b", "a_/b", NULL},      {"node/", "a/b", NULL},
        {"svc/a/b", "a/b", NULL}, {"outside", "outside", ""}, {"a/b", "svc/a/", NULL},
        {"a/b", "c/d", "0"},      {"a/b", "c/d", "65536"},    {"a/b", "c/d", "80/icmp"},
        {"a/b", "c/d", "80x"},    {"a/b", "c/d", "-1"},       {"a/b", "c/d", "80/"},
    };

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        ovnk8s_trace_query query = OVNK8S_TRACE_QUERY_INIT;

        query.source = queries[i][0];
        query.destination = queries[i][1];
        query.port = queries[i][2];
        assert_int_equal(ovnk8s_trace_read_nb(w->plan, &query), OVNK8S_INVALID);
    }
    assert_null(w->plan->first);
}

static void a_plan_without_a_query_is_refused(void **state)
{
    struct world *w = *state;
    ovnk8s_trace *t;

    assert_failed(ovnk8s_trace_new(&t, w->plan, NULL, NULL), OVNK8S_INVALID,
                  "the plan has not read what a trace needs");
    assert_null(t);
    assert_int_equal(ovnk8s_trace_read_sb(w->plan, w->plan), OVNK8S_INVALID);
    ovnk8s_trace_free(NULL);
}

static void only_switches_on_the_way_are_read(void **state)
{
    struct world *w = *state;

    succeed(add_node(w, "n3", "10.3.0.0/24", NULL));
    succeed(add_pod(w, "c", "n3", NULL));
    settle(w);
    assert_reachable(w, "default/a", "default/b");
    assert_null(port_in(&w->plan->facts, "default_c"));
    assert_non_null(port_in(&w->plan->facts, "default_b"));
}

/* Ports. */

static void a_port_that_is_not_there(void **state)
{
    struct world *w = *state;

    delete_row(w, port_in(&w->database, "default_b"));
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "default_b", "there is none");
    assert_breaks(w, "default/b", "default/a", SWITCH_PORT_TABLE, "default_b", "there is none");
    assert_breaks(w, "default/a", "10.2.0.3", SWITCH_TABLE, "n2", "no port on it has the address");
}

static void addresses_that_make_no_sense(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "default_b"), "addresses", "0a:58:00:00:00:01 10.9.0.3");
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "default_b", "its addresses are");
}

static void addresses_that_are_others(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "default_b"), "addresses", "0a:58:0a:02:00:63 10.2.0.99");
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "default_b",
                  "not those that it was given");
}

static void port_security_of_other_addresses(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "default_a"), "port_security", "0a:58:00:00:00:01 10.1.0.9");
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "default_a", "port_security");
}

static void a_port_that_is_disabled(void **state)
{
    struct world *w = *state;

    row_is_boolean(port_in(&w->database, "default_a"), "enabled", false);
    assert_breaks(w, "default/b", "default/a", SWITCH_PORT_TABLE, "default_a", "disabled");
}

static void a_port_with_an_address_of_another(void **state)
{
    struct world *w = *state;
    struct row *router = port_in(&w->database, "stor-n2");

    edit_string(router, "addresses", "0a:58:0a:02:00:01 10.2.0.3");
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "stor-n2", "too");
}

/* Routers. */

static void a_switch_without_its_way_to_the_router(void **state)
{
    struct world *w = *state;

    delete_row(w, port_in(&w->database, "stor-n1"));
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "stor-n1", "there is none");
    assert_breaks(w, "default/b", "default/a", SWITCH_PORT_TABLE, "stor-n1", "there is none");
    assert_breaks(w, "outside", "default/a", SWITCH_PORT_TABLE, "stor-n1", "there is none");
}

static void a_router_without_its_port(void **state)
{
    struct world *w = *state;

    delete_row(w, router_port_in(&w->database, "rtos-n1"));
    assert_breaks(w, "default/a", "default/b", ROUTER_PORT_TABLE, "rtos-n1", "there is none");
}

static void a_router_without_a_way_back(void **state)
{
    struct world *w = *state;

    delete_row(w, router_port_in(&w->database, "rtos-n2"));
    assert_breaks(w, "default/a", "default/b", ROUTER_PORT_TABLE, "rtos-n2", "there is none");
}

static void a_router_that_is_gone(void **state)
{
    struct world *w = *state;

    delete_row(w, router_in(&w->database));
    assert_breaks(w, "default/a", "default/b", ROUTER_PORT_TABLE, "rtos-n1", "there is none");
}

static void a_router_port_of_other_networks(void **state)
{
    struct world *w = *state;

    edit_string(router_port_in(&w->database, "rtos-n1"), "networks", "10.1.0.77/24");
    assert_breaks(w, "default/a", "default/b", ROUTER_PORT_TABLE, "rtos-n1",
                  "it has not the address 10.1.0.1");
}

static void a_switch_port_of_another_type(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "stor-n1"), "type", "");
    assert_breaks(w, "default/a", "default/b", SWITCH_PORT_TABLE, "stor-n1", "type");
}

static void a_route_that_is_gone(void **state)
{
    struct world *w = *state;

    delete_row(w, route_in(&w->database, "default", "n1", "0.0.0.0/0"));
    assert_breaks(w, "default/a", "outside", ROUTER_TABLE, "m", "it has no route");
    assert_reachable(w, "default/a", "default/b");
}

static void a_route_of_the_gateway_that_is_gone(void **state)
{
    struct world *w = *state;

    delete_row(w, route_in(&w->database, "in", "n1", "10.0.0.0/8"));
    assert_breaks(w, "default/b", "outside", ROUTER_TABLE, "GR_n1", "no route to");
}

static void a_route_to_nowhere(void **state)
{
    struct world *w = *state;

    edit_string(route_in(&w->database, "default", "n1", "0.0.0.0/0"), "nexthop", "172.16.0.1");
    assert_breaks(w, "default/a", "outside", ROUTE_TABLE, "0.0.0.0/0", "next hop 172.16.0.1");
    edit_string(route_in(&w->database, "default", "n1", "0.0.0.0/0"), "nexthop", "discard");
    assert_breaks(w, "default/a", "outside", ROUTE_TABLE, "0.0.0.0/0", "discards");
    edit_string(route_in(&w->database, "default", "n1", "0.0.0.0/0"), "nexthop", "100.64.1.99");
    assert_breaks(w, "default/a", "outside", SWITCH_TABLE, "join", "100.64.1.99");
}

static void no_gateway(void **state)
{
    struct world *w = *state;

    succeed(ovnk8s_gateway_delete(w->plan, "n1"));
    settle(w);
    assert_breaks(w, "default/a", "outside", ROUTER_TABLE, "m", "it has no route");
    assert_breaks(w, "outside", "default/a", ROUTER_TABLE, "GR_*", "there is no gateway");
}

static void no_nat(void **state)
{
    struct world *w = *state;

    delete_row(w, nat_in(&w->database, "n1", 4));
    assert_breaks(w, "default/a", "outside", NAT_TABLE, "GR_n1", "there is none for the source");
}

static void a_gateway_on_no_chassis(void **state)
{
    struct world *w = *state;

    edit_pair(gateway_router_in(&w->database, "n1"), "options", "chassis", "other");
    assert_breaks(w, "default/a", "outside", ROUTER_TABLE, "GR_n1", "not joined");
}

static void acls_and_policies_that_drop_everything(void **state)
{
    struct world *w = *state;
    struct row *acl = rows_want(&w->database, "ACL", id_of("acl"), NULL);

    put_string(acl, "action", "drop");
    put_string(acl, "match", "ip");
    put_string(acl, "direction", "to-lport");
    row_is_integer(acl, "priority", 1000);
    put_row(switch_in(&w->database, "n2"), "acls", acl->id);
    assert_breaks(w, "default/a", "default/b", "ACL", "", "drops packets");
    put_string(acl, "action", "allow");
    assert_reachable(w, "default/a", "default/b");
    acl = rows_want(&w->database, "Logical_Router_Policy", id_of("policy"), NULL);
    put_string(acl, "action", "drop");
    put_string(acl, "match", "1");
    put_row(router_in(&w->database), "policies", acl->id);
    assert_breaks(w, "default/a", "default/b", "Logical_Router_Policy", "m", "drops");
}

/* Chassis. */

static struct row *binding_of(const char *port)
{
    struct row *row = rows_first(&lab.sb, "Port_Binding");

    while (row && strcmp(row_string(row, "logical_port"), port) != 0) {
        row = row->next;
    }
    assert_non_null(row);
    return row;
}

static void a_port_that_nobody_has(void **state)
{
    row_is_empty(binding_of("default_b"), "chassis");
    assert_breaks(*state, "default/a", "default/b", "Port_Binding", "default_b",
                  "no chassis has it");
    put_string(binding_of("default_b"), "logical_port", "other");
    assert_breaks(*state, "default/a", "default/b", "Port_Binding", "default_b", "there is none");
}

static void a_port_that_the_wrong_chassis_has(void **state)
{
    row_is_empty(binding_of("default_b"), "chassis");
    put_row(binding_of("default_b"), "chassis", id_of("n1-chassis"));
    delete_row(*state, port_in(&((struct world *)*state)->database, "k8s-n1"));
    assert_breaks(*state, "default/b", "default/a", "Interface", "default_b", "br-int has none");
    have_interface("br-int", "veth-b", "default_b");
    assert_breaks(*state, "default/b", "default/a", "Port_Binding", "default_b", "not that of n2");
}

static void a_port_that_is_not_up(void **state)
{
    row_is_boolean(binding_of("default_b"), "up", false);
    assert_breaks(*state, "default/a", "default/b", "Port_Binding", "default_b", "not done");
}

/* Open vSwitch. */

static struct row *interface_of(const char *name)
{
    return rows_find(&lab.vswitch, "Interface", id_of(name));
}

static void an_interface_that_is_gone(void **state)
{
    edit_pair(interface_of("veth-a"), "external_ids", "iface-id", NULL);
    assert_breaks(*state, "default/a", "default/b", "Interface", "default_a", "br-int has none");
}

static void an_interface_on_another_bridge(void **state)
{
    const struct row *port = rows_find(&lab.vswitch, "Port", row_id("test", "Port", "veth-a"));

    row_is_empty(rows_find(&lab.vswitch, "Bridge", id_of("br-int")), "ports");
    put_row(rows_find(&lab.vswitch, "Bridge", id_of("br-other")), "ports", port->id);
    assert_breaks(*state, "default/b", "default/a", "Interface", "veth-a", "br-other");
}

static void an_interface_with_an_error(void **state)
{
    put_string(interface_of("veth-a"), "error", "no such device");
    assert_breaks(*state, "default/a", "default/b", "Interface", "veth-a", "no such device");
    put_string(interface_of("veth-a"), "error", "");
    row_is_integer(interface_of("veth-a"), "ofport", -1);
    assert_breaks(*state, "default/a", "default/b", "Interface", "veth-a", "taken it up");
}

static void an_interface_without_flows(void **state)
{
    edit_pair(interface_of("veth-a"), "external_ids", "ovn-installed", NULL);
    assert_breaks(*state, "default/a", "default/b", "Interface", "veth-a", "installed");
}

static void an_interface_of_other_addresses(void **state)
{
    edit_pair(interface_of("veth-a"), "external_ids", "ip_address", "10.1.0.4/24");
    assert_breaks(*state, "default/a", "default/b", "Interface", "veth-a", "it was given");
}

static void no_integration_bridge(void **state)
{
    put_string(rows_find(&lab.vswitch, "Bridge", id_of("br-int")), "name", "br-lost");
    assert_breaks(*state, "default/a", "default/b", "Bridge", "br-int", "there is none");
}

static void no_tunnel(void **state)
{
    edit_pair(interface_of("ovn-n2-0"), "options", "remote_ip", "10.99.0.99");
    assert_breaks(*state, "default/a", "default/b", "Interface", "to n2", "no geneve tunnel");
    edit_pair(interface_of("ovn-n2-0"), "options", "remote_ip", "10.99.0.12");
    put_string(interface_of("ovn-n2-0"), "error", "could not add");
    assert_breaks(*state, "default/a", "default/b", "Interface", "ovn-n2-0", "could not add");
}

static void no_outer_interface(void **state)
{
    edit_pair(interface_of("eth1"), "external_ids", "iface-id", NULL);
    assert_breaks(*state, "default/b", "outside", "Interface", "eth1_n1", "br-int has none");
}

/* Services. */

static struct row *have_service(struct world *w)
{
    struct row *row = rows_want(&w->database, "Load_Balancer", id_of("web"), NULL);

    put_string(row, "name", "default/web/tcp");
    put_string(row, "protocol", "tcp");
    put_pair(row, "vips", "172.16.1.1:80", "10.1.0.3:8080,10.2.0.3:8080");
    put_pair(row, "external_ids", "k8s-service-namespace", "default");
    put_pair(row, "external_ids", "k8s-service-name", "web");
    return row;
}

static void services_lead_to_their_backends(void **state)
{
    struct world *w = *state;
    struct row *group, *service = have_service(w);

    assert_breaks(w, "default/a", "svc/default/web", "Load_Balancer", "default/web/tcp",
                  "does not use it");
    group = have_row(&w->database, "Load_Balancer_Group", "all");
    put_row(group, "load_balancer", service->id);
    put_row(switch_in(&w->database, "n1"), "load_balancer_group", group->id);
    assert_reachable(w, "default/a", "svc/default/web");
    assert_reachable(w, "default/a", "service/default/web");
    assert_reachable(w, "default/a", "172.16.1.1");
    assert_breaks(w, "outside", "172.16.1.1", "Load_Balancer", "default/web/tcp",
                  "GR_n1 does not use it");
    put_row(gateway_router_in(&w->database, "n1"), "load_balancer", service->id);
    assert_reachable(w, "outside", "172.16.1.1");
    assert_trace_breaks(trace_port(w, "default/a", "svc/default/web", "81"), "Load_Balancer",
                        "svc/default/web", "there is none for port 81");
    assert_trace_breaks(trace_port(w, "default/a", "svc/default/web", "80/udp"), "Load_Balancer",
                        "svc/default/web", "there is none");
    delete_row(w, port_in(&w->database, "default_b"));
    assert_breaks(w, "default/a", "svc/default/web", SWITCH_TABLE, "n2", "no port on it");
    edit_pair(rows_find(&w->database, "Load_Balancer", id_of("web")), "vips", "172.16.1.1:80", "");
    assert_breaks(w, "default/a", "svc/default/web", "Load_Balancer", "default/web/tcp",
                  "has no backends");
    assert_breaks(w, "default/a", "svc/default/other", "Load_Balancer", "svc/default/other",
                  "there is none");
}

/* Forms. */

static void a_trace_tells_its_hops(void **state)
{
    struct world *w = *state;
    ovnk8s_trace *t;
    char *text;

    row_is_empty(binding_of("default_b"), "chassis");
    t = trace_port(w, "default/b", "default/a", "80");
    assert_int_equal(ovnk8s_trace_hops(t), 3);
    assert_null(ovnk8s_trace_hop(t, 3));
    succeed(ovnk8s_trace_text(t, &text));
    assert_string_equal(text, "ok   Logical_Switch_Port default_b: 0a:58:0a:02:00:03 10.2.0.3,"
                              " on switch n2\n"
                              "ok   Logical_Switch_Port default_a: 0a:58:0a:01:00:03 10.1.0.3,"
                              " on switch n1\n"
                              "FAIL Port_Binding default_b: no chassis has it\n"
                              "not reachable: Port_Binding default_b: no chassis has it\n"
                              "to mend it: is ovn-controller running on n2, and is it plugged in"
                              " there?\n");
    ovnk8s_free(text);
    succeed(ovnk8s_trace_json(t, &text));
    assert_non_null(strstr(text, "{\"source\":\"default/b\",\"destination\":\"default/a\","
                                 "\"port\":\"80\",\"reachable\":false,\"broken\":{\"ok\":false,"
                                 "\"table\":\"Port_Binding\",\"object\":\"default_b\""));
    ovnk8s_free(text);
    ovnk8s_trace_free(t);
}

static void a_trace_needs_no_more_than_the_northbound_database(void **state)
{
    struct world *w = *state;
    ovnk8s_trace *t = trace(w, "default/a", "outside"), *less;

    ovnk8s_trace_free(t);
    succeed(ovnk8s_trace_new(&less, w->plan, NULL, NULL));
    assert_true(ovnk8s_trace_is_reachable(less));
    ovnk8s_trace_free(less);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAB_TEST(all_is_reachable_in_a_healthy_cluster),
        LAB_TEST(what_cannot_be_understood_is_refused),
        LAB_TEST(a_plan_without_a_query_is_refused),
        LAB_TEST(only_switches_on_the_way_are_read),
        LAB_TEST(a_port_that_is_not_there),
        LAB_TEST(addresses_that_make_no_sense),
        LAB_TEST(addresses_that_are_others),
        LAB_TEST(port_security_of_other_addresses),
        LAB_TEST(a_port_that_is_disabled),
        LAB_TEST(a_port_with_an_address_of_another),
        LAB_TEST(a_switch_without_its_way_to_the_router),
        LAB_TEST(a_router_without_its_port),
        LAB_TEST(a_router_without_a_way_back),
        LAB_TEST(a_router_that_is_gone),
        LAB_TEST(a_router_port_of_other_networks),
        LAB_TEST(a_switch_port_of_another_type),
        LAB_TEST(a_route_that_is_gone),
        LAB_TEST(a_route_of_the_gateway_that_is_gone),
        LAB_TEST(a_route_to_nowhere),
        LAB_TEST(no_gateway),
        LAB_TEST(no_nat),
        LAB_TEST(a_gateway_on_no_chassis),
        LAB_TEST(acls_and_policies_that_drop_everything),
        LAB_TEST(a_port_that_nobody_has),
        LAB_TEST(a_port_that_the_wrong_chassis_has),
        LAB_TEST(a_port_that_is_not_up),
        LAB_TEST(an_interface_that_is_gone),
        LAB_TEST(an_interface_on_another_bridge),
        LAB_TEST(an_interface_with_an_error),
        LAB_TEST(an_interface_without_flows),
        LAB_TEST(an_interface_of_other_addresses),
        LAB_TEST(no_integration_bridge),
        LAB_TEST(no_tunnel),
        LAB_TEST(no_outer_interface),
        LAB_TEST(services_lead_to_their_backends),
        LAB_TEST(a_trace_tells_its_hops),
        LAB_TEST(a_trace_needs_no_more_than_the_northbound_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
