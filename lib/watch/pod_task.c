#include "watch/pod_task.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "watch/event_recorder.h"
#include "watch/private.h"

/* So long a row that was committed is waited for before the pod is looked at again. */
enum { UNSEEN_MS = 5000 };

struct pod *pod_of(const struct task *task)
{
    return (struct pod *)((char *)task - offsetof(struct pod, task));
}

void pod_touch(struct pod *pod)
{
    task_touch(&pod->watcher->lanes.tasks, &pod->task, now_ms());
}

static void name_pod(const struct task *task, char *out, size_t size)
{
    const struct pod *pod = pod_of(task);

    snprintf(out, size, "%s/%s", pod->pod_namespace, pod->name);
}

/* Addresses. */

static void release(ovnk8s_watcher *watcher, struct pod *pod)
{
    if (pod->is_reserved) {
        nodes_release(&watcher->nodes, &pod->addresses);
        pod->is_reserved = false;
    }
}

static void reserve(ovnk8s_watcher *watcher, struct pod *pod)
{
    nodes_reserve(&watcher->nodes, &pod->addresses);
    pod->is_reserved = true;
}

static const struct row *find_port(ovnk8s_watcher *watcher, const struct pod *pod)
{
    return replica_find(conn_replica(watcher->conn), SWITCH_PORT_TABLE, pod->port_id);
}

/* Whether the port was made for this pod, and not for an earlier one of its name; a key that is
 * missing says nothing. One that somebody has made a port of another type is no pod's. */
static bool is_of_pod(const struct row *port, const struct pod *pod)
{
    const char *uid = row_pair(port, "external_ids", POD_UID_KEY);
    const char *node = row_pair(port, "external_ids", NODE_KEY), *type = row_string(port, "type");

    return (!uid || !pod->uid || !strcmp(uid, pod->uid)) &&
           (!node || !pod->node || !strcmp(node, pod->node)) && (!type || !*type);
}

static bool is_pair(const struct row *port, const char *key, const char *value)
{
    const char *there = row_pair(port, "external_ids", key);

    return there && !strcmp(there, value);
}

static bool is_just(const struct row *port, const char *column, const char *text)
{
    const char *there = row_string(port, column);

    return there && !strcmp(there, text) && row_column(port, column)->n == 1;
}

struct mac pod_mac(const struct row *port, const struct prefixes *addresses)
{
    const char *text = row_string(port, "addresses");
    char word[MAC_TEXT];
    struct mac mac;

    snprintf(word, sizeof word, "%s", text ? text : "");
    return mac_from_text(word, &mac) ? mac : mac_from_ip(&addresses->of[0].ip);
}

/* Whether all that the watcher writes to the pod's row is there as it writes it. */
static bool is_intact(const ovnk8s_watcher *watcher, const struct pod *pod, const struct row *port)
{
    const struct mac mac = pod_mac(port, &pod->addresses);
    char text[PORT_ADDRESSES_TEXT], name[512];

    port_addresses_text(&mac, &pod->addresses, text);
    snprintf(name, sizeof name, "%s_%s", pod->pod_namespace, pod->name);
    return is_just(port, "addresses", text) && is_just(port, "port_security", text) &&
           is_just(port, "name", name) && is_pair(port, NODE_KEY, pod->node) &&
           is_pair(port, NAMESPACE_KEY, pod->pod_namespace) && is_pair(port, POD_KEY, "true") &&
           is_pair(port, OWNER_KEY, watcher->owner) &&
           (!pod->uid || is_pair(port, POD_UID_KEY, pod->uid));
}

/* Whether somebody has changed the addresses of the row alone: what the pod has, or is annotated
 * with, and port security both tell the earlier ones. */
static bool is_falsified(const struct pod *pod, const struct node *node, const struct row *port,
                         const struct prefixes *addresses)
{
    struct prefixes secured;

    return pod->addresses.n && !prefixes_equal(&pod->addresses, addresses) &&
           node_read_security(node, port, &secured) && prefixes_equal(&pod->addresses, &secured);
}

