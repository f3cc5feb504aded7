/* The integration bridge as a wish of a plan. */

#ifndef NODE_BRIDGE_H
#define NODE_BRIDGE_H

#include "base/plan.h"

/* Adds to 'plan' that there is br-int, as ovn-controller would make it. One that is there is left
 * as it is, whoever made it. */
int integration_bridge_add(ovnk8s_plan *plan);

#endif /* bridge.h */
