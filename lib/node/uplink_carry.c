#include "node/uplink_carry.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"

enum { MOST_ROUNDS = 4, ASK_MS = 1000 };

#define GENERATION "ipv6/addr_gen_mode"
#define NO_GENERATION "1"
#define NO_IPV6 "ipv6/disable_ipv6"

static void carry_reset(struct carry *carry)
{
    ipconf_clear(&carry->there);
    ipconf_clear(&carry->left);
    batch_clear(&carry->prepare);
    batch_clear(&carry->switchover);
    batch_clear(&carry->clear);
}

void carry_clear(struct carry *carry)
{
    carry_reset(carry);
    *carry = (struct carry){0};
}

/* Composing. */

/* What comes when. Rules come last: where they send a gateway may be a table that knows no way to
 * it, and then the kernel takes no more routes over it. */
enum class { SERVING, ROUTES_ON_LINK, ROUTES_BY_GATEWAY, RULES };

static enum class class_of(const struct ip_item *item) {
    switch (item->type){
        case RTM_NEWRULE : return RULES;
        case RTM_NEWROUTE : return ip_item_has_gateway(item) ? ROUTES_BY_GATEWAY : ROUTES_ON_LINK;
        case RTM_NEWNEXTHOP : return ROUTES_ON_LINK;
        default : return SERVING;
    }
}

static size_t add_missing(struct carry *carry, enum class class, struct batch *batch)
{
    const size_t before = batch->n;

    for (const struct ip_item *item = NULL; (item = ipconf_next(carry->want, item));) {
        if (class_of(item) == class && !ipconf_find(&carry->there, item)) {
            ip_item_put(batch, item, IP_ITEM_ADD, &carry->to);
        }
    }
    return batch->n - before;
}

/* Adds or deletes the rules that 'to' has already. */
static void put_rules(struct carry *carry, enum ip_item_how how, struct batch *batch)
{
    for (const struct ip_item *item = NULL; (item = ipconf_next(carry->want, item));) {
        if (class_of(item) == RULES && ipconf_find(&carry->there, item)) {
            ip_item_put(batch, item, how, &carry->to);
        }
    }
}

/* Rules that are there already step aside for routes that are not, within the same request. */
static void compose_switch(struct carry *carry, struct batch *batch)
{
    struct batch routes = {0};
    const size_t n = add_missing(carry, ROUTES_BY_GATEWAY, &routes);

    batch_clear(&routes);
    if (n) {
        put_rules(carry, IP_ITEM_DELETE, batch);
    }
    add_missing(carry, ROUTES_ON_LINK, batch);
    add_missing(carry, ROUTES_BY_GATEWAY, batch);
    if (n) {
        put_rules(carry, IP_ITEM_ADD, batch);
    }
    add_missing(carry, RULES, batch);
}

static void adjust(struct carry *carry, struct batch *batch)
{
    for (const struct ip_item *item = NULL; (item = ipconf_next(carry->want, item));) {
        const struct ip_item *there =
            item->type == RTM_NEWADDR ? ipconf_find(&carry->there, item) : NULL;

        if (there && !ip_item_equal(there, item)) {
            ip_item_put(batch, item, IP_ITEM_ADJUST, &carry->to);
        }
    }
}

/* Whether it goes from the link that had it. A next hop object moves by itself, with its routes;
 * and what replaces the other link's has taken it away. */
static bool goes(const struct carry *carry, const struct ip_item *item, bool forgets)
{
    return (forgets || item->type != RTM_NEWADDR) && item->type != RTM_NEWNEXTHOP &&
           !ip_item_is_by_object(item) && !ip_item_replaces(item) && ipconf_find(carry->want, item);
}

static const struct ip_item *item_before(const struct ipconf *conf, const struct ip_item *end)
{
    const struct ip_item *item = NULL, *before = NULL;

    while ((item = ipconf_next(conf, item)) && item != end) {
        before = item;
    }
    return before;
}

/* Backwards: an address takes along those of its network that were added later. */
static void remove_left(struct carry *carry, bool forgets, struct batch *batch)
{
    for (const struct ip_item *item = NULL; (item = item_before(&carry->left, item));) {
        if (goes(carry, item, forgets)) {
            ip_item_put(batch, item, IP_ITEM_DELETE, &carry->from);
        }
    }
}

static int read_links(struct carry *carry)
{
    int error = 0;

    carry_reset(carry);
    if (carry->to.index) {
        error = ipconf_read(carry->ns, &carry->to, &carry->there);
    }
    if (!error && carry->from.index) {
        error = ipconf_read(carry->ns, &carry->from, &carry->left);
    }
    return error;
}

