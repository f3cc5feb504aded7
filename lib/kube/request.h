/* Blocking calls on top of the asynchronous core. */

#ifndef KUBE_REQUEST_H
#define KUBE_REQUEST_H

#include "base/wait.h"
#include "kube/kube.h"

/* Waits until there is something to do, or 'wake_at' (INT64_MAX: never), and does it. Fails as
 * deadline_poll() and kube_step(). */
int request_wait(ovnk8s_kube *kube, const struct deadline *deadline, int64_t wake_at);

/* Runs 'request', whose callbacks are not used, to its end. '*status' is the HTTP status or 0.
 * '*body' is the answer, NULL without a status; to be freed. Fails as kube_reply.error tells. */
int request_run(ovnk8s_kube *kube, const struct kube_request *request, int *status, char **body);

#endif /* request.h */
