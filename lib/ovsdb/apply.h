/* Plans made into transactions. */

#ifndef OVSDB_APPLY_H
#define OVSDB_APPLY_H

#include "base/plan.h"
#include "ovsdb/conn.h"

/* Makes the database of 'conn' what 'plan' wants, as ovnk8s_plan_apply() says. */
int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline);

#endif /* apply.h */
