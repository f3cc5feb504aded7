/* The flows of a gateway: as text, compared, encoded as ovs-ofctl understands them, and read from
 * switches that mean no good. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

#include "node/flows.h"
#include "openflow/wire.h"

#include "byte-order.h"
#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-monitor.h"
#include "openvswitch/ofp-port.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define PATCH "k8s-patch-breth0-br-int"
#define MAC "0a:58:0a:01:02:03"
#define COOKIE "cookie=0x6f766e6b38736777, "

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

static ovnk8s_flows *new_flows(const char *mac, bool ipv4, bool ipv6)
{
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    ovnk8s_flows *flows;

    gateway.physical_port = "eth0";
    gateway.patch_port = PATCH;
    gateway.mac = mac;
    gateway.ipv4 = ipv4;
    gateway.ipv6 = ipv6;
    succeed(ovnk8s_flows_new(&flows, &gateway));
    return flows;
}

static ovnk8s_flows *new_full_flows(void)
{
    ovnk8s_flows *flows = new_flows(MAC, true, true);

    succeed(ovnk8s_flows_add_service(flows, "tcp", NULL, 30080));
    succeed(ovnk8s_flows_add_service(flows, "UDP", NULL, 30053));
    succeed(ovnk8s_flows_add_service(flows, "sctp", "192.0.2.7", 80));
    succeed(ovnk8s_flows_add_service(flows, "udp", "2001:db8::7", 53));
    return flows;
}

/* Text. */

static void the_flows_are_those_of_the_manual(void **state)
{
    ovnk8s_flows *flows = new_flows(NULL, true, false);
    char *text;

    (void)state;
    succeed(ovnk8s_flows_add_service(flows, "TCP", NULL, 30080));
    succeed(ovnk8s_flows_add_service(flows, "tcp", NULL, 30080));
    succeed(ovnk8s_flows_text(flows, &text));
    assert_string_equal(
        text, COOKIE
        "priority=100,ip,in_port=\"" PATCH "\" actions=ct(commit,zone=64000),output:eth0\n" COOKIE
        "priority=50,ip,in_port=eth0 actions=ct(table=1,zone=64000)\n" COOKIE
        "priority=105,ip,in_port=eth0,nw_frag=yes actions=ct(table=1,zone=64000)\n" COOKIE
        "table=1, priority=100,ct_state=+est+trk,ip actions=output:\"" PATCH "\"\n" COOKIE
        "table=1, priority=100,ct_state=+rel+trk,ip actions=output:\"" PATCH "\"\n" COOKIE
        "table=1, priority=0 actions=NORMAL\n" COOKIE
        "priority=100,tcp,in_port=eth0,tp_dst=30080 actions=output:\"" PATCH "\"\n");
    assert_int_equal(ovnk8s_flows_count(flows), 7);
    ovnk8s_free(text);
    ovnk8s_flows_free(flows);
}

static void assert_has(const ovnk8s_flows *flows, const char *line, bool expected)
{
    char *text;

    succeed(ovnk8s_flows_text(flows, &text));
    if ((strstr(text, line) != NULL) != expected) {
        fail_msg("%s: %s:\n%s", line, expected ? "is missing" : "is there", text);
    }
    ovnk8s_free(text);
}

static void who_has_the_address_is_told_apart(void **state)
{
    static const char to_host[] =
        "priority=50,ip,in_port=eth0,vlan_tci=0x0000/0x1fff,dl_dst=" MAC " actions=LOCAL\n";
    static const char arp[] = "priority=120,arp,in_port=eth0,vlan_tci=0x0000/0x1fff,dl_dst=" MAC
                              " actions=LOCAL,output:\"" PATCH "\"\n";
    ovnk8s_flows *with = new_flows(MAC, true, false), *without = new_flows(NULL, true, false);

    (void)state;
    assert_has(with, to_host, true);
    assert_has(with, arp, true);
    assert_has(without, "LOCAL", false);
    ovnk8s_flows_free(with);
    ovnk8s_flows_free(without);
}

