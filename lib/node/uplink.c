#include <ovnk8s/uplink.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/text.h"
#include "node/uplink_carry.h"
#include "node/uplink_ovs.h"

#define BRIDGE_PREFIX "br"

/* An interface and its bridge, and what is found of them. */
struct job {
    ovnk8s_uplink uplink;
    ovnk8s_vswitch *vswitch;
    struct deadline deadline;
    struct netns *ns;
    int lock; /* A descriptor; see take_turn(). */
    char nic[IFNAMSIZ], bridge[IFNAMSIZ];
    struct link_info nic_link, bridge_link; /* Of index 0: there is none. */
    struct ipconf nic_conf, bridge_conf;
    struct uplink_facts facts;
    struct uplink_record record;
    bool is_done; /* The record says that it was moved. */
    bool is_kept; /* And that link is still there: what it has counts, not the record. */
    struct ipconf want;
};

void ovnk8s_uplink_init(ovnk8s_uplink *uplink)
{
    *uplink = (ovnk8s_uplink)OVNK8S_UPLINK_INIT;
}

static void job_clear(struct job *job)
{
    cleanup_closep(&job->lock);
    netns_close(job->ns);
    ipconf_clear(&job->nic_conf);
    ipconf_clear(&job->bridge_conf);
    uplink_facts_clear(&job->facts);
    uplink_record_clear(&job->record);
    ipconf_clear(&job->want);
}

#define _cleanup_job_ __attribute__((cleanup(job_clear)))

/* Names. */

static int take_name(char out[static IFNAMSIZ], const char *what, const char *prefix,
                     const char *name)
{
    char full[2 * IFNAMSIZ];

    snprintf(full, sizeof full, "%s%.*s", prefix, IFNAMSIZ, name);
    if (!link_name_valid(full)) {
        return fail(OVNK8S_INVALID, "%s \"%.32s\": no valid name of a network interface", what,
                    full);
    }
    snprintf(out, IFNAMSIZ, "%.15s", full);
    return 0;
}

static int take_nic(struct job *job)
{
    const ovnk8s_uplink *uplink = &job->uplink;
    int error = take_name(job->nic, "interface", "", uplink->nic ? uplink->nic : "");

    return error ? error
                 : take_name(job->bridge, "bridge", uplink->bridge ? "" : BRIDGE_PREFIX,
                             uplink->bridge ? uplink->bridge : job->nic);
}

