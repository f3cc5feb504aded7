#include "watch/pods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "topology/annotation.h"
#include "topology/names.h"

/* Keeping them. */

static uint64_t hash_of(const char *pod_namespace, const char *name)
{
    return hash_text(hash_text(HASH_START, pod_namespace), name);
}

static bool is_named(const struct hashed *hashed, const char *pod_namespace, const char *name)
{
    const struct pod *pod = (const struct pod *)hashed;

    return !strcmp(pod->name, name) && !strcmp(pod->pod_namespace, pod_namespace);
}

struct pod *pods_find(const struct pods *pods, const char *pod_namespace, const char *name)
{
    struct hashed *at = hash_find(&pods->table, hash_of(pod_namespace, name));

    while (at && !is_named(at, pod_namespace, name)) {
        at = hash_find_next(at);
    }
    return (struct pod *)at;
}

static void free_pod(struct hashed *hashed)
{
    struct pod *pod = (struct pod *)hashed;

    free(pod->task.reason);
    free(pod->uid);
    free(pod);
}

static struct row_id port_id(const char *owner, const struct pod *pod)
{
    char name[512];

    snprintf(name, sizeof name, "%s_%s", pod->pod_namespace, pod->name);
    return switch_port_id(owner, name);
}

struct pod *pods_add(struct pods *pods, const char *pod_namespace, const char *name)
{
    const size_t namespace_size = strlen(pod_namespace) + 1, name_size = strlen(name) + 1;
    struct pod *pod = calloc(1, sizeof *pod + namespace_size + name_size);
    char *texts = (char *)(pod + 1);

    if (!pod) {
        return NULL;
    }
    pod->pod_namespace = memcpy(texts, pod_namespace, namespace_size);
    pod->name = memcpy(texts + namespace_size, name, name_size);
    if (!hash_insert(&pods->table, &pod->hashed, hash_of(pod_namespace, name))) {
        free_pod(&pod->hashed);
        return NULL;
    }
    pod->port_id = port_id(pods->owner, pod);
    pods->n_there++;
    return pod;
}

void pods_remove(struct pods *pods, struct pod *pod)
{
    pods->n_there -= !pod->is_gone;
    pods->n_ports -= pod->has_port;
    hash_remove(&pods->table, &pod->hashed);
    free_pod(&pod->hashed);
}

void pod_set_gone(struct pods *pods, struct pod *pod, bool is_gone)
{
    pods->n_there += pod->is_gone;
    pods->n_there -= is_gone;
    pod->is_gone = is_gone;
}

void pod_set_port(struct pods *pods, struct pod *pod, bool has_port)
{
    pods->n_ports += has_port;
    pods->n_ports -= pod->has_port;
    pod->has_port = has_port;
}

void pods_each(const struct pods *pods, void (*each)(struct pod *pod, void *payload), void *payload)
{
    for (struct hashed *at = hash_first(&pods->table), *next; at; at = next) {
        next = hash_next(&pods->table, at);
        each((struct pod *)at, payload);
    }
}

/* Nodes. Their names are never released: they come back, and outlive the pods. */

bool pod_set_node(struct pods *pods, struct pod *pod, const char *node)
{
    const char *before = pod->node;

    if (node && (!before || strcmp(before, node) != 0)) {
        const struct node_name *name = node_name_use(&pods->node_names, node);

        pod->node = name ? name->text : NULL;
        return name;
    }
    pod->node = node ? before : NULL;
    return pod->node != before;
}

void pods_clear(struct pods *pods)
{
    hash_clear(&pods->table, free_pod);
    pods->n_there = pods->n_ports = 0;
    node_names_clear(&pods->node_names);
}

/* Reading the API's objects. */

bool object_name(const cJSON *object, const char **pod_namespace, const char **name)
{
    const cJSON *metadata = member_of(object, "metadata");

    *pod_namespace = text_of(metadata, "namespace");
    *name = text_of(metadata, "name");
    return *pod_namespace && *name;
}

/* Sets '*to' to a copy of 'value'. Returns whether it was another one before. */
static bool take_over(char **to, const char *value)
{
    char *copy;

    if ((!value && !*to) || (value && *to && !strcmp(value, *to))) {
        return false;
    }
    copy = value ? strdup(value) : NULL;
    if (value && !copy) {
        return false;
    }
    free(*to);
    *to = copy;
    return true;
}

static bool has_finished(const cJSON *object)
{
    const char *phase = text_of(member_of(object, "status"), "phase");

    return phase && (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"));
}

static bool wants_port(const cJSON *object)
{
    const cJSON *spec = member_of(object, "spec");

    return text_of(spec, "nodeName") && !cJSON_IsTrue(member_of(spec, "hostNetwork")) &&
           !has_finished(object);
}

uint64_t annotation_hash(const char *ovn, const char *networks)
{
    uint64_t hash = HASH_START;

    if (!ovn && !networks) {
        return 0;
    }
    hash = ovn ? hash_text(hash, ovn) : hash;
    hash = networks ? hash_text(hash_text(hash, POD_NETWORKS_ANNOTATION), networks) : hash;
    return hash ? hash : 1;
}

/* Where the pod has no address yet, that of its annotation is the one to have. */
static bool read_annotations(const struct pods *pods, struct pod *pod, const cJSON *annotations)
{
    const char *ovn = text_of(annotations, POD_ANNOTATION);
    const char *networks =
        pods->with_networks ? text_of(annotations, POD_NETWORKS_ANNOTATION) : NULL;
    const uint64_t hash = annotation_hash(ovn, networks);
    const bool changed = pod->annotation != hash;
    struct pod_network network;

    pod->annotation = hash;
    if (hash && hash == pod->patched) {
        pod->patched = pod->untold = 0;
    }
    if (changed && !pod->addresses.n &&
        ((ovn && !annotation_parse(ovn, &network)) ||
         (networks && !pod_networks_parse(networks, &network)))) {
        pod->addresses = network.addresses;
    }
    return changed;
}

bool pod_read(struct pods *pods, struct pod *pod, const cJSON *object)
{
    const cJSON *metadata = member_of(object, "metadata");
    const bool wants = wants_port(object);
    bool changed = pod->is_gone || pod->wants_port != wants;

    if (take_over(&pod->uid, text_of(metadata, "uid"))) {
        changed = true; /* Another pod, which has no claim to the addresses of the earlier one. */
        pod->addresses.n = pod->is_reserved ? pod->addresses.n : 0;
        pod->patched = pod->untold = 0;
    }
    changed |= pod_set_node(pods, pod, text_of(member_of(object, "spec"), "nodeName"));
    changed |= read_annotations(pods, pod, member_of(metadata, "annotations"));
    pod->wants_port = wants;
    pod_set_gone(pods, pod, false);
    return changed;
}
