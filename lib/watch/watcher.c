#include <ovnk8s/watcher.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "watch/private.h"
#include "watch/wake.h"

void ovnk8s_watcher_options_init(ovnk8s_watcher_options *options)
{
    *options = (ovnk8s_watcher_options)OVNK8S_WATCHER_OPTIONS_INIT;
}

/* What the Northbound database says. */

static void mark_port_pod(ovnk8s_watcher *watcher, const struct row *port)
{
    const char *pod_namespace = row_pair(port, "external_ids", NAMESPACE_KEY);
    const char *name = row_string(port, "name");
    const size_t length = pod_namespace ? strlen(pod_namespace) : 0;
    struct pod *pod;

    if (!name || !pod_namespace || strncmp(name, pod_namespace, length) || name[length] != '_') {
        return;
    }
    pod = pods_find(&watcher->pods, pod_namespace, name + length + 1);
    if (pod) {
        mark_due(watcher, pod);
    } else {
        watcher->has_strays = true;
    }
}

static void row_changed(const struct row *before, const struct row *now, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const struct row *row = now ? now : before;

    if (!strcmp(row->table, SWITCH_TABLE)) {
        watcher->nodes_changed |= nodes_switch_changed(&watcher->nodes, before, now);
    } else if (!strcmp(row->table, SWITCH_PORT_TABLE)) {
        nodes_port_changed(&watcher->nodes, before, now);
        mark_port_pod(watcher, row);
    }
}

static void count_port(const struct row *port, void *payload)
{
    nodes_count_port(payload, port);
}

