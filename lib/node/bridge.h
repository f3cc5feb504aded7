/* The integration bridge as a wish of a plan. */

#ifndef NODE_BRIDGE_H
#define NODE_BRIDGE_H

#include "base/plan.h"

/* Adds to 'plan' that there is br-int, as ovn-controller would make it. One that is there is left
 * as it is, whoever made it. */
int integration_bridge_add(ovnk8s_plan *plan);

/* The bridge that an interface, or NULL, is in, among rows of which "ports" of bridges and
 * "interfaces" of ports were asked; NULL if it is in none. */
const struct row *bridge_of_interface(const struct rows *facts, const struct row *interface);

#endif /* bridge.h */
