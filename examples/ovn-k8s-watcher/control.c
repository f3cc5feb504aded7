/* What the watcher tells while it runs: over its control socket, and over HTTP. */

#include <inttypes.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"
#include "watcher.h"

ovnk8s_watcher_status status_of(const struct daemon *daemon)
{
    ovnk8s_watcher_status status = {.size = sizeof status};

    cli_check(ovnk8s_watcher_get_status(daemon->watcher, &status));
    return status;
}

/* The control socket. */

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static void handle_status(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const ovnk8s_watcher_status status = status_of(payload);
    struct ds text = DS_EMPTY_INITIALIZER;

    (void)argc;
    (void)argv;
    ds_put_format(&text, "synced: %s\nnb: %s\napi: %s\n", yes_no(status.synced),
                  status.nb_connected ? "connected" : "not connected",
                  status.api_connected ? "connected" : "not connected");
    ds_put_format(&text, "leading: %s\nterm: %" PRIu64 "\n", yes_no(status.leading), status.term);
    ds_put_format(&text, "pods: %zu\nports: %zu\n", status.pods, status.ports);
    ds_put_format(&text, "pending: %zu\nplanned: %zu\nretrying: %zu\nwaiting: %zu\n",
                  status.pending, status.planned, status.retrying, status.waiting);
    ds_put_format(&text, "commits: %" PRIu64 "\npatches: %" PRIu64 "\nfailures: %" PRIu64 "\n",
                  status.commits, status.patches, status.failures);
    unixctl_command_reply(conn, ds_cstr(&text));
    ds_destroy(&text);
}

/* Replies with a text that is freed, or with the failure of making it. */
static void reply(struct unixctl_conn *conn, int error, char *text)
{
    if (error) {
        unixctl_command_reply_error(conn, ovnk8s_last_error()->message);
    } else {
        unixctl_command_reply(conn, text);
        ovnk8s_free(text);
    }
}

static void handle_pending(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const struct daemon *daemon = payload;
    char *text = NULL;
    const int error = ovnk8s_watcher_pending(daemon->watcher, &text);

    (void)argc;
    (void)argv;
    reply(conn, error, text);
}

static void handle_plan(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    struct daemon *daemon = payload;
    char *text = NULL;
    const int error = ovnk8s_watcher_plan_text(daemon->watcher, &text);

    (void)argc;
    (void)argv;
    reply(conn, error, text);
}

static void handle_metrics(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const struct daemon *daemon = payload;
    char *text = NULL;
    const int error = ovnk8s_watcher_metrics(daemon->watcher, &text);

    (void)argc;
    (void)argv;
    reply(conn, error, text);
}

static void handle_resync(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    struct daemon *daemon = payload;

    (void)argc;
    (void)argv;
    ovnk8s_watcher_resync(daemon->watcher);
    unixctl_command_reply(conn, NULL);
}

void listen_for_control(struct daemon *daemon)
{
    unixctl_command_register("status", "", 0, 0, handle_status, daemon);
    unixctl_command_register("pending", "", 0, 0, handle_pending, daemon);
    unixctl_command_register("plan", "", 0, 0, handle_plan, daemon);
    unixctl_command_register("metrics", "", 0, 0, handle_metrics, daemon);
    unixctl_command_register("resync", "", 0, 0, handle_resync, daemon);
}

/* HTTP. */

void tell_metrics(struct http_reply *http_reply, void *payload)
{
    const struct daemon *daemon = payload;
    char *text;

    if (ovnk8s_watcher_metrics(daemon->watcher, &text)) {
        http_reply->status = 500;
        return;
    }
    http_reply->body = xstrdup(text);
    ovnk8s_free(text);
}

/* As long as both ends are there: who has seen all once, and then lost one, is behind. */
void tell_ready(struct http_reply *http_reply, void *payload)
{
    const ovnk8s_watcher_status status = status_of(payload);

    if (!status.synced || !status.api_connected) {
        http_reply->status = 503;
        http_reply->body =
            xstrdup(!status.nb_connected    ? "the Northbound database cannot be reached\n"
                    : !status.api_connected ? "the API server cannot be reached\n"
                                            : "not all objects were listed yet\n");
    }
}
