/* What the watcher knows of pods and nodes, and the annotation. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "topology/annotation.h"
#include "topology/names.h"
#include "watch/nodes.h"
#include "watch/pods.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define OWNER "k8s"

/* Pods. */

static struct pods pods = {.owner = "ovnk8s"};

static bool read_pod(struct pod *pod, const char *text)
{
    cJSON *object = cJSON_Parse(text);
    bool changed;

    assert_non_null(object);
    changed = pod_read(&pods, pod, object);
    cJSON_Delete(object);
    return changed;
}

#define POD(SPEC, ANNOTATIONS, PHASE)                                                              \
    "{\"metadata\": {\"namespace\": \"ns\", \"name\": \"p\", \"uid\": \"u1\", \"annotations\": "   \
    "{" ANNOTATIONS "}}, \"spec\": {" SPEC "}, \"status\": {\"phase\": \"" PHASE "\"}}"
#define ON_NODE "\"nodeName\": \"n1\""

static void a_pod_on_a_node_wants_a_port(void **state)
{
    struct pod *pod = pods_add(&pods, "ns", "p");

    (void)state;
    assert_true(read_pod(pod, POD(ON_NODE, "\"ovn\": \"{}\"", "Pending")));
    assert_true(pod->wants_port);
    assert_string_equal(pod->node, "n1");
    assert_string_equal(pod->uid, "u1");
    assert_true(pod->annotation == annotation_hash("{}", NULL));
    assert_false(read_pod(pod, POD(ON_NODE, "\"ovn\": \"{}\"", "Running"))); /* Nothing new. */
    assert_true(read_pod(pod, POD(ON_NODE, "", "Running")));
    assert_true(pod->annotation == annotation_hash(NULL, NULL));
    pods_clear(&pods);
}

static void both_annotations_count_where_both_are_wanted(void **state)
{
    static const char networks[] = "{\"default\":{\"ip_address\":\"10.0.0.3/24\","
                                   "\"mac_address\":\"0a:58:0a:00:00:03\","
                                   "\"gateway_ip\":\"10.0.0.1\"}}";
    cJSON *object = cJSON_Parse(POD(ON_NODE, "", "Pending"));
    struct pod *pod = pods_add(&pods, "ns", "p");

    (void)state;
    assert_non_null(cJSON_AddStringToObject(
        cJSON_GetObjectItem(cJSON_GetObjectItem(object, "metadata"), "annotations"),
        "k8s.ovn.org/pod-networks", networks));
    pods.with_networks = false;
    assert_true(pod_read(&pods, pod, object));
    assert_true(pod->annotation == 0);
    assert_int_equal(pod->addresses.n, 0);
    pods.with_networks = true;
    assert_true(pod_read(&pods, pod, object));
    assert_true(pod->annotation == annotation_hash(NULL, networks));
    assert_true(annotation_hash(networks, NULL) != annotation_hash(NULL, networks));
    assert_int_equal(pod->addresses.n, 1); /* It was running already. */
    pods.with_networks = false;
    cJSON_Delete(object);
    pods_clear(&pods);
}

static void who_wants_no_port(void **state)
{
    static const char *const without[] = {
        POD("", "", "Pending"),
        POD("\"nodeName\": \"\"", "", "Pending"),
        POD(ON_NODE ", \"hostNetwork\": true", "", "Running"),
        POD(ON_NODE, "", "Succeeded"),
        POD(ON_NODE, "", "Failed"),
        "{}",
        "{\"metadata\": 7, \"spec\": [], \"status\": \"x\"}",
        "{\"spec\": {\"nodeName\": 7}}",
        "[]",
        "null",
    };
    struct pod *pod = pods_add(&pods, "ns", "p");

    (void)state;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        read_pod(pod, POD(ON_NODE, "", "Running"));
        assert_true(pod->wants_port);
        assert_true(read_pod(pod, without[i]));
        assert_false(pod->wants_port);
    }
    read_pod(pod, POD(ON_NODE ", \"hostNetwork\": false", "", "Unknown"));
    assert_true(pod->wants_port);
    pods_clear(&pods);
}

