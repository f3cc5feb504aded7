#include <ovnk8s/sb.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "ovsdb/apply.h"
#include "ovsdb/conn.h"
#include "ovsdb/read.h"

struct ovnk8s_sb {
    struct conn *conn;
};

int ovnk8s_sb_open(ovnk8s_sb **out, const char *remotes, const ovnk8s_connect_options *options)
{
    ovnk8s_sb *sb = calloc(1, sizeof *sb);
    int error;

    *out = NULL;
    if (!sb) {
        return fail_nomem();
    }
    error = conn_open(&sb->conn, "OVN_Southbound", remotes, options, NULL, 0);
    if (error) {
        free(sb);
        return error;
    }
    *out = sb;
    return 0;
}

void ovnk8s_sb_close(ovnk8s_sb *sb)
{
    if (sb) {
        conn_close(sb->conn);
        free(sb);
    }
}

void ovnk8s_sb_set_timeout(ovnk8s_sb *sb, unsigned int timeout_ms)
{
    conn_set_timeout(sb->conn, timeout_ms);
}

/* Chassis. */

static const char *text_of(const struct row *row, const char *column)
{
    const char *text = row_string(row, column);

    return text ? text : "";
}

/* Whether encapsulation 'a' is to be told rather than 'b', which may be NULL. */
static bool is_preferred(const struct row *a, const struct row *b)
{
    const char *type_a = text_of(a, "type"), *type_b = text_of(b, "type");
    const bool is_geneve = !strcmp(type_a, "geneve");
    int order;

    if (!b || is_geneve != !strcmp(type_b, "geneve")) {
        return !b || is_geneve;
    }
    order = strcmp(type_a, type_b);
    return order < 0 || (!order && strcmp(text_of(a, "ip"), text_of(b, "ip")) < 0);
}

static const struct row *find_encap(const struct rows *facts, const struct row *chassis)
{
    const struct column *column = row_column(chassis, "encaps");
    const struct row *best = NULL;

    for (size_t i = 0; column && i < column->n; i++) {
        const struct row *encap = column->atoms[i].type == ATOM_ROW
                                      ? rows_find(facts, "Encap", column->atoms[i].row)
                                      : NULL;

        if (encap && is_preferred(encap, best)) {
            best = encap;
        }
    }
    return best;
}

static ovnk8s_chassis chassis_of(const struct rows *facts, const struct row *row)
{
    const struct row *encap = find_encap(facts, row);

    return (ovnk8s_chassis){.size = sizeof(ovnk8s_chassis),
                            .name = text_of(row, "name"),
                            .hostname = text_of(row, "hostname"),
                            .encap_type = text_of(encap, "type"),
                            .encap_ip = text_of(encap, "ip")};
}

static bool is_chassis(const struct row *row)
{
    return !strcmp(row->table, "Chassis");
}

/* How many chassis there are, and how many bytes all their strings have. */
static size_t count_chassis(const struct rows *facts, size_t *n_bytes)
{
    size_t n = 0;

    *n_bytes = 0;
    for (const struct row *row = facts->first; row; row = row->next) {
        if (is_chassis(row)) {
            const ovnk8s_chassis c = chassis_of(facts, row);

            *n_bytes +=
                strlen(c.name) + strlen(c.hostname) + strlen(c.encap_type) + strlen(c.encap_ip) + 4;
            n++;
        }
    }
    return n;
}

/* Moves a string to the block. */
static void settle(const char **string, char **next)
{
    *string = strcpy(*next, *string);
    *next += strlen(*string) + 1;
}

static int compare_chassis(const void *a, const void *b)
{
    return strcmp((*(ovnk8s_chassis *const *)a)->name, (*(ovnk8s_chassis *const *)b)->name);
}

/* The block: pointers, structs, strings. */
static int take_chassis(const struct rows *facts, ovnk8s_chassis ***out, size_t *n)
{
    size_t n_bytes, i = 0;
    ovnk8s_chassis **pointers, *all;
    char *next;

    *n = count_chassis(facts, &n_bytes);
    pointers = malloc((*n + 1) * sizeof(ovnk8s_chassis *) + *n * sizeof *all + n_bytes);
    if (!pointers) {
        return fail_nomem();
    }
    all = (ovnk8s_chassis *)(pointers + *n + 1);
    next = (char *)(all + *n);
    for (const struct row *row = facts->first; row; row = row->next) {
        if (is_chassis(row)) {
            all[i] = chassis_of(facts, row);
            settle(&all[i].name, &next);
            settle(&all[i].hostname, &next);
            settle(&all[i].encap_type, &next);
            settle(&all[i].encap_ip, &next);
            pointers[i] = &all[i];
            i++;
        }
    }
    pointers[*n] = NULL;
    qsort(pointers, *n, sizeof(ovnk8s_chassis *), compare_chassis);
    *out = pointers;
    return 0;
}

static void ask_chassis(struct rows *asked)
{
    struct row *chassis = rows_ask_where(asked, "Chassis", ROW_ANY, "");
    struct row *encap = rows_ask_where(asked, "Encap", ROW_ANY, "");

    row_ask(chassis, "name");
    row_ask(chassis, "hostname");
    row_ask(chassis, "encaps");
    row_ask(encap, "type");
    row_ask(encap, "ip");
}

int ovnk8s_sb_chassis(ovnk8s_sb *sb, ovnk8s_chassis ***out, size_t *n)
{
    const struct deadline deadline = conn_deadline(sb->conn, 0);
    struct rows asked = {0}, facts = {0};
    int error;

    *out = NULL;
    *n = 0;
    ask_chassis(&asked);
    error =
        rows_failed(&asked) ? fail_nomem() : read_rows(sb->conn, asked.first, &deadline, &facts);
    error = error ? error : take_chassis(&facts, out, n);
    rows_clear(&asked);
    rows_clear(&facts);
    return error ? fail_during(error, "read", conn_remotes(sb->conn), "reading Chassis at %s",
                               conn_remotes(sb->conn))
                 : 0;
}

int ovnk8s_sb_compute(ovnk8s_sb *sb, ovnk8s_plan *plan, const ovnk8s_apply_options *theirs)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    struct deadline deadline;
    const int error = options_take(&options, sizeof options, theirs);

    if (error) {
        return error;
    }
    deadline = conn_deadline(sb->conn, options.timeout_ms);
    return compute_plan(plan, sb->conn, &deadline);
}
