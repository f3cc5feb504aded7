/* Services and EndpointSlices: what is kept of them, and what they make together. */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/text.h"
#include "watch/service_value.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

/* A cache, and what it has told. */
struct world {
    struct service_cache cache;
    struct kube_handler services, slices;
    struct text changes, log;
};

static void note_change(struct cached_service *service, const struct service_spec *before,
                        void *payload)
{
    struct world *world = payload;

    (void)before;
    text_printf(&world->changes, "%s/%s ", service->service_namespace, service->name);
}

static void note_line(enum ovnk8s_log_level level, const char *line, void *payload)
{
    struct world *world = payload;

    (void)level;
    assert_null(strchr(line, '\n'));
    text_printf(&world->log, "%s\n", line);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->cache.changed = note_change;
    world->cache.payload = world;
    world->cache.log = (struct log){note_line, world};
    world->services = service_cache_services(&world->cache);
    world->slices = service_cache_slices(&world->cache);
    text_add(&world->changes, "");
    text_add(&world->log, "");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    service_cache_clear(&world->cache);
    assert_int_equal(world->cache.nodes.table.n, 0);
    text_clear(&world->changes);
    text_clear(&world->log);
    free(world);
    return 0;
}

static void tell(void (*handler)(void *payload, const cJSON *object), struct world *world,
                 const char *json)
{
    cJSON *object = cJSON_Parse(json);

    assert_non_null(object);
    handler(&world->cache, object);
    cJSON_Delete(object);
}

static void put_service(struct world *world, const char *json)
{
    tell(world->services.object, world, json);
}

static void put_slice(struct world *world, const char *json)
{
    tell(world->slices.object, world, json);
}

/* What was told since the last time. */
static void assert_changes(struct world *world, const char *expected)
{
    assert_string_equal(world->changes.bytes, expected);
    text_clear(&world->changes);
    text_add(&world->changes, "");
}

static void assert_log(struct world *world, const char *expected)
{
    assert_string_equal(world->log.bytes, expected);
    text_clear(&world->log);
    text_add(&world->log, "");
}

static void write_endpoint(struct text *text, const ovnk8s_endpoint *endpoint)
{
    const bool v6 = strchr(endpoint->address, ':');

    text_printf(text, " %s%s%s:%u%s%s%s", v6 ? "[" : "", endpoint->address, v6 ? "]" : "",
                endpoint->port, endpoint->node ? "@" : "", endpoint->node ? endpoint->node : "",
                endpoint->is_terminating ? "!" : "");
}

static void write_service(struct text *text, const ovnk8s_service *service)
{
    text_printf(text, "%s|%s|%s", service->cluster_ips ? service->cluster_ips : "",
                service->external_ips ? service->external_ips : "",
                service->load_balancer_ips ? service->load_balancer_ips : "");
    if (service->affinity_s) {
        text_printf(text, " affinity=%u", service->affinity_s);
    }
    text_add(text, service->internal_local ? " internal=local" : "");
    text_add(text, service->external_local ? " external=local" : "");
    for (size_t i = 0; i < service->n_ports; i++) {
        const ovnk8s_service_port *port = &service->ports[i];

        text_printf(text, "; %s %u/%u:", port->protocol, port->port, port->node_port);
        for (size_t at = 0; at < port->n_endpoints; at++) {
            write_endpoint(text, &port->endpoints[at]);
        }
    }
}

/* The service n/web as a line. */
static void assert_value(struct world *world, const char *expected)
{
    const struct cached_service *service = service_cache_find(&world->cache, "n", "web");
    struct reading reading = {.left_out = 0};
    struct arena arena = {0};
    struct text text = {0};
    ovnk8s_service value;

    text_add(&text, "");
    if (service && service_value(service, &arena, &value, &reading)) {
        write_service(&text, &value);
    } else {
        text_add(&text, "none");
    }
    assert_false(arena.failed);
    assert_string_equal(text.bytes, expected);
    text_clear(&text);
    arena_clear(&arena);
}