static void a_pod_that_was_gone_has_changed(void **state)
{
    struct pod *pod = pods_add(&pods, "ns", "p");

    (void)state;
    read_pod(pod, POD(ON_NODE, "", "Running"));
    pod_set_gone(&pods, pod, true);
    assert_true(read_pod(pod, POD(ON_NODE, "", "Running")));
    assert_false(pod->is_gone);
    pods_clear(&pods);
}

static void objects_without_a_name_have_none(void **state)
{
    static const char *const nameless[] = {
        "{}", "{\"metadata\": {\"name\": \"p\"}}", "{\"metadata\": {\"namespace\": \"ns\"}}",
        "{\"metadata\": {\"name\": \"\", \"namespace\": \"ns\"}}",
        "{\"metadata\": {\"name\": 7, \"namespace\": \"ns\"}}"};
    const char *pod_namespace, *name;
    cJSON *object;

    (void)state;
    for (size_t i = 0; i < sizeof nameless / sizeof *nameless; i++) {
        object = cJSON_Parse(nameless[i]);
        assert_false(object_name(object, &pod_namespace, &name));
        cJSON_Delete(object);
    }
    object = cJSON_Parse(POD("", "", ""));
    assert_true(object_name(object, &pod_namespace, &name));
    assert_string_equal(pod_namespace, "ns");
    assert_string_equal(name, "p");
    cJSON_Delete(object);
}

static void count_pod(struct pod *pod, void *payload)
{
    (void)pod;
    ++*(size_t *)payload;
}

static void pods_are_found_by_namespace_and_name(void **state)
{
    enum { N = 1000 };
    size_t n = 0;
    char name[16];

    (void)state;
    assert_null(pods_find(&pods, "ns", "0"));
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_non_null(pods_add(&pods, "ns", name));
    }
    assert_non_null(pods_find(&pods, "ns", "999"));
    assert_null(pods_find(&pods, "other", "999"));
    pods_remove(&pods, pods_find(&pods, "ns", "999"));
    assert_null(pods_find(&pods, "ns", "999"));
    pods_each(&pods, count_pod, &n);
    assert_int_equal(n, N - 1);
    pods_clear(&pods);
    assert_int_equal(pods.table.n, 0);
}

static void assert_counts(size_t n_there, size_t n_ports)
{
    assert_int_equal(pods.n_there, n_there);
    assert_int_equal(pods.n_ports, n_ports);
}

static void pods_and_their_ports_are_counted(void **state)
{
    struct pod *one = pods_add(&pods, "ns", "1"), *other = pods_add(&pods, "ns", "2");

    (void)state;
    assert_counts(2, 0);
    pod_set_port(&pods, one, true);
    pod_set_port(&pods, one, true);
    pod_set_gone(&pods, one, true);
    pod_set_gone(&pods, one, true);
    assert_counts(1, 1);
    read_pod(one, POD(ON_NODE, "", "Running"));
    assert_counts(2, 1);
    pods_remove(&pods, other);
    assert_counts(1, 1);
    pods_remove(&pods, one);
    assert_counts(0, 0);
    pods_clear(&pods);
}

/* The annotation. */

static struct prefixes prefixes(const char *text)
{
    struct prefixes p;

    assert_true(prefixes_from_text(text, &p));
    return p;
}

static void assert_annotation(const char *addresses, const char *gateways, const char *expected)
{
    const struct prefixes ips = prefixes(addresses), vias = prefixes(gateways);
    const struct pod_network network = {.addresses = ips,
                                        .gateways = {vias.of[0].ip, vias.of[1].ip},
                                        .mac = mac_from_ip(&ips.of[0].ip)};
    char *text = annotation_text(&network);
    struct pod_network again;

    if (expected) {
        assert_string_equal(text, expected);
    }
    assert_int_equal(annotation_parse(text, &again), 0);
    assert_true(prefixes_equal(&again.addresses, &ips));
    free(text);
}

