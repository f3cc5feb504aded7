#include <stdio.h>
#include <string.h>

#include <ovnk8s/memory.h>

#include "base/env.h"
#include "base/json.h"
#include "cni/env.h"
#include "cni/port.h"
#include "kube/kube.h"
#include "node/settings.h"

#define STATIC_POD_ANNOTATION "kubernetes.io/config.hash"
#define WITHOUT_KUBERNETES "without Kubernetes, set \"mode\": \"standalone\""

static int check(const struct cni_call *call)
{
    const struct cni_args *args = &call->args;

    if (*args->pod_namespace && *args->pod) {
        return cni_args_check_pod(args);
    }
    return cni_fail(CNI_BAD_ENV,
                    "CNI_ARGS: %s missing: which pod is it? With Kubernetes, the runtime says so,"
                    " and \"kubeconfig\" or external_ids:k8s-api-server of Open vSwitch where the"
                    " API server is; " WITHOUT_KUBERNETES,
                    *args->pod_namespace ? "K8S_POD_NAME"
                    : *args->pod         ? "K8S_POD_NAMESPACE"
                                         : "K8S_POD_NAMESPACE and K8S_POD_NAME");
}

/* Waiting for the pod. */

struct pod_wait {
    const struct cni_args *args;
    char other_uid[64]; /* The pod of this name that is there instead; may be empty. */
};

static const char *metadata(const cJSON *pod, const char *key)
{
    return text_of(member_of(pod, "metadata"), key);
}

static const char *annotation(const cJSON *pod, const char *key)
{
    return cJSON_GetStringValue(
        member_of(member_of(member_of(pod, "metadata"), "annotations"), key));
}

static bool is_equal(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* Whether 'pod' is the one that the runtime means. A static pod is known to runtimes by the hash of
 * its description. */
static bool is_meant(const cJSON *pod, const char *uid)
{
    return !*uid || is_equal(metadata(pod, "uid"), uid) ||
           is_equal(annotation(pod, STATIC_POD_ANNOTATION), uid);
}

/* A pod of the same name but another uid ends the wait: the one that is meant will not come back.
 */
static bool is_ready(const cJSON *pod, void *payload)
{
    struct pod_wait *wait = payload;
    const char *uid = metadata(pod, "uid");

    if (!is_meant(pod, wait->args->uid)) {
        snprintf(wait->other_uid, sizeof wait->other_uid, "%s", uid ? uid : "none");
        return true;
    }
    return annotation(pod, POD_ANNOTATION) || annotation(pod, POD_NETWORKS_ANNOTATION);
}

/* Says what was waited for in vain. */
static int fail_wait(const struct cni_args *args, const char *server, int error, double seconds)
{
    char cause[256];

    snprintf(cause, sizeof cause, "%s", ovnk8s_last_error()->cause);
    if (error == OVNK8S_TIMEOUT) {
        return cni_fail(CNI_NO_ANNOTATION,
                        "pod \"%s/%s\" has no annotation \"" POD_ANNOTATION
                        "\" at %s after %.1f s: is ovn-k8s-watcher running?",
                        args->pod_namespace, args->pod, server, seconds);
    }
    if (error == OVNK8S_NOTFOUND) {
        return cni_fail(CNI_POD, "pod \"%s/%s\" at %s after %.1f s: %s", args->pod_namespace,
                        args->pod, server, seconds, cause);
    }
    fail_during(error, "pod", args->pod, "asking %s for pod \"%s/%s\"", server, args->pod_namespace,
                args->pod);
    return CNI_API_SERVER;
}

static int wait_pod(const struct cni_args *args, ovnk8s_kube *kube, const struct deadline *deadline,
                    cJSON **out)
{
    struct pod_wait wait = {.args = args};
    const int64_t start = now_ms();
    char path[CNI_ARG_LENGTH + 64];
    int error;

    snprintf(path, sizeof path, "/api/v1/namespaces/%s/pods", args->pod_namespace);
    error = kube_wait_object(kube, path, args->pod, is_ready, &wait,
                             (unsigned int)deadline_left(deadline) + 1, out);
    if (error) {
        return fail_wait(args, kube_server(kube), error, (double)(now_ms() - start) / 1000);
    }
    if (*wait.other_uid) {
        cJSON_Delete(*out);
        *out = NULL;
        return cni_fail(CNI_POD, "pod \"%s/%s\" with uid %s is gone: one with uid %s has its name",
                        args->pod_namespace, args->pod, args->uid, wait.other_uid);
    }
    return 0;
}

static int open_kube(struct cni_call *call, ovnk8s_kube **out)
{
    *out = NULL;
    if (!settings_has_api_server(call->settings)) {
        return cni_fail(CNI_BAD_CONFIG,
                        "no API server is configured: with Kubernetes, set \"kubeconfig\" in the"
                        " network configuration, or external_ids:k8s-api-server of Open vSwitch;"
                        " " WITHOUT_KUBERNETES);
    }
    return ovnk8s_settings_open_kube(call->settings, out) ? CNI_API_SERVER : 0;
}

static int find_pod(struct cni_call *call, const struct deadline *deadline, cJSON **out)
{
    ovnk8s_kube *kube;
    int error = open_kube(call, &kube);

    if (error) {
        return error;
    }
    error = wait_pod(&call->args, kube, deadline, out);
    ovnk8s_kube_close(kube);
    return error;
}

/* Reading what it says. */

static int parse_annotation(const struct cni_args *args, const char *ovn, const char *networks,
                            struct pod_network *network)
{
    const int error = ovn ? annotation_parse(ovn, network) : pod_networks_parse(networks, network);

    if (error) {
        fail_during(error, "annotation", args->pod, "pod \"%s/%s\": annotation \"%s\"",
                    args->pod_namespace, args->pod, ovn ? POD_ANNOTATION : POD_NETWORKS_ANNOTATION);
        return CNI_BAD_ANNOTATION;
    }
    return 0;
}

static int port_of_pod(struct cni_call *call, const struct deadline *deadline, struct cni_port *out)
{
    cJSON *pod = NULL;
    const char *uid;
    int error = find_pod(call, deadline, &pod);

    if (!error) {
        uid = metadata(pod, "uid");
        snprintf(out->iface_id_ver, sizeof out->iface_id_ver, "%s", uid ? uid : "");
        error = parse_annotation(&call->args, annotation(pod, POD_ANNOTATION),
                                 annotation(pod, POD_NETWORKS_ANNOTATION), &out->network);
    }
    cJSON_Delete(pod);
    return error;
}

/* An annotation that the pod had before the runtime began; NULL when it had not. Those of a static
 * pod are looked for at its mirror in the API server, which alone knows its uid. */
static const char *known_annotation(const struct cni_call *call, const char *key)
{
    const cJSON *all = call->wishes.annotations;

    return cJSON_HasObjectItem(all, STATIC_POD_ANNOTATION)
               ? NULL
               : cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, key));
}

