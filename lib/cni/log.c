#include "cni/log.h"

#include <fcntl.h>
#include <time.h>

#include "base/mem.h"

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void cni_stage(struct cni_call *call, const char *name)
{
    struct cni_times *times = &call->times;

    if (times->n < CNI_STAGES) {
        times->names[times->n] = name;
        times->starts[times->n++] = now_us();
    }
}

void cni_times_text(const struct cni_times *times, char *out, size_t size)
{
    size_t length = 0;

    *out = '\0';
    for (size_t i = 0; i < times->n && length < size; i++) {
        const int64_t end = i + 1 < times->n ? times->starts[i + 1] : now_us();

        length += (size_t)snprintf(out + length, size - length, "%s%s %.1f ms", i ? ", " : "",
                                   times->names[i], (double)(end - times->starts[i]) / 1000);
    }
}

static void add_time(struct text *line)
{
    struct timespec now;
    struct tm parts;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    text_printf(line, "%s.%03ldZ ", text, now.tv_nsec / 1000000);
}

static void compose(struct text *line, const struct cni_call *call, int code)
{
    char times[256];

    cni_times_text(&call->times, times, sizeof times);
    add_time(line);
    text_add(line, call->command);
    if (call->container_id && call->ifname) {
        text_printf(line, " %s %s", call->container_id, call->ifname);
    } else {
        text_printf(line, " network %s", call->network);
    }
    if (*call->args.pod) {
        text_printf(line, " %s/%s", call->args.pod_namespace, call->args.pod);
    }
    if (*times) {
        text_printf(line, ": %s", times);
    }
    if (code) {
        text_printf(line, ": error %d: %s", code, ovnk8s_last_error()->message);
    }
    text_add(line, "\n");
}

void cni_log(const struct cni_call *call, int code)
{
    const char *path = call->settings ? ovnk8s_settings_get(call->settings, "log-path") : NULL;
    /* Whatever the path leads to, opening it does not wait. */
    _cleanup_close_ int fd =
        path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)
             : -1;
    _cleanup_text_ struct text line = {0};

    if (fd < 0) {
        return;
    }
    compose(&line, call, code);
    if (!line.failed) {
        /* One write: lines of calls at the same time do not mix. */
        const ssize_t written = write(fd, line.bytes, line.length);

        (void)written;
    }
}
