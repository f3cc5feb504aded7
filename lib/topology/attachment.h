/* Which addresses an attachment gets: those it was given, those it has, or free ones. */

#ifndef TOPOLOGY_ATTACHMENT_H
#define TOPOLOGY_ATTACHMENT_H

#include "topology/network.h"

/* What ovnk8s_attachment_add() was told, checked as far as can be done without the network. */
struct attachment_wish {
    ovnk8s_attachment told;
    const char *port_name;
    bool has_mac;
    struct mac mac;
};

/* An attachment that is being added, in the light of what there is and what the same plan adds. */
struct attachment_view {
    const struct attachment_wish *wish;
    const struct scene *scene;
    struct rows *wanted;
    struct network_record network;
    struct prefixes addresses;
    struct mac mac;
};

/* Asks for what tells which addresses are taken: the ledger, and the ports of the switch when the
 * ledger does not know them all. */
void attachment_ask_taken(const struct scene *scene, const char *network, struct rows *asked);

/* Finds the addresses and the MAC of 'view'. Fails with OVNK8S_INVALID, OVNK8S_EXISTS and
 * OVNK8S_EXHAUSTED. */
int attachment_find_addresses(struct attachment_view *view);

#endif /* attachment.h */
