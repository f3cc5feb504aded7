/* --check: a watcher that changes nothing, until it knows all. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util.h"
#include "watcher.h"

static time_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Everything that is listed may take several steps that wait, so the deadline is for silence: it is
 * put off while something comes. */
static void wait_until_synced(struct daemon *daemon)
{
    const int timeout = atoi(ovnk8s_settings_get(daemon->ovsd.cli.settings, "timeout"));
    time_t until = seconds() + timeout;

    for (;;) {
        struct pollfd fd = {.fd = fd_of(daemon->watcher), .events = POLLIN};
        ovnk8s_watcher_status status;
        int wait;

        step(daemon->watcher);
        status = status_of(daemon);
        if (status.synced) {
            step(daemon->watcher); /* Takes up what is known now that all is. */
            return;
        }
        if (seconds() >= until) {
            ovs_fatal(0, "timed out before all of %s was read",
                      status.nb_connected ? "the API server's objects" : "the Northbound database");
        }
        wait = timeout_of(daemon->watcher);
        if (poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : wait) > 0) {
            until = seconds() + timeout;
        }
    }
}

int check(struct daemon *daemon)
{
    char *text;
    int status;

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_ERR);
    connect_all(daemon);
    wait_until_synced(daemon);
    cli_check(ovnk8s_watcher_plan_text(daemon->watcher, &text));
    fputs(text, stdout);
    status = *text ? WATCHER_DIFFERENCES : CLI_OK;
    ovnk8s_free(text);
    return status;
}
