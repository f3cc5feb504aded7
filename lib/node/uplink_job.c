#include "node/uplink_job.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/mem.h"
#include "base/options.h"

void uplink_job_clear(struct uplink_job *job)
{
    cleanup_closep(&job->lock);
    netns_close(job->ns);
    ipconf_clear(&job->nic_conf);
    ipconf_clear(&job->bridge_conf);
    uplink_facts_clear(&job->facts);
    uplink_record_clear(&job->record);
    ipconf_clear(&job->want);
}

/* Names. */

int uplink_take_name(char out[static IFNAMSIZ], const char *what, const char *prefix,
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

int uplink_take_nic(struct uplink_job *job)
{
    const ovnk8s_uplink *uplink = &job->uplink;
    int error = uplink_take_name(job->nic, "interface", "", uplink->nic ? uplink->nic : "");

    return error ? error
                 : uplink_take_name(job->bridge, "bridge", uplink->bridge ? "" : BRIDGE_PREFIX,
                                    uplink->bridge ? uplink->bridge : job->nic);
}

int uplink_begin(struct uplink_job *job, ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs)
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

int uplink_result(const struct uplink_job *job, enum ovnk8s_uplink_direction direction, int error)
{
    if (!error) {
        return 0;
    }
    return direction == OVNK8S_UPLINK_MOVE_BACK
               ? fail_during(error, "uplink", job->bridge, "moving bridge %s back to its interface",
                             job->bridge)
               : fail_during(error, "uplink", job->nic, "moving interface %s onto bridge %s",
                             job->nic, job->bridge);
}

static int bind_name(void *job_)
{
    static const struct sockaddr_un name = {AF_UNIX, "\0ovnk8s-uplink"};
    struct uplink_job *job = job_;

    job->lock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (job->lock >= 0 && !bind(job->lock, (const struct sockaddr *)&name, sizeof name)) {
        return 0;
    }
    return errno == EADDRINUSE ? fail(OVNK8S_CONFLICT, "another process is at it just now")
                               : fail_errno(errno, "taking turns");
}

/* One process at a time moves interfaces of a network namespace. The name of a socket is taken
 * there once, and given back by the kernel however the process ends. */
int uplink_take_turn(struct uplink_job *job)
{
    return netns_run(job->ns, bind_name, job);
}

/* Looking. */

int uplink_find_link(struct netns *ns, const char *name, struct link_info *out)
{
    const int error = link_get(ns, name, out);

    if (error == OVNK8S_NOTFOUND) {
        *out = (struct link_info){0};
        snprintf(out->name, sizeof out->name, "%s", name);
    }
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

static int look_at_links(struct uplink_job *job)
{
    int error = link_get(job->ns, job->nic, &job->nic_link);

    error = error ? error : uplink_find_link(job->ns, job->bridge, &job->bridge_link);
    error = error ? error : ipconf_read(job->ns, &job->nic_link, &job->nic_conf);
    if (!error && job->bridge_link.index && job->facts.is_ours) {
        error = ipconf_read(job->ns, &job->bridge_link, &job->bridge_conf);
    }
    return error;
}

/* The bridge is ours, is missing, or is an obstacle. */
static int check_bridge(const struct uplink_job *job)
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

static int check_enslaved(const struct uplink_job *job)
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

static int check_nic(const struct uplink_job *job)
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

static int read_record(struct uplink_job *job)
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
    uplink_find_link(job->ns, job->bridge, &job->bridge_link);
    uplink_life(&job->bridge_link, life);
    job->is_done = job->record.state == OVNK8S_UPLINK_MOVED;
    job->is_kept = job->is_done && !strcmp(job->record.life, life);
    return 0;
}

int uplink_inspect(struct uplink_job *job)
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

bool uplink_holds_all(const struct ipconf *a, const struct ipconf *b)
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
int uplink_decide(struct uplink_job *job, const struct ipconf *here)
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

bool uplink_nothing_to_move(const struct uplink_job *job)
{
    return job->is_kept && job->facts.nic_bridge && job->bridge_link.up && job->nic_link.up &&
           !job->nic_conf.bytes.length && uplink_holds_all(&job->record.conf, &job->bridge_conf) &&
           uplink_holds_all(&job->bridge_conf, &job->record.conf);
}

/* The record as it is to be written: all that the one link or the other shall have. */
int uplink_renew_record(struct uplink_job *job)
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

struct uplink_rows uplink_job_rows(const struct uplink_job *job, bool plugged)
{
    struct uplink_rows rows = {
        .nic = job->nic, .bridge = job->bridge, .record = &job->record, .plugged = plugged};

    mac_to_text(&job->nic_link.mac, rows.mac);
    return rows;
}

int uplink_write_record(const struct uplink_job *job, bool plugged, const struct deadline *deadline)
{
    const struct uplink_rows rows = uplink_job_rows(job, plugged);

    return uplink_apply(job->vswitch, &rows, deadline);
}
