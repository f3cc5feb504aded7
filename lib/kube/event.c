#include "kube/event.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mem.h"
#include "kube/connection.h"

enum {
    /* Over HTTP/1.1 every watch keeps a connection for itself. */
    MOST_CONNECTIONS = 32,
    EVENTS_AT_ONCE = 32,
};

/* What an event of epoll is about. */
static uint64_t tag_of(const struct kube_multi *multi, int fd)
{
    return (uint64_t)(multi - multi->kube->multis) << 32 | (uint32_t)fd;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *payload, void *unused)
{
    const struct kube_multi *multi = payload;
    struct epoll_event event = {.data.u64 = tag_of(multi, fd)};
    const int epoll = multi->kube->epoll;

    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); /* Closed is as good as removed. */
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (!epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event)) {
        return 0;
    }
    return errno == ENOENT ? epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

static int on_timer(CURLM *handle, long timeout_ms, void *payload)
{
    struct kube_multi *multi = payload;

    (void)handle;
    multi->timer_at = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
    return 0;
}

static CURLMcode set_options(struct kube_multi *multi)
{
    __typeof__(multi->kube->curl->multi_setopt) set = multi->kube->curl->multi_setopt;
    const long pipelining =
        multi == &multi->kube->multis[WRITES] ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING;
    CURLM *handle = multi->handle;
    CURLMcode result = set(handle, CURLMOPT_SOCKETFUNCTION, on_socket);

    result = result ? result : set(handle, CURLMOPT_SOCKETDATA, multi);
    result = result ? result : set(handle, CURLMOPT_TIMERFUNCTION, on_timer);
    result = result ? result : set(handle, CURLMOPT_TIMERDATA, multi);
    result = result ? result : set(handle, CURLMOPT_PIPELINING, pipelining);
    return result ? result : set(handle, CURLMOPT_MAX_HOST_CONNECTIONS, (long)MOST_CONNECTIONS);
}

int multi_open(struct kube_multi *multi)
{
    struct descriptor_guard guard;

    if (multi->handle) {
        return 0;
    }
    /* It makes a pair of sockets for itself, which it does not let us close on exec. */
    guard = descriptors_take();
    multi->handle = multi->kube->curl->multi_init();
    descriptors_give_back(&guard);
    return !multi->handle || set_options(multi) ? fail_nomem() : 0;
}

int event_open(ovnk8s_kube *kube)
{
    for (size_t i = 0; i < MULTIS; i++) {
        kube->multis[i] = (struct kube_multi){.kube = kube, .timer_at = INT64_MAX};
    }
    kube->epoll = descriptor_aside(epoll_create1(EPOLL_CLOEXEC));
    return kube->epoll < 0 ? fail_errno(errno, "epoll_create1") : 0;
}

void event_close(ovnk8s_kube *kube)
{
    for (size_t i = 0; i < MULTIS; i++) {
        if (kube->multis[i].handle) {
            kube->curl->multi_cleanup(kube->multis[i].handle);
        }
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
    int64_t at = reflectors_deadline(kube);

    if (calls_startable(kube)) {
        return now_ms();
    }
    for (size_t i = 0; i < MULTIS; i++) {
        at = kube->multis[i].timer_at < at ? kube->multis[i].timer_at : at;
    }
    return at;
}

static int act(struct kube_multi *multi, curl_socket_t fd, int what)
{
    const struct curl *curl = multi->kube->curl;
    int running;
    const CURLMcode result = curl->multi_socket_action(multi->handle, fd, what, &running);

    /* A socket may have gone while an earlier one of the same batch was handled. */
    if (result == CURLM_OK || result == CURLM_BAD_SOCKET) {
        return 0;
    }
    return result == CURLM_OUT_OF_MEMORY
               ? fail_nomem()
               : fail(OVNK8S_SYSTEM, "libcurl: %s", curl->multi_strerror(result));
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

        error = act(&kube->multis[events[i].data.u64 >> 32], (int)(uint32_t)events[i].data.u64,
                    (ready & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (ready & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (ready & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
    }
    return error;
}

static int handle_timer(struct kube_multi *multi)
{
    if (multi->timer_at > now_ms()) {
        return 0;
    }
    multi->timer_at = INT64_MAX; /* libcurl sets it anew, if it wants. */
    return act(multi, CURL_SOCKET_TIMEOUT, 0);
}

int kube_step(ovnk8s_kube *kube)
{
    int error;

    kube->stepping = true;
    calls_start(kube);
    error = handle_sockets(kube);
    for (size_t i = 0; i < MULTIS && !error; i++) {
        error = handle_timer(&kube->multis[i]);
    }
    calls_finish(kube);
    reflectors_step(kube);
    calls_reap(kube);
    kube->stepping = false;
    return error;
}
