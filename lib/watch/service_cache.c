#include "watch/service_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SERVICE_LABEL "kubernetes.io/service-name"

static uint64_t hash_of(const char *object_namespace, const char *name)
{
    return hash_text(hash_text(HASH_START, object_namespace), name);
}

/* Entries of services. */

static struct cached_service *service_of(struct hashed *hashed)
{
    return (struct cached_service *)hashed;
}

struct cached_service *service_cache_find(const struct service_cache *cache,
                                          const char *service_namespace, const char *name)
{
    struct hashed *at = hash_find(&cache->services, hash_of(service_namespace, name));

    while (at && (strcmp(service_of(at)->name, name) != 0 ||
                  strcmp(service_of(at)->service_namespace, service_namespace) != 0)) {
        at = hash_find_next(at);
    }
    return service_of(at);
}

static struct cached_service *find_or_add(struct service_cache *cache,
                                          const char *service_namespace, const char *name)
{
    struct cached_service *service = service_cache_find(cache, service_namespace, name);
    const size_t first = strlen(service_namespace) + 1, second = strlen(name) + 1;

    if (service) {
        return service;
    }
    service = calloc(1, sizeof *service + first + second);
    if (!service) {
        return NULL;
    }
    memcpy(service->service_namespace, service_namespace, first);
    service->name = memcpy(service->service_namespace + first, name, second);
    if (!hash_insert(&cache->services, &service->hashed, hash_of(service_namespace, name))) {
        free(service);
        return NULL;
    }
    return service;
}

static void service_free(struct hashed *hashed)
{
    free(service_of(hashed)->spec);
    free(hashed);
}

/* The entry goes if nothing is known and nobody holds it. */
static void drop_if_idle(struct service_cache *cache, struct cached_service *service)
{
    if (!service->spec && !service->slices && !service->holder) {
        hash_remove(&cache->services, &service->hashed);
        service_free(&service->hashed);
    }
}

struct cached_service *service_cache_hold(struct service_cache *cache,
                                          const char *service_namespace, const char *name,
                                          void *holder)
{
    struct cached_service *service = find_or_add(cache, service_namespace, name);

    if (service) {
        service->holder = holder;
    }
    return service;
}

void service_cache_release(struct service_cache *cache, struct cached_service *service)
{
    service->holder = NULL;
    drop_if_idle(cache, service);
}

/* Tells of a change, after which the entry may be gone. */
static void tell_changed(struct service_cache *cache, struct cached_service *service,
                         const struct service_spec *before)
{
    if (cache->changed) {
        cache->changed(service, before, cache->payload);
    }
    drop_if_idle(cache, service);
}

/* What the API server says of Services. */

static const char *namespace_of(const cJSON *object)
{
    return text_of(member_of(object, "metadata"), "namespace");
}

static const char *name_of(const cJSON *object)
{
    return text_of(member_of(object, "metadata"), "name");
}

static bool has_name(const struct service_cache *cache, const cJSON *object, const char *kind)
{
    if (namespace_of(object) && name_of(object)) {
        return true;
    }
    log_line(&cache->log, OVNK8S_LOG_WARN, "%s without namespace or name: left out", kind);
    return false;
}

static void tell_left_out(const struct service_cache *cache, const char *kind, const cJSON *object,
                          const struct reading *reading)
{
    if (reading->left_out) {
        log_line(&cache->log, OVNK8S_LOG_WARN, "%s %s/%s: %s; %zu left out", kind,
                 namespace_of(object), name_of(object), reading->reason, reading->left_out);
    }
}

static void tell_failure(const struct service_cache *cache, const char *kind, const cJSON *object)
{
    log_line(&cache->log, OVNK8S_LOG_ERROR, "%s %s/%s: %s", kind, namespace_of(object),
             name_of(object), ovnk8s_last_error()->message);
}

static void begin_services(void *payload)
{
    struct hash *table = &((struct service_cache *)payload)->services;

    for (struct hashed *at = hash_first(table); at; at = hash_next(table, at)) {
        service_of(at)->is_seen = false;
    }
}

/* Gives the service another spec, or none, and tells it if it is another one. */
static void set_spec(struct service_cache *cache, struct cached_service *service,
                     struct service_spec *spec)
{
    struct service_spec *before = service->spec;
    const bool same = service_spec_equal(before, spec);

