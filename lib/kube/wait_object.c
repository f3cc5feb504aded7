/* Waiting for one object: a GET, and a WATCH from what it saw. Where it saw nothing, a LIST of the
 * one object tells where to watch from; a WATCH without a version would do too, but an API server
 * on an older etcd refuses that. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kube/connection.h"
#include "kube/reflector.h"
#include "kube/request.h"
#include "kube/url.h"

struct wait {
    const char *path, *name;
    bool (*ready)(const cJSON *object, void *payload);
    void *payload;
    bool heard; /* The server has said whether it exists. */
    bool exists, deleted;
    bool listed;       /* The LIST under way has it. */
    char silence[512]; /* Why the server was not heard at first. */
    char version[64];  /* Of the object when it was seen last. */
    bool over;         /* It is ready. */
    cJSON *object;     /* A copy of it then; NULL: memory ran out. */
};

static void on_object(void *payload, const cJSON *object)
{
    struct wait *wait = payload;
    const char *name = object_metadata(object, "name");
    const char *version = object_metadata(object, "resourceVersion");

    if (wait->over || !name || strcmp(name, wait->name)) {
        return;
    }
    wait->exists = wait->listed = true;
    wait->deleted = false;
    snprintf(wait->version, sizeof wait->version, "%s", version ? version : "");
    if (wait->ready(object, wait->payload)) {
        wait->over = true;
        wait->object = cJSON_Duplicate(object, true);
    }
}

static void on_gone(void *payload, const cJSON *object)
{
    struct wait *wait = payload;
    const char *name = object_metadata(object, "name");

    if (name && !strcmp(name, wait->name)) {
        wait->deleted = wait->exists;
        wait->exists = false;
    }
}

static void on_begin_list(void *payload)
{
    ((struct wait *)payload)->listed = false;
}

/* What is not in a whole list is not there; half a list says nothing. */
static void on_end_list(void *payload)
{
    struct wait *wait = payload;

    wait->heard = true;
    wait->exists = wait->listed;
}

/* Looks once. */
static int look(ovnk8s_kube *kube, struct wait *wait, unsigned int timeout_ms)
{
    _cleanup_text_ struct text path = {0};
    _cleanup_free_ char *body = NULL;
    cJSON *object;
    int error, status;

    text_printf(&path, "%s/", wait->path);
    url_add_encoded(&path, wait->name);
    if (path.failed) {
        return fail_nomem();
    }
    error = request_run(kube, &(struct kube_request){.path = path.bytes, .timeout_ms = timeout_ms},
                        &status, &body);
    if (error) {
        return error;
    }
    object = cJSON_Parse(body);
    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return fail(OVNK8S_PROTOCOL, "GET %s%s: the answer is no JSON object", kube->server,
                    path.bytes);
    }
    on_object(wait, object);
    cJSON_Delete(object);
    return 0;
}

/* Whether it makes no sense to go on until the deadline. */
static bool is_final(int error)
{
    return error == OVNK8S_PERMISSION || error == OVNK8S_INVALID || error == OVNK8S_NOTFOUND ||
           error == OVNK8S_NOMEM;
}

/* Says why the object is not there although the time is over. */
static int fail_late(const struct wait *wait, const struct kube_reflector_status *status)
{
    if (status->error) {
        return fail(OVNK8S_UNAVAILABLE, "%s", status->message);
    }
    if (!wait->heard) {
        return fail(OVNK8S_UNAVAILABLE, "%s", wait->silence);
    }
    if (wait->exists) {
        return fail(OVNK8S_TIMEOUT, "it exists, but is not ready (seen last: version %s)",
                    wait->version);
    }
    return fail(OVNK8S_NOTFOUND, wait->deleted ? "it was deleted" : "it does not exist");
}

static int watch(ovnk8s_kube *kube, struct wait *wait, struct kube_reflector *reflector,
                 const struct deadline *deadline)
{
    const struct kube_reflector_status *status = kube_reflector_status(reflector);
    int error = 0;

    while (!wait->over && !error) {
        error = request_wait(kube, deadline, INT64_MAX);
        if (!error && is_final(status->error)) {
            error = fail(status->error, "%s", status->message);
        }
    }
    if (wait->over) {
        return 0;
    }
    return error == OVNK8S_TIMEOUT ? fail_late(wait, status) : error;
}

static int look_and_watch(ovnk8s_kube *kube, struct wait *wait, const struct deadline *deadline)
{
    const struct kube_handler handler = {on_begin_list, on_object, on_gone, on_end_list, wait};
    struct kube_collection collection = {.path = wait->path};
    struct kube_reflector *reflector = NULL;
    _cleanup_free_ char *selector = NULL;
    int error = look(kube, wait, (unsigned int)deadline_left(deadline));

    if (error == OVNK8S_TIMEOUT) {
        return OVNK8S_UNAVAILABLE; /* It is the server that took the time. */
    }
    if (wait->over || (error && error != OVNK8S_NOTFOUND && error != OVNK8S_UNAVAILABLE)) {
        return error;
    }
    wait->heard = !error || error == OVNK8S_NOTFOUND;
    if (!wait->heard) {
        snprintf(wait->silence, sizeof wait->silence, "%s", ovnk8s_last_error()->message);
    }
    if (asprintf(&selector, "metadata.name=%s", wait->name) < 0) {
        selector = NULL;
        return fail_nomem();
    }
    collection.field_selector = selector;
    error = error ? kube_reflector_start(&reflector, kube, &collection, &handler)
                  : reflector_start_at(&reflector, kube, &collection, &handler, wait->version);
    if (!error) {
        error = watch(kube, wait, reflector, deadline);
    }
    kube_reflector_stop(reflector);
    return error;
}

int kube_wait_object(ovnk8s_kube *kube, const char *collection_path, const char *name,
                     bool (*ready)(const cJSON *object, void *payload), void *payload,
                     unsigned int timeout_ms, cJSON **out)
{
    const struct deadline deadline =
        deadline_in(timeout_ms ? timeout_ms : kube->timeout_ms, kube->cancel);
    const int64_t since = now_ms();
    struct wait wait = {.path = collection_path, .name = name, .ready = ready, .payload = payload};
    int error = look_and_watch(kube, &wait, &deadline);

    if (!error && !wait.object) {
        error = fail_nomem();
    }
    if (out) {
        *out = error ? NULL : wait.object;
    } else {
        cJSON_Delete(wait.object);
    }
    return error ? fail_during(error, "wait", name, "waiting for %s/%s (%.1f s)", collection_path,
                               name, (double)(now_ms() - since) / 1000)
                 : 0;
}