static void families_are_apart(void **state)
{
    ovnk8s_flows *only4 = new_flows(MAC, true, false), *only6 = new_flows(MAC, false, true);

    (void)state;
    assert_int_equal(ovnk8s_flows_add_service(only4, "tcp", "2001:db8::1", 80), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(only6, "tcp", "192.0.2.1", 80), OVNK8S_INVALID);
    succeed(ovnk8s_flows_add_service(only6, "tcp", NULL, 80));
    assert_has(only4, "ipv6", false);
    assert_has(only4, "icmp6", false);
    assert_has(only6, ",ip,", false);
    assert_has(only6, "arp", false);
    assert_has(only6, "tcp6,in_port=eth0,tp_dst=80 ", true);
    ovnk8s_flows_free(only4);
    ovnk8s_flows_free(only6);
}

static void what_is_no_service_is_refused(void **state)
{
    ovnk8s_flows *flows = new_flows(MAC, true, true);
    const size_t n = ovnk8s_flows_count(flows);

    (void)state;
    assert_int_equal(ovnk8s_flows_add_service(flows, "icmp", NULL, 80), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(flows, NULL, NULL, 80), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(flows, "tcp", "10.0.0.1/24", 80), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(flows, "tcp", "", 80), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(flows, "tcp", NULL, 0), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_add_service(flows, "tcp", NULL, 65536), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_flows_count(flows), n);
    ovnk8s_flows_free(flows);
}

static void what_is_no_gateway_is_refused(void **state)
{
    const ovnk8s_gateway_flows bad[] = {
        {sizeof *bad, NULL, PATCH, NULL, 1, true, true},
        {sizeof *bad, "eth0", NULL, NULL, 1, true, true},
        {sizeof *bad, "eth0", "eth0", NULL, 1, true, true},
        {sizeof *bad, "LOCAL", PATCH, NULL, 1, true, true},
        {sizeof *bad, "a\"b", PATCH, NULL, 1, true, true},
        {sizeof *bad, "a b", PATCH, NULL, 1, true, true},
        {sizeof *bad, "eth0", PATCH, "0a:58", 1, true, true},
        {sizeof *bad, "eth0", PATCH, NULL, 0, true, true},
        {sizeof *bad, "eth0", PATCH, NULL, 65536, true, true},
        {sizeof *bad, "eth0", PATCH, NULL, 1, false, false},
        {1, "eth0", PATCH, NULL, 1, true, true},
    };
    ovnk8s_flows *flows;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ovnk8s_flows_new(&flows, &bad[i]), OVNK8S_INVALID);
        assert_null(flows);
    }
    assert_int_equal(ovnk8s_flows_new(&flows, NULL), OVNK8S_INVALID);
}

static void equal_in_any_order(void **state)
{
    ovnk8s_flows *a = new_flows(MAC, true, true), *b = new_flows(MAC, true, true);

    (void)state;
    assert_true(ovnk8s_flows_equal(a, b));
    for (unsigned int port = 1; port <= 1000; port++) {
        succeed(ovnk8s_flows_add_service(a, "tcp", NULL, port));
        succeed(ovnk8s_flows_add_service(b, "tcp", NULL, 1001 - port));
    }
    assert_true(ovnk8s_flows_equal(a, b));
    succeed(ovnk8s_flows_add_service(a, "tcp", "192.0.2.1", 80));
    succeed(ovnk8s_flows_add_service(b, "tcp", "192.0.2.2", 80));
    assert_false(ovnk8s_flows_equal(a, b));
    ovnk8s_flows_free(a);
    ovnk8s_flows_free(b);
}

/* Messages. */

static struct wire_ports new_ports(void)
{
    static const struct wire_port ports[] = {
        {"breth0", 65534, {{10, 88, 10, 1, 2, 3}}},
        {"eth0", 1, {{10, 88, 10, 1, 2, 3}}},
        {"k8s-patch-breth", 2, {{2, 0, 0, 0, 0, 1}}},
    };
    struct wire_ports out = {.of = calloc(3, sizeof *ports), .n = 3, .room = 3};