static void the_annotation_tells_the_addresses(void **state)
{
    (void)state;
    assert_annotation("192.168.2.3/24", "192.168.2.1/24",
                      "{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"0a:58:c0:a8:02:03\","
                      "\"gateway_ip\":\"192.168.2.1\"}");
    assert_annotation("192.168.2.3/24,fd01::3/64", "192.168.2.1/24,fd01::1/64",
                      "{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"0a:58:c0:a8:02:03\","
                      "\"gateway_ip\":\"192.168.2.1\","
                      "\"ip_addresses\":[\"192.168.2.3/24\",\"fd01::3/64\"],"
                      "\"gateway_ips\":[\"192.168.2.1\",\"fd01::1\"]}");
    assert_annotation("fd01::3/64", "fd01::1/64", NULL);
}

static void assert_networks(const char *addresses, const char *gateways, const char *expected)
{
    const struct prefixes ips = prefixes(addresses), vias = prefixes(gateways);
    const struct pod_network network = {.addresses = ips,
                                        .gateways = {vias.of[0].ip, vias.of[1].ip},
                                        .mac = mac_from_ip(&ips.of[0].ip)};
    char *text = pod_networks_text(&network);
    struct pod_network again;

    assert_string_equal(text, expected);
    assert_int_equal(pod_networks_parse(text, &again), 0);
    assert_memory_equal(&again.mac, &network.mac, sizeof again.mac);
    assert_true(prefixes_equal(&again.addresses, &ips));
    for (size_t i = 0; i < ips.n; i++) {
        assert_true(ip_equal(&again.gateways[i], &network.gateways[i]));
    }
    free(text);
}

static void the_other_annotation_tells_the_same(void **state)
{
    (void)state;
    assert_networks("192.168.2.3/24", "192.168.2.1/24",
                    "{\"default\":{\"ip_addresses\":[\"192.168.2.3/24\"],"
                    "\"gateway_ips\":[\"192.168.2.1\"],\"mac_address\":\"0a:58:c0:a8:02:03\","
                    "\"ip_address\":\"192.168.2.3/24\",\"gateway_ip\":\"192.168.2.1\"}}");
    assert_networks("192.168.2.3/24,fd01::3/64", "192.168.2.1/24,fd01::1/64",
                    "{\"default\":{\"ip_addresses\":[\"192.168.2.3/24\",\"fd01::3/64\"],"
                    "\"gateway_ips\":[\"192.168.2.1\",\"fd01::1\"],"
                    "\"mac_address\":\"0a:58:c0:a8:02:03\"}}");
    assert_networks("fd01::3/64", "fd01::1/64",
                    "{\"default\":{\"ip_addresses\":[\"fd01::3/64\"],"
                    "\"gateway_ips\":[\"fd01::1\"],\"mac_address\":\"0a:58:88:16:60:2d\","
                    "\"ip_address\":\"fd01::3/64\",\"gateway_ip\":\"fd01::1\"}}");
}

#define MAC "\"mac_address\":\"0a:58:c0:a8:02:03\""
#define SOUND "\"ip_addresses\":[\"192.168.2.3/24\"]," MAC ",\"gateway_ips\":[\"192.168.2.1\"]"

static void what_others_write_is_understood(void **state)
{
    static const char *const sound[] = {
        "{\"default\":{" SOUND "}}",
        "{\"default\":{" SOUND ",\"routes\":null,\"role\":\"primary\",\"tunnel_id\":3},"
        "\"ns/other\":{\"ip_addresses\":[\"10.9.9.9/24\"]}}",
        "{\"default\":{" SOUND ",\"routes\":[{\"dest\":\"10.0.0.0/8\","
        "\"nextHop\":\"192.168.2.1\"}]}}",
        "{\"default\":{\"ip_address\":\"192.168.2.3/24\"," MAC ",\"gateway_ip\":\"192.168.2.1\"}}",
    };
    struct pod_network out;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sound); i++) {
        assert_int_equal(pod_networks_parse(sound[i], &out), 0);
        assert_int_equal(out.addresses.n, 1);
        assert_true(prefixes_equal(
            &out.addresses, &(struct prefixes){.of = {prefixes("192.168.2.3/24").of[0]}, .n = 1}));
    }
}

