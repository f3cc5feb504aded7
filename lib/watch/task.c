#include "watch/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The pauses before something that has failed is tried again. */
enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 30000 };

/* Lists. */

void list_add(struct task_list *list, struct task *task)
{
    task->next = NULL;
    task->before = list->last;
    *(list->last ? &list->last->next : &list->first) = task;
    list->last = task;
    list->n++;
}

void list_remove(struct task_list *list, struct task *task)
{
    *(task->before ? &task->before->next : &list->first) = task->next;
    *(task->next ? &task->next->before : &list->last) = task->before;
    task->next = task->before = NULL;
    list->n--;
}

struct task *list_pop(struct task_list *list)
{
    struct task *task = list->first;

    if (task) {
        list_remove(list, task);
    }
    return task;
}

/* The heap: each is due no later than the two below it, 2 * i + 1 and 2 * i + 2. */

static void heap_put(struct tasks *tasks, size_t place, struct task *task)
{
    tasks->heap[place] = task;
    task->place = (uint32_t)place;
}

static void heap_rise(struct tasks *tasks, size_t place, struct task *task)
{
    while (place && tasks->heap[(place - 1) / 2]->at > task->at) {
        heap_put(tasks, place, tasks->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    heap_put(tasks, place, task);
}

static void heap_sink(struct tasks *tasks, size_t n, size_t place, struct task *task)
{
    size_t below;

    while ((below = 2 * place + 1) < n) {
        below += below + 1 < n && tasks->heap[below + 1]->at < tasks->heap[below]->at;
        if (tasks->heap[below]->at >= task->at) {
            break;
        }
        heap_put(tasks, place, tasks->heap[below]);
        place = below;
    }
    heap_put(tasks, place, task);
}

static bool heap_reserve(struct tasks *tasks)
{
    const size_t room = tasks->heap_room ? 2 * tasks->heap_room : 64;
    struct task **grown;

    if (tasks->later.n < tasks->heap_room) {
        return true;
    }
    grown = realloc(tasks->heap, room * sizeof *grown);
    if (grown) {
        tasks->heap = grown;
        tasks->heap_room = room;
    }
    return grown;
}

static void heap_remove(struct tasks *tasks, struct task *task)
{
    const size_t n = tasks->later.n - 1, place = task->place;
    struct task *last = tasks->heap[n];

    if (last == task) {
        return;
    }
    if (place && tasks->heap[(place - 1) / 2]->at > last->at) {
        heap_rise(tasks, place, last);
    } else {
        heap_sink(tasks, n, place, last);
    }
}

/* Places. */

static enum lane lane_of(const struct task *task)
{
    return task->most ? LANE_SUSPECTS : task->type->lane;
}

/* Takes it out of the place that it is in. */
static void leave(struct tasks *tasks, struct task *task)
{
    switch ((enum task_state)task->state) {
    case STATE_READY:
        list_remove(&tasks->ready[lane_of(task)], task);
        break;
    case STATE_LATER:
        heap_remove(tasks, task);
        list_remove(&tasks->later, task);
        break;
    case STATE_WAITING:
        list_remove(&tasks->waiting, task);
        break;
    case STATE_PLANNED: /* Whoever has planned it has taken it out of the plan's list. */
    case STATE_IDLE:
        break;
    }
    task->state = STATE_IDLE;
    task->is_touched = task->awaits_api = false;
}

static void make_ready(struct tasks *tasks, struct task *task, int64_t now)
{
    leave(tasks, task);
    task->state = STATE_READY;
    task->since = task->since ? task->since : now;
    list_add(&tasks->ready[lane_of(task)], task);
}

static void make_later(struct tasks *tasks, struct task *task, int64_t at)
{
    leave(tasks, task);
    task->at = at;
    if (!heap_reserve(tasks)) {
        make_ready(tasks, task, at); /* Too early rather than never. */
        return;
    }
    heap_rise(tasks, tasks->later.n, task);
    list_add(&tasks->later, task);
    task->state = STATE_LATER;
}

static void clear_reason(struct task *task)
{
    free(task->reason);
    task->reason = NULL;
}

void tasks_clear(struct tasks *tasks)
{
    free(tasks->heap);
    *tasks = (struct tasks){0};
}

void task_touch(struct tasks *tasks, struct task *task, int64_t now)
{
    task->failures = 0;
    if (task->state == STATE_PLANNED) {
        task->is_touched = true;
    } else if (task->state != STATE_READY) {
        make_ready(tasks, task, now);
    }
}

bool task_say(struct task *task, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (task->reason && !strcmp(task->reason, text)) {
        return false;
    }
    clear_reason(task);
    task->reason = strdup(text); /* Without memory no more is known. */
    return true;
}

void task_settle(struct tasks *tasks, struct task *task, int64_t now)
{
    const bool again = task->is_touched;

    leave(tasks, task);
    task->failures = 0;
    task->most = 0;
    task->since = 0;
    clear_reason(task);
    if (again) {
        make_ready(tasks, task, now);
    }
}

void task_wait(struct tasks *tasks, struct task *task, int64_t now)
{
    if (task->is_touched) {
        make_ready(tasks, task, now);
        return;
    }
    leave(tasks, task);
    task->failures = 0;
    task->since = task->since ? task->since : now;
    task->state = STATE_WAITING;
    list_add(&tasks->waiting, task);
}

void task_defer(struct tasks *tasks, struct task *task, int64_t at)
{
    if (task->is_touched) {
        make_ready(tasks, task, at);
        return;
    }
    make_later(tasks, task, at);
}

void task_again(struct tasks *tasks, struct task *task, int64_t now)
{
    make_ready(tasks, task, now);
}

int64_t task_postpone(struct tasks *tasks, struct task *task, int64_t now, int64_t least)
{
    const bool again = task->is_touched;
    int64_t pause = FIRST_PAUSE_MS;

    for (unsigned int i = 0; i < task->failures && pause < LONGEST_PAUSE_MS; i++) {
        pause *= 2;
    }
    pause = pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS;
    pause = again ? 0 : pause < least ? least : pause;
    task_say(task, "%s", ovnk8s_last_error()->message);
    leave(tasks, task);
    task->failures += task->failures < UINT16_MAX;
    if (again) {
        make_ready(tasks, task, now);
    } else {
        make_later(tasks, task, now + pause);
    }
    return pause;
}

void task_end(struct tasks *tasks, struct task *task)
{
    leave(tasks, task);
    clear_reason(task);
}

bool task_is_pending(const struct task *task)
{
    return task->state != STATE_IDLE;
}

/* The queue. */

void tasks_wake(struct tasks *tasks, int64_t now)
{
    while (tasks_next(tasks) <= now) {
        make_ready(tasks, tasks->heap[0], now);
    }
}

int64_t tasks_next(const struct tasks *tasks)
{
    return tasks->later.n ? tasks->heap[0]->at : INT64_MAX;
}

void tasks_api_is_back(struct tasks *tasks, int64_t now)
{
    for (struct task *task = tasks->later.first, *next; task; task = next) {
        next = task->next;
        if (task->awaits_api) {
            make_ready(tasks, task, now);
        }
    }
}

bool tasks_has(const struct tasks *tasks, enum lane lane, size_t n)
{
    const struct task *task = tasks->ready[lane].first;

    return task && (!task->most || task->most > n);
}

struct task *tasks_take(struct tasks *tasks, enum lane lane)
{
    struct task *task = list_pop(&tasks->ready[lane]);

    if (task) {
        task->state = STATE_PLANNED;
        task->is_touched = false;
    }
    return task;
}
