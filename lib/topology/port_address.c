#include "topology/port_address.h"

#include <stdio.h>
#include <string.h>

#include "topology/names.h"
#include "topology/recall.h"
#include "topology/wants.h"

static int check_address(const struct port_view *view, const struct prefix *address)
{
    const struct prefix *subnet = prefixes_of(&view->subnets, address->ip.family);
    const char *node = view->wish->node;
    char text[PREFIX_TEXT], subnet_text[PREFIXES_TEXT];
    uint64_t index;

    prefix_to_text(address, text);
    if (!subnet || subnet->length != address->length || !prefix_contains(subnet, &address->ip)) {
        return fail(OVNK8S_INVALID, "address %s is not one of subnet %s of node %s", text,
                    prefixes_to_text(&view->subnets, subnet_text), node);
    }
    index = prefix_index(subnet, &address->ip);
    if (index < FIRST_POD_INDEX) {
        return fail(OVNK8S_INVALID, "address %s is that of the router or of node %s", text, node);
    }
    if (!is_pod_index(subnet, index)) {
        return fail(OVNK8S_INVALID, "address %s is for broadcast", text);
    }
    return 0;
}

int port_check_addresses(const struct port_view *view)
{
    int error = 0;

    for (size_t i = 0; i < view->addresses.n && !error; i++) {
        error = check_address(view, &view->addresses.of[i]);
    }
    return error;
}

/* Which addresses of a node are taken, by the ledger and by what the plan adds. */

static struct prefix single(const struct ip *ip)
{
    return (struct prefix){*ip, ip_bits(ip)};
}

/* Ports on the switch of a node that have no entry in its ledger: somebody else's, or such whose
 * entry was taken out or edited. */

/* The router's port and the node's own have none. */
static bool is_of_node(const struct scene *scene, const char *node, struct row_id port)
{
    struct arena *arena = &scene->notes->arena;
    const char *router_peer = node_switch_port_name(arena, node);
    const char *management = management_port_name(arena, node);

    return router_peer && management &&
           (row_id_equal(switch_port_id(scene->owner, router_peer), port) ||
            row_id_equal(switch_port_id(scene->owner, management), port));
}

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

/* Mostly there are as many ports as sound entries and two more, and nothing is to be asked. */
static void ask_strangers(const struct scene *scene, const char *node, struct rows *asked)
{
    const struct row *node_switch =
        rows_find(scene->facts, SWITCH_TABLE, switch_id(scene->owner, node));
    const struct column *ports = row_column(node_switch, "ports");
    const struct column *entries = ledger_entries(scene->facts, scene->owner, node);
    struct prefixes subnets;

    if (!ports || !node_recall(scene, node, &subnets) ||
        ports->n == count_sound(scene, entries, &subnets) + 2) {
        return;
    }
    for (size_t i = 0; i < ports->n; i++) {
        const struct row_id id = ports->atoms[i].row;

        if (!is_of_node(scene, node, id)) {
            port_ask_columns(rows_ask(asked, SWITCH_PORT_TABLE, id));
        }
    }
}

void port_ask_taken(const struct scene *scene, const char *node, struct rows *asked)
{
    node_ask_ports(scene, node, asked);
    row_ask(rows_ask(asked, SWITCH_TABLE, switch_id(scene->owner, node)), "ports");
    if (node_lacks_ledger(scene, node)) {
        ports_ask_all(scene, asked);
    } else if (scene->facts->first) {
        ask_strangers(scene, node, asked);
    }
}

struct book {
    struct blocks taken;
    bool is_open;
};

static void close_book(void *note)
{
    blocks_clear(&((struct book *)note)->taken);
}

const struct column *port_entries(const struct port_view *view, const struct rows *rows)
{
    return ledger_entries(rows, view->scene->owner, view->wish->node);
}

static int enter(struct book *book, const struct prefixes *addresses)
{
    int error = 0;

    for (size_t i = 0; i < addresses->n && !error; i++) {
        const struct prefix one = single(&addresses->of[i].ip);

        error = blocks_add(&book->taken, &one);
    }
    return error ? fail_nomem() : 0;
}

