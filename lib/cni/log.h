/* The log of the plugin: one line per call, telling where its time went. */

#ifndef CNI_LOG_H
#define CNI_LOG_H

#include "cni/call.h"

/* Writes how long each part took, "vswitch 1.2 ms, pod 30.0 ms", into 'out', which has 'size'
 * bytes. */
void cni_times_text(const struct cni_times *times, char *out, size_t size);

/* Appends a line about 'call', which has ended with 'code', to the file that the settings name, if
 * they do. There is nobody to tell when that fails, and it is no reason for the call to fail. */
void cni_log(const struct cni_call *call, int code);

#endif /* log.h */
