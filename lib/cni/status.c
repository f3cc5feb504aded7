/* Whether ADD could work now: what it needs is asked for, and nothing is made. */

#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/wait.h"
#include "cni/port.h"
#include "node/daemon.h"
#include "node/ovs_port.h"
#include "node/settings.h"
#include "ovsdb/vswitch.h"

/* Who asks does so often, and wants to know what is so now: nobody waits long for an answer. */
enum { MOST_SECONDS = 5 };

static int limit_time(const struct cni_call *call)
{
    char text[16];

    snprintf(text, sizeof text, "%d", MOST_SECONDS);
    return settings_timeout_ms(call->settings) > MOST_SECONDS * 1000 &&
                   ovnk8s_settings_set(call->settings, "timeout", text)
               ? CNI_INTERNAL
               : 0;
}

/* The daemons: those are connected to what they need that answer, and say so. */

static int check_vswitchd(const struct cni_call *call, const struct deadline *deadline)
{
    _cleanup_text_ struct text folder = {0}, answer = {0};

    settings_add_ovs_folder(call->settings, &folder);
    return folder.failed                                                            ? CNI_INTERNAL
           : daemon_ask(folder.bytes, "ovs-vswitchd", "version", deadline, &answer) ? CNI_LIMITED
                                                                                    : 0;
}

static int check_controller(const struct cni_call *call, const struct deadline *deadline)
{
    const char *folder = env_get(call->env, "OVN_RUNDIR");
    _cleanup_text_ struct text answer = {0};

    if (daemon_ask(folder ? folder : "/var/run/ovn", "ovn-controller", "connection-status",
                   deadline, &answer)) {
        return CNI_UNAVAILABLE;
    }
    return answer.bytes && !strncmp(answer.bytes, "connected", 9)
               ? 0
               : cni_fail(CNI_UNAVAILABLE,
                          "ovn-controller is not connected to the Southbound database");
}

static int check_host(struct cni_call *call, ovnk8s_vswitch *vswitch)
{
    const struct deadline deadline = deadline_in(MOST_SECONDS * 1000, call->cancel);
    int error;

    cni_stage(call, "daemons");
    if (vswitch_look(vswitch, &deadline)) {
        return CNI_LIMITED;
    }
    if (!vswitch_bridge(vswitch, INTEGRATION_BRIDGE)) {
        return cni_fail(CNI_LIMITED,
                        "this host has no " INTEGRATION_BRIDGE " (is ovn-controller running?)");
    }
    error = check_vswitchd(call, &deadline);
    return error ? error : check_controller(call, &deadline);
}

/* Once Open vSwitch is known to work, whatever else is missing keeps only new containers out. */
int cni_status(struct cni_call *call)
{
    ovnk8s_vswitch *vswitch;
    int error = limit_time(call);

    error = error ? error : cni_open_vswitch(call, &vswitch);
    if (error) {
        return error == CNI_VSWITCH ? CNI_LIMITED : error;
    }
    error = check_host(call, vswitch);
    ovnk8s_vswitch_close(vswitch);
    error = error ? error : cni_port_status(call);
    return error == CNI_API_SERVER ? CNI_UNAVAILABLE : error;
}