static void what_others_must_not_write(void **state)
{
    static const char *const bad[][2] = {
        {"", "expected JSON"},
        {"[]", "default is missing"},
        {"{}", "default is missing"},
        {"{\"default\":7}", "default 7: expected a JSON object"},
        {"{\"default\":{}}", "ip_address is missing"},
        {"{\"default\":{\"ip_addresses\":[]}}", "an array of one or two"},
        {"{\"default\":{\"ip_addresses\":[\"10.0.0.3/24\",\"10.0.0.4/24\"]}}", "other family"},
        {"{\"default\":{\"ip_addresses\":[\"10.0.0.3\"]}}", "a host's address"},
        {"{\"default\":{\"ip_addresses\":[\"192.168.2.3/24\"]}}", "mac_address is missing"},
        {"{\"default\":{\"ip_addresses\":[\"192.168.2.3/24\"]," MAC "}}", "gateway_ip is missing"},
        {"{\"default\":{" SOUND ",\"routes\":7}}", "routes 7: expected an array"},
        {"{\"default\":{" SOUND ",\"routes\":[7]}}", "by way of the pod's gateway"},
        {"{\"default\":{" SOUND ",\"routes\":[{\"dest\":\"10.0.0.0/8\","
         "\"nextHop\":\"192.168.2.9\"}]}}",
         "by way of the pod's gateway"},
    };
    struct pod_network out;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(pod_networks_parse(bad[i][0], &out), OVNK8S_INVALID);
        if (!strstr(ovnk8s_last_error()->message, bad[i][1])) {
            fail_msg("%s: %s", bad[i][0], ovnk8s_last_error()->message);
        }
    }
}

static void what_is_no_annotation_of_ours(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "7",
        "[]",
        "{}",
        "null",
        "{\"ip_address\": 7}",
        "{\"ip_address\": \"10.0.0.3\"}",
        "{\"ip_addresses\": []}",
        "{\"ip_addresses\": \"10.0.0.3/24\"}",
        "{\"ip_addresses\": [7]}",
        "{\"ip_addresses\": [\"10.0.0.3/24\", \"10.0.0.4/24\"]}",
        "{\"ip_addresses\": [\"10.0.0.3/24\", \"fd01::3/64\", \"fd01::4/64\"]}",
        "{\"ip_addresses\": [\"10.0.0.3/24\", {}]}",
        "{\"ip_address\": \"10.0.0.3/24\"",
    };
    struct pod_network out;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!annotation_parse(bad[i], &out)) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}

/* Nodes. */

struct world {
    struct nodes nodes;
    struct rows rows;
};

static struct row *node_row(struct world *w, const char *name, const char *subnets)
{
    struct row *row = rows_want(&w->rows, SWITCH_TABLE, switch_id(OWNER, name), name);

    row_is_string(row, "name", name);
    row_includes_pair(row, "external_ids", SUBNETS_KEY, subnets);
    return row;
}

static struct row *port_row(struct world *w, const char *name, const char *node,
                            const char *addresses)
{
    struct row *row = rows_want(&w->rows, SWITCH_PORT_TABLE, switch_port_id(OWNER, name), name);

    row_is_string(row, "name", name);
    row_is_string(row, "addresses", addresses);
    if (node) {
        row_includes_pair(row, "external_ids", NODE_KEY, node);
    }
    return row;
}

static struct node *have_node(struct world *w, const char *name, const char *subnets)
{
    w->nodes.owner = OWNER;
    nodes_switch_changed(&w->nodes, NULL, node_row(w, name, subnets));
    nodes_counted(&w->nodes);
    return nodes_find(&w->nodes, name);
}

static void end_world(struct world *w)
{
    nodes_clear(&w->nodes);
    rows_clear(&w->rows);
}

static void assert_taken(const struct node *node, const char *addresses, bool expected)
{
    const struct prefixes p = prefixes(addresses);

    assert_int_equal(node_is_taken(node, &p), expected);
}

