#include <stdio.h>
#include <string.h>

#include "topology/attachment.h"
#include "topology/names.h"

/* Text. */

/* Copies the next item of a list with commas to 'item'; false when it is too long. */
static bool next_item(const char **text, size_t size, char *item)
{
    const size_t length = strcspn(*text, ",");

    snprintf(item, size, "%.*s", (int)(length < size ? length : 0), *text);
    *text += length;
    *text += **text == ',';
    return length && length < size;
}

static bool parse_wished(const char *text, const struct prefixes *subnets, struct prefix *out)
{
    struct prefix prefix = {.length = 0};
    const bool has_length = prefix_from_text(text, &prefix);
    const struct prefix *subnet;

    if (!has_length && !ip_from_text(text, &prefix.ip)) {
        return false;
    }
    subnet = prefixes_of(subnets, prefix.ip.family);
    if (!subnet || !prefix_contains(subnet, &prefix.ip) ||
        (has_length && prefix.length != subnet->length)) {
        return false;
    }
    *out = (struct prefix){prefix.ip, subnet->length};
    return true;
}

/* IPv4 comes first in a list of two. */
static bool add_wished(struct prefixes *list, const struct prefix *one)
{
    if (list->n == 2 || prefixes_of(list, one->ip.family)) {
        return false;
    }
    list->of[list->n] = *one;
    if (list->n++ && one->ip.family == 4) {
        list->of[1] = list->of[0];
        list->of[0] = *one;
    }
    return true;
}

int parse_wished_addresses(const char *text, const struct prefixes *subnets, struct prefixes *out)
{
    const char *rest = text;
    char item[PREFIX_TEXT], subnets_text[PREFIXES_TEXT];
    struct prefix one;

    out->n = 0;
    do {
        if (!next_item(&rest, sizeof item, item) || !parse_wished(item, subnets, &one) ||
            !add_wished(out, &one)) {
            return fail(OVNK8S_INVALID,
                        "addresses \"%.100s\": expected one of subnet %s, or one of each", text,
                        prefixes_to_text(subnets, subnets_text));
        }
    } while (*rest);
    return 0;
}

/* What may be given out of one subnet: from the first to the last address, both included. */
struct range {
    struct ip first, last;
};

static struct range whole(const struct prefix *subnet)
{
    struct range range = {prefix_nth(subnet, 1), prefix_last(subnet)};

    if (subnet->ip.family == 4) { /* The last one is for broadcast. */
        range.last = prefix_nth(subnet, prefix_last_index(subnet) - 1);
    }
    return range;
}

static int compare_ips(const struct ip *a, const struct ip *b)
{
    return memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16);
}

static bool parse_range(const char *item, const struct prefix *subnet, struct range *out)
{
    const char *dash = strchr(item, '-');
    char first[IP_TEXT];

    if (!dash || dash - item >= IP_TEXT) {
        return false;
    }
    snprintf(first, sizeof first, "%.*s", (int)(dash - item), item);
    return ip_from_text(first, &out->first) && ip_from_text(dash + 1, &out->last) &&
           prefix_contains(subnet, &out->first) && prefix_contains(subnet, &out->last) &&
           compare_ips(&out->first, &out->last) <= 0;
}

/* Reads a range of one of the subnets, whose number becomes '*number'. */
static bool parse_any_range(const char *item, const struct prefixes *subnets, struct range *ranges)
{
    for (size_t i = 0; i < subnets->n; i++) {
        const struct range all = whole(&subnets->of[i]);
        struct range range;

        if (parse_range(item, &subnets->of[i], &range)) {
            ranges[i].first = compare_ips(&range.first, &all.first) < 0 ? all.first : range.first;
            ranges[i].last = compare_ips(&range.last, &all.last) > 0 ? all.last : range.last;
            return true;
        }
    }
    return false;
}

static int parse_ranges(const char *text, const struct prefixes *subnets, struct range ranges[2])
{
    const char *rest = text;
    char item[2 * IP_TEXT], subnets_text[PREFIXES_TEXT];

    for (size_t i = 0; i < subnets->n; i++) {
        ranges[i] = whole(&subnets->of[i]);
    }
    while (rest && *rest) {
        if (!next_item(&rest, sizeof item, item) || !parse_any_range(item, subnets, ranges)) {
            return fail(OVNK8S_INVALID, "ranges \"%.100s\": expected FIRST-LAST within subnet %s",
                        text, prefixes_to_text(subnets, subnets_text));
        }
    }
    return 0;
}

/* Which addresses are taken. */

static size_t count_sound(const struct scene *scene, const struct column *entries,
                          const struct prefixes *subnets)
{
    size_t n = 0;

    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct atom *entry = entries->atoms + 2 * i;
        struct port_record port;

        n += port_entry_parse(entry->string, entry[1].string, subnets, &scene->notes->arena, &port);
    }
    return n;
}

/* Mostly there are as many ports as sound entries, and nothing more is to be asked. */
static void ask_strangers(const struct scene *scene, const struct network_record *network,
                          struct rows *asked)
{
    const struct row *network_switch =
        rows_find(scene->facts, SWITCH_TABLE, network_switch_id(scene->owner, network->name));
    const struct column *ports = row_column(network_switch, "ports");
    const size_t known =
        count_sound(scene, network_entries(scene, network->name), &network->subnets);

