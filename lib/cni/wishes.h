/* What runtime and configuration wish for the interface: the capabilities under "runtimeConfig",
 * "args" of the configuration, CNI_ARGS, and "dns". */

#ifndef CNI_WISHES_H
#define CNI_WISHES_H

#include "cni/call.h"

/* Reads them into 'call', whose configuration and CNI_ARGS are known. */
int cni_wishes_read(struct cni_call *call);

void cni_wishes_clear(struct cni_wishes *wishes);

#endif /* wishes.h */
