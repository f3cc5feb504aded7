/* The watcher: gives each pod of a Kubernetes cluster its port.
 *
 * It follows the pods of an API server. A pod that runs on a node of the cluster, and not in the
 * node's own network, gets a free address of the node's subnet and a logical switch port; once that
 * is committed, its annotation "ovn" tells the address, the MAC and the gateway. A pod that is gone
 * or has finished loses its port, and only then is its address free.
 *
 * With 'manage_nodes' it adds and deletes nodes as the API server has them. Of several watchers
 * with the same 'lease' one works, and the others follow.
 *
 * What a pod should have follows from what is there, not from what has happened; so it makes no
 * difference whether the watcher was running when it happened.
 *
 * It runs in the caller's event loop:
 *
 *     while (!stop) {
 *         struct pollfd fd = {.fd = ovnk8s_watcher_fd(watcher), .events = POLLIN};
 *         poll(&fd, 1, ovnk8s_watcher_timeout(watcher));
 *         ovnk8s_watcher_step(watcher);
 *     }
 *
 * Thread rule: a watcher, and the connections it was given, belong to one thread at a time. */

#ifndef OVNK8S_WATCHER_H
#define OVNK8S_WATCHER_H

#include <ovnk8s/common.h>
#include <ovnk8s/kube.h>
#include <ovnk8s/log.h>
#include <ovnk8s/nb.h>

OVNK8S_BEGIN_DECLS

/* The controller. */
typedef struct ovnk8s_watcher ovnk8s_watcher;

/* How the watcher works. */
typedef struct ovnk8s_watcher_options {
    size_t size;            /* Set by the initialiser. */
    const char *owner;      /* Whose rows these are; NULL: OVNK8S_DEFAULT_OWNER. */
    ovnk8s_log_fn *log;     /* Receives what is done and what fails; may be NULL. */
    void *log_payload;      /* Passed to 'log'. */
    bool dry_run;           /* Look, and change nothing: for ovnk8s_watcher_plan_text(). */
    bool manage_nodes;      /* Add the nodes of the API server, and delete those that are gone. */
    bool legacy_annotation; /* Annotate pods with "k8s.ovn.org/pod-networks" too. */

    /* Several watchers of one database, of which one works: who does is decided by this Lease,
     * "NAMESPACE/NAME". NULL: there is no other one. */
    const char *lease;
    const char *lease_identity; /* Unlike that of any other; NULL: the host's name and a random
                                 * number. */
    /* For how long others respect the Lease of one who is silent (whole seconds), for how long that
     * one goes on, and how often it says a word; 0: 15, 10 and 2 seconds. */
    unsigned int lease_duration_ms, lease_renew_ms, lease_retry_ms;
} ovnk8s_watcher_options;

#define OVNK8S_WATCHER_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(ovnk8s_watcher_options), NULL, NULL, NULL, false, false, false, NULL, NULL, 0, 0, 0 \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_watcher_options_init(ovnk8s_watcher_options *options);

/* Creates a watcher in '*out', to be freed by ovnk8s_watcher_free(), over two connections that must
 * outlive it and are its own until then. 'options' may be NULL.
 *
 * Errors: OVNK8S_INVALID (options), OVNK8S_NOMEM, OVNK8S_SYSTEM (no descriptor left). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_watcher_new(ovnk8s_watcher **out, ovnk8s_nb *nb,
                                                    ovnk8s_kube *kube,
                                                    const ovnk8s_watcher_options *options);

/* Frees the watcher; ports and annotations stay as they are. NULL is accepted. */
OVNK8S_API void ovnk8s_watcher_free(ovnk8s_watcher *watcher);

/* Returns a file descriptor that is readable when there is something to do. It stays the same and
 * belongs to the watcher. */
OVNK8S_API int ovnk8s_watcher_fd(const ovnk8s_watcher *watcher);

