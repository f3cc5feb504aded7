#include "cni/port.h"

#include <stdio.h>

#include "cni/config.h"

static int fail_standalone(void)
{
    return cni_fail(CNI_BAD_CONFIG, "network configuration: \"mode\": \"standalone\": this version"
                                    " does not support it");
}

int cni_port_check(const struct cni_call *call)
{
    enum cni_mode mode;
    const int error = cni_config_mode(call, &mode);

    if (error) {
        return error;
    }
    return mode == CNI_STANDALONE ? fail_standalone() : cni_kubernetes_check(call);
}

int cni_port_find(struct cni_call *call, const struct deadline *deadline, struct cni_port *out)
{
    return cni_kubernetes_port(call, deadline, out);
}

void cni_port_name(const struct cni_call *call, char out[static 2 * CNI_ARG_LENGTH + 2])
{
    const struct cni_args *args = &call->args;

    *out = '\0';
    if (*args->pod_namespace && *args->pod) {
        snprintf(out, 2 * CNI_ARG_LENGTH + 2, "%s_%s", args->pod_namespace, args->pod);
    }
}

/* The watcher removes the ports of pods. */
int cni_port_release(struct cni_call *call)
{
    (void)call;
    return 0;
}

int cni_port_collect(struct cni_call *call, const cJSON *valid)
{
    (void)call, (void)valid;
    return 0;
}

int cni_port_status(struct cni_call *call)
{
    enum cni_mode mode;
    const int error = cni_config_mode(call, &mode);

    if (error) {
        return error;
    }
    return mode == CNI_STANDALONE ? fail_standalone() : cni_kubernetes_status(call);
}