static int fail_wish(const struct cni_call *call, const char *from, const char *wished,
                     const char *given)
{
    return cni_fail(CNI_BAD_CONFIG,
                    "%s %s: pod \"%s/%s\" has %s by its annotation \"" POD_ANNOTATION
                    "\", and the watcher alone decides that",
                    from, wished, call->args.pod_namespace, call->args.pod, given);
}

static int check_ips(const struct cni_call *call, const struct pod_network *network)
{
    const struct cni_wishes *wishes = &call->wishes;
    char wished[PREFIX_TEXT], given[PREFIXES_TEXT];

    for (size_t i = 0; i < wishes->n_ips; i++) {
        const struct prefix *ip = &wishes->ips[i];
        const struct prefix *own = prefixes_of(&network->addresses, ip->ip.family);

        if (!own || !ip_equal(&own->ip, &ip->ip) || (ip->length && ip->length != own->length)) {
            return fail_wish(call, wishes->ips_from,
                             ip->length ? prefix_to_text(ip, wished) : ip_to_text(&ip->ip, wished),
                             prefixes_to_text(&network->addresses, given));
        }
    }
    return 0;
}

static int check_wishes(const struct cni_call *call, const struct pod_network *network)
{
    const struct mac *wished = &call->wishes.mac;
    char wished_text[MAC_TEXT], given[MAC_TEXT];

    if (call->wishes.mac_from && memcmp(wished, &network->mac, sizeof *wished) != 0) {
        return fail_wish(call, call->wishes.mac_from, mac_to_text(wished, wished_text),
                         mac_to_text(&network->mac, given));
    }
    return check_ips(call, network);
}

static int name(const struct cni_call *call, ovnk8s_vswitch *vswitch,
                char out[static CNI_IFACE_ID_LENGTH])
{
    const struct cni_args *args = &call->args;

    (void)vswitch;
    *out = '\0';
    if (*args->pod_namespace && *args->pod) {
        snprintf(out, CNI_IFACE_ID_LENGTH, "%s_%s", args->pod_namespace, args->pod);
    }
    return 0;
}

static int find(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline,
                struct cni_port *out)
{
    const char *known = known_annotation(call, POD_ANNOTATION);
    const char *networks = known_annotation(call, POD_NETWORKS_ANNOTATION);
    int error;

    cni_stage(call, "pod");
    name(call, vswitch, out->iface_id);
    if (known || networks) {
        snprintf(out->iface_id_ver, sizeof out->iface_id_ver, "%s", call->args.uid);
        error = parse_annotation(&call->args, known, networks, &out->network);
    } else {
        error = port_of_pod(call, deadline, out);
    }
    return error ? error : check_wishes(call, &out->network);
}

/* Asks what ADD will ask, as briefly as that can be answered. */
static int status(struct cni_call *call)
{
    ovnk8s_kube *kube;
    char *pods;
    int error;

    cni_stage(call, "api-server");
    error = open_kube(call, &kube);
    if (!error && ovnk8s_kube_get(kube, "/api/v1/pods?limit=1", &pods)) {
        error = CNI_API_SERVER;
    }
    if (error == CNI_API_SERVER) {
        fail_during(ovnk8s_last_error()->code, NULL, NULL, "asking the API server for pods");
    }
    if (!error) {
        ovnk8s_free(pods);
    }
    ovnk8s_kube_close(kube);
    return error;
}

/* The watcher removes the ports of pods. */
const struct cni_source cni_kubernetes = {check, name, find, NULL, NULL, status};