    service->spec = spec;
    if (same) {
        drop_if_idle(cache, service);
    } else {
        tell_changed(cache, service, before);
    }
    free(before);
}

static void take_uid(struct cached_service *service, const cJSON *object)
{
    const char *uid = text_of(member_of(object, "metadata"), "uid");

    if (!uid || !row_id_parse(uid, &service->uid)) {
        service->uid = (struct row_id){{0}};
    }
}

static void service_is_there(void *payload, const cJSON *object)
{
    struct service_cache *cache = payload;
    struct reading reading = {.left_out = 0};
    struct cached_service *service;
    struct service_spec *spec;

    if (!has_name(cache, object, "service")) {
        return;
    }
    if (service_spec_read(&spec, object, &reading)) {
        tell_failure(cache, "service", object);
        return;
    }
    service = find_or_add(cache, namespace_of(object), name_of(object));
    if (!service) {
        free(spec);
        fail_nomem();
        tell_failure(cache, "service", object);
        return;
    }
    service->is_seen = true;
    take_uid(service, object);
    if (!service_spec_equal(service->spec, spec)) {
        tell_left_out(cache, "service", object, &reading);
    }
    set_spec(cache, service, spec);
}

static void service_is_gone(void *payload, const cJSON *object)
{
    struct service_cache *cache = payload;
    struct cached_service *service;

    if (has_name(cache, object, "service")) {
        service = service_cache_find(cache, namespace_of(object), name_of(object));
        if (service) {
            set_spec(cache, service, NULL);
        }
    }
}

static void services_synced(void *payload)
{
    struct service_cache *cache = payload;
    struct hash *table = &cache->services;

    for (struct hashed *at = hash_first(table), *next; at; at = next) {
        next = hash_next(table, at);
        if (!service_of(at)->is_seen) {
            set_spec(cache, service_of(at), NULL);
        }
    }
    cache->services_synced = true;
}

struct kube_handler service_cache_services(struct service_cache *cache)
{
    return (struct kube_handler){begin_services, service_is_there, service_is_gone, services_synced,
                                 cache};
}

/* What the API server says of EndpointSlices. */

static struct cached_slice *slice_of(struct hashed *hashed)
{
    return (struct cached_slice *)hashed;
}

static struct cached_slice *find_slice(const struct service_cache *cache,
                                       const char *slice_namespace, const char *name)
{
    struct hashed *at = hash_find(&cache->slices, hash_of(slice_namespace, name));

    while (at && (strcmp(slice_of(at)->name, name) != 0 ||
                  strcmp(slice_of(at)->service->service_namespace, slice_namespace) != 0)) {
        at = hash_find_next(at);
    }
    return slice_of(at);
}

static struct cached_slice *add_slice(struct service_cache *cache, struct cached_service *service,
                                      const char *name)
{
    const size_t size = strlen(name) + 1;
    struct cached_slice *slice = calloc(1, sizeof *slice + size);

    if (!slice) {
        return NULL;
    }
    memcpy(slice->name, name, size);
    if (!hash_insert(&cache->slices, &slice->hashed, hash_of(service->service_namespace, name))) {
        free(slice);
        return NULL;
    }
    slice->service = service;
    slice->next = service->slices;
    service->slices = slice;
    return slice;
}

static void unlink_slice(struct cached_slice *slice)
{
    struct cached_slice **at = &slice->service->slices;

    while (*at != slice) {
        at = &(*at)->next;
    }
    *at = slice->next;
}

static void drop_slice(struct service_cache *cache, struct cached_slice *slice)
{
    struct cached_service *service = slice->service;

    unlink_slice(slice);
    hash_remove(&cache->slices, &slice->hashed);
    slice_free(slice->content, &cache->nodes);
    free(slice);
    tell_changed(cache, service, service->spec);
}

static void begin_slices(void *payload)
{
    struct hash *table = &((struct service_cache *)payload)->slices;

    for (struct hashed *at = hash_first(table); at; at = hash_next(table, at)) {
        slice_of(at)->is_seen = false;
    }
}

/* Gives the slice another content, and tells it if it is another one. */
static void set_content(struct service_cache *cache, struct cached_slice *slice,
                        struct slice *content)
{
    struct slice *before = slice->content;
    const bool same = slice_equal(before, content);

    slice->content = content;
    slice->is_seen = true;
    slice_free(before, &cache->nodes);
    if (!same) {
        tell_changed(cache, slice->service, slice->service->spec);
    }
}