#define SERVICE(SPEC)                                                                              \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"web\"},\"spec\":{\"clusterIP\":\"10.96.0.9\","  \
    "\"clusterIPs\":[\"10.96.0.9\"]," SPEC "}}"
#define HTTP "\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"targetPort\":8080}]"
#define SLICE_OF(SERVICE_NAME, NAME, TYPE, PORTS, ENDPOINTS)                                       \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"" NAME "\",\"labels\":{"                        \
    "\"kubernetes.io/service-name\":\"" SERVICE_NAME "\"}},\"addressType\":\"" TYPE                \
    "\",\"ports\":[" PORTS "],\"endpoints\":[" ENDPOINTS "]}"
#define SLICE(NAME, ENDPOINTS) SLICE_OF("web", NAME, "IPv4", PORT("", 8080), ENDPOINTS)
#define PORT(NAME, NUMBER) "{\"name\":\"" NAME "\",\"port\":" #NUMBER ",\"protocol\":\"TCP\"}"
#define ENDPOINT(ADDRESS, NODE) "{\"addresses\":[\"" ADDRESS "\"],\"nodeName\":\"" NODE "\"}"
#define STATE(ADDRESS, CONDITIONS)                                                                 \
    "{\"addresses\":[\"" ADDRESS "\"],\"conditions\":{" CONDITIONS "}}"
#define READY(VALUE) "\"ready\":" #VALUE
#define SERVING(VALUE) "\"serving\":" #VALUE
#define TERMINATING(VALUE) "\"terminating\":" #VALUE

/* As kube-apiserver and its controllers write them. */
static const char real_service[] =
    "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web\",\"namespace\":"
    "\"n\","
    "\"uid\":\"2d4c0f4b-6d21-4b4e-9f0c-0d8e5a0a8d11\",\"resourceVersion\":\"412\","
    "\"creationTimestamp\":\"2026-11-23T08:20:11Z\",\"labels\":{\"app\":\"web\"},\"managedFields\":"
    "[{\"manager\":\"kubectl\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"fieldsType\":"
    "\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{\"f:ports\":{\".\":{}}}}}]},\"spec\":{\"ports\":[{"
    "\"name\":\"http\",\"protocol\":\"TCP\",\"port\":80,\"targetPort\":\"http\",\"nodePort\":31234}"
    ",{"
    "\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53,\"targetPort\":5353,\"nodePort\":30053}],"
    "\"selector\":{\"app\":\"web\"},\"clusterIP\":\"10.96.113.7\",\"clusterIPs\":[\"10.96.113.7\","
    "\"fd96::71\"],\"type\":\"LoadBalancer\",\"externalIPs\":[\"203.0.113.9\",\"203.0.113.10\"],"
    "\"sessionAffinity\":\"ClientIP\",\"externalTrafficPolicy\":\"Local\",\"healthCheckNodePort\":"
    "32100,\"ipFamilies\":[\"IPv4\",\"IPv6\"],\"ipFamilyPolicy\":\"RequireDualStack\","
    "\"allocateLoadBalancerNodePorts\":true,\"internalTrafficPolicy\":\"Cluster\","
    "\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":10800}}},\"status\":{"
    "\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.10\",\"ipMode\":\"VIP\"},{\"ip\":"
    "\"203.0.113.11\",\"ipMode\":\"VIP\"},{\"ip\":\"203.0.113.12\",\"ipMode\":\"Proxy\"},{"
    "\"hostname\":\"lb.example.org\"}]}}}";
