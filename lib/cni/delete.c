#include <ovnk8s/plug.h>

#include "cni/port.h"

/* What is to be removed follows from the container id and the interface alone: not from the pod,
 * which may be gone, nor from the name of the pod, which a newer sandbox may have. */
int cni_delete(struct cni_call *call)
{
    ovnk8s_vswitch *vswitch;
    int error = cni_open_vswitch(call, &vswitch);

    if (error) {
        return error;
    }
    cni_stage(call, "unplug");
    error = ovnk8s_plug_delete(vswitch, call->container_id, call->ifname);
    error = error ? cni_code_of_plug() : cni_port_release(call, vswitch);
    ovnk8s_vswitch_close(vswitch);
    return error;
}
