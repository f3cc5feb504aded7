/* ovn-k8s-watcher: the daemon that gives the pods of a cluster their ports. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ovnk8s/ovnk8s.h>

#include "openvswitch/dynamic-string.h"
#include "ovsd.h"
#include "util.h"

static const char help[] =
    "usage: ovn-k8s-watcher --overlay [OPTION...]\n"
    "\n"
    "Follows the pods of a Kubernetes API server and gives each of them a logical port of OVN and "
    "an\n"
    "annotation that tells its address. Runs until it is told to exit.\n"
    "\n"
    "  --overlay              containers run on the hosts of Open vSwitch themselves\n" //
    OVSD_OPTIONS_HELP CLI_OPTIONS_HELP "\n"
    "Daemon options, as all daemons of Open vSwitch have them:\n"
    "  --detach               run in the background, once all is connected\n"
    "  --monitor              with --detach: start again after a crash\n"
    "  --no-chdir             with --detach: stay in this folder\n"
    "  --pidfile[=FILE]       write the process id (default: $OVS_RUNDIR/ovn-k8s-watcher.pid)\n"
    "  --overwrite-pidfile    even if another one is running\n"
    "  --log-file[=FILE]      write a log (default: $OVS_LOGDIR/ovn-k8s-watcher.log)\n"
    "  -v, --verbose[=[MODULE:][DESTINATION:]LEVEL]\n"
    "                         what to log, such as -vfile:info or -vconsole:emer\n"
    "  --unixctl=SOCKET       control socket (default: in $OVS_RUNDIR)\n"
    "\n"
    "While it runs: ovs-appctl -t ovn-k8s-watcher status|exit|vlog/set|version\n"
    "\n"
    "Exit status: 0 told to exit, 1 failed, 2 wrong usage.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-watcher --overlay --pidfile --log-file -vfile:info -vconsole:emer --detach\n"
    "  ovn-k8s-watcher --overlay --kubeconfig ~/.kube/config --nb tcp:10.0.0.1:6641\n";

enum {
    OPTION_OVERLAY = CLI_OPTION_OWN,
};

static const struct option long_options[] = {
    {"overlay", no_argument, NULL, OPTION_OVERLAY},
    OVSD_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* What the daemon consists of. */
struct daemon {
    struct ovsd ovsd;
    bool is_overlay;
    ovnk8s_nb *nb;
    ovnk8s_kube *kube;
    ovnk8s_watcher *watcher;
};

/* Parsing. */

static bool take_option(int option, void *payload)
{
    struct daemon *daemon = payload;

    switch (option) {
    case OPTION_OVERLAY:
        daemon->is_overlay = true;
        break;
    default:
        return false;
    }
    return true;
}

static void parse(struct daemon *daemon, int argc, char *argv[])
{
    ovsd_parse(&daemon->ovsd, argc, argv, long_options, take_option, daemon);
    if (!daemon->is_overlay) {
        cli_usage("--overlay is missing");
    }
}

/* The control socket. */

static void handle_status(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    const struct daemon *daemon = payload;
    ovnk8s_watcher_status status = {.size = sizeof status};
    struct ds text = DS_EMPTY_INITIALIZER;

    (void)argc;
    (void)argv;
    if (ovnk8s_watcher_get_status(daemon->watcher, &status)) {
        unixctl_command_reply_error(conn, ovnk8s_last_error()->message);
        return;
    }
    ds_put_format(&text, "synced: %s\npods: %zu\nports: %zu\npending: %zu\n",
                  status.synced ? "yes" : "no", status.pods, status.ports, status.pending);
    ds_put_format(&text, "commits: %" PRIu64 "\npatches: %" PRIu64 "\nfailures: %" PRIu64 "\n",
                  status.commits, status.patches, status.failures);
    unixctl_command_reply(conn, ds_cstr(&text));
    ds_destroy(&text);
}

static void listen_for_control(struct daemon *daemon)
{
    ovsd_listen(&daemon->ovsd);
    unixctl_command_register("status", "", 0, 0, handle_status, daemon);
}

/* HTTP. */

static void tell_metrics(struct http_reply *reply, void *payload)
{
    const struct daemon *daemon = payload;
    ovnk8s_watcher_status status = {.size = sizeof status};

    cli_check(ovnk8s_watcher_get_status(daemon->watcher, &status));
    reply->body = xasprintf("# TYPE ovnk8s_watcher_pods gauge\novnk8s_watcher_pods %zu\n"
                            "# TYPE ovnk8s_watcher_pending gauge\novnk8s_watcher_pending %zu\n",
                            status.pods, status.pending);
}

static void tell_ready(struct http_reply *reply, void *payload)
{
    const struct daemon *daemon = payload;
    ovnk8s_watcher_status status = {.size = sizeof status};

    cli_check(ovnk8s_watcher_get_status(daemon->watcher, &status));
    reply->status = status.synced ? 200 : 503;
}

/* Running. */

static void connect_all(struct daemon *daemon)
{
    ovnk8s_watcher_options options = OVNK8S_WATCHER_OPTIONS_INIT;
    ovnk8s_vswitch *vswitch;

    ovnk8s_settings_set_log(daemon->ovsd.cli.settings, ovsd_log, NULL);
    options.log = ovsd_log;
    cli_check(ovnk8s_settings_open_vswitch(daemon->ovsd.cli.settings, &vswitch));
    ovnk8s_vswitch_close(vswitch); /* It was for its external_ids. */
    cli_check(ovnk8s_settings_open_nb(daemon->ovsd.cli.settings, &daemon->nb));
    cli_check(ovnk8s_settings_open_kube(daemon->ovsd.cli.settings, &daemon->kube));
    /* A wrong address or token is told now, and not only to the log. */
    cli_check(ovnk8s_kube_get(daemon->kube, "/api/v1/pods?limit=1", NULL));
    cli_check(ovnk8s_watcher_new(&daemon->watcher, daemon->nb, daemon->kube, &options));
}

static void step(void *watcher)
{
    ovnk8s_watcher_step(watcher);
}

static int fd_of(void *watcher)
{
    return ovnk8s_watcher_fd(watcher);
}

static int timeout_of(void *watcher)
{
    return ovnk8s_watcher_timeout(watcher);
}

static void disconnect_all(struct daemon *daemon)
{
    ovnk8s_watcher_free(daemon->watcher);
    ovnk8s_kube_close(daemon->kube);
    ovnk8s_nb_close(daemon->nb);
    ovsd_end(&daemon->ovsd);
}

int main(int argc, char *argv[])
{
    struct daemon daemon = {.ovsd.cli.help = help};
    const struct ovsd_health health = {tell_metrics, tell_ready, &daemon};

    ovsd_begin(&daemon.ovsd, argc, argv);
    parse(&daemon, argc, argv);
    daemonize_start(false);
    listen_for_control(&daemon);
    connect_all(&daemon);
    ovsd_answer(&daemon.ovsd, &health);
    daemonize_complete();
    ovsd_run(&daemon.ovsd, &(struct ovsd_work){daemon.watcher, step, fd_of, timeout_of});
    disconnect_all(&daemon);
    return CLI_OK;
}
