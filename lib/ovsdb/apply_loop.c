#include <ovnk8s/apply.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/options.h"
#include "base/wake.h"
#include "ovsdb/apply.h"
#include "ovsdb/arrival.h"
#include "ovsdb/nb.h"
#include "ovsdb/wakes.h"

struct ovnk8s_apply {
    struct conn *conn;
    struct deadline deadline;
    struct apply *apply;
    enum ovnk8s_wait wait;
    bool is_arriving;
    struct arrival arrival;
    int epoll;
    struct wake_set wakes;
    bool is_over;
    int error;
};

/* Life. */

static int set_up(ovnk8s_apply *apply, ovnk8s_plan *plan, ovnk8s_nb *nb,
                  const ovnk8s_apply_options *options, bool commits)
{
    apply->conn = nb_conn(nb);
    apply->deadline = conn_deadline(apply->conn, options->timeout_ms);
    apply->wait = commits ? options->wait : OVNK8S_WAIT_NONE;
    apply->wakes.at = INT64_MAX;
    apply->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (apply->epoll < 0) {
        return fail_errno(errno, "epoll_create1");
    }
    if (apply->deadline.cancel) {
        wake_register(apply->epoll, cancel_fd(apply->deadline.cancel), POLLIN);
    }
    return apply_start_patiently(&apply->apply, plan, apply->conn, &apply->deadline, commits);
}

static int start(ovnk8s_apply **out, ovnk8s_plan *plan, ovnk8s_nb *nb,
                 const ovnk8s_apply_options *theirs, bool commits)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    int error = options_take(&options, sizeof options, theirs);
    ovnk8s_apply *apply;

    *out = NULL;
    if (error) {
        return error;
    }
    apply = calloc(1, sizeof *apply);
    if (!apply) {
        return fail_nomem();
    }
    error = set_up(apply, plan, nb, &options, commits);
    if (error) {
        ovnk8s_apply_free(apply);
        return error;
    }
    *out = apply;
    return 0;
}

int ovnk8s_plan_apply_start(ovnk8s_apply **out, ovnk8s_plan *plan, ovnk8s_nb *nb,
                            const ovnk8s_apply_options *options)
{
    return start(out, plan, nb, options, true);
}

int ovnk8s_plan_compute_start(ovnk8s_apply **out, ovnk8s_plan *plan, ovnk8s_nb *nb,
                              const ovnk8s_apply_options *options)
{
    return start(out, plan, nb, options, false);
}

void ovnk8s_apply_free(ovnk8s_apply *apply)
{
    if (apply) {
        apply_free(apply->apply);
        if (apply->is_arriving) {
            arrival_clear(&apply->arrival);
        }
        if (apply->epoll >= 0) {
            close(apply->epoll);
        }
        free(apply);
    }
}

/* Waking up. */

int ovnk8s_apply_fd(const ovnk8s_apply *apply)
{
    return apply->epoll;
}

int ovnk8s_apply_timeout(const ovnk8s_apply *apply)
{
    const int64_t at = apply->is_over       ? 0
                       : apply->is_arriving ? apply->deadline.at
                                            : apply_wakes_at(apply->apply);

    return wake_timeout(at < apply->wakes.at ? at : apply->wakes.at);
}

/* Steps. */

static void end(ovnk8s_apply *apply, int error)
{
    apply->is_over = true;
    apply->error = error;
}

static void step_commit(ovnk8s_apply *apply)
{
    const int error = apply_step(apply->apply);

    if (!apply_is_over(apply->apply)) {
        return;
    }
    if (error || apply->wait == OVNK8S_WAIT_NONE) {
        end(apply, error);
        return;
    }
    arrival_start(&apply->arrival, apply->conn, apply->wait);
    apply->is_arriving = true;
}

static void step_arrival(ovnk8s_apply *apply)
{
    struct arrival *arrival = &apply->arrival;
    int error;

    arrival_step(arrival);
    error = arrival->is_over ? arrival->error : deadline_check(&apply->deadline);
    if (arrival->is_over || error) {
        end(apply, error ? arrival_fail(arrival, error) : 0);
    }
}

int ovnk8s_apply_step(ovnk8s_apply *apply)
{
    if (apply->is_over) {
        return apply->error;
    }
    conn_step(apply->conn);
    if (!apply->is_arriving) {
        step_commit(apply);
    }
    if (apply->is_arriving) {
        step_arrival(apply);
    }
    conn_register_wakes(apply->conn, apply->epoll, &apply->wakes);
    return apply->error;
}

bool ovnk8s_apply_is_over(const ovnk8s_apply *apply)
{
    return apply->is_over;
}
