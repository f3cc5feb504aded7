/* Open vSwitch's side of plugging, as one plan: the port with its ids, its limits, and whose the
 * logical port is.
 *
 * Two containers may have the same logical port for a while: a runtime may make the new sandbox of
 * a pod before it removes the old one. The newest has it: the same transaction that adds a port
 * takes the iface-id away from all older ones of this host, which keep it as former-iface-id. It is
 * given back only when plugging the newer one fails. */

#ifndef NODE_PLUG_PORT_H
#define NODE_PLUG_PORT_H

#include "base/plan.h"
#include "node/plug_job.h"

/* Adds to 'plan' all rows of the job. */
int plug_port_add(ovnk8s_plan *plan, const struct plug_job *job);

/* Asks about these rows, and fails with what of them is not so among those that were found. */
void plug_port_ask(struct rows *asked, const struct plug_job *job);
int plug_port_check(const struct rows *facts, const struct plug_job *job);

/* Adds to 'plan' that none of the rows is there that 'key' stands for. */
int plug_port_delete(ovnk8s_plan *plan, ovnk8s_vswitch *vswitch, const char *key);

/* Adds to 'plan' that the port from which plug_port_add() took the iface-id has it again. */
int plug_port_give_back(ovnk8s_plan *plan, const struct plug_job *job);

#endif /* plug_port.h */
