/* The watcher's state, for the files of this room. */

#ifndef WATCH_PRIVATE_H
#define WATCH_PRIVATE_H

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <ovnk8s/watcher.h>

#include "base/log.h"
#include "base/wait.h"
#include "kube/kube.h"
#include "ovsdb/contain.h"
#include "ovsdb/nb.h"
#include "topology/annotation.h"
#include "topology/names.h"
#include "watch/nodes.h"
#include "watch/pods.h"

struct ovnk8s_watcher {
    ovnk8s_nb *nb;
    struct conn *conn;
    ovnk8s_kube *kube;
    char *owner;
    struct log log;
    struct kube_reflector *reflector;
    int epoll;
    struct wake_set wakes; /* Of 'conn', as registered. */

    struct pods pods;
    struct nodes nodes;
    bool pods_synced;   /* All pods were listed. */
    bool nodes_changed; /* Since the last step. */
    bool has_strays;    /* Ports without a pod may be there. */

    struct pod *due, *last_due; /* The queue of pods to be looked at. */
    size_t n_patches;           /* Under way. */
    uint64_t commits, patches, failures;
};

/* Puts the pod into the queue, unless it is in it. */
void mark_due(ovnk8s_watcher *watcher, struct pod *pod);

/* When the queue has something to do: in ms as now_ms(), INT64_MAX for never. */
int64_t next_due(const ovnk8s_watcher *watcher);

/* Looks at the pods that are due and does what each of them needs. */
void reconcile(ovnk8s_watcher *watcher);

#endif /* private.h */
