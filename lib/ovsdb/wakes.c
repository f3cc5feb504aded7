#include "ovsdb/wakes.h"

#include "base/wake.h"

static bool is_wanted(const struct wake_set *wakes, int fd)
{
    for (nfds_t i = 0; i < wakes->n; i++) {
        if (wakes->fds[i].fd == fd) {
            return true;
        }
    }
    return false;
}

void conn_register_wakes(struct conn *conn, int epoll, struct wake_set *wakes)
{
    const struct wake_set before = *wakes;

    conn_wakes(conn, wakes);
    for (nfds_t i = 0; i < before.n; i++) {
        if (!is_wanted(wakes, before.fds[i].fd)) {
            wake_forget(epoll, before.fds[i].fd);
        }
    }
    for (nfds_t i = 0; i < wakes->n; i++) {
        wake_register(epoll, wakes->fds[i].fd, wakes->fds[i].events);
    }
}
