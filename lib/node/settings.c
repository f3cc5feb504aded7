#include "node/settings_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/text.h"
#include "kube/credentials.h"
#include "kube/file.h"
#include "node/ini.h"
#include "ovsdb/vswitch.h"

/* All that there is to know of a setting. A number has bounds. */
static const struct setting {
    const char *key, *environment, *external_id, *file, *fallback;
    unsigned int least, most;
} table[N_KEYS] = {
    [OVS] = {.key = "ovs", .file = "ovs"},
    [NB] = {.key = "nb", .environment = "OVN_NB_DB", .external_id = "ovn-nb", .file = "nb"},
    [SB] = {.key = "sb", .environment = "OVN_SB_DB", .external_id = "ovn-remote", .file = "sb"},
    [TIMEOUT] = {.key = "timeout", .file = "timeout", .fallback = "10", .least = 1, .most = 86400},
    [PRIVATE_KEY] = {.key = "private-key", .file = "private_key"},
    [CERTIFICATE] = {.key = "certificate", .file = "certificate"},
    [CA_CERT] = {.key = "ca-cert", .file = "ca_cert"},
    [KUBECONFIG] = {.key = "kubeconfig", .environment = "KUBECONFIG", .file = "kubeconfig"},
    [API_SERVER] = {.key = "api-server", .external_id = "k8s-api-server", .file = "k8s_api_server"},
    [API_CA] = {.key = "api-ca", .external_id = "k8s-ca-certificate", .file = "k8s_ca_certificate"},
    [API_TOKEN] = {.key = "api-token", .external_id = "k8s-api-token", .file = "k8s_api_token"},
    [MTU] = {.key = "mtu", .file = "mtu", .fallback = "1400", .least = 68, .most = 65535},
    [CONNTRACK_ZONE] = {.key = "conntrack-zone",
                        .file = "conntrack_zone",
                        .fallback = "64000",
                        .least = 1,
                        .most = 65535},
    [CNI_CONF_PATH] = {.key = "cni-conf-path",
                       .file = "cni_conf_path",
                       .fallback = "/etc/cni/net.d"},
    [CNI_LINK_PATH] = {.key = "cni-link-path", .file = "cni_link_path", .fallback = "/opt/cni/bin"},
    [CNI_PLUGIN] = {.key = "cni-plugin", .file = "cni_plugin", .fallback = "ovn-k8s-cni-overlay"},
    [LOG_PATH] = {.key = "log-path", .file = "log_path"},
    [CONFIG] = {.key = "config", .fallback = "/etc/openvswitch/ovn_k8s.conf"},
};

/* Keys that the file had in earlier days, and what their values are part of today. */
static const struct {
    const char *file;
    enum key key;
    const char *before, *after;
} legacy[] = {
    {"unix_socket", NB, "unix:", ""},
    {"rundir", OVS, "unix:", "/db.sock"},
};

/* Storing. */

static int check_number(const struct setting *setting, const char *value)
{
    const size_t digits = strspn(value, "0123456789");
    const unsigned long number = strtoul(value, NULL, 10);

    if (!digits || value[digits] || digits > 9 || number < setting->least ||
        number > setting->most) {
        return fail(OVNK8S_INVALID, "%s \"%.80s\": expected a number from %u to %u", setting->key,
                    value, setting->least, setting->most);
    }
    return 0;
}

/* No 'value', or an empty one, takes away what was there. */
static int store(ovnk8s_settings *settings, enum key key, enum source source, const char *value)
{
    char *copy = NULL;

    if (value && *value) {
        const int error = table[key].most ? check_number(&table[key], value) : 0;

        if (error) {
            return error;
        }
        copy = strdup(value);
        if (!copy) {
            return fail_nomem();
        }
    }
    free(settings->values[key][source]);
    settings->values[key][source] = copy;
    return 0;
}

static int store_path(ovnk8s_settings *settings, enum key key, enum source source,
                      const char *before, const char *path, const char *after)
{
    _cleanup_text_ struct text value = {0};

    text_printf(&value, "%s%s%s", before, path, after);
    return value.failed ? fail_nomem() : store(settings, key, source, value.bytes);
}

