/* The network configuration that a runtime gives on standard input. */

#ifndef CNI_CONFIG_H
#define CNI_CONFIG_H

#include "cni/call.h"

/* Decodes the input of 'call' and checks what every configuration has, but not yet its version. */
int cni_config_decode(struct cni_call *call);

/* Checks the version of the configuration: whether it knows the verb, which 'since' is the first
 * to have (NULL: all have it), and whether it is one of those that are implemented. */
int cni_config_check_version(struct cni_call *call, const char *since);

/* Makes the keys that are settings count as flags. */
int cni_config_settings(struct cni_call *call);

/* What is said under 'key', in whatever case runtimes write it; NULL: nothing, or null. 'object'
 * may be NULL. */
const cJSON *cni_find(const cJSON *object, const char *key);

/* Records that 'value' of 'key' is not what was 'expected'; returns CNI_BAD_CONFIG. */
int cni_fail_value(const char *key, const cJSON *value, const char *expected);

/* Who gives a container its addresses. */
enum cni_mode { CNI_KUBERNETES, CNI_STANDALONE };

int cni_config_mode(const struct cni_call *call, enum cni_mode *out);

/* The versions of the specification that are implemented, oldest first, and a NULL. */
extern const char *const cni_versions[];
const char *cni_newest_version(void);

/* Whether 'version', an implemented one, is 'since' or newer. */
bool cni_version_is_since(const char *version, const char *since);

#endif /* config.h */
