#include "watch/lease_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/wait.h"
#include "kube/backoff.h"

/* What others know. */

bool lease_is_held(const struct lease *lease)
{
    return now_ms() < lease->held_until;
}

uint64_t lease_term(const struct lease *lease)
{
    return lease->term;
}

const char *lease_identity(const struct lease *lease)
{
    return lease->identity;
}

const char *lease_holder(const struct lease *lease)
{
    return lease->record.holder;
}

const char *lease_failure(const struct lease *lease)
{
    return lease->told;
}

int64_t lease_deadline(const struct lease *lease)
{
    const int64_t next = lease->call ? INT64_MAX : lease->next_at;

    return lease->was_held && lease->held_until < next ? lease->held_until : next;
}

/* Somebody who calls himself as we do is another one, such as ourselves before a restart: the term
 * tells. */
bool lease_is_ours(const struct lease *lease, const struct lease_record *record)
{
    return !strcmp(record->holder, lease->identity) && lease->claimed &&
           lease->claimed == (uint64_t)record->transitions + 1;
}

static bool is_of_another(const struct lease *lease, const struct lease_record *record)
{
    return *record->holder && !lease_is_ours(lease, record);
}

/* Telling. */

void lease_tell_failure(struct lease *lease)
{
    const char *message = ovnk8s_last_error()->message;

    if (strcmp(lease->told, message) != 0) {
        snprintf(lease->told, sizeof lease->told, "%s", message);
        log_line(&lease->log, OVNK8S_LOG_WARN, "lease %s/%s: %s; trying again",
                 lease->lease_namespace, lease->name, message);
    }
}

static void tell_state(struct lease *lease)
{
    const bool is_held = lease_is_held(lease);

    if (is_held == lease->was_held) {
        return;
    }
    lease->was_held = is_held;
    if (is_held) {
        log_line(&lease->log, OVNK8S_LOG_INFO, "lease %s/%s: leading as %s, term %" PRIu64,
                 lease->lease_namespace, lease->name, lease->identity, lease->term);
    } else {
        const bool is_lost = is_of_another(lease, &lease->record);

        log_line(&lease->log, OVNK8S_LOG_WARN, "lease %s/%s: leading no more: %s%s",
                 lease->lease_namespace, lease->name,
                 is_lost ? "the leader is " : "it could not be renewed",
                 is_lost ? lease->record.holder : "");
    }
}

/* Seeing what there is. */

/* Others come back at moments of their own, so that not all of them try at once. */
static int64_t jitter(const struct lease *lease)
{
    return random_between(0, (int)(lease->retry_ms / 5));
}

static void plan_next(struct lease *lease)
{
    const int64_t its_own = lease->record.duration_ms;

    if (is_of_another(lease, &lease->record)) {
        lease->conflicts = 0;
        lease->next_at =
            lease->observed_at + (its_own ? its_own : lease->duration_ms) + jitter(lease);
    } else {
        /* Whoever always comes too late shall not do nothing else. */
        lease->next_at = now_ms() + (lease->conflicts > 1 ? lease->retry_ms : 0);
    }
}

static void note_leader(struct lease *lease, const struct lease_record *record)
{
    if (strcmp(record->holder, lease->record.holder) != 0) {
        log_line(&lease->log, OVNK8S_LOG_INFO, "lease %s/%s: the leader is %s",
                 lease->lease_namespace, lease->name, record->holder);
    }
    lease->held_until = 0;
}

void lease_observe(struct lease *lease, struct lease_record record)
{
    const uint64_t term = record.object ? (uint64_t)record.transitions + 1 : 0;

    if (!lease_record_is_same(&record, &lease->record)) {
        lease->observed_at = now_ms();
    }
    if (is_of_another(lease, &record)) {
        note_leader(lease, &record);
    }
    lease_record_clear(&lease->record);
    lease->record = record;
    lease->highest = term > lease->highest ? term : lease->highest;
    lease->is_known = true;
    plan_next(lease);
    tell_state(lease);
}

/* What is older than what we know tells nothing; nor do our own writes, of which we are told anyway
 * or know already. */
static bool is_news(const struct lease *lease, const struct lease_record *record)
{
    return (!lease->is_known || lease_record_is_later(record, &lease->record)) &&
           !(lease_is_ours(lease, record) && (lease->call || lease_is_held(lease)));
}

void lease_take_event(void *payload, const cJSON *object)
{
    struct lease *lease = payload;
    struct lease_record record;

    if (lease_record_take(cJSON_Duplicate(object, true), &record)) {
        return;
    }
    if (is_news(lease, &record)) {
        lease_observe(lease, record);
    } else {
        lease_record_clear(&record);
    }
}

void lease_take_deletion(void *payload, const cJSON *object)
{
    struct lease *lease = payload;
    struct lease_record record;

    if (lease_record_take(cJSON_Duplicate(object, true), &record)) {
        return;
    }
    if (is_news(lease, &record)) {
        lease_observe(lease, lease_record_none());
    }
    lease_record_clear(&record);
}

