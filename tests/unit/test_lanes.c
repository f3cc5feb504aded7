/* Plans of tasks in flight, with a real ovsdb-server: who waits for whom, and what a database that
 * is away does to them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ovnk8s/ovnk8s.h>

#include "guest_server.h"
#include "kube/kube.h"
#include "watch/event_recorder.h"
#include "watch/pod_task.h"
#include "watch/private.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

/* Objects that each want a port. */

struct thing {
    struct task task;
    const char *node;
    size_t n_committed, n_refused, n_lost;
    char name[16];
};

static ovnk8s_watcher watcher;
static struct thing things[256];

static void name_thing(const struct task *task, char *out, size_t size)
{
    snprintf(out, size, "default/%s", ((const struct thing *)task)->name);
}

static enum verdict examine(ovnk8s_watcher *w, struct task *task, ovnk8s_plan *plan)
{
    struct thing *thing = (struct thing *)task;
    ovnk8s_port port = OVNK8S_PORT_INIT;

    (void)w;
    if (thing->n_committed) {
        return TASK_DONE;
    }
    port.pod_namespace = "default";
    port.pod = thing->name;
    port.node = thing->node;
    return ovnk8s_port_add(plan, &port) ? TASK_FAILED : TASK_PLANNED;
}

static void landed(ovnk8s_watcher *w, struct task *task, enum landing landing)
{
    struct thing *thing = (struct thing *)task;

    (void)w;
    *(landing == PLAN_COMMITTED ? &thing->n_committed
      : landing == PLAN_REFUSED ? &thing->n_refused
                                : &thing->n_lost) += 1;
}

static const struct task_type pod_like = {
    .kind = "Pod", .lane = LANE_PODS, .name = name_thing, .examine = examine, .landed = landed};
static const struct task_type service_like = {.kind = "Service",
                                              .lane = LANE_SERVICES,
                                              .name = name_thing,
                                              .examine = examine,
                                              .landed = landed};

static struct thing *want(size_t i, const struct task_type *type, const char *node)
{
    struct thing *thing = &things[i];

    thing->task.type = type;
    thing->node = node;
    snprintf(thing->name, sizeof thing->name, "p%zu", i);
    task_touch(&watcher.lanes.tasks, &thing->task, now_ms());
    return thing;
}

/* The loop of the watcher, without an API server. */

static void step(void)
{
    struct wake_set wakes;
    const struct deadline deadline = {now_ms() + 50, NULL};
    int64_t at;

    conn_step(watcher.conn);
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

static bool all_committed(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!things[i].n_committed) {
            return false;
        }
    }
    return true;
}

static int set_up(void **state)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_plan *plan;

    (void)state;
    memset(&watcher, 0, sizeof watcher);
    memset(things, 0, sizeof things);
    options.timeout_ms = 1000;
    succeed(ovnk8s_nb_open(&watcher.nb, server.remote, &options));
    watcher.conn = nb_conn(watcher.nb);
    watcher.owner = (char *)OVNK8S_DEFAULT_OWNER;
    watcher.pods.owner = watcher.nodes.owner = watcher.owner;
    watcher.pods_synced = true;
    watcher.services.cache.services_synced = watcher.services.cache.slices_synced = true;
    cluster.name = "m";
    cluster.subnet = "10.0.0.0/8";
    node.name = "n1";
    succeed(ovnk8s_plan_new(&plan, NULL));
    succeed(ovnk8s_cluster_delete(plan, OVNK8S_FORCE));
    succeed(ovnk8s_plan_apply(plan, watcher.nb, NULL));
    ovnk8s_plan_free(plan);
    succeed(ovnk8s_plan_new(&plan, NULL));
    succeed(ovnk8s_cluster_add(plan, &cluster));
    succeed(ovnk8s_node_add(plan, &node));
    succeed(ovnk8s_plan_apply(plan, watcher.nb, NULL));
    ovnk8s_plan_free(plan);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lanes_clear(&watcher.lanes);
    for (size_t i = 0; i < COUNT_OF(things); i++) {
        free(things[i].task.reason);
    }
    ovnk8s_nb_close(watcher.nb);
    return 0;
}