int carry_plan(struct carry *carry, bool forgets)
{
    const int error = read_links(carry);

    if (error) {
        return error;
    }
    add_missing(carry, SERVING, &carry->prepare);
    compose_switch(carry, &carry->switchover);
    remove_left(carry, forgets, &carry->clear);
    return 0;
}

/* Doing. */

static struct batch *batch_of(struct carry *carry, enum carry_step step)
{
    return step == CARRY_PREPARE  ? &carry->prepare
           : step == CARRY_SWITCH ? &carry->switchover
                                  : &carry->clear;
}

static int send_batch(struct carry *carry, struct batch *batch, const char *what,
                      const struct link_info *link)
{
    char text[IP_ITEM_TEXT];
    size_t failed;
    const int error = batch_send(carry->ns, batch, &failed);

    if (!error || failed == SIZE_MAX) {
        return error ? fail_during(error, "move", link->name, "changing link %s", link->name) : 0;
    }
    return fail_during(error, "move", link->name, "%s %s of link %s", what,
                       ip_item_format(batch_about(batch, failed), text), link->name);
}

/* Who is known on the one link is known on the other: nobody has to be asked before the first
 * packet goes. It is of no harm when it does not succeed. */
static void carry_neighbours(struct carry *carry)
{
    _cleanup_ipconf_ struct ipconf known = {0};
    _cleanup_batch_ struct batch batch = {0};
    size_t failed;

    if (!carry->from.index || ipconf_read_neighbours(carry->ns, &carry->from, &known)) {
        return;
    }
    for (const struct ip_item *item = NULL; (item = ipconf_next(&known, item));) {
        ip_item_put(&batch, item, IP_ITEM_ADD, &carry->to);
    }
    (void)batch_send(carry->ns, &batch, &failed);
}

int carry_do(struct carry *carry, enum carry_step step)
{
    const bool clears = step == CARRY_CLEAR;
    const int error = send_batch(carry, batch_of(carry, step), clears ? "deleting" : "adding",
                                 clears ? &carry->from : &carry->to);

    if (!error && step == CARRY_PREPARE) {
        carry_neighbours(carry);
    }
    return error;
}

/* Verifying. */

/* A link may have gone down, as ovs-vswitchd reads flags and writes them back later, or be another
 * one by now. */
static int look_again(struct carry *carry)
{
    struct link_info *links[] = {&carry->from, &carry->to};
    int error = 0;

    for (size_t i = 0; i < COUNT_OF(links) && !error; i++) {
        char name[IFNAMSIZ];

        if (!links[i]->index) {
            continue;
        }
        memcpy(name, links[i]->name, sizeof name);
        error = link_get(carry->ns, name, links[i]);
        if (!error && !links[i]->up) {
            error = link_set_up(carry->ns, name, true);
        }
    }
    return error;
}

static int fail_missing(const struct carry *carry, const struct batch *batch, bool clears)
{
    const char *link = clears ? carry->from.name : carry->to.name;
    char text[IP_ITEM_TEXT];

    fail(OVNK8S_CONFLICT, "the kernel has %s it", clears ? "kept" : "not taken, or lost,");
    return fail_during(OVNK8S_CONFLICT, "verify", link, "verifying %s of link %s",
                       ip_item_format(batch_about(batch, 0), text), link);
}

/* What an address is not in every respect after all of this is let pass. */
static int judge(const struct carry *carry)
{
    if (carry->prepare.n) {
        return fail_missing(carry, &carry->prepare, false);
    }
    if (carry->switchover.n) {
        return fail_missing(carry, &carry->switchover, false);
    }
    return carry->clear.n ? fail_missing(carry, &carry->clear, true) : 0;
}

static int put_right(struct carry *carry, bool *done)
{
    _cleanup_batch_ struct batch adjustments = {0};
    int error = 0;

    adjust(carry, &adjustments);
    *done = !adjustments.n && !carry->prepare.n && !carry->switchover.n && !carry->clear.n;
    error = send_batch(carry, &carry->prepare, "adding", &carry->to);
    error = error ? error : send_batch(carry, &carry->switchover, "adding", &carry->to);
    error = error ? error : send_batch(carry, &carry->clear, "deleting", &carry->from);
    return error ? error : send_batch(carry, &adjustments, "adjusting", &carry->to);
}

int carry_verify(struct carry *carry, bool forgets)
{
    bool done = false;
    int error = 0;

    for (int i = 0; i < MOST_ROUNDS && !error && !done; i++) {
        error = look_again(carry);
        error = error ? error : carry_plan(carry, forgets);
        error = error ? error : put_right(carry, &done);
    }
    error = error || done ? error : carry_plan(carry, forgets);
    return error ? error : judge(carry);
}

/* Telling. */

