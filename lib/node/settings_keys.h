/* What the files about settings share: which there are, and who has said what. */

#ifndef NODE_SETTINGS_KEYS_H
#define NODE_SETTINGS_KEYS_H

#include <stdbool.h>

#include "base/log.h"
#include "node/settings.h"

enum key {
    OVS,
    NB,
    SB,
    TIMEOUT,
    PRIVATE_KEY,
    CERTIFICATE,
    CA_CERT,
    KUBECONFIG,
    API_SERVER,
    API_CA,
    API_TOKEN,
    MTU,
    CONNTRACK_ZONE,
    CNI_CONF_PATH,
    CNI_LINK_PATH,
    CNI_PLUGIN,
    LOG_PATH,
    CONFIG,
    N_KEYS,
};

/* In the order in which they count. */
enum source { FLAG, ENVIRONMENT, EXTERNAL_IDS, FILE_, DEFAULT, N_SOURCES };

struct ovnk8s_settings {
    char *values[N_KEYS][N_SOURCES]; /* NULL: not there. */
    bool has_service_account;
    bool file_was_read;
    struct log log;
    ovnk8s_cancel *cancel;
};

/* What counts; NULL: not set. */
const char *settings_value(const ovnk8s_settings *settings, enum key key);

#endif /* settings_keys.h */
