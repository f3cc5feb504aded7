/* The verbs, and what --help tells of them. */

#include "util.h"

#define MOVE_HELP                                                                                  \
    "  --dry-run              show the steps, and take none\n"                                     \
    "  -v, --verbose          show the steps that are taken\n"

#define TRACE_HELP                                                                                 \
    "  --sb REMOTE[,REMOTE]   OVN Southbound database (default: external_ids:ovn-remote of\n"      \
    "                         Open vSwitch, then unix:$OVN_RUNDIR/ovnsb_db.sock)\n"                \
    "  --owner NAME           of the cluster in the database (default: k8s)\n"

#define GENERAL_HELP "  --format text|json     how to print it\n" CLI_OPTIONS_HELP "\n"

#define MOVE_STATUS_HELP "Exit status: 0 done, 1 failed, 2 wrong usage.\n"

#define RESTORE_HELP                                                                               \
    "  --restore              do what is on record, for all interfaces: give bridges again what\n" \
    "                         a reboot took, finish what was begun\n"

const char util_help[] =
    "usage: ovn-k8s-util COMMAND [OPTION...]\n"
    "\n"
    "Moves network interfaces of this host onto bridges of Open vSwitch, and back; and tells\n"
    "whether packets can go from one place to another.\n"
    "\n"
    "  nics-to-bridge NIC...       make bridge brNIC, with NIC as its port and all that NIC has\n"
    "  bridges-to-nic BRIDGE...    give it back to the interface, and delete the bridge\n"
    "  trace SRC DST [PORT]        whether DST is reachable from SRC, and what is in the way\n"
    "\n"
    "A move may be run again at any time: what was interrupted is finished, and what is done is\n"
    "left alone. Several are moved one after the other; the first failure stops. COMMAND --help\n"
    "tells more.\n"
    "\n"
    "For nics-to-bridge:\n" //
    RESTORE_HELP "\n"
    "For nics-to-bridge and bridges-to-nic:\n" //
    MOVE_HELP "\n"
    "For trace:\n" //
    TRACE_HELP "\n"
    "For all:\n" //
    GENERAL_HELP //
    "Exit status: 0 done, 1 failed, 2 wrong usage; of trace also 3, not reachable.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-util nics-to-bridge eth0 --dry-run\n"
    "  ovn-k8s-util nics-to-bridge eth0 eth1\n"
    "  ovn-k8s-util bridges-to-nic breth0\n"
    "  ovn-k8s-util trace default/web default/db 5432\n";

static const char nics_to_bridge_help[] =
    "usage: ovn-k8s-util nics-to-bridge NIC... [OPTION...]\n"
    "       ovn-k8s-util nics-to-bridge --restore [OPTION...]\n"
    "\n"
    "Makes NIC a port of bridge brNIC, and moves its addresses, routes, rules and settings to the\n"
    "bridge. What is needed to finish or to undo it is written into the database of Open vSwitch\n"
    "first. On an error, or when the default gateway does not answer any more, all is undone.\n"
    "\n" //
    RESTORE_HELP MOVE_HELP GENERAL_HELP MOVE_STATUS_HELP "\n"
    "examples:\n"
    "  ovn-k8s-util nics-to-bridge eth0 --dry-run\n"
    "  ovn-k8s-util nics-to-bridge eth0 eth1\n"
    "  ovn-k8s-util nics-to-bridge --restore\n";

static const char bridges_to_nic_help[] =
    "usage: ovn-k8s-util bridges-to-nic BRIDGE... [OPTION...]\n"
    "\n"
    "Gives the interface of BRIDGE, which nics-to-bridge has made, all that the bridge has, and\n"
    "deletes the bridge. It is refused while the bridge has other ports.\n"
    "\n" //
    MOVE_HELP GENERAL_HELP MOVE_STATUS_HELP "\n"
    "example:\n"
    "  ovn-k8s-util bridges-to-nic breth0\n";

static const char trace_help[] =
    "usage: ovn-k8s-util trace SRC DST [PORT] [OPTION...]\n"
    "\n"
    "Tells whether packets can go from SRC to DST and back, and else which object is in the way,\n"
    "what is wrong with it, and what would mend it. It follows the rows of the Northbound "
    "database,\n"
    "looks into the Southbound database which chassis has the ports, and into Open vSwitch of "
    "this\n"
    "host. It sends no packet and changes nothing.\n"
    "\n"
    "SRC and DST are\n"
    "  NAMESPACE/POD                  a pod\n"
    "  node/NAME                      a node, by its management port\n"
    "  ADDRESS                        whatever has it; as DST also a service, or an address "
    "outside\n"
    "  outside                        whatever is beyond the gateways\n"
    "  service/NAMESPACE/NAME         a service, as DST; \"svc\" for short\n"
    "PORT is a number, with /udp or /sctp behind it if need be.\n"
    "\n" //
    TRACE_HELP GENERAL_HELP
    "Exit status: 0 reachable, 3 not reachable, 1 failed to find out, 2 wrong usage.\n"
    "\n"
    "examples:\n"
    "  ovn-k8s-util trace default/web default/db 5432\n"
    "  ovn-k8s-util trace default/web svc/kube-system/kube-dns 53/udp\n"
    "  ovn-k8s-util trace default/web outside\n";

const struct verb verbs[] = {
    {"nics-to-bridge", "NIC", nics_to_bridge_help, run_uplink, OVNK8S_UPLINK_MOVE},
    {"bridges-to-nic", "BRIDGE", bridges_to_nic_help, run_uplink, OVNK8S_UPLINK_MOVE_BACK},
    {"trace", "SRC", trace_help, run_trace, OVNK8S_UPLINK_MOVE},
    {NULL, NULL, NULL, NULL, OVNK8S_UPLINK_MOVE},
};
