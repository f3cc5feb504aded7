#include "watch/lanes.h"

#include "ovsdb/apply.h"
#include "watch/private.h"

/* The pauses of a lane after the database went away, unless it comes back earlier. */
enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 5000 };

static struct tasks *queue_of(ovnk8s_watcher *watcher)
{
    return &watcher->lanes.tasks;
}

void task_blame(ovnk8s_watcher *watcher, struct task *task, int64_t least)
{
    char name[512];
    int64_t pause;

    if (watcher->nodes.n_lost && ovnk8s_last_error()->code == OVNK8S_NOTFOUND) {
        (void)!fail_during(OVNK8S_NOTFOUND, NULL, NULL, RESTORED);
    }
    pause = task_postpone(queue_of(watcher), task, now_ms(), least);
    task->type->name(task, name, sizeof name);
    watcher->metrics.tasks_failed++;
    log_line(&watcher->log, OVNK8S_LOG_WARN, "%s %s: %s: trying again in %lld ms", task->type->kind,
             name, task->reason ? task->reason : ovnk8s_error_name(OVNK8S_NOMEM), (long long)pause);
    if (task->type->failed) {
        task->type->failed(watcher, task, pause);
    }
}

/* Landing. */

/* The task decides by itself where it goes; one that says nothing is looked at again. */
static void land_task(ovnk8s_watcher *watcher, struct task *task, enum landing landing)
{
    if (landing == PLAN_COMMITTED) {
        task->failures = task->most = 0;
    }
    if (task->type->landed) {
        task->type->landed(watcher, task, landing);
    }
    if (task->state == STATE_PLANNED) {
        task_again(queue_of(watcher), task, now_ms());
    }
}

/* Half as many to a plan: what is done for 500 takes two plans for each of nine halvings, where one
 * of them is to blame. */
static void land_refused(ovnk8s_watcher *watcher, struct cargo *cargo)
{
    const struct failure_story story = failure_save();
    const size_t n = cargo->tasks.n;
    struct task *task;

    watcher->metrics.plans_refused++;
    while ((task = list_pop(&cargo->tasks)) != NULL) {
        if (task->type->landed) {
            task->type->landed(watcher, task, PLAN_REFUSED);
        }
        task->most = (uint16_t)((n + 1) / 2); /* From now on, until it succeeds. */
        if (n == 1) {
            failure_restore(&story);
            task_blame(watcher, task, 0);
        } else {
            task_again(queue_of(watcher), task, now_ms());
        }
    }
}

static void land_committed(ovnk8s_watcher *watcher, struct lane_state *lane)
{
    struct cargo *cargo = &lane->flying;
    struct task *task;

    lane->losses = 0;
    if (!ovnk8s_plan_changes(cargo->plan)) {
        watcher->metrics.plans_unchanged++;
    } else {
        watcher->metrics.plans_committed++;
        log_line(&watcher->log, OVNK8S_LOG_INFO, "committed %zu changes for %zu objects",
                 ovnk8s_plan_changes(cargo->plan), cargo->tasks.n);
    }
    while ((task = list_pop(&cargo->tasks)) != NULL) {
        land_task(watcher, task, PLAN_COMMITTED);
    }
}

static void land_lost(ovnk8s_watcher *watcher, struct lane_state *lane)
{
    int64_t pause = FIRST_PAUSE_MS;
    struct task *task;

    for (unsigned int i = 0; i < lane->losses && pause < LONGEST_PAUSE_MS; i++) {
        pause *= 2;
    }
    lane->losses++;
    lane->not_before = now_ms() + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
    watcher->metrics.plans_lost++;
    log_line(&watcher->log, OVNK8S_LOG_WARN, "%s: all goes on when it is there again",
             ovnk8s_last_error()->message);
    while ((task = list_pop(&lane->flying.tasks)) != NULL) {
        land_task(watcher, task, PLAN_LOST);
    }
}

/* Nothing was changed, and no task is to blame. */
static void land_unled(ovnk8s_watcher *watcher, struct cargo *cargo)
{
    struct task *task;

    while ((task = list_pop(&cargo->tasks)) != NULL) {
        land_task(watcher, task, PLAN_REFUSED);
    }
}

