/* Calls: their life from the start to the callback. Nothing is done to libcurl or to memory while
 * a callback may be on the stack: a call that is over stays in the list until the step ends. */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kube/connection.h"
#include "kube/status.h"
#include "kube/url.h"

/* More of them make no server faster, but need memory and connections. */
enum { MOST_AT_ONCE = 64 };

static size_t *counter(const struct kube_call *call)
{
    return call->kube->n_calls[call->kind];
}

static enum call_kind kind_of(const struct kube_request *request)
{
    return request->urgent                                          ? CALL_URGENT
           : request->chunk                                         ? CALL_STREAMS
           : request->method && strcmp(request->method, "GET") != 0 ? CALL_WRITES
                                                                    : CALL_READS;
}

static void call_move(struct kube_call *call, enum call_state state)
{
    counter(call)[call->state]--;
    call->state = state;
    counter(call)[state]++;
}

static void call_free(struct kube_call *call)
{
    transfer_free(call);
    text_clear(&call->reply);
    free(call->method);
    free(call->path);
    free(call->content_type);
    free(call->body);
    free(call);
}

DEFINE_CLEANUP(call, struct kube_call *, call_free)

static bool method_is_valid(const char *method)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (!strcmp(method, methods[i])) {
            return true;
        }
    }
    return false;
}

static bool content_type_is_valid(const char *type)
{
    for (; *type; type++) {
        if ((unsigned char)*type < ' ' || (unsigned char)*type >= 0x7f) {
            return false;
        }
    }
    return true;
}

static int request_check(const struct kube_request *request)
{
    if (request->method && !method_is_valid(request->method)) {
        return fail(OVNK8S_INVALID, "method \"%s\": expected GET, POST, PUT, PATCH or DELETE",
                    request->method);
    }
    if (!request->path || !url_path_is_valid(request->path)) {
        return fail(OVNK8S_INVALID, "path \"%s\": expected a percent-encoded path from \"/\" on",
                    request->path ? request->path : "");
    }
    if (request->content_type && !content_type_is_valid(request->content_type)) {
        return fail(OVNK8S_INVALID, "content type \"%s\"", request->content_type);
    }
    return 0;
}

