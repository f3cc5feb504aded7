/* The LIST of a reflector, in pages. */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "kube/connection.h"
#include "kube/reflector.h"
#include "kube/trim.h"
#include "kube/url.h"

enum {
    PAGE = 500,
    LIST_TIMEOUT_MS = 60000, /* Of one page. */
};

static int on_element(const char *json, size_t n, void *payload)
{
    struct kube_reflector *reflector = payload;
    _cleanup_json_ cJSON *object = reflector_parse(reflector, json, n, TRIM_OBJECT);

    if (!cJSON_IsObject(object)) {
        return fail(OVNK8S_PROTOCOL, "an element of the list is no JSON object: %.*s",
                    (int)(n < 80 ? n : 80), json);
    }
    return reflector_tell_object(reflector, object, false) ? 0 : OVNK8S_CANCELLED;
}

static int take_metadata(struct kube_reflector *reflector, const cJSON *metadata)
{
    const int error =
        reflector_keep_version(reflector->list_version, text_of(metadata, "resourceVersion"));

    return error ? error
                 : reflector_keep_text(&reflector->page_token, text_of(metadata, "continue"));
}

static int on_member(const char *key, const char *json, size_t n, void *payload)
{
    _cleanup_json_ cJSON *metadata = NULL;

    if (strcmp(key, "metadata")) {
        return 0;
    }
    metadata = cJSON_ParseWithLength(json, n);
    return take_metadata(payload, metadata);
}

static int on_list_bytes(const char *bytes, size_t n, void *payload)
{
    return scan_feed(&((struct kube_reflector *)payload)->scanner, bytes, n);
}

static void list_failed(struct kube_reflector *reflector, const struct kube_reply *reply, int error)
{
    /* A page token lives for some minutes only; one that keeps failing is not worth more. */
    if (reflector->next_page && (reply->status == 410 || reply->status == 400 ||
                                 reflector->attempts + 1 >= REFUSALS_UNTIL_LIST)) {
        reflector_list_anew(reflector);
    }
    reflector_start_later(reflector, error, reply->retry_after_ms);
}

static void list_complete(struct kube_reflector *reflector)
{
    struct kube_reflector_status *status = &reflector->status;

    reflector_list_anew(reflector);
    reflector->watch_next = true;
    strcpy(status->resource_version, reflector->list_version);
    status->lists++;
    status->synced = true;
    log_line(&reflector->kube->log, OVNK8S_LOG_DEBUG, "listed %s at version %s", reflector->path,
             status->resource_version);
    reflector_start_now(reflector);
    reflector_tell(reflector, reflector->handler.synced);
}

/* A good status alone does not make a good list. */
static int check_list(struct kube_reflector *reflector)
{
    int error = scan_end(&reflector->scanner);

    if (!error && !*reflector->list_version) {
        error = fail(OVNK8S_PROTOCOL, "the list has no resourceVersion");
    }
    return error ? fail_during(error, "request", reflector->path, "GET %s%s",
                               reflector->kube->server, reflector->path)
                 : 0;
}

static void on_list_done(const struct kube_reply *reply, void *payload)
{
    struct kube_reflector *reflector = payload;
    const int error = reply->error ? reply->error : check_list(reflector);

    reflector->call = NULL;
    if (error) {
        list_failed(reflector, reply, error);
    } else if (reflector->page_token) {
        free(reflector->next_page);
        reflector->next_page = STEAL(reflector->page_token);
        reflector_start_now(reflector);
    } else {
        list_complete(reflector);
    }
}

int reflector_start_list(struct kube_reflector *reflector)
{
    _cleanup_text_ struct text path = {0};

    reflector->status.state = KUBE_LISTING;
    if (!reflector->next_page && !reflector_tell(reflector, reflector->handler.begin_list)) {
        return 0;
    }
    reflector->scan_handler = (struct scan_handler){on_element, on_member, reflector};
    scan_begin(&reflector->scanner, &reflector->scan_handler, SCAN_PIECE_MAX);
    reflector->list_version[0] = '\0';
    text_printf(&path, "%s?limit=%d", reflector->path, PAGE);
    if (reflector->next_page) {
        text_add(&path, "&continue=");
        url_add_encoded(&path, reflector->next_page);
    }
    return reflector_start_call(reflector, &path,
                                &(struct kube_request){.timeout_ms = LIST_TIMEOUT_MS,
                                                       .chunk = on_list_bytes,
                                                       .done = on_list_done});
}
