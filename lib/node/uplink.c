#include <ovnk8s/uplink.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "node/uplink_job.h"

void ovnk8s_uplink_init(ovnk8s_uplink *uplink)
{
    *uplink = (ovnk8s_uplink)OVNK8S_UPLINK_INIT;
}

/* Moving. */

struct carry uplink_carry_there(const struct uplink_job *job)
{
    return (struct carry){
        .ns = job->ns, .from = job->nic_link, .to = job->bridge_link, .want = &job->want};
}

struct carry uplink_carry_back(const struct uplink_job *job)
{
    return (struct carry){
        .ns = job->ns, .from = job->bridge_link, .to = job->nic_link, .want = &job->want};
}

static int make_bridge(struct uplink_job *job)
{
    int error = uplink_write_record(job, false, &job->deadline);

    error = error ? error : uplink_wait_port(job->vswitch, job->bridge, &job->deadline);
    return error ? error : link_await(job->ns, job->bridge, &job->bridge_link, &job->deadline);
}

static int plug_nic(struct uplink_job *job)
{
    const int error = uplink_write_record(job, true, &job->deadline);

    return error ? error : uplink_wait_port(job->vswitch, job->nic, &job->deadline);
}

static bool had_ipv6(const struct uplink_job *job)
{
    char off[8];

    return !uplink_record_sysctl(&job->record, "ipv6/disable_ipv6", off, sizeof off) ||
           !strcmp(off, "0");
}

/* A port of a bridge has no business of its own with IPv6: it would make addresses again. */
static int silence_nic(const struct uplink_job *job)
{
    return had_ipv6(job) ? sysctl_set_link(job->ns, job->nic, "ipv6/disable_ipv6", "1") : 0;
}

static int finish_move(struct uplink_job *job, struct carry *carry)
{
    int error = silence_nic(job);

    error = error ? error : carry_verify(carry, true);
    error = error ? error : carry_settle_link(job->ns, job->bridge, &job->record);
    error = error ? error : carry_check_gateways(carry, &job->deadline);
    if (!error) {
        job->record.state = OVNK8S_UPLINK_MOVED;
        uplink_life(&job->bridge_link, job->record.life);
        error = uplink_write_record(job, true, &job->deadline);
    }
    return error;
}

static int carry_out(struct uplink_job *job, struct carry *carry)
{
    int error = make_bridge(job);

    carry->to = job->bridge_link;
    error = error ? error : link_set_up(job->ns, job->nic, true);
    error = error ? error : carry_open_link(job->ns, job->bridge, &job->record);
    error = error ? error : carry_plan(carry, true);
    error = error ? error : carry_do(carry, CARRY_PREPARE);
    error = error ? error : plug_nic(job);
    error = error ? error : carry_do(carry, CARRY_SWITCH);
    error = error ? error : carry_do(carry, CARRY_CLEAR);
    return error ? error : finish_move(job, carry);
}

/* Moving back. */

static int fetch(struct uplink_job *job, struct carry *carry)
{
    int error = carry_open_link(job->ns, job->nic, &job->record);

    error = error ? error : carry_plan(carry, false);
    error = error ? error : carry_do(carry, CARRY_PREPARE);
    error = error ? error : carry_do(carry, CARRY_SWITCH);
    error = error ? error : carry_do(carry, CARRY_CLEAR);
    error = error ? error : carry_verify(carry, false);
    return error ? error : carry_settle_link(job->ns, job->nic, &job->record);
}

/* What goes with the bridge must not be missing on the interface. */
static int delete_bridge(struct uplink_job *job, struct carry *carry,
                         const struct deadline *deadline)
{
    const struct uplink_rows rows = uplink_job_rows(job, false);
    int error = uplink_apply_delete(job->vswitch, &rows, deadline);

    error = error ? error : link_await_gone(job->ns, job->bridge, deadline);
    carry->from.index = 0;
    return error ? error : carry_verify(carry, false);
}

/* After a failure the interface gets everything again, whatever it had lost by then. */
static int roll_back(struct uplink_job *job)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(job->vswitch), 0);
    _cleanup_carry_ struct carry carry = {0};
    int error = uplink_find_link(job->ns, job->bridge, &job->bridge_link);

    carry = uplink_carry_back(job);
    error = error ? error : fetch(job, &carry);
    return error ? error : delete_bridge(job, &carry, &deadline);
}

static int fail_rolled_back(struct uplink_job *job, int error)
{
    const struct failure_story story = failure_save();
    const int second = roll_back(job);
    char why[256];

    snprintf(why, sizeof why, "%s", second ? ovnk8s_last_error()->message : "");
    failure_restore(&story);
    if (second) {
        return fail_during(error, NULL, NULL,
                           "not finished, nor undone (%s): run it again, or move it back", why);
    }
    return fail_during(error, NULL, NULL, "all is as it was");
}

