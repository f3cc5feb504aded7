/* Services that name the same address: one has it, whoever was told of first, and the others are
 * looked at when that changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "watch/service_value.h"
#include "watch/service_yield.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

enum { MOST = 8 };

struct world {
    struct service_cache cache;
    struct claims claims;
    struct service_places places;
    struct ip gateways[1];
    struct text touched; /* Who was to be looked at since the last time. */
};

static void touch(struct cached_service *service, void *payload)
{
    text_printf(&((struct world *)payload)->touched, "%s ", service->name);
}

static void changed(struct cached_service *service, const struct service_spec *before,
                    void *payload)
{
    struct world *world = payload;

    touch(service, world);
    if (before != service->spec) {
        assert_true(claims_update(&world->claims, service, before));
        service_rivals_each(&world->claims, &world->places, service, before, touch, world);
        service_rivals_each(&world->claims, &world->places, service, service->spec, touch, world);
    }
}

/* A cluster of 192.168.0.0/16, with a gateway that has 10.0.0.5. */
static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->cache.changed = changed;
    world->cache.payload = world;
    assert_true(prefixes_from_text("192.168.0.0/16", &world->places.cluster));
    assert_true(prefixes_from_text("100.64.1.0/24", &world->places.join));
    assert_true(ip_from_text("10.0.0.5", &world->gateways[0]));
    world->places.gateways = world->gateways;
    world->places.n_gateways = 1;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    service_cache_clear(&world->cache);
    claims_clear(&world->claims);
    text_clear(&world->touched);
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

/* A service with a port of TCP; 'second' is when it was created. */
static void put(struct world *world, const char *name, unsigned int second, const char *cluster_ip,
                const char *external_ip, unsigned int port, unsigned int node_port)
{
    char json[1024];

    snprintf(json, sizeof json,
             "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\",\"creationTimestamp\":"
             "\"2026-11-23T08:20:%02uZ\"},\"spec\":{\"type\":\"NodePort\",\"clusterIPs\":[\"%s\"],"
             "\"externalIPs\":[\"%s\"],\"ports\":[{\"port\":%u,\"nodePort\":%u}]}}",
             name, second, cluster_ip, external_ip, port, node_port);
    tell(service_cache_services(&world->cache).object, world, json);
}

static void drop(struct world *world, const char *name)
{
    char json[128];

    snprintf(json, sizeof json, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\"}}", name);
    tell(service_cache_services(&world->cache).gone, world, json);
}

/* What the service does not get: "ADDRESSES;NODE PORT;REASON". */
static void look(const struct world *world, const char *name, char *out, size_t size)
{
    const struct cached_service *service = service_cache_find(&world->cache, "n", name);
    struct reading reading = {.left_out = 0}, taken = {.left_out = 0};
    struct arena arena = {0};
    ovnk8s_service value;

    snprintf(out, size, "none");
    if (service && service_value(service, &arena, &value, &reading)) {
        service_yield(&world->claims, &world->places, service, &arena, &value, &taken);
        snprintf(out, size, "%s;%u;%s", value.ports[0].not_at ? value.ports[0].not_at : "",
                 value.ports[0].node_port, taken.reason);
    }
    assert_false(arena.failed);
    arena_clear(&arena);
}

static void assert_yields(const struct world *world, const char *name, const char *expected)
{
    char found[512];

    look(world, name, found, sizeof found);
    assert_string_equal(found, expected);
}

#define TAKEN_BY(NAME)                                                                             \
    "203.0.113.9;0;external IP 203.0.113.9 port 80/TCP is taken by service n/" NAME

static void the_older_has_it_in_whatever_order_they_come(void **state)
{
    struct world *world = *state;

    for (unsigned int order = 0; order < 2; order++) {
        put(world, order ? "young" : "old", order ? 9 : 1, "10.96.0.1", "203.0.113.9", 80, 0);
        put(world, order ? "old" : "young", order ? 1 : 9, "10.96.0.2", "203.0.113.9", 80, 0);
        assert_yields(world, "old", ";0;");
        assert_yields(world, "young", TAKEN_BY("old"));
        drop(world, "old");
        assert_yields(world, "young", ";0;");
        drop(world, "young");
        assert_int_equal(world->claims.table.n, 0);
    }
}

static void of_the_same_age_the_first_by_name_has_it(void **state)
{
    struct world *world = *state;

    put(world, "b", 1, "10.96.0.1", "203.0.113.9", 80, 0);
    put(world, "a", 1, "10.96.0.2", "203.0.113.9", 80, 0);
    assert_yields(world, "a", ";0;");
    assert_yields(world, "b", TAKEN_BY("a"));
}

