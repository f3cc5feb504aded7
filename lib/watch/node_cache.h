/* The Nodes of the API server, where the watcher manages nodes: each is added to the network when
 * it appears, with its podCIDRs as subnets if it has them, and deleted when it goes.
 *
 * A node that goes keeps its place as long as there are pods on it: they may still be running, and
 * the Node may only be registered anew. Kubernetes deletes pods of Nodes that are gone for good,
 * and with the last of them the node is deleted. Nodes that somebody has added by hand stay, until
 * a Node of their name appears and is gone again: the watcher deletes what has its mark
 * (topology/node_mark.h). */

#ifndef WATCH_NODE_CACHE_H
#define WATCH_NODE_CACHE_H

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/row.h"
#include "watch/task.h"

struct kube_node {
    struct hashed hashed;
    struct task task;
    char *uid;
    char *subnets; /* "10.1.0.0/24,fd01::/64", from its podCIDRs; NULL: none. */
    bool is_gone;  /* Kept until the node is gone too. */
    bool is_seen;  /* During a LIST. */
    bool was_free; /* Its subnets were chosen, when it had no podCIDRs. */
    char name[];
};

struct node_cache {
    bool is_managed;   /* Otherwise there is nothing here. */
    struct hash table; /* By name. */
    struct kube_reflector *reflector;
    bool is_synced;
    bool has_strays; /* Nodes with the mark, of which no Node is known, may be there. */
};

struct kube_node *node_cache_find(const struct node_cache *cache, const char *name);

/* node_cache.c: follows the Nodes, if that is wanted. */
int node_cache_start(ovnk8s_watcher *watcher);
void node_cache_stop(ovnk8s_watcher *watcher);
void node_cache_clear(struct node_cache *cache);

/* Whether all Nodes were listed, or nobody wants them. */
bool node_cache_is_synced(const ovnk8s_watcher *watcher);

/* The row of a logical switch has changed; a pod on this node, which may be NULL, is gone. */
void node_cache_switch_changed(ovnk8s_watcher *watcher, const struct row *row);
void node_cache_pod_gone(ovnk8s_watcher *watcher, const char *node);

/* Looks for nodes whose Nodes are gone, if there may be any. */
void node_cache_step(ovnk8s_watcher *watcher);

void node_cache_touch_all(ovnk8s_watcher *watcher);
void node_cache_each(const struct node_cache *cache, void (*each)(struct task *task, void *payload),
                     void *payload);

/* Takes over what 'object', a Node, says. Returns whether anything of interest has changed; false
 * also when memory ran out. */
bool kube_node_read(struct kube_node *node, const cJSON *object);

/* node_task.c: what is done for a Node. */
extern const struct task_type node_task_type;
struct kube_node *kube_node_of(const struct task *task);
void kube_node_free(struct hashed *hashed);

#endif /* node_cache.h */
