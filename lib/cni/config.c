#include "cni/config.h"

#include <string.h>

#include "base/mem.h"
#include "cni/env.h"

const char *const cni_versions[] = {"0.3.0", "0.3.1", NULL};

const char *cni_newest_version(void)
{
    return cni_versions[COUNT_OF(cni_versions) - 2];
}

/* Runtimes write keys in whatever case: cJSON_GetObjectItem() does not mind. */
static const cJSON *find(const struct cni_call *call, const char *key)
{
    const cJSON *value = cJSON_GetObjectItem(call->config, key);

    return cJSON_IsNull(value) ? NULL : value;
}

static int fail_value(const char *key, const cJSON *value, const char *expected)
{
    char *shown = cJSON_PrintUnformatted(value);

    cni_fail(CNI_BAD_CONFIG, "network configuration: \"%s\": %.80s: expected %s", key,
             shown ? shown : "", expected);
    cJSON_free(shown);
    return CNI_BAD_CONFIG;
}

static int decode(struct cni_call *call)
{
    const char *end = NULL;

    if (!call->input) {
        return cni_fail(CNI_IO, "reading the network configuration from standard input failed");
    }
    call->config = cJSON_ParseWithOpts(call->input, &end, true);
    if (!call->config) {
        return cni_fail(CNI_DECODE, "decoding the network configuration: no JSON%s: \"%.32s\"",
                        !end || !*end ? " as far as it goes" : " from here on",
                        !end || !*end ? call->input : end);
    }
    if (!cJSON_IsObject(call->config)) {
        return cni_fail(CNI_DECODE, "decoding the network configuration: expected a JSON object");
    }
    return 0;
}

static int check_name(const struct cni_call *call)
{
    const cJSON *name = find(call, "name");

    if (!name || (cJSON_IsString(name) && !*name->valuestring)) {
        return cni_fail(CNI_BAD_CONFIG, "missing network name");
    }
    if (!cJSON_IsString(name)) {
        return fail_value("name", name, "a text");
    }
    return cni_name_valid(name->valuestring)
               ? 0
               : cni_fail(CNI_BAD_CONFIG, "invalid characters found in network name \"%.80s\"",
                          name->valuestring);
}

static int fail_version(struct cni_call *call, const char *version)
{
    size_t length = (size_t)snprintf(call->details, sizeof call->details,
                                     "config is \"%.32s\", plugin supports [", version);

    for (size_t i = 0; cni_versions[i]; i++) {
        length += (size_t)snprintf(call->details + length, sizeof call->details - length,
                                   "%s\"%s\"", i ? " " : "", cni_versions[i]);
    }
    snprintf(call->details + length, sizeof call->details - length, "]");
    return cni_fail(CNI_INCOMPATIBLE, "incompatible CNI versions");
}

static int check_version(struct cni_call *call)
{
    const cJSON *value = find(call, "cniVersion");
    /* What has no version is as old as the first. */
    const char *version = value && !cJSON_IsString(value)  ? NULL
                          : value && value->valuestring[0] ? value->valuestring
                                                           : "0.1.0";

    if (!version) {
        return fail_value("cniVersion", value, "a text");
    }
    for (size_t i = 0; cni_versions[i]; i++) {
        if (!strcmp(cni_versions[i], version)) {
            call->version = cni_versions[i];
            return 0;
        }
    }
    return fail_version(call, version);
}

int cni_config_parse(struct cni_call *call)
{
    int error = decode(call);

    error = error ? error : check_name(call);
    return error ? error : check_version(call);
}

/* Keys of the configuration, and the settings that they are. */
static const struct {
    const char *key, *setting;
    bool is_number;
} keys[] = {
    {"ovs", "ovs", false},          {"nb", "nb", false},
    {"timeout", "timeout", true},   {"mtu", "mtu", true},
    {"logFile", "log-path", false}, {"kubeconfig", "kubeconfig", false},
    {"config", "config", false},
};

static int set_number(struct cni_call *call, const char *key, const char *setting,
                      const cJSON *value)
{
    char text[16];

    if (!cJSON_IsNumber(value) || value->valuedouble < 0 || value->valuedouble > 999999 ||
        value->valuedouble != value->valueint) {
        return fail_value(key, value, "a whole number");
    }
    snprintf(text, sizeof text, "%d", value->valueint);
    return ovnk8s_settings_set(call->settings, setting, text)
               ? fail_value(key, value, !strcmp(key, "mtu") ? "68 to 65535" : "1 to 86400 seconds")
               : 0;
}

static int set_text(struct cni_call *call, const char *key, const char *setting, const cJSON *value)
{
    if (!cJSON_IsString(value) || !*value->valuestring) {
        return fail_value(key, value, "a text that is not empty");
    }
    return ovnk8s_settings_set(call->settings, setting, value->valuestring) ? CNI_INTERNAL : 0;
}

int cni_config_settings(struct cni_call *call)
{
    int error = 0;

    for (size_t i = 0; !error && i < COUNT_OF(keys); i++) {
        const cJSON *value = find(call, keys[i].key);

        if (value) {
            error = (keys[i].is_number ? set_number : set_text)(call, keys[i].key, keys[i].setting,
                                                                value);
        }
    }
    return error;
}
