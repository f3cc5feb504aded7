/* The Open vSwitch database: what ovnk8s_vswitch is inside. */

#ifndef OVSDB_VSWITCH_H
#define OVSDB_VSWITCH_H

#include <ovnk8s/vswitch.h>

#include "base/plan.h"
#include "ovsdb/conn.h"

struct conn *vswitch_conn(ovnk8s_vswitch *vswitch);

/* The row of table Open_vSwitch with its external_ids, and that of the bridge with its name and
 * datapath_type, as they were seen last, which costs nothing; NULL if there is none. They live
 * until the connection is used next. */
const struct row *vswitch_settings(ovnk8s_vswitch *vswitch);
const struct row *vswitch_bridge(ovnk8s_vswitch *vswitch, const char *name);

/* Waits until these are seen, should the connection have been lost. */
int vswitch_look(ovnk8s_vswitch *vswitch, const struct deadline *deadline);

/* Does that, and tells the row of table Open_vSwitch, which is to be there, in '*out'. */
int vswitch_read(ovnk8s_vswitch *vswitch, const struct deadline *deadline, const struct row **out);

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
