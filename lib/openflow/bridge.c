#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "openflow/private.h"

static enum ofp_version version_of(const ovnk8s_bridge *bridge)
{
    return bridge->channel.version;
}

static void tell_changed(const ovnk8s_bridge *bridge)
{
    if (bridge->changed) {
        bridge->changed(bridge->payload);
    }
}

/* Ports. */

static void ask_ports(ovnk8s_bridge *bridge)
{
    if (bridge->ports_xid) {
        bridge->ports_changed_again = true;
        return;
    }
    wire_ports_clear(&bridge->new_ports);
    bridge->ports_changed_again = false;
    bridge->ports_xid = channel_send(&bridge->channel, wire_ask_ports(version_of(bridge)));
}

static void take_ports(ovnk8s_bridge *bridge, const struct ofp_header *reply)
{
    const int error = wire_ports_read(&bridge->new_ports, reply);

    if (error) {
        channel_break(&bridge->channel, error);
    } else if (!ofpmp_more(reply)) {
        wire_ports_clear(&bridge->ports);
        bridge->ports = bridge->new_ports;
        bridge->new_ports = (struct wire_ports){0};
        bridge->ports_xid = 0;
        bridge->has_ports = true;
        if (bridge->ports_changed_again) {
            ask_ports(bridge);
        } else {
            tell_changed(bridge);
        }
    }
}

/* Messages. */

static void take_error(ovnk8s_bridge *bridge, const struct ofp_header *message)
{
    const int error = wire_fail(message);

    if (job_owns(bridge, ntohl(message->xid))) {
        job_fails(bridge, error);
    } else if (ntohl(message->xid) == bridge->ports_xid) {
        channel_break(&bridge->channel, error);
    } else {
        log_line(&bridge->log, OVNK8S_LOG_WARN, "%s: %s", bridge->channel.remote,
                 ovnk8s_last_error()->message);
    }
}

static void take_news(ovnk8s_bridge *bridge, const struct ofp_header *message)
{
    bool concerns_us;
    const int error = wire_monitor_read(message, bridge->cookie, &bridge->wanted, &concerns_us);

    if (error) {
        channel_break(&bridge->channel, error);
    } else if (concerns_us) {
        tell_changed(bridge);
    }
}

static void take_message(void *payload, enum ofptype type, const struct ofp_header *message)
{
    ovnk8s_bridge *bridge = payload;
    const uint32_t xid = ntohl(message->xid);

    switch ((int)type) {
    case OFPTYPE_ERROR:
        take_error(bridge, message);
        break;
    case OFPTYPE_PORT_DESC_STATS_REPLY:
        if (bridge->ports_xid && xid == bridge->ports_xid) {
            take_ports(bridge, message);
        }
        break;
    case OFPTYPE_PORT_STATUS:
        ask_ports(bridge);
        break;
    case OFPTYPE_FLOW_STATS_REPLY:
        job_take_flows(bridge, message);
        break;
    case OFPTYPE_BARRIER_REPLY:
        job_take_barrier(bridge, message);
        break;
    case OFPTYPE_BUNDLE_CONTROL:
        job_take_bundle_reply(bridge, message);
        break;
    case OFPTYPE_FLOW_MONITOR_STATS_REPLY:
        take_news(bridge, message);
        break;
    case OFPTYPE_FLOW_MONITOR_PAUSED: /* RESUMED follows, with what was missed. */
    case OFPTYPE_FLOW_MONITOR_RESUMED:
        tell_changed(bridge);
        break;
    default:
        break;
    }
}

/* What a later version of Open vSwitch tells of its own accord may be unknown; but an answer has to
 * be one. */
static void take_strange(void *payload, const struct ofp_header *message)
{
    ovnk8s_bridge *bridge = payload;
    const uint32_t xid = ntohl(message->xid);

    if (job_owns(bridge, xid)) {
        job_fails(bridge, fail(OVNK8S_PROTOCOL, "the switch's answer makes no sense"));
    } else if (bridge->ports_xid && xid == bridge->ports_xid) {
        channel_break(&bridge->channel,
                      fail(OVNK8S_PROTOCOL, "the switch's description of its ports is broken"));
    }
}

/* Connections. */

