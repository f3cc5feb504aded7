/* The integration bridge as a wish of a plan. */

#ifndef NODE_BRIDGE_H
#define NODE_BRIDGE_H

#include "base/plan.h"

/* Adds to 'plan' that there is br-int, as ovn-controller would make it. One that is there is left
 * as it is, whoever made it. */
int integration_bridge_add(ovnk8s_plan *plan);

/* The bridge of this name among rows of which "name" was asked; NULL if there is none. */
const struct row *find_bridge(const struct rows *facts, const char *name);

#endif /* bridge.h */
