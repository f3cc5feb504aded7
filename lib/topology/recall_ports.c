#include <stdlib.h>
#include <string.h>

#include "topology/names.h"
#include "topology/recall.h"

/* The rows of pod ports, ordered by the node that they say they are on. */

struct port_index {
    const struct row **rows;
    size_t n;
    bool is_ready;
};

static const char *node_of(const struct row *row)
{
    return row_pair(row, "external_ids", NODE_KEY);
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(node_of(*(const struct row *const *)a), node_of(*(const struct row *const *)b));
}

/* That the identity fits shows that nobody has changed the name. */
static bool is_pod_port(const struct scene *scene, const struct row *row)
{
    const char *name = row_string(row, "name");

    return !strcmp(row->table, SWITCH_PORT_TABLE) && name && is_pod_port_name(name) &&
           node_of(row) && row_id_equal(row->id, switch_port_id(scene->owner, name));
}

/* Made once for all nodes. NULL when memory ran out. */
static const struct port_index *index_ports(const struct scene *scene)
{
    static const char topic[] = "ports by node";
    const size_t n = scene->facts->n + 1;
    struct port_index *index = scene_note(scene, topic, "", sizeof *index, NULL);

    if (!index || index->is_ready) {
        return index;
    }
    index->rows = arena_alloc(&scene->notes->arena, n * sizeof(struct row *));
    if (!index->rows) {
        return NULL;
    }
    for (const struct row *row = scene->facts->first; row; row = row->next) {
        if (is_pod_port(scene, row)) {
            index->rows[index->n++] = row;
        }
    }
    qsort(index->rows, index->n, sizeof(struct row *), compare_rows);
    index->is_ready = true;
    return index;
}

