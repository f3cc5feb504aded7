#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/pod_task.h"
#include "watch/private.h"

/* What the Northbound database says. */

/* The pod goes by the name alone: the keys may be what somebody has meddled with. */
static void mark_port_pod(ovnk8s_watcher *watcher, const struct row *port)
{
    const char *name = row_string(port, "name"), *separator = name ? strchr(name, '_') : NULL;
    char pod_namespace[64];
    struct pod *pod;

    if (!separator || separator - name >= (ptrdiff_t)sizeof pod_namespace) {
        return;
    }
    snprintf(pod_namespace, sizeof pod_namespace, "%.*s", (int)(separator - name), name);
    pod = pods_find(&watcher->pods, pod_namespace, separator + 1);
    if (pod) {
        pod_touch(pod);
    } else if (row_pair(port, "external_ids", NAMESPACE_KEY)) {
        watcher->has_strays = true;
    }
}

static void mark_port_pods(ovnk8s_watcher *watcher, const struct row *before, const struct row *now)
{
    const char *name = before ? row_string(before, "name") : NULL;
    const char *new_name = now ? row_string(now, "name") : NULL;

    if (now) {
        mark_port_pod(watcher, now);
    }
    if (before && (!name || !new_name || strcmp(name, new_name) != 0)) {
        mark_port_pod(watcher, before);
    }
}

static void row_changed(const struct row *before, const struct row *now, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const struct row *row = now ? now : before;

    if (!strcmp(row->table, SWITCH_TABLE)) {
        node_cache_switch_changed(watcher, row);
        if (nodes_switch_changed(&watcher->nodes, before, now)) {
            watcher->nodes_changed = true;
            ledgers_touch(watcher, row_string(now, "name"));
        }
    } else if (!strcmp(row->table, SWITCH_PORT_TABLE)) {
        nodes_port_changed(&watcher->nodes, before, now);
        mark_port_pods(watcher, before, now);
    }
    services_row_changed(watcher, before, now);
}

static void count_port(const struct row *port, void *payload)
{
    nodes_count_port(payload, port);
}

static void mark_unhappy(struct pod *pod, void *payload)
{
    (void)payload;
    if (pod->wants_port && !pod->has_port) {
        pod_touch(pod);
    }
}

/* New nodes: their addresses are counted, and pods that waited for them are looked at again. */
static void catch_up_with_nodes(ovnk8s_watcher *watcher)
{
    if (!watcher->nodes.all_counted) {
        replica_each(conn_replica(watcher->conn), SWITCH_PORT_TABLE, count_port, &watcher->nodes);
        nodes_counted(&watcher->nodes);
    }
    if (watcher->nodes_changed) {
        pods_each(&watcher->pods, mark_unhappy, NULL);
        watcher->nodes_changed = false;
    }
}

/* What the API server says. */

static void clear_seen(struct pod *pod, void *payload)
{
    (void)payload;
    pod->is_seen = false;
}

static void begin_list(void *payload)
{
    pods_each(&((ovnk8s_watcher *)payload)->pods, clear_seen, NULL);
}

static struct pod *add_pod(ovnk8s_watcher *watcher, const char *pod_namespace, const char *name)
{
    struct pod *pod = pods_add(&watcher->pods, pod_namespace, name);

    if (pod) {
        pod->watcher = watcher;
        pod->task.type = &pod_task_type;
    }
    return pod;
}

static void pod_is_there(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *pod_namespace, *name;
    struct pod *pod;

    api_answers(watcher);
    if (!object_name(object, &pod_namespace, &name)) {
        return;
    }
    pod = pods_find(&watcher->pods, pod_namespace, name);
    pod = pod ? pod : add_pod(watcher, pod_namespace, name);
    if (!pod) {
        log_line(&watcher->log, OVNK8S_LOG_ERROR, "pod %s/%s: out of memory", pod_namespace, name);
        return;
    }
    pod->is_seen = true;
    if (pod_read(&watcher->pods, pod, object)) {
        pod_touch(pod);
    }
}