/* Asking. */

static void failed(struct lease *lease)
{
    lease_tell_failure(lease);
    lease->next_at = now_ms() + lease->retry_ms + jitter(lease);
}

static int take_answer(const struct kube_reply *reply, struct lease_record *out)
{
    return reply->error ? reply->error : lease_record_take(cJSON_Parse(reply->body), out);
}

static void looked(const struct kube_reply *reply, void *payload)
{
    struct lease *lease = payload;
    struct lease_record record = lease_record_none();
    const int error = take_answer(reply, &record);

    lease->call = NULL;
    if (error && error != OVNK8S_NOTFOUND) {
        failed(lease);
        return;
    }
    lease->told[0] = '\0';
    if (lease->is_known && !lease_record_is_later(&record, &lease->record)) {
        lease_record_clear(&record); /* An event was faster. */
    } else {
        lease_observe(lease, record);
    }
}

static int start_call(struct lease *lease, const struct kube_request *request)
{
    struct kube_request ours = *request;

    /* There is time for a second one before the leader must give up. */
    ours.timeout_ms = lease->renew_ms / 2;
    ours.urgent = true; /* Also when a thousand annotations are on their way. */
    ours.payload = lease;
    lease->sent_at = now_ms();
    return kube_call_start(&lease->call, lease->kube, &ours);
}

static int look(struct lease *lease)
{
    return start_call(lease, &(struct kube_request){.path = lease->path, .done = looked});
}

/* Claiming. */

static void got_it(struct lease *lease, struct lease_record record)
{
    lease->conflicts = 0;
    lease->told[0] = '\0';
    lease_observe(lease, record);
    lease->term = lease->claimed;
    lease->held_until = lease->sent_at + lease->renew_ms;
    lease->next_at = lease->term <= lease->exceeded ? now_ms() : lease->sent_at + lease->retry_ms;
    tell_state(lease);
}

static void claimed(const struct kube_reply *reply, void *payload)
{
    struct lease *lease = payload;
    struct lease_record record;
    int error = take_answer(reply, &record);

    lease->call = NULL;
    if (!error && strcmp(record.holder, lease->identity) != 0) {
        lease_record_clear(&record);
        error = fail(OVNK8S_PROTOCOL, "the answer is not the Lease that was written");
    }
    if (!error) {
        got_it(lease, record);
    } else if (error == OVNK8S_CONFLICT || error == OVNK8S_EXISTS ||
               (error == OVNK8S_NOTFOUND && lease->record.object)) {
        /* Somebody else was faster, or it was ourselves and the answer was lost. */
        lease->conflicts++;
        lease->is_known = false;
        lease->next_at = now_ms();
    } else {
        lease->is_known = false; /* It may have been written. */
        failed(lease);
    }
    tell_state(lease);
}

/* The number of the term goes on from the highest one that we know of, and stays when it is ours.
 */
struct lease_claim lease_claim_as(const struct lease *lease, const char *holder)
{
    const bool is_renewal = lease_is_ours(lease, &lease->record) &&
                            lease->claimed == lease->highest && lease->claimed > lease->exceeded;
    const uint64_t transitions = is_renewal ? lease->claimed - 1 : lease->highest;

    return (struct lease_claim){
        .lease_namespace = lease->lease_namespace,
        .name = lease->name,
        .holder = holder,
        .duration_s = *holder ? (lease->duration_ms + 999) / 1000 : 1,
        .transitions = (int64_t)(transitions < INT32_MAX ? transitions : INT32_MAX),
        .is_renewal = is_renewal,
    };
}

static int start_claim(struct lease *lease)
{
    const struct lease_claim claim = lease_claim_as(lease, lease->identity);
    _cleanup_free_ char *body = lease_claim_text(&lease->record, &claim);
    const bool is_there = lease->record.object != NULL;
    const struct kube_request request = {.method = is_there ? "PUT" : "POST",
                                         .path = is_there ? lease->path : lease->collection,
                                         .body = body,
                                         .done = claimed};

    if (!body) {
        return fail_nomem();
    }
    lease->claimed = (uint64_t)claim.transitions + 1;
    lease->highest = lease->claimed > lease->highest ? lease->claimed : lease->highest;
    return start_call(lease, &request);
}

void lease_exceed(struct lease *lease, uint64_t term)
{
    const uint64_t most = INT32_MAX; /* That a Lease can have. */

    term = term < most ? term : most;
    lease->exceeded = term > lease->exceeded ? term : lease->exceeded;
    lease->highest = term > lease->highest ? term : lease->highest;
    if (lease_is_held(lease) && lease->term <= lease->exceeded && !lease->call) {
        lease->next_at = now_ms();
    }
}

void lease_step(struct lease *lease)
{
    tell_state(lease);
    if (lease->call || now_ms() < lease->next_at) {
        return;
    }
    if (lease->is_known ? start_claim(lease) : look(lease)) {
        failed(lease);
    }
}