static void those_that_are_ready_share_a_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        want(i, &pod_like, "n1");
    }
    STEP_UNTIL(all_committed(0, 20) && !lanes_count_pending(&watcher.lanes));
    assert_int_equal(watcher.metrics.plans_committed, 1);
    assert_int_equal(watcher.metrics.plan_size.n, 1);
    assert_int_equal(lanes_wake_at(&watcher), INT64_MAX); /* Nothing to do, nothing to wake for. */
}

static void assert_pending(const char *beginning)
{
    char *text;

    succeed(ovnk8s_watcher_pending(&watcher, &text));
    if (strncmp(text, beginning, strlen(beginning)) != 0 || !strstr(text, "\"retry_in_ms\":")) {
        fail_msg("%s", text);
    }
    ovnk8s_free(text);
}

static void a_sick_one_delays_itself_alone(void **state)
{
    struct thing *sick = want(0, &pod_like, "nowhere");
    size_t failures;

    (void)state;
    for (size_t i = 1; i < 10; i++) {
        want(i, &pod_like, "n1");
    }
    STEP_UNTIL(all_committed(1, 10) && sick->task.state == STATE_LATER);
    assert_int_equal(watcher.metrics.plans_refused, 5); /* Of 10, 5, 3, 2, and its own. */
    assert_int_equal(watcher.metrics.tasks_failed, 1);
    assert_non_null(strstr(sick->task.reason, "node nowhere has no logical switch"));
    assert_pending("[{\"kind\":\"Pod\",\"name\":\"default/p0\",\"state\":\"later\",\"reason\":\"");
    /* Whoever comes later has nothing to do with it. */
    task_touch(&watcher.lanes.tasks, &sick->task, now_ms());
    failures = watcher.metrics.plans_refused;
    for (size_t i = 10; i < 20; i++) {
        want(i, &pod_like, "n1");
    }
    STEP_UNTIL(all_committed(10, 20) && watcher.metrics.plans_refused > failures);
    for (size_t i = 10; i < 20; i++) {
        assert_int_equal(things[i].n_refused, 0);
    }
}

enum { MANY = 200 };

/* 200, 100, 50, 25, 13, 7, 4, 2 and 1 are refused, and their other halves are not. */
static void a_sick_one_is_found_by_few_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        want(i, &pod_like, i == 123 ? "nowhere" : "n1");
    }
    STEP_UNTIL(all_committed(0, 123) && all_committed(124, MANY) &&
               things[123].task.state == STATE_LATER);
    assert_int_equal(watcher.metrics.tasks_failed, 1);
    assert_true(watcher.metrics.plans_refused <= 9);
    assert_true(watcher.metrics.plans_committed <= 9);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(things[i].n_refused <= 9);
        assert_int_equal(things[i].n_committed, i != 123);
    }
}

static void several_sick_ones_are_all_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        want(i, &pod_like, i % 33 == 7 ? "nowhere" : "n1");
    }
    STEP_UNTIL(things[7].task.state == STATE_LATER && things[40].task.state == STATE_LATER &&
               things[73].task.state == STATE_LATER && lanes_count_pending(&watcher.lanes) == 3);
    assert_true(watcher.metrics.plans_refused < 30);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(things[i].n_committed, i % 33 != 7);
    }
}

static void a_sick_one_is_tried_again_for_ever_and_gets_well(void **state)
{
    struct thing *sick = want(0, &pod_like, "nowhere");

    (void)state;
    STEP_UNTIL(sick->task.failures >= 3);
    sick->node = "n1";
    STEP_UNTIL(sick->n_committed && !task_is_pending(&sick->task));
    assert_int_equal(sick->task.most, 0);
    assert_null(sick->task.reason);
}

