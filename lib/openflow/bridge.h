/* A bridge whose flows of one cookie are kept as wanted: what ovnk8s_bridge is inside.
 *
 * A job reads the flows of the cookie, compares, and sends what differs as one bundle, which the
 * switch takes as a whole or not at all. The asynchronous core is bridge_apply() and bridge_step();
 * the blocking calls of the public header loop around the latter. */

#ifndef OPENFLOW_BRIDGE_H
#define OPENFLOW_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <ovnk8s/flows.h>

#include "base/ip.h"
#include "base/log.h"
#include "base/wait.h"
#include "openflow/flow.h"

/* What a job has done. */
struct bridge_result {
    size_t added, changed, deleted;
    size_t foreign; /* Flows that are not there since somebody else has one for the same packets. */
};

/* Receives the end of a job: 'error' 0, or with the failure recorded. */
typedef void bridge_done_fn(void *payload, int error, const struct bridge_result *result);

/* As ovnk8s_bridge_open(), but waits for nothing. */
int bridge_new(ovnk8s_bridge **out, const char *remote, const ovnk8s_connect_options *options);

/* Does what can be done without waiting, and calls back. */
void bridge_step(ovnk8s_bridge *bridge);

/* What to wait for until then: as channel.h has it. */
int bridge_fd(const ovnk8s_bridge *bridge);
short bridge_events(const ovnk8s_bridge *bridge);
int64_t bridge_deadline(const ovnk8s_bridge *bridge);

/* Whether it is connected and its ports are known. */
bool bridge_is_ready(const ovnk8s_bridge *bridge);

/* Why it is not, in one line; "" before the first attempt. */
const char *bridge_reason(const ovnk8s_bridge *bridge);
const char *bridge_remote(const ovnk8s_bridge *bridge);

/* The MAC address of the bridge's own port, while it is ready; NULL if there is none. */
const struct mac *bridge_mac(const ovnk8s_bridge *bridge);

/* What a job is to do. */
struct bridge_work {
    const struct flow_list *wanted; /* Has to stay until 'done' was called. */
    uint64_t cookie;                /* Of these flows, and of no others. */
    bool keeps;                     /* Other flows of the cookie stay. */
    bridge_done_fn *done;
    void *payload;
};

/* Begins a job; the bridge is ready, and has no other. One that takes longer than the connection's
 * timeout ends it. */
void bridge_apply(ovnk8s_bridge *bridge, const struct bridge_work *work);
bool bridge_is_busy(const ovnk8s_bridge *bridge);

/* Gives up the job, if there is one; 'done' is not called. */
void bridge_forget(ovnk8s_bridge *bridge);

/* From now on calls 'changed' when the flows of the latest job may be others than it has left:
 * after connecting again, when ports have changed, and when somebody else changes flows of the
 * cookie or for the same packets. NULL ends that. */
void bridge_watch(ovnk8s_bridge *bridge, void (*changed)(void *payload), void *payload);

/* Blocking: does 'work', whose 'done' and 'payload' are not used. */
int bridge_run(ovnk8s_bridge *bridge, const struct bridge_work *work, struct bridge_result *result);

#endif /* bridge.h */