static bool is_of_database(int error)
{
    return error == OVNK8S_TIMEOUT || error == OVNK8S_UNAVAILABLE || error == OVNK8S_CANCELLED;
}

static void land(ovnk8s_watcher *watcher, struct lane_state *lane, int error)
{
    if (!error) {
        land_committed(watcher, lane);
    } else if (is_of_database(error)) {
        land_lost(watcher, lane);
    } else if (lead_is_lost(watcher, error)) {
        land_unled(watcher, &lane->flying);
    } else {
        land_refused(watcher, &lane->flying);
    }
    apply_free(lane->apply);
    lane->apply = NULL;
    ovnk8s_plan_free(lane->flying.plan);
    lane->flying.plan = NULL;
}

static void step_flight(ovnk8s_watcher *watcher, struct lane_state *lane)
{
    const int error = apply_step(lane->apply);

    if (apply_is_over(lane->apply)) {
        land(watcher, lane, error);
    }
}

/* Collecting. */

static void examine(ovnk8s_watcher *watcher, struct cargo *next, struct task *task)
{
    struct tasks *tasks = queue_of(watcher);

    switch (task->type->examine(watcher, task, next->plan)) {
    case TASK_DONE:
        task_settle(tasks, task, now_ms());
        break;
    case TASK_PLANNED:
        list_add(&next->tasks, task);
        next->most =
            !next->most || (task->most && task->most < next->most) ? task->most : next->most;
        break;
    case TASK_WAITS:
        task_wait(tasks, task, now_ms());
        break;
    case TASK_DEFERRED:
        break;
    case TASK_FAILED:
        task_blame(watcher, task, 0);
        break;
    case TASK_GONE:
        task->type->forget(watcher, task);
        break;
    }
}

/* What departs at once is small, so that something follows from it, as requests to the API server,
 * while the rest is collected and committed. Suspects bear less company than others. */
static size_t room(const struct lane_state *lane)
{
    const size_t most = lane->apply ? MOST_PLANNED : FIRST_PLANNED;

    return lane->next.most && lane->next.most < most ? lane->next.most : most;
}

static bool has_more(const struct lanes *lanes, enum lane number)
{
    const struct lane_state *lane = &lanes->of[number];
    const size_t n = lane->next.tasks.n;

    return n < room(lane) && tasks_has(&lanes->tasks, number, n);
}

/* Not more at once than fill a plan, so that a step is short. */
static void collect(ovnk8s_watcher *watcher, enum lane number)
{
    struct lanes *lanes = &watcher->lanes;
    struct cargo *next = &lanes->of[number].next;

    if (!has_more(lanes, number) || (!next->plan && watcher_plan_new(watcher, &next->plan) != 0)) {
        return;
    }
    for (size_t i = 0; i < MOST_PLANNED && has_more(lanes, number); i++) {
        examine(watcher, next, tasks_take(&lanes->tasks, number));
    }
}

static bool may_plan(const ovnk8s_watcher *watcher)
{
    return conn_is_current(watcher->conn) && watcher_is_synced(watcher) && lead_may_write(watcher);
}

/* What a watcher does that does not lead. */
static void follow(ovnk8s_watcher *watcher, enum lane number)
{
    for (size_t i = 0; i < MOST_PLANNED; i++) {
        struct task *task = tasks_take(queue_of(watcher), number);

        if (!task) {
            return;
        }
        if (task->type->follow && task->type->follow(watcher, task)) {
            task->type->forget(watcher, task);
        } else {
            task_settle(queue_of(watcher), task, now_ms());
        }
    }
}

void lanes_stand_down(ovnk8s_watcher *watcher)
{
    for (size_t i = 0; i < N_LANES; i++) {
        struct cargo *next = &watcher->lanes.of[i].next;

        land_unled(watcher, next);
        ovnk8s_plan_free(next->plan);
        *next = (struct cargo){.plan = NULL};
    }
}