/* What the plan has deleted up to here is free for what it adds. */
static bool is_dropped(const struct port_view *view, struct row_id port)
{
    const struct row *row = rows_find(view->wanted, SWITCH_PORT_TABLE, port);

    return row && row->state == ROW_DROPPED;
}

static int copy_ledger(const struct port_view *view, struct book *book)
{
    const struct column *entries = port_entries(view, view->scene->facts);
    int error = 0;

    for (size_t i = 0; entries && i < entries->n && !error; i++) {
        const struct atom *entry = entries->atoms + 2 * i;
        struct port_record port;

        if (!is_dropped(view, switch_port_id(view->scene->owner, entry->string)) &&
            port_entry_parse(entry->string, entry[1].string, &view->subnets,
                             &view->scene->notes->arena, &port)) {
            error = enter(book, &port.addresses);
        }
    }
    return error;
}

/* Writes the ledger anew from the ports that there are: who comes next relies on it. */
static int restore_ledger(const struct port_view *view, struct book *book)
{
    const char *owner = view->scene->owner;
    const struct node_record node = {view->wish->node, view->subnets};
    struct row *ledger = want_node_ledger(view->wanted, owner, &node);
    struct port_list ports;
    int error = 0;

    if (!ports_recall(view->scene, &node, &view->scene->notes->arena, &ports)) {
        return fail_nomem();
    }
    for (size_t i = 0; i < ports.n && !error; i++) {
        const struct port_record *port = &ports.of[i];

        if (!rows_find_id(view->wanted, switch_port_id(owner, port->name))) {
            want_port(view->wanted, owner, node.name, port, ledger, false);
            error = enter(book, &port->addresses);
        }
    }
    return error;
}

/* The addresses in "MAC IP..." or whatever else somebody has written there. */
static int enter_words(const struct port_view *view, const char *text, struct book *book)
{
    char word[IP_TEXT];
    int error = 0;

    for (text += strspn(text, " "); *text && !error; text += strspn(text, " ")) {
        const size_t length = strcspn(text, " ");
        const struct prefix *subnet;
        struct ip ip;

        snprintf(word, sizeof word, "%.*s", (int)(length < IP_TEXT ? length : 0), text);
        text += length;
        if (ip_from_text(word, &ip) && (subnet = prefixes_of(&view->subnets, ip.family)) &&
            prefix_contains(subnet, &ip)) {
            error = blocks_add(&book->taken, &(struct prefix){ip, ip_bits(&ip)}) ? fail_nomem() : 0;
        }
    }
    return error;
}

static int copy_ports(const struct port_view *view, struct book *book)
{
    const struct row *node_switch = rows_find(view->scene->facts, SWITCH_TABLE,
                                              switch_id(view->scene->owner, view->wish->node));
    const struct column *ports = row_column(node_switch, "ports");
    int error = 0;

    for (size_t i = 0; ports && i < ports->n && !error; i++) {
        const struct row_id id = ports->atoms[i].row;
        const struct column *addresses =
            row_column(rows_find(view->scene->facts, SWITCH_PORT_TABLE, id), "addresses");

        for (size_t j = 0; addresses && j < addresses->n && !error && !is_dropped(view, id); j++) {
            error = addresses->atoms[j].type == ATOM_STRING
                        ? enter_words(view, addresses->atoms[j].string, book)
                        : 0;
        }
    }
    return error;
}

static int open_book(const struct port_view *view, struct book **out)
{
    static const char topic[] = "addresses of node";
    int error = 0;

    *out = scene_note(view->scene, topic, view->wish->node, sizeof **out, close_book);
    if (!*out) {
        return fail_nomem();
    }
    if (!(*out)->is_open) {
        error = node_lacks_ledger(view->scene, view->wish->node) ? restore_ledger(view, *out)
                                                                 : copy_ledger(view, *out);
        error = error ? error : copy_ports(view, *out);
        (*out)->is_open = !error;
    }
    return error;
}