static const char real_slice[] =
    "{\"metadata\":{\"name\":\"web-x7k2p\",\"generateName\":\"web-\",\"namespace\":\"n\",\"uid\":"
    "\"c6a9\",\"resourceVersion\":\"415\",\"generation\":2,\"labels\":{\"app\":\"web\","
    "\"endpointslice.kubernetes.io/managed-by\":\"endpointslice-controller.k8s.io\","
    "\"kubernetes.io/service-name\":\"web\"},\"annotations\":{"
    "\"endpoints.kubernetes.io/last-change-trigger-time\":\"2026-11-23T08:20:12Z\"},"
    "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"name\":\"web\",\"uid\":"
    "\"2d4c\",\"controller\":true,\"blockOwnerDeletion\":true}]},\"addressType\":\"IPv4\","
    "\"endpoints\":[{\"addresses\":[\"192.168.3.4\"],\"conditions\":{\"ready\":true,\"serving\":"
    "true,"
    "\"terminating\":false},\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"n\",\"name\":\"web-1\","
    "\"uid\":\"11\"},\"nodeName\":\"n2\"},{\"addresses\":[\"192.168.2.3\"],\"conditions\":{"
    "\"ready\":"
    "false,\"serving\":true,\"terminating\":true},\"nodeName\":\"n1\"},{\"addresses\":["
    "\"192.168.2.9\"],\"conditions\":{\"ready\":false,\"serving\":false,\"terminating\":false},"
    "\"nodeName\":\"n1\"}],\"ports\":[{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":5353},{"
    "\"name\":\"http\",\"protocol\":\"TCP\",\"port\":8080}]}";
static const char real_slice_v6[] =
    "{\"metadata\":{\"name\":\"web-q9d4t\",\"namespace\":\"n\",\"labels\":{"
    "\"kubernetes.io/"
    "service-name\":\"web\"}},\"addressType\":\"IPv6\",\"endpoints\":[{\"addresses\":"
    "[\"fd01:0:0:3::4\"],\"conditions\":{\"ready\":true,\"serving\":true,\"terminating\":false},"
    "\"nodeName\":\"n2\"}],\"ports\":[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":9090}]}";

static void what_a_real_api_server_tells(void **state)
{
    struct world *world = *state;

    put_service(world, real_service);
    put_slice(world, real_slice);
    put_slice(world, real_slice_v6);
    assert_value(world, "10.96.113.7,fd96::71|203.0.113.9,203.0.113.10|203.0.113.11 affinity=10800"
                        " external=local; tcp 80/31234: 192.168.2.3:8080@n1! 192.168.3.4:8080@n2"
                        " [fd01:0:0:3::4]:9090@n2; udp 53/30053: 192.168.2.3:5353@n1!"
                        " 192.168.3.4:5353@n2");
    assert_log(world, "");
    assert_int_equal(service_cache_find(&world->cache, "n", "web")->spec->health_check_node_port,
                     32100);
}

static void the_order_does_not_matter(void **state)
{
    struct world *world = *state;
    static const char both[] = "10.96.0.9||; tcp 80/0: 10.0.0.1:8080@n1 10.0.0.2:8080@n2";

    put_slice(world, SLICE("a", ENDPOINT("10.0.0.2", "n2")));
    assert_value(world, "none");
    put_service(world, SERVICE(HTTP));
    put_slice(world, SLICE("b", ENDPOINT("10.0.0.1", "n1")));
    assert_value(world, both);
    tell(world->slices.gone, world, SLICE("a", ""));
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.2", "n2")));
    assert_value(world, both);
    tell(world->services.gone, world, SERVICE(HTTP));
    assert_value(world, "none");
    put_service(world, SERVICE(HTTP));
    assert_value(world, both);
}

