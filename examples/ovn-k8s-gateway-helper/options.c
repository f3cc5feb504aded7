/* The command line. */

#include "helper.h"

const char helper_help[] =
    "usage: ovn-k8s-gateway-helper --physical-bridge=BRIDGE --physical-interface=NIC [OPTION...]\n"
    "\n"
    "Keeps the flows of a bridge by which this host and the pods of the cluster share a NIC: "
    "answers\n"
    "to pods, NodePorts, external IPs and load balancers' IPs go to br-int, all else to the host.\n"
    "Follows the Services of a Kubernetes API server, and answers their health checks\n"
    "(healthCheckNodePort). Runs until it is told to exit; the flows stay.\n"
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

void parse_command_line(struct daemon *daemon, int argc, char *argv[])
{
    ovsd_parse(&daemon->ovsd, argc, argv, long_options, take_option, daemon);
    check_options(daemon);
}
