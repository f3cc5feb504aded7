/* What a Lease of coordination.k8s.io/v1 says, and how it is said. */

#ifndef WATCH_LEASE_RECORD_H
#define WATCH_LEASE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* Strings belong to 'object'. */
struct lease_record {
    cJSON *object;       /* NULL: there is no such Lease. */
    const char *holder;  /* "": nobody has it. */
    const char *version; /* metadata.resourceVersion. */
    int64_t duration_ms; /* For which it is valid; 0: it does not say, or nonsense. */
    int64_t transitions; /* How often it has changed hands. */
};

/* What somebody who claims a Lease writes. */
struct lease_claim {
    const char *lease_namespace, *name;
    const char *holder; /* "": gives it back. */
    int64_t duration_s, transitions;
    bool is_renewal; /* Of what the record says already. */
};

/* A record of no Lease at all. */
struct lease_record lease_record_none(void);

/* Takes 'object', which may be NULL for an answer that was no JSON. Fails with OVNK8S_PROTOCOL when
 * it is no Lease, and then frees it. */
int lease_record_take(cJSON *object, struct lease_record *out);
void lease_record_clear(struct lease_record *record);

/* Whether they say the same: not, in particular, after the holder has renewed it. */
bool lease_record_is_same(const struct lease_record *a, const struct lease_record *b);

/* Whether 'a' is a later version of the same Lease than 'b', as far as that can be told. */
bool lease_record_is_later(const struct lease_record *a, const struct lease_record *b);

/* The Lease of 'record' with 'claim' in it, as JSON to be freed by free(); what others have put
 * into it stays. With the version that was read it is written only if nobody has written meanwhile.
 * NULL when memory ran out. */
char *lease_claim_text(const struct lease_record *record, const struct lease_claim *claim);

#endif /* lease_record.h */
