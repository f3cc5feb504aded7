/* Bridges as wishes of a plan, and the integration bridge above all. */

#ifndef NODE_BRIDGE_H
#define NODE_BRIDGE_H

#include <ovnk8s/vswitch.h>

#include "base/plan.h"
#include "base/wait.h"

/* Adds to 'plan' that there is br-int, as ovn-controller would make it. One that is there is left
 * as it is, whoever made it. */
int integration_bridge_add(ovnk8s_plan *plan);

/* Makes Open vSwitch what such a plan wants. */
int integration_bridge_apply(ovnk8s_plan *plan, ovnk8s_vswitch *vswitch,
                             const struct deadline *deadline);

/* Asks what want_bridge() needs to know, and whether there is the bridge: then its name is known.
 */
void ask_bridge(struct rows *asked, const char *name);

/* Wants a bridge that is not there yet, with its own port, of 'mtu' unless that is 0. Returns its
 * row. */
struct row *want_bridge(const struct scene *scene, struct rows *wanted, const char *name,
                        const char *fail_mode, unsigned int mtu);

/* Wants a port, with one interface of the same name and 'type', in a bridge of this owner. */
void want_bridge_port(const char *owner, struct row *bridge, const char *name, const char *type,
                      unsigned int mtu);

/* The bridge that an interface, or NULL, is in, among rows of which "ports" of bridges and
 * "interfaces" of ports were asked; NULL if it is in none. */
const struct row *bridge_of_interface(const struct rows *facts, const struct row *interface);

#endif /* bridge.h */
