/* What the files of ovn-k8s-gateway-helper share. */

#ifndef HELPER_H
#define HELPER_H

#include <ovnk8s/ovnk8s.h>

#include "ovsd.h"

/* What the daemon consists of. */
struct daemon {
    struct ovsd ovsd;
    const char *bridge_name, *nic;
    bool is_dry, removes;
    ovnk8s_bridge *bridge;
    ovnk8s_kube *kube;
    ovnk8s_gateway_helper *helper;
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

#endif /* helper.h */
