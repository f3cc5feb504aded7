#include "watch/service_task.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/groups.h"
#include "topology/names.h"
#include "topology/service.h"
#include "watch/event_recorder.h"
#include "watch/private.h"
#include "watch/published.h"
#include "watch/service_value.h"
#include "watch/service_yield.h"

/* Holds an entry of the cache as long as something may have to be done for it. */
struct service_task {
    struct task task;
    ovnk8s_watcher *watcher;
    struct cached_service *service;
    bool is_wanted; /* As the latest plan has it. */
    bool is_clean;  /* It was committed that it has no rows. */
    bool yields;    /* It does not get all the addresses that it names. */
};

static struct service_task *service_of(const struct task *task)
{
    return (struct service_task *)((char *)task - offsetof(struct service_task, task));
}

static void name_service(const struct task *task, char *out, size_t size)
{
    const struct cached_service *service = service_of(task)->service;

    snprintf(out, size, "%s/%s", service->service_namespace, service->name);
}

/* What is wanted. */

static void tell_left_out(const struct service_task *task, const struct reading *reading)
{
    if (reading->left_out) {
        log_line(&task->watcher->log, OVNK8S_LOG_WARN, "service %s/%s: %s",
                 task->service->service_namespace, task->service->name, reading->reason);
    }
}

/* What the rows are made of, in 'arena'; 'taken' tells what is another's. False when there is
 * nothing to be served. */
static bool value_of(const struct service_task *task, struct arena *arena, ovnk8s_service *value,
                     struct reading *reading, struct reading *taken)
{
    const bool is_wanted = service_value(task->service, arena, value, reading);

    if (is_wanted && !arena->failed) {
        service_yield(&task->watcher->services.claims, service_places(task->watcher), task->service,
                      arena, value, taken);
    }
    return is_wanted;
}

static void tell_event(const struct service_task *task, const char *reason, const char *note)
{
    const struct cached_service *service = task->service;
    char uid[UUID_TEXT];
    const struct event_object object = {"Service", "v1", service->service_namespace, service->name,
                                        row_id_format(service->uid, uid)};

    if (service->spec) {
        watcher_tell_event(task->watcher, &object, reason, note);
    }
}

/* The rows are right, but the service is not what its owner wants: it waits for whoever has the
 * address. Said once, until something else is the first. */
static enum verdict wait_for_addresses(struct service_task *task, const struct reading *taken)
{
    char others[64] = "";

    if (taken->left_out > 1) {
        snprintf(others, sizeof others, ", and %zu more", taken->left_out - 1);
    }
    if (task_say(&task->task, "%s%s", taken->reason, others)) {
        log_line(&task->watcher->log, OVNK8S_LOG_WARN, "service %s/%s: %s%s",
                 task->service->service_namespace, task->service->name, taken->reason, others);
        tell_event(task, "AddressTaken", task->task.reason ? task->task.reason : taken->reason);
    }
    return TASK_WAITS;
}

static int plan_service(struct service_task *task, const ovnk8s_service *value, ovnk8s_plan *plan)
{
    return value
               ? ovnk8s_service_add(plan, value)
               : ovnk8s_service_delete(plan, task->service->service_namespace, task->service->name);
}

/* What the database has already needs no plan: so a start with thousands of services is quick, and
 * what a plan has changed is seen to be as it should be. */
static enum verdict compare(struct service_task *task, ovnk8s_plan *plan)
{
    struct reading reading = {.left_out = 0}, taken = {.left_out = 0};
    struct arena arena = {0};
    ovnk8s_service value;
    enum verdict verdict = TASK_DONE;

    task->is_wanted = value_of(task, &arena, &value, &reading, &taken);
    task->yields = taken.left_out > 0;
    if (arena.failed) {
        fail_nomem();
        verdict = TASK_FAILED;
    } else if (!task->is_wanted || !service_is_in_database(task->watcher, &value)) {
        tell_left_out(task, &reading);
        verdict =
            plan_service(task, task->is_wanted ? &value : NULL, plan) ? TASK_FAILED : TASK_PLANNED;
    } else if (task->yields) {
        verdict = wait_for_addresses(task, &taken);
    }
    arena_clear(&arena);
    return verdict;
}

