#include "ovsdb/contain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/wait.h"

#include "fatal-signal.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "seq.h"

/* poll-loop: a set per thread that is handed out instead of waited on. */

static _Thread_local struct wake_set wakes;

void wake_set_start(void)
{
    wakes.n = 0;
    wakes.at = INT64_MAX;
}

void wake_set_get(struct wake_set *out)
{
    *out = wakes;
}

void poll_immediate_wake_at(const char *where)
{
    poll_timer_wait_until_at(0, where);
}

/* Once for each descriptor: epoll knows it by one set of events, of which the latest counts. */
void poll_fd_wait_at(int fd, short int events, const char *where)
{
    for (nfds_t i = 0; i < wakes.n; i++) {
        if (wakes.fds[i].fd == fd) {
            wakes.fds[i].events |= events;
            return;
        }
    }
    if (wakes.n == WAKE_FDS) {
        poll_immediate_wake_at(where); /* Busy, but never deaf. */
        return;
    }
    wakes.fds[wakes.n++] = (struct pollfd){.fd = fd, .events = events};
}

void poll_timer_wait_until_at(long long int msec, const char *where)
{
    (void)where;
    if (msec < wakes.at) {
        wakes.at = msec;
    }
}

void poll_timer_wait_at(long long int msec, const char *where)
{
    if (msec >= 0) {
        poll_timer_wait_until_at(now_ms() + msec, where);
    }
}

/* Only reached from functions of libopenvswitch that block, which the library does not call. */
void poll_block(void)
{
    const struct deadline deadline = deadline_in(0, NULL);
    const int error = deadline_poll(&deadline, wakes.fds, wakes.n, wakes.at);

    (void)error;
    wake_set_start();
}

/* fatal-signal: signals are the host's business. */

void fatal_signal_init(void)
{
}

void fatal_signal_add_hook(void (*hook)(void *), void (*cancel)(void *), void *aux, bool at_exit)
{
    (void)hook;
    (void)cancel;
    (void)aux;
    (void)at_exit;
}

void fatal_signal_fork(void)
{
}

void fatal_signal_run(void)
{
}

void fatal_signal_wait(void)
{
}

void fatal_ignore_sigpipe(void)
{
}

void fatal_signal_atexit_handler(void)
{
}

void fatal_signal_handler(int signal_number)
{
    (void)signal_number;
}

void fatal_signal_block(sigset_t *previous)
{
    pthread_sigmask(SIG_BLOCK, NULL, previous);
}

void fatal_signal_add_file_to_unlink(const char *file)
{
    (void)file;
}

void fatal_signal_remove_file_to_unlink(const char *file)
{
    (void)file;
}

int fatal_signal_unlink_file_now(const char *file)
{
    return unlink(file) ? errno : 0;
}

/* vlog: nothing is printed; the last line of interest is kept as the cause of a failure. */

static _Thread_local char last_line[256];

const char *contained_log(void)
{
    return last_line;
}

void contained_log_clear(void)
{
    last_line[0] = '\0';
}

void vlog_insert_module(struct ovs_list *list)
{
    (void)list;
}

enum vlog_level vlog_get_level(const struct vlog_module *module, enum vlog_destination destination)
{
    (void)module;
    (void)destination;
    return VLL_INFO;
}

bool vlog_is_enabled(const struct vlog_module *module, enum vlog_level level)
{
    (void)module;
    return level <= VLL_INFO;
}

bool vlog_should_drop(const struct vlog_module *module, enum vlog_level level,
                      struct vlog_rate_limit *limit)
{
    (void)limit;
    return !vlog_is_enabled(module, level);
}

/* That a session is being tried, waits or gives up says nothing about why; and the reason that goes
 * with a failed attempt is the session's last error too. */
static bool is_progress(const char *format)
{
    static const char *const words[] = {"connecting",       "waiting", "connected",
                                        "continuing",       "backoff", "attempt failed",
                                        "attempt timed out"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(format, words[i])) {
            return true;
        }
    }
    return false;
}

