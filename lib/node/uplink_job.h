/* What moving an interface, moving it back and telling about it have in common: what was found of
 * the interface and its bridge, and what they shall have. */

#ifndef NODE_UPLINK_JOB_H
#define NODE_UPLINK_JOB_H

#include <ovnk8s/uplink.h>

#include <net/if.h>

#include "base/wait.h"
#include "node/uplink_carry.h"
#include "node/uplink_ovs.h"

/* A bridge is called like its interface, with this before. */
#define BRIDGE_PREFIX "br"

/* An interface and its bridge, and what is found of them. */
struct uplink_job {
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

/* Begins with what the caller has given, and frees all in the end. */
int uplink_begin(struct uplink_job *job, ovnk8s_vswitch *vswitch, const ovnk8s_uplink *theirs);
void uplink_job_clear(struct uplink_job *job);

/* The result of the whole call: an error with what was being done. */
int uplink_result(const struct uplink_job *job, enum ovnk8s_uplink_direction direction, int error);

/* One process moves interfaces of a network namespace at a time. */
int uplink_take_turn(struct uplink_job *job);

/* Takes the names of the interface and of its bridge; fails with OVNK8S_INVALID. */
int uplink_take_nic(struct uplink_job *job);
int uplink_take_name(char out[static IFNAMSIZ], const char *what, const char *prefix,
                     const char *name);

/* Finds out what there is: links, rows and the record. Fails when something is in the way. */
int uplink_inspect(struct uplink_job *job);
int uplink_find_link(struct netns *ns, const char *name, struct link_info *out);

/* Decides what the one link or the other shall have, of which 'here' is what it has now. */
int uplink_decide(struct uplink_job *job, const struct ipconf *here);
bool uplink_nothing_to_move(const struct uplink_job *job);
bool uplink_holds_all(const struct ipconf *a, const struct ipconf *b);

/* The record, as it is to be written, and writing it. */
int uplink_renew_record(struct uplink_job *job);
struct uplink_rows uplink_job_rows(const struct uplink_job *job, bool plugged);
int uplink_write_record(const struct uplink_job *job, bool plugged,
                        const struct deadline *deadline);

#define _cleanup_job_ __attribute__((cleanup(uplink_job_clear)))

/* Of uplink.c. */
struct carry uplink_carry_there(const struct uplink_job *job);
struct carry uplink_carry_back(const struct uplink_job *job);
int uplink_take_either(struct uplink_job *job);
int uplink_check_ports(const struct uplink_job *job);

#endif /* uplink_job.h */
