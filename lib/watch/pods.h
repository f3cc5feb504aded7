/* The pods of the API server, as far as the watcher cares for them. */

#ifndef WATCH_PODS_H
#define WATCH_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/ip.h"

struct kube_call;

struct pod {
    struct hashed hashed;
    struct pod *next_due; /* In the queue. */
    char *pod_namespace, *name;
    char *uid, *node, *annotation; /* NULL when there is none. */
    bool wants_port;               /* Runs on a node, in a network of its own. */
    bool is_gone; /* Not in the API server any more; kept until its port is gone too. */
    bool is_seen; /* During a LIST. */
    bool is_due, has_port;
    unsigned int failures;   /* In a row. */
    int64_t due_at;          /* When to try again, in ms as now_ms(). */
    struct prefixes chosen;  /* For the plan that is being computed; none at first. */
    struct kube_call *patch; /* Under way. */
    struct ovnk8s_watcher *watcher;
};

struct pods {
    struct hash table; /* By namespace and name. */
};

void pods_clear(struct pods *pods);
struct pod *pods_find(const struct pods *pods, const char *pod_namespace, const char *name);
struct pod *pods_add(struct pods *pods, const char *pod_namespace, const char *name);
void pods_remove(struct pods *pods, struct pod *pod);
void pods_each(const struct pods *pods, void (*each)(struct pod *pod, void *payload),
               void *payload);

/* Takes over what 'object', a Pod, says. Returns whether anything of interest has changed; false
 * also when memory ran out, which a later event mends. */
bool pod_read(struct pod *pod, const cJSON *object);

/* The namespace and the name of a Kubernetes object; false when it has none. */
bool object_name(const cJSON *object, const char **pod_namespace, const char **name);

#endif /* pods.h */