/* The first of them is in flight, and its answer does not come yet. */
static void lanes_do_not_wait_for_each_other(void **state)
{
    (void)state;
    want(0, &pod_like, "n1");
    lanes_step(&watcher);
    want(1, &pod_like, "n1");
    want(2, &service_like, "n1");
    lanes_step(&watcher);
    assert_int_equal(watcher.lanes.of[LANE_PODS].flying.tasks.n, 1);
    assert_int_equal(watcher.lanes.of[LANE_PODS].next.tasks.n, 1); /* Collected. */
    assert_int_equal(watcher.lanes.of[LANE_SERVICES].flying.tasks.n, 1);
    task_touch(&watcher.lanes.tasks, &things[0].task, now_ms());
    assert_int_equal(things[0].task.state, STATE_PLANNED); /* Not twice at once. */
    STEP_UNTIL(all_committed(0, 3) && !lanes_count_pending(&watcher.lanes));
}

static void a_database_that_is_silent_makes_nobody_wait_or_sick(void **state)
{
    (void)state;
    kill(server.pid, SIGSTOP);
    want(0, &pod_like, "n1");
    want(1, &pod_like, "n1");
    lanes_step(&watcher);
    assert_non_null(watcher.lanes.of[LANE_PODS].apply); /* It has not waited for the answer. */
    STEP_UNTIL(things[0].n_lost);
    assert_int_equal(things[0].task.failures, 0);
    kill(server.pid, SIGCONT);
    STEP_UNTIL(all_committed(0, 2) && !lanes_count_pending(&watcher.lanes));
    assert_int_equal(watcher.metrics.tasks_failed, 0);
}

static void all_goes_on_when_the_database_is_back(void **state)
{
    (void)state;
    want(0, &pod_like, "n1");
    lanes_step(&watcher);
    server_kill();
    STEP_UNTIL(things[0].n_lost);
    want(1, &pod_like, "n1");
    assert_true(server_start());
    STEP_UNTIL(all_committed(0, 2) && !lanes_count_pending(&watcher.lanes));
    assert_int_equal(watcher.metrics.tasks_failed, 0);
}

/* Reservations. */

static struct pod *want_pod(const char *name)
{
    struct pod *pod = pods_add(&watcher.pods, "default", name);

    pod->watcher = &watcher;
    pod->task.type = &pod_task_type;
    pod->wants_port = true;
    pod_set_node(&watcher.pods, pod, "n1");
    pod_touch(pod);
    return pod;
}

static void know_node(void)
{
    struct rows rows = {0};
    struct row *row = rows_want(&rows, SWITCH_TABLE, switch_id(watcher.owner, "n1"), "n1");

    row_is_string(row, "name", "n1");
    row_includes_pair(row, "external_ids", SUBNETS_KEY, "10.0.0.0/24");
    nodes_switch_changed(&watcher.nodes, NULL, row);
    nodes_counted(&watcher.nodes);
    rows_clear(&rows);
}

static void forget_pods(void)
{
    lanes_clear(&watcher.lanes);
    pods_clear(&watcher.pods);
    nodes_clear(&watcher.nodes);
}

/* The replica follows nothing here, so no row is ever seen: a commit is all that is known. */
static void an_address_stays_reserved_until_its_row_is_seen(void **state)
{
    struct pod *pod;
    struct prefixes address;

    (void)state;
    know_node();
    pod = want_pod("a");
    STEP_UNTIL(watcher.metrics.plans_committed == 1);
    assert_int_equal(pod->task.state, STATE_LATER); /* The row will touch it. */
    assert_true(pod->is_reserved);
    address = pod->addresses;
    assert_false(node_can_give(&watcher.nodes, nodes_find(&watcher.nodes, "n1"), &address));
    /* It is looked at again all the same: the same address, and the database has it already. */
    pod_touch(pod);
    STEP_UNTIL(watcher.metrics.plans_unchanged == 1);
    assert_true(prefixes_equal(&pod->addresses, &address));
    forget_pods();
}

static void stop_server(void)
{
    int status;

    kill(server.pid, SIGSTOP);
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid);
}

/* Lets the server answer, and stops it before anything else is sent to it, until that is the commit
 * of the plan. */
