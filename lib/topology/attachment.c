#include "topology/attachment.h"

#include <string.h>

#include <ovnk8s/memory.h>
#include <ovnk8s/topology.h>

#include "base/options.h"
#include "topology/names.h"
#include "topology/wants.h"

enum { CONTAINER_ID_LENGTH = 255 };

void ovnk8s_attachment_init(ovnk8s_attachment *attachment)
{
    *attachment = (ovnk8s_attachment)OVNK8S_ATTACHMENT_INIT;
}

/* Identity. No part of it has a slash, so no two attachments have the same name. */

static int check_part(const char *what, const char *text)
{
    if (!text || !*text || strlen(text) > CONTAINER_ID_LENGTH || strpbrk(text, "/ \t\n")) {
        return fail(OVNK8S_INVALID,
                    "%s \"%.80s\": expected 1 to %d characters without \"/\" and"
                    " white space",
                    what, text ? text : "", CONTAINER_ID_LENGTH);
    }
    return 0;
}

static int check_identity(const ovnk8s_attachment *attachment)
{
    int error = check_network_name("network", attachment->network);

    error = error ? error : check_part("host", attachment->host);
    error = error ? error : check_part("container id", attachment->container_id);
    return error ? error : check_part("interface", attachment->interface);
}

static const char *host_prefix(struct arena *arena, const char *network, const char *host)
{
    return arena_printf(arena, "%s/%s/", network, host);
}

static const char *port_name(struct arena *arena, const ovnk8s_attachment *attachment)
{
    return arena_printf(arena, "%s/%s/%s/%s", attachment->network, attachment->host,
                        attachment->container_id, attachment->interface);
}

int ovnk8s_attachment_port_name(char **out, const ovnk8s_attachment *theirs)
{
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;
    struct arena arena = {.blocks = NULL};
    int error = options_take(&attachment, sizeof attachment, theirs);
    const char *name;

    *out = NULL;
    error = error ? error : check_identity(&attachment);
    if (!error) {
        name = port_name(&arena, &attachment);
        *out = name ? strdup(name) : NULL;
        error = *out ? 0 : fail_nomem();
    }
    arena_clear(&arena);
    return error;
}

/* The rows. */

static void want_row(const struct attachment_view *view)
{
    const ovnk8s_attachment *told = &view->wish->told;
    const char *owner = view->scene->owner, *name = view->wish->port_name;
    const char *addresses = port_addresses(&view->wanted->arena, &view->mac, &view->addresses);
    const struct row_id id = switch_port_id(owner, name);
    const bool is_stated = row_is_stated(view->wanted, SWITCH_PORT_TABLE, id);
    struct row *row = rows_want(view->wanted, SWITCH_PORT_TABLE, id, name);
    struct row *network_switch =
        rows_edit(view->wanted, SWITCH_TABLE, network_switch_id(owner, told->network), NULL);

    if (rows_failed(view->wanted)) {
        return;
    }
    row_is_string(row, "name", name);
    row_is_string(row, "addresses", addresses);
    row_is_string(row, "port_security", addresses);
    row_includes_pair(row, "external_ids", NETWORK_KEY, told->network);
    row_includes_pair(row, "external_ids", HOST_KEY, told->host);
    row_includes_pair(row, "external_ids", CONTAINER_KEY, told->container_id);
    row_includes_pair(row, "external_ids", INTERFACE_KEY, told->interface);
    row_is_owned(row, owner);
    if (!is_stated) {
        row_includes_row(network_switch, "ports", id);
    }
}

/* Somebody else may give the address away just now: hence the guard. */
static void want_entry(const struct attachment_view *view)
{
    const struct port_record port = {
        .name = view->wish->port_name, .mac = view->mac, .addresses = view->addresses};
    struct row *ledger = want_network_ledger(view->wanted, view->scene->owner, &view->network);
    const bool is_stated = row_pair(ledger, RECORDS_COLUMN, port.name) != NULL;
    const bool is_new = !column_pair(network_entries(view->scene, view->network.name), port.name);

    want_port_entry(ledger, &port, port_addresses(&view->wanted->arena, &port.mac, &port.addresses),
                    is_new, is_stated);
    ledger->guarded = true;
}

