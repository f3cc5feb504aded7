/* Load_Balancer_Group rows: where load balancers are at work, so that neither a switch or router is
 * touched when a service comes, nor a service when a switch or router does.
 *
 *     switches        all node switches: what pods and nodes send
 *     routers         all gateway routers: what comes from outside
 *     switch/<node>   the switch of one node
 *     router/<node>   the gateway router of one node
 *
 * Such rows have no external_ids: they are known by their computed identity, and are called
 * "<owner>/<name>", since names are unique among all owners. */

#ifndef TOPOLOGY_GROUPS_H
#define TOPOLOGY_GROUPS_H

#include "base/plan.h"

#define GROUP_TABLE "Load_Balancer_Group"
#define BALANCER_TABLE "Load_Balancer"

#define ALL_SWITCHES "switches"
#define ALL_ROUTERS "routers"

/* In external_ids of load balancers: the groups that one is in, with spaces between. */
#define GROUPS_KEY "k8s-service-groups"

/* "switch/<node>" and "router/<node>". */
const char *switch_group(struct arena *arena, const char *node);
const char *router_group(struct arena *arena, const char *node);

struct row_id group_id(const char *owner, const char *group);

/* Asks for two groups what is wanted of them. */
void groups_ask(const struct scene *scene, const char *one, const char *other, struct rows *asked);

/* State a group, and that a switch or router refers to it. Nothing on servers without groups. */
struct row *want_group(struct rows *wanted, const char *owner, const char *group);
void want_in_groups(struct rows *wanted, const char *owner, struct row *holder, const char *common,
                    const char *own);

/* A group goes, and with it those load balancers in it that are the library's. */
void group_ask(const struct scene *scene, const char *group, struct rows *asked);
void drop_group(const struct scene *scene, const char *group, struct rows *wanted);

/* All load balancers and policies of the owner: for a repair, which puts them back into the groups
 * that they tell, and when the cluster goes. */
void balancers_ask_all(const struct scene *scene, struct rows *asked);
void balancers_repair(const struct scene *scene, struct rows *wanted);
void drop_balancers(const struct scene *scene, struct rows *wanted);

/* States that the load balancer is in the group, or is not; to be stated once. */
void want_member(struct rows *wanted, const char *owner, const char *group, struct row_id balancer,
                 bool is_in);

/* The policies of the cluster router that lead to one gateway go. */
void policies_ask_all(const struct scene *scene, struct rows *asked);
void drop_policies(const struct scene *scene, const char *gateway, struct rows *wanted);

#endif /* groups.h */
