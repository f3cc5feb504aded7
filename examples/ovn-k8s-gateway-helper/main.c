/* ovn-k8s-gateway-helper: the daemon that keeps the OpenFlow flows of a gateway. */

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <ovnk8s/ovnk8s.h>

#include "openvswitch/dynamic-string.h"
#include "ovsd.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(gateway_helper);

static const char help[] =
    "usage: ovn-k8s-gateway-helper --physical-bridge=BRIDGE --physical-interface=NIC [OPTION...]\n"
    "\n"
    "Keeps the flows of a bridge by which this host and the pods of the cluster share a NIC: "
    "answers\n"
    "to pods, NodePorts, external IPs and load balancers' IPs go to br-int, all else to the host.\n"
    "Follows the Services of a Kubernetes API server. Runs until it is told to exit; the flows "
    "stay.\n"
    "\n"
    "  --physical-bridge BRIDGE\n"
    "                         the bridge, connected to br-int by the patch port\n"
    "                         k8s-patch-BRIDGE-br-int\n"
    "  --physical-interface NIC\n"
    "                         its port to the outside\n"
    "  --conntrack-zone ZONE  of the connection tracker (default: 64000)\n"
    "  --dry-run              print the flows, change nothing, and exit\n"
    "  --remove               delete the flows, and exit\n" //
    OVSD_OPTIONS_HELP CLI_OPTIONS_HELP "\n"
    "Daemon options, as all daemons of Open vSwitch have them:\n"
    "  --detach               run in the background, once the flows are there\n"
    "  --monitor              with --detach: start again after a crash\n"
    "  --no-chdir             with --detach: stay in this folder\n"
    "  --pidfile[=FILE]       write the process id\n"
    "                         (default: $OVS_RUNDIR/ovn-k8s-gateway-helper.pid)\n"
    "  --overwrite-pidfile    even if another one is running\n"
    "  --log-file[=FILE]      write a log (default: $OVS_LOGDIR/ovn-k8s-gateway-helper.log)\n"
    "  -v, --verbose[=[MODULE:][DESTINATION:]LEVEL]\n"
    "                         what to log, such as -vfile:info or -vconsole:emer\n"
    "  --unixctl=SOCKET       control socket (default: in $OVS_RUNDIR)\n"
    "\n"
    "While it runs: ovs-appctl -t ovn-k8s-gateway-helper status|flows|exit|vlog/set|version\n"
    "\n"
    "Exit status: 0 told to exit, 1 failed, 2 wrong usage.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-gateway-helper --physical-bridge=breth0 --physical-interface=eth0 \\\n"
    "      --pidfile --log-file -vfile:info -vconsole:emer --detach\n"
    "  ovn-k8s-gateway-helper --physical-bridge=breth0 --physical-interface=eth0 --dry-run\n"
    "  ovn-k8s-gateway-helper --physical-bridge=breth0 --physical-interface=eth0 --remove\n";

enum {
    OPTION_BRIDGE = CLI_OPTION_OWN,
    OPTION_NIC,
    OPTION_ZONE,
    OPTION_DRY_RUN,
    OPTION_REMOVE,
};

static const struct option long_options[] = {
    {"physical-bridge", required_argument, NULL, OPTION_BRIDGE},
    {"physical-interface", required_argument, NULL, OPTION_NIC},
    {"conntrack-zone", required_argument, NULL, OPTION_ZONE},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"remove", no_argument, NULL, OPTION_REMOVE},
    OVSD_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* What the daemon consists of. */
struct daemon {
    struct ovsd ovsd;
    const char *bridge_name, *nic;
    bool is_dry, removes;
    ovnk8s_bridge *bridge;
    ovnk8s_kube *kube;
    ovnk8s_gateway_helper *helper;
};

/* Parsing. */

static bool take_option(int option, void *payload)
{
    struct daemon *daemon = payload;

    switch (option) {
    case OPTION_BRIDGE:
        daemon->bridge_name = optarg;
        break;
    case OPTION_NIC:
        daemon->nic = optarg;
        break;
    case OPTION_ZONE:
        cli_check(ovnk8s_settings_set(daemon->ovsd.cli.settings, "conntrack-zone", optarg));
        break;
    case OPTION_DRY_RUN:
        daemon->is_dry = true;
        break;
    case OPTION_REMOVE:
        daemon->removes = true;
        break;
    default:
        return false;
    }
    return true;
}

static void check_options(const struct daemon *daemon)
{
    if (!daemon->bridge_name) {
        cli_usage("--physical-bridge is missing");
    }
    if (!daemon->nic && !daemon->removes) {
        cli_usage("--physical-interface is missing");
    }
    if (daemon->is_dry && daemon->removes) {
        cli_usage("--dry-run and --remove exclude each other");
    }
}

static void parse(struct daemon *daemon, int argc, char *argv[])
{
    ovsd_parse(&daemon->ovsd, argc, argv, long_options, take_option, daemon);
    check_options(daemon);
}

/* The control socket. */

static ovnk8s_gateway_helper_status status_of(const struct daemon *daemon)
{
    ovnk8s_gateway_helper_status status = {.size = sizeof status};

    cli_check(ovnk8s_gateway_helper_get_status(daemon->helper, &status));
    return status;
}

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
static void listen_for_questions(struct daemon *daemon)
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

static void tell_metrics(struct http_reply *reply, void *payload)
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
    put_metric(&text, "bundles_total", "counter", "Bundles committed.", status.bundles);
    put_metric(&text, "failures_total", "counter", "Failures of any kind.", status.failures);
    reply->body = ds_steal_cstr(&text);
}

