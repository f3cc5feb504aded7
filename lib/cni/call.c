#include "cni/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

int cni_fail(enum cni_code code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fail(OVNK8S_INVALID, "%s", message);
    return (int)code;
}

int cni_open_vswitch(struct cni_call *call, ovnk8s_vswitch **out)
{
    cni_stage(call, "vswitch");
    if (ovnk8s_settings_read_file(call->settings)) {
        return CNI_BAD_CONFIG;
    }
    return ovnk8s_settings_open_vswitch(call->settings, out) ? CNI_VSWITCH : 0;
}

int cni_code_of_plug(void)
{
    static const struct {
        const char *stage;
        enum cni_code code;
    } codes[] = {
        {"flows", CNI_FLOWS},      {"ovs-port", CNI_VSWITCH}, {"connect", CNI_VSWITCH},
        {"transact", CNI_VSWITCH}, {"commit", CNI_VSWITCH},   {"read", CNI_VSWITCH},
    };
    const char *stage = ovnk8s_last_error()->stage;

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (!strcmp(codes[i].stage, stage)) {
            return (int)codes[i].code;
        }
    }
    return CNI_CONTAINER;
}