static void ask_for_news(ovnk8s_bridge *bridge)
{
    channel_send(&bridge->channel, wire_ask_port_status(version_of(bridge)));
    channel_send(&bridge->channel, wire_ask_packet_length(version_of(bridge)));
    channel_send(&bridge->channel, wire_ask_monitor(version_of(bridge)));
}

static void opened(void *payload)
{
    ovnk8s_bridge *bridge = payload;

    log_line(&bridge->log, OVNK8S_LOG_INFO, "%s: connected", bridge->channel.remote);
    if (bridge->changed) {
        ask_for_news(bridge);
    }
    ask_ports(bridge);
}

static void closed(void *payload, int error)
{
    ovnk8s_bridge *bridge = payload;

    snprintf(bridge->reason, sizeof bridge->reason, "%s", ovnk8s_last_error()->message);
    bridge->reason_code = error;
    if (bridge->has_ports) {
        log_line(&bridge->log, OVNK8S_LOG_WARN, "%s: connection lost: %s", bridge->channel.remote,
                 bridge->reason);
    }
    bridge->has_ports = false;
    bridge->ports_xid = 0;
    if (bridge->job.state != JOB_NONE) {
        job_ends(bridge, error);
    }
}

void bridge_watch(ovnk8s_bridge *bridge, void (*changed)(void *payload), void *payload)
{
    const bool asks = changed && !bridge->changed && bridge->channel.state == CHANNEL_OPEN;

    bridge->changed = changed;
    bridge->payload = payload;
    if (asks) {
        ask_for_news(bridge);
    }
}

void bridge_step(ovnk8s_bridge *bridge)
{
    channel_step(&bridge->channel);
    if (bridge_is_busy(bridge) && now_ms() >= bridge->job.at) {
        /* Its answers would come at another time. */
        channel_break(&bridge->channel, fail(OVNK8S_TIMEOUT, "the switch does not answer"));
    }
}

int bridge_fd(const ovnk8s_bridge *bridge)
{
    return channel_fd(&bridge->channel);
}

short bridge_events(const ovnk8s_bridge *bridge)
{
    return channel_events(&bridge->channel);
}

int64_t bridge_deadline(const ovnk8s_bridge *bridge)
{
    const int64_t at = channel_deadline(&bridge->channel);

    return bridge_is_busy(bridge) && bridge->job.at < at ? bridge->job.at : at;
}

bool bridge_is_ready(const ovnk8s_bridge *bridge)
{
    return bridge->has_ports;
}

const char *bridge_reason(const ovnk8s_bridge *bridge)
{
    return bridge->reason;
}

const char *bridge_remote(const ovnk8s_bridge *bridge)
{
    return bridge->channel.remote;
}

const struct mac *bridge_mac(const ovnk8s_bridge *bridge)
{
    const struct wire_port *local;

    return bridge->has_ports && !wire_ports_find(&bridge->ports, FLOW_LOCAL, &local) ? &local->mac
                                                                                     : NULL;
}

const char *ovnk8s_bridge_mac(ovnk8s_bridge *bridge)
{
    const struct mac *mac = bridge_mac(bridge);

    return mac ? mac_to_text(mac, bridge->mac) : NULL;
}

/* Blocking calls. */

static int wait_a_step(ovnk8s_bridge *bridge, const struct deadline *deadline)
{
    struct pollfd fds[2] = {{.fd = bridge_fd(bridge), .events = bridge_events(bridge)}};

    return deadline_poll(deadline, fds, 1, bridge_deadline(bridge));
}

/* What trying again cannot mend. */
static bool is_hopeless(const ovnk8s_bridge *bridge)
{
    return bridge->reason_code && bridge->reason_code != OVNK8S_UNAVAILABLE &&
           bridge->reason_code != OVNK8S_TIMEOUT;
}

static int wait_ready(ovnk8s_bridge *bridge, const struct deadline *deadline)
{
    int error = 0;

    bridge->reason_code = 0;
    for (;;) {
        bridge_step(bridge);
        if (bridge_is_ready(bridge)) {
            return 0;
        }
        if (is_hopeless(bridge)) {
            error = fail(bridge->reason_code, "%s", bridge->reason);
            break;
        }
        error = wait_a_step(bridge, deadline);
        if (error == OVNK8S_TIMEOUT && *bridge->reason) {
            error = fail(OVNK8S_TIMEOUT, "timed out: %s", bridge->reason);
        }
        if (error) {
            break;
        }
    }
    return fail_during(error, "connect", bridge->channel.remote, "connecting to the bridge at %s",
                       bridge->channel.remote);
}

