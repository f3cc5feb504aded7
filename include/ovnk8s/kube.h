/* A connection to a Kubernetes API server.
 *
 * What the other parts of the library need from Kubernetes goes through an ovnk8s_kube: where the
 * server is, whom it shall believe we are, and the requests themselves.
 *
 *     ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
 *     options.kubeconfig = "/root/.kube/config";
 *     ovnk8s_kube *kube;
 *     char *pods;
 *     if (!ovnk8s_kube_open(&kube, &options)) {
 *         if (!ovnk8s_kube_get(kube, "/api/v1/pods?limit=10", &pods)) {
 *             puts(pods);
 *             ovnk8s_free(pods);
 *         }
 *         ovnk8s_kube_close(kube);
 *     }
 *
 * libcurl is loaded when the first connection is opened; who opens none does not pay for it. It
 * runs without signals and, as long as the server is given by address, without threads. For a
 * server given by name it looks the name up in a thread of its own that ends with the look-up.
 *
 * Collections of objects are listed by ovnk8s_kube_list() and followed by ovnk8s_kube_follow(), in
 * the caller's event loop:
 *
 *     ovnk8s_kube_collection pods = OVNK8S_KUBE_COLLECTION_INIT;
 *     ovnk8s_kube_handler handler = OVNK8S_KUBE_HANDLER_INIT;
 *     pods.path = "/api/v1/pods";
 *     handler.object = show;
 *     error = ovnk8s_kube_follow(&follower, kube, &pods, &handler);
 *     while (!error && !stop) {
 *         struct pollfd fd = {.fd = ovnk8s_kube_fd(kube), .events = POLLIN};
 *         poll(&fd, 1, ovnk8s_kube_timeout(kube));
 *         error = ovnk8s_kube_step(kube);
 *     }
 *     ovnk8s_kube_follow_stop(follower);
 *
 * Objects are told one by one, as JSON text, while the answer comes in: no answer is ever in memory
 * as a whole. With a server that speaks HTTP/2 all requests that write share one connection to it.
 *
 * Tokens and keys never appear in a log line or in an error.
 *
 * Thread rule: a connection belongs to one thread at a time; different connections are independent.
 *
 * Source: the Kubernetes API conventions and its "API Concepts" page. */

#ifndef OVNK8S_KUBE_H
#define OVNK8S_KUBE_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>
#include <ovnk8s/log.h>

OVNK8S_BEGIN_DECLS

/* A connection to an API server. */
typedef struct ovnk8s_kube ovnk8s_kube;

/* Where the server is and what to show it. All strings are copied; NULL means not given.
 *
 * With neither 'server' nor 'kubeconfig' the service account of the pod that the program runs in is
 * used (KUBERNETES_SERVICE_HOST and the files under /var/run/secrets/kubernetes.io). What is given
 * here goes before what the kubeconfig file or the service account says. A proxy that the
 * environment names is not used. Files are read again when they change, so that a token or a
 * certificate may be rotated under a running program. */
typedef struct ovnk8s_kube_options {
    size_t size;        /* sizeof(ovnk8s_kube_options), set by the _INIT macro. */
    const char *server; /* "https://10.0.0.1:6443", "http://..." or "host:port", which is http. */
    const char *ca_certificate;     /* Path of a PEM file, or the PEM text; NULL: the system's. */
    const char *token;              /* A bearer token. */
    const char *token_file;         /* Or the file that holds it. */
    const char *client_certificate; /* Path or PEM text, together with the next. */
    const char *client_key;         /* Path or PEM text. */
    const char *tls_server_name;    /* The name in the server's certificate, if not the host. */
    const char *kubeconfig;         /* Path of a kubeconfig file. */
    const char *context;            /* The context in it; NULL: its current-context. */
    bool insecure_skip_tls_verify;  /* Believe any certificate: for experiments only. */
    unsigned int timeout_ms;        /* For each blocking call; 0: 10 seconds. */
    ovnk8s_cancel *cancel;          /* Ends blocking calls early; outlives the connection. */
    ovnk8s_log_fn *log;             /* Receives log lines; NULL: nobody. */
    void *log_payload;              /* Passed to 'log'. */
} ovnk8s_kube_options;

