#include <stdio.h>
#include <string.h>

#include <ovnk8s/plug.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/wait.h"
#include "cni/call.h"
#include "cni/result.h"
#include "kube/kube.h"
#include "net/netns.h"
#include "node/settings.h"
#include "topology/annotation.h"

/* What is cheap to find out is found out before any server is asked. */

static bool may_be_own_netns(const struct cni_call *call)
{
    const char *override = env_get(call->env, "CNI_NETNS_OVERRIDE");

    return override && (!strcmp(override, "1") || !strcasecmp(override, "true"));
}

static int check_netns(const struct cni_call *call)
{
    _cleanup_netns_ struct netns *pod = NULL, *own = NULL;
    int error = netns_open(&pod, call->netns);

    if (!error) {
        error = netns_open(&own, NULL);
    }
    if (error) {
        fail_during(error, "netns", call->netns, "CNI_NETNS");
        return CNI_BAD_ENV;
    }
    if (netns_same(pod, own) && !may_be_own_netns(call)) {
        return cni_fail(CNI_INVALID_NETNS,
                        "plugin's netns and netns from CNI_NETNS should not be the same: \"%s\"",
                        call->netns);
    }
    return 0;
}

static int check(const struct cni_call *call)
{
    if (!*call->args.pod_namespace || !*call->args.pod) {
        return cni_fail(CNI_BAD_ENV, "CNI_ARGS: %s missing: which pod is it?",
                        *call->args.pod_namespace ? "K8S_POD_NAME"
                        : *call->args.pod         ? "K8S_POD_NAMESPACE"
                                                  : "K8S_POD_NAMESPACE and K8S_POD_NAME");
    }
    if (cJSON_IsObject(cJSON_GetObjectItem(call->config, "prevResult"))) {
        return cni_fail(CNI_BAD_CONFIG,
                        "network configuration: \"prevResult\" is there: this plugin"
                        " makes the interface and so comes first in a list");
    }
    return check_netns(call);
}

/* Waiting for the pod. */

struct pod_wait {
    const struct cni_args *args;
    char other_uid[64]; /* The pod of this name that is there instead; may be empty. */
};

static const char *metadata(const cJSON *pod, const char *key)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(pod, "metadata");

    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, key));
}

static const char *annotation(const cJSON *pod, const char *key)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(pod, "metadata");
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(metadata, "annotations");

    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, key));
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
           is_equal(annotation(pod, "kubernetes.io/config.hash"), uid);
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
    return annotation(pod, POD_ANNOTATION) != NULL;
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

static int find_pod(struct cni_call *call, const struct deadline *deadline, cJSON **out)
{
    ovnk8s_kube *kube;
    int error;

    cni_stage(call, "pod");
    if (ovnk8s_settings_open_kube(call->settings, &kube)) {
        return CNI_API_SERVER;
    }
    error = wait_pod(&call->args, kube, deadline, out);
    ovnk8s_kube_close(kube);
    return error;
}

static int parse_annotation(const struct cni_args *args, const cJSON *pod,
                            struct pod_network *network)
{
    const int error = annotation_parse(annotation(pod, POD_ANNOTATION), network);

    if (error) {
        fail_during(error, "annotation", args->pod,
                    "pod \"%s/%s\": annotation \"" POD_ANNOTATION "\"", args->pod_namespace,
                    args->pod);
        return CNI_BAD_ANNOTATION;
    }
    return 0;
}

/* Plugging. */

/* The addresses and gateways of a pod, and the name of its port, as the node's side wants them. */
struct plug_texts {
    char addresses[PREFIXES_TEXT], gateways[PREFIXES_TEXT], mac[MAC_TEXT];
    char iface_id[2 * CNI_ARG_LENGTH + 2];
};

static void make_texts(const struct cni_call *call, const struct pod_network *network,
                       struct plug_texts *texts)
{
    char text[PREFIX_TEXT];
    size_t addresses = 0, gateways = 0;

    *texts = (struct plug_texts){0};
    for (size_t i = 0; i < network->addresses.n; i++) {
        addresses += (size_t)sprintf(texts->addresses + addresses, "%s%s", addresses ? "," : "",
                                     prefix_to_text(&network->addresses.of[i], text));
        if (network->gateways[i].family) {
            gateways += (size_t)sprintf(texts->gateways + gateways, "%s%s", gateways ? "," : "",
                                        ip_to_text(&network->gateways[i], text));
        }
    }
    mac_to_text(&network->mac, texts->mac);
    snprintf(texts->iface_id, sizeof texts->iface_id, "%s_%s", call->args.pod_namespace,
             call->args.pod);
}

static int plug_pod(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *pod,
                    const struct pod_network *network, const struct deadline *deadline)
{
    struct plug_texts texts;
    char host_interface[16];
    ovnk8s_plug plug = OVNK8S_PLUG_INIT;

    cni_stage(call, "plug");
    make_texts(call, network, &texts);
    plug.container_id = call->container_id;
    plug.interface = call->ifname;
    plug.netns = call->netns;
    plug.iface_id = texts.iface_id;
    plug.iface_id_ver = metadata(pod, "uid");
    plug.mac = texts.mac;
    plug.addresses = texts.addresses;
    plug.gateways = *texts.gateways ? texts.gateways : NULL;
    plug.mtu = settings_mtu(call->settings);
    plug.timeout_ms = (unsigned int)deadline_left(deadline) + 1;
    if (ovnk8s_plug_add(vswitch, &plug, host_interface)) {
        return cni_code_of_plug();
    }
    cni_write_result(&call->output, &(struct cni_result){.version = call->version,
                                                         .host_interface = host_interface,
                                                         .interface = call->ifname,
                                                         .netns = call->netns,
                                                         .network = network});
    return 0;
}

static int add(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline)
{
    struct pod_network network;
    cJSON *pod = NULL;
    int error = find_pod(call, deadline, &pod);

    error = error ? error : parse_annotation(&call->args, pod, &network);
    error = error ? error : plug_pod(call, vswitch, pod, &network, deadline);
    cJSON_Delete(pod);
    return error;
}

int cni_add(struct cni_call *call)
{
    const int64_t start = now_ms();
    struct deadline deadline;
    ovnk8s_vswitch *vswitch;
    int error = check(call);

    error = error ? error : cni_open_vswitch(call, &vswitch);
    if (error) {
        return error;
    }
    /* One deadline for all: how long it is, is known only now, since a file may say so. */
    deadline = (struct deadline){start + settings_timeout_ms(call->settings), call->cancel};
    error = add(call, vswitch, &deadline);
    ovnk8s_vswitch_close(vswitch);
    return error;
}