static void mark_unhappy(struct pod *pod, void *payload)
{
    if (pod->wants_port && !pod->has_port) {
        pod->due_at = 0;
        mark_due(payload, pod);
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
        pods_each(&watcher->pods, mark_unhappy, watcher);
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

static void pod_is_there(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *pod_namespace, *name;
    struct pod *pod;

    if (!object_name(object, &pod_namespace, &name)) {
        return;
    }
    pod = pods_find(&watcher->pods, pod_namespace, name);
    pod = pod ? pod : pods_add(&watcher->pods, pod_namespace, name);
    if (!pod) {
        log_line(&watcher->log, OVNK8S_LOG_ERROR, "pod %s/%s: out of memory", pod_namespace, name);
        return;
    }
    pod->is_seen = true;
    if (pod_read(pod, object)) {
        pod->failures = 0;
        pod->due_at = 0;
        mark_due(watcher, pod);
    }
}

static void set_gone(ovnk8s_watcher *watcher, struct pod *pod)
{
    pod->is_gone = true;
    pod->wants_port = false;
    pod->due_at = 0;
    mark_due(watcher, pod);
}

static void pod_is_gone(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *pod_namespace, *name;
    struct pod *pod;

    if (object_name(object, &pod_namespace, &name) &&
        (pod = pods_find(&watcher->pods, pod_namespace, name)) != NULL) {
        set_gone(watcher, pod);
    }
}

static void drop_unseen(struct pod *pod, void *payload)
{
    if (!pod->is_seen) {
        set_gone(payload, pod);
    }
}

static void synced(void *payload)
{
    ovnk8s_watcher *watcher = payload;

    pods_each(&watcher->pods, drop_unseen, watcher);
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
        !row_id_equal(port->id, switch_port_id(watcher->nodes.owner, name)) ||
        pods_find(&watcher->pods, pod_namespace, name + length)) {
        return;
    }
    pod = pods_add(&watcher->pods, pod_namespace, name + length);
    if (pod && (pod->node = strdup(node)) != NULL) {
        set_gone(watcher, pod);
    }
}

static void catch_up_with_strays(ovnk8s_watcher *watcher)
{
    if (watcher->has_strays) {
        watcher->has_strays = false;
        replica_each(conn_replica(watcher->conn), SWITCH_PORT_TABLE, adopt_stray, watcher);
    }
}

/* Waking up. */

static bool is_wanted(const struct wake_set *wakes, int fd)
{
    for (nfds_t i = 0; i < wakes->n; i++) {
        if (wakes->fds[i].fd == fd) {
            return true;
        }
    }
    return false;
}

static void register_wakes(ovnk8s_watcher *watcher)
{
    const struct wake_set before = watcher->wakes;

    conn_wakes(watcher->conn, &watcher->wakes);
    for (nfds_t i = 0; i < before.n; i++) {
        if (!is_wanted(&watcher->wakes, before.fds[i].fd)) {
            wake_forget(watcher->epoll, before.fds[i].fd);
        }
    }
    for (nfds_t i = 0; i < watcher->wakes.n; i++) {
        wake_register(watcher->epoll, watcher->wakes.fds[i].fd, watcher->wakes.fds[i].events);
    }
    wake_register(watcher->epoll, kube_fd(watcher->kube), POLLIN);
}

int ovnk8s_watcher_fd(const ovnk8s_watcher *watcher)
{
    return watcher->epoll;
}

int ovnk8s_watcher_timeout(const ovnk8s_watcher *watcher)
{
    const int64_t kube = kube_deadline(watcher->kube), due = next_due(watcher);
    const int64_t at = watcher->wakes.at < kube ? watcher->wakes.at : kube;

    return wake_timeout(due < at ? due : at);
}

void ovnk8s_watcher_step(ovnk8s_watcher *watcher)
{
    conn_step(watcher->conn);
    if (kube_step(watcher->kube)) {
        log_line(&watcher->log, OVNK8S_LOG_ERROR, "%s", ovnk8s_last_error()->message);
    }
    if (watcher->pods_synced && conn_is_current(watcher->conn)) {
        catch_up_with_nodes(watcher);
        catch_up_with_strays(watcher);
        reconcile(watcher);
    }
    register_wakes(watcher);
}

/* Life. */

static int start(ovnk8s_watcher *watcher)
{
    static const struct kube_collection all_pods = {.path = "/api/v1/pods"};
    const struct kube_handler handler = {begin_list, pod_is_there, pod_is_gone, synced, watcher};
    struct replica *replica = conn_replica(watcher->conn);
    int error;

    watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (watcher->epoll < 0) {
        return fail_errno(errno, "epoll_create1");
    }
    error = kube_reflector_start(&watcher->reflector, watcher->kube, &all_pods, &handler);
    if (error) {
        return error;
    }
    replica->changed = row_changed;
    replica->payload = watcher;
    conn_watch(watcher->conn, SWITCH_TABLE, NULL);
    conn_watch(watcher->conn, SWITCH_PORT_TABLE, NULL);
    register_wakes(watcher);
    return 0;
}

int ovnk8s_watcher_new(ovnk8s_watcher **out, ovnk8s_nb *nb, ovnk8s_kube *kube,
                       const ovnk8s_watcher_options *theirs)
{
    ovnk8s_watcher_options options = OVNK8S_WATCHER_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    ovnk8s_watcher *watcher;

    *out = NULL;
    if (error) {
        return error;
    }
    watcher = calloc(1, sizeof *watcher);
    if (!watcher) {
        return fail_nomem();
    }
    watcher->nb = nb;
    watcher->conn = nb_conn(nb);
    watcher->kube = kube;
    watcher->log = (struct log){options.log, options.log_payload};
    watcher->epoll = -1;
    watcher->owner = strdup(options.owner ? options.owner : OVNK8S_DEFAULT_OWNER);
    watcher->nodes.owner = watcher->owner;
    error = watcher->owner ? start(watcher) : fail_nomem();
    if (error) {
        ovnk8s_watcher_free(watcher);
        return error;
    }
    *out = watcher;
    return 0;
}

static void cancel_patch(struct pod *pod, void *payload)
{
    (void)payload;
    kube_call_cancel(pod->patch);
}

void ovnk8s_watcher_free(ovnk8s_watcher *watcher)
{
    if (!watcher) {
        return;
    }
    conn_replica(watcher->conn)->changed = NULL;
    kube_reflector_stop(watcher->reflector);
    pods_each(&watcher->pods, cancel_patch, NULL);
    pods_clear(&watcher->pods);
    nodes_clear(&watcher->nodes);
    if (watcher->epoll >= 0) {
        close(watcher->epoll);
    }
    free(watcher->owner);
    free(watcher);
}

static void count_pod(struct pod *pod, void *payload)
{
    ovnk8s_watcher_status *status = payload;

    status->pods += !pod->is_gone;
    status->ports += pod->has_port;
    status->pending += pod->is_due || pod->patch;
}

int ovnk8s_watcher_get_status(const ovnk8s_watcher *watcher, ovnk8s_watcher_status *theirs)
{
    ovnk8s_watcher_status status = {.size = sizeof status};

    if (theirs->size < sizeof theirs->size || theirs->size > sizeof status) {
        return fail(OVNK8S_INVALID, "status: size %zu: expected at most %zu", theirs->size,
                    sizeof status);
    }
    status.size = theirs->size;
    status.synced = watcher->pods_synced && conn_is_current(watcher->conn);
    status.commits = watcher->commits;
    status.patches = watcher->patches;
    status.failures = watcher->failures;
    pods_each(&watcher->pods, count_pod, &status);
    memcpy(theirs, &status, theirs->size);
    return 0;
}
