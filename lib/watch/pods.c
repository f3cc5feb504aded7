#include "watch/pods.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "topology/annotation.h"

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

    free(pod->pod_namespace);
    free(pod->name);
    free(pod->uid);
    free(pod->node);
    free(pod->annotation);
    free(pod);
}

struct pod *pods_add(struct pods *pods, const char *pod_namespace, const char *name)
{
    struct pod *pod = calloc(1, sizeof *pod);

    if (!pod) {
        return NULL;
    }
    pod->pod_namespace = strdup(pod_namespace);
    pod->name = strdup(name);
    if (!pod->pod_namespace || !pod->name ||
        !hash_insert(&pods->table, &pod->hashed, hash_of(pod_namespace, name))) {
        free_pod(&pod->hashed);
        return NULL;
    }
    return pod;
}

void pods_remove(struct pods *pods, struct pod *pod)
{
    hash_remove(&pods->table, &pod->hashed);
    free_pod(&pod->hashed);
}

void pods_each(const struct pods *pods, void (*each)(struct pod *pod, void *payload), void *payload)
{
    for (struct hashed *at = hash_first(&pods->table), *next; at; at = next) {
        next = hash_next(&pods->table, at);
        each((struct pod *)at, payload);
    }
}

void pods_clear(struct pods *pods)
{
    hash_clear(&pods->table, free_pod);
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
