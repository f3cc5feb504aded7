/* ovn-k8s-watcher: the daemon that gives the pods of a cluster their ports. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ovnk8s/ovnk8s.h>

#include "cli.h"
#include "command-line.h"
#include "daemon.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "unixctl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(watcher);

static const char help[] =
    "usage: ovn-k8s-watcher --overlay [OPTION...]\n"
    "\n"
    "Follows the pods of a Kubernetes API server and gives each of them a logical port of OVN and "
    "an\n"
    "annotation that tells its address. Runs until it is told to exit.\n"
    "\n"
    "  --overlay              containers run on the hosts of Open vSwitch themselves\n" //
    CLI_OPTIONS_HELP "\n"
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
    OPTION_UNIXCTL,
    VLOG_OPTION_ENUMS,
    DAEMON_OPTION_ENUMS,
};

static const struct option long_options[] = {
    {"overlay", no_argument, NULL, OPTION_OVERLAY},
    {"unixctl", required_argument, NULL, OPTION_UNIXCTL},
    VLOG_LONG_OPTIONS,
    DAEMON_LONG_OPTIONS,
    CLI_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* What the daemon consists of. */
struct daemon {
    struct cli cli;
    const char *unixctl_path;
    bool is_overlay, exits;
    struct unixctl_server *unixctl;
    ovnk8s_nb *nb;
    ovnk8s_kube *kube;
    ovnk8s_watcher *watcher;
};

/* Parsing. */

static void take_option(struct daemon *daemon, int option)
{
    switch (option) {
    case OPTION_OVERLAY:
        daemon->is_overlay = true;
        break;
    case OPTION_UNIXCTL:
        daemon->unixctl_path = optarg;
        break;
        VLOG_OPTION_HANDLERS
        DAEMON_OPTION_HANDLERS
    default:
        cli_option(&daemon->cli, option);
    }
}

static void parse(struct daemon *daemon, int argc, char *argv[])
{
    char *short_options = ovs_cmdl_long_options_to_short_options(long_options);
    int option;

    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        take_option(daemon, option);
    }
    free(short_options);
    cli_options_end(&daemon->cli, argv + optind);
    if (!daemon->is_overlay) {
        cli_usage("--overlay is missing");
    }
}

/* Logging. */

static void log_line(enum ovnk8s_log_level level, const char *message, void *payload)
{
    static const enum vlog_level levels[] = {
        [OVNK8S_LOG_ERROR] = VLL_ERR,
        [OVNK8S_LOG_WARN] = VLL_WARN,
        [OVNK8S_LOG_INFO] = VLL_INFO,
        [OVNK8S_LOG_DEBUG] = VLL_DBG,
    };

    (void)payload;
    VLOG(levels[level], "%s", message);
}

/* The control socket. */

static void handle_exit(struct unixctl_conn *conn, int argc, const char *argv[], void *payload)
{
    struct daemon *daemon = payload;

    (void)argc;
    (void)argv;
    daemon->exits = true;
    unixctl_command_reply(conn, NULL);
}

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
    if (unixctl_server_create(daemon->unixctl_path, &daemon->unixctl)) {
        exit(CLI_FAILED); /* The log has told why. */
    }
    unixctl_command_register("exit", "", 0, 0, handle_exit, daemon);
    unixctl_command_register("status", "", 0, 0, handle_status, daemon);
}

/* Running. */

static void connect_all(struct daemon *daemon)
{
    ovnk8s_watcher_options options = OVNK8S_WATCHER_OPTIONS_INIT;
    ovnk8s_vswitch *vswitch;

    ovnk8s_settings_set_log(daemon->cli.settings, log_line, NULL);
    options.log = log_line;
    cli_check(ovnk8s_settings_open_vswitch(daemon->cli.settings, &vswitch));
    ovnk8s_vswitch_close(vswitch); /* It was for its external_ids. */
    cli_check(ovnk8s_settings_open_nb(daemon->cli.settings, &daemon->nb));
    cli_check(ovnk8s_settings_open_kube(daemon->cli.settings, &daemon->kube));
    /* A wrong address or token is told now, and not only to the log. */
    cli_check(ovnk8s_kube_get(daemon->kube, "/api/v1/pods?limit=1", NULL));
    cli_check(ovnk8s_watcher_new(&daemon->watcher, daemon->nb, daemon->kube, &options));
}

static void run(struct daemon *daemon)
{
    while (!daemon->exits) {
        int timeout;

        ovnk8s_watcher_step(daemon->watcher);
        unixctl_server_run(daemon->unixctl);
        unixctl_server_wait(daemon->unixctl);
        poll_fd_wait(ovnk8s_watcher_fd(daemon->watcher), POLLIN);
        timeout = ovnk8s_watcher_timeout(daemon->watcher);
        if (timeout >= 0) {
            poll_timer_wait(timeout);
        }
        if (daemon->exits) {
            poll_immediate_wake();
        }
        poll_block();
    }
    unixctl_server_run(daemon->unixctl); /* Sends the reply to "exit". */
}

static void disconnect_all(struct daemon *daemon)
{
    ovnk8s_watcher_free(daemon->watcher);
    ovnk8s_kube_close(daemon->kube);
    ovnk8s_nb_close(daemon->nb);
    unixctl_server_destroy(daemon->unixctl);
    ovnk8s_settings_free(daemon->cli.settings);
}

int main(int argc, char *argv[])
{
    struct daemon daemon = {.cli.help = help};

    ovs_cmdl_proctitle_init(argc, argv);
    ovs_set_program_name(argv[0], OVNK8S_VERSION);
    cli_check(ovnk8s_settings_new(&daemon.cli.settings));
    parse(&daemon, argc, argv);
    daemonize_start(false);
    listen_for_control(&daemon);
    connect_all(&daemon);
    daemonize_complete();
    VLOG_INFO("%s %s started", program_name, ovnk8s_version());
    run(&daemon);
    VLOG_INFO("told to exit");
    disconnect_all(&daemon);
    return CLI_OK;
}
