/* Electing one of several watchers by a Lease of coordination.k8s.io/v1.
 *
 * Whoever has written its name into the Lease leads for as long as it renews it. The others watch
 * the Lease; when it has not changed for its duration, or has been given back, they try to write
 * their own name, and the version that is part of the write lets one of them succeed. For how long
 * a Lease has not changed is measured by the monotonic clock of each one who looks at it. The times
 * in the Lease come from other clocks and are for people, so it makes no difference when a clock
 * jumps.
 *
 * A leader that could not renew the Lease gives up before the others may take over: 'renew_ms'
 * after it has sent the latest renewal that succeeded. A leader that was paused cannot know the
 * time until it looks, so this alone does not keep it from writing; see ovnk8s/leader.h for what
 * does, and for what the term is.
 *
 *     for (;;) {
 *         poll() on kube_fd(), until kube_deadline() or lease_deadline();
 *         kube_step(kube);
 *         lease_step(lease);
 *         if (lease_is_held(lease)) ...
 *     }
 *
 * Without the right to watch Leases it works too, but a Lease that was given back is noticed only
 * when its time is over.
 *
 * Thread rule: that of the connection. */

#ifndef WATCH_LEASE_H
#define WATCH_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "kube/kube.h"

struct lease;

struct lease_options {
    const char *lease_namespace, *name;
    const char *identity; /* Of whoever asks; NULL: the host's name and a random number. */

    /* For how long others respect the Lease (whole seconds); for how long its holder trusts in it;
     * and how often it is renewed. 0: 15, 10 and 2 seconds. Each shorter than the one before. */
    unsigned int duration_ms, renew_ms, retry_ms;
    struct log log;
};

/* Starts to compete for the Lease, which need not exist. Strings are copied. Fails with
 * OVNK8S_INVALID, OVNK8S_NOMEM and OVNK8S_SYSTEM. */
int lease_start(struct lease **out, ovnk8s_kube *kube, const struct lease_options *options);

/* Does what is due. Failures are logged, once each, and what has failed is tried again. */
void lease_step(struct lease *lease);

/* When lease_step() has something to do, or lease_is_held() may say something else: in ms as
 * now_ms(); INT64_MAX for never. */
int64_t lease_deadline(const struct lease *lease);

/* Whether we lead, at this very moment and by the clock of this host. */
bool lease_is_held(const struct lease *lease);

/* The number of our latest time as the leader, higher than that of any leader before; 0 if there
 * was none. */
uint64_t lease_term(const struct lease *lease);

/* Makes sure that our next term is later than 'term', also the one that is under way: for when
 * somebody has deleted the Lease, and with it the number of the terms before. */
void lease_exceed(struct lease *lease, uint64_t term);

/* Who we are; who has the Lease as far as we know, "" for nobody; what has failed last, "" while
 * all is well. */
const char *lease_identity(const struct lease *lease);
const char *lease_holder(const struct lease *lease);
const char *lease_failure(const struct lease *lease);

/* Gives the Lease back, if it is ours, so that another one need not wait, and frees 'lease', which
 * may be NULL. Blocks for the answer, two seconds at most. */
void lease_stop(struct lease *lease);

#endif /* lease.h */
