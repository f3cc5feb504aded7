#include "kube/event.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "kube/connection.h"

enum {
    /* Over HTTP/1.1 every watch keeps a connection for itself. */
    MOST_CONNECTIONS = 32,
    EVENTS_AT_ONCE = 32,
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *payload, void *unused)
{
    struct epoll_event event = {.data.fd = fd};
    ovnk8s_kube *kube = payload;

    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(kube->epoll, EPOLL_CTL_DEL, fd, NULL); /* Closed is as good as removed. */
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (!epoll_ctl(kube->epoll, EPOLL_CTL_MOD, fd, &event)) {
        return 0;
    }
    return errno == ENOENT ? epoll_ctl(kube->epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *payload)
{
    ovnk8s_kube *kube = payload;

    (void)multi;
    kube->timer_at = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
    return 0;
}

static CURLMcode set_options(ovnk8s_kube *kube)
{
    __typeof__(kube->curl->multi_setopt) set = kube->curl->multi_setopt;
    CURLMcode result = set(kube->multi, CURLMOPT_SOCKETFUNCTION, on_socket);

    result = result ? result : set(kube->multi, CURLMOPT_SOCKETDATA, kube);
    result = result ? result : set(kube->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    result = result ? result : set(kube->multi, CURLMOPT_TIMERDATA, kube);
    result = result ? result : set(kube->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return result ? result
                  : set(kube->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MOST_CONNECTIONS);
}

int event_open(ovnk8s_kube *kube)
{
    kube->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (kube->epoll < 0) {
        return fail_errno(errno, "epoll_create1");
    }
    /* It makes a pair of sockets for itself, which it does not let us close on exec. */
    kube->multi = kube->curl->multi_init();
    return !kube->multi || set_options(kube) ? fail_nomem() : 0;
}

void event_close(ovnk8s_kube *kube)
{
    if (kube->multi) {
        kube->curl->multi_cleanup(kube->multi);
    }
    if (kube->epoll >= 0) {
        close(kube->epoll);
    }
}

int kube_fd(const ovnk8s_kube *kube)
{
    return kube->epoll;
}

int64_t kube_deadline(const ovnk8s_kube *kube)
{
    const int64_t reflectors = reflectors_deadline(kube);

    if (calls_startable(kube)) {
        return now_ms();
    }
    return kube->timer_at < reflectors ? kube->timer_at : reflectors;
}

static int act(ovnk8s_kube *kube, curl_socket_t fd, int what)
{
    int running;
    const CURLMcode result = kube->curl->multi_socket_action(kube->multi, fd, what, &running);

    /* A socket may have gone while an earlier one of the same batch was handled. */
    if (result == CURLM_OK || result == CURLM_BAD_SOCKET) {
        return 0;
    }
    return result == CURLM_OUT_OF_MEMORY
               ? fail_nomem()
               : fail(OVNK8S_SYSTEM, "libcurl: %s", kube->curl->multi_strerror(result));
}

static int handle_sockets(ovnk8s_kube *kube)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    const int n = epoll_wait(kube->epoll, events, EVENTS_AT_ONCE, 0);
    int error = 0;

    if (n < 0 && errno != EINTR) {
        return fail_errno(errno, "epoll_wait");
    }
    for (int i = 0; i < n && !error; i++) {
        const unsigned int ready = events[i].events;

        error = act(kube, events[i].data.fd,
                    (ready & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (ready & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
    }
    return error;
}

static int handle_timer(ovnk8s_kube *kube)
{
    if (kube->timer_at > now_ms()) {
        return 0;
    }
    kube->timer_at = INT64_MAX; /* libcurl sets it anew, if it wants. */
    return act(kube, CURL_SOCKET_TIMEOUT, 0);
}

int kube_step(ovnk8s_kube *kube)
{
    int error;

    kube->stepping = true;
    calls_start(kube);
    error = handle_sockets(kube);
    if (!error) {
        error = handle_timer(kube);
    }
    calls_finish(kube);
    reflectors_step(kube);
    calls_reap(kube);
    kube->stepping = false;
    return error;
}
