/* Comparing services with the watcher's copy of the database, which takes no round trip. */

#ifndef WATCH_SERVICE_COPY_H
#define WATCH_SERVICE_COPY_H

#include <ovnk8s/service.h>
#include <ovnk8s/watcher.h>

#include "base/row.h"

struct sorted_group;

/* What was learnt of the copy, until something of it changes. */
struct service_places {
    struct rows facts; /* The routers of the owner, and which groups there are. */
    struct sorted_group *groups;
    bool are_known;
};

/* Whether the database has all rows of the service as they should be, and no others. */
bool service_is_in_database(ovnk8s_watcher *watcher, const ovnk8s_service *service);

/* A router or a group has come, changed or gone; or only the members of a group are others. */
void service_places_forget(ovnk8s_watcher *watcher);
void service_groups_forget(ovnk8s_watcher *watcher);

#endif /* service_copy.h */
