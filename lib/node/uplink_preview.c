#include <linux/rtnetlink.h>

#include "base/mem.h"
#include "base/text.h"
#include "node/uplink_job.h"

static int tell_move(struct uplink_job *job, struct text *out)
{
    _cleanup_carry_ struct carry carry = uplink_carry_there(job);
    const int error = carry_plan(&carry, true);

    if (error) {
        return error;
    }
    if (!job->facts.bridge) {
        text_printf(out, "+ bridge \"%s\"\n", job->bridge);
    }
    if (!job->facts.is_ours || !uplink_holds_all(&job->record.conf, &job->want)) {
        text_printf(out, "+ record of %zu addresses, %zu routes, %zu rules in bridge \"%s\"\n",
                    ipconf_count(&job->want, RTM_NEWADDR), ipconf_count(&job->want, RTM_NEWROUTE),
                    ipconf_count(&job->want, RTM_NEWRULE), job->bridge);
    }
    carry_tell(&carry, CARRY_PREPARE, out);
    if (!job->facts.nic_bridge) {
        text_printf(out, "+ port \"%s\" of bridge \"%s\"\n", job->nic, job->bridge);
    }
    carry_tell(&carry, CARRY_SWITCH, out);
    carry_tell(&carry, CARRY_CLEAR, out);
    return 0;
}

static int tell_move_back(struct uplink_job *job, struct text *out)
{
    _cleanup_carry_ struct carry carry = uplink_carry_back(job);
    const int error = carry_plan(&carry, true);

    if (!error) {
        carry_tell(&carry, CARRY_PREPARE, out);
        carry_tell(&carry, CARRY_SWITCH, out);
        carry_tell(&carry, CARRY_CLEAR, out);
        text_printf(out, "- port \"%s\" of bridge \"%s\"\n- bridge \"%s\"\n", job->nic, job->bridge,
                    job->bridge);
    }
    return error;
}

static int preview_move(struct uplink_job *job, struct text *out)
{
    int error = uplink_take_nic(job);

    error = error ? error : uplink_inspect(job);
    if (error || uplink_nothing_to_move(job)) {
        return error;
    }
    error = uplink_decide(job, &job->nic_conf);
    return error ? error : tell_move(job, out);
}

static int preview_move_back(struct uplink_job *job, struct text *out)
{
    int error = uplink_take_either(job);

    error = error ? error : uplink_inspect(job);
    error = error ? error : uplink_check_ports(job);
    if (error || !job->facts.is_ours) {
        return error;
    }
    error = uplink_decide(job, &job->bridge_conf);
    return error ? error : tell_move_back(job, out);
}

int ovnk8s_uplink_preview(char **out, ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs,
                          enum ovnk8s_uplink_direction direction)
{
    _cleanup_job_ struct uplink_job job = {.lock = -1};
    _cleanup_text_ struct text text = {0};
    int error = uplink_begin(&job, vswitch, theirs);

    *out = NULL;
    if (!error) {
        error = direction == OVNK8S_UPLINK_MOVE_BACK ? preview_move_back(&job, &text)
                                                     : preview_move(&job, &text);
    }
    error = error ? error : text_take(&text, out);
    return uplink_result(&job, direction, error);
}