/* All services would fail alike, and go on failing. */
static enum verdict wait_for_groups(ovnk8s_watcher *watcher, struct task *task)
{
    task_say(task, "waiting for a server with table " GROUP_TABLE
                   ", of OVN 21.12 or newer, and a watcher that is started then");
    if (!watcher->services.is_told) {
        watcher->services.is_told = true;
        log_line(&watcher->log, OVNK8S_LOG_WARN,
                 "the server has no table " GROUP_TABLE
                 ": no service works before OVN is 21.12 or newer");
    }
    return TASK_WAITS;
}

static enum verdict examine(ovnk8s_watcher *watcher, struct task *opaque, ovnk8s_plan *plan)
{
    struct service_task *task = service_of(opaque);

    if (!task->service->spec && task->is_clean) {
        return TASK_GONE;
    }
    return conn_is_plain(watcher->conn) ? wait_for_groups(watcher, opaque) : compare(task, plan);
}

static int wish(ovnk8s_watcher *watcher, struct task *opaque, ovnk8s_plan *plan)
{
    struct service_task *task = service_of(opaque);
    struct reading reading = {.left_out = 0}, taken = {.left_out = 0};
    struct arena arena = {0};
    ovnk8s_service value;
    const bool is_wanted = value_of(task, &arena, &value, &reading, &taken);
    const int error =
        arena.failed ? fail_nomem() : plan_service(task, is_wanted ? &value : NULL, plan);

    (void)watcher;
    arena_clear(&arena);
    return error;
}

/* One that has no rows any more is looked at once more, and forgotten. One that yields has been
 * waiting since nobody knows when, and goes on. */
static void landed(ovnk8s_watcher *watcher, struct task *opaque, enum landing landing)
{
    struct service_task *task = service_of(opaque);

    task->is_clean = landing == PLAN_COMMITTED && !task->is_wanted;
    if (landing == PLAN_COMMITTED && !task->yields) {
        histogram_add_ms(&watcher->metrics.service_committed, now_ms() - opaque->since);
    }
    if (landing == PLAN_COMMITTED && task->is_wanted && !task->yields) {
        task_settle(&watcher->lanes.tasks, opaque, now_ms());
    }
}

static void failed(ovnk8s_watcher *watcher, struct task *opaque, int64_t pause_ms)
{
    char note[1024];

    (void)watcher;
    snprintf(note, sizeof note, "%s: trying again in %.1f s", opaque->reason ? opaque->reason : "",
             (double)pause_ms / 1000);
    tell_event(service_of(opaque), "ServiceFailed", note);
}

/* Rows of one that is gone are strays to whoever leads next. */
static bool follow(ovnk8s_watcher *watcher, struct task *task)
{
    (void)watcher;
    return !service_of(task)->service->spec;
}

static void end_task(struct service_task *task)
{
    struct service_cache *cache = &task->watcher->services.cache;

    task_end(&task->watcher->lanes.tasks, &task->task);
    service_cache_release(cache, task->service);
    free(task);
}

static void forget(ovnk8s_watcher *watcher, struct task *task)
{
    (void)watcher;
    end_task(service_of(task));
}

static const struct task_type service_task_type = {.kind = "Service",
                                                   .lane = LANE_SERVICES,
                                                   .name = name_service,
                                                   .examine = examine,
                                                   .wish = wish,
                                                   .follow = follow,
                                                   .landed = landed,
                                                   .failed = failed,
                                                   .forget = forget};

/* Touching. */

static void touch(ovnk8s_watcher *watcher, struct cached_service *service)
{
    struct service_task *task = service->holder;

    if (!task) {
        task = calloc(1, sizeof *task);
        if (!task) {
            log_line(&watcher->log, OVNK8S_LOG_ERROR, "service %s/%s: out of memory",
                     service->service_namespace, service->name);
            return;
        }
        task->task.type = &service_task_type;
        task->watcher = watcher;
        task->service = service;
        service->holder = task;
    }
    task->is_clean = false;
    task_touch(&watcher->lanes.tasks, &task->task, now_ms());
}

static void touch_rival(struct cached_service *service, void *payload)
{
    touch(payload, service);
}

