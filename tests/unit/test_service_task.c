/* Services as tasks, with a real ovsdb-server: what is compared, planned, noticed and told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <ovnk8s/ovnk8s.h>

#include "guest_server.h"
#include "topology/groups.h"
#include "watch/private.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static ovnk8s_watcher watcher;

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

/* The loop of the watcher, without an API server. */
static void step(void)
{
    struct wake_set wakes;
    const struct deadline deadline = {now_ms() + 50, NULL};
    int64_t at;

    conn_step(watcher.conn);
    services_step(&watcher);
    lanes_step(&watcher);
    conn_wakes(watcher.conn, &wakes);
    at = lanes_wake_at(&watcher);
    deadline_poll(&deadline, wakes.fds, wakes.n, wakes.at < at ? wakes.at : at);
}

#define STEP_UNTIL(CONDITION)                                                                      \
    do {                                                                                           \
        const double end_ = seconds() + 60;                                                        \
                                                                                                   \
        while (!(CONDITION)) {                                                                     \
            assert_true(seconds() < end_);                                                         \
            step();                                                                                \
        }                                                                                          \
    } while (0)

static void settle(void)
{
    STEP_UNTIL(conn_is_current(watcher.conn) && !lanes_count_pending(&watcher.lanes));
}

static void row_changed(const struct row *before, const struct row *now, void *payload)
{
    services_row_changed(payload, before, now);
}

static void add_gateway(ovnk8s_plan *plan, const char *node, const char *address)
{
    ovnk8s_gateway gateway = OVNK8S_GATEWAY_INIT;

    gateway.node = gateway.chassis = node;
    gateway.interface = "eth1";
    gateway.mac = "02:00:00:00:00:01";
    gateway.physical_ips = address;
    gateway.default_gateways = "10.0.0.1";
    succeed(ovnk8s_gateway_add(plan, &gateway));
}

static void apply(ovnk8s_plan *plan)
{
    succeed(ovnk8s_plan_apply(plan, watcher.nb, NULL));
    ovnk8s_plan_free(plan);
}

/* A cluster with two nodes, of which one is a gateway. */
static void lay_out(void)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_plan *plan;

    succeed(ovnk8s_plan_new(&plan, NULL));
    succeed(ovnk8s_cluster_delete(plan, OVNK8S_FORCE));
    apply(plan);
    cluster.name = "m";
    cluster.subnet = "192.168.0.0/16";
    succeed(ovnk8s_plan_new(&plan, NULL));
    succeed(ovnk8s_cluster_add(plan, &cluster));
    node.name = "n1";
    succeed(ovnk8s_node_add(plan, &node));
    node.name = "n2";
    succeed(ovnk8s_node_add(plan, &node));
    apply(plan);
    succeed(ovnk8s_plan_new(&plan, NULL));
    add_gateway(plan, "n1", "10.0.0.5/24");
    apply(plan);
}

static int set_up(void **state)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;

    (void)state;
    memset(&watcher, 0, sizeof watcher);
    options.timeout_ms = 10000;
    succeed(ovnk8s_nb_open(&watcher.nb, server.remote, &options));
    watcher.conn = nb_conn(watcher.nb);
    watcher.owner = (char *)OVNK8S_DEFAULT_OWNER;
    watcher.pods_synced = true;
    lay_out();
    conn_replica(watcher.conn)->changed = row_changed;
    conn_replica(watcher.conn)->payload = &watcher;
    services_prepare(&watcher);
    conn_watch(watcher.conn, SWITCH_TABLE, NULL);
    watcher.services.cache.services_synced = watcher.services.cache.slices_synced = true;
    STEP_UNTIL(conn_is_current(watcher.conn));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    conn_replica(watcher.conn)->changed = NULL;
    lanes_clear(&watcher.lanes);
    services_clear(&watcher);
    ovnk8s_nb_close(watcher.nb);
    return 0;
}

/* What the API server says. */

static void tell(const struct kube_handler *handler, const char *format, ...)
{
    char json[2048];
    cJSON *object;
    va_list args;

    va_start(args, format);
    vsnprintf(json, sizeof json, format, args);
    va_end(args);
    object = cJSON_Parse(json);
    assert_non_null(object);
    handler->object(handler->payload, object);
    cJSON_Delete(object);
}