static int begin(struct job *job, ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
{
    int error;

    job->uplink = (ovnk8s_uplink)OVNK8S_UPLINK_INIT;
    job->vswitch = vswitch;
    error = options_take(&job->uplink, sizeof job->uplink, theirs);
    job->deadline = conn_deadline(vswitch_conn(vswitch), job->uplink.timeout_ms);
    if (!error && job->uplink.flags & ~(unsigned int)OVNK8S_UPLINK_RESTORE) {
        error = fail(OVNK8S_INVALID, "flags %#x: unknown", job->uplink.flags);
    }
    return error ? error : netns_open(&job->ns, NULL);
}

static int bind_name(void *job_)
{
    static const struct sockaddr_un name = {AF_UNIX, "\0ovnk8s-uplink"};
    struct job *job = job_;

    job->lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (job->lock >= 0 && !bind(job->lock, (const struct sockaddr *)&name, sizeof name)) {
        return 0;
    }
    return errno == EADDRINUSE ? fail(OVNK8S_CONFLICT, "another process is at it just now")
                               : fail_errno(errno, "taking turns");
}

/* One process at a time moves interfaces of a network namespace. The name of a socket is taken
 * there once, and given back by the kernel however the process ends. */
static int take_turn(struct job *job)
{
    return netns_run(job->ns, bind_name, job);
}

/* Looking. */

static int find_link(struct netns *ns, const char *name, struct link_info *out)
{
    const int error = link_get(ns, name, out);

    if (error == OVNK8S_NOTFOUND) {
        *out = (struct link_info){0};
        snprintf(out->name, sizeof out->name, "%s", name);
    }
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

static int look_at_links(struct job *job)
{
    int error = link_get(job->ns, job->nic, &job->nic_link);

    error = error ? error : find_link(job->ns, job->bridge, &job->bridge_link);
    error = error ? error : ipconf_read(job->ns, &job->nic_link, &job->nic_conf);
    if (!error && job->bridge_link.index && job->facts.is_ours) {
        error = ipconf_read(job->ns, &job->bridge_link, &job->bridge_conf);
    }
    return error;
}

/* The bridge is ours, is missing, or is an obstacle. */
static int check_bridge(const struct job *job)
{
    if (job->facts.bridge && !job->facts.is_ours) {
        return fail(OVNK8S_EXISTS, "bridge %s is of somebody else's making", job->bridge);
    }
    if (job->facts.is_ours && strcmp(job->record.nic, job->nic) != 0) {
        return fail(OVNK8S_EXISTS, "bridge %s is that of interface %s", job->bridge,
                    job->record.nic);
    }
    if (!job->facts.bridge && job->bridge_link.index) {
        return fail(OVNK8S_EXISTS, "link %s exists, and is no bridge of Open vSwitch", job->bridge);
    }
    return 0;
}

static int check_enslaved(const struct job *job)
{
    char master[IFNAMSIZ];
    struct link_info info;

    if (!job->nic_link.master) {
        return 0;
    }
    link_name_of(job->ns, job->nic_link.master, master);
    if (!link_get(job->ns, master, &info) && !strcmp(info.kind, "openvswitch")) {
        return 0; /* The kernel's datapath: the database has told of which bridge. */
    }
    return fail(OVNK8S_EXISTS, "interface %s is enslaved to %s", job->nic, master);
}

static int check_nic(const struct job *job)
{
    if (strcmp(job->nic_link.name, job->nic) != 0) {
        return fail(OVNK8S_INVALID, "%s is another name of interface %s", job->nic,
                    job->nic_link.name);
    }
    if (job->nic_link.loopback) {
        return fail(OVNK8S_INVALID, "interface %s is the loopback interface", job->nic);
    }
    if (job->facts.nic_bridge && job->facts.nic_bridge != job->facts.bridge) {
        return fail(OVNK8S_EXISTS, "interface %s is in bridge %s", job->nic,
                    row_string(job->facts.nic_bridge, "name"));
    }
    return check_enslaved(job);
}

static int read_record(struct job *job)
{
    char life[LIFE_TEXT];
    int error;

    if (!job->facts.is_ours) {
        return 0;
    }
    error = uplink_record_read(job->facts.bridge, &job->record);
    if (error) {
        return fail_during(error, "read", job->bridge, "bridge %s", job->bridge);
    }
    find_link(job->ns, job->bridge, &job->bridge_link);
    uplink_life(&job->bridge_link, life);
    job->is_done = job->record.state == OVNK8S_UPLINK_MOVED;
    job->is_kept = job->is_done && !strcmp(job->record.life, life);
    return 0;
}

static int look(struct job *job)
{
    int error = uplink_look(job->vswitch, job->nic, job->bridge, &job->deadline, &job->facts);

    error = error ? error : read_record(job);
    error = error ? error : look_at_links(job);
    error = error ? error : check_bridge(job);
    return error ? error : check_nic(job);
}

/* What is wanted. */

static void merge(struct ipconf *out, const struct ipconf *more)
{
    for (const struct ip_item *item = NULL; (item = ipconf_next(more, item));) {
        if (!ipconf_find(out, item)) {
            ipconf_add(out, item);
        }
    }
}

static bool holds_all(const struct ipconf *a, const struct ipconf *b)
{
    for (const struct ip_item *item = NULL; (item = ipconf_next(b, item));) {
        if (!ipconf_find(a, item)) {
            return false;
        }
    }
    return true;
}

/* What is on a link is newer than what is on record; and the record of a finished move tells of
 * what is gone for good as well. But half way an address is not in every respect as it shall be. */
static int decide(struct job *job, const struct ipconf *here)
{
    const bool is_half_way = job->facts.is_ours && !job->is_done;
    const bool restores = job->uplink.flags & OVNK8S_UPLINK_RESTORE;

    merge(&job->want, is_half_way ? &job->record.conf : here);
    if (is_half_way) {
        merge(&job->want, here);
    } else if (job->facts.is_ours && (!job->is_kept || restores)) {
        merge(&job->want, &job->record.conf);
    }
    return ipconf_failed(&job->want) ? fail_nomem() : 0;
}

static bool nothing_to_move(const struct job *job)
{
    return job->is_kept && job->facts.nic_bridge && job->bridge_link.up && job->nic_link.up &&
           !job->nic_conf.bytes.length && holds_all(&job->record.conf, &job->bridge_conf) &&
           holds_all(&job->bridge_conf, &job->record.conf);
}

/* The record as it is to be written: all that the one link or the other shall have. */
static int renew_record(struct job *job)
{
    struct uplink_record *record = &job->record;
    struct ipconf conf = {0};
    int error = 0;

    merge(&conf, &job->want);
    merge(&conf, &job->bridge_conf);
    ipconf_clear(&record->conf);
    record->conf = conf;
    record->time = time(NULL);
    if (!job->is_done) {
        uplink_life(&(struct link_info){0}, record->life);
    }
    if (!job->facts.is_ours) {
        memcpy(record->nic, job->nic, sizeof record->nic);
        record->mtu = job->nic_link.mtu;
        error = sysctl_list_link(job->ns, "ipv4", job->nic, &record->sysctls);
        error = error ? error : sysctl_list_link(job->ns, "ipv6", job->nic, &record->sysctls);
    }
    return !error && ipconf_failed(&conf) ? fail_nomem() : error;
}

static struct uplink_rows rows_of(const struct job *job, bool plugged)
{
    struct uplink_rows rows = {
        .nic = job->nic, .bridge = job->bridge, .record = &job->record, .plugged = plugged};

    mac_to_text(&job->nic_link.mac, rows.mac);
    return rows;
}

static int write_record(const struct job *job, bool plugged, const struct deadline *deadline)
{
    const struct uplink_rows rows = rows_of(job, plugged);

    return uplink_apply(job->vswitch, &rows, deadline);
}

/* Moving. */

static struct carry carry_there(const struct job *job)
{
    return (struct carry){
        .ns = job->ns, .from = job->nic_link, .to = job->bridge_link, .want = &job->want};
}

static struct carry carry_back(const struct job *job)
{
    return (struct carry){
        .ns = job->ns, .from = job->bridge_link, .to = job->nic_link, .want = &job->want};
}

static int make_bridge(struct job *job)
{
    int error = write_record(job, false, &job->deadline);

    error = error ? error : uplink_wait_port(job->vswitch, job->bridge, &job->deadline);
    return error ? error : link_await(job->ns, job->bridge, &job->bridge_link, &job->deadline);
}

static int plug_nic(struct job *job)
{
    const int error = write_record(job, true, &job->deadline);

    return error ? error : uplink_wait_port(job->vswitch, job->nic, &job->deadline);
}

static bool had_ipv6(const struct job *job)
{
    char off[8];

    return !uplink_record_sysctl(&job->record, "ipv6/disable_ipv6", off, sizeof off) ||
           !strcmp(off, "0");
}

/* A port of a bridge has no business of its own with IPv6: it would make addresses again. */
static int silence_nic(const struct job *job)
{
    return had_ipv6(job) ? sysctl_set_link(job->ns, job->nic, "ipv6/disable_ipv6", "1") : 0;
}

static int finish_move(struct job *job, struct carry *carry)
{
    int error = silence_nic(job);

    error = error ? error : carry_verify(carry, true);
    error = error ? error : carry_settle_link(job->ns, job->bridge, &job->record);
    error = error ? error : carry_check_gateways(carry, &job->deadline);
    if (!error) {
        job->record.state = OVNK8S_UPLINK_MOVED;
        uplink_life(&job->bridge_link, job->record.life);
        error = write_record(job, true, &job->deadline);
    }
    return error;
}

static int carry_out(struct job *job, struct carry *carry)
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

static int fetch(struct job *job, struct carry *carry)
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
static int delete_bridge(struct job *job, struct carry *carry, const struct deadline *deadline)
{
    const struct uplink_rows rows = rows_of(job, false);
    int error = uplink_apply_delete(job->vswitch, &rows, deadline);

    error = error ? error : link_await_gone(job->ns, job->bridge, deadline);
    carry->from.index = 0;
    return error ? error : carry_verify(carry, false);
}

/* After a failure the interface gets everything again, whatever it had lost by then. */
static int roll_back(struct job *job)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(job->vswitch), 0);
    _cleanup_carry_ struct carry carry = {0};
    int error = find_link(job->ns, job->bridge, &job->bridge_link);

    carry = carry_back(job);
    error = error ? error : fetch(job, &carry);
    return error ? error : delete_bridge(job, &carry, &deadline);
}