/* The end of a blocking job. */
struct ending {
    bool came;
    int error;
    struct bridge_result result;
};

static void job_done(void *payload, int error, const struct bridge_result *result)
{
    *(struct ending *)payload = (struct ending){true, error, *result};
}

static int run_once(ovnk8s_bridge *bridge, const struct bridge_work *theirs,
                    const struct deadline *deadline, struct bridge_result *result)
{
    struct ending ending = {.came = false};
    struct bridge_work work = *theirs;
    int error = 0;

    work.done = job_done;
    work.payload = &ending;
    bridge_apply(bridge, &work);
    while (!ending.came && !error) {
        bridge_step(bridge);
        error = ending.came ? 0 : wait_a_step(bridge, deadline);
    }
    if (!ending.came) {
        bridge_forget(bridge);
        channel_break(&bridge->channel, error);
        return error;
    }
    *result = ending.result;
    return ending.error;
}

int bridge_run(ovnk8s_bridge *bridge, const struct bridge_work *work, struct bridge_result *result)
{
    const struct deadline deadline = deadline_in(bridge->timeout_ms, bridge->cancel);
    int error;

    do {
        bridge_step(bridge); /* A connection that was lost while nobody looked is not ready. */
        error = wait_ready(bridge, &deadline);
        if (error) {
            return error;
        }
        error = run_once(bridge, work, &deadline, result);
    } while (error == OVNK8S_UNAVAILABLE && deadline_left(&deadline));
    return error ? fail_during(error, "flows", bridge->channel.remote, "flows of the bridge at %s",
                               bridge->channel.remote)
                 : 0;
}

/* Life. */

int bridge_new(ovnk8s_bridge **out, const char *remote, const ovnk8s_connect_options *theirs)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    struct channel_handler handler = {opened, take_message, take_strange, closed, NULL};
    ovnk8s_bridge *bridge;

    *out = NULL;
    if (error) {
        return error;
    }
    bridge = calloc(1, sizeof *bridge);
    if (!bridge) {
        return fail_nomem();
    }
    bridge->timeout_ms = options.timeout_ms;
    bridge->cancel = options.cancel;
    bridge->log = (struct log){options.log, options.log_payload};
    hmap_init(&bridge->wanted);
    hmap_init(&bridge->job.actual);
    hmap_init(&bridge->job.foreign);
    handler.payload = bridge;
    error = channel_init(&bridge->channel, remote, &handler);
    if (error) {
        ovnk8s_bridge_close(bridge);
        return error;
    }
    *out = bridge;
    return 0;
}

int ovnk8s_bridge_open(ovnk8s_bridge **out, const char *remote,
                       const ovnk8s_connect_options *options)
{
    ovnk8s_bridge *bridge;
    int error = bridge_new(&bridge, remote, options);

    *out = NULL;
    if (error) {
        return error;
    }
    const struct deadline deadline = deadline_in(bridge->timeout_ms, bridge->cancel);

    error = wait_ready(bridge, &deadline);
    if (error) {
        ovnk8s_bridge_close(bridge);
        return error;
    }
    *out = bridge;
    return 0;
}

void ovnk8s_bridge_close(ovnk8s_bridge *bridge)
{
    if (!bridge) {
        return;
    }
    bridge_forget(bridge);
    channel_clear(&bridge->channel);
    wire_ports_clear(&bridge->ports);
    wire_ports_clear(&bridge->new_ports);
    wire_set_clear(&bridge->wanted);
    hmap_destroy(&bridge->wanted);
    hmap_destroy(&bridge->job.actual);
    hmap_destroy(&bridge->job.foreign);
    free(bridge);
}

void ovnk8s_bridge_set_timeout(ovnk8s_bridge *bridge, unsigned int timeout_ms)
{
    bridge->timeout_ms = timeout_ms;
}
