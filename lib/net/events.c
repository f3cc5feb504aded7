#include "net/events.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/error.h"
#include "net/netns.h"

static int open_inside(void *events)
{
    return netlink_open(&((struct events *)events)->netlink, NETLINK_ROUTE);
}

int events_open(struct events *events, struct netns *ns, int group)
{
    int error;

    events->netlink.fd = -1;
    events->netlink.sequence = 0;
    error = netns_run(ns, open_inside, events);
    if (!error && setsockopt(events->netlink.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                             sizeof group) < 0) {
        error = fail_errno(errno, "joining a netlink group");
    }
    return error;
}

void events_close(struct events *events)
{
    cleanup_closep(&events->netlink.fd);
}

int events_wait(struct events *events, const struct deadline *deadline)
{
    int size = 0, error = 0;

    while (!error && !size) {
        error = netlink_receive(&events->netlink, deadline, &size);
    }
    /* More happened than there was room for: that is news too. */
    return error == OVNK8S_NOMEM ? 0 : error;
}
