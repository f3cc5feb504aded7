/* Gateways: what is known of one, the rows that it is made into, and recalling it from them.
 *
 * All that ovnk8s_gateway_add() was told, and what it chose, is one line of text, the same under
 * one key in the gateway's row of the ledger, its router and its outer switch: two of three decide,
 * as for the rest (see recall.h). */

#ifndef TOPOLOGY_GATEWAY_H
#define TOPOLOGY_GATEWAY_H

#include "topology/ledger.h"

struct gateway_record {
    const char *node, *chassis, *interface;
    struct mac mac;
    struct prefixes addresses; /* Of the interface, one of each family. */
    struct prefixes join;      /* In the join subnet. */
    struct prefixes
        next_hops; /* The default gateways; the lengths are those of single addresses. */
    struct prefix *rampout;
    size_t n_rampout;
    bool is_first;       /* The first gateway of the cluster. */
    bool single_default; /* Has a default route only if it is the first. */
    bool is_shared;      /* The addresses are its host's too. */
};

/* Asks for one gateway, or for all. */
void gateway_ask(const struct scene *scene, const char *node, struct rows *asked);
void gateways_ask_all(const struct scene *scene, struct rows *asked);

/* Whether there is this gateway. What it points to is in 'arena'. */
bool gateway_recall(const struct scene *scene, const char *node, struct arena *arena,
                    struct gateway_record *out);

struct gateway_list {
    struct gateway_record *of;
    size_t n;
};

/* All, ordered by node, after gateways_ask_all(). False when memory ran out. */
bool gateways_recall(const struct scene *scene, struct arena *arena, struct gateway_list *out);

/* The line of text; NULL when memory ran out. */
const char *gateway_text(struct arena *arena, const struct gateway_record *gateway);
bool gateway_text_parse(const char *text, struct arena *arena, struct gateway_record *out);

/* Takes the subnets between the commas of 'list', which are none for "". When it returns false,
 * '*bad' is what is no subnet; NULL: memory ran out. */
bool rampout_parse(const char *list, struct arena *arena, struct gateway_record *out,
                   const char **bad);

/* 'subnets' are the node's; NULL: policies for the host are left as they are. */
int want_gateway(struct rows *wanted, const char *owner, const struct cluster_record *cluster,
                 const struct gateway_record *gateway, const struct prefixes *subnets);
void drop_gateway(struct rows *wanted, const char *owner, const struct gateway_record *gateway);

/* The policies of the cluster router by which pods reach its host; 'now' may be NULL. */
void want_host_policies(struct rows *wanted, const char *owner, struct row *router,
                        const struct gateway_record *gateway, const struct prefixes *subnets);
void drop_host_policies(struct rows *wanted, const char *owner, struct row *router,
                        const struct gateway_record *before, const struct gateway_record *now);

/* ovnk8s_gateway_delete() without an intent of its own. */
void gateway_ask_removal(const struct scene *scene, const char *node, struct rows *asked);
int gateway_remove(const struct scene *scene, const char *node, struct rows *wanted);

/* Takes its addresses of the join subnet. */
int gateway_count(struct blocks *taken, const struct gateway_record *gateway);

/* What 'before' had and 'now' has not. */
void drop_gateway_rest(struct rows *wanted, const char *owner, const struct gateway_record *before,
                       const struct gateway_record *now);

/* Whether the cluster router has a default route by this gateway. */
bool gateway_is_default(const struct gateway_record *gateway, unsigned int family);

#endif /* gateway.h */
