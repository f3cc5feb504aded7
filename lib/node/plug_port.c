#include "node/plug_port.h"

#include "node/ovs_port.h"
#include "ovsdb/vswitch.h"

#define INTERFACE_TABLE "Interface"
#define ID_KEY "iface-id"
#define FORMER_KEY "former-iface-id"

/* Of br-int; NULL when it is not known, or not there. */
static const struct row_id *bridge_id(ovnk8s_vswitch *vswitch)
{
    const struct row *bridge = vswitch_bridge(vswitch, INTEGRATION_BRIDGE);

    return bridge ? &bridge->id : NULL;
}

/* Whose the logical port is. */

struct claim {
    const char *key, *iface_id;
};

/* The other ports of which external_ids:'key' is the claimed iface-id. */
static struct row *edit_others(const struct claim *claim, const char *key,
                               const struct scene *scene, struct rows *wanted)
{
    return rows_edit_others(wanted, INTERFACE_TABLE, ovs_interface_id(scene->owner, claim->key),
                            scene->owner, key, claim->iface_id);
}

/* One that was plugged in between does not have it back: at most one port is remembered to have had
 * it, the latest. The rows are found by the server when it commits, one transaction after the
 * other, so of several that are plugged at once just one has it in the end. */
static int resolve_take(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct row *others;

    row_excludes_key(edit_others(params, FORMER_KEY, scene, wanted), "external_ids", FORMER_KEY);
    others = edit_others(params, ID_KEY, scene, wanted);
    row_excludes_key(others, "external_ids", ID_KEY);
    row_includes_pair(others, "external_ids", FORMER_KEY, ((const struct claim *)params)->iface_id);
    return 0;
}

static int resolve_give_back(const void *params, const struct scene *scene, struct rows *wanted)
{
    struct row *others = edit_others(params, FORMER_KEY, scene, wanted);

    row_excludes_key(others, "external_ids", FORMER_KEY);
    row_includes_pair(others, "external_ids", ID_KEY, ((const struct claim *)params)->iface_id);
    return 0;
}

static const struct intent_type take_type = {"taking logical port", NULL, resolve_take};
static const struct intent_type give_back_type = {"giving back logical port", NULL,
                                                  resolve_give_back};

static int intend_claim(ovnk8s_plan *plan, const struct intent_type *type,
                        const struct plug_job *job)
{
    struct claim *claim = arena_alloc(&plan->arena, sizeof *claim);

    if (!claim) {
        return fail_nomem();
    }
    claim->key = arena_strdup(&plan->arena, job->identity.key);
    claim->iface_id = arena_strdup(&plan->arena, job->plug.iface_id);
    return plan_intend(plan, type, claim->iface_id, claim);
}

int plug_port_give_back(ovnk8s_plan *plan, const struct plug_job *job)
{
    return intend_claim(plan, &give_back_type, job);
}

/* The port. */

int plug_port_add(ovnk8s_plan *plan, const struct plug_job *job)
{
    const ovnk8s_plug *plug = &job->plug;
    const struct ovs_port port = {.key = job->identity.key,
                                  .interface = job->identity.host_interface,
                                  .bridge_id = bridge_id(job->vswitch),
                                  .ids = {{ID_KEY, plug->iface_id},
                                          {"iface-id-ver", plug->iface_id_ver},
                                          {PLUG_MAC_KEY, plug->mac},
                                          {"ip_address", plug->addresses},
                                          {PLUG_SANDBOX_KEY, plug->container_id},
                                          {PLUG_INTERFACE_KEY, plug->interface},
                                          {PLUG_NETWORK_KEY, plug->network}}};
    const int error = ovs_port_add(plan, &port);

    return error ? error : intend_claim(plan, &take_type, job);
}

int plug_port_delete(ovnk8s_plan *plan, ovnk8s_vswitch *vswitch, const char *key)
{
    return ovs_port_delete(plan, key, bridge_id(vswitch));
}
