#include "topology/book.h"

#include <stdio.h>
#include <string.h>

#include "topology/names.h"

void book_close(void *note)
{
    blocks_clear(&((struct book *)note)->taken);
}

struct prefix book_block(const struct ip *ip)
{
    return (struct prefix){*ip, ip_bits(ip)};
}

int book_enter(struct book *book, const struct prefixes *addresses)
{
    int error = 0;

    for (size_t i = 0; i < addresses->n && !error; i++) {
        const struct prefix block = book_block(&addresses->of[i].ip);

        error = blocks_add(&book->taken, &block);
    }
    return error ? fail_nomem() : 0;
}

bool book_is_dropped(const struct book_source *source, struct row_id port)
{
    const struct row *row = rows_find(source->wanted, SWITCH_PORT_TABLE, port);

    return row && row->state == ROW_DROPPED;
}

/* Entry number 'i'. */
static bool parse(const struct column *entries, size_t i, const struct prefixes *subnets,
                  struct arena *arena, struct port_record *out)
{
    const struct atom *entry = entries->atoms + 2 * i;

    return port_entry_parse(entry->string, entry[1].string, subnets, arena, out);
}

int book_enter_entries(struct book *book, const struct book_source *source,
                       const struct column *entries)
{
    const struct scene *scene = source->scene;
    int error = 0;

    for (size_t i = 0; entries && i < entries->n && !error; i++) {
        const struct row_id id = switch_port_id(scene->owner, entries->atoms[2 * i].string);
        struct port_record port;

        if (!book_is_dropped(source, id) &&
            parse(entries, i, source->subnets, &scene->notes->arena, &port)) {
            error = book_enter(book, &port.addresses);
        }
    }
    return error;
}

/* The addresses in "MAC IP..." or whatever else somebody has written there. */
static int enter_words(struct book *book, const struct prefixes *subnets, const char *text)
{
    char word[IP_TEXT];
    int error = 0;

    for (text += strspn(text, " "); *text && !error; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " ");
        const struct prefix *subnet;
        struct ip ip;

        snprintf(word, sizeof word, "%.*s", (int)(length < IP_TEXT ? length : 0), text);
        text += length;
        if (ip_from_text(word, &ip) && (subnet = prefixes_of(subnets, ip.family)) &&
            prefix_contains(subnet, &ip)) {
            const struct prefix block = book_block(&ip);

            error = blocks_add(&book->taken, &block) ? fail_nomem() : 0;
        }
    }
    return error;
}

int book_enter_ports(struct book *book, const struct book_source *source,
                     const struct column *ports)
{
    int error = 0;

    for (size_t i = 0; ports && i < ports->n && !error; i++) {
        const struct row_id id = ports->atoms[i].row;
        const struct column *addresses =
            row_column(rows_find(source->scene->facts, SWITCH_PORT_TABLE, id), "addresses");
        const bool counts = addresses && !book_is_dropped(source, id);

        for (size_t j = 0; counts && j < addresses->n && !error; j++) {
            error = addresses->atoms[j].type == ATOM_STRING
                        ? enter_words(book, source->subnets, addresses->atoms[j].string)
                        : 0;
        }
    }
    return error;
}

size_t entries_count(const struct column *entries, const struct prefixes *subnets,
                     struct arena *arena)
{
    size_t n = 0;

    for (size_t i = 0; entries && i < entries->n; i++) {
        struct port_record port;

        n += parse(entries, i, subnets, arena, &port);
    }
    return n;
}

const char *entries_find(const struct column *entries, const struct prefixes *subnets,
                         const struct ip *ip, struct arena *arena)
{
    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct prefix *other;
        struct port_record port;

        if (parse(entries, i, subnets, arena, &port) &&
            (other = prefixes_of(&port.addresses, ip->family)) && ip_equal(&other->ip, ip)) {
            return entries->atoms[2 * i].string;
        }
    }
    return NULL;
}
