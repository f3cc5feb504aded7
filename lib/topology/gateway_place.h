/* The place of a gateway: which address of the join subnet it has, and which gateway is the first.
 * What adding and deleting one share. */

#ifndef TOPOLOGY_GATEWAY_PLACE_H
#define TOPOLOGY_GATEWAY_PLACE_H

#include "topology/blocks.h"
#include "topology/gateway.h"

/* A gateway that is being added or deleted, in the light of what there is and what the same plan
 * adds. */
struct gateway_view {
    const struct scene *scene;
    struct rows *wanted;
    struct cluster_record cluster;
    struct gateway_record gateway;
    struct blocks taken; /* In the join subnet. */
    const char *first;   /* The first gateway, "" if there is none. */
};

/* Finds out which addresses are taken, and who is the first: what other gateways of the same plan
 * have taken counts. */
int gateway_count_taken(struct gateway_view *view);

/* The gateway's router as the same plan has stated it so far; NULL if it has not. */
const struct row *gateway_stated(const struct gateway_view *view, const char *node);

/* The gateway as the same plan has it so far, or else as it is. False when it is none. */
bool gateway_find(const struct gateway_view *view, const char *node, struct gateway_record *out);

/* States what is taken by now, and who is the first. Whoever adds or deletes a gateway at the same
 * time has looked at other ones: hence the guard. */
void want_gateway_places(const struct gateway_view *view);

extern const struct intent_type gateway_add_type, gateway_delete_type;

/* Adds an intent of one of these types. Of several wishes about one gateway the last counts:
 * whether it keeps its place must not depend on what was wished before. */
int gateway_intend(ovnk8s_plan *plan, const struct intent_type *type, const char *node,
                   const void *params);

#endif /* gateway_place.h */
