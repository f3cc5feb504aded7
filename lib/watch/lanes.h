/* Lanes: tasks that are ready are examined, what they need is collected in plans, and one plan of
 * each lane is in flight.
 *
 * While one is in flight, the next one of its lane is collected; the other lanes go on. A plan that
 * fails for a reason of one of its tasks is given up, and they are tried again in plans half as
 * large, down to the one that is to blame. When the database goes away, nobody is: all are ready
 * again and wait for it. */

#ifndef WATCH_LANES_H
#define WATCH_LANES_H

#include "watch/task.h"

/* The most tasks of a plan; and of one that departs while no other of its lane is in flight. */
enum { MOST_PLANNED = 500, FIRST_PLANNED = 64 };

struct apply;

struct cargo {
    ovnk8s_plan *plan;
    struct task_list tasks;
    size_t most; /* Of them, as one of them wants it; 0: as many as fit. */
};

struct lane_state {
    struct cargo next;   /* Collected. */
    struct cargo flying; /* In flight, if 'apply' is there. */
    struct apply *apply;
    unsigned int losses; /* In a row, of the database. */
    int64_t not_before;  /* When the next may start. */
};

struct lanes {
    struct tasks tasks;
    struct lane_state of[N_LANES];
    bool was_current; /* The replica, at the latest step. */
};

/* Lands what has arrived, examines what is ready, and starts what was collected. */
void lanes_step(ovnk8s_watcher *watcher);

/* The task has failed, as this thread's last error tells: says so to the log, and tries it again
 * later, but not within 'least' milliseconds. */
void task_blame(ovnk8s_watcher *watcher, struct task *task, int64_t least);

/* When lanes_step() has something to do even if the connections are silent: in ms as now_ms(). */
int64_t lanes_wake_at(const ovnk8s_watcher *watcher);

/* Calls 'each' for each task that something is still to be done for. */
void lanes_each_pending(const struct lanes *lanes,
                        void (*each)(const struct task *task, void *payload), void *payload);
size_t lanes_count_pending(const struct lanes *lanes);
size_t lanes_count_planned(const struct lanes *lanes);

/* Another watcher leads: what is collected is given up. What is in flight lands when it lands: the
 * database refuses it if another one has taken the lead there. */
void lanes_stand_down(ovnk8s_watcher *watcher);

/* Gives up all that is in flight; the tasks are left to their objects. */
void lanes_clear(struct lanes *lanes);

#endif /* lanes.h */
