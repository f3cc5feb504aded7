#include "topology/parts.h"

#include "topology/names.h"
#include "topology/topology.h"

void include_part(struct rows *wanted, struct row *holder, const char *column, const char *table,
                  struct row_id id)
{
    if (!row_is_stated(wanted, table, id)) {
        row_includes_row(holder, column, id);
    }
}

void drop_part(struct rows *wanted, const char *table, struct row_id id, const char *name,
               struct row *holder, const char *column)
{
    const struct row *stated = rows_find(wanted, table, id);
    const bool is_dropped = stated && stated->state == ROW_DROPPED;

    rows_drop(wanted, table, id, name);
    if (!is_dropped) {
        row_excludes_row(holder, column, id);
    }
}

/* Before OVN 20.09 they had no place for the name of an owner. */
struct row *want_policy(struct rows *wanted, const char *owner, struct row *router,
                        const struct policy *policy)
{
    char text[IP_TEXT];
    struct row *row;

    include_part(wanted, router, "policies", POLICY_TABLE, policy->id);
    row = rows_want(wanted, POLICY_TABLE, policy->id, policy->title);
    row_is_integer(row, "priority", policy->priority);
    row_is_string(row, "match", policy->match ? policy->match : "");
    row_is_string(row, "action", policy->action);
    if (policy->next_hop) {
        row_is_string(row, "nexthop", ip_to_text(policy->next_hop, text));
    }
    if (!wanted->is_plain) {
        wanted->uses_newer = true;
        row_is_owned(row, owner);
    }
    return row;
}

void drop_policy(struct rows *wanted, struct row *router, const struct policy *policy)
{
    drop_part(wanted, POLICY_TABLE, policy->id, policy->title, router, "policies");
}

const char *match_destination(struct arena *arena, const struct prefix *to)
{
    const bool is_address = to->length == ip_bits(&to->ip);
    char text[PREFIX_TEXT];

    return arena_printf(arena, "ip%u.dst == %s", to->ip.family,
                        is_address ? ip_to_text(&to->ip, text) : prefix_to_text(to, text));
}