    memcpy(out.of, ports, sizeof ports);
    return out;
}

static void ports_are_found_by_what_openflow_tells_of_names(void **state)
{
    struct wire_ports ports = new_ports();
    const struct wire_port *port;

    (void)state;
    succeed(wire_ports_find(&ports, PATCH, &port));
    assert_int_equal(port->number, 2);
    succeed(wire_ports_find(&ports, FLOW_LOCAL, &port));
    assert_int_equal(port->number, 65534);
    assert_int_equal(wire_ports_find(&ports, "eth", &port), OVNK8S_NOTFOUND);
    assert_int_equal(wire_ports_find(&ports, "breth0", &port), OVNK8S_NOTFOUND);
    strcpy(ports.of[1].name, "k8s-patch-breth");
    assert_int_equal(wire_ports_find(&ports, PATCH, &port), OVNK8S_CONFLICT);
    wire_ports_clear(&ports);
}

/* What ovs-ofctl makes of the flow_mod in 'message', which is a part of a bundle. */
static void print_flow_mod(const struct ofpbuf *message, char *out, size_t size)
{
    const uint8_t *inner = (const uint8_t *)message->data + 16;
    const size_t length = (size_t)inner[2] << 8 | inner[3];
    char command[4096] = "ovs-ofctl ofp-print ";
    FILE *pipe;

    assert_true(length < 1000);
    for (size_t i = 0; i < length; i++) {
        sprintf(command + strlen(command), "%02x", inner[i]);
    }
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(out, (int)size, pipe));
    assert_int_equal(pclose(pipe), 0);
}

/* The flow as ovs-ofctl prints a flow_mod: with numbers of ports, and in another order. */
static void expect_flow_mod(const struct of_flow *flow, const char *version, char *out, size_t size)
{
    struct text text = {0};
    char *at, *actions, table[16] = "";

    flow_text(&text, flow, OVNK8S_FLOWS_COOKIE);
    while ((at = strstr(text.bytes, "\"" PATCH "\"")) != NULL) {
        *at = '2';
        memmove(at + 1, at + strlen(PATCH) + 2, strlen(at + strlen(PATCH) + 2) + 1);
    }
    while ((at = strstr(text.bytes, "eth0")) != NULL) {
        *at = '1';
        memmove(at + 1, at + 4, strlen(at + 4) + 1);
    }
    actions = strstr(text.bytes, " actions=");
    *actions++ = '\0';
    if (flow->table) {
        snprintf(table, sizeof table, "table:%d ", flow->table);
    }
    snprintf(out, size, "OFPT_FLOW_MOD (%s) (xid=0x7): ADD %s%s cookie:0x6f766e6b38736777 %s\n",
             version, table, strstr(text.bytes, "priority="), actions);
    text_clear(&text);
}

static void assert_encoded(const struct of_flow *flow, enum ofp_version version, const char *name)
{
    struct wire_ports ports = new_ports();
    struct hmap set = HMAP_INITIALIZER(&set);
    char printed[2048], expected[2048];
    struct ofpbuf *message;

    succeed(wire_compile(&set, flow, &ports));
    message = wire_bundle_add(version, 1, OFPFC_ADD,
                              CONTAINER_OF(hmap_first(&set), struct wire_flow, node),
                              OVNK8S_FLOWS_COOKIE, 7);
    print_flow_mod(message, printed, sizeof printed);
    expect_flow_mod(flow, name, expected, sizeof expected);
    assert_string_equal(printed, expected);
    ofpbuf_delete(message);
    wire_set_clear(&set);
    hmap_destroy(&set);
    wire_ports_clear(&ports);
}

