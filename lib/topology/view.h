/* The topology as it is in the database: what ovnk8s_topology is inside. */

#ifndef TOPOLOGY_VIEW_H
#define TOPOLOGY_VIEW_H

#include <ovnk8s/topology.h>

#include "base/arena.h"

struct ovnk8s_topology {
    struct arena arena; /* Of all that follows. */
    bool has_cluster;
    ovnk8s_cluster cluster;
    ovnk8s_node_state *nodes;
    ovnk8s_gateway_state *gateways;
    ovnk8s_port *ports;
    ovnk8s_network_state *networks;
    size_t n_nodes, n_gateways, n_ports, n_networks;
};

#endif /* view.h */
