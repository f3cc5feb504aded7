#include "cni/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cni/env.h"

const char *const cni_versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1",
                                    "0.4.0", "1.0.0", "1.1.0", NULL};

const char *cni_newest_version(void)
{
    return cni_versions[COUNT_OF(cni_versions) - 2];
}

static size_t version_index(const char *version)
{
    size_t i = 0;

    while (cni_versions[i] && strcmp(cni_versions[i], version) != 0) {
        i++;
    }
    return i;
}

bool cni_version_is_since(const char *version, const char *since)
{
    return version_index(version) >= version_index(since);
}

const cJSON *cni_find(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItem(object, key);

    return cJSON_IsNull(value) ? NULL : value;
}

static int fail_shown(enum cni_code code, const char *key, const cJSON *value, const char *expected)
{
    char *shown = cJSON_PrintUnformatted(value);

    cni_fail(code, "network configuration: \"%s\": %.80s: expected %s", key, shown ? shown : "",
             expected);
    cJSON_free(shown);
    return (int)code;
}

int cni_fail_value(const char *key, const cJSON *value, const char *expected)
{
    return fail_shown(CNI_BAD_CONFIG, key, value, expected);
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

static int check_name(struct cni_call *call)
{
    const cJSON *name = cni_find(call->config, "name");

    if (name && !cJSON_IsString(name)) {
        return fail_shown(CNI_DECODE, "name", name, "a text");
    }
    if (!name || !*name->valuestring) {
        return cni_fail(CNI_BAD_CONFIG, "missing network name");
    }
    call->network = name->valuestring;
    return cni_name_valid(call->network)
               ? 0
               : cni_fail(CNI_BAD_CONFIG, "invalid characters found in network name \"%.80s\"",
                          call->network);
}

int cni_config_decode(struct cni_call *call)
{
    const int error = decode(call);

    return error ? error : check_name(call);
}

/* Versions. */

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

/* Reads up to three numbers with dots between; those that are left out are 0. */
static bool parse_version(const char *text, unsigned long out[static 3])
{
    for (size_t i = 0; i < 3; i++) {
        const size_t digits = strspn(text, "0123456789");

        out[i] = strtoul(text, NULL, 10);
        text += digits;
        if (!digits || digits > 9 || (*text && *text != '.')) {
            return false;
        }
        if (!*text++) {
            return true;
        }
    }
    return false;
}

/* The reference library looks at this before it looks whether it knows the version at all. */
static int check_verb(const struct cni_call *call, const char *version, const char *since)
{
    unsigned long is[3] = {0}, least[3] = {0};
    size_t i = 0;

    if (!since) {
        return 0;
    }
    if (!parse_version(version, is) || !parse_version(since, least)) {
        return cni_fail(CNI_DECODE,
                        "network configuration: \"cniVersion\": \"%.32s\": expected"
                        " numbers such as 1.0.0",
                        version);
    }
    while (i < 2 && is[i] == least[i]) {
        i++;
    }
    return is[i] >= least[i]
               ? 0
               : cni_fail(CNI_INCOMPATIBLE, "config version does not allow %s", call->command);
}

int cni_config_check_version(struct cni_call *call, const char *since)
{
    const cJSON *value = cni_find(call->config, "cniVersion");
    const char *version = cJSON_GetStringValue(value);
    size_t known;
    int error;

    if (value && !version) {
        return fail_shown(CNI_DECODE, "cniVersion", value, "a text");
    }
    /* What has no version is as old as the first. */
    version = version && *version ? version : cni_versions[0];
    error = check_verb(call, version, since);
    if (error) {
        return error;
    }
    known = version_index(version);
    if (!cni_versions[known]) {
        return fail_version(call, version);
    }
    call->version = cni_versions[known];
    return 0;
}

int cni_config_mode(const struct cni_call *call, enum cni_mode *out)
{
    const cJSON *value = cni_find(call->config, "mode");
    const char *mode = cJSON_GetStringValue(value);

    *out = mode && !strcmp(mode, "standalone") ? CNI_STANDALONE : CNI_KUBERNETES;
    return !value || *out == CNI_STANDALONE || (mode && !strcmp(mode, "kubernetes"))
               ? 0
               : cni_fail_value("mode", value, "\"kubernetes\" or \"standalone\"");
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
        return cni_fail_value(key, value, "a whole number");
    }
    snprintf(text, sizeof text, "%d", value->valueint);
    return ovnk8s_settings_set(call->settings, setting, text)
               ? cni_fail_value(key, value,
                                !strcmp(key, "mtu") ? "68 to 65535" : "1 to 86400 seconds")
               : 0;
}

static int set_text(struct cni_call *call, const char *key, const char *setting, const cJSON *value)
{
    if (!cJSON_IsString(value) || !*value->valuestring) {
        return cni_fail_value(key, value, "a text that is not empty");
    }
    return ovnk8s_settings_set(call->settings, setting, value->valuestring) ? CNI_INTERNAL : 0;
}

int cni_config_settings(struct cni_call *call)
{
    int error = 0;

    for (size_t i = 0; !error && i < COUNT_OF(keys); i++) {
        const cJSON *value = cni_find(call->config, keys[i].key);

        if (value) {
            error = (keys[i].is_number ? set_number : set_text)(call, keys[i].key, keys[i].setting,
                                                                value);
        }
    }
    return error;
}
