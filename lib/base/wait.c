#include "base/wait.h"
#include "base/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

struct ovnk8s_cancel {
    int fd; /* An eventfd: readable once and for all after the trigger. */
    ovnk8s_interrupt_fn *interrupt;
    void *payload; /* Passed to 'interrupt'. */
};

int ovnk8s_cancel_new(ovnk8s_cancel **out)
{
    ovnk8s_cancel *cancel = calloc(1, sizeof *cancel);

    *out = NULL;
    if (!cancel) {
        return fail_nomem();
    }
    cancel->fd = descriptor_aside(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (cancel->fd < 0) {
        const int error = errno;

        free(cancel);
        return fail_errno(error, "eventfd");
    }
    *out = cancel;
    return 0;
}

void ovnk8s_cancel_free(ovnk8s_cancel *cancel)
{
    if (cancel) {
        close(cancel->fd);
        free(cancel);
    }
}

void ovnk8s_cancel_trigger(ovnk8s_cancel *cancel)
{
    const uint64_t one = 1;
    const int saved = errno; /* A signal handler must not change it. */
    const ssize_t written = write(cancel->fd, &one, sizeof one);

    (void)written; /* Fails only when the counter is full: then it is triggered. */
    errno = saved;
}

void ovnk8s_cancel_set_interrupt(ovnk8s_cancel *cancel, ovnk8s_interrupt_fn *interrupt,
                                 void *payload)
{
    cancel->interrupt = interrupt;
    cancel->payload = payload;
}

int cancel_fd(const ovnk8s_cancel *cancel)
{
    return cancel ? cancel->fd : -1;
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct deadline deadline_in(unsigned int timeout_ms, ovnk8s_cancel *cancel)
{
    return (struct deadline){now_ms() + (timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS), cancel};
}

static int ms_until(int64_t at)
{
    const int64_t left = at == INT64_MAX ? INT_MAX : at - now_ms();

    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int deadline_left(const struct deadline *deadline)
{
    return ms_until(deadline->at);
}

int deadline_check(const struct deadline *deadline)
{
    struct pollfd cancelled = {.fd = cancel_fd(deadline->cancel), .events = POLLIN};

    if (deadline->cancel && poll(&cancelled, 1, 0) > 0) {
        return fail(OVNK8S_CANCELLED, "cancelled");
    }
    return deadline_left(deadline) ? 0 : fail(OVNK8S_TIMEOUT, "timed out");
}

/* A wait that has ended with -1. */
static int fail_poll(const ovnk8s_cancel *cancel)
{
    if (errno != EINTR) {
        return fail_errno(errno, "poll");
    }
    return cancel && cancel->interrupt && cancel->interrupt(cancel->payload)
               ? fail(OVNK8S_CANCELLED, "interrupted by a signal")
               : 0;
}

int deadline_poll(const struct deadline *deadline, struct pollfd *fds, nfds_t n, int64_t wake_at)
{
    const int64_t until = wake_at < deadline->at ? wake_at : deadline->at;

    fds[n] = (struct pollfd){.fd = cancel_fd(deadline->cancel), .events = POLLIN};
    if (poll(fds, n + 1, ms_until(until)) < 0) {
        const int error = fail_poll(deadline->cancel);

        if (error) {
            return error;
        }
    }
    return deadline_check(deadline);
}
