/* What is done for a Node of the API server. */

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "topology/node_mark.h"
#include "watch/event_recorder.h"
#include "watch/private.h"

/* So long a row that was committed is waited for before the Node is looked at again. */
enum { UNSEEN_MS = 5000 };

struct kube_node *kube_node_of(const struct task *task)
{
    return (struct kube_node *)((char *)task - offsetof(struct kube_node, task));
}

static void name_node(const struct task *task, char *out, size_t size)
{
    snprintf(out, size, "%s", kube_node_of(task)->name);
}

/* Pods that have, or may have, something there. */

struct count {
    const char *node;
    size_t n;
};

static void count_pod(struct pod *pod, void *payload)
{
    struct count *count = payload;

    count->n += pod->node && !strcmp(pod->node, count->node) &&
                (pod->wants_port || pod->has_port || pod->has_claim);
}

static size_t pods_on(const ovnk8s_watcher *watcher, const char *node)
{
    struct count count = {.node = node};

    pods_each(&watcher->pods, count_pod, &count);
    return count.n;
}

/* Planning. */

static int plan_add(struct kube_node *kube_node, ovnk8s_plan *plan)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;
    int error;

    node.name = kube_node->name;
    node.subnet = kube_node->subnets;
    error = ovnk8s_node_add(plan, &node);
    return error ? error : node_mark_intend(plan, kube_node->name, kube_node->uid);
}

static enum verdict examine_gone(ovnk8s_watcher *watcher, struct kube_node *node, ovnk8s_plan *plan,
                                 const struct row *row)
{
    const size_t n = row ? pods_on(watcher, node->name) : 0;

    if (!row || !row_pair(row, "external_ids", NODE_UID_KEY)) {
        return TASK_GONE; /* What nobody has marked somebody has added by hand. */
    }
    if (n) {
        task_say(&node->task, "it is gone: waiting for the end of %zu pods on it", n);
        return TASK_WAITS;
    }
    return ovnk8s_node_delete(plan, node->name) ? TASK_FAILED : TASK_PLANNED;
}

static bool has_other_subnets(const struct kube_node *node, const struct row *row)
{
    struct prefixes wanted, there;

    return node->subnets && prefixes_from_text(node->subnets, &wanted) &&
           switch_subnets(row, &there) && !prefixes_equal(&wanted, &there);
}

/* Kubernetes may choose podCIDRs after we have chosen subnets. Where nobody has an address yet, the
 * node is added once more with them. */
static enum verdict examine_other(ovnk8s_watcher *watcher, struct kube_node *node,
                                  ovnk8s_plan *plan, const struct row *row)
{
    const char *there = row_pair(row, "external_ids", SUBNETS_KEY);

    if (node->was_free && !pods_on(watcher, node->name)) {
        node->was_free = false;
        return ovnk8s_node_delete(plan, node->name) ? TASK_FAILED : TASK_PLANNED;
    }
    fail(OVNK8S_EXISTS,
         "it has subnet %s, not its podCIDRs %s: delete the node (node-del) when nothing runs on"
         " it",
         there ? there : "", node->subnets);
    return TASK_FAILED;
}

static enum verdict examine(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    struct kube_node *node = kube_node_of(task);
    const struct row *row = replica_find(conn_replica(watcher->conn), SWITCH_TABLE,
                                         switch_id(watcher->owner, node->name));
    const char *mark = row_pair(row, "external_ids", NODE_UID_KEY);

    if (node->is_gone) {
        return examine_gone(watcher, node, plan, row);
    }
    if (row && has_other_subnets(node, row)) {
        return examine_other(watcher, node, plan, row);
    }
    if (row && mark && !strcmp(mark, node->uid)) {
        return TASK_DONE;
    }
    node->was_free = row ? node->was_free : !node->subnets;
    if (check_node_name(node->name) ||
        (row ? node_mark_intend(plan, node->name, node->uid) : plan_add(node, plan))) {
        return TASK_FAILED;
    }
    return TASK_PLANNED;
}

static int wish(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    struct kube_node *node = kube_node_of(task);
    const struct row *row = replica_find(conn_replica(watcher->conn), SWITCH_TABLE,
                                         switch_id(watcher->owner, node->name));

    if (!node->is_gone) {
        return plan_add(node, plan);
    }
    return row_pair(row, "external_ids", NODE_UID_KEY) && !pods_on(watcher, node->name)
               ? ovnk8s_node_delete(plan, node->name)
               : 0;
}

/* Afterwards. */

static void landed(ovnk8s_watcher *watcher, struct task *task, enum landing landing)
{
    if (landing == PLAN_COMMITTED) { /* The row will touch it. */
        task_say(task, "committed: waiting for the database to show it");
        task_defer(&watcher->lanes.tasks, task, now_ms() + UNSEEN_MS);
    }
}

static void failed(ovnk8s_watcher *watcher, struct task *task, int64_t pause_ms)
{
    const struct kube_node *node = kube_node_of(task);
    const struct event_object object = {"Node", "v1", NULL, node->name, node->uid};
    char note[1024];

    if (!node->is_gone) {
        snprintf(note, sizeof note, "%s: trying again in %.1f s", task->reason ? task->reason : "",
                 (double)pause_ms / 1000);
        watcher_tell_event(watcher, &object, "NodeFailed", note);
    }
}

static bool follow(ovnk8s_watcher *watcher, struct task *task)
{
    (void)watcher;
    return kube_node_of(task)->is_gone;
}

static void forget(ovnk8s_watcher *watcher, struct task *task)
{
    struct kube_node *node = kube_node_of(task);

    task_end(&watcher->lanes.tasks, task);
    hash_remove(&watcher->node_cache.table, &node->hashed);
    kube_node_free(&node->hashed);
}

const struct task_type node_task_type = {.kind = "Node",
                                         .lane = LANE_NODES,
                                         .name = name_node,
                                         .examine = examine,
                                         .wish = wish,
                                         .follow = follow,
                                         .landed = landed,
                                         .failed = failed,
                                         .forget = forget};
