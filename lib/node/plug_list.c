/* Listing what is plugged. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "node/plug_job.h"
#include "ovsdb/read.h"
#include "ovsdb/vswitch.h"

static const char *id_of(const struct row *row, const char *key)
{
    return row_pair(row, "external_ids", key);
}

/* Of the owner's interfaces those that are a container's. */
static const struct row *next_plugged(const struct row *row)
{
    while (row && (!id_of(row, PLUG_SANDBOX_KEY) || !id_of(row, PLUG_INTERFACE_KEY))) {
        row = row->next;
    }
    return row;
}

/* The strings of one that is plugged, in the order of the struct. */
enum { STRINGS = 5 };

static void read_strings(const struct row *row, const char *strings[static STRINGS])
{
    strings[0] = id_of(row, PLUG_SANDBOX_KEY);
    strings[1] = id_of(row, PLUG_INTERFACE_KEY);
    strings[2] = id_of(row, PLUG_NETWORK_KEY);
    strings[3] = id_of(row, "iface-id");
    strings[4] = row_string(row, "name");
    for (size_t i = 0; i < STRINGS; i++) {
        strings[i] = strings[i] ? strings[i] : "";
    }
}

static void fill(const struct row *row, ovnk8s_plugged *out, char **next)
{
    const char *strings[STRINGS];

    read_strings(row, strings);
    for (size_t i = 0; i < STRINGS; i++) {
        const size_t size = strlen(strings[i]) + 1;

        strings[i] = memcpy(*next, strings[i], size);
        *next += size;
    }
    *out = (ovnk8s_plugged){.size = sizeof *out,
                            .container_id = strings[0],
                            .interface = strings[1],
                            .network = strings[2],
                            .iface_id = strings[3],
                            .host_interface = strings[4]};
}

static int compare(const void *a_, const void *b_)
{
    const ovnk8s_plugged *a = *(ovnk8s_plugged *const *)a_, *b = *(ovnk8s_plugged *const *)b_;
    const int difference = strcmp(a->container_id, b->container_id);

    return difference ? difference : strcmp(a->interface, b->interface);
}

static size_t count(const struct rows *rows, size_t *n_bytes)
{
    const char *strings[STRINGS];
    size_t n = 0;

    *n_bytes = 0;
    for (const struct row *row = rows->first; (row = next_plugged(row)); row = row->next) {
        n++;
        read_strings(row, strings);
        for (size_t i = 0; i < STRINGS; i++) {
            *n_bytes += strlen(strings[i]) + 1;
        }
    }
    return n;
}

/* The block: pointers, structs, strings. */
static int take(const struct rows *rows, ovnk8s_plugged ***out, size_t *n_out)
{
    size_t n_bytes, i = 0;
    const size_t n = count(rows, &n_bytes), heads = (n + 1) * sizeof **out;
    ovnk8s_plugged **pointers = malloc(heads + n * sizeof ***out + n_bytes);
    ovnk8s_plugged *all = (ovnk8s_plugged *)((char *)pointers + heads);
    char *next = (char *)(all + n);

    if (!pointers) {
        return fail_nomem();
    }
    for (const struct row *row = rows->first; (row = next_plugged(row)); row = row->next) {
        pointers[i] = &all[i];
        fill(row, &all[i++], &next);
    }
    pointers[n] = NULL;
    qsort(pointers, n, sizeof(ovnk8s_plugged *), compare);
    *out = pointers;
    *n_out = n;
    return 0;
}

int ovnk8s_plug_list(ovnk8s_vswitch *vswitch, ovnk8s_plugged ***out, size_t *n)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    struct rows asked = {0}, found = {0};
    struct row *ours = rows_ask_where(&asked, "Interface", ROW_BY_OWNER, PLUG_OWNER);
    int error;

    *out = NULL;
    *n = 0;
    row_ask(ours, "name");
    row_ask(ours, "external_ids");
    error = rows_failed(&asked) ? fail_nomem()
                                : read_rows(vswitch_conn(vswitch), asked.first, &deadline, &found);
    error = error ? error : take(&found, out, n);
    rows_clear(&asked);
    rows_clear(&found);
    return error ? fail_during(error, "list", NULL, "listing what is plugged") : 0;
}
