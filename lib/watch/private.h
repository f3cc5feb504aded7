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
#include "watch/api_absence.h"
#include "watch/lanes.h"
#include "watch/lead.h"
#include "watch/ledgers.h"
#include "watch/metrics.h"
#include "watch/node_cache.h"
#include "watch/nodes.h"
#include "watch/pods.h"
#include "watch/service_task.h"

/* What is to be done while rows of the owner's have lost their identities. */
#define RESTORED "the database was restored from a backup: run \"ovn-k8s-overlay repair\""

struct ovnk8s_watcher {
    ovnk8s_nb *nb;
    struct conn *conn;
    ovnk8s_kube *kube;
    char *owner;
    struct log log;
    struct kube_reflector *reflector;
    int epoll;
    struct wake_set wakes; /* Of 'conn', as registered. */

    struct api_absence api_absence;
    struct lead lead;
    struct event_recorder *events; /* NULL: none are told. */
    struct lanes lanes;
    struct metrics metrics;
    struct pods pods;
    struct nodes nodes;
    struct ledgers ledgers;
    struct node_cache node_cache;
    struct services services;
    bool pods_synced;   /* All pods were listed. */
    bool nodes_changed; /* Since the last step. */
    bool dry_run;       /* Nothing is changed. */
    bool has_strays;    /* Ports without a pod may be there. */
};

/* Whether all objects were listed: nothing is done before. */
static inline bool watcher_is_synced(const ovnk8s_watcher *watcher)
{
    return watcher->pods_synced && node_cache_is_synced(watcher) && services_are_synced(watcher);
}

/* Tells people who look at the object; see event_record(). */
struct event_object;
void watcher_tell_event(ovnk8s_watcher *watcher, const struct event_object *object,
                        const char *reason, const char *note);

/* A plan for the watcher's owner, which commits only while this watcher leads. Fails with
 * OVNK8S_INVALID when that cannot be one. */
int watcher_plan_new(const ovnk8s_watcher *watcher, ovnk8s_plan **out);

/* follow.c: takes over what the API server and the database say. */
int follow_start(ovnk8s_watcher *watcher);

/* Does what has to be done for all objects together after something has changed. */
void follow_step(ovnk8s_watcher *watcher);
void follow_stop(ovnk8s_watcher *watcher);

#endif /* private.h */
