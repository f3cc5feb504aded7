/* The verbs, and what --help tells of them. */

#include "overlay.h"

#define NODE_HELP "  --node-name NAME               as Kubernetes calls this node\n"

#define CLUSTER_HELP                                                                               \
    "  --cluster-ip-subnet SUBNET     of all pods, such as 192.168.0.0/16; for both families:\n"   \
    "                                 192.168.0.0/16,fd01::/48\n"

#define INIT_HELP NODE_HELP CLUSTER_HELP

#define SUBNET_HELP                                                                                \
    "                                 of the pods of this node, such as 192.168.2.0/24;\n"         \
    "                                 by default the first free /24 (and /64) is chosen\n"

#define LOGICAL_HELP                                                                               \
    "  --logical-only                 change the Northbound database, and nothing of this host\n"

#define HOST_HELP                                                                                  \
    "  --mtu BYTES                    of the node's port and of pods (default: "                   \
    "1400)\n" LOGICAL_HELP

#define JOIN_HELP                                                                                  \
    "  --join-subnet SUBNET           between the cluster's router and gateways\n"                 \
    "                                 (default: 100.64.1.0/24,fd98::/64)\n"                        \
    "  --service-cluster-ip-range SUBNET\n"                                                        \
    "                                 of the cluster addresses of services, as kube-apiserver\n"   \
    "                                 has it, such as 10.96.0.0/16; \"\" forgets it\n"

#define GENERAL_HELP                                                                               \
    "  --dry-run              show what would change, and change nothing\n"                        \
    "  -v, --verbose          show what changes\n"                                                 \
    "  --format text|json     how to print it; topology also has dot and svg\n"                    \
    "  --wait none|sb|hv      how far to wait for the effect: not at all, for ovn-northd,\n"       \
    "                         or for all chassis (default: none)\n"                                \
    "  --owner NAME           whose rows these are (default: k8s)\n" CLI_OPTIONS_HELP

#define STATUS_HELP                                                                                \
    "\n"                                                                                           \
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 \"check\" has found differences.\n"

#define GATEWAY_HELP                                                                               \
    "  --physical-interface IF        a network interface for the gateway alone: it becomes a\n"   \
    "                                 port of br-int, and LOSES ITS ADDRESSES\n"                   \
    "  --bridge-interface BRIDGE      a bridge of Open vSwitch, shared with the host, instead\n"   \
    "  --physical-ip ADDRESS/LENGTH   of the gateway outside; twice for both families\n"           \
    "  --default-gw ADDRESS           next hop to the outside; twice for both families\n"          \
    "  --rampout-ip-subnets SUBNET[,SUBNET]\n"                                                     \
    "                                 what has a source address of these leaves by this gateway\n" \
    "  --single-default               no default route by this gateway unless it is the first\n"

#define LOGICAL_GATEWAY_HELP                                                                       \
    "  --chassis NAME, --mac MAC      with --logical-only: the host's system-id, and the MAC\n"    \
    "                                 address of the interface\n"