static int fail_rolled_back(struct job *job, int error)
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

static int move(struct job *job)
{
    _cleanup_carry_ struct carry carry = carry_there(job);
    int error = carry_plan(&carry, true);

    error = error ? error : carry_ask_gateways(&carry);
    error = error ? error : renew_record(job);
    if (error) {
        return error;
    }
    job->record.state = job->is_done ? OVNK8S_UPLINK_MOVED : OVNK8S_UPLINK_MOVING;
    error = carry_out(job, &carry);
    return error && !job->is_done ? fail_rolled_back(job, error) : error;
}

int ovnk8s_uplink_move(ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
{
    _cleanup_job_ struct job job = {.lock = -1};
    int error = begin(&job, vswitch, theirs);

    error = error ? error : take_nic(&job);
    error = error ? error : take_turn(&job);
    error = error ? error : look(&job);
    if (!error && !nothing_to_move(&job)) {
        error = decide(&job, &job.nic_conf);
        error = error ? error : move(&job);
    }
    return error ? fail_during(error, "uplink", job.nic, "moving interface %s onto bridge %s",
                               job.nic, job.bridge)
                 : 0;
}

/* The bridge names the interface, in its record, or by its own name. */
static int name_by_bridge(struct job *job)
{
    const char *bridge = job->uplink.bridge ? job->uplink.bridge : "";
    const size_t prefix = strlen(BRIDGE_PREFIX);
    _cleanup_facts_ struct uplink_facts facts = {0};
    int error = take_name(job->bridge, "bridge", "", bridge);
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
    return nic            ? take_name(job->nic, "interface", "", nic)
           : facts.bridge ? fail(OVNK8S_EXISTS, "it is of somebody else's making")
                          : fail(OVNK8S_NOTFOUND, "there is no such bridge");
}

static int take_either(struct job *job)
{
    return job->uplink.nic ? take_nic(job) : name_by_bridge(job);
}

static int check_ports(const struct job *job)
{
    return job->facts.other_port ? fail(OVNK8S_EXISTS, "bridge %s has other ports, such as %s",
                                        job->bridge, job->facts.other_port)
                                 : 0;
}

/* A finished move is not to be given up for a failure on the way back. */
static int fail_moved_again(struct job *job, int error)
{
    const struct failure_story story = failure_save();
    _cleanup_carry_ struct carry carry = {0};
    int second;

    job->deadline = conn_deadline(vswitch_conn(job->vswitch), 0);
    carry = carry_there(job);
    second = carry_out(job, &carry);
    failure_restore(&story);
    return fail_during(error, NULL, NULL,
                       second ? "not finished, nor undone: run it again" : "all is as it was");
}

static int move_back(struct job *job)
{
    _cleanup_carry_ struct carry carry = carry_back(job);
    int error = carry_plan(&carry, false);

    error = error ? error : carry_ask_gateways(&carry);
    error = error ? error : renew_record(job);
    if (error) {
        return error;
    }
    job->record.state = OVNK8S_UPLINK_RETURNING;
    error = write_record(job, false, &job->deadline);
    error = error ? error : fetch(job, &carry);
    if (error) {
        return job->is_done ? fail_moved_again(job, error) : error;
    }
    error = delete_bridge(job, &carry, &job->deadline);
    return error ? error : carry_check_gateways(&carry, &job->deadline);
}

int ovnk8s_uplink_move_back(ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
{
    _cleanup_job_ struct job job = {.lock = -1};
    int error = begin(&job, vswitch, theirs);

    error = error ? error : take_either(&job);
    error = error ? error : take_turn(&job);
    error = error ? error : look(&job);
    error = error ? error : check_ports(&job);
    if (!error && job.facts.is_ours) {
        error = decide(&job, &job.bridge_conf);
        error = error ? error : move_back(&job);
    }
    return error ? fail_during(error, "uplink", job.bridge,
                               "moving bridge %s back to its interface", job.bridge)
                 : 0;
}

/* Telling. */

static int tell_move(struct job *job, struct text *out)
{
    _cleanup_carry_ struct carry carry = carry_there(job);
    const int error = carry_plan(&carry, true);

    if (error) {
        return error;
    }
    if (!job->facts.bridge) {
        text_printf(out, "+ bridge \"%s\"\n", job->bridge);
    }
    if (!job->facts.is_ours || !holds_all(&job->record.conf, &job->want)) {
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

static int tell_move_back(struct job *job, struct text *out)
{
    _cleanup_carry_ struct carry carry = carry_back(job);
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

static int preview_move(struct job *job, struct text *out)
{
    int error = take_nic(job);

    error = error ? error : look(job);
    if (error || nothing_to_move(job)) {
        return error;
    }
    error = decide(job, &job->nic_conf);
    return error ? error : tell_move(job, out);
}

static int preview_move_back(struct job *job, struct text *out)
{
    int error = take_either(job);

    error = error ? error : look(job);
    error = error ? error : check_ports(job);
    if (error || !job->facts.is_ours) {
        return error;
    }
    error = decide(job, &job->bridge_conf);
    return error ? error : tell_move_back(job, out);
}

int ovnk8s_uplink_preview(char **out, ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs,
                          enum ovnk8s_uplink_direction direction)
{
    const bool back = direction == OVNK8S_UPLINK_MOVE_BACK;
    _cleanup_job_ struct job job = {.lock = -1};
    _cleanup_text_ struct text text = {0};
    int error = begin(&job, vswitch, theirs);

    *out = NULL;
    if (!error) {
        error = back ? preview_move_back(&job, &text) : preview_move(&job, &text);
    }
    error = error ? error : text_take(&text, out);
    if (error && back) {
        return fail_during(error, "uplink", job.bridge, "moving bridge %s back to its interface",
                           job.bridge);
    }
    return error ? fail_during(error, "uplink", job.nic, "moving interface %s onto bridge %s",
                               job.nic, job.bridge)
                 : 0;
}
