#include "watch/api_absence.h"

#include "watch/private.h"

/* So long one absence has ended before the end of the next one counts. */
enum { REST_MS = 1000 };

void api_blame(ovnk8s_watcher *watcher, struct task *task, const struct kube_reply *reply)
{
    const bool is_away = reply->error == OVNK8S_UNAVAILABLE || reply->error == OVNK8S_TIMEOUT;

    task_blame(watcher, task, reply->retry_after_ms);
    if (is_away && !reply->retry_after_ms && task->state == STATE_LATER) {
        task->awaits_api = true;
        watcher->api_absence.is_felt = true;
    }
}

void api_answers(ovnk8s_watcher *watcher)
{
    struct api_absence *absence = &watcher->api_absence;
    const int64_t now = now_ms();

    if (absence->is_felt && now - absence->ended_at >= REST_MS) {
        absence->is_felt = false;
        absence->ended_at = now;
        tasks_api_is_back(&watcher->lanes.tasks, now);
    }
}

void api_step(ovnk8s_watcher *watcher)
{
    struct api_absence *absence = &watcher->api_absence;
    const bool is_failing = kube_reflector_status(watcher->reflector)->failures > 0;

    if (absence->was_failing && !is_failing) {
        api_answers(watcher);
    }
    absence->was_failing = is_failing;
}
