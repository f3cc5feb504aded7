/* The service range of a cluster: out of which Kubernetes takes the cluster addresses of services.
 *
 * Load balancers answer for the services that there are. The range itself is known to the cluster
 * so that a packet to an address of no service ends at the cluster router, instead of leaving by a
 * gateway; and so that the hosts of nodes send there what is for services. */

#ifndef TOPOLOGY_SERVICE_RANGE_H
#define TOPOLOGY_SERVICE_RANGE_H

#include "topology/ledger.h"

/* Reads what ovnk8s_cluster.service_range says into 'out'; fails with OVNK8S_INVALID unless it is
 * apart from the other subnets of the cluster. */
int service_range_parse(const char *text, const struct cluster_record *cluster,
                        struct prefixes *out);

/* What each row says that describes the cluster. */
void describe_service_range(struct row *row, const struct cluster_record *cluster);

/* The policies of the cluster router. What 'there', unless it is NULL, had besides goes. */
void want_service_range(struct rows *wanted, const char *owner, struct row *router,
                        const struct cluster_record *cluster, const struct cluster_record *there);

#endif /* service_range.h */