static bool copy(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

static int call_new(struct kube_call **out, ovnk8s_kube *kube, const struct kube_request *request)
{
    CLEANUP(callp) struct kube_call *call = calloc(1, sizeof *call);

    if (!call || !copy(&call->method, request->method ? request->method : "GET") ||
        !copy(&call->path, request->path) || !copy(&call->content_type, request->content_type) ||
        !copy(&call->body, request->body)) {
        return fail_nomem();
    }
    call->kube = kube;
    call->kind = kind_of(request);
    call->timeout_ms = request->timeout_ms ? request->timeout_ms : kube->timeout_ms;
    call->most = request->most ? request->most : KUBE_BODY_MAX;
    call->begun = request->begun;
    call->chunk = request->chunk;
    call->done = request->done;
    call->payload = request->payload;
    *out = STEAL(call);
    return 0;
}

/* In order, so that no call waits longer than a later one. Urgent ones never wait. */
static void enqueue(ovnk8s_kube *kube, struct kube_call *call)
{
    if (call->kind == CALL_URGENT && kube->calls) {
        call->next = kube->calls;
        kube->calls = call;
    } else {
        *kube->calls_end = call;
        kube->calls_end = &call->next;
    }
}

int kube_call_start(struct kube_call **out, ovnk8s_kube *kube, const struct kube_request *request)
{
    struct kube_call *call = NULL;
    int error;

    if (out) {
        *out = NULL;
    }
    error = request_check(request);
    if (!error) {
        error = call_new(&call, kube, request);
    }
    if (error) {
        return error;
    }
    enqueue(kube, call);
    counter(call)[CALL_WAITING]++;
    if (out) {
        *out = call;
    }
    return 0;
}

void kube_call_cancel(struct kube_call *call)
{
    if (call && call->state != CALL_OVER) {
        ovnk8s_kube *kube = call->kube;

        call_move(call, CALL_OVER);
        if (!kube->stepping) {
            calls_reap(kube);
        }
    }
}

/* Tells the owner that the call has ended with 'error', which is the last error of the thread. */
static void call_done(struct kube_call *call, int error, const struct kube_reply *answer)
{
    struct kube_reply reply = *answer;

    if (error) {
        /* Without the query, which can be long. */
        error = fail_during(error, "request", call->path, "%s %s%.*s", call->method,
                            call->kube->server, (int)strcspn(call->path, "?"), call->path);
    }
    reply.error = error;
    call_move(call, CALL_OVER);
    if (call->done) {
        call->done(&reply, call->payload);
    }
}

/* As long as nobody knows whether writes can share a connection, there is one: the others would
 * each make one of their own. */
static size_t most_at_once(const ovnk8s_kube *kube, enum call_kind kind)
{
    return kind == CALL_STREAMS || kind == CALL_URGENT   ? SIZE_MAX
           : kind == CALL_WRITES && !kube->knows_version ? 1
                                                         : MOST_AT_ONCE;
}

static bool has_room(const ovnk8s_kube *kube, enum call_kind kind)
{
    return kube->n_calls[kind][CALL_RUNNING] < most_at_once(kube, kind);
}

static bool may_start(const struct kube_call *call)
{
    return call->state == CALL_WAITING && has_room(call->kube, call->kind);
}

bool calls_startable(const ovnk8s_kube *kube)
{
    for (enum call_kind kind = 0; kind < CALL_KINDS; kind++) {
        if (kube->n_calls[kind][CALL_WAITING] && has_room(kube, kind)) {
            return true;
        }
    }
    return false;
}

void calls_start(ovnk8s_kube *kube)
{
    if (!calls_startable(kube)) {
        return;
    }
    connection_refresh(kube);
    for (struct kube_call *call = kube->calls; call && calls_startable(kube); call = call->next) {
        if (may_start(call)) {
            const int error = transfer_start(call);

            call_move(call, CALL_RUNNING);
            if (error) {
                call_done(call, error, &(struct kube_reply){.body = ""});
            }
        }
    }
}

static void call_finish(struct kube_call *call, CURLcode result)
{
    struct kube_reply reply = {.body = call->reply.bytes ? call->reply.bytes : "",
                               .length = call->reply.length};
    const struct curl *curl = call->kube->curl;
    curl_off_t retry_after = 0;
    long status = 0;
    int error;

    if (result != CURLE_OK) {
        error = transfer_error(call, result);
    } else {
        curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        curl->easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
        error = status_check((int)status, reply.body);
    }
    reply.status = (int)status;
    reply.retry_after_ms =
        retry_after > 0 ? (int)(retry_after < 3600 ? retry_after : 3600) * 1000 : 0;
    call_done(call, error, &reply);
}

static void finish_of(ovnk8s_kube *kube, CURLM *handle)
{
    CURLMsg *message;
    int left;

    while (handle && (message = kube->curl->multi_info_read(handle, &left))) {
        struct kube_call *call = NULL;

        if (message->msg == CURLMSG_DONE) {
            kube->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        }
        if (call && call->state == CALL_RUNNING) {
            call_finish(call, message->data.result);
        }
    }
}

void calls_finish(ovnk8s_kube *kube)
{
    for (size_t i = 0; i < MULTIS; i++) {
        finish_of(kube, kube->multis[i].handle);
    }
}

static bool take_over_count(ovnk8s_kube *kube)
{
    size_t n = 0;

    for (enum call_kind kind = 0; kind < CALL_KINDS; kind++) {
        n += kube->n_calls[kind][CALL_OVER];
        kube->n_calls[kind][CALL_OVER] = 0;
    }
    return n;
}

void calls_reap(ovnk8s_kube *kube)
{
    struct kube_call **link = &kube->calls;

    if (!take_over_count(kube)) {
        return;
    }
    while (*link) {
        struct kube_call *call = *link;

        if (call->state == CALL_OVER) {
            *link = call->next;
            call_free(call);
        } else {
            link = &call->next;
        }
    }
    kube->calls_end = link;
}

void calls_drop(ovnk8s_kube *kube)
{
    for (struct kube_call *call = kube->calls; call; call = call->next) {
        call_move(call, CALL_OVER);
    }
    calls_reap(kube);
}
