/* The result of ADD, in the form that each version of the specification has. */

#ifndef CNI_RESULT_H
#define CNI_RESULT_H

#include <cjson/cJSON.h>

#include "base/text.h"
#include "topology/annotation.h"

struct cni_result {
    const char *version; /* An implemented one. */
    const char *host_interface;
    const char *interface;
    const char *netns; /* As the runtime has called it. */
    const struct pod_network *network;
    const char *routes;    /* Further ones, as of ovnk8s_plug; may be empty or NULL. */
    unsigned int mtu;      /* 0: not known. */
    const cJSON *previous; /* The result of the plugins before this one, checked; NULL: none. */
    const cJSON *dns;      /* NULL or an empty object: as 'previous' has it. */
};

void cni_write_result(struct text *out, const struct cni_result *result);

#endif /* result.h */
