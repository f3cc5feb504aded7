/* The API server is away: what has failed for that reason alone is tried again as soon as it
 * answers anybody, not only when its pause is over. */

#ifndef WATCH_API_ABSENCE_H
#define WATCH_API_ABSENCE_H

#include "watch/task.h"

struct kube_reply;

/* Begins as zeroes. */
struct api_absence {
    bool is_felt;     /* Tasks wait for its end. */
    bool was_failing; /* The reflector of the pods was, at the latest step. */
    int64_t ended_at; /* The latest one; so that one who answers every other time is not flooded. */
};

/* As task_blame(), for a call about the object that has failed as 'reply' and this thread's last
 * error tell. */
void api_blame(ovnk8s_watcher *watcher, struct task *task, const struct kube_reply *reply);

/* The API server has said something. */
void api_answers(ovnk8s_watcher *watcher);

/* Looks whether it answers those who follow its objects. */
void api_step(ovnk8s_watcher *watcher);

#endif /* api_absence.h */
