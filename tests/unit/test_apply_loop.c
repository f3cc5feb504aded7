/* Plans applied step by step in an event loop, and waits that a signal ends. With a real
 * ovsdb-server. */

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ovnk8s/ovnk8s.h>

#include "guest_server.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static ovnk8s_nb *nb;
static ovnk8s_plan *plan;

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

static void renew(void)
{
    ovnk8s_plan_free(plan);
    succeed(ovnk8s_plan_new(&plan, NULL));
}

static void want_cluster(void)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;

    cluster.name = "m";
    cluster.subnet = "10.0.0.0/8";
    succeed(ovnk8s_cluster_add(plan, &cluster));
}

/* Each test begins with an empty database. */
static int set_up(void **state)
{
    (void)state;
    succeed(ovnk8s_nb_open(&nb, server.remote, NULL));
    renew();
    succeed(ovnk8s_cluster_delete(plan, OVNK8S_FORCE));
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ovnk8s_plan_free(plan);
    plan = NULL;
    ovnk8s_nb_close(nb);
    return 0;
}

/* What a caller's event loop does. */
static int drive(ovnk8s_apply *apply)
{
    int error = 0;

    while (!error && !ovnk8s_apply_is_over(apply)) {
        struct pollfd fd = {.fd = ovnk8s_apply_fd(apply), .events = POLLIN};

        poll(&fd, 1, ovnk8s_apply_timeout(apply));
        error = ovnk8s_apply_step(apply);
    }
    return error;
}

static void a_plan_is_computed_and_applied_in_steps(void **state)
{
    ovnk8s_apply *apply;
    size_t n;

    (void)state;
    want_cluster();
    succeed(ovnk8s_plan_compute_start(&apply, plan, nb, NULL));
    succeed(drive(apply));
    assert_true(ovnk8s_apply_is_over(apply));
    succeed(ovnk8s_apply_step(apply)); /* Once more makes no difference. */
    ovnk8s_apply_free(apply);
    n = ovnk8s_plan_changes(plan);
    assert_true(n > 0);

    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, NULL));
    succeed(drive(apply));
    ovnk8s_apply_free(apply);
    assert_int_equal(ovnk8s_plan_changes(plan), n);
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

static void a_step_waits_for_nothing(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_apply *apply;
    unsigned int n_steps = 0;

    (void)state;
    want_cluster();
    options.timeout_ms = 120000;
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, &options));
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < 100; i++) {
        succeed(ovnk8s_apply_step(apply));
        n_steps += !ovnk8s_apply_is_over(apply);
    }
    kill(server.pid, SIGCONT);
    assert_int_equal(n_steps, 100);
    assert_true(ovnk8s_apply_timeout(apply) > 0);
    succeed(drive(apply));
    ovnk8s_apply_free(apply);
}

static void what_fails_tells_why(void **state)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_apply *apply;

    (void)state;
    node.name = "n1";
    succeed(ovnk8s_node_add(plan, &node));
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, NULL));
    assert_int_equal(drive(apply), OVNK8S_NOTFOUND);
    assert_true(ovnk8s_apply_is_over(apply));
    assert_string_equal(ovnk8s_last_error()->object, "n1");
    assert_int_equal(ovnk8s_apply_step(apply), OVNK8S_NOTFOUND);
    ovnk8s_apply_free(apply);
}

static void the_deadline_is_kept_after_the_commit_too(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_apply *apply;

    (void)state;
    want_cluster();
    options.wait = OVNK8S_WAIT_SB; /* There is no ovn-northd. */
    options.timeout_ms = 300;
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, &options));
    assert_int_equal(drive(apply), OVNK8S_TIMEOUT);
    assert_string_equal(ovnk8s_last_error()->stage, "wait");
    ovnk8s_apply_free(apply);
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

/* Plays ovn-northd, which has seen all that ever will be committed. */
static void see_all(void)
{
    char ops[] = "[\"OVN_Northbound\","
                 "{\"op\":\"delete\",\"table\":\"NB_Global\",\"where\":[]},"
                 "{\"op\":\"insert\",\"table\":\"NB_Global\",\"row\":{\"sb_cfg\":1000000}}]";
    char *argv[] = {"ovsdb-client", "transact", server.remote, ops, NULL};
    int status;

    assert_true(waitpid(spawn(argv), &status, 0) > 0);
    assert_int_equal(status, 0);
}

