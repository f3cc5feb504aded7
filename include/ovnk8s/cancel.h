/* Cancelling a blocking call from another thread or from a signal handler.
 *
 * Every blocking call has a deadline; a caller that may want to give up earlier puts an
 * ovnk8s_cancel into the options of the connection. Once triggered, each call that waits, and each
 * later one, returns OVNK8S_CANCELLED without having changed anything more. */

#ifndef OVNK8S_CANCEL_H
#define OVNK8S_CANCEL_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* A token that ends waiting. */
typedef struct ovnk8s_cancel ovnk8s_cancel;

/* Creates a cancel token in '*out'; freed by ovnk8s_cancel_free(). It takes one file descriptor.
 *
 * Errors: OVNK8S_NOMEM, OVNK8S_SYSTEM (no descriptor left). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cancel_new(ovnk8s_cancel **out);

/* Frees 'cancel', which may be NULL and which no connection may still use. */
OVNK8S_API void ovnk8s_cancel_free(ovnk8s_cancel *cancel);

/* Cancels, for good. May be called from any thread and from a signal handler, repeatedly. */
OVNK8S_API void ovnk8s_cancel_trigger(ovnk8s_cancel *cancel);

OVNK8S_END_DECLS

#endif /* cancel.h */
