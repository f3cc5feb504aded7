/* Reflectors: LIST in pages, then WATCH from there on, and again after whatever goes wrong. Here is
 * what both have in common, and the life of a reflector. */

#include "kube/reflector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "kube/backoff.h"
#include "kube/connection.h"
#include "kube/trim.h"
#include "kube/url.h"

const char *object_metadata(const cJSON *object, const char *name)
{
    return text_of(member_of(object, "metadata"), name);
}

cJSON *reflector_parse(struct kube_reflector *reflector, const char *json, size_t n, size_t level)
{
    struct text *trimmed = &reflector->trimmed;

    if (!reflector->parts) {
        return cJSON_ParseWithLength(json, n);
    }
    trim_json(json, n, level, reflector->parts, trimmed);
    if (trimmed->failed) {
        text_clear(trimmed);
        return NULL;
    }
    return cJSON_ParseWithLength(trimmed->bytes, trimmed->length);
}

bool reflector_tell(struct kube_reflector *reflector, void (*what)(void *))
{
    if (what) {
        what(reflector->handler.payload);
    }
    return !reflector->stopped;
}

bool reflector_tell_object(struct kube_reflector *reflector, const cJSON *object, bool gone)
{
    void (*what)(void *, const cJSON *) =
        gone ? reflector->handler.gone : reflector->handler.object;

    if (gone) {
        reflector->status.removals++;
    } else {
        reflector->status.objects++;
    }
    if (what) {
        what(reflector->handler.payload, object);
    }
    return !reflector->stopped;
}

void reflector_start_now(struct kube_reflector *reflector)
{
    reflector->start_at = 0;
}

void reflector_list_anew(struct kube_reflector *reflector)
{
    free(reflector->next_page);
    reflector->next_page = NULL;
    reflector->watch_next = false;
    reflector->refusals = 0;
}

void reflector_all_is_well(struct kube_reflector *reflector)
{
    reflector->status.failures = 0;
    reflector->status.error = 0;
    reflector->status.message[0] = '\0';
}

void reflector_start_later(struct kube_reflector *reflector, int error, int asked_ms)
{
    struct kube_reflector_status *status = &reflector->status;
    const int wait = backoff_ms(++reflector->attempts, asked_ms);

    status->state = KUBE_WAITING;
    status->failures++;
    status->error = error;
    snprintf(status->message, sizeof status->message, "%s", ovnk8s_last_error()->message);
    reflector->start_at = now_ms() + wait;
    log_line(&reflector->kube->log, OVNK8S_LOG_WARN, "%s; trying again in %d ms", status->message,
             wait);
}

static void on_begun(void *payload)
{
    reflector_all_is_well(payload);
}

int reflector_start_call(struct kube_reflector *reflector, struct text *path,
                         struct kube_request *request)
{
    text_add(path, reflector->selectors);
    if (path->failed) {
        return fail_nomem();
    }
    request->path = path->bytes;
    request->begun = on_begun;
    request->payload = reflector;
    return kube_call_start(&reflector->call, reflector->kube, request);
}

int reflector_keep_text(char **kept, const char *text)
{
    free(*kept);
    *kept = text && *text ? strdup(text) : NULL;
    return text && *text && !*kept ? fail_nomem() : 0;
}

int reflector_keep_version(char version[static 64], const char *text)
{
    if (!text || !*text || strlen(text) >= 64) {
        return fail(OVNK8S_PROTOCOL, "no resourceVersion");
    }
    strcpy(version, text);
    return 0;
}

static void start_next(struct kube_reflector *reflector)
{
    int error;

    reflector->start_at = INT64_MAX;
    error =
        reflector->watch_next ? reflector_start_watch(reflector) : reflector_start_list(reflector);
    if (error) {
        reflector_start_later(reflector, error, 0);
    }
}

static void reflector_free(struct kube_reflector *reflector)
{
    scan_clear(&reflector->scanner);
    text_clear(&reflector->lines.rest);
    text_clear(&reflector->trimmed);
    free(reflector->next_page);
    free(reflector->page_token);
    free(reflector->path);
    free(reflector->selectors);
    free(reflector);
}

