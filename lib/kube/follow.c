/* Listing and following collections, for callers outside of the library: objects are JSON text. */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "kube/connection.h"
#include "kube/request.h"

void ovnk8s_kube_collection_init(ovnk8s_kube_collection *collection)
{
    *collection = (ovnk8s_kube_collection)OVNK8S_KUBE_COLLECTION_INIT;
}

void ovnk8s_kube_handler_init(ovnk8s_kube_handler *handler)
{
    *handler = (ovnk8s_kube_handler)OVNK8S_KUBE_HANDLER_INIT;
}

static int take_collection(const ovnk8s_kube_collection *theirs, struct kube_collection *out)
{
    ovnk8s_kube_collection collection = OVNK8S_KUBE_COLLECTION_INIT;
    const int error = options_take(&collection, sizeof collection, theirs);

    *out = (struct kube_collection){.path = collection.path ? collection.path : "",
                                    .field_selector = collection.field_selector,
                                    .label_selector = collection.label_selector};
    return error;
}

/* Following. */

struct ovnk8s_kube_follower {
    ovnk8s_kube *kube;
    ovnk8s_kube_handler handler;
    struct kube_reflector *reflector;
};

static void on_begin_list(void *payload)
{
    const ovnk8s_kube_handler *handler = &((ovnk8s_kube_follower *)payload)->handler;

    if (handler->begin_list) {
        handler->begin_list(handler->payload);
    }
}

static void on_synced(void *payload)
{
    const ovnk8s_kube_handler *handler = &((ovnk8s_kube_follower *)payload)->handler;

    if (handler->synced) {
        handler->synced(handler->payload);
    }
}

static void tell(const ovnk8s_kube_follower *follower, const cJSON *object,
                 void (*what)(const char *json, void *payload))
{
    char *json = what ? cJSON_PrintUnformatted(object) : NULL;

    if (json) {
        what(json, follower->handler.payload);
    } else if (what) {
        log_line(&follower->kube->log, OVNK8S_LOG_ERROR, "an object is lost: out of memory");
    }
    cJSON_free(json);
}

static void on_object(void *payload, const cJSON *object)
{
    tell(payload, object, ((ovnk8s_kube_follower *)payload)->handler.object);
}

static void on_gone(void *payload, const cJSON *object)
{
    tell(payload, object, ((ovnk8s_kube_follower *)payload)->handler.gone);
}

int ovnk8s_kube_follow(ovnk8s_kube_follower **out, ovnk8s_kube *kube,
                       const ovnk8s_kube_collection *their_collection,
                       const ovnk8s_kube_handler *their_handler)
{
    _cleanup_free_ ovnk8s_kube_follower *follower = calloc(1, sizeof *follower);
    ovnk8s_kube_handler handler = OVNK8S_KUBE_HANDLER_INIT;
    struct kube_collection collection;
    int error = take_collection(their_collection, &collection);

    *out = NULL;
    error = error ? error : options_take(&handler, sizeof handler, their_handler);
    if (error || !follower) {
        return error ? error : fail_nomem();
    }
    follower->kube = kube;
    follower->handler = handler;
    error = kube_reflector_start(
        &follower->reflector, kube, &collection,
        &(struct kube_handler){on_begin_list, on_object, on_gone, on_synced, follower});
    *out = error ? NULL : STEAL(follower);
    return error;
}

void ovnk8s_kube_follow_stop(ovnk8s_kube_follower *follower)
{
    if (follower) {
        kube_reflector_stop(follower->reflector);
        free(follower);
    }
}

const char *ovnk8s_kube_follow_failure(const ovnk8s_kube_follower *follower)
{
    return kube_reflector_status(follower->reflector)->message;
}

/* Listing. */

struct listing {
    struct kube_reflector *reflector;
    ovnk8s_kube_object_fn *object;
    void *payload;
    bool is_over;
    int result; /* When it is over. */
};

/* A reflector would go on; nothing more is told. */
static void end_listing(struct listing *listing, int result)
{
    listing->is_over = true;
    listing->result = result;
    kube_reflector_stop(listing->reflector);
}

static void on_listed(void *payload, const cJSON *object)
{
    struct listing *listing = payload;
    char *json = cJSON_PrintUnformatted(object);
    const int result = json ? listing->object(json, listing->payload) : fail_nomem();

    cJSON_free(json);
    if (result) {
        end_listing(listing, result);
    }
}

static void on_listing_ends(void *payload)
{
    end_listing(payload, 0);
}

/* What trying again does not change. */
static bool is_final(int error)
{
    return error && error != OVNK8S_UNAVAILABLE && error != OVNK8S_TIMEOUT;
}

static int wait_for_list(ovnk8s_kube *kube, struct listing *listing)
{
    const struct deadline deadline = deadline_in(kube->timeout_ms, kube->cancel);
    const struct kube_reflector_status *status = kube_reflector_status(listing->reflector);
    struct kube_reflector_status seen = {.error = 0};
    int error = 0;

    while (!listing->is_over && !error) {
        error = request_wait(kube, &deadline, INT64_MAX);
        if (!listing->is_over) { /* Or else it may be freed. */
            seen = *status;
        }
        if (!error && is_final(seen.error)) {
            error = fail(seen.error, "%s", seen.message);
        }
    }
    if (listing->is_over) {
        return listing->result;
    }
    kube_reflector_stop(listing->reflector);
    return error == OVNK8S_TIMEOUT && seen.error ? fail(seen.error, "%s", seen.message) : error;
}

int ovnk8s_kube_list(ovnk8s_kube *kube, const ovnk8s_kube_collection *theirs,
                     ovnk8s_kube_object_fn *object, void *payload)
{
    struct listing listing = {.object = object, .payload = payload};
    const struct kube_handler handler = {NULL, on_listed, NULL, on_listing_ends, &listing};
    struct kube_collection collection;
    int error = take_collection(theirs, &collection);

    if (!error && kube->stepping) {
        error = fail(OVNK8S_INVALID, "a blocking call in a callback of the same connection");
    }
    error = error ? error : kube_reflector_start(&listing.reflector, kube, &collection, &handler);
    return error ? error : wait_for_list(kube, &listing);
}

/* The caller's event loop. */

int ovnk8s_kube_fd(const ovnk8s_kube *kube)
{
    return kube_fd(kube);
}

int ovnk8s_kube_timeout(const ovnk8s_kube *kube)
{
    const int64_t at = kube_deadline(kube);

    return at == INT64_MAX ? -1 : deadline_left(&(struct deadline){.at = at});
}

int ovnk8s_kube_step(ovnk8s_kube *kube)
{
    return kube_step(kube);
}