static int move(struct uplink_job *job)
{
    _cleanup_carry_ struct carry carry = uplink_carry_there(job);
    int error = carry_plan(&carry, true);

    error = error ? error : carry_ask_gateways(&carry);
    error = error ? error : uplink_renew_record(job);
    if (error) {
        return error;
    }
    job->record.state = job->is_done ? OVNK8S_UPLINK_MOVED : OVNK8S_UPLINK_MOVING;
    error = carry_out(job, &carry);
    return error && !job->is_done ? fail_rolled_back(job, error) : error;
}

int ovnk8s_uplink_move(ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
{
    _cleanup_job_ struct uplink_job job = {.lock = -1};
    int error = uplink_begin(&job, vswitch, theirs);

    error = error ? error : uplink_take_nic(&job);
    error = error ? error : uplink_take_turn(&job);
    error = error ? error : uplink_inspect(&job);
    if (!error && !uplink_nothing_to_move(&job)) {
        error = uplink_decide(&job, &job.nic_conf);
        error = error ? error : move(&job);
    }
    return uplink_result(&job, OVNK8S_UPLINK_MOVE, error);
}

/* The bridge names the interface, in its record, or by its own name. */
static int name_by_bridge(struct uplink_job *job)
{
    const char *bridge = job->uplink.bridge ? job->uplink.bridge : "";
    const size_t prefix = strlen(BRIDGE_PREFIX);
    _cleanup_facts_ struct uplink_facts facts = {0};
    int error = uplink_take_name(job->bridge, "bridge", "", bridge);
    const char *nic = NULL;

    error = error ? error : uplink_look(job->vswitch, "", bridge, &job->deadline, &facts);
    if (error) {
        return error;
    }
    if (facts.is_ours) {
        nic = row_pair(facts.bridge, "external_ids", UPLINK_KEY);
    } else if (!facts.bridge && !strncmp(bridge, BRIDGE_PREFIX, prefix)) {
        nic = bridge + prefix;
    }
    return nic            ? uplink_take_name(job->nic, "interface", "", nic)
           : facts.bridge ? fail(OVNK8S_EXISTS, "it is of somebody else's making")
                          : fail(OVNK8S_NOTFOUND, "there is no such bridge");
}

int uplink_take_either(struct uplink_job *job)
{
    return job->uplink.nic ? uplink_take_nic(job) : name_by_bridge(job);
}

int uplink_check_ports(const struct uplink_job *job)
{
    return job->facts.other_port ? fail(OVNK8S_EXISTS, "bridge %s has other ports, such as %s",
                                        job->bridge, job->facts.other_port)
                                 : 0;
}

/* A finished move is not to be given up for a failure on the way back. */
static int fail_moved_again(struct uplink_job *job, int error)
{
    const struct failure_story story = failure_save();
    _cleanup_carry_ struct carry carry = {0};
    int second;

    job->deadline = conn_deadline(vswitch_conn(job->vswitch), 0);
    carry = uplink_carry_there(job);
    second = carry_out(job, &carry);
    failure_restore(&story);
    return fail_during(error, NULL, NULL,
                       second ? "not finished, nor undone: run it again" : "all is as it was");
}

static int move_back(struct uplink_job *job)
{
    _cleanup_carry_ struct carry carry = uplink_carry_back(job);
    int error = carry_plan(&carry, false);

    error = error ? error : carry_ask_gateways(&carry);
    error = error ? error : uplink_renew_record(job);
    if (error) {
        return error;
    }
    job->record.state = OVNK8S_UPLINK_RETURNING;
    error = uplink_write_record(job, false, &job->deadline);
    error = error ? error : fetch(job, &carry);
    if (error) {
        return job->is_done ? fail_moved_again(job, error) : error;
    }
    error = delete_bridge(job, &carry, &job->deadline);
    return error ? error : carry_check_gateways(&carry, &job->deadline);
}

int ovnk8s_uplink_move_back(ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
{
    _cleanup_job_ struct uplink_job job = {.lock = -1};
    int error = uplink_begin(&job, vswitch, theirs);

    error = error ? error : uplink_take_either(&job);
    error = error ? error : uplink_take_turn(&job);
    error = error ? error : uplink_inspect(&job);
    error = error ? error : uplink_check_ports(&job);
    if (!error && job.facts.is_ours) {
        error = uplink_decide(&job, &job.bridge_conf);
        error = error ? error : move_back(&job);
    }
    return uplink_result(&job, OVNK8S_UPLINK_MOVE_BACK, error);
}
