/* Networks without a cluster, and the attachments of containers to them: what the files about them
 * share.
 *
 * A network is told by its row of the ledger and again by its logical switch, an attachment by an
 * entry of that row and by its logical switch port. An address is chosen by reading one row, and
 * two who choose at once notice each other by its generation, as with nodes; see ledger.h. */

#ifndef TOPOLOGY_NETWORK_H
#define TOPOLOGY_NETWORK_H

#include <ovnk8s/network.h>

#include "topology/ledger.h"

/* Keys of external_ids. */
#define NETWORK_KEY "network"
#define GATEWAYS_KEY "gateways"
#define ROUTED_KEY "routed"
#define HOST_KEY "host"
#define CONTAINER_KEY "container-id"
#define INTERFACE_KEY "interface"

/* What is known of a network. */
struct network_record {
    const char *name;
    struct prefixes subnets;
    struct prefixes gateways; /* With the lengths of the subnets; none, or of fewer families. */
    bool is_routed;
};

struct row_id network_switch_id(const char *owner, const char *name);
struct row_id network_ledger_id(const char *owner, const char *name);
struct row_id network_router_id(const char *owner);

/* "networks"; for another owner than the default "networks_<owner>". */
const char *network_router_name(struct arena *arena, const char *owner);

/* "rton-<network>" and "ntor-<network>", the ports that join a network and the router. */
const char *network_router_port_name(struct arena *arena, const char *network);
const char *network_switch_port_name(struct arena *arena, const char *network);

/* Fails with OVNK8S_INVALID, naming 'what', unless CNI allows the name. */
int check_network_name(const char *what, const char *name);

/* Asks for what recalling the network needs. */
void network_ask(const struct scene *scene, const char *name, struct rows *asked);

/* Whether there is the network; whether there is or the plan itself adds it. 'out' points into the
 * facts or the wishes. */
bool network_recall(const struct scene *scene, const char *name, struct network_record *out);
bool network_find(const struct scene *scene, const struct rows *wanted, const char *name,
                  struct network_record *out);

/* What a row says of a network that it describes; false for any other row. */
bool network_described(const struct row *row, struct network_record *out);

/* All networks that were read, ordered by name. False when memory ran out. */
struct network_list {
    struct network_record *of;
    size_t n;
};

bool networks_recall(const struct scene *scene, struct arena *arena, struct network_list *out);

/* States the network's row of the ledger, which is returned. */
struct row *want_network_ledger(struct rows *wanted, const char *owner,
                                const struct network_record *network);

/* The entries of the network's row of the ledger: a map, or NULL. */
const struct column *network_entries(const struct scene *scene, const char *name);

/* States that the attachment whose port has this name is gone. */
void drop_attachment(struct rows *wanted, const char *owner, const char *network,
                     const char *port_name);

#endif /* network.h */