void drop_attachment(struct rows *wanted, const char *owner, const char *network,
                     const char *port_name)
{
    const struct row_id id = switch_port_id(owner, port_name);
    struct row *ledger = rows_edit(wanted, LEDGER_TABLE, network_ledger_id(owner, network),
                                   arena_printf(&wanted->arena, "ledger of network %s", network));

    rows_drop(wanted, SWITCH_PORT_TABLE, id, port_name);
    row_excludes_row(rows_edit(wanted, SWITCH_TABLE, network_switch_id(owner, network), network),
                     "ports", id);
    if (ledger) {
        ledger->touched = true;
        row_excludes_key(ledger, RECORDS_COLUMN, port_name);
    }
}

/* Adding. */

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct attachment_wish *wish = params;
    struct row *port;

    network_ask(scene, wish->told.network, asked);
    attachment_ask_taken(scene, wish->told.network, asked);
    port = rows_ask(asked, SWITCH_PORT_TABLE, switch_port_id(scene->owner, wish->port_name));
    row_ask(port, "name");
    row_ask(port, "external_ids");
    row_ask(port, "addresses");
    row_ask(port, "port_security");
}

/* What was found for an attachment. */
struct found {
    char addresses[PREFIXES_TEXT], mac[MAC_TEXT];
};