static void send_commit(const struct pod *pod)
{
    stop_server();
    lanes_step(&watcher);
    while (!pod->is_reserved) {
        kill(server.pid, SIGCONT);
        nap(20);
        stop_server();
        conn_step(watcher.conn);
        lanes_step(&watcher);
    }
}

static void an_address_of_a_plan_that_was_lost_stays_with_its_pod(void **state)
{
    struct pod *pod, *other;
    struct prefixes address;

    (void)state;
    know_node();
    pod = want_pod("a");
    send_commit(pod);
    address = pod->addresses;
    server_kill();
    STEP_UNTIL(watcher.metrics.plans_lost);
    assert_false(node_can_give(&watcher.nodes, nodes_find(&watcher.nodes, "n1"), &address));
    other = want_pod("b");
    assert_true(server_start());
    STEP_UNTIL(other->task.state == STATE_LATER && pod->task.state == STATE_LATER);
    assert_true(prefixes_equal(&pod->addresses, &address));
    assert_false(prefixes_equal(&other->addresses, &address));
    forget_pods();
}

static void a_refused_plan_gives_its_addresses_back(void **state)
{
    struct pod *pod;

    (void)state;
    know_node();
    pod = want_pod("a");
    pod->uid = strdup("u1");
    task_touch(&watcher.lanes.tasks, &want(0, &pod_like, "nowhere")->task, now_ms());
    STEP_UNTIL(watcher.metrics.plans_refused == 1);
    assert_false(pod->is_reserved);
    STEP_UNTIL(pod->task.state == STATE_LATER);
    assert_true(pod->is_reserved);
    forget_pods();
}

/* What the watcher tells. */

/* An API server that nobody asks anything. */
static void know_api(void)
{
    static const struct kube_collection all_pods = {.path = "/api/v1/pods"};
    static const struct kube_handler handler = {.payload = NULL};
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    const struct event_recorder_options events = {.window_ms = 0};

    options.server = "http://127.0.0.1:1";
    succeed(ovnk8s_kube_open(&watcher.kube, &options));
    succeed(kube_reflector_start(&watcher.reflector, watcher.kube, &all_pods, &handler));
    succeed(event_recorder_new(&watcher.events, watcher.kube, &events));
}

static void forget_api(void)
{
    event_recorder_free(watcher.events);
    kube_reflector_stop(watcher.reflector);
    ovnk8s_kube_close(watcher.kube);
}

static void assert_metric(const char *line)
{
    char *text, *found;

    succeed(ovnk8s_watcher_metrics(&watcher, &text));
    found = strstr(text, line);
    if (!found || (found > text && found[-1] != '\n') || found[strlen(line)] != '\n') {
        fail_msg("no \"%s\" in %s", line, text);
    }
    ovnk8s_free(text);
}

static void metrics_tell_what_has_happened(void **state)
{
    (void)state;
    know_api();
    for (size_t i = 0; i < 3; i++) {
        want(i, &pod_like, "n1");
    }
    STEP_UNTIL(all_committed(0, 3) && !lanes_count_pending(&watcher.lanes));
    want(3, &pod_like, "nowhere");
    STEP_UNTIL(things[3].task.state == STATE_LATER);
    assert_metric("ovnk8s_watcher_plans_total{outcome=\"committed\"} 1");
    assert_metric("ovnk8s_watcher_plans_total{outcome=\"refused\"} 1");
    assert_metric("ovnk8s_watcher_plan_objects_bucket{le=\"1\"} 1");
    assert_metric("ovnk8s_watcher_plan_objects_bucket{le=\"2\"} 1");
    assert_metric("ovnk8s_watcher_plan_objects_bucket{le=\"5\"} 2");
    assert_metric("ovnk8s_watcher_plan_objects_bucket{le=\"+Inf\"} 2");
    assert_metric("ovnk8s_watcher_plan_objects_count 2");
    assert_metric("ovnk8s_watcher_plan_objects_sum 4.000");
    assert_metric("ovnk8s_watcher_retries_total 1");
    assert_metric("ovnk8s_watcher_retrying_objects 1");
    assert_metric("ovnk8s_watcher_ready_objects{lane=\"suspects\"} 0");
    forget_api();
}

