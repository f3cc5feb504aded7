/* Plans made into transactions.
 *
 * Applying a plan is one state machine that never waits: it asks what the plan must know, reads
 * what else the rows that are wanted could differ in, and commits; most often in two or three
 * answers of the server. When the commit finds that what it was computed from does not hold any
 * more, all is done again. Several may be under way on one connection:
 *
 *     error = apply_start(&apply, plan, conn, &deadline);
 *     while (!error && !apply_is_over(apply)) {
 *         (wait for the connection, at most until apply_wakes_at(apply));
 *         conn_step(conn);
 *         error = apply_step(apply);
 *     }
 *     apply_free(apply);
 *
 * The blocking calls go through the same machine, and wait between its steps. */

#ifndef OVSDB_APPLY_H
#define OVSDB_APPLY_H

#include "base/plan.h"
#include "ovsdb/conn.h"

struct apply;

/* Starts to make the database of 'conn' what 'plan' wants. Both must outlive it, and the plan is
 * its own until then. A lost connection ends it with OVNK8S_UNAVAILABLE, and the deadline with
 * OVNK8S_TIMEOUT: when that happens after apply_is_sent(), nobody knows whether it was done. */
int apply_start(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                const struct deadline *deadline);

/* The same for those who have nothing else to do: a lost connection is waited for. Without
 * 'commits' what would be changed is found out, and nothing changed. */
int apply_start_patiently(struct apply **out, ovnk8s_plan *plan, struct conn *conn,
                          const struct deadline *deadline, bool commits);

/* Does what can be done without waiting. Once it is over, returns what became of it: 0, or the
 * error of ovnk8s_plan_apply(), which is this thread's last one at the first time. */
int apply_step(struct apply *apply);

bool apply_is_over(const struct apply *apply);

/* Whether a transaction that changes something was sent and has not been refused by the server. */
bool apply_is_sent(const struct apply *apply);

/* When apply_step() has something to do even if the connection is silent: in ms as now_ms(). */
int64_t apply_wakes_at(const struct apply *apply);

/* Frees it; one that is not over is given up. NULL is accepted. */
void apply_free(struct apply *apply);

/* Finds out what apply_plan() would change, as ovnk8s_plan_compute() says. */
int compute_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline);

/* Makes the database of 'conn' what 'plan' wants, as ovnk8s_plan_apply() says. */
int apply_plan(ovnk8s_plan *plan, struct conn *conn, const struct deadline *deadline);

#endif /* apply.h */