/* Its policies are both local, so that it has rows of all kinds. */
static void put_service(unsigned int i)
{
    const struct kube_handler handler = service_cache_services(&watcher.services.cache);

    tell(&handler,
         "{\"metadata\":{\"namespace\":\"default\",\"name\":\"s%u\"},"
         "\"spec\":{\"clusterIP\":\"10.96.%u.%u\",\"clusterIPs\":[\"10.96.%u.%u\"],"
         "\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\","
         "\"internalTrafficPolicy\":\"Local\","
         "\"ports\":[{\"protocol\":\"TCP\",\"port\":80,\"nodePort\":%u}]}}",
         i, i / 250, 1 + i % 250, i / 250, 1 + i % 250, 30000 + i);
}

static void put_endpoint(unsigned int i, unsigned int last)
{
    const struct kube_handler handler = service_cache_slices(&watcher.services.cache);

    tell(&handler,
         "{\"metadata\":{\"namespace\":\"default\",\"name\":\"s%u-x\","
         "\"labels\":{\"kubernetes.io/service-name\":\"s%u\"}},"
         "\"addressType\":\"IPv4\",\"ports\":[{\"protocol\":\"TCP\",\"port\":8080}],"
         "\"endpoints\":[{\"addresses\":[\"192.168.0.%u\"],\"nodeName\":\"n1\"}]}",
         i, i, last);
}

static void put_services(unsigned int from, unsigned int to)
{
    for (unsigned int i = from; i < to; i++) {
        put_service(i);
        put_endpoint(i, 101);
    }
    settle();
}

/* What somebody else does to the database. */
static void transact(const char *operation)
{
    char command[1024];

    snprintf(command, sizeof command,
             "ovsdb-client transact %s '[\"OVN_Northbound\",%s]' >/dev/null", server.remote,
             operation);
    assert_int_equal(system(command), 0);
}

static size_t plans(void)
{
    return watcher.metrics.plans_committed + watcher.metrics.plans_unchanged;
}

static void what_is_there_already_needs_no_plan(void **state)
{
    size_t before;

    (void)state;
    put_services(0, 20);
    assert_int_equal(watcher.metrics.plans_unchanged, 0);
    before = plans();
    services_touch_all(&watcher);
    assert_true(lanes_count_pending(&watcher.lanes) >= 20);
    settle();
    assert_int_equal(plans(), before);
}

/* Waits until a plan has set right what the operation does. */
static void assert_comes_back(const char *operation)
{
    size_t before = watcher.metrics.plans_committed;

    transact(operation);
    STEP_UNTIL(watcher.metrics.plans_committed > before);
    settle();
    before = plans();
    services_touch_all(&watcher);
    settle();
    assert_int_equal(plans(), before);
}

#define WHERE(COLUMN, VALUE) "\"where\":[[\"" COLUMN "\",\"==\",\"" VALUE "\"]]"

static void what_somebody_changes_comes_back(void **state)
{
    (void)state;
    put_services(0, 3);
    assert_comes_back("{\"op\":\"update\",\"table\":\"Load_Balancer\"," WHERE(
        "name", "default/s1 tcp local n1") ",\"row\":{\"vips\":[\"map\",[]]}}");
    assert_comes_back("{\"op\":\"update\",\"table\":\"Load_Balancer\"," WHERE(
        "name", "default/s1 tcp") ",\"row\":{\"options\":[\"map\",[]]}}");
    assert_comes_back("{\"op\":\"delete\",\"table\":\"Load_Balancer\"," WHERE(
        "name", "default/s2 tcp node n1") "}");
    /* The main one of several: the others are believed not to be there either, at first. */
    assert_comes_back(
        "{\"op\":\"delete\",\"table\":\"Load_Balancer\"," WHERE("name", "default/s2 tcp") "}");
    assert_comes_back("{\"op\":\"update\",\"table\":\"Load_Balancer_Group\"," WHERE(
        "name", "k8s/router/n1") ",\"row\":{\"load_balancer\":[\"set\",[]]}}");
    assert_comes_back("{\"op\":\"update\",\"table\":\"Logical_Router_Policy\",\"where\":["
                      "[\"external_ids\",\"includes\",[\"map\",[[\"k8s-service-name\",\"s0\"]]]]],"
                      "\"row\":{\"action\":\"drop\"}}");
    assert_comes_back("{\"op\":\"update\",\"table\":\"Logical_Router\"," WHERE(
        "name", "m") ",\"row\":{\"policies\":[\"set\",[]]}}");
}

