#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/private.h"

/* One transaction for so many pods at most; and the pauses before something that has failed is
 * tried again. */
enum { BATCH = 500, FIRST_PAUSE_MS = 200, MOST_PAUSE_MS = 30000 };

/* The queue. */

void mark_due(ovnk8s_watcher *watcher, struct pod *pod)
{
    if (pod->is_due) {
        return;
    }
    pod->is_due = true;
    pod->watcher = watcher;
    pod->next_due = NULL;
    *(watcher->last_due ? &watcher->last_due->next_due : &watcher->due) = pod;
    watcher->last_due = pod;
}

int64_t next_due(const ovnk8s_watcher *watcher)
{
    int64_t at = INT64_MAX;

    for (const struct pod *pod = watcher->due; pod; pod = pod->next_due) {
        at = pod->due_at < at ? pod->due_at : at;
    }
    return at;
}

/* Takes the pods whose time has come off the queue. */
static size_t take_due(ovnk8s_watcher *watcher, struct pod *batch[static BATCH])
{
    struct pod *pod = watcher->due, *next;
    const int64_t now = now_ms();
    size_t n = 0;

    watcher->due = watcher->last_due = NULL;
    for (; pod; pod = next) {
        next = pod->next_due;
        pod->is_due = false;
        if (n < BATCH && pod->due_at <= now) {
            batch[n++] = pod;
        } else {
            mark_due(watcher, pod);
        }
    }
    return n;
}

/* Tries again later; tells why now. */
static void postpone(ovnk8s_watcher *watcher, struct pod *pod, enum ovnk8s_log_level level)
{
    int64_t pause = FIRST_PAUSE_MS;

    for (unsigned int i = 0; i < pod->failures && pause < MOST_PAUSE_MS; i++) {
        pause *= 2;
    }
    pause = pause < MOST_PAUSE_MS ? pause : MOST_PAUSE_MS;
    pod->failures++;
    pod->due_at = now_ms() + pause;
    watcher->failures++;
    log_line(&watcher->log, level, "pod %s/%s: %s: trying again in %lld ms", pod->pod_namespace,
             pod->name, ovnk8s_last_error()->message, (long long)pause);
    mark_due(watcher, pod);
}

/* The annotation. */

static void patch_done(const struct kube_reply *reply, void *payload)
{
    struct pod *pod = payload;
    ovnk8s_watcher *watcher = pod->watcher;

    pod->patch = NULL;
    watcher->n_patches--;
    if (!reply->error) {
        watcher->patches++;
        log_line(&watcher->log, OVNK8S_LOG_INFO, "pod %s/%s: annotated", pod->pod_namespace,
                 pod->name);
        pod->failures = 0;
        mark_due(watcher, pod);
        return;
    }
    free(pod->annotation);
    pod->annotation = NULL;
    /* That it has gone, or another one has come, is no trouble: the API server will tell. */
    postpone(watcher, pod,
             reply->error == OVNK8S_NOTFOUND || reply->error == OVNK8S_CONFLICT ? OVNK8S_LOG_DEBUG
                                                                                : OVNK8S_LOG_WARN);
}

static char *patch_body(const struct pod *pod, const char *annotation)
{
    cJSON *json = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(json, "metadata");
    cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
    char *body = NULL;

    /* With its uid the patch cannot hit a later pod of this name. */
    if (cJSON_AddStringToObject(metadata, "uid", pod->uid ? pod->uid : "") &&
        cJSON_AddStringToObject(annotations, POD_ANNOTATION, annotation)) {
        body = cJSON_PrintUnformatted(json);
    }
    cJSON_Delete(json);
    return body;
}

static int start_patch(ovnk8s_watcher *watcher, struct pod *pod, const char *annotation)
{
    _cleanup_free_ char *body = patch_body(pod, annotation);
    char path[640];
    struct kube_request request = {.method = "PATCH",
                                   .path = path,
                                   .content_type = "application/merge-patch+json",
                                   .body = body,
                                   .done = patch_done,
                                   .payload = pod};
    int error;

    snprintf(path, sizeof path, "/api/v1/namespaces/%s/pods/%s", pod->pod_namespace, pod->name);
    error = body ? kube_call_start(&pod->patch, watcher->kube, &request) : fail_nomem();
    watcher->n_patches += !error;
    return error;
}

