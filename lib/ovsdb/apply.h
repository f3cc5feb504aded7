/* Plans made into transactions. */

#ifndef OVSDB_APPLY_H
#define OVSDB_APPLY_H

#include "base/plan.h"
#include "ovsdb/conn.h"

/* Finds out what apply_plan() would change, as ovnk8s_plan_compute() says. */
int compute_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline);

/* Makes the database of 'conn' what 'plan' wants, as ovnk8s_plan_apply() says. */
int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline);

#endif /* apply.h */
