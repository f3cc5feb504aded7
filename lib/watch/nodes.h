/* The nodes of the Northbound database, and which of their addresses are taken. */

#ifndef WATCH_NODES_H
#define WATCH_NODES_H

#include "base/hash.h"
#include "base/row.h"
#include "topology/blocks.h"
#include "topology/topology.h"

struct node {
    struct hashed hashed;
    char *name;
    struct prefixes subnets;
    struct blocks taken; /* By a row. */
    struct ip from[2];   /* Where the search in each subnet begins; of no family: at its start. */
    bool is_counted;     /* 'taken' is complete. */
};

struct nodes {
    const char *owner;
    struct hash table;      /* By name. */
    struct blocks reserved; /* Given to somebody, of whom no row says so yet. */
    bool all_counted;
    size_t n_lost; /* Logical switches of the owner's that have not the identity of their names:
                    * those of a backup that was restored, until a repair adopts them. */
};

void nodes_clear(struct nodes *nodes);
struct node *nodes_find(const struct nodes *nodes, const char *name);

/* Follow the rows of the logical switches and of their ports; either row may be NULL. The first
 * tells whether there is a node that was not there before, or with other subnets. */
bool nodes_switch_changed(struct nodes *nodes, const struct row *before, const struct row *now);
void nodes_port_changed(struct nodes *nodes, const struct row *before, const struct row *now);

/* Counts the port for nodes that came after it; when this was done for all ports, nodes_counted()
 * says so. */
void nodes_count_port(struct nodes *nodes, const struct row *port);
void nodes_counted(struct nodes *nodes);

/* The addresses of a logical switch port, with the lengths of the subnets of 'node'. False when the
 * row has none there. */
bool node_read_addresses(const struct node *node, const struct row *port, struct prefixes *out);

/* The same of those that its port security lets pass. */
bool node_read_security(const struct node *node, const struct row *port, struct prefixes *out);

/* Whether nobody has the addresses, and a pod may. */
bool node_can_give(const struct nodes *nodes, const struct node *node,
                   const struct prefixes *addresses);

/* Whether a row has one of the addresses, or they are not of this node. */
bool node_is_taken(const struct node *node, const struct prefixes *addresses);

/* Chooses free addresses, one of each subnet, and reserves them. Goes around, so that an address
 * which was just released is not given at once to somebody else. Fails with OVNK8S_EXHAUSTED. */
int node_choose(struct nodes *nodes, struct node *node, struct prefixes *out);

/* Reservations outlive the rows of their node. Each is released by whom it was made for: when a row
 * has the addresses, or it is certain that none will. */
void nodes_reserve(struct nodes *nodes, const struct prefixes *addresses);
void nodes_release(struct nodes *nodes, const struct prefixes *addresses);

#endif /* nodes.h */
