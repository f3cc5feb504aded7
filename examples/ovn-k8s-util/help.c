/* The verbs, and what --help tells of them. */

#include "util.h"

#define GENERAL_HELP                                                                               \
    "  --dry-run              show the steps, and take none\n"                                     \
    "  -v, --verbose          show the steps that are taken\n"                                     \
    "  --format text|json     how to print it\n" CLI_OPTIONS_HELP "\n"                             \
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n"

#define RESTORE_HELP                                                                               \
    "  --restore              do what is on record, for all interfaces: give bridges again what\n" \
    "                         a reboot took, finish what was begun\n"

const char util_help[] =
    "usage: ovn-k8s-util COMMAND [OPTION...]\n"
    "\n"
    "Moves network interfaces of this host onto bridges of Open vSwitch, and back.\n"
    "\n"
    "  nics-to-bridge NIC...       make bridge brNIC, with NIC as its port and all that NIC has\n"
    "  bridges-to-nic BRIDGE...    give it back to the interface, and delete the bridge\n"
    "\n"
    "Each may be run again at any time: what was interrupted is finished, and what is done is "
    "left\n"
    "alone. Several are moved one after the other; the first failure stops. COMMAND --help tells\n"
    "more.\n"
    "\n"
    "For nics-to-bridge:\n" //
    RESTORE_HELP "\n"
    "For all:\n" //
    GENERAL_HELP "\n"
    "examples:\n"
    "  ovn-k8s-util nics-to-bridge eth0 --dry-run\n"
    "  ovn-k8s-util nics-to-bridge eth0 eth1\n"
    "  ovn-k8s-util bridges-to-nic breth0\n";

static const char nics_to_bridge_help[] =
    "usage: ovn-k8s-util nics-to-bridge NIC... [OPTION...]\n"
    "       ovn-k8s-util nics-to-bridge --restore [OPTION...]\n"
    "\n"
    "Makes NIC a port of bridge brNIC, and moves its addresses, routes, rules and settings to the\n"
    "bridge. What is needed to finish or to undo it is written into the database of Open vSwitch\n"
    "first. On an error, or when the default gateway does not answer any more, all is undone.\n"
    "\n" //
    RESTORE_HELP GENERAL_HELP "\n"
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
    GENERAL_HELP "\n"
    "example:\n"
    "  ovn-k8s-util bridges-to-nic breth0\n";

const struct verb verbs[] = {
    {"nics-to-bridge", "NIC", nics_to_bridge_help, OVNK8S_UPLINK_MOVE},
    {"bridges-to-nic", "BRIDGE", bridges_to_nic_help, OVNK8S_UPLINK_MOVE_BACK},
    {NULL, NULL, NULL, OVNK8S_UPLINK_MOVE},
};
