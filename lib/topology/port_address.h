/* Which addresses a port gets: those it was given, those it has, or free ones. */

#ifndef TOPOLOGY_PORT_ADDRESS_H
#define TOPOLOGY_PORT_ADDRESS_H

#include "topology/ledger.h"

/* A port that is being added, in the light of what there is and what the same plan adds. */
struct port_view {
    const struct port_wish *wish;
    const struct scene *scene;
    struct rows *wanted;
    const char *name;
    struct prefixes subnets; /* Of the node. */
    struct prefixes addresses;
};

/* What the ledger has of the port's node, among the facts or among what is wanted. */
const struct column *port_entries(const struct port_view *view, const struct rows *rows);

/* Asks for what tells which addresses are taken: the ledger, and the ports of the node's switch of
 * which the ledger does not know. */
void port_ask_taken(const struct scene *scene, const char *node, struct rows *asked);

/* Fails with OVNK8S_INVALID unless the addresses of 'view' are ones of the node's for pods. */
int port_check_addresses(const struct port_view *view);

/* Finds the addresses of 'view', where there are none, and says in 'port' what is known of the port
 * already. Fails with OVNK8S_EXISTS when another port has one that was given, and with
 * OVNK8S_EXHAUSTED. */
int port_find_addresses(struct port_view *view, struct port_record *port);

#endif /* port_address.h */
