#include "cni/port.h"

#include "cni/config.h"

static int find_source(const struct cni_call *call, const struct cni_source **out)
{
    enum cni_mode mode;
    const int error = cni_config_mode(call, &mode);

    *out = mode == CNI_STANDALONE ? &cni_standalone : &cni_kubernetes;
    return error;
}

static int check_ipam(const struct cni_call *call)
{
    const char *type = cJSON_GetStringValue(cni_find(cni_find(call->config, "ipam"), "type"));

    return !type || !*type
               ? 0
               : cni_fail(CNI_BAD_CONFIG,
                          "network configuration: \"ipam\": \"%.80s\": addresses are given by OVN's"
                          " topology, which knows what is taken: leave \"ipam\" out",
                          type);
}

int cni_port_check(const struct cni_call *call)
{
    const struct cni_source *source;
    int error = check_ipam(call);

    error = error ? error : find_source(call, &source);
    return error ? error : source->check(call);
}

int cni_port_find(struct cni_call *call, ovnk8s_vswitch *vswitch, const struct deadline *deadline,
                  struct cni_port *out)
{
    const struct cni_source *source;
    const int error = find_source(call, &source);

    *out = (struct cni_port){.mtu = 0};
    return error ? error : source->find(call, vswitch, deadline, out);
}

int cni_port_name(const struct cni_call *call, ovnk8s_vswitch *vswitch,
                  char out[static CNI_IFACE_ID_LENGTH])
{
    const struct cni_source *source;
    const int error = find_source(call, &source);

    return error ? error : source->name(call, vswitch, out);
}

int cni_port_release(struct cni_call *call, ovnk8s_vswitch *vswitch)
{
    const struct cni_source *source;
    const int error = find_source(call, &source);

    return error || !source->release ? error : source->release(call, vswitch);
}

int cni_port_collect(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *valid)
{
    const struct cni_source *source;
    const int error = find_source(call, &source);

    return error || !source->collect ? error : source->collect(call, vswitch, valid);
}

int cni_port_status(struct cni_call *call)
{
    const struct cni_source *source;
    int error = check_ipam(call);

    error = error ? error : find_source(call, &source);
    return error ? error : source->status(call);
}