/* Takes over what the pod's row has; false when it has none, or it is not the pod's. */
static bool take_row(ovnk8s_watcher *watcher, struct pod *pod, const struct node *node,
                     const struct row *port)
{
    struct prefixes addresses;

    if (!port || !is_of_pod(port, pod) || !node_read_addresses(node, port, &addresses) ||
        is_falsified(pod, node, port, &addresses)) {
        return false;
    }
    release(watcher, pod);
    pod->addresses = addresses;
    return true;
}

/* Called when the plan is resolved, again after each conflict. */
static int choose_addresses(void *payload, struct prefixes *out)
{
    struct pod *pod = payload;
    ovnk8s_watcher *watcher = pod->watcher;
    struct nodes *nodes = &watcher->nodes;
    struct node *node = nodes_find(nodes, pod->node);
    int error = 0;

    if (!node) {
        return fail(OVNK8S_NOTFOUND, "node %s is gone", pod->node ? pod->node : "");
    }
    /* An earlier plan that was given up may have been committed all the same. */
    if (!take_row(watcher, pod, node, find_port(watcher, pod)) &&
        !(pod->is_reserved && !node_is_taken(node, &pod->addresses))) {
        release(watcher, pod);
        /* A pod that was running already keeps its address if it can. */
        if (pod->addresses.n && node_can_give(nodes, node, &pod->addresses)) {
            reserve(watcher, pod);
        } else {
            error = node_choose(nodes, node, &pod->addresses);
            pod->is_reserved = !error;
        }
    }
    *out = pod->addresses;
    return error;
}

/* The port. */

/* 'port' is its row, if there is one already. */
static int plan_port(ovnk8s_plan *plan, struct pod *pod, const struct row *port)
{
    const struct mac mac =
        port && pod->addresses.n ? pod_mac(port, &pod->addresses) : (struct mac){.bytes = {0}};
    const struct port_wish wish = {.pod_namespace = pod->pod_namespace,
                                   .pod = pod->name,
                                   .node = pod->node,
                                   .pod_uid = pod->uid,
                                   .mac = port && pod->addresses.n ? &mac : NULL,
                                   .choose = choose_addresses,
                                   .payload = pod};

    return port_intend(plan, &wish);
}

static int plan_delete(ovnk8s_plan *plan, const struct pod *pod, const struct row *port)
{
    const char *node = row_pair(port, "external_ids", NODE_KEY);

    return ovnk8s_port_delete(plan, pod->pod_namespace, pod->name, node ? node : pod->node);
}

static void tell(ovnk8s_watcher *watcher, const struct pod *pod, const char *reason,
                 const char *note)
{
    const struct event_object object = {"Pod", "v1", pod->pod_namespace, pod->name, pod->uid};

    if (!pod->is_gone) {
        watcher_tell_event(watcher, &object, reason, note);
    }
}

static enum verdict examine_unwanted(ovnk8s_watcher *watcher, struct pod *pod, ovnk8s_plan *plan,
                                     const struct row *port)
{
    if (port) {
        return plan_delete(plan, pod, port) ? TASK_FAILED : TASK_PLANNED;
    }
    if (pod->has_claim && pod->node) { /* Somebody else has deleted the port. */
        ledgers_touch(watcher, pod->node);
    }
    release(watcher, pod);
    pod->has_claim = false;
    pod->addresses.n = 0;
    return pod->is_gone ? TASK_GONE : TASK_DONE;
}

/* Says what the pod's node lacks. Returns whether that is news. */
static bool say_node(ovnk8s_watcher *watcher, struct pod *pod)
{
    const struct row *row = replica_find(conn_replica(watcher->conn), SWITCH_TABLE,
                                         switch_id(watcher->owner, pod->node));
    const char *lacks = watcher->nodes.n_lost ? ": " RESTORED
                        : row ? ", whose logical switch does not tell its subnets any more, to be"
                                " repaired (repair)"
                              : " to be added (minion-init)";

    return task_say(&pod->task, "waiting for node %s%s", pod->node, lacks);
}

static enum verdict wait_for_node(ovnk8s_watcher *watcher, struct pod *pod)
{
    const char *reason;

