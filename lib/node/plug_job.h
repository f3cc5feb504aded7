/* What shall be plugged, with its texts parsed; and how all that is made for it is found again. */

#ifndef NODE_PLUG_JOB_H
#define NODE_PLUG_JOB_H

#include <ovnk8s/plug.h>

#include "base/ip.h"
#include "base/wait.h"
#include "net/link.h"
#include "net/route.h"

/* The owner of all rows that plugging makes. */
#define PLUG_OWNER OVNK8S_DEFAULT_OWNER

/* Keys in external_ids of table Interface. */
#define PLUG_SANDBOX_KEY "sandbox"
#define PLUG_INTERFACE_KEY "interface"
#define PLUG_NETWORK_KEY "network"
#define PLUG_MAC_KEY "attached_mac"

enum { PLUG_ID_LENGTH = 255, PLUG_KEY_LENGTH = PLUG_ID_LENGTH + IFNAMSIZ + 8 };

/* Follows from container id and interface name alone. */
struct plug_identity {
    char key[PLUG_KEY_LENGTH];     /* Of the rows in Open vSwitch. */
    char host_interface[IFNAMSIZ]; /* The name of the host's end. */
};

/* Fails with OVNK8S_INVALID when either cannot be. */
int plug_identity(const char *container_id, const char *interface, struct plug_identity *out);

/* A limit in bits per second and bits; a rate of 0: none. */
struct plug_limit {
    uint64_t rate, burst;
};

struct plug_job {
    ovnk8s_plug plug;
    ovnk8s_vswitch *vswitch;
    struct plug_identity identity;
    struct prefixes addresses;
    struct route *routes; /* Of all that it shall have, the default routes included. */
    size_t n_routes;
    struct mac mac;
    struct plug_limit to, from; /* What comes to the container, and from it. */
    bool is_in_userspace;       /* The datapath of br-int. */
    bool is_claimed; /* The logical port is the job's: what had it before is remembered. */
    struct deadline deadline;
};

/* Parses 'theirs'. What is NULL there is left out. */
int plug_job_take(struct plug_job *job, ovnk8s_vswitch *vswitch, const ovnk8s_plug *theirs);
void plug_job_clear(struct plug_job *job);
#define _cleanup_plug_job_ __attribute__((cleanup(plug_job_clear)))

#endif /* plug_job.h */
