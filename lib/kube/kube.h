/* The asynchronous core of a connection to an API server, for the rooms above.
 *
 * A connection has one descriptor to wait for, one point in time to wake up at, and one function
 * that does what can be done without waiting; everything else happens in callbacks from there:
 *
 *     for (;;) {
 *         struct pollfd fds[2] = {{.fd = kube_fd(kube), .events = POLLIN}};
 *         deadline_poll(&deadline, fds, 1, kube_deadline(kube));
 *         kube_step(kube);
 *     }
 *
 * A callback may start and cancel calls and start and stop reflectors of the same connection, its
 * own included; it may not make a blocking call on it or close it. A blocking call
 * (ovnk8s_kube_request() and kube_wait_object()) steps the connection, so callbacks of others run
 * inside of it.
 *
 * Thread rule: one thread at a time. */

#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <ovnk8s/kube.h>

/* Becomes readable when there is something to do. */
int kube_fd(const ovnk8s_kube *kube);

/* When to call kube_step() even if the descriptor is silent: in ms as now_ms(), possibly in the
 * past; INT64_MAX for never. Changes with every call on the connection. */
int64_t kube_deadline(const ovnk8s_kube *kube);

/* Does what can be done now and calls back; never waits. Fails with OVNK8S_NOMEM or OVNK8S_SYSTEM,
 * after which it may be called again. */
int kube_step(ovnk8s_kube *kube);

/* "https://10.0.0.1:6443", for messages. */
const char *kube_server(const ovnk8s_kube *kube);

/* Calls: one request, one answer. */

struct kube_call;

/* What became of a call. */
struct kube_reply {
    /* 0 for an HTTP status of 2xx. Otherwise the code, while ovnk8s_last_error() has the story,
     * with the server's own message if there is one. */
    int error;
    int status;         /* The HTTP status; 0 when there was no answer. */
    const char *body;   /* Zero-terminated, never NULL; the callee may not keep it. */
    size_t length;      /* Of 'body'. */
    int retry_after_ms; /* What the server asks for; 0 for nothing. */
};

/* Called once when the call is over; 'call' is freed right afterwards. */
typedef void kube_call_fn(const struct kube_reply *reply, void *payload);

/* Receives the body of a 2xx answer piece by piece. A negative enum ovnk8s_error, told by fail(),
 * ends the call with that error. */
typedef int kube_chunk_fn(const char *bytes, size_t n, void *payload);

struct kube_request {
    const char *method;           /* NULL: GET. */
    const char *path;             /* "/api/v1/pods?limit=5", percent-encoded. */
    const char *content_type;     /* Of 'body'; NULL: application/json. */
    const char *body;             /* NULL: none. */
    unsigned int timeout_ms;      /* For all of it; 0: that of the connection. */
    size_t most;                  /* Bytes that the answer may have; 0: KUBE_BODY_MAX. */
    bool urgent;                  /* Does not wait its turn. */
    void (*begun)(void *payload); /* A 2xx answer has begun. NULL: not of interest. */
    kube_chunk_fn *chunk; /* NULL: the body is collected for 'done'. Then 'most' is no bound. */
    kube_call_fn *done;
    void *payload; /* Of the functions. */
};

enum { KUBE_BODY_MAX = 32 << 20 };

/* Starts a call; all that 'request' points to is copied. '*out', which may be NULL, is for
 * kube_call_cancel() and valid until 'done' returns. Nothing is sent before the next kube_step(),
 * and no more than 64 that read, and 64 that write, are under way at once: the others wait their
 * turn. Fails with OVNK8S_INVALID for a bad method or path and with OVNK8S_NOMEM. */
int kube_call_start(struct kube_call **out, ovnk8s_kube *kube, const struct kube_request *request);

/* Ends 'call', which may be NULL; 'done' will not be called. */
void kube_call_cancel(struct kube_call *call);

/* Reflectors: following a collection by LIST and WATCH, whatever happens. */

struct kube_reflector;

struct kube_collection {
    const char *path;           /* "/api/v1/pods", "/api/v1/namespaces/NAME/pods". */
    const char *field_selector; /* "spec.nodeName=n1"; NULL: all. Not encoded. */
    const char *label_selector; /* NULL: all. Not encoded. */
    /* Objects and arrays that are members of members of an object are null, except for those of
     * these names, which end with NULL: {"annotations", NULL} leaves nothing of "spec.containers".
     * Not copied. NULL: all are there. */
    const char *const *parts;
};

/* What a reflector tells. Any function may be NULL. Objects belong to the reflector and are valid
 * during the call; those of a LIST lack "kind" and "apiVersion", as the API server leaves them
 * out. */
struct kube_handler {
    /* All objects will be told anew, up to synced(). Also when an earlier LIST was not finished. */
    void (*begin_list)(void *payload);
    /* 'object' is there: listed, added or modified. May tell the same state more than once. */
    void (*object)(void *payload, const cJSON *object);
    /* 'object', given in its last state, is there no more. */
    void (*gone)(void *payload, const cJSON *object);
    /* All objects have been told since begin_list(): others that are known exist no more. */
    void (*synced)(void *payload);
    void *payload;
};

enum kube_reflector_state {
    KUBE_LISTING,  /* A LIST is under way. */
    KUBE_WATCHING, /* A WATCH is under way. */
    KUBE_WAITING,  /* Something failed; it will be tried again. */
};

struct kube_reflector_status {
    enum kube_reflector_state state;
    bool synced;                /* A LIST has been completed. */
    unsigned int failures;      /* In a row, without progress between them. */
    int error;                  /* Of the latest failure; 0 while all is well. */
    char message[512];          /* Its one-line story; empty while all is well. */
    char resource_version[64];  /* Up to which everything was told; empty before synced. */
    uint64_t lists, watches;    /* Completed LISTs, started WATCHes. */
    uint64_t objects, removals; /* object() and gone() calls. */
};

/* Starts to follow 'collection', whose selectors and path are copied. It never gives up: failures
 * are logged, are to be seen in the status, and are tried again after 0.1 to 30 seconds. Fails with
 * OVNK8S_INVALID and OVNK8S_NOMEM. */
int kube_reflector_start(struct kube_reflector **out, ovnk8s_kube *kube,
                         const struct kube_collection *collection,
                         const struct kube_handler *handler);

/* Stops and frees 'reflector', which may be NULL; nothing more is told. */
void kube_reflector_stop(struct kube_reflector *reflector);

/* Valid as long as the reflector. */
const struct kube_reflector_status *kube_reflector_status(const struct kube_reflector *reflector);

/* One object. */

/* Waits until the object 'name' of the collection 'collection_path' is there and 'ready' says so,
 * at most 'timeout_ms' (0: that of the connection). It need not exist at first. Blocking, and
 * without polling: a GET and, if that is not enough, a WATCH from there on.
 *
 * '*out', where 'out' is not NULL, becomes the object, to be freed by cJSON_Delete().
 *
 * Errors: OVNK8S_NOTFOUND (it did not exist when the time was over), OVNK8S_TIMEOUT (it existed but
 * was not ready), OVNK8S_UNAVAILABLE (the server could not be asked when the time was over),
 * OVNK8S_CANCELLED; at once OVNK8S_PERMISSION, OVNK8S_INVALID, OVNK8S_NOMEM, OVNK8S_SYSTEM, and
 * OVNK8S_NOTFOUND for a collection that the server does not have. */
int kube_wait_object(ovnk8s_kube *kube, const char *collection_path, const char *name,
                     bool (*ready)(const cJSON *object, void *payload), void *payload,
                     unsigned int timeout_ms, cJSON **out);

#endif /* kube.h */