static void other_ports_and_addresses_are_nobody_s_business(void **state)
{
    struct world *world = *state;

    put(world, "a", 1, "10.96.0.1", "203.0.113.9", 80, 30080);
    put(world, "b", 2, "10.96.0.2", "203.0.113.9", 81, 30081);
    put(world, "c", 3, "10.96.0.3", "203.0.113.8", 80, 30082);
    for (const char *const *name = (const char *const[]){"a", "b", "c", NULL}; *name; name++) {
        char found[512];

        look(world, *name, found, sizeof found);
        assert_int_equal(found[0], ';');
        assert_non_null(strstr(found, ";3008"));
    }
    assert_string_equal(world->touched.bytes, "a b c ");
}

static void a_cluster_address_is_its_service_s_however_young_that_is(void **state)
{
    struct world *world = *state;

    put(world, "old", 1, "10.96.0.1", "10.96.0.7", 80, 0);
    assert_yields(world, "old", ";0;");
    put(world, "young", 9, "10.96.0.7", "203.0.113.9", 80, 0);
    assert_yields(world, "young", ";0;");
    assert_yields(world, "old",
                  "10.96.0.7;0;external IP 10.96.0.7 port 80/TCP is taken by service n/young");
}

static void a_node_port_is_at_each_gateway(void **state)
{
    struct world *world = *state;

    put(world, "old", 1, "10.96.0.1", "10.0.0.5", 30080, 0);
    assert_yields(world, "old", ";0;");
    put(world, "young", 9, "10.96.0.2", "203.0.113.9", 80, 30080);
    assert_yields(world, "young", ";30080;");
    assert_yields(world, "old",
                  "10.0.0.5;0;external IP 10.0.0.5 port 30080/TCP is taken by the node port of "
                  "service n/young");
    put(world, "same", 10, "10.96.0.3", "10.0.0.5", 30090, 30090);
    assert_yields(world, "same", "10.0.0.5;30090;");
    put(world, "elsewhere", 11, "10.96.0.4", "10.0.0.6", 30080, 0);
    assert_yields(world, "elsewhere", ";0;");
}

static void addresses_inside_the_cluster_are_nobody_s(void **state)
{
    struct world *world = *state;

    put(world, "a", 1, "10.96.0.1", "192.168.1.3", 80, 0);
    assert_yields(world, "a",
                  "192.168.1.3;0;external IP 192.168.1.3 is an address inside the cluster");
    put(world, "a", 1, "10.96.0.1", "100.64.1.2", 80, 0);
    assert_yields(world, "a",
                  "100.64.1.2;0;external IP 100.64.1.2 is an address inside the cluster");
}

/* Services that come, change and go by chance, all of few addresses and ports. Whose share is
 * another after a change was touched by it. */
static void whoever_is_concerned_is_touched(void **state)
{
    static const char *const addresses[] = {"10.0.0.5", "10.0.0.6", "10.96.0.1", "10.96.0.2"};
    static const char *const cluster[] = {"10.96.0.1", "10.96.0.2", "10.96.0.3"};
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const unsigned int seed = (unsigned int)getpid();
    struct world *world = *state;
    char before[MOST][512], now[512], touched[8];
    unsigned int r = seed;

    for (unsigned int turn = 0; turn < 5000; turn++) {
        const char *name = names[rand_r(&r) % MOST];

        for (size_t i = 0; i < MOST; i++) {
            look(world, names[i], before[i], sizeof before[i]);
        }
        text_clear(&world->touched);
        text_add(&world->touched, " ");
        if (rand_r(&r) % 4) {
            put(world, name, (unsigned int)rand_r(&r) % 3, cluster[rand_r(&r) % 3],
                addresses[rand_r(&r) % 4], 30080 + (unsigned int)rand_r(&r) % 2,
                rand_r(&r) % 2 ? 30080 + (unsigned int)rand_r(&r) % 2 : 0);
        } else {
            drop(world, name);
        }
        for (size_t i = 0; i < MOST; i++) {
            look(world, names[i], now, sizeof now);
            snprintf(touched, sizeof touched, " %s ", names[i]);
            if (strcmp(now, before[i]) != 0 && !strstr(world->touched.bytes, touched)) {
                fail_msg("seed %u, turn %u: %s: \"%s\" is now \"%s\"", seed, turn, names[i],
                         before[i], now);
            }
        }
    }
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_older_has_it_in_whatever_order_they_come),
        TEST(of_the_same_age_the_first_by_name_has_it),
        TEST(other_ports_and_addresses_are_nobody_s_business),
        TEST(a_cluster_address_is_its_service_s_however_young_that_is),
        TEST(a_node_port_is_at_each_gateway),
        TEST(addresses_inside_the_cluster_are_nobody_s),
        TEST(whoever_is_concerned_is_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