/* Puts the slice of this name under that service, taking over 'content'. False when memory ran out.
 */
static bool put_slice(struct service_cache *cache, const cJSON *object, const char *service_name,
                      struct slice *content)
{
    struct cached_slice *slice = find_slice(cache, namespace_of(object), name_of(object));
    struct cached_service *service;

    if (slice && strcmp(slice->service->name, service_name) != 0) {
        drop_slice(cache, slice);
        slice = NULL;
    }
    if (!slice) {
        service = find_or_add(cache, namespace_of(object), service_name);
        slice = service ? add_slice(cache, service, name_of(object)) : NULL;
        if (service && !slice) {
            drop_if_idle(cache, service);
        }
    }
    if (slice) {
        set_content(cache, slice, content);
    }
    return slice;
}

static void forget_slice(struct service_cache *cache, const cJSON *object)
{
    struct cached_slice *slice = find_slice(cache, namespace_of(object), name_of(object));

    if (slice) {
        drop_slice(cache, slice);
    }
}

static bool is_news(const struct service_cache *cache, const cJSON *object,
                    const struct slice *content)
{
    struct cached_slice *slice = find_slice(cache, namespace_of(object), name_of(object));

    return !slice || !slice_equal(slice->content, content);
}

static const char *service_name_of(const cJSON *slice)
{
    return text_of(member_of(member_of(slice, "metadata"), "labels"), SERVICE_LABEL);
}

static void slice_is_there(void *payload, const cJSON *object)
{
    struct service_cache *cache = payload;
    struct reading reading = {.left_out = 0};
    struct slice *content = NULL;

    if (!has_name(cache, object, "endpoint slice")) {
        return;
    }
    if (service_name_of(object) && slice_read(&content, object, &cache->nodes, &reading)) {
        tell_failure(cache, "endpoint slice", object);
        return;
    }
    if (is_news(cache, object, content)) {
        tell_left_out(cache, "endpoint slice", object, &reading);
    }
    if (!content) {
        forget_slice(cache, object);
    } else if (!put_slice(cache, object, service_name_of(object), content)) {
        slice_free(content, &cache->nodes);
        fail_nomem();
        tell_failure(cache, "endpoint slice", object);
    }
}

static void slice_is_gone(void *payload, const cJSON *object)
{
    struct service_cache *cache = payload;

    if (has_name(cache, object, "endpoint slice")) {
        forget_slice(cache, object);
    }
}

static void slices_synced(void *payload)
{
    struct service_cache *cache = payload;
    struct hash *table = &cache->slices;

    for (struct hashed *at = hash_first(table), *next; at; at = next) {
        next = hash_next(table, at);
        if (!slice_of(at)->is_seen) {
            drop_slice(cache, slice_of(at));
        }
    }
    cache->slices_synced = true;
}

struct kube_handler service_cache_slices(struct service_cache *cache)
{
    return (struct kube_handler){begin_slices, slice_is_there, slice_is_gone, slices_synced, cache};
}

/* All of them. */

static void discard_slice(struct hashed *hashed)
{
    struct cached_slice *slice = slice_of(hashed);

    free(slice->content);
    free(slice);
}

static void discard_name(struct hashed *hashed)
{
    free(hashed);
}

void service_cache_clear(struct service_cache *cache)
{
    hash_clear(&cache->slices, discard_slice);
    hash_clear(&cache->services, service_free);
    hash_clear(&cache->nodes.table, discard_name);
    cache->services_synced = cache->slices_synced = false;
}

void service_cache_each(const struct service_cache *cache,
                        void (*each)(struct cached_service *service, void *payload), void *payload)
{
    const struct hash *table = &cache->services;

    for (struct hashed *at = hash_first(table), *next; at; at = next) {
        next = hash_next(table, at);
        each(service_of(at), payload);
    }
}

bool cached_service_is_local(const struct cached_service *service)
{
    return service->spec && (service->spec->internal_local || service->spec->external_local);
}

bool cached_service_is_on(const struct cached_service *service, const char *node)
{
    for (const struct cached_slice *slice = service->slices; slice; slice = slice->next) {
        const struct slice_endpoint *endpoints = slice_endpoints(slice->content);

        for (size_t i = 0; i < slice->content->n_endpoints; i++) {
            if (endpoints[i].node && !strcmp(endpoints[i].node->text, node)) {
                return true;
            }
        }
    }
    return false;
}
