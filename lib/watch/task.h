/* Tasks: anything that is looked at until it is as it should be, such as a pod or a service.
 *
 * A task is idle, or it is in exactly one place:
 *
 *     ready      to be examined, in the queue of its lane
 *     planned    in a plan that is collected or in flight (lanes.h)
 *     later      it has failed, or asked for it: ready again when its time has come
 *     waiting    for something that will touch it: nothing is tried meanwhile
 *
 * Whoever learns that something about it has changed touches it. What it needs follows from what is
 * there, not from what has happened, so one look is enough however much has changed.
 *
 * When a plan is refused, its tasks go into the lane of suspects, where plans are half as large,
 * and those of the half that is refused again half as large as that: so the one that is to blame is
 * found by few plans, and the others are not delayed by it. It stays there, alone in its plan; the
 * pauses before it is tried again grow, and it is never given up.
 *
 * Nothing here does any I/O; times are in ms as now_ms(). */

#ifndef WATCH_TASK_H
#define WATCH_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ovnk8s/plan.h>
#include <ovnk8s/watcher.h>

#include "base/error.h"

/* The tasks of one lane share plans; the lanes do not wait for each other. */
enum lane {
    LANE_NODES,
    LANE_PODS,
    LANE_SERVICES,
    LANE_SUSPECTS, /* Those of a plan that was refused. */
    N_LANES,
};

/* What examining a task has found. */
enum verdict {
    TASK_DONE,     /* It is as it should be. */
    TASK_PLANNED,  /* What it needs was added to the plan. */
    TASK_WAITS,    /* For something that will touch it; task_say() tells what. */
    TASK_DEFERRED, /* By task_defer(), until then or until it is touched. */
    TASK_FAILED,   /* As this thread's last error tells: to be tried again later. */
    TASK_GONE,     /* There is nothing left to do for it, ever. */
};

/* What became of a task's plan. */
enum landing {
    PLAN_COMMITTED,
    PLAN_REFUSED, /* Nothing was changed. */
    PLAN_LOST,    /* The database went away: it may have been committed, or may even be later. */
};

struct task;

/* What tasks of one kind have in common. */
struct task_type {
    const char *kind; /* "Pod", as Kubernetes writes it. */
    enum lane lane;

    /* Writes what the object is called, "namespace/name". */
    void (*name)(const struct task *task, char *out, size_t size);

    /* Finds out what the task needs. What takes no transaction is done or started; what takes one
     * is added to 'plan'. A failure must leave the plan as it was. */
    enum verdict (*examine)(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan);

    /* Adds to 'plan' all that the database should have of the object, or should not have,
     * whatever is there; for a full comparison. Returns 0 or the error. May be NULL. */
    int (*wish)(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan);

    /* Another watcher leads: takes note of what there is, and changes nothing. Returns whether the
     * object is gone, and to be forgotten: what is left of it is the leader's. May be NULL. */
    bool (*follow)(ovnk8s_watcher *watcher, struct task *task);

    /* The plan that examine() has added to is over. A task of which no more is said is looked at
     * again. May be NULL. */
    void (*landed)(ovnk8s_watcher *watcher, struct task *task, enum landing landing);

    /* It has failed, as 'task->reason' tells, and is tried again after 'pause_ms'. May be NULL. */
    void (*failed)(ovnk8s_watcher *watcher, struct task *task, int64_t pause_ms);

    /* TASK_GONE: takes the object out of its table and frees it, task_end() included. */
    void (*forget)(ovnk8s_watcher *watcher, struct task *task);
};

enum task_state { STATE_IDLE, STATE_READY, STATE_PLANNED, STATE_LATER, STATE_WAITING };

/* Part of the object that it is about; of zeroes but for 'type' at first. */
struct task {
    const struct task_type *type;
    struct task *next, *before; /* In the list that it is in. */
    char *reason;               /* Why it is not done; NULL: no more is known. */
    int64_t since;              /* When it was touched first; 0: it is idle. */
    int64_t at;                 /* STATE_LATER: when it is ready again. */
    uint32_t place;             /* STATE_LATER: in the heap. */
    uint16_t failures;          /* In a row. */
    uint16_t most;              /* Tasks of its next plan, itself included; 0: it is no suspect. */
    uint8_t state;              /* An enum task_state. */
    bool is_touched;            /* STATE_PLANNED: to be looked at again afterwards. */
    bool awaits_api;            /* STATE_LATER: it has failed because the API server is away. */
};

struct task_list {
    struct task *first, *last;
    size_t n;
};

struct tasks {
    struct task_list ready[N_LANES], waiting, later;
    struct task **heap; /* Those in 'later', by time. */
    size_t heap_room;
};

/* Frees what 'tasks' has of its own; the tasks are their objects'. */
void tasks_clear(struct tasks *tasks);

/* Something about the task has changed: it is to be looked at, now, even if it has failed. */
void task_touch(struct tasks *tasks, struct task *task, int64_t now);

/* Says why the task is not done. Returns whether that is news. */
bool task_say(struct task *task, const char *format, ...) PRINTF(2, 3);

/* It is as it should be; unless it was touched meanwhile. */
void task_settle(struct tasks *tasks, struct task *task, int64_t now);

/* It waits for something that will touch it. */
void task_wait(struct tasks *tasks, struct task *task, int64_t now);

/* It is looked at again at 'at', without having failed. */
void task_defer(struct tasks *tasks, struct task *task, int64_t at);

/* It is to be looked at again at once, after its plan. */
void task_again(struct tasks *tasks, struct task *task, int64_t now);

/* It has failed, as this thread's last error tells: it is tried again later, but not within 'least'
 * milliseconds. Returns after how many. */
int64_t task_postpone(struct tasks *tasks, struct task *task, int64_t now, int64_t least);

/* Takes it out of everything; the object may be freed then. Not while it is planned. */
void task_end(struct tasks *tasks, struct task *task);

/* Whether something is still to be done for it. */
bool task_is_pending(const struct task *task);

/* Makes ready those whose time has come. */
void tasks_wake(struct tasks *tasks, int64_t now);

/* The API server is there again: makes ready those that were to be tried again later because it was
 * away. Should they fail again, their pauses go on to grow. */
void tasks_api_is_back(struct tasks *tasks, int64_t now);

/* When the next one's time comes; INT64_MAX for never. */
int64_t tasks_next(const struct tasks *tasks);

/* Whether one is ready in the lane, of which the first may join a plan of 'n' tasks. */
bool tasks_has(const struct tasks *tasks, enum lane lane, size_t n);

/* Takes the first that is ready in the lane; NULL if there is none. It is the caller's to put
 * somewhere. */
struct task *tasks_take(struct tasks *tasks, enum lane lane);

/* Lists: a task is in one at most. */
void list_add(struct task_list *list, struct task *task);
void list_remove(struct task_list *list, struct task *task);
struct task *list_pop(struct task_list *list);

#endif /* task.h */
