#include "cni/conflist.h"

#include <string.h>

#include "base/mem.h"

#define NETWORK_NAME "ovn-kubernetes"

/* Runtimes older than 1.1.0 of the specification refuse what is newer than they are; others choose
 * from "cniVersions", which the old ones do not know. */
#define CONF_VERSION "1.0.0"
static const char *const conf_versions[] = {"1.0.0", "1.1.0"};

/* What runtimes give to a plugin only if its configuration says that it can make use of it. */
static const char *const capabilities[] = {"bandwidth", "dns", "ips", "mac",
                                           "io.kubernetes.cri.pod-annotations"};

bool conflist_is_plugin(const cJSON *plugin)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "type"));

    return type && !strcmp(type, PLUGIN_TYPE);
}

static bool set_item(cJSON *conf, const char *key, cJSON *value)
{
    if (value && (cJSON_HasObjectItem(conf, key) ? cJSON_ReplaceItemInObject(conf, key, value)
                                                 : cJSON_AddItemToObject(conf, key, value))) {
        return true;
    }
    cJSON_Delete(value);
    return false;
}

static bool set_text(cJSON *conf, const char *key, const char *value)
{
    return !value || set_item(conf, key, cJSON_CreateString(value));
}

static bool set_number(cJSON *conf, const char *key, unsigned int value)
{
    return !value || set_item(conf, key, cJSON_CreateNumber(value));
}

/* One that somebody has turned off stays off. */
static bool set_capabilities(cJSON *plugin)
{
    cJSON *all = cJSON_GetObjectItemCaseSensitive(plugin, "capabilities");
    bool done = true;

    if (!cJSON_IsObject(all)) {
        all = cJSON_CreateObject();
        done = set_item(plugin, "capabilities", all);
    }
    for (size_t i = 0; done && i < COUNT_OF(capabilities); i++) {
        done = cJSON_HasObjectItem(all, capabilities[i]) ||
               cJSON_AddTrueToObject(all, capabilities[i]);
    }
    return done;
}

static bool set_plugin(cJSON *plugin, const ovnk8s_cni_install_options *options)
{
    return set_text(plugin, "type", PLUGIN_TYPE) && set_capabilities(plugin) &&
           set_number(plugin, "mtu", options->mtu) && set_text(plugin, "ovs", options->ovs) &&
           set_text(plugin, "kubeconfig", options->kubeconfig) &&
           set_text(plugin, "config", options->config) &&
           set_text(plugin, "logFile", options->log_file) &&
           set_number(plugin, "timeout", options->timeout);
}

/* Our plugin in the list, which it heads when it is new there. 'old' is what it was before there
 * was a list, and NULL if it was not. */
static cJSON *find_plugin(cJSON *list, const cJSON *old)
{
    cJSON *plugins = cJSON_GetObjectItemCaseSensitive(list, "plugins"), *plugin;

    if (!cJSON_IsArray(plugins)) {
        plugins = cJSON_CreateArray();
        if (!set_item(list, "plugins", plugins)) {
            return NULL;
        }
    }
    cJSON_ArrayForEach (plugin, plugins) {
        if (conflist_is_plugin(plugin)) {
            return plugin;
        }
    }
    plugin = old ? cJSON_Duplicate(old, true) : cJSON_CreateObject();
    cJSON_DeleteItemFromObjectCaseSensitive(plugin, "cniVersion");
    cJSON_DeleteItemFromObjectCaseSensitive(plugin, "name");
    if (!plugin || !cJSON_InsertItemInArray(plugins, 0, plugin)) {
        cJSON_Delete(plugin);
        return NULL;
    }
    return plugin;
}

/* Versions that somebody has chosen stay: other plugins of the list may know no newer ones. */
static bool set_versions(cJSON *list)
{
    return cJSON_HasObjectItem(list, "cniVersion") ||
           (set_text(list, "cniVersion", CONF_VERSION) &&
            set_item(list, "cniVersions",
                     cJSON_CreateStringArray(conf_versions, (int)COUNT_OF(conf_versions))));
}

static bool set_list(cJSON *list, const cJSON *old, const ovnk8s_cni_install_options *options)
{
    cJSON *plugin;

    if (!list || !set_versions(list) || !set_text(list, "name", NETWORK_NAME)) {
        return false;
    }
    plugin = find_plugin(list, old);
    return plugin && set_plugin(plugin, options);
}

cJSON *conflist_make(const cJSON *before, const cJSON *old,
                     const ovnk8s_cni_install_options *options)
{
    cJSON *list = before ? cJSON_Duplicate(before, true) : cJSON_CreateObject();

    if (set_list(list, old, options)) {
        return list;
    }
    cJSON_Delete(list);
    return NULL;
}