static int store_environment(ovnk8s_settings *settings, const char *const *environment)
{
    const char *ovs = env_get(environment, "OVS_RUNDIR"), *ovn = env_get(environment, "OVN_RUNDIR");
    int error = 0;

    for (size_t i = 0; !error && i < N_KEYS; i++) {
        if (table[i].environment) {
            error = store(settings, i, ENVIRONMENT, env_get(environment, table[i].environment));
        }
        if (!error) {
            error = store(settings, i, DEFAULT, table[i].fallback);
        }
    }
    if (!error) {
        error = store_path(settings, OVS, DEFAULT, "unix:", ovs ? ovs : "/var/run/openvswitch",
                           "/db.sock");
    }
    if (!error) {
        error = store_path(settings, NB, DEFAULT, "unix:", ovn ? ovn : "/var/run/ovn",
                           "/ovnnb_db.sock");
    }
    if (!error) {
        error = store_path(settings, SB, DEFAULT, "unix:", ovn ? ovn : "/var/run/ovn",
                           "/ovnsb_db.sock");
    }
    settings->has_service_account = env_get(environment, "KUBERNETES_SERVICE_HOST") != NULL;
    return error;
}

int settings_new(ovnk8s_settings **out, const char *const *environment)
{
    ovnk8s_settings *settings = calloc(1, sizeof *settings);
    int error;

    *out = NULL;
    if (!settings) {
        return fail_nomem();
    }
    error = store_environment(settings, environment);
    if (error) {
        ovnk8s_settings_free(settings);
        return error;
    }
    *out = settings;
    return 0;
}

int ovnk8s_settings_new(ovnk8s_settings **out)
{
    return settings_new(out, (const char *const *)environ);
}

void ovnk8s_settings_free(ovnk8s_settings *settings)
{
    for (size_t i = 0; settings && i < N_KEYS; i++) {
        for (size_t j = 0; j < N_SOURCES; j++) {
            free(settings->values[i][j]);
        }
    }
    free(settings);
}

static enum key find_key(const char *key)
{
    enum key i = 0;

    while (i < N_KEYS && (!key || strcmp(table[i].key, key) != 0)) {
        i++;
    }
    return i;
}

int ovnk8s_settings_set(ovnk8s_settings *settings, const char *key, const char *value)
{
    const enum key i = find_key(key);

    if (i == N_KEYS) {
        return fail(OVNK8S_INVALID, "setting \"%.80s\": there is no such setting", key ? key : "");
    }
    if (value && !*value) {
        return fail(OVNK8S_INVALID, "%s \"\": expected a value", key);
    }
    return value ? store(settings, i, FLAG, value) : 0;
}

int settings_set_default(ovnk8s_settings *settings, const char *key, const char *value)
{
    return store(settings, find_key(key), DEFAULT, value);
}

void ovnk8s_settings_set_log(ovnk8s_settings *settings, ovnk8s_log_fn *log, void *log_payload)
{
    settings->log = (struct log){log, log_payload};
}

void ovnk8s_settings_set_cancel(ovnk8s_settings *settings, ovnk8s_cancel *cancel)
{
    settings->cancel = cancel;
}

/* Looking up. */

/* The first source that has the setting; N_SOURCES when none has. */
static enum source find_source(const ovnk8s_settings *settings, enum key key)
{
    enum source i = FLAG;

    while (i < N_SOURCES && !settings->values[key][i]) {
        i++;
    }
    return i;
}

static bool is_of_api_server(enum key key)
{
    return key == API_SERVER || key == API_CA || key == API_TOKEN;
}

/* Whether the kubeconfig file decides it, unless a flag does. */
static bool is_in_kubeconfig(const ovnk8s_settings *settings, enum key key)
{
    return is_of_api_server(key) && find_source(settings, KUBECONFIG) != N_SOURCES;
}

static const char *get(const ovnk8s_settings *settings, enum key key, enum source *source)
{
    *source = find_source(settings, key);
    if (*source != FLAG && is_in_kubeconfig(settings, key)) {
        *source = N_SOURCES;
    }
    return *source == N_SOURCES ? NULL : settings->values[key][*source];
}

const char *settings_value(const ovnk8s_settings *settings, enum key key)
{
    enum source source;

    return get(settings, key, &source);
}

const char *ovnk8s_settings_flag(const ovnk8s_settings *settings, const char *key)
{
    const enum key i = find_key(key);

    return i == N_KEYS ? NULL : settings->values[i][FLAG];
}

const char *ovnk8s_settings_get(const ovnk8s_settings *settings, const char *key)
{
    const enum key i = find_key(key);

    return i == N_KEYS ? NULL : settings_value(settings, i);
}

/* Whether the pod that the program runs in has an account to reach the API server with. Every pod
 * has the variable; the files are what counts. */
static bool is_given_by_pod(const ovnk8s_settings *settings, enum key key)
{
    struct kube_credentials credentials;

    if (!is_of_api_server(key) || !settings->has_service_account ||
        kube_credentials_in_cluster(&credentials, NULL)) {
        return false;
    }
    kube_credentials_clear(&credentials);
    return true;
}

