/* The WATCH of a reflector. */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "kube/backoff.h"
#include "kube/connection.h"
#include "kube/reflector.h"
#include "kube/status.h"
#include "kube/trim.h"
#include "kube/url.h"

enum {
    WATCH_SHORTEST_S = 300,
    WATCH_LONGEST_S = 600,
    WATCH_SLACK_S = 30,        /* What a WATCH may last beyond what the server was asked for. */
    WATCH_TOO_SHORT_MS = 1000, /* One that ends so early and empty is a failure. */
};

static int on_error_event(struct kube_reflector *reflector, const cJSON *status)
{
    const cJSON *code = member_of(status, "code");

    reflector->refused = true;
    reflector->expired = cJSON_IsNumber(code) && (code->valueint == 410 || code->valueint == 400);
    return status_check_object(status);
}

static int on_event(struct kube_reflector *reflector, const char *type, const cJSON *object)
{
    const bool gone = !strcmp(type, "DELETED");
    int error;

    if (!strcmp(type, "ERROR")) {
        return on_error_event(reflector, object);
    }
    if (!gone && strcmp(type, "ADDED") && strcmp(type, "MODIFIED") && strcmp(type, "BOOKMARK")) {
        return fail(OVNK8S_PROTOCOL, "an event of the unknown type \"%.40s\"", type);
    }
    if (strcmp(type, "BOOKMARK") && !reflector_tell_object(reflector, object, gone)) {
        return OVNK8S_CANCELLED;
    }
    error = reflector_keep_version(reflector->status.resource_version,
                                   object_metadata(object, "resourceVersion"));
    if (!error) {
        reflector->progress = true;
        reflector->attempts = reflector->refusals = 0;
        reflector_all_is_well(reflector);
    }
    return error;
}

static int on_line(const char *line, size_t n, void *payload)
{
    _cleanup_json_ cJSON *event = reflector_parse(payload, line, n, TRIM_EVENT);
    const char *type = text_of(event, "type");
    const cJSON *object = member_of(event, "object");

    if (!type || !cJSON_IsObject(object)) {
        return fail(OVNK8S_PROTOCOL, "what should be an event is: %.*s", (int)(n < 80 ? n : 80),
                    line);
    }
    return on_event(payload, type, object);
}

static int on_watch_bytes(const char *bytes, size_t n, void *payload)
{
    return lines_feed(&((struct kube_reflector *)payload)->lines, bytes, n);
}

static void watch_failed(struct kube_reflector *reflector, const struct kube_reply *reply,
                         int error)
{
    const bool expired = reflector->expired || reply->status == 410 || reply->status == 400;

    /* A server that is away is waited for. One that is there and does not like our version, in
     * whatever words, must be asked for everything. */
    if (reply->status || reflector->refused || error == OVNK8S_PROTOCOL) {
        reflector->refusals++;
    }
    if (expired || reflector->refusals >= REFUSALS_UNTIL_LIST) {
        reflector_list_anew(reflector);
    }
    if (expired && reflector->progress) {
        reflector_start_now(reflector);
    } else {
        reflector_start_later(reflector, error, reply->retry_after_ms);
    }
}

static void on_watch_done(const struct kube_reply *reply, void *payload)
{
    struct kube_reflector *reflector = payload;
    int error = reply->error;

    reflector->call = NULL;
    if (!error && !reflector->progress && now_ms() - reflector->watch_since < WATCH_TOO_SHORT_MS) {
        fail(OVNK8S_UNAVAILABLE, "the server ended the watch at once");
        error = fail_during(OVNK8S_UNAVAILABLE, "request", reflector->path, "watching %s%s",
                            reflector->kube->server, reflector->path);
    }
    if (error) {
        watch_failed(reflector, reply, error);
    } else {
        reflector->attempts = reflector->refusals = 0;
        reflector_start_now(reflector);
    }
}

int reflector_start_watch(struct kube_reflector *reflector)
{
    const int seconds = random_between(WATCH_SHORTEST_S, WATCH_LONGEST_S);
    _cleanup_text_ struct text path = {0};

    reflector->status.state = KUBE_WATCHING;
    reflector->status.watches++;
    text_clear(&reflector->lines.rest);
    reflector->lines =
        (struct lines){.line = on_line, .payload = reflector, .most = SCAN_PIECE_MAX};
    reflector->watch_since = now_ms();
    reflector->progress = reflector->refused = reflector->expired = false;
    text_printf(&path, "%s?watch=1&allowWatchBookmarks=true&timeoutSeconds=%d&resourceVersion=",
                reflector->path, seconds);
    url_add_encoded(&path, reflector->status.resource_version);
    return reflector_start_call(
        reflector, &path,
        &(struct kube_request){.timeout_ms = (unsigned int)(seconds + WATCH_SLACK_S) * 1000,
                               .chunk = on_watch_bytes,
                               .done = on_watch_done});
}