static void tell_ready(struct http_reply *reply, void *payload)
{
    const ovnk8s_gateway_helper_status status = status_of(payload);

    if (!status.synced || !status.installed) {
        reply->status = 503;
        reply->body = xasprintf("%s\n", *status.reason   ? status.reason
                                        : !status.synced ? "not all Services were seen yet"
                                                         : "the flows are not installed yet");
    }
}

/* Connecting. */

static void connect_bridge(struct daemon *daemon)
{
    cli_check(ovnk8s_settings_open_bridge(daemon->ovsd.cli.settings, daemon->bridge_name,
                                          &daemon->bridge));
}

static void create_helper(struct daemon *daemon)
{
    ovnk8s_gateway_helper_options options = OVNK8S_GATEWAY_HELPER_OPTIONS_INIT;
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    char *patch = xasprintf("k8s-patch-%s-br-int", daemon->bridge_name);

    options.log = ovsd_log;
    options.dry_run = daemon->is_dry;
    gateway.physical_port = daemon->nic;
    gateway.patch_port = patch;
    gateway.zone =
        (unsigned int)atoi(ovnk8s_settings_get(daemon->ovsd.cli.settings, "conntrack-zone"));
    cli_check(ovnk8s_gateway_helper_new(&daemon->helper, daemon->bridge, daemon->kube, &gateway,
                                        &options));
    free(patch);
}

static void connect_all(struct daemon *daemon)
{
    ovnk8s_vswitch *vswitch;

    ovnk8s_settings_set_log(daemon->ovsd.cli.settings, ovsd_log, NULL);
    cli_check(ovnk8s_settings_open_vswitch(daemon->ovsd.cli.settings, &vswitch));
    ovnk8s_vswitch_close(vswitch); /* It was for its external_ids. */
    cli_check(ovnk8s_settings_open_kube(daemon->ovsd.cli.settings, &daemon->kube));
    connect_bridge(daemon);
    create_helper(daemon);
}

/* A wrong address or token is told now, and not only to the log. But a node starts before its API
 * server can be reached, and its pods need their flows. */
static void check_api_server(struct daemon *daemon)
{
    const int error = ovnk8s_kube_get(daemon->kube, "/api/v1/services?limit=1", NULL);

    if (error == OVNK8S_UNAVAILABLE || error == OVNK8S_TIMEOUT) {
        VLOG_WARN("going on without Services: %s", ovnk8s_last_error()->message);
    } else {
        cli_check(error);
    }
}

/* Waits for the flows of the gateway, which do not need the API server; or for all of them. */
static void wait_for_flows(struct daemon *daemon, bool of_services)
{
    const char *timeout = ovnk8s_settings_get(daemon->ovsd.cli.settings, "timeout");
    const time_t until = time(NULL) + atoi(timeout);

    for (;;) {
        struct pollfd fd = {.fd = ovnk8s_gateway_helper_fd(daemon->helper), .events = POLLIN};
        ovnk8s_gateway_helper_status status;
        int wait;

        ovnk8s_gateway_helper_step(daemon->helper);
        status = status_of(daemon);
        if (status.installed && (status.synced || !of_services)) {
            return;
        }
        if (*status.reason || time(NULL) >= until) {
            ovs_fatal(0, "%s",
                      *status.reason ? status.reason : "the Services did not come in time");
        }
        wait = ovnk8s_gateway_helper_timeout(daemon->helper);
        poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait);
    }
}

/* What is done instead of running. */

static void remove_flows(struct daemon *daemon)
{
    ovnk8s_flows_result result = {.size = sizeof result};

    connect_bridge(daemon);
    cli_check(ovnk8s_flows_delete(daemon->bridge, &result));
    printf("%zu flows deleted\n", result.deleted);
    ovnk8s_bridge_close(daemon->bridge);
}

static void print_flows(struct daemon *daemon)
{
    char *text;

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_ERR);
    connect_all(daemon);
    cli_check(ovnk8s_kube_get(daemon->kube, "/api/v1/services?limit=1", NULL));
    wait_for_flows(daemon, true);
    cli_check(ovnk8s_gateway_helper_flows_text(daemon->helper, &text));
    fputs(text, stdout);
    ovnk8s_free(text);
}

/* Running. */

static void step(void *helper)
{
    ovnk8s_gateway_helper_step(helper);
}

static int fd_of(void *helper)
{
    return ovnk8s_gateway_helper_fd(helper);
}

static int timeout_of(void *helper)
{
    return ovnk8s_gateway_helper_timeout(helper);
}

static void disconnect_all(struct daemon *daemon)
{
    ovnk8s_gateway_helper_free(daemon->helper);
    ovnk8s_kube_close(daemon->kube);
    ovnk8s_bridge_close(daemon->bridge);
    ovsd_end(&daemon->ovsd);
}

static void serve(struct daemon *daemon)
{
    const struct ovsd_health health = {tell_metrics, tell_ready, daemon};

    daemonize_start(false);
    ovsd_listen(&daemon->ovsd);
    connect_all(daemon);
    wait_for_flows(daemon, false);
    check_api_server(daemon);
    listen_for_questions(daemon);
    ovsd_answer(&daemon->ovsd, &health);
    daemonize_complete();
    ovsd_run(&daemon->ovsd, &(struct ovsd_work){daemon->helper, step, fd_of, timeout_of});
}

int main(int argc, char *argv[])
{
    struct daemon daemon = {.ovsd.cli.help = help};

    ovsd_begin(&daemon.ovsd, argc, argv);
    parse(&daemon, argc, argv);
    if (daemon.removes) {
        remove_flows(&daemon);
        ovsd_end(&daemon.ovsd);
        return CLI_OK;
    }
    if (daemon.is_dry) {
        print_flows(&daemon);
    } else {
        serve(&daemon);
    }
    disconnect_all(&daemon);
    return CLI_OK;
}
