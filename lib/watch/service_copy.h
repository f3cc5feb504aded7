/* Comparing services with the watcher's copy of the database, which takes no round trip. */

#ifndef WATCH_SERVICE_COPY_H
#define WATCH_SERVICE_COPY_H

#include <ovnk8s/service.h>
#include <ovnk8s/watcher.h>

#include "base/ip.h"
#include "base/row.h"

struct sorted_group;

/* What was learnt of the copy, until something of it changes. */
struct service_places {
    struct rows facts; /* The routers of the owner, and which groups there are. */
    struct sorted_group *groups;
    struct prefixes cluster, join; /* The cluster's own subnets. */
    struct ip *gateways;           /* The physical addresses of gateways; in 'facts'. */
    size_t n_gateways;
    bool are_known;
};

/* What is known of the copy just now; NULL when memory ran out. */
const struct service_places *service_places(ovnk8s_watcher *watcher);

/* Whether the database has all rows of the service as they should be, and no others. */
bool service_is_in_database(ovnk8s_watcher *watcher, const ovnk8s_service *service);

/* A router or a group has come, changed or gone; or only the members of a group are others. */
void service_places_forget(ovnk8s_watcher *watcher);
void service_groups_forget(ovnk8s_watcher *watcher);

#endif /* service_copy.h */