static void only_changes_are_told(void **state)
{
    struct world *world = *state;

    put_service(world, SERVICE(HTTP));
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "n1")));
    assert_changes(world, "n/web n/web ");
    put_service(world, SERVICE(HTTP ",\"selector\":{\"app\":\"other\"}"));
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "n1") "," STATE("10.0.0.7", READY(false))));
    assert_changes(world, "");
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "n2")));
    assert_changes(world, "n/web ");
    put_service(world, SERVICE(HTTP ",\"internalTrafficPolicy\":\"Local\""));
    assert_changes(world, "n/web ");
    put_slice(world, SLICE_OF("api", "a", "IPv4", PORT("", 8080), ENDPOINT("10.0.0.1", "n2")));
    assert_changes(world, "n/web n/api ");
    assert_value(world, "10.96.0.9|| internal=local; tcp 80/0:");
    tell(world->slices.gone, world, SLICE("a", "")); /* By its label it would be another's. */
    assert_changes(world, "n/api ");
    assert_null(service_cache_find(&world->cache, "n", "api"));
    tell(world->services.gone, world, SERVICE(HTTP));
    tell(world->services.gone, world, SERVICE(HTTP));
    assert_changes(world, "n/web ");
    assert_int_equal(world->cache.services.n, 0);
}

static void conditions_count_as_kubernetes_says(void **state)
{
    static const struct {
        const char *endpoint, *value;
    } cases[] = {
        {STATE("10.0.0.1", ""), " 10.0.0.1:8080"},
        {"{\"addresses\":[\"10.0.0.1\"]}", " 10.0.0.1:8080"},
        {STATE("10.0.0.1", READY(null)), " 10.0.0.1:8080"},
        {STATE("10.0.0.1", READY(false)), ""},
        {STATE("10.0.0.1", READY(false) "," SERVING(true)), ""},
        {STATE("10.0.0.1", READY(false) "," SERVING(true) "," TERMINATING(true)),
         " 10.0.0.1:8080!"},
        {STATE("10.0.0.1", READY(false) "," TERMINATING(true)), " 10.0.0.1:8080!"},
        {STATE("10.0.0.1", READY(false) "," SERVING(false) "," TERMINATING(true)), ""},
        /* As for publishNotReadyAddresses. */
        {STATE("10.0.0.1", READY(true) "," SERVING(false) "," TERMINATING(true)), " 10.0.0.1:8080"},
    };
    struct world *world = *state;
    char slice[1024], value[128];

    put_service(world, SERVICE(HTTP));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(slice, sizeof slice, SLICE("a", "%s"), cases[i].endpoint);
        snprintf(value, sizeof value, "10.96.0.9||; tcp 80/0:%s", cases[i].value);
        put_slice(world, slice);
        assert_value(world, value);
    }
}

static void ports_go_by_name_and_protocol(void **state)
{
    struct world *world = *state;

    put_service(world,
                SERVICE("\"ports\":[{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":81},"
                        "{\"name\":\"dns\",\"port\":53},{\"name\":\"dns-udp\",\"port\":53,"
                        "\"protocol\":\"UDP\"},{\"name\":\"sig\",\"port\":38412,"
                        "\"protocol\":\"SCTP\"}]"));
    put_slice(world,
              SLICE_OF("web", "one", "IPv4",
                       PORT("b", 8081) "," PORT("a", 8080) "," PORT(
                           "dns-udp", 53) ",{"
                                          "\"name\":\"sig\",\"port\":38412,\"protocol\":\"SCTP\"}",
                       ENDPOINT("10.0.0.1", "n1")));
    put_slice(world, SLICE_OF("web", "two", "IPv4", PORT("a", 9080), ENDPOINT("10.0.0.2", "n1")));
    assert_value(world, "10.96.0.9||; tcp 80/0: 10.0.0.1:8080@n1 10.0.0.2:9080@n1;"
                        " tcp 81/0: 10.0.0.1:8081@n1; tcp 53/0:; udp 53/0:;"
                        " sctp 38412/0: 10.0.0.1:38412@n1");
}