static void set_gone(struct pod *pod)
{
    pod_set_gone(&pod->watcher->pods, pod, true);
    pod->wants_port = false;
    pod_touch(pod);
}

static void pod_is_gone(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *pod_namespace, *name;
    struct pod *pod;

    if (object_name(object, &pod_namespace, &name) &&
        (pod = pods_find(&watcher->pods, pod_namespace, name)) != NULL) {
        set_gone(pod);
    }
}

static void drop_unseen(struct pod *pod, void *payload)
{
    (void)payload;
    if (!pod->is_seen) {
        set_gone(pod);
    }
}

static void synced(void *payload)
{
    ovnk8s_watcher *watcher = payload;

    api_answers(watcher);
    pods_each(&watcher->pods, drop_unseen, NULL);
    if (!watcher->pods_synced) {
        log_line(&watcher->log, OVNK8S_LOG_INFO, "following %zu pods of %s", watcher->pods.table.n,
                 kube_server(watcher->kube));
    }
    watcher->pods_synced = true;
    watcher->has_strays = true;
}

/* Ports of pods that nobody knows: they went while no watcher was running. */

static void adopt_stray(const struct row *port, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const char *pod_namespace = row_pair(port, "external_ids", NAMESPACE_KEY);
    const char *node = row_pair(port, "external_ids", NODE_KEY), *name = row_string(port, "name");
    const size_t length = pod_namespace ? strlen(pod_namespace) + 1 : 0;
    struct pod *pod;

    if (!name || !pod_namespace || !node || strlen(name) <= length ||
        pods_find(&watcher->pods, pod_namespace, name + length) ||
        !row_id_equal(port->id, switch_port_id(watcher->nodes.owner, name))) {
        return;
    }
    pod = add_pod(watcher, pod_namespace, name + length);
    if (pod && pod_set_node(&watcher->pods, pod, node)) {
        set_gone(pod);
    }
}

/* Who leads does. */
static void catch_up_with_strays(ovnk8s_watcher *watcher)
{
    if (watcher->has_strays && lead_may_write(watcher)) {
        watcher->has_strays = false;
        replica_each(conn_replica(watcher->conn), SWITCH_PORT_TABLE, adopt_stray, watcher);
    }
}

void follow_step(ovnk8s_watcher *watcher)
{
    catch_up_with_nodes(watcher);
    catch_up_with_strays(watcher);
    node_cache_step(watcher);
    services_step(watcher);
}

/* Life. */

int follow_start(ovnk8s_watcher *watcher)
{
    static const char *const parts[] = {"annotations", NULL};
    static const struct kube_collection all_pods = {.path = "/api/v1/pods", .parts = parts};
    const struct kube_handler handler = {begin_list, pod_is_there, pod_is_gone, synced, watcher};
    struct replica *replica = conn_replica(watcher->conn);
    int error = kube_reflector_start(&watcher->reflector, watcher->kube, &all_pods, &handler);

    error = error ? error : node_cache_start(watcher);
    error = error ? error : services_start(watcher);
    if (error) {
        return error;
    }
    replica->changed = row_changed;
    replica->payload = watcher;
    conn_watch(watcher->conn, SWITCH_TABLE, NULL);
    conn_watch(watcher->conn, SWITCH_PORT_TABLE, NULL);
    return 0;
}

static void cancel_patch(struct pod *pod, void *payload)
{
    (void)payload;
    kube_call_cancel(pod->patch);
    pod->patch = NULL;
}

void follow_stop(ovnk8s_watcher *watcher)
{
    conn_replica(watcher->conn)->changed = NULL;
    kube_reflector_stop(watcher->reflector);
    node_cache_stop(watcher);
    services_stop(watcher);
    pods_each(&watcher->pods, cancel_patch, NULL);
}