static void ovs_ofctl_understands_them_all(void **state)
{
    ovnk8s_flows *flows = new_full_flows();
    const struct flow_list *list = flows_list(flows);

    (void)state;
    if (system("command -v ovs-ofctl >/dev/null")) {
        ovnk8s_flows_free(flows);
        skip();
    }
    for (size_t i = 0; i < list->n; i++) {
        assert_encoded(&list->flows[i], i % 2 ? OFP14_VERSION : OFP15_VERSION,
                       i % 2 ? "OF1.4" : "OF1.5");
    }
    ovnk8s_flows_free(flows);
}

/* A switch of our own: what it would tell of flows that are as wanted. */

static struct ofpbuf *flows_reply(enum ofp_version version, const struct hmap *set)
{
    struct ofpbuf *request = wire_ask_flows(version, 0, 0), *reply;
    const struct wire_flow *flow;
    struct ovs_list replies;

    ofpmsg_update_length(request);
    ofpmp_init(&replies, request->data);
    HMAP_FOR_EACH (flow, node, set) {
        struct ofputil_flow_stats fs = {.table_id = flow->table,
                                        .priority = flow->priority,
                                        .cookie = htonll(OVNK8S_FLOWS_COOKIE),
                                        .ofpacts = flow->actions,
                                        .ofpacts_len = flow->actions_length};

        minimatch_expand(&flow->match, &fs.match);
        ofputil_append_flow_stats_reply(&fs, &replies, NULL);
    }
    ofpbuf_delete(request);
    reply = ofpbuf_from_list(ovs_list_pop_front(&replies));
    assert_true(ovs_list_is_empty(&replies));
    ofpmsg_update_length(reply);
    return reply;
}

static void compile_all(struct hmap *set)
{
    ovnk8s_flows *flows = new_full_flows();
    const struct flow_list *list = flows_list(flows);
    struct wire_ports ports = new_ports();

    for (size_t i = 0; i < list->n; i++) {
        succeed(wire_compile(set, &list->flows[i], &ports));
    }
    assert_int_equal(hmap_count(set), list->n);
    wire_ports_clear(&ports);
    ovnk8s_flows_free(flows);
}

static void what_comes_back_is_what_was_sent(void **state)
{
    static const enum ofp_version versions[] = {OFP14_VERSION, OFP15_VERSION};
    struct hmap wanted = HMAP_INITIALIZER(&wanted), actual = HMAP_INITIALIZER(&actual);
    const struct wire_flow *flow;

    (void)state;
    compile_all(&wanted);
    for (size_t i = 0; i < 2; i++) {
        struct ofpbuf *reply = flows_reply(versions[i], &wanted);
        size_t n = 0;

        succeed(wire_flows_read(&actual, NULL, reply->data, &n));
        assert_int_equal(n, hmap_count(&wanted));
        HMAP_FOR_EACH (flow, node, &wanted) {
            const struct wire_flow *same = wire_set_find(&actual, flow);

            assert_non_null(same);
            assert_false(same->has_extras);
            assert_true(wire_actions_equal(flow, same));
        }
        wire_set_clear(&actual);
        ofpbuf_delete(reply);
    }
    wire_set_clear(&wanted);
    hmap_destroy(&wanted);
    hmap_destroy(&actual);
}

/* Switches that mean no good. */

static uint32_t seed = 20261123;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Reads a message as if a switch had sent it. */
static void read_anything(const struct ofp_header *message, const struct hmap *wanted)
{
    struct hmap set = HMAP_INITIALIZER(&set);
    struct wire_ports ports = {0};
    enum ofptype type;
    size_t n = 0;
    bool concerns;
    int error = 0;

    if (ofptype_decode(&type, message)) {
        return;
    }
    if (type == OFPTYPE_FLOW_STATS_REPLY) {
        error = wire_flows_read(&set, roll(2) ? wanted : NULL, message, &n);
    } else if (type == OFPTYPE_PORT_DESC_STATS_REPLY) {
        error = wire_ports_read(&ports, message);
    } else if (type == OFPTYPE_FLOW_MONITOR_STATS_REPLY) {
        error = wire_monitor_read(message, 1, wanted, &concerns);
    } else if (type == OFPTYPE_ERROR) {
        assert_true(wire_fail(message) < 0);
    }
    assert_true(error == 0 || error == OVNK8S_PROTOCOL);
    wire_ports_clear(&ports);
    wire_set_clear(&set);
    hmap_destroy(&set);
}