    if (!ports || ports->n == known + network->is_routed) {
        return;
    }
    for (size_t i = 0; i < ports->n; i++) {
        struct row *port = rows_ask(asked, SWITCH_PORT_TABLE, ports->atoms[i].row);

        row_ask(port, "name");
        row_ask(port, "external_ids");
        row_ask(port, "addresses");
        row_ask(port, "port_security");
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

/* The addresses of a network that are taken. Several attachments of one plan share it. */
struct book {
    struct blocks taken;
    bool is_open;
};

static void close_book(void *note)
{
    blocks_clear(&((struct book *)note)->taken);
}

static int enter(struct book *book, const struct prefixes *addresses)
{
    int error = 0;

    for (size_t i = 0; i < addresses->n && !error; i++) {
        const struct ip *ip = &addresses->of[i].ip;

        error = blocks_add(&book->taken, &(struct prefix){*ip, ip_bits(ip)});
    }
    return error ? fail_nomem() : 0;
}

/* What the plan has deleted up to here is free for what it adds. */
static bool is_dropped(const struct attachment_view *view, struct row_id port)
{
    const struct row *row = rows_find(view->wanted, SWITCH_PORT_TABLE, port);

    return row && row->state == ROW_DROPPED;
}

static int enter_entries(const struct attachment_view *view, struct book *book)
{
    const struct column *entries = network_entries(view->scene, view->network.name);
    int error = 0;

    for (size_t i = 0; entries && i < entries->n && !error; i++) {
        const struct atom *entry = entries->atoms + 2 * i;
        struct port_record port;

        if (!is_dropped(view, switch_port_id(view->scene->owner, entry->string)) &&
            port_entry_parse(entry->string, entry[1].string, &view->network.subnets,
                             &view->scene->notes->arena, &port)) {
            error = enter(book, &port.addresses);
        }
    }
    return error;
}

/* Writes an attachment of which the ledger does not know into it: whoever deletes what a host does
 * not need any more looks there. */
static void restore_entry(const struct attachment_view *view, const struct row *row,
                          const struct port_record *port)
{
    const char *network = row_pair(row, "external_ids", NETWORK_KEY);

    if (network && !strcmp(network, view->network.name) && port->name &&
        row_id_equal(row->id, switch_port_id(view->scene->owner, port->name)) &&
        !column_pair(network_entries(view->scene, network), port->name)) {
        want_port_entry(want_network_ledger(view->wanted, view->scene->owner, &view->network), port,
                        row_string(row, "addresses"), false, false);
    }
}

static int enter_port(const struct attachment_view *view, const struct row *row, struct book *book)
{
    const char *text = row_string(row, "addresses");
    struct port_record port = {.name = row_string(row, "name")};

    if (!text || is_dropped(view, row->id) ||
        !port_addresses_parse(text, &view->network.subnets, &port.mac, &port.addresses)) {
        return 0;
    }
    restore_entry(view, row, &port);
    return enter(book, &port.addresses);
}

/* Also those that the ledger does not know. */
static int enter_ports(const struct attachment_view *view, struct book *book)
{
    const struct row *network_switch =
        rows_find(view->scene->facts, SWITCH_TABLE,
                  network_switch_id(view->scene->owner, view->network.name));
    const struct column *ports = row_column(network_switch, "ports");
    int error = 0;

    for (size_t i = 0; ports && i < ports->n && !error; i++) {
        const struct row *row =
            rows_find(view->scene->facts, SWITCH_PORT_TABLE, ports->atoms[i].row);

        error = row ? enter_port(view, row, book) : 0;
    }
    return error;
}

static int open_book(const struct attachment_view *view, struct book **out)
{
    static const char topic[] = "addresses of network";
    int error = 0;

    *out = scene_note(view->scene, topic, view->network.name, sizeof **out, close_book);
    if (!*out) {
        return fail_nomem();
    }
    if (!(*out)->is_open) {
        error = enter(*out, &view->network.gateways);
        error = error ? error : enter_entries(view, *out);
        error = error ? error : enter_ports(view, *out);
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

/* Whose the address is, as far as the ledger tells. */
static const char *find_user(const struct attachment_view *view, const struct ip *ip)
{
    const struct column *entries = network_entries(view->scene, view->network.name);

    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct atom *entry = entries->atoms + 2 * i;
        const struct prefix *other;
        struct port_record port;

        if (port_entry_parse(entry->string, entry[1].string, &view->network.subnets,
                             &view->scene->notes->arena, &port) &&
            (other = prefixes_of(&port.addresses, ip->family)) && ip_equal(&other->ip, ip)) {
            return entry->string;
        }
    }
    return "of another attachment";
}

static int check_wished(const struct attachment_view *view, const struct book *book,
                        const struct prefix *subnet, const struct ip *ip)
{
    const struct prefix *gateway = prefixes_of(&view->network.gateways, ip->family);
    const struct range all = whole(subnet);
    const struct prefix one = {*ip, ip_bits(ip)};
    char text[IP_TEXT];

    ip_to_text(ip, text);
    if (gateway && ip_equal(&gateway->ip, ip)) {
        return fail(OVNK8S_INVALID, "address %s is that of the gateway", text);
    }
    if (compare_ips(ip, &all.first) < 0 || compare_ips(ip, &all.last) > 0) {
        return fail(OVNK8S_INVALID, "address %s is the first, or for broadcast", text);
    }
    if (blocks_overlap(&book->taken, &one)) {
        return fail(OVNK8S_EXISTS, "address %s is that of port %s", text, find_user(view, ip));
    }
    return 0;
}

static int choose(const struct attachment_view *view, const struct book *book,
                  const struct prefix *subnet, const struct range *range, struct ip *out)
{
    struct prefix one;

    if (!blocks_find(&book->taken, subnet, ip_bits(&range->first), &range->first, &one) ||
        compare_ips(&one.ip, &range->last) > 0) {
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
                    const struct range *range)
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
    struct range ranges[2];
    struct mac mac;
    struct book *book;
    int error = told->addresses ? parse_wished_addresses(told->addresses, subnets, &wished) : 0;

    error = error ? error : parse_ranges(told->ranges, subnets, ranges);
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
    return enter(book, &view->addresses);
}
