/* What the files of ovn-k8s-gateway-helper share. */

#ifndef HELPER_H
#define HELPER_H

#include <ovnk8s/ovnk8s.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "ovsd.h"

/* What the daemon consists of. */
struct daemon {
    struct ovsd ovsd;
    const char *bridge_name, *nic;
    bool is_dry, removes;
    ovnk8s_bridge *bridge;
    ovnk8s_kube *kube;
    ovnk8s_gateway_helper *helper;
    char *node;          /* Of this gateway; NULL: unknown. */
    struct shash checks; /* Health checks that are to be answered; see health.c. */
    uint64_t health_changes;
};

extern const char helper_help[];

/* Fills in what the command line says. A wrong one ends the program. */
void parse_command_line(struct daemon *daemon, int argc, char *argv[]);

ovnk8s_gateway_helper_status status_of(const struct daemon *daemon);

/* Registers the commands of the control socket. What they tell is to be there. */
void listen_for_control(struct daemon *daemon);

/* The pages of HTTP. */
void tell_metrics(struct http_reply *reply, void *daemon);
void tell_ready(struct http_reply *reply, void *daemon);

/* Answers the health checks of Services, and wakes the main loop for them: after each step. */
void answer_health_checks(struct daemon *daemon);

/* Answers none any more. */
void forget_health_checks(struct daemon *daemon);

/* The number of those that are answered, or are not though they should be. */
size_t count_health_checks(const struct daemon *daemon, bool is_answered);

/* Lines for "status". */
void tell_health_checks(const struct daemon *daemon, struct ds *text);

#endif /* helper.h */
