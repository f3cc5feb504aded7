/* The rows that a cluster, a node and a pod port are made into: what adding and repairing share. */

#ifndef TOPOLOGY_WANTS_H
#define TOPOLOGY_WANTS_H

#include "topology/ledger.h"

/* 'there' is the cluster as it is; NULL: there is none, or it is the same. */
int want_cluster(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
                 const struct cluster_record *there);
int want_node(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
              const struct node_record *node);

/* 'is_new': believed not to be there. 'ledger' is the node's. */
void want_port(struct rows *wanted, const char *owner, const char *node,
               const struct port_record *port, struct row *ledger, bool is_new);

/* The same for all that a node is made into, with the ports that its ledger has: to be asked for by
 * node_ask_ports(). */
void drop_node(const struct scene *scene, const char *name, struct rows *wanted);

#endif /* wants.h */
