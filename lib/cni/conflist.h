/* The network configuration that is installed: a list of plugins that this one heads. */

#ifndef CNI_CONFLIST_H
#define CNI_CONFLIST_H

#include <cjson/cJSON.h>

#include <ovnk8s/cni.h>

/* Runtimes execute what "type" says: the link has this name, whatever the program's is. */
#define PLUGIN_TYPE "ovn-k8s-cni-overlay"

/* Whether 'plugin' is the configuration of this plugin. */
bool conflist_is_plugin(const cJSON *plugin);

/* The list 'before', which may be NULL, with what 'options' say; what else is in it stays. 'old' is
 * the plugin's configuration from before there was a list, or NULL. NULL when memory ran out. */
cJSON *conflist_make(const cJSON *before, const cJSON *old,
                     const ovnk8s_cni_install_options *options);

#endif /* conflist.h */