const char overlay_help[] =
    "usage: ovn-k8s-overlay COMMAND [OPTION...]\n"
    "\n"
    "Sets up the network of a Kubernetes cluster on OVN, shows it, checks it and repairs it.\n"
    "\n"
    "  master-init       make the cluster, and this host its first node\n"
    "  minion-init       make this host a node of the cluster\n"
    "  gateway-init      make this host, a node, a gateway to the outside\n"
    "  gateway-del NODE  undo that\n"
    "  node-del NAME     delete a node, with all ports on it\n"
    "  cluster-del       delete the cluster; with --force also its nodes\n"
    "  network-del NAME  delete a network of containers that have no cluster\n"
    "  check             show what differs from what was set up; changes nothing\n"
    "  repair            put it right\n"
    "  status            show nodes, their use, and who has joined\n"
    "  topology          draw the network\n"
    "\n"
    "Each may be run again at any time: what is as it should be is left alone. COMMAND --help\n"
    "tells more.\n"
    "\n"
    "For master-init and minion-init:\n"                                         //
    INIT_HELP "  --master-switch-subnet SUBNET, --minion-switch-subnet SUBNET\n" //
    SUBNET_HELP JOIN_HELP HOST_HELP "\n"
    "For gateway-init, besides --node-name, --cluster-ip-subnet and --logical-only:\n" //
    GATEWAY_HELP LOGICAL_GATEWAY_HELP "\n"
    "For others:\n"
    "  --force                        cluster-del: nodes go too; network-del: attachments go too\n"
    "  --ports                        topology: with the ports of pods\n"
    "  --sb REMOTE[,REMOTE]           status: OVN Southbound database (default:\n"
    "                                 external_ids:ovn-remote of Open vSwitch, then\n"
    "                                 unix:$OVN_RUNDIR/ovnsb_db.sock)\n"
    "\n"
    "For all:\n" //
    GENERAL_HELP STATUS_HELP "\n"
    "examples:\n"
    "  ovn-k8s-overlay master-init --cluster-ip-subnet=192.168.0.0/16 --node-name=kube-master\n"
    "  ovn-k8s-overlay minion-init --cluster-ip-subnet=192.168.0.0/16 --node-name=kube-minion1 \\\n"
    "      --nb=tcp:10.0.0.1:6641\n"
    "  ovn-k8s-overlay gateway-init --node-name=kube-minion1 --physical-interface eth1 \\\n"
    "      --physical-ip 10.33.74.138/24 --default-gw 10.33.74.253\n"
    "  ovn-k8s-overlay node-del kube-minion1 --dry-run\n"
    "  ovn-k8s-overlay check || ovn-k8s-overlay repair --verbose\n"
    "  ovn-k8s-overlay topology --format=svg --ports >cluster.svg\n";

static const char master_init_help[] =
    "usage: ovn-k8s-overlay master-init --node-name NAME --cluster-ip-subnet SUBNET [OPTION...]\n"
    "\n"
    "Makes the cluster's logical router and join switch, and this host its first node.\n"
    "\n" //
    INIT_HELP "  --master-switch-subnet SUBNET\n" SUBNET_HELP JOIN_HELP HOST_HELP GENERAL_HELP "\n"
    "The Northbound database is changed as a whole or not at all; a failure while \"setting up "
    "the\n"
    "host\" or \"installing the CNI plugin\" comes after that, and the command may then simply be\n"
    "run again.\n" STATUS_HELP "\n"
    "example:\n"
    "  ovn-k8s-overlay master-init --cluster-ip-subnet=192.168.0.0/16 \\\n"
    "      --master-switch-subnet=192.168.1.0/24 --node-name=kube-master\n";

static const char minion_init_help[] =
    "usage: ovn-k8s-overlay minion-init --node-name NAME --cluster-ip-subnet SUBNET [OPTION...]\n"
    "\n"
    "Makes this host a node of the cluster.\n"
    "\n" //
    INIT_HELP "  --minion-switch-subnet SUBNET\n" SUBNET_HELP HOST_HELP GENERAL_HELP "\n"
    "The Northbound database is changed as a whole or not at all; a failure while \"setting up "
    "the\n"
    "host\" or \"installing the CNI plugin\" comes after that, and the command may then simply be\n"
    "run again.\n" STATUS_HELP "\n"
    "example:\n"
    "  ovn-k8s-overlay minion-init --cluster-ip-subnet=192.168.0.0/16 --node-name=kube-minion1 \\\n"
    "      --nb=tcp:10.0.0.1:6641\n";

static const char gateway_init_help[] =
    "usage: ovn-k8s-overlay gateway-init --node-name NAME --physical-ip ADDRESS/LENGTH\n"
    "           --physical-interface IF | --bridge-interface BRIDGE [OPTION...]\n"
    "\n"
    "Makes this host, which is a node, a gateway: pods reach the outside with its address. "
    "Several\n"
    "gateways share the traffic.\n"
    "\n" //
    NODE_HELP GATEWAY_HELP CLUSTER_HELP LOGICAL_HELP LOGICAL_GATEWAY_HELP GENERAL_HELP "\n"
    "The Northbound database is changed as a whole or not at all; a failure while \"setting up "
    "the\n"
    "host\" comes after that, and the command may then simply be run again.\n" STATUS_HELP "\n"
    "examples:\n"
    "  ovn-k8s-overlay gateway-init --cluster-ip-subnet=192.168.0.0/16 --node-name=kube-minion2 "
    "\\\n"
    "      --physical-interface eth1 --physical-ip 10.33.74.138/24 --default-gw 10.33.74.253\n"
    "  ovn-k8s-overlay gateway-init --node-name=kube-minion2 --bridge-interface breth0 \\\n"
    "      --physical-ip 10.33.74.138/24 --default-gw 10.33.74.253 --dry-run\n";

