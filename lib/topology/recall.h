/* Recalling what was added from the rows that there are.
 *
 * Rows of the Northbound database are anybody's to edit. What the library has added is written in
 * several places, so that it is still known after any one of them was deleted or changed:
 *
 *   the cluster   in its row of the ledger, in its router, and in its join switch
 *   a node        in its row of the ledger, in its logical switch, and in its port of the router
 *   a gateway     in its row of the ledger, in its router, and in its outer switch
 *   a pod port    in the ledger, in column addresses, and in column port_security of its row
 *
 * Of three that tell different things two decide. */

#ifndef TOPOLOGY_RECALL_H
#define TOPOLOGY_RECALL_H

#include "topology/ledger.h"

/* What most of the witnesses say, or else the first who says anything; NULL if none does. */
const char *vote(const char *const *said, size_t n);

/* Ask for what recalling needs. */
void cluster_ask(const struct scene *scene, struct rows *asked);
void node_ask(const struct scene *scene, const char *name, struct rows *asked);
void node_ask_ports(const struct scene *scene, const char *name, struct rows *asked);
void nodes_ask_all(const struct scene *scene, bool with_ports, struct rows *asked);
/* A port of a switch, unless 'name' is NULL because memory ran out, and all ports. What is wanted
 * of them is asked too, so that it is not read again. */
void port_ask(const struct scene *scene, const char *name, struct rows *asked);
void port_ask_columns(struct row *asked);
void ports_ask_all(const struct scene *scene, struct rows *asked);

/* Whether there is a cluster; 'out' points into the facts. */
bool cluster_recall(const struct scene *scene, struct cluster_record *out);

/* The same, or else the cluster that the plan itself adds. Fails with OVNK8S_NOTFOUND. */
int cluster_find(const struct scene *scene, const struct rows *wanted, struct cluster_record *out);

/* Whether there is this node. */
bool node_recall(const struct scene *scene, const char *name, struct prefixes *subnets);
bool node_find(const struct scene *scene, const struct rows *wanted, const char *name,
               struct prefixes *subnets);

/* Of a node that is there nobody has written down the ports, or somebody has deleted that. */
bool node_lacks_ledger(const struct scene *scene, const char *node);

/* All nodes, ordered by name, after nodes_ask_all(). NULL when memory ran out. */
struct node_list {
    struct node_record *of;
    size_t n;
};

bool nodes_recall(const struct scene *scene, struct arena *arena, struct node_list *out);

/* Whether there is the port of this name on the node. Strings are in 'arena' or in the facts. */
bool port_recall(const struct scene *scene, const struct node_record *node, const char *name,
                 struct arena *arena, struct port_record *out);

/* The ports of pods on a node, ordered by name. What is written of a port that is not there, and
 * whose address another one has by now, is no port any more. */
struct port_list {
    struct port_record *of;
    size_t n;
};

bool ports_recall(const struct scene *scene, const struct node_record *node, struct arena *arena,
                  struct port_list *out);

#endif /* recall.h */
