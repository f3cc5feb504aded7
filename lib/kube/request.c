#include "kube/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "kube/connection.h"

/* libcurl ends a call at its time and can tell what it was waiting for; only if it does not, the
 * wait for it ends, this much later. */
enum { GRACE_MS = 200 };

struct answer {
    bool done;
    int error, status;
    char cause[512]; /* Later callbacks of the same step may fail in their own way. */
    struct text body;
};

static void on_done(const struct kube_reply *reply, void *payload)
{
    struct answer *answer = payload;

    answer->done = true;
    answer->status = reply->status;
    answer->error = reply->error;
    if (reply->error) {
        snprintf(answer->cause, sizeof answer->cause, "%s", ovnk8s_last_error()->cause);
    }
    text_add_bytes(&answer->body, reply->body, reply->length);
}

int request_wait(ovnk8s_kube *kube, const struct deadline *deadline, int64_t wake_at)
{
    struct pollfd fds[2] = {{.fd = kube_fd(kube), .events = POLLIN}};
    const int64_t its_own = kube_deadline(kube);
    const int error = deadline_poll(deadline, fds, 1, wake_at < its_own ? wake_at : its_own);

    return error ? error : kube_step(kube);
}

static int run(ovnk8s_kube *kube, const struct kube_request *request, struct answer *answer)
{
    struct deadline deadline = deadline_in(kube->timeout_ms, kube->cancel);
    struct kube_request ours = *request;
    struct kube_call *call;
    int error;

    if (kube->stepping) {
        return fail(OVNK8S_INVALID, "a blocking call in a callback of the same connection");
    }
    ours.done = on_done;
    ours.payload = answer;
    if (request->timeout_ms) {
        deadline = deadline_in(request->timeout_ms, kube->cancel);
    }
    deadline.at += GRACE_MS;
    error = kube_call_start(&call, kube, &ours);
    while (!error && !answer->done) {
        error = request_wait(kube, &deadline, INT64_MAX);
    }
    if (error && !answer->done) {
        kube_call_cancel(call);
        return error;
    }
    return answer->error ? fail(answer->error, "%s", answer->cause) : 0;
}

int request_run(ovnk8s_kube *kube, const struct kube_request *request, int *status, char **body)
{
    _cleanup_free_ char *text = NULL;
    struct answer answer = {0};
    int error = run(kube, request, &answer);

    *status = answer.status;
    *body = NULL;
    if (error) {
        const char *path = request->path ? request->path : "";

        error = fail_during(error, "request", path, "%s %s%.*s",
                            request->method ? request->method : "GET", kube->server,
                            (int)strcspn(path, "?"), path);
    }
    if (answer.status && text_take(&answer.body, &text)) {
        *status = 0;
        return OVNK8S_NOMEM;
    }
    text_clear(&answer.body);
    *body = STEAL(text);
    return error;
}

int ovnk8s_kube_request(ovnk8s_kube *kube, const char *method, const char *path,
                        const char *content_type, const char *body, int *status, char **reply)
{
    _cleanup_free_ char *text = NULL;
    int its_status;
    const int error =
        request_run(kube,
                    &(struct kube_request){
                        .method = method, .path = path, .content_type = content_type, .body = body},
                    &its_status, &text);

    if (status) {
        *status = its_status;
    }
    if (reply) {
        *reply = STEAL(text);
    }
    return its_status ? 0 : error;
}

/* As ovnk8s_kube_request(), with a status that means failure made an error. */
static int request_good(ovnk8s_kube *kube, const struct kube_request *request, char **reply)
{
    _cleanup_free_ char *text = NULL;
    int status;
    const int error = request_run(kube, request, &status, &text);

    if (reply) {
        *reply = error ? NULL : STEAL(text);
    }
    return error;
}

int ovnk8s_kube_get(ovnk8s_kube *kube, const char *path, char **reply)
{
    return request_good(kube, &(struct kube_request){.path = path}, reply);
}

int ovnk8s_kube_patch(ovnk8s_kube *kube, const char *path, const char *content_type,
                      const char *body, char **reply)
{
    const struct kube_request request = {
        .method = "PATCH",
        .path = path,
        .content_type = content_type ? content_type : "application/merge-patch+json",
        .body = body ? body : "",
    };

    return request_good(kube, &request, reply);
}
