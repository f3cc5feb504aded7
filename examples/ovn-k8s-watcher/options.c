/* The command line. */

#include "watcher.h"

const char watcher_help[] =
    "usage: ovn-k8s-watcher --overlay [OPTION...]\n"
    "\n"
    "Follows the pods of a Kubernetes API server and gives each of them a logical port of OVN and\n"
    "an annotation that tells its address. Runs until it is told to exit.\n"
    "\n"
    "  --overlay              containers run on the hosts of Open vSwitch themselves\n"
    "  --owner NAME           of the cluster in the database (default: k8s)\n"
    "  --check                compare everything of the API server with the database, print what\n"
    "                         would have to be changed, change nothing, and exit\n" //
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
    "While it runs: ovs-appctl -t ovn-k8s-watcher\n"
    "    status|pending|plan|resync|metrics|exit|vlog/set|version\n"
    "\n"
    "Exit status: 0 told to exit, or no difference; 1 failed, 2 wrong usage; of --check also 3,\n"
    "differences.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-watcher --overlay --pidfile --log-file -vfile:info -vconsole:emer --detach\n"
    "  ovn-k8s-watcher --overlay --kubeconfig ~/.kube/config --nb tcp:10.0.0.1:6641\n"
    "  ovn-k8s-watcher --overlay --check\n";

enum {
    OPTION_OVERLAY = CLI_OPTION_OWN,
    OPTION_OWNER,
    OPTION_CHECK,
};

static const struct option long_options[] = {
    {"overlay", no_argument, NULL, OPTION_OVERLAY},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"check", no_argument, NULL, OPTION_CHECK},
    OVSD_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

static bool take_option(int option, void *payload)
{
    struct daemon *daemon = payload;

    switch (option) {
    case OPTION_OVERLAY:
        daemon->is_overlay = true;
        break;
    case OPTION_OWNER:
        daemon->options.owner = optarg;
        break;
    case OPTION_CHECK:
        daemon->checks = true;
        break;
    default:
        return false;
    }
    return true;
}

void parse_command_line(struct daemon *daemon, int argc, char *argv[])
{
    ovnk8s_watcher_options_init(&daemon->options);
    ovsd_parse(&daemon->ovsd, argc, argv, long_options, take_option, daemon);
    if (!daemon->is_overlay) {
        cli_usage("--overlay is missing");
    }
    daemon->options.dry_run = daemon->checks;
}
