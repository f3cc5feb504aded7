#include <config.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "openflow/private.h"

#include "openvswitch/ofp-bundle.h"
#include "openvswitch/ofp-util.h"

static enum ofp_version version_of(const ovnk8s_bridge *bridge)
{
    return bridge->channel.version;
}

/* The end of a job. */

void bridge_forget(ovnk8s_bridge *bridge)
{
    bridge->job.state = JOB_NONE;
    wire_set_clear(&bridge->job.actual);
    wire_set_clear(&bridge->job.foreign);
}

void job_ends(ovnk8s_bridge *bridge, int error)
{
    const struct bridge_result result = bridge->job.result;

    bridge_forget(bridge);
    bridge->job.work.done(bridge->job.work.payload, error, &result);
}

/* Changes: what is compared, and sent as a bundle. */

static bool is_right(const struct wire_flow *wanted, const struct wire_flow *actual)
{
    return !actual->has_extras && wire_actions_equal(wanted, actual);
}

/* Whether another flow than ours is for the packets of 'wanted', of which we have none. */
static bool is_taken(const ovnk8s_bridge *bridge, const struct wire_flow *wanted)
{
    return wire_set_find(&bridge->job.foreign, wanted) != NULL;
}

static void send_change(ovnk8s_bridge *bridge, uint16_t command, const struct wire_flow *flow)
{
    struct job *job = &bridge->job;

    job->awaited = channel_send(
        &bridge->channel, wire_bundle_add(version_of(bridge), job->bundle, command, flow,
                                          job->work.cookie, channel_next_xid(&bridge->channel)));
}

static void tell_foreign(const ovnk8s_bridge *bridge, const struct wire_flow *flow)
{
    _cleanup_text_ struct text text = {0};

    flow_text(&text, flow->origin, bridge->job.work.cookie);
    log_line(&bridge->log, OVNK8S_LOG_WARN,
             "%s: not added, since somebody else has a flow for the same packets: %s",
             bridge->channel.remote, text.bytes ? text.bytes : "");
}

/* Makes one flow what it should be. Counts, and with 'sends' acts; doing so a second time tells the
 * same. */
static void compare(ovnk8s_bridge *bridge, const struct wire_flow *wanted, bool sends)
{
    const struct wire_flow *actual = wire_set_find(&bridge->job.actual, wanted);
    struct bridge_result *result = &bridge->job.result;
    uint16_t command = OFPFC_ADD;

    if (actual) {
        if (is_right(wanted, actual)) {
            return;
        }
        /* Only adding anew takes away timeouts; but it begins to count packets from 0 again. */
        command = actual->has_extras ? OFPFC_ADD : OFPFC_MODIFY_STRICT;
        result->changed++;
    } else if (is_taken(bridge, wanted)) {
        result->foreign++;
        if (!sends) {
            tell_foreign(bridge, wanted);
        }
        return;
    } else {
        result->added++;
    }
    if (sends) {
        send_change(bridge, command, wanted);
    }
}

static void count_deleted(ovnk8s_bridge *bridge, bool sends)
{
    struct wire_flow *flow;

    HMAP_FOR_EACH (flow, node, &bridge->job.actual) {
        if (!wire_set_find(&bridge->wanted, flow)) {
            bridge->job.result.deleted++;
            if (sends) {
                send_change(bridge, OFPFC_DELETE_STRICT, flow);
            }
        }
    }
}

static void compare_all(ovnk8s_bridge *bridge, bool sends)
{
    const struct wire_flow *flow;

    bridge->job.result = (struct bridge_result){0};
    if (!bridge->job.work.keeps) {
        count_deleted(bridge, sends);
    }
    HMAP_FOR_EACH (flow, node, &bridge->wanted) {
        compare(bridge, flow, sends);
    }
}

/* The commit is not sent along: it would be carried out even if a change before it is refused. */
static void send_bundle(ovnk8s_bridge *bridge)
{
    struct job *job = &bridge->job;

    job->bundle = ++bridge->n_bundles;
    job->first = channel_send(&bridge->channel,
                              wire_bundle(version_of(bridge), job->bundle, OFPBCT_OPEN_REQUEST));
    compare_all(bridge, true);
    job->awaited =
        channel_send(&bridge->channel, ofputil_encode_barrier_request(version_of(bridge)));
    job->state = JOB_FILLED;
}

