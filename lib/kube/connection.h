/* The inside of an ovnk8s_kube, shared by the files of this room that drive it. */

#ifndef KUBE_CONNECTION_H
#define KUBE_CONNECTION_H

#include "base/log.h"
#include "base/text.h"
#include "base/wait.h"
#include "kube/curl.h"
#include "kube/file.h"
#include "kube/kube.h"

enum call_state {
    CALL_WAITING, /* Not handed to libcurl yet. */
    CALL_RUNNING,
    CALL_OVER, /* To be freed. */
    CALL_STATES,
};

enum call_kind {
    CALL_URGENT,
    CALL_STREAMS, /* Has 'chunk'. */
    CALL_READS,   /* GET. */
    CALL_WRITES,
    CALL_KINDS,
};

/* Transfers that share connections. Those that read and those that write do not: where a server has
 * connections of both versions of HTTP, libcurl 7.88 sends by HTTP/1.1 on one that is in use. */
enum { READS, WRITES, MULTIS };

struct kube_multi {
    ovnk8s_kube *kube;
    CURLM *handle;    /* NULL: not needed so far. */
    int64_t timer_at; /* When libcurl wants to be called; INT64_MAX: never. */
};

struct ovnk8s_kube {
    const struct curl *curl;
    struct kube_multi multis[MULTIS];
    int epoll;
    bool knows_version; /* A call that writes was answered, ... */
    bool multiplexes;   /* ... the latest by HTTP/2: they share a connection. */
    bool stepping;      /* kube_step() is on the stack: calls and reflectors may not be freed. */
    size_t n_calls[CALL_KINDS][CALL_STATES];
    struct kube_call *calls, **calls_end;
    struct kube_reflector *reflectors;

    char *server;                  /* What messages call it. */
    char *base;                    /* What paths are appended to. */
    struct curl_slist *connect_to; /* Where the host of 'base' really is; NULL: there. */
    struct secret token, ca, certificate, key;
    bool insecure;
    unsigned int timeout_ms;
    ovnk8s_cancel *cancel;
    struct log log;
};

/* kube.c: reads what has changed of the files with credentials; failures are logged. */
void connection_refresh(ovnk8s_kube *kube);

/* The token without the white space around it, which files have; '*length' is 0 for none. Fails
 * with OVNK8S_INVALID when it could not be sent. */
int connection_token(const ovnk8s_kube *kube, const char **token, size_t *length);

/* call.c: hands waiting calls to libcurl; calls back for those that it has finished; frees those
 * that are over. */
bool calls_startable(const ovnk8s_kube *kube);
void calls_start(ovnk8s_kube *kube);
void calls_finish(ovnk8s_kube *kube);
void calls_reap(ovnk8s_kube *kube);
void calls_drop(ovnk8s_kube *kube);

/* event.c: the handle that a call belongs to, which is made when it is missing. Fails with
 * OVNK8S_NOMEM. */
int multi_open(struct kube_multi *multi);

/* transfer.c: a call as libcurl sees it. */
int transfer_start(struct kube_call *call);
int transfer_error(struct kube_call *call, CURLcode result);
void transfer_free(struct kube_call *call);

/* reflector.c */
void reflectors_step(ovnk8s_kube *kube);
int64_t reflectors_deadline(const ovnk8s_kube *kube);
void reflectors_drop(ovnk8s_kube *kube);

/* A call and everything that lives as long as it. */
struct kube_call {
    ovnk8s_kube *kube;
    struct kube_call *next; /* In kube->calls. */
    enum call_state state;
    enum call_kind kind;

    char *method, *path, *content_type, *body;
    unsigned int timeout_ms;
    size_t most;
    void (*begun)(void *payload);
    kube_chunk_fn *chunk;
    kube_call_fn *done;
    void *payload;

    struct kube_multi *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct text reply;
    int body_error; /* What ended the call while its body came in, with its story. */
    char body_message[512];
    char curl_message[CURL_ERROR_SIZE];
};

#endif /* connection.h */
