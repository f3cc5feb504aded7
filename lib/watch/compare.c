/* Comparing all objects with the database: looking at them again, and telling what would change. */

#include <string.h>

#include "watch/pod_task.h"
#include "watch/private.h"

static void touch_pod(struct pod *pod, void *payload)
{
    (void)payload;
    pod_touch(pod);
}

void ovnk8s_watcher_resync(ovnk8s_watcher *watcher)
{
    pods_each(&watcher->pods, touch_pod, NULL);
    ledgers_touch_all(watcher);
    node_cache_touch_all(watcher);
    watcher->has_strays = true;
    services_touch_all(watcher);
}

/* Telling: some objects at a time, so that memory does not grow with the cluster. */

struct comparison {
    ovnk8s_watcher *watcher;
    ovnk8s_plan *plan;
    size_t n; /* Objects in the plan. */
    struct text text;
    int error;
};

/* The reason of one object is told; those of the database end it all. */
static int note_failure(struct comparison *comparison, int error)
{
    if (error == OVNK8S_TIMEOUT || error == OVNK8S_UNAVAILABLE || error == OVNK8S_CANCELLED ||
        error == OVNK8S_NOMEM) {
        return error;
    }
    text_printf(&comparison->text, "! %s\n", ovnk8s_last_error()->message);
    return 0;
}

static int finish(struct comparison *comparison)
{
    _cleanup_plan_ ovnk8s_plan *plan = STEAL(comparison->plan);
    _cleanup_free_ char *text = NULL;
    int error = comparison->n ? ovnk8s_plan_compute(plan, comparison->watcher->nb, NULL) : 0;

    if (error) {
        return note_failure(comparison, error);
    }
    if (ovnk8s_plan_changes(plan)) {
        error = ovnk8s_plan_text(plan, &text);
        text_add(&comparison->text, text ? text : "");
    }
    return error;
}

static void compare_task(struct task *task, void *payload)
{
    struct comparison *comparison = payload;
    int error = comparison->error;

    if (!error && !comparison->plan) {
        error = watcher_plan_new(comparison->watcher, &comparison->plan);
        comparison->n = 0;
    }
    if (!error && task->type->wish) {
        error = task->type->wish(comparison->watcher, task, comparison->plan);
        error = error ? note_failure(comparison, error) : 0;
        comparison->n++;
    }
    if (!error && comparison->n == MOST_PLANNED) {
        error = finish(comparison);
    }
    comparison->error = error;
}

static void compare_pod(struct pod *pod, void *payload)
{
    compare_task(&pod->task, payload);
}

int ovnk8s_watcher_plan_text(ovnk8s_watcher *watcher, char **out)
{
    struct comparison comparison = {.watcher = watcher};

    *out = NULL;
    if (!watcher_is_synced(watcher)) {
        return fail(OVNK8S_CONFLICT, "not all objects were listed yet");
    }
    node_cache_each(&watcher->node_cache, compare_task, &comparison);
    pods_each(&watcher->pods, compare_pod, &comparison);
    ledgers_each(&watcher->ledgers, compare_task, &comparison);
    services_each_task(watcher, compare_task, &comparison);
    if (comparison.plan && !comparison.error) {
        comparison.error = finish(&comparison);
    }
    ovnk8s_plan_free(comparison.plan);
    if (comparison.error) {
        text_clear(&comparison.text);
        return comparison.error;
    }
    text_add(&comparison.text, "");
    return text_take(&comparison.text, out);
}