/* The network that the port of a pod stands for. */
static struct pod_network network_of(const struct node *node, const struct row *port,
                                     const struct prefixes *addresses)
{
    const struct prefixes routers = addresses_at(&node->subnets, ROUTER_INDEX);
    struct pod_network network = {.addresses = *addresses};
    const char *text = row_string(port, "addresses");
    char mac[MAC_TEXT];

    for (size_t i = 0; i < addresses->n; i++) {
        network.gateways[i] = prefixes_of(&routers, addresses->of[i].ip.family)->ip;
    }
    snprintf(mac, sizeof mac, "%s", text ? text : "");
    if (!mac_from_text(mac, &network.mac)) {
        network.mac = mac_from_ip(&addresses->of[0].ip);
    }
    return network;
}

static void ensure_annotation(ovnk8s_watcher *watcher, struct pod *pod, const struct node *node,
                              const struct row *port, const struct prefixes *addresses)
{
    const struct pod_network network = network_of(node, port, addresses);
    _cleanup_free_ char *annotation = NULL;

    if (pod->patch) {
        return; /* Its end brings the pod back here. */
    }
    annotation = annotation_text(&network);
    if (annotation && pod->annotation && !strcmp(annotation, pod->annotation)) {
        return;
    }
    if ((annotation ? start_patch(watcher, pod, annotation) : fail_nomem()) != 0) {
        postpone(watcher, pod, OVNK8S_LOG_WARN);
        return;
    }
    /* As if the API server had told it already; a failure takes it back. */
    free(pod->annotation);
    pod->annotation = STEAL(annotation);
}

/* The port. */

static int choose_addresses(void *payload, struct prefixes *out)
{
    struct pod *pod = payload;
    struct node *node = nodes_find(&pod->watcher->nodes, pod->node);
    struct pod_network before;
    int error = 0;

    if (!node) {
        return fail(OVNK8S_NOTFOUND, "node %s is gone", pod->node);
    }
    if (!pod->chosen.n || node_is_taken(node, &pod->chosen)) {
        /* A pod that was running already keeps its address if it can. */
        if (pod->annotation && !annotation_parse(pod->annotation, &before) &&
            node_can_give(node, &before.addresses)) {
            pod->chosen = before.addresses;
            node_reserve(node, &pod->chosen);
        } else {
            error = node_choose(node, &pod->chosen);
        }
    }
    *out = pod->chosen;
    return error;
}

static int plan_port(ovnk8s_plan *plan, struct pod *pod)
{
    const struct port_wish wish = {.pod_namespace = pod->pod_namespace,
                                   .pod = pod->name,
                                   .node = pod->node,
                                   .pod_uid = pod->uid,
                                   .choose = choose_addresses,
                                   .payload = pod};

    pod->chosen.n = 0;
    return port_intend(plan, &wish);
}

static const struct row *find_port(ovnk8s_watcher *watcher, const struct pod *pod)
{
    char name[512];

    snprintf(name, sizeof name, "%s_%s", pod->pod_namespace, pod->name);
    return replica_find(conn_replica(watcher->conn), SWITCH_PORT_TABLE,
                        switch_port_id(watcher->owner, name));
}

/* Whether the port was made for this pod, and not for an earlier one of its name. */
static bool is_of_pod(const struct row *port, const struct pod *pod)
{
    const char *uid = row_pair(port, "external_ids", POD_UID_KEY);
    const char *node = row_pair(port, "external_ids", NODE_KEY);

    return (!uid || !pod->uid || !strcmp(uid, pod->uid)) && node && !strcmp(node, pod->node);
}

static int plan_delete(ovnk8s_plan *plan, const struct pod *pod, const struct row *port)
{
    const char *node = row_pair(port, "external_ids", NODE_KEY);

    return ovnk8s_port_delete(plan, pod->pod_namespace, pod->name, node ? node : pod->node);
}

enum need { NEEDS_NOTHING, NEEDS_COMMIT, NEEDS_FORGETTING };

