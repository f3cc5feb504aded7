/* Listing the records of uplinks. */

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/uplink.h>

#include "node/uplink_ovs.h"

struct counted {
    const struct uplink_facts *facts;
    size_t n, n_bytes;
};

static const struct row *next_ours(const struct row *row)
{
    while (row && (strcmp(row->table, "Bridge") != 0 ||
                   !row_pair(row, "external_ids", UPLINK_KEY) || !row_string(row, "name"))) {
        row = row->next;
    }
    return row;
}

static const char *settle(char **next, const char *text)
{
    const char *copy = strcpy(*next, text);

    *next += strlen(text) + 1;
    return copy;
}

static int fill(const struct row *row, ovnk8s_uplink_record *out, char **next)
{
    _cleanup_record_ struct uplink_record record = {0};
    const int error = uplink_record_read(row, &record);

    if (error) {
        return fail_during(error, "read", row_string(row, "name"), "bridge %s",
                           row_string(row, "name"));
    }
    *out = (ovnk8s_uplink_record){
        .size = sizeof *out,
        .nic = settle(next, record.nic),
        .bridge = settle(next, row_string(row, "name")),
        .state = record.state,
        .n_addresses = ipconf_count(&record.conf, RTM_NEWADDR),
        .n_routes = ipconf_count(&record.conf, RTM_NEWROUTE),
        .n_rules = ipconf_count(&record.conf, RTM_NEWRULE),
    };
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp((*(ovnk8s_uplink_record *const *)a)->bridge,
                  (*(ovnk8s_uplink_record *const *)b)->bridge);
}

static struct counted count(const struct uplink_facts *facts)
{
    struct counted counted = {.facts = facts};

    for (const struct row *row = facts->rows.first; (row = next_ours(row)); row = row->next) {
        counted.n++;
        counted.n_bytes += IFNAMSIZ + strlen(row_string(row, "name")) + 1;
    }
    return counted;
}

/* The block: pointers, structs, strings. */
static int take(const struct counted *counted, ovnk8s_uplink_record ***out, size_t *n)
{
    const size_t heads = (counted->n + 1) * sizeof **out;
    ovnk8s_uplink_record **pointers = malloc(heads + counted->n * sizeof ***out + counted->n_bytes);
    ovnk8s_uplink_record *all = (ovnk8s_uplink_record *)((char *)pointers + heads);
    char *next = (char *)(all + counted->n);
    int error = pointers ? 0 : fail_nomem();
    size_t i = 0;

    for (const struct row *row = counted->facts->rows.first; !error && (row = next_ours(row));
         row = row->next) {
        pointers[i] = &all[i];
        error = fill(row, &all[i++], &next);
    }
    if (error) {
        free(pointers);
        return error;
    }
    pointers[i] = NULL;
    qsort(pointers, i, sizeof(ovnk8s_uplink_record *), compare);
    *out = pointers;
    *n = i;
    return 0;
}

int ovnk8s_uplink_records(ovnk8s_vswitch *vswitch, ovnk8s_uplink_record ***out, size_t *n)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    _cleanup_facts_ struct uplink_facts facts = {0};
    int error = uplink_look(vswitch, "", "", &deadline, &facts);

    *out = NULL;
    *n = 0;
    if (!error) {
        const struct counted counted = count(&facts);

        error = take(&counted, out, n);
    }
    return error;
}
