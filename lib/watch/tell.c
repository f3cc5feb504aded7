/* What the watcher tells about itself. */

#include <string.h>

#include "watch/event_recorder.h"
#include "watch/private.h"

/* The status. */

static bool api_is_connected(const ovnk8s_watcher *watcher)
{
    return kube_reflector_status(watcher->reflector)->state == KUBE_WATCHING;
}

int ovnk8s_watcher_get_status(const ovnk8s_watcher *watcher, ovnk8s_watcher_status *theirs)
{
    ovnk8s_watcher_status status = {.size = sizeof status};
    const struct lanes *lanes = &watcher->lanes;

    if (theirs->size < sizeof theirs->size || theirs->size > sizeof status) {
        return fail(OVNK8S_INVALID, "status: size %zu: expected at most %zu", theirs->size,
                    sizeof status);
    }
    status.size = theirs->size;
    status.nb_connected = conn_is_current(watcher->conn);
    status.api_connected = api_is_connected(watcher);
    status.synced = watcher_is_synced(watcher) && status.nb_connected;
    status.pending = lanes_count_pending(lanes);
    status.planned = lanes_count_planned(lanes);
    status.retrying = lanes->tasks.later.n;
    status.waiting = lanes->tasks.waiting.n;
    status.pods = watcher->pods.n_there;
    status.ports = watcher->pods.n_ports;
    status.leading = lead_may_write(watcher);
    status.term = watcher->lead.term;
    status.commits = watcher->metrics.plans_committed;
    status.patches = watcher->metrics.patches;
    status.failures = watcher->metrics.tasks_failed;
    memcpy(theirs, &status, theirs->size);
    return 0;
}

/* What is pending. */

struct listing {
    cJSON *array;
    int64_t now;
    bool failed;
};

static const char *state_name(const struct task *task)
{
    static const char *const names[] = {[STATE_IDLE] = "idle",
                                        [STATE_READY] = "ready",
                                        [STATE_PLANNED] = "planned",
                                        [STATE_LATER] = "later",
                                        [STATE_WAITING] = "waiting"};

    return names[task->state];
}

static int64_t ms_from_now(int64_t at, int64_t now)
{
    return at > now ? at - now : 0;
}

static void list_task(const struct task *task, void *payload)
{
    struct listing *listing = payload;
    cJSON *object = cJSON_CreateObject();
    char name[512];

    task->type->name(task, name, sizeof name);
    if (!cJSON_AddStringToObject(object, "kind", task->type->kind) ||
        !cJSON_AddStringToObject(object, "name", name) ||
        !cJSON_AddStringToObject(object, "state", state_name(task)) ||
        !(task->reason ? cJSON_AddStringToObject(object, "reason", task->reason)
                       : cJSON_AddNullToObject(object, "reason")) ||
        !cJSON_AddNumberToObject(object, "failures", task->failures) ||
        !cJSON_AddNumberToObject(object, "since_ms",
                                 (double)ms_from_now(listing->now, task->since)) ||
        (task->state == STATE_LATER &&
         !cJSON_AddNumberToObject(object, "retry_in_ms",
                                  (double)ms_from_now(task->at, listing->now))) ||
        !cJSON_AddItemToArray(listing->array, object)) {
        cJSON_Delete(object);
        listing->failed = true;
    }
}

int ovnk8s_watcher_pending(const ovnk8s_watcher *watcher, char **out)
{
    struct listing listing = {.array = cJSON_CreateArray(), .now = now_ms()};

    lanes_each_pending(&watcher->lanes, list_task, &listing);
    *out = listing.failed ? NULL : cJSON_PrintUnformatted(listing.array);
    cJSON_Delete(listing.array);
    return *out ? 0 : fail_nomem();
}

/* Metrics. */

#define PREFIX "ovnk8s_watcher_"

static void tell_latencies(struct text *out, const struct metrics *metrics)
{
    metric_head(out, PREFIX "pod_latency_seconds", "histogram",
                "How long pods took: committed since something was to be done, annotated since"
                " the commit.");
    metric_latency(out, PREFIX "pod_latency_seconds", "stage=\"committed\"",
                   &metrics->pod_committed);
    metric_latency(out, PREFIX "pod_latency_seconds", "stage=\"annotated\"",
                   &metrics->pod_annotated);
    metric_head(out, PREFIX "service_latency_seconds", "histogram",
                "How long services took from a change to the commit.");
    metric_latency(out, PREFIX "service_latency_seconds", "", &metrics->service_committed);
    metric_head(out, PREFIX "plan_objects", "histogram", "Objects per plan.");
    metric_sizes(out, PREFIX "plan_objects", "", &metrics->plan_size);
}