static void depart(ovnk8s_watcher *watcher, struct lane_state *lane)
{
    const struct deadline deadline = conn_deadline(watcher->conn, 0);

    if (!lane->next.tasks.n || lane->not_before > now_ms() ||
        apply_start(&lane->apply, lane->next.plan, watcher->conn, &deadline)) {
        return;
    }
    lane->flying = lane->next;
    lane->next = (struct cargo){.plan = NULL};
    histogram_add_size(&watcher->metrics.plan_size, lane->flying.tasks.n);
    step_flight(watcher, lane);
}

/* The pauses were for a database that is away. */
static void note_current(struct lanes *lanes, bool is_current)
{
    for (size_t i = 0; i < N_LANES && is_current && !lanes->was_current; i++) {
        lanes->of[i].not_before = 0;
    }
    lanes->was_current = is_current;
}

void lanes_step(ovnk8s_watcher *watcher)
{
    struct lanes *lanes = &watcher->lanes;
    const bool is_current = conn_is_current(watcher->conn);

    tasks_wake(&lanes->tasks, now_ms());
    for (size_t i = 0; i < N_LANES; i++) {
        if (lanes->of[i].apply) {
            step_flight(watcher, &lanes->of[i]);
        }
    }
    note_current(lanes, is_current);
    for (size_t i = 0; i < N_LANES && lead_follows(watcher); i++) {
        follow(watcher, (enum lane)i);
    }
    for (size_t i = 0; i < N_LANES && may_plan(watcher); i++) {
        collect(watcher, (enum lane)i);
        if (!lanes->of[i].apply) {
            depart(watcher, &lanes->of[i]);
        }
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t lane_wake_at(const ovnk8s_watcher *watcher, enum lane number)
{
    const struct lane_state *lane = &watcher->lanes.of[number];
    int64_t at = lane->apply ? apply_wakes_at(lane->apply) : INT64_MAX;

    if (lead_follows(watcher)) {
        return watcher->lanes.tasks.ready[number].n ? 0 : at;
    }
    if (may_plan(watcher)) {
        at = has_more(&watcher->lanes, number) ? 0 : at;
        at = lane->next.tasks.n && !lane->apply ? earlier(at, lane->not_before) : at;
    }
    return at;
}

int64_t lanes_wake_at(const ovnk8s_watcher *watcher)
{
    int64_t at = tasks_next(&watcher->lanes.tasks);

    for (size_t i = 0; i < N_LANES; i++) {
        at = earlier(at, lane_wake_at(watcher, (enum lane)i));
    }
    return at;
}

/* All of them. */

static void each_of(const struct task_list *list,
                    void (*each)(const struct task *task, void *payload), void *payload)
{
    for (const struct task *task = list->first; task; task = task->next) {
        each(task, payload);
    }
}

void lanes_each_pending(const struct lanes *lanes,
                        void (*each)(const struct task *task, void *payload), void *payload)
{
    for (size_t i = 0; i < N_LANES; i++) {
        each_of(&lanes->of[i].flying.tasks, each, payload);
        each_of(&lanes->of[i].next.tasks, each, payload);
        each_of(&lanes->tasks.ready[i], each, payload);
    }
    each_of(&lanes->tasks.later, each, payload);
    each_of(&lanes->tasks.waiting, each, payload);
}

size_t lanes_count_planned(const struct lanes *lanes)
{
    size_t n = 0;

    for (size_t i = 0; i < N_LANES; i++) {
        n += lanes->of[i].flying.tasks.n + lanes->of[i].next.tasks.n;
    }
    return n;
}

size_t lanes_count_pending(const struct lanes *lanes)
{
    size_t n = lanes->tasks.later.n + lanes->tasks.waiting.n + lanes_count_planned(lanes);

    for (size_t i = 0; i < N_LANES; i++) {
        n += lanes->tasks.ready[i].n;
    }
    return n;
}

void lanes_clear(struct lanes *lanes)
{
    for (size_t i = 0; i < N_LANES; i++) {
        apply_free(lanes->of[i].apply);
        ovnk8s_plan_free(lanes->of[i].flying.plan);
        ovnk8s_plan_free(lanes->of[i].next.plan);
    }
    tasks_clear(&lanes->tasks);
    *lanes = (struct lanes){.was_current = false};
}
