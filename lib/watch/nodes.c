#include "watch/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "topology/adopt_identity.h"
#include "topology/names.h"

struct node *nodes_find(const struct nodes *nodes, const char *name)
{
    struct hashed *at = name ? hash_find(&nodes->table, hash_text(HASH_START, name)) : NULL;

    while (at && strcmp(((struct node *)at)->name, name) != 0) {
        at = hash_find_next(at);
    }
    return (struct node *)at;
}

static void clear_addresses(struct node *node)
{
    blocks_clear(&node->taken);
    memset(node->from, 0, sizeof node->from);
}

static void free_node(struct hashed *hashed)
{
    struct node *node = (struct node *)hashed;

    clear_addresses(node);
    free(node->name);
    free(node);
}

static void each_node(const struct nodes *nodes, void (*each)(struct node *node))
{
    for (struct hashed *at = hash_first(&nodes->table); at; at = hash_next(&nodes->table, at)) {
        each((struct node *)at);
    }
}

void nodes_clear(struct nodes *nodes)
{
    hash_clear(&nodes->table, free_node);
    blocks_clear(&nodes->reserved);
    *nodes = (struct nodes){.owner = nodes->owner};
}

static struct node *add_node(struct nodes *nodes, const char *name)
{
    struct node *node = calloc(1, sizeof *node);

    if (!node || !(node->name = strdup(name)) ||
        !hash_insert(&nodes->table, &node->hashed, hash_text(HASH_START, name))) {
        free(node ? node->name : NULL);
        free(node);
        return NULL;
    }
    return node;
}

static void remove_node(struct nodes *nodes, const char *name)
{
    struct node *node = nodes_find(nodes, name);

    if (node) {
        hash_remove(&nodes->table, &node->hashed);
        free_node(&node->hashed);
    }
}

/* Only what the library has made under this name is a node. */
static bool is_ours(const struct nodes *nodes, const struct row *row)
{
    const char *name = row_string(row, "name");

    return name && row_id_equal(row->id, switch_id(nodes->owner, name));
}

static bool is_lost(const struct nodes *nodes, const struct row *row)
{
    struct arena arena = {.blocks = NULL};
    struct row_id id;
    const bool is_known = row && identity_of(nodes->owner, row, &arena, &id);

    arena_clear(&arena);
    return is_known && !row_id_equal(id, row->id);
}

bool nodes_switch_changed(struct nodes *nodes, const struct row *before, const struct row *now)
{
    struct prefixes subnets;
    struct node *node;

    nodes->n_lost += is_lost(nodes, now);
    nodes->n_lost -= is_lost(nodes, before);
    if (!now && before && is_ours(nodes, before)) {
        remove_node(nodes, row_string(before, "name"));
    }
    if (!now || !is_ours(nodes, now) || !switch_subnets(now, &subnets)) {
        return false;
    }
    node = nodes_find(nodes, row_string(now, "name"));
    if (node && prefixes_equal(&node->subnets, &subnets)) {
        return false;
    }
    node = node ? node : add_node(nodes, row_string(now, "name"));
    if (!node) {
        return false;
    }
    clear_addresses(node);
    node->subnets = subnets;
    node->is_counted = false;
    nodes->all_counted = false;
    return true;
}

/* Addresses. */

/* Calls 'each' for the IP addresses in "MAC IP IP". */
static void each_ip(const char *text, void (*each)(const struct ip *ip, void *payload),
                    void *payload)
{
    for (text += strcspn(text, " "); *text; text += strcspn(text, " ")) {
        char word[IP_TEXT];
        struct ip ip;
        size_t length;

        text += strspn(text, " ");
        length = strcspn(text, " ");
        if (length && length < sizeof word) {
            memcpy(word, text, length);
            word[length] = '\0';
            if (ip_from_text(word, &ip)) {
                each(&ip, payload);
            }
        }
    }
}

static size_t subnet_of(const struct node *node, const struct ip *ip)
{
    size_t i = 0;

    while (i < node->subnets.n && !prefix_contains(&node->subnets.of[i], ip)) {
        i++;
    }
    return i;
}

struct found {
    const struct node *node;
    struct prefixes *out;
};

static void add_found(const struct ip *ip, void *payload)
{
    const struct found *found = payload;
    const size_t i = subnet_of(found->node, ip);

    if (i < found->node->subnets.n && !prefixes_of(found->out, ip->family)) {
        found->out->of[found->out->n++] = (struct prefix){*ip, found->node->subnets.of[i].length};
    }
}

static bool read_addresses(const struct node *node, const struct column *column,
                           struct prefixes *out)
{
    *out = (struct prefixes){.n = 0};
    for (size_t i = 0; column && i < column->n; i++) {
        if (column->atoms[i].type == ATOM_STRING) {
            each_ip(column->atoms[i].string, add_found, &(struct found){node, out});
        }
    }
    return out->n > 0;
}

bool node_read_addresses(const struct node *node, const struct row *port, struct prefixes *out)
{
    return read_addresses(node, row_column(port, "addresses"), out);
}

bool node_read_security(const struct node *node, const struct row *port, struct prefixes *out)
{
    return read_addresses(node, row_column(port, "port_security"), out);
}

/* The block of one address. */
static struct prefix just(const struct ip *ip)
{
    return (struct prefix){*ip, ip_bits(ip)};
}

/* Two rows may have the same address; then it is free when either has gone. */
static void mark(struct node *node, const struct row *port, bool is_taken)
{
    struct prefixes addresses;

    node_read_addresses(node, port, &addresses);
    for (size_t i = 0; i < addresses.n; i++) {
        const struct prefix address = just(&addresses.of[i].ip);

        if (is_taken) {
            blocks_add(&node->taken, &address);
        } else {
            blocks_release(&node->taken, &address);
        }
    }
}

