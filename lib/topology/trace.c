#include "topology/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/topology.h"

/* Queries. */

static int parse_pod(struct arena *arena, const char *what, const char *text, struct place *out)
{
    const size_t length = strcspn(text, "/");
    const char *name_space = arena_strndup(arena, text, length);
    int error;

    if (!text[length]) {
        return fail(OVNK8S_INVALID,
                    "%s \"%s\": expected NAMESPACE/POD, node/NAME, service/NAMESPACE/NAME, an IP"
                    " address or outside",
                    what, text);
    }
    error = name_space ? check_dns_label("namespace", name_space) : fail_nomem();
    error = error ? error : check_dns_name("pod", text + length + 1);
    out->port = error ? NULL : pod_port_name(arena, name_space, text + length + 1);
    return error;
}

static int parse_service(struct arena *arena, const char *what, const char *rest, struct place *out)
{
    const size_t length = strcspn(rest, "/");

    out->kind = PLACE_SERVICE;
    out->name_space = arena_strndup(arena, rest, length);
    out->name = rest[length] ? arena_strdup(arena, rest + length + 1) : NULL;
    return !out->name || !*out->name || !length
               ? fail(OVNK8S_INVALID, "%s \"%s\": expected service/NAMESPACE/NAME", what, out->text)
               : 0;
}

static int parse_node(struct arena *arena, const char *name, struct place *out)
{
    const int error = check_node_name(name);

    out->port = error ? NULL : management_port_name(arena, name);
    return error;
}

static const char *after(const char *text, const char *prefix)
{
    const size_t length = strlen(prefix);

    return !strncmp(text, prefix, length) ? text + length : NULL;
}

static int parse_place(struct arena *arena, const char *what, const char *text, struct place *out)
{
    const char *rest;

    *out = (struct place){.kind = PLACE_PORT};
    if (!text || !*text) {
        return fail(OVNK8S_INVALID, "there is no %s", what);
    }
    out->text = arena_strdup(arena, text);
    if (!strcmp(text, "outside")) {
        out->kind = PLACE_OUTSIDE;
        return 0;
    }
    if (ip_from_text(text, &out->ip)) {
        out->kind = PLACE_ADDRESS;
        return 0;
    }
    rest = after(text, "service/") ? after(text, "service/") : after(text, "svc/");
    if (rest && strchr(rest, '/')) { /* Else a pod of a namespace that is called so. */
        return parse_service(arena, what, rest, out);
    }
    rest = after(text, "node/");
    return rest ? parse_node(arena, rest, out) : parse_pod(arena, what, text, out);
}

static int parse_port(struct arena *arena, const char *text, struct query *out)
{
    char *end = NULL;
    const unsigned long number =
        text && isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;
    const char *protocol = end && *end == '/' ? end + 1 : "tcp";

    out->protocol = "tcp";
    if (!text) {
        return 0;
    }
    if (!number || number > UINT16_MAX || (*end && *end != '/') ||
        (strcmp(protocol, "tcp") != 0 && strcmp(protocol, "udp") != 0 &&
         strcmp(protocol, "sctp") != 0)) {
        return fail(OVNK8S_INVALID,
                    "port \"%s\": expected a number from 1 to 65535, with /tcp, /udp or /sctp"
                    " behind it if need be",
                    text);
    }
    out->port_text = arena_strdup(arena, text);
    out->protocol = arena_strdup(arena, protocol);
    out->port = (unsigned int)number;
    return 0;
}

int query_parse(struct arena *arena, const ovnk8s_trace_query *theirs, struct query *out)
{
    ovnk8s_trace_query query = OVNK8S_TRACE_QUERY_INIT;
    int error = options_take(&query, sizeof query, theirs);

    error = error ? error : parse_place(arena, "source", query.source, &out->source);
    error = error ? error : parse_place(arena, "destination", query.destination, &out->destination);
    error = error ? error : parse_port(arena, query.port, out);
    if (!error && out->source.kind == PLACE_SERVICE) {
        error = fail(OVNK8S_INVALID, "source \"%s\": a service sends nothing", out->source.text);
    }
    if (!error && out->source.kind == PLACE_OUTSIDE && out->destination.kind == PLACE_OUTSIDE) {
        error = fail(OVNK8S_INVALID, "from outside to outside is no way of OVN's");
    }
    return error || !arena->failed ? error : fail_nomem();
}

/* Hops. */

const char *trace_printf(struct ovnk8s_trace *trace, const char *format, ...)
{
    char text[512];
    const char *copy;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    one_line(text);
    copy = arena_strdup(&trace->arena, text);
    return copy ? copy : "";
}

static bool is_known(const struct ovnk8s_trace *trace, const ovnk8s_hop *hop)
{
    for (const struct hop *h = trace->first; h; h = h->next) {
        if (!strcmp(h->public.table, hop->table) && !strcmp(h->public.object, hop->object) &&
            !strcmp(h->public.text, hop->text)) {
            return true;
        }
    }
    return false;
}

static void add_hop(struct ovnk8s_trace *trace, const ovnk8s_hop *public)
{
    struct hop *hop;

    if (trace->is_broken || is_known(trace, public)) {
        return;
    }
    hop = arena_alloc(&trace->arena, sizeof *hop);
    if (hop) {
        *hop = (struct hop){.public = *public};
        *(trace->last ? &trace->last->next : &trace->first) = hop;
        trace->last = hop;
        trace->n_hops++;
    }
    trace->is_broken = !public->is_ok;
}

