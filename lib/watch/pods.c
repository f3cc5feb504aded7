#include "watch/pods.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/uuid.h"
#include "topology/annotation.h"

/* Keeping them. */

static size_t hash_of(const struct pods *pods, const char *pod_namespace, const char *name)
{
    const struct row_id id = row_id("", pod_namespace, name);
    size_t hash;

    memcpy(&hash, id.bytes, sizeof hash);
    return hash % pods->n_buckets;
}

static bool is_named(const struct pod *pod, const char *pod_namespace, const char *name)
{
    return !strcmp(pod->name, name) && !strcmp(pod->pod_namespace, pod_namespace);
}

struct pod *pods_find(const struct pods *pods, const char *pod_namespace, const char *name)
{
    struct pod *pod = pods->n_buckets ? pods->buckets[hash_of(pods, pod_namespace, name)] : NULL;

    while (pod && !is_named(pod, pod_namespace, name)) {
        pod = pod->next;
    }
    return pod;
}

static void insert(struct pods *pods, struct pod *pod)
{
    struct pod **bucket = &pods->buckets[hash_of(pods, pod->pod_namespace, pod->name)];

    pod->next = *bucket;
    *bucket = pod;
}

static bool grow(struct pods *pods)
{
    struct pods grown = {.n = pods->n, .n_buckets = pods->n_buckets ? pods->n_buckets * 2 : 64};

    grown.buckets = calloc(grown.n_buckets, sizeof(struct pod *));
    if (!grown.buckets) {
        return false;
    }
    for (size_t i = 0; i < pods->n_buckets; i++) {
        for (struct pod *pod = pods->buckets[i], *next; pod; pod = next) {
            next = pod->next;
            insert(&grown, pod);
        }
    }
    free(pods->buckets);
    *pods = grown;
    return true;
}

static void free_pod(struct pod *pod)
{
    free(pod->pod_namespace);
    free(pod->name);
    free(pod->uid);
    free(pod->node);
    free(pod->annotation);
    free(pod);
}

struct pod *pods_add(struct pods *pods, const char *pod_namespace, const char *name)
{
    struct pod *pod;

    if (pods->n == pods->n_buckets && !grow(pods)) {
        return NULL;
    }
    pod = calloc(1, sizeof *pod);
    if (!pod) {
        return NULL;
    }
    pod->pod_namespace = strdup(pod_namespace);
    pod->name = strdup(name);
    if (!pod->pod_namespace || !pod->name) {
        free_pod(pod);
        return NULL;
    }
    insert(pods, pod);
    pods->n++;
    return pod;
}

void pods_remove(struct pods *pods, struct pod *pod)
{
    struct pod **at = &pods->buckets[hash_of(pods, pod->pod_namespace, pod->name)];

    while (*at != pod) {
        at = &(*at)->next;
    }
    *at = pod->next;
    pods->n--;
    free_pod(pod);
}

void pods_each(const struct pods *pods, void (*each)(struct pod *pod, void *payload), void *payload)
{
    for (size_t i = 0; i < pods->n_buckets; i++) {
        for (struct pod *pod = pods->buckets[i], *next; pod; pod = next) {
            next = pod->next;
            each(pod, payload);
        }
    }
}

void pods_clear(struct pods *pods)
{
    for (size_t i = 0; i < pods->n_buckets; i++) {
        while (pods->buckets[i]) {
            pods_remove(pods, pods->buckets[i]);
        }
    }
    free(pods->buckets);
    *pods = (struct pods){0};
}

/* Reading the API's objects. */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_member(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(member(object, name));

    return text && *text ? text : NULL;
}

bool object_name(const cJSON *object, const char **pod_namespace, const char **name)
{
    const cJSON *metadata = member(object, "metadata");

    *pod_namespace = text_member(metadata, "namespace");
    *name = text_member(metadata, "name");
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
    const char *phase = text_member(member(object, "status"), "phase");

    return phase && (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed"));
}

static bool wants_port(const cJSON *object)
{
    const cJSON *spec = member(object, "spec");

    return text_member(spec, "nodeName") && !cJSON_IsTrue(member(spec, "hostNetwork")) &&
           !has_finished(object);
}

bool pod_read(struct pod *pod, const cJSON *object)
{
    const cJSON *metadata = member(object, "metadata");
    const bool wants = wants_port(object);
    bool changed = pod->is_gone || pod->wants_port != wants;

    changed |= take_over(&pod->uid, text_member(metadata, "uid"));
    changed |= take_over(&pod->node, text_member(member(object, "spec"), "nodeName"));
    changed |=
        take_over(&pod->annotation, text_member(member(metadata, "annotations"), POD_ANNOTATION));
    pod->wants_port = wants;
    pod->is_gone = false;
    return changed;
}
