/* What a plugin writes to standard output. */

#ifndef CNI_RESULT_H
#define CNI_RESULT_H

#include "base/text.h"
#include "topology/annotation.h"

struct cni_result {
    const char *version;
    const char *host_interface;
    const char *interface;
    const char *netns; /* As the runtime has called it. */
    const struct pod_network *network;
};

/* The result of ADD, in the form of 0.3.0 and 0.3.1. */
void cni_write_result(struct text *out, const struct cni_result *result);

/* The answer to VERSION. */
void cni_write_versions(struct text *out, const char *version);

/* The error object; empty 'details' are left out. Bytes that are no UTF-8, which messages may quote
 * from hostile input or have got by being cut, are replaced. */
void cni_write_error(struct text *out, const char *version, int code, const char *message,
                     const char *details);

#endif /* result.h */
