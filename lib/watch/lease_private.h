/* The inside of a struct lease, for the files of it. */

#ifndef WATCH_LEASE_PRIVATE_H
#define WATCH_LEASE_PRIVATE_H

#include "watch/lease.h"
#include "watch/lease_record.h"

struct lease {
    ovnk8s_kube *kube;
    struct log log;
    char *collection, *path; /* Of all Leases of the namespace, and of this one. */
    char *lease_namespace, *name, *identity;
    unsigned int duration_ms, renew_ms, retry_ms;

    struct kube_reflector *reflector;
    struct kube_call *call; /* Under way. */
    int64_t sent_at;        /* When it was started. */
    int64_t next_at;        /* When to start the next one. */

    struct lease_record record;
    bool is_known;          /* 'record' is what there is, as far as we know. */
    int64_t observed_at;    /* When it was first seen as it is. */
    unsigned int conflicts; /* How many claims in a row came too late. */

    uint64_t claimed;  /* The term that the latest claim was for. */
    uint64_t term;     /* The one that we have led for. */
    uint64_t highest;  /* Of all that we know of. */
    uint64_t exceeded; /* Ours is to be higher than this. */
    int64_t held_until;
    bool was_held; /* When that was looked at last, for the log. */
    char told[512];
};

/* Whether the record is of our latest claim. */
bool lease_is_ours(const struct lease *lease, const struct lease_record *record);

/* Takes over what the API server says, for good. */
void lease_observe(struct lease *lease, struct lease_record record);

/* What a watch tells. */
void lease_take_event(void *payload, const cJSON *object);
void lease_take_deletion(void *payload, const cJSON *object);

/* What we write as 'holder'. */
struct lease_claim lease_claim_as(const struct lease *lease, const char *holder);

void lease_tell_failure(struct lease *lease);

#endif /* lease_private.h */
