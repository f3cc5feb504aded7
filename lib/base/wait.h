/* Deadlines and cancellation: how long a blocking call may still wait, and for what. */

#ifndef BASE_WAIT_H
#define BASE_WAIT_H

#include <limits.h>
#include <poll.h>
#include <stdint.h>

#include <ovnk8s/cancel.h>

enum { DEFAULT_TIMEOUT_MS = 10000 };

/* A point in monotonic time, and what may end a wait before it. */
struct deadline {
    int64_t at; /* In ms as now_ms() counts. */
    ovnk8s_cancel *cancel;
};

/* Milliseconds of CLOCK_MONOTONIC, which is also what libopenvswitch's time_msec() counts. */
int64_t now_ms(void);

/* 'timeout_ms' from now; 0 stands for the default. */
struct deadline deadline_in(unsigned int timeout_ms, ovnk8s_cancel *cancel);

/* The milliseconds that are left, never negative and fit for poll(). */
int deadline_left(const struct deadline *deadline);

/* Fails with OVNK8S_CANCELLED or OVNK8S_TIMEOUT when it is time to give up; otherwise 0. */
int deadline_check(const struct deadline *deadline);

/* Waits until one of 'fds' is ready, 'wake_at' (ms; INT64_MAX for never) is reached, or the
 * deadline passes. Returns 0 in the first two cases, an error as deadline_check() otherwise. 'fds'
 * has room for one element more than 'n', which is used for the cancellation. */
int deadline_poll(const struct deadline *deadline, struct pollfd *fds, nfds_t n, int64_t wake_at);

/* The descriptor that becomes readable on cancellation, or -1 for NULL. */
int cancel_fd(const ovnk8s_cancel *cancel);

#endif /* wait.h */
