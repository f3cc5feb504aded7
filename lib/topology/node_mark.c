#include "topology/node_mark.h"

#include "topology/names.h"

struct mark {
    const char *name, *uid;
};

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct mark *mark = params;

    row_ask(rows_ask(asked, SWITCH_TABLE, switch_id(scene->owner, mark->name)), "external_ids");
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct mark *mark = params;

    row_includes_pair(
        rows_edit(wanted, SWITCH_TABLE, switch_id(scene->owner, mark->name), mark->name),
        "external_ids", NODE_UID_KEY, mark->uid);
    return rows_failed(wanted) ? fail_nomem() : 0;
}

static const struct intent_type mark_type = {"marking node", ask, resolve};

int node_mark_intend(ovnk8s_plan *plan, const char *name, const char *uid)
{
    struct mark *mark = arena_alloc(&plan->arena, sizeof *mark);

    if (!mark) {
        return fail_nomem();
    }
    *mark = (struct mark){arena_strdup(&plan->arena, name), arena_strdup(&plan->arena, uid)};
    return plan_intend(plan, &mark_type, mark->name, mark);
}
