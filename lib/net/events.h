/* Waiting for what the kernel does by itself: of this room's own use. */

#ifndef NET_EVENTS_H
#define NET_EVENTS_H

#include "base/wait.h"
#include "net/netlink.h"

/* A socket that is told what happens to objects of one kind. */
struct events {
    struct netlink netlink;
};

/* 'group' is RTNLGRP_*. */
int events_open(struct events *events, struct netns *ns, int group);
void events_close(struct events *events);
#define _cleanup_events_ CLEANUP(events_close)

/* Waits until something has happened since the last time. */
int events_wait(struct events *events, const struct deadline *deadline);

#endif /* events.h */