/* Whose the address is among the entries. */
static const char *find_user(const struct port_view *view, const struct rows *rows,
                             const struct prefix *address)
{
    const struct column *entries = port_entries(view, rows);

    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct atom *entry = entries->atoms + 2 * i;
        const struct prefix *other;
        struct port_record port;

        if (port_entry_parse(entry->string, entry[1].string, &view->subnets,
                             &view->scene->notes->arena, &port) &&
            (other = prefixes_of(&port.addresses, address->ip.family)) &&
            ip_equal(&other->ip, &address->ip)) {
            return entry->string;
        }
    }
    return NULL;
}

/* Whether the port has the address already, though the ledger does not say so. */
static bool has_address(const struct port_view *view, const struct prefix *address)
{
    const struct node_record node = {view->wish->node, view->subnets};
    const struct prefix *own;
    struct port_record port;

    return port_recall(view->scene, &node, view->name, &view->scene->notes->arena, &port) &&
           (own = prefixes_of(&port.addresses, address->ip.family)) &&
           ip_equal(&own->ip, &address->ip);
}

static int refuse_taken(const struct port_view *view, const struct prefix *address)
{
    const char *user = find_user(view, view->scene->facts, address);
    char text[PREFIX_TEXT];

    user = user ? user : find_user(view, view->wanted, address);
    if ((user && !strcmp(user, view->name)) || (!user && has_address(view, address))) {
        return 0; /* Its own. */
    }
    return fail(OVNK8S_EXISTS, "address %s is that of port %s", prefix_to_text(address, text),
                user ? user : "of another pod");
}

static int check_free(const struct port_view *view, const struct book *book)
{
    int error = 0;

    for (size_t i = 0; i < view->addresses.n && !error; i++) {
        const struct prefix one = single(&view->addresses.of[i].ip);

        error = blocks_overlap(&book->taken, &one) ? refuse_taken(view, &view->addresses.of[i]) : 0;
    }
    return error;
}

static int choose_one(struct port_view *view, const struct book *book, const struct prefix *subnet)
{
    const struct ip first = prefix_nth(subnet, FIRST_POD_INDEX);
    char text[PREFIX_TEXT];
    struct prefix one;

    if (!blocks_find(&book->taken, subnet, ip_bits(&first), &first, &one) ||
        !is_pod_index(subnet, prefix_index(subnet, &one.ip))) {
        return fail(OVNK8S_EXHAUSTED, "subnet %s of node %s: all %llu addresses for pods are taken",
                    prefix_to_text(subnet, text), view->wish->node,
                    (unsigned long long)pod_capacity(subnet));
    }
    view->addresses.of[view->addresses.n++] = (struct prefix){one.ip, subnet->length};
    return 0;
}

static int choose(struct port_view *view, const struct book *book)
{
    int error = 0;

    for (size_t i = 0; i < view->subnets.n && !error; i++) {
        error = choose_one(view, book, &view->subnets.of[i]);
    }
    return error;
}

/* What an earlier wish of the same plan has given to the port. */
static bool is_given(const struct port_view *view, struct port_record *port)
{
    const struct row_id id = switch_port_id(view->scene->owner, view->name);
    const char *text = row_is_stated(view->wanted, SWITCH_PORT_TABLE, id)
                           ? row_string(rows_find_id(view->wanted, id), "addresses")
                           : NULL;

    return text && port_addresses_parse(text, &view->subnets, &port->mac, &port->addresses);
}

/* The port keeps what it has, or gets what was given, or what is free. */
int port_find_addresses(struct port_view *view, struct port_record *port)
{
    const struct node_record node = {view->wish->node, view->subnets};
    struct book *book;
    int error = open_book(view, &book);

    if (error) {
        return error;
    }
    if (view->addresses.n) {
        error = check_free(view, book);
    } else if ((is_given(view, port) ||
                port_recall(view->scene, &node, view->name, &view->wanted->arena, port)) &&
               port->addresses.n == view->subnets.n) {
        view->addresses = port->addresses;
    } else {
        port->addresses.n = 0;
        error = choose(view, book);
    }
    return error ? error : enter(book, &view->addresses);
}
