#include "topology/groups.h"

#include <string.h>

#include "topology/names.h"
#include "topology/topology.h"

const char *switch_group(struct arena *arena, const char *node)
{
    return arena_printf(arena, "switch/%s", node);
}

const char *router_group(struct arena *arena, const char *node)
{
    return arena_printf(arena, "router/%s", node);
}

struct row_id group_id(const char *owner, const char *group)
{
    return row_id(owner, GROUP_TABLE, group ? group : "");
}

struct row *want_group(struct rows *wanted, const char *owner, const char *group)
{
    const char *name = arena_printf(&wanted->arena, "%s/%s", owner, group ? group : "");
    struct row *row;

    if (wanted->is_plain || !name) {
        return NULL;
    }
    wanted->uses_newer = true;
    row = rows_want(wanted, GROUP_TABLE, group_id(owner, group), name);
    row_is_string(row, "name", name);
    return row;
}

void groups_ask(const struct scene *scene, const char *one, const char *other, struct rows *asked)
{
    if (!asked->is_plain) {
        asked->uses_newer = true;
        row_ask(rows_ask(asked, GROUP_TABLE, group_id(scene->owner, one)), "name");
        row_ask(rows_ask(asked, GROUP_TABLE, group_id(scene->owner, other)), "name");
    }
}

/* A set holds no row twice, however often it is stated. */
static void include_once(struct row *holder, const char *column, struct row_id id)
{
    const struct atom atom = {.type = ATOM_ROW, .row = id};

    for (const struct column *c = holder->columns; c; c = c->next) {
        if (c->rule == COLUMN_INCLUDES && !strcmp(c->name, column) && column_holds(c, &atom)) {
            return;
        }
    }
    row_includes_row(holder, column, id);
}

void want_in_groups(struct rows *wanted, const char *owner, struct row *holder, const char *common,
                    const char *own)
{
    if (!wanted->is_plain) {
        want_group(wanted, owner, common);
        want_group(wanted, owner, own);
        include_once(holder, "load_balancer_group", group_id(owner, common));
        include_once(holder, "load_balancer_group", group_id(owner, own));
    }
}

/* Going. */

/* What somebody has renamed is not taken for ours. */
static bool is_balancer(const struct scene *scene, const struct row *row)
{
    const char *name = row_string(row, "name");

    return !strcmp(row->table, BALANCER_TABLE) && name &&
           row_id_equal(row->id, row_id(scene->owner, BALANCER_TABLE, name));
}

void group_ask(const struct scene *scene, const char *group, struct rows *asked)
{
    const struct row_id id = group_id(scene->owner, group);
    const struct column *members =
        row_column(rows_find(scene->facts, GROUP_TABLE, id), "load_balancer");

    if (asked->is_plain) {
        return;
    }
    asked->uses_newer = true;
    row_ask(rows_ask(asked, GROUP_TABLE, id), "load_balancer");
    for (size_t i = 0; members && i < members->n; i++) {
        struct row *row = rows_ask(asked, BALANCER_TABLE, members->atoms[i].row);

        row_ask(row, "name");
        row_ask(row, "external_ids");
    }
}

void drop_group(const struct scene *scene, const char *group, struct rows *wanted)
{
    const struct row_id id = group_id(scene->owner, group);
    const struct row *fact = rows_find(scene->facts, GROUP_TABLE, id);
    const struct column *members = row_column(fact, "load_balancer");

    if (wanted->is_plain) {
        return;
    }
    for (size_t i = 0; members && i < members->n; i++) {
        const struct row *member = rows_find(scene->facts, BALANCER_TABLE, members->atoms[i].row);

        if (member && is_balancer(scene, member)) {
            rows_drop(wanted, BALANCER_TABLE, member->id, row_string(member, "name"));
        }
    }
    rows_drop(wanted, GROUP_TABLE, id, arena_printf(&wanted->arena, "%s/%s", scene->owner, group));
}

/* All of them. */

void balancers_ask_all(const struct scene *scene, struct rows *asked)
{
    if (!asked->is_plain) {
        struct row *row = rows_ask_where(asked, BALANCER_TABLE, ROW_BY_OWNER, scene->owner);

        row_ask(row, "name");
        row_ask(row, "external_ids");
    }
}

void want_member(struct rows *wanted, const char *owner, const char *group, struct row_id balancer,
                 bool is_in)
{
    const struct row_id id = group_id(owner, group);
    struct row *row = rows_edit(wanted, GROUP_TABLE, id,
                                arena_printf(&wanted->arena, "%s/%s", owner, group ? group : ""));

    if (is_in) {
        row_includes_row(row, "load_balancer", balancer);
    } else {
        row_excludes_row(row, "load_balancer", balancer);
    }
}

/* A group of a node that is gone is none any more. */
static void put_back(const struct scene *scene, const struct row *balancer, struct rows *wanted)
{
    const char *rest = row_pair(balancer, "external_ids", GROUPS_KEY);

    while (rest && *rest) {
        const size_t length = strcspn(rest, " ");
        const char *group = arena_strndup(&wanted->arena, rest, length);

        if (group && row_is_stated(wanted, GROUP_TABLE, group_id(scene->owner, group))) {
            want_member(wanted, scene->owner, group, balancer->id, true);
        }
        rest += length + (rest[length] == ' ');
    }
}

void balancers_repair(const struct scene *scene, struct rows *wanted)
{
    for (const struct row *row = scene->facts->first; row && !wanted->is_plain; row = row->next) {
        if (is_balancer(scene, row) && !row_is_stated(wanted, BALANCER_TABLE, row->id)) {
            put_back(scene, row, wanted);
        }
    }
}

void drop_balancers(const struct scene *scene, struct rows *wanted)
{
    for (const struct row *row = scene->facts->first; row && !wanted->is_plain; row = row->next) {
        if (is_balancer(scene, row)) {
            rows_drop(wanted, BALANCER_TABLE, row->id, row_string(row, "name"));
        }
    }
}

/* Policies. */

void policies_ask_all(const struct scene *scene, struct rows *asked)
{
    if (!asked->is_plain) {
        asked->uses_newer = true;
        row_ask(rows_ask_where(asked, POLICY_TABLE, ROW_BY_OWNER, scene->owner), "external_ids");
    }
}

void drop_policies(const struct scene *scene, const char *gateway, struct rows *wanted)
{
    struct row *router = rows_edit(wanted, ROUTER_TABLE, cluster_router_id(scene->owner), NULL);

    for (const struct row *row = scene->facts->first; row; row = row->next) {
        const char *to = row_pair(row, "external_ids", GATEWAY_NODE_KEY);

        if (!strcmp(row->table, POLICY_TABLE) && to && !strcmp(to, gateway)) {
            rows_drop(wanted, POLICY_TABLE, row->id, NULL);
            row_excludes_row(router, "policies", row->id);
        }
    }
}
