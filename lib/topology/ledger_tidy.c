#include "topology/ledger_tidy.h"

#include "topology/ledger.h"
#include "topology/names.h"

struct tidy {
    const char *node;
    ledger_keeps_fn *keeps;
    void *payload;
};

static void ask(const void *params, const struct scene *scene, struct rows *asked)
{
    const struct tidy *tidy = params;
    struct row *ledger = rows_ask(asked, LEDGER_TABLE, node_ledger_id(scene->owner, tidy->node));

    row_ask(ledger, RECORDS_COLUMN);
    row_ask(ledger, "external_ids");
}

static int resolve(const void *params, const struct scene *scene, struct rows *wanted)
{
    const struct tidy *tidy = params;
    const struct column *entries = ledger_entries(scene->facts, scene->owner, tidy->node);

    for (size_t i = 0; entries && i < entries->n && !rows_failed(wanted); i++) {
        const char *port = entries->atoms[2 * i].string;

        if (is_pod_port_name(port) && !tidy->keeps(tidy->payload, tidy->node, port)) {
            struct row *ledger = edit_node_ledger(wanted, scene->owner, tidy->node);

            row_excludes_key(ledger, RECORDS_COLUMN, port);
            ledger->guarded = true; /* Somebody may write it down anew just now. */
        }
    }
    return 0;
}

static const struct intent_type tidy_type = {"tidying the ledger of node", ask, resolve};

int ledger_tidy_intend(ovnk8s_plan *plan, const char *node, ledger_keeps_fn *keeps, void *payload)
{
    struct tidy *tidy = arena_alloc(&plan->arena, sizeof *tidy);

    if (!tidy) {
        return fail_nomem();
    }
    *tidy = (struct tidy){arena_strdup(&plan->arena, node), keeps, payload};
    return plan_intend(plan, &tidy_type, tidy->node, tidy);
}