/* Others may have to yield to it, or to yield no more. */
static void claims_changed(ovnk8s_watcher *watcher, struct cached_service *service,
                           const struct service_spec *before)
{
    struct claims *claims = &watcher->services.claims;
    const struct service_places *places = service_places(watcher);

    if (!claims_update(claims, service, before)) {
        log_line(&watcher->log, OVNK8S_LOG_ERROR, "service %s/%s: out of memory",
                 service->service_namespace, service->name);
    }
    service_rivals_each(claims, places, service, before, touch_rival, watcher);
    service_rivals_each(claims, places, service, service->spec, touch_rival, watcher);
}

/* Slices of what is no Service are of no interest, and change no claims. */
static void service_changed(struct cached_service *service, const struct service_spec *before,
                            void *payload)
{
    if (before != service->spec) {
        claims_changed(payload, service, before);
    }
    if (service->spec || before || service->holder) {
        touch(payload, service);
    }
}

static void touch_one(struct cached_service *service, void *payload)
{
    if (service->spec || service->holder) {
        touch(payload, service);
    }
}

void services_touch_all(ovnk8s_watcher *watcher)
{
    service_cache_each(&watcher->services.cache, touch_one, watcher);
    watcher->services.has_strays = true;
}

/* Rows. */

/* Of a load balancer or a policy. A service that nobody knows has rows from a time when no watcher
 * was running. */
static void touch_owner_of(const struct row *balancer, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const char *owner = row_pair(balancer, "external_ids", OWNER_KEY);
    const char *service_namespace = row_pair(balancer, "external_ids", SERVICE_NAMESPACE_KEY);
    const char *name = row_pair(balancer, "external_ids", SERVICE_NAME_KEY);
    struct service_cache *cache = &watcher->services.cache;
    struct cached_service *service;

    if (!owner || strcmp(owner, watcher->owner) != 0 || !service_namespace || !name) {
        return;
    }
    service = service_cache_find(cache, service_namespace, name);
    service = service ? service : service_cache_hold(cache, service_namespace, name, NULL);
    if (service) {
        touch(watcher, service);
    }
}

static void touch_if_stray(const struct row *balancer, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const char *service_namespace = row_pair(balancer, "external_ids", SERVICE_NAMESPACE_KEY);
    const char *name = row_pair(balancer, "external_ids", SERVICE_NAME_KEY);
    const struct cached_service *service =
        service_namespace && name
            ? service_cache_find(&watcher->services.cache, service_namespace, name)
            : NULL;

    if (!service || !service->spec) {
        touch_owner_of(balancer, payload);
    }
}

/* A gateway serves them, or has an address that they name. */
static void touch_if_published(struct cached_service *service, void *payload)
{
    if (service->spec && (service->spec->external_local || publishes(service->spec))) {
        touch(payload, service);
    }
}

static bool is_gateway(const struct row *router)
{
    return router && row_pair(router, "external_ids", GATEWAY_KEY);
}

struct site {
    ovnk8s_watcher *watcher;
    const char *node;
};

static void touch_if_on(struct cached_service *service, void *payload)
{
    const struct site *site = payload;

    if (service->spec && service->spec->internal_local &&
        cached_service_is_on(service, site->node)) {
        touch(site->watcher, service);
    }
}

/* A walk over 10,000 services takes a millisecond: less than the plan that a new node or gateway
 * came by. */
static void site_changed(ovnk8s_watcher *watcher, const struct row *before, const struct row *now)
{
    const struct row *row = now ? now : before;
    struct service_cache *cache = &watcher->services.cache;

    if (!strcmp(row->table, ROUTER_TABLE) && (is_gateway(before) || is_gateway(now))) {
        service_cache_each(cache, touch_if_published, watcher);
    } else if (!strcmp(row->table, SWITCH_TABLE) && !(before && now) && row_string(row, "name")) {
        struct site site = {watcher, row_string(row, "name")};

        service_cache_each(cache, touch_if_on, &site);
    }
}

/* Load balancers that were in a group and are not any more; 'now' is NULL when it has gone. Those
 * that stay do so in the same order. */
