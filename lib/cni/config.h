/* The network configuration that a runtime gives on standard input. */

#ifndef CNI_CONFIG_H
#define CNI_CONFIG_H

#include "cni/call.h"

/* Parses the input of 'call' and checks what every configuration has. */
int cni_config_parse(struct cni_call *call);

/* Makes the keys that are settings count as flags. */
int cni_config_settings(struct cni_call *call);

/* The versions of the specification that are implemented, oldest first, and a NULL. */
extern const char *const cni_versions[];
const char *cni_newest_version(void);

#endif /* config.h */
