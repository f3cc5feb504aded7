#include "node/ovs_wait.h"

static bool is_made_or_refused(const struct row *interface)
{
    return row_integer(interface, "ofport") > 0 || row_string(interface, "error");
}

int ovs_port_wait(ovnk8s_vswitch *vswitch, struct row_id interface, const struct deadline *deadline)
{
    const int error = vswitch_wait_interface(vswitch, interface, is_made_or_refused, deadline);
    const char *refusal = row_string(vswitch_interface(vswitch, interface), "error");

    if (error == OVNK8S_TIMEOUT) {
        return fail(error, "ovs-vswitchd has not made it: is it running?");
    }
    return !error && refusal ? fail(OVNK8S_SYSTEM, "ovs-vswitchd: %s", refusal) : error;
}
