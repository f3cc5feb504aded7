/* What the files of a gateway's host share. */

#ifndef NODE_GATEWAY_HOST_H
#define NODE_GATEWAY_HOST_H

#include <ovnk8s/gateway_host.h>

#include "base/ip.h"
#include "net/net.h"
#include "ovsdb/vswitch.h"

/* A request with its texts parsed. */
struct gateway_job {
    const ovnk8s_gateway_host *host;
    const char *interface; /* The one of the two that is given. */
    bool is_bridge;
    struct prefixes addresses;
    struct mac mac; /* As it was given, or as it was seen. */
};

/* What was seen of the interface in the kernel. */
struct gateway_link {
    struct link_info link;
    struct address *addresses; /* To be freed by free(). */
    size_t n_addresses;
};

int gateway_link_look(const struct gateway_job *job, struct netns *netns,
                      struct gateway_link *link);

/* Checks that nothing is in the way. '*chassis' is freed by free(). */
int gateway_look(const struct gateway_job *job, ovnk8s_vswitch *vswitch,
                 const struct deadline *deadline, char **chassis, struct mac *mac);

/* Add to 'plan' that the ports are there, without those that an earlier wiring had; or that none
 * is. Strings are copied. */
int gateway_wiring_add(ovnk8s_plan *plan, const struct gateway_job *job);
int gateway_wiring_delete(ovnk8s_plan *plan, const char *node);

/* Reads which node the host is a gateway of by the bridge. '*out' is freed by free(). */
int gateway_wiring_node(char **out, ovnk8s_vswitch *vswitch, const char *bridge,
                        const struct deadline *deadline);

/* The Interface rows of the wiring: of which of them there is one, '*n' is 1 or 2. */
void gateway_wiring_ids(const struct gateway_job *job, struct arena *arena, struct row_id out[2],
                        size_t *n);

#endif /* gateway_host.h */
