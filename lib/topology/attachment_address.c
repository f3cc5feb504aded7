#include <string.h>

#include "topology/attachment.h"
#include "topology/book.h"
#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wished.h"

/* Mostly there are as many ports as sound entries, and nothing more is to be asked. */
static void ask_strangers(const struct scene *scene, const struct network_record *network,
                          struct rows *asked)
{
    const struct row *network_switch =
        rows_find(scene->facts, SWITCH_TABLE, network_switch_id(scene->owner, network->name));
    const struct column *ports = row_column(network_switch, "ports");
    const size_t known = entries_count(network_entries(scene, network->name), &network->subnets,
                                       &scene->notes->arena);

    if (!ports || ports->n == known + network->is_routed) {
        return;
    }
    for (size_t i = 0; i < ports->n; i++) {
        port_ask_columns(rows_ask(asked, SWITCH_PORT_TABLE, ports->atoms[i].row));
    }
}

void attachment_ask_taken(const struct scene *scene, const char *network, struct rows *asked)
{
    const char *owner = scene->owner;
    struct network_record record;

    row_ask(rows_ask(asked, LEDGER_TABLE, network_ledger_id(owner, network)), RECORDS_COLUMN);
    row_ask(rows_ask(asked, SWITCH_TABLE, network_switch_id(owner, network)), "ports");
    if (network_recall(scene, network, &record)) {
        ask_strangers(scene, &record, asked);
    }
}

/* Writes an attachment of which the ledger does not know into it: whoever deletes what a host does
 * not need any more looks there. */
static void restore_entry(const struct attachment_view *view, const struct row *row)
{
    const struct network_record *network = &view->network;
    const char *name = row_string(row, "name"), *text = row_string(row, "addresses");
    const char *of = row_pair(row, "external_ids", NETWORK_KEY);
    struct port_record port = {.name = name};

    if (name && text && of && !strcmp(of, network->name) &&
        row_id_equal(row->id, switch_port_id(view->scene->owner, name)) &&
        port_addresses_parse(text, &network->subnets, &port.mac, &port.addresses) &&
        !column_pair(network_entries(view->scene, of), name)) {
        want_port_entry(want_network_ledger(view->wanted, view->scene->owner, network), &port, text,
                        false, false);
    }
}

static void restore_entries(const struct attachment_view *view, const struct book_source *source,
                            const struct column *ports)
{
    for (size_t i = 0; ports && i < ports->n; i++) {
        const struct row_id id = ports->atoms[i].row;
        const struct row *row = rows_find(view->scene->facts, SWITCH_PORT_TABLE, id);

        if (row && !book_is_dropped(source, id)) {
            restore_entry(view, row);
        }
    }
}

/* Several attachments of one plan share it. */
static int open_book(const struct attachment_view *view, struct book **out)
{
    static const char topic[] = "addresses of network";
    const struct scene *scene = view->scene;
    const char *name = view->network.name;
    const struct book_source source = {scene, view->wanted, &view->network.subnets};
    const struct row *network_switch =
        rows_find(scene->facts, SWITCH_TABLE, network_switch_id(scene->owner, name));
    const struct column *ports = row_column(network_switch, "ports");
    int error = 0;

    *out = scene_note(scene, topic, name, sizeof **out, book_close);
    if (!*out) {
        return fail_nomem();
    }
    if (!(*out)->is_open) {
        error = book_enter(*out, &view->network.gateways);
        error = error ? error : book_enter_entries(*out, &source, network_entries(scene, name));
        error = error ? error : book_enter_ports(*out, &source, ports);
        restore_entries(view, &source, ports);
        (*out)->is_open = !error;
    }
    return error;
}

/* What the attachment has already, by its port, by the plan, or by the ledger. */
static bool recall(const struct attachment_view *view, struct mac *mac, struct prefixes *addresses)
{
    const struct row_id id = switch_port_id(view->scene->owner, view->wish->port_name);
    const struct prefixes *subnets = &view->network.subnets;
    const char *stated = row_string(rows_find_id(view->wanted, id), "addresses");
    const char *there = row_string(rows_find_id(view->scene->facts, id), "addresses");
    const struct column *entries = network_entries(view->scene, view->network.name);
    const struct atom *entry = entries ? column_pair(entries, view->wish->port_name) : NULL;

    return (stated && port_addresses_parse(stated, subnets, mac, addresses)) ||
           (there && port_addresses_parse(there, subnets, mac, addresses)) ||
           (entry && port_addresses_parse(entry[1].string, subnets, mac, addresses));
}

