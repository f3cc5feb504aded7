/* The command line. */

#include <stdlib.h>

#include "util.h"
#include "watcher.h"

const char watcher_help[] =
    "usage: ovn-k8s-watcher --overlay [OPTION...]\n"
    "\n"
    "Follows the pods of a Kubernetes API server and gives each of them a logical port of OVN and\n"
    "an annotation that tells its address. Runs until it is told to exit.\n"
    "\n"
    "  --overlay              containers run on the hosts of Open vSwitch themselves\n"
    "  --owner NAME           of the cluster in the database (default: k8s)\n"
    "  --manage-nodes         add the nodes of the API server, and delete those that are gone\n"
    "  --legacy-annotation    annotate pods with k8s.ovn.org/pod-networks too\n"
    "  --lease NAMESPACE/NAME work only while holding this lease: of several watchers one does\n"
    "  --lease-identity NAME  who this one is (default: the host's name and a random number)\n"
    "  --lease-duration SEC   for how long others respect the lease of a silent one (15)\n"
    "  --lease-renew-deadline SEC\n"
    "                         for how long a silent one goes on (10)\n"
    "  --lease-retry SEC      how often the lease is renewed (2)\n"
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
    OPTION_MANAGE_NODES,
    OPTION_LEGACY_ANNOTATION,
    OPTION_LEASE,
    OPTION_LEASE_IDENTITY,
    OPTION_LEASE_DURATION,
    OPTION_LEASE_RENEW_DEADLINE,
    OPTION_LEASE_RETRY,
};

static const struct option long_options[] = {
    {"overlay", no_argument, NULL, OPTION_OVERLAY},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"manage-nodes", no_argument, NULL, OPTION_MANAGE_NODES},
    {"legacy-annotation", no_argument, NULL, OPTION_LEGACY_ANNOTATION},
    {"lease", required_argument, NULL, OPTION_LEASE},
    {"lease-identity", required_argument, NULL, OPTION_LEASE_IDENTITY},
    {"lease-duration", required_argument, NULL, OPTION_LEASE_DURATION},
    {"lease-renew-deadline", required_argument, NULL, OPTION_LEASE_RENEW_DEADLINE},
    {"lease-retry", required_argument, NULL, OPTION_LEASE_RETRY},
    OVSD_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* Seconds, as "2" or "0.5", in ms. */
static unsigned int parse_seconds(const char *name, const char *text)
{
    char *end;
    const double seconds = strtod(text, &end);

    if (!*text || *end || !(seconds >= 0.001 && seconds <= 3600)) {
        ovs_fatal(0, "--%s %s: expected 0.001 to 3600 seconds", name, text);
    }
    return (unsigned int)(seconds * 1000 + 0.5);
}

static bool take_lease_option(int option, ovnk8s_watcher_options *options)
{
    switch (option) {
    case OPTION_LEASE:
        options->lease = optarg;
        break;
    case OPTION_LEASE_IDENTITY:
        options->lease_identity = optarg;
        break;
    case OPTION_LEASE_DURATION:
        options->lease_duration_ms = parse_seconds("lease-duration", optarg);
        break;
    case OPTION_LEASE_RENEW_DEADLINE:
        options->lease_renew_ms = parse_seconds("lease-renew-deadline", optarg);
        break;
    case OPTION_LEASE_RETRY:
        options->lease_retry_ms = parse_seconds("lease-retry", optarg);
        break;
    default:
        return false;
    }
    return true;
}

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
    case OPTION_MANAGE_NODES:
        daemon->options.manage_nodes = true;
        break;
    case OPTION_LEGACY_ANNOTATION:
        daemon->options.legacy_annotation = true;
        break;
    default:
        return take_lease_option(option, &daemon->options);
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
