/* Health checks of Services: which there are, and how many endpoints they tell of. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/text.h"
#include "kube/kube.h"
#include "watch/health.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

/* Health checks of node "here", over a cache that is told by hand. The connection is never used. */
struct world {
    ovnk8s_kube *kube;
    struct service_cache cache;
    struct kube_handler services, slices;
    struct health health;
};

static void service_changed(struct cached_service *service, const struct service_spec *before,
                            void *payload)
{
    health_changed(&((struct world *)payload)->health, service, before);
}

static int set_up(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    struct world *world = calloc(1, sizeof *world);

    options.server = "http://127.0.0.1:1";
    assert_int_equal(ovnk8s_kube_open(&world->kube, &options), 0);
    world->cache.changed = service_changed;
    world->cache.payload = world;
    world->services = service_cache_services(&world->cache);
    world->slices = service_cache_slices(&world->cache);
    world->health = (struct health){.kube = world->kube, .services = &world->cache, .node = "here"};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    health_stop(&world->health);
    service_cache_clear(&world->cache);
    ovnk8s_kube_close(world->kube);
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
    assert_int_equal(health_step(&world->health), 0);
}

static void delete_service(struct world *world, const char *json)
{
    tell(world->services.gone, world, json);
    assert_int_equal(health_step(&world->health), 0);
}

static void put_slice(struct world *world, const char *json)
{
    tell(world->slices.object, world, json);
}

static void sync_slices(struct world *world)
{
    world->slices.synced(&world->cache);
    assert_int_equal(health_step(&world->health), 0);
}

static void write_down(const ovnk8s_health_check *check, void *payload)
{
    assert_int_equal(check->size, sizeof *check);
    text_printf(payload, "%s/%s %u: %zu;", check->service_namespace, check->name, check->port,
                check->local_endpoints);
}

static void assert_told(const struct world *world, const char *expected)
{
    struct text text = {0};

    text_add(&text, "");
    health_each(&world->health, write_down, &text);
    assert_string_equal(text.bytes, expected);
    text_clear(&text);
}

#define SERVICE(NAME, SPEC)                                                                        \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"" NAME "\"},\"spec\":{\"clusterIP\":"           \
    "\"10.96.0.9\",\"ports\":[{\"port\":80}]," SPEC "}}"
#define BALANCED(POLICY)                                                                           \
    "\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"" POLICY                                \
    "\",\"healthCheckNodePort\":32000"
#define CHECKED SERVICE("web", BALANCED("Local"))
#define PLAIN(NAME) SERVICE(NAME, "\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\"")
#define SLICE_OF(SERVICE_NAME, NAME, TYPE, PORTS, ENDPOINTS)                                       \
    "{\"metadata\":{\"namespace\":\"n\",\"name\":\"" NAME "\",\"labels\":{"                        \
    "\"kubernetes.io/service-name\":\"" SERVICE_NAME "\"}},\"addressType\":\"" TYPE                \
    "\",\"ports\":[" PORTS "],\"endpoints\":[" ENDPOINTS "]}"
#define PORT(NUMBER) "{\"name\":\"\",\"port\":" #NUMBER ",\"protocol\":\"TCP\"}"
#define SLICE(NAME, ENDPOINTS) SLICE_OF("web", NAME, "IPv4", PORT(8080), ENDPOINTS)
#define IS(READY, SERVING, TERMINATING)                                                            \
    ",\"conditions\":{\"ready\":" #READY ",\"serving\":" #SERVING ",\"terminating\":" #TERMINATING \
    "}"
#define ENDPOINT(ADDRESS, NODE, CONDITIONS)                                                        \
    "{\"addresses\":[\"" ADDRESS "\"],\"nodeName\":\"" NODE "\"" CONDITIONS "}"
#define HERE(ADDRESS) ENDPOINT(ADDRESS, "here", "")

static void nothing_is_told_before_endpoints_are_known(void **state)
{
    struct world *world = *state;
    uint64_t before;

    put_service(world, CHECKED);
    put_slice(world, SLICE("a", HERE("10.0.0.1")));
    assert_told(world, "");
    before = world->health.changes;
    sync_slices(world);
    assert_told(world, "n/web 32000: 1;");
    assert_int_not_equal(world->health.changes, before);
}

static void only_ready_endpoints_of_the_node_count(void **state)
{
    struct world *world = *state;

    put_service(world, CHECKED);
    sync_slices(world);
    assert_told(world, "n/web 32000: 0;");
    put_slice(world, SLICE("a", HERE("10.0.0.1") "," ENDPOINT("10.0.0.2", "there", "") "," ENDPOINT(
                                    "10.0.0.3", "here", IS(true, true, false))));
    assert_told(world, "n/web 32000: 2;");
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "here", IS(false, true, true)) "," ENDPOINT(
                                    "10.0.0.3", "here", IS(false, false, false))));
    assert_told(world, "n/web 32000: 0;"); /* The first still serves. */
    put_slice(world, SLICE("a", "{\"addresses\":[\"10.0.0.1\"]}"));
    assert_told(world, "n/web 32000: 0;");
    put_slice(world, SLICE("a", ENDPOINT("10.0.0.1", "here", IS(true, false, true))));
    assert_told(world, "n/web 32000: 1;"); /* Published before it is ready. */
}

