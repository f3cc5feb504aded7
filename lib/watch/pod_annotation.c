#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watch/pod_task.h"
#include "watch/private.h"

/* So long the API server may take to tell that a pod has gone; and what a patch has changed, which
 * doubles each time that it has not told. */
enum { GONE_MS = 5000, UNTOLD_MS = 10000, MOST_DOUBLINGS = 6 };

static void note_annotated(ovnk8s_watcher *watcher, struct pod *pod)
{
    watcher->metrics.patches++;
    if (pod->committed_at) {
        histogram_add_ms(&watcher->metrics.pod_annotated, now_ms() - pod->committed_at);
        pod->committed_at = 0;
    }
    log_line(&watcher->log, OVNK8S_LOG_DEBUG, "Pod %s/%s: annotated", pod->pod_namespace,
             pod->name);
}

static void patch_done(const struct kube_reply *reply, void *payload)
{
    struct pod *pod = payload;
    ovnk8s_watcher *watcher = pod->watcher;

    pod->patch = NULL;
    if (!reply->error) {
        note_annotated(watcher, pod);
        pod->patched_at = now_ms();
        api_answers(watcher);
        pod_touch(pod);
        return;
    }
    pod->patched = 0;
    watcher->metrics.patches_failed++;
    if (pod->task.state == STATE_PLANNED) {
        pod_touch(pod);
    } else if (reply->error == OVNK8S_NOTFOUND || reply->error == OVNK8S_CONFLICT) {
        /* It has gone, or another one has come: the API server will tell. */
        task_say(&pod->task, "%s", ovnk8s_last_error()->message);
        task_defer(&watcher->lanes.tasks, &pod->task, now_ms() + GONE_MS);
    } else {
        api_blame(watcher, &pod->task, reply);
    }
}

/* The texts of the annotations of a pod. */
struct texts {
    char *ovn, *networks; /* The latter is NULL when nobody wants it. */
};

static void clear_texts(struct texts *texts)
{
    free(texts->ovn);
    free(texts->networks);
}

static int write_texts(const ovnk8s_watcher *watcher, const struct pod_network *network,
                       struct texts *out)
{
    out->ovn = annotation_text(network);
    out->networks = watcher->pods.with_networks ? pod_networks_text(network) : NULL;
    return !out->ovn || (watcher->pods.with_networks && !out->networks) ? fail_nomem() : 0;
}

static char *patch_body(const struct pod *pod, const struct texts *texts)
{
    cJSON *json = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(json, "metadata");
    cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
    char *body = NULL;

    /* With its uid the patch cannot hit a later pod of this name. */
    if (cJSON_AddStringToObject(metadata, "uid", pod->uid ? pod->uid : "") &&
        cJSON_AddStringToObject(annotations, POD_ANNOTATION, texts->ovn) &&
        (!texts->networks ||
         cJSON_AddStringToObject(annotations, POD_NETWORKS_ANNOTATION, texts->networks))) {
        body = cJSON_PrintUnformatted(json);
    }
    cJSON_Delete(json);
    return body;
}

static int start_patch(ovnk8s_watcher *watcher, struct pod *pod, const struct texts *texts)
{
    _cleanup_free_ char *body = patch_body(pod, texts);
    char path[640];
    struct kube_request request = {.method = "PATCH",
                                   .path = path,
                                   .content_type = "application/merge-patch+json",
                                   .body = body,
                                   .done = patch_done,
                                   .payload = pod};

    snprintf(path, sizeof path, "/api/v1/namespaces/%s/pods/%s", pod->pod_namespace, pod->name);
    return body ? kube_call_start(&pod->patch, watcher->kube, &request) : fail_nomem();
}

/* The network that the port of a pod stands for. */
static struct pod_network network_of(const struct node *node, const struct row *port,
                                     const struct prefixes *addresses)
{
    const struct prefixes routers = addresses_at(&node->subnets, ROUTER_INDEX);
    struct pod_network network = {.addresses = *addresses, .mac = pod_mac(port, addresses)};

    for (size_t i = 0; i < addresses->n; i++) {
        network.gateways[i] = prefixes_of(&routers, addresses->of[i].ip.family)->ip;
    }
    return network;
}

/* An answer proves nothing: somebody on the way may have given it. What the API server tells of the
 * pod does, and that comes by itself. Returns until when it is waited for; 0: not any more. */
static int64_t told_by(const struct pod *pod, uint64_t hash)
{
    const unsigned int doublings = pod->untold < MOST_DOUBLINGS ? pod->untold : MOST_DOUBLINGS;
    const int64_t at = pod->patched_at + ((int64_t)UNTOLD_MS << doublings);

    return pod->patched == hash && now_ms() < at ? at : 0;
}

static void note_untold(ovnk8s_watcher *watcher, struct pod *pod, uint64_t hash)
{
    if (pod->patched == hash) {
        pod->untold += pod->untold < UINT8_MAX;
        log_line(&watcher->log, OVNK8S_LOG_WARN,
                 "Pod %s/%s: the API server has taken the annotation, but does not tell it:"
                 " annotating again",
                 pod->pod_namespace, pod->name);
    }
}

enum verdict pod_annotate(ovnk8s_watcher *watcher, struct pod *pod, const struct node *node,
                          const struct row *port)
{
    const struct pod_network network = network_of(node, port, &pod->addresses);
    CLEANUP(clear_texts) struct texts texts = {.ovn = NULL};
    uint64_t hash;
    int64_t at;

    if (!pod->patch) { /* Otherwise its end brings the pod back here. */
        if (write_texts(watcher, &network, &texts)) {
            return TASK_FAILED;
        }
        hash = annotation_hash(texts.ovn, texts.networks);
        if (hash == pod->annotation) {
            pod->committed_at = 0;
            pod->patched = pod->untold = 0;
            return TASK_DONE;
        }
        if ((at = told_by(pod, hash)) != 0) {
            task_say(&pod->task, "annotated: waiting for the API server to tell it");
            task_defer(&watcher->lanes.tasks, &pod->task, at);
            return TASK_DEFERRED;
        }
        note_untold(watcher, pod, hash);
        if (start_patch(watcher, pod, &texts)) {
            return TASK_FAILED;
        }
        pod->patched = hash;
    }
    task_say(&pod->task, "being annotated");
    return TASK_WAITS;
}
