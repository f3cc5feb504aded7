/* The inside of bridges, shared by the files that make one. */

#ifndef OPENFLOW_PRIVATE_H
#define OPENFLOW_PRIVATE_H

#include "openflow/bridge.h"
#include "openflow/channel.h"
#include "openflow/wire.h"

/* What a job waits for. */
enum job_state {
    JOB_NONE,
    JOB_OWN,     /* The flows of its cookie. */
    JOB_FOREIGN, /* All others, before some are added: not to overwrite one. */
    JOB_FILLED,  /* That the switch has taken each message of the bundle. */
    JOB_COMMIT,  /* That it has committed it. */
};

struct job {
    enum job_state state;
    struct bridge_work work;
    int64_t at;              /* When it has taken too long. */
    uint32_t first, awaited; /* The transaction ids of its first and of its latest message. */
    uint32_t bundle;
    struct hmap actual, foreign; /* Flows that were read. */
    size_t n_read;
    struct bridge_result result;
};

struct ovnk8s_bridge {
    struct channel channel;
    unsigned int timeout_ms;
    ovnk8s_cancel *cancel;
    struct log log;
    char reason[256]; /* Why the latest connection was lost or not made. */
    int reason_code;

    struct wire_ports ports, new_ports;
    bool has_ports;
    uint32_t ports_xid;       /* Of the request for 'new_ports'; 0: none is under way. */
    bool ports_changed_again; /* Since that request. */

    struct hmap wanted; /* The flows of the latest job. */
    uint64_t cookie;
    struct job job;
    uint32_t n_bundles;

    void (*changed)(void *payload);
    void *payload;
    char mac[MAC_TEXT];
};

/* The job of a bridge (job.c). Whether it has sent the message with this id: */
bool job_owns(const ovnk8s_bridge *bridge, uint32_t xid);

/* It ends, after a failure of the switch or with one of the connection. */
void job_fails(ovnk8s_bridge *bridge, int error);
void job_ends(ovnk8s_bridge *bridge, int error);

/* Answers, which may be meant for an earlier job. */
void job_take_flows(ovnk8s_bridge *bridge, const struct ofp_header *reply);
void job_take_barrier(ovnk8s_bridge *bridge, const struct ofp_header *reply);
void job_take_bundle_reply(ovnk8s_bridge *bridge, const struct ofp_header *reply);

#endif /* private.h */