static void ask_flows(ovnk8s_bridge *bridge, enum job_state state, uint64_t mask)
{
    struct job *job = &bridge->job;

    job->state = state;
    job->n_read = 0;
    job->first = job->awaited = channel_send(
        &bridge->channel, wire_ask_flows(version_of(bridge), mask & job->work.cookie, mask));
}

static void own_flows_are_known(ovnk8s_bridge *bridge)
{
    const struct bridge_result *result = &bridge->job.result;

    compare_all(bridge, false);
    if (result->added) {
        ask_flows(bridge, JOB_FOREIGN, 0);
    } else if (result->changed || result->deleted) {
        send_bundle(bridge);
    } else {
        job_ends(bridge, 0);
    }
}

static void foreign_flows_are_known(ovnk8s_bridge *bridge)
{
    const struct bridge_result *result = &bridge->job.result;

    compare_all(bridge, false);
    if (result->added || result->changed || result->deleted) {
        send_bundle(bridge);
    } else {
        job_ends(bridge, 0);
    }
}

static void commit(ovnk8s_bridge *bridge)
{
    bridge->job.state = JOB_COMMIT;
    bridge->job.awaited =
        channel_send(&bridge->channel,
                     wire_bundle(version_of(bridge), bridge->job.bundle, OFPBCT_COMMIT_REQUEST));
}

/* Beginning a job. */

static int compile(ovnk8s_bridge *bridge, const struct flow_list *wanted)
{
    int error = 0;

    wire_set_clear(&bridge->wanted);
    for (size_t i = 0; !error && i < wanted->n; i++) {
        error = wire_compile(&bridge->wanted, &wanted->flows[i], &bridge->ports);
    }
    return error;
}

void bridge_apply(ovnk8s_bridge *bridge, const struct bridge_work *work)
{
    const int error = compile(bridge, work->wanted);

    bridge->cookie = work->cookie;
    bridge->job.work = *work;
    bridge->job.at = deadline_in(bridge->timeout_ms, NULL).at;
    bridge->job.result = (struct bridge_result){0};
    if (error) {
        job_ends(bridge, error);
    } else {
        ask_flows(bridge, JOB_OWN, UINT64_MAX);
    }
}

bool bridge_is_busy(const ovnk8s_bridge *bridge)
{
    return bridge->job.state != JOB_NONE;
}

/* Answers. */

bool job_owns(const ovnk8s_bridge *bridge, uint32_t xid)
{
    const struct job *job = &bridge->job;

    return job->state != JOB_NONE && xid - job->first <= job->awaited - job->first;
}

void job_fails(ovnk8s_bridge *bridge, int error)
{
    if (bridge->job.state == JOB_FILLED) {
        channel_send(&bridge->channel,
                     wire_bundle(version_of(bridge), bridge->job.bundle, OFPBCT_DISCARD_REQUEST));
    }
    job_ends(bridge, error);
}

void job_take_flows(ovnk8s_bridge *bridge, const struct ofp_header *reply)
{
    struct job *job = &bridge->job;
    const bool own = job->state == JOB_OWN;
    int error;

    if ((!own && job->state != JOB_FOREIGN) || ntohl(reply->xid) != job->awaited) {
        return;
    }
    error = wire_flows_read(own ? &job->actual : &job->foreign, own ? NULL : &bridge->wanted, reply,
                            &job->n_read);
    if (error) {
        job_fails(bridge, error);
    } else if (ofpmp_more(reply)) {
        return;
    } else if (own) {
        own_flows_are_known(bridge);
    } else {
        foreign_flows_are_known(bridge);
    }
}

void job_take_bundle_reply(ovnk8s_bridge *bridge, const struct ofp_header *reply)
{
    struct ofputil_bundle_ctrl_msg control;

    if (bridge->job.state != JOB_COMMIT || ntohl(reply->xid) != bridge->job.awaited) {
        return; /* That it was opened. */
    }
    if (ofputil_decode_bundle_ctrl(reply, &control) || control.type != OFPBCT_COMMIT_REPLY) {
        job_ends(bridge, fail(OVNK8S_PROTOCOL, "the switch's answer to a bundle makes no sense"));
    } else {
        job_ends(bridge, 0);
    }
}

void job_take_barrier(ovnk8s_bridge *bridge, const struct ofp_header *reply)
{
    if (bridge->job.state == JOB_FILLED && ntohl(reply->xid) == bridge->job.awaited) {
        commit(bridge);
    }
}
