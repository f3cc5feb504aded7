#include "watch/lead.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/apply.h"
#include "topology/leader.h"
#include "watch/lease.h"
#include "watch/private.h"

/* The pauses before the database is told again; those after a refusal grow. */
enum { PAUSE_MS = 1000, FIRST_REFUSED_MS = 200, LONGEST_REFUSED_MS = 30000 };

bool lead_may_write(const ovnk8s_watcher *watcher)
{
    const struct lead *lead = &watcher->lead;

    return !lead->lease ||
           (lead->may_write && lead->term == lease_term(lead->lease) && lease_is_held(lead->lease));
}

bool lead_follows(const ovnk8s_watcher *watcher)
{
    return watcher->lead.lease && !watcher->lead.may_write;
}

int lead_require(const ovnk8s_watcher *watcher, ovnk8s_plan *plan)
{
    const struct lead *lead = &watcher->lead;

    return lead->lease && lead->term
               ? ovnk8s_leader_require(plan, lease_identity(lead->lease), lead->term)
               : 0;
}

bool lead_is_lost(ovnk8s_watcher *watcher, int error)
{
    if (error != OVNK8S_PERMISSION || !watcher->lead.lease ||
        strcmp(ovnk8s_last_error()->stage, LEADER_STAGE) != 0) {
        return false;
    }
    log_line(&watcher->log, OVNK8S_LOG_WARN, "%s", ovnk8s_last_error()->message);
    watcher->lead.term = 0; /* If we hold the lease, we take the lead once more. */
    return true;
}

/* Telling the database. */

static void give_up(struct lead *lead)
{
    apply_free(lead->apply);
    lead->apply = NULL;
    ovnk8s_plan_free(lead->plan);
    lead->plan = NULL;
}

/* Another one has led for a later term: somebody has made the lease anew, which then counts from
 * the beginning. Ours shall be later still. Two who do so to each other have each its own lease,
 * and shall at least not do it without end. */
static void refused(ovnk8s_watcher *watcher)
{
    struct lead *lead = &watcher->lead;
    int64_t pause = FIRST_REFUSED_MS;

    for (unsigned int i = 0; i < lead->refused && pause < LONGEST_REFUSED_MS; i++) {
        pause *= 2;
    }
    lead->refused++;
    lead->retry_at = now_ms() + (pause < LONGEST_REFUSED_MS ? pause : LONGEST_REFUSED_MS);
    lease_exceed(lead->lease, lead->seen);
}

static void landed(ovnk8s_watcher *watcher, int error)
{
    struct lead *lead = &watcher->lead;

    if (!error) {
        lead->term = lead->taking;
        lead->retry_at = 0;
    } else if (lead_is_lost(watcher, error)) {
        refused(watcher);
    } else {
        log_line(&watcher->log, OVNK8S_LOG_WARN, "%s", ovnk8s_last_error()->message);
        lead->retry_at = now_ms() + PAUSE_MS;
    }
    give_up(lead);
}

static int depart(ovnk8s_watcher *watcher)
{
    const ovnk8s_plan_options options = {.size = sizeof options, .owner = watcher->owner};
    const struct deadline deadline = conn_deadline(watcher->conn, 0);
    struct lead *lead = &watcher->lead;
    int error = ovnk8s_plan_new(&lead->plan, &options);

    lead->taking = lease_term(lead->lease);
    lead->seen = 0;
    error = error ? error
                  : leader_take_telling(lead->plan, lease_identity(lead->lease), lead->taking,
                                        &lead->seen);
    return error ? error : apply_start(&lead->apply, lead->plan, watcher->conn, &deadline);
}

static void take(ovnk8s_watcher *watcher)
{
    struct lead *lead = &watcher->lead;
    int error = 0;

    if (!lead->apply && conn_is_current(watcher->conn) && now_ms() >= lead->retry_at) {
        error = depart(watcher);
    }
    if (!error && lead->apply) {
        error = apply_step(lead->apply);
    }
    if (error || (lead->apply && apply_is_over(lead->apply))) {
        landed(watcher, error);
    }
}

/* Changing sides. */

static void note_change(ovnk8s_watcher *watcher)
{
    struct lead *lead = &watcher->lead;

    if (lead->may_write) {
        log_line(&watcher->log, OVNK8S_LOG_INFO, "leading: looking at all objects");
    } else {
        log_line(&watcher->log, OVNK8S_LOG_WARN, "not leading: nothing is changed from here on");
        lanes_stand_down(watcher);
    }
    ovnk8s_watcher_resync(watcher);
}

void lead_step(ovnk8s_watcher *watcher)
{
    struct lead *lead = &watcher->lead;
    bool may_write;

    if (!lead->lease) {
        return;
    }
    lease_step(lead->lease);
    if (!lease_is_held(lead->lease)) {
        give_up(lead);
        lead->term = 0;
        lead->refused = 0;
    } else if (lead->term != lease_term(lead->lease)) {
        take(watcher);
    }
    may_write = lead->term && lead->term == lease_term(lead->lease);
    if (may_write != lead->may_write) {
        lead->may_write = may_write;
        note_change(watcher);
    }
}

int64_t lead_wakes_at(const ovnk8s_watcher *watcher)
{
    const struct lead *lead = &watcher->lead;
    int64_t at = lead->lease ? lease_deadline(lead->lease) : INT64_MAX, own = INT64_MAX;

    if (lead->apply) {
        own = apply_wakes_at(lead->apply);
    } else if (lead->lease && lease_is_held(lead->lease) && conn_is_current(watcher->conn) &&
               lead->term != lease_term(lead->lease)) {
        own = lead->retry_at;
    }
    return own < at ? own : at;
}

/* Life. */

/* "NAMESPACE/NAME". */
static int split_name(const char *text, char **lease_namespace, const char **name)
{
    const char *slash = strchr(text, '/');

    if (!slash) {
        return fail(OVNK8S_INVALID, "lease \"%s\": expected NAMESPACE/NAME", text);
    }
    *lease_namespace = strndup(text, (size_t)(slash - text));
    *name = slash + 1;
    return *lease_namespace ? 0 : fail_nomem();
}

int lead_start(ovnk8s_watcher *watcher, const ovnk8s_watcher_options *options)
{
    _cleanup_free_ char *lease_namespace = NULL;
    struct lease_options lease = {.identity = options->lease_identity,
                                  .duration_ms = options->lease_duration_ms,
                                  .renew_ms = options->lease_renew_ms,
                                  .retry_ms = options->lease_retry_ms,
                                  .log = watcher->log};
    int error;

    if (!options->lease || options->dry_run) {
        return 0;
    }
    error = split_name(options->lease, &lease_namespace, &lease.name);
    lease.lease_namespace = lease_namespace;
    return error ? error : lease_start(&watcher->lead.lease, watcher->kube, &lease);
}

void lead_stop(ovnk8s_watcher *watcher)
{
    give_up(&watcher->lead);
    lease_stop(watcher->lead.lease);
    watcher->lead.lease = NULL;
}
