#include "watch/ledgers.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/ledger_tidy.h"
#include "watch/private.h"

struct ledger {
    struct hashed hashed;
    struct task task;
    char node[];
};

static struct ledger *ledger_of(const struct task *task)
{
    return (struct ledger *)((char *)task - offsetof(struct ledger, task));
}

static void name_ledger(const struct task *task, char *out, size_t size)
{
    snprintf(out, size, "%s", ledger_of(task)->node);
}

/* What a port row, or a pod that is to have one, stands for is in use. */
static bool keeps(void *payload, const char *node, const char *port)
{
    ovnk8s_watcher *watcher = payload;
    const struct row *row = replica_find(conn_replica(watcher->conn), SWITCH_PORT_TABLE,
                                         switch_port_id(watcher->owner, port));
    const char *there = row_pair(row, "external_ids", NODE_KEY);
    const char *name = strchr(port, '_');
    char pod_namespace[256];
    const struct pod *pod;

    if (!name || (row && (!there || !strcmp(there, node)))) {
        return true;
    }
    snprintf(pod_namespace, sizeof pod_namespace, "%.*s", (int)(name - port), port);
    pod = pods_find(&watcher->pods, pod_namespace, name + 1);
    return pod && pod->wants_port && pod->node && !strcmp(pod->node, node);
}

static int wish(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    return ledger_tidy_intend(plan, ledger_of(task)->node, keeps, watcher);
}

static enum verdict examine(ovnk8s_watcher *watcher, struct task *task, ovnk8s_plan *plan)
{
    return wish(watcher, task, plan) ? TASK_FAILED : TASK_PLANNED;
}

static void landed(ovnk8s_watcher *watcher, struct task *task, enum landing landing)
{
    if (landing == PLAN_COMMITTED) {
        task_settle(&watcher->lanes.tasks, task, now_ms());
    }
}

static const struct task_type ledger_type = {.kind = "Ledger",
                                             .lane = LANE_NODES,
                                             .name = name_ledger,
                                             .examine = examine,
                                             .wish = wish,
                                             .landed = landed};

static struct ledger *find_ledger(const struct ledgers *ledgers, const char *node)
{
    struct hashed *at = hash_find(&ledgers->table, hash_text(HASH_START, node));

    while (at && strcmp(((struct ledger *)at)->node, node) != 0) {
        at = hash_find_next(at);
    }
    return (struct ledger *)at;
}

static struct ledger *add_ledger(struct ledgers *ledgers, const char *node)
{
    const size_t size = strlen(node) + 1;
    struct ledger *ledger = calloc(1, sizeof *ledger + size);

    if (!ledger || !hash_insert(&ledgers->table, &ledger->hashed, hash_text(HASH_START, node))) {
        free(ledger);
        return NULL;
    }
    memcpy(ledger->node, node, size);
    ledger->task.type = &ledger_type;
    return ledger;
}

void ledgers_touch(ovnk8s_watcher *watcher, const char *node)
{
    struct ledger *ledger = find_ledger(&watcher->ledgers, node);

    ledger = ledger ? ledger : add_ledger(&watcher->ledgers, node);
    if (ledger) {
        task_touch(&watcher->lanes.tasks, &ledger->task, now_ms());
    }
}

void ledgers_each(const struct ledgers *ledgers, void (*each)(struct task *task, void *payload),
                  void *payload)
{
    for (struct hashed *at = hash_first(&ledgers->table); at; at = hash_next(&ledgers->table, at)) {
        each(&((struct ledger *)at)->task, payload);
    }
}

static void touch(struct task *task, void *payload)
{
    task_touch(payload, task, now_ms());
}

void ledgers_touch_all(ovnk8s_watcher *watcher)
{
    ledgers_each(&watcher->ledgers, touch, &watcher->lanes.tasks);
}

static void free_ledger(struct hashed *hashed)
{
    struct ledger *ledger = (struct ledger *)hashed;

    free(ledger->task.reason);
    free(ledger);
}

void ledgers_clear(struct ledgers *ledgers)
{
    hash_clear(&ledgers->table, free_ledger);
}