static void tell_counters(struct text *out, const struct metrics *metrics)
{
    metric_head(out, PREFIX "plans_total", "counter",
                "Plans by outcome: refused for a reason of one object, or lost with the database.");
    metric_number(out, PREFIX "plans_total", "{outcome=\"committed\"}", metrics->plans_committed);
    metric_number(out, PREFIX "plans_total", "{outcome=\"unchanged\"}", metrics->plans_unchanged);
    metric_number(out, PREFIX "plans_total", "{outcome=\"refused\"}", metrics->plans_refused);
    metric_number(out, PREFIX "plans_total", "{outcome=\"lost\"}", metrics->plans_lost);
    metric_head(out, PREFIX "patches_total", "counter", "Annotations by outcome.");
    metric_number(out, PREFIX "patches_total", "{outcome=\"written\"}", metrics->patches);
    metric_number(out, PREFIX "patches_total", "{outcome=\"failed\"}", metrics->patches_failed);
    metric_head(out, PREFIX "retries_total", "counter",
                "Failures of objects, each of which is tried again.");
    metric_number(out, PREFIX "retries_total", "", metrics->tasks_failed);
}

static void tell_events(struct text *out, const struct event_recorder *events)
{
    metric_head(out, PREFIX "events_total", "counter", "Events of Kubernetes by outcome.");
    metric_number(out, PREFIX "events_total", "{outcome=\"written\"}",
                  event_recorder_written(events));
    metric_number(out, PREFIX "events_total", "{outcome=\"dropped\"}",
                  event_recorder_dropped(events));
}

static void tell_queue(struct text *out, const struct lanes *lanes)
{
    static const char *const lane_labels[] = {[LANE_NODES] = "{lane=\"nodes\"}",
                                              [LANE_PODS] = "{lane=\"pods\"}",
                                              [LANE_SERVICES] = "{lane=\"services\"}",
                                              [LANE_SUSPECTS] = "{lane=\"suspects\"}"};

    metric_head(out, PREFIX "ready_objects", "gauge", "Objects that are to be looked at.");
    for (size_t i = 0; i < N_LANES; i++) {
        metric_number(out, PREFIX "ready_objects", lane_labels[i], lanes->tasks.ready[i].n);
    }
    metric_head(out, PREFIX "planned_objects", "gauge", "Objects in plans, sent or to be sent.");
    metric_number(out, PREFIX "planned_objects", "", lanes_count_planned(lanes));
    metric_head(out, PREFIX "retrying_objects", "gauge", "Objects between a failure and a retry.");
    metric_number(out, PREFIX "retrying_objects", "", lanes->tasks.later.n);
    metric_head(out, PREFIX "waiting_objects", "gauge",
                "Objects that wait for something, such as their node or an answer.");
    metric_number(out, PREFIX "waiting_objects", "", lanes->tasks.waiting.n);
}

static void tell_gauge(struct text *out, const char *name, const char *help, uint64_t value)
{
    metric_head(out, name, "gauge", help);
    metric_number(out, name, "", value);
}

static void tell_connections(struct text *out, const ovnk8s_watcher *watcher)
{
    tell_gauge(out, PREFIX "nb_connected", "Whether the Northbound database answers and was read.",
               conn_is_current(watcher->conn));
    tell_gauge(out, PREFIX "api_connected", "Whether the API server tells what happens.",
               api_is_connected(watcher));
    tell_gauge(out, PREFIX "synced", "Whether all objects were seen.",
               watcher_is_synced(watcher) && conn_is_current(watcher->conn));
    tell_gauge(out, PREFIX "leading", "Whether this watcher is the one that works.",
               lead_may_write(watcher));
    tell_gauge(out, PREFIX "pods", "Pods that are known.", watcher->pods.table.n);
}

int ovnk8s_watcher_metrics(const ovnk8s_watcher *watcher, char **out)
{
    struct text text = {.bytes = NULL};

    tell_latencies(&text, &watcher->metrics);
    tell_counters(&text, &watcher->metrics);
    tell_events(&text, watcher->events);
    tell_queue(&text, &watcher->lanes);
    tell_connections(&text, watcher);
    return text_take(&text, out);
}
