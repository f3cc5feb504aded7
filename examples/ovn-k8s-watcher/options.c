/* The command line. */

#include <stdlib.h>
#include <string.h>

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
    "  --check                compare everything of the API server with the database, print what\n"
    "                         would have to be changed, change nothing, and exit\n" //
    OVSD_OPTIONS_HELP CLI_OPTIONS_HELP "\n"
    "Several watchers of one cluster, of which one works:\n"
    "  --leader-elect         work only while leading, which a Lease decides\n"
    "  --lease-name NAME      of that Lease (default: ovn-k8s-watcher)\n"
    "  --lease-namespace NAMESPACE\n"
    "                         where it is (default: ovn-k8s)\n"
    "  --lease-identity NAME  who this one is (default: the host's name and a random number)\n"
    "  --lease-duration TIME  for how long others respect a leader that is silent (default: 15s)\n"
    "  --renew-deadline TIME  for how long a leader goes on that cannot renew it (default: 10s)\n"
    "  --retry-period TIME    how often it is renewed (default: 2s)\n"
    "\n"
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
    OPTION_LEADER_ELECT,
    OPTION_LEASE_NAME,
    OPTION_LEASE_NAMESPACE,
    OPTION_LEASE_IDENTITY,
    OPTION_LEASE_DURATION,
    OPTION_RENEW_DEADLINE,
    OPTION_RETRY_PERIOD,
};

static const struct option long_options[] = {
    {"overlay", no_argument, NULL, OPTION_OVERLAY},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"manage-nodes", no_argument, NULL, OPTION_MANAGE_NODES},
    {"legacy-annotation", no_argument, NULL, OPTION_LEGACY_ANNOTATION},
    {"leader-elect", no_argument, NULL, OPTION_LEADER_ELECT},
    {"lease-name", required_argument, NULL, OPTION_LEASE_NAME},
    {"lease-namespace", required_argument, NULL, OPTION_LEASE_NAMESPACE},
    {"lease-identity", required_argument, NULL, OPTION_LEASE_IDENTITY},
    {"lease-duration", required_argument, NULL, OPTION_LEASE_DURATION},
    {"renew-deadline", required_argument, NULL, OPTION_RENEW_DEADLINE},
    {"retry-period", required_argument, NULL, OPTION_RETRY_PERIOD},
    OVSD_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* "15s", "500ms"; a number alone is seconds. */
static unsigned int parse_time(const char *flag, const char *text)
{
    char *end;
    const unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;

    if (number && number <= 86400000) {
        if (!strcmp(end, "ms")) {
            return (unsigned int)number;
        }
        if ((!*end || !strcmp(end, "s")) && number <= 86400) {
            return 1000 * (unsigned int)number;
        }
    }
    cli_usage("--%s \"%s\": expected a time such as 15s or 500ms", flag, text);
}

static bool take_lease_option(struct daemon *daemon, int option)
{
    switch (option) {
    case OPTION_LEADER_ELECT:
        daemon->elects = true;
        break;
    case OPTION_LEASE_NAME:
        daemon->lease_name = optarg;
        break;
    case OPTION_LEASE_NAMESPACE:
        daemon->lease_namespace = optarg;
        break;
    case OPTION_LEASE_IDENTITY:
        daemon->options.lease_identity = optarg;
        break;
    case OPTION_LEASE_DURATION:
        daemon->options.lease_duration_ms = parse_time("lease-duration", optarg);
        break;
    case OPTION_RENEW_DEADLINE:
        daemon->options.lease_renew_ms = parse_time("renew-deadline", optarg);
        break;
    case OPTION_RETRY_PERIOD:
        daemon->options.lease_retry_ms = parse_time("retry-period", optarg);
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
        return take_lease_option(daemon, option);
    }
    return true;
}

/* Who only compares leads nobody. */
static void set_lease(struct daemon *daemon)
{
    if (daemon->elects && !daemon->checks) {
        daemon->lease = xasprintf("%s/%s", daemon->lease_namespace, daemon->lease_name);
        daemon->options.lease = daemon->lease;
    }
}

void parse_command_line(struct daemon *daemon, int argc, char *argv[])
{
    ovnk8s_watcher_options_init(&daemon->options);
    daemon->lease_name = "ovn-k8s-watcher";
    daemon->lease_namespace = "ovn-k8s";
    ovsd_parse(&daemon->ovsd, argc, argv, long_options, take_option, daemon);
    if (!daemon->is_overlay) {
        cli_usage("--overlay is missing");
    }
    daemon->options.dry_run = daemon->checks;
    set_lease(daemon);
}