static void group_changed(ovnk8s_watcher *watcher, const struct row *before, const struct row *now)
{
    const struct column *were = row_column(before, "load_balancer");
    const struct column *are = row_column(now, "load_balancer");
    size_t at = 0;

    for (size_t i = 0; were && i < were->n; i++) {
        const struct row *balancer;

        if (are && at < are->n && row_id_equal(were->atoms[i].row, are->atoms[at].row)) {
            at++;
            continue;
        }
        balancer =
            are && column_holds(are, &were->atoms[i])
                ? NULL
                : replica_find(conn_replica(watcher->conn), BALANCER_TABLE, were->atoms[i].row);
        if (balancer) {
            touch_owner_of(balancer, watcher);
        }
    }
}

static void forget_changed(ovnk8s_watcher *watcher, const struct row *before, const struct row *now)
{
    const char *table = now ? now->table : before->table;

    if (!strcmp(table, GROUP_TABLE) && before && now) {
        service_groups_forget(watcher);
    } else if (!strcmp(table, GROUP_TABLE) || !strcmp(table, ROUTER_TABLE)) {
        service_places_forget(watcher);
    }
}

void services_row_changed(ovnk8s_watcher *watcher, const struct row *before, const struct row *now)
{
    const char *table = now ? now->table : before->table;

    forget_changed(watcher, before, now);
    if (!services_are_synced(watcher)) {
        return;
    }
    if (!strcmp(table, BALANCER_TABLE) || !strcmp(table, POLICY_TABLE)) {
        touch_owner_of(before ? before : now, watcher);
    } else if (!strcmp(table, GROUP_TABLE)) {
        group_changed(watcher, before, now);
    } else {
        site_changed(watcher, before, now);
    }
}

void services_step(ovnk8s_watcher *watcher)
{
    if (watcher->services.has_strays && lead_may_write(watcher)) {
        watcher->services.has_strays = false;
        replica_each(conn_replica(watcher->conn), BALANCER_TABLE, touch_if_stray, watcher);
    }
}

/* Life. */

bool services_are_synced(const ovnk8s_watcher *watcher)
{
    const struct service_cache *cache = &watcher->services.cache;

    return cache->services_synced && cache->slices_synced;
}

void services_prepare(ovnk8s_watcher *watcher)
{
    static const char *const tables[] = {BALANCER_TABLE, ROUTER_TABLE, GROUP_TABLE, POLICY_TABLE};
    struct services *services = &watcher->services;

    services->cache.changed = service_changed;
    services->cache.payload = watcher;
    services->cache.log = watcher->log;
    services->has_strays = true;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        conn_watch(watcher->conn, tables[i], NULL);
    }
}

/* Slices of headless services are for DNS. */
int services_start(ovnk8s_watcher *watcher)
{
    static const struct kube_collection all_services = {.path = "/api/v1/services"};
    static const struct kube_collection all_slices = {
        .path = "/apis/discovery.k8s.io/v1/endpointslices",
        .label_selector = "!service.kubernetes.io/headless"};
    struct services *services = &watcher->services;
    struct kube_handler handler;
    int error;

    services_prepare(watcher);
    handler = service_cache_services(&services->cache);
    error = kube_reflector_start(&services->services, watcher->kube, &all_services, &handler);
    handler = service_cache_slices(&services->cache);
    return error ? error
                 : kube_reflector_start(&services->slices, watcher->kube, &all_slices, &handler);
}

void services_stop(ovnk8s_watcher *watcher)
{
    kube_reflector_stop(watcher->services.services);
    kube_reflector_stop(watcher->services.slices);
}

static void free_task(struct cached_service *service, void *payload)
{
    struct service_task *task = service->holder;

    (void)payload;
    if (task) {
        free(task->task.reason);
        free(task);
        service->holder = NULL;
    }
}

void services_clear(ovnk8s_watcher *watcher)
{
    service_cache_each(&watcher->services.cache, free_task, NULL);
    service_cache_clear(&watcher->services.cache);
    claims_clear(&watcher->services.claims);
    service_places_forget(watcher);
}

struct visit {
    void (*each)(struct task *task, void *payload);
    void *payload;
};

static void visit_task(struct cached_service *service, void *payload)
{
    const struct visit *visit = payload;
    struct service_task *task = service->holder;

    if (task) {
        visit->each(&task->task, visit->payload);
    }
}

void services_each_task(ovnk8s_watcher *watcher, void (*each)(struct task *task, void *payload),
                        void *payload)
{
    struct visit visit = {each, payload};

    service_cache_each(&watcher->services.cache, visit_task, &visit);
}
