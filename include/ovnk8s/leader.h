/* Who may write, when there are several who could.
 *
 * Programs that do the same work, of which one leads at a time, need more than an election: the one
 * that led may have been paused, and goes on when it wakes up without knowing that another one was
 * elected meanwhile. So who leads is also written in the database, with a term that grows from one
 * leader to the next, and each plan of a leader commits only if that is still so:
 *
 *     ovnk8s_leader_take(plan, "watcher-1", 7);      after it was elected, once
 *
 *     ovnk8s_leader_require(plan, "watcher-1", 7);   in each plan from then on
 *     ovnk8s_port_add(plan, &port);
 *     error = ovnk8s_plan_apply(plan, nb, NULL);     OVNK8S_PERMISSION: another one leads
 *
 * Whoever does the electing, it must give each leader a higher term than all before it. Plans
 * without ovnk8s_leader_require(), such as those of people, are not concerned.
 *
 * There is one leader for each owner of rows. Both calls add to a plan and touch no database; see
 * plan.h. */

#ifndef OVNK8S_LEADER_H
#define OVNK8S_LEADER_H

#include <stdint.h>

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* Adds to 'plan' that 'identity' leads, for the term 'term': what the database says of an earlier
 * term is overwritten. It is no error when it says so already. 'identity' is 1 to 255 characters,
 * 'term' more than 0.
 *
 * Errors: OVNK8S_INVALID ('identity' or 'term'), OVNK8S_NOMEM. When the plan is computed or
 * applied: OVNK8S_PERMISSION (the database has another leader for this term, or any for a later
 * one).
 *
 * Source: table DNS in ovn-nb(5), in which a row that no switch refers to is of no effect. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_leader_take(ovnk8s_plan *plan, const char *identity,
                                                    uint64_t term);

/* Adds to 'plan' that it is committed only if 'identity' leads at that moment, for the term 'term'.
 * This costs no question of its own to the database.
 *
 * Errors: OVNK8S_INVALID ('identity' or 'term'), OVNK8S_NOMEM. When the plan is computed or
 * applied: OVNK8S_PERMISSION (the database says something else; nothing was changed).
 *
 * Source: RFC 7047 (wait). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_leader_require(ovnk8s_plan *plan, const char *identity,
                                                       uint64_t term);

OVNK8S_END_DECLS

#endif /* leader.h */
