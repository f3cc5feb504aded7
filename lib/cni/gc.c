/* Removing what nobody uses any more. The runtime says what is still valid; everything else of the
 * network goes. When it says nothing at all, nothing goes: it does not mean that nothing is valid.
 * Ports of other networks, and of those who use the library without CNI, are never touched. */

#include <stdio.h>
#include <string.h>

#include <ovnk8s/memory.h>
#include <ovnk8s/plug.h>

#include "cni/config.h"
#include "cni/port.h"

/* What could not be removed. */
struct failures {
    size_t n;
    int code; /* Of the first. */
    char message[512];
};

static int check_valid(const char *key, const cJSON *valid)
{
    const cJSON *one;

    if (valid && !cJSON_IsArray(valid)) {
        return cni_fail_value(key, valid, "an array");
    }
    cJSON_ArrayForEach (one, valid) {
        if (!cJSON_IsString(cni_find(one, "containerID")) ||
            !cJSON_IsString(cni_find(one, "ifname"))) {
            return cni_fail_value(key, one, "an object with \"containerID\" and \"ifname\"");
        }
    }
    return 0;
}

/* Finds the list, which is NULL when it is null: an empty one, as some write it. Returns whether
 * there is one at all; the second key is from before the specification was mended. */
static bool find_valid(const struct cni_call *call, const char **key, const cJSON **out)
{
    static const char *const keys[] = {"cni.dev/valid-attachments", "cni.dev/attachments"};

    for (size_t i = 0; i < 2; i++) {
        *key = keys[i];
        *out = cni_find(call->config, keys[i]);
        if (cJSON_HasObjectItem(call->config, keys[i])) {
            return true;
        }
    }
    return false;
}

static bool is_valid(const cJSON *valid, const ovnk8s_plugged *plugged)
{
    const cJSON *one;

    cJSON_ArrayForEach (one, valid) {
        if (!strcmp(cni_find(one, "containerID")->valuestring, plugged->container_id) &&
            !strcmp(cni_find(one, "ifname")->valuestring, plugged->interface)) {
            return true;
        }
    }
    return false;
}

static void remove_one(ovnk8s_vswitch *vswitch, const ovnk8s_plugged *plugged,
                       struct failures *failures)
{
    if (ovnk8s_plug_delete(vswitch, plugged->container_id, plugged->interface) && !failures->n++) {
        failures->code = cni_code_of_plug();
        snprintf(failures->message, sizeof failures->message, "%s", ovnk8s_last_error()->message);
    }
}

/* Goes on when one cannot be removed, and tells at the end. */
static int unplug_others(struct cni_call *call, ovnk8s_vswitch *vswitch, const cJSON *valid)
{
    struct failures failures = {0};
    ovnk8s_plugged **all;
    size_t n;

    cni_stage(call, "unplug");
    if (ovnk8s_plug_list(vswitch, &all, &n)) {
        return CNI_VSWITCH;
    }
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(all[i]->network, call->network) && !is_valid(valid, all[i])) {
            remove_one(vswitch, all[i], &failures);
        }
    }
    ovnk8s_free(all);
    return failures.n ? cni_fail((enum cni_code)failures.code,
                                 "%zu stale attachments of network %s are left; of the first: %s",
                                 failures.n, call->network, failures.message)
                      : 0;
}

int cni_gc(struct cni_call *call)
{
    ovnk8s_vswitch *vswitch;
    const cJSON *valid;
    const char *key;
    int error;

    if (!find_valid(call, &key, &valid)) {
        return 0;
    }
    error = check_valid(key, valid);
    error = error ? error : cni_open_vswitch(call, &vswitch);
    if (error) {
        return error;
    }
    error = unplug_others(call, vswitch, valid);
    error = error ? error : cni_port_collect(call, vswitch, valid);
    ovnk8s_vswitch_close(vswitch);
    return error;
}
