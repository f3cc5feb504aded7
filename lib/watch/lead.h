/* Whether this watcher is the one that works.
 *
 * It is when it holds the lease, and the database says so too: then each of its plans carries the
 * demand that this is still so (ovnk8s/leader.h), and whoever has been paused and does not know yet
 * that another one leads commits nothing. One without a lease always works, and demands nothing.
 *
 * A watcher that does not lead follows all objects, so that it knows them when its turn comes; what
 * it has planned is given up, and its tasks change nothing but what they know (task_type.follow).
 */

#ifndef WATCH_LEAD_H
#define WATCH_LEAD_H

#include <stdbool.h>
#include <stdint.h>

#include <ovnk8s/plan.h>
#include <ovnk8s/watcher.h>

struct lead {
    struct lease *lease; /* NULL: there is no election. */

    /* The plan by which the database is told. */
    ovnk8s_plan *plan;
    struct apply *apply;  /* In flight. */
    uint64_t taking;      /* The term that it is for, ... */
    uint64_t seen;        /* ... and the one that it has found. */
    int64_t retry_at;     /* When to try again. */
    unsigned int refused; /* In a row, by a later term in the database. */

    uint64_t term;  /* That the database has of us; 0: none. */
    bool may_write; /* What was decided by the latest step. */
};

/* Starts to compete, if the options say so. Fails as lease_start(). */
int lead_start(ovnk8s_watcher *watcher, const ovnk8s_watcher_options *options);

/* Gives the lease back. Nothing of the watcher may be in flight. */
void lead_stop(ovnk8s_watcher *watcher);

void lead_step(ovnk8s_watcher *watcher);

/* When lead_step() has something to do even if the connections are silent: in ms as now_ms(). */
int64_t lead_wakes_at(const ovnk8s_watcher *watcher);

/* Whether this watcher works, at this very moment. */
bool lead_may_write(const ovnk8s_watcher *watcher);

/* Whether another one does, as the latest step has found: all tasks have been touched since. */
bool lead_follows(const ovnk8s_watcher *watcher);

/* Adds the demand to a plan. */
int lead_require(const ovnk8s_watcher *watcher, ovnk8s_plan *plan);

/* Whether a plan has failed, as this thread's last error tells, because the database has another
 * leader. If so, that is taken note of, and no task is to blame. */
bool lead_is_lost(ovnk8s_watcher *watcher, int error);

#endif /* lead.h */