static void switches_of_ours_are_nodes(void **state)
{
    struct world w = {0};
    struct row *foreign, *bare;

    (void)state;
    assert_non_null(have_node(&w, "n1", "10.1.0.0/24"));
    foreign = rows_want(&w.rows, SWITCH_TABLE, switch_id("other", "n2"), "n2");
    row_is_string(foreign, "name", "n2");
    row_includes_pair(foreign, "external_ids", SUBNETS_KEY, "10.2.0.0/24");
    nodes_switch_changed(&w.nodes, NULL, foreign);
    bare = rows_want(&w.rows, SWITCH_TABLE, switch_id(OWNER, "join"), "join");
    row_is_string(bare, "name", "join");
    nodes_switch_changed(&w.nodes, NULL, bare);
    nodes_switch_changed(&w.nodes, NULL, node_row(&w, "bad", "10.3.0.0"));
    assert_int_equal(w.nodes.table.n, 1);
    assert_null(nodes_find(&w.nodes, "n2"));
    assert_null(nodes_find(&w.nodes, "bad"));
    assert_null(nodes_find(&w.nodes, NULL));
    nodes_switch_changed(&w.nodes, rows_find(&w.rows, SWITCH_TABLE, switch_id(OWNER, "n1")), NULL);
    assert_null(nodes_find(&w.nodes, "n1"));
    end_world(&w);
}

/* A switch that is not a node goes: the node of its name, which is another row, stays. */
static void a_foreign_switch_takes_no_node_with_it(void **state)
{
    struct world w = {0};
    struct row *foreign;

    (void)state;
    have_node(&w, "n1", "10.1.0.0/24");
    foreign = rows_want(&w.rows, SWITCH_TABLE, switch_id("other", "n1"), "n1");
    row_is_string(foreign, "name", "n1");
    nodes_switch_changed(&w.nodes, NULL, foreign);
    nodes_switch_changed(&w.nodes, foreign, NULL);
    assert_non_null(nodes_find(&w.nodes, "n1"));
    end_world(&w);
}

/* They come back under other UUIDs, and are adopted under their own. */
static void switches_of_a_restored_backup_are_counted(void **state)
{
    struct world w = {0};
    struct row *node, *join, *restored;

    (void)state;
    have_node(&w, "n1", "10.1.0.0/24");
    node = rows_find(&w.rows, SWITCH_TABLE, switch_id(OWNER, "n1"));
    row_includes_pair(node, "external_ids", OWNER_KEY, OWNER);
    join = rows_want(&w.rows, SWITCH_TABLE, join_switch_id(OWNER), "join");
    row_is_string(join, "name", "join");
    row_includes_pair(join, "external_ids", OWNER_KEY, OWNER);
    nodes_switch_changed(&w.nodes, NULL, join);
    assert_int_equal(w.nodes.n_lost, 0);
    restored = rows_want(&w.rows, SWITCH_TABLE, switch_id("any", "n1"), "n1");
    row_is_string(restored, "name", "n1");
    nodes_switch_changed(&w.nodes, NULL, restored);
    assert_int_equal(w.nodes.n_lost, 0); /* It has not our mark. */
    nodes_switch_changed(&w.nodes, restored, NULL);
    row_includes_pair(restored, "external_ids", OWNER_KEY, OWNER);
    nodes_switch_changed(&w.nodes, NULL, restored);
    assert_int_equal(w.nodes.n_lost, 1);
    nodes_switch_changed(&w.nodes, restored, NULL);
    assert_int_equal(w.nodes.n_lost, 0);
    end_world(&w);
}

static void hundreds_of_nodes_are_found(void **state)
{
    struct world w = {0};
    char name[16], subnet[32];

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d", i);
        snprintf(subnet, sizeof subnet, "10.%d.%d.0/24", i / 256, i % 256);
        assert_non_null(have_node(&w, name, subnet));
    }
    assert_non_null(nodes_find(&w.nodes, "n0"));
    assert_non_null(nodes_find(&w.nodes, "n299"));
    end_world(&w);
}