DEFINE_CLEANUP(reflector, struct kube_reflector *, reflector_free)

static void reflectors_reap(ovnk8s_kube *kube)
{
    struct kube_reflector **link = &kube->reflectors;

    while (*link) {
        struct kube_reflector *reflector = *link;

        if (reflector->stopped) {
            *link = reflector->next;
            reflector_free(reflector);
        } else {
            link = &reflector->next;
        }
    }
}

void reflectors_step(ovnk8s_kube *kube)
{
    const int64_t now = kube->reflectors ? now_ms() : 0;

    for (struct kube_reflector *r = kube->reflectors; r; r = r->next) {
        if (!r->stopped && r->start_at <= now) {
            start_next(r);
        }
    }
    reflectors_reap(kube);
}

int64_t reflectors_deadline(const ovnk8s_kube *kube)
{
    int64_t first = INT64_MAX;

    for (const struct kube_reflector *r = kube->reflectors; r; r = r->next) {
        first = r->start_at < first ? r->start_at : first;
    }
    return first;
}

void reflectors_drop(ovnk8s_kube *kube)
{
    for (struct kube_reflector *r = kube->reflectors; r; r = r->next) {
        r->stopped = true;
    }
    reflectors_reap(kube);
}

static int encode_selectors(char **out, const struct kube_collection *collection)
{
    _cleanup_text_ struct text text = {0};

    if (collection->field_selector) {
        text_add(&text, "&fieldSelector=");
        url_add_encoded(&text, collection->field_selector);
    }
    if (collection->label_selector) {
        text_add(&text, "&labelSelector=");
        url_add_encoded(&text, collection->label_selector);
    }
    return text_take(&text, out);
}

static int reflector_new(struct kube_reflector **out, ovnk8s_kube *kube,
                         const struct kube_collection *collection,
                         const struct kube_handler *handler)
{
    CLEANUP(reflectorp) struct kube_reflector *reflector = NULL;
    int error;

    *out = NULL;
    if (!url_path_is_valid(collection->path) || strchr(collection->path, '?')) {
        return fail(OVNK8S_INVALID, "collection \"%s\": expected a path such as /api/v1/pods",
                    collection->path);
    }
    reflector = calloc(1, sizeof *reflector);
    if (!reflector) {
        return fail_nomem();
    }
    reflector->kube = kube;
    reflector->handler = *handler;
    reflector->parts = collection->parts;
    error = reflector_keep_text(&reflector->path, collection->path);
    if (!error) {
        error = encode_selectors(&reflector->selectors, collection);
    }
    if (error) {
        return error;
    }
    *out = STEAL(reflector);
    return 0;
}

int kube_reflector_start(struct kube_reflector **out, ovnk8s_kube *kube,
                         const struct kube_collection *collection,
                         const struct kube_handler *handler)
{
    const int error = reflector_new(out, kube, collection, handler);

    if (!error) {
        (*out)->next = kube->reflectors;
        kube->reflectors = *out;
    }
    return error;
}

int reflector_start_at(struct kube_reflector **out, ovnk8s_kube *kube,
                       const struct kube_collection *collection, const struct kube_handler *handler,
                       const char *version)
{
    int error = kube_reflector_start(out, kube, collection, handler);

    if (!error) {
        error = reflector_keep_version((*out)->status.resource_version, version);
    }
    if (!error) {
        (*out)->watch_next = true;
    } else if (*out) {
        kube_reflector_stop(*out);
        *out = NULL;
    }
    return error;
}

void kube_reflector_stop(struct kube_reflector *reflector)
{
    if (!reflector || reflector->stopped) {
        return;
    }
    reflector->stopped = true;
    kube_call_cancel(reflector->call);
    reflector->call = NULL;
    if (!reflector->kube->stepping) {
        reflectors_reap(reflector->kube);
    }
}

const struct kube_reflector_status *kube_reflector_status(const struct kube_reflector *reflector)
{
    return &reflector->status;
}
