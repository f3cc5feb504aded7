/* The ledger: what was added, written down apart from the rows that it was made into.
 *
 * The cluster has a row in it, and each node. They say what was asked for, which subnets the nodes
 * have taken, and which ports the pods of a node have with which addresses. So
 *
 *   - a subnet or an address is chosen by reading one row, whatever the size of the cluster,
 *   - two who choose at once notice each other, by the generation of that row (see row.guarded),
 *     while the logical switch itself is left alone but for its set of ports: ovn-northd handles
 *     that without computing everything anew,
 *   - what somebody else has deleted is known, and comes back by a repair.
 *
 * For the last one the ledger is not trusted alone: each thing is told by at least three rows or
 * columns, of which two decide. See recall.h. */

#ifndef TOPOLOGY_LEDGER_H
#define TOPOLOGY_LEDGER_H

#include "base/plan.h"
#include "topology/blocks.h"
#include "topology/topology.h"

/* What is known of a cluster. */
struct cluster_record {
    const char *name;
    struct prefixes subnets, join;
    struct prefixes services; /* The service range; none: not known. */
};

struct node_record {
    const char *name;
    struct prefixes subnets;
};

/* The port of a pod. */
struct port_record {
    const char *name;    /* "<namespace>_<pod>". */
    const char *pod_uid; /* NULL: not known. */
    struct mac mac;
    struct prefixes addresses;
};

/* The column with the ports of a node. */
#define RECORDS_COLUMN "records"

/* State the cluster's, or the node's, row, which is returned. */
struct row *want_cluster_ledger(struct rows *wanted, const char *owner,
                                const struct cluster_record *cluster);
struct row *want_node_ledger(struct rows *wanted, const char *owner,
                             const struct node_record *node);

/* The node's row, of which something shall change if it is there. */
struct row *edit_node_ledger(struct rows *wanted, const char *owner, const char *node);

/* States the entry of a port, which has 'addresses' as port_addresses() writes them, in its node's
 * row, where it replaces one that 'is_stated' already. */
void want_port_entry(struct row *ledger, const struct port_record *port, const char *addresses,
                     bool is_new, bool is_stated);

/* Reads the entry of a port, which has 'name', on a node with 'subnets'. False when it is
 * malformed. Strings are in 'arena'. */
bool port_entry_parse(const char *name, const char *entry, const struct prefixes *subnets,
                      struct arena *arena, struct port_record *out);

/* The entries of the ports of a node, by name; NULL when 'rows' have none. */
const struct column *ledger_entries(const struct rows *rows, const char *owner, const char *node);

/* The subnets that nodes have taken. The cluster's row says so, and again its router: where they do
 * not agree, somebody has edited one of them, and nothing is said. False then. */
bool ledger_taken(const struct rows *rows, const char *owner, struct blocks *out);
void want_taken(struct rows *wanted, const char *owner, const struct blocks *taken);

/* The same for the addresses of the join subnet that gateways have, and for the node that is the
 * first gateway, "" when there is none. '*first' is NULL when that is not agreed about. */
bool ledger_join(const struct rows *rows, const char *owner, struct blocks *taken,
                 const char **first);
void want_join(struct rows *wanted, const char *owner, const struct blocks *taken,
               const char *first);

#endif /* ledger.h */
