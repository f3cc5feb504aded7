/* The pods of the API server, as far as the watcher cares for them. */

#ifndef WATCH_PODS_H
#define WATCH_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/ip.h"
#include "base/uuid.h"
#include "watch/node_names.h"
#include "watch/task.h"

struct kube_call;

struct pod {
    struct hashed hashed;
    struct task task;
    ovnk8s_watcher *watcher;
    const char *pod_namespace, *name; /* Behind the struct. */
    struct row_id port_id;            /* What its port has, or will have. */
    char *uid;                        /* NULL: not known. */
    const char *node;                 /* One of the pods' node names; NULL: not known. */
    uint64_t annotation;              /* What the API server tells, as annotation_hash() has it. */
    uint64_t patched;   /* What the latest patch says, until the API server tells it; 0: none. */
    int64_t patched_at; /* When the latest patch was answered. */
    struct prefixes addresses; /* Of its port, or what the annotation or a plan said of them. */
    int64_t committed_at;      /* When its port was, until it is annotated; 0: not now. */
    struct kube_call *patch;   /* Under way. */
    uint8_t untold;            /* How often a patch was answered well, but then not told. */
    bool wants_port;           /* Runs on a node, in a network of its own. */
    bool is_gone;     /* Not in the API server any more; kept until its port is gone too. */
    bool is_seen;     /* During a LIST. */
    bool is_reserved; /* Its addresses are: no row of its own is known to have them. */
    bool has_port;
    bool has_claim; /* Its port, or what is written down of it, may be left. */
};

struct pods {
    const char *owner;
    struct hash table;       /* By namespace and name. */
    size_t n_there, n_ports; /* Of them: in the API server, and with a port. */
    struct node_names node_names;
    bool with_networks; /* Pods are annotated with POD_NETWORKS_ANNOTATION too. */
};

/* What stands for the texts of a pod's annotations, either of which may be NULL; 0 for none. */
uint64_t annotation_hash(const char *ovn, const char *networks);

/* Sets the node that the pod is on. Returns whether it was another one before; false also when
 * memory ran out. */
bool pod_set_node(struct pods *pods, struct pod *pod, const char *node);

void pods_clear(struct pods *pods);
struct pod *pods_find(const struct pods *pods, const char *pod_namespace, const char *name);
struct pod *pods_add(struct pods *pods, const char *pod_namespace, const char *name);
void pods_remove(struct pods *pods, struct pod *pod);
void pods_each(const struct pods *pods, void (*each)(struct pod *pod, void *payload),
               void *payload);

/* Says that a pod is not in the API server any more, or again; and whether it has a port. */
void pod_set_gone(struct pods *pods, struct pod *pod, bool is_gone);
void pod_set_port(struct pods *pods, struct pod *pod, bool has_port);

/* Takes over what 'object', a Pod, says. Returns whether anything of interest has changed; false
 * also when memory ran out, which a later event mends. */
bool pod_read(struct pods *pods, struct pod *pod, const cJSON *object);

/* The namespace and the name of a Kubernetes object; false when it has none. */
bool object_name(const cJSON *object, const char **pod_namespace, const char **name);

#endif /* pods.h */