static void ports_take_addresses_and_give_them_back(void **state)
{
    struct world w = {0};
    const struct node *node = have_node(&w, "n1", "10.1.0.0/24,fd01::/64");
    struct row *before = port_row(&w, "a_b", "n1", "0a:58:0a:01:00:03 10.1.0.3 fd01::3");
    struct row *now = port_row(&w, "a_c", "n1", "0a:58:0a:01:00:04 10.1.0.4");

    (void)state;
    nodes_port_changed(&w.nodes, NULL, before);
    assert_taken(node, "10.1.0.3/24", true);
    assert_taken(node, "fd01::3/64", true);
    assert_taken(node, "10.1.0.4/24", false);
    nodes_port_changed(&w.nodes, before, now);
    assert_taken(node, "10.1.0.3/24", false);
    assert_taken(node, "fd01::3/64", false);
    assert_taken(node, "10.1.0.4/24", true);
    nodes_port_changed(&w.nodes, now, NULL);
    assert_taken(node, "10.1.0.4/24", false);
    end_world(&w);
}

static void ports_of_others_take_addresses_too(void **state)
{
    struct world w = {0};
    const struct node *one = have_node(&w, "n1", "10.1.0.0/24");
    const struct node *two = have_node(&w, "n2", "10.2.0.0/24");

    (void)state;
    nodes_port_changed(&w.nodes, NULL, port_row(&w, "vm", NULL, "02:00:00:00:00:01 10.2.0.9"));
    assert_taken(one, "10.1.0.9/24", false);
    assert_taken(two, "10.2.0.9/24", true);
    end_world(&w);
}

static void odd_addresses_harm_nobody(void **state)
{
    static const char *const odd[] = {
        "",
        " ",
        "unknown",
        "router",
        "dynamic",
        "02:00:00:00:00:01",
        "10.1.0.3",
        "02:00:00:00:00:01 10.9.9.9",
        "02:00:00:00:00:01  not.an.ip ",
        "x 10.1.0.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25"};
    struct world w = {0};
    const struct node *node = have_node(&w, "n1", "10.1.0.0/24");
    struct prefixes out;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        nodes_port_changed(&w.nodes, NULL, port_row(&w, odd[i], "n1", odd[i]));
        assert_false(node_read_addresses(node, w.rows.last, &out));
    }
    assert_int_equal(blocks_count(&node->taken, &node->subnets.of[0]), 0);
    assert_true(
        node_read_addresses(node, port_row(&w, "p", "n1", "m 10.1.0.3 10.1.0.4 fd01::3"), &out));
    assert_int_equal(out.n, 1);
    assert_int_equal(out.of[0].length, 24);
    end_world(&w);
}

static void a_node_after_its_ports_is_counted(void **state)
{
    struct world w = {0};
    struct row *port = port_row(&w, "a_b", "n1", "m 10.1.0.3");
    const struct node *node;

    (void)state;
    w.nodes.owner = OWNER;
    nodes_port_changed(&w.nodes, NULL, port);
    nodes_switch_changed(&w.nodes, NULL, node_row(&w, "n1", "10.1.0.0/24"));
    assert_false(w.nodes.all_counted);
    node = nodes_find(&w.nodes, "n1");
    assert_taken(node, "10.1.0.3/24", false);
    nodes_count_port(&w.nodes, port);
    nodes_counted(&w.nodes);
    assert_true(w.nodes.all_counted && node->is_counted);
    assert_taken(node, "10.1.0.3/24", true);
    end_world(&w);
}

static void a_new_subnet_is_counted_anew(void **state)
{
    struct world w = {0};
    const struct node *node = have_node(&w, "n1", "10.1.0.0/24");

    (void)state;
    nodes_port_changed(&w.nodes, NULL, port_row(&w, "a_b", "n1", "m 10.1.0.3"));
    nodes_switch_changed(&w.nodes, NULL, rows_find(&w.rows, SWITCH_TABLE, switch_id(OWNER, "n1")));
    assert_int_equal(blocks_count(&node->taken, &node->subnets.of[0]), 1); /* The same again. */
    rows_clear(&w.rows);
    nodes_switch_changed(&w.nodes, NULL, node_row(&w, "n1", "10.2.0.0/24"));
    assert_int_equal(blocks_count(&node->taken, &node->subnets.of[0]), 0);
    assert_false(node->is_counted);
    end_world(&w);
}