void vlog_valist(const struct vlog_module *module, enum vlog_level level, const char *format,
                 va_list args)
{
    const int saved = errno; /* Callers rely on it. */

    if (vlog_is_enabled(module, level) && !is_progress(format)) {
        vsnprintf(last_line, sizeof last_line, format, args);
        one_line(last_line);
    }
    errno = saved;
}

void vlog(const struct vlog_module *module, enum vlog_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vlog_valist(module, level, format, args);
    va_end(args);
}

void vlog_rate_limit(const struct vlog_module *module, enum vlog_level level,
                     struct vlog_rate_limit *limit, const char *format, ...)
{
    va_list args;

    (void)limit;
    va_start(args, format);
    vlog_valist(module, level, format, args);
    va_end(args);
}

/* The remaining ones end the process in libopenvswitch's own words, when it finds itself broken. */

void vlog_fatal_valist(const struct vlog_module *module, const char *format, va_list args)
{
    vlog_valist(module, VLL_EMER, format, args);
    abort();
}

void vlog_abort_valist(const struct vlog_module *module, const char *format, va_list args)
{
    vlog_fatal_valist(module, format, args);
}

void vlog_fatal(const struct vlog_module *module, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vlog_fatal_valist(module, format, args);
}

void vlog_abort(const struct vlog_module *module, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vlog_fatal_valist(module, format, args);
}

void vlog_set_levels(struct vlog_module *module, enum vlog_destination destination,
                     enum vlog_level level)
{
    (void)module;
    (void)destination;
    (void)level;
}

void vlog_direct_write_to_log_file_unsafe(const char *line)
{
    (void)line;
}

void vlog_init(void)
{
}

/* coverage: counts for nobody, with a table that each load of the library would allocate again. Its
 * header needs atomics of libopenvswitch's configuration. */

struct coverage_counter;
void coverage_counter_register(struct coverage_counter *counter);
void coverage_init(void);
void coverage_log(void);
void coverage_clear(void);
void coverage_try_clear(void);
void coverage_run(void);

void coverage_counter_register(struct coverage_counter *counter)
{
    (void)counter;
}

void coverage_init(void)
{
}

void coverage_log(void)
{
}

void coverage_clear(void)
{
}

void coverage_try_clear(void)
{
}

void coverage_run(void)
{
}

/* seq: nothing of libopenvswitch that is used here waits for another thread. The one sequence that
 * is made at the start, and a key of thread-specific data, would stay with each load of the
 * library. */

struct seq *seq_create(void)
{
    static char one;

    return (struct seq *)&one;
}

void seq_destroy(struct seq *seq)
{
    (void)seq;
}

void seq_change(struct seq *seq)
{
    (void)seq;
}

void seq_change_protected(struct seq *seq)
{
    (void)seq;
}

void seq_lock(void)
{
}

int seq_try_lock(void)
{
    return 0;
}

void seq_unlock(void)
{
}

uint64_t seq_read(const struct seq *seq)
{
    (void)seq;
    return 0;
}

uint64_t seq_read_protected(const struct seq *seq)
{
    (void)seq;
    return 0;
}

void seq_wait_at(const struct seq *seq, uint64_t value, const char *where)
{
    (void)seq;
    (void)value;
    (void)where;
}

void seq_woke(void)
{
}

/* socket() and send(): the linker's --wrap sends libopenvswitch's calls here. */

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
ssize_t __real_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);

int __wrap_socket(int domain, int type, int protocol)
{
    return descriptor_aside(__real_socket(domain, type | SOCK_CLOEXEC, protocol));
}

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
    return __real_send(fd, data, size, flags | MSG_NOSIGNAL);
}

struct sigpipe_guard sigpipe_block(void)
{
    struct sigpipe_guard guard = {.was_pending = false};
    sigset_t sigpipe, pending;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &guard.before);
    sigpending(&pending);
    guard.was_pending = sigismember(&pending, SIGPIPE);
    return guard;
}

void sigpipe_restore(const struct sigpipe_guard *guard)
{
    const struct timespec now = {0};
    sigset_t sigpipe, pending;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE) && !guard->was_pending) {
        sigtimedwait(&sigpipe, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