static void read_spoiled(const struct ofpbuf *message, const struct hmap *wanted)
{
    for (int i = 0; i < 3000; i++) {
        size_t length = roll(8) ? message->size : 8 + roll((uint32_t)message->size - 8);
        uint8_t *copy = malloc(length);

        memcpy(copy, message->data, length);
        for (uint32_t spoiled = roll(6); spoiled < 6; spoiled++) {
            copy[8 + roll((uint32_t)length - 7) - 1] ^= (uint8_t)(1u << roll(8));
        }
        copy[2] = (uint8_t)(length >> 8); /* As framing has made sure of. */
        copy[3] = (uint8_t)length;
        read_anything((const struct ofp_header *)copy, wanted);
        free(copy);
    }
}

static struct ofpbuf *ports_reply(enum ofp_version version)
{
    struct ofpbuf *request = wire_ask_ports(version), *reply;
    const struct ofputil_phy_port port = {.port_no = OFP_PORT_C(1), .name = "eth0"};
    struct ovs_list replies;

    ofpmsg_update_length(request);
    ofpmp_init(&replies, request->data);
    for (int i = 0; i < 3; i++) {
        ofputil_append_port_desc_stats_reply(&port, &replies);
    }
    ofpbuf_delete(request);
    reply = ofpbuf_from_list(ovs_list_pop_front(&replies));
    ofpmsg_update_length(reply);
    return reply;
}

static struct ofpbuf *news(enum ofp_version version)
{
    struct ofputil_flow_update update = {
        .event = OFPFME_ADDED, .priority = 7, .match = MATCH_CATCHALL_INITIALIZER};
    struct ovs_list replies;
    struct ofpbuf *message;

    match_set_dl_type(&update.match, htons(0x0800));
    ofputil_start_flow_update(&replies,
                              version == OFP15_VERSION ? OFPUTIL_P_OF15_OXM : OFPUTIL_P_OF14_OXM);
    for (int i = 0; i < 3; i++) {
        ofputil_append_flow_update(&update, &replies, NULL);
    }
    message = ofpbuf_from_list(ovs_list_pop_front(&replies));
    ofpmsg_update_length(message);
    return message;
}

static void nothing_that_is_sent_aborts(void **state)
{
    static const enum ofp_version versions[] = {OFP14_VERSION, OFP15_VERSION};
    struct hmap wanted = HMAP_INITIALIZER(&wanted);

    (void)state;
    compile_all(&wanted);
    for (size_t i = 0; i < 2; i++) {
        struct ofpbuf *messages[] = {flows_reply(versions[i], &wanted), ports_reply(versions[i]),
                                     news(versions[i])};

        for (size_t j = 0; j < 3; j++) {
            read_anything(messages[j]->data, &wanted);
            read_spoiled(messages[j], &wanted);
            ofpbuf_delete(messages[j]);
        }
    }
    wire_set_clear(&wanted);
    hmap_destroy(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_flows_are_those_of_the_manual),
        cmocka_unit_test(who_has_the_address_is_told_apart),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(what_is_no_service_is_refused),
        cmocka_unit_test(what_is_no_gateway_is_refused),
        cmocka_unit_test(equal_in_any_order),
        cmocka_unit_test(ports_are_found_by_what_openflow_tells_of_names),
        cmocka_unit_test(ovs_ofctl_understands_them_all),
        cmocka_unit_test(what_comes_back_is_what_was_sent),
        cmocka_unit_test(nothing_that_is_sent_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