/* Returns after how many milliseconds there will be something to do even if the descriptor stays
 * silent, as poll() takes it: -1 for never. */
OVNK8S_API int ovnk8s_watcher_timeout(const ovnk8s_watcher *watcher);

/* Does what there is to do, and waits for nothing: neither for the API server nor for the database,
 * which may be away, or silent. A failure is logged and tried again later with growing pauses, so
 * there is nothing for the caller to do about it. */
OVNK8S_API void ovnk8s_watcher_step(ovnk8s_watcher *watcher);

/* How things stand with a watcher. */
typedef struct ovnk8s_watcher_status {
    size_t size;        /* Set by the caller, to sizeof(ovnk8s_watcher_status). */
    bool synced;        /* All pods and all ports were seen. */
    size_t pods;        /* Known, of all kinds. */
    size_t ports;       /* Pods with a port. */
    size_t pending;     /* Objects that something is still to be done for. */
    uint64_t commits;   /* Transactions so far. */
    uint64_t patches;   /* Annotations written so far. */
    uint64_t failures;  /* Of objects that were to be tried again, so far. */
    bool nb_connected;  /* The database answers, and all of it that matters was read. */
    bool api_connected; /* The API server tells what happens. */
    size_t planned;     /* Pending objects that are in a plan, ... */
    size_t retrying;    /* ... that are tried again after a pause, ... */
    size_t waiting;     /* ... and that wait for something else. */
    bool leading;       /* Objects are changed; another watcher does that otherwise. */
    uint64_t term;      /* Which is the how manieth time that one leads; 0 without a Lease. */
} ovnk8s_watcher_status;

/* Tells how things stand. A caller that was compiled with an earlier version, whose struct is
 * smaller, gets what it knows.
 *
 * Errors: OVNK8S_INVALID ('status->size'). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_watcher_get_status(const ovnk8s_watcher *watcher,
                                                           ovnk8s_watcher_status *status);

/* Writes which objects something is still to be done for, as JSON, into '*out', to be freed by
 * ovnk8s_free():
 *
 *     [{"kind": "Pod", "name": "default/red", "state": "later",
 *       "reason": "subnet 10.0.1.0/24: all 252 addresses for pods are taken, ...",
 *       "failures": 3, "since_ms": 2300, "retry_in_ms": 800}, ...]
 *
 * "state" is "ready" (to be looked at), "planned" (in a plan), "later" (tried again in
 * "retry_in_ms", which only those have) or "waiting" (for what "reason" says). "reason" is null
 * where nothing is known yet, and "since_ms" tells for how long something was to be done for it.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_watcher_pending(const ovnk8s_watcher *watcher, char **out);

/* Writes what was counted and measured since ovnk8s_watcher_new() into '*out', to be freed by
 * ovnk8s_free(), as text that Prometheus reads (exposition format 0.0.4). docs/watcher.md has the
 * list.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_watcher_metrics(const ovnk8s_watcher *watcher, char **out);

/* Lets the next steps look at all objects again, also at those that wait for their next try, and
 * compare what was written down of ports with those that there are. There is no need for it but a
 * doubt. */
OVNK8S_API void ovnk8s_watcher_resync(ovnk8s_watcher *watcher);

/* Writes what would have to be changed in the database for all objects into '*out', as
 * ovnk8s_plan_text() has it, to be freed by ovnk8s_free(): "" when all is as it should be. Nothing
 * is changed. Other than a step it waits for the database's answers, for each at most as long as
 * the timeout of that connection.
 *
 * Errors: OVNK8S_CONFLICT (not all objects were listed yet), OVNK8S_NOMEM; OVNK8S_TIMEOUT,
 * OVNK8S_UNAVAILABLE and others of ovnk8s_plan_compute(). An object that the plan cannot be made
 * for is told by a line that begins with "!". */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_watcher_plan_text(ovnk8s_watcher *watcher, char **out);

OVNK8S_END_DECLS

#endif /* watcher.h */
