/* What an HTTP status of the API server means. */

#ifndef KUBE_STATUS_H
#define KUBE_STATUS_H

/* Returns 0 for 2xx, otherwise fails with the code that fits 'status', and with the message of the
 * Status object in 'body', if it is one. */
int status_check(int status, const char *body);

/* The same for a Status object that comes as an event of a watch. */
struct cJSON;
int status_check_object(const struct cJSON *object);

#endif /* status.h */
