/* Queueing disciplines: how fast a link sends. */

#ifndef NET_QDISC_H
#define NET_QDISC_H

#include <stdint.h>

struct netns;

/* Lets the link send no more than 'rate' bits per second on average and 'burst' bits at once; up to
 * 'backlog' bits wait for their turn. Replaces what it had. */
int link_limit_rate(struct netns *ns, const char *name, uint64_t rate, uint64_t burst,
                    uint64_t backlog);

#endif /* qdisc.h */