static void the_same_endpoint_counts_once(void **state)
{
    struct world *world = *state;
#define SERVING_STILL READY(false) "," SERVING(true) "," TERMINATING(true)

    put_service(world, SERVICE(HTTP));
    put_slice(world, SLICE("a", STATE("10.0.0.1", SERVING_STILL) "," ENDPOINT("10.0.0.1", "n1")));
    put_slice(world, SLICE("b", STATE("10.0.0.1", "") "," STATE("10.0.0.2", SERVING_STILL)));
    put_slice(world, SLICE_OF("web", "c", "IPv4", PORT("", 9090), STATE("10.0.0.1", "")));
    assert_value(world, "10.96.0.9||; tcp 80/0: 10.0.0.1:8080@n1 10.0.0.1:9090 10.0.0.2:8080!");
}

static void services_without_addresses(void **state)
{
    static const char *const specs[] = {
        "\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"]," HTTP "}",
        "\"spec\":{\"clusterIPs\":[\"None\"]," HTTP "}",
        "\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"example.org\"," HTTP "}",
        "\"spec\":{\"clusterIP\":\"10.96.0.9\",\"ports\":[]}",
        "\"spec\":{\"clusterIP\":\"10.96.0.9\"}",
    };
    struct world *world = *state;
    char json[1024];

    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        put_service(world, SERVICE(HTTP));
        snprintf(json, sizeof json, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"web\"},%s}",
                 specs[i]);
        put_service(world, json);
        assert_value(world, "none");
        assert_changes(world, "n/web n/web ");
    }
    put_service(world, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"web\",\"labels\":{"
                       "\"service.kubernetes.io/service-proxy-name\":\"other\"}},\"spec\":{"
                       "\"clusterIP\":\"10.96.0.9\"," HTTP "}}");
    assert_value(world, "none");
}

static void each_field_is_seen(void **state)
{
    static const struct {
        const char *spec, *value;
    } cases[] = {
        {HTTP, "10.96.0.9||; tcp 80/0:"},
        {HTTP ",\"sessionAffinity\":\"None\"", "10.96.0.9||; tcp 80/0:"},
        {HTTP ",\"sessionAffinity\":\"ClientIP\"", "10.96.0.9|| affinity=10800; tcp 80/0:"},
        {HTTP ",\"sessionAffinity\":\"ClientIP\",\"sessionAffinityConfig\":{\"clientIP\":{"
              "\"timeoutSeconds\":86400}}",
         "10.96.0.9|| affinity=86400; tcp 80/0:"},
        {HTTP ",\"internalTrafficPolicy\":\"Local\"", "10.96.0.9|| internal=local; tcp 80/0:"},
        {HTTP ",\"externalTrafficPolicy\":\"Local\"", "10.96.0.9|| external=local; tcp 80/0:"},
        {HTTP ",\"externalIPs\":[\"1.2.3.4\",\"fd00::1\",\"1.2.3.4\",\"10.96.0.9\"]",
         "10.96.0.9|1.2.3.4,fd00::1|; tcp 80/0:"},
        {"\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":30080}]",
         "10.96.0.9||; tcp 80/30080:"},
        {"\"type\":\"ClusterIP\",\"ports\":[{\"port\":80,\"nodePort\":30080}]",
         "10.96.0.9||; tcp 80/0:"},
        {"\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,\"loadBalancerClass\":"
         "\"x.org/y\"," HTTP "},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"1.2.3.4\"}]}",
         "10.96.0.9||1.2.3.4; tcp 80/0:"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[1024];

        snprintf(json, sizeof json, SERVICE("%s"), cases[i].spec);
        put_service(world, json);
        assert_value(world, cases[i].value);
    }
    assert_log(world, "");
}