static void the_effect_is_waited_for(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_apply *apply;

    (void)state;
    see_all();
    want_cluster();
    options.wait = OVNK8S_WAIT_SB;
    options.timeout_ms = 60000;
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, &options));
    succeed(drive(apply));
    ovnk8s_apply_free(apply);
    succeed(ovnk8s_plan_apply(plan, nb, &options)); /* And so it is by the call that blocks. */
}

static void one_that_is_given_up_leaves_plan_and_connection_usable(void **state)
{
    ovnk8s_apply *apply;

    (void)state;
    want_cluster();
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, NULL));
    succeed(ovnk8s_apply_step(apply));
    ovnk8s_apply_free(apply);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    ovnk8s_apply_free(NULL);
}

static void a_lost_connection_is_made_again(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    ovnk8s_apply *apply;

    (void)state;
    want_cluster();
    options.timeout_ms = 120000;
    succeed(ovnk8s_plan_apply_start(&apply, plan, nb, &options));
    server_kill();
    succeed(ovnk8s_apply_step(apply));
    assert_true(server_start());
    succeed(drive(apply));
    ovnk8s_apply_free(apply);
}

/* Signals. */

static struct {
    pthread_t waiting;
    unsigned int n_asked, enough;
    bool is_over;
} signals;

static void ignore(int number)
{
    (void)number;
}

static int has_enough(void *payload)
{
    assert_ptr_equal(payload, &signals);
    assert_true(pthread_equal(pthread_self(), signals.waiting));
    return ++signals.n_asked == signals.enough;
}

/* Signals to the thread that waits, one after the other: the first may be too early. */
static void *send_signals(void *unused)
{
    while (!__atomic_load_n(&signals.is_over, __ATOMIC_SEQ_CST)) {
        pthread_kill(signals.waiting, SIGUSR1);
        nap(10);
    }
    return unused;
}

static int apply_under_signals(void)
{
    pthread_t thread;
    int error;

    signals.n_asked = 0;
    signals.is_over = false;
    signals.waiting = pthread_self();
    kill(server.pid, SIGSTOP);
    assert_int_equal(pthread_create(&thread, NULL, send_signals, NULL), 0);
    error = ovnk8s_plan_apply(plan, nb, NULL);
    __atomic_store_n(&signals.is_over, true, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    kill(server.pid, SIGCONT);
    return error;
}

static void a_signal_ends_a_wait_when_it_is_told_to(void **state)
{
    const struct sigaction action = {.sa_handler = ignore};
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    const double since = seconds();
    struct sigaction before;

    (void)state;
    options.timeout_ms = 120000;
    sigaction(SIGUSR1, &action, &before);
    succeed(ovnk8s_cancel_new(&options.cancel));
    ovnk8s_cancel_set_interrupt(options.cancel, has_enough, &signals);
    ovnk8s_nb_close(nb);
    succeed(ovnk8s_nb_open(&nb, server.remote, &options));
    want_cluster();

    signals.enough = 3;
    assert_int_equal(apply_under_signals(), OVNK8S_CANCELLED);
    assert_int_equal(signals.n_asked, 3);
    assert_true(seconds() - since < 60);
    succeed(ovnk8s_plan_apply(plan, nb, NULL)); /* It was for that call alone. */

    ovnk8s_nb_close(nb);
    nb = NULL;
    ovnk8s_cancel_free(options.cancel);
    sigaction(SIGUSR1, &before, NULL);
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_is_computed_and_applied_in_steps),
        TEST(a_step_waits_for_nothing),
        TEST(what_fails_tells_why),
        TEST(the_deadline_is_kept_after_the_commit_too),
        TEST(the_effect_is_waited_for),
        TEST(one_that_is_given_up_leaves_plan_and_connection_usable),
        TEST(a_lost_connection_is_made_again),
        TEST(a_signal_ends_a_wait_when_it_is_told_to),
    };

    server_require();
    return cmocka_run_group_tests(tests, server_create, server_remove);
}
