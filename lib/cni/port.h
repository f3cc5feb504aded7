/* Where a container's port comes from: its name in OVN, and its addresses.
 *
 * With Kubernetes the watcher makes the ports and tells of them by annotations (kubernetes.c);
 * without, the plugin makes them itself (standalone.c). This is the one place where modes differ:
 * verbs ask here, and know none. */

#ifndef CNI_PORT_H
#define CNI_PORT_H

#include <ovnk8s/vswitch.h>

#include "base/wait.h"
#include "cni/call.h"
#include "topology/annotation.h"

enum { CNI_ROUTES_LENGTH = 2048, CNI_IFACE_ID_LENGTH = 1024 };

struct cni_port {
    struct pod_network network;
    char iface_id[CNI_IFACE_ID_LENGTH];
    char iface_id_ver[CNI_ARG_LENGTH + 1]; /* May be empty. */
    char routes[CNI_ROUTES_LENGTH];        /* Further ones, as of ovnk8s_plug; may be empty. */
    unsigned int mtu;                      /* 0: as the settings have it. */
};

/* For ADD. Looks, without asking any server, whether cni_port_find() can work. */
int cni_port_check(const struct cni_call *call);

/* For ADD. Finds out, until 'deadline', what the container's port is. */
int cni_port_find(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline,
                  struct cni_port *out);

/* For CHECK. The port's name; empty where the call does not say. */
int cni_port_name(const struct cni_call *call, ovnk8s_vswitch *vswitch,
                  char out[static CNI_IFACE_ID_LENGTH]);

/* For DEL. What was made for this container beyond its host. */
int cni_port_release(struct cni_call *call, ovnk8s_vswitch *vswitch);

/* For GC. The same for all containers of the network that 'valid', an array, does not list. */
int cni_port_collect(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *valid);

/* For STATUS. Whether cni_port_find() could work now, as far as servers are concerned. */
int cni_port_status(struct cni_call *call);

/* One who does that. */
struct cni_source {
    int (*check)(const struct cni_call *call);
    int (*name)(const struct cni_call *call, ovnk8s_vswitch *vswitch,
                char out[static CNI_IFACE_ID_LENGTH]);
    int (*find)(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline,
                struct cni_port *out);                              /* Of zeroes at first. */
    int (*release)(struct cni_call *call, ovnk8s_vswitch *vswitch); /* NULL: nothing to do. */
    int (*collect)(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *valid);
    int (*status)(struct cni_call *call);
};

extern const struct cni_source cni_kubernetes, cni_standalone;

#endif /* port.h */