/* What was not seen in a LIST is gone, in either collection. */
static void a_list_is_all_there_is(void **state)
{
    struct world *world = *state;

    put_service(world, SERVICE(HTTP));
    put_service(world, "{\"metadata\":{\"namespace\":\"m\",\"name\":\"old\"},\"spec\":{" HTTP "}}");
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "n1")));
    put_slice(world, SLICE("b", ENDPOINT("10.0.0.2", "n2")));
    assert_false(world->cache.services_synced);
    assert_changes(world, "n/web m/old n/web n/web ");
    world->services.begin_list(&world->cache);
    put_service(world, SERVICE(HTTP));
    world->services.synced(&world->cache);
    assert_changes(world, "m/old ");
    world->slices.begin_list(&world->cache);
    put_slice(world, SLICE("b", ENDPOINT("10.0.0.2", "n2")));
    world->slices.synced(&world->cache);
    assert_changes(world, "n/web ");
    assert_true(world->cache.services_synced && world->cache.slices_synced);
    assert_value(world, "10.96.0.9||; tcp 80/0: 10.0.0.2:8080@n2");
    assert_int_equal(world->cache.services.n, 1);
    assert_int_equal(world->cache.nodes.table.n, 1);
    world->services.begin_list(&world->cache);
    world->services.synced(&world->cache);
    world->slices.begin_list(&world->cache);
    world->slices.synced(&world->cache);
    assert_int_equal(world->cache.services.n, 0);
    assert_int_equal(world->cache.slices.n, 0);
}

static void an_entry_stays_as_long_as_somebody_holds_it(void **state)
{
    struct world *world = *state;
    struct cached_service *web = service_cache_hold(&world->cache, "n", "web", world);

    assert_non_null(web);
    put_service(world, SERVICE(HTTP));
    tell(world->services.gone, world, SERVICE(HTTP));
    assert_ptr_equal(service_cache_find(&world->cache, "n", "web"), web);
    assert_value(world, "none");
    service_cache_release(&world->cache, web);
    assert_null(service_cache_find(&world->cache, "n", "web"));
}

static void nodes_matter_to_those_who_are_there(void **state)
{
    struct world *world = *state;
    struct cached_service *web;

    put_service(world, SERVICE(HTTP));
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "n1") "," STATE("10.0.0.2", "")));
    web = service_cache_find(&world->cache, "n", "web");
    assert_false(cached_service_is_local(web));
    assert_true(cached_service_is_on(web, "n1"));
    assert_false(cached_service_is_on(web, "n2"));
    put_service(world, SERVICE(HTTP ",\"internalTrafficPolicy\":\"Local\""));
    assert_true(cached_service_is_local(web));
}

/* Of bad objects the rest counts, and one line says why. */
static void what_makes_no_sense_is_left_out(void **state)
{
    static const struct {
        const char *spec, *value, *log;
    } cases[] = {
        {"\"ports\":[{\"port\":0},{\"port\":70000},{\"port\":\"80\"},{\"port\":80.5},{\"port\":80}"
         "]",
         "10.96.0.9||; tcp 80/0:",
         "service n/web: ports[0].port: 0: expected a number from 1 to 65535; 4 left out\n"},
        {"\"ports\":[{\"port\":80},{\"port\":80,\"name\":\"b\"},7,null,[],{}]",
         "10.96.0.9||; tcp 80/0:",
         "service n/web: ports[1]: tcp port 80 or its node port is there twice; 5 left out\n"},
        {"\"ports\":[{\"port\":80,\"protocol\":\"DCCP\\n\"},{\"port\":81}]",
         "10.96.0.9||; tcp 81/0:",
         "service n/web: ports[0].protocol: \"DCCP \": expected TCP, UDP or SCTP; 1 left out\n"},
        {"\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":-1}]",
         "10.96.0.9||; tcp 80/0:",
         "service n/web: ports[0].nodePort: -1: expected a number from 1 to 65535; 1 left out\n"},
        {HTTP ",\"externalIPs\":[\"x\",7,null,{},\"1.2.3.4/8\",\"1.2.3.4\"]",
         "10.96.0.9|1.2.3.4|; tcp 80/0:",
         "service n/web: externalIPs[0]: \"x\": expected an IP address; 5 left out\n"},
        {HTTP ",\"sessionAffinity\":\"ClientIP\",\"sessionAffinityConfig\":{\"clientIP\":{"
              "\"timeoutSeconds\":1e9}}",
         "10.96.0.9|| affinity=10800; tcp 80/0:",
         "service n/web: sessionAffinityConfig.clientIP.timeoutSeconds: expected 1 to 86400;"
         " 1 left out\n"},
        {"\"ports\":[]", "none", "service n/web: ports: none; 1 left out\n"},
        {"\"ports\":\"x\"", "none", ""}, /* The same nothing as before. */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[1024];

        snprintf(json, sizeof json, SERVICE("%s"), cases[i].spec);
        put_service(world, json);
        assert_value(world, cases[i].value);
        assert_log(world, cases[i].log);
    }
    put_service(world,
                "{\"metadata\":{\"namespace\":\"n\",\"name\":\"web\"},\"spec\":{\"clusterIPs\":"
                "[\"10.96.0.9\",\"10.96.0.8\"]," HTTP "}}");
    assert_value(world, "10.96.0.9||; tcp 80/0:");
    assert_log(world, "service n/web: clusterIPs[1]: a second one of IPv4; 1 left out\n");
}

