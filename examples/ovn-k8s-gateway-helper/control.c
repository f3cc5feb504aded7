/* What the helper tells while it runs: over its control socket, and over HTTP. */

#include <inttypes.h>

#include "helper.h"
#include "util.h"

ovnk8s_gateway_helper_status status_of(const struct daemon *daemon)
{
    ovnk8s_gateway_helper_status status = {.size = sizeof status};

    cli_check(ovnk8s_gateway_helper_get_status(daemon->helper, &status));
    return status;
}

/* The control socket. */

static void handle_status(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const ovnk8s_gateway_helper_status status = status_of(payload);
    struct ds text = DS_EMPTY_INITIALIZER;

    (void)argc;
    (void)argv;
    ds_put_format(&text, "synced: %s\nconnected: %s\ninstalled: %s\n", status.synced ? "yes" : "no",
                  status.connected ? "yes" : "no", status.installed ? "yes" : "no");
    ds_put_format(&text, "services: %zu\nflows: %zu\nforeign: %zu\n", status.services, status.flows,
                  status.foreign);
    ds_put_format(&text, "bundles: %" PRIu64 "\nfailures: %" PRIu64 "\n", status.bundles,
                  status.failures);
    tell_health_checks(payload, &text);
    if (*status.reason) {
        ds_put_format(&text, "reason: %s\n", status.reason);
    }
    unixctl_command_reply(conn, ds_cstr(&text));
    ds_destroy(&text);
}

static void handle_flows(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const struct daemon *daemon = payload;
    char *text;

    (void)argc;
    (void)argv;
    if (ovnk8s_gateway_helper_flows_text(daemon->helper, &text)) {
        unixctl_command_reply_error(conn, ovnk8s_last_error()->message);
        return;
    }
    unixctl_command_reply(conn, text);
    ovnk8s_free(text);
}

/* What they tell is there now. */
void listen_for_control(struct daemon *daemon)
{
    unixctl_command_register("status", "", 0, 0, handle_status, daemon);
    unixctl_command_register("flows", "", 0, 0, handle_flows, daemon);
}

/* HTTP. */

static void put_metric(struct ds *text, const char *name, const char *type, const char *help_line,
                       uint64_t value)
{
    ds_put_format(text,
                  "# HELP ovnk8s_gateway_helper_%s %s\n# TYPE ovnk8s_gateway_helper_%s %s\n"
                  "ovnk8s_gateway_helper_%s %" PRIu64 "\n",
                  name, help_line, name, type, name, value);
}

void tell_metrics(struct http_reply *reply, void *payload)
{
    const ovnk8s_gateway_helper_status status = status_of(payload);
    struct ds text = DS_EMPTY_INITIALIZER;

    put_metric(&text, "synced", "gauge", "All Services were seen.", status.synced);
    put_metric(&text, "bridge_connected", "gauge", "The bridge answers.", status.connected);
    put_metric(&text, "flows_installed", "gauge", "The bridge has the flows that are wanted.",
               status.installed);
    put_metric(&text, "services", "gauge", "Services with something to publish.", status.services);
    put_metric(&text, "flows", "gauge", "Flows that are wanted.", status.flows);
    put_metric(&text, "foreign_flows", "gauge", "Flows that somebody else's are in the way of.",
               status.foreign);
    put_metric(&text, "health_checks", "gauge", "Services whose health checks are answered.",
               count_health_checks(payload, true));
    put_metric(&text, "unanswered_health_checks", "gauge", "Services whose health checks are not.",
               count_health_checks(payload, false));
    put_metric(&text, "bundles_total", "counter", "Bundles committed.", status.bundles);
    put_metric(&text, "failures_total", "counter", "Failures of any kind.", status.failures);
    reply->body = ds_steal_cstr(&text);
}

void tell_ready(struct http_reply *reply, void *payload)
{
    const ovnk8s_gateway_helper_status status = status_of(payload);

    if (!status.synced || !status.installed) {
        reply->status = 503;
        reply->body = xasprintf("%s\n", *status.reason   ? status.reason
                                        : !status.synced ? "not all Services were seen yet"
                                                         : "the flows are not installed yet");
    }
}
