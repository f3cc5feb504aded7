/* libopenvswitch made a good guest.
 *
 * libopenvswitch was written for daemons: left alone it installs signal handlers and an atexit
 * function, opens the system log, writes to standard error, keeps a poll set that only its own loop
 * can wait on, dies of SIGPIPE, leaks sockets to child processes, and makes them the host's
 * standard streams where it has none. contain.c defines the functions of its modules coverage,
 * fatal-signal, poll-loop and vlog anew, so that the linker never takes those, and CMake wraps
 * socket() and send(). What remains is what this header offers. */

#ifndef OVSDB_CONTAIN_H
#define OVSDB_CONTAIN_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum { WAKE_FDS = 16 };

/* What libopenvswitch wants to be woken by. */
struct wake_set {
    struct pollfd fds[WAKE_FDS + 1]; /* One spare, for deadline_poll(). */
    nfds_t n;
    int64_t at; /* Monotonic ms; INT64_MAX: no timer. */
};

/* Forgets what this thread's calls of libopenvswitch's *_wait() functions have registered. */
void wake_set_start(void);

/* What they have registered since. */
void wake_set_get(struct wake_set *out);

/* Blocks SIGPIPE in this thread around calls that may write to a closed connection: the wrapped
 * send() does not raise it, but OpenSSL's write() does. */
struct sigpipe_guard {
    sigset_t before;
    bool was_pending;
};

struct sigpipe_guard sigpipe_block(void);
void sigpipe_restore(const struct sigpipe_guard *guard);

/* The last thing of interest that libopenvswitch logged in this thread, such as the reason of a
 * failed TLS handshake; "" when there was nothing since contained_log_clear(). */
const char *contained_log(void);
void contained_log_clear(void);

#endif /* contain.h */