static void remember(const struct attachment_view *view)
{
    struct row *row = rows_find(view->wanted, SWITCH_PORT_TABLE,
                                switch_port_id(view->scene->owner, view->wish->port_name));
    struct found *found = arena_alloc(&view->wanted->arena, sizeof *found);

    if (row && found) {
        prefixes_to_text(&view->addresses, found->addresses);
        mac_to_text(&view->mac, found->mac);
        row->remark = found;
    }
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct attachment_wish *wish = params;
    struct attachment_view view = {.wish = wish, .scene = scene, .wanted = wanted};
    int error = 0;

    if (!network_find(scene, wanted, wish->told.network, &view.network)) {
        error = fail(OVNK8S_NOTFOUND, "there is no network %s", wish->told.network);
    }
    error = error ? error : attachment_find_addresses(&view);
    if (!error) {
        want_row(&view);
        want_entry(&view);
        remember(&view);
    }
    return error ? error : rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type add_type = {"adding attachment", ask, resolve};

static void copy_wish(struct arena *arena, const ovnk8s_attachment *theirs,
                      struct attachment_wish *wish)
{
    wish->told = *theirs;
    wish->told.network = arena_strdup(arena, theirs->network);
    wish->told.host = arena_strdup(arena, theirs->host);
    wish->told.container_id = arena_strdup(arena, theirs->container_id);
    wish->told.interface = arena_strdup(arena, theirs->interface);
    wish->told.addresses = arena_strdup(arena, theirs->addresses);
    wish->told.ranges = arena_strdup(arena, theirs->ranges);
    wish->port_name = port_name(arena, theirs);
}

static int intend(ovnk8s_plan *plan, const struct intent_type *type,
                  const ovnk8s_attachment *theirs)
{
    struct attachment_wish *wish = arena_alloc(&plan->arena, sizeof *wish);
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;
    int error = wish ? options_take(&attachment, sizeof attachment, theirs) : fail_nomem();

    error = error ? error : check_identity(&attachment);
    if (!error && attachment.mac &&
        (!mac_from_text(attachment.mac, &wish->mac) || wish->mac.bytes[0] & 1)) {
        error =
            fail(OVNK8S_INVALID, "MAC \"%.80s\": expected a unicast one such as 0a:58:0a:01:02:03",
                 attachment.mac);
    }
    if (error) {
        return error;
    }
    wish->has_mac = attachment.mac != NULL;
    copy_wish(&plan->arena, &attachment, wish);
    return plan_intend(plan, type, wish->port_name, wish);
}

int ovnk8s_attachment_add(ovnk8s_plan *plan, const ovnk8s_attachment *attachment)
{
    return intend(plan, &add_type, attachment);
}

static const struct found *find(const ovnk8s_plan *plan, const char *name)
{
    const struct row *row =
        name ? rows_find(&plan->wanted, SWITCH_PORT_TABLE, switch_port_id(plan->owner, name))
             : NULL;

    return row ? row->remark : NULL;
}

const char *ovnk8s_plan_attachment_addresses(const ovnk8s_plan *plan, const char *port_name)
{
    const struct found *found = find(plan, port_name);

    return found ? found->addresses : NULL;
}

const char *ovnk8s_plan_attachment_mac(const ovnk8s_plan *plan, const char *port_name)
{
    const struct found *found = find(plan, port_name);

    return found ? found->mac : NULL;
}

/* Deleting. */

static int resolve_delete(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct attachment_wish *wish = params;

    drop_attachment(wanted, scene->owner, wish->told.network, wish->port_name);
    return 0;
}

static const struct intent_type delete_type = {"deleting attachment", NULL, resolve_delete};

int ovnk8s_attachment_delete(ovnk8s_plan *plan, const ovnk8s_attachment *attachment)
{
    return intend(plan, &delete_type, attachment);
}

/* Keeping some. */

struct keep_params {
    const char *network, *prefix; /* Of the names of the host's ports. */
    const char **kept;
    size_t n;
};

static void ask_keep(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct keep_params *keep = params;

    row_ask(rows_ask(asked, LEDGER_TABLE, network_ledger_id(scene->owner, keep->network)),
            RECORDS_COLUMN);
}

static bool is_kept(const struct keep_params *keep, const char *name)
{
    for (size_t i = 0; i < keep->n; i++) {
        if (!strcmp(keep->kept[i], name)) {
            return true;
        }
    }
    return false;
}

static int resolve_keep(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct keep_params *keep = params;
    const struct column *entries = network_entries(scene, keep->network);

    for (size_t i = 0; entries && i < entries->n; i++) {
        const struct atom *name = entries->atoms + 2 * i;

        if (name->type == ATOM_STRING &&
            !strncmp(name->string, keep->prefix, strlen(keep->prefix)) &&
            !is_kept(keep, name->string)) {
            drop_attachment(wanted, scene->owner, keep->network, name->string);
        }
    }
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type keep_type = {"keeping attachments of", ask_keep, resolve_keep};

static int copy_kept(struct arena *arena, const char *network, const char *host,
                     const ovnk8s_attachment *const *kept, struct keep_params *keep)
{
    for (size_t i = 0; i < keep->n; i++) {
        ovnk8s_attachment one = OVNK8S_ATTACHMENT_INIT;
        int error = options_take(&one, sizeof one, kept[i]);

        one.network = network;
        one.host = host;
        error = error ? error : check_identity(&one);
        if (error) {
            return error;
        }
        keep->kept[i] = port_name(arena, &one);
    }
    return arena->failed ? fail_nomem() : 0;
}

int ovnk8s_attachments_keep(ovnk8s_plan *plan, const char *network, const char *host,
                            const ovnk8s_attachment *const *kept, size_t n)
{
    struct keep_params *keep = arena_alloc(&plan->arena, sizeof *keep);
    int error = keep ? check_network_name("network", network) : fail_nomem();

    error = error ? error : check_part("host", host);
    if (error) {
        return error;
    }
    keep->network = arena_strdup(&plan->arena, network);
    keep->prefix = host_prefix(&plan->arena, network, host);
    keep->kept = arena_alloc(&plan->arena, (n + 1) * sizeof *keep->kept);
    keep->n = n;
    error = keep->kept ? copy_kept(&plan->arena, network, host, kept, keep) : fail_nomem();
    return error ? error : plan_intend(plan, &keep_type, keep->prefix, keep);
}
