/* Whose a node is, of those that the API server knows: with the mark, it goes with its object. */

#ifndef TOPOLOGY_NODE_MARK_H
#define TOPOLOGY_NODE_MARK_H

#include "base/plan.h"

/* In external_ids of the logical switch: the uid of the Node. */
#define NODE_UID_KEY "k8s-node-uid"

/* Adds to 'plan' that the node, which is there or added by the same plan, has the mark. */
int node_mark_intend(ovnk8s_plan *plan, const char *name, const char *uid);

#endif /* node_mark.h */