/* A port of ours says which node it is on; any other may have an address of any. */
static void mark_port(struct nodes *nodes, const struct row *port, bool is_taken)
{
    struct node *node = nodes_find(nodes, row_pair(port, "external_ids", NODE_KEY));

    if (node) {
        mark(node, port, is_taken);
        return;
    }
    for (struct hashed *at = hash_first(&nodes->table); at; at = hash_next(&nodes->table, at)) {
        mark((struct node *)at, port, is_taken);
    }
}

void nodes_port_changed(struct nodes *nodes, const struct row *before, const struct row *now)
{
    if (before) {
        mark_port(nodes, before, false);
    }
    if (now) {
        mark_port(nodes, now, true);
    }
}

void nodes_count_port(struct nodes *nodes, const struct row *port)
{
    const struct node *node = nodes_find(nodes, row_pair(port, "external_ids", NODE_KEY));

    if (!node || !node->is_counted) {
        mark_port(nodes, port, true);
    }
}

static void set_counted(struct node *node)
{
    node->is_counted = true;
}

void nodes_counted(struct nodes *nodes)
{
    each_node(nodes, set_counted);
    nodes->all_counted = true;
}

/* The subnet that the address lies in and has the length of, or NULL. */
static const struct prefix *subnet_with(const struct node *node, const struct prefix *address)
{
    const size_t i = subnet_of(node, &address->ip);
    const struct prefix *subnet = i < node->subnets.n ? &node->subnets.of[i] : NULL;

    return subnet && subnet->length == address->length ? subnet : NULL;
}

bool node_is_taken(const struct node *node, const struct prefixes *addresses)
{
    for (size_t i = 0; i < addresses->n; i++) {
        const struct prefix address = just(&addresses->of[i].ip);

        if (!subnet_with(node, &addresses->of[i]) || blocks_overlap(&node->taken, &address)) {
            return true;
        }
    }
    return false;
}

static bool is_for_pods(const struct prefix *subnet, const struct ip *ip)
{
    return is_pod_index(subnet, prefix_index(subnet, ip));
}

bool node_can_give(const struct nodes *nodes, const struct node *node,
                   const struct prefixes *addresses)
{
    for (size_t i = 0; i < addresses->n; i++) {
        const struct prefix *subnet = subnet_with(node, &addresses->of[i]);
        const struct prefix address = just(&addresses->of[i].ip);

        if (!subnet || !is_for_pods(subnet, &address.ip) ||
            blocks_overlap(&nodes->reserved, &address)) {
            return false;
        }
    }
    return addresses->n == node->subnets.n && !node_is_taken(node, addresses);
}

void nodes_reserve(struct nodes *nodes, const struct prefixes *addresses)
{
    for (size_t i = 0; i < addresses->n; i++) {
        const struct prefix address = just(&addresses->of[i].ip);

        blocks_add(&nodes->reserved, &address);
    }
}

void nodes_release(struct nodes *nodes, const struct prefixes *addresses)
{
    for (size_t i = 0; i < addresses->n; i++) {
        const struct prefix address = just(&addresses->of[i].ip);

        blocks_release(&nodes->reserved, &address);
    }
}

/* Of the addresses from 'from' on, which is not before the first for pods. */
static bool find_from(const struct nodes *nodes, const struct node *node,
                      const struct prefix *subnet, const struct ip *from, struct prefix *out)
{
    return blocks_find_in_both(&node->taken, &nodes->reserved, subnet, ip_bits(from), from, out) &&
           is_for_pods(subnet, &out->ip);
}

/* A row of the database may have a subnet without any address for pods. */
static int fail_exhausted(const struct nodes *nodes, const struct prefix *subnet)
{
    const uint64_t others = FIRST_POD_INDEX - 1 + (subnet->ip.family == 4 ? 1 : 0);
    const uint64_t last = prefix_last_index(subnet), n = last > others ? last - others : 0;
    const uint64_t reserved = blocks_count(&nodes->reserved, subnet);
    char text[PREFIX_TEXT];

    return fail(OVNK8S_EXHAUSTED,
                "subnet %s: all %llu addresses for pods are taken, %llu of them by ports and %llu"
                " by plans that are being made",
                prefix_to_text(subnet, text), (unsigned long long)n,
                (unsigned long long)(n - reserved), (unsigned long long)reserved);
}

static int choose_one(const struct nodes *nodes, struct node *node, size_t i, struct ip *out)
{
    const struct prefix *subnet = &node->subnets.of[i];
    const struct ip first = prefix_nth(subnet, FIRST_POD_INDEX);
    const struct ip *from = node->from[i].family ? &node->from[i] : &first;
    struct prefix found, next = {.ip.family = 0};

    if (!find_from(nodes, node, subnet, from, &found) &&
        !find_from(nodes, node, subnet, &first, &found)) {
        return fail_exhausted(nodes, subnet);
    }
    prefix_next(&found, &next);
    node->from[i] = next.ip;
    *out = found.ip;
    return 0;
}

int node_choose(struct nodes *nodes, struct node *node, struct prefixes *out)
{
    struct prefixes chosen = node->subnets;

    for (size_t i = 0; i < chosen.n; i++) {
        const int error = choose_one(nodes, node, i, &chosen.of[i].ip);

        if (error) {
            return error;
        }
    }
    nodes_reserve(nodes, &chosen);
    *out = chosen;
    return 0;
}