bool ovnk8s_settings_asks_vswitch(const ovnk8s_settings *settings, const char *key)
{
    const enum key i = find_key(key);

    return i != N_KEYS && table[i].external_id && !is_in_kubeconfig(settings, i) &&
           !is_given_by_pod(settings, i) && find_source(settings, i) >= EXTERNAL_IDS;
}

unsigned int settings_timeout_ms(const ovnk8s_settings *settings)
{
    return (unsigned int)strtoul(settings_value(settings, TIMEOUT), NULL, 10) * 1000;
}

unsigned int settings_mtu(const ovnk8s_settings *settings)
{
    const char *value = settings_value(settings, MTU);

    return value ? (unsigned int)strtoul(value, NULL, 10) : 0;
}

/* Showing. */

static const char *shown_value(enum key key, const char *value)
{
    if (!value) {
        return "-";
    }
    if (key == API_TOKEN) {
        return "(not shown)";
    }
    return kube_is_pem(value) ? "(PEM text)" : value;
}

static void add_source(struct text *text, const ovnk8s_settings *settings, enum key key,
                       enum source source)
{
    const struct setting *setting = &table[key];

    switch (source) {
    case FLAG:
        text_add(text, "flag");
        break;
    case ENVIRONMENT:
        text_printf(text, "environment %s", setting->environment);
        break;
    case EXTERNAL_IDS:
        text_printf(text, "external_ids:%s", setting->external_id);
        break;
    case FILE_:
        text_printf(text, "file %s", settings_value(settings, CONFIG));
        break;
    case DEFAULT:
        text_add(text, "default");
        break;
    case N_SOURCES:
        text_add(text, is_in_kubeconfig(settings, key)                      ? "kubeconfig"
                       : key == API_SERVER && settings->has_service_account ? "service account"
                                                                            : "not set");
    }
}

int ovnk8s_settings_text(const ovnk8s_settings *settings, char **out)
{
    struct text text = {0};

    for (enum key i = 0; i < N_KEYS; i++) {
        enum source source;
        const char *value = get(settings, i, &source);

        text_printf(&text, "%-15s %-40s ", table[i].key, shown_value(i, value));
        add_source(&text, settings, i, source);
        text_add(&text, "\n");
    }
    return text_take(&text, out);
}

/* Reading. */

static int take_legacy(ovnk8s_settings *settings, const char *key, const char *value)
{
    for (size_t i = 0; *value && i < COUNT_OF(legacy); i++) {
        if (!strcmp(legacy[i].file, key) && !settings->values[legacy[i].key][FILE_]) {
            return store_path(settings, legacy[i].key, FILE_, legacy[i].before, value,
                              legacy[i].after);
        }
    }
    return 0;
}

static int take_from_file(const char *section, const char *key, const char *value, void *payload)
{
    ovnk8s_settings *settings = payload;

    if (strcmp(section, "default") != 0) {
        return 0;
    }
    for (enum key i = 0; i < N_KEYS; i++) {
        if (table[i].file && !strcmp(table[i].file, key)) {
            return *value ? store(settings, i, FILE_, value) : 0;
        }
    }
    return take_legacy(settings, key, value);
}

int ovnk8s_settings_read_file(ovnk8s_settings *settings)
{
    enum { MOST = 1 << 20 };
    enum source source;
    const char *path = get(settings, CONFIG, &source);
    _cleanup_free_ char *text = NULL;
    int error = file_read(path, MOST, &text);

    for (enum key i = 0; i < N_KEYS; i++) {
        store(settings, i, FILE_, NULL);
    }
    if (error == OVNK8S_NOTFOUND && source == DEFAULT) {
        error = 0;
    } else if (error) {
        fail_during(error, "settings", path, "reading settings");
    } else {
        error = ini_parse(text, path, take_from_file, settings);
    }
    settings->file_was_read = !error;
    return error;
}

int ovnk8s_settings_read_vswitch(ovnk8s_settings *settings, ovnk8s_vswitch *vswitch)
{
    const struct deadline deadline = conn_deadline(vswitch_conn(vswitch), 0);
    const struct row *row;
    int error = vswitch_read(vswitch, &deadline, &row);

    for (enum key i = 0; !error && i < N_KEYS; i++) {
        if (table[i].external_id) {
            error = store(settings, i, EXTERNAL_IDS,
                          row_pair(row, "external_ids", table[i].external_id));
        }
    }
    return error;
}