static const char gateway_del_help[] =
    "usage: ovn-k8s-overlay gateway-del NODE [OPTION...]\n"
    "\n"
    "Makes the node no gateway any more, in the Northbound database and in Open vSwitch of this\n"
    "host. An interface that was the gateway's does not get its addresses back.\n"
    "\n" //
    LOGICAL_HELP GENERAL_HELP STATUS_HELP;

static const char node_del_help[] =
    "usage: ovn-k8s-overlay node-del NAME [OPTION...]\n"
    "\n"
    "Deletes the node from the Northbound database, with all ports on it, those of pods too. Its\n"
    "host is left as it is.\n"
    "\n" //
    GENERAL_HELP STATUS_HELP;

static const char cluster_del_help[] =
    "usage: ovn-k8s-overlay cluster-del [--force] [OPTION...]\n"
    "\n"
    "Deletes the cluster from the Northbound database. It is refused while there are nodes.\n"
    "\n"
    "  --force                delete the nodes too, with all ports on them\n" //
    GENERAL_HELP STATUS_HELP;

static const char network_del_help[] =
    "usage: ovn-k8s-overlay network-del NAME [--force] [OPTION...]\n"
    "\n"
    "Deletes a network that the CNI plugin has made in its standalone mode. It is refused while\n"
    "containers are attached to it.\n"
    "\n"
    "  --force                delete their ports too\n" //
    GENERAL_HELP STATUS_HELP;

static const char check_help[] =
    "usage: ovn-k8s-overlay check [OPTION...]\n"
    "\n"
    "Shows what \"repair\" would change: whatever of the cluster, its nodes and the ports of pods\n"
    "is missing or not as it was set up. Changes nothing.\n"
    "\n" //
    GENERAL_HELP STATUS_HELP;

static const char repair_help[] =
    "usage: ovn-k8s-overlay repair [OPTION...]\n"
    "\n"
    "Makes the cluster, its nodes and the ports of pods what they were set up to be, in the\n"
    "Northbound database. Hosts are repaired by master-init and minion-init.\n"
    "\n" //
    GENERAL_HELP STATUS_HELP;

static const char status_help[] =
    "usage: ovn-k8s-overlay status [OPTION...]\n"
    "\n"
    "Shows the cluster, its nodes with how many ports they have and can have, the chassis that\n"
    "have joined, and networks without a cluster.\n"
    "\n"
    "  --sb REMOTE[,REMOTE]   OVN Southbound database (default: external_ids:ovn-remote of\n"
    "                         Open vSwitch, then unix:$OVN_RUNDIR/ovnsb_db.sock)\n" //
    GENERAL_HELP STATUS_HELP;

static const char topology_help[] =
    "usage: ovn-k8s-overlay topology [--ports] [--format text|json|dot|svg] [OPTION...]\n"
    "\n"
    "Draws the network: as a tree, as JSON, for Graphviz, or as a picture.\n"
    "\n"
    "  --ports                with the ports of pods\n" //
    GENERAL_HELP STATUS_HELP "\n"
    "example:\n"
    "  ovn-k8s-overlay topology --format=svg --ports >cluster.svg\n";

const struct verb verbs[] = {
    {"master-init", NULL, master_init_help, run_master_init},
    {"minion-init", NULL, minion_init_help, run_minion_init},
    {"gateway-init", NULL, gateway_init_help, run_gateway_init},
    {"gateway-del", "NODE", gateway_del_help, run_gateway_del},
    {"node-del", "NAME", node_del_help, run_node_del},
    {"cluster-del", NULL, cluster_del_help, run_cluster_del},
    {"network-del", "NAME", network_del_help, run_network_del},
    {"check", NULL, check_help, run_check},
    {"repair", NULL, repair_help, run_repair},
    {"status", NULL, status_help, run_status},
    {"topology", NULL, topology_help, run_topology},
    {NULL, NULL, NULL, NULL},
};
