/* The flows of a gateway: what ovnk8s_flows is inside. */

#ifndef NODE_FLOWS_H
#define NODE_FLOWS_H

#include <ovnk8s/flows.h>

#include "openflow/bridge.h"
#include "openflow/flow.h"

const struct flow_list *flows_list(const ovnk8s_flows *flows);

#endif /* flows.h */