static void bad_slices_are_left_out(void **state)
{
    static const struct {
        const char *slice, *value, *log;
    } cases[] = {
        {SLICE("a", "7,null,{},{\"addresses\":[]},{\"addresses\":[7]},"
                    "{\"addresses\":[\"fd00::1\"]},{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"],"
                    "\"conditions\":[],\"nodeName\":{}}"),
         " 10.0.0.1:8080", "endpoints[0]: \"\": expected an IP address; 6 left out\n"},
        {SLICE_OF("web", "a", "IPv4",
                  "{\"port\":0},{\"port\":70000},{\"port\":null},{},7,{\"port\":\"x\"},"
                  "{\"port\":80,\"name\":7}",
                  ENDPOINT("10.0.0.1", "n1")),
         " 10.0.0.1:80@n1",
         "ports[1].port: 70000: expected a number from 1 to 65535; 2 left out\n"},
        {SLICE_OF("web", "a", "IPv5", "", ""), "",
         "addressType: \"IPv5\": expected IPv4, IPv6 or FQDN; 1 left out\n"},
        {SLICE_OF("web", "a", "FQDN", PORT("", 80), "{\"addresses\":[\"example.org\"]}"), "", ""},
        {SLICE_OF("web", "a", "IPv6", PORT("", 80), "{\"addresses\":[\"10.0.0.1\"]}"), "",
         "endpoints[0]: \"10.0.0.1\": expected an address of IPv6; 1 left out\n"},
    };
    struct world *world = *state;

    put_service(world, SERVICE(HTTP));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[128], line[256] = "";

        snprintf(value, sizeof value, "10.96.0.9||; tcp 80/0:%s", cases[i].value);
        if (*cases[i].log) {
            snprintf(line, sizeof line, "endpoint slice n/a: %s", cases[i].log);
        }
        put_slice(world, cases[i].slice);
        assert_value(world, value);
        assert_log(world, line);
    }
}

static void objects_of_no_sense_at_all(void **state)
{
    static const char *const objects[] = {
        "7",
        "[]",
        "{}",
        "{\"metadata\":7}",
        "{\"metadata\":{\"namespace\":\"n\"}}",
        "{\"metadata\":{\"namespace\":\"n\",\"name\":{}}}",
        "{\"metadata\":{\"namespace\":\"n\",\"name\":\"x\",\"labels\":7},\"spec\":7}",
        "{\"metadata\":{\"namespace\":\"n\",\"name\":\"x\"},\"spec\":[],\"status\":\"x\"}",
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        put_service(world, objects[i]);
        put_slice(world, objects[i]);
        tell(world->services.gone, world, objects[i]);
        tell(world->slices.gone, world, objects[i]);
    }
    assert_changes(world, "");
    assert_int_equal(world->cache.services.n, 0);
    assert_int_equal(world->cache.slices.n, 0);
}