/* Says what the pod needs; what can be done without a transaction is done. */
static enum need examine(ovnk8s_watcher *watcher, struct pod *pod, ovnk8s_plan *plan)
{
    const struct row *port = find_port(watcher, pod);
    struct node *node = nodes_find(&watcher->nodes, pod->node);
    struct prefixes addresses;

    pod->has_port = port != NULL;
    if (!pod->wants_port) {
        if (port) {
            return plan_delete(plan, pod, port) ? NEEDS_NOTHING : NEEDS_COMMIT;
        }
        return pod->is_gone ? NEEDS_FORGETTING : NEEDS_NOTHING;
    }
    if (!node) {
        log_line(&watcher->log, OVNK8S_LOG_INFO,
                 "pod %s/%s: waiting for node %s to be added (minion-init)", pod->pod_namespace,
                 pod->name, pod->node);
        return NEEDS_NOTHING;
    }
    if (!port) {
        return plan_port(plan, pod) ? NEEDS_NOTHING : NEEDS_COMMIT;
    }
    if (!is_of_pod(port, pod) || !node_read_addresses(node, port, &addresses)) {
        return plan_delete(plan, pod, port) ? NEEDS_NOTHING : NEEDS_COMMIT;
    }
    ensure_annotation(watcher, pod, node, port, &addresses);
    return NEEDS_NOTHING;
}

static void forget(ovnk8s_watcher *watcher, struct pod *pod)
{
    if (pod->is_due) {
        return; /* Something about it has changed meanwhile: it is looked at again. */
    }
    if (pod->patch) {
        kube_call_cancel(pod->patch);
        watcher->n_patches--;
    }
    pods_remove(&watcher->pods, pod);
}

/* Committing. */

static size_t plan_batch(ovnk8s_watcher *watcher, ovnk8s_plan *plan, struct pod **batch, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        switch (examine(watcher, batch[i], plan)) {
        case NEEDS_COMMIT:
            batch[kept++] = batch[i];
            break;
        case NEEDS_FORGETTING:
            forget(watcher, batch[i]);
            break;
        case NEEDS_NOTHING:
            break;
        }
    }
    return kept;
}

static int commit_batch(ovnk8s_watcher *watcher, struct pod **batch, size_t *n)
{
    const ovnk8s_plan_options options = {.size = sizeof options, .owner = watcher->owner};
    _cleanup_plan_ ovnk8s_plan *plan = NULL;
    int error = ovnk8s_plan_new(&plan, &options);

    if (!error) {
        *n = plan_batch(watcher, plan, batch, *n);
        error = *n ? ovnk8s_plan_apply(plan, watcher->nb, NULL) : 0;
    }
    nodes_drop_reservations(&watcher->nodes);
    watcher->commits += !error && *n;
    return error;
}

/* One that cannot be done must not hold up the others. */
static void commit_one_by_one(ovnk8s_watcher *watcher, struct pod **batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pod *pod = batch[i];
        size_t one = 1;

        if (commit_batch(watcher, &pod, &one)) {
            postpone(watcher, batch[i], OVNK8S_LOG_WARN);
        } else if (one) {
            mark_due(watcher, batch[i]);
        }
    }
}

/* When the database cannot be reached, trying one by one only takes longer. */
static bool is_of_database(int error)
{
    return error == OVNK8S_TIMEOUT || error == OVNK8S_UNAVAILABLE || error == OVNK8S_CANCELLED;
}

void reconcile(ovnk8s_watcher *watcher)
{
    struct pod *batch[BATCH];
    size_t n = take_due(watcher, batch);
    const int error = n ? commit_batch(watcher, batch, &n) : 0;

    if (!error) {
        for (size_t i = 0; i < n; i++) {
            batch[i]->failures = 0;
            mark_due(watcher, batch[i]); /* For its annotation, or to be forgotten. */
        }
        if (n) {
            log_line(&watcher->log, OVNK8S_LOG_INFO, "committed the ports of %zu pods", n);
        }
    } else if (n > 1 && !is_of_database(error)) {
        commit_one_by_one(watcher, batch, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            postpone(watcher, batch[i], OVNK8S_LOG_WARN);
        }
    }
}
