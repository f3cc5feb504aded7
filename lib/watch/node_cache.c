#include "watch/node_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "topology/node_mark.h"
#include "watch/private.h"

/* Keeping them. */

struct kube_node *node_cache_find(const struct node_cache *cache, const char *name)
{
    struct hashed *at = hash_find(&cache->table, hash_text(HASH_START, name));

    while (at && strcmp(((struct kube_node *)at)->name, name) != 0) {
        at = hash_find_next(at);
    }
    return (struct kube_node *)at;
}

void kube_node_free(struct hashed *hashed)
{
    struct kube_node *node = (struct kube_node *)hashed;

    free(node->task.reason);
    free(node->uid);
    free(node->subnets);
    free(node);
}

static struct kube_node *add(struct node_cache *cache, const char *name)
{
    const size_t size = strlen(name) + 1;
    struct kube_node *node = calloc(1, sizeof *node + size);

    if (!node || !hash_insert(&cache->table, &node->hashed, hash_text(HASH_START, name))) {
        free(node);
        return NULL;
    }
    memcpy(node->name, name, size);
    node->task.type = &node_task_type;
    return node;
}

void node_cache_clear(struct node_cache *cache)
{
    hash_clear(&cache->table, kube_node_free);
}

void node_cache_each(const struct node_cache *cache, void (*each)(struct task *task, void *payload),
                     void *payload)
{
    for (struct hashed *at = hash_first(&cache->table), *next; at; at = next) {
        next = hash_next(&cache->table, at);
        each(&((struct kube_node *)at)->task, payload);
    }
}

static void touch(ovnk8s_watcher *watcher, struct kube_node *node)
{
    task_touch(&watcher->lanes.tasks, &node->task, now_ms());
}

static void touch_task(struct task *task, void *payload)
{
    touch(payload, kube_node_of(task));
}

void node_cache_touch_all(ovnk8s_watcher *watcher)
{
    node_cache_each(&watcher->node_cache, touch_task, watcher);
    watcher->node_cache.has_strays = true;
}

/* Reading the API's objects. */

static bool take_over(char **to, char *value)
{
    if ((!value && !*to) || (value && *to && !strcmp(value, *to))) {
        free(value);
        return false;
    }
    free(*to);
    *to = value;
    return true;
}

static const char *cidr_of(const cJSON *spec, unsigned int family)
{
    const cJSON *all = member_of(spec, "podCIDRs"), *one;

    cJSON_ArrayForEach (one, all) {
        const char *text = cJSON_GetStringValue(one);

        if (text && !strchr(text, ':') == (family == 4)) {
            return text;
        }
    }
    return NULL;
}

/* Those that Kubernetes has chosen, in the library's order; NULL when it has chosen none. */
static char *subnets_of(const cJSON *spec)
{
    const char *four = cidr_of(spec, 4), *six = cidr_of(spec, 6);
    const char *single = text_of(spec, "podCIDR");
    struct text text = {.bytes = NULL};
    char *out = NULL;

    if (!four && !six) {
        return single ? strdup(single) : NULL;
    }
    text_add(&text, four ? four : "");
    text_add(&text, four && six ? "," : "");
    text_add(&text, six ? six : "");
    (void)!text_take(&text, &out);
    return out;
}

bool kube_node_read(struct kube_node *node, const cJSON *object)
{
    const char *uid = text_of(member_of(object, "metadata"), "uid");
    bool changed = node->is_gone;

    changed |= take_over(&node->uid, strdup(uid ? uid : ""));
    changed |= take_over(&node->subnets, subnets_of(member_of(object, "spec")));
    node->is_gone = false;
    return changed;
}

/* What the API server says. */

static const char *name_of(const cJSON *object)
{
    return text_of(member_of(object, "metadata"), "name");
}

static void clear_seen(struct task *task, void *payload)
{
    (void)payload;
    kube_node_of(task)->is_seen = false;
}

static void begin_list(void *payload)
{
    node_cache_each(&((ovnk8s_watcher *)payload)->node_cache, clear_seen, NULL);
}

static void node_is_there(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *name = name_of(object);
    struct kube_node *node = name ? node_cache_find(&watcher->node_cache, name) : NULL;

    node = node || !name ? node : add(&watcher->node_cache, name);
    if (!node) {
        return;
    }
    node->is_seen = true;
    if (kube_node_read(node, object)) {
        touch(watcher, node);
    }
}

static void set_gone(ovnk8s_watcher *watcher, struct kube_node *node)
{
    node->is_gone = true;
    touch(watcher, node);
}

static void node_is_gone(void *payload, const cJSON *object)
{
    ovnk8s_watcher *watcher = payload;
    const char *name = name_of(object);
    struct kube_node *node = name ? node_cache_find(&watcher->node_cache, name) : NULL;

    if (node) {
        set_gone(watcher, node);
    }
}

static void drop_unseen(struct task *task, void *payload)
{
    if (!kube_node_of(task)->is_seen) {
        set_gone(payload, kube_node_of(task));
    }
}

static void synced(void *payload)
{
    ovnk8s_watcher *watcher = payload;

    node_cache_each(&watcher->node_cache, drop_unseen, watcher);
    watcher->node_cache.is_synced = watcher->node_cache.has_strays = true;
}

/* What the database says. */

void node_cache_switch_changed(ovnk8s_watcher *watcher, const struct row *row)
{
    const char *name = row_string(row, "name");
    struct kube_node *node = name ? node_cache_find(&watcher->node_cache, name) : NULL;

    if (node) {
        touch(watcher, node);
    } else if (row_pair(row, "external_ids", NODE_UID_KEY)) {
        watcher->node_cache.has_strays = true;
    }
}

void node_cache_pod_gone(ovnk8s_watcher *watcher, const char *name)
{
    struct kube_node *node = name ? node_cache_find(&watcher->node_cache, name) : NULL;

    if (node && node->is_gone) {
        touch(watcher, node);
    }
}

static void adopt_stray(const struct row *row, void *payload)
{
    ovnk8s_watcher *watcher = payload;
    const char *name = row_string(row, "name");
    struct kube_node *node;

    if (!name || !row_pair(row, "external_ids", NODE_UID_KEY) ||
        !row_id_equal(row->id, switch_id(watcher->owner, name)) ||
        node_cache_find(&watcher->node_cache, name)) {
        return;
    }
    node = add(&watcher->node_cache, name);
    if (node) {
        set_gone(watcher, node);
    }
}

void node_cache_step(ovnk8s_watcher *watcher)
{
    struct node_cache *cache = &watcher->node_cache;

    if (cache->is_managed && cache->has_strays && lead_may_write(watcher)) {
        cache->has_strays = false;
        replica_each(conn_replica(watcher->conn), SWITCH_TABLE, adopt_stray, watcher);
    }
}

/* Life. */

bool node_cache_is_synced(const ovnk8s_watcher *watcher)
{
    return !watcher->node_cache.is_managed || watcher->node_cache.is_synced;
}

int node_cache_start(ovnk8s_watcher *watcher)
{
    static const struct kube_collection all_nodes = {.path = "/api/v1/nodes"};
    const struct kube_handler handler = {begin_list, node_is_there, node_is_gone, synced, watcher};

    return watcher->node_cache.is_managed
               ? kube_reflector_start(&watcher->node_cache.reflector, watcher->kube, &all_nodes,
                                      &handler)
               : 0;
}

void node_cache_stop(ovnk8s_watcher *watcher)
{
    kube_reflector_stop(watcher->node_cache.reflector);
}