/* A slice of 'n' endpoints, on ten nodes. */
static char *big_slice(const char *service_name, unsigned int number, unsigned int n)
{
    struct text text = {0};

    text_printf(&text,
                "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s-%u\",\"labels\":{"
                "\"kubernetes.io/service-name\":\"%s\"}},\"addressType\":\"IPv4\",\"ports\":["
                "{\"name\":\"\",\"port\":80}],\"endpoints\":[",
                service_name, number, service_name);
    for (unsigned int i = 0; i < n; i++) {
        text_printf(&text, "%s{\"addresses\":[\"10.%u.%u.%u\"],\"nodeName\":\"node-%u\"}",
                    i ? "," : "", number, i / 250, i % 250 + 1, i % 10);
    }
    text_add(&text, "]}");
    assert_false(text.failed);
    return text.bytes;
}

static void put_big_slice(struct world *world, const char *service_name, unsigned int number,
                          unsigned int n)
{
    char *json = big_slice(service_name, number, n);

    put_slice(world, json);
    free(json);
}

static size_t count_endpoints(struct world *world, const char *name, struct reading *reading)
{
    const struct cached_service *service = service_cache_find(&world->cache, "n", name);
    struct arena arena = {0};
    ovnk8s_service value;
    size_t n;

    assert_true(service_value(service, &arena, &value, reading));
    n = value.ports[0].n_endpoints;
    arena_clear(&arena);
    return n;
}

static void too_much_is_bounded(void **state)
{
    struct world *world = *state;
    struct reading reading = {.left_out = 0};

    put_service(world, SERVICE(HTTP));
    put_big_slice(world, "web", 0, 100000);
    assert_log(world, "endpoint slice n/web-0: endpoints: more than 1000; 1 left out\n");
    assert_int_equal(count_endpoints(world, "web", &reading), 1000);
    assert_int_equal(reading.left_out, 0);
    for (unsigned int i = 1; i < 10; i++) {
        put_big_slice(world, "web", i, 1000);
    }
    assert_int_equal(count_endpoints(world, "web", &reading), OVNK8S_SERVICE_ENDPOINTS_MAX);
    assert_int_equal(reading.left_out, 1);
}

static size_t bytes_in_use(void)
{
    return mallinfo2().uordblks;
}

/* A thousand services with ten endpoints each, and one with 5,000. */
static void memory_is_compact(void **state)
{
    struct world *world = *state;
    const size_t before = bytes_in_use();
    char name[32], json[512];

    world->cache.changed = NULL;
    for (unsigned int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "service-%u", i);
        snprintf(json, sizeof json,
                 "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\"},\"spec\":{\"clusterIP\":"
                 "\"10.96.%u.%u\"," HTTP "}}",
                 name, i / 250, i % 250 + 1);
        put_service(world, json);
        put_big_slice(world, name, 0, 10);
    }
    print_message("1,000 services: %zu bytes\n", bytes_in_use() - before);
    assert_in_range(bytes_in_use() - before, 0, 2000000);
    for (unsigned int i = 0; i < 50; i++) {
        put_big_slice(world, "service-7", i, 100);
    }
    print_message("and 5,000 endpoints: %zu bytes\n", bytes_in_use() - before);
    assert_in_range(bytes_in_use() - before, 0, 2500000);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_real_api_server_tells),
        TEST(the_order_does_not_matter),
        TEST(only_changes_are_told),
        TEST(conditions_count_as_kubernetes_says),
        TEST(ports_go_by_name_and_protocol),
        TEST(the_same_endpoint_counts_once),
        TEST(services_without_addresses),
        TEST(each_field_is_seen),
        TEST(a_list_is_all_there_is),
        TEST(an_entry_stays_as_long_as_somebody_holds_it),
        TEST(nodes_matter_to_those_who_are_there),
        TEST(what_makes_no_sense_is_left_out),
        TEST(bad_slices_are_left_out),
        TEST(objects_of_no_sense_at_all),
        TEST(too_much_is_bounded),
        TEST(memory_is_compact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
