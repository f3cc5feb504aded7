/* Ending a blocking call early: from another thread, from a signal handler, or on a signal.
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

/* Says whether the wait that a signal has interrupted is to end: anything but 0 for yes. */
typedef int ovnk8s_interrupt_fn(void *payload);

/* Has 'interrupt' asked whenever a signal interrupts a call that waits with this token, in the
 * thread that waits; NULL, as it is at first: signals do not end waits. When it says so the call
 * returns OVNK8S_CANCELLED. Other calls, and later ones, are not concerned: unlike a trigger it is
 * not for good. To be set before a connection uses the token.
 *
 * It is for languages whose own signal handlers run outside of the C handler, as Python's do. A
 * signal that comes before the thread waits for something does not interrupt it. */
OVNK8S_API void ovnk8s_cancel_set_interrupt(ovnk8s_cancel *cancel, ovnk8s_interrupt_fn *interrupt,
                                            void *payload);

OVNK8S_END_DECLS

#endif /* cancel.h */