/* The number of the first row of the node. */
static size_t first_of(const struct port_index *index, const char *node)
{
    size_t low = 0, high = index->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(node_of(index->rows[middle]), node) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Names, from the ledger and from the rows. */

struct names {
    const char **of;
    size_t n;
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void drop_doubles(struct names *names)
{
    size_t n = 0;

    qsort(names->of, names->n, sizeof *names->of, compare_texts);
    for (size_t i = 0; i < names->n; i++) {
        if (!n || strcmp(names->of[n - 1], names->of[i]) != 0) {
            names->of[n++] = names->of[i];
        }
    }
    names->n = n;
}

static bool gather_names(const struct scene *scene, const char *node, struct arena *arena,
                         struct names *out)
{
    const struct column *entries = ledger_entries(scene->facts, scene->owner, node);
    const struct port_index *index = index_ports(scene);
    const size_t first = index ? first_of(index, node) : 0;
    size_t last = first;

    while (index && last < index->n && !strcmp(node_of(index->rows[last]), node)) {
        last++;
    }
    *out = (struct names){.of = arena_alloc(arena, ((entries ? entries->n : 0) + last - first + 1) *
                                                       sizeof *out->of)};
    if (!index || !out->of) {
        return false;
    }
    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct atom *key = entries->atoms + 2 * i;

        if (key->type == ATOM_STRING && is_pod_port_name(key->string)) {
            out->of[out->n++] = key->string;
        }
    }
    for (size_t i = first; i < last; i++) {
        out->of[out->n++] = row_string(index->rows[i], "name");
    }
    drop_doubles(out);
    return true;
}

/* One port. */

/* What somebody says of the addresses of a port; none when that makes no sense. */
struct witness {
    struct mac mac;
    struct prefixes addresses;
};

static bool agree(const struct witness *a, const struct witness *b)
{
    return a->addresses.n && prefixes_equal(&a->addresses, &b->addresses) &&
           !memcmp(a->mac.bytes, b->mac.bytes, sizeof a->mac.bytes);
}

static struct witness hear(const char *text, const struct prefixes *subnets)
{
    struct witness witness = {.addresses.n = 0};

    if (!text || !port_addresses_parse(text, subnets, &witness.mac, &witness.addresses)) {
        witness.addresses.n = 0;
    }
    return witness;
}

/* The first whom another one confirms, or else the first who makes sense. */
static const struct witness *decide(const struct witness said[3])
{
    static const int pairs[][2] = {{0, 1}, {0, 2}, {1, 2}};

    for (size_t i = 0; i < 3; i++) {
        if (agree(&said[pairs[i][0]], &said[pairs[i][1]])) {
            return &said[pairs[i][0]];
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (said[i].addresses.n) {
            return &said[i];
        }
    }
    return NULL;
}

bool port_recall(const struct scene *scene, const struct node_record *node, const char *name,
                 struct arena *arena, struct port_record *out)
{
    const struct column *entries = ledger_entries(scene->facts, scene->owner, node->name);
    const struct atom *entry = entries ? column_pair(entries, name) : NULL;
    const struct row *row =
        rows_find(scene->facts, SWITCH_PORT_TABLE, switch_port_id(scene->owner, name));
    struct witness said[3] = {{.addresses.n = 0}};
    const struct witness *truth;
    const char *uid = row_pair(row, "external_ids", POD_UID_KEY);

    if (entry && entry[1].type == ATOM_STRING &&
        port_entry_parse(name, entry[1].string, &node->subnets, arena, out)) {
        said[0] = (struct witness){out->mac, out->addresses};
    }
    said[1] = hear(row_string(row, "addresses"), &node->subnets);
    said[2] = hear(row_string(row, "port_security"), &node->subnets);
    truth = decide(said);
    if (!truth) {
        return false;
    }
    /* An entry that is right about the addresses is right about the uid, if it has one. */
    *out =
        (struct port_record){.name = name,
                             .pod_uid = agree(truth, &said[0]) && out->pod_uid ? out->pod_uid : uid,
                             .mac = truth->mac,
                             .addresses = truth->addresses};
    return true;
}

/* All of them. */

static bool is_there(const struct scene *scene, const char *name)
{
    return rows_find(scene->facts, SWITCH_PORT_TABLE, switch_port_id(scene->owner, name));
}

/* Whether the addresses were nobody else's up to here. */
static bool take_addresses(struct blocks *taken, const struct prefixes *addresses)
{
    bool are_free = true;

    for (size_t i = 0; i < addresses->n; i++) {
        const struct prefix one = {addresses->of[i].ip, ip_bits(&addresses->of[i].ip)};

        are_free &= !blocks_take(taken, &one);
    }
    return are_free;
}

/* Ports that are there come first. */
static void recall_those(const struct scene *scene, const struct node_record *node,
                         const struct names *names, bool there, struct arena *arena,
                         struct blocks *taken, struct port_list *out)
{
    for (size_t i = 0; i < names->n; i++) {
        struct port_record *port = &out->of[out->n];

        if (is_there(scene, names->of[i]) == there &&
            port_recall(scene, node, names->of[i], arena, port) &&
            (take_addresses(taken, &port->addresses) || there)) {
            out->n++;
        }
    }
}

static int compare_ports(const void *a, const void *b)
{
    return strcmp(((const struct port_record *)a)->name, ((const struct port_record *)b)->name);
}

bool ports_recall(const struct scene *scene, const struct node_record *node, struct arena *arena,
                  struct port_list *out)
{
    struct blocks taken = {0};
    struct names names;

    *out = (struct port_list){.n = 0};
    if (!gather_names(scene, node->name, arena, &names)) {
        return false;
    }
    out->of = arena_alloc(arena, (names.n + 1) * sizeof *out->of);
    if (out->of) {
        recall_those(scene, node, &names, true, arena, &taken, out);
        recall_those(scene, node, &names, false, arena, &taken, out);
        qsort(out->of, out->n, sizeof *out->of, compare_ports);
    }
    blocks_clear(&taken);
    return out->of != NULL;
}