static void each_endpoint_counts_once(void **state)
{
    struct world *world = *state;

    put_service(world, CHECKED);
    sync_slices(world);
    put_slice(world, SLICE("a", HERE("10.0.0.1") "," HERE("10.0.0.2")));
    put_slice(world,
              SLICE_OF("web", "b", "IPv4", PORT(9090), HERE("10.0.0.2") "," HERE("10.0.0.3")));
    put_slice(world, SLICE("c", ENDPOINT("10.0.0.4", "here", IS(false, true, true))));
    put_slice(world, SLICE("d", HERE("10.0.0.4")));
    assert_told(world, "n/web 32000: 4;");
    put_slice(world,
              SLICE_OF("web", "v6", "IPv6", PORT(8080), HERE("fd01::1") "," HERE("fd01::2")));
    assert_told(world, "n/web 32000: 4;");
    put_slice(world, SLICE("a", ""));
    put_slice(world, SLICE("b", ""));
    assert_told(world, "n/web 32000: 2;");
}

static void endpoints_without_ports_serve_nobody(void **state)
{
    struct world *world = *state;

    put_service(world, CHECKED);
    sync_slices(world);
    put_slice(world, SLICE_OF("web", "a", "IPv4", "", HERE("10.0.0.1")));
    assert_told(world, "n/web 32000: 0;");
    put_slice(world, SLICE("b", HERE("10.0.0.1")));
    assert_told(world, "n/web 32000: 1;");
    put_slice(world, SLICE_OF("web", "c", "IPv4", "", HERE("10.0.0.1")));
    assert_told(world, "n/web 32000: 1;");
}

static void only_services_with_a_health_check_have_one(void **state)
{
    struct world *world = *state;

    put_service(world, PLAIN("other"));
    put_service(world, CHECKED);
    sync_slices(world);
    assert_told(world, "n/web 32000: 0;");
    put_service(world, SERVICE("web", BALANCED("Cluster")));
    assert_told(world, "");
    put_service(world, CHECKED);
    assert_told(world, ""); /* Endpoints are to be learnt anew. */
    sync_slices(world);
    assert_told(world, "n/web 32000: 0;");
    delete_service(world, CHECKED);
    assert_told(world, "");
}

static void slices_are_followed_only_while_there_is_a_check(void **state)
{
    struct world *world = *state;

    put_service(world, PLAIN("web"));
    assert_null(world->health.slices);
    put_service(world, CHECKED);
    assert_non_null(world->health.slices);
    put_slice(world, SLICE("a", HERE("10.0.0.1")));
    put_slice(world, SLICE_OF("other", "b", "IPv4", PORT(8080), HERE("10.0.0.1")));
    sync_slices(world);
    put_service(world, SERVICE("second", BALANCED("Local")));
    delete_service(world, CHECKED);
    assert_non_null(world->health.slices);
    assert_told(world, "n/second 32000: 0;");
    delete_service(world, SERVICE("second", BALANCED("Local")));
    assert_null(world->health.slices);
    assert_int_equal(world->cache.slices.n, 0);
    assert_int_equal(world->cache.services.n, 0);
}

static void who_does_not_know_the_node_follows_nothing(void **state)
{
    struct world *world = *state;

    world->health.node = NULL;
    put_service(world, CHECKED);
    assert_null(world->health.slices);
    assert_told(world, "");
}

static void changes_are_those_of_health_checks(void **state)
{
    struct world *world = *state;
    uint64_t before;

    put_service(world, CHECKED);
    put_service(world, PLAIN("other"));
    sync_slices(world);
    before = world->health.changes;
    put_slice(world, SLICE_OF("other", "b", "IPv4", PORT(8080), HERE("10.0.0.1")));
    put_service(world, CHECKED);
    assert_int_equal(health_step(&world->health), 0);
    assert_int_equal(world->health.changes, before);
    put_slice(world, SLICE("a", HERE("10.0.0.1")));
    assert_int_not_equal(world->health.changes, before);
    before = world->health.changes;
    delete_service(world, CHECKED);
    assert_int_not_equal(world->health.changes, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
        TEST(nothing_is_told_before_endpoints_are_known),
        TEST(only_ready_endpoints_of_the_node_count),
        TEST(each_endpoint_counts_once),
        TEST(endpoints_without_ports_serve_nobody),
        TEST(only_services_with_a_health_check_have_one),
        TEST(slices_are_followed_only_while_there_is_a_check),
        TEST(who_does_not_know_the_node_follows_nothing),
        TEST(changes_are_those_of_health_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