/* What a plan has brought about is only known when it is seen. */
static void what_somebody_changes_while_a_plan_is_in_flight_is_noticed(void **state)
{
    const struct lane_state *lane = &watcher.lanes.of[LANE_SERVICES];

    (void)state;
    put_services(0, 1);
    put_endpoint(0, 102);
    lanes_step(&watcher);
    assert_int_equal(lane->flying.tasks.n, 1);
    transact("{\"op\":\"update\",\"table\":\"Load_Balancer\"," WHERE(
        "name", "default/s0 tcp") ",\"row\":{\"options\":[\"map\",[]]}}");
    settle();
    STEP_UNTIL(!lanes_count_pending(&watcher.lanes));
    services_touch_all(&watcher);
    {
        const size_t before = plans();

        settle();
        assert_int_equal(plans(), before);
    }
}

static void a_service_that_goes_takes_its_rows_along(void **state)
{
    const struct kube_handler handler = service_cache_services(&watcher.services.cache);
    cJSON *object = cJSON_Parse("{\"metadata\":{\"namespace\":\"default\",\"name\":\"s0\"}}");

    (void)state;
    put_services(0, 1);
    handler.gone(handler.payload, object);
    cJSON_Delete(object);
    settle();
    assert_true(watcher.metrics.plans_committed >= 2);
    assert_null(service_cache_find(&watcher.services.cache, "default", "s0")->holder);
}

/* How many bytes the server writes for one endpoint that is another. */
static int64_t cost_of_change(unsigned int last)
{
    struct stat before, after;

    assert_int_equal(stat(server.database, &before), 0);
    put_endpoint(0, last);
    settle();
    assert_int_equal(stat(server.database, &after), 0);
    return after.st_size - before.st_size;
}

static void one_endpoint_costs_the_same_among_many_services(void **state)
{
    int64_t among_few, among_many;
    size_t before;

    (void)state;
    put_services(0, 2);
    before = watcher.metrics.plans_committed;
    among_few = cost_of_change(103);
    assert_int_equal(watcher.metrics.plans_committed, before + 1);
    put_services(2, 200);
    among_many = cost_of_change(104);
    assert_true(among_few > 0);
    assert_in_range(among_many, among_few - 20, among_few + 20); /* Of the time in it. */
}

static void a_new_gateway_makes_due_those_that_it_serves(void **state)
{
    ovnk8s_plan *plan;
    size_t before;

    (void)state;
    put_services(0, 3);
    before = watcher.metrics.plans_committed;
    succeed(ovnk8s_plan_new(&plan, NULL));
    add_gateway(plan, "n2", "10.0.0.6/24");
    apply(plan);
    STEP_UNTIL(watcher.metrics.plans_committed > before);
    settle();
    assert_int_equal(watcher.metrics.plans_committed, before + 1);
}

/* A service with an external address; 'second' is when it was created. */
static void put_external(const char *name, unsigned int second, const char *address,
                         unsigned int port, unsigned int node_port)
{
    const struct kube_handler handler = service_cache_services(&watcher.services.cache);

    tell(&handler,
         "{\"metadata\":{\"namespace\":\"default\",\"name\":\"%s\",\"creationTimestamp\":"
         "\"2026-11-23T08:20:%02uZ\"},\"spec\":{\"clusterIP\":\"10.96.9.%u\","
         "\"type\":\"NodePort\",\"externalIPs\":[\"%s\"],"
         "\"ports\":[{\"protocol\":\"TCP\",\"port\":%u,\"nodePort\":%u}]}}",
         name, second, second, address, port, node_port);
}

static void drop_service(const char *name)
{
    const struct kube_handler handler = service_cache_services(&watcher.services.cache);
    cJSON *object = cJSON_Parse("{\"metadata\":{\"namespace\":\"default\"}}");

    cJSON_AddStringToObject(cJSON_GetObjectItem(object, "metadata"), "name", name);
    handler.gone(handler.payload, object);
    cJSON_Delete(object);
}

