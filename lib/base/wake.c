#include "base/wake.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "base/wait.h"

void wake_register(int epoll, int fd, short events)
{
    struct epoll_event event = {.events = (events & POLLIN ? EPOLLIN : 0u) |
                                          (events & POLLOUT ? EPOLLOUT : 0u),
                                .data.fd = fd};

    /* A descriptor may have been closed and its number given out again meanwhile. */
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) && errno == ENOENT) {
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

void wake_forget(int epoll, int fd)
{
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

int wake_timeout(int64_t at)
{
    return at == INT64_MAX ? -1 : deadline_left(&(struct deadline){.at = at});
}