static void the_end_of_an_absence_of_the_api_server_hastens_who_waits_for_it(void **state)
{
    const struct kube_reply away = {.error = OVNK8S_UNAVAILABLE};
    const struct kube_reply busy = {.error = OVNK8S_UNAVAILABLE, .retry_after_ms = 60000};
    struct task *task = &want(0, &pod_like, "n1")->task, *other = &want(1, &pod_like, "n1")->task;

    (void)state;
    task->failures = other->failures = 20; /* Half a minute. */
    tasks_take(&watcher.lanes.tasks, LANE_PODS);
    tasks_take(&watcher.lanes.tasks, LANE_PODS);
    (fail)(OVNK8S_UNAVAILABLE, "connection refused");
    api_blame(&watcher, task, &away);
    api_blame(&watcher, other, &busy); /* It has said when to come back. */
    assert_int_equal(watcher.lanes.tasks.later.n, 2);
    api_answers(&watcher);
    assert_int_equal(task->state, STATE_READY);
    assert_int_equal(other->state, STATE_LATER);
    /* Who answers every other time is not flooded. */
    tasks_take(&watcher.lanes.tasks, LANE_PODS);
    api_blame(&watcher, task, &away);
    watcher.api_absence.ended_at = now_ms();
    api_answers(&watcher);
    assert_int_equal(task->state, STATE_LATER);
    watcher.api_absence.ended_at -= 1000;
    api_answers(&watcher);
    assert_int_equal(task->state, STATE_READY);
}

static void the_plan_is_told_and_not_carried_out(void **state)
{
    char *text;

    (void)state;
    know_node();
    want_pod("a");
    succeed(ovnk8s_watcher_plan_text(&watcher, &text));
    assert_non_null(strstr(text, "default_a"));
    assert_non_null(strstr(text, "10.0.0."));
    ovnk8s_free(text);
    STEP_UNTIL(watcher.metrics.plans_committed == 1);
    succeed(ovnk8s_watcher_plan_text(&watcher, &text));
    assert_string_equal(text, ""); /* All is as it should be. */
    ovnk8s_free(text);
    watcher.pods_synced = false;
    assert_int_equal(ovnk8s_watcher_plan_text(&watcher, &text), OVNK8S_CONFLICT);
    assert_null(text);
    forget_pods();
}

static void a_resync_looks_at_all(void **state)
{
    struct pod *pod;

    (void)state;
    know_node();
    pod = want_pod("a");
    STEP_UNTIL(pod->task.state == STATE_LATER);
    ovnk8s_watcher_resync(&watcher);
    assert_int_equal(pod->task.state, STATE_READY);
    assert_true(watcher.has_strays);
    STEP_UNTIL(watcher.metrics.plans_unchanged == 1); /* It finds all as it should be. */
    forget_pods();
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_that_are_ready_share_a_plan),
        TEST(a_sick_one_delays_itself_alone),
        TEST(a_sick_one_is_found_by_few_plans),
        TEST(several_sick_ones_are_all_found),
        TEST(a_sick_one_is_tried_again_for_ever_and_gets_well),
        TEST(lanes_do_not_wait_for_each_other),
        TEST(a_database_that_is_silent_makes_nobody_wait_or_sick),
        TEST(all_goes_on_when_the_database_is_back),
        TEST(an_address_stays_reserved_until_its_row_is_seen),
        TEST(an_address_of_a_plan_that_was_lost_stays_with_its_pod),
        TEST(a_refused_plan_gives_its_addresses_back),
        TEST(metrics_tell_what_has_happened),
        TEST(the_end_of_an_absence_of_the_api_server_hastens_who_waits_for_it),
        TEST(the_plan_is_told_and_not_carried_out),
        TEST(a_resync_looks_at_all),
    };

    server_require();
    return cmocka_run_group_tests(tests, server_create, server_remove);
}
