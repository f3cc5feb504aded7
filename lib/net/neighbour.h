/* Neighbours: who is on the network that a link is connected to. */

#ifndef NET_NEIGHBOUR_H
#define NET_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip.h"
#include "base/wait.h"

struct netns;
struct link_info;

struct neighbour {
    struct ip ip;
    bool answers;
};

/* Lets the kernel ask each neighbour over 'link' for its MAC address, and waits until all have
 * answered or the time is over; who has not answered by then is no failure. One that has answered
 * some moments ago is not asked again; one that is set by hand is taken for not answering. */
int neighbours_probe(struct netns *ns, const struct link_info *link, struct neighbour *all,
                     size_t n, const struct deadline *deadline);

#endif /* neighbour.h */