#define OVNK8S_KUBE_OPTIONS_INIT                                                                   \
    {                                                                                              \
        sizeof(ovnk8s_kube_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false,  \
            0, NULL, NULL, NULL                                                                    \
    }

/* Sets '*options' to what OVNK8S_KUBE_OPTIONS_INIT is. */
OVNK8S_API void ovnk8s_kube_options_init(ovnk8s_kube_options *options);

/* Prepares a connection in '*out', to be closed by ovnk8s_kube_close(). Reads and checks every file
 * that the options name, but does not talk to the server yet. 'options' may be NULL.
 *
 * Errors: OVNK8S_INVALID (an option or a file contradicts itself or is malformed; a kubeconfig user
 * that would need a program to be executed), OVNK8S_NOTFOUND (a file, or no server given),
 * OVNK8S_PERMISSION (a file), OVNK8S_UNSUPPORTED (libcurl is missing or too old), OVNK8S_NOMEM,
 * OVNK8S_SYSTEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_open(ovnk8s_kube **out,
                                                  const ovnk8s_kube_options *options);

/* Drops what is under way and frees 'kube', which may be NULL. */
OVNK8S_API void ovnk8s_kube_close(ovnk8s_kube *kube);

/* Sets the deadline of each blocking call from now on, in ms; 0 stands for 10,000. */
OVNK8S_API void ovnk8s_kube_set_timeout(ovnk8s_kube *kube, unsigned int timeout_ms);

/* Sends one request and waits for the answer.
 *
 * 'path' begins with "/" and may have a query; what is not plain in it is percent-encoded by the
 * caller. 'body' and 'content_type' may be NULL; the type of a body is "application/json" then.
 *
 * On success '*status' is the HTTP status, whatever it is, and '*reply' the body as a
 * zero-terminated text of at most 32 MiB, to be freed by ovnk8s_free(). Either may be NULL. On
 * failure '*status' is 0 and '*reply' is NULL.
 *
 * Errors: OVNK8S_INVALID (method or path), OVNK8S_UNAVAILABLE (no connection, or it broke),
 * OVNK8S_PERMISSION (the server's certificate is not to be believed), OVNK8S_TIMEOUT,
 * OVNK8S_CANCELLED, OVNK8S_PROTOCOL (no HTTP, or too long an answer), OVNK8S_NOMEM,
 * OVNK8S_SYSTEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_request(ovnk8s_kube *kube, const char *method,
                                                     const char *path, const char *content_type,
                                                     const char *body, int *status, char **reply);

/* Fetches 'path'. '*reply' is the body, to be freed by ovnk8s_free().
 *
 * Errors: as ovnk8s_kube_request(), and for a status that means failure, with the server's own
 * message in the text: OVNK8S_NOTFOUND (404), OVNK8S_PERMISSION (401, 403), OVNK8S_EXISTS (409 with
 * the reason AlreadyExists), OVNK8S_CONFLICT (other 409, 410, 412, and 422 about metadata.uid),
 * OVNK8S_INVALID (400, 405, 406, 413, 415, 422), OVNK8S_UNAVAILABLE (408, 429, 5xx),
 * OVNK8S_PROTOCOL (any other but 2xx). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_get(ovnk8s_kube *kube, const char *path, char **reply);

/* Patches the object at 'path' with 'body'. 'content_type' says which kind of patch it is; NULL:
 * "application/merge-patch+json". '*reply' is the object afterwards, to be freed by ovnk8s_free();
 * 'reply' may be NULL. A merge patch with a metadata.uid is applied to that very object or fails
 * with OVNK8S_CONFLICT.
 *
 * Errors: as ovnk8s_kube_get(). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_patch(ovnk8s_kube *kube, const char *path,
                                                   const char *content_type, const char *body,
                                                   char **reply);

/* Which objects. All strings are copied by the calls that take it. */
typedef struct ovnk8s_kube_collection {
    size_t size;                /* Set by the initialiser. */
    const char *path;           /* "/api/v1/pods", "/api/v1/namespaces/NAME/pods". */
    const char *field_selector; /* "spec.nodeName=n1", not encoded; NULL: all. */
    const char *label_selector; /* "app=web", not encoded; NULL: all. */
} ovnk8s_kube_collection;

#define OVNK8S_KUBE_COLLECTION_INIT                                                                \
    {                                                                                              \
        sizeof(ovnk8s_kube_collection), NULL, NULL, NULL                                           \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_kube_collection_init(ovnk8s_kube_collection *collection);

/* Receives an object as JSON text, which is valid during the call. Those of a list lack "kind" and
 * "apiVersion", as the API server leaves them out. Anything but 0 ends the list with that result.
 */
typedef int ovnk8s_kube_object_fn(const char *json, void *payload);

/* Lists 'collection' in pages and tells its objects to 'object', one by one. A server that fails
 * for a while is asked again; objects that were told may then be told once more. 'object' may make
 * no call on 'kube'.
 *
 * Errors: what 'object' returned; as ovnk8s_kube_get(); OVNK8S_CONFLICT (the list took so long that
 * the server has forgotten its beginning: list again); OVNK8S_TIMEOUT. After an error some of the
 * objects have been told. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_list(ovnk8s_kube *kube,
                                                  const ovnk8s_kube_collection *collection,
                                                  ovnk8s_kube_object_fn *object, void *payload);

/* What a follower tells. Any function may be NULL. They are called by ovnk8s_kube_step() and by
 * calls that block on the same connection; they may follow and stop, but not block. */
typedef struct ovnk8s_kube_handler {
    size_t size; /* Set by the initialiser. */
    /* All objects will be told anew, up to synced(). Also when an earlier list was not finished. */
    void (*begin_list)(void *payload);
    /* The object is there: listed, added or modified. May tell the same state more than once. */
    void (*object)(const char *json, void *payload);
    /* The object, given in its last state, is there no more. */
    void (*gone)(const char *json, void *payload);
    /* All objects have been told since begin_list(): others that are known exist no more. */
    void (*synced)(void *payload);
    void *payload;
} ovnk8s_kube_handler;

#define OVNK8S_KUBE_HANDLER_INIT                                                                   \
    {                                                                                              \
        sizeof(ovnk8s_kube_handler), NULL, NULL, NULL, NULL, NULL                                  \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_kube_handler_init(ovnk8s_kube_handler *handler);

/* One collection that is followed. */
typedef struct ovnk8s_kube_follower ovnk8s_kube_follower;

/* Starts to follow 'collection': a list, then a watch from there on, and both again after whatever
 * goes wrong. It never gives up; failures are logged, and tried again after 0.1 to 30 seconds.
 * '*out' is to be ended by ovnk8s_kube_follow_stop(), before 'kube' is closed.
 *
 * Errors: OVNK8S_INVALID (the path, or a struct), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_follow(ovnk8s_kube_follower **out, ovnk8s_kube *kube,
                                                    const ovnk8s_kube_collection *collection,
                                                    const ovnk8s_kube_handler *handler);

/* Stops and frees 'follower', which may be NULL; nothing more is told. May be called from any of
 * its functions. */
OVNK8S_API void ovnk8s_kube_follow_stop(ovnk8s_kube_follower *follower);

/* Returns the one-line story of the latest failure, "" while all is well; valid until the next step
 * of the connection. */
OVNK8S_API const char *ovnk8s_kube_follow_failure(const ovnk8s_kube_follower *follower);

/* Returns a file descriptor that is readable when there is something to do. It stays the same and
 * belongs to 'kube'. */
OVNK8S_API int ovnk8s_kube_fd(const ovnk8s_kube *kube);

/* Returns after how many milliseconds there will be something to do even if the descriptor stays
 * silent, as poll() takes it: -1 for never. Changes with every call on 'kube'. */
OVNK8S_API int ovnk8s_kube_timeout(const ovnk8s_kube *kube);

/* Does what there is to do, and tells followers; never waits.
 *
 * Errors: OVNK8S_NOMEM, OVNK8S_SYSTEM. After either it may be called again. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_kube_step(ovnk8s_kube *kube);

OVNK8S_END_DECLS

#endif /* kube.h */
