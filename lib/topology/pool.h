/* Which numbers of a subnet are taken.
 *
 * A pool starts empty and takes memory for what is taken, so that an IPv6 subnet costs no more than
 * its pods. Numbers are those of prefix_nth(). */

#ifndef TOPOLOGY_POOL_H
#define TOPOLOGY_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

struct pool {
    struct pool_page **buckets;
    size_t n_pages, n_buckets;
    uint64_t n;    /* How many are taken. */
    uint64_t next; /* Where the search for a free one begins. */
};

void pool_clear(struct pool *pool);
bool pool_holds(const struct pool *pool, uint64_t number);

/* Takes the number. False when it was taken before, or memory ran out. */
bool pool_take(struct pool *pool, uint64_t number);
void pool_release(struct pool *pool, uint64_t number);

/* Finds a number of 'subnet' that a pod may have and that neither pool holds. Goes around, so that
 * an address which was just released is not given at once to somebody else. Fails with
 * OVNK8S_EXHAUSTED. */
int pool_find(struct pool *pool, const struct pool *other, const struct prefix *subnet,
              uint64_t *out);

#endif /* pool.h */