static const char *format_text(struct ovnk8s_trace *trace, const char *format, va_list args)
{
    char text[512];

    vsnprintf(text, sizeof text, format, args);
    return trace_printf(trace, "%s", text);
}

bool trace_ok(struct ovnk8s_trace *trace, const char *table, const char *object, const char *format,
              ...)
{
    ovnk8s_hop hop = {.size = sizeof hop, .is_ok = true, .table = table, .mend = ""};
    va_list args;

    va_start(args, format);
    hop.text = format_text(trace, format, args);
    va_end(args);
    hop.object = trace_printf(trace, "%s", object);
    add_hop(trace, &hop);
    return true;
}

bool trace_broken(struct ovnk8s_trace *trace, const char *table, const char *object,
                  const char *mend, const char *format, ...)
{
    ovnk8s_hop hop = {.size = sizeof hop, .table = table};
    va_list args;

    va_start(args, format);
    hop.text = format_text(trace, format, args);
    va_end(args);
    hop.object = trace_printf(trace, "%s", object);
    hop.mend = trace_printf(trace, "%s", mend);
    add_hop(trace, &hop);
    return false;
}

/* Rows. */

const char *row_title_of(const struct row *row)
{
    const char *name = row_string(row, "name");

    return name ? name : "";
}

const struct row *row_with(const struct rows *rows, const char *table, const char *column,
                           const char *value)
{
    for (const struct row *row = rows_first(rows, table); row; row = row->next) {
        const char *text = strcmp(row->table, table) ? NULL : row_string(row, column);

        if (text && !strcmp(text, value)) {
            return row;
        }
    }
    return NULL;
}

const struct row *row_with_pair(const struct rows *rows, const char *table, const char *column,
                                const char *key, const char *value)
{
    for (const struct row *row = rows_first(rows, table); row; row = row->next) {
        const char *text = strcmp(row->table, table) ? NULL : row_pair(row, column, key);

        if (text && !strcmp(text, value)) {
            return row;
        }
    }
    return NULL;
}

size_t row_members(const struct row *row, const char *column)
{
    const struct column *set = row_column(row, column);

    return set ? set->n : 0;
}

const struct row *row_member(const struct rows *rows, const struct row *row, const char *column,
                             const char *table, size_t i)
{
    const struct column *set = row_column(row, column);

    return set && i < set->n && set->atoms[i].type == ATOM_ROW
               ? rows_find(rows, table, set->atoms[i].row)
               : NULL;
}

bool is_node_switch(const struct row *on)
{
    struct prefixes subnets;

    return switch_subnets(on, &subnets);
}

/* Words of "0a:58:0a:01:02:03 10.1.2.3 fd01::3". */
static bool has_word_ip(const char *text, const struct ip *ip)
{
    while (*text) {
        const size_t length = strcspn(text, " ");
        char word[IP_TEXT];
        struct ip other;

        if (length < sizeof word) {
            memcpy(word, text, length);
            word[length] = '\0';
            if (ip_from_text(word, &other) && ip_equal(&other, ip)) {
                return true;
            }
        }
        text += length;
        text += strspn(text, " ");
    }
    return false;
}

bool port_has_ip(const struct row *port, const struct ip *ip)
{
    const struct column *addresses = row_column(port, "addresses");

    for (size_t i = 0; addresses && i < addresses->n; i++) {
        if (has_word_ip(addresses->atoms[i].string, ip)) {
            return true;
        }
    }
    return false;
}

/* The value. */

int ovnk8s_trace_new(ovnk8s_trace **out, const ovnk8s_plan *nb, const ovnk8s_plan *sb,
                     const ovnk8s_plan *vswitch)
{
    const struct query *query = trace_query(nb);
    ovnk8s_trace *trace;

    *out = NULL;
    if (!query) {
        return fail(OVNK8S_INVALID, "the plan has not read what a trace needs");
    }
    trace = calloc(1, sizeof *trace);
    if (!trace) {
        return fail_nomem();
    }
    trace->owner = nb->owner;
    trace->nb = &nb->facts;
    trace->sb = sb ? &sb->facts : NULL;
    trace->vswitch = vswitch ? &vswitch->facts : NULL;
    trace->query = *query;
    trace_run(trace);
    trace->query.source.text = arena_strdup(&trace->arena, query->source.text);
    trace->query.destination.text = arena_strdup(&trace->arena, query->destination.text);
    trace->query.port_text = arena_strdup(&trace->arena, query->port_text);
    trace->nb = trace->sb = trace->vswitch = NULL;
    if (trace->arena.failed) {
        ovnk8s_trace_free(trace);
        return fail_nomem();
    }
    *out = trace;
    return 0;
}

void ovnk8s_trace_free(ovnk8s_trace *trace)
{
    if (trace) {
        arena_clear(&trace->arena);
        free(trace);
    }
}

bool ovnk8s_trace_is_reachable(const ovnk8s_trace *trace)
{
    return !trace->is_broken;
}

size_t ovnk8s_trace_hops(const ovnk8s_trace *trace)
{
    return trace->n_hops;
}

const ovnk8s_hop *ovnk8s_trace_hop(const ovnk8s_trace *trace, size_t i)
{
    const struct hop *hop = trace->first;

    while (hop && i) {
        hop = hop->next;
        i--;
    }
    return hop ? &hop->public : NULL;
}
