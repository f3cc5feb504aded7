#include <ovnk8s/watcher.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptor.h"
#include "base/options.h"
#include "base/wake.h"
#include "ovsdb/wakes.h"
#include "watch/event_recorder.h"
#include "watch/private.h"

void ovnk8s_watcher_options_init(ovnk8s_watcher_options *options)
{
    *options = (ovnk8s_watcher_options)OVNK8S_WATCHER_OPTIONS_INIT;
}

/* Waking up. */

static void register_wakes(ovnk8s_watcher *watcher)
{
    conn_register_wakes(watcher->conn, watcher->epoll, &watcher->wakes);
    wake_register(watcher->epoll, kube_fd(watcher->kube), POLLIN);
}

int ovnk8s_watcher_fd(const ovnk8s_watcher *watcher)
{
    return watcher->epoll;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int ovnk8s_watcher_timeout(const ovnk8s_watcher *watcher)
{
    int64_t at = watcher->dry_run ? INT64_MAX : lanes_wake_at(watcher);

    at = earlier(at, watcher->wakes.at);
    at = earlier(at, kube_deadline(watcher->kube));
    at = earlier(at, lead_wakes_at(watcher));
    return wake_timeout(watcher->events ? earlier(at, event_recorder_deadline(watcher->events))
                                        : at);
}

void ovnk8s_watcher_step(ovnk8s_watcher *watcher)
{
    conn_step(watcher->conn);
    if (kube_step(watcher->kube)) {
        log_line(&watcher->log, OVNK8S_LOG_ERROR, "%s", ovnk8s_last_error()->message);
    }
    api_step(watcher);
    lead_step(watcher);
    if (watcher_is_synced(watcher) && conn_is_current(watcher->conn)) {
        follow_step(watcher);
    }
    if (!watcher->dry_run) {
        lanes_step(watcher);
        event_recorder_step(watcher->events);
    }
    register_wakes(watcher);
}

/* Life. */

int watcher_plan_new(const ovnk8s_watcher *watcher, ovnk8s_plan **out)
{
    const ovnk8s_plan_options options = {.size = sizeof options, .owner = watcher->owner};
    int error = ovnk8s_plan_new(out, &options);

    error = error || !lead_may_write(watcher) ? error : lead_require(watcher, *out);
    if (error) {
        ovnk8s_plan_free(*out);
        *out = NULL;
    }
    return error;
}

void watcher_tell_event(ovnk8s_watcher *watcher, const struct event_object *object,
                        const char *reason, const char *note)
{
    if (watcher->events) {
        event_record(watcher->events, object, reason, note);
    }
}

static int check_owner(const ovnk8s_watcher *watcher)
{
    _cleanup_plan_ ovnk8s_plan *plan = NULL;

    return watcher_plan_new(watcher, &plan);
}

static int start(ovnk8s_watcher *watcher, const ovnk8s_watcher_options *options)
{
    const struct event_recorder_options events = {.log = watcher->log};
    int error = check_owner(watcher);

    error = error ? error : event_recorder_new(&watcher->events, watcher->kube, &events);
    error = error ? error : lead_start(watcher, options);
    if (error) {
        return error;
    }
    watcher->epoll = descriptor_aside(epoll_create1(EPOLL_CLOEXEC));
    if (watcher->epoll < 0) {
        return fail_errno(errno, "epoll_create1");
    }
    error = follow_start(watcher);
    if (!error) {
        register_wakes(watcher);
    }
    return error;
}

int ovnk8s_watcher_new(ovnk8s_watcher **out, ovnk8s_nb *nb, ovnk8s_kube *kube,
                       const ovnk8s_watcher_options *theirs)
{
    ovnk8s_watcher_options options = OVNK8S_WATCHER_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    ovnk8s_watcher *watcher;

    *out = NULL;
    if (error) {
        return error;
    }
    watcher = calloc(1, sizeof *watcher);
    if (!watcher) {
        return fail_nomem();
    }
    watcher->nb = nb;
    watcher->conn = nb_conn(nb);
    watcher->kube = kube;
    watcher->log = (struct log){options.log, options.log_payload};
    watcher->dry_run = options.dry_run;
    watcher->node_cache.is_managed = options.manage_nodes;
    watcher->pods.with_networks = options.legacy_annotation;
    watcher->epoll = -1;
    watcher->owner = strdup(options.owner ? options.owner : OVNK8S_DEFAULT_OWNER);
    watcher->pods.owner = watcher->nodes.owner = watcher->owner;
    error = watcher->owner ? start(watcher, &options) : fail_nomem();
    if (error) {
        ovnk8s_watcher_free(watcher);
        return error;
    }
    *out = watcher;
    return 0;
}

void ovnk8s_watcher_free(ovnk8s_watcher *watcher)
{
    if (!watcher) {
        return;
    }
    follow_stop(watcher);
    lanes_clear(&watcher->lanes);
    event_recorder_free(watcher->events);
    lead_stop(watcher);
    pods_clear(&watcher->pods);
    services_clear(watcher);
    nodes_clear(&watcher->nodes);
    ledgers_clear(&watcher->ledgers);
    node_cache_clear(&watcher->node_cache);
    if (watcher->epoll >= 0) {
        close(watcher->epoll);
    }
    free(watcher->owner);
    free(watcher);
}
