/* Where a container's port comes from: its name in OVN, and its addresses.
 *
 * With Kubernetes the watcher makes the ports and tells of them by annotations (kubernetes.c). This
 * is the one place where modes differ: verbs ask here, and know none. */

#ifndef CNI_PORT_H
#define CNI_PORT_H

#include "base/wait.h"
#include "cni/call.h"
#include "topology/annotation.h"

enum { CNI_ROUTES_LENGTH = 2048 };

struct cni_port {
    struct pod_network network;
    char iface_id[2 * CNI_ARG_LENGTH + 2];
    char iface_id_ver[CNI_ARG_LENGTH + 1]; /* May be empty. */
    char routes[CNI_ROUTES_LENGTH];        /* Further ones, as of ovnk8s_plug; may be empty. */
    unsigned int mtu;                      /* 0: as the settings have it. */
};

/* For ADD. Looks, without asking any server, whether cni_port_find() can work. */
int cni_port_check(const struct cni_call *call);

/* For ADD. Finds out, until 'deadline', what the container's port is. */
int cni_port_find(struct cni_call *call, const struct deadline *deadline, struct cni_port *out);

/* For ADD and CHECK. The port's name as the call has it; empty where it does not say. */
void cni_port_name(const struct cni_call *call, char out[static 2 * CNI_ARG_LENGTH + 2]);

/* For DEL. What was made for this container beyond its host. */
int cni_port_release(struct cni_call *call);

/* For GC. The same for all containers of the network that 'valid', an array, does not list. */
int cni_port_collect(struct cni_call *call, const cJSON *valid);

/* For STATUS. Whether cni_port_find() could work now, as far as servers are concerned. */
int cni_port_status(struct cni_call *call);

/* With Kubernetes. */
int cni_kubernetes_check(const struct cni_call *call);
int cni_kubernetes_port(struct cni_call *call, const struct deadline *deadline,
                        struct cni_port *out);
int cni_kubernetes_status(struct cni_call *call);

#endif /* port.h */
