/* Services as tasks: what the rows of each have to be follows from its Service, its slices, and the
 * nodes and gateways that there are. */

#ifndef WATCH_SERVICE_TASK_H
#define WATCH_SERVICE_TASK_H

#include "base/row.h"
#include "watch/claims.h"
#include "watch/service_cache.h"
#include "watch/service_copy.h"
#include "watch/task.h"

struct services {
    struct service_cache cache;
    struct claims claims;
    struct kube_reflector *services, *slices;
    struct service_places sites;
    bool has_strays; /* Rows of services that nobody knows may be there. */
    bool is_told;    /* The log has that the server is too old. */
};

/* Follows the rows of the database, and lets the cache say which services are due. */
void services_prepare(ovnk8s_watcher *watcher);

/* The same, and follow the collections of the API server, from the start to the end of a watcher.
 */
int services_start(ovnk8s_watcher *watcher);
void services_stop(ovnk8s_watcher *watcher);
void services_clear(ovnk8s_watcher *watcher);

/* Whether both were listed. */
bool services_are_synced(const ovnk8s_watcher *watcher);

/* A row of Load_Balancer, Load_Balancer_Group, Logical_Router_Policy, Logical_Router or
 * Logical_Switch has come, changed or gone; either may be NULL. */
void services_row_changed(ovnk8s_watcher *watcher, const struct row *before, const struct row *now);

/* Takes care of rows whose service is not known. */
void services_step(ovnk8s_watcher *watcher);

/* All of them are looked at. */
void services_touch_all(ovnk8s_watcher *watcher);

void services_each_task(ovnk8s_watcher *watcher, void (*each)(struct task *task, void *payload),
                        void *payload);

#endif /* service_task.h */