static void chosen_addresses_are_reserved_until_released(void **state)
{
    struct world w = {0};
    struct node *node = have_node(&w, "n1", "10.1.0.0/29,fd01::/64");
    struct prefixes out;
    char text[PREFIXES_TEXT];

    (void)state;
    for (int i = 3; i < 7; i++) {
        char expected[64];

        snprintf(expected, sizeof expected, "10.1.0.%d/29,fd01::%d/64", i, i);
        assert_int_equal(node_choose(&w.nodes, node, &out), 0);
        assert_string_equal(prefixes_to_text(&out, text), expected);
        assert_false(node_is_taken(node, &out));           /* No row has it yet, ... */
        assert_false(node_can_give(&w.nodes, node, &out)); /* ... but a plan. */
    }
    assert_int_equal(node_choose(&w.nodes, node, &out), OVNK8S_EXHAUSTED);
    /* The switch is read anew, as after a lost connection: plans are in flight all the same. */
    nodes_switch_changed(&w.nodes, w.rows.first, NULL);
    nodes_switch_changed(&w.nodes, NULL, w.rows.first);
    nodes_counted(&w.nodes);
    node = nodes_find(&w.nodes, "n1");
    assert_int_equal(node_choose(&w.nodes, node, &out), OVNK8S_EXHAUSTED);
    out = prefixes("10.1.0.4/29,fd01::4/64");
    nodes_release(&w.nodes, &out);
    assert_int_equal(node_choose(&w.nodes, node, &out), 0);
    assert_string_equal(prefixes_to_text(&out, text), "10.1.0.4/29,fd01::4/64");
    end_world(&w);
}

static void what_a_node_can_give(void **state)
{
    static const struct {
        const char *addresses;
        bool expected;
    } cases[] = {
        {"10.1.0.3/24,fd01::3/64", true},
        {"10.1.0.254/24,fd01::ffff/64", true},
        {"10.1.0.3/24", false},
        {"10.1.0.1/24,fd01::3/64", false},
        {"10.1.0.2/24,fd01::3/64", false},
        {"10.1.0.0/24,fd01::3/64", false},
        {"10.1.0.3/24,fd01::/64", false},
        {"10.1.0.255/24,fd01::3/64", false},
        {"10.1.0.3/16,fd01::3/64", false},
        {"10.2.0.3/24,fd01::3/64", false},
        {"10.1.0.9/24,fd01::3/64", false},
    };
    struct world w = {0};
    const struct node *node = have_node(&w, "n1", "10.1.0.0/24,fd01::/64");

    (void)state;
    nodes_port_changed(&w.nodes, NULL, port_row(&w, "a_b", "n1", "m 10.1.0.9"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct prefixes p = prefixes(cases[i].addresses);

        if (node_can_give(&w.nodes, node, &p) != cases[i].expected) {
            fail_msg("%s", cases[i].addresses);
        }
    }
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_on_a_node_wants_a_port),
        cmocka_unit_test(both_annotations_count_where_both_are_wanted),
        cmocka_unit_test(who_wants_no_port),
        cmocka_unit_test(a_pod_that_was_gone_has_changed),
        cmocka_unit_test(objects_without_a_name_have_none),
        cmocka_unit_test(pods_are_found_by_namespace_and_name),
        cmocka_unit_test(pods_and_their_ports_are_counted),
        cmocka_unit_test(the_annotation_tells_the_addresses),
        cmocka_unit_test(the_other_annotation_tells_the_same),
        cmocka_unit_test(what_others_write_is_understood),
        cmocka_unit_test(what_others_must_not_write),
        cmocka_unit_test(what_is_no_annotation_of_ours),
        cmocka_unit_test(switches_of_ours_are_nodes),
        cmocka_unit_test(a_foreign_switch_takes_no_node_with_it),
        cmocka_unit_test(switches_of_a_restored_backup_are_counted),
        cmocka_unit_test(hundreds_of_nodes_are_found),
        cmocka_unit_test(ports_take_addresses_and_give_them_back),
        cmocka_unit_test(ports_of_others_take_addresses_too),
        cmocka_unit_test(odd_addresses_harm_nobody),
        cmocka_unit_test(a_node_after_its_ports_is_counted),
        cmocka_unit_test(a_new_subnet_is_counted_anew),
        cmocka_unit_test(chosen_addresses_are_reserved_until_released),
        cmocka_unit_test(what_a_node_can_give),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
