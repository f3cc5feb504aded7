/* The queue of tasks: where each goes, and when it is tried again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "watch/task.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static const struct task_type pods = {.kind = "Pod", .lane = LANE_PODS};
static const struct task_type services = {.kind = "Service", .lane = LANE_SERVICES};

static int64_t postpone(struct tasks *tasks, struct task *task, int64_t now)
{
    (fail)(OVNK8S_EXHAUSTED, "no room"); /* Not the macro. */
    return task_postpone(tasks, task, now, 0);
}

static void end(struct tasks *tasks, struct task *of, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        task_end(tasks, &of[i]);
    }
    tasks_clear(tasks);
}

static void those_touched_are_taken_once_and_in_order(void **state)
{
    struct tasks tasks = {0};
    struct task of[3] = {{.type = &pods}, {.type = &pods}, {.type = &services}};

    (void)state;
    task_touch(&tasks, &of[1], 1);
    task_touch(&tasks, &of[2], 2);
    task_touch(&tasks, &of[0], 3);
    task_touch(&tasks, &of[1], 4);
    assert_int_equal(of[1].since, 1);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &of[1]);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &of[0]);
    assert_null(tasks_take(&tasks, LANE_PODS));
    assert_ptr_equal(tasks_take(&tasks, LANE_SERVICES), &of[2]);
    end(&tasks, of, 3);
}

static void one_that_is_touched_while_it_is_planned_is_looked_at_again(void **state)
{
    struct tasks tasks = {0};
    struct task task = {.type = &pods};

    (void)state;
    task_touch(&tasks, &task, 1);
    tasks_take(&tasks, LANE_PODS);
    task_settle(&tasks, &task, 2);
    assert_false(task_is_pending(&task));
    assert_int_equal(task.since, 0);
    task_touch(&tasks, &task, 3);
    tasks_take(&tasks, LANE_PODS);
    task_touch(&tasks, &task, 4);
    assert_null(tasks_take(&tasks, LANE_PODS));
    task_settle(&tasks, &task, 5);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &task);
    task_touch(&tasks, &task, 6);
    task_wait(&tasks, &task, 7); /* What it was to wait for has come already. */
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &task);
    task_wait(&tasks, &task, 8);
    assert_int_equal(tasks.waiting.n, 1);
    assert_int_equal(tasks_next(&tasks), INT64_MAX);
    end(&tasks, &task, 1);
}

static void the_pauses_grow_up_to_a_bound_and_never_end(void **state)
{
    static const int64_t pauses[] = {200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
    struct tasks tasks = {0};
    struct task task = {.type = &pods};
    int64_t now = 1000;

    (void)state;
    task_touch(&tasks, &task, now);
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        tasks_take(&tasks, LANE_PODS);
        assert_int_equal(postpone(&tasks, &task, now), pauses[i]);
        assert_string_equal(task.reason, "no room");
        assert_int_equal(tasks_next(&tasks), now + pauses[i]);
        tasks_wake(&tasks, now + pauses[i] - 1);
        assert_int_equal(tasks.ready[LANE_PODS].n, 0);
        now += pauses[i];
        tasks_wake(&tasks, now);
        assert_int_equal(tasks.ready[LANE_PODS].n, 1);
    }
    for (size_t i = 0; i < 70000; i++) {
        tasks_take(&tasks, LANE_PODS);
        assert_int_equal(postpone(&tasks, &task, now), 30000);
        tasks_wake(&tasks, now += 30000);
    }
    assert_int_equal(task.since, 1000);
    end(&tasks, &task, 1);
}

static void whoever_asks_for_a_longer_pause_gets_it(void **state)
{
    struct tasks tasks = {0};
    struct task task = {.type = &pods};

    (void)state;
    task_touch(&tasks, &task, 0);
    tasks_take(&tasks, LANE_PODS);
    (fail)(OVNK8S_UNAVAILABLE, "too many requests");
    assert_int_equal(task_postpone(&tasks, &task, 0, 7000), 7000);
    tasks_wake(&tasks, 7000);
    tasks_take(&tasks, LANE_PODS);
    (fail)(OVNK8S_UNAVAILABLE, "too many requests");
    assert_int_equal(task_postpone(&tasks, &task, 0, 1), 400);
    end(&tasks, &task, 1);
}

