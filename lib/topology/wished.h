/* What callers wish for as text: addresses of a network, and ranges of them. */

#ifndef TOPOLOGY_WISHED_H
#define TOPOLOGY_WISHED_H

#include "topology/topology.h"

/* Reads "10.88.0.5" or "10.88.0.5/16", or one of each family with a comma between, in the order of
 * the subnets, whose lengths the addresses get. Fails with OVNK8S_INVALID. */
int parse_wished_addresses(const char *text, const struct prefixes *subnets, struct prefixes *out);

/* From the first to the last address, both included. */
struct address_range {
    struct ip first, last;
};

/* All that a subnet has for containers. */
struct address_range address_range_of(const struct prefix *subnet);

/* Reads "10.88.0.10-10.88.0.99", or one of each family with a comma between, for each subnet; NULL
 * stands for all of it. Fails with OVNK8S_INVALID. */
int parse_wished_ranges(const char *text, const struct prefixes *subnets,
                        struct address_range ranges[2]);

#endif /* wished.h */