    if (say_node(watcher, pod)) {
        reason = pod->task.reason ? pod->task.reason : "waiting for its node";
        log_line(&watcher->log, OVNK8S_LOG_INFO, "Pod %s/%s: %s", pod->pod_namespace, pod->name,
                 reason);
        tell(watcher, pod, "WaitingForNode", reason);
    }
    return TASK_WAITS;
}

static enum verdict examine(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    struct pod *pod = pod_of(task);
    const struct row *port = find_port(watcher, pod);
    struct node *node = nodes_find(&watcher->nodes, pod->node);

    pod_set_port(&watcher->pods, pod, port);
    pod->has_claim |= pod->has_port;
    if (!pod->wants_port) {
        return examine_unwanted(watcher, pod, plan, port);
    }
    if (!node) {
        return wait_for_node(watcher, pod);
    }
    if (!port) {
        return plan_port(plan, pod, NULL) ? TASK_FAILED : TASK_PLANNED;
    }
    if (!take_row(watcher, pod, node, port)) {
        return plan_delete(plan, pod, port) ? TASK_FAILED : TASK_PLANNED;
    }
    if (!is_intact(watcher, pod, port)) {
        return plan_port(plan, pod, port) ? TASK_FAILED : TASK_PLANNED;
    }
    return pod_annotate(watcher, pod, node, port);
}

static int wish(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    struct pod *pod = pod_of(task);
    const struct row *port = find_port(watcher, pod);

    if (pod->wants_port) {
        return nodes_find(&watcher->nodes, pod->node) ? plan_port(plan, pod, port) : 0;
    }
    return port ? plan_delete(plan, pod, port) : 0;
}

/* Its annotation is the leader's, and so is its address. */
static bool follow(ovnk8s_watcher *watcher, struct task *task)
{
    struct pod *pod = pod_of(task);

    if (pod->patch) {
        kube_call_cancel(pod->patch);
        pod->patch = NULL;
        pod->patched = 0;
    }
    release(watcher, pod);
    pod_set_port(&watcher->pods, pod, find_port(watcher, pod));
    return pod->is_gone;
}

/* Afterwards. */

static void note_committed(ovnk8s_watcher *watcher, struct pod *pod)
{
    const int64_t now = now_ms();

    if (pod->wants_port && !pod->committed_at) {
        histogram_add_ms(&watcher->metrics.pod_committed, now - pod->task.since);
        pod->committed_at = now;
    }
}

static void landed(ovnk8s_watcher *watcher, struct task *task, enum landing landing)
{
    struct pod *pod = pod_of(task);
    const struct row *port = find_port(watcher, pod);

    if (landing == PLAN_REFUSED) {
        release(watcher, pod);
    }
    if (landing != PLAN_COMMITTED) {
        return;
    }
    note_committed(watcher, pod);
    pod->has_claim = pod->wants_port || port;
    if (pod->wants_port && (port ? !is_intact(watcher, pod, port) : pod->is_reserved)) {
        /* The row will touch it. */
        task_say(task, "committed: waiting for the database to show it");
        task_defer(&watcher->lanes.tasks, task, now_ms() + UNSEEN_MS);
    }
}

static void failed(ovnk8s_watcher *watcher, struct task *task, int64_t pause_ms)
{
    const struct pod *pod = pod_of(task);
    char note[1024];

    snprintf(note, sizeof note, "%s: trying again in %.1f s", task->reason ? task->reason : "",
             (double)pause_ms / 1000);
    tell(watcher, pod, pod->has_port && pod->wants_port ? "AnnotationFailed" : "PortFailed", note);
}

static void forget(ovnk8s_watcher *watcher, struct task *task)
{
    struct pod *pod = pod_of(task);
    const char *node = pod->node; /* It outlives the pod. */

    kube_call_cancel(pod->patch);
    task_end(&watcher->lanes.tasks, task);
    pods_remove(&watcher->pods, pod);
    node_cache_pod_gone(watcher, node);
}

const struct task_type pod_task_type = {.kind = "Pod",
                                        .lane = LANE_PODS,
                                        .name = name_pod,
                                        .examine = examine,
                                        .wish = wish,
                                        .follow = follow,
                                        .landed = landed,
                                        .failed = failed,
                                        .forget = forget};