static bool serves(const char *name, const char *vip)
{
    char row[128];

    snprintf(row, sizeof row, "default/%s tcp refused", name);
    return row_pair(replica_find(conn_replica(watcher.conn), BALANCER_TABLE,
                                 row_id(watcher.owner, BALANCER_TABLE, row)),
                    "vips", vip);
}

/* All is done but for so many services, which wait. */
static void settle_but(size_t n)
{
    STEP_UNTIL(conn_is_current(watcher.conn) && lanes_count_pending(&watcher.lanes) == n &&
               watcher.lanes.tasks.waiting.n == n);
}

static void assert_pending(const char *reason)
{
    char *text;

    succeed(ovnk8s_watcher_pending(&watcher, &text));
    if (!strstr(text, reason)) {
        fail_msg("\"%s\" is not in %s", reason, text);
    }
    ovnk8s_free(text);
}

static void one_of_two_services_has_an_address(void **state)
{
    size_t before;

    (void)state;
    put_external("young", 9, "203.0.113.9", 80, 0);
    settle();
    assert_true(serves("young", "203.0.113.9:80"));
    put_external("old", 1, "203.0.113.9", 80, 0);
    settle_but(1);
    assert_true(serves("old", "203.0.113.9:80") && !serves("young", "203.0.113.9:80"));
    assert_true(serves("young", "10.96.9.9:80"));
    assert_pending("external IP 203.0.113.9 port 80/TCP is taken by service default/old");
    before = plans();
    services_touch_all(&watcher);
    settle_but(1);
    assert_int_equal(plans(), before);
    drop_service("old");
    settle();
    assert_true(serves("young", "203.0.113.9:80") && !serves("old", "203.0.113.9:80"));
}

/* A gateway that comes, or goes, has an address that a service names. */
static void a_node_port_goes_before_an_address_of_the_gateway(void **state)
{
    ovnk8s_plan *plan;

    (void)state;
    put_external("a", 1, "10.0.0.6", 30080, 0);
    put_external("b", 9, "203.0.113.9", 80, 30080);
    settle();
    assert_true(serves("a", "10.0.0.6:30080"));
    succeed(ovnk8s_plan_new(&plan, NULL));
    add_gateway(plan, "n2", "10.0.0.6/24");
    apply(plan);
    STEP_UNTIL(!serves("a", "10.0.0.6:30080"));
    settle_but(1);
    assert_pending("is taken by the node port of service default/b");
    put_external("b", 9, "203.0.113.9", 80, 0);
    settle();
    assert_true(serves("a", "10.0.0.6:30080"));
}

static void an_address_inside_the_cluster_is_not_served(void **state)
{
    (void)state;
    put_external("a", 1, "192.168.0.101", 80, 0);
    settle_but(1);
    assert_true(serves("a", "10.96.9.1:80") && !serves("a", "192.168.0.101:80"));
    assert_pending("external IP 192.168.0.101 is an address inside the cluster");
}

static void on_a_server_without_groups_services_wait(void **state)
{
    char *text;

    (void)state;
    conn_set_plain(watcher.conn);
    for (unsigned int i = 0; i < 3; i++) {
        put_service(i);
    }
    STEP_UNTIL(watcher.lanes.tasks.waiting.n == 3);
    assert_int_equal(plans() + watcher.metrics.plans_refused, 0);
    assert_int_equal(lanes_wake_at(&watcher), INT64_MAX);
    succeed(ovnk8s_watcher_pending(&watcher, &text));
    assert_non_null(strstr(text, "OVN 21.12"));
    ovnk8s_free(text);
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_already_needs_no_plan),
        TEST(what_somebody_changes_comes_back),
        TEST(what_somebody_changes_while_a_plan_is_in_flight_is_noticed),
        TEST(a_service_that_goes_takes_its_rows_along),
        TEST(one_endpoint_costs_the_same_among_many_services),
        TEST(a_new_gateway_makes_due_those_that_it_serves),
        TEST(one_of_two_services_has_an_address),
        TEST(a_node_port_goes_before_an_address_of_the_gateway),
        TEST(an_address_inside_the_cluster_is_not_served),
        TEST(on_a_server_without_groups_services_wait),
    };

    server_require();
    return cmocka_run_group_tests(tests, server_create, server_remove);
}