void carry_tell(const struct carry *carry, enum carry_step step, struct text *out)
{
    const struct batch *batch = batch_of((struct carry *)carry, step);
    const bool clears = step == CARRY_CLEAR;
    char text[IP_ITEM_TEXT];

    for (size_t i = 0; i < batch->n; i++) {
        text_printf(out, "%c %s of link \"%s\"\n", clears ? '-' : '+',
                    ip_item_format(batch_about(batch, i), text),
                    clears ? carry->from.name : carry->to.name);
    }
}

/* Gateways. */

static void find_gateways(struct carry *carry)
{
    struct ip ip;

    carry->n_gateways = 0;
    for (const struct ip_item *item = NULL; (item = ipconf_next(carry->want, item));) {
        bool known = !ip_item_default_gateway(item, &ip);

        for (size_t i = 0; i < carry->n_gateways && !known; i++) {
            known = ip_equal(&carry->gateways[i].ip, &ip);
        }
        if (!known && carry->n_gateways < CARRY_GATEWAYS) {
            carry->gateways[carry->n_gateways++].ip = ip;
        }
    }
}

static bool has_default_route(const struct ipconf *conf)
{
    struct ip ip;

    for (const struct ip_item *item = NULL; (item = ipconf_next(conf, item));) {
        if (ip_item_default_gateway(item, &ip)) {
            return true;
        }
    }
    return false;
}

int carry_ask_gateways(struct carry *carry)
{
    const struct deadline deadline = deadline_in(ASK_MS, NULL);
    const struct link_info *link = has_default_route(&carry->left)    ? &carry->from
                                   : has_default_route(&carry->there) ? &carry->to
                                                                      : NULL;

    find_gateways(carry);
    return link ? neighbours_probe(carry->ns, link, carry->gateways, carry->n_gateways, &deadline)
                : 0;
}

int carry_check_gateways(struct carry *carry, const struct deadline *deadline)
{
    struct neighbour now[CARRY_GATEWAYS] = {0};
    char text[IP_TEXT];
    size_t n = 0;
    int error;

    for (size_t i = 0; i < carry->n_gateways; i++) {
        if (carry->gateways[i].answers) {
            now[n++].ip = carry->gateways[i].ip;
        }
    }
    error = neighbours_probe(carry->ns, &carry->to, now, n, deadline);
    for (size_t i = 0; i < n && !error; i++) {
        if (!now[i].answers) {
            error = fail(OVNK8S_TIMEOUT, "default gateway %s does not answer any more",
                         ip_to_text(&now[i].ip, text));
            error =
                fail_during(error, "verify", carry->to.name, "asking over link %s", carry->to.name);
        }
    }
    return error;
}

/* Sysctls. */

static int set_recorded(struct netns *ns, const char *link, const struct uplink_record *record)
{
    const char *line = record->sysctls.bytes;
    char key[128], value[128];
    int error = 0;

    for (; line && *line && !error; line += strcspn(line, "\n") + 1) {
        if (sscanf(line, "%127[^=\n]=%127[^\n]", key, value) == 2 && strcmp(key, GENERATION) != 0) {
            error = sysctl_set_link(ns, link, key, value);
        }
        if (!strchr(line, '\n')) {
            break;
        }
    }
    return error;
}

/* The kernel would make a link-local address at once, that is not to be used for a second. */
static int stop_generation(struct netns *ns, const struct link_info *link)
{
    char off[8];

    if (sysctl_get_link(ns, link->name, NO_IPV6, off, sizeof off)) {
        return 0; /* This kernel has no IPv6. */
    }
    return link->up && strcmp(off, "0") == 0
               ? 0
               : sysctl_set_link(ns, link->name, GENERATION, NO_GENERATION);
}

static int set_mtu(struct netns *ns, const struct link_info *link, unsigned int mtu)
{
    return mtu && link->mtu != mtu ? link_set_mtu(ns, link->name, mtu) : 0;
}

int carry_open_link(struct netns *ns, const char *name, const struct uplink_record *record)
{
    struct link_info link;
    char off[8];
    int error = link_get(ns, name, &link);

    error = error ? error : set_mtu(ns, &link, record->mtu);
    error = error ? error : stop_generation(ns, &link);
    error = error ? error : set_recorded(ns, name, record);
    if (!error && !uplink_record_sysctl(record, NO_IPV6, off, sizeof off)) {
        error = sysctl_set_link(ns, name, NO_IPV6, "0");
    }
    return error || link.up ? error : link_set_up(ns, name, true);
}

int carry_settle_link(struct netns *ns, const char *link, const struct uplink_record *record)
{
    char mode[16];

    if (!uplink_record_sysctl(record, GENERATION, mode, sizeof mode) &&
        sysctl_get_link(ns, "default", GENERATION, mode, sizeof mode)) {
        return 0; /* This kernel has no IPv6. */
    }
    return sysctl_set_link(ns, link, GENERATION, mode);
}
