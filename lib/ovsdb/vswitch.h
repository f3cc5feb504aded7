/* The Open vSwitch database: what ovnk8s_vswitch is inside. */

#ifndef OVSDB_VSWITCH_H
#define OVSDB_VSWITCH_H

#include <ovnk8s/vswitch.h>

#include "base/plan.h"
#include "ovsdb/conn.h"

struct conn *vswitch_conn(ovnk8s_vswitch *vswitch);

/* Adds the row of table Open_vSwitch, with its external_ids, to 'facts', and tells it in '*out'. */
int vswitch_read(ovnk8s_vswitch *vswitch, const struct deadline *deadline, struct rows *facts,
                 const struct row **out);

/* Whether there is a bridge of this name. */
int vswitch_has_bridge(ovnk8s_vswitch *vswitch, const char *name, const struct deadline *deadline,
                       bool *out);

/* Makes the database what 'plan' wants. */
int vswitch_apply(ovnk8s_vswitch *vswitch, ovnk8s_plan *plan, const struct deadline *deadline);

/* Waits until 'done' says so of the Interface 'id', which is NULL while there is no such row. Known
 * are its columns external_ids, ofport and error. */
int vswitch_wait_interface(ovnk8s_vswitch *vswitch, struct row_id id,
                           bool (*done)(const struct row *interface),
                           const struct deadline *deadline);

/* The Interface as it was seen last during such a wait; NULL if it was not. */
const struct row *vswitch_interface(ovnk8s_vswitch *vswitch, struct row_id id);

#endif /* vswitch.h */