static void a_change_ends_the_pause(void **state)
{
    struct tasks tasks = {0};
    struct task task = {.type = &pods};

    (void)state;
    task_touch(&tasks, &task, 0);
    for (int i = 0; i < 5; i++) {
        tasks_take(&tasks, LANE_PODS);
        postpone(&tasks, &task, 0);
        task_touch(&tasks, &task, 0);
        assert_int_equal(tasks.later.n, 0);
    }
    tasks_take(&tasks, LANE_PODS);
    task_touch(&tasks, &task, 1); /* While its plan is under way, which then fails. */
    assert_int_equal(postpone(&tasks, &task, 2), 0);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &task);
    end(&tasks, &task, 1);
}

static void one_that_is_alone_is_so_until_it_succeeds(void **state)
{
    struct tasks tasks = {0};
    struct task task = {.type = &pods};

    (void)state;
    task_touch(&tasks, &task, 0);
    tasks_take(&tasks, LANE_PODS);
    task.most = 1;
    postpone(&tasks, &task, 0);
    task_touch(&tasks, &task, 0);
    assert_null(tasks_take(&tasks, LANE_PODS));
    assert_ptr_equal(tasks_take(&tasks, LANE_SUSPECTS), &task);
    task_settle(&tasks, &task, 0);
    assert_null(task.reason);
    task_touch(&tasks, &task, 0);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &task);
    end(&tasks, &task, 1);
}

static void suspects_join_no_plan_that_is_too_large(void **state)
{
    struct tasks tasks = {0};
    struct task of[2] = {{.type = &pods, .most = 2}, {.type = &pods}};

    (void)state;
    assert_false(tasks_has(&tasks, LANE_SUSPECTS, 0));
    task_touch(&tasks, &of[0], 0);
    task_touch(&tasks, &of[1], 0);
    assert_true(tasks_has(&tasks, LANE_SUSPECTS, 1));
    assert_false(tasks_has(&tasks, LANE_SUSPECTS, 2));
    assert_true(tasks_has(&tasks, LANE_PODS, 499));
    end(&tasks, of, 2);
}

static void who_failed_for_the_api_server_goes_on_when_it_is_back(void **state)
{
    struct tasks tasks = {0};
    struct task of[2] = {{.type = &pods}, {.type = &pods}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        task_touch(&tasks, &of[i], 0);
        tasks_take(&tasks, LANE_PODS);
        postpone(&tasks, &of[i], 0);
    }
    of[1].awaits_api = true;
    tasks_api_is_back(&tasks, 1);
    assert_int_equal(tasks.later.n, 1);
    assert_ptr_equal(tasks_take(&tasks, LANE_PODS), &of[1]);
    assert_int_equal(postpone(&tasks, &of[1], 1), 400); /* Its pauses go on to grow. */
    tasks_api_is_back(&tasks, 2);                       /* For another reason, this time. */
    assert_int_equal(tasks.later.n, 2);
    end(&tasks, of, 2);
}

enum { MANY = 2000 };

/* Whatever comes and goes between, they are ready in the order of their times. */
static void thousands_are_woken_in_time(void **state)
{
    struct tasks tasks = {0};
    struct task *of = calloc(MANY, sizeof *of);
    size_t n = 0;

    (void)state;
    srand(7);
    for (size_t i = 0; i < MANY; i++) {
        of[i].type = &pods;
        task_defer(&tasks, &of[i], rand() % 5000);
    }
    for (size_t i = 0; i < MANY; i += 3) {
        task_end(&tasks, &of[i]);
    }
    for (size_t i = 1; i < MANY; i += 3) {
        task_defer(&tasks, &of[i], rand() % 5000);
    }
    for (int64_t now = 0; now < 5000; now++) {
        struct task *task;

        assert_true(tasks_next(&tasks) >= now);
        tasks_wake(&tasks, now);
        while ((task = tasks_take(&tasks, LANE_PODS)) != NULL) {
            assert_int_equal(task->at, now);
            n++;
        }
    }
    assert_int_equal(n, MANY - (MANY + 2) / 3);
    end(&tasks, of, MANY);
    free(of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_touched_are_taken_once_and_in_order),
        cmocka_unit_test(one_that_is_touched_while_it_is_planned_is_looked_at_again),
        cmocka_unit_test(the_pauses_grow_up_to_a_bound_and_never_end),
        cmocka_unit_test(whoever_asks_for_a_longer_pause_gets_it),
        cmocka_unit_test(a_change_ends_the_pause),
        cmocka_unit_test(one_that_is_alone_is_so_until_it_succeeds),
        cmocka_unit_test(suspects_join_no_plan_that_is_too_large),
        cmocka_unit_test(who_failed_for_the_api_server_goes_on_when_it_is_back),
        cmocka_unit_test(thousands_are_woken_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