static int check_wished(const struct attachment_view *view, const struct book *book,
                        const struct prefix *subnet, const struct ip *ip)
{
    const struct prefix *gateway = prefixes_of(&view->network.gateways, ip->family);
    const struct address_range all = address_range_of(subnet);
    const struct prefix one = book_block(ip);
    const char *user;
    char text[IP_TEXT];

    ip_to_text(ip, text);
    if (gateway && ip_equal(&gateway->ip, ip)) {
        return fail(OVNK8S_INVALID, "address %s is that of the gateway", text);
    }
    if (ip_compare(ip, &all.first) < 0 || ip_compare(ip, &all.last) > 0) {
        return fail(OVNK8S_INVALID, "address %s is the first, or for broadcast", text);
    }
    if (blocks_overlap(&book->taken, &one)) {
        user = entries_find(network_entries(view->scene, view->network.name),
                            &view->network.subnets, ip, &view->scene->notes->arena);
        return fail(OVNK8S_EXISTS, "address %s is that of port %s", text,
                    user ? user : "of another attachment");
    }
    return 0;
}

static int choose(const struct attachment_view *view, const struct book *book,
                  const struct prefix *subnet, const struct address_range *range, struct ip *out)
{
    struct prefix one;

    if (!blocks_find(&book->taken, subnet, ip_bits(&range->first), &range->first, &one) ||
        ip_compare(&one.ip, &range->last) > 0) {
        char first[IP_TEXT], last[IP_TEXT];

        return fail(OVNK8S_EXHAUSTED, "network %s: all addresses from %s to %s are taken",
                    view->network.name, ip_to_text(&range->first, first),
                    ip_to_text(&range->last, last));
    }
    *out = one.ip;
    return 0;
}

/* The address of one subnet: the one that is wished for, the one that is there, or a free one. */
static int find_one(struct attachment_view *view, const struct book *book, size_t i,
                    const struct prefixes *wished, const struct prefixes *there,
                    const struct address_range *range)
{
    const struct prefix *subnet = &view->network.subnets.of[i];
    const struct prefix *wish = prefixes_of(wished, subnet->ip.family);
    const struct prefix *own = prefixes_of(there, subnet->ip.family);
    struct ip ip;
    int error = 0;

    if (own && (!wish || ip_equal(&wish->ip, &own->ip))) {
        ip = own->ip;
    } else if (wish) {
        ip = wish->ip;
        error = check_wished(view, book, subnet, &ip);
    } else {
        error = choose(view, book, subnet, range, &ip);
    }
    if (!error) {
        view->addresses.of[view->addresses.n++] = (struct prefix){ip, subnet->length};
    }
    return error;
}

int attachment_find_addresses(struct attachment_view *view)
{
    const ovnk8s_attachment *told = &view->wish->told;
    const struct prefixes *subnets = &view->network.subnets;
    struct prefixes wished = {.n = 0}, there = {.n = 0};
    struct address_range ranges[2];
    struct mac mac;
    struct book *book;
    int error = told->addresses ? parse_wished_addresses(told->addresses, subnets, &wished) : 0;

    error = error ? error : parse_wished_ranges(told->ranges, subnets, ranges);
    error = error ? error : open_book(view, &book);
    if (!error && !recall(view, &mac, &there)) {
        there.n = 0;
    }
    for (size_t i = 0; i < subnets->n && !error; i++) {
        error = find_one(view, book, i, &wished, &there, &ranges[i]);
    }
    if (error) {
        return error;
    }
    view->mac = view->wish->has_mac ? view->wish->mac
                : there.n           ? mac
                                    : mac_from_ip(&view->addresses.of[0].ip);
    return book_enter(book, &view->addresses);
}
