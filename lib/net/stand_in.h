/* Letting a host speak with itself through the network behind one of its links.
 *
 * A load balancer in that network may choose the host itself for what the host has sent there. The
 * packet comes back from the link with the host's own address as its source: the kernel drops it,
 * and if it did not, the answer would never leave the host, though it is the load balancer that has
 * to see it. So another address stands in for the host's: what comes in by the link from the host's
 * own address is from the other one, and what is sent to that by the link goes to the own address.
 * Nothing else is touched, and nothing that was of any use before.
 *
 * Two rules of nf_tables for each pair, in a table of the link's own, without any connection
 * tracking. */

#ifndef NET_STAND_IN_H
#define NET_STAND_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"

struct netns;

struct stand_in {
    struct ip own, other; /* Of one family. */
};

/* Replaces all pairs of the link by these, in one step; none: the table goes. The link need not be
 * there. Fails with OVNK8S_UNSUPPORTED when the kernel has no nf_tables. */
int link_set_stand_ins(struct netns *ns, const char *name, const struct stand_in *pairs, size_t n);

/* Whether the link has any. */
int link_has_stand_ins(struct netns *ns, const char *name, bool *out);

#endif /* stand_in.h */
